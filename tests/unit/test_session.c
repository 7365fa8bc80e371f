/* SPDX-License-Identifier: Apache-2.0 */
/* signed_payload_jwt: the vector of BigCommerce's documentation, and each way in which a token can
 * be wrong. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limit.h"
#include "domain/session.h"

#define SECRET "test_client_secret_0123456789abcdef"
#define NOW    1700000100
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* Computed with two independent tools. */
#define VECTOR_HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define VECTOR_CLAIMS                                                                              \
	"eyJhdWQiOiJ0ZXN0X2NsaWVudF9pZCIsImlzcyI6ImJjIiwiaWF0IjoxNzAwMDAwMDAwLCJuYmYiOjE2OTk5OTk5" \
	"OTUsImV4cCI6MTcwMDA4NjQwMCwianRpIj"                                                       \
	"oiNmYxYzJmMGUtM2MxYi00YjUyLTlkM2EtMmY1ZTliN2EwYzExIiwic3ViIjoic3RvcmVzL2FiYzEyMyIsInVzZX" \
	"IiOnsiaWQiOjI0NjU0LCJlbWFpbCI6InVz"                                                       \
	"ZXJAZXhhbXBsZS5jb20iLCJsb2NhbGUiOiJlbi1VUyJ9LCJvd25lciI6eyJpZCI6MTIzNDUsImVtYWlsIjoib3du" \
	"ZXJAZXhhbXBsZS5jb20ifSwidXJsIjoiLy"                                                       \
	"IsImNoYW5uZWxfaWQiOm51bGx9"
#define VECTOR_MAC "ipcU3gvB8e-tUhUis8hywjaa54tqxZ6ApQ1MNNAoiVM"
#define VECTOR     VECTOR_HEAD "." VECTOR_CLAIMS "." VECTOR_MAC

static const struct conf conf = {
	.bigcommerce_client_id = "test_client_id",
	.bigcommerce_client_secret = SECRET,
};

static char *
encode(const void *ctx, const char *text)
{
	return crypt_base64url(ctx, text, strlen(text));
}

/* A token whose signature is right, whatever stands in it. */
static char *
sign(const void *ctx, const char *header, const char *claims, const char *secret)
{
	char *text = mem_printf(ctx, "%s.%s", encode(ctx, header), encode(ctx, claims));
	unsigned char mac[CRYPT_MAC_SIZE];

	crypt_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
	return mem_printf(ctx, "%s.%s", text, crypt_base64url(ctx, mac, sizeof(mac)));
}

/* The members that every good token has; a later one of the same name would be a duplicate. */
static char *
claims_with(const void *ctx, const char *aud, const char *times, const char *sub, const char *user,
    const char *more)
{
	return mem_printf(ctx, "{\"aud\":%s,\"iss\":\"bc\",%s,\"sub\":%s,\"user\":%s%s}", aud,
	    times, sub, user, more);
}

#define AUD   "\"test_client_id\""
#define TIMES "\"iat\":1700000000,\"nbf\":1699999995,\"exp\":1700086400"
#define SUB   "\"stores/abc123\""
#define USER  "{\"id\":24654}"

static void
refused(const void *ctx, const char *token, const char *why, const char *what)
{
	struct claims claims = { .user_id = 99 };
	struct err err = { 0 };

	CHECK(session_verify_jwt(&conf, ctx, token, NOW, &claims, &err) == RC_DENIED, "%s", what);
	CHECK(strstr(err.text, why) != NULL, "%s: \"%s\"", what, err.text);
	CHECK(claims.user_id == 99, "%s: output written", what);
}

static void
vector(void **state)
{
	void *ctx = *state;
	struct claims claims;
	struct err err;

	assert_int_equal(session_verify_jwt(&conf, ctx, VECTOR, NOW, &claims, &err), RC_OK);
	assert_string_equal(claims.store_hash, "abc123");
	assert_int_equal(claims.user_id, 24654);
	assert_string_equal(claims.user_email, "user@example.com");
	assert_string_equal(claims.user_locale, "en-US");
	assert_int_equal(claims.owner_id, 12345);
	assert_int_equal(claims.issued_at, 1700000000);
}

static void
shape(void **state)
{
	void *ctx = *state;
	char *huge = mem_array(ctx, char, LIMIT_JWT + 2);

	memset(huge, 'a', LIMIT_JWT + 1);
	refused(ctx, NULL, "missing", "no token");
	refused(ctx, "", "missing", "empty token");
	refused(ctx, huge, "too long", "endless token");
	refused(ctx, "abc", "three parts", "one part");
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS, "three parts", "missing part");
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS ".", "three parts", "empty signature");
	refused(ctx, "." VECTOR_CLAIMS "." VECTOR_MAC, "three parts", "empty header");
	refused(ctx, VECTOR ".x", "three parts", "extra part");
	refused(ctx, VECTOR ".", "three parts", "extra dot");
}

