/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that is told its maximum at birth. Past it nothing more is added and the
 * buffer is marked as overflowed, which the owner checks once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf {
	char *bytes; /* always ends with a NUL that does not count */
	size_t length;
	size_t capacity;
	size_t maximum;
	bool overflowed;
};

/* A new empty buffer under ctx that will never hold more than maximum bytes. */
struct buf *buf_new(const void *ctx, size_t maximum);

/* Append n bytes, a text, a printed one; begin anew, empty and not overflowed. */
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_text(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_clear(struct buf *buf);

#endif
