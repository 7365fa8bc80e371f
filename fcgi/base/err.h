/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results. One closed enum for every layer, and a bounded text that says what went wrong. Functions
 * that can fail return enum rc, write their outputs only on success, and take struct err last.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

enum rc {
	RC_OK,        /* done */
	RC_INVALID,   /* the caller's input is wrong */
	RC_DENIED,    /* signature, token or permission */
	RC_MISSING,   /* no such thing */
	RC_CONFLICT,  /* already there, or in a state that forbids it */
	RC_BUSY,      /* temporary, and certainly not done: try later */
	RC_UNCERTAIN, /* nobody knows whether it was done: ask before repeating */
	RC_BROKEN,    /* our fault, or an answer that cannot be */
	RC__COUNT
};

struct err {
	enum rc code;
	char text[512]; /* lower case, no full stop; for logs and operators, never for web pages */
};

/* The code's name in lower case, for logs ("busy"). Never NULL. */
const char *rc_name(enum rc code);

/*
 * Store code and text (cut at the end if too long; what isn't UTF-8 becomes '?') and return the
 * code, so that failing is one line.
 */
enum rc err_set(struct err *err, enum rc code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put a context in front of the text ("refund 812: ..."); the code stays. Returns the code. */
enum rc err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
