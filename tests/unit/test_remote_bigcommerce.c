/* SPDX-License-Identifier: Apache-2.0 */
/* What BigCommerce may answer, and what is made of it. */
#include "test.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "fake_http.h"
#include "remote/bc_call.h"

static const struct conf conf = {
	.public_url = "https://app.example",
	.bigcommerce_client_id = "id",
	.bigcommerce_client_secret = "secret",
	.bigcommerce_login_url = "https://login.example",
	.bigcommerce_api_url = "https://api.example",
	.response_ms = 1000,
};

static struct bc
client(void)
{
	return (struct bc){ .conf = &conf, .store_hash = "abc123", .token = "t0ken" };
}

static struct bc
client_of(const struct fake_reply *reply)
{
	fake_script(reply, 1);
	return client();
}

/* Any call will do. */
static enum rc
ask(struct bc *bc, const void *ctx, struct err *err)
{
	const struct json *answer;

	return bc_call(bc, ctx, "GET", "/v2/time", NULL, &answer, err);
}

/* Codes and errors
 * -----------------------------------------------------------------------------------------------------
 */

static void
test_codes(void **state)
{
	static const struct {
		struct fake_reply reply;
		enum rc rc;
		const char *says; /* in the error's text */
	} cases[] = {
		{ { .status = 200, .body = "{\"time\":1}" }, RC_OK, "" },
		{ { .status = 200, .body = "{\"time\":" }, RC_INVALID, "no JSON" },
		{ { .status = 200, .body = "<html>" }, RC_INVALID, "no JSON" },
		{ { .status = 301, .body = "" }, RC_INVALID, "301" },
		{ { .status = 401, .body = "{\"status\":401,\"title\":\"Unauthorized\"}" },
		    RC_DENIED, "Unauthorized" },
		{ { .status = 403, .body = "[{\"status\":403,\"message\":\"scope\"}]" }, RC_DENIED,
		    "scope" },
		{ { .status = 404,
		      .body = "[{\"status\":404,\"message\":\"The requested resource was not "
			      "found.\"}]" },
		    RC_MISSING, "was not found" },
		{ { .status = 422, .body = "{\"errors\":[{\"status\":422,\"title\":\"inner\"}]}" },
		    RC_INVALID, "inner" },
		{ { .status = 422, .body = "{\"data\":[{\"title\":\"wrapped\"}]}" }, RC_INVALID,
		    "wrapped" },
		{ { .status = 400,
		      .body = "{\"status\":\"400\",\"title\":\"flat\",\"errors\":{\"a\":\"b\"}}" },
		    RC_INVALID, "flat" },
		{ { .status = 429, .body = "" }, RC_BUSY, "429" },
		{ { .status = 500, .body = "<html>oops</html>" }, RC_BUSY, "no readable reason" },
		{ { .status = 503, .body = "[]" }, RC_BUSY, "no readable reason" },
		{ { .status = 507, .body = "[[[]]]" }, RC_BUSY, "507" },
		{ { .rc = RC_BUSY }, RC_BUSY, "no answer" },
		{ { .rc = RC_UNCERTAIN }, RC_UNCERTAIN, "no answer" },
		{ { .rc = RC_BROKEN }, RC_INVALID, "no answer" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bc bc = client_of(&cases[i].reply);
		struct err err = { 0 };
		enum rc rc = ask(&bc, *state, &err);

		CHECK(rc == cases[i].rc, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(strstr(err.text, cases[i].says) != NULL, "case %zu: %s", i, err.text);
		CHECK(bc.status == cases[i].reply.status, "case %zu: status %d", i, bc.status);
		assert_string_equal(fake.url[0], "https://api.example/stores/abc123/v2/time");
		assert_string_equal(fake.token[0], "t0ken");
	}
}

static void
test_waiting_times(void **state)
{
	static const struct {
		int status;
		const char *header, *value;
		int64_t wait_ms;
	} cases[] = {
		{ 429, "X-Retry-After", "7", 7000 },
		{ 429, "x-retry-after", "7", 7000 },
		{ 429, "X-Rate-Limit-Time-Reset-Ms", "12345", 12345 },
		{ 503, "X-Rate-Limit-Time-Reset-Ms", "12345", 0 },
		{ 503, "Retry-After", "120", 120000 },
		{ 429, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT", 0 },
		{ 429, "X-Retry-After", "-5", 0 },
		{ 429, "X-Retry-After", "soon", 0 },
		{ 429, "X-Retry-After", "999999999999", 86400000 },
		{ 429, "X-Retry-After", "99999999999999999999", 0 },
		{ 429, NULL, NULL, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = cases[i].status,
			.header = cases[i].header,
			.value = cases[i].value };
		struct bc bc = client_of(&reply);
		struct err err;

		CHECK(ask(&bc, *state, &err) == RC_BUSY, "case %zu", i);
		CHECK(bc.retry_after_ms == cases[i].wait_ms, "case %zu: %" PRId64, i,
		    bc.retry_after_ms);
	}
}

static void
test_a_store_hash_cannot_leave_its_place(void **state)
{
	static const char *const hashes[] = { "", "a/b", "../x", "ABC", "a?b", "a b" };

	for (size_t i = 0; i < COUNT(hashes); i++) {
		struct bc bc = client_of(&(struct fake_reply){ .status = 200, .body = "{}" });
		struct err err;

		bc.store_hash = hashes[i];
		assert_int_equal(ask(&bc, *state, &err), RC_DENIED);
		assert_int_equal(fake.requests, 0);
	}
}

/* Login
 * ----------------------------------------------------------------------------------------------------------------
 */

#define GRANT(context, token, user)                                            \
	"{\"access_token\":" token ",\"scope\":\"a b\",\"user\":{\"id\":" user \
	",\"email\":\"m@example.com\"},"                                       \
	"\"owner\":{\"id\":7,\"email\":\"o@example.com\"},\"context\":" context "}"

static void
test_token_exchange(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum rc rc;
	} cases[] = {
		{ 200, GRANT("\"stores/g5cd38\"", "\"secret-token\"", "24654"), RC_OK },
		{ 200, GRANT("\"stores/g5cd38\"", "\"secret-token\"", "\"24654\""), RC_OK },
		{ 200, GRANT("\"stores/g5cd38/x\"", "\"t\"", "1"), RC_INVALID },
		{ 200, GRANT("\"g5cd38\"", "\"t\"", "1"), RC_INVALID },
		{ 200, GRANT("null", "\"t\"", "1"), RC_INVALID },
		{ 200, GRANT("\"stores/g5cd38\"", "\"\"", "1"), RC_INVALID },
		{ 200, GRANT("\"stores/g5cd38\"", "5", "1"), RC_INVALID },
		{ 200, GRANT("\"stores/g5cd38\"", "\"t\"", "0"), RC_INVALID },
		{ 200, "", RC_INVALID },
		{ 200, "[]", RC_INVALID },
		{ 302, "<html>You are being redirected</html>", RC_INVALID },
		{ 400, "{\"error\":\"invalid_grant\"}", RC_INVALID },
		{ 401, "{\"error\":\"invalid_client\"}", RC_DENIED },
		{ 406, "{\"error\":\"Invalid format.\"}", RC_INVALID },
		{ 503, "", RC_BUSY },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = cases[i].status, .body = cases[i].body };
		struct bc bc = client_of(&reply);
		struct bc_grant grant = { 0 };
		struct err err = { 0 };
		enum rc rc;

		bc.token = NULL;
		rc = bc_token_exchange(&bc, *state, "code", "a b", "stores/g5cd38", &grant, &err);
		CHECK(rc == cases[i].rc, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(strstr(err.text, "secret") == NULL, "case %zu tells a secret", i);
		assert_string_equal(fake.url[0], "https://login.example/oauth2/token");
		assert_string_equal(fake.token[0], "");
		assert_non_null(
		    strstr(fake.body[0], "\"redirect_uri\":\"https://app.example/install\""));
		if (rc != RC_OK)
			continue;
		assert_string_equal(grant.access_token, "secret-token");
		assert_string_equal(grant.store_hash, "g5cd38");
		assert_int_equal(grant.user_id, 24654);
		assert_int_equal(grant.owner_id, 7);
	}
}

/* Orders
 * ---------------------------------------------------------------------------------------------------------------
 */

#define ORDER(id, status, currency, total, made)                                      \
	"{\"id\":" id ",\"status_id\":" status ",\"default_currency_code\":" currency \
	",\"total_inc_tax\":" total ",\"date_created\":" made                         \
	",\"date_modified\":\"\",\"is_deleted\":true,\"external_source\":null}"
#define MADE "\"Tue, 20 Nov 2012 00:00:00 +0000\""

static void
test_order(void **state)
{
	static const struct {
		const char *body;
		enum rc rc;
		int64_t total_minor;
		bool is_exact;
	} cases[] = {
		{ ORDER("250", "4", "\"USD\"", "\"69.8400\"", MADE), RC_OK, 6984, true },
		{ ORDER("\"250\"", "\"4\"", "\"USD\"", "69.84", MADE), RC_OK, 6984, true },
		{ ORDER("250", "4", "\"JPY\"", "\"1250.0000\"", MADE), RC_OK, 1250, true },
		{ ORDER("250", "4", "\"KWD\"", "\"1.2340\"", MADE), RC_OK, 1234, true },
		{ ORDER("250", "4", "\"USD\"", "\"69.8410\"", MADE), RC_OK, 0, false },
		{ ORDER("250", "4", "\"JPY\"", "\"10.5\"", MADE), RC_OK, 0, false },
		{ ORDER("250", "4", "\"USD\"", "\"many\"", MADE), RC_OK, 0, false },
		{ ORDER("251", "4", "\"USD\"", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("null", "4", "\"USD\"", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "null", "\"USD\"", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "-4", "\"USD\"", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "4", "null", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "4", "\"usd\"", "\"1\"", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "4", "\"USD\"", "null", MADE), RC_INVALID, 0, false },
		{ ORDER("250", "4", "\"USD\"", "\"1\"", "\"\""), RC_INVALID, 0, false },
		{ ORDER("250", "4", "\"USD\"", "\"1\"", "\"yesterday\""), RC_INVALID, 0, false },
		{ "", RC_INVALID, 0, false },
		{ "[]", RC_INVALID, 0, false },
		{ "\"250\"", RC_INVALID, 0, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = 200, .body = cases[i].body };
		struct bc bc = client_of(&reply);
		struct bc_order order = { 0 };
		struct err err = { 0 };
		enum rc rc = bc_order_read(&bc, *state, 250, &order, &err);

		CHECK(rc == cases[i].rc, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(order.total_minor == cases[i].total_minor, "case %zu: %" PRId64, i,
		    order.total_minor);
		CHECK(order.is_exact == cases[i].is_exact, "case %zu", i);
		if (rc != RC_OK)
			continue;
		assert_int_equal(order.status_id, 4);
		assert_int_equal(order.made_ms, INT64_C(1353369600000));
		assert_null(order.external_source);
	}
}

static void
test_products(void **state)
{
	static const struct fake_reply reply = { .status = 200,
		.body = "[{\"id\":1,\"variant_id\":5,\"product_id\":9,\"sku\":\"CAN-9\","
			"\"quantity\":2,\"total_inc_tax\":\"12.5000\"},"
			"{\"id\":\"2\",\"variant_id\":null,\"total_inc_tax\":\"0.005\"},"
			"{\"id\":3,\"total_inc_tax\":\"12.5000\","
			"\"discounted_total_inc_tax\":\"11.0000\"}]" };
	static const struct fake_reply none = { .status = 204 };
	struct bc bc = client_of(&reply);
	struct bc_product *products;
	struct err err;
	size_t count;

	assert_int_equal(bc_products_read(&bc, *state, 250, "USD", &products, &count, &err), RC_OK);
	assert_int_equal(count, 3);
	assert_int_equal(products[0].paid_minor, 1250);
	assert_int_equal(products[0].variant_id, 5);
	assert_string_equal(products[0].sku, "CAN-9");
	assert_int_equal(products[1].id, 2);
	assert_int_equal(products[1].paid_minor, -1);
	assert_int_equal(products[2].paid_minor, 1100);
	bc = client_of(&none);
	assert_int_equal(bc_products_read(&bc, *state, 250, "USD", &products, &count, &err), RC_OK);
	assert_int_equal(count, 0);
}

/* Refunds
 * --------------------------------------------------------------------------------------------------------------
 */

#define LIST(rows) "{\"data\":[" rows "],\"meta\":{}}"

static void
test_refund(void **state)
{
	static const struct fake_reply reply = { .status = 200,
		.body = LIST(
		    "{\"id\":12,\"order_id\":180,\"user_id\":0,\"created\":\"2022-06-16T16:44:15+"
		    "00:00\","
		    "\"total_amount\":20.83,\"total_tax\":-0.83,\"items\":["
		    "{\"item_type\":\"PRODUCT\",\"item_id\":87,\"quantity\":1,\"requested_amount\":"
		    "null},"
		    "{\"item_type\":\"SHIPPING\",\"item_id\":3,\"requested_amount\":\"109.11\"},"
		    "{\"item_type\":\"FEE\",\"item_id\":4,\"requested_amount\":5},{\"item_type\":"
		    "\"ORDER\"},"
		    "{\"item_type\":\"HANDLING\",\"requested_amount\":1.005}],"
		    "\"payments\":[{\"id\":13,\"provider_id\":\"storecredit\",\"amount\":20.83,"
		    "\"offline\":true},"
		    "{\"provider_id\":\"custom\",\"amount\":\"1\",\"is_declined\":true}]}") };
	struct bc bc = client_of(&reply);
	struct bc_refund *refunds;
	struct err err;
	size_t count;

	assert_int_equal(bc_refunds_read(&bc, *state, 180, "USD", &refunds, &count, &err), RC_OK);
	assert_int_equal(count, 1);
	assert_true(refunds->is_exact);
	assert_int_equal(refunds->total_minor, 2083);
	assert_int_equal(refunds->user_id, 0);
	assert_int_equal(refunds->made_ms, INT64_C(1655397855000));
	assert_int_equal(refunds->item_count, 5);
	assert_false(refunds->items[0].has_amount);
	assert_int_equal(refunds->items[1].amount_minor, 10911);
	assert_int_equal(refunds->items[2].amount_minor, 500);
	assert_false(refunds->items[3].has_amount);
	assert_false(refunds->items[4].has_amount);
	assert_int_equal(refunds->payment_count, 2);
	assert_true(refunds->payments[0].is_offline);
	assert_false(refunds->payments[1].is_offline);
	assert_true(refunds->payments[1].is_declined);
	assert_int_equal(refunds->payments[1].amount_minor, 100);
}

static void
test_bad_refunds(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum rc rc;
		bool is_exact;
	} cases[] = {
		{ 200, LIST("{\"id\":1,\"total_amount\":10}"), RC_OK, true },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"created\":\"\"}"), RC_OK, true },
		{ 200, LIST("{\"id\":1,\"total_amount\":10.001}"), RC_OK, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":1e1}"), RC_OK, false },
		{ 200, LIST("{\"id\":1}"), RC_OK, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"payments\":[{\"amount\":10.009}]}"),
		    RC_OK, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"payments\":[{}]}"), RC_OK, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"payments\":{}}"), RC_INVALID, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"order_id\":181}"), RC_INVALID, false },
		{ 200, LIST("{\"id\":1,\"total_amount\":10,\"created\":\"then\"}"), RC_INVALID,
		    false },
		{ 200, LIST("{\"id\":0,\"total_amount\":10}"), RC_INVALID, false },
		{ 200, LIST("{\"total_amount\":10}"), RC_INVALID, false },
		{ 200, LIST("5"), RC_INVALID, false },
		{ 200, "{\"meta\":{}}", RC_INVALID, false },
		{ 200, "{\"data\":{}}", RC_INVALID, false },
		{ 200, "", RC_INVALID, false },
		{ 404, "{\"status\":404,\"title\":\"no order\"}", RC_MISSING, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = cases[i].status, .body = cases[i].body };
		struct bc bc = client_of(&reply);
		struct bc_refund *refunds = NULL;
		struct err err = { 0 };
		size_t count = 0;
		enum rc rc = bc_refunds_read(&bc, *state, 180, "USD", &refunds, &count, &err);

		CHECK(rc == cases[i].rc, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(rc != RC_OK || refunds->is_exact == cases[i].is_exact, "case %zu", i);
	}
	struct fake_reply none = { .status = 204 };
	struct bc bc = client_of(&none);
	struct bc_refund *refunds;
	struct err err;
	size_t count = 9;

	assert_int_equal(bc_refunds_read(&bc, *state, 180, "USD", &refunds, &count, &err), RC_OK);
	assert_int_equal(count, 0);
}

