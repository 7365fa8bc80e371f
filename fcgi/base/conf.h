/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: environment variables, secrets also from NAME_FILE. One table in conf.c (name, kind,
 * offset, default, limits, secret or not, who needs it, one line of help) feeds reading, `check`,
 * `settings` and the comparison with the manual.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdint.h>

#include "base/err.h"

#define CONF_LIST_MAX 12

/* A list of durations in milliseconds ("60,300,1800"). */
struct conf_times {
	int64_t ms[CONF_LIST_MAX];
	int count;
};

/* The first moment that lies one of the times behind from_ms and is after now_ms; 0: all are over.
 */
int64_t conf_times_next(const struct conf_times *times, int64_t from_ms, int64_t now_ms);

enum conf_refunds { REFUNDS_ON, REFUNDS_HOLD, REFUNDS_SHADOW };
enum conf_signature { SIGNATURE_OFF, SIGNATURE_OBSERVE, SIGNATURE_REQUIRE };

/* Who reads the settings: only what that part needs is demanded. */
enum conf_part { CONF_WEB = 1, CONF_WORKER = 2, CONF_MIGRATE = 4, CONF_COMMAND = 8 };

struct conf {
	/* names fixed by the design; the conf.c table says what each is for */
	const char *public_url;   /* scheme, host, optional port; no path, no trailing slash */
	const char *database_url; /* secret: may hold a password */
	const char *fcgi_listen;  /* path of a Unix socket, or "-" for descriptor 0 */
	const char *bigcommerce_client_id;
	const char *bigcommerce_client_secret;          /* secret */
	const char *bigcommerce_client_secret_previous; /* secret; NULL outside a rotation */
	int64_t bigcommerce_app_id;
	const char *bigcommerce_login_url;
	const char *bigcommerce_api_url;
	const char *bigcommerce_admin_url; /* contains {hash} */
	const char *violet_api_url;
	const char *seal_key_file; /* see lib/crypt.h */
	enum conf_refunds refunds;
	enum conf_signature webhook_signature;
	int64_t settle_ms;       /* SETTLE_SECONDS 120 */
	int64_t cancel_grace_ms; /* CANCEL_GRACE_SECONDS 600 */

	/* waiting times of the money path; tests run them at a fraction */
	int64_t send_ms;     /* SEND_SECONDS 20: a send that has not left by then is given up */
	int64_t response_ms; /* RESPONSE_SECONDS 30: for the answer of a remote call */
	int64_t absence_repeat_ms; /* ABSENCE_REPEAT_SECONDS 60: between looks that prove absence */
	/* BAG_SEARCH_SECONDS 60,300,1800,7200,43200,172800 after the order was made */
	struct conf_times bag_search;
	struct conf_times recheck; /* RECHECK_SECONDS 600,86400 after each send */
	int64_t poll_ms;           /* POLL_SECONDS 10: first of an accepted refund; doubles */
	int64_t retry_minimum_ms;  /* RETRY_MINIMUM_SECONDS 5 */
	int64_t retry_maximum_ms;  /* RETRY_MAXIMUM_SECONDS 3600 */
	int64_t lease_ms;          /* LEASE_SECONDS 60 */
	int64_t sweep_refunds_ms;  /* SWEEP_REFUNDS_SECONDS 900 */
	int64_t sweep_orders_ms;   /* SWEEP_ORDERS_SECONDS 3600 */
	int64_t sweep_overlap_ms;  /* SWEEP_OVERLAP_SECONDS 900 */
	int64_t hooks_ms;          /* HOOKS_SECONDS 14400: between two audits of a store's hooks */
	int64_t discounts_ms;      /* DISCOUNTS_SECONDS 900: how long a read list is good */
	/* UNINSTALL_SECONDS 0,60,300,1800: when an uninstall is confirmed */
	struct conf_times uninstall;
	int64_t merchant_ms; /* MERCHANT_SECONDS 5: first retry of resolve_merchant; doubles */

	/* brakes: per hour, amounts in minor units of one currency */
	int64_t fuse_store_count;  /* FUSE_STORE_COUNT 200 */
	int64_t fuse_store_amount; /* FUSE_STORE_AMOUNT 5000000 */
	int64_t fuse_total_count;  /* FUSE_TOTAL_COUNT 5000 */
	int64_t fuse_total_amount; /* FUSE_TOTAL_AMOUNT 100000000 */
	int64_t quota_share;       /* QUOTA_SHARE 50: percent, for sweeps and discounts */

	/* Connect */
	int64_t connection_ms;          /* CONNECTION_SECONDS 86400 */
	int64_t code_ms;                /* CODE_SECONDS 1800 */
	int64_t ticket_ms;              /* TICKET_SECONDS 600 */
	int64_t form_ms;                /* FORM_SECONDS 7200 */
	const char *violet_connect_url; /* where other platforms connect; NULL: not offered */
	const char *support_url;        /* https or mailto link on help and error pages; or NULL */

	/* sizes */
	int64_t web_threads;    /* WEB_THREADS 8: pages at the same time */
	int64_t worker_threads; /* WORKER_THREADS 4 */
	int64_t event_days;     /* EVENT_DAYS 90: how long received webhooks are kept */
	const char *log_level;  /* LOG_LEVEL info */
};

/*
 * Read the environment into a new conf under ctx; a variable that is set to nothing counts as not
 * set. Addresses lose their default port and last slash. Secrets are read only for the parts that
 * use them. RC_INVALID with *faults set to one message that lists every fault (a line each, naming
 * the setting and what is wanted) if anything that `part` needs is wrong or missing.
 */
MUST_CHECK enum rc conf_read(const void *ctx, unsigned part, struct conf **out, char **faults);

/* A line per setting, "NAME=value" as in force, secrets "(set)" or "(not set)": for `check`. */
char *conf_dump(const void *ctx, const struct conf *conf);

/* A line per setting: name, default, help; for the manual's parity test and --help. */
char *conf_help(const void *ctx);

#endif
