/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's text forms of values (PostgreSQL 15 manual, 8.4 bytea, 8.5.2 dates, 8.15.6 arrays).
 */
#include "lib/db_value.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define VALUE_MAX 67108864

struct db_param
db_null(void)
{
	return (struct db_param){ .kind = DB_NULL };
}

struct db_param
db_text(const char *s)
{
	return (struct db_param){ .kind = s == NULL ? DB_NULL : DB_TEXT, .p = s };
}

struct db_param
db_int(int64_t i)
{
	return (struct db_param){ .kind = DB_INT, .i = i };
}

struct db_param
db_bool(bool b)
{
	return (struct db_param){ .kind = DB_BOOL, .i = b };
}

struct db_param
db_time(int64_t time_ms)
{
	return (struct db_param){ .kind = DB_TIME, .i = time_ms };
}

struct db_param
db_bytes(const void *bytes, size_t n)
{
	return (struct db_param){ .kind = bytes == NULL ? DB_NULL : DB_BYTES, .p = bytes, .n = n };
}

struct db_param
db_texts(const char *const *texts, size_t n)
{
	return (struct db_param){ .kind = DB_TEXTS, .p = texts, .n = n };
}

struct db_param
db_ints(const int64_t *ints, size_t n)
{
	return (struct db_param){ .kind = DB_INTS, .p = ints, .n = n };
}

struct db_param
db_bytess(const void *const *bytes, const size_t *lengths, size_t n)
{
	return (struct db_param){ .kind = DB_BYTESS, .p = bytes, .n = n, .lengths = lengths };
}

/* An element between quotes, so that no content can end it. */
static void
write_text(struct buf *out, const char *text)
{
	if (text == NULL) {
		buf_text(out, "NULL");
		return;
	}
	buf_text(out, "\"");
	for (;;) {
		size_t n = strcspn(text, "\"\\");

		buf_add(out, text, n);
		if (text[n] == '\0')
			break;
		buf_add(out, (const char[]){ '\\', text[n] }, 2);
		text += n + 1;
	}
	buf_text(out, "\"");
}

static void
write_bytes(struct buf *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (bytes == NULL) {
		buf_text(out, "NULL");
		return;
	}
	buf_text(out, "\"\\\\x");
	for (size_t i = 0; i < n; i++)
		buf_add(out, (const char[]){ digits[bytes[i] >> 4], digits[bytes[i] & 15] }, 2);
	buf_text(out, "\"");
}

static const char *
write_array(const void *ctx, const struct db_param *param)
{
	struct buf *out = buf_new(ctx, VALUE_MAX);

	buf_text(out, "{");
	for (size_t i = 0; i < param->n; i++) {
		if (i > 0)
			buf_text(out, ",");
		if (param->kind == DB_TEXTS)
			write_text(out, ((const char *const *)param->p)[i]);
		else if (param->kind == DB_INTS)
			buf_printf(out, "%" PRId64, ((const int64_t *)param->p)[i]);
		else
			write_bytes(
			    out, ((const unsigned char *const *)param->p)[i], param->lengths[i]);
	}
	buf_text(out, "}");
	if (out->overflowed)
		panic("an array parameter is larger than %d bytes", VALUE_MAX);
	return out->bytes;
}

const char *
db_value_write(const void *ctx, const struct db_param *param)
{
	char time[TEXT_TIME_SIZE];

	switch (param->kind) {
	case DB_NULL:
		return NULL;
	case DB_TEXT:
		return param->p;
	case DB_INT:
		return mem_printf(ctx, "%" PRId64, param->i);
	case DB_BOOL:
		return param->i != 0 ? "t" : "f";
	case DB_TIME:
		text_from_time_ms(param->i, time);
		return mem_text(ctx, time);
	case DB_TEXTS:
	case DB_INTS:
	case DB_BYTESS:
		return param->p == NULL && param->n > 0 ? NULL : write_array(ctx, param);
	case DB_BYTES:
		break;
	}
	panic("no text form for a parameter of kind %d", (int)param->kind);
}

/* "2026-11-22 14:03:07.123456+00" is RFC 3339 but for the blank and the short offset. */
bool
db_value_time(const char *text, int64_t *time_ms)
{
	char copy[64];
	size_t n = strlen(text);

	if (strcmp(text, "infinity") == 0 || strcmp(text, "-infinity") == 0) {
		*time_ms = *text == '-' ? INT64_MIN : INT64_MAX;
		return true;
	}
	if (n < 14 || n >= sizeof(copy) || text[10] != ' ' || strcmp(text + n - 3, "+00") != 0)
		return false;
	memcpy(copy, text, n - 3);
	copy[10] = 'T';
	copy[n - 3] = 'Z';
	copy[n - 2] = '\0';
	return text_time_ms(copy, time_ms);
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
db_value_bytes(const void *ctx, const char *text, const unsigned char **out, size_t *n)
{
	size_t length = strlen(text);
	unsigned char *bytes;

	if (strncmp(text, "\\x", 2) != 0 || length % 2 != 0)
		return false;
	text += 2;
	length = (length - 2) / 2;
	bytes = mem_array(ctx, unsigned char, length + 1);
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = bytes;
	*n = length;
	return true;
}

/* One element at *text, which moves behind it; into, which is long enough. False if it doesn't end.
 */
static bool
read_element(const char **text, char *into, bool *is_null)
{
	const char *s = *text;
	bool quoted = *s == '"';
	char *start = into;

	for (s += quoted; *s != '\0' && (quoted ? *s != '"' : *s != ',' && *s != '}'); s++) {
		if (*s == '\\' && *++s == '\0')
			return false;
		*into++ = *s;
	}
	*into = '\0';
	if (quoted && *s++ != '"')
		return false;
	*is_null = !quoted && strcmp(start, "NULL") == 0;
	*text = s;
	return quoted || into > start;
}

bool
db_value_array(const void *ctx, const char *text, const char ***out, size_t *n)
{
	size_t length = strlen(text);
	char *content = mem_array(ctx, char, length + 1);
	const char **elements;
	size_t count = 0;
	bool is_null;

	if (length < 2 || text[0] != '{' || text[1] == '{')
		return false;
	elements = mem_array(
	    ctx, const char *, length / 2 + 1); /* each takes two bytes at least, comma included */
	for (text++; strcmp(text, "}") != 0; count++) {
		if (count > 0 && *text++ != ',')
			return false;
		if (!read_element(&text, content, &is_null))
			return false;
		elements[count] = is_null ? NULL : content;
		content += strlen(content) + 1;
	}
	*out = elements;
	*n = count;
	return true;
}
