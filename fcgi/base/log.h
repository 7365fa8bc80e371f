/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on stderr, with "<priority>" for the journal or, on a terminal, with time and level;
 * then key=value text with control characters escaped, so that nothing from outside can forge a
 * line. Only the top of a call tree logs: the dispatcher and the worker loop, once per request or
 * job; lower layers fill struct err.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_ALARM, LOG__COUNT };

/* Print this level and above: debug, info (the default), warning, error. False for other names. */
bool log_set_level(const char *name);

/* The program part that every line names ("web", "worker"); a static string. */
void log_set_name(const char *name);

/* One line. LOG_ALARM is for money and safety: it is never filtered. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The world is wrong at start: print and exit 1. */
_Noreturn void fatal(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* We are wrong: print and abort. */
_Noreturn void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* An assertion that stays in release builds. */
#define ASSERT(cond)                                                                     \
	do {                                                                             \
		if (!(cond))                                                             \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#endif
