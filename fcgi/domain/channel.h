/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: Violet apps, with their sealed credentials. */
#ifndef DOMAIN_CHANNEL_H
#define DOMAIN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"
#include "remote/violet.h"

struct channel {
	int64_t id, app_id;
	const char *slug, *name, *description;
	const char *logo_url, *more_info_url; /* may be NULL */
	const char *redirect_url;
	bool is_enabled;
};

/* RC_MISSING if there is none; disabled ones are found. */
MUST_CHECK enum rc channel_find(
    struct app *app, const void *ctx, const char *slug, struct channel *out, struct err *err);

/* A struct violet for calls with a channel's credentials (opened). Disabled channels too: their
 * bags stay refundable. */
MUST_CHECK enum rc channel_api(
    struct app *app, const void *ctx, int64_t channel_id, struct violet *out, struct err *err);

/* Ids of every channel ever linked to the store, ended and disabled ones too. */
MUST_CHECK enum rc channel_ever_linked(struct app *app, const void *ctx, const char *store_hash,
    int64_t **out, size_t *count, struct err *err);

/* AAD of the sealed credentials: JSON {"app_secret","username","password"}. The key is the app id.
 */
#define CHANNEL_CREDENTIALS_WHERE "channel.sealed_credentials/%lld"

#endif
