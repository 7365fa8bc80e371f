/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: secrets are made and hashed here, the rules are in sql/api/connection.sql. The code
 * on the wait page is not stored: it follows from the cookie, so that the page can show it again,
 * and the database keeps only its MAC.
 */
#include "domain/connection.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define COOKIE_BYTES  32
#define COOKIE_LENGTH 43 /* of 32 bytes in base64url */
#define CODE_LENGTH   8

/* No 0 and O, 1, I and L. */
static const char code_letters[] = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

static const char *const status_names[] = {
	[CONNECTION_WAITING] = "waiting",
	[CONNECTION_PROVEN] = "proven",
	[CONNECTION_TICKET] = "ticket",
	[CONNECTION_EXPIRED] = "expired",
	[CONNECTION_LINKED] = "linked",
	[CONNECTION_UNLINKED] = "unlinked",
	[CONNECTION_DECLINED] = "declined",
	[CONNECTION_LOCKED] = "locked",
	[CONNECTION_REPLACED] = "replaced",
};
_Static_assert(
    sizeof(status_names) / sizeof(status_names[0]) == CONNECTION__COUNT, "a name for each status");

static const char *const answer_names[] = {
	[CODE_UNREADABLE] = "unreadable",
	[CODE_WRONG] = "wrong",
	[CODE_LOCKED] = "locked",
	[CODE_KNOWN] = "known",
	[CODE_PROVEN] = "proven",
};
_Static_assert(
    sizeof(answer_names) / sizeof(answer_names[0]) == CODE__COUNT, "a name for each answer");

char *
connection_cookie_new(const void *ctx)
{
	return crypt_random_text(ctx, COOKIE_BYTES);
}

