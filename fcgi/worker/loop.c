/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The looking thread reads due jobs, fair between stores, into a shelf; the working threads take
 * from it. A fresh look replaces what is left of the old one every second, or at once when the
 * shelf is empty and there is more. It also prolongs the leases of what is being worked on, so that
 * a job may take many slow calls; a process that is stopped or dead prolongs nothing.
 */
#include "worker/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "domain/app.h"
#include "domain/job.h"
#include "worker/run.h"
#include "worker/upkeep.h"
#include "worker/worker.h"

#define POLL_MS    1000 /* notifications are a hint; this is what is relied on */
#define LONGEST_MS (30 * 60 * INT64_C(1000)) /* a job that takes longer is stuck: let it go */
#define GRACE_MS   50000 /* for the jobs under way at the end: less than systemd gives */

/* Jobs that the last look found, for whoever is free. Everything behind the mutex. */
struct shelf {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	void *ctx; /* of the jobs */
	const struct job *jobs;
	size_t count, next;
};

/* A working thread and the job that it has; the job is behind the mutex. */
struct hand {
	struct loop *loop;
	pthread_t thread;
	pthread_mutex_t mutex;
	const struct job *job;      /* NULL: none */
	int64_t since_ms, until_ms; /* taken; end of the lease as far as this thread knows */
};

struct loop {
	const struct conf *conf;
	const struct crypt_keys *keys;
	struct violet_tokens *tokens;
	struct shelf shelf;
	struct hand *hands; /* conf->worker_threads */
};

/* Set by a signal handler, hence outside of the struct. */
static atomic_bool stopping;
static int wake_fd = -1; /* an eventfd: the shelf is empty, or it is time to end */

