/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that answer pages, which may block on a query or on BigCommerce. Each has its own
 * handles.
 */
#ifndef WEB_POOL_H
#define WEB_POOL_H

#include <stdbool.h>

#include "domain/app.h"

struct cgi_request;
struct pool;

typedef void pool_handler(struct app *app, struct cgi_request *request);

/* Start conf->web_threads threads that hand requests to `handler`, under ctx. */
struct pool *pool_start(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens, pool_handler *handler);

/*
 * False if too many wait already: then the caller answers. A slow request waits for another
 * company's answer: of those no more than half of the threads take one at a time, so that the other
 * pages stay quick whatever becomes of them.
 */
bool pool_add(struct pool *pool, struct cgi_request *request, bool is_slow);

/* End the threads. Nothing may wait. False if one still makes a page: it goes on using what the
 * pool has. */
bool pool_stop(struct pool *pool);

#endif
