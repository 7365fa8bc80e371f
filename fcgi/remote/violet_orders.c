/* SPDX-License-Identifier: Apache-2.0 */
/* Violet's bags, found by the platform's order id, and who began the cancellation of one. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "remote/violet_call.h"

#define PAGE_BAG 20 /* the documented default; no maximum is given */

struct bags {
	const void *ctx;
	struct violet_bag *array;
	size_t count;
};

static void
lines_read(const void *ctx, const struct json *rows, struct violet_bag *bag)
{
	size_t n = json_count(rows);
	struct violet_line *lines = mem_array(ctx, struct violet_line, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct json *row = json_at(rows, i);

		lines[i].id = json_get_int(row, "id", 0);
		lines[i].external_id = json_get_text(row, "external_id", NULL);
		lines[i].sku = json_get_text(row, "sku", NULL);
		lines[i].quantity = json_get_int(row, "quantity", 0);
		/* Left out: what price and quantity say, if that can be. */
		if (!json_int(json_get(row, "line_price"), &lines[i].line_minor) &&
		    __builtin_mul_overflow(
			json_get_int(row, "price", 0), lines[i].quantity, &lines[i].line_minor))
			lines[i].line_minor = 0;
	}
	bag->lines = lines;
	bag->line_count = n;
}

static enum rc
bag_add(void *user, const struct json *row, struct err *err)
{
	struct bags *bags = user;
	struct violet_bag *bag;
	int64_t id = json_get_int(row, "id", 0);
	int64_t order_id = json_get_int(row, "order_id", 0);

	if (id <= 0 || order_id <= 0)
		return err_set(err, RC_INVALID, "a bag in the list names no id or no order");
	bags->array = mem_grow(bags->ctx, bags->array, bags->count, sizeof(*bag));
	bag = &bags->array[bags->count++];
	*bag = (struct violet_bag){
		.id = id,
		.order_id = order_id,
		.merchant_id = json_get_int(row, "merchant_id", 0),
		.app_id = json_get_int(row, "app_id", 0),
		.external_id = json_get_text(row, "external_id", NULL),
		.platform = json_get_text(row, "platform", NULL),
		.status = json_get_text(row, "status", NULL),
		.currency = json_get_text(row, "currency", NULL),
		.total_minor = json_get_int(row, "total", 0),
	};
	lines_read(bags->ctx, json_get(row, "skus"), bag);
	return RC_OK;
}

enum rc
violet_bags_search(struct violet *violet, const void *ctx, int64_t merchant_id,
    const char *external_id, struct violet_bag **out, size_t *count, struct err *err)
{
	struct bags bags = { .ctx = ctx };
	struct json_out *body = json_out_object(ctx);
	enum rc rc;

	/* Order ids repeat from store to store: without a merchant the search would find other
	 * people's bags. */
	if (merchant_id <= 0 || external_id == NULL || external_id[0] == '\0')
		return err_set(err, RC_INVALID, "violet bag search: no merchant or no order");
	json_put_int(body, "merchant_id", merchant_id);
	json_put_text(body, "external_id", external_id);
	rc = violet_each(violet, ctx, "POST", "/orders/bags/search", json_out_text(ctx, body),
	    PAGE_BAG, bag_add, &bags, err);
	if (rc != RC_OK)
		return rc;
	*out = bags.array;
	*count = bags.count;
	return RC_OK;
}

enum rc
violet_cancellation_read(struct violet *violet, const void *ctx, int64_t order_id, int64_t bag_id,
    const char **originated_by, struct err *err)
{
	const char *path = mem_printf(ctx, "/orders/%" PRId64 "/cancellations", order_id);
	const struct json *answer;
	const struct json *rows;
	bool is_of_order;
	enum rc rc = violet_call(violet, ctx, "GET", path, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	/* Fields that are null may be left out: an answer about this order without a list has none.
	 */
	rows = json_get(answer, "cancelled_bags");
	is_of_order = rows == NULL && json_get_int(answer, "order_id", 0) == order_id;
	if (answer != NULL && !is_of_order && !json_is_array(rows))
		return err_set(err, RC_INVALID, "violet GET %s: the answer lists no bags", path);
	*originated_by = NULL;
	for (size_t i = 0; i < json_count(rows); i++) {
		const struct json *row = json_at(rows, i);

		if (json_get_int(row, "bag_id", 0) != bag_id)
			continue;
		if (strcmp(json_get_text(row, "status", ""), "CANCELLATION_FAILURE") == 0)
			continue;
		*originated_by = json_get_text(row, "originated_by", "");
	}
	return RC_OK;
}
