/* SPDX-License-Identifier: Apache-2.0 */
/* Finding an order's bag at Violet, and its row. A hit counts only if it is exactly ours; half an
 * answer is no answer. */
#include "domain/bag.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/channel.h"
#include "lib/json.h"

static const char *const state_names[] = {
	[BAG_NONE] = "none",
	[BAG_SEARCHING] = "searching",
	[BAG_FOUND] = "found",
	[BAG_NOT_OURS] = "not_ours",
	[BAG_AMBIGUOUS] = "ambiguous",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == BAG__COUNT, "a word for each");

static const char *const brake_names[] = {
	[BRAKE_NONE] = "",
	[BRAKE_SHADOW] = "shadow",
	[BRAKE_HOLD] = "hold",
	[BRAKE_FUSE] = "fuse",
	[BRAKE_TIMELINE] = "timeline",
};
_Static_assert(sizeof(brake_names) / sizeof(brake_names[0]) == BRAKE__COUNT, "a word for each");

static enum bag_state
state_find(const char *name)
{
	size_t i = text_find(name, state_names, BAG__COUNT);

	return i < BAG__COUNT ? (enum bag_state)i : BAG_NONE;
}

/* The setting goes before the switch in the database: it is the operator's word at start. */
static enum brake
brake_find(const struct conf *conf, const char *name)
{
	size_t i = text_find(name, brake_names, BRAKE__COUNT);

	if (conf->refunds == REFUNDS_SHADOW)
		return BRAKE_SHADOW;
	if (conf->refunds == REFUNDS_HOLD)
		return BRAKE_HOLD;
	if (name == NULL)
		return BRAKE_NONE;
	/* A brake that this version doesn't know is a brake all the same. */
	return i < BRAKE__COUNT ? (enum brake)i : BRAKE_HOLD;
}

enum rc
bag_read(struct app *app, const void *ctx, const char *store_hash, int64_t order_id,
    struct bag *out, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err, "select * from api.bag_read($1, $2, $3, $4)",
	    DB_PARAMS(db_text(store_hash), db_int(order_id), db_int(app->conf->settle_ms),
		db_time(clock_now_ms())));

	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "there is no store %s", store_hash);
	*out = (struct bag){
		.state = state_find(db_get_text(rows, 0, "state")),
		.channel_id = db_get_int(rows, 0, "channel_id"),
		.violet = {
			.id = db_get_int(rows, 0, "bag_id"),
			.order_id = db_get_int(rows, 0, "violet_order_id"),
			.merchant_id = db_get_int(rows, 0, "merchant_id"),
			.status = db_get_text(rows, 0, "bag_status"),
			.currency = db_get_text(rows, 0, "currency"),
			.total_minor = db_get_int(rows, 0, "total_minor"),
		},
		.status = (int)db_get_int(rows, 0, "cancel_status"),
		.episode = (int)db_get_int(rows, 0, "cancel_count"),
		.status_seen_ms = db_get_time(rows, 0, "cancel_seen_at"),
		.owed_minor = db_get_int(rows, 0, "owed_minor"),
		.justified_minor = db_get_int(rows, 0, "justified_minor"),
		.reopened_ms = db_get_time(rows, 0, "reopened_at"),
		.overpaid_ms = db_get_time(rows, 0, "overpaid_at"),
		.created_ms = db_get_time(rows, 0, "created_at"),
		.first_installed_ms = db_get_time(rows, 0, "first_installed_at"),
		.brake = brake_find(app->conf, db_get_text(rows, 0, "brake")),
	};
	out->status_refund_ids =
	    db_get_ints(rows, 0, "cancel_refund_ids", &out->status_refund_count);
	return RC_OK;
}

/* Searching ------------------------------------------------------------------------------------ */

struct search {
	struct app *app;
	const void *ctx;
	const char *order; /* BigCommerce's order id as text */
	size_t hits;       /* different bags that are exactly ours */
	size_t strays;     /* answers that name our order, but not all of what is ours */
	struct violet_bag bag;
	int64_t channel_id;
	int64_t retry_after_ms;
};

static bool
is_text(const char *s, const char *wanted)
{
	return s != NULL && strcmp(s, wanted) == 0;
}

