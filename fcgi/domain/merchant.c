/* SPDX-License-Identifier: Apache-2.0 */
/* Resolving a store's Violet merchant id. */
#include "domain/merchant.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "domain/channel.h"
#include "lib/http.h"

/* Every BigCommerce store keeps this host, whatever domain the merchant gives it. */
#define PERMANENT_HOST "https://store-{hash}.mybigcommerce.com"

/* The host of a URL pattern with the hash in the place of "{hash}". */
static const char *
host_of(const void *ctx, const char *pattern, const char *store_hash)
{
	const char *gap = strstr(pattern, "{hash}");
	struct http_url url;

	if (gap == NULL)
		return "";
	pattern = mem_printf(
	    ctx, "%.*s%s%s", (int)(gap - pattern), pattern, store_hash, gap + strlen("{hash}"));
	return http_url_parse(ctx, pattern, false, &url) == RC_OK ? url.host : "";
}

static bool
has_host(const void *ctx, const struct violet_merchant *merchant, const char *host)
{
	struct http_url url;

	if (merchant->store_url == NULL || host[0] == '\0')
		return false;
	return http_url_parse(ctx, merchant->store_url, true, &url) == RC_OK &&
	       strcmp(url.host, host) == 0;
}

/* Tells whether a merchant is the store that `wanted` names. */
typedef bool is_store(const void *ctx, const struct violet_merchant *merchant, const char *wanted);

static bool
has_external_id(const void *ctx, const struct violet_merchant *merchant, const char *wanted)
{
	(void)ctx;
	return merchant->external_id != NULL && strcmp(merchant->external_id, wanted) == 0;
}

static size_t
count_distinct(const void *ctx, is_store *is, const char *wanted,
    const struct violet_merchant *merchants, size_t count, int64_t *out)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (merchants[i].platform == NULL ||
		    strcmp(merchants[i].platform, "BIGCOMMERCE") != 0)
			continue;
		if (!is(ctx, &merchants[i], wanted) || (found > 0 && merchants[i].id == *out))
			continue;
		*out = merchants[i].id;
		found++;
	}
	return found;
}

size_t
merchant_match(const void *ctx, const char *admin_url, const char *store_hash,
    const struct violet_merchant *merchants, size_t count, int64_t *out)
{
	size_t found = count_distinct(ctx, has_external_id, store_hash, merchants, count, out);

	if (found == 0)
		found = count_distinct(
		    ctx, has_host, host_of(ctx, PERMANENT_HOST, store_hash), merchants, count, out);
	if (found == 0)
		found = count_distinct(
		    ctx, has_host, host_of(ctx, admin_url, store_hash), merchants, count, out);
	return found;
}

enum rc
merchant_ask(struct app *app, const void *ctx, const char *store_hash, int64_t channel_id,
    struct merchant_answer *out, struct err *err)
{
	struct violet_merchant *merchants;
	struct violet violet;
	int64_t id = 0;
	size_t count, found;
	enum rc rc;

	rc = channel_api(app, ctx, channel_id, &violet, err);
	if (rc == RC_OK)
		rc = violet_merchants_read(&violet, ctx, &merchants, &count, err);
	if (rc != RC_OK)
		return rc;
	found = merchant_match(
	    ctx, app->conf->bigcommerce_admin_url, store_hash, merchants, count, &id);
	out->outcome = found == 0   ? MERCHANT_UNKNOWN
		       : found == 1 ? MERCHANT_FOUND
				    : MERCHANT_AMBIGUOUS;
	out->merchant_id = found == 1 ? id : 0;
	return RC_OK;
}

/* What one channel answered, added to what the others did. */
static void
combine(struct merchant_answer *all, const struct merchant_answer *one)
{
	if (one->outcome == MERCHANT_UNKNOWN || all->outcome == MERCHANT_AMBIGUOUS)
		return;
	if (one->outcome == MERCHANT_AMBIGUOUS ||
	    (all->outcome == MERCHANT_FOUND && all->merchant_id != one->merchant_id))
		all->outcome = MERCHANT_AMBIGUOUS;
	else
		*all = *one;
}

static enum rc
ask_all(struct app *app, const char *store_hash, const int64_t *channels, size_t count,
    struct merchant_answer *out, struct err *err)
{
	enum rc worst = RC_OK;

	for (size_t i = 0; i < count; i++) {
		void *each = mem_context("merchants of a channel");
		struct err failed = { 0 };
		struct merchant_answer one;
		enum rc rc = merchant_ask(app, each, store_hash, channels[i], &one, &failed);

		talloc_free(each);
		if (rc == RC_OK)
			combine(out, &one);
		if (rc != RC_OK)
			worst = err_set(err, rc, "%s", failed.text);
	}
	return out->outcome == MERCHANT_UNKNOWN ? worst : RC_OK;
}

static enum rc
note(struct app *app, const void *ctx, const char *store_hash, int64_t merchant_id, struct err *err)
{
	return db_call(app->db, ctx, NULL, err, "select api.merchant_seen($1, $2, 'violet', $3)",
	    DB_PARAMS(db_text(store_hash), db_int(merchant_id), db_time(clock_now_ms())));
}

enum rc
merchant_resolve(struct app *app, const void *ctx, const char *store_hash,
    struct merchant_answer *out, struct err *err)
{
	struct merchant_answer answer = { MERCHANT_UNKNOWN, 0 };
	struct db_rows *rows;
	const int64_t *channels;
	size_t count;
	enum rc rc = db_read(app->db, ctx, &rows, err, "select * from api.merchant_wanted($1)",
	    DB_PARAMS(db_text(store_hash)));

	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "store %s never installed the app", store_hash);
	channels = db_get_ints(rows, 0, "channels", &count);
	answer.merchant_id = db_get_int(rows, 0, "merchant_id");
	if (db_get_bool(rows, 0, "by_hand"))
		answer.outcome = MERCHANT_BY_HAND;
	else if (count == 0)
		answer.outcome = MERCHANT_UNLINKED;
	else
		rc = ask_all(app, store_hash, channels, count, &answer, err);
	if (rc == RC_OK && answer.outcome == MERCHANT_FOUND)
		rc = note(app, ctx, store_hash, answer.merchant_id, err);
	if (rc == RC_OK)
		*out = answer;
	return rc;
}
