/* SPDX-License-Identifier: Apache-2.0 */
/* What Violet may answer, and what is made of it: above all whether a refund was certainly not
 * carried out. */
#include "test.h"

#include "base/clock.h"
#include "base/text.h"
#include "fake_http.h"
#include "lib/crypt.h"
#include "remote/violet.h"

static const struct conf conf = { .violet_api_url = "https://violet.example/v1",
	.response_ms = 1000 };

/* A JWT of which only the payload matters. */
static const char *
jwt_of_times(const void *ctx, int64_t issued_s, int64_t expires_s)
{
	const char *payload = mem_printf(
	    ctx, "{\"iat\":%lld,\"exp\":%lld}", (long long)issued_s, (long long)expires_s);

	return mem_printf(ctx, "aGVhZA.%s.c2ln", crypt_base64url(ctx, payload, strlen(payload)));
}

static const char *
jwt(const void *ctx, int64_t issued_s, int64_t life_s)
{
	return jwt_of_times(ctx, issued_s, issued_s + life_s);
}

static const char *
login_answer(const void *ctx, const char *token)
{
	return mem_printf(
	    ctx, "{\"id\":1,\"token\":\"%s\",\"refresh_token\":\"refresh-me\"}", token);
}

static struct violet
client(const void *ctx)
{
	return (struct violet){
		.conf = &conf,
		.tokens = violet_tokens_open(ctx),
		.credentials = { 10001, "app-secret", "me@example.com", "pass-word" },
	};
}

/* A client that has a token already: the script's replies are for what comes next. */
static struct violet
logged_in(const void *ctx, const struct fake_reply *replies, size_t count)
{
	struct violet violet = client(ctx);
	struct fake_reply login = { .status = 200,
		.body = login_answer(ctx, jwt(ctx, clock_now_ms() / 1000, 86400)) };
	struct err err;

	fake_script(&login, 1);
	assert_int_equal(violet_login(&violet, ctx, &err), RC_OK);
	fake_script(replies, count);
	return violet;
}

static bool
asked(size_t i, const char *method, const char *path)
{
	return strcmp(fake.method[i], method) == 0 && strstr(fake.url[i], path) != NULL;
}

/* Tokens
 * ---------------------------------------------------------------------------------------------------------------
 */

#define NO_BAGS                                                         \
	{                                                               \
		.status = 200, .body = "{\"content\":[],\"last\":true}" \
	}

static enum rc
search(struct violet *violet, const void *ctx)
{
	struct violet_bag *bags;
	struct err err;
	size_t count;

	return violet_bags_search(violet, ctx, 50001, "250", &bags, &count, &err);
}

static void
test_one_login_serves_many_calls(void **state)
{
	const char *token = jwt(*state, clock_now_ms() / 1000, 86400);
	const struct fake_reply replies[] = {
		{ .status = 200, .body = login_answer(*state, token) }, NO_BAGS, NO_BAGS
	};
	struct violet violet = client(*state);

	fake_script(replies, COUNT(replies));
	assert_int_equal(search(&violet, *state), RC_OK);
	assert_int_equal(search(&violet, *state), RC_OK);
	assert_int_equal(fake.requests, 3);
	assert_true(asked(0, "POST", "/v1/login"));
	assert_string_equal(
	    fake.body[0], "{\"username\":\"me@example.com\",\"password\":\"pass-word\"}");
	assert_string_equal(fake.token[0], "");
	assert_string_equal(fake.token[1], token);
}

/* The token's own times count, not what our clock makes of them. */
static void
test_renewal_before_the_end(void **state)
{
	const char *second = jwt(*state, clock_now_ms() / 1000, 86400);
	const struct fake_reply replies[] = {
		{ .status = 200,
		    .body =
			login_answer(*state, jwt(*state, clock_now_ms() / 1000 - 90000, 86400)) },
		NO_BAGS,
		NO_BAGS,
		{ .status = 200, .body = mem_printf(*state, "{\"token\":\"%s\"}", second) },
		NO_BAGS,
	};
	struct violet violet = client(*state);

	fake_script(replies, COUNT(replies));
	assert_int_equal(search(&violet, *state), RC_OK);
	clock_shift_ms(INT64_C(86400000) - 6 * 60000);
	assert_int_equal(search(&violet, *state), RC_OK);
	clock_shift_ms(INT64_C(86400000) - 4 * 60000);
	assert_int_equal(search(&violet, *state), RC_OK);
	clock_shift_ms(0);
	assert_int_equal(fake.requests, 5);
	assert_true(asked(3, "GET", "/v1/auth/token"));
	assert_string_equal(fake.token[3], "refresh-me");
	assert_string_equal(fake.token[4], second);
}

