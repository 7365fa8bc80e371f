/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed calls to Violet with one app's credentials. No policy. Codes: RC_DENIED 401 and 403 that a
 * fresh token did not mend (merchant_not_connected 7118 included: see violet->code), RC_MISSING
 * 404, RC_INVALID other 4xx and answers that cannot be read, RC_BUSY 429, 5xx and what certainly
 * was not carried out, RC_UNCERTAIN no whole answer. For violet_refund_send every answer that is
 * not a readable refund and not a documented refusal is RC_UNCERTAIN.
 */
#ifndef REMOTE_VIOLET_H
#define REMOTE_VIOLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "lib/http.h"

/* Access tokens by app id for all threads of a process: renewed before they expire, logged in anew
 * when a refresh fails. */
struct violet_tokens;
struct violet_tokens *violet_tokens_open(const void *ctx);

struct violet_credentials {
	int64_t app_id;
	const char *app_secret, *username, *password;
};

struct violet {
	struct http *http;
	const struct conf *conf;
	struct violet_tokens *tokens;
	struct violet_credentials credentials;
	/* from the last answer */
	int status; /* HTTP status; 0: no answer */
	int code;   /* Violet's error code (4225, 9001, ...); 0: none */
	int64_t retry_after_ms;
};

/* Log in or refresh if need be: proves the credentials. Every other call does this by itself. */
MUST_CHECK enum rc violet_login(struct violet *violet, const void *ctx, struct err *err);

/* GET /merchants, all pages. */
struct violet_merchant {
	int64_t id;
	const char *platform, *external_id, *store_url; /* may be NULL */
};
MUST_CHECK enum rc violet_merchants_read(struct violet *violet, const void *ctx,
    struct violet_merchant **out, size_t *count, struct err *err);

/* POST /orders/bags/search {merchant_id, external_id}, all pages: exactly what Violet answered. */
struct violet_line {
	int64_t id;              /* order_sku_id */
	const char *external_id; /* may be NULL */
	const char *sku;         /* may be NULL */
	int64_t quantity, line_minor;
};
struct violet_bag {
	int64_t id, order_id, merchant_id, app_id;
	const char *external_id, *platform, *status, *currency; /* may be NULL */
	int64_t total_minor;
	const struct violet_line *lines;
	size_t line_count;
};
MUST_CHECK enum rc violet_bags_search(struct violet *violet, const void *ctx, int64_t merchant_id,
    const char *external_id, struct violet_bag **out, size_t *count, struct err *err);

/* GET /orders/{id}/bags/{id}/refunds and GET /orders/{id}/refunds/{id}. */
struct violet_refund {
	int64_t id;
	int64_t bag_id;
	bool has_amount;
	int64_t amount_minor; /* of the bag; refund_currency is the merchant's platform's */
	const char *status;   /* PROCESSING, COMPLETED, ... unknown words possible; "" if missing */
	const char *reason;   /* "" if missing */
	const char *external_id; /* may be NULL */
	const char *error;       /* text of the first unresolved error; NULL: none */
	int64_t made_ms;         /* 0: not said */
};
MUST_CHECK enum rc violet_refunds_read(struct violet *violet, const void *ctx, int64_t order_id,
    int64_t bag_id, struct violet_refund **out, size_t *count, struct err *err);
MUST_CHECK enum rc violet_refund_read(struct violet *violet, const void *ctx, int64_t order_id,
    int64_t refund_id, struct violet_refund *out, struct err *err);

/* GET /orders/{id}/cancellations: who began the cancellation of this bag: "CHANNEL", "MERCHANT",
 * "VIOLET"; NULL: none. */
MUST_CHECK enum rc violet_cancellation_read(struct violet *violet, const void *ctx,
    int64_t order_id, int64_t bag_id, const char **originated_by, struct err *err);

/*
 * POST /orders/{id}/bags/{id}/refunds?skip_external_refund=true, every amount explicit. The only
 * call that moves money. It uses a connection of its own, opened here, and is given up past
 * send_by_boot_ms (CLOCK_BOOTTIME) before the body leaves. A token that would not outlive the call
 * is renewed first.
 */
struct violet_refund_line {
	int64_t order_sku_id, quantity, amount_minor;
};
struct violet_refund_request {
	int64_t order_id, bag_id;
	int64_t amount_minor;                   /* > 0, at most 2^31 - 1 */
	int64_t shipping_minor;                 /* sent even when 0 */
	const struct violet_refund_line *lines; /* NULL: none sent */
	size_t line_count;
	const char *reason; /* the marker first */
	int64_t send_by_boot_ms;
};
MUST_CHECK enum rc violet_refund_send(struct violet *violet, const void *ctx,
    const struct violet_refund_request *request, struct violet_refund *out, struct err *err);

/* POST /apps/{app_id}/merchants/uninstall {merchant_id}: end the link. RC_OK too if it was not
 * linked. */
MUST_CHECK enum rc
violet_unlink(struct violet *violet, const void *ctx, int64_t merchant_id, struct err *err);

#endif
