/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /install: BigCommerce sends the merchant's browser with a one-time code, in its frame or, for
 * an install that began on our own page, in the top window.
 */
#include "base/mem.h"
#include "domain/admin_url.h"
#include "domain/connection.h"
#include "domain/install.h"
#include "remote/bigcommerce.h"
#include "web/app_page.h"
#include "web/connect_page.h"
#include "web/route.h"

static const int fault_status[] = {
	[INSTALL_INPUT] = 400,
	[INSTALL_AWAY] = 503,
	[INSTALL_USED] = 409,
	[INSTALL_INSTALLED] = 200,
	[INSTALL_BUSY] = 503,
	[INSTALL_UNCLEAR] = 502,
	[INSTALL_SETTINGS] = 500,
	[INSTALL_ANSWER] = 502,
	[INSTALL_MISMATCH] = 403,
	[INSTALL_UNSAVED] = 503,
};
_Static_assert(
    sizeof(fault_status) / sizeof(fault_status[0]) == INSTALL__COUNT, "a status per fault");

/* BigCommerce's own page for the end of an external install. */
static enum rc
external_end(struct request *request, struct reply *reply, const char *how)
{
	const struct conf *conf = request->app->conf;

	return reply_redirect(request, reply,
	    mem_printf(request->ctx, "%s/app/%s/install/%s", conf->bigcommerce_login_url,
		conf->bigcommerce_client_id, how));
}

static enum rc
failed(struct request *request, struct reply *reply, enum install_fault fault, const char *hash)
{
	const struct conf *conf = request->app->conf;
	const char *url = NULL;

	if (fault == INSTALL_INSTALLED)
		url = admin_url_app(conf, request->ctx, hash);
	else if (fault != INSTALL_AWAY && fault != INSTALL_BUSY && fault != INSTALL_SETTINGS)
		url = admin_url_app_page(conf, request->ctx, hash);
	return app_stop(request, reply, fault_status[fault],
	    mem_printf(request->ctx, "app.error.install_%s", install_fault_name(fault)), url);
}

/* In the top window our cookie tells which connection this is; the merchant still confirms it
 * there. */
static enum rc
external_done(
    struct request *request, struct reply *reply, const struct install *install, struct err *err)
{
	const char *slug;
	enum rc rc = connection_external_install(request->app, request->ctx,
	    connect_cookie(request), install->store_hash, install->user_id, &slug, err);

	if (rc != RC_OK)
		return external_end(request, reply, "succeeded");
	return reply_redirect(request, reply,
	    mem_printf(request->ctx, "%s/connect/%s/finish", request->app->conf->public_url, slug));
}

enum rc
on_install(struct request *request, struct reply *reply, struct err *err)
{
	const struct install_request wanted = {
		.code = request_query(request, "code"),
		.scope = request_query(request, "scope"),
		.context = request_query(request, "context"),
		.locale = request->language,
	};
	const char *hash = bc_store_hash(wanted.context);
	bool is_external = request_query(request, "external_install") != NULL;
	struct install install;
	enum install_fault fault;
	struct session session;

	reply_frame(request, reply, hash);
	if (install_run(request->app, request->ctx, &wanted, &install, &fault, err) != RC_OK) {
		if (is_external && fault != INSTALL_INPUT && fault != INSTALL_AWAY)
			return external_end(
			    request, reply, fault == INSTALL_INSTALLED ? "succeeded" : "failed");
		return failed(request, reply, fault, hash);
	}
	request->store_hash = install.store_hash;
	if (is_external)
		return external_done(request, reply, &install, err);
	session = (struct session){
		.store_hash = install.store_hash,
		.user_id = install.user_id,
		.installed_ms = install.installed_ms,
		.locale = request->language,
		.may_link = true,
	};
	return app_show(request, reply, &session,
	    &(struct app_notice){ "good", "app.notice.installed", NULL }, err);
}
