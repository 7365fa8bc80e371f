/* SPDX-License-Identifier: Apache-2.0 */
/* GET /remove_user, from BigCommerce's server: the owner took the app away from a user, whose forms
 * and old addresses end. */
#include "web/app_page.h"
#include "web/route.h"

enum rc
on_remove_user(struct request *request, struct reply *reply, struct err *err)
{
	struct claims claims;
	enum rc rc = app_claims(request, &claims, err);

	if (rc != RC_OK)
		return rc;
	rc = db_call(request->app->db, request->ctx, NULL, err,
	    "select api.user_removed($1, $2, $3, $4)",
	    DB_PARAMS(db_text(claims.store_hash), db_int(claims.user_id),
		db_time(claims.issued_at * 1000), db_time(request->now_ms)));
	if (rc == RC_OK)
		app_answer_json(reply, "{}\n");
	return rc;
}
