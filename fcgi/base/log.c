/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: one write(2) each, so that lines of several threads and processes don't mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define TEXT_MAX 2048
#define LINE_MAX (4 * TEXT_MAX + 128) /* an escaped byte takes four */

static const struct {
	const char *name;
	int priority; /* as in syslog(3) */
} levels[] = {
	[LOG_DEBUG] = { "debug", 7 },
	[LOG_INFO] = { "info", 6 },
	[LOG_WARNING] = { "warning", 4 },
	[LOG_ERROR] = { "error", 3 },
	[LOG_ALARM] = { "ALARM", 1 },
};
_Static_assert(sizeof(levels) / sizeof(levels[0]) == LOG__COUNT, "a level has no name");

/* Set at start, before there are threads. */
static enum log_level threshold = LOG_INFO;
static const char *part = "violet-bigcommerce";

bool
log_set_level(const char *name)
{
	for (enum log_level level = LOG_DEBUG; level < LOG_ALARM; level++) {
		if (strcmp(levels[level].name, name) == 0) {
			threshold = level;
			return true;
		}
	}
	return false;
}

void
log_set_name(const char *name)
{
	part = name;
}

/* The start of a line: what the journal strips, or what a person at a terminal wants. */
static size_t
write_prefix(char *line, enum log_level level)
{
	char time[TEXT_TIME_SIZE];
	int n;

	if (isatty(STDERR_FILENO)) {
		text_from_time_ms(clock_now_ms(), time);
		n = snprintf(line, LINE_MAX, "%s %s %s: ", time, levels[level].name, part);
	} else {
		n = snprintf(line, LINE_MAX, "<%d>%s: %s", levels[level].priority, part,
		    level == LOG_ALARM ? "ALARM " : "");
	}
	ASSERT(n > 0 && n < 128);
	return (size_t)n;
}

/* Append text with everything escaped that could end the line or command a terminal. */
static size_t
write_escaped(char *line, size_t used, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length;) {
		size_t n = text_utf8(text + i, length - i);

		if (n > 0 && !text_is_control(text + i, n)) {
			memcpy(line + used, text + i, n);
			used += n;
			i += n;
		} else {
			used += (size_t)snprintf(line + used, 5, "\\x%02x", (unsigned char)text[i]);
			i++;
		}
	}
	return used;
}

static void print(enum log_level level, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void
print(enum log_level level, const char *fmt, va_list args)
{
	char text[TEXT_MAX];
	char line[LINE_MAX];
	size_t used = write_prefix(line, level);
	ssize_t written;

	vsnprintf(text, sizeof(text), fmt, args);
	used = write_escaped(line, used, text);
	line[used++] = '\n';
	written = write(STDERR_FILENO, line, used);
	(void)written; /* there is nobody left to tell */
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	va_list args;

	if (level < threshold && level != LOG_ALARM)
		return;
	va_start(args, fmt);
	print(level, fmt, args);
	va_end(args);
}

void
fatal(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(LOG_ERROR, fmt, args);
	va_end(args);
	exit(1);
}

void
panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(LOG_ALARM, fmt, args);
	va_end(args);
	abort();
}
