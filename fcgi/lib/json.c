/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON over json-c, which is more generous than we may be: it keeps the last of two equal keys,
 * takes NaN, cuts keys at a NUL, and clamps integers that don't fit. So the text is scanned for
 * these before, and its members are counted after it was parsed.
 */
#include "lib/json.h"

#define json_bool json_c_bool /* json-c has a type of that name, we a function */
#include <json-c/json.h>
#undef json_bool
#include <string.h>

#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

struct json_out {
	struct json_object *object;
};

/* json-c asks for a pointer to non-const even to read; it only writes to its own cached text. */
static struct json_object *
object_of(const struct json *json)
{
	union {
		const struct json *json;
		struct json_object *object;
	} view = { .json = json };

	return view.object;
}

static const struct json *
view_of(struct json_object *object)
{
	return (const struct json *)(const void *)object;
}

static int
put_object(struct json_out *out)
{
	json_object_put(out->object);
	return 0;
}

/* The text before json-c sees it, and what is learnt on the way. */
struct scan {
	const char *s, *end;
	size_t members;    /* colons outside strings: one for each member */
	bool has_nul;      /* the last string has a \u0000 */
	const char *fault; /* what's wrong; NULL if nothing is */
};

static void
skip_digits(struct scan *scan)
{
	while (scan->s < scan->end && *scan->s >= '0' && *scan->s <= '9')
		scan->s++;
}

