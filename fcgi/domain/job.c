/* SPDX-License-Identifier: Apache-2.0 */
/* The queue, as the programs see it; its rules are in sql/api/job.sql. */
#include "domain/job.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/mem.h"
#include "base/text.h"

#define DOUBLINGS_MAX \
	20 /* of the shortest pause: more would overflow before the longest one cuts it */
#define HORIZON_RENEW_MS 10000
#define HORIZON_SLACK_MS 10000
/* Leases, waits and proofs of absence compare times of several machines: they allow for this. */
#define CLOCKS_APART_MS 60000

static const char *const names[] = {
	[JOB_SYNC_ORDER] = "sync_order",
	[JOB_SWEEP] = "sweep",
	[JOB_ENSURE_HOOKS] = "ensure_hooks",
	[JOB_READ_DISCOUNTS] = "read_discounts",
	[JOB_RESOLVE_MERCHANT] = "resolve_merchant",
	[JOB_CONFIRM_UNINSTALL] = "confirm_uninstall",
	[JOB_UNLINK] = "unlink",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == JOB__COUNT, "a name for every kind");

const char *
job_kind_name(enum job_kind kind)
{
	return names[kind];
}

bool
job_kind_find(const char *name, enum job_kind *out)
{
	size_t i = text_find(name, names, JOB__COUNT);

	if (i < JOB__COUNT)
		*out = (enum job_kind)i;
	return i < JOB__COUNT;
}

/* RC_BUSY if the database's clock, read between two readings of ours, is too far from them. */
static enum rc
compare_clocks(int64_t before_ms, int64_t database_ms, int64_t after_ms, struct err *err)
{
	bool is_ahead = before_ms > database_ms + CLOCKS_APART_MS;

	if (!is_ahead && database_ms <= after_ms + CLOCKS_APART_MS)
		return RC_OK;
	return err_set(err, RC_BUSY,
	    "this machine's clock is %" PRId64 " s %s the database's; set it",
	    (is_ahead ? before_ms - database_ms : database_ms - after_ms) / 1000,
	    is_ahead ? "ahead of" : "behind");
}

/* The oldest job's moment, less what clocks and commits may lag. Seldom: see api.job_horizon. */
static enum rc
renew(struct app *app, const void *ctx, struct job_horizon *horizon, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	struct db_rows *rows;
	enum rc rc;

	if (clock_boot_ms() < horizon->renew_boot_ms)
		return RC_OK;
	rc = db_read(app->db, ctx, &rows, err,
	    "select api.job_horizon($1) as since, api.clock() as now", DB_PARAMS(db_time(now_ms)));
	if (rc == RC_OK)
		rc = compare_clocks(now_ms, db_get_time(rows, 0, "now"), clock_now_ms(), err);
	if (rc != RC_OK)
		return rc;
	horizon->since_ms = db_get_time(rows, 0, "since") - HORIZON_SLACK_MS;
	horizon->renew_boot_ms = clock_boot_ms() + HORIZON_RENEW_MS;
	return RC_OK;
}

enum rc
job_look(struct app *app, const void *ctx, struct job_horizon *horizon, struct job **out,
    size_t *count, struct err *err)
{
	struct db_rows *rows;
	struct job *jobs;
	size_t n = 0;
	enum rc rc = renew(app, ctx, horizon, err);

	if (rc == RC_OK)
		rc = db_read(app->db, ctx, &rows, err, "select * from api.job_look($1, $2, $3, $4)",
		    DB_PARAMS(db_int(LIMIT_LOOK), db_int(LIMIT_LEASES), db_time(clock_now_ms()),
			db_time(horizon->since_ms)));
	if (rc != RC_OK)
		return rc;
	jobs = mem_array(ctx, struct job, db_count(rows) + 1);
	for (size_t i = 0; i < db_count(rows); i++) {
		/* A kind that a newer version has put into the queue is left to that. */
		if (!job_kind_find(db_get_text(rows, i, "kind"), &jobs[n].kind))
			continue;
		jobs[n].store_hash = db_get_text(rows, i, "store_hash");
		jobs[n].ref = db_get_int(rows, i, "ref");
		n++;
	}
	*out = jobs;
	*count = n;
	return RC_OK;
}

