/* SPDX-License-Identifier: Apache-2.0 */
/* GET /load: a user opens the embedded app. One query notes the user and reads all that the page
 * shows. */
#include <string.h>

#include "domain/admin_url.h"
#include "web/app_page.h"
#include "web/route.h"

static enum rc
load(struct request *request, const struct claims *claims, const struct json **document,
    struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(request->app->db, request->ctx, &rows, err,
	    "select api.app_load($1, $2, $3, $4, $5, $6, $7) as page",
	    DB_PARAMS(db_text(claims->store_hash), db_int(claims->user_id),
		db_text(claims->user_email), db_text(claims->user_locale),
		claims->owner_id > 0 ? db_int(claims->owner_id) : db_null(),
		db_time(claims->issued_at * 1000), db_time(request->now_ms)));

	return rc == RC_OK ? app_json(request, rows, "page", document, err) : rc;
}

static enum rc
show(struct request *request, struct reply *reply, const struct claims *claims,
    const struct json *document)
{
	const struct session session = {
		.store_hash = claims->store_hash,
		.user_id = claims->user_id,
		.installed_ms = json_get_int(document, "store.installed_ms", 0),
		.locale = json_get_text(document, "user.locale", request->language),
		.may_link = json_get_bool(document, "user.may_link", false),
	};

	return app_show_document(request, reply, &session, document, NULL);
}

enum rc
on_load(struct request *request, struct reply *reply, struct err *err)
{
	const struct json *document;
	struct claims claims;
	const char *state;
	enum rc rc;

	reply_frame(request, reply, NULL);
	rc = app_claims(request, &claims, err);
	if (rc != RC_OK)
		return app_stop(request, reply, 401, "app.error.token", NULL);
	app_frame(request, reply, claims.store_hash, claims.user_locale);
	rc = load(request, &claims, &document, err);
	if (rc != RC_OK)
		return rc;
	state = json_get_text(document, "state", "");
	if (strcmp(state, "absent") == 0)
		return app_stop(request, reply, 404, "app.error.absent",
		    admin_url_app_page(request->app->conf, request->ctx, claims.store_hash));
	if (strcmp(state, "ok") != 0)
		return app_stop(request, reply, 401, "app.error.token", NULL);
	return show(request, reply, &claims, document);
}
