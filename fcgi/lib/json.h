/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON over json-c, strictly: bounded depth, valid UTF-8, all input consumed, no NaN, no duplicate
 * keys, integers that fit. struct json is an opaque view into a document that the context owns.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json;

/* RC_INVALID if the bytes are not one JSON value by the rules above. The document lives in ctx. */
MUST_CHECK enum rc
json_parse(const void *ctx, const void *bytes, size_t n, const struct json **out, struct err *err);

/* What a value is. This and all that follows takes NULL for a value that isn't there. */
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);

/* Member of an object: NULL if absent, null, or json is no object. "data.order.id" walks. */
const struct json *json_get(const struct json *json, const char *path);
size_t json_count(const struct json *array); /* 0 if no array */
const struct json *json_at(const struct json *array, size_t i);

/* Members of an object in their order: how many (0 if no object); name and value of the i-th. */
size_t json_members(const struct json *object);
const char *json_member(const struct json *object, size_t i, const struct json **value);

/* String without embedded NUL, else NULL. Borrowed from the document. */
const char *json_text(const struct json *json);
/* Integer in range; a string of digits too if loose (BigCommerce sends some ids as strings). */
bool json_int(const struct json *json, int64_t *out);
bool json_int_loose(const struct json *json, int64_t *out);
bool json_bool(const struct json *json, bool *out);
/* Source text of a number, or the text of a string: for amounts. NULL otherwise. */
const char *json_number_text(const struct json *json);

/* Shorthands: member by path with a default. */
const char *json_get_text(const struct json *json, const char *path, const char *otherwise);
int64_t json_get_int(const struct json *json, const char *path, int64_t otherwise); /* loose */
bool json_get_bool(const struct json *json, const char *path, bool otherwise);

/* Writer. Values are taken over by the object or array they are added to. */
struct json_out;
struct json_out *json_out_object(const void *ctx);
struct json_out *json_out_array(const void *ctx);
void json_put_text(struct json_out *object, const char *key, const char *value); /* NULL: null */
void json_put_int(struct json_out *object, const char *key, int64_t value);
void json_put_bool(struct json_out *object, const char *key, bool value);
void json_put(struct json_out *object, const char *key, struct json_out *value);
void
json_put_value(struct json_out *object, const char *key, const struct json *value); /* as read */
void json_add(struct json_out *array, struct json_out *value);
void json_add_text(struct json_out *array, const char *value);
/* Compact text, under ctx. */
char *json_out_text(const void *ctx, const struct json_out *json);

#endif
