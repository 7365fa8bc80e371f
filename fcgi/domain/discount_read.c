/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a store's discounts: every coupon, every promotion, then the promotions' codes. No call
 * takes from the store's API quota what refunds may need: half a list would deny discounts that are
 * there, so lists wait for a better time (60 pages at most fit into half of BigCommerce's smallest
 * quota, 150); codes are left out, and the page says of which promotion.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "domain/discount.h"
#include "domain/store.h"

#define COUPON_PAGES    40  /* 10,000 coupons */
#define PROMOTION_PAGES 20  /* BigCommerce advises fewer than 100 active promotions */
#define CODE_CALLS      100 /* of one reading, over all promotions */
#define CODE_PAGES      8   /* 2,000 codes of one promotion */
#define NAME_MAX_BYTES  200
#define CODE_MAX_BYTES  50 /* BigCommerce's own limit */

struct reading {
	struct bc *bc;
	const void *ctx;
	const char *currency;
	int64_t now_ms;
	struct json_out *rows;
	const struct json *promotions[PROMOTION_PAGES]; /* read before any of their codes */
	int promotion_pages;
	int code_calls;
	bool is_stopped; /* a list was not read to its end: quota */
};

struct codes {
	struct json_out *all, *used;
	bool is_cut; /* there may be more than was read */
};

static void
put_time(struct json_out *facts, const char *key, const char *text)
{
	int64_t at_ms;

	if (text != NULL && text_time_ms(text, &at_ms))
		json_put_int(facts, key, at_ms);
}

static struct json_out *
row_begin(struct reading *r, const char *source, int64_t id, const char *name,
    struct discount_verdict verdict)
{
	struct json_out *row = json_out_object(r->ctx);

	json_put_text(row, "source", source);
	json_put_int(row, "id", id);
	json_put_text(row, "name", text_is_plain(name, NAME_MAX_BYTES) ? name : "");
	json_put_text(row, "verdict", verdict.verdict);
	json_put_text(row, "reason", verdict.reason);
	return row;
}

static void
add_code(struct codes *codes, const struct json *code)
{
	const char *text = json_get_text(code, "code", "");
	int64_t limit = json_get_int(code, "max_uses", 0);

	if (*text == '\0' || !text_is_plain(text, CODE_MAX_BYTES))
		return;
	json_add_text(codes->all, text);
	if (limit > 0 && json_get_int(code, "current_uses", 0) >= limit)
		json_add_text(codes->used, text);
}

static void
add_coupon(struct reading *r, const struct json *coupon)
{
	int64_t id = json_get_int(coupon, "id", 0);
	struct codes codes = { json_out_array(r->ctx), json_out_array(r->ctx), false };
	struct json_out *row, *facts = json_out_object(r->ctx);

	/* These repeat the codes of promotions, without what they say of themselves. */
	if (id <= 0 || strcmp(json_get_text(coupon, "type", ""), "promotion") == 0)
		return;
	add_code(&codes, coupon);
	put_time(facts, "ends_ms", json_get_text(coupon, "expires", NULL));
	row = row_begin(r, "coupon", id, json_get_text(coupon, "name", ""),
	    discount_judge_coupon(coupon, r->now_ms));
	json_put(row, "codes", codes.all);
	json_put(row, "facts", facts);
	json_add(r->rows, row);
}

/* Before each page of a list. */
static bool
may_read_list(struct reading *r)
{
	r->is_stopped = r->is_stopped || !store_has_quota(r->bc);
	return !r->is_stopped;
}

static enum rc
read_coupons(struct reading *r, struct err *err)
{
	int64_t after = 0;

	for (int page = 0; page < COUPON_PAGES && may_read_list(r); page++) {
		const struct json *coupons;
		int64_t highest = after;
		enum rc rc = bc_coupons_read(r->bc, r->ctx, after, &coupons, err);

		if (rc != RC_OK)
			return rc;
		for (size_t i = 0; i < json_count(coupons); i++) {
			int64_t id = json_get_int(json_at(coupons, i), "id", 0);

			add_coupon(r, json_at(coupons, i));
			highest = id > highest ? id : highest;
		}
		if (highest == after)
			return RC_OK;
		after = highest;
	}
	return RC_OK;
}

/* Before each page of codes, the costly part. */
static bool
may_read_codes(struct reading *r)
{
	return store_has_quota(r->bc) && r->code_calls++ < CODE_CALLS;
}

