/* SPDX-License-Identifier: Apache-2.0 */
/* Job unlink (ref: link id): have Violet end a link that the merchant wants ended; until it has,
 * the link is "ending". */
#include "domain/channel.h"
#include "domain/link.h"
#include "domain/merchant.h"
#include "worker/worker.h"

/* The id by which Violet knows the store; 0: it has none, so there is nothing to end there. */
static enum rc
merchant_of(struct app *app, const void *ctx, const struct job *job, const struct link *link,
    int64_t *out, struct err *err)
{
	struct merchant_answer answer;
	enum rc rc;

	*out = link->merchant_id;
	if (*out != 0)
		return RC_OK;
	rc = merchant_ask(app, ctx, job->store_hash, link->channel_id, &answer, err);
	if (rc == RC_OK && answer.outcome == MERCHANT_AMBIGUOUS)
		return err_set(err, RC_INVALID, "several merchants could be this store");
	if (rc == RC_OK)
		*out = answer.merchant_id;
	return rc;
}

enum rc
work_unlink(struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err)
{
	struct violet violet;
	struct link link;
	int64_t merchant_id;
	enum rc rc = link_find(app, ctx, job->store_hash, job->ref, &link, err);

	if (rc == RC_MISSING || (rc == RC_OK && (link.is_ended || !link.is_ending)))
		return RC_OK;
	if (rc == RC_OK)
		rc = merchant_of(app, ctx, job, &link, &merchant_id, err);
	if (rc == RC_OK && merchant_id != 0) {
		rc = channel_api(app, ctx, link.channel_id, &violet, err);
		if (rc == RC_OK)
			rc = violet_unlink(&violet, ctx, merchant_id, err);
	}
	if (rc != RC_OK)
		return rc;
	next->note = merchant_id != 0 ? "ended at Violet" : "not known to Violet: ended here";
	return link_ended(app, ctx, job->store_hash, job->ref, err);
}
