/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /connect/{slug}/finish?ticket=: the page that names store and channel and asks. Changes
 * nothing.
 */
#include "web/connect_page.h"
#include "web/route.h"

enum rc
on_connect_confirm(struct request *request, struct reply *reply, struct err *err)
{
	struct connect *c;
	enum rc rc = connect_open(request, reply, &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	rc = connect_find(c, request_query(request, "ticket"), err);
	if (rc == RC_MISSING) {
		/*
		 * whether the ticket is good is not said: it is of no use without the browser that
		 * began
		 */
		return c->ticket == NULL ? connect_stop(c, 404, "none", CONNECT_AGAIN, NULL)
					 : connect_stop(c, 403, "elsewhere", CONNECT_AGAIN, NULL);
	}
	if (rc != RC_OK)
		return rc;
	if (connect_is_over(c))
		return connect_over(c);
	if (c->connection.status == CONNECTION_PROVEN)
		return connect_confirm_page(c, 200);
	if (c->connection.status == CONNECTION_TICKET)
		return connect_stop(c, 403, "ticket", CONNECT_WAIT, NULL);
	return reply_redirect(request, reply, connect_url(c, "/wait"));
}
