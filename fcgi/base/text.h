/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of text from outside: numbers, dates, names. Nothing is skipped or guessed. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal integer from minimum to maximum: digits, maybe behind a '-', and nothing else. */
bool text_int(const char *s, int64_t minimum, int64_t maximum, int64_t *out);

/* A duration in seconds, decimals allowed ("0.5"), as milliseconds. */
bool text_duration_ms(const char *s, int64_t minimum_ms, int64_t maximum_ms, int64_t *out);

/* [a-z0-9]{1,32}: the shape of a BigCommerce store hash, after lower-casing by the caller. */
bool text_is_store_hash(const char *s);

/* Length of the well-formed UTF-8 character at the start of the n bytes at s; 0: there is none. */
size_t text_utf8(const char *s, size_t n);

/* True if all of the n bytes are well-formed UTF-8. */
bool text_is_utf8(const char *s, size_t n);

/*
 * True for a well-formed character of n bytes that may not be shown: C0, DEL, C1, line and
 * paragraph separators, and the bidirectional overrides, with which a name could be made to read as
 * another.
 */
bool text_is_control(const char *s, size_t n);

/* Printable UTF-8 without the above, at most maximum bytes (for names, states, reasons). */
bool text_is_plain(const char *s, size_t maximum);

/*
 * Times as milliseconds since 1970 in UTC. ISO 8601 / RFC 3339 with optional fraction and Z, +00:00
 * or +0000 (both APIs use all of these), RFC 2822 ("Tue, 20 Nov 2012 00:00:00 +0000", BigCommerce
 * V2), and HTTP's dates, which end in GMT. Other offsets are understood; a time without an offset
 * is not.
 */
bool text_time_ms(const char *s, int64_t *out);

/* "2026-11-22T14:03:07.123Z" into out. */
#define TEXT_TIME_SIZE 32
void text_from_time_ms(int64_t time_ms, char out[TEXT_TIME_SIZE]);

/* localhost, *.localhost, 127.0.0.0/8, ::1 or [::1]: where plain http is allowed. */
bool text_is_loopback(const char *host);

/* Make ASCII letters small, in place. */
void text_lower(char *s);

/* The place of a word among n, or n if it is none of them (NULL never is). */
size_t text_find(const char *word, const char *const *words, size_t n);

/* Case-insensitive prefix and equality in ASCII. */
bool text_has_prefix(const char *s, const char *prefix);
bool text_equal_nocase(const char *a, const char *b);

#endif
