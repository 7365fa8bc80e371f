/* SPDX-License-Identifier: Apache-2.0 */
/* Stores. An install is named by its time: what is noted about one names it, so that it never
 * touches a later one. */
#include "domain/store.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"

#define TEXT_MAX 300

/* The row of api.store_find; the token is opened last, since that can fail. */
static enum rc
read_row(struct app *app, const void *ctx, const struct db_rows *rows, struct store *out,
    struct err *err)
{
	const char *sealed = db_get_text(rows, 0, "sealed_token");
	char *token = NULL;
	struct err why;

	*out = (struct store){
		.hash = db_get_text(rows, 0, "store_hash"),
		.currency = db_get_text(rows, 0, "currency"),
		.installed_ms = db_get_time(rows, 0, "installed_at"),
		.cancel_policy = db_get_text(rows, 0, "cancel_policy"),
		.cancel_grace_ms = db_is_null(rows, 0, "cancel_grace_seconds")
				       ? app->conf->cancel_grace_ms
				       : db_get_int(rows, 0, "cancel_grace_seconds") * 1000,
	};
	if (sealed == NULL)
		return RC_OK;
	/* Not RC_DENIED: that would read as if BigCommerce had refused us. */
	if (crypt_open(ctx, app->keys, mem_printf(ctx, STORE_TOKEN_WHERE, out->hash), sealed,
		&token, &why) != RC_OK)
		return err_set(err, RC_BROKEN, "token of store %s: %.300s", out->hash, why.text);
	out->token = token;
	return RC_OK;
}

enum rc
store_find(
    struct app *app, const void *ctx, const char *store_hash, struct store *out, struct err *err)
{
	struct store store;
	struct db_rows *rows;
	enum rc rc = db_read(app->db, ctx, &rows, err, "select * from api.store_find($1)",
	    DB_PARAMS(db_text(store_hash)));

	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "store %s never installed the app", store_hash);
	rc = read_row(app, ctx, rows, &store, err);
	if (rc == RC_OK)
		*out = store;
	return rc;
}

enum rc
store_api(struct app *app, const struct store *store, struct bc *out, struct err *err)
{
	if (store->token == NULL)
		return err_set(err, RC_DENIED, "store %s: the app is not installed", store->hash);
	*out = (struct bc){
		.http = app->http,
		.conf = app->conf,
		.store_hash = store->hash,
		.token = store->token,
		.quota_left = -1,
		.quota_total = -1,
	};
	return RC_OK;
}

bool
store_has_quota(const struct bc *bc)
{
	return bc->quota_left < 0 || bc->quota_total <= 0 ||
	       bc->quota_left * 100 >= bc->quota_total * (100 - bc->conf->quota_share);
}

/* Twice, since looks use the next window too. */
int64_t
store_quota_pause_ms(const struct bc *bc)
{
	return bc->quota_reset_ms > 0 ? 2 * bc->quota_reset_ms : BC_QUOTA_WINDOW_MS;
}

/* What else BigCommerce may say is not worth an error. */
static const char *
currency_or_null(const char *code)
{
	return money_exponent(code) >= 0 ? code : NULL;
}

/* These are shown on pages: none, rather than one that could read as another. */
static const char *
plain_or_null(const char *text)
{
	return text != NULL && *text != '\0' && text_is_plain(text, TEXT_MAX) ? text : NULL;
}

enum rc
store_describe(struct app *app, const struct bc_store *facts, struct err *err)
{
	return db_call(app->db, NULL, NULL, err,
	    "select api.store_describe($1, $2, $3, $4, $5, $6)",
	    DB_PARAMS(db_text(facts->hash), db_text(plain_or_null(facts->name)),
		db_text(plain_or_null(facts->domain)),
		db_text(plain_or_null(facts->control_panel_url)),
		db_text(currency_or_null(facts->currency)), db_time(clock_now_ms())));
}

enum rc
store_token_noted(struct app *app, const struct store *store, bool is_refused, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.store_token_noted($1, $2, $3, $4)",
	    DB_PARAMS(db_text(store->hash), db_time(store->installed_ms), db_bool(is_refused),
		db_time(clock_now_ms())));
}

enum rc
store_uninstalled(struct app *app, const struct store *store, bool *done, struct err *err)
{
	void *ctx = mem_context("store_uninstalled");
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err,
	    "select api.store_uninstalled($1, $2, $3) as done",
	    DB_PARAMS(db_text(store->hash), db_time(store->installed_ms), db_time(clock_now_ms())));

	if (rc == RC_OK)
		*done = db_get_bool(rows, 0, "done");
	talloc_free(ctx);
	return rc;
}
