/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job confirm_uninstall: somebody said that the app was uninstalled (ref: when, Unix time), or
 * BigCommerce has answered 401 to us (ref 0). Anyone who may open the app can say so, and an outage
 * can look so: BigCommerce is asked with the stored token.
 */
#include "base/clock.h"
#include "domain/hook.h"
#include "worker/worker.h"

/* Their clock and ours may differ by so much. */
#define CLOCK_MS 60000

enum verdict {
	VERDICT_GONE,      /* the token is dead, or our hooks are gone */
	VERDICT_INSTALLED, /* the token works */
	VERDICT_UNKNOWN    /* no answer that says either */
};

/* Did somebody say so, of this install? Who uninstalls and installs again within what clocks may
 * differ by has a living token beside a word about the old install. */
static bool
has_word(const struct job *job, const struct store *store)
{
	return job->ref > 0 && job->ref >= store->installed_ms / 1000;
}

/*
 * With a word from somebody a refusal of any kind confirms it, and so do missing hooks. Without one
 * only a dead token counts: 403 is also the answer to a new owner who has not yet accepted the app,
 * and BigCommerce loses hooks by itself.
 */
static enum rc
ask(struct app *app, const void *ctx, const struct job *job, const struct store *store,
    struct bc *bc, enum verdict *out, struct err *err)
{
	struct bc_hook *hooks;
	struct db_rows *rows;
	size_t count;
	/* Listing hooks needs no scope, so a refusal is about the token itself. */
	enum rc rc = bc_hooks_read(bc, ctx, &hooks, &count, err);

	*out = VERDICT_INSTALLED;
	if (rc == RC_DENIED) {
		*out = bc->status == 401 || has_word(job, store) ? VERDICT_GONE : VERDICT_UNKNOWN;
		return store_token_noted(app, store, true, err);
	}
	if (rc != RC_OK || !has_word(job, store) ||
	    hook_count_ours(ctx, app, store->hash, hooks, count) > 0)
		return rc;
	rc = db_read(app->db, ctx, &rows, err, "select api.hooks_stood($1, $2) as stood",
	    DB_PARAMS(db_text(store->hash), db_time(store->installed_ms)));
	if (rc == RC_OK && db_get_bool(rows, 0, "stood"))
		*out = VERDICT_GONE;
	return rc;
}

static enum rc
end_install(struct app *app, const struct store *store, struct job_next *next, struct err *err)
{
	bool done;
	enum rc rc = store_uninstalled(app, store, &done, err);

	if (rc == RC_OK)
		next->note = done ? "uninstalled: token destroyed, links ended"
				  : "installed anew meanwhile: nothing changed";
	return rc;
}

static enum rc
decide(struct app *app, const struct job *job, const struct store *store, enum verdict verdict,
    struct job_next *next, struct err *err)
{
	int64_t again_ms = conf_times_next(&app->conf->uninstall, job->made_ms, clock_now_ms());

	if (verdict == VERDICT_GONE && (has_word(job, store) || again_ms == 0))
		return end_install(app, store, next, err);
	if (verdict == VERDICT_INSTALLED && !has_word(job, store)) {
		next->note = "the token works again: nothing changed";
		return store_token_noted(app, store, false, err);
	}
	if (again_ms > 0)
		*next = (struct job_next){ JOB_AGAIN, again_ms, "asked, and will ask again" };
	else
		next->note = "not confirmed by BigCommerce: nothing changed";
	return RC_OK;
}

enum rc
work_confirm_uninstall(
    struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	enum verdict verdict;
	struct store store;
	struct bc bc;
	bool is_installed;
	enum rc rc;

	rc = work_store(app, ctx, job, &store, &bc, &is_installed, err);
	if (rc != RC_OK || !is_installed)
		return rc;
	if (job->ref > 0 && job->ref < (store.installed_ms - CLOCK_MS) / 1000) {
		next->note = "about an earlier install: nothing changed";
		return RC_OK;
	}
	rc = ask(app, ctx, job, &store, &bc, &verdict, err);
	if (rc != RC_OK) {
		work_store_failed(app, &store, &bc);
		return rc;
	}
	return decide(app, job, &store, verdict, next, err);
}
