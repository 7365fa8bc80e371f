/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discount check: can a shopper use this coupon or promotion through Violet? Only codes can be
 * put on a cart through BigCommerce's API; automatic promotions cannot.
 */
#ifndef DOMAIN_DISCOUNT_H
#define DOMAIN_DISCOUNT_H

#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "domain/store.h"
#include "lib/json.h"

/* Words as in the table discount; pages translate "app.discount.{reason}". */
struct discount_verdict {
	const char *verdict; /* works, not_now, never */
	const char *reason;  /* ok; automatic; disabled, invalid, expired, ...: see the tables in
				discount.c */
};

/* Judge one row of GET /v2/coupons and of GET /v3/promotions. currency: the store's default one,
 * NULL if not known. */
struct discount_verdict discount_judge_coupon(const struct json *coupon, int64_t now_ms);
struct discount_verdict
discount_judge_promotion(const struct json *promotion, const char *currency, int64_t now_ms);

/*
 * Read a store's coupons and promotions from BigCommerce, judge and store them. What was stored
 * stays if that fails; a missing scope (RC_DENIED) and an API that is away are noted for the page.
 * RC_OK and *wait_ms above 0: nothing was stored, since the store's quota is running low; read
 * again then.
 */
MUST_CHECK enum rc discount_read(struct app *app, const void *ctx, const struct store *store,
    struct bc *bc, int64_t *wait_ms, struct err *err);

#endif
