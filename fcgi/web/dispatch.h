/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to its answer. The loop itself answers what cannot block (webhooks go to the
 * committer, /healthz); everything else is a page and goes to the pool.
 */
#ifndef WEB_DISPATCH_H
#define WEB_DISPATCH_H

#include "domain/app.h"
#include "web/committer.h"
#include "web/pool.h"

struct cgi_request;

/* What the loop's handlers need. */
struct loop {
	struct app
	    *app; /* for settings and keys: the loop never uses its database or HTTP client */
	struct committer *committer;
	struct pool *pool;
};

/* The loop's handler (lib/cgi.h); user is the struct loop. */
void dispatch(struct cgi_request *request, void *user);

/*
 * The pool's handler: find the route, do the checks that all pages share, have it answered, log one
 * line.
 */
void dispatch_page(struct app *app, struct cgi_request *request);

/* Handlers in the loop: must not block, and answer or hand on. */
typedef void loop_handler(struct loop *loop, struct cgi_request *request);

loop_handler on_webhook; /* POST /webhooks, /webhooks/delivery */
loop_handler on_health;  /* GET  /healthz */

#endif
