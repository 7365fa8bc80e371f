/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the handlers of /connect share: the channel, the browser's cookie and connection, form
 * tokens bound to the cookie, the pages that more than one of them answers with, and the way back
 * to the channel.
 */
#ifndef WEB_CONNECT_PAGE_H
#define WEB_CONNECT_PAGE_H

#include <stdbool.h>

#include "domain/admin_url.h"
#include "domain/channel.h"
#include "domain/connection.h"
#include "web/reply.h"
#include "web/request.h"

struct connect {
	struct request *request;
	struct reply *reply;
	struct view *view; /* has the channel's values */
	struct channel channel;
	const char *cookie;           /* NULL: none, or it can't be one of ours */
	const char *ticket;           /* that connect_find was given; may be NULL */
	struct connection connection; /* after connect_find */
};

/* The browser's cookie, if it has a proper one: for /install, which proves a connection by it. */
const char *connect_cookie(const struct request *request);

/* Host and port of an address, as pages show it. */
const char *connect_host(const void *ctx, const char *url);

/*
 * Read channel and cookie. *out is NULL if the page is answered already: there is no such channel.
 */
MUST_CHECK enum rc
connect_open(struct request *request, struct reply *reply, struct connect **out, struct err *err);

/*
 * The browser's connection for the channel; RC_MISSING: none. ticket may be NULL; "" is taken as
 * NULL.
 */
MUST_CHECK enum rc connect_find(struct connect *c, const char *ticket, struct err *err);

/*
 * Both, for routes that go on with a connection. *out is NULL if the page is answered already:
 * there is no such channel, no connection, or one that is over.
 */
MUST_CHECK enum rc connect_enter(struct request *request, struct reply *reply, const char *ticket,
    struct connect **out, struct err *err);

/* "https://host/connect/{slug}{rest}". */
char *connect_url(const struct connect *c, const char *rest);

/*
 * The channel's registered address with what it is told: merchant_id (0: left out), error (may be
 * NULL), and its state.
 */
char *connect_back_url(const struct connect *c, int64_t merchant_id, const char *error);

/*
 * The page's form may be answered with the way back. Browsers hold every hop against form-action,
 * and where the channel's page sends its visitors on to is not known: so any https address.
 */
void connect_allow_back(struct connect *c);

/*
 * A token for one form of one page, and whether the form came with it, from our own page, in this
 * browser, in time.
 */
char *connect_token(const struct connect *c, const char *purpose);
bool connect_is_posted(const struct connect *c, const char *purpose);

/*
 * The first page, again with what was typed and what is wrong with it. problem, a word in
 * connect.problem.*, may be NULL.
 */
enum rc connect_start_page(struct connect *c, int status, const char *state, const char *typed,
    enum admin_url_kind kind, const char *problem);

/* The page that names store and channel and asks. */
enum rc connect_confirm_page(struct connect *c, int status);
/* The store that proved itself is another one than was named. */
bool connect_is_other_store(const struct connect *c);

/*
 * A page that says what has happened and what to do: connect.{name}.title and .text, filled from
 * view, which may have again_url, wait_url and back_url for its buttons.
 */
enum rc connect_message(const struct request *request, struct reply *reply, struct view *view,
    int status, const char *name);

/*
 * The same with the buttons that fit: once more from the start; the wait page; back to the channel
 * with this error.
 */
enum connect_links { CONNECT_AGAIN = 1, CONNECT_WAIT = 2 };
enum rc
connect_stop(struct connect *c, int status, const char *name, unsigned links, const char *error);

/*
 * The page for a connection that has ended without a link, or whose channel takes no stores; false
 * if it goes on.
 */
bool connect_is_over(const struct connect *c);
enum rc connect_over(struct connect *c);

/* The word for where the connection is: when it changes, the wait page is loaded anew. */
const char *connect_step(const struct connect *c);

#endif
