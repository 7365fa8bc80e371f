/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handles that every use case needs, one struct per thread: settings and keys are shared and
 * read-only, database and HTTP client belong to the thread. Functions of domain/ take it first.
 */
#ifndef DOMAIN_APP_H
#define DOMAIN_APP_H

#include "base/conf.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "lib/http.h"

struct violet_tokens; /* remote/violet.h: access tokens per Violet app, shared by a process's
			 threads */

struct app {
	const struct conf *conf;
	const struct crypt_keys *keys;
	struct db *db;
	struct http *http;
	struct violet_tokens *tokens;
};

/*
 * Handles for one thread, under ctx. name is the database's application_name ("worker"). Connects
 * to nothing yet.
 */
struct app *app_open(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens, const char *name);

/*
 * Ask the database whether it serves this program: *reason is NULL if it does, else says why not.
 * RC_BUSY and the like if it cannot be asked.
 */
MUST_CHECK enum rc
app_not_ready(struct app *app, const void *ctx, const char **reason, struct err *err);

#endif
