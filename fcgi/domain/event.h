/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks: is it ours (the header that we set), what does it say, and storing a batch of them with
 * their jobs in one commit. The header decides whether it is stored; the body only decides which
 * job becomes due.
 */
#ifndef DOMAIN_EVENT_H
#define DOMAIN_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

/* The header's name at registration, and as a FastCGI parameter. */
#define EVENT_HEADER       "X-Violet-Hook"
#define EVENT_HEADER_PARAM "HTTP_X_VIOLET_HOOK"

/*
 * Value for a store: "v1.{key id}.{store hash}.{mac}", MAC with a key derived from the current seal
 * key. Under ctx.
 */
char *event_header(const void *ctx, const struct crypt_keys *keys, const char *store_hash);

/*
 * The store named by a header value, or NULL if it is not ours. No look-up; constant-time. Under
 * ctx.
 */
char *event_header_store(const void *ctx, const struct crypt_keys *keys, const char *value);

/*
 * What the Standard Webhooks signature says (standard-webhooks.com, specification 1.0; the key is
 * the client secret, or the previous one during a rotation): "absent", "good", "bad", or "old",
 * valid with a timestamp more than five minutes off, as retries may have. id, timestamp and
 * signature are the three headers' values, NULL if absent.
 */
const char *event_signature(const struct conf *conf, const char *id, const char *timestamp,
    const char *signature, const void *body, size_t n, int64_t now_s);

struct event {
	const char *store_hash; /* from the header */
	const void *body;
	size_t length;
	int64_t received_ms;
	const char *webhook_id; /* may be NULL */
	const char *signature;  /* absent, good, bad, old */
	/* filled by event_read */
	const char *scope;
	int64_t order_id;     /* 0: none */
	const char *problem;  /* NULL: readable */
	const char *job_kind; /* job to make due: sync_order, sweep, ...; NULL: none */
	int64_t job_ref;
};

/*
 * Understand the body (event->body and store_hash are set): fills the rest; never fails. A body
 * that is NULL, too long or cut off, becomes an empty one.
 */
void event_read(const void *ctx, struct event *event);

/*
 * Store the batch (at most LIMIT_BATCH) and make the jobs due, in one statement and commit. If the
 * database refuses the data: one by one, and what it still refuses without anything read from it,
 * making the store's sweep due. Anything but RC_OK: not all are known to be stored.
 */
MUST_CHECK enum rc
event_store(struct app *app, const struct event *const *events, size_t count, struct err *err);

/*
 * Wake the workers. Apart from event_store, since NOTIFY inside its commit takes half of the
 * throughput.
 */
MUST_CHECK enum rc event_notify(struct app *app, struct err *err);

#endif
