/* SPDX-License-Identifier: Apache-2.0 */
/* Job resolve_merchant: find the store's Violet merchant id, asking again until a channel sees the
 * merchant. */
#include "base/clock.h"
#include "domain/merchant.h"
#include "worker/worker.h"

#define LONGEST_MS  3600000
#define TIMES_MAX   20 /* of doubling the first pause */
#define TIMES_KNOWN 11 /* an id is known, and for an hour no other has shown: it stands */

static int64_t
pause_ms(const struct conf *conf, int attempts)
{
	int64_t pause = conf->merchant_ms << (attempts < TIMES_MAX ? attempts : TIMES_MAX);

	return pause < LONGEST_MS ? pause : LONGEST_MS;
}

static void
later(const struct app *app, const struct job *job, struct job_next *next, const char *note)
{
	*next = (struct job_next){ JOB_LATER, clock_now_ms() + pause_ms(app->conf, job->attempts),
		note };
}

enum rc
work_resolve_merchant(
    struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	struct merchant_answer answer = { MERCHANT_UNLINKED, 0 };
	enum rc rc = merchant_resolve(app, ctx, job->store_hash, &answer, err);

	if (rc == RC_MISSING)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	switch (answer.outcome) {
	case MERCHANT_UNKNOWN:
		if (answer.merchant_id == 0 || job->attempts < TIMES_KNOWN)
			later(app, job, next, "no channel sees the merchant yet");
		break;
	case MERCHANT_AMBIGUOUS:
		later(app, job, next,
		    "several merchants could be this store: set it by `store edit --merchant-id`");
		break;
	case MERCHANT_FOUND:
		next->note = "found";
		break;
	case MERCHANT_BY_HAND:
		next->note = "set by hand";
		break;
	case MERCHANT_UNLINKED:
		next->note = "linked to no channel: nobody to ask";
		break;
	case MERCHANT__COUNT:
		break;
	}
	return RC_OK;
}
