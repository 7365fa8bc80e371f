/* SPDX-License-Identifier: Apache-2.0 */
/* Which coupons and promotions a shopper in Violet can use, and why not. */
#include "test.h"

#include "base/text.h"
#include "domain/discount.h"

#define NOW "2026-11-22T12:00:00Z"

struct row {
	const char *json, *verdict, *reason;
};

static const struct row coupons[] = {
	{ "{\"id\":1,\"enabled\":true,\"expires\":\"\",\"num_uses\":3,\"max_uses\":0,\"restricted_"
	  "to\":{}}",
	    "works", "ok" },
	{ "{\"id\":1}", "works", "ok" },
	{ "{\"enabled\":false,\"expires\":\"Tue, 20 Nov 2012 00:00:00 +0000\"}", "not_now",
	    "disabled" },
	{ "{\"enabled\":true,\"expires\":\"Tue, 20 Nov 2012 00:00:00 +0000\"}", "not_now",
	    "expired" },
	{ "{\"enabled\":true,\"expires\":\"Wed, 20 Nov 2030 00:00:00 +0000\"}", "works", "ok" },
	{ "{\"enabled\":true,\"expires\":\"some day\"}", "works", "ok" },
	{ "{\"enabled\":true,\"num_uses\":24,\"max_uses\":25}", "works", "ok" },
	{ "{\"enabled\":true,\"num_uses\":25,\"max_uses\":25}", "not_now", "used_up" },
	{ "{\"enabled\":true,\"restricted_to\":[]}", "works", "ok" },
	{ "{\"enabled\":true,\"restricted_to\":{\"countries\":\"AU\"}}", "works", "countries" },
	{ "{\"enabled\":true,\"restricted_to\":{\"countries\":\"\"}}", "works", "ok" },
	{ "{\"enabled\":true,\"restricted_to\":{\"countries\":[\"AU\"]}}", "works", "countries" },
	{ "{\"enabled\":true,\"restricted_to\":{\"countries\":[]}}", "works", "ok" },
	{ "{\"enabled\":true,\"expires\":\"\",\"shipping_methods\":null}", "works", "ok" },
};

/* Each begins with what every usable promotion has. */
#define COUPON                                                                                     \
	"\"redemption_type\":\"COUPON\",\"status\":\"ENABLED\",\"start_date\":\"2026-01-01T00:00:" \
	"00+00:00\""

static const struct row promotions[] = {
	{ "{" COUPON "}", "works", "ok" },
	{ "{" COUPON ",\"end_date\":null,\"max_uses\":null,\"current_uses\":7,\"channels\":[],"
	  "\"currency_code\":\"*\","
	  "\"customer\":{\"group_ids\":[],\"excluded_group_ids\":[],\"minimum_order_count\":0,"
	  "\"segments\":null},"
	  "\"schedule\":null,\"shipping_address\":null}",
	    "works", "ok" },
	{ "{\"redemption_type\":\"AUTOMATIC\",\"status\":\"DISABLED\"}", "never", "automatic" },
	{ "{\"status\":\"ENABLED\"}", "never", "automatic" },
	{ "{\"redemption_type\":\"COUPON\",\"status\":\"DISABLED\"}", "not_now", "disabled" },
	{ "{\"redemption_type\":\"COUPON\",\"status\":\"INVALID\"}", "not_now", "invalid" },
	{ "{\"redemption_type\":\"COUPON\",\"status\":\"ON_HOLIDAY\"}", "not_now", "invalid" },
	{ "{" COUPON ",\"end_date\":\"2026-11-22T12:00:00+00:00\"}", "not_now", "expired" },
	{ "{" COUPON ",\"end_date\":\"2026-11-22T12:00:01+00:00\"}", "works", "ok" },
	{ "{\"redemption_type\":\"COUPON\",\"status\":\"ENABLED\",\"start_date\":\"2026-12-01T00:"
	  "00:00.000Z\"}",
	    "not_now", "not_begun" },
	{ "{" COUPON ",\"current_uses\":10,\"max_uses\":10}", "not_now", "used_up" },
	{ "{" COUPON ",\"current_uses\":10,\"max_uses\":0}", "works", "ok" },
	{ "{" COUPON ",\"customer\":{\"group_ids\":[1,2]}}", "not_now", "customers" },
	{ "{" COUPON ",\"customer\":{\"group_ids\":[0,2]}}", "works", "ok" }, /* group 0: guests */
	{ "{" COUPON ",\"customer\":{\"excluded_group_ids\":[1]}}", "works", "ok" },
	{ "{" COUPON ",\"customer\":{\"excluded_group_ids\":[0]}}", "not_now", "customers" },
	{ "{" COUPON ",\"customer\":{\"minimum_order_count\":1}}", "not_now", "customers" },
	{ "{" COUPON ",\"customer\":{\"segments\":{\"id\":[\"ccec121a\"]}}}", "not_now",
	    "customers" },
	{ "{" COUPON ",\"customer\":{\"segments\":{\"not\":{\"id\":[\"ccec121a\"]}}}}", "works",
	    "ok" },
	{ "{" COUPON ",\"channels\":[{\"id\":1}]}", "not_now", "channels" },
	{ "{" COUPON ",\"currency_code\":\"USD\"}", "works", "ok" },
	{ "{" COUPON ",\"currency_code\":\"EUR\"}", "not_now", "currency" },
	{ "{" COUPON ",\"schedule\":{\"week_frequency\":1,\"week_days\":[\"Monday\"]}}", "works",
	    "schedule" },
	{ "{" COUPON ",\"shipping_address\":{\"countries\":[{\"iso2_country_code\":\"US\"}]}}",
	    "works", "countries" },
	{ "[]", "never", "automatic" },
};

static const struct json *
parse(const void *ctx, const char *text)
{
	const struct json *json;
	struct err err;

	CHECK(json_parse(ctx, text, strlen(text), &json, &err) == RC_OK, "%s", text);
	return json;
}

static void
check(const struct row *row, struct discount_verdict got)
{
	CHECK(strcmp(got.verdict, row->verdict) == 0 && strcmp(got.reason, row->reason) == 0,
	    "%s: %s, %s", row->json, got.verdict, got.reason);
}

static void
judges_coupons(void **state)
{
	int64_t now_ms = 0;

	assert_true(text_time_ms(NOW, &now_ms));
	for (size_t i = 0; i < COUNT(coupons); i++)
		check(&coupons[i], discount_judge_coupon(parse(*state, coupons[i].json), now_ms));
}

static void
judges_promotions(void **state)
{
	int64_t now_ms = 0;

	assert_true(text_time_ms(NOW, &now_ms));
	for (size_t i = 0; i < COUNT(promotions); i++)
		check(&promotions[i],
		    discount_judge_promotion(parse(*state, promotions[i].json), "USD", now_ms));
}

/* Before the store's currency is known, none is taken for another one. */
static void
unknown_currency(void **state)
{
	const struct json *json = parse(*state, "{" COUPON ",\"currency_code\":\"EUR\"}");

	assert_string_equal(discount_judge_promotion(json, NULL, 1800000000000).reason, "ok");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(judges_coupons),
		TEST(judges_promotions),
		TEST(unknown_currency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
