/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes. Order does not matter: literal segments win over {slug}. */
#include "web/route.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

/*
 * method, path, handler, parameters that it reads (query for GET, form for POST). One with a '!'
 * must be there; the absence of some others is answered by the handler, with a page of its own.
 */
const struct route routes[] = {
	{ "GET", "/assets/{slug}", on_asset, "v" },
	{ "GET", "/readyz", on_ready, "" },
	{ "GET", "/metrics", on_metrics, "" },
	{ "GET", "/metrics/hooks", on_metrics_process, "" },
	{ "GET", "/connect/{slug}", on_connect_show, "state" },
	{ "POST", "/connect/{slug}", on_connect_start, "form state admin_url without" },
	{ "GET", "/connect/{slug}/wait", on_connect_wait, "" },
	{ "GET", "/connect/{slug}/wait/status", on_connect_status, "" },
	{ "POST", "/connect/{slug}/wait", on_connect_renew, "form action!" },
	{ "GET", "/connect/{slug}/finish", on_connect_confirm, "ticket" },
	{ "POST", "/connect/{slug}/finish", on_connect_finish, "form ticket store! decision!" },
	{ "POST", "/app/ticket", on_app_ticket, "session connection!" },
	{ "POST", "/app/code", on_app_code, "session code! agreed" },
	{ "GET", "/install", on_install, "code scope context external_install" },
	{ "GET", "/load", on_load, "signed_payload_jwt" },
	{ "GET", "/uninstall", on_uninstall, "signed_payload_jwt" },
	{ "GET", "/remove_user", on_remove_user, "signed_payload_jwt" },
	{ "POST", "/app", on_app_show, "session reviews refunds" },
	{ "POST", "/app/unlink", on_app_unlink, "session link! confirm" },
	{ "POST", "/app/recheck", on_app_recheck, "session order!" },
	{ "POST", "/app/review", on_app_review,
	    "session reviews order! source! source_id! answer! amount reason" },
	{ "POST", "/app/discounts", on_app_discounts, "session code after anew" },
	{ NULL, NULL, NULL, NULL },
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]) - 1;

#define SLUG "{slug}"

enum { SLUG_MAX = 64 };

/*
 * Path equals pattern, where {slug} stands for one segment of [A-Za-z0-9._-]; its place goes to
 * *slug.
 */
static bool
matches(const char *pattern, const char *path, const char **slug, size_t *slug_n)
{
	const char *hole = strstr(pattern, SLUG);
	size_t before = hole == NULL ? strlen(pattern) : (size_t)(hole - pattern);

	*slug = NULL;
	*slug_n = 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	if (hole == NULL)
		return path[before] == '\0';
	*slug = path + before;
	*slug_n =
	    strspn(*slug, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return *slug_n > 0 && *slug_n <= SLUG_MAX &&
	       strcmp(*slug + *slug_n, hole + strlen(SLUG)) == 0;
}

bool
route_is_method(const char *wanted, const char *method)
{
	return strcmp(wanted, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

const struct route *
route_find(
    const void *ctx, const char *method, const char *path, const char **slug, const char **allow)
{
	const struct route *route, *found = NULL;
	const char *at;
	size_t n;
	bool get = false, post = false;

	*slug = NULL;
	for (route = routes; route->path != NULL; route++) {
		if (!matches(route->path, path, &at, &n))
			continue;
		get |= strcmp(route->method, "GET") == 0;
		post |= strcmp(route->method, "POST") == 0;
		if (!route_is_method(route->method, method) || (found != NULL && at != NULL))
			continue;
		found = route;
		*slug = at == NULL ? NULL : mem_bytes(ctx, at, n);
	}
	*allow = get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : post ? "POST" : NULL;
	return found;
}
