/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a result as tables and as JSON. Widths count what a terminal shows, not bytes. */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"
#include "cli/output_text.h"
#include "lib/json.h"

#define CELL_MAX    (64 * 1024)
#define COLUMNS_MAX 40
#define BAR_WIDTH   30

/* Terminal columns that the text takes: wide and combining characters as they are shown. */
static int
shown_width(const char *text)
{
	mbstate_t state = { 0 };
	int width = 0;

	while (*text != '\0') {
		wchar_t c;
		size_t n = mbrtowc(&c, text, strlen(text), &state);
		int columns = n > 0 && n < (size_t)-2 ? wcwidth(c) : 1;

		width += columns > 0 ? columns : 0;
		text += n > 0 && n < (size_t)-2 ? n : 1;
	}
	return width;
}

const char *
output_plain(const void *ctx, const char *text)
{
	struct buf *buf = buf_new(ctx, CELL_MAX);
	size_t length = strlen(text);

	for (size_t i = 0; i < length;) {
		size_t n = text_utf8(text + i, length - i);

		if (n > 0 && !text_is_control(text + i, n)) {
			buf_add(buf, text + i, n);
			i += n;
		} else {
			buf_text(buf, text[i] == '\n' ? " " : "?");
			i++;
		}
	}
	return buf->bytes;
}

static const char *
join(const void *ctx, const char *const *texts, size_t n)
{
	struct buf *buf = buf_new(ctx, CELL_MAX);

	for (size_t i = 0; i < n; i++)
		buf_printf(buf, "%s%s", i > 0 ? ", " : "", texts[i] != NULL ? texts[i] : "");
	return output_plain(ctx, buf->bytes);
}

const char *
output_time(const void *ctx, int64_t time_ms)
{
	char text[TEXT_TIME_SIZE];

	text_from_time_ms(time_ms, text);
	text[10] = ' ';
	return mem_bytes(ctx, text, 19);
}

static const char *
money_cell(
    const void *ctx, const struct db_rows *rows, size_t row, const struct output_column *column)
{
	const char *currency = db_get_text(rows, row, column->currency);
	char text[MONEY_TEXT_SIZE];

	if (currency == NULL)
		return mem_printf(
		    ctx, "%lld minor units", (long long)db_get_int(rows, row, column->name));
	return mem_text(ctx, money_format(db_get_int(rows, row, column->name), currency, text));
}

/* What people see of one value; "" for null. */
static const char *
cell(const void *ctx, const struct db_rows *rows, size_t row, const struct output_column *column)
{
	const char *const *texts;
	size_t n;

	if (db_is_null(rows, row, column->name))
		return "";
	switch (column->kind) {
	case OUTPUT_TEXT:
	case OUTPUT_INT:
	case OUTPUT_FACTS:
		return output_plain(ctx, db_get_text(rows, row, column->name));
	case OUTPUT_BOOL:
		return db_get_bool(rows, row, column->name) ? "yes" : "";
	case OUTPUT_TIME:
		return output_time(ctx, db_get_time(rows, row, column->name));
	case OUTPUT_MONEY:
		return money_cell(ctx, rows, row, column);
	case OUTPUT_LIST:
		texts = db_get_texts(rows, row, column->name, &n);
		return join(ctx, texts, n);
	}
	return "";
}

static void
put_list(struct json_out *object, const struct db_rows *rows, size_t row, const char *name)
{
	struct json_out *list = json_out_array(object);
	size_t n;
	const char *const *texts = db_get_texts(rows, row, name, &n);

	for (size_t i = 0; i < n; i++)
		json_add_text(list, texts[i]);
	json_put(object, name, list);
}

static void
put_facts(struct json_out *object, const char *name, const char *text)
{
	const struct json *facts = NULL;
	struct err err;

	if (json_parse(object, text, strlen(text), &facts, &err) == RC_OK)
		json_put_value(object, name, facts);
	else
		json_put_text(object, name, text);
}

static void
put_value(struct json_out *object, const struct db_rows *rows, size_t row,
    const struct output_column *column)
{
	char time[TEXT_TIME_SIZE];

	if (db_is_null(rows, row, column->name)) {
		json_put_text(object, column->name, NULL);
		return;
	}
	switch (column->kind) {
	case OUTPUT_TEXT:
		json_put_text(object, column->name, db_get_text(rows, row, column->name));
		break;
	case OUTPUT_INT:
	case OUTPUT_MONEY:
		json_put_int(object, column->name, db_get_int(rows, row, column->name));
		break;
	case OUTPUT_BOOL:
		json_put_bool(object, column->name, db_get_bool(rows, row, column->name));
		break;
	case OUTPUT_TIME:
		text_from_time_ms(db_get_time(rows, row, column->name), time);
		json_put_text(object, column->name, time);
		break;
	case OUTPUT_LIST:
		put_list(object, rows, row, column->name);
		break;
	case OUTPUT_FACTS:
		put_facts(object, column->name, db_get_text(rows, row, column->name));
		break;
	}
}

