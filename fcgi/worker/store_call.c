/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers that talk to BigCommerce share: opening the store, and what a failed call means
 * for its other jobs. */
#include "base/clock.h"
#include "worker/worker.h"

enum rc
work_store(struct app *app, const void *ctx, const struct job *job, struct store *store,
    struct bc *bc, bool *is_installed, struct err *err)
{
	enum rc rc = store_find(app, ctx, job->store_hash, store, err);

	*is_installed = rc == RC_OK && store->token != NULL;
	if (rc == RC_MISSING)
		return RC_OK;
	return *is_installed ? store_api(app, store, bc, err) : rc;
}

/* How long the whole store is left alone; 0: not at all. */
static int64_t
pause_of(const struct conf *conf, const struct bc *bc)
{
	/* One that names no time says that the platform is overloaded. */
	if (bc->status == 429)
		return bc->retry_after_ms > 0 ? bc->retry_after_ms : BC_QUOTA_WINDOW_MS;
	if (bc->status == 0 || bc->status >= 500)
		return bc->retry_after_ms > 0 ? bc->retry_after_ms
					      : job_jitter_ms(conf->retry_minimum_ms);
	return 0;
}

void
work_store_failed(struct app *app, const struct store *store, const struct bc *bc)
{
	int64_t now_ms = clock_now_ms();
	int64_t pause_ms = pause_of(app->conf, bc);
	/* What cannot be noted now is noted after the next failure. */
	struct err unnoted;
	enum rc rc = RC_OK;

	if (pause_ms > 0)
		rc = job_gate(app, store->hash, now_ms + pause_ms, &unnoted);
	if (bc->status == 401 || bc->status == 403)
		rc = store_token_noted(app, store, true, &unnoted);
	/* 403 is a missing scope or a new owner: the merchant opens the app and accepts again. 401
	 * is a dead token. */
	if (rc == RC_OK && bc->status == 401)
		rc = job_put(app, store->hash, JOB_CONFIRM_UNINSTALL, 0, now_ms, &unnoted);
	(void)rc;
}

void
work_again(struct job_next *next, int64_t pause_ms, const char *note)
{
	next->what = JOB_AGAIN;
	next->due_ms = clock_now_ms() + job_jitter_ms(pause_ms);
	next->note = note;
}
