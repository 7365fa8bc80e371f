/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's text forms of values: what lib/db.c sends and receives. */
#ifndef LIB_DB_VALUE_H
#define LIB_DB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"

/* A parameter as text under ctx; NULL for SQL null. Not for DB_BYTES, which travel as they are. */
const char *db_value_write(const void *ctx, const struct db_param *param);

/* Readers of what the server writes with DateStyle ISO, TimeZone UTC and bytea_output hex. False if
 * it is something else. */
bool db_value_time(const char *text, int64_t *time_ms); /* infinity is INT64_MAX */
bool db_value_bytes(const void *ctx, const char *text, const unsigned char **out, size_t *n);
/* The elements of an array of one dimension; NULL for null. */
bool db_value_array(const void *ctx, const char *text, const char ***out, size_t *n);

#endif