enum rc
job_take(struct app *app, const void *ctx, struct job *job, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t until_ms = now_ms + app->conf->lease_ms;
	struct db_rows *rows;
	enum rc rc =
	    db_call(app->db, ctx, &rows, err, "select * from api.job_take($1, $2, $3, $4, $5, $6)",
		DB_PARAMS(db_text(job->store_hash), db_text(names[job->kind]), db_int(job->ref),
		    db_time(until_ms), db_int(LIMIT_LEASES), db_time(now_ms)));

	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "the job is not to be had");
	job->lease_token = db_get_text(rows, 0, "lease_token");
	job->lease_until_ms = until_ms;
	job->generation = db_get_int(rows, 0, "generation");
	job->attempts = (int)db_get_int(rows, 0, "attempts");
	job->made_ms = db_get_time(rows, 0, "made_at");
	return RC_OK;
}

/* One of the calls that answer whether the lease was still held. */
static enum rc
holding(struct app *app, const char *sql, const struct db_param *params, size_t n, struct err *err)
{
	void *ctx = mem_context("job");
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err, sql, params, n);

	if (rc == RC_OK && !db_get_bool(rows, 0, "held"))
		rc = err_set(err, RC_CONFLICT, "the lease was lost");
	talloc_free(ctx);
	return rc;
}

enum rc
job_extend(struct app *app, struct job *job, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t until_ms = now_ms + app->conf->lease_ms;
	enum rc rc = holding(app, "select api.job_extend($1, $2, $3, $4, $5, $6, $7) as held",
	    DB_PARAMS(db_text(job->store_hash), db_text(names[job->kind]), db_int(job->ref),
		db_text(job->lease_token), db_int(job->generation), db_time(until_ms),
		db_time(now_ms)),
	    err);

	if (rc == RC_OK)
		job->lease_until_ms = until_ms;
	return rc;
}

enum rc
job_keep(struct app *app, const struct job *job, int64_t until_ms, struct err *err)
{
	return holding(app, "select api.job_keep($1, $2, $3, $4, $5, $6) as held",
	    DB_PARAMS(db_text(job->store_hash), db_text(names[job->kind]), db_int(job->ref),
		db_text(job->lease_token), db_time(until_ms), db_time(clock_now_ms())),
	    err);
}

enum rc
job_finish(struct app *app, const struct job *job, const struct job_next *next, struct err *err)
{
	return holding(app, "select api.job_finish($1, $2, $3, $4, $5, $6, $7) as held",
	    DB_PARAMS(db_text(job->store_hash), db_text(names[job->kind]), db_int(job->ref),
		db_text(job->lease_token), db_int(job->generation),
		next->what == JOB_AGAIN ? db_time(next->due_ms) : db_null(), db_text(next->note)),
	    err);
}

/* RETRY_MINIMUM, doubled with every failure up to RETRY_MAXIMUM, of which the last half is chance.
 */
static int64_t
backoff_ms(const struct conf *conf, int attempts)
{
	int doublings = attempts < DOUBLINGS_MAX ? attempts : DOUBLINGS_MAX;
	int64_t pause = conf->retry_minimum_ms << doublings;

	if (pause > conf->retry_maximum_ms)
		pause = conf->retry_maximum_ms;
	return job_jitter_ms(pause);
}

int64_t
job_jitter_ms(int64_t pause_ms)
{
	uint32_t chance;

	crypt_random(&chance, sizeof(chance));
	return pause_ms / 2 + (pause_ms / 2) * (int64_t)(chance >> 8) / (1 << 24);
}

enum rc
job_fail(struct app *app, const struct job *job, int64_t retry_after_ms, const char *note,
    struct err *err)
{
	int64_t pause = backoff_ms(app->conf, job->attempts);

	return holding(app, "select api.job_fail($1, $2, $3, $4, $5, $6, $7) as held",
	    DB_PARAMS(db_text(job->store_hash), db_text(names[job->kind]), db_int(job->ref),
		db_text(job->lease_token), db_int(job->generation),
		db_time(clock_now_ms() + (retry_after_ms > pause ? retry_after_ms : pause)),
		db_text(note)),
	    err);
}

enum rc
job_gate(struct app *app, const char *store_hash, int64_t until_ms, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.job_gate($1, $2, $3)",
	    DB_PARAMS(db_text(store_hash), db_time(until_ms), db_time(clock_now_ms())));
}

enum rc
job_put(struct app *app, const char *store_hash, enum job_kind kind, int64_t ref, int64_t due_ms,
    struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.job_put($1, $2, $3, $4, $5)",
	    DB_PARAMS(db_text(store_hash), db_text(names[kind]), db_int(ref), db_time(due_ms),
		db_time(clock_now_ms())));
}
