/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks at BigCommerce: which ones a store needs, and making what BigCommerce has into that.
 * BigCommerce switches hooks off silently and deletes them at uninstall, so its list is read each
 * time and nothing is remembered but the result.
 */
#ifndef DOMAIN_HOOK_H
#define DOMAIN_HOOK_H

#include <stddef.h>

#include "base/err.h"
#include "domain/app.h"
#include "domain/store.h"
#include "remote/bigcommerce.h"

/* What was, or would be, done about one hook. */
enum hook_state {
	HOOK_OK,        /* as it should be */
	HOOK_CREATED,   /* was missing */
	HOOK_MENDED,    /* had another header or destination */
	HOOK_ACTIVATED, /* had been switched off */
	HOOK_FAILED,    /* BigCommerce refused to make or change it */
	HOOK_SURPLUS,   /* ours, but a duplicate or not wanted: deleted */
	HOOK__COUNT
};

/* The state's word in SQL and pages ("mended"). */
const char *hook_state_name(enum hook_state state);

struct hook_step {
	enum hook_state state;
	struct bc_hook hook; /* as it should be; id 0 if it is to be created */
};

/*
 * Pure: what to do about the hooks that BigCommerce lists: surplus ones first, then one step per
 * wanted hook. Hooks with neither our destination nor our header for this store are somebody else's
 * and left alone.
 */
void hook_plan(const void *ctx, const struct app *app, const char *store_hash,
    const struct bc_hook *found, size_t count, struct hook_step **out, size_t *steps);

/* How many of the listed hooks are ours. */
size_t hook_count_ours(const void *ctx, const struct app *app, const char *store_hash,
    const struct bc_hook *found, size_t count);

/*
 * Read, plan, carry out, and keep the result for the store's page. RC_INVALID if BigCommerce
 * refused a hook (the others are made all the same); otherwise the codes of remote/bigcommerce.h.
 * *out and *steps are set whenever the list could be read.
 */
MUST_CHECK enum rc hook_ensure(struct app *app, const void *ctx, const struct store *store,
    struct bc *bc, struct hook_step **out, size_t *steps, struct err *err);

#endif
