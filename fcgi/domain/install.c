/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing. The code works once, so the token is kept before anything else is asked or shown, and
 * keeping it is tried again where that can help.
 */
#include "domain/install.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/store.h"

#define CODE_MAX    512
#define SCOPE_MAX   2048
#define SCOPES_MAX  64
#define SAVE_TRIES  3
#define DESCRIBE_MS 4000 /* the merchant waits */

static const char *const fault_names[] = {
	[INSTALL_INPUT] = "input",
	[INSTALL_AWAY] = "away",
	[INSTALL_USED] = "used",
	[INSTALL_INSTALLED] = "installed",
	[INSTALL_BUSY] = "busy",
	[INSTALL_UNCLEAR] = "unclear",
	[INSTALL_SETTINGS] = "settings",
	[INSTALL_ANSWER] = "answer",
	[INSTALL_MISMATCH] = "mismatch",
	[INSTALL_UNSAVED] = "unsaved",
};
_Static_assert(sizeof(fault_names) / sizeof(fault_names[0]) == INSTALL__COUNT, "a name per fault");

/* What we need, by either scope. BigCommerce: "OAuth scopes". */
static const struct need {
	const char *word, *modify, *read_only;
} needs[] = {
	{ "orders", "store_v2_orders", "store_v2_orders_read_only" },
	{ "information", "store_v2_information", "store_v2_information_read_only" },
	{ "marketing", "store_v2_marketing", "store_v2_marketing_read_only" },
};
_Static_assert(sizeof(needs) / sizeof(needs[0]) == INSTALL_SCOPES, "room for every need");

const char *
install_fault_name(enum install_fault fault)
{
	return fault_names[fault];
}

/* BigCommerce separates scopes by spaces; its examples of 2022 have commas. */
static size_t
split_scopes(const void *ctx, const char *scopes, const char *out[SCOPES_MAX])
{
	size_t count = 0;

	while (count < SCOPES_MAX && *(scopes += strspn(scopes, " ,")) != '\0') {
		size_t n = strcspn(scopes, " ,");

		out[count++] = mem_bytes(ctx, scopes, n);
		scopes += n;
	}
	return count;
}

static bool
has_either(const char *const *scopes, size_t count, const struct need *need)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(scopes[i], need->modify) == 0 || strcmp(scopes[i], need->read_only) == 0)
			return true;
	}
	return false;
}

size_t
install_missing_scopes(const char *scopes, const char *missing[INSTALL_SCOPES])
{
	void *ctx = mem_context("install_missing_scopes");
	const char *granted[SCOPES_MAX];
	size_t count = split_scopes(ctx, scopes, granted), n = 0;

	for (size_t i = 0; i < INSTALL_SCOPES; i++) {
		if (!has_either(granted, count, &needs[i]))
			missing[n++] = needs[i].word;
	}
	talloc_free(ctx);
	return n;
}

static bool
is_usable(const char *value, size_t maximum)
{
	return value != NULL && *value != '\0' && text_is_plain(value, maximum);
}

/* Why the exchange failed, as the token endpoint's answers tell it. */
static enum install_fault
exchange_fault(enum rc rc, const struct bc *bc)
{
	if (rc == RC_BUSY)
		return INSTALL_BUSY;
	if (rc == RC_UNCERTAIN)
		return INSTALL_UNCLEAR;
	if (bc->error != NULL && strcmp(bc->error, "invalid_grant") == 0)
		return INSTALL_USED;
	return bc->status >= 400 && bc->status < 500 ? INSTALL_SETTINGS : INSTALL_ANSWER;
}

static enum rc
save_once(struct app *app, const void *ctx, const struct bc_grant *grant, const char *locale,
    const struct install *install, struct err *err)
{
	const char *where = mem_printf(ctx, STORE_TOKEN_WHERE, grant->store_hash);
	const char *sealed = crypt_seal(ctx, app->keys, where, grant->access_token);
	const char *scopes[SCOPES_MAX];
	size_t count = split_scopes(ctx, grant->scope, scopes);

	return db_call(app->db, ctx, NULL, err,
	    "select api.store_install($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	    DB_PARAMS(db_text(grant->store_hash), db_text(sealed), db_texts(scopes, count),
		db_int(grant->user_id), db_text(grant->user_email), db_text(locale),
		grant->owner_id > 0 ? db_int(grant->owner_id) : db_null(),
		db_text(grant->owner_email), db_time(install->installed_ms)));
}

