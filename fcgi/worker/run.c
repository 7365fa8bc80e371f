/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out one job: the handler by its kind, what its result means for the queue, and the log
 * line. */
#include "worker/run.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/worker.h"

static work_handler *const handlers[] = {
	[JOB_SYNC_ORDER] = work_sync_order,
	[JOB_SWEEP] = work_sweep,
	[JOB_ENSURE_HOOKS] = work_ensure_hooks,
	[JOB_READ_DISCOUNTS] = work_read_discounts,
	[JOB_RESOLVE_MERCHANT] = work_resolve_merchant,
	[JOB_CONFIRM_UNINSTALL] = work_confirm_uninstall,
	[JOB_UNLINK] = work_unlink,
};
_Static_assert(sizeof(handlers) / sizeof(handlers[0]) == JOB__COUNT, "a handler for every kind");

/* How loud a result is. What passes by itself is a warning, what needs somebody an error. */
static const enum log_level loudness[] = {
	[RC_OK] = LOG_INFO,
	[RC_INVALID] = LOG_ERROR,
	[RC_DENIED] = LOG_WARNING,
	[RC_MISSING] = LOG_WARNING,
	[RC_CONFLICT] = LOG_INFO,
	[RC_BUSY] = LOG_WARNING,
	[RC_UNCERTAIN] = LOG_WARNING,
	[RC_BROKEN] = LOG_ERROR,
};
_Static_assert(sizeof(loudness) / sizeof(loudness[0]) == RC__COUNT, "a level for every code");

/* Tell the queue. A lost lease (RC_CONFLICT) is nobody's fault: whoever has it now carries on. */
static enum rc
settle(struct app *app, const struct job *job, const struct job_next *next, enum rc rc,
    const char *text, struct err *err)
{
	int64_t wait_ms = next->due_ms - clock_now_ms();

	if (rc == RC_OK && next->what != JOB_LATER)
		return job_finish(app, job, next, err);
	return job_fail(app, job, wait_ms > 0 ? wait_ms : 0, rc == RC_OK ? next->note : text, err);
}

static void
log_job(const struct job *job, const struct job_next *next, enum rc rc, const char *text,
    int64_t begun_ms)
{
	static const char *const ends[] = {
		[JOB_DONE] = "done", [JOB_AGAIN] = "again", [JOB_LATER] = "later"
	};

	log_line(loudness[rc],
	    "job store=%s kind=%s ref=%" PRId64 " rc=%s ms=%" PRId64 " failures=%d end=%s text=%s",
	    job->store_hash, job_kind_name(job->kind), job->ref, rc_name(rc),
	    clock_boot_ms() - begun_ms, job->attempts, rc == RC_OK ? ends[next->what] : "failed",
	    text == NULL ? "" : text);
}

void
run_job(struct app *app, void *ctx, struct job *job)
{
	int64_t begun_ms = clock_boot_ms();
	struct job_next next = { .what = JOB_DONE };
	struct err err = { 0 };
	struct err unsettled = { 0 };
	enum rc rc = handlers[job->kind](app, ctx, job, &next, &err);
	const char *text = rc == RC_OK ? next.note : err.text;
	enum rc settled = settle(app, job, &next, rc, text, &unsettled);

	/* Not settled: the lease runs out and the job is taken again. Every handler can bear that.
	 */
	if (rc == RC_OK && settled != RC_OK) {
		rc = settled;
		text = unsettled.text;
	}
	log_job(job, &next, rc, text, begun_ms);
}
