/* SPDX-License-Identifier: Apache-2.0 */
/* Job ensure_hooks: make the store's webhooks what they should be, and read what BigCommerce says
 * of the store. */
#include "base/mem.h"
#include "domain/hook.h"
#include "worker/worker.h"

/* "5 ok", "1 activated, 4 ok": for the log and `job list`. */
static const char *
summary(const void *ctx, const struct hook_step *steps, size_t count)
{
	char *text = mem_text(ctx, "");

	for (int state = HOOK__COUNT - 1; state >= 0; state--) {
		int n = 0;

		for (size_t i = 0; i < count; i++)
			n += (int)steps[i].state == state;
		if (n > 0)
			text = mem_printf(ctx, "%s%s%d %s", text, text[0] == '\0' ? "" : ", ", n,
			    hook_state_name((enum hook_state)state));
	}
	return text;
}

/* Name, domain and currency are shown to merchants; without the scope for them the app works all
 * the same. */
static enum rc
refresh_store(struct app *app, const void *ctx, struct bc *bc, struct err *err)
{
	struct bc_store facts;
	enum rc rc = bc_store_read(bc, ctx, &facts, err);

	if (rc == RC_OK)
		rc = store_describe(app, &facts, err);
	return rc == RC_DENIED ? RC_OK : rc;
}

enum rc
work_ensure_hooks(
    struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	struct hook_step *steps;
	struct store store;
	struct bc bc;
	bool is_installed;
	size_t count;
	enum rc rc;

	rc = work_store(app, ctx, job, &store, &bc, &is_installed, err);
	if (rc != RC_OK || !is_installed)
		return rc;
	rc = hook_ensure(app, ctx, &store, &bc, &steps, &count, err);
	if (rc == RC_OK)
		rc = store_token_noted(app, &store, false, err);
	if (rc == RC_OK)
		rc = refresh_store(app, ctx, &bc, err);
	if (rc != RC_OK) {
		work_store_failed(app, &store, &bc);
		return rc;
	}
	work_again(next, app->conf->hooks_ms, summary(ctx, steps, count));
	return RC_OK;
}
