/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's threads: one looks for due jobs, the others take what it found. */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <stdbool.h>

#include "base/conf.h"
#include "lib/crypt.h"

struct violet_tokens;

/* Work until loop_stop, then wait for the jobs under way. False if some had not ended in time. */
bool loop_run(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens);

/* Async-signal-safe. */
void loop_stop(void);

#endif
