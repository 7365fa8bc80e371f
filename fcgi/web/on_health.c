/* SPDX-License-Identifier: Apache-2.0 */
/* GET /healthz: the process is alive. GET /readyz: it can serve. */
#include <string.h>

#include "base/mem.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "web/dispatch.h"
#include "web/route.h"

#define PLAIN "text/plain; charset=utf-8"

void
on_health(struct loop *loop, struct cgi_request *request)
{
	void *ctx = cgi_context(request);

	(void)loop;
	cgi_reply(request,
	    &(struct cgi_reply){
		.status = 200,
		.content_type = PLAIN,
		.headers = mem_printf(ctx, "X-Request-Id: %s\r\n", crypt_random_code(ctx, 12)),
		.body = "ok\n",
		.length = strlen("ok\n"),
	    });
}

enum rc
on_ready(struct request *request, struct reply *reply, struct err *err)
{
	const char *reason = NULL;

	if (app_not_ready(request->app, request->ctx, &reason, err) != RC_OK)
		reason = mem_printf(request->ctx, "database: %s", err->text);
	reply->status = reason == NULL ? 200 : 503;
	reply->content_type = PLAIN;
	buf_printf(reply->body, "%s\n", reason == NULL ? "ready" : reason);
	return RC_OK;
}
