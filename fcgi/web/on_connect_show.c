/* SPDX-License-Identifier: Apache-2.0 */
/* GET /connect/{slug}?state=: who asks, what happens next, which platform, which store. */
#include "base/limit.h"
#include "base/text.h"
#include "web/connect_page.h"
#include "web/route.h"

enum rc
on_connect_show(struct request *request, struct reply *reply, struct err *err)
{
	const char *state = request_query(request, "state");
	struct connect *c;
	enum rc rc = connect_open(request, reply, &c, err);

	if (rc != RC_OK || c == NULL)
		return rc;
	if (state != NULL && !text_is_plain(state, LIMIT_STATE))
		return connect_stop(c, 400, "state", 0, NULL);
	c->connection.state = state;
	if (!c->channel.is_enabled)
		return connect_over(c);
	return connect_start_page(c, 200, state, NULL, ADMIN_URL_STORE, NULL);
}