/* A store in memory, for lists.
 * ------------------------------------------------------------------------------------------ */

static struct {
	int count;
	struct {
		int64_t id, time_s;
	} rows[1000];
	bool v3;
	int64_t deepest; /* page that was asked for */
} list;

/* The value of a query parameter as a number; times as Unix seconds. */
static int64_t
query_int(const char *url, const char *name, int64_t otherwise)
{
	const char *found = strstr(url, name);

	return found == NULL ? otherwise : strtoll(found + strlen(name), NULL, 10);
}

static int64_t
query_time(const char *url, const char *name, int64_t otherwise)
{
	const char *found = strstr(url, name);
	char text[32];
	int64_t ms;

	if (found == NULL)
		return otherwise;
	/* "2026-11-22T14%3A03%3A07%2B00%3A00" */
	found += strlen(name);
	snprintf(text, sizeof(text), "%.13s:%.2s:%.2sZ", found, found + 16, found + 21);
	assert_true(text_time_ms(text, &ms));
	return ms / 1000;
}

static int
by_time(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return x[1] != y[1] ? (x[1] > y[1]) - (x[1] < y[1]) : (x[0] < y[0]) - (x[0] > y[0]);
}

static int
by_id(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (x[0] > y[0]) - (x[0] < y[0]);
}

