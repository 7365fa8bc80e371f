/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: tables for people, JSON for programs, and a progress bar on long work. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"

enum output_kind {
	OUTPUT_TEXT,
	OUTPUT_INT,
	OUTPUT_BOOL,  /* "yes" and nothing for people */
	OUTPUT_TIME,  /* UTC, to the second for people */
	OUTPUT_MONEY, /* minor units; for people in the currency of another column */
	OUTPUT_LIST,  /* text[] */
	OUTPUT_FACTS, /* jsonb; in JSON only */
};

struct output_column {
	const char *name;  /* in the result and in JSON; NULL ends the table */
	const char *title; /* for people; NULL: in JSON only */
	enum output_kind kind;
	const char *currency; /* OUTPUT_MONEY: the name of the column with the currency */
};

/* Ends --json, which every command that prints rows has. */
#define OUTPUT_JSON                                \
	{                                          \
		"json", NULL, "for programs: JSON" \
	}

/* Several rows: a table with a heading, or `nothing` if there are none; as JSON an array of
 * objects. */
void output_rows(const struct db_rows *rows, const struct output_column *columns, bool json,
    const char *nothing);

/* One row: a line for each column; as JSON an object. */
void
output_row(const struct db_rows *rows, size_t row, const struct output_column *columns, bool json);

/* Rows of unknown columns as they come, for reports. */
enum output_format { OUTPUT_TABLE, OUTPUT_FORMAT_JSON, OUTPUT_CSV, OUTPUT_HTML };
void output_any(const struct db_rows *rows, const char *title, enum output_format format);

/* A bar on stderr if that is a terminal; nothing otherwise. Ends its line once done reaches total.
 */
void output_progress(const char *what, size_t done, size_t total);

#endif