/* Then it lives as long as Violet's documents say, and nothing overflows. */
static void
test_a_token_whose_times_are_absurd(void **state)
{
	const struct fake_reply replies[] = {
		{ .status = 200,
		    .body = login_answer(*state, jwt_of_times(*state, -2, INT64_MAX)) },
		NO_BAGS,
		NO_BAGS,
	};
	struct violet violet = client(*state);

	fake_script(replies, COUNT(replies));
	assert_int_equal(search(&violet, *state), RC_OK);
	assert_int_equal(search(&violet, *state), RC_OK);
	assert_int_equal(fake.requests, 3);
}

static void
test_login_when_the_refresh_fails(void **state)
{
	static const struct fake_reply refusals[] = {
		{ .status = 401, .body = "{}" },
		{ .status = 500, .body = "" },
		{ .status = 200, .body = "{}" },
		{ .status = 200, .body = "<html>" },
		{ .rc = RC_UNCERTAIN },
	};

	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct fake_reply replies[] = {
			{ .status = 401, .body = "{\"status\":401,\"error_code\":11}" },
			refusals[i], { .status = 200, .body = login_answer(*state, "opaque") },
			NO_BAGS
		};
		struct violet violet = logged_in(*state, replies, COUNT(replies));

		CHECK(search(&violet, *state) == RC_OK, "case %zu", i);
		assert_int_equal(fake.requests, 4);
		assert_true(asked(2, "POST", "/login"));
		assert_string_equal(fake.token[3], "opaque");
	}
}

