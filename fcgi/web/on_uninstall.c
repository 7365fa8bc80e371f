/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /uninstall, from BigCommerce's server. Its token is of the same kind as the one in /load, so
 * anyone who may open the app could send it: it only has BigCommerce asked.
 */
#include "web/app_page.h"
#include "web/route.h"

enum rc
on_uninstall(struct request *request, struct reply *reply, struct err *err)
{
	struct claims claims;
	enum rc rc = app_claims(request, &claims, err);

	if (rc != RC_OK)
		return rc;
	rc = db_call(request->app->db, request->ctx, NULL, err,
	    "select api.uninstall_asked($1, $2, $3)",
	    DB_PARAMS(db_text(claims.store_hash), db_time(claims.issued_at * 1000),
		db_time(request->now_ms)));
	if (rc == RC_OK)
		app_answer_json(reply, "{}\n");
	return rc;
}
