/* SPDX-License-Identifier: Apache-2.0 */
/* What both APIs' answers have in common. */
#include "remote/answer.h"

#include "base/clock.h"
#include "base/text.h"

#define DAY_MS 86400000

enum rc
answer_rc(int status)
{
	if (status >= 200 && status < 300)
		return RC_OK;
	if (status == 401 || status == 403)
		return RC_DENIED;
	if (status == 404)
		return RC_MISSING;
	if (status == 408 || status == 423 || status == 429 || status >= 500)
		return RC_BUSY;
	return RC_INVALID;
}

enum rc
answer_json(
    const void *ctx, const struct http_reply *reply, const struct json **out, struct err *err)
{
	if (reply->status == 204 || reply->length == 0) {
		*out = NULL;
		return RC_OK;
	}
	return json_parse(ctx, reply->body, reply->length, out, err);
}

int64_t
answer_header_int(const struct http_reply *reply, const char *name)
{
	const char *value = http_header(reply, name);
	int64_t n;

	if (value == NULL || !text_int(value, 0, INT64_MAX / 1000, &n))
		return -1;
	return n;
}

/* RFC 9110, 10.2.3: seconds, or a date. */
static int64_t
retry_after_ms(const struct http_reply *reply)
{
	const char *value = http_header(reply, "Retry-After");
	int64_t seconds = answer_header_int(reply, "Retry-After");
	int64_t at_ms;

	if (seconds >= 0)
		return seconds * 1000;
	if (value != NULL && text_time_ms(value, &at_ms))
		return at_ms - clock_now_ms();
	return 0;
}

int64_t
answer_retry_ms(const struct http_reply *reply)
{
	int64_t longest = retry_after_ms(reply);
	int64_t seconds = answer_header_int(reply, "X-Retry-After");
	int64_t reset_ms =
	    reply->status == 429 ? answer_header_int(reply, "X-Rate-Limit-Time-Reset-Ms") : 0;

	if (seconds * 1000 > longest)
		longest = seconds * 1000;
	if (reset_ms > longest)
		longest = reset_ms;
	if (longest < 0)
		return 0;
	return longest > DAY_MS ? DAY_MS : longest;
}