static void
test_a_read_is_repeated_once(void **state)
{
	static const struct {
		struct fake_reply first, second;
		enum rc rc;
		size_t requests; /* with the refresh between them */
	} cases[] = {
		{ { .status = 401, .body = "{\"status\":401,\"error_code\":11}" }, NO_BAGS, RC_OK,
		    3 },
		{ { .status = 401, .body = "" }, NO_BAGS, RC_OK, 3 },
		{ { .status = 401, .body = "{\"error_code\":11}" },
		    { .status = 401, .body = "{\"error_code\":11}" }, RC_DENIED, 3 },
		{ { .status = 401, .body = "{\"code\":7118,\"error\":\"merchant_not_connected\"}" },
		    { 0 }, RC_DENIED, 1 },
		{ { .status = 403, .body = "{\"code\":9403}" }, { 0 }, RC_DENIED, 1 },
		{ { .status = 404, .body = "{\"code\":4216}" }, { 0 }, RC_MISSING, 1 },
		{ { .status = 400, .body = "{\"code\":9910}" }, { 0 }, RC_INVALID, 1 },
		{ { .status = 429, .body = "" }, { 0 }, RC_BUSY, 1 },
		{ { .status = 500, .body = "{\"code\":9000}" }, { 0 }, RC_BUSY, 1 },
		{ { .rc = RC_UNCERTAIN }, { 0 }, RC_UNCERTAIN, 1 },
		{ { .rc = RC_BROKEN }, { 0 }, RC_INVALID, 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fake_reply replies[] = { cases[i].first,
			{ .status = 200, .body = "{\"token\":\"fresh\"}" }, cases[i].second };
		struct violet violet = logged_in(*state, replies, COUNT(replies));
		enum rc rc = search(&violet, *state);

		CHECK(rc == cases[i].rc, "case %zu: %s", i, rc_name(rc));
		CHECK(
		    fake.requests == cases[i].requests, "case %zu: %zu requests", i, fake.requests);
	}
}

static void
test_refused_credentials(void **state)
{
	const struct fake_reply replies[] = {
		{ .status = 401, .body = "{\"message\":\"invalid credentials pass\"}" },
		{ .status = 200, .body = login_answer(*state, "t") },
		NO_BAGS,
	};
	struct violet violet = client(*state);

	fake_script(replies, COUNT(replies));
	assert_int_equal(search(&violet, *state), RC_DENIED);
	/* Not asked again at once by every job that waits for the channel. */
	assert_int_equal(search(&violet, *state), RC_DENIED);
	assert_int_equal(fake.requests, 1);
	clock_shift_ms(10000);
	assert_int_equal(search(&violet, *state), RC_OK);
	clock_shift_ms(0);
}

static void
test_login_is_busy_or_denied_and_nothing_else(void **state)
{
	static const struct {
		struct fake_reply reply;
		enum rc rc;
	} cases[] = {
		{ { .rc = RC_UNCERTAIN }, RC_BUSY },
		{ { .rc = RC_BUSY }, RC_BUSY },
		{ { .rc = RC_BROKEN }, RC_BUSY },
		{ { .status = 500, .body = "" }, RC_BUSY },
		{ { .status = 429, .body = "" }, RC_BUSY },
		{ { .status = 200, .body = "" }, RC_BUSY },
		{ { .status = 200, .body = "{\"token\":\"\"}" }, RC_BUSY },
		{ { .status = 400, .body = "{}" }, RC_DENIED },
		{ { .status = 404, .body = "" }, RC_DENIED },
		{ { .status = 302, .body = "" }, RC_DENIED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct violet violet = client(*state);
		struct err err = { 0 };
		enum rc rc;

		fake_script(&cases[i].reply, 1);
		rc = violet_login(&violet, *state, &err);
		CHECK(rc == cases[i].rc, "case %zu: %s", i, rc_name(rc));
		CHECK(
		    strstr(err.text, "pass-word") == NULL && strstr(err.text, "app-secret") == NULL,
		    "case %zu", i);
	}
}

/* Lists
 * ----------------------------------------------------------------------------------------------------------------
 */

static void
test_bags(void **state)
{
	static const struct fake_reply replies[] = {
		{ .status = 200,
		    .body = "{\"content\":[{\"id\":11111,\"order_id\":10000,\"merchant_id\":50001,"
			    "\"app_id\":10001,"
			    "\"external_id\":\"250\",\"platform\":\"BIGCOMMERCE\",\"currency\":"
			    "\"USD\",\"total\":22692,"
			    "\"shipping_total\":644,\"skus\":[{\"id\":7,\"external_id\":\"123\","
			    "\"quantity\":2,\"price\":9999}]}],"
			    "\"last\":false}" },
		{ .status = 200,
		    .body =
			"{\"content\":[{\"id\":2,\"order_id\":3,\"total\":null}],\"last\":true}" },
	};
	struct violet violet = logged_in(*state, replies, COUNT(replies));
	struct violet_bag *bags;
	struct err err;
	size_t count;

	assert_int_equal(
	    violet_bags_search(&violet, *state, 50001, "250", &bags, &count, &err), RC_OK);
	assert_string_equal(fake.body[0], "{\"merchant_id\":50001,\"external_id\":\"250\"}");
	assert_true(asked(1, "POST", "/orders/bags/search?page=2&size=20"));
	assert_int_equal(count, 2);
	assert_int_equal(bags[0].id, 11111);
	assert_int_equal(bags[0].total_minor, 22692);
	assert_int_equal(bags[0].line_count, 1);
	assert_int_equal(bags[0].lines[0].line_minor, 19998);
	assert_null(bags[1].platform);
	assert_int_equal(bags[1].total_minor, 0);
}

/* "None" must be said: half an answer is no answer. */
static void
test_no_bags(void **state)
{
	static const struct {
		const char *body;
		int status;
		enum rc rc;
	} cases[] = {
		{ "{\"content\":[],\"last\":true}", 200, RC_OK },
		{ "{\"content\":[]}", 200, RC_OK },
		{ "{\"content\":null}", 200, RC_INVALID },
		{ "{\"last\":true}", 200, RC_INVALID },
		{ "[]", 200, RC_INVALID },
		{ "", 200, RC_INVALID },
		{ "", 204, RC_INVALID },
		{ "{\"content\":[{}],\"last\":true}", 200, RC_INVALID },
		{ "{\"content\":[{\"id\":1}],\"last\":true}", 200, RC_INVALID },
		{ "{\"content\":[5],\"last\":true}", 200, RC_INVALID },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = cases[i].status, .body = cases[i].body };
		struct violet violet = logged_in(*state, &reply, 1);
		enum rc rc = search(&violet, *state);

		CHECK(rc == cases[i].rc, "case %zu: %s", i, rc_name(rc));
	}
}

static void
test_a_search_names_a_merchant(void **state)
{
	struct violet violet = logged_in(*state, NULL, 0);
	struct violet_bag *bags;
	struct err err;
	size_t count;

	assert_int_equal(
	    violet_bags_search(&violet, *state, 0, "250", &bags, &count, &err), RC_INVALID);
	assert_int_equal(
	    violet_bags_search(&violet, *state, 1, "", &bags, &count, &err), RC_INVALID);
	assert_int_equal(fake.requests, 0);
}

static void
test_merchants(void **state)
{
	static const struct fake_reply reply = { .status = 200,
		.body = "{\"content\":[{\"id\":50001,\"platform\":\"BIGCOMMERCE\",\"external_id\":"
			"\"abc123\"},{\"id\":2}],\"last\":true}" };
	struct violet violet = logged_in(*state, &reply, 1);
	struct violet_merchant *merchants;
	struct err err;
	size_t count;

	assert_int_equal(violet_merchants_read(&violet, *state, &merchants, &count, &err), RC_OK);
	assert_int_equal(count, 2);
	assert_string_equal(merchants[0].external_id, "abc123");
	assert_null(merchants[1].platform);
}

static void
test_cancellations(void **state)
{
	static const struct {
		int status;
		const char *body, *by;
		enum rc rc;
	} cases[] = {
		{ 204, "", NULL, RC_OK },
		{ 200, "{\"cancelled_bags\":[]}", NULL, RC_OK },
		{ 200,
		    "{\"cancelled_bags\":[{\"bag_id\":7,\"status\":\"CANCELED\",\"originated_by\":"
		    "\"CHANNEL\"}]}",
		    "CHANNEL", RC_OK },
		{ 200, "{\"cancelled_bags\":[{\"bag_id\":8,\"originated_by\":\"CHANNEL\"}]}", NULL,
		    RC_OK },
		{ 200,
		    "{\"cancelled_bags\":[{\"bag_id\":7,\"status\":\"CANCELLATION_FAILURE\","
		    "\"originated_by\":\"VIOLET\"}]}",
		    NULL, RC_OK },
		{ 200, "{\"cancelled_bags\":[{\"bag_id\":7}]}", "", RC_OK },
		{ 200, "{\"order_id\":1,\"cancelled_bags\":null}", NULL, RC_OK },
		{ 200, "{\"order_id\":1}", NULL, RC_OK },
		{ 200, "{\"order_id\":2}", NULL, RC_INVALID },
		{ 200, "{\"order_id\":1,\"cancelled_bags\":5}", NULL, RC_INVALID },
		{ 200, "{}", NULL, RC_INVALID },
		{ 200, "", NULL, RC_INVALID },
		{ 404, "{\"code\":4216}", NULL, RC_MISSING },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = cases[i].status, .body = cases[i].body };
		struct violet violet = logged_in(*state, &reply, 1);
		const char *by = NULL;
		struct err err;

		CHECK(violet_cancellation_read(&violet, *state, 1, 7, &by, &err) == cases[i].rc,
		    "case %zu", i);
		CHECK((by == NULL) == (cases[i].by == NULL), "case %zu", i);
		if (by != NULL)
			assert_string_equal(by, cases[i].by);
	}
}