static void
take_hit(
    struct search *search, const struct violet_bag *bag, int64_t merchant_id, int64_t channel_id)
{
	bool is_ours = bag->id > 0 && bag->order_id > 0 && bag->merchant_id == merchant_id &&
		       is_text(bag->platform, "BIGCOMMERCE") && bag->currency != NULL &&
		       bag->total_minor > 0;

	if (!is_text(bag->external_id, search->order))
		return; /* not what was asked for */
	if (!is_ours) {
		search->strays++;
		return;
	}
	if (search->hits > 0 && search->bag.id == bag->id)
		return;
	search->hits++;
	search->bag = *bag;
	search->channel_id = channel_id;
}

static enum rc
ask(struct search *search, struct violet *violet, int64_t channel_id, int64_t merchant_id,
    struct err *err)
{
	struct violet_bag *bags;
	size_t count;
	enum rc rc =
	    violet_bags_search(violet, search->ctx, merchant_id, search->order, &bags, &count, err);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < count; i++)
		take_hit(search, &bags[i], merchant_id, channel_id);
	return RC_OK;
}

static enum rc
ask_channel(
    struct search *search, int64_t channel_id, const struct db_rows *merchants, struct err *err)
{
	struct violet violet = { 0 };
	enum rc rc = channel_api(search->app, search->ctx, channel_id, &violet, err);

	for (size_t i = 0; rc == RC_OK && i < db_count(merchants); i++)
		rc = ask(search, &violet, channel_id, db_get_int(merchants, i, "merchant_id"), err);
	if (rc != RC_OK)
		search->retry_after_ms = violet.retry_after_ms;
	return rc;
}

static void
conclude(const struct search *search, struct bag *bag)
{
	if (search->hits == 0 && search->strays == 0) {
		bag->state = BAG_SEARCHING;
	} else if (search->hits == 1 && search->strays == 0) {
		bag->state = BAG_FOUND;
		bag->violet = search->bag;
		bag->channel_id = search->channel_id;
	} else {
		bag->state = BAG_AMBIGUOUS;
	}
}

/*
 * A channel whose credentials are dead must not keep another channel's order from being paid: one
 * exact hit counts. But without a hit it is the one that might have it.
 */
static enum rc
ask_all(struct search *search, const int64_t *channels, size_t count,
    const struct db_rows *merchants, struct err *err)
{
	struct err denied = { .code = RC_OK };

	for (size_t i = 0; i < count; i++) {
		enum rc rc = ask_channel(search, channels[i], merchants, err);

		if (rc == RC_DENIED)
			denied = *err;
		else if (rc != RC_OK)
			return rc;
	}
	if (denied.code == RC_OK || search->hits == 1)
		return RC_OK;
	return err_set(err, RC_DENIED, "%.400s", denied.text);
}

enum rc
bag_search(struct app *app, const void *ctx, const char *store_hash, int64_t order_id,
    struct bag *bag, struct bag_asked *asked, struct err *err)
{
	struct search search = {
		.app = app, .ctx = ctx, .order = mem_printf(ctx, "%" PRId64, order_id)
	};
	struct db_rows *merchants;
	int64_t *channels;
	size_t count;
	enum rc rc = channel_ever_linked(app, ctx, store_hash, &channels, &count, err);

	if (rc == RC_OK)
		rc = db_read(app->db, ctx, &merchants, err, "select * from api.bag_merchants($1)",
		    DB_PARAMS(db_text(store_hash)));
	if (rc != RC_OK)
		return rc;
	*asked = (struct bag_asked){ .channels = count, .merchants = db_count(merchants) };
	rc = ask_all(&search, channels, count, merchants, err);
	asked->retry_after_ms = search.retry_after_ms;
	if (rc != RC_OK)
		return rc;
	conclude(&search, bag);
	return RC_OK;
}

enum rc
bag_refresh(struct app *app, const void *ctx, int64_t order_id, struct bag *bag,
    struct bag_asked *asked, struct err *err)
{
	struct search search = {
		.app = app, .ctx = ctx, .order = mem_printf(ctx, "%" PRId64, order_id)
	};
	int64_t bag_id = bag->violet.id;
	struct violet violet = { 0 };
	enum rc rc = channel_api(app, ctx, bag->channel_id, &violet, err);

