/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing: BigCommerce sends the merchant's browser with a one-time code, which we exchange for
 * the store's access token. The store is the one that the answer names, never the one that the
 * browser named.
 */
#ifndef DOMAIN_INSTALL_H
#define DOMAIN_INSTALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

/* As received, decoded. */
struct install_request {
	const char *code, *scope, *context;
	const char *locale; /* the browser's language: used until BigCommerce names the user's */
};

/* What went wrong, as far as it matters to the merchant. */
enum install_fault {
	INSTALL_INPUT, /* a parameter is missing or cannot be right: not opened by BigCommerce */
	INSTALL_AWAY,  /* the database is away, so BigCommerce was not asked: load it again */
	INSTALL_USED,  /* the code was used before, or is too old */
	INSTALL_INSTALLED, /* the same, and the app is installed in that store: most likely the page
			      was loaded again */
	INSTALL_BUSY, /* BigCommerce did not take the request: the same page may be loaded again */
	INSTALL_UNCLEAR,  /* no whole answer: the code may be spent */
	INSTALL_SETTINGS, /* BigCommerce refuses our own settings (secret, callback address) */
	INSTALL_ANSWER,   /* an answer that we cannot use */
	INSTALL_MISMATCH, /* the code belongs to another store than the address says */
	INSTALL_UNSAVED,  /* the token could not be kept */
	INSTALL__COUNT
};

/* The fault's word in the keys of its page: "used" for app.error.install_used. */
const char *install_fault_name(enum install_fault fault);

struct install {
	const char *store_hash;
	const char *scopes; /* space-separated */
	int64_t user_id;
	int64_t installed_ms;
};

/*
 * Exchange the code, keep the sealed token with user and owner, make the store's upkeep due, and
 * note what BigCommerce says of the store (which may fail: the worker reads it again). *fault is
 * set if it is not RC_OK.
 */
MUST_CHECK enum rc
install_run(struct app *app, const void *ctx, const struct install_request *request,
    struct install *out, enum install_fault *fault, struct err *err);

/* Words of what the scopes lack: "orders", "information", "marketing". At most INSTALL_SCOPES of
 * them. */
#define INSTALL_SCOPES 3
size_t install_missing_scopes(const char *scopes, const char *missing[INSTALL_SCOPES]);

#endif