static void
test_reading_refunds(void **state)
{
	static const struct fake_reply reply = { .status = 200,
		.body = "[{\"id\":1,\"bag_id\":7,\"amount\":1250,\"status\":\"COMPLETED\","
			"\"reason\":\"bc:250:r3 x\",\"errors\":[],"
			"\"date_created\":\"2024-10-24T14:00:35+0000\",\"refund_currency\":\"USD\","
			"\"external_id\":\"3\"},"
			"{\"id\":2,\"amount\":null,\"errors\":[{\"resolved\":true},{\"error_"
			"message\":\"dispute\"}],\"date_created\":\"?\"}]" };
	static const char *const bad[] = { "", "{}", "null", "[{}]", "[{\"id\":1,\"bag_id\":8}]",
		"[5]", "<html>" };
	struct violet violet = logged_in(*state, &reply, 1);
	struct violet_refund *refunds;
	struct err err;
	size_t count;

	assert_int_equal(violet_refunds_read(&violet, *state, 1, 7, &refunds, &count, &err), RC_OK);
	assert_int_equal(count, 2);
	assert_true(refunds[0].has_amount);
	assert_int_equal(refunds[0].amount_minor, 1250);
	assert_int_equal(refunds[0].made_ms, INT64_C(1729778435000));
	assert_null(refunds[0].error);
	assert_false(refunds[1].has_amount);
	assert_int_equal(refunds[1].bag_id, 7);
	assert_int_equal(refunds[1].made_ms, 0);
	assert_string_equal(refunds[1].status, "");
	assert_string_equal(refunds[1].error, "dispute");
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fake_reply garbage = { .status = 200, .body = bad[i] };

		violet = logged_in(*state, &garbage, 1);
		CHECK(violet_refunds_read(&violet, *state, 1, 7, &refunds, &count, &err) ==
			  RC_INVALID,
		    "case %zu", i);
	}
}