static enum rc
read_codes(struct reading *r, int64_t promotion_id, struct codes *codes, struct err *err)
{
	const char *after = NULL;

	for (int page = 0; page < CODE_PAGES; page++) {
		const struct json *rows;
		enum rc rc;

		if (!may_read_codes(r))
			break;
		rc =
		    bc_promotion_codes_read(r->bc, r->ctx, promotion_id, after, &rows, &after, err);
		if (rc != RC_OK)
			return rc;
		for (size_t i = 0; i < json_count(rows); i++)
			add_code(codes, json_at(rows, i));
		if (after == NULL)
			return RC_OK;
	}
	codes->is_cut = true;
	return RC_OK;
}

/* A promotion with a single code carries it; those of the others, and of none, are asked for. */
static enum rc
find_codes(struct reading *r, const struct json *promotion, struct codes *codes, struct err *err)
{
	const struct json *own = json_get(promotion, "codes");

	if (strcmp(json_get_text(promotion, "redemption_type", ""), "COUPON") != 0)
		return RC_OK;
	if (json_is_object(own) && json_get(own, "code") != NULL) {
		add_code(codes, own);
		return RC_OK;
	}
	return read_codes(r, json_get_int(promotion, "id", 0), codes, err);
}

static enum rc
add_promotion(struct reading *r, const struct json *promotion, struct err *err)
{
	int64_t id = json_get_int(promotion, "id", 0);
	struct codes codes = { json_out_array(r->ctx), json_out_array(r->ctx), false };
	struct json_out *row, *facts = json_out_object(r->ctx);
	enum rc rc;

	if (id <= 0)
		return RC_OK;
	rc = find_codes(r, promotion, &codes, err);
	if (rc != RC_OK)
		return rc;
	put_time(facts, "begins_ms", json_get_text(promotion, "start_date", NULL));
	put_time(facts, "ends_ms", json_get_text(promotion, "end_date", NULL));
	json_put(facts, "used", codes.used);
	json_put_bool(facts, "cut", codes.is_cut);
	row = row_begin(r, "promotion", id, json_get_text(promotion, "name", ""),
	    discount_judge_promotion(promotion, r->currency, r->now_ms));
	json_put(row, "codes", codes.all);
	json_put(row, "facts", facts);
	json_add(r->rows, row);
	return RC_OK;
}

static enum rc
read_promotions(struct reading *r, struct err *err)
{
	bool last = false;

	while (!last && r->promotion_pages < PROMOTION_PAGES && may_read_list(r)) {
		int page = r->promotion_pages++;
		enum rc rc =
		    bc_promotions_read(r->bc, r->ctx, page + 1, &r->promotions[page], &last, err);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
add_promotions(struct reading *r, struct err *err)
{
	for (int page = 0; page < r->promotion_pages; page++) {
		const struct json *rows = r->promotions[page];
		enum rc rc = RC_OK;

		for (size_t i = 0; rc == RC_OK && i < json_count(rows); i++)
			rc = add_promotion(r, json_at(rows, i), err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Everything, or as much as there is quota for: r->is_stopped. */
static enum rc
read_all(struct reading *r, struct err *err)
{
	enum rc rc = read_coupons(r, err);

	if (rc == RC_OK)
		rc = read_promotions(r, err);
	return rc == RC_OK && !r->is_stopped ? add_promotions(r, err) : rc;
}

/* The page explains why it has nothing newer; the job's own failure is what counts. */
static void
note_failure(struct app *app, const struct reading *r)
{
	const char *word = r->bc->status == 403   ? "scope"
			   : r->bc->status == 401 ? "refused"
						  : "away";
	struct err ignored;
	enum rc rc = db_call(app->db, r->ctx, NULL, &ignored, "select api.discounts_failed($1, $2)",
	    DB_PARAMS(db_text(r->bc->store_hash), db_text(word)));

	(void)rc;
}

enum rc
discount_read(struct app *app, const void *ctx, const struct store *store, struct bc *bc,
    int64_t *wait_ms, struct err *err)
{
	struct reading r = {
		.bc = bc,
		.ctx = ctx,
		.currency = store->currency,
		.now_ms = clock_now_ms(),
		.rows = json_out_array(ctx),
	};
	enum rc rc = read_all(&r, err);

	*wait_ms = 0;
	if (rc != RC_OK) {
		note_failure(app, &r);
		return rc;
	}
	if (r.is_stopped) {
		*wait_ms = store_quota_pause_ms(bc);
		return RC_OK;
	}
	return db_call(app->db, ctx, NULL, err, "select api.discounts_store($1, $2, $3)",
	    DB_PARAMS(
		db_text(store->hash), db_text(json_out_text(ctx, r.rows)), db_time(r.now_ms)));
}
