/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Violet's access tokens: one per app for all threads, renewed before they expire by the refresh
 * token, by a full login whenever that fails. While one thread renews, the others of the same app
 * wait for it. https://docs.violet.io/concepts/overview/token-refresh-management
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "lib/crypt.h"
#include "remote/violet_call.h"

#define MARGIN_MS \
	(5 * 60 * 1000) /* renewed this long before the end, at most half of the token's life */
#define LIFE_MS    (60 * 60 * 1000) /* of a token that does not say; really it is 24 hours */
#define REFUSED_MS 5000 /* refused credentials are not tried again by every waiting job */

/* An app's tokens. The strings belong to `strings`, which is nobody's child: talloc knows no
 * threads. */
struct app_token {
	struct app_token *next;
	int64_t app_id;
	pthread_mutex_t mutex;
	void *strings;
	const char *token, *refresh_token; /* NULL: none */
	int64_t renew_ms;                  /* when the token is not good enough any more */
	int64_t refused_until_ms; /* the credentials were refused; not asked again before */
};

struct violet_tokens {
	pthread_mutex_t mutex;
	struct app_token *first;
};

static int
tokens_close(struct violet_tokens *tokens)
{
	while (tokens->first != NULL) {
		struct app_token *entry = tokens->first;

		tokens->first = entry->next;
		talloc_free(entry->strings);
		pthread_mutex_destroy(&entry->mutex);
		talloc_free(entry);
	}
	pthread_mutex_destroy(&tokens->mutex);
	return 0;
}

struct violet_tokens *
violet_tokens_open(const void *ctx)
{
	struct violet_tokens *tokens = mem_new(ctx, struct violet_tokens);

	pthread_mutex_init(&tokens->mutex, NULL);
	talloc_set_destructor(tokens, tokens_close);
	return tokens;
}

/* The app's entry, made at its first use; entries live as long as the process. */
static struct app_token *
entry_of(struct violet_tokens *tokens, int64_t app_id)
{
	struct app_token *entry;

	pthread_mutex_lock(&tokens->mutex);
	for (entry = tokens->first; entry != NULL && entry->app_id != app_id; entry = entry->next)
		;
	if (entry == NULL) {
		entry = mem_new(NULL, struct app_token);
		entry->app_id = app_id;
		pthread_mutex_init(&entry->mutex, NULL);
		entry->next = tokens->first;
		tokens->first = entry;
	}
	pthread_mutex_unlock(&tokens->mutex);
	return entry;
}

/*
 * How long a token lives, by its own `exp` and `iat`: their difference, so that our clock and
 * Violet's need not agree. We are no party to its signature and trust it with nothing else.
 */
static int64_t
life_ms(const void *ctx, const char *token)
{
	const char *begin = strchr(token, '.');
	const char *end = begin == NULL ? NULL : strchr(begin + 1, '.');
	unsigned char *bytes;
	const struct json *payload;
	struct err unreadable;
	int64_t exp, iat;
	size_t n;

	if (end == NULL)
		return LIFE_MS;
	bytes = crypt_unbase64url(ctx, begin + 1, (size_t)(end - begin - 1), &n);
	if (bytes == NULL || json_parse(ctx, bytes, n, &payload, &unreadable) != RC_OK)
		return LIFE_MS;
	exp = json_get_int(payload, "exp", 0);
	iat = json_get_int(payload, "iat", clock_now_ms() / 1000);
	if (iat < 0 || exp <= iat || exp - iat > 366 * 86400)
		return LIFE_MS;
	return (exp - iat) * 1000;
}

/* Keep a new access token. A refresh answers no new refresh token: the old one stays good. */
static void
keep(struct app_token *entry, const char *token, const char *refresh_token)
{
	void *strings = mem_context("violet token");
	const char *refresh = refresh_token == NULL ? entry->refresh_token : refresh_token;
	int64_t life = life_ms(strings, token);

	token = mem_secret(mem_text(strings, token));
	refresh = refresh == NULL ? NULL : mem_secret(mem_text(strings, refresh));
	talloc_free(entry->strings);
	entry->strings = strings;
	entry->token = token;
	entry->refresh_token = refresh;
	entry->renew_ms = clock_now_ms() + life - (life / 2 < MARGIN_MS ? life / 2 : MARGIN_MS);
	entry->refused_until_ms = 0;
}

