/* SPDX-License-Identifier: Apache-2.0 */
/* Refunds in the database: rows of an order, the commit before a send, the outcome after it, what
 * people decide. */
#include "domain/refund.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

/* Decisions ------------------------------------------------------------------------------------ */

enum rc
refund_approve(struct app *app, const struct refund_key *key, int64_t amount_minor, const char *who,
    struct err *err)
{
	return db_call(app->db, NULL, NULL, err,
	    "select api.refund_approve($1, $2, $3, $4, $5, $6, $7)",
	    DB_PARAMS(db_text(key->store_hash), db_int(key->order_id), db_text(key->source),
		db_int(key->source_id), db_int(amount_minor), db_text(who),
		db_time(clock_now_ms())));
}

enum rc
refund_retry(struct app *app, const struct refund_key *key, const char *who, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.refund_retry($1, $2, $3, $4, $5, $6)",
	    DB_PARAMS(db_text(key->store_hash), db_int(key->order_id), db_text(key->source),
		db_int(key->source_id), db_text(who), db_time(clock_now_ms())));
}

enum rc
refund_dismiss(struct app *app, const struct refund_key *key, const char *reason, const char *who,
    struct err *err)
{
	return db_call(app->db, NULL, NULL, err,
	    "select api.refund_dismiss($1, $2, $3, $4, $5, $6, $7)",
	    DB_PARAMS(db_text(key->store_hash), db_int(key->order_id), db_text(key->source),
		db_int(key->source_id), db_text(reason), db_text(who), db_time(clock_now_ms())));
}

enum rc
order_recheck(struct app *app, const char *store_hash, int64_t order_id, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.order_recheck($1, $2, $3)",
	    DB_PARAMS(db_text(store_hash), db_int(order_id), db_time(clock_now_ms())));
}

enum rc
refunds_hold(struct app *app, const char *who, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.refunds_hold($1, $2)",
	    DB_PARAMS(db_text(who), db_time(clock_now_ms())));
}

enum rc
refunds_resume(struct app *app, const char *who, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.refunds_resume($1, $2)",
	    DB_PARAMS(db_text(who), db_time(clock_now_ms())));
}

/* Rows ----------------------------------------------------------------------------------------- */

static bool
read_row(const struct db_rows *rows, size_t i, struct refund *out)
{
	*out = (struct refund){
		.source_id = db_get_int(rows, i, "source_id"),
		.version = db_get_int(rows, i, "version"),
		.amount_minor = db_get_int(rows, i, "amount_minor"),
		.currency = db_get_text(rows, i, "currency"),
		.marker = db_get_text(rows, i, "marker"),
		.user_id = db_get_int(rows, i, "user_id"),
		.made_ms = db_get_time(rows, i, "made_at"),
		.created_ms = db_get_time(rows, i, "created_at"),
		.send_by_ms = db_get_time(rows, i, "send_by"),
		.sent_ms = db_get_time(rows, i, "sent_at"),
		.violet_refund_id = db_get_int(rows, i, "violet_refund_id"),
		.violet_status = db_get_text(rows, i, "violet_status"),
		.absent_ms = db_get_time(rows, i, "absent_at"),
		.blocked_ms = db_get_time(rows, i, "blocked_at"),
		.poll_ms = db_get_time(rows, i, "poll_at"),
		.polls = (int)db_get_int(rows, i, "polls"),
		.review = review_from_name(db_get_text(rows, i, "review_code")),
		.review_reason = db_get_text(rows, i, "review_reason"),
		.proposed_minor = db_get_int(rows, i, "proposed_minor"),
		.proposed_how = db_get_text(rows, i, "proposed_how"),
		.wait_code = db_get_text(rows, i, "wait_code"),
		.is_approved = db_get_bool(rows, i, "is_approved"),
		.is_settled = db_get_bool(rows, i, "is_settled"),
		.attempts = (int)db_get_int(rows, i, "attempts"),
		.attempt_minor = db_get_int(rows, i, "attempt_minor"),
		.lines_refused = db_get_bool(rows, i, "lines_refused"),
	};
	out->seen_ids = db_get_ints(rows, i, "seen_ids", &out->seen_count);
	out->tried_ids = db_get_ints(rows, i, "tried_ids", &out->tried_count);
	return refund_source_find(db_get_text(rows, i, "source"), &out->source) &&
	       refund_state_find(db_get_text(rows, i, "state"), &out->state);
}

enum rc
refund_read(struct app *app, const void *ctx, const char *store_hash, int64_t order_id,
    struct refund **out, size_t *count, struct err *err)
{
	struct db_rows *rows;
	struct refund *refunds;
	enum rc rc = db_read(app->db, ctx, &rows, err, "select * from api.refund_read($1, $2)",
	    DB_PARAMS(db_text(store_hash), db_int(order_id)));

