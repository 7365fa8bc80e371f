/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread commits batches; another watches that nobody waits longer than 3 s, whatever the
 * database does.
 */
#include "web/committer.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "lib/cgi.h"
#include "web/metrics.h"

enum {
	ANSWER_MS = 3000, /* BigCommerce names no limit; a hook that we answer is one that it
			     doesn't call failed */
	NOTIFY_MS = 20, /* at most one NOTIFY in that time: it takes a lock on the whole database */
	WATCH_MS = 50,
	STOP_MS = 1000
};

struct committer {
	struct app *app; /* the committing thread's */
	pthread_mutex_t lock;
	pthread_cond_t more, watch;
	struct hook *first, **end; /* wait for a commit */
	size_t count;
	struct hook *batch[LIMIT_BATCH]; /* being committed */
	size_t batch_count;
	bool stopping;
	bool notify_due;
	int64_t notified_ms;
	pthread_t threads[2];
};

/* Answering ---------------------------------------------------------------- */

static void
answer(struct cgi_request *request, const char *id, const char *store, int status)
{
	char headers[80];

	snprintf(headers, sizeof(headers), "X-Request-Id: %s\r\n%s", id,
	    status == 503 ? "Retry-After: 5\r\n" : "");
	metrics_add(status == 200 ? METRIC_HOOK_STORED : METRIC_HOOK_BUSY, 1);
	log_line(status == 200 ? LOG_DEBUG : LOG_WARNING,
	    "request=%s route=\"POST /webhooks\" status=%d store=%s", id, status, store);
	cgi_reply(request, &(struct cgi_reply){ .status = status, .headers = headers });
}

/* Under the lock: may this thread answer the hook? Only the first one may. */
static bool
claim(struct hook *hook)
{
	bool free = !hook->answered;

	hook->answered = true;
	return free;
}

/* Committing --------------------------------------------------------------- */

/* Move what waits into the batch. False at the end. */
static bool
batch_take(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	while (c->first == NULL && !c->stopping && !c->notify_due)
		pthread_cond_wait(&c->more, &c->lock);
	if (c->first == NULL && c->notify_due)
		thread_cond_wait(&c->more, &c->lock, NOTIFY_MS);
	for (c->batch_count = 0; c->first != NULL && c->batch_count < LIMIT_BATCH; c->count--) {
		c->batch[c->batch_count++] = c->first;
		c->first = c->first->next;
	}
	if (c->first == NULL)
		c->end = &c->first;
	pthread_mutex_unlock(&c->lock);
	return c->batch_count > 0 || !c->stopping;
}

static enum rc
batch_store(struct committer *c)
{
	const struct event *events[LIMIT_BATCH];
	int64_t began = clock_boot_ms();
	struct err err;
	size_t i;
	enum rc rc;

	for (i = 0; i < c->batch_count; i++) {
		events[i] = &c->batch[i]->event;
		c->notify_due |= events[i]->job_kind != NULL;
	}
	rc = event_store(c->app, events, c->batch_count, &err);
	metrics_add(METRIC_COMMITS, 1);
	metrics_add(METRIC_COMMIT_EVENTS, c->batch_count);
	metrics_add(METRIC_COMMIT_MS, (uint64_t)(clock_boot_ms() - began));
	if (rc != RC_OK)
		log_line(rc == RC_BUSY || rc == RC_UNCERTAIN ? LOG_WARNING : LOG_ERROR,
		    "%zu webhooks are not stored: %s: %s", c->batch_count, rc_name(rc), err.text);
	return rc;
}

/* Answer what the watching thread has not answered yet, and forget the batch. */
static void
batch_answer(struct committer *c, int status)
{
	struct hook *mine[LIMIT_BATCH];
	size_t i, n;

	pthread_mutex_lock(&c->lock);
	n = c->batch_count;
	for (i = 0; i < n; i++)
		mine[i] = claim(c->batch[i]) ? c->batch[i] : NULL;
	c->batch_count = 0;
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < n; i++) {
		if (mine[i] != NULL)
			answer(mine[i]->request, mine[i]->id, mine[i]->event.store_hash, status);
		talloc_free(c->batch[i]);
	}
}