static bool
refresh(struct violet *violet, const void *ctx, struct app_token *entry)
{
	const struct violet_exchange exchange = {
		.method = "GET", .path = "/auth/token", .token = entry->refresh_token
	};
	const struct json *answer;
	const char *token;
	struct err unimportant;

	if (entry->refresh_token == NULL)
		return false;
	if (violet_exchange(violet, ctx, &exchange, &answer, &unimportant) != RC_OK ||
	    violet->status != 200)
		return false;
	token = json_get_text(answer, "token", NULL);
	if (token == NULL || token[0] == '\0')
		return false;
	keep(entry, token, NULL);
	return true;
}

static const char *
login_body(const void *ctx, const struct violet_credentials *credentials)
{
	struct json_out *body = json_out_object(ctx);

	json_put_text(body, "username", credentials->username);
	json_put_text(body, "password", credentials->password);
	return mem_secret(json_out_text(ctx, body));
}

static enum rc
login(struct violet *violet, const void *ctx, struct app_token *entry, struct err *err)
{
	const struct violet_exchange exchange = {
		.method = "POST",
		.path = "/login",
		.body = login_body(ctx, &violet->credentials),
	};
	const struct json *answer;
	const char *token;
	enum rc rc;

	if (violet_exchange(violet, ctx, &exchange, &answer, err) != RC_OK)
		return err_set(err, RC_BUSY, "%.400s", err->text);
	rc = answer_rc(violet->status);
	if (rc == RC_BUSY)
		return err_set(
		    err, RC_BUSY, "answered %d: %s", violet->status, violet_error_text(answer));
	if (rc != RC_OK)
		return err_set(err, RC_DENIED, "app %" PRId64 " is refused: answered %d: %s",
		    entry->app_id, violet->status, violet_error_text(answer));
	token = json_get_text(answer, "token", NULL);
	if (token == NULL || token[0] == '\0')
		return err_set(err, RC_BUSY, "the answer has no token");
	keep(entry, token, json_get_text(answer, "refresh_token", NULL));
	return RC_OK;
}

/* With the entry's mutex held. */
static enum rc
renew(struct violet *violet, const void *ctx, struct app_token *entry, struct err *err)
{
	enum rc rc;

	if (clock_now_ms() < entry->refused_until_ms)
		return err_set(err, RC_DENIED,
		    "violet login: app %" PRId64 " was refused a moment ago", entry->app_id);
	if (refresh(violet, ctx, entry))
		return RC_OK;
	entry->token = entry->refresh_token = NULL;
	rc = login(violet, ctx, entry, err);
	if (rc == RC_DENIED)
		entry->refused_until_ms = clock_now_ms() + REFUSED_MS;
	if (rc != RC_OK)
		return err_prefix(err, "violet login: ");
	return RC_OK;
}

enum rc
violet_token(struct violet *violet, const void *ctx, const char **token, struct err *err)
{
	struct app_token *entry = entry_of(violet->tokens, violet->credentials.app_id);
	enum rc rc = RC_OK;

	pthread_mutex_lock(&entry->mutex);
	if (entry->token == NULL || clock_now_ms() >= entry->renew_ms)
		rc = renew(violet, ctx, entry, err);
	if (rc == RC_OK)
		*token = mem_secret(mem_text(ctx, entry->token));
	pthread_mutex_unlock(&entry->mutex);
	return rc;
}

void
violet_token_refused(struct violet *violet, const char *token)
{
	struct app_token *entry = entry_of(violet->tokens, violet->credentials.app_id);

	pthread_mutex_lock(&entry->mutex);
	/* Another thread may have renewed it meanwhile. */
	if (entry->token != NULL && strcmp(entry->token, token) == 0)
		entry->token = NULL;
	pthread_mutex_unlock(&entry->mutex);
}

enum rc
violet_login(struct violet *violet, const void *ctx, struct err *err)
{
	const char *token;

	return violet_token(violet, ctx, &token, err);
}
