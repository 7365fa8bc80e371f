/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job sweep: read BigCommerce's lists of refunds and, less often, of changed orders behind the
 * watermark, and have looked at what may be Violet's. It repairs what webhooks lost, and stops
 * where it would take the quota that looks need.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "worker/worker.h"

struct sweep {
	struct app *app;
	struct job *job;
	struct bc *bc;
	int due;     /* orders that this run made due */
	bool is_cut; /* stopped early: quota, or the worker ends */
};

/* Where to read a list: from a while before the last row that is known. */
struct span {
	int64_t from_ms, known_ms;
};

/*
 * Between two pages: is the lease still ours, and is there time and quota for another? Whatever is
 * left of the quota, a run reads on until it has seen something new: other apps may need most of it
 * day and night.
 */
static enum rc
between_pages(struct sweep *sweep, bool is_new, bool *end, struct err *err)
{
	if (work_is_stopping() || (is_new && !store_has_quota(sweep->bc)))
		sweep->is_cut = *end = true;
	return job_extend(sweep->app, sweep->job, err);
}

static enum rc
keep_refunds(struct sweep *sweep, const void *ctx, const struct bc_refund_brief *briefs,
    size_t count, const struct bc_position *through, struct err *err)
{
	int64_t *refund_ids = mem_array(ctx, int64_t, count + 1);
	int64_t *order_ids = mem_array(ctx, int64_t, count + 1);
	struct db_rows *rows;
	enum rc rc;

	for (size_t i = 0; i < count; i++) {
		refund_ids[i] = briefs[i].id;
		order_ids[i] = briefs[i].order_id;
	}
	rc = db_call(sweep->app->db, ctx, &rows, err,
	    "select api.sweep_refunds($1, $2, $3, $4, $5, $6) as due",
	    DB_PARAMS(db_text(sweep->job->store_hash), db_ints(refund_ids, count),
		db_ints(order_ids, count), db_time(through->time_ms), db_int(through->id),
		db_time(clock_now_ms())));
	if (rc == RC_OK)
		sweep->due += (int)db_get_int(rows, 0, "due");
	return rc;
}

static enum rc
sweep_refunds(struct sweep *sweep, const struct span *span, struct err *err)
{
	struct bc_position position = { .time_ms = span->from_ms };
	bool end = false;
	enum rc rc = RC_OK;

	while (rc == RC_OK && !end) {
		void *page = mem_context("page of refunds");
		struct bc_refund_brief *briefs;
		size_t count;

		rc = bc_refunds_since(sweep->bc, page, &position, &briefs, &count, &end, err);
		if (rc == RC_OK)
			rc = keep_refunds(sweep, page, briefs, count, &position, err);
		if (rc == RC_OK)
			rc = between_pages(sweep, position.time_ms > span->known_ms, &end, err);
		talloc_free(page);
	}
	return rc;
}

static enum rc
keep_orders(struct sweep *sweep, const void *ctx, const struct bc_order_brief *briefs, size_t count,
    const struct bc_position *through, bool end, struct err *err)
{
	int64_t *ids = mem_array(ctx, int64_t, count + 1);
	int64_t *statuses = mem_array(ctx, int64_t, count + 1);
	int64_t *modified = mem_array(ctx, int64_t, count + 1);
	struct db_rows *rows;
	enum rc rc;

	for (size_t i = 0; i < count; i++) {
		ids[i] = briefs[i].id;
		statuses[i] = briefs[i].status_id;
		modified[i] = briefs[i].modified_ms;
	}
	rc = db_call(sweep->app->db, ctx, &rows, err,
	    "select api.sweep_orders($1, $2, $3, $4, $5, $6, $7, $8, $9) as due",
	    DB_PARAMS(db_text(sweep->job->store_hash), db_ints(ids, count),
		db_ints(statuses, count), db_ints(modified, count),
		db_int(sweep->app->conf->sweep_overlap_ms), db_time(through->time_ms),
		db_int(through->id), db_bool(end), db_time(clock_now_ms())));
	if (rc == RC_OK)
		sweep->due += (int)db_get_int(rows, 0, "due");
	return rc;
}

static enum rc
sweep_orders(struct sweep *sweep, const struct span *span, struct err *err)
{
	struct bc_position position = { .time_ms = span->from_ms };
	bool end = false;
	enum rc rc = RC_OK;

	while (rc == RC_OK && !end) {
		void *page = mem_context("page of orders");
		struct bc_order_brief *briefs;
		size_t count;

		rc = bc_orders_since(sweep->bc, page, &position, &briefs, &count, &end, err);
		if (rc == RC_OK)
			rc = keep_orders(sweep, page, briefs, count, &position, end, err);
		if (rc == RC_OK)
			rc = between_pages(sweep, position.time_ms > span->known_ms, &end, err);
		talloc_free(page);
	}
	return rc;
}

/* Both lists, from where the last run ended. */
static enum rc
run(struct sweep *sweep, const void *ctx, struct err *err)
{
	const struct conf *conf = sweep->app->conf;
	struct db_rows *rows;
	struct span refunds, orders;
	enum rc rc =
	    db_read(sweep->app->db, ctx, &rows, err, "select * from api.sweep_begin($1, $2)",
		DB_PARAMS(db_text(sweep->job->store_hash), db_int(conf->sweep_overlap_ms)));

	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "the store is gone");
	refunds.from_ms = db_get_time(rows, 0, "refunds_from");
	refunds.known_ms = db_get_time(rows, 0, "refunds_known");
	orders.from_ms = db_get_time(rows, 0, "orders_from");
	orders.known_ms = db_get_time(rows, 0, "orders_known");
	rc = sweep_refunds(sweep, &refunds, err);
	if (rc == RC_OK && !work_is_stopping() &&
	    clock_now_ms() - db_get_time(rows, 0, "orders_read_at") >= conf->sweep_orders_ms)
		rc = sweep_orders(sweep, &orders, err);
	return rc;
}

static enum rc
note_quota(struct sweep *sweep, const void *ctx, struct err *err)
{
	const struct bc *bc = sweep->bc;

	if (bc->quota_left < 0 || bc->quota_total < 0)
		return RC_OK;
	return db_call(sweep->app->db, ctx, NULL, err, "select api.store_quota($1, $2, $3)",
	    DB_PARAMS(db_text(bc->store_hash), db_int(bc->quota_left), db_int(bc->quota_total)));
}

enum rc
work_sweep(struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	struct store store;
	struct bc bc;
	struct sweep sweep = { .app = app, .job = job, .bc = &bc };
	bool is_installed;
	enum rc rc = work_store(app, ctx, job, &store, &bc, &is_installed, err);

	if (rc != RC_OK || !is_installed)
		return rc;
	rc = run(&sweep, ctx, err);
	if (rc == RC_OK)
		rc = store_token_noted(app, &store, false, err);
	if (rc == RC_OK)
		rc = note_quota(&sweep, ctx, err);
	if (rc != RC_OK) {
		work_store_failed(app, &store, &bc);
		return rc;
	}
	if (sweep.is_cut)
		work_again(next, store_quota_pause_ms(&bc), "to be continued");
	else
		work_again(
		    next, app->conf->sweep_refunds_ms, mem_printf(ctx, "looks due: %d", sweep.due));
	return RC_OK;
}
