/* SPDX-License-Identifier: Apache-2.0 */
/* Job read_discounts: keep the store's coupons and promotions, as the embedded app shows them,
 * fresh. */
#include "base/clock.h"
#include "domain/discount.h"
#include "worker/worker.h"

enum rc
work_read_discounts(
    struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	int64_t wait_ms = 0;
	struct store store;
	struct bc bc;
	bool is_installed;
	enum rc rc = work_store(app, ctx, job, &store, &bc, &is_installed, err);

	if (rc != RC_OK || !is_installed)
		return rc;
	rc = discount_read(app, ctx, &store, &bc, &wait_ms, err);
	if (rc == RC_OK && wait_ms > 0) {
		work_again(next, wait_ms, "waits for the store's API quota");
		return RC_OK;
	}
	/* 403 is the scope for discounts, which says nothing of the store's other jobs. */
	if (rc != RC_OK && bc.status != 403)
		work_store_failed(app, &store, &bc);
	/* A missing scope is noted for the page; only a new install can change it. */
	if (rc == RC_OK || rc == RC_DENIED) {
		work_again(next, app->conf->discounts_ms,
		    rc == RC_OK ? NULL : "no permission to read discounts");
		return RC_OK;
	}
	if (bc.retry_after_ms > 0)
		next->due_ms = clock_now_ms() + bc.retry_after_ms;
	return rc;
}