static struct json_out *
row_object(
    const void *ctx, const struct db_rows *rows, size_t row, const struct output_column *columns)
{
	struct json_out *object = json_out_object(ctx);

	for (const struct output_column *c = columns; c->name != NULL; c++)
		put_value(object, rows, row, c);
	return object;
}

static bool
is_number(const struct output_column *column)
{
	return column->kind == OUTPUT_INT || column->kind == OUTPUT_MONEY;
}

static void
print_padded(const char *text, int width, bool right, bool last)
{
	int space = width - shown_width(text);

	if (right)
		printf("%*s%s", space, "", text);
	else
		printf("%s%*s", text, last ? 0 : space, "");
	fputs(last ? "\n" : "  ", stdout);
}

void
output_table(const char *const *cells, size_t rows, size_t count, const bool *right)
{
	int widths[COLUMNS_MAX] = { 0 };

	ASSERT(count <= COLUMNS_MAX);
	for (size_t i = 0; i < (rows + 1) * count; i++) {
		int width = shown_width(cells[i]);

		if (width > widths[i % count])
			widths[i % count] = width;
	}
	for (size_t i = 0; i < (rows + 1) * count; i++)
		print_padded(cells[i], widths[i % count], right[i % count], i % count == count - 1);
}

static void
print_columns(const void *ctx, const struct db_rows *rows, const struct output_column *columns)
{
	const struct output_column *shown[COLUMNS_MAX];
	bool right[COLUMNS_MAX];
	const char **cells;
	size_t count = 0;

	for (const struct output_column *c = columns; c->name != NULL && count < COLUMNS_MAX; c++) {
		if (c->title == NULL)
			continue;
		right[count] = is_number(c);
		shown[count++] = c;
	}
	cells = mem_array(ctx, const char *, (db_count(rows) + 1) * count);
	for (size_t i = 0; i < count; i++) {
		cells[i] = shown[i]->kind == OUTPUT_TIME
			       ? mem_printf(ctx, "%s (UTC)", shown[i]->title)
			       : shown[i]->title;
		for (size_t row = 0; row < db_count(rows); row++)
			cells[(row + 1) * count + i] = cell(ctx, rows, row, shown[i]);
	}
	output_table(cells, db_count(rows), count, right);
}

void
output_rows(
    const struct db_rows *rows, const struct output_column *columns, bool json, const char *nothing)
{
	void *ctx = mem_context("output");

	if (json) {
		struct json_out *list = json_out_array(ctx);

		for (size_t row = 0; row < db_count(rows); row++)
			json_add(list, row_object(ctx, rows, row, columns));
		puts(json_out_text(ctx, list));
	} else if (db_count(rows) == 0) {
		puts(nothing);
	} else {
		print_columns(ctx, rows, columns);
	}
	talloc_free(ctx);
}

void
output_row(const struct db_rows *rows, size_t row, const struct output_column *columns, bool json)
{
	void *ctx = mem_context("output");
	int width = 0;

	if (json) {
		puts(json_out_text(ctx, row_object(ctx, rows, row, columns)));
		talloc_free(ctx);
		return;
	}
	for (const struct output_column *c = columns; c->name != NULL; c++) {
		if (c->title != NULL && shown_width(c->title) > width)
			width = shown_width(c->title);
	}
	for (const struct output_column *c = columns; c->name != NULL; c++) {
		if (c->title != NULL && !db_is_null(rows, row, c->name))
			printf("%-*s  %s%s\n", width, c->title, cell(ctx, rows, row, c),
			    c->kind == OUTPUT_TIME ? " UTC" : "");
	}
	talloc_free(ctx);
}

void
output_progress(const char *what, size_t done, size_t total)
{
	static const char bar[BAR_WIDTH + 1] = "##############################";
	size_t filled = total > 0 ? done * BAR_WIDTH / total : BAR_WIDTH;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s [%-*.*s] %zu of %zu%s", what, BAR_WIDTH, (int)filled, bar, done,
	    total, done == total ? "\n" : "");
	fflush(stderr);
}
