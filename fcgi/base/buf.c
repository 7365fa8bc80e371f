/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer with a maximum from birth. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define FIRST_CAPACITY 256

struct buf *
buf_new(const void *ctx, size_t maximum)
{
	struct buf *buf = mem_new(ctx, struct buf);

	buf->maximum = maximum;
	buf->capacity = FIRST_CAPACITY;
	buf->bytes = mem_array(buf, char, buf->capacity);
	return buf;
}

/* Make room for n bytes and the NUL. False, and marked, if that passes the maximum. */
static bool
reserve(struct buf *buf, size_t n)
{
	size_t needed;

	if (buf->overflowed || n > buf->maximum - buf->length) {
		buf->overflowed = true;
		return false;
	}
	needed = buf->length + n + 1;
	if (needed > buf->capacity) {
		while (buf->capacity < needed)
			buf->capacity *= 2;
		buf->bytes = mem_resize(buf, buf->bytes, buf->capacity);
	}
	return true;
}

void
buf_add(struct buf *buf, const void *bytes, size_t n)
{
	if (!reserve(buf, n))
		return;
	if (n > 0)
		memcpy(buf->bytes + buf->length, bytes, n);
	buf->length += n;
	buf->bytes[buf->length] = '\0';
}

void
buf_text(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	ASSERT(n >= 0);
	if (!reserve(buf, (size_t)n))
		return;
	va_start(args, fmt);
	vsnprintf(buf->bytes + buf->length, (size_t)n + 1, fmt, args);
	va_end(args);
	buf->length += (size_t)n;
}

void
buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->bytes[0] = '\0';
	buf->overflowed = false;
}
