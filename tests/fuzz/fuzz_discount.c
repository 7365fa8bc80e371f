/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store's coupons, promotions and their codes as BigCommerce may answer them: what would be
 * stored is a list of rows that the page can show. Store and database are taken out.
 */
#include "fuzz.h"

#include <string.h>

#include "../unit/fake_http.h"
#include "base/text.h"
#include "domain/discount.h"
#include "domain/store.h"

static const struct conf conf = { .bigcommerce_api_url = "https://b", .quota_share = 50 };
static const char *answer;

static const char *
serve(const void *ctx, const struct http_request *request)
{
	(void)ctx;
	(void)request;
	return answer;
}

bool
store_has_quota(const struct bc *bc)
{
	return bc->quota_left != 0;
}

int64_t
store_quota_pause_ms(const struct bc *bc)
{
	return bc->quota_reset_ms;
}

static void
check_row(const struct json *row)
{
	const char *verdict = json_get_text(row, "verdict", "");
	const struct json *codes = json_get(row, "codes");

	ASSERT(json_get_int(row, "id", 0) > 0);
	ASSERT(strcmp(verdict, "works") == 0 || strcmp(verdict, "not_now") == 0 ||
	       strcmp(verdict, "never") == 0);
	ASSERT(json_get_text(row, "reason", "")[0] != '\0');
	ASSERT(json_is_array(codes));
	for (size_t i = 0; i < json_count(codes); i++)
		ASSERT(text_is_plain(json_text(json_at(codes, i)), 50));
}

/* api.discounts_store with the rows, or api.discounts_failed with a word. */
enum rc
db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err, const char *sql,
    const struct db_param *params, size_t n)
{
	const struct json *rows;

	(void)db;
	(void)out;
	ASSERT(n >= 2);
	if (strstr(sql, "api.discounts_store") == NULL)
		return RC_OK;
	ASSERT(json_parse(ctx, params[1].p, strlen(params[1].p), &rows, err) == RC_OK);
	for (size_t i = 0; i < json_count(rows); i++)
		check_row(json_at(rows, i));
	return RC_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	struct app app = { .conf = &conf };
	const struct store store = { .hash = "abc123", .currency = "USD", .token = "t" };
	struct bc bc = { .conf = &conf,
		.store_hash = store.hash,
		.token = store.token,
		.quota_left = -1,
		.quota_total = -1 };
	int64_t wait_ms;
	struct err err;

	answer = mem_bytes(ctx, data, size);
	fake_script(NULL, 0);
	fake.serve = serve;
	(void)!discount_read(&app, ctx, &store, &bc, &wait_ms, &err);
	talloc_free(ctx);
	return 0;
}
