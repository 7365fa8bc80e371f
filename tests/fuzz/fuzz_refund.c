/* SPDX-License-Identifier: Apache-2.0 */
/* Refunds as BigCommerce and Violet may answer them, and the answer to a send: only a readable
 * refund is a yes. */
#include "fuzz.h"

#include "../unit/fake_http.h"
#include "remote/bigcommerce.h"
#include "remote/violet.h"

static const struct conf conf = { .bigcommerce_api_url = "https://b",
	.violet_api_url = "https://v" };

static void
read_lists(void *ctx, struct bc *bc, struct violet *violet, const struct fake_reply *reply)
{
	struct bc_position position = { .time_ms = 1 };
	struct bc_refund_brief *briefs;
	struct violet_refund *theirs;
	struct bc_refund *refunds;
	struct err err;
	size_t count = 0;
	bool end;

	fake_script(reply, 1);
	if (bc_refunds_read(bc, ctx, 180, "USD", &refunds, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(refunds[i].id > 0 && (i == 0 || refunds[i - 1].id < refunds[i].id));
	fake_script(reply, 1);
	if (bc_refunds_since(bc, ctx, &position, &briefs, &count, &end, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(briefs[i].id > 0 && briefs[i].order_id > 0);
	fake_script(reply, 1);
	if (violet_refunds_read(violet, ctx, 1, 7, &theirs, &count, &err) == RC_OK)
		for (size_t i = 0; i < count; i++)
			ASSERT(theirs[i].id > 0 && theirs[i].bag_id == 7 &&
			       theirs[i].status != NULL && theirs[i].reason != NULL);
}

static void
send_one(void *ctx, struct violet *violet, const struct fake_reply *reply)
{
	const struct violet_refund_request request = {
		.order_id = 1,
		.bag_id = 7,
		.amount_minor = 5,
		.reason = "bc:1:r1",
		.send_by_boot_ms = 1,
	};
	struct violet_refund refund = { 0 };
	struct err err;
	enum rc rc;

	fake_script(reply, 1);
	rc = violet_refund_send(violet, ctx, &request, &refund, &err);
	ASSERT(fake.requests == 1);
	ASSERT((rc == RC_OK) == (refund.id > 0));
	/* Past 299 nothing is a yes, and 5xx never a no. */
	ASSERT(rc != RC_OK || (reply->status >= 200 && reply->status < 300));
	ASSERT(reply->status < 500 || rc == RC_UNCERTAIN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 201, 400, 401, 404, 429, 500, 302 };
	void *ctx = mem_context("fuzz");
	struct fake_reply login = { .status = 200, .body = "{\"token\":\"t\"}" };
	struct bc bc = { .conf = &conf, .store_hash = "abc123", .token = "t" };
	struct violet violet = { .conf = &conf,
		.tokens = violet_tokens_open(ctx),
		.credentials = { 1, "s", "u", "p" } };
	struct err err;

	if (size > 0) {
		struct fake_reply reply = { .status = statuses[data[0] % 8],
			.body = mem_bytes(ctx, data + 1, size - 1) };

		fake_script(&login, 1);
		ASSERT(violet_login(&violet, ctx, &err) == RC_OK);
		send_one(ctx, &violet, &reply);
		reply.status = 200;
		fake_script(&login, 1);
		ASSERT(violet_login(&violet, ctx, &err) == RC_OK);
		read_lists(ctx, &bc, &violet, &reply);
	}
	talloc_free(ctx);
	return 0;
}
