/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Violet: calls, pages and errors; merchants and their link with an app. Tokens, orders and refunds
 * have files of their own. https://github.com/violetio/open-api
 */
#include "remote/violet.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "remote/violet_call.h"

#define PAGES_MAX     1000
#define PAGE_MERCHANT 100

const char *
violet_error_text(const struct json *body)
{
	static const char *const names[] = { "message", "error" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = json_text(json_get(body, names[i]));

		if (text != NULL && text[0] != '\0')
			return text;
	}
	return "no readable reason";
}

/* Violet's error code: `code`, but `error_code` where the token is at fault. */
static int
error_code(const struct json *body)
{
	int64_t code = json_get_int(body, "code", json_get_int(body, "error_code", 0));

	return code > 0 && code < INT32_MAX ? (int)code : 0;
}

static void
note_answer(struct violet *violet, const struct http_reply *reply, const struct json *body)
{
	violet->status = reply->status;
	violet->code = reply->status >= 400 ? error_code(body) : 0;
	violet->retry_after_ms = answer_retry_ms(reply);
}

enum rc
violet_exchange(struct violet *violet, const void *ctx, const struct violet_exchange *exchange,
    const struct json **body, struct err *err)
{
	const struct http_header headers[] = {
		{ "Accept", "application/json" },
		{ "X-Violet-App-Id", mem_printf(ctx, "%" PRId64, violet->credentials.app_id) },
		{ "X-Violet-App-Secret", violet->credentials.app_secret },
		{ "X-Violet-Token", exchange->token },
	};
	const struct http_request request = {
		.method = exchange->method,
		.url = mem_printf(ctx, "%s%s", violet->conf->violet_api_url, exchange->path),
		.headers = headers,
		.header_count = exchange->token == NULL ? 3 : 4,
		.body = exchange->body,
		.response_ms = violet->conf->response_ms,
		.send_by_boot_ms = exchange->send_by_boot_ms,
	};
	struct http_reply reply = { 0 };
	struct err unreadable;
	enum rc rc;

	violet->status = violet->code = 0;
	violet->retry_after_ms = 0;
	*body = NULL;
	rc = http_send(violet->http, ctx, &request, &reply, err);
	if (rc != RC_OK)
		return rc;
	if (answer_json(ctx, &reply, body, &unreadable) != RC_OK)
		*body = NULL;
	note_answer(violet, &reply, *body);
	return RC_OK;
}

/* Whether a fresh token could change the answer. */
static bool
is_token_refused(const struct violet *violet)
{
	return violet->status == 401 && violet->code != VIOLET_CODE_NOT_CONNECTED;
}

static enum rc
call(struct violet *violet, const void *ctx, struct violet_exchange *exchange,
    const struct json **body, struct err *err)
{
	enum rc rc = RC_OK;

	for (int attempt = 0; attempt < 2; attempt++) {
		rc = violet_token(violet, ctx, &exchange->token, err);
		if (rc == RC_OK)
			rc = violet_exchange(violet, ctx, exchange, body, err);
		if (rc != RC_OK || !is_token_refused(violet))
			break;
		violet_token_refused(violet, exchange->token);
	}
	return rc == RC_BROKEN ? err_set(err, RC_INVALID, "%.400s", err->text) : rc;
}

enum rc
violet_call(struct violet *violet, const void *ctx, const char *method, const char *path,
    const char *body, const struct json **out, struct err *err)
{
	struct violet_exchange exchange = { .method = method, .path = path, .body = body };
	const struct json *answer = NULL;
	enum rc rc = call(violet, ctx, &exchange, &answer, err);

	if (rc != RC_OK)
		return err_prefix(err, "violet %s %s: ", method, path);
	rc = answer_rc(violet->status);
	if (rc != RC_OK)
		return err_set(err, rc, "violet %s %s: answered %d, code %d: %s", method, path,
		    violet->status, violet->code, violet_error_text(answer));
	if (answer == NULL && violet->status != 204)
		return err_set(
		    err, RC_INVALID, "violet %s %s: the answer is empty or no JSON", method, path);
	*out = answer;
	return RC_OK;
}