static const char *
serve_list(const void *ctx, const struct http_request *request)
{
	int64_t limit = query_int(request->url, "limit=", 50);
	int64_t page = query_int(request->url, "page=", 1);
	int64_t from = (page - 1) * limit;
	int64_t minimum =
	    query_time(request->url, list.v3 ? "created:min=" : "min_date_modified=", 0);
	int64_t maximum = query_time(request->url, "max_date_modified=", INT64_MAX);
	int64_t min_id = query_int(request->url, "min_id=", 0);
	int64_t shown = 0;
	char *text = mem_text(ctx, "");
	char at[TEXT_TIME_SIZE];

	list.deepest = page > list.deepest ? page : list.deepest;
	qsort(list.rows, (size_t)list.count, sizeof(list.rows[0]),
	    list.v3 || strstr(request->url, "sort=id") != NULL ? by_id : by_time);
	for (int i = 0; i < list.count; i++) {
		if (list.rows[i].time_s < minimum || list.rows[i].time_s > maximum ||
		    list.rows[i].id < min_id)
			continue;
		if (shown++ < from || shown > from + limit)
			continue;
		text_from_time_ms(list.rows[i].time_s * 1000, at);
		text = talloc_asprintf_append_buffer(text,
		    "%s{\"id\":%" PRId64 ",\"order_id\":%" PRId64
		    ",\"status_id\":5,\"created\":\"%s\",\"date_modified\":\"%s\",\"total_amount\":"
		    "1}",
		    text[0] == '\0' ? "" : ",", list.rows[i].id, list.rows[i].id, at, at);
	}
	if (list.v3)
		return mem_printf(ctx, "{\"data\":[%s],\"meta\":{}}", text);
	return mem_printf(ctx, "[%s]", text);
}