static void
signature(void **state)
{
	void *ctx = *state;

	refused(ctx, "fyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." VECTOR_CLAIMS "." VECTOR_MAC,
	    "signature", "changed header");
	refused(ctx, VECTOR_HEAD ".f" VECTOR_CLAIMS "." VECTOR_MAC, "signature", "changed claims");
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS ".jpcU3gvB8e-tUhUis8hywjaa54tqxZ6ApQ1MNNAoiVM",
	    "signature", "changed mac");
	refused(ctx, VECTOR "=", "signature", "padding");
	refused(ctx, VECTOR "\n", "signature", "trailing byte");
	refused(ctx, " " VECTOR, "signature", "leading byte");
	/* M is 001100: N carries the same bytes in its upper four bits, but is not how they are
	 * written */
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS ".ipcU3gvB8e-tUhUis8hywjaa54tqxZ6ApQ1MNNAoiVN",
	    "signature", "non-canonical end");
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS ".ipcU3gvB8e+tUhUis8hywjaa54tqxZ6ApQ1MNNAoiVM",
	    "signature", "other alphabet");
	refused(ctx, VECTOR_HEAD "." VECTOR_CLAIMS ".ipcU", "signature", "short mac");
	refused(ctx, sign(ctx, HEADER, "{}", "another secret"), "signature", "another secret");
	refused(ctx, sign(ctx, HEADER, "{}", ""), "signature", "empty secret");
}

static void
algorithm(void **state)
{
	static const char *const headers[] = { "{\"alg\":\"none\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"HS512\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS256 \"}", "{\"alg\":\"HS256\\u0000\"}", "{\"alg\":null}",
		"{\"alg\":[\"HS256\"]}", "{}", "[]", "\"HS256\"", "null", "", "{\"alg\":\"HS256\"",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "{\"alg\":\"none\",\"alg\":\"HS256\"}" };
	void *ctx = *state;
	const char *claims = claims_with(ctx, AUD, TIMES, SUB, USER, "");

	for (size_t i = 0; i < COUNT(headers); i++)
		refused(ctx, sign(ctx, headers[i], claims, SECRET),
		    *headers[i] == '\0' ? "three parts" : "HS256", headers[i]);
}

static void
claim_faults(void **state)
{
	static const struct {
		const char *aud, *times, *sub, *user, *more, *why;
	} rows[] = {
		{ "\"another\"", TIMES, SUB, USER, "", "another app" },
		{ "[]", TIMES, SUB, USER, "", "another app" },
		{ "[\"test_client_id\",\"b\"]", TIMES, SUB, USER, "", "another app" },
		{ "null", TIMES, SUB, USER, "", "another app" },
		{ AUD, "\"iat\":1700000000", SUB, USER, "", "no expiry" },
		{ AUD, "\"iat\":1700000000,\"exp\":\"1700086400\"", SUB, USER, "", "no expiry" },
		{ AUD, "\"iat\":1700000000,\"exp\":1.7e9", SUB, USER, "", "no expiry" },
		{ AUD, "\"exp\":1700086400", SUB, USER, "", "no time of issue" },
		{ AUD, "\"iat\":-1,\"exp\":1700086400", SUB, USER, "", "no time of issue" },
		{ AUD, "\"iat\":1699900000,\"exp\":1700000040", SUB, USER, "", "expired" },
		{ AUD, "\"iat\":1700000161,\"exp\":1700086400", SUB, USER, "", "in the future" },
		{ AUD, "\"iat\":1700000000,\"nbf\":1700000161,\"exp\":1700086400", SUB, USER, "",
		    "not valid yet" },
		{ AUD, "\"iat\":1700000000,\"nbf\":\"x\",\"exp\":1700086400", SUB, USER, "",
		    "not valid yet" },
		{ AUD, TIMES, "\"stores/\"", USER, "", "no store" },
		{ AUD, TIMES, "\"abc123\"", USER, "", "no store" },
		{ AUD, TIMES, "\"stores/ABC\"", USER, "", "no store" },
		{ AUD, TIMES, "\"stores/abc/../x\"", USER, "", "no store" },
		{ AUD, TIMES, "\"stores/abc123\\u0000\"", USER, "", "no store" },
		{ AUD, TIMES, "7", USER, "", "no store" },
		{ AUD, TIMES, SUB, "{\"id\":\"24654\"}", "", "no user id" },
		{ AUD, TIMES, SUB, "{\"id\":0}", "", "no user id" },
		{ AUD, TIMES, SUB, "{\"id\":1.5}", "", "no user id" },
		{ AUD, TIMES, SUB, "{\"id\":99999999999999999999}", "", "no object" },
		{ AUD, TIMES, SUB, "{}", "", "no user id" },
		{ AUD, TIMES, SUB, USER, ",\"owner\":{\"id\":\"x\"}", "owner id" },
		{ AUD, TIMES, SUB, USER, ",\"sub\":\"stores/def456\"", "no object" },
		{ AUD, TIMES, SUB, USER, ",\"user\":{\"id\":1}", "no object" },
		{ AUD, TIMES, SUB, USER, "}{", "no object" },
	};
	static const char *const documents[] = { "[]", "null", "\"x\"", "7", "{", "{} x",
		"{\"aud\":NaN}" };
	void *ctx = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *claims = claims_with(
		    ctx, rows[i].aud, rows[i].times, rows[i].sub, rows[i].user, rows[i].more);

		refused(ctx, sign(ctx, HEADER, claims, SECRET), rows[i].why, claims);
	}
	for (size_t i = 0; i < COUNT(documents); i++)
		refused(ctx, sign(ctx, HEADER, documents[i], SECRET), "no object", documents[i]);
	refused(ctx, sign(ctx, HEADER, "{\"aud\":" AUD ",\"iss\":\"BC\"," TIMES "}", SECRET),
	    "not issued", "issuer");
	refused(ctx, sign(ctx, HEADER, "{\"aud\":" AUD "," TIMES "}", SECRET), "not issued",
	    "no issuer");
}

