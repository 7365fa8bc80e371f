/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Violet's refunds: read those of a bag, read one, and send one: the only call of this program that
 * moves money. Violet has no idempotency key, so for a send the one question is whether it
 * certainly was not carried out.
 */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "remote/violet_call.h"

#define REASON_MAX 255 /* Violet's limit */

/* The first error that nobody has resolved; NULL: none. */
static const char *
first_error(const struct json *rows)
{
	for (size_t i = 0; i < json_count(rows); i++) {
		const struct json *row = json_at(rows, i);

		if (!json_get_bool(row, "resolved", false))
			return json_get_text(row, "error_message", "an error without a message");
	}
	return NULL;
}

/* False if it is no refund: only the id is sure to be there. */
static bool
refund_read(const struct json *row, int64_t bag_id, struct violet_refund *out)
{
	int64_t id = json_get_int(row, "id", 0);

	if (id <= 0)
		return false;
	*out = (struct violet_refund){
		.id = id,
		.bag_id = json_get_int(row, "bag_id", bag_id),
		.status = json_get_text(row, "status", ""),
		.reason = json_get_text(row, "reason", ""),
		.external_id = json_get_text(row, "external_id", NULL),
		.error = first_error(json_get(row, "errors")),
	};
	out->has_amount = json_int(json_get(row, "amount"), &out->amount_minor);
	if (!out->has_amount)
		out->amount_minor = 0;
	if (!text_time_ms(json_get_text(row, "date_created", ""), &out->made_ms))
		out->made_ms = 0;
	return true;
}

enum rc
violet_refunds_read(struct violet *violet, const void *ctx, int64_t order_id, int64_t bag_id,
    struct violet_refund **out, size_t *count, struct err *err)
{
	const char *path =
	    mem_printf(ctx, "/orders/%" PRId64 "/bags/%" PRId64 "/refunds", order_id, bag_id);
	const struct json *answer;
	struct violet_refund *refunds;
	enum rc rc = violet_call(violet, ctx, "GET", path, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	if (!json_is_array(answer))
		return err_set(err, RC_INVALID, "violet GET %s: the answer is no list", path);
	refunds = mem_array(ctx, struct violet_refund, json_count(answer) + 1);
	for (size_t i = 0; i < json_count(answer); i++)
		if (!refund_read(json_at(answer, i), bag_id, &refunds[i]) ||
		    refunds[i].bag_id != bag_id)
			return err_set(err, RC_INVALID,
			    "violet GET %s: a refund without id, or of another bag", path);
	*out = refunds;
	*count = json_count(answer);
	return RC_OK;
}

enum rc
violet_refund_read(struct violet *violet, const void *ctx, int64_t order_id, int64_t refund_id,
    struct violet_refund *out, struct err *err)
{
	const char *path =
	    mem_printf(ctx, "/orders/%" PRId64 "/refunds/%" PRId64, order_id, refund_id);
	const struct json *answer;
	struct violet_refund refund;
	enum rc rc = violet_call(violet, ctx, "GET", path, NULL, &answer, err);