static void
serve(bool v3, int count)
{
	fake_script(NULL, 0);
	fake.serve = serve_list;
	list.v3 = v3;
	list.count = count;
	list.deepest = 1;
}

/* Every row is seen however the times fall: spread, in clumps of more than a page, all in one
 * second. No page but the first is asked for; of refunds, which have no filter by id and keep their
 * places, only where a second has a page full of them. */
static void
test_orders_since(void **state)
{
	static const int clumps[] = { 1, 3, 249, 250, 251, 700, 1000 };

	for (size_t c = 0; c < COUNT(clumps); c++) {
		struct bc_position position = { .time_ms = INT64_C(1700000000000) };
		bool seen[1001] = { false };
		struct bc bc = client();
		bool end = false;

		serve(false, 1000);
		for (int i = 0; i < list.count; i++) {
			list.rows[i].id = i * 7919 % 1000 + 1;
			list.rows[i].time_s = 1700000000 + i / clumps[c];
		}
		for (int page = 0; !end; page++) {
			struct bc_order_brief *briefs;
			struct err err = { 0 };
			size_t count;

			CHECK(page < 1200, "clumps of %d: no end", clumps[c]);
			assert_int_equal(
			    bc_orders_since(&bc, *state, &position, &briefs, &count, &end, &err),
			    RC_OK);
			for (size_t i = 0; i < count; i++)
				seen[briefs[i].id] = true;
		}
		for (int i = 1; i <= 1000; i++)
			CHECK(seen[i], "clumps of %d: order %d was passed over", clumps[c], i);
		assert_int_equal(list.deepest, 1);
	}
}

