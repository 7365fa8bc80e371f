/* SPDX-License-Identifier: Apache-2.0 */
/* Which Violet refund answers which row. Cases name rows by letter: "a=1:marker b=-" reads: a is
 * answered by refund 1. */
#include "test.h"

#include <stdio.h>

#include "domain/match.h"

#define ROWS    4
#define REFUNDS 4

static const int64_t seen_1[] = { 1 };
static const int64_t seen_12[] = { 1, 2 };

/* A Violet refund; the last ones may be left out. */
#define MADE(id, amount, status, reason, made_ms)                        \
	{                                                                \
		id, 7, true, amount, status, reason, NULL, NULL, made_ms \
	}
#define PAID(id, amount, status, reason) MADE(id, amount, status, reason, 0)
/* An attempt between these moments. */
#define ATTEMPT                                                                                \
	{                                                                                      \
		.marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true, .from_ms = 5000, \
		.until_ms = 9000                                                               \
	}

static const char *const by_names[] = {
	[MATCH_NONE] = "-",
	[MATCH_STORED] = "stored",
	[MATCH_MARKER] = "marker",
	[MATCH_EXTERNAL] = "external",
	[MATCH_NEW] = "new",
	[MATCH_PUSHED] = "pushed",
};

static const struct {
	const char *what;
	struct match_row rows[ROWS];
	struct violet_refund refunds[REFUNDS];
	const char *expected;
} cases[] = {
	{ "nothing there", { { .marker = "bc:9:r1", .amounts = { 10 } } }, { { 0 } }, "a=-" },
	{ "stored id", { { .violet_refund_id = 2, .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r1"), PAID(2, 99, "FAILED", "") }, "a=2:stored" },
	{ "marker and amount", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "PROCESSING", "bc:9:r1 BigCommerce refund 1 on order 9") },
	    "a=1:marker" },
	{ "marker with another amount", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 1, "COMPLETED", "bc:9:r1") }, "a=-" },
	{ "marker of a longer number", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r12") }, "a=-" },
	{ "marker not first", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "see bc:9:r1") }, "a=-" },
	{ "marker, but failed: pending",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .takes_dead = true } },
	    { PAID(1, 10, "FAILED", "bc:9:r1") }, "a=1:marker" },
	{ "failed, and a person said go on", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "FAILED", "bc:9:r1") }, "a=-" },
	{ "failed before this attempt",
	    { { .marker = "bc:9:r1",
		.amounts = { 10 },
		.is_attempted = true,
		.takes_dead = true,
		.seen_ids = seen_1,
		.seen_count = 1 } },
	    { PAID(1, 10, "FAILED", "bc:9:r1") }, "a=-" },
	{ "what an earlier attempt came to",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .tried_ids = seen_1, .tried_count = 1 } },
	    { PAID(1, 10, "EXTERNAL", "bc:9:r1") }, "a=-" },
	{ "external id", { { .marker = "bc:9:r5", .amounts = { 10 }, .external_id = 5 } },
	    { { 1, 7, true, 10, "COMPLETED", "", "5", NULL, 0 } }, "a=1:external" },
	{ "external id, other amount",
	    { { .marker = "bc:9:r5", .amounts = { 10 }, .external_id = 5 } },
	    { { 1, 7, true, 11, "COMPLETED", "", "5", NULL, 0 } }, "a=-" },
	{ "external id that is no number",
	    { { .marker = "bc:9:r5", .amounts = { 10 }, .external_id = 5 } },
	    { { 1, 7, true, 10, "COMPLETED", "", "5x", NULL, 0 } }, "a=-" },
	{ "unmarked and new",
	    { { .marker = "bc:9:r1",
		.amounts = { 10 },
		.is_attempted = true,
		.seen_ids = seen_1,
		.seen_count = 1 } },
	    { PAID(1, 10, "COMPLETED", ""), PAID(2, 10, "COMPLETED", "changed") }, "a=2:new" },
	{ "unmarked, made while we tried", { ATTEMPT },
	    { MADE(1, 10, "COMPLETED", "", 5000), MADE(2, 10, "COMPLETED", "", 9001) }, "a=1:new" },
	{ "made before we tried, and listed late: somebody else's?", { ATTEMPT },
	    { MADE(1, 10, "COMPLETED", "", 4999) }, "a=-?1" },
	{ "made after we can have made it: somebody else's?", { ATTEMPT },
	    { MADE(1, 10, "COMPLETED", "", 9001) }, "a=-?1" },
	{ "unmarked, seen before",
	    { { .marker = "bc:9:r1",
		.amounts = { 10 },
		.is_attempted = true,
		.seen_ids = seen_1,
		.seen_count = 1 } },
	    { PAID(1, 10, "COMPLETED", "") }, "a=-" },
	{ "unmarked, never sent", { { .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "") }, "a=-" },
	{ "two unmarked new ones: rivals",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true } },
	    { PAID(1, 10, "COMPLETED", ""), PAID(2, 10, "COMPLETED", "") }, "a=-?2" },
	{ "our marker cut short into another's",
	    { { .marker = "bc:9:r12", .amounts = { 10 }, .is_attempted = true } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r1") }, "a=1:new" },
	{ "our marker cut short, but that other refund is open",
	    { { .marker = "bc:9:r12", .amounts = { 10 }, .is_attempted = true },
		{ .marker = "bc:9:r1", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r1") }, "a=- b=1:marker" },
	{ "marked for another is not unmarked",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r2") }, "a=-" },
	{ "new with our marker and another amount",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true } },
	    { PAID(1, 9, "COMPLETED", "bc:9:r1") }, "a=-!" },
	{ "and beside it an unmarked one of the amount: somebody else's",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true, .is_pushed = true } },
	    { PAID(1, 10, "COMPLETED", "channel"), PAID(2, 9, "COMPLETED", "bc:9:r1") }, "a=-?1!" },
	{ "old with our marker and another amount",
	    { { .marker = "bc:9:r1",
		.amounts = { 10 },
		.is_attempted = true,
		.seen_ids = seen_1,
		.seen_count = 1 } },
	    { PAID(1, 9, "COMPLETED", "bc:9:r1") }, "a=-" },
	{ "pushed by Violet", { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true } },
	    { PAID(1, 10, "COMPLETED", "channel's words") }, "a=1:pushed" },
	{ "pushed, not ours by marker",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true } },
	    { PAID(1, 10, "COMPLETED", "bc:9:r2 x") }, "a=-" },
	{ "pushed: the living before the dead",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true, .takes_dead = true } },
	    { PAID(1, 10, "FAILED", ""), PAID(2, 10, "COMPLETED", "") }, "a=2:pushed" },
	{ "one refund answers one row",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true },
		{ .marker = "bc:9:r2", .amounts = { 10 }, .is_pushed = true } },
	    { PAID(1, 10, "COMPLETED", "") }, "a=1:pushed b=-" },
	{ "strong evidence of the second goes before weak of the first",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true },
		{ .marker = "bc:9:r2", .amounts = { 10 }, .external_id = 2 } },
	    { { 1, 7, true, 10, "COMPLETED", "", "2", NULL, 0 } }, "a=- b=1:external" },
	{ "two of one amount, the first unknown, the second Violet's",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_attempted = true },
		{ .marker = "bc:9:r2", .amounts = { 10 }, .is_pushed = true } },
	    { PAID(1, 10, "COMPLETED", ""), PAID(2, 10, "COMPLETED", "") }, "a=2:new b=1:pushed" },
	{ "a stored id is nobody else's",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true },
		{ .violet_refund_id = 1, .marker = "bc:9:r2", .amounts = { 10 } } },
	    { PAID(1, 10, "COMPLETED", "") }, "a=- b=1:stored" },
	{ "what another's attempts came to is nobody's",
	    { { .marker = "bc:9:r1", .amounts = { 10 }, .is_pushed = true },
		{ .marker = "bc:9:r2",
		    .amounts = { 10 },
		    .tried_ids = seen_12,
		    .tried_count = 2 } },
	    { PAID(1, 10, "EXTERNAL", ""), PAID(2, 10, "COMPLETED", "") }, "a=- b=-" },
	{ "no amount is no evidence",
	    { { .marker = "bc:9:r1", .amounts = { 0 }, .is_pushed = true } },
	    { PAID(1, 0, "COMPLETED", "bc:9:r1") }, "a=-" },
};