/* Whether this page is the last one: by its word, or, without one, because it is short. */
static bool
is_last(const struct json *page, size_t count, int size)
{
	bool last;

	if (count == 0)
		return true;
	if (json_bool(json_get(page, "last"), &last))
		return last;
	return count < (size_t)size;
}

static enum rc
each_row(const struct json *rows, violet_row *row, void *user, struct err *err)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < json_count(rows); i++)
		rc = row(user, json_at(rows, i), err);
	return rc;
}

enum rc
violet_each(struct violet *violet, const void *ctx, const char *method, const char *path,
    const char *body, int size, violet_row *row, void *user, struct err *err)
{
	bool last = false;

	for (int page = 1; !last; page++) {
		const char *paged = mem_printf(ctx, "%s%cpage=%d&size=%d", path,
		    strchr(path, '?') == NULL ? '?' : '&', page, size);
		const struct json *answer;
		const struct json *rows;
		enum rc rc;

		if (page > PAGES_MAX)
			return err_set(
			    err, RC_INVALID, "violet %s %s: the list does not end", method, path);
		rc = violet_call(violet, ctx, method, paged, body, &answer, err);
		if (rc != RC_OK)
			return rc;
		rows = json_get(answer, "content");
		/* "None" must be said, not guessed from an answer that says nothing. */
		if (!json_is_array(rows))
			return err_set(
			    err, RC_INVALID, "violet %s %s: the answer is no page", method, paged);
		rc = each_row(rows, row, user, err);
		if (rc != RC_OK)
			return rc;
		last = is_last(answer, json_count(rows), size);
	}
	return RC_OK;
}

struct merchants {
	const void *ctx;
	struct violet_merchant *array;
	size_t count;
};

static enum rc
merchant_add(void *user, const struct json *row, struct err *err)
{
	struct merchants *merchants = user;
	int64_t id;

	if (!json_int_loose(json_get(row, "id"), &id) || id <= 0)
		return err_set(err, RC_INVALID, "a merchant in the list has no id");
	merchants->array =
	    mem_grow(merchants->ctx, merchants->array, merchants->count, sizeof(*merchants->array));
	merchants->array[merchants->count++] = (struct violet_merchant){
		.id = id,
		.platform = json_get_text(row, "platform", NULL),
		.external_id = json_get_text(row, "external_id", NULL),
		.store_url = json_get_text(row, "store_url", NULL),
	};
	return RC_OK;
}

enum rc
violet_merchants_read(struct violet *violet, const void *ctx, struct violet_merchant **out,
    size_t *count, struct err *err)
{
	struct merchants merchants = { .ctx = ctx };
	enum rc rc = violet_each(
	    violet, ctx, "GET", "/merchants", NULL, PAGE_MERCHANT, merchant_add, &merchants, err);

	if (rc != RC_OK)
		return rc;
	*out = merchants.array;
	*count = merchants.count;
	return RC_OK;
}

enum rc
violet_unlink(struct violet *violet, const void *ctx, int64_t merchant_id, struct err *err)
{
	const char *path =
	    mem_printf(ctx, "/apps/%" PRId64 "/merchants/uninstall", violet->credentials.app_id);
	struct json_out *body = json_out_object(ctx);
	const struct json *answer;
	enum rc rc;

	json_put_int(body, "merchant_id", merchant_id);
	json_put_int(body, "app_id", violet->credentials.app_id);
	rc = violet_call(violet, ctx, "POST", path, json_out_text(ctx, body), &answer, err);
	if (rc == RC_MISSING || violet->code == VIOLET_CODE_NOT_CONNECTED)
		return RC_OK;
	/* An answer without a body is a yes as well: only the status of this call is documented. */
	return rc == RC_INVALID && violet->status >= 200 && violet->status < 300 ? RC_OK : rc;
}
