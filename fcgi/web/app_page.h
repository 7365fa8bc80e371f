/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded app: pages inside BigCommerce's control panel, without cookies. Every form on them
 * carries a session token, every action answers with the page again and says on top what was done,
 * so that loading it anew does no harm.
 */
#ifndef WEB_APP_PAGE_H
#define WEB_APP_PAGE_H

#include "base/err.h"
#include "domain/session.h"
#include "lib/json.h"
#include "web/reply.h"
#include "web/request.h"

/* What the top of the page says. NULL: nothing. */
struct app_notice {
	const char *kind;  /* class of .notice: "good", "warn", "bad", or "" */
	const char *key;   /* text key */
	const char *value; /* its {notice_value}; may be NULL */
};

/*
 * Check the form's session token and call the action with the session it names. A stale or forged
 * one is answered with the page that says how to open the app again, and nothing is done.
 */
typedef enum rc app_action(
    struct request *request, struct reply *reply, const struct session *session, struct err *err);
enum rc
app_enter(struct request *request, struct reply *reply, app_action *action, struct err *err);

/*
 * Who sent the request, as BigCommerce's token in its query says, for the log line too. RC_DENIED
 * if it is none.
 */
MUST_CHECK enum rc app_claims(struct request *request, struct claims *out, struct err *err);

/* The page as things stand now. */
enum rc app_show(struct request *request, struct reply *reply, const struct session *session,
    const struct app_notice *notice, struct err *err);

/* The document of api.app_overview for this session, from the form's fields "reviews" and "refunds"
 * on. */
MUST_CHECK enum rc app_document(struct request *request, const struct session *session,
    const struct json **document, struct err *err);

/* The page from a document that was read already. */
enum rc app_show_document(struct request *request, struct reply *reply,
    const struct session *session, const struct json *document, const struct app_notice *notice);

/* A view for another page of the app: session token, store's hash, title and notice are in it. */
struct view *app_view(struct request *request, const struct session *session, const char *title,
    const struct app_notice *notice);

/* The JSON in a column of the first row; *out is NULL for SQL null. */
MUST_CHECK enum rc app_json(const struct request *request, const struct db_rows *rows,
    const char *column, const struct json **out, struct err *err);

/* The member, milliseconds, as the user's locale writes a time; nothing if it is absent. */
void app_put_time(struct view *view, const struct session *session, const char *name,
    const struct json *row, const char *member);

/* What was typed, without the blanks around it. Under ctx. */
char *app_trim(const void *ctx, const char *typed);

/* 200 with a JSON text, for BigCommerce's server. */
void app_answer_json(struct reply *reply, const char *json);

/* Let this store's control panel frame the answer, and write the user's language. */
void
app_frame(struct request *request, struct reply *reply, const char *store_hash, const char *locale);

/*
 * A page without session: "{name}.title" and "{name}.text", and a button "{name}.open" to `url` (in
 * the top window) if that is not NULL. Returns RC_OK.
 */
enum rc app_stop(
    struct request *request, struct reply *reply, int status, const char *name, const char *url);

/* Fill the sections of the page from the document (app_parts.c). */
void app_parts_fill(struct view *view, const struct request *request, const struct session *session,
    const struct json *document);

#endif
