/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking. A signed_payload_jwt is one thing only, an HS256 token of BigCommerce for us:
 * nothing in it chooses how it is checked, and none of it is parsed before its signature holds.
 */
#include "domain/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/json.h"
#include "remote/bigcommerce.h"

#define SKEW_S     60  /* BigCommerce states no skew; its nbf is 5 s before its iat */
#define EMAIL_MAX  254 /* RFC 5321 */
#define LOCALE_MAX 35  /* RFC 5646, 4.4.1 */
#define TOKEN_MAX  256
#define PURPOSE    "session"

/* A piece of a text: not terminated. */
struct piece {
	const char *p;
	size_t n;
};

/* Cut text at its dots into exactly `count` non-empty pieces. */
static bool
cut(const char *text, struct piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strcspn(text, ".");

		if (n == 0 || (text[n] == '.') != (i + 1 < count))
			return false;
		pieces[i] = (struct piece){ text, n };
		text += n + 1;
	}
	return true;
}

static const struct json *
parse_piece(const void *ctx, struct piece piece)
{
	const struct json *json;
	struct err err;
	size_t n;
	unsigned char *bytes = crypt_unbase64url(ctx, piece.p, piece.n, &n);

	if (bytes == NULL || json_parse(ctx, bytes, n, &json, &err) != RC_OK ||
	    !json_is_object(json))
		return NULL;
	return json;
}

static bool
signed_with(const char *secret, const char *text, size_t n, const unsigned char *mac)
{
	unsigned char wanted[CRYPT_MAC_SIZE];

	if (secret == NULL || *secret == '\0')
		return false;
	crypt_hmac_sha256(secret, strlen(secret), text, n, wanted);
	return crypt_equal(wanted, mac, sizeof wanted);
}

/* The signature covers "header.payload" as received. */
static bool
is_signed(const struct conf *conf, const void *ctx, const char *token, const struct piece parts[3])
{
	size_t covered = (size_t)(parts[2].p - token) - 1, n;
	unsigned char *mac = crypt_unbase64url(ctx, parts[2].p, parts[2].n, &n);

	if (mac == NULL || n != CRYPT_MAC_SIZE)
		return false;
	return signed_with(conf->bigcommerce_client_secret, token, covered, mac) ||
	       signed_with(conf->bigcommerce_client_secret_previous, token, covered, mac);
}

static bool
is_text(const struct json *json, const char *wanted)
{
	const char *text = json_text(json);

	return text != NULL && strcmp(text, wanted) == 0;
}

/* A string, or (RFC 7519, 4.1.3) an array with just this one. */
static bool
is_audience(const struct json *aud, const char *client_id)
{
	if (json_is_array(aud))
		return json_count(aud) == 1 && is_text(json_at(aud, 0), client_id);
	return is_text(aud, client_id);
}

static const char *
time_fault(const struct json *claims, int64_t now_s, int64_t *issued_at)
{
	const struct json *nbf = json_get(claims, "nbf");
	int64_t exp, from, iat;

	if (!json_int(json_get(claims, "exp"), &exp))
		return "no expiry";
	if (!json_int(json_get(claims, "iat"), &iat) || iat < 0)
		return "no time of issue";
	if (exp <= now_s - SKEW_S)
		return "expired";
	if (iat > now_s + SKEW_S)
		return "issued in the future";
	if (nbf != NULL && (!json_int(nbf, &from) || from > now_s + SKEW_S))
		return "not valid yet";
	*issued_at = iat;
	return NULL;
}

static bool
read_id(const struct json *json, int64_t *out)
{
	return json_int(json, out) && *out > 0;
}

static const char *
plain_or_null(const void *ctx, const struct json *json, size_t maximum)
{
	const char *text = json_text(json);

	return text != NULL && *text != '\0' && text_is_plain(text, maximum) ? mem_text(ctx, text)
									     : NULL;
}

static const char *
people_fault(const void *ctx, const struct json *claims, struct claims *out)
{
	const struct json *owner = json_get(claims, "owner.id");
	const char *hash = bc_store_hash(json_text(json_get(claims, "sub")));

	if (hash == NULL)
		return "subject is no store";
	if (!read_id(json_get(claims, "user.id"), &out->user_id))
		return "no user id";
	if (owner != NULL && !read_id(owner, &out->owner_id))
		return "owner id is no number";
	out->store_hash = mem_text(ctx, hash);
	out->user_email = plain_or_null(ctx, json_get(claims, "user.email"), EMAIL_MAX);
	out->user_locale = plain_or_null(ctx, json_get(claims, "user.locale"), LOCALE_MAX);
	return NULL;
}

/* What is wrong with an authentic token; NULL: nothing. */
static const char *
token_fault(const struct conf *conf, const void *ctx, const struct piece parts[3], int64_t now_s,
    struct claims *out)
{
	const struct json *header = parse_piece(ctx, parts[0]);
	const struct json *claims = parse_piece(ctx, parts[1]);
	const char *fault;

