/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the Violet client: tokens, one exchange, one call, one paged list. */
#ifndef REMOTE_VIOLET_CALL_H
#define REMOTE_VIOLET_CALL_H

#include "remote/answer.h"
#include "remote/violet.h"

#define VIOLET_CODE_NOT_CONNECTED                                       \
	7118 /* merchant_not_connected: a 401 that no fresh token mends \
	      */

struct violet_exchange {
	const char *method, *path;
	const char *body;        /* NULL: none */
	const char *token;       /* NULL: a login */
	int64_t send_by_boot_ms; /* 0: none */
};

/*
 * One request and its answer: RC_OK if a whole answer came, whatever its status; *body is its JSON,
 * or NULL if it has none or none that can be read. Fills the fields of violet that speak of the
 * last answer.
 */
MUST_CHECK enum rc violet_exchange(struct violet *violet, const void *ctx,
    const struct violet_exchange *exchange, const struct json **body, struct err *err);

/* What the last answer's body says went wrong. Never NULL. */
const char *violet_error_text(const struct json *body);

/*
 * An access token that outlives a call, under ctx. RC_BUSY: none to be had now; RC_DENIED: Violet
 * refuses the credentials. Nothing else, so that a caller can pass the code on for a call that was
 * certainly not made.
 */
MUST_CHECK enum rc
violet_token(struct violet *violet, const void *ctx, const char **token, struct err *err);

/* Violet refused this token: the next call gets another one. */
void violet_token_refused(struct violet *violet, const char *token);

/* A call that may be repeated: with a fresh token after a 401. *out is NULL for an empty answer. */
MUST_CHECK enum rc violet_call(struct violet *violet, const void *ctx, const char *method,
    const char *path, const char *body, const struct json **out, struct err *err);

/* Every page of a list, from 1: hands over each row of "content". The path has its query, without
 * page and size. */
typedef enum rc violet_row(void *user, const struct json *row, struct err *err);
MUST_CHECK enum rc violet_each(struct violet *violet, const void *ctx, const char *method,
    const char *path, const char *body, int size, violet_row *row, void *user, struct err *err);

#endif