/* Rows that were read change meanwhile and move to the end, and the others move up. */
static void
test_orders_that_move_while_they_are_read(void **state)
{
	struct bc_position position = { .time_ms = INT64_C(1700000000000) };
	bool seen[1001] = { false };
	struct bc bc = client();
	bool end = false;

	serve(false, 1000);
	for (int i = 0; i < list.count; i++) {
		list.rows[i].id = i + 1;
		list.rows[i].time_s = 1700000000 + 10 * i;
	}
	for (int page = 0; !end; page++) {
		struct bc_order_brief *briefs;
		struct err err = { 0 };
		size_t count;

		assert_int_equal(
		    bc_orders_since(&bc, *state, &position, &briefs, &count, &end, &err), RC_OK);
		for (size_t i = 0; i < count; i++)
			seen[briefs[i].id] = true;
		/* The list stands in the order in which it was served. */
		for (int i = 0; page < 3 && i < 200; i++)
			list.rows[i].time_s = 1700020000 + 1000 * page + i;
	}
	for (int i = 1; i <= 1000; i++)
		CHECK(seen[i], "order %d was passed over", i);
}

static void
test_refunds_since(void **state)
{
	static const int clumps[] = { 1, 3, 49, 50, 51, 130, 300 };

	for (size_t c = 0; c < COUNT(clumps); c++) {
		struct bc_position position = { .time_ms = INT64_C(1700000000000) };
		int seen[301] = { 0 };
		struct bc bc = client();
		bool end = false;

		serve(true, 300);
		for (int i = 0; i < list.count; i++) {
			list.rows[i].id = i + 1;
			list.rows[i].time_s = 1700000000 + i / clumps[c];
		}
		while (!end) {
			struct bc_refund_brief *briefs;
			struct err err = { 0 };
			size_t count;

			assert_int_equal(
			    bc_refunds_since(&bc, *state, &position, &briefs, &count, &end, &err),
			    RC_OK);
			for (size_t i = 0; i < count; i++)
				seen[briefs[i].id]++;
		}
		for (int i = 1; i <= 300; i++)
			CHECK(seen[i] == 1, "clumps of %d: refund %d was seen %d times", clumps[c],
			    i, seen[i]);
		CHECK((list.deepest == 1) == (clumps[c] < 50), "clumps of %d: page %" PRId64,
		    clumps[c], list.deepest);
	}
}