	if (rc == RC_OK)
		rc = ask(&search, &violet, bag->channel_id, bag->violet.merchant_id, err);
	*asked = (struct bag_asked){
		.channels = 1,
		.merchants = 1,
		.retry_after_ms = violet.retry_after_ms,
	};
	if (rc != RC_OK)
		return rc;
	if (search.hits == 0 && search.strays == 0)
		return err_set(err, RC_BUSY,
		    "violet does not show bag %" PRId64 " of order %" PRId64 " now", bag_id,
		    order_id);
	conclude(&search, bag);
	if (bag->state == BAG_FOUND && bag->violet.id != bag_id)
		bag->state = BAG_AMBIGUOUS;
	return RC_OK;
}

/* The row -------------------------------------------------------------------------------------- */

static const char *
lines_text(const void *ctx, const struct violet_bag *bag)
{
	struct json_out *lines = json_out_array(ctx);

	for (size_t i = 0; i < bag->line_count; i++) {
		struct json_out *line = json_out_object(ctx);

		json_put_int(line, "id", bag->lines[i].id);
		json_put_text(line, "external_id", bag->lines[i].external_id);
		json_put_text(line, "sku", bag->lines[i].sku);
		json_put_int(line, "quantity", bag->lines[i].quantity);
		json_put_int(line, "line_minor", bag->lines[i].line_minor);
		json_add(lines, line);
	}
	return json_out_text(ctx, lines);
}

static struct db_param
int_if(bool known, int64_t i)
{
	return known ? db_int(i) : db_null();
}

static struct db_param
time_or_null(int64_t time_ms)
{
	return time_ms != 0 ? db_time(time_ms) : db_null();
}

enum rc
bag_keep(struct app *app, const char *store_hash, int64_t order_id, const struct bag *bag,
    const struct bc_order *order, struct err *err)
{
	void *ctx = mem_context("bag_keep");
	bool found = bag->state == BAG_FOUND;
	const struct violet_bag *violet = &bag->violet;
	enum rc rc = db_call(app->db, ctx, NULL, err,
	    "select api.bag_keep($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
	    "$16, $17)",
	    DB_PARAMS(db_text(store_hash), db_int(order_id), db_text(state_names[bag->state]),
		int_if(found, violet->order_id), int_if(found, violet->id),
		int_if(found, bag->channel_id), int_if(found, violet->merchant_id),
		db_text(found ? violet->status : NULL), db_text(found ? violet->currency : NULL),
		int_if(found, violet->total_minor), db_text(found ? lines_text(ctx, violet) : NULL),
		int_if(order != NULL, order != NULL ? order->status_id : 0),
		db_text(order != NULL ? order->currency : NULL),
		int_if(order != NULL && order->is_exact, order != NULL ? order->total_minor : 0),
		time_or_null(order != NULL ? order->made_ms : 0),
		db_text(order != NULL ? order->external_source : NULL), db_time(clock_now_ms())));

	talloc_free(ctx);
	if (rc == RC_CONFLICT)
		rc = err_set(
		    err, RC_BROKEN, "bag %" PRId64 " is another order's already", violet->id);
	return rc;
}

enum rc
bag_looked(struct app *app, const struct job *job, const struct bag *bag,
    const struct bc_order *order, const struct bag_look *look, struct err *err)
{
	void *ctx = mem_context("bag_looked");
	bool follows = bag->status != 0;
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err,
	    "select api.bag_looked($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
	    "$15) as held",
	    DB_PARAMS(db_text(job->store_hash), db_int(job->ref), db_text(job->lease_token),
		int_if(order != NULL, order != NULL ? order->status_id : 0),
		int_if(follows, bag->status), db_int(bag->episode),
		time_or_null(bag->status_seen_ms),
		follows ? db_ints(bag->status_refund_ids, bag->status_refund_count) : db_null(),
		db_int(look->owed_minor), db_int(look->paid_minor), db_bool(look->is_frozen),
		time_or_null(bag->reopened_ms), time_or_null(bag->overpaid_ms),
		time_or_null(look->recheck_ms), db_time(clock_now_ms())));

	if (rc == RC_OK && !db_get_bool(rows, 0, "held"))
		rc = err_set(err, RC_CONFLICT, "the lease was lost");
	talloc_free(ctx);
	return rc;
}