	if (rc != RC_OK)
		return rc;
	if (!refund_read(answer, 0, &refund) || refund.id != refund_id)
		return err_set(
		    err, RC_INVALID, "violet GET %s: the answer is not that refund", path);
	*out = refund;
	return RC_OK;
}

static bool
is_amount(int64_t minor, int64_t minimum)
{
	return minor >= minimum && minor <= INT32_MAX;
}

/* A missing or zero amount means everything to Violet: such a request must not leave, whoever asks.
 */
static bool
is_sendable(const struct violet_refund_request *request)
{
	if (request->order_id <= 0 || request->bag_id <= 0 || request->send_by_boot_ms <= 0)
		return false;
	if (!is_amount(request->amount_minor, 1) || !is_amount(request->shipping_minor, 0))
		return false;
	if (request->reason == NULL || request->reason[0] == '\0' ||
	    strlen(request->reason) > REASON_MAX)
		return false;
	for (size_t i = 0; i < request->line_count; i++) {
		const struct violet_refund_line *line = &request->lines[i];

		if (line->order_sku_id <= 0 || !is_amount(line->quantity, 1) ||
		    !is_amount(line->amount_minor, 1))
			return false;
	}
	return true;
}

static const char *
request_body(const void *ctx, const struct violet_refund_request *request)
{
	struct json_out *body = json_out_object(ctx);
	struct json_out *shipping = json_out_object(ctx);
	struct json_out *lines = json_out_array(ctx);

	json_put_int(shipping, "amount", request->shipping_minor);
	json_put_int(body, "amount_refunded", request->amount_minor);
	json_put_text(body, "reason", request->reason);
	json_put_bool(body, "restock_items", false);
	json_put_bool(body, "notify_customer", false);
	json_put(body, "shipping", shipping);
	for (size_t i = 0; i < request->line_count; i++) {
		struct json_out *line = json_out_object(ctx);

		json_put_int(line, "order_sku_id", request->lines[i].order_sku_id);
		json_put_int(line, "quantity_refunded", request->lines[i].quantity);
		json_put_int(line, "amount_refunded", request->lines[i].amount_minor);
		json_add(lines, line);
	}
	if (request->line_count > 0)
		json_put(body, "skus", lines);
	return json_out_text(ctx, body);
}

/* An error in Violet's own words, not a gateway's page: then the request was read, and refused. */
static bool
is_refusal(const struct violet *violet, const struct json *body)
{
	return violet->status >= 400 && violet->status < 500 && violet->status != 408 &&
	       json_is_object(body) &&
	       (violet->code != 0 || json_text(json_get(body, "error")) != NULL);
}

static enum rc
judge(const struct violet *violet, const struct json *answer, int64_t bag_id,
    struct violet_refund *out, struct err *err)
{
	struct violet_refund refund;

	if (violet->status == 429)
		return err_set(err, RC_BUSY, "answered 429: %s", violet_error_text(answer));
	if (is_refusal(violet, answer))
		return err_set(err, answer_rc(violet->status), "refused with %d, code %d: %s",
		    violet->status, violet->code, violet_error_text(answer));
	if (violet->status < 200 || violet->status >= 300)
		return err_set(err, RC_UNCERTAIN, "answered %d: %s", violet->status,
		    violet_error_text(answer));
	if (!refund_read(answer, bag_id, &refund) || refund.bag_id != bag_id)
		return err_set(err, RC_UNCERTAIN, "answered %d with what is no refund of this bag",
		    violet->status);
	*out = refund;
	return RC_OK;
}

enum rc
violet_refund_send(struct violet *violet, const void *ctx,
    const struct violet_refund_request *request, struct violet_refund *out, struct err *err)
{
	struct violet_exchange exchange = { .method = "POST",
		.send_by_boot_ms = request->send_by_boot_ms };
	const struct json *answer;
	enum rc rc;

	if (!is_sendable(request))
		return err_set(err, RC_INVALID, "violet refund: not a request that may be sent");
	exchange.path = mem_printf(ctx,
	    "/orders/%" PRId64 "/bags/%" PRId64 "/refunds?skip_external_refund=true",
	    request->order_id, request->bag_id);
	exchange.body = request_body(ctx, request);
	/* Without a token nothing leaves, and what the login answered says nothing about the
	 * refund. */
	if (violet_token(violet, ctx, &exchange.token, err) != RC_OK)
		return err->code = RC_BUSY;
	rc = violet_exchange(violet, ctx, &exchange, &answer, err);
	/* RC_BROKEN here is an answer too large to read: what it says nobody knows. */
	if (rc == RC_BROKEN)
		rc = err_set(err, RC_UNCERTAIN, "%.400s", err->text);
	if (rc == RC_OK)
		rc = judge(violet, answer, request->bag_id, out, err);
	if (violet->status == 401 && violet->code != VIOLET_CODE_NOT_CONNECTED)
		violet_token_refused(violet, exchange.token);
	if (rc != RC_OK)
		return err_prefix(err, "violet refund of bag %" PRId64 ": ", request->bag_id);
	return RC_OK;
}
