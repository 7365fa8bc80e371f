/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, products, hooks, stores and discounts as BigCommerce may answer them, and what its
 * headers may say. */
#include "fuzz.h"

#include "../unit/fake_http.h"
#include "remote/bc_call.h"

static const struct conf conf = {
	.bigcommerce_api_url = "https://b",
	.bigcommerce_login_url = "https://l",
	.public_url = "https://p",
};

static void
read_orders(void *ctx, struct bc *bc, const struct fake_reply *reply)
{
	struct bc_position position = { .time_ms = 1 };
	struct bc_order_brief *briefs;
	struct bc_product *products;
	struct bc_order order;
	struct err err;
	size_t count;
	bool end;

	fake_script(reply, 1);
	if (bc_order_read(bc, ctx, 250, &order, &err) == RC_OK)
		ASSERT(order.id == 250 && order.status_id >= 0 && order.currency != NULL &&
		       order.made_ms != 0);
	fake_script(reply, 1);
	if (bc_products_read(bc, ctx, 250, "KWD", &products, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(products[i].id > 0 && products[i].sku != NULL);
	fake_script(reply, 1);
	if (bc_orders_since(bc, ctx, &position, &briefs, &count, &end, &err) == RC_OK)
		ASSERT(position.time_ms >= 1);
}

static void
read_rest(void *ctx, struct bc *bc, const struct fake_reply *reply)
{
	const struct json *rows;
	const char *next;
	struct bc_grant grant;
	struct bc_store store;
	struct bc_hook *hooks;
	struct err err;
	size_t count;
	bool last;

	fake_script(reply, 1);
	if (bc_hooks_read(bc, ctx, &hooks, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(hooks[i].scope != NULL && hooks[i].destination != NULL);
	fake_script(reply, 1);
	if (bc_store_read(bc, ctx, &store, &err) == RC_OK)
		ASSERT(strcmp(store.hash, "abc123") == 0);
	fake_script(reply, 1);
	if (bc_token_exchange(bc, ctx, "c", "s", "stores/abc123", &grant, &err) == RC_OK)
		ASSERT(grant.access_token[0] != '\0' && grant.user_id > 0);
	fake_script(reply, 1);
	if (bc_promotions_read(bc, ctx, 1, &rows, &last, &err) == RC_OK)
		ASSERT(rows == NULL || json_is_array(rows));
	fake_script(reply, 1);
	if (bc_promotion_codes_read(bc, ctx, 1, NULL, &rows, &next, &err) == RC_OK)
		ASSERT(rows == NULL || json_is_array(rows));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	struct bc bc = { .conf = &conf, .store_hash = "abc123", .token = "t" };
	const char *text = mem_bytes(ctx, data, size);
	struct fake_reply body = { .status = 200, .body = text };
	struct fake_reply header = { .status = 429, .header = "X-Retry-After", .value = text };
	const struct json *answer;
	struct err err;

	read_orders(ctx, &bc, &body);
	read_rest(ctx, &bc, &body);
	fake_script(&header, 1);
	ASSERT(bc_call(&bc, ctx, "GET", "/v2/time", NULL, &answer, &err) == RC_BUSY &&
	       bc.retry_after_ms >= 0);
	header.header = "Retry-After";
	fake_script(&header, 1);
	ASSERT(bc_call(&bc, ctx, "GET", "/v2/time", NULL, &answer, &err) == RC_BUSY &&
	       bc.retry_after_ms >= 0);
	talloc_free(ctx);
	return 0;
}
