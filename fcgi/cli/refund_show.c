/* SPDX-License-Identifier: Apache-2.0 */
/* An order's bag, refunds, attempts and moves, in the order in which a person asks: what, how much,
 * why, what happened. */
#include "cli/refund_show.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/money.h"
#include "domain/refund.h"

/* "2026-11-22T14:03:07.12+00:00" is shown as "2026-11-22 14:03:07": its second part. */
static const char *
time_of(const char *text)
{
	return strlen(text) >= 19 ? text + 11 : "";
}

static void
print_time(const char *title, const char *text)
{
	if (text != NULL)
		printf("  %-18s %.10s %.8s UTC\n", title, text, time_of(text));
}

static void
print_text(const char *title, const char *text)
{
	if (text != NULL)
		printf("  %-18s %s\n", title, text);
}

static void
print_money(const char *title, const struct json *object, const char *name, const char *currency)
{
	char money[MONEY_TEXT_SIZE];

	if (json_get(object, name) != NULL && currency != NULL)
		print_text(title, money_format(json_get_int(object, name, 0), currency, money));
}

static void
print_bag(const struct json *order)
{
	const char *currency = json_get_text(order, "currency", NULL);

	printf("Order %lld of store %s\n", (long long)json_get_int(order, "order_id", 0),
	    json_get_text(order, "store_hash", ""));
	print_text("at Violet", json_get_text(order, "state", NULL));
	if (json_get(order, "bag_id") != NULL)
		printf("  %-18s %lld, of order %lld (%s), merchant %lld, channel %s\n", "bag",
		    (long long)json_get_int(order, "bag_id", 0),
		    (long long)json_get_int(order, "violet_order_id", 0),
		    json_get_text(order, "bag_status", "status unknown"),
		    (long long)json_get_int(order, "merchant_id", 0),
		    json_get_text(order, "channel", "unknown"));
	print_money("bag's total", order, "total_minor", currency);
	print_money("owed", order, "owed_minor", currency);
	print_money("paid back", order, "paid_minor", currency);
	print_money("order's total", order, "order_total_minor",
	    json_get_text(order, "order_currency", NULL));
	if (json_get_bool(order, "frozen", false))
		print_text("frozen", "nothing is sent until the review is settled");
	print_time("overpaid since", json_get_text(order, "overpaid_at", NULL));
	print_time("looked at", json_get_text(order, "looked_at", NULL));
	print_time("next look", json_get_text(order, "job.due_at", NULL));
	print_text("  note", json_get_text(order, "job.note", NULL));
}

/* How the proposed amount was worked out, if it is a share of the bag. */
static void
print_how(const struct json *refund)
{
	void *ctx = mem_context("print_how");
	struct refund_share share;

	if (refund_share_read(json_get(refund, "proposed_how"), &share))
		print_text("  because", refund_share_sentence(ctx, &share));
	talloc_free(ctx);
}

static void
print_attempts(const struct json *refund, const char *currency)
{
	const struct json *attempts = json_get(refund, "attempts");

	for (size_t i = 0; i < json_count(attempts); i++) {
		const struct json *a = json_at(attempts, i);
		const char *at = json_get_text(a, "started_at", "");
		char money[MONEY_TEXT_SIZE], title[32];

		snprintf(
		    title, sizeof(title), "sent %lld", (long long)json_get_int(a, "attempt", 0));
		printf("  %-18s %.10s %.8s UTC, %s: %s%s%s\n", title, at, time_of(at),
		    currency != NULL
			? money_format(json_get_int(a, "amount_minor", 0), currency, money)
			: "",
		    json_get_text(a, "outcome", "under way"),
		    json_get(a, "detail") != NULL ? ", " : "", json_get_text(a, "detail", ""));
	}
}

static void
print_history(const struct json *refund)
{
	const struct json *history = json_get(refund, "history");

	for (size_t i = 0; i < json_count(history); i++) {
		const struct json *h = json_at(history, i);
		const char *at = json_get_text(h, "moved_at", "");

		printf("  %.10s %.8s UTC  %s -> %s, by %s%s%s\n", at, time_of(at),
		    json_get_text(h, "from_state", "new"), json_get_text(h, "to_state", ""),
		    json_get_text(h, "moved_by", ""), json_get(h, "why") != NULL ? ": " : "",
		    json_get_text(h, "why", ""));
	}
}

static void
print_refund(const struct json *refund, const char *bag_currency)
{
	const char *currency = json_get_text(refund, "currency", bag_currency);

	printf("\n%s:%lld is %s\n", json_get_text(refund, "source", ""),
	    (long long)json_get_int(refund, "source_id", 0), json_get_text(refund, "state", ""));
	print_money("amount", refund, "amount_minor", currency);
	print_time("made", json_get_text(refund, "made_at", NULL));
	print_text("waits for", json_get_text(refund, "wait_code", NULL));
	print_text("review", json_get_text(refund, "review_reason", NULL));
	print_money("proposed", refund, "proposed_minor", currency);
	print_how(refund);
	if (json_get(refund, "violet_refund_id") != NULL)
		printf("  %-18s refund %lld, %s\n", "at Violet",
		    (long long)json_get_int(refund, "violet_refund_id", 0),
		    json_get_text(refund, "violet_status", "status not known yet"));
	print_text("approved by", json_get_text(refund, "approved_by", NULL));
	print_text("dismissed by", json_get_text(refund, "dismissed_by", NULL));
	print_text("  because", json_get_text(refund, "dismissed_reason", NULL));
	print_attempts(refund, currency);
	print_history(refund);
}

void
refund_show_print(const struct json *order)
{
	const struct json *refunds = json_get(order, "refunds");

	print_bag(order);
	for (size_t i = 0; i < json_count(refunds); i++)
		print_refund(json_at(refunds, i), json_get_text(order, "currency", NULL));
	if (json_count(refunds) == 0)
		puts("\nNothing has to be paid back.");
}