	if (rc != RC_OK)
		return rc;
	refunds = mem_array(ctx, struct refund, db_count(rows) + 1);
	for (size_t i = 0; i < db_count(rows); i++)
		if (!read_row(rows, i, &refunds[i]))
			return err_set(err, RC_BROKEN,
			    "order %" PRId64 " has a refund that this version does not know",
			    order_id);
	*out = refunds;
	*count = db_count(rows);
	return RC_OK;
}

static struct db_param
int_or_null(int64_t i)
{
	return i != 0 ? db_int(i) : db_null();
}

static struct db_param
time_or_null(int64_t time_ms)
{
	return time_ms != 0 ? db_time(time_ms) : db_null();
}

enum rc
refund_put(struct app *app, const char *store_hash, int64_t order_id, struct refund *refund,
    const char *why, struct err *err)
{
	void *ctx = mem_context("refund_put");
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err,
	    "select api.refund_put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
	    "$15, $16, $17, $18, $19, "
	    "$20, $21, $22, $23, $24, $25, $26) as version",
	    DB_PARAMS(db_text(store_hash), db_int(order_id),
		db_text(refund_source_name(refund->source)), db_int(refund->source_id),
		db_int(refund->version), db_text(refund_state_name(refund->state)),
		int_or_null(refund->amount_minor), db_text(refund->currency),
		db_text(refund->marker), db_int(refund->user_id), db_time(refund->made_ms),
		time_or_null(refund->sent_ms), int_or_null(refund->violet_refund_id),
		db_text(refund->violet_status), time_or_null(refund->absent_ms),
		time_or_null(refund->blocked_ms), db_text(refund->wait_code),
		time_or_null(refund->poll_ms), db_int(refund->polls),
		db_text(review_name(refund->review)), db_text(refund->review_reason),
		int_or_null(refund->proposed_minor), db_text(refund->proposed_how),
		db_text(refund->dismissed_reason), db_text(why), db_time(clock_now_ms())));

	if (rc == RC_OK)
		refund->version = db_get_int(rows, 0, "version");
	talloc_free(ctx);
	return rc;
}

/* Sending -------------------------------------------------------------------------------------- */

enum rc
refund_begin(struct app *app, const void *ctx, const struct job *job, struct refund *refund,
    const struct refund_sums *sums, const char **refused, struct err *err)
{
	const struct conf *conf = app->conf;
	int64_t now_ms = clock_now_ms();
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err,
	    "select * from api.refund_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
	    "$13, $14, $15, $16, $17, $18, "
	    "$19)",
	    DB_PARAMS(db_text(job->store_hash), db_int(job->ref),
		db_text(refund_source_name(refund->source)), db_int(refund->source_id),
		db_int(refund->version), db_int(refund->amount_minor), db_int(sums->owed_minor),
		db_int(sums->paid_minor), db_int(sums->total_minor),
		db_ints(sums->seen_ids, sums->seen_count), db_time(now_ms + conf->send_ms),
		db_text(job->lease_token), db_int(job->generation), db_int(conf->settle_ms),
		db_int(conf->fuse_store_count), db_int(conf->fuse_store_amount),
		db_int(conf->fuse_total_count), db_int(conf->fuse_total_amount), db_time(now_ms)));

	if (rc != RC_OK)
		return rc;
	*refused = db_get_text(rows, 0, "refused");
	if (db_get_text(rows, 0, "alarm") != NULL)
		log_line(LOG_ALARM,
		    "refunds stopped by the fuse: %s; check, then: violet-bigcommerce refunds "
		    "resume",
		    db_get_text(rows, 0, "alarm"));
	if (*refused != NULL)
		return RC_OK;
	refund->version = db_get_int(rows, 0, "version");
	refund->state = REFUND_SENDING;
	refund->attempts++;
	return RC_OK;
}

enum rc
refund_end(struct app *app, const char *store_hash, int64_t order_id, const struct refund *refund,
    const struct refund_outcome *outcome, struct err *err)
{
	return db_call(app->db, NULL, NULL, err,
	    "select api.refund_end($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
	    DB_PARAMS(db_text(store_hash), db_int(order_id),
		db_text(refund_source_name(refund->source)), db_int(refund->source_id),
		db_int(refund->attempts), db_text(refund_state_name(outcome->state)),
		db_text(outcome->outcome), int_or_null(outcome->violet_refund_id),
		db_text(outcome->violet_status), db_text(review_name(outcome->review)),
		db_text(outcome->review_reason), db_text(outcome->wait_code),
		db_text(outcome->detail), db_time(clock_now_ms())));
}
