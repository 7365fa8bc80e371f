/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of tables share. */
#ifndef CLI_OUTPUT_TEXT_H
#define CLI_OUTPUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text on one line, without anything that could command a terminal. Under ctx. */
const char *output_plain(const void *ctx, const char *text);

/* "2026-11-22 14:03:07" of a time in ms: UTC, which the heading says. Under ctx. */
const char *output_time(const void *ctx, int64_t time_ms);

/* cells: one heading row, then `rows` rows, of `count` texts each; right: which columns are
 * numbers. */
void output_table(const char *const *cells, size_t rows, size_t count, const bool *right);

#endif
