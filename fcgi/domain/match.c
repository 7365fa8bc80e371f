/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: which Violet refund answers which of our rows. Strong evidence of any row goes before
 * weak evidence of another. */
#include "domain/match.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct table {
	struct match_row *rows;
	size_t row_count;
	const struct violet_refund *refunds;
	size_t refund_count;
	bool *is_taken; /* by refund */
};

bool
match_is_live(const struct violet_refund *refund)
{
	return strcmp(refund->status, "FAILED") != 0 && strcmp(refund->status, "CANCELED") != 0;
}

static bool
ends_marker(char c)
{
	return c == '\0' || c == ' ';
}

bool
match_has_marker(const char *reason, const char *marker)
{
	size_t n = strlen(marker);

	return strncmp(reason, marker, n) == 0 && ends_marker(reason[n]);
}

static const char *
skip_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

/* bc:{order}:r{refund}[e] or bc:{order}:cancel[{number}] */
bool
match_is_marked(const char *reason)
{
	const char *s = reason + 3, *end;

	if (strncmp(reason, "bc:", 3) != 0)
		return false;
	end = skip_digits(s);
	if (end == s || *end != ':')
		return false;
	s = end + 1;
	if (strncmp(s, "cancel", 6) == 0)
		return ends_marker(*skip_digits(s + 6));
	if (*s != 'r')
		return false;
	end = skip_digits(s + 1);
	if (end == s + 1)
		return false;
	return ends_marker(*end == 'e' ? end[1] : *end);
}

