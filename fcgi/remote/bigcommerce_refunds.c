/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BigCommerce's refunds (V3): all of one order, and the list behind a position. Money is JSON
 * numbers, read from their text; an amount that is not exact spoils its refund, not the answer, so
 * that a person can decide.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/money.h"
#include "remote/bc_call.h"

#define BRIEF_PAGES_MAX 400

struct refunds {
	const void *ctx;
	int64_t order_id;
	int exponent;
	struct bc_refund *array;
	size_t count;
};

/* An amount that BigCommerce sends as number or string. */
static bool
amount_at(const struct json *row, const char *name, int exponent, int64_t *out)
{
	const char *text = json_number_text(json_get(row, name));

	return text != NULL && money_parse(text, exponent, out);
}

static void
item_read(const struct json *row, int exponent, struct bc_refund_item *out)
{
	out->type = json_get_text(row, "item_type", "");
	out->item_id = json_get_int(row, "item_id", 0);
	out->quantity = json_get_int(row, "quantity", 0);
	out->has_amount = amount_at(row, "requested_amount", exponent, &out->amount_minor);
	if (!out->has_amount)
		out->amount_minor = 0;
}

static bool
payment_read(const struct json *row, int exponent, struct bc_refund_payment *out)
{
	out->provider_id = json_get_text(row, "provider_id", "");
	out->is_offline = json_get_bool(row, "offline", false);
	out->is_declined = json_get_bool(row, "is_declined", false);
	return amount_at(row, "amount", exponent, &out->amount_minor);
}

static void
items_read(const void *ctx, const struct json *rows, int exponent, struct bc_refund *refund)
{
	size_t n = json_count(rows);
	struct bc_refund_item *items = mem_array(ctx, struct bc_refund_item, n + 1);

	for (size_t i = 0; i < n; i++)
		item_read(json_at(rows, i), exponent, &items[i]);
	refund->items = items;
	refund->item_count = n;
}

/* False if one of the amounts is not exact. */
static bool
payments_read(const void *ctx, const struct json *rows, int exponent, struct bc_refund *refund)
{
	size_t n = json_count(rows);
	struct bc_refund_payment *payments = mem_array(ctx, struct bc_refund_payment, n + 1);
	bool is_exact = true;

	for (size_t i = 0; i < n; i++)
		is_exact = payment_read(json_at(rows, i), exponent, &payments[i]) && is_exact;
	refund->payments = payments;
	refund->payment_count = n;
	return is_exact;
}

static enum rc
refund_add(void *user, const struct json *row, struct err *err)
{
	struct refunds *refunds = user;
	const struct json *payments = json_get(row, "payments");
	struct bc_refund *refund;
	int64_t id, made_ms;

	if (!bc_id(row, "id", &id))
		return err_set(
		    err, RC_INVALID, "a refund of order %" PRId64 " has no id", refunds->order_id);
	if (json_get_int(row, "order_id", refunds->order_id) != refunds->order_id)
		return err_set(
		    err, RC_INVALID, "refund %" PRId64 " is of another order than asked for", id);
	/* An empty list means "all offline", so one that is there and unreadable must not look
	 * empty. */
	if (payments != NULL && !json_is_array(payments))
		return err_set(err, RC_INVALID, "refund %" PRId64 " has unreadable payments", id);
	if (!bc_time_at(row, "created", &made_ms))
		return err_set(err, RC_INVALID, "refund %" PRId64 " has an unreadable date", id);
	refunds->array = mem_grow(refunds->ctx, refunds->array, refunds->count, sizeof(*refund));
	refund = &refunds->array[refunds->count++];
	refund->id = id;
	refund->user_id = json_get_int(row, "user_id", 0);
	refund->made_ms = made_ms;
	refund->is_exact = amount_at(row, "total_amount", refunds->exponent, &refund->total_minor);
	items_read(refunds->ctx, json_get(row, "items"), refunds->exponent, refund);
	if (!payments_read(refunds->ctx, payments, refunds->exponent, refund))
		refund->is_exact = false;
	return RC_OK;
}

static int
by_id(const void *a, const void *b)
{
	const struct bc_refund *x = a;
	const struct bc_refund *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Ascending, each id once: a refund made while the pages were read may shift the rows. */
static size_t
sort_refunds(struct bc_refund *array, size_t count)
{
	size_t kept = 0;

	if (count == 0)
		return 0;
	qsort(array, count, sizeof(*array), by_id);
	for (size_t i = 1; i < count; i++)
		if (array[i].id != array[kept].id)
			array[++kept] = array[i];
	return kept + 1;
}

enum rc
bc_refunds_read(struct bc *bc, const void *ctx, int64_t order_id, const char *currency,
    struct bc_refund **out, size_t *count, struct err *err)
{
	struct refunds refunds = {
		.ctx = ctx, .order_id = order_id, .exponent = money_exponent(currency)
	};
	enum rc rc;

	if (refunds.exponent < 0)
		return err_set(err, RC_INVALID, "order %" PRId64 ": no currency", order_id);
	rc = bc_each(bc, ctx,
	    mem_printf(ctx, "/v3/orders/%" PRId64 "/payment_actions/refunds", order_id),
	    BC_PAGE_REFUND, refund_add, &refunds, err);
	if (rc != RC_OK)
		return rc;
	*out = refunds.array;
	*count = sort_refunds(refunds.array, refunds.count);
	return RC_OK;
}

/* The rows with ids above after_id, in the list's order. */
static enum rc
briefs_read(const struct json *rows, int64_t after_id, struct bc_refund_brief *out, size_t *count,
    struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < json_count(rows); i++) {
		const struct json *row = json_at(rows, i);
		struct bc_refund_brief brief;

		if (!bc_id(row, "id", &brief.id) || !bc_id(row, "order_id", &brief.order_id))
			return err_set(
			    err, RC_INVALID, "a refund in the list names no id or no order");
		if (!bc_time_at(row, "created", &brief.made_ms))
			return err_set(
			    err, RC_INVALID, "refund %" PRId64 " has an unreadable date", brief.id);
		if (brief.id > after_id)
			out[n++] = brief;
	}
	*count = n;
	return RC_OK;
}

/*
 * Refunds are listed by ascending id and never removed or changed in place, so within the refunds
 * of one second (or while all of a page is known) going on to the next page skips nothing.
 */
enum rc
bc_refunds_since(struct bc *bc, const void *ctx, struct bc_position *from,
    struct bc_refund_brief **out, size_t *count, bool *end, struct err *err)
{
	const char *path = mem_printf(ctx, "/v3/orders/payment_actions/refunds?created:min=%s",
	    bc_time_text(ctx, from->time_ms));
	bool last = false;

	*count = 0;
	for (int page = 1; *count == 0 && !last; page++) {
		const struct json *rows;
		enum rc rc;

		if (page > BRIEF_PAGES_MAX)
			return err_set(
			    err, RC_INVALID, "bigcommerce GET %s: the list does not end", path);
		rc = bc_page(bc, ctx, path, page, BC_PAGE_REFUND, &rows, &last, err);
		if (rc != RC_OK)
			return rc;
		*out = mem_array(ctx, struct bc_refund_brief, json_count(rows) + 1);
		rc = briefs_read(rows, from->id, *out, count, err);
		if (rc != RC_OK)
			return rc;
	}
	*end = last;
	if (*count > 0) {
		from->id = (*out)[*count - 1].id;
		if ((*out)[*count - 1].made_ms > from->time_ms)
			from->time_ms = (*out)[*count - 1].made_ms;
	}
	return RC_OK;
}
