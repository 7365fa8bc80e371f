/* SPDX-License-Identifier: Apache-2.0 */
/* URLs by libcurl's own parser, so that what we check is what libcurl will call. */
#include "lib/http.h"

#include <curl/curl.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

static void
free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

/* A parser that has taken the text, or NULL. */
static CURLU *
parse(const char *text, unsigned flags)
{
	CURLU *url = curl_url();

	if (url == NULL)
		panic("out of memory");
	if (curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

/* A part under ctx; otherwise if there is none. */
static const char *
part(const void *ctx, CURLU *url, CURLUPart which, const char *otherwise)
{
	char *text;
	const char *copy;

	if (curl_url_get(url, which, &text, 0) != CURLUE_OK)
		return otherwise;
	copy = mem_text(ctx, text);
	curl_free(text);
	return copy;
}

static const char *
lower(const void *ctx, const char *s)
{
	char *copy = mem_text(ctx, s);

	text_lower(copy);
	return copy;
}

enum rc
http_url_parse(const void *ctx, const char *text, bool guess_scheme, struct http_url *out)
{
	CLEANUP(free_url)
	CURLU *url =
	    parse(text, CURLU_NON_SUPPORT_SCHEME | (guess_scheme ? CURLU_DEFAULT_SCHEME : 0));
	int64_t port = 0;

	if (url == NULL)
		return RC_INVALID;
	(void)text_int(part(ctx, url, CURLUPART_PORT, NULL), 1, 65535, &port);
	*out = (struct http_url){
		.scheme = lower(ctx, part(ctx, url, CURLUPART_SCHEME, "")),
		.host = lower(ctx, part(ctx, url, CURLUPART_HOST, "")),
		.path = part(ctx, url, CURLUPART_PATH, ""),
		.query = part(ctx, url, CURLUPART_QUERY, ""),
		.fragment = part(ctx, url, CURLUPART_FRAGMENT, ""),
		.user = part(ctx, url, CURLUPART_USER, ""),
		.port = (int)port,
	};
	return *out->host == '\0' ? RC_INVALID : RC_OK;
}

/* True if the pair "name=value" of a query, n bytes, has one of the names. */
static bool
is_replaced(const void *ctx, const char *pair, size_t n, const char *const pairs[][2], size_t count)
{
	size_t length = strcspn(pair, "=&");
	char *name;
	int decoded_length;
	bool found = false;

	name = curl_easy_unescape(
	    NULL, mem_bytes(ctx, pair, length < n ? length : n), 0, &decoded_length);
	if (name == NULL)
		panic("out of memory");
	for (size_t i = 0; i < count; i++)
		found |= strcmp(name, pairs[i][0]) == 0;
	curl_free(name);
	return found;
}

/* The query with the named pairs taken out. */
static char *
without(const void *ctx, const char *query, const char *const pairs[][2], size_t count)
{
	char *kept = mem_text(ctx, "");

	while (*query != '\0') {
		size_t n = strcspn(query, "&");

		if (n > 0 && !is_replaced(ctx, query, n, pairs, count))
			kept = mem_printf(
			    ctx, "%s%s%.*s", kept, *kept == '\0' ? "" : "&", (int)n, query);
		query += n + (query[n] == '&');
	}
	return kept;
}

/* By hand, since libcurl's writer would change the spelling of what is kept. */
char *
http_url_with(const void *ctx, const char *url, const char *const pairs[][2], size_t n)
{
	CLEANUP(free_url)
	CURLU *parsed = parse(url, CURLU_NON_SUPPORT_SCHEME);
	void *tmp = mem_context("url");
	size_t base = strcspn(url, "?#");
	size_t end = base + strcspn(url + base, "#");
	char *query, *result;

	if (parsed == NULL) {
		talloc_free(tmp);
		return NULL;
	}
	query = mem_bytes(tmp, url + base, end - base);
	query = without(tmp, *query == '?' ? query + 1 : query, pairs, n);
	for (size_t i = 0; i < n; i++) {
		if (pairs[i][1] != NULL)
			query = mem_printf(tmp, "%s%s%s=%s", query, *query == '\0' ? "" : "&",
			    http_escape(tmp, pairs[i][0]), http_escape(tmp, pairs[i][1]));
	}
	result = mem_printf(
	    ctx, "%.*s%s%s%s", (int)base, url, *query == '\0' ? "" : "?", query, url + end);
	talloc_free(tmp);
	return result;
}
