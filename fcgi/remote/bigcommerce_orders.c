/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BigCommerce's orders (V2): one order, its products, and the list by time of change.
 * Money is in strings with four decimals, dates are RFC 2822, an empty list is 204.
 */
#include <inttypes.h>

#include "base/mem.h"
#include "base/money.h"
#include "remote/bc_call.h"

static enum rc
order_read(const struct json *answer, int64_t order_id, struct bc_order *out, struct err *err)
{
	const char *currency = json_get_text(answer, "default_currency_code", "");
	const char *total = json_number_text(json_get(answer, "total_inc_tax"));
	int64_t id, status_id, made_ms;

	if (!bc_id(answer, "id", &id) || id != order_id)
		return err_set(err, RC_INVALID, "the answer is about another order");
	if (!json_int_loose(json_get(answer, "status_id"), &status_id) || status_id < 0 ||
	    status_id > 1000)
		return err_set(err, RC_INVALID, "no readable status_id");
	if (money_exponent(currency) < 0)
		return err_set(err, RC_INVALID, "no readable default_currency_code");
	if (total == NULL)
		return err_set(err, RC_INVALID, "no total_inc_tax");
	if (!bc_time_at(answer, "date_created", &made_ms) || made_ms == 0)
		return err_set(err, RC_INVALID, "no readable date_created");
	*out = (struct bc_order){
		.id = id,
		.status_id = (int)status_id,
		.currency = currency,
		.external_source = json_get_text(answer, "external_source", NULL),
		.made_ms = made_ms,
	};
	out->is_exact = money_parse(total, money_exponent(currency), &out->total_minor);
	if (!out->is_exact)
		out->total_minor = 0;
	return RC_OK;
}

enum rc
bc_order_read(
    struct bc *bc, const void *ctx, int64_t order_id, struct bc_order *out, struct err *err)
{
	const char *path = mem_printf(ctx, "/v2/orders/%" PRId64, order_id);
	const struct json *answer;
	enum rc rc = bc_call(bc, ctx, "GET", path, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	rc = order_read(answer, order_id, out, err);
	if (rc != RC_OK)
		return err_prefix(err, "bigcommerce GET %s: ", path);
	return RC_OK;
}

struct products {
	const void *ctx;
	int exponent;
	struct bc_product *array;
	size_t count;
};

/* What the shopper paid for a line. */
static const char *
paid_text(const struct json *row)
{
	const char *discounted = json_number_text(json_get(row, "discounted_total_inc_tax"));

	return discounted != NULL ? discounted : json_number_text(json_get(row, "total_inc_tax"));
}

static enum rc
product_add(void *user, const struct json *row, struct err *err)
{
	struct products *products = user;
	const char *paid = paid_text(row);
	struct bc_product *product;
	int64_t id;

	if (!bc_id(row, "id", &id))
		return err_set(err, RC_INVALID, "an order product has no id");
	products->array =
	    mem_grow(products->ctx, products->array, products->count, sizeof(*product));
	product = &products->array[products->count++];
	product->id = id;
	product->variant_id = json_get_int(row, "variant_id", 0);
	product->sku = json_get_text(row, "sku", "");
	product->quantity = json_get_int(row, "quantity", 0);
	if (paid == NULL || !money_parse(paid, products->exponent, &product->paid_minor))
		product->paid_minor = -1;
	return RC_OK;
}

enum rc
bc_products_read(struct bc *bc, const void *ctx, int64_t order_id, const char *currency,
    struct bc_product **out, size_t *count, struct err *err)
{
	struct products products = { .ctx = ctx, .exponent = money_exponent(currency) };
	enum rc rc;

	if (products.exponent < 0)
		return err_set(err, RC_INVALID, "order %" PRId64 ": no currency", order_id);
	rc = bc_each(bc, ctx, mem_printf(ctx, "/v2/orders/%" PRId64 "/products", order_id), BC_PAGE,
	    product_add, &products, err);
	if (rc != RC_OK)
		return rc;
	*out = products.array;
	*count = products.count;
	return RC_OK;
}

static enum rc
briefs_read(const void *ctx, const struct json *rows, struct bc_order_brief **out, struct err *err)
{
	struct bc_order_brief *briefs = mem_array(ctx, struct bc_order_brief, json_count(rows) + 1);

	for (size_t i = 0; i < json_count(rows); i++) {
		const struct json *row = json_at(rows, i);
		int64_t status_id = json_get_int(row, "status_id", -1);

		if (!bc_id(row, "id", &briefs[i].id))
			return err_set(err, RC_INVALID, "an order in the list has no id");
		if (!bc_time_at(row, "date_modified", &briefs[i].modified_ms))
			return err_set(err, RC_INVALID,
			    "order %" PRId64 " has no readable date_modified", briefs[i].id);
		briefs[i].status_id = status_id < 0 || status_id > 1000 ? -1 : (int)status_id;
	}
	*out = briefs;
	return RC_OK;
}

/*
 * Whether BigCommerce's bounds are inclusive is not said, so each query reaches one second further
 * on both sides; seeing an order twice is harmless.
 */
static const char *
list_path(const void *ctx, const struct bc_position *from)
{
	const char *minimum = bc_time_text(ctx, from->time_ms - 1000);

	if (from->id == 0)
		return mem_printf(
		    ctx, "/v2/orders?min_date_modified=%s&sort=date_modified:asc", minimum);
	return mem_printf(ctx,
	    "/v2/orders?min_date_modified=%s&max_date_modified=%s&min_id=%" PRId64 "&sort=id:asc",
	    minimum, bc_time_text(ctx, from->time_ms + 1000), from->id);
}

/* Where the next page begins, after one that was read by time. */
static struct bc_position
after_by_time(
    const struct bc_position *from, const struct bc_order_brief *briefs, size_t count, bool end)
{
	int64_t last_ms = count == 0 ? 0 : briefs[count - 1].modified_ms;

	if (last_ms > from->time_ms)
		return (struct bc_position){ .time_ms = last_ms };
	if (end)
		return *from;
	/* A whole page within one second: walk through that second by id. */
	return (struct bc_position){ .time_ms = from->time_ms, .id = 1 };
}

static struct bc_position
after_by_id(
    const struct bc_position *from, const struct bc_order_brief *briefs, size_t count, bool end)
{
	if (end)
		return (struct bc_position){ .time_ms = from->time_ms + 1000 };
	return (struct bc_position){ .time_ms = from->time_ms, .id = briefs[count - 1].id + 1 };
}

enum rc
bc_orders_since(struct bc *bc, const void *ctx, struct bc_position *from,
    struct bc_order_brief **out, size_t *count, bool *end, struct err *err)
{
	const struct json *rows;
	bool last;
	enum rc rc = bc_page(bc, ctx, list_path(ctx, from), 1, BC_PAGE, &rows, &last, err);

	if (rc != RC_OK)
		return rc;
	rc = briefs_read(ctx, rows, out, err);
	if (rc != RC_OK)
		return rc;
	*count = json_count(rows);
	*end = last && from->id == 0;
	*from = from->id == 0 ? after_by_time(from, *out, *count, last)
			      : after_by_id(from, *out, *count, last);
	return RC_OK;
}
