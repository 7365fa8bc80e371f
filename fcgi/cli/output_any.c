/* SPDX-License-Identifier: Apache-2.0 */
/* Results whose columns are not known beforehand, in four formats. */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/output_text.h"

static bool
is_number(const struct db_rows *rows, size_t column)
{
	return db_column_kind(rows, column) == DB_COLUMN_NUMBER;
}

/* A value as people and spreadsheets read it. */
static const char *
shown(const struct db_rows *rows, size_t row, size_t column)
{
	const char *text = db_cell(rows, row, column);

	if (text == NULL)
		return "";
	switch (db_column_kind(rows, column)) {
	case DB_COLUMN_TRUTH:
		return *text == 't' ? "yes" : "no";
	case DB_COLUMN_TIME:
		return output_time(rows, db_get_time(rows, row, db_column_name(rows, column)));
	case DB_COLUMN_NUMBER:
	case DB_COLUMN_OTHER:
		break;
	}
	return text;
}

static void
print_any_table(const struct db_rows *rows)
{
	void *ctx = mem_context("output");
	size_t count = db_columns(rows);
	const char **cells = mem_array(ctx, const char *, (db_count(rows) + 1) * count);
	bool *right = mem_array(ctx, bool, count);

	for (size_t i = 0; i < count; i++) {
		right[i] = is_number(rows, i);
		cells[i] = db_column_name(rows, i);
		for (size_t row = 0; row < db_count(rows); row++)
			cells[(row + 1) * count + i] = output_plain(ctx, shown(rows, row, i));
	}
	output_table(cells, db_count(rows), count, right);
	talloc_free(ctx);
}

/* RFC 4180; what a spreadsheet would take for a formula gets an apostrophe in front. */
static void
print_csv_value(const char *text, bool is_number)
{
	bool quoted = text[strcspn(text, ",\"\r\n")] != '\0';

	if (quoted)
		putchar('"');
	if (!is_number && strchr("=+-@\t", *text) != NULL && *text != '\0')
		putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	if (quoted)
		putchar('"');
}

static void
print_csv(const struct db_rows *rows)
{
	size_t count = db_columns(rows);

	for (size_t i = 0; i < count; i++)
		printf("%s%s", db_column_name(rows, i), i + 1 < count ? "," : "\r\n");
	for (size_t row = 0; row < db_count(rows); row++) {
		for (size_t i = 0; i < count; i++) {
			print_csv_value(shown(rows, row, i), is_number(rows, i));
			fputs(i + 1 < count ? "," : "\r\n", stdout);
		}
	}
}

static void
print_json_text(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

/* Numbers as PostgreSQL wrote them: an amount keeps its decimals. */
static void
print_json_value(const struct db_rows *rows, size_t row, size_t column)
{
	const char *text = db_cell(rows, row, column);
	char time[TEXT_TIME_SIZE];

	if (text == NULL) {
		fputs("null", stdout);
		return;
	}
	switch (db_column_kind(rows, column)) {
	case DB_COLUMN_NUMBER:
		fputs(text, stdout);
		break;
	case DB_COLUMN_TRUTH:
		fputs(*text == 't' ? "true" : "false", stdout);
		break;
	case DB_COLUMN_TIME:
		text_from_time_ms(db_get_time(rows, row, db_column_name(rows, column)), time);
		print_json_text(time);
		break;
	case DB_COLUMN_OTHER:
		print_json_text(text);
		break;
	}
}

static void
print_json(const struct db_rows *rows)
{
	size_t count = db_columns(rows);

	putchar('[');
	for (size_t row = 0; row < db_count(rows); row++) {
		fputs(row > 0 ? ",\n{" : "{", stdout);
		for (size_t i = 0; i < count; i++) {
			printf("%s\"%s\":", i > 0 ? "," : "", db_column_name(rows, i));
			print_json_value(rows, row, i);
		}
		putchar('}');
	}
	puts("]");
}

static void
print_html_text(const char *text)
{
	static const struct {
		char c;
		const char *as;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };

	for (; *text != '\0'; text++) {
		size_t i = 0;

		while (i < sizeof(escapes) / sizeof(escapes[0]) && escapes[i].c != *text)
			i++;
		if (i < sizeof(escapes) / sizeof(escapes[0]))
			fputs(escapes[i].as, stdout);
		else
			putchar(*text);
	}
}

/* Numbers to the right; a time on one line. */
static const char *
cell_tag(enum db_column_kind kind)
{
	return kind == DB_COLUMN_NUMBER ? "<td class=\"n\">"
	       : kind == DB_COLUMN_TIME ? "<td class=\"t\">"
					: "<td>";
}

static void
print_html(const struct db_rows *rows, const char *title)
{
	printf(
	    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
	    "<style>:root{color-scheme:light dark}body{font:14px system-ui,sans-serif;margin:2em}"
	    "table{border-collapse:collapse}td,th{padding:.3em .8em;border-bottom:1px solid #8888;"
	    "text-align:left;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-"
	    "nums}.t{white-space:nowrap}</style>\n<h1>%s</"
	    "h1>\n<table>\n<tr>",
	    title, title);
	for (size_t i = 0; i < db_columns(rows); i++)
		printf("<th>%s", db_column_name(rows, i));
	for (size_t row = 0; row < db_count(rows); row++) {
		fputs("\n<tr>", stdout);
		for (size_t i = 0; i < db_columns(rows); i++) {
			fputs(cell_tag(db_column_kind(rows, i)), stdout);
			print_html_text(shown(rows, row, i));
		}
	}
	puts("\n</table>");
}

void
output_any(const struct db_rows *rows, const char *title, enum output_format format)
{
	switch (format) {
	case OUTPUT_TABLE:
		print_any_table(rows);
		break;
	case OUTPUT_FORMAT_JSON:
		print_json(rows);
		break;
	case OUTPUT_CSV:
		print_csv(rows);
		break;
	case OUTPUT_HTML:
		print_html(rows, title);
		break;
	}
}