static void
tolerated(void **state)
{
	static const struct {
		const char *aud, *times, *more;
	} rows[] = {
		{ "[\"test_client_id\"]", TIMES, "" },
		{ AUD, "\"iat\":1700000160,\"nbf\":1700000160,\"exp\":1700086400",
		    "" },                                             /* our clock is behind */
		{ AUD, "\"iat\":1699900000,\"exp\":1700000041", "" }, /* or before */
		{ AUD, TIMES, ",\"owner\":null,\"channel_id\":7,\"new\":{\"x\":[1]}" },
	};
	void *ctx = *state;
	struct claims claims;
	struct err err;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text =
		    claims_with(ctx, rows[i].aud, rows[i].times, SUB, USER, rows[i].more);

		CHECK(session_verify_jwt(
			  &conf, ctx, sign(ctx, HEADER, text, SECRET), NOW, &claims, &err) == RC_OK,
		    "%s: %s", text, err.text);
		assert_int_equal(claims.owner_id, 0);
		assert_null(claims.user_email);
	}
}

static void
rotation(void **state)
{
	const struct conf rotated = {
		.bigcommerce_client_id = "test_client_id",
		.bigcommerce_client_secret = "a new secret",
		.bigcommerce_client_secret_previous = SECRET,
	};
	const struct conf ended = { .bigcommerce_client_id = "test_client_id",
		.bigcommerce_client_secret = "a new secret" };
	void *ctx = *state;
	const char *text = claims_with(ctx, AUD, TIMES, SUB, USER, "");
	struct claims claims;
	struct err err;

	assert_int_equal(session_verify_jwt(&rotated, ctx, sign(ctx, HEADER, text, "a new secret"),
			     NOW, &claims, &err),
	    RC_OK);
	assert_int_equal(session_verify_jwt(&rotated, ctx, VECTOR, NOW, &claims, &err), RC_OK);
	assert_int_equal(session_verify_jwt(&ended, ctx, VECTOR, NOW, &claims, &err), RC_DENIED);
}

static struct crypt_keys *
some_keys(const void *ctx)
{
	static const char line[] = "k2 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n";
	char path[] = "/tmp/violet-test-XXXXXX";
	int fd = mkstemp(path);
	struct crypt_keys *keys;
	struct err err = { 0 };

	assert_true(fd >= 0 && write(fd, line, sizeof(line) - 1) == sizeof(line) - 1);
	close(fd);
	CHECK(crypt_keys_read(ctx, path, &keys, &err) == RC_OK, "%s", err.text);
	unlink(path);
	return keys;
}

/* Form tokens: what can be refused without the database. */
static void
form_tokens(void **state)
{
	static const struct session session = {
		.store_hash = "abc123", .user_id = 7, .installed_ms = 1700000000123
	};
	static const struct conf settings = { .form_ms = 60000 };
	void *ctx = *state;
	struct app app = { .conf = &settings, .keys = some_keys(ctx) };
	struct session out = { 0 };
	struct err err;
	char *token;

	token = session_token(&app, ctx, &session);
	assert_non_null(strstr(token, "k2.abc123.7.1700000000123."));
	for (size_t i = 0; i < strlen(token); i++) {
		char *changed = mem_text(ctx, token);

		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		CHECK(session_check(&app, ctx, changed, &out, &err) == RC_DENIED,
		    "changed at %zu: %s", i, changed);
	}
	assert_int_equal(session_check(&app, ctx, NULL, &out, &err), RC_DENIED);
	assert_int_equal(session_check(&app, ctx, "", &out, &err), RC_DENIED);
	assert_int_equal(
	    session_check(&app, ctx, mem_printf(ctx, "%s.x", token), &out, &err), RC_DENIED);
	clock_shift_ms(60001);
	assert_int_equal(session_check(&app, ctx, token, &out, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "stale"));
	clock_shift_ms(0);
	assert_null(out.store_hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vector),
		TEST(shape),
		TEST(signature),
		TEST(algorithm),
		TEST(claim_faults),
		TEST(tolerated),
		TEST(rotation),
		TEST(form_tokens),
	};

	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
