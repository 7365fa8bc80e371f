/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of routes: path, method, parameters it reads, who answers. The dispatcher does the
 * common checks once (404, 405 with Allow, doubled or broken parameters, body limits) and turns a
 * handler's code into an error page.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "web/reply.h"
#include "web/request.h"

/* RC_OK: reply is filled. Anything else: the dispatcher answers with its page and logs err. */
typedef enum rc route_handler(struct request *request, struct reply *reply, struct err *err);

struct route {
	const char *method; /* GET (HEAD is answered too) or POST */
	const char *path;   /* "/connect/{slug}/wait" */
	route_handler *handler;
	/* names of the query (GET) or form (POST) parameters, by blanks; "name!" must be there */
	const char *reads;
};

extern const struct route routes[]; /* ends with a NULL path */
extern const size_t routes_count;

/* GET also means HEAD. */
bool route_is_method(const char *wanted, const char *method);

/*
 * The row for a method and path: literal segments win over {slug}, whose text goes to *slug (under
 * ctx; NULL without one). NULL if there is none; then *allow names the methods that the path has
 * ("GET, HEAD"), or is NULL if it has no row at all.
 */
const struct route *route_find(
    const void *ctx, const char *method, const char *path, const char **slug, const char **allow);

/* One handler per route, one file each (on_install.c ...). */
route_handler on_install;
route_handler on_load;
route_handler on_uninstall;
route_handler on_remove_user;
/* GET, POST /connect/{slug} */
route_handler on_connect_show;
route_handler on_connect_start;
/*
 * GET /connect/{slug}/wait; its /status, JSON for the wait page's script; POST: a new code, or give
 * up (back to the channel with error=)
 */
route_handler on_connect_wait;
route_handler on_connect_status;
route_handler on_connect_renew;
/* GET /connect/{slug}/finish?ticket=; POST: make the link */
route_handler on_connect_confirm;
route_handler on_connect_finish;
/* POST /app: the embedded app again, from another of its pages or on in its lists */
route_handler on_app_show;
/* POST /app/ticket: the button "Finish connecting", in a new window: redirects to finish?ticket= */
route_handler on_app_ticket;
/* POST /app/code: the code from a wait page */
route_handler on_app_code;
route_handler on_app_unlink;
/* POST /app/recheck: look at an order again */
route_handler on_app_recheck;
/* POST /app/review: approve, retry or dismiss a refund in review */
route_handler on_app_review;
/* POST /app/discounts: the discount check, check a code */
route_handler on_app_discounts;
/* GET /assets/{slug} */
route_handler on_asset;
/* GET /readyz, /metrics, and /metrics/hooks: this process only */
route_handler on_ready;
route_handler on_metrics;
route_handler on_metrics_process;

#endif
