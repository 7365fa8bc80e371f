/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed calls to BigCommerce. No policy: each call says what BigCommerce answered, as structs under
 * the caller's context with amounts in minor units. Codes: RC_DENIED 401 and 403 (see struct
 * bc_answer), RC_MISSING 404, RC_INVALID other 4xx and answers that cannot be read, RC_BUSY 429,
 * 5xx, and what certainly was not carried out, RC_UNCERTAIN no whole answer.
 */
#ifndef REMOTE_BIGCOMMERCE_H
#define REMOTE_BIGCOMMERCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "lib/http.h"
#include "lib/json.h"

/* How long a store's API quota lasts, where an answer does not say. */
#define BC_QUOTA_WINDOW_MS 30000

/*
 * The hash in "stores/{hash}", which is how contexts, tokens and webhooks name a store: the part of
 * `name` behind the slash. NULL if name is NULL or of another shape.
 */
const char *bc_store_hash(const char *name);

/* What a call needs, and what the last answer said of quota. One per job or request. */
struct bc {
	struct http *http;
	const struct conf *conf;
	const char *store_hash;
	const char *token; /* NULL for bc_token_exchange */
	/* from the last answer */
	int status;             /* HTTP status; 0: no answer */
	const char *error;      /* OAuth's word for a failure ("invalid_grant"), under that call's
				   context; NULL: none */
	int64_t retry_after_ms; /* longest of X-Retry-After, X-Rate-Limit-Time-Reset-Ms on a 429; 0:
				   not said */
	int64_t quota_left, quota_total; /* -1: not said */
	int64_t quota_reset_ms;
};

/* POST {login}/oauth2/token. "Single-click app OAuth flow". */
struct bc_grant {
	const char *access_token, *scope,
	    *store_hash; /* the hash from the answer's context, never from the query */
	int64_t user_id, owner_id;
	const char *user_email, *owner_email; /* may be NULL */
};
MUST_CHECK enum rc bc_token_exchange(struct bc *bc, const void *ctx, const char *code,
    const char *scope, const char *context, struct bc_grant *out, struct err *err);

/* GET /v2/store */
struct bc_store {
	const char *hash, *name, *domain, *control_panel_url, *currency;
};
MUST_CHECK enum rc
bc_store_read(struct bc *bc, const void *ctx, struct bc_store *out, struct err *err);

/* GET /v2/orders/{id}. Amounts in the exponent of `currency` (the transactional
 * default_currency_code). */
struct bc_order {
	int64_t id;
	int status_id;
	const char *currency;
	int64_t total_minor; /* total_inc_tax */
	bool is_exact; /* false: the total had more decimals than the currency, and total_minor is 0
			*/
	const char *external_source; /* may be NULL */
	int64_t made_ms;
};
MUST_CHECK enum rc bc_order_read(
    struct bc *bc, const void *ctx, int64_t order_id, struct bc_order *out, struct err *err);

/*
 * GET /v2/orders behind the position `from`, without page numbers, so that orders which move in the
 * list while it is read are never skipped: ids and times only. *from moves on behind what was read;
 * *end: nothing is left. A position with id > 0 lies inside one second that holds more orders than
 * a page.
 */
struct bc_position {
	int64_t time_ms, id;
};
struct bc_order_brief {
	int64_t id, modified_ms;
	int status_id;
};
MUST_CHECK enum rc bc_orders_since(struct bc *bc, const void *ctx, struct bc_position *from,
    struct bc_order_brief **out, size_t *count, bool *end, struct err *err);

/* GET /v2/orders/{id}/products, all pages. */
struct bc_product {
	int64_t id; /* the order-product id, which refund items name */
	int64_t variant_id;
	const char *sku;
	int64_t quantity;
	int64_t paid_minor; /* for the line, discounts deducted; -1: not exact in minor units */
};
MUST_CHECK enum rc bc_products_read(struct bc *bc, const void *ctx, int64_t order_id,
    const char *currency, struct bc_product **out, size_t *count, struct err *err);

/* Refunds (V3), all pages, ascending by id. */
struct bc_refund_item {
	const char *type; /* PRODUCT, SHIPPING, ... unknown words possible */
	int64_t item_id;
	int64_t quantity;
	bool has_amount; /* requested_amount: number, string, null or missing */
	int64_t amount_minor;
};
struct bc_refund_payment {
	const char *provider_id;
	int64_t amount_minor;
	bool is_offline, is_declined;
};
struct bc_refund {
	int64_t id, user_id; /* user_id 0: made through the API, or not said */
	int64_t made_ms;     /* 0: not said */
	int64_t total_minor;
	bool is_exact; /* false: total or a payment is no exact amount of the currency: total_minor
			  is not to be used */
	const struct bc_refund_item *items;
	size_t item_count;
	const struct bc_refund_payment *payments;
	size_t payment_count;
};
MUST_CHECK enum rc bc_refunds_read(struct bc *bc, const void *ctx, int64_t order_id,
    const char *currency, struct bc_refund **out, size_t *count, struct err *err);

/*
 * GET /v3/orders/payment_actions/refunds behind the position `from` (BigCommerce lists them by
 * ascending id): no amounts (currency unknown). *from moves on, *end: nothing is left.
 */
struct bc_refund_brief {
	int64_t id, order_id, made_ms;
};
MUST_CHECK enum rc bc_refunds_since(struct bc *bc, const void *ctx, struct bc_position *from,
    struct bc_refund_brief **out, size_t *count, bool *end, struct err *err);

/* Hooks (V3): all pages of what BigCommerce has. */
struct bc_hook {
	int64_t id;
	const char *scope, *destination;
	bool is_active;
	const struct http_header *headers;
	size_t header_count;
};
MUST_CHECK enum rc
bc_hooks_read(struct bc *bc, const void *ctx, struct bc_hook **out, size_t *count, struct err *err);
MUST_CHECK enum rc
bc_hook_create(struct bc *bc, const void *ctx, const struct bc_hook *hook, struct err *err);
MUST_CHECK enum rc
bc_hook_update(struct bc *bc, const void *ctx, const struct bc_hook *hook, struct err *err);
MUST_CHECK enum rc bc_hook_delete(struct bc *bc, const void *ctx, int64_t hook_id, struct err *err);

/*
 * GET /v2/coupons (ids above after_id) and GET /v3/promotions (pages from 1; and /codes): the array
 * of one page, 250 rows at most, as BigCommerce sent it (V3: the member "data"), NULL for none:
 * domain/discount judges them. `next` is NULL on the last page, else the `after` of the next; the
 * first call passes NULL.
 */
MUST_CHECK enum rc bc_coupons_read(
    struct bc *bc, const void *ctx, int64_t after_id, const struct json **out, struct err *err);
MUST_CHECK enum rc bc_promotions_read(
    struct bc *bc, const void *ctx, int page, const struct json **out, bool *last, struct err *err);
MUST_CHECK enum rc bc_promotion_codes_read(struct bc *bc, const void *ctx, int64_t promotion_id,
    const char *after, const struct json **out, const char **next, struct err *err);

#endif