static const char *
serve_refunds_of_order(const void *ctx, const struct http_request *request)
{
	char *text = mem_text(ctx, "");
	int64_t page = query_int(request->url, "page=", 1);

	/* 120 in all; while the pages are read one row slips from the first to the second page. */
	for (int64_t id = 120 - (page - 1) * 50 + (page > 1); id > 120 - page * 50 && id > 0; id--)
		text = talloc_asprintf_append_buffer(text,
		    "%s{\"id\":%" PRId64 ",\"total_amount\":1}", text[0] == '\0' ? "" : ",", id);
	return mem_printf(ctx, "{\"data\":[%s]}", text);
}

static void
test_all_refunds_of_an_order(void **state)
{
	struct bc bc = client();
	struct bc_refund *refunds;
	struct err err;
	size_t count;

	fake_script(NULL, 0);
	fake.serve = serve_refunds_of_order;
	assert_int_equal(bc_refunds_read(&bc, *state, 180, "USD", &refunds, &count, &err), RC_OK);
	assert_int_equal(count, 120);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(refunds[i].id, i + 1);
}

static const char *
serve_endlessly(const void *ctx, const struct http_request *request)
{
	char *text = mem_text(ctx, "");

	(void)request;
	for (int i = 0; i < 250; i++)
		text =
		    talloc_asprintf_append_buffer(text, "%s{\"id\":%d}", i == 0 ? "" : ",", i + 1);
	return mem_printf(ctx, "[%s]", text);
}