/* Sending
 * --------------------------------------------------------------------------------------------------------------
 */

static const struct violet_refund_line one_line = { 10000, 1, 2598 };

static struct violet_refund_request
request(void)
{
	return (struct violet_refund_request){
		.order_id = 10000,
		.bag_id = 7,
		.amount_minor = 2598,
		.lines = &one_line,
		.line_count = 1,
		.reason = "bc:250:r3",
		.send_by_boot_ms = 1,
	};
}

static void
test_what_a_refund_says(void **state)
{
	static const struct fake_reply reply = { .status = 200,
		.body = "{\"id\":99,\"bag_id\":7,\"amount\":2598}" };
	struct violet violet = logged_in(*state, &reply, 1);
	struct violet_refund_request wanted = request();
	struct violet_refund refund;
	struct err err;

	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_OK);
	assert_int_equal(refund.id, 99);
	assert_string_equal(fake.url[0],
	    "https://violet.example/v1/orders/10000/bags/7/refunds?skip_external_refund=true");
	assert_string_equal(fake.body[0],
	    "{\"amount_refunded\":2598,\"reason\":\"bc:250:r3\",\"restock_items\":false,\"notify_"
	    "customer\":false,"
	    "\"shipping\":{\"amount\":0},\"skus\":[{\"order_sku_id\":10000,\"quantity_refunded\":1,"
	    "\"amount_refunded\":2598}]}");
	wanted.lines = NULL;
	wanted.line_count = 0;
	violet = logged_in(*state, &reply, 1);
	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_OK);
	assert_null(strstr(fake.body[0], "skus"));
}

