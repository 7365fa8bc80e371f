/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page request taken apart: query, form and cookies are split once, bounded, and decoded
 * strictly.
 */
#include "web/request.h"

#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "web/catalog.h"

struct pair {
	const char *name, *value;
	bool broken; /* bad percent-encoding, bad UTF-8 or a NUL, in name or value */
};

struct request_pairs {
	struct pair pairs[REQUEST_PAIRS];
	size_t count;
	bool cut;
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* application/x-www-form-urlencoded, WHATWG URL, but nothing is repaired: what is broken is marked.
 */
static char *
decode(const void *ctx, const char *p, size_t n, bool *broken)
{
	char *out = mem_bytes(ctx, p, n), *to = out;
	const char *end = p + n;

	for (; p < end; p++) {
		if (*p == '%' && end - p > 2 && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
			*to++ = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
			p += 2;
		} else {
			*broken |= *p == '%';
			*to++ = *p == '+' ? ' ' : *p;
		}
	}
	*to = '\0';
	*broken |= strlen(out) != (size_t)(to - out) || !text_is_utf8(out, strlen(out));
	return out;
}

static struct pair *
pair_add(struct request_pairs *pairs)
{
	pairs->cut = pairs->count == REQUEST_PAIRS;
	return pairs->cut ? NULL : &pairs->pairs[pairs->count++];
}

struct request_pairs *
request_pairs_form(const void *ctx, const char *bytes, size_t n)
{
	struct request_pairs *pairs = mem_new(ctx, struct request_pairs);
	const char *p = bytes, *end = bytes + n, *stop, *equals;
	struct pair *pair;

	for (; p < end; p = stop + 1) {
		stop = memchr(p, '&', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		if (stop == p)
			continue;
		pair = pair_add(pairs);
		if (pair == NULL)
			break;
		equals = memchr(p, '=', (size_t)(stop - p));
		if (equals == NULL)
			equals = stop;
		pair->name = decode(pairs, p, (size_t)(equals - p), &pair->broken);
		p = equals < stop ? equals + 1 : stop;
		pair->value = decode(pairs, p, (size_t)(stop - p), &pair->broken);
	}
	return pairs;
}

/* RFC 6265, 5.4: "a=1; b=2". A name may come twice, the more specific path first: that one counts.
 */
struct request_pairs *
request_pairs_cookies(const void *ctx, const char *bytes, size_t n)
{
	struct request_pairs *pairs = mem_new(ctx, struct request_pairs);
	const char *p = bytes, *end = bytes + n, *stop, *equals;
	struct pair *pair;

	for (; p < end; p = stop + 1) {
		stop = memchr(p, ';', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		while (p < stop && *p == ' ')
			p++;
		equals = memchr(p, '=', (size_t)(stop - p));
		if (equals == NULL)
			continue;
		pair = pair_add(pairs);
		if (pair == NULL)
			break;
		pair->name = mem_bytes(pairs, p, (size_t)(equals - p));
		pair->value = mem_bytes(pairs, equals + 1, (size_t)(stop - equals - 1));
	}
	return pairs;
}

const char *
request_pairs_get(const struct request_pairs *pairs, const char *name)
{
	size_t i;

	for (i = 0; pairs != NULL && i < pairs->count; i++)
		if (strcmp(pairs->pairs[i].name, name) == 0)
			return pairs->pairs[i].value;
	return NULL;
}

static const char *
fault_of(const void *ctx, const struct request_pairs *pairs, char *name)
{
	size_t i, seen = 0;
	char *needed = strchr(name, '!');

	if (needed != NULL)
		*needed = '\0';
	for (i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->pairs[i].name, name) != 0)
			continue;
		if (pairs->pairs[i].broken)
			return mem_printf(ctx, "\"%s\" is not encoded as it should be", name);
		if (++seen > 1)
			return mem_printf(ctx, "\"%s\" is given twice", name);
	}
	if (needed != NULL && seen == 0)
		return mem_printf(ctx, "\"%s\" is missing", name);
	return NULL;
}

const char *
request_pairs_fault(const void *ctx, const struct request_pairs *pairs, const char *names)
{
	char *rest = mem_text(ctx, names == NULL ? "" : names);
	char *name;
	const char *fault = NULL;

	if (pairs->cut)
		return mem_printf(ctx, "more than %d parameters", REQUEST_PAIRS);
	while (fault == NULL && (name = strsep(&rest, " ")) != NULL)
		fault = fault_of(ctx, pairs, name);
	return fault;
}

const char *
request_query(const struct request *request, const char *name)
{
	return request_pairs_get(request->query, name);
}

const char *
request_form(const struct request *request, const char *name)
{
	return request_pairs_get(request->form, name);
}

const char *
request_cookie(const struct request *request, const char *name)
{
	return request_pairs_get(request->cookies, name);
}

bool
request_is_same_origin(const struct request *request)
{
	const char *ours = request->app->conf->public_url;
	const char *site = cgi_param(request->cgi, "HTTP_SEC_FETCH_SITE");
	const char *origin = cgi_param(request->cgi, "HTTP_ORIGIN");

	if (site != NULL)
		return strcmp(site, "same-origin") == 0;
	return origin != NULL && (text_equal_nocase(origin, ours) || strcmp(origin, "null") == 0);
}

static const char *
param(const struct request *request, const char *name)
{
	const char *value = cgi_param(request->cgi, name);

	return value == NULL ? "" : value;
}

void
request_open(struct request *request, struct app *app, struct cgi_request *cgi)
{
	const char *query, *cookies;

	memset(request, 0, sizeof(*request));
	request->ctx = cgi_context(cgi);
	request->app = app;
	request->cgi = cgi;
	request->id = crypt_random_code(request->ctx, 12);
	request->method = param(request, "REQUEST_METHOD");
	request->path = param(request, "DOCUMENT_URI");
	request->language = catalog_language(param(request, "HTTP_ACCEPT_LANGUAGE"));
	request->now_ms = clock_now_ms();
	query = param(request, "QUERY_STRING");
	cookies = param(request, "HTTP_COOKIE");
	request->query = request_pairs_form(request->ctx, query, strlen(query));
	request->cookies = request_pairs_cookies(request->ctx, cookies, strlen(cookies));
}

enum rc
request_read_form(struct request *request, struct err *err)
{
	const char *type = param(request, "CONTENT_TYPE");
	char *body;
	size_t n;

	if (!text_has_prefix(type, "application/x-www-form-urlencoded"))
		return err_set(err, RC_INVALID, "content type is no form's");
	if (cgi_body(request->cgi, request->ctx, LIMIT_FORM_BODY, &body, &n, err) != RC_OK)
		return err->code;
	request->form = request_pairs_form(request->ctx, body, n);
	return RC_OK;
}
