/* SPDX-License-Identifier: Apache-2.0 */
/* POST /connect/{slug}/wait: a new code, or no connection after all. */
#include <string.h>

#include "web/connect_page.h"
#include "web/route.h"

enum rc
on_connect_renew(struct request *request, struct reply *reply, struct err *err)
{
	const char *action = request_form(request, "action");
	struct connect *c;
	enum rc rc = connect_enter(request, reply, NULL, &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	if (!connect_is_posted(c, "wait"))
		return connect_stop(c, 403, "stale", CONNECT_WAIT, NULL);
	if (strcmp(action, "decline") == 0) {
		rc = connection_decline(request->app, request->ctx, c->cookie, c->channel.id, err);
		if (rc == RC_OK)
			return reply_redirect(request, reply, connect_back_url(c, 0, "declined"));
	} else {
		rc = connection_renew(request->app, request->ctx, c->cookie, c->channel.id, err);
	}
	/* RC_MISSING: it ended meanwhile, which the wait page explains */
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	return reply_redirect(request, reply, connect_url(c, "/wait"));
}
