/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: talloc, with death instead of NULL. One context per request or job, freed by the loop
 * that made it; strings and structs hang from it and nobody frees singly.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <talloc.h>

#include "base/err.h"

/* Make running out of memory inside talloc a panic. Call once at start. */
void mem_init(void);

/*
 * A new top-level context with a name for leak reports. Free with talloc_free. talloc takes no
 * locks: everything under one context belongs to one thread at a time, so each request, job and
 * thread starts a context of its own here and never hangs anything under another thread's.
 */
void *mem_context(const char *name);

/* Zeroed object or array under ctx; panics instead of returning NULL. */
void *mem_zero(const void *ctx, size_t count, size_t size);
#define mem_new(ctx, type)      ((type *)mem_zero((ctx), 1, sizeof(type)))
#define mem_array(ctx, type, n) ((type *)mem_zero((ctx), (n), sizeof(type)))

/* Copies under ctx. mem_text(ctx, NULL) is NULL; mem_bytes adds a NUL behind the n bytes. */
char *mem_text(const void *ctx, const char *s);
char *mem_bytes(const void *ctx, const void *bytes, size_t n);

/* printf into a new string under ctx. */
char *mem_printf(const void *ctx, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *mem_vprintf(const void *ctx, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* The chunk p (NULL: a new one under ctx) with room for `size` bytes; it may move. */
void *mem_resize(const void *ctx, void *p, size_t size);

/*
 * An array with room for one more element of `size` bytes behind the `count` that it has, zeroed.
 * It is NULL at first, hangs from ctx, and may move.
 */
void *mem_grow(const void *ctx, void *array, size_t count, size_t size);

/* Zero the whole chunk when it is freed: for secrets. Returns p. */
void *mem_secret(void *p);

/* Release a local by its type's function at the end of its scope: CLEANUP(close_it) T *t = ... */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#endif