bool
connection_is_cookie(const char *cookie)
{
	return cookie != NULL && strlen(cookie) == COOKIE_LENGTH &&
	       strspn(cookie, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
		   COOKIE_LENGTH;
}

/* SHA-256 of a secret of 256 bits: nothing to guess, so no key is needed. */
static struct db_param
hashed(const void *ctx, const char *secret)
{
	unsigned char *hash;

	if (secret == NULL)
		return db_null();
	hash = mem_array(ctx, unsigned char, CRYPT_MAC_SIZE);
	crypt_sha256(secret, strlen(secret), hash);
	return db_bytes(hash, CRYPT_MAC_SIZE);
}

/* A code is short enough to be tried out, so what is stored is keyed. */
static unsigned char *
code_mac(const struct app *app, const void *ctx, const char *code)
{
	unsigned char *mac = mem_array(ctx, unsigned char, CRYPT_MAC_SIZE);

	if (!crypt_mac(app->keys, NULL, "code", code, strlen(code), mac))
		panic("no current seal key");
	return mac;
}

/* The code of this browser, channel and moment: letters by rejection, so that each is as likely. */
static char *
code_of(const void *ctx, const char *cookie, int64_t channel_id, int64_t expires_ms)
{
	const size_t letters = sizeof(code_letters) - 1;
	char *code = mem_array(ctx, char, CODE_LENGTH + 1);
	unsigned char bytes[CRYPT_MAC_SIZE];
	size_t n = 0;

	for (int round = 0; n < CODE_LENGTH; round++) {
		const char *text = mem_printf(
		    ctx, "code %d %lld %lld", round, (long long)channel_id, (long long)expires_ms);
		crypt_hmac_sha256(cookie, strlen(cookie), text, strlen(text), bytes);
		for (size_t i = 0; i < sizeof(bytes) && n < CODE_LENGTH; i++) {
			if (bytes[i] < 256 / letters * letters)
				code[n++] = code_letters[bytes[i] % letters];
		}
	}
	return code;
}

/* Upper case without spaces and dashes, or NULL if it can't be a code. */
static char *
code_read(const void *ctx, const char *typed)
{
	char *code = mem_array(ctx, char, CODE_LENGTH + 1);
	size_t n = 0;

	for (; typed != NULL && *typed != '\0'; typed++) {
		char c = (char)toupper((unsigned char)*typed);
		if (c == ' ' || c == '-')
			continue;
		if (n == CODE_LENGTH || strchr(code_letters, c) == NULL)
			return NULL;
		code[n++] = c;
	}
	return n == CODE_LENGTH ? code : NULL;
}

enum rc
connection_start(struct app *app, const void *ctx, const char *cookie, int64_t channel_id,
    const char *state, const char *host, const char *store_hash, bool *is_installed,
    struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t code_expires_ms = now_ms + app->conf->code_ms;
	const char *code = code_of(ctx, cookie, channel_id, code_expires_ms);
	struct db_rows *rows;
	enum rc rc;

	rc = db_call(app->db, ctx, &rows, err,
	    "select api.connection_start($1, $2, $3, $4, $5, $6, $7, $8, $9) as installed",
	    DB_PARAMS(hashed(ctx, cookie), db_int(channel_id), db_text(state), db_text(host),
		db_text(store_hash), db_bytes(code_mac(app, ctx, code), CRYPT_MAC_SIZE),
		db_time(code_expires_ms), db_time(now_ms + app->conf->connection_ms),
		db_time(now_ms)));
	if (rc == RC_OK)
		*is_installed = db_get_bool(rows, 0, "installed");
	return rc;
}

/*
 * The code to show: none once it has expired, was spent, or was made with a seal key that is gone.
 */
static const char *
living_code(const struct app *app, const void *ctx, const char *cookie, int64_t channel_id,
    const struct db_rows *rows)
{
	int64_t expires_ms = db_get_time(rows, 0, "code_expires_at");
	size_t n = 0;
	const void *stored = db_get_bytes(rows, 0, "code_hash", &n);
	const char *code = code_of(ctx, cookie, channel_id, expires_ms);

	if (n != CRYPT_MAC_SIZE || expires_ms <= clock_now_ms() ||
	    !crypt_equal(stored, code_mac(app, ctx, code), n))
		return NULL;
	return code;
}

enum rc
connection_find(struct app *app, const void *ctx, const char *cookie, int64_t channel_id,
    const char *ticket, struct connection *out, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	if (!connection_is_cookie(cookie))
		return err_set(err, RC_MISSING, "no cookie of a connection");
	rc = db_read(app->db, ctx, &rows, err, "select * from api.connection_find($1, $2, $3, $4)",
	    DB_PARAMS(hashed(ctx, cookie), db_int(channel_id), hashed(ctx, ticket),
		db_time(clock_now_ms())));
	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "the browser has no connection for channel %lld",
		    (long long)channel_id);
	*out = (struct connection){
		.status = (enum connection_status)db_get_word(
		    rows, 0, "status", status_names, CONNECTION__COUNT),
		.state = db_get_text(rows, 0, "state"),
		.typed_hash = db_get_text(rows, 0, "typed_hash"),
		.code = living_code(app, ctx, cookie, channel_id, rows),
		.ended_ms = db_get_time(rows, 0, "ended_at"),
		.is_installed = db_get_bool(rows, 0, "installed"),
		.store_hash = db_get_text(rows, 0, "store_hash"),
		.store_name = db_get_text(rows, 0, "store_name"),
		.store_domain = db_get_text(rows, 0, "store_domain"),
		.merchant_id = db_get_int(rows, 0, "merchant_id"),
	};
	return RC_OK;
}

/* For functions that answer whether there was anything to change. */
static enum rc
changed(enum rc rc, const struct db_rows *rows, const char *column, struct err *err)
{
	if (rc == RC_OK && !db_get_bool(rows, 0, column))
		return err_set(err, RC_MISSING, "the browser has no living connection");
	return rc;
}

