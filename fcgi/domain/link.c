/* SPDX-License-Identifier: Apache-2.0 */
/* Links of stores and channels. The rules are in sql/api/link.sql. */
#include "domain/link.h"

#include <string.h>

#include "base/clock.h"

static const char *const outcome_names[] = {
	[LINK_LINKED] = "linked",
	[LINK_GONE] = "gone",
	[LINK_DISABLED] = "disabled",
	[LINK_CHANGED] = "changed",
	[LINK_TICKET] = "ticket",
	[LINK_USER] = "user",
	[LINK_ENDING] = "ending",
};
_Static_assert(
    sizeof(outcome_names) / sizeof(outcome_names[0]) == LINK__COUNT, "a name for each outcome");

const char *
link_outcome_name(enum link_outcome outcome)
{
	return outcome_names[outcome];
}

enum rc
link_make(struct app *app, const void *ctx, const char *cookie, int64_t channel_id,
    const char *store_hash, const char *ticket, enum link_outcome *outcome, int64_t *merchant_id,
    struct err *err)
{
	unsigned char cookie_hash[CRYPT_MAC_SIZE], ticket_hash[CRYPT_MAC_SIZE];
	struct db_rows *rows;
	enum rc rc;

	crypt_sha256(cookie, strlen(cookie), cookie_hash);
	if (ticket != NULL)
		crypt_sha256(ticket, strlen(ticket), ticket_hash);
	rc = db_call(app->db, ctx, &rows, err, "select * from api.link_make($1, $2, $3, $4, $5)",
	    DB_PARAMS(db_bytes(cookie_hash, sizeof(cookie_hash)), db_int(channel_id),
		db_text(store_hash),
		ticket == NULL ? db_null() : db_bytes(ticket_hash, sizeof(ticket_hash)),
		db_time(clock_now_ms())));
	if (rc != RC_OK)
		return rc;
	*outcome = (enum link_outcome)db_get_word(rows, 0, "outcome", outcome_names, LINK__COUNT);
	*merchant_id = db_get_int(rows, 0, "merchant_id");
	return RC_OK;
}

enum rc
link_people(
    struct app *app, const void *ctx, const char *store_hash, const char **people, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_read(app->db, ctx, &rows, err, "select api.link_people($1) as people",
	    DB_PARAMS(db_text(store_hash)));
	if (rc == RC_OK)
		*people = db_get_text(rows, 0, "people");
	return rc;
}

enum rc
link_find(struct app *app, const void *ctx, const char *store_hash, int64_t link_id,
    struct link *out, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_read(app->db, ctx, &rows, err, "select * from api.link_find($1, $2)",
	    DB_PARAMS(db_text(store_hash), db_int(link_id)));
	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(
		    err, RC_MISSING, "store %s has no link %lld", store_hash, (long long)link_id);
	*out = (struct link){
		.channel_id = db_get_int(rows, 0, "channel_id"),
		.merchant_id = db_get_int(rows, 0, "merchant_id"),
		.is_ending = db_get_bool(rows, 0, "ending"),
		.is_ended = db_get_bool(rows, 0, "ended"),
	};
	return RC_OK;
}

enum rc
link_unlink(
    struct app *app, const void *ctx, const char *store_hash, int64_t link_id, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_call(app->db, ctx, &rows, err, "select api.link_unlink($1, $2, $3)",
	    DB_PARAMS(db_text(store_hash), db_int(link_id), db_time(clock_now_ms())));
	if (rc == RC_OK && !db_get_bool(rows, 0, "link_unlink"))
		return err_set(err, RC_MISSING, "store %s has no living link %lld", store_hash,
		    (long long)link_id);
	return rc;
}

enum rc
link_ended(
    struct app *app, const void *ctx, const char *store_hash, int64_t link_id, struct err *err)
{
	return db_call(app->db, ctx, NULL, err, "select api.link_ended($1, $2, $3)",
	    DB_PARAMS(db_text(store_hash), db_int(link_id), db_time(clock_now_ms())));
}
