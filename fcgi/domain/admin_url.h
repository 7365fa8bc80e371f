/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What merchants paste into the field "address of your BigCommerce control panel", and the store
 * that it names. BigCommerce: "App ID" and "Finding your web address" show the shapes. Only whole
 * hosts count, never a part of one.
 */
#ifndef DOMAIN_ADMIN_URL_H
#define DOMAIN_ADMIN_URL_H

#include "base/conf.h"

enum admin_url_kind {
	ADMIN_URL_STORE,      /* names a store */
	ADMIN_URL_EMPTY,      /* nothing was typed */
	ADMIN_URL_UNREADABLE, /* no address at all, or one of another kind than a web page's */
	ADMIN_URL_EMAIL,      /* an e-mail address */
	ADMIN_URL_ACCOUNT,    /* BigCommerce's pages to sign in: the same for every store */
	ADMIN_URL_SITE,       /* another page of bigcommerce.com */
	ADMIN_URL_CHOSEN,   /* mystore.mybigcommerce.com: a name that says nothing about the hash */
	ADMIN_URL_CUSTOM,   /* the shop's own domain */
	ADMIN_URL_INTERNAL, /* BigCommerce's test environments */
	ADMIN_URL__COUNT
};

struct admin_url {
	enum admin_url_kind kind;
	const char *store_hash; /* ADMIN_URL_STORE, else NULL */
	const char *host;       /* or a bare hash; never path or password; "" if unreadable */
};

/*
 * Understand what was typed; never fails. The template of BIGCOMMERCE_ADMIN_URL names the hosts,
 * mybigcommerce.com's count as well.
 */
void
admin_url_read(const struct conf *conf, const void *ctx, const char *typed, struct admin_url *out);

/* The kind's word in the keys of its explanation: "custom" for connect.url.custom. */
const char *admin_url_kind_name(enum admin_url_kind kind);

/*
 * Addresses that we send merchants to, made from settings and hash alone: the control panel,
 * without a slash at the end; the page with Install (store_hash NULL: of whatever store is signed
 * in); the installed app.
 */
char *admin_url_store(const struct conf *conf, const void *ctx, const char *store_hash);
char *admin_url_app_page(const struct conf *conf, const void *ctx, const char *store_hash);
char *admin_url_app(const struct conf *conf, const void *ctx, const char *store_hash);

/*
 * The list of promotions in the control panel. BigCommerce documents the way there (Marketing, then
 * Promotions), and not the address; it is the one that published tests of the control panel use. If
 * it moves, the control panel still opens, and the page says the way.
 */
char *admin_url_promotions(const struct conf *conf, const void *ctx, const char *store_hash);

/* The origin of the store's control panel, or with a star for every store's (NULL): for a CSP. */
char *admin_url_origin(const struct conf *conf, const void *ctx, const char *store_hash);

/*
 * The origins that such a redirect may pass through, for a CSP: every host beside the control panel
 * and the login page.
 */
char *admin_url_origins(const struct conf *conf, const void *ctx);

#endif
