/* SPDX-License-Identifier: Apache-2.0 */
/* Bags, merchants, cancellations and tokens as Violet may answer them. */
#include "fuzz.h"

#include "../unit/fake_http.h"
#include "remote/violet.h"

static const struct conf conf = { .violet_api_url = "https://v" };

static void
log_in(void *ctx, struct violet *violet, const char *answer)
{
	const struct fake_reply login = { .status = 200, .body = answer };
	struct err err;

	fake_script(&login, 1);
	ASSERT(violet_login(violet, ctx, &err) == RC_OK);
}

static void
read_all(void *ctx, struct violet *violet, const struct fake_reply *reply)
{
	struct violet_merchant *merchants;
	struct violet_bag *bags;
	const char *by;
	struct err err;
	size_t count;

	fake_script(reply, 1);
	if (violet_bags_search(violet, ctx, 1, "250", &bags, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(bags[i].id > 0 && bags[i].order_id > 0);
	fake_script(reply, 1);
	if (violet_merchants_read(violet, ctx, &merchants, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(merchants[i].id > 0);
	fake_script(reply, 1);
	(void)!violet_cancellation_read(violet, ctx, 1, 7, &by, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	struct violet violet = { .conf = &conf,
		.tokens = violet_tokens_open(ctx),
		.credentials = { 1, "s", "u", "p" } };
	struct fake_reply reply = { .status = 200, .body = mem_bytes(ctx, data, size) };
	struct err err;
	enum rc rc;

	log_in(ctx, &violet, "{\"token\":\"t\"}");
	read_all(ctx, &violet, &reply);
	/* The same bytes as a login's answer: a token, or none to be had, and nothing else. */
	violet.credentials.app_id = 2;
	fake_script(&reply, 1);
	rc = violet_login(&violet, ctx, &err);
	ASSERT(rc == RC_OK || rc == RC_BUSY);
	talloc_free(ctx);
	return 0;
}