/* Money: RC_OK only for a readable refund; RC_UNCERTAIN for whatever may have been carried out. */
static void
test_outcomes_of_a_send(void **state)
{
	static const struct {
		struct fake_reply reply;
		enum rc rc;
	} cases[] = {
		{ { .status = 200, .body = "{\"id\":99,\"bag_id\":7,\"amount\":2598}" }, RC_OK },
		{ { .status = 201, .body = "{\"id\":99}" }, RC_OK },
		{ { .status = 200, .body = "{\"id\":99,\"bag_id\":8}" }, RC_UNCERTAIN },
		{ { .status = 200, .body = "{\"amount\":2598}" }, RC_UNCERTAIN },
		{ { .status = 200, .body = "[{\"id\":99}]" }, RC_UNCERTAIN },
		{ { .status = 200, .body = "{\"id\":99" }, RC_UNCERTAIN },
		{ { .status = 200, .body = "" }, RC_UNCERTAIN },
		{ { .status = 204, .body = "" }, RC_UNCERTAIN },
		{ { .status = 200, .body = "<html>" }, RC_UNCERTAIN },
		{ { .status = 302, .body = "" }, RC_UNCERTAIN },
		{ { .status = 400,
		      .body = "{\"message\":\"m\",\"error\":\"invalid_bag_state\",\"code\":4225}" },
		    RC_INVALID },
		{ { .status = 400, .body = "{\"error\":\"invalid_parameter\",\"code\":9001}" },
		    RC_INVALID },
		{ { .status = 400, .body = "<html>Bad Request</html>" }, RC_UNCERTAIN },
		{ { .status = 400, .body = "" }, RC_UNCERTAIN },
		{ { .status = 400, .body = "{}" }, RC_UNCERTAIN },
		{ { .status = 400, .body = "[{\"code\":4225}]" }, RC_UNCERTAIN },
		{ { .status = 404, .body = "{\"error\":\"bag_not_found\",\"code\":4201}" },
		    RC_MISSING },
		{ { .status = 404, .body = "<html>" }, RC_UNCERTAIN },
		{ { .status = 401,
		      .body =
			  "{\"status\":401,\"message\":\"Token has expired\",\"error_code\":11}" },
		    RC_DENIED },
		{ { .status = 401, .body = "{\"error\":\"merchant_not_connected\",\"code\":7118}" },
		    RC_DENIED },
		{ { .status = 401, .body = "<html>" }, RC_UNCERTAIN },
		{ { .status = 403, .body = "{\"code\":9403}" }, RC_DENIED },
		{ { .status = 408, .body = "{\"code\":1,\"error\":\"timeout\"}" }, RC_UNCERTAIN },
		{ { .status = 409, .body = "{\"code\":4238}" }, RC_INVALID },
		{ { .status = 429, .body = "" }, RC_BUSY },
		{ { .status = 500, .body = "{\"error\":\"unknown_error\",\"code\":9000}" },
		    RC_UNCERTAIN },
		{ { .status = 502, .body = "<html>" }, RC_UNCERTAIN },
		{ { .status = 503, .body = "" }, RC_UNCERTAIN },
		{ { .rc = RC_BUSY }, RC_BUSY },
		{ { .rc = RC_UNCERTAIN }, RC_UNCERTAIN },
		{ { .rc = RC_BROKEN }, RC_UNCERTAIN },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct violet violet = logged_in(*state, &cases[i].reply, 1);
		struct violet_refund_request wanted = request();
		struct violet_refund refund = { 0 };
		struct err err = { 0 };
		enum rc rc = violet_refund_send(&violet, *state, &wanted, &refund, &err);

		CHECK(rc == cases[i].rc, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(fake.requests == 1, "case %zu: sent %zu times", i, fake.requests);
		CHECK(rc == RC_OK || refund.id == 0, "case %zu: wrote its output", i);
	}
}

/* The refusal of a stale token is certain; the token is renewed for the next look, and this send is
 * not repeated. */
static void
test_a_send_with_a_stale_token(void **state)
{
	static const struct fake_reply replies[] = {
		{ .status = 401, .body = "{\"status\":401,\"error_code\":11}" },
		{ .status = 200, .body = "{\"token\":\"fresh\"}" },
		{ .status = 200, .body = "{\"id\":99,\"bag_id\":7,\"amount\":2598}" },
	};
	struct violet violet = logged_in(*state, replies, COUNT(replies));
	struct violet_refund_request wanted = request();
	struct violet_refund refund;
	struct err err;

	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_DENIED);
	assert_int_equal(fake.requests, 1);
	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_OK);
	assert_string_equal(fake.token[2], "fresh");
}