static void
test_a_list_without_end_is_refused(void **state)
{
	struct bc bc = client();
	struct bc_product *products;
	struct err err;
	size_t count;

	fake_script(NULL, 0);
	fake.serve = serve_endlessly;
	assert_int_equal(
	    bc_products_read(&bc, *state, 180, "USD", &products, &count, &err), RC_INVALID);
	assert_non_null(strstr(err.text, "does not end"));
}

/* Hooks and discounts
 * ----------------------------------------------------------------------------------------------------
 */

static void
test_hooks(void **state)
{
	static const struct fake_reply replies[] = {
		{ .status = 200,
		    .body =
			"{\"data\":[{\"id\":7,\"scope\":\"store/order/*\",\"destination\":\"https:/"
			"/a/b\",\"is_active\":true,"
			"\"headers\":{\"x-one\":\"1\",\"x-two\":2}},{\"id\":8,\"headers\":null}],"
			"\"meta\":{\"pagination\":{\"total_pages\":2}}}" },
		{ .status = 200,
		    .body =
			"{\"data\":[{\"id\":9}],\"meta\":{\"pagination\":{\"total_pages\":2}}}" },
		{ .status = 200, .body = "{\"id\":10}" },
	};
	struct http_header header = { "X-Violet-Hook", "v1.k.abc123.mac" };
	struct bc_hook wanted = { .scope = "s",
		.destination = "d",
		.is_active = true,
		.headers = &header,
		.header_count = 1 };
	struct bc bc = client();
	struct bc_hook *hooks;
	struct err err;
	size_t count;

	fake_script(replies, COUNT(replies));
	assert_int_equal(bc_hooks_read(&bc, *state, &hooks, &count, &err), RC_OK);
	assert_int_equal(count, 3);
	assert_true(hooks[0].is_active);
	assert_int_equal(hooks[0].header_count, 2);
	assert_string_equal(hooks[0].headers[0].name, "x-one");
	assert_string_equal(hooks[0].headers[0].value, "1");
	assert_string_equal(hooks[0].headers[1].value, "");
	assert_false(hooks[1].is_active);
	assert_int_equal(hooks[1].header_count, 0);
	assert_int_equal(hooks[2].id, 9);
	assert_int_equal(bc_hook_create(&bc, *state, &wanted, &err), RC_OK);
	assert_string_equal(fake.body[2],
	    "{\"scope\":\"s\",\"destination\":\"d\",\"is_active\":true,\"headers\":{"
	    "\"X-Violet-Hook\":\"v1.k.abc123.mac\"}}");
}

