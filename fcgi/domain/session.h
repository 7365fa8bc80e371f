/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking: BigCommerce's signed_payload_jwt (HS256 only, fixed by us), and our own
 * short-lived form tokens, which bind store, user and purpose and are checked against store_user
 * and the store's install time at each use.
 */
#ifndef DOMAIN_SESSION_H
#define DOMAIN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

struct claims {
	const char *store_hash;
	int64_t user_id;
	const char *user_email;  /* may be NULL */
	const char *user_locale; /* "en-US"; may be NULL */
	int64_t owner_id;        /* 0: not said */
	int64_t issued_at;       /* Unix seconds */
};

/*
 * Verify a signed_payload_jwt with the client secret (and the previous one during a rotation):
 * RC_DENIED with the reason otherwise. BigCommerce: "Callbacks", signed_payload_jwt. Times with 60
 * s of tolerance; `now_s` in Unix seconds.
 */
MUST_CHECK enum rc session_verify_jwt(const struct conf *conf, const void *ctx, const char *token,
    int64_t now_s, struct claims *out, struct err *err);

/* Who uses the embedded app. */
struct session {
	const char *store_hash;
	int64_t user_id;
	int64_t installed_ms; /* when this install of the app began */
	const char *locale;   /* never NULL: "en" if unknown */
	bool may_link;        /* the owner, or a user who has installed */
};

/*
 * A token for the embedded app's forms: text, safe in HTML attributes. Names store, user and
 * install; lives conf->form_ms; dies with the user's removal, with an uninstall and with a
 * reinstall.
 */
char *session_token(struct app *app, const void *ctx, const struct session *session);

/* RC_DENIED if forged, stale, or the user or install is gone. One query. */
MUST_CHECK enum rc session_check(
    struct app *app, const void *ctx, const char *token, struct session *out, struct err *err);

#endif