static bool
contains(const int64_t *ids, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool
same_amount(const struct match_row *row, const struct violet_refund *refund)
{
	return refund->has_amount && refund->amount_minor > 0 &&
	       (refund->amount_minor == row->amounts[0] || refund->amount_minor == row->amounts[1]);
}

static bool
is_new(const struct match_row *row, const struct violet_refund *refund)
{
	return !contains(row->seen_ids, row->seen_count, refund->id);
}

/* Can the attempt have made it? One without a date is given the benefit of the doubt. */
static bool
is_in_time(const struct match_row *row, const struct violet_refund *refund)
{
	return refund->made_ms == 0 ||
	       (refund->made_ms >= row->from_ms && refund->made_ms <= row->until_ms);
}

/* May it be what Violet kept of our reason? With another marker it may not, unless that is ours cut
 * short. */
static bool
may_be_ours(const struct match_row *row, const char *reason)
{
	return !match_is_marked(reason) || strncmp(reason, row->marker, strlen(reason)) == 0;
}

static bool
is_external(const struct match_row *row, const struct violet_refund *refund)
{
	int64_t id;

	return row->external_id != 0 && text_int(refund->external_id, 1, INT64_MAX, &id) &&
	       id == row->external_id;
}

/* Could it be the row's at all? */
static bool
is_candidate(const struct match_row *row, const struct violet_refund *refund)
{
	return same_amount(row, refund) &&
	       !contains(row->tried_ids, row->tried_count, refund->id) &&
	       (match_is_live(refund) || (row->takes_dead && is_new(row, refund)));
}

static bool
is_evidence(const struct match_row *row, const struct violet_refund *refund, enum match_by by)
{
	if (by == MATCH_STORED)
		return row->violet_refund_id != 0 && row->violet_refund_id == refund->id;
	if (!is_candidate(row, refund))
		return false;
	switch (by) {
	case MATCH_MARKER:
		return match_has_marker(refund->reason, row->marker);
	case MATCH_EXTERNAL:
		return is_external(row, refund);
	case MATCH_NEW:
		return row->is_attempted && is_new(row, refund) && is_in_time(row, refund) &&
		       may_be_ours(row, refund->reason);
	case MATCH_PUSHED:
		return row->is_pushed && !match_is_marked(refund->reason);
	case MATCH_NONE:
	case MATCH_STORED:
		break;
	}
	return false;
}

/* How many free refunds are evidence of this kind for the row; *first is the first of them, a live
 * one if there is any. */
static size_t
candidates(const struct table *t, const struct match_row *row, enum match_by by, size_t *first)
{
	size_t count = 0;

	for (size_t i = 0; i < t->refund_count; i++) {
		if (t->is_taken[i] || !is_evidence(row, &t->refunds[i], by))
			continue;
		if (count++ == 0 ||
		    (!match_is_live(&t->refunds[*first]) && match_is_live(&t->refunds[i])))
			*first = i;
	}
	return count;
}

/* One kind of evidence for all rows; true if it answered any. */
static bool
pass(struct table *t, enum match_by by)
{
	bool answered = false;

	for (size_t i = 0; i < t->row_count; i++) {
		struct match_row *row = &t->rows[i];
		size_t first = 0, count;

		if (row->by != MATCH_NONE || row->is_contradicted ||
		    (row->violet_refund_id != 0 && by != MATCH_STORED))
			continue;
		count = candidates(t, row, by, &first);
		if (count == 0 || (by == MATCH_NEW && count > 1))
			continue;
		row->by = by;
		row->answer = first;
		t->is_taken[first] = true;
		answered = true;
	}
	return answered;
}

/* Stored ids belong to their rows even where Violet's list lacks them: nobody else's answer. */
static void
reserve_tried(struct table *t)
{
	for (size_t i = 0; i < t->row_count; i++)
		for (size_t k = 0; k < t->refund_count; k++)
			if (contains(
				t->rows[i].tried_ids, t->rows[i].tried_count, t->refunds[k].id))
				t->is_taken[k] = true;
}

/* May it have come of a send of the row, by its time? */
static bool
may_come_of(const struct table *t, const struct match_row *row, size_t i)
{
	return row->is_attempted && row->by == MATCH_NONE && !t->is_taken[i] &&
	       is_new(row, &t->refunds[i]) &&
	       !contains(row->tried_ids, row->tried_count, t->refunds[i].id);
}

/* Our marker with another amount: then what has the amount alone is somebody else's. */
static void
contradict(const struct table *t, struct match_row *row)
{
	for (size_t i = 0; i < t->refund_count; i++) {
		const struct violet_refund *refund = &t->refunds[i];

		if (!may_come_of(t, row, i) || same_amount(row, refund) ||
		    !match_has_marker(refund->reason, row->marker))
			continue;
		if (!row->is_contradicted || match_is_live(refund))
			row->answer = i;
		row->is_contradicted = true;
	}
}

/* What speaks against its absence, though it proves nothing. */
static void
doubt(const struct table *t, struct match_row *row)
{
	for (size_t i = 0; i < t->refund_count; i++) {
		const struct violet_refund *refund = &t->refunds[i];

		if (may_come_of(t, row, i) && may_be_ours(row, refund->reason) &&
		    is_candidate(row, refund))
			row->rivals++;
	}
}

void
match(const void *ctx, struct match_row *rows, size_t row_count,
    const struct violet_refund *refunds, size_t refund_count)
{
	struct table t = { rows, row_count, refunds, refund_count,
		mem_array(ctx, bool, refund_count + 1) };
	bool again;

	for (size_t i = 0; i < row_count; i++) {
		rows[i].by = MATCH_NONE;
		rows[i].rivals = 0;
		rows[i].is_contradicted = false;
	}
	pass(&t, MATCH_STORED);
	reserve_tried(&t);
	pass(&t, MATCH_MARKER);
	pass(&t, MATCH_EXTERNAL);
	for (size_t i = 0; i < row_count; i++)
		contradict(&t, &rows[i]);
	/* Each answer may leave another row with a single candidate. */
	do {
		again = pass(&t, MATCH_NEW);
		again = pass(&t, MATCH_PUSHED) || again;
	} while (again);
	for (size_t i = 0; i < row_count; i++)
		doubt(&t, &rows[i]);
}
