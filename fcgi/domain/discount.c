/* SPDX-License-Identifier: Apache-2.0 */
/* Judging coupons and promotions. Two tables of questions, asked from the top: the first that is
 * answered yes decides. */
#include "domain/discount.h"

#include <string.h>

#include "base/text.h"

/* What a question may ask about. */
struct subject {
	const struct json *row;
	const char *currency;
	int64_t now_ms;
};

struct question {
	bool (*holds)(const struct subject *subject);
	struct discount_verdict verdict;
};

static bool
text_is(const struct subject *s, const char *member, const char *wanted)
{
	return strcmp(json_get_text(s->row, member, ""), wanted) == 0;
}

/* A time that is there and can be read. */
static bool
time_of(const struct subject *s, const char *member, int64_t *out)
{
	const char *text = json_get_text(s->row, member, "");

	return *text != '\0' && text_time_ms(text, out);
}

static bool
is_used_up(const struct json *row, const char *uses, const char *limit)
{
	int64_t maximum = json_get_int(row, limit, 0); /* 0 and null: no limit */

	return maximum > 0 && json_get_int(row, uses, 0) >= maximum;
}

static bool
names_countries(const struct json *countries)
{
	const char *text = json_text(countries);

	return json_count(countries) > 0 || json_is_object(countries) ||
	       (text != NULL && *text != '\0');
}

static bool
coupon_disabled(const struct subject *s)
{
	return !json_get_bool(s->row, "enabled", true);
}

static bool
coupon_expired(const struct subject *s)
{
	int64_t at;

	return time_of(s, "expires", &at) && at <= s->now_ms;
}

static bool
coupon_used_up(const struct subject *s)
{
	return is_used_up(s->row, "num_uses", "max_uses");
}

static bool
coupon_countries(const struct subject *s)
{
	return names_countries(json_get(s->row, "restricted_to.countries"));
}

static bool
promotion_automatic(const struct subject *s)
{
	return !text_is(s, "redemption_type", "COUPON");
}

static bool
promotion_disabled(const struct subject *s)
{
	return text_is(s, "status", "DISABLED");
}

/* INVALID, or a word that did not exist when this was written. */
static bool
promotion_invalid(const struct subject *s)
{
	return !text_is(s, "status", "ENABLED");
}

static bool
promotion_expired(const struct subject *s)
{
	int64_t at;

	return time_of(s, "end_date", &at) && at <= s->now_ms;
}

static bool
promotion_not_begun(const struct subject *s)
{
	int64_t at;

	return time_of(s, "start_date", &at) && at > s->now_ms;
}

static bool
promotion_used_up(const struct subject *s)
{
	return is_used_up(s->row, "current_uses", "max_uses");
}

static bool
has_guests(const struct json *groups)
{
	for (size_t i = 0; i < json_count(groups); i++) {
		int64_t id;

		if (json_int(json_at(groups, i), &id) && id == 0)
			return true;
	}
	return false;
}

/* Violet's shoppers are guests of the store: group 0, of no segment, without earlier orders. */
static bool
promotion_customers(const struct subject *s)
{
	const struct json *groups = json_get(s->row, "customer.group_ids");
	const struct json *segments = json_get(s->row, "customer.segments");

	return (json_count(groups) > 0 && !has_guests(groups)) ||
	       has_guests(json_get(s->row, "customer.excluded_group_ids")) ||
	       json_get_int(s->row, "customer.minimum_order_count", 0) > 0 ||
	       json_count(json_get(segments, "id")) > 0 || json_get(segments, "and") != NULL ||
	       json_get(segments, "or") != NULL;
}

static bool
promotion_channels(const struct subject *s)
{
	return json_count(json_get(s->row, "channels")) > 0;
}

static bool
promotion_currency(const struct subject *s)
{
	const char *code = json_get_text(s->row, "currency_code", "*");

	return strcmp(code, "*") != 0 && s->currency != NULL && strcmp(code, s->currency) != 0;
}

static bool
promotion_schedule(const struct subject *s)
{
	return json_is_object(json_get(s->row, "schedule"));
}

static bool
promotion_countries(const struct subject *s)
{
	return json_is_object(json_get(s->row, "shipping_address"));
}

static const struct question coupon_questions[] = {
	{ coupon_disabled, { "not_now", "disabled" } },
	{ coupon_expired, { "not_now", "expired" } },
	{ coupon_used_up, { "not_now", "used_up" } },
	{ coupon_countries, { "works", "countries" } },
	{ NULL, { "works", "ok" } },
};

static const struct question promotion_questions[] = {
	{ promotion_automatic, { "never", "automatic" } },
	{ promotion_disabled, { "not_now", "disabled" } },
	{ promotion_invalid, { "not_now", "invalid" } },
	{ promotion_expired, { "not_now", "expired" } },
	{ promotion_not_begun, { "not_now", "not_begun" } },
	{ promotion_used_up, { "not_now", "used_up" } },
	{ promotion_customers, { "not_now", "customers" } },
	{ promotion_channels, { "not_now", "channels" } },
	{ promotion_currency, { "not_now", "currency" } },
	{ promotion_schedule, { "works", "schedule" } },
	{ promotion_countries, { "works", "countries" } },
	{ NULL, { "works", "ok" } },
};

static struct discount_verdict
judge(const struct question *question, const struct subject *subject)
{
	while (question->holds != NULL && !question->holds(subject))
		question++;
	return question->verdict;
}

struct discount_verdict
discount_judge_coupon(const struct json *coupon, int64_t now_ms)
{
	return judge(coupon_questions, &(struct subject){ coupon, NULL, now_ms });
}

struct discount_verdict
discount_judge_promotion(const struct json *promotion, const char *currency, int64_t now_ms)
{
	return judge(promotion_questions, &(struct subject){ promotion, currency, now_ms });
}
