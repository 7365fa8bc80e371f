/* SPDX-License-Identifier: Apache-2.0 */
/* POST /app: back to the embedded app's page from one of its other pages, or on in its lists. */
#include "web/app_page.h"
#include "web/route.h"

static enum rc
show(struct request *request, struct reply *reply, const struct session *session, struct err *err)
{
	return app_show(request, reply, session, NULL, err);
}

enum rc
on_app_show(struct request *request, struct reply *reply, struct err *err)
{
	return app_enter(request, reply, show, err);
}
