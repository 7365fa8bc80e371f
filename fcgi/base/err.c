/* SPDX-License-Identifier: Apache-2.0 */
/* Results: the names of the codes, and the bounded text that goes with one. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const names[] = {
	[RC_OK] = "ok",
	[RC_INVALID] = "invalid",
	[RC_DENIED] = "denied",
	[RC_MISSING] = "missing",
	[RC_CONFLICT] = "conflict",
	[RC_BUSY] = "busy",
	[RC_UNCERTAIN] = "uncertain",
	[RC_BROKEN] = "broken",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == RC__COUNT, "a code has no name");

const char *
rc_name(enum rc code)
{
	return code < RC__COUNT ? names[code] : "unknown";
}

/*
 * The text ends up in database columns, which refuse malformed UTF-8, and may quote what the other
 * side sent: keep what is well formed, and don't leave half a character where the text was cut.
 */
static void
store(struct err *err, const char *text)
{
	size_t length = strnlen(text, sizeof(err->text) - 1);
	size_t kept = 0;

	while (length > 0) {
		size_t n = text_utf8(text, length);

		if (n == 0)
			err->text[kept++] = '?';
		else
			memcpy(err->text + kept, text, n);
		kept += n;
		n = n == 0 ? 1 : n;
		text += n;
		length -= n;
	}
	err->text[kept] = '\0';
}

enum rc
err_set(struct err *err, enum rc code, const char *fmt, ...)
{
	char text[sizeof(err->text)]; /* apart, since an argument may be err->text itself */
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	store(err, text);
	err->code = code;
	return code;
}

enum rc
err_prefix(struct err *err, const char *fmt, ...)
{
	char prefix[sizeof(err->text)];
	char text[2 * sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, args);
	va_end(args);
	snprintf(text, sizeof(text), "%s%s", prefix, err->text);
	store(err, text);
	return err->code;
}