	if (!is_text(json_get(header, "alg"), "HS256"))
		return "algorithm is not HS256";
	if (claims == NULL)
		return "claims are no object";
	if (!is_audience(json_get(claims, "aud"), conf->bigcommerce_client_id))
		return "made for another app";
	if (!is_text(json_get(claims, "iss"), "bc"))
		return "not issued by BigCommerce";
	fault = time_fault(claims, now_s, &out->issued_at);
	return fault != NULL ? fault : people_fault(ctx, claims, out);
}

enum rc
session_verify_jwt(const struct conf *conf, const void *ctx, const char *token, int64_t now_s,
    struct claims *out, struct err *err)
{
	struct claims claims = { 0 };
	struct piece parts[3];
	const char *fault;

	if (token == NULL || *token == '\0')
		return err_set(err, RC_DENIED, "token: missing");
	if (strnlen(token, LIMIT_JWT + 1) > LIMIT_JWT)
		return err_set(err, RC_DENIED, "token: too long");
	if (!cut(token, parts, 3))
		return err_set(err, RC_DENIED, "token: not three parts");
	if (!is_signed(conf, ctx, token, parts))
		return err_set(err, RC_DENIED, "token: wrong signature");
	fault = token_fault(conf, ctx, parts, now_s, &claims);
	if (fault != NULL)
		return err_set(err, RC_DENIED, "token: %s", fault);
	*out = claims;
	return RC_OK;
}

/* The form token is "{key id}.{hash}.{user}.{install, ms}.{end, ms}.{mac}", the MAC over all before
 * it. */
enum { KEY_ID, HASH, USER, INSTALL, END, MAC, PIECES };

static char *
seal_token(const struct crypt_keys *keys, const void *ctx, const char *text)
{
	unsigned char mac[CRYPT_MAC_SIZE];
	bool made = crypt_mac(keys, NULL, PURPOSE, text, strlen(text), mac);

	ASSERT(made);
	return mem_printf(ctx, "%s.%s", text, crypt_base64url(ctx, mac, sizeof mac));
}

char *
session_token(struct app *app, const void *ctx, const struct session *session)
{
	return seal_token(app->keys, ctx,
	    mem_printf(ctx, "%s.%s.%lld.%lld.%lld", crypt_keys_current(app->keys),
		session->store_hash, (long long)session->user_id, (long long)session->installed_ms,
		(long long)(clock_now_ms() + app->conf->form_ms)));
}

static char *
piece_text(const void *ctx, struct piece piece)
{
	return mem_bytes(ctx, piece.p, piece.n);
}

static bool
is_sealed(const struct crypt_keys *keys, const void *ctx, const char *token,
    const struct piece pieces[PIECES])
{
	unsigned char wanted[CRYPT_MAC_SIZE];
	size_t covered = (size_t)(pieces[MAC].p - token) - 1, n;
	unsigned char *mac = crypt_unbase64url(ctx, pieces[MAC].p, pieces[MAC].n, &n);

	return mac != NULL && n == sizeof wanted &&
	       crypt_mac(keys, piece_text(ctx, pieces[KEY_ID]), PURPOSE, token, covered, wanted) &&
	       crypt_equal(mac, wanted, sizeof wanted);
}

/* The token's own words; whether user and install still stand is asked by session_check. */
static bool
open_token(
    struct app *app, const void *ctx, const char *token, struct session *out, int64_t *end_ms)
{
	struct piece pieces[PIECES];

	if (token == NULL || strnlen(token, TOKEN_MAX + 1) > TOKEN_MAX ||
	    !cut(token, pieces, PIECES) || !is_sealed(app->keys, ctx, token, pieces))
		return false;
	out->store_hash = piece_text(ctx, pieces[HASH]);
	return text_int(piece_text(ctx, pieces[USER]), 1, INT64_MAX, &out->user_id) &&
	       text_int(piece_text(ctx, pieces[INSTALL]), 1, INT64_MAX, &out->installed_ms) &&
	       text_int(piece_text(ctx, pieces[END]), 1, INT64_MAX, end_ms);
}

enum rc
session_check(
    struct app *app, const void *ctx, const char *token, struct session *out, struct err *err)
{
	struct session session = { 0 };
	struct db_rows *rows;
	int64_t end_ms;
	enum rc rc;

	if (!open_token(app, ctx, token, &session, &end_ms))
		return err_set(err, RC_DENIED, "form token: missing or forged");
	if (end_ms <= clock_now_ms())
		return err_set(err, RC_DENIED, "form token: stale");
	rc = db_read(app->db, ctx, &rows, err, "select * from api.session_find($1, $2)",
	    DB_PARAMS(db_text(session.store_hash), db_int(session.user_id)));
	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0 || db_get_time(rows, 0, "installed_at") != session.installed_ms)
		return err_set(err, RC_DENIED, "form token: the user or the install is gone");
	session.locale = db_get_text(rows, 0, "locale");
	session.may_link = db_get_bool(rows, 0, "may_link");
	*out = session;
	return RC_OK;
}
