/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the columns of a result by name and type. A name or type that isn't there is our mistake:
 * panic. */
#include "lib/db.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/db_value.h"

static size_t
find_column(const struct db_rows *rows, const char *column)
{
	for (size_t i = 0; i < db_columns(rows); i++) {
		if (strcmp(db_column_name(rows, i), column) == 0)
			return i;
	}
	panic("no column \"%s\" in a result", column);
}

_Noreturn static void
wrong_type(const char *column, const char *wanted)
{
	panic("column \"%s\" of a result is no %s", column, wanted);
}

const char *
db_get_text(const struct db_rows *rows, size_t row, const char *column)
{
	ASSERT(row < db_count(rows));
	return db_cell(rows, row, find_column(rows, column));
}

bool
db_is_null(const struct db_rows *rows, size_t row, const char *column)
{
	return db_get_text(rows, row, column) == NULL;
}

int64_t
db_get_int(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_get_text(rows, row, column);
	int64_t value = 0;

	if (text != NULL && !text_int(text, INT64_MIN, INT64_MAX, &value))
		wrong_type(column, "integer");
	return value;
}

bool
db_get_bool(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_get_text(rows, row, column);

	if (text != NULL && strcmp(text, "t") != 0 && strcmp(text, "f") != 0)
		wrong_type(column, "boolean");
	return text != NULL && *text == 't';
}

int64_t
db_get_time(const struct db_rows *rows, size_t row, const char *column)
{
	const char *text = db_get_text(rows, row, column);
	int64_t value = 0;

	if (text != NULL && !db_value_time(text, &value))
		wrong_type(column, "timestamp with time zone");
	return value;
}

size_t
db_get_word(
    const struct db_rows *rows, size_t row, const char *column, const char *const *words, size_t n)
{
	size_t i = text_find(db_get_text(rows, row, column), words, n);

	if (i == n)
		wrong_type(column, "word that is known");
	return i;
}

const void *
db_get_bytes(const struct db_rows *rows, size_t row, const char *column, size_t *n)
{
	const char *text = db_get_text(rows, row, column);
	const unsigned char *bytes = NULL;

	*n = 0;
	if (text != NULL && !db_value_bytes(rows, text, &bytes, n))
		wrong_type(column, "bytea");
	return bytes;
}

const char *const *
db_get_texts(const struct db_rows *rows, size_t row, const char *column, size_t *n)
{
	const char *text = db_get_text(rows, row, column);
	const char **elements = NULL;

	*n = 0;
	if (text != NULL && !db_value_array(rows, text, &elements, n))
		wrong_type(column, "array");
	return elements;
}

const int64_t *
db_get_ints(const struct db_rows *rows, size_t row, const char *column, size_t *n)
{
	const char *const *texts = db_get_texts(rows, row, column, n);
	int64_t *ints;

	if (texts == NULL)
		return NULL;
	ints = mem_array(rows, int64_t, *n);
	for (size_t i = 0; i < *n; i++) {
		if (texts[i] != NULL && !text_int(texts[i], INT64_MIN, INT64_MAX, &ints[i]))
			wrong_type(column, "array of integers");
	}
	return ints;
}