static void
notify(struct committer *c)
{
	int64_t now = clock_boot_ms();
	struct err err;

	if (!c->notify_due || now < c->notified_ms + NOTIFY_MS)
		return;
	c->notify_due = false;
	c->notified_ms = now;
	if (event_notify(c->app, &err) != RC_OK)
		log_line(LOG_DEBUG, "workers are not woken: %s", err.text);
}

static void *
commit_thread(void *argument)
{
	struct committer *c = argument;

	while (batch_take(c)) {
		if (c->batch_count > 0)
			batch_answer(c, batch_store(c) == RC_OK ? 200 : 503);
		notify(c);
	}
	return NULL;
}

/* Watching ----------------------------------------------------------------- */

/* One hook that has waited too long; it is marked as answered, and the caller answers. */
struct late {
	struct cgi_request *request;
	char id[16], store[40];
};

static bool
is_late(struct hook *hook, struct late *late)
{
	if (hook->answered || clock_boot_ms() < hook->taken_ms + ANSWER_MS)
		return false;
	hook->answered = true;
	late->request = hook->request;
	snprintf(late->id, sizeof(late->id), "%s", hook->id);
	snprintf(late->store, sizeof(late->store), "%s", hook->event.store_hash);
	return true;
}

/*
 * Under the lock. The waiting ones stand in the order of their coming, so only the first can be
 * late: it leaves the queue.
 */
static bool
late_take(struct committer *c, struct late *late)
{
	struct hook *hook = c->first;
	size_t i;

	for (i = 0; i < c->batch_count; i++)
		if (is_late(c->batch[i], late))
			return true;
	if (hook == NULL || !is_late(hook, late))
		return false;
	c->first = hook->next;
	if (c->first == NULL)
		c->end = &c->first;
	c->count--;
	talloc_free(hook);
	return true;
}

static void *
watch_thread(void *argument)
{
	struct committer *c = argument;
	struct late late;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		if (c->first == NULL && c->batch_count == 0)
			pthread_cond_wait(&c->watch, &c->lock);
		else
			thread_cond_wait(&c->watch, &c->lock, WATCH_MS);
		while (late_take(c, &late)) {
			pthread_mutex_unlock(&c->lock);
			answer(late.request, late.id, late.store, 503);
			pthread_mutex_lock(&c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Start and end ------------------------------------------------------------ */

struct committer *
committer_start(const void *ctx, const struct conf *conf, const struct crypt_keys *keys)
{
	struct committer *c = mem_new(ctx, struct committer);

	c->app = app_open(mem_context("committer"), conf, keys, NULL, "web hooks");
	c->app->db = db_open(c->app, conf->database_url, "web hooks", ANSWER_MS);
	c->end = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	pthread_cond_init(&c->watch, NULL);
	thread_start(&c->threads[0], commit_thread, c);
	thread_start(&c->threads[1], watch_thread, c);
	return c;
}

void
committer_add(struct committer *c, struct hook *hook)
{
	hook->taken_ms = clock_boot_ms();
	hook->answered = false;
	hook->next = NULL;
	pthread_mutex_lock(&c->lock);
	*c->end = hook;
	c->end = &hook->next;
	c->count++;
	if (c->count == 1) {
		pthread_cond_signal(&c->more);
		pthread_cond_signal(&c->watch);
	}
	pthread_mutex_unlock(&c->lock);
}

bool
committer_stop(struct committer *c)
{
	bool ended = true;
	size_t i;

	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_broadcast(&c->more);
	pthread_cond_broadcast(&c->watch);
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < sizeof(c->threads) / sizeof(c->threads[0]); i++)
		ended &= thread_join(c->threads[i], STOP_MS);
	if (ended)
		talloc_free(talloc_parent(c->app));
	return ended;
}
