/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits webhooks in groups: whatever waits is one batch, without lingering, and is answered once
 * it is on disk. A lone webhook waits for its own commit only; under load the batch gathers by
 * itself while the one before commits.
 */
#ifndef WEB_COMMITTER_H
#define WEB_COMMITTER_H

#include <stdbool.h>

#include "domain/event.h"

struct cgi_request;
struct committer;

/* A webhook on its way: made under its own context, which the committer frees. */
struct hook {
	struct event event;
	const char *id; /* request id */
	struct cgi_request *request;
	/* the committer's */
	int64_t taken_ms;
	bool answered;
	struct hook *next;
};

struct committer *
committer_start(const void *ctx, const struct conf *conf, const struct crypt_keys *keys);

/*
 * Take a hook over: it will be answered, with 200 after its commit, or with 503 if that takes over
 * 3 s or can't be done.
 */
void committer_add(struct committer *committer, struct hook *hook);

/* End the threads. Nothing may wait. False if one hangs: it goes on using what the committer has.
 */
bool committer_stop(struct committer *committer);

#endif