/* An upsert: to repeat it does no harm, and the code won't give the token a second time. */
static enum rc
save(struct app *app, const void *ctx, const struct bc_grant *grant, const char *locale,
    const struct install *install, struct err *err)
{
	enum rc rc = RC_BUSY;

	for (int i = 0; i < SAVE_TRIES && (rc == RC_BUSY || rc == RC_UNCERTAIN); i++)
		rc = save_once(app, ctx, grant, locale, install, err);
	return rc;
}

/* Name, address and currency for the page. If it fails the worker's audit of the hooks reads them.
 */
static void
describe(struct app *app, const void *ctx, const struct bc_grant *grant)
{
	struct conf quick = *app->conf;
	struct bc bc = { .http = app->http,
		.conf = &quick,
		.store_hash = grant->store_hash,
		.token = grant->access_token };
	struct bc_store facts;
	struct err ignored;
	enum rc rc;

	if (quick.response_ms > DESCRIBE_MS)
		quick.response_ms = DESCRIBE_MS;
	if (bc_store_read(&bc, ctx, &facts, &ignored) != RC_OK)
		return;
	facts.hash = grant->store_hash;
	rc = store_describe(app, &facts, &ignored);
	(void)rc;
}

static bool
is_installed(struct app *app, const void *ctx, const char *store_hash)
{
	struct db_rows *rows;
	struct err ignored;

	return db_read(app->db, ctx, &rows, &ignored,
		   "select api.store_is_installed($1) as installed",
		   DB_PARAMS(db_text(store_hash))) == RC_OK &&
	       db_get_bool(rows, 0, "installed");
}

static enum rc
exchange(struct app *app, const void *ctx, const struct install_request *request,
    struct bc_grant *grant, enum install_fault *fault, struct err *err)
{
	const char *named = bc_store_hash(request->context);
	struct bc bc = { .http = app->http, .conf = app->conf };
	enum rc rc = bc_token_exchange(
	    &bc, ctx, request->code, request->scope, request->context, grant, err);

	if (rc != RC_OK) {
		*fault = exchange_fault(rc, &bc);
		if (*fault == INSTALL_USED && is_installed(app, ctx, named))
			*fault = INSTALL_INSTALLED;
		return rc;
	}
	if (strcmp(grant->store_hash, named) != 0) {
		*fault = INSTALL_MISMATCH;
		return err_set(err, RC_DENIED, "the code is of store %s, the address names %s",
		    grant->store_hash, named);
	}
	return RC_OK;
}

/* A code works only once: it is not spent while its token could not be kept. */
static enum rc
require_database(struct app *app, const void *ctx, struct err *err)
{
	const char *reason = NULL;
	enum rc rc = app_not_ready(app, ctx, &reason, err);

	return reason == NULL ? rc : err_set(err, RC_BUSY, "%s", reason);
}

enum rc
install_run(struct app *app, const void *ctx, const struct install_request *request,
    struct install *out, enum install_fault *fault, struct err *err)
{
	struct bc_grant grant;
	struct install install;
	enum rc rc;

	*fault = INSTALL_INPUT;
	if (!is_usable(request->code, CODE_MAX) || !is_usable(request->scope, SCOPE_MAX) ||
	    bc_store_hash(request->context) == NULL)
		return err_set(err, RC_INVALID, "code, scope or context is missing or unusable");
	*fault = INSTALL_AWAY;
	rc = require_database(app, ctx, err);
	if (rc == RC_OK)
		rc = exchange(app, ctx, request, &grant, fault, err);
	if (rc != RC_OK)
		return rc;
	install = (struct install){
		.store_hash = grant.store_hash,
		.scopes = grant.scope,
		.user_id = grant.user_id,
		.installed_ms = clock_now_ms(),
	};
	rc = save(app, ctx, &grant, request->locale, &install, err);
	if (rc != RC_OK) {
		*fault = INSTALL_UNSAVED;
		return rc;
	}
	describe(app, ctx, &grant);
	*out = install;
	return RC_OK;
}
