/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: talloc with death instead of NULL. */
#include "base/mem.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"

/* Returned by talloc's functions: never NULL for our callers. */
static void *
must(void *p)
{
	if (p == NULL)
		panic("out of memory");
	return p;
}

static void
broken(const char *reason)
{
	panic("talloc: %s", reason);
}

void
mem_init(void)
{
	talloc_set_abort_fn(broken);
}

void *
mem_context(const char *name)
{
	return must(talloc_named(NULL, 0, "%s", name));
}

void *
mem_zero(const void *ctx, size_t count, size_t size)
{
	ASSERT(size > 0 && count <= UINT_MAX);
	return must(_talloc_zero_array(ctx, size, (unsigned)count, "mem"));
}

char *
mem_text(const void *ctx, const char *s)
{
	return s == NULL ? NULL : must(talloc_strdup(ctx, s));
}

char *
mem_bytes(const void *ctx, const void *bytes, size_t n)
{
	char *copy = must(talloc_size(ctx, n + 1));

	if (n > 0)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return copy;
}

char *
mem_printf(const void *ctx, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = talloc_vasprintf(ctx, fmt, args);
	va_end(args);
	return must(text);
}

static int
wipe(void *p)
{
	explicit_bzero(p, talloc_get_size(p));
	return 0;
}

void *
mem_secret(void *p)
{
	talloc_set_destructor(p, wipe);
	return p;
}
