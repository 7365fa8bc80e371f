/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BigCommerce: calls, pages, errors, quota, and the small calls on the store itself. Orders,
 * refunds, hooks and discounts have files of their own.
 * https://developer.bigcommerce.com/docs/start/about
 */
#include "remote/bigcommerce.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "remote/bc_call.h"

#define PAGES_MAX 400 /* 100,000 rows: more is a fault */

const char *
bc_store_hash(const char *name)
{
	static const char prefix[] = "stores/";

	if (name == NULL || strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	name += sizeof(prefix) - 1;
	return text_is_store_hash(name) ? name : NULL;
}

static void
note_answer(struct bc *bc, const struct http_reply *reply)
{
	int64_t reset_ms = answer_header_int(reply, "X-Rate-Limit-Time-Reset-Ms");

	bc->status = reply->status;
	bc->retry_after_ms = answer_retry_ms(reply);
	bc->quota_left = answer_header_int(reply, "X-Rate-Limit-Requests-Left");
	bc->quota_total = answer_header_int(reply, "X-Rate-Limit-Requests-Quota");
	bc->quota_reset_ms = reset_ms > 0 ? reset_ms : 0;
}

/*
 * What the body says went wrong. The shapes differ by API version and endpoint: V2 an array of
 * {message}, V3 {title, detail} or {errors: [{title}]} or {data: [{title}]}, the login host
 * {error}.
 */
static const char *
error_text(const struct json *body)
{
	static const char *const names[] = { "title", "message", "error_description", "error",
		"detail" };
	const struct json *inner = body;

	if (json_is_array(json_get(body, "errors")))
		inner = json_get(body, "errors");
	else if (json_is_array(json_get(body, "data")))
		inner = json_get(body, "data");
	if (json_is_array(inner))
		inner = json_at(inner, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = json_text(json_get(inner, names[i]));

		if (text != NULL && text[0] != '\0')
			return text;
	}
	return "no readable reason";
}

/* A whole answer was received: its status decides, then its body. */
static enum rc
judge(struct bc *bc, const void *ctx, const struct http_reply *reply, const struct json **out,
    struct err *err)
{
	enum rc rc = answer_rc(reply->status);
	const struct json *body = NULL;
	struct err unreadable = { 0 };
	enum rc parsed = answer_json(ctx, reply, &body, &unreadable);

	bc->error = json_text(json_get(body, "error"));
	if (rc != RC_OK)
		return err_set(err, rc, "answered %d: %s", reply->status, error_text(body));
	if (parsed != RC_OK)
		return err_set(err, RC_INVALID, "answered %d with what is no JSON: %s",
		    reply->status, unreadable.text);
	*out = body;
	return RC_OK;
}

static enum rc
call(struct bc *bc, const void *ctx, const struct http_request *request, const struct json **out,
    struct err *err)
{
	struct http_reply reply = { 0 };
	enum rc rc = http_send(bc->http, ctx, request, &reply, err);

	bc->status = 0;
	bc->error = NULL;
	bc->retry_after_ms = 0;
	bc->quota_left = bc->quota_total = -1;
	bc->quota_reset_ms = 0;
	if (rc == RC_BROKEN)
		return err_set(err, RC_INVALID, "%.400s", err->text);
	if (rc != RC_OK)
		return rc;
	note_answer(bc, &reply);
	return judge(bc, ctx, &reply, out, err);
}

enum rc
bc_call_url(struct bc *bc, const void *ctx, const char *method, const char *url, const char *body,
    const struct json **out, struct err *err)
{
	const struct http_header headers[] = { { "Accept", "application/json" } };
	const struct http_request request = {
		.method = method,
		.url = url,
		.headers = headers,
		.header_count = 1,
		.body = body,
		.response_ms = bc->conf->response_ms,
	};

	return call(bc, ctx, &request, out, err);
}

enum rc
bc_call(struct bc *bc, const void *ctx, const char *method, const char *path, const char *body,
    const struct json **out, struct err *err)
{
	const struct http_header headers[] = { { "Accept", "application/json" },
		{ "X-Auth-Token", bc->token } };
	struct http_request request = {
		.method = method,
		.headers = headers,
		.header_count = 2,
		.body = body,
		.response_ms = bc->conf->response_ms,
	};
	enum rc rc;

	/* The hash becomes a part of the URL: anything else must not get there. */
	if (bc->token == NULL || bc->store_hash == NULL || !text_is_store_hash(bc->store_hash))
		return err_set(err, RC_DENIED, "no token for this store");
	request.url =
	    mem_printf(ctx, "%s/stores/%s%s", bc->conf->bigcommerce_api_url, bc->store_hash, path);
	rc = call(bc, ctx, &request, out, err);
	if (rc != RC_OK)
		return err_prefix(err, "bigcommerce %s %s: ", method, path);
	return RC_OK;
}

/* Whether the list's own count of pages, where it has one, says that more follow. */
static bool
says_more(const struct json *answer, int page)
{
	return json_get_int(answer, "meta.pagination.total_pages", 0) > page;
}

enum rc
bc_page(struct bc *bc, const void *ctx, const char *path, int page, int limit,
    const struct json **rows, bool *last, struct err *err)
{
	const char *paged = mem_printf(
	    ctx, "%s%cpage=%d&limit=%d", path, strchr(path, '?') == NULL ? '?' : '&', page, limit);
	const struct json *answer;
	const struct json *array;
	enum rc rc = bc_call(bc, ctx, "GET", paged, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	array = json_is_object(answer) ? json_get(answer, "data") : answer;
	if (answer != NULL && !json_is_array(array))
		return err_set(err, RC_INVALID, "bigcommerce GET %s: the answer is no list", paged);
	if (answer == NULL && bc->status != 204 && strncmp(path, "/v3", 3) == 0)
		return err_set(err, RC_INVALID, "bigcommerce GET %s: the answer is empty", paged);
	*rows = array;
	*last = json_count(array) < (size_t)limit && !says_more(answer, page);
	return RC_OK;
}

enum rc
bc_each(struct bc *bc, const void *ctx, const char *path, int limit, bc_row *row, void *user,
    struct err *err)
{
	bool last = false;

	for (int page = 1; !last; page++) {
		const struct json *rows;
		enum rc rc;

		if (page > PAGES_MAX)
			return err_set(
			    err, RC_INVALID, "bigcommerce GET %s: the list does not end", path);
		rc = bc_page(bc, ctx, path, page, limit, &rows, &last, err);
		for (size_t i = 0; rc == RC_OK && i < json_count(rows); i++)
			rc = row(user, json_at(rows, i), err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

const char *
bc_time_text(const void *ctx, int64_t time_ms)
{
	char text[TEXT_TIME_SIZE];

	text_from_time_ms(time_ms, text);
	/* "2026-11-22T14:03:07.123Z": both API versions document offsets and no fractions. */
	return http_escape(ctx, mem_printf(ctx, "%.19s+00:00", text));
}

bool
bc_id(const struct json *row, const char *name, int64_t *out)
{
	return json_int_loose(json_get(row, name), out) && *out > 0;
}

bool
bc_time_at(const struct json *row, const char *name, int64_t *out)
{
	const char *text = json_get_text(row, name, "");

	*out = 0;
	return text[0] == '\0' || text_time_ms(text, out);
}

enum rc
bc_store_read(struct bc *bc, const void *ctx, struct bc_store *out, struct err *err)
{
	const struct json *answer;
	enum rc rc = bc_call(bc, ctx, "GET", "/v2/store", NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	if (strcmp(json_get_text(answer, "id", ""), bc->store_hash) != 0)
		return err_set(err, RC_INVALID,
		    "bigcommerce GET /v2/store: the answer is about another store");
	*out = (struct bc_store){
		.hash = bc->store_hash,
		.name = json_get_text(answer, "name", ""),
		.domain = json_get_text(answer, "domain", NULL),
		.control_panel_url = json_get_text(answer, "control_panel_base_url", NULL),
		.currency = json_get_text(answer, "currency", NULL),
	};
	return RC_OK;
}
