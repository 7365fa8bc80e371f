/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: talloc with death instead of NULL. */
#include "base/mem.h"

#include <limits.h>
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
	text = mem_vprintf(ctx, fmt, args);
	va_end(args);
	return text;
}

char *
mem_vprintf(const void *ctx, const char *fmt, va_list args)
{
	return must(talloc_vasprintf(ctx, fmt, args));
}

void *
mem_resize(const void *ctx, void *p, size_t size)
{
	return must(talloc_realloc_size(ctx, p, size));
}

void *
mem_grow(const void *ctx, void *array, size_t count, size_t size)
{
	char *grown = array;

	/* The room doubles whenever the count reaches a power of two. */
	if ((count & (count - 1)) == 0)
		grown = mem_resize(ctx, array, (count == 0 ? 1 : count * 2) * size);
	memset(grown + count * size, 0, size);
	return grown;
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