static void
wake(void)
{
	uint64_t one = 1;

	/* It can only fail when it is awake already. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		return;
}

void
loop_stop(void)
{
	int kept = errno;

	atomic_store(&stopping, true);
	wake();
	errno = kept;
}

bool
work_is_stopping(void)
{
	return atomic_load(&stopping);
}

/* The next job, under ctx; waits for one. False at the end. */
static bool
shelf_pop(struct shelf *shelf, const void *ctx, struct job *out)
{
	bool found;

	pthread_mutex_lock(&shelf->mutex);
	while (shelf->next == shelf->count && !work_is_stopping())
		pthread_cond_wait(&shelf->filled, &shelf->mutex);
	found = !work_is_stopping();
	if (found) {
		*out = shelf->jobs[shelf->next++];
		out->store_hash = mem_text(ctx, out->store_hash);
		/* A full shelf means that there is more to be had. */
		if (shelf->next == shelf->count && shelf->count == LIMIT_LOOK)
			wake();
	}
	pthread_mutex_unlock(&shelf->mutex);
	return found;
}

/* Put a new look in the place of the old one. */
static void
shelf_fill(struct shelf *shelf, void *ctx, const struct job *jobs, size_t count)
{
	pthread_mutex_lock(&shelf->mutex);
	talloc_free(shelf->ctx);
	shelf->ctx = ctx;
	shelf->jobs = jobs;
	shelf->count = count;
	shelf->next = 0;
	pthread_cond_broadcast(&shelf->filled);
	pthread_mutex_unlock(&shelf->mutex);
}

static bool
shelf_is_empty(struct shelf *shelf)
{
	bool empty;

	pthread_mutex_lock(&shelf->mutex);
	empty = shelf->next == shelf->count;
	pthread_mutex_unlock(&shelf->mutex);
	return empty;
}

static void
hold(struct hand *hand, const struct job *job)
{
	pthread_mutex_lock(&hand->mutex);
	hand->job = job;
	if (job != NULL) {
		hand->since_ms = clock_now_ms();
		hand->until_ms = job->lease_until_ms;
	}
	pthread_mutex_unlock(&hand->mutex);
}

/* Prolong a lease that has run for a third of its time. Should that fail, it is tried again in a
 * second. */
static void
prolong(struct hand *hand, struct app *app)
{
	int64_t lease_ms = app->conf->lease_ms, now_ms = clock_now_ms();
	struct err unimportant;

	pthread_mutex_lock(&hand->mutex);
	if (hand->job != NULL && hand->until_ms - now_ms < lease_ms / 3 * 2 &&
	    now_ms - hand->since_ms < LONGEST_MS &&
	    job_keep(app, hand->job, now_ms + lease_ms, &unimportant) == RC_OK)
		hand->until_ms = now_ms + lease_ms;
	pthread_mutex_unlock(&hand->mutex);
}

static void *
work(void *argument)
{
	struct hand *hand = argument;
	struct loop *loop = hand->loop;
	void *own = mem_context("worker thread");
	struct app *app = app_open(own, loop->conf, loop->keys, loop->tokens, "worker");
	bool found;

	do {
		void *ctx = mem_context("job");
		struct job job;
		struct err err;

		found = shelf_pop(&loop->shelf, ctx, &job);
		if (found && job_take(app, ctx, &job, &err) == RC_OK) {
			hold(hand, &job);
			run_job(app, ctx, &job);
			hold(hand, NULL);
			/* Its store has a lease free for what the last look had to leave. */
			if (shelf_is_empty(&loop->shelf))
				wake();
		}
		talloc_free(ctx);
	} while (found);
	talloc_free(own);
	return NULL;
}

static void
drain_wake(void)
{
	uint64_t count;

	if (read(wake_fd, &count, sizeof(count)) < 0)
		return;
}

/* Fill the shelf once. */
static enum rc
look(struct loop *loop, struct app *app, struct job_horizon *horizon, struct err *err)
{
	void *ctx = mem_context("look");
	struct job *jobs;
	size_t count;
	enum rc rc = job_look(app, ctx, horizon, &jobs, &count, err);

	if (rc == RC_OK)
		shelf_fill(&loop->shelf, ctx, jobs, count);
	else
		talloc_free(ctx);
	return rc;
}

/* Until the shelf is empty, something is new, or a second is over. */
static void
rest(struct loop *loop, struct app *app, enum rc looked)
{
	struct pollfd wake_up = { .fd = wake_fd, .events = POLLIN };
	struct err unimportant;
	bool notified;

	/* While there are jobs on the shelf, news can wait for the next look. */
	if (looked != RC_OK || !shelf_is_empty(&loop->shelf) ||
	    db_wait(app->db, wake_fd, POLL_MS, &notified, &unimportant) != RC_OK)
		(void)poll(&wake_up, 1, POLL_MS);
	drain_wake();
}

/* Say once that the database went away, and once that it is back. */
static void
report(enum rc rc, const struct err *err, bool *is_away)
{
	if (rc != RC_OK && !*is_away)
		log_line(
		    LOG_WARNING, "cannot look for jobs, trying again each second: %s", err->text);
	else if (rc == RC_OK && *is_away)
		log_line(LOG_INFO, "looking for jobs again");
	*is_away = rc != RC_OK;
}

static void
look_until_stopped(struct loop *loop, struct app *app)
{
	struct upkeep upkeep = { 0 };
	struct job_horizon horizon = { 0 };
	bool is_away = false;
	bool listens = false;

	while (!work_is_stopping()) {
		struct err err = { 0 };
		enum rc rc;

		if (!listens)
			listens = db_listen(app->db, "violet_job", &err) == RC_OK;
		rc = look(loop, app, &horizon, &err);
		report(rc, &err, &is_away);
		for (int64_t i = 0; i < loop->conf->worker_threads; i++)
			prolong(&loop->hands[i], app);
		if (rc == RC_OK)
			upkeep_if_due(&upkeep, app);
		rest(loop, app, rc);
	}
}

static void
start_all(struct loop *loop)
{
	for (int64_t i = 0; i < loop->conf->worker_threads; i++) {
		struct hand *hand = &loop->hands[i];

		hand->loop = loop;
		pthread_mutex_init(&hand->mutex, NULL);
		thread_start(&hand->thread, work, hand);
	}
}

static bool
join_all(const struct loop *loop)
{
	int64_t end_ms = clock_boot_ms() + GRACE_MS;
	bool joined = true;

	for (int64_t i = 0; i < loop->conf->worker_threads; i++)
		joined &= thread_join(loop->hands[i].thread, end_ms - clock_boot_ms());
	return joined;
}

static void
shelf_open(struct shelf *shelf)
{
	pthread_mutex_init(&shelf->mutex, NULL);
	pthread_cond_init(&shelf->filled, NULL);
}

bool
loop_run(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens)
{
	/* Not on the stack: a thread that does not end in time still has it. */
	struct loop *loop = mem_new(ctx, struct loop);
	struct app *app = app_open(ctx, conf, keys, tokens, "worker look");

	loop->conf = conf;
	loop->keys = keys;
	loop->tokens = tokens;
	loop->hands = mem_array(loop, struct hand, (size_t)conf->worker_threads);
	shelf_open(&loop->shelf);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		fatal("no eventfd");
	start_all(loop);
	look_until_stopped(loop, app);
	pthread_mutex_lock(&loop->shelf.mutex);
	pthread_cond_broadcast(&loop->shelf.filled);
	pthread_mutex_unlock(&loop->shelf.mutex);
	if (!join_all(loop))
		return false;
	shelf_fill(&loop->shelf, NULL, NULL, 0);
	return true;
}
