/* SPDX-License-Identifier: Apache-2.0 */
/* Files that travel inside the program: SQL and pages, by their path in the source tree. */
#ifndef BASE_ASSET_H
#define BASE_ASSET_H

#include <stddef.h>

struct asset {
	const char *path; /* "sql/migrations/0001_schema.sql"; NULL ends the table */
	const char *bytes;
	const char *end; /* a NUL byte follows the content */
};

/* Sorted by path. */
extern const struct asset assets[];

/* NULL if there is none. */
const struct asset *asset_find(const char *path);
size_t asset_length(const struct asset *asset);

#endif