static size_t
count_rows(const struct match_row *rows)
{
	size_t n = 0;

	while (n < ROWS && rows[n].marker != NULL)
		n++;
	return n;
}

static size_t
count_refunds(const struct violet_refund *refunds)
{
	size_t n = 0;

	while (n < REFUNDS && refunds[n].id != 0)
		n++;
	return n;
}

static const char *
shown(const void *ctx, const struct match_row *rows, size_t n, const struct violet_refund *refunds)
{
	char *text = mem_text(ctx, "");

	for (size_t i = 0; i < n; i++) {
		const struct match_row *row = &rows[i];

		text = mem_printf(ctx, "%s%s%c=", text, i > 0 ? " " : "", (char)('a' + (int)i));
		if (row->by != MATCH_NONE)
			text = mem_printf(ctx, "%s%d:", text, (int)refunds[row->answer].id);
		text = mem_printf(ctx, "%s%s", text, by_names[row->by]);
		if (row->rivals > 0)
			text = mem_printf(ctx, "%s?%zu", text, row->rivals);
		if (row->is_contradicted)
			text = mem_printf(ctx, "%s!", text);
	}
	return text;
}

static void
answers(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct match_row rows[ROWS];
		size_t n = count_rows(cases[i].rows);
		const char *found;

		memcpy(rows, cases[i].rows, sizeof(rows));
		match(*state, rows, n, cases[i].refunds, count_refunds(cases[i].refunds));
		found = shown(*state, rows, n, cases[i].refunds);
		CHECK(strcmp(found, cases[i].expected) == 0, "%s: expected %s, found %s",
		    cases[i].what, cases[i].expected, found);
	}
}

static void
knows_markers(void **state)
{
	static const char *const marked[] = { "bc:250:r3", "bc:250:r3 BigCommerce refund",
		"bc:1:cancel", "bc:1:cancel2 x", "bc:250:r3e", "bc:250:r3e and more" };
	static const char *const unmarked[] = { "", "bc:", "bc:250", "bc:250:", "bc:250:r",
		"bc:250:rx", "bc::r3", "bc:x:r3", "BC:250:r3", " bc:250:r3", "bc:250:r3,",
		"bc:250:cancelled", "bc:250:r3ex", "customer asked" };

	(void)state;
	for (size_t i = 0; i < COUNT(marked); i++)
		CHECK(match_is_marked(marked[i]), "%s", marked[i]);
	for (size_t i = 0; i < COUNT(unmarked); i++)
		CHECK(!match_is_marked(unmarked[i]), "%s", unmarked[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers),
		TEST(knows_markers),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