/* Without a token nothing has left: no word of the login's is one about the refund. */
static void
test_a_send_without_a_token(void **state)
{
	static const struct fake_reply replies[] = {
		{ .status = 401, .body = "{\"status\":401,\"error_code\":11}" },
		{ .status = 401, .body = "{}" },
		{ .status = 400, .body = "{\"code\":9401}" },
	};
	struct violet violet = logged_in(*state, replies, COUNT(replies));
	struct violet_refund_request wanted = request();
	struct violet_refund refund;
	struct err err;

	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_DENIED);
	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_BUSY);
	assert_int_equal(fake.requests, 3);
	/* refused a moment ago: Violet is not even asked */
	assert_int_equal(violet_refund_send(&violet, *state, &wanted, &refund, &err), RC_BUSY);
	assert_int_equal(fake.requests, 3);
}

/* A missing or zero amount means everything to Violet. */
static void
test_requests_that_must_not_leave(void **state)
{
	static const struct violet_refund_line bad_lines[] = { { 0, 1, 1 }, { 1, 0, 1 },
		{ 1, 1, 0 }, { 1, 1, -1 } };
	static char long_reason[300];
	struct violet_refund_request bad[14];
	size_t n = 0;

	memset(long_reason, 'x', sizeof(long_reason) - 1);
	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = request();
	bad[n++].amount_minor = 0;
	bad[n++].amount_minor = -5;
	bad[n++].amount_minor = INT64_C(2147483648);
	bad[n++].shipping_minor = -1;
	bad[n++].bag_id = 0;
	bad[n++].order_id = 0;
	bad[n++].reason = NULL;
	bad[n++].reason = "";
	bad[n++].reason = long_reason;
	bad[n++].send_by_boot_ms = 0;
	for (size_t i = 0; i < COUNT(bad_lines); i++)
		bad[n++].lines = &bad_lines[i];
	assert_int_equal(n, COUNT(bad));
	for (size_t i = 0; i < n; i++) {
		struct violet violet = logged_in(*state, NULL, 0);
		struct violet_refund refund;
		struct err err;

		CHECK(violet_refund_send(&violet, *state, &bad[i], &refund, &err) == RC_INVALID,
		    "case %zu", i);
		CHECK(fake.requests == 0, "case %zu was sent", i);
	}
}

static void
test_unlink(void **state)
{
	static const struct {
		struct fake_reply reply;
		enum rc rc;
	} cases[] = {
		{ { .status = 200, .body = "{\"id\":1,\"status\":\"NOT_CONNECTED\"}" }, RC_OK },
		{ { .status = 200, .body = "" }, RC_OK },
		{ { .status = 204 }, RC_OK },
		{ { .status = 404, .body = "{}" }, RC_OK },
		{ { .status = 401, .body = "{\"code\":7118}" }, RC_OK },
		{ { .status = 403, .body = "{\"code\":9901}" }, RC_DENIED },
		{ { .status = 400, .body = "{\"code\":1001}" }, RC_INVALID },
		{ { .status = 500, .body = "" }, RC_BUSY },
		{ { .rc = RC_UNCERTAIN }, RC_UNCERTAIN },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct violet violet = logged_in(*state, &cases[i].reply, 1);
		struct err err;
		enum rc rc = violet_unlink(&violet, *state, 50001, &err);

		CHECK(rc == cases[i].rc, "case %zu: %s", i, rc_name(rc));
		assert_true(asked(0, "POST", "/v1/apps/10001/merchants/uninstall"));
		assert_string_equal(fake.body[0], "{\"merchant_id\":50001,\"app_id\":10001}");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_login_serves_many_calls),
		TEST(test_renewal_before_the_end),
		TEST(test_a_token_whose_times_are_absurd),
		TEST(test_login_when_the_refresh_fails),
		TEST(test_a_read_is_repeated_once),
		TEST(test_refused_credentials),
		TEST(test_login_is_busy_or_denied_and_nothing_else),
		TEST(test_bags),
		TEST(test_no_bags),
		TEST(test_a_search_names_a_merchant),
		TEST(test_merchants),
		TEST(test_cancellations),
		TEST(test_reading_refunds),
		TEST(test_what_a_refund_says),
		TEST(test_outcomes_of_a_send),
		TEST(test_a_send_with_a_stale_token),
		TEST(test_a_send_without_a_token),
		TEST(test_requests_that_must_not_leave),
		TEST(test_unlink),
	};

	mem_init();
	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