enum rc
connection_renew(
    struct app *app, const void *ctx, const char *cookie, int64_t channel_id, struct err *err)
{
	int64_t now_ms = clock_now_ms();
	int64_t expires_ms = now_ms + app->conf->code_ms;
	const char *code = code_of(ctx, cookie, channel_id, expires_ms);
	struct db_rows *rows = NULL;
	enum rc rc;

	rc = db_call(app->db, ctx, &rows, err, "select api.connection_renew($1, $2, $3, $4, $5)",
	    DB_PARAMS(hashed(ctx, cookie), db_int(channel_id),
		db_bytes(code_mac(app, ctx, code), CRYPT_MAC_SIZE), db_time(expires_ms),
		db_time(now_ms)));
	return changed(rc, rows, "connection_renew", err);
}

enum rc
connection_decline(
    struct app *app, const void *ctx, const char *cookie, int64_t channel_id, struct err *err)
{
	struct db_rows *rows = NULL;
	enum rc rc = db_call(app->db, ctx, &rows, err, "select api.connection_decline($1, $2, $3)",
	    DB_PARAMS(hashed(ctx, cookie), db_int(channel_id), db_time(clock_now_ms())));

	return changed(rc, rows, "connection_decline", err);
}

enum rc
connection_ticket(struct app *app, const void *ctx, int64_t connection_id, const char *store_hash,
    int64_t user_id, const char **ticket, const char **slug, struct err *err)
{
	const char *secret = crypt_random_text(ctx, COOKIE_BYTES);
	int64_t now_ms = clock_now_ms();
	struct db_rows *rows;
	enum rc rc;

	rc = db_call(app->db, ctx, &rows, err,
	    "select api.connection_ticket($1, $2, $3, $4, $5, $6) as slug",
	    DB_PARAMS(db_int(connection_id), db_text(store_hash), db_int(user_id),
		hashed(ctx, secret), db_time(now_ms + app->conf->ticket_ms), db_time(now_ms)));
	if (rc != RC_OK)
		return rc;
	*ticket = secret;
	*slug = db_get_text(rows, 0, "slug");
	return RC_OK;
}

enum rc
connection_code(struct app *app, const void *ctx, const char *store_hash, int64_t user_id,
    const char *typed, bool is_agreed, struct code_result *out, struct err *err)
{
	const char *code = code_read(ctx, typed);
	struct db_rows *rows;
	enum rc rc;

	if (code == NULL) {
		*out = (struct code_result){ .answer = CODE_UNREADABLE };
		return RC_OK;
	}
	rc = db_call(app->db, ctx, &rows, err,
	    "select * from api.connection_code($1, $2, $3, $4, $5)",
	    DB_PARAMS(db_text(store_hash), db_int(user_id),
		db_bytes(code_mac(app, ctx, code), CRYPT_MAC_SIZE), db_bool(is_agreed),
		db_time(clock_now_ms())));
	if (rc != RC_OK)
		return rc;
	*out = (struct code_result){
		.answer =
		    (enum code_answer)db_get_word(rows, 0, "answer", answer_names, CODE__COUNT),
		.code = code,
		.slug = db_get_text(rows, 0, "slug"),
		.channel_name = db_get_text(rows, 0, "name"),
		.redirect_url = db_get_text(rows, 0, "redirect_url"),
	};
	return RC_OK;
}

enum rc
connection_external_install(struct app *app, const void *ctx, const char *cookie,
    const char *store_hash, int64_t user_id, const char **slug, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	if (!connection_is_cookie(cookie))
		return err_set(err, RC_MISSING, "no cookie of a connection");
	rc = db_call(app->db, ctx, &rows, err,
	    "select api.connection_external_install($1, $2, $3, $4) as slug",
	    DB_PARAMS(hashed(ctx, cookie), db_text(store_hash), db_int(user_id),
		db_time(clock_now_ms())));
	if (rc != RC_OK)
		return rc;
	*slug = db_get_text(rows, 0, "slug");
	return *slug == NULL ? err_set(err, RC_MISSING, "the browser has no living connection")
			     : RC_OK;
}
