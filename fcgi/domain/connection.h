/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: runs of merchants through Connect. The cookie (256 bits, stored hashed) names the
 * browser, which has one living connection per channel. A ticket, a code or an install in the same
 * browser proves which store it is for; that only leads to the confirm page. The link is made there
 * (domain/link.h), and by nothing else.
 */
#ifndef DOMAIN_CONNECTION_H
#define DOMAIN_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

enum connection_status {
	CONNECTION_WAITING,
	CONNECTION_PROVEN, /* the store is known: the confirm page comes next */
	CONNECTION_TICKET, /* waiting; the ticket that was given is spent, replaced or too old */
	CONNECTION_EXPIRED,
	CONNECTION_LINKED,
	CONNECTION_UNLINKED, /* was linked, and is no longer */
	CONNECTION_DECLINED,
	CONNECTION_LOCKED, /* ended by five wrong codes */
	CONNECTION_REPLACED,
	CONNECTION__COUNT
};

struct connection {
	enum connection_status status;
	const char *state;      /* the channel's; may be NULL */
	const char *typed_hash; /* store that the merchant named; NULL: none */
	const char *code;       /* to show on the wait page; NULL if it has expired */
	int64_t ended_ms;
	bool is_installed; /* the store that was named has the app */
	/* only once proven: */
	const char *store_hash, *store_name, *store_domain; /* domain may be NULL */
	int64_t merchant_id;                                /* Violet's; 0: not known yet */
};

/* A new cookie's value, and whether a value can be one. */
char *connection_cookie_new(const void *ctx);
bool connection_is_cookie(const char *cookie);

/*
 * The merchant pressed Connect: a new connection in the place of this browser's earlier one for the
 * channel. host and store_hash as admin_url_read gave them ("" and NULL without an address).
 * *is_installed: open the app instead of installing it. RC_CONFLICT if the channel is disabled.
 */
MUST_CHECK enum rc connection_start(struct app *app, const void *ctx, const char *cookie,
    int64_t channel_id, const char *state, const char *host, const char *store_hash,
    bool *is_installed, struct err *err);

/*
 * The browser's newest connection for the channel, in whatever status. ticket may be NULL.
 * RC_MISSING if there is none.
 */
MUST_CHECK enum rc connection_find(struct app *app, const void *ctx, const char *cookie,
    int64_t channel_id, const char *ticket, struct connection *out, struct err *err);

/* A new code. RC_MISSING if no connection is living. */
MUST_CHECK enum rc connection_renew(
    struct app *app, const void *ctx, const char *cookie, int64_t channel_id, struct err *err);

/* End it without a link. RC_MISSING if no connection is living. */
MUST_CHECK enum rc connection_decline(
    struct app *app, const void *ctx, const char *cookie, int64_t channel_id, struct err *err);

/*
 * A single-use ticket for a connection that waits for this store (connection_id from the embedded
 * app's form), and the channel's slug: /connect/{slug}/finish?ticket=. RC_DENIED if the user may
 * not link, RC_MISSING if none of its channel waits.
 */
MUST_CHECK enum rc
connection_ticket(struct app *app, const void *ctx, int64_t connection_id, const char *store_hash,
    int64_t user_id, const char **ticket, const char **slug, struct err *err);

enum code_answer {
	CODE_UNREADABLE, /* not 8 of the letters and digits that codes are made of; not counted */
	CODE_WRONG,      /* no living connection has it, or it has expired */
	CODE_LOCKED,     /* five wrong ones: the user may try again in 15 minutes */
	CODE_KNOWN,      /* right; ask whether it is this channel that the merchant means */
	CODE_PROVEN,     /* right and agreed: the wait page goes on */
	CODE__COUNT
};

struct code_result {
	enum code_answer answer;
	const char *code;                               /* as understood: CODE_KNOWN, CODE_PROVEN */
	const char *slug, *channel_name, *redirect_url; /* of the channel: the same */
};

/*
 * A code typed into the embedded app, in any case, with spaces or dashes. RC_DENIED if the user may
 * not link.
 */
MUST_CHECK enum rc connection_code(struct app *app, const void *ctx, const char *store_hash,
    int64_t user_id, const char *typed, bool is_agreed, struct code_result *out, struct err *err);

/*
 * The app was installed in this browser's top window (external_install): its newest living
 * connection is proven by that. *slug: go on to /connect/{slug}/finish. RC_MISSING if cookie is
 * NULL, is none, or has no living connection.
 */
MUST_CHECK enum rc connection_external_install(struct app *app, const void *ctx, const char *cookie,
    const char *store_hash, int64_t user_id, const char **slug, struct err *err);

#endif