static bool
skip_any(struct scan *scan, const char *characters)
{
	if (scan->s == scan->end || strchr(characters, *scan->s) == NULL)
		return false;
	scan->s++;
	return true;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, and an integer must fit into 64 bits. */
static void
scan_number(struct scan *scan)
{
	const char *start = scan->s, *digits;
	bool is_integer = true, is_complete;
	char text[32] = "";
	int64_t value;

	skip_any(scan, "-");
	digits = scan->s;
	skip_digits(scan);
	is_complete = scan->s > digits && (*digits != '0' || scan->s == digits + 1);
	if (skip_any(scan, ".")) {
		is_integer = false;
		digits = scan->s;
		skip_digits(scan);
		is_complete = is_complete && scan->s > digits;
	}
	if (skip_any(scan, "eE")) {
		is_integer = false;
		skip_any(scan, "+-");
		digits = scan->s;
		skip_digits(scan);
		is_complete = is_complete && scan->s > digits;
	}
	if ((size_t)(scan->s - start) < sizeof(text))
		memcpy(text, start, (size_t)(scan->s - start));
	if (!is_complete)
		scan->fault = "malformed number";
	else if (is_integer && !text_int(text, INT64_MIN, INT64_MAX, &value))
		scan->fault = "integer out of range";
}

static void
scan_string(struct scan *scan)
{
	scan->has_nul = false;
	for (scan->s++; scan->s < scan->end && *scan->s != '"'; scan->s++) {
		if ((unsigned char)*scan->s < 0x20)
			scan->fault = "control character in a string";
		if (*scan->s != '\\')
			continue;
		if (scan->end - scan->s >= 6 && memcmp(scan->s, "\\u0000", 6) == 0)
			scan->has_nul = true;
		scan->s++;
	}
	if (scan->s >= scan->end)
		scan->fault = "unfinished string";
	else
		scan->s++;
}

/* Structure and literals are left to json-c's strict mode, but for the words that it takes and JSON
 * doesn't know. */
static void
scan_other(struct scan *scan)
{
	if (*scan->s == ':') {
		scan->members++;
		if (scan->has_nul)
			scan->fault = "NUL in a key";
	}
	if (*scan->s == '\0' || strchr(" \t\r\n{}[]:,truefalsn", *scan->s) == NULL)
		scan->fault = "unexpected character";
	scan->s++;
}

static void
scan_text(struct scan *scan)
{
	while (scan->s < scan->end && scan->fault == NULL) {
		if (*scan->s == '"')
			scan_string(scan);
		else if (*scan->s == '-' || (*scan->s >= '0' && *scan->s <= '9'))
			scan_number(scan);
		else
			scan_other(scan);
	}
}

/* Members in the whole document. Depth is bounded by the parser. */
static size_t
count_members(struct json_object *object)
{
	size_t count = 0;

	if (json_object_is_type(object, json_type_object)) {
		json_object_object_foreach(object, key, value)
		{
			(void)key;
			count += 1 + count_members(value);
		}
	} else if (json_object_is_type(object, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(object); i++)
			count += count_members(json_object_array_get_idx(object, i));
	}
	return count;
}

/* n bytes and the NUL behind them, which tells json-c that a number has ended. */
static enum rc
parse(const char *bytes, size_t n, struct json_object **out, struct err *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(LIMIT_JSON_DEPTH);
	enum json_tokener_error fault;

	if (tokener == NULL)
		panic("out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*out = json_tokener_parse_ex(tokener, bytes, (int)n + 1);
	fault = json_tokener_get_error(tokener);
	if (fault == json_tokener_success && json_tokener_get_parse_end(tokener) < n)
		fault = json_tokener_error_parse_unexpected;
	json_tokener_free(tokener);
	if (fault == json_tokener_success)
		return RC_OK;
	json_object_put(*out);
	return err_set(err, RC_INVALID, "not valid JSON: %s", json_tokener_error_desc(fault));
}

enum rc
json_parse(const void *ctx, const void *bytes, size_t n, const struct json **out, struct err *err)
{
	struct scan scan;
	struct json_out *document;
	char *copy;
	enum rc rc;

	if (n > LIMIT_REMOTE_ANSWER)
		return err_set(err, RC_INVALID, "not valid JSON: %zu bytes are too many", n);
	copy = mem_bytes(ctx, bytes, n);
	while (n > 0 && strchr(" \t\r\n", copy[n - 1]) != NULL && copy[n - 1] != '\0')
		n--;
	copy[n] = '\0';
	scan = (struct scan){ .s = copy, .end = copy + n };
	scan_text(&scan);
	if (scan.fault == NULL && !text_is_utf8(copy, n))
		scan.fault = "malformed UTF-8";
	if (scan.fault != NULL) {
		talloc_free(copy);
		return err_set(err, RC_INVALID, "not valid JSON: %s", scan.fault);
	}
	document = mem_new(ctx, struct json_out);
	rc = parse(copy, n, &document->object, err);
	talloc_free(copy);
	if (rc != RC_OK) {
		talloc_free(document);
		return rc;
	}
	talloc_set_destructor(document, put_object);
	if (count_members(document->object) != scan.members) {
		talloc_free(document);
		return err_set(err, RC_INVALID, "not valid JSON: duplicate key");
	}
	*out = view_of(document->object);
	return RC_OK;
}

bool
json_is_object(const struct json *json)
{
	return json_object_is_type(object_of(json), json_type_object) && json != NULL;
}

bool
json_is_array(const struct json *json)
{
	return json_object_is_type(object_of(json), json_type_array) && json != NULL;
}

const struct json *
json_get(const struct json *json, const char *path)
{
	struct json_object *object = object_of(json);
	char name[128];

	for (;;) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		if (!json_object_is_type(object, json_type_object) ||
		    !json_object_object_get_ex(object, name, &object))
			return NULL;
		if (path[n] == '\0')
			return view_of(object);
		path += n + 1;
	}
}

size_t
json_count(const struct json *array)
{
	return json_is_array(array) ? json_object_array_length(object_of(array)) : 0;
}

const struct json *
json_at(const struct json *array, size_t i)
{
	return i < json_count(array) ? view_of(json_object_array_get_idx(object_of(array), i))
				     : NULL;
}

size_t
json_members(const struct json *object)
{
	return json_is_object(object) ? (size_t)json_object_object_length(object_of(object)) : 0;
}

const char *
json_member(const struct json *object, size_t i, const struct json **value)
{
	ASSERT(i < json_members(object));
	json_object_object_foreach(object_of(object), name, member)
	{
		if (i-- == 0) {
			*value = view_of(member);
			return name;
		}
	}
	panic("a JSON object has fewer members than it says");
}

const char *
json_text(const struct json *json)
{
	struct json_object *object = object_of(json);
	const char *text;

	if (!json_object_is_type(object, json_type_string))
		return NULL;
	text = json_object_get_string(object);
	return strlen(text) == (size_t)json_object_get_string_len(object) ? text : NULL;
}

bool
json_int(const struct json *json, int64_t *out)
{
	if (!json_object_is_type(object_of(json), json_type_int))
		return false;
	*out = json_object_get_int64(object_of(json));
	return true;
}

bool
json_int_loose(const struct json *json, int64_t *out)
{
	return json_int(json, out) || text_int(json_text(json), INT64_MIN, INT64_MAX, out);
}

bool
json_bool(const struct json *json, bool *out)
{
	if (!json_object_is_type(object_of(json), json_type_boolean))
		return false;
	*out = json_object_get_boolean(object_of(json)) != 0;
	return true;
}

const char *
json_number_text(const struct json *json)
{
	struct json_object *object = object_of(json);

	/* json-c keeps the source text of what it calls a double */
	if (json_object_is_type(object, json_type_int) ||
	    json_object_is_type(object, json_type_double))
		return json_object_to_json_string(object);
	return json_text(json);
}

const char *
json_get_text(const struct json *json, const char *path, const char *otherwise)
{
	const char *text = json_text(json_get(json, path));

	return text != NULL ? text : otherwise;
}

int64_t
json_get_int(const struct json *json, const char *path, int64_t otherwise)
{
	int64_t value;

	return json_int_loose(json_get(json, path), &value) ? value : otherwise;
}

bool
json_get_bool(const struct json *json, const char *path, bool otherwise)
{
	bool value;

	return json_bool(json_get(json, path), &value) ? value : otherwise;
}

static struct json_out *
own(const void *ctx, struct json_object *object)
{
	struct json_out *out = mem_new(ctx, struct json_out);

	if (object == NULL)
		panic("out of memory");
	out->object = object;
	talloc_set_destructor(out, put_object);
	return out;
}

struct json_out *
json_out_object(const void *ctx)
{
	return own(ctx, json_object_new_object());
}

struct json_out *
json_out_array(const void *ctx)
{
	return own(ctx, json_object_new_array());
}

static struct json_object *
new_text(const char *value)
{
	struct json_object *text = value == NULL ? NULL : json_object_new_string(value);

	if (text == NULL && value != NULL)
		panic("out of memory");
	return text;
}

/* Takes over value; a NULL one is null. */
static void
put(struct json_out *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object->object, key, value) != 0)
		panic("cannot add \"%s\" to JSON", key);
}

static void
add(struct json_out *array, struct json_object *value)
{
	if (json_object_array_add(array->object, value) != 0)
		panic("cannot add to a JSON array");
}

void
json_put_text(struct json_out *object, const char *key, const char *value)
{
	put(object, key, new_text(value));
}

void
json_put_int(struct json_out *object, const char *key, int64_t value)
{
	put(object, key, json_object_new_int64(value));
}

void
json_put_value(struct json_out *object, const char *key, const struct json *value)
{
	put(object, key, json_object_get(object_of(value)));
}

void
json_put_bool(struct json_out *object, const char *key, bool value)
{
	put(object, key, json_object_new_boolean(value));
}

/* Both hold it from now on, so it may be filled further. */
void
json_put(struct json_out *object, const char *key, struct json_out *value)
{
	put(object, key, json_object_get(value->object));
}

void
json_add(struct json_out *array, struct json_out *value)
{
	add(array, json_object_get(value->object));
}

void
json_add_text(struct json_out *array, const char *value)
{
	add(array, new_text(value));
}

char *
json_out_text(const void *ctx, const struct json_out *json)
{
	return mem_text(ctx, json_object_to_json_string_ext(json->object,
				 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
