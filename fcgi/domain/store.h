/* SPDX-License-Identifier: Apache-2.0 */
/* Stores: find them, open their token, and what every use case asks of them. */
#ifndef DOMAIN_STORE_H
#define DOMAIN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "remote/bigcommerce.h"

struct store {
	const char *hash;
	const char *currency;      /* NULL before it was read */
	const char *token;         /* opened; NULL: not installed */
	int64_t installed_ms;      /* 0: not installed */
	const char *cancel_policy; /* refund, review */
	int64_t cancel_grace_ms;   /* the store's own, else the setting */
};

/* RC_MISSING if the store never installed the app. */
MUST_CHECK enum rc store_find(
    struct app *app, const void *ctx, const char *store_hash, struct store *out, struct err *err);

/* A struct bc for calls with the store's token. RC_DENIED if the app is not installed. */
MUST_CHECK enum rc
store_api(struct app *app, const struct store *store, struct bc *out, struct err *err);

/*
 * After any call: may reading that can wait go on? It uses QUOTA_SHARE percent of what BigCommerce
 * grants the store, so that looks at refunds find the rest. True while nothing is known.
 */
bool store_has_quota(const struct bc *bc);

/* If not: how long until it may. */
int64_t store_quota_pause_ms(const struct bc *bc);

/* Keep what BigCommerce says of the store. */
MUST_CHECK enum rc store_describe(struct app *app, const struct bc_store *facts, struct err *err);

/* Note that BigCommerce refused the token (401, 403), or took it again: the embedded app shows it.
 */
MUST_CHECK enum rc
store_token_noted(struct app *app, const struct store *store, bool is_refused, struct err *err);

/*
 * The install that `store` was read with is gone: destroy its token, end the links, hand open
 * refunds to a person. *done is false, and nothing changed, if the app was installed anew
 * meanwhile.
 */
MUST_CHECK enum rc
store_uninstalled(struct app *app, const struct store *store, bool *done, struct err *err);

/* AAD of the sealed token. */
#define STORE_TOKEN_WHERE "store.sealed_token/%s"

#endif
