/* SPDX-License-Identifier: Apache-2.0 */
/* What both APIs' answers have in common: status to result code, JSON or nothing, how long to wait.
 */
#ifndef REMOTE_ANSWER_H
#define REMOTE_ANSWER_H

#include <stdint.h>

#include "base/err.h"
#include "lib/http.h"
#include "lib/json.h"

/* RC_OK 2xx, RC_DENIED 401 and 403, RC_MISSING 404, RC_BUSY 408, 423, 429 and 5xx, RC_INVALID
 * everything else. */
enum rc answer_rc(int status);

/* The body as JSON; NULL for 204 and an empty body. RC_INVALID if it is something else. */
MUST_CHECK enum rc answer_json(
    const void *ctx, const struct http_reply *reply, const struct json **out, struct err *err);

/*
 * How long the sender asks to be left alone: the longest of Retry-After, X-Retry-After (seconds)
 * and, on a 429, X-Rate-Limit-Time-Reset-Ms. 0: not said. At most a day.
 */
int64_t answer_retry_ms(const struct http_reply *reply);

/* An integer header of 0 or more; -1 if it is absent or unreadable. */
int64_t answer_header_int(const struct http_reply *reply, const char *name);

#endif