static void
test_codes_by_cursor(void **state)
{
	static const struct {
		const char *body, *after, *next;
	} cases[] = {
		{ "{\"data\":[{},{}],\"meta\":{\"cursor_pagination\":{\"per_page\":2,\"end_"
		  "cursor\":\"e==\"}}}",
		    NULL, "e==" },
		{ "{\"data\":[{}],\"meta\":{\"cursor_pagination\":{\"per_page\":2,\"end_cursor\":"
		  "\"e==\"}}}",
		    "d", NULL },
		{ "{\"data\":[{},{}],\"meta\":{\"cursor_pagination\":{\"per_page\":2,\"end_"
		  "cursor\":\"e==\"}}}",
		    "e==", NULL },
		{ "{\"data\":[]}", NULL, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake_reply reply = { .status = 200, .body = cases[i].body };
		struct bc bc = client_of(&reply);
		const struct json *codes;
		const char *next = "unset";
		struct err err;

		assert_int_equal(
		    bc_promotion_codes_read(&bc, *state, 5, cases[i].after, &codes, &next, &err),
		    RC_OK);
		CHECK((next == NULL) == (cases[i].next == NULL), "case %zu: %s", i, next);
		if (next != NULL)
			assert_string_equal(next, cases[i].next);
		assert_int_equal(strstr(fake.url[0], "after=") != NULL, cases[i].after != NULL);
	}
}

static void
test_store(void **state)
{
	static const struct fake_reply good = { .status = 200,
		.body = "{\"id\":\"abc123\",\"name\":\"Green\",\"domain\":\"g.example\","
			"\"currency\":\"USD\",\"logo\":[]}" };
	static const struct fake_reply other = { .status = 200,
		.body = "{\"id\":\"zzz\",\"name\":\"Green\"}" };
	struct bc bc = client_of(&good);
	struct bc_store store;
	struct err err;

	assert_int_equal(bc_store_read(&bc, *state, &store, &err), RC_OK);
	assert_string_equal(store.name, "Green");
	assert_null(store.control_panel_url);
	bc = client_of(&other);
	assert_int_equal(bc_store_read(&bc, *state, &store, &err), RC_INVALID);
}

static void
test_store_names(void **state)
{
	static const char *const bad[] = { NULL, "", "stores/", "abc123", "Stores/abc123",
		"stores/ABC", "stores/abc123/", "/stores/abc123", "stores/abc 1" };

	(void)state;
	assert_string_equal(bc_store_hash("stores/abc123"), "abc123");
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(bc_store_hash(bad[i]) == NULL, "case %zu", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_codes),
		TEST(test_waiting_times),
		TEST(test_a_store_hash_cannot_leave_its_place),
		TEST(test_token_exchange),
		TEST(test_order),
		TEST(test_products),
		TEST(test_refund),
		TEST(test_bad_refunds),
		TEST(test_orders_since),
		TEST(test_orders_that_move_while_they_are_read),
		TEST(test_refunds_since),
		TEST(test_all_refunds_of_an_order),
		TEST(test_a_list_without_end_is_refused),
		TEST(test_hooks),
		TEST(test_codes_by_cursor),
		TEST(test_store),
		TEST(test_store_names),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
