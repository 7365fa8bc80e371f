/* SPDX-License-Identifier: Apache-2.0 */
/* The heart of a look: rows, evidence, sums, and at most one refund to send. */
#include "domain/look.h"

#include "base/mem.h"
#include "domain/look_work.h"

#define VIOLET_AMOUNT_MAX INT32_MAX /* the refund call's integers */

static const char *
marker(const struct work *work, enum refund_source source, int64_t source_id)
{
	long long order = (long long)work->f->order_id, id = (long long)source_id;

	if (source == SOURCE_REFUND)
		return mem_printf(work->ctx, "bc:%lld:r%lld", order, id);
	if (source == SOURCE_ELSEWHERE)
		return mem_printf(work->ctx, "bc:%lld:r%llde", order, id);
	if (source_id == 1)
		return mem_printf(work->ctx, "bc:%lld:cancel", order);
	return mem_printf(work->ctx, "bc:%lld:cancel%lld", order, id);
}

struct item *
work_new_row(struct work *work, enum refund_source source, int64_t source_id, int64_t user_id,
    int64_t made_ms)
{
	struct refund *row = &work->plan->rows[work->plan->count++];
	struct item *item = &work->items[work->count++];

	*row = (struct refund){
		.source = source,
		.source_id = source_id,
		.state = REFUND_PENDING,
		.marker = marker(work, source, source_id),
		.user_id = user_id,
		.made_ms = made_ms > 0 ? made_ms : work->f->now_ms,
		.created_ms = work->f->now_ms,
		.currency = work->f->bag->violet.currency,
	};
	*item = (struct item){ .row = row, .was = row->state };
	return item;
}

static struct item *
find_item(const struct work *work, enum refund_source source, int64_t source_id)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->source == source &&
		    work->items[i].row->source_id == source_id)
			return &work->items[i];
	return NULL;
}

/* Tie a BigCommerce refund to its row, made if there is something to pay or to ask. */
static void
gather_record(struct work *work, const struct bc_refund *record, enum refund_source source)
{
	struct order_split split = order_split(record);
	int64_t part = source == SOURCE_REFUND ? split.ours_minor : split.elsewhere_minor;
	bool wanted = split.is_exact ? part > 0 : source == SOURCE_REFUND;
	struct item *item = find_item(work, source, record->id);

	if (item == NULL && wanted)
		item = work_new_row(work, source, record->id, record->user_id, record->made_ms);
	if (item == NULL)
		return;
	item->record = record;
	item->split = split;
	if (!split.is_exact || part == 0 || work->f->bag == NULL)
		return;
	item->fit = order_fit(work->f->order, &work->f->bag->violet, part);
	switch (item->fit) {
	case FIT_SAME:
		item->nominal = part;
		break;
	case FIT_FULL:
		item->nominal = work->f->bag->violet.total_minor;
		break;
	case FIT_CURRENCY:
	case FIT_TOTAL:
		item->nominal = order_pro_rata(
		    part, work->f->order->total_minor, work->f->bag->violet.total_minor);
		break;
	}
}

static void
gather(struct work *work)
{
	const struct look_facts *f = work->f;
	size_t most = f->row_count + 2 * f->refund_count + 1;

	work->plan->rows = mem_array(work->ctx, struct refund, most);
	work->items = mem_array(work->ctx, struct item, most);
	for (size_t i = 0; i < f->row_count; i++) {
		struct refund *row = &work->plan->rows[i];

		*row = f->rows[i];
		work->items[i] = (struct item){
			.row = row,
			.was = row->state,
			.was_sent = row->attempts > 0,
			.was_blocked_ms = row->blocked_ms,
		};
		row->blocked_ms = 0;
		/* One that waited for its bag may have the order's. */
		if (row->state == REFUND_PENDING)
			row->currency = f->bag->violet.currency;
	}
	work->count = work->plan->count = f->row_count;
	for (size_t i = 0; f->order != NULL && i < f->refund_count; i++) {
		gather_record(work, &f->refunds[i], SOURCE_REFUND);
		gather_record(work, &f->refunds[i], SOURCE_ELSEWHERE);
	}
}

static struct match_row
match_row(const struct work *work, const struct item *item)
{
	const struct refund *row = item->row;
	bool in_flight = row->state == REFUND_SENDING || row->state == REFUND_UNKNOWN;
	int64_t settled_ms = work_settled_after(work, row);
	bool open = in_flight || row->state == REFUND_PENDING || row->state == REFUND_REVIEW;
	bool held = row->state == REFUND_DISMISSED && item->record != NULL;

	if (!open && !held)
		return (struct match_row){
			.violet_refund_id = row->violet_refund_id,
			.marker = row->marker,
			.tried_ids = row->tried_ids,
			.tried_count = row->tried_count,
		};
	return (struct match_row){
		.violet_refund_id = row->violet_refund_id,
		.marker = row->marker,
		.amounts = { in_flight ? row->attempt_minor : item->nominal,
		    in_flight ? 0 : row->amount_minor },
		.external_id = row->source == SOURCE_REFUND ? row->source_id : 0,
		.is_attempted = in_flight && work->f->now_ms >= settled_ms,
		.is_pushed = row->source == SOURCE_REFUND &&
			     (row->state == REFUND_PENDING || row->state == REFUND_REVIEW) &&
			     (row->user_id <= 0 || item_is_before_install(work, item)),
		.takes_dead = in_flight || (!row->is_settled && !row->is_approved),
		.seen_ids = row->seen_ids,
		.seen_count = row->seen_count,
		.from_ms = row->send_by_ms - work->f->conf->send_ms - CREATED_STEP_MS,
		.until_ms = settled_ms,
		.tried_ids = row->tried_ids,
		.tried_count = row->tried_count,
	};
}

static void
find_answers(struct work *work)
{
	struct match_row *rows = mem_array(work->ctx, struct match_row, work->count + 1);

	for (size_t i = 0; i < work->count; i++)
		rows[i] = match_row(work, &work->items[i]);
	match(work->ctx, rows, work->count, work->f->paid, work->f->paid_count);
	for (size_t i = 0; i < work->count; i++) {
		struct item *item = &work->items[i];

		item->by = rows[i].by;
		item->answer = rows[i].by != MATCH_NONE ? &work->f->paid[rows[i].answer] : NULL;
		item->rivals = rows[i].rivals;
		item->contradiction =
		    rows[i].is_contradicted ? &work->f->paid[rows[i].answer] : NULL;
	}
}

/* The sums' last word on a refund that identity would send. */
static bool
sums_allow(const struct work *work, const struct refund *row)
{
	int64_t after = work_add(work->paid, row->amount_minor);

	if (!work->paid_is_known || row->amount_minor <= 0 ||
	    after > work->f->bag->violet.total_minor)
		return false;
	return row->is_approved || after <= work->plan->owed_minor;
}

static void
forbid(struct work *work, struct item *item)
{
	int64_t since = item->was_blocked_ms > 0 ? item->was_blocked_ms : work->f->now_ms;
	int64_t until = since + work->f->conf->settle_ms, total = work->f->bag->violet.total_minor;
	int64_t most = work->plan->owed_minor < total ? work->plan->owed_minor : total;
	int64_t rest = most - work->paid;

	item->row->blocked_ms = since;
	if (work->f->now_ms < until)
		item_wait(work, item, WAIT_SUMS, until);
	else if (!work->paid_is_known)
		item_review(item, REVIEW_NO_AMOUNT, 0, NULL);
	else
		item_review(item, REVIEW_SUMS,
		    item->nominal > 0 && item->nominal < rest ? item->nominal : rest, NULL);
}

static bool
is_frozen(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->state == REFUND_REVIEW &&
		    review_freezes(work->items[i].row->review))
			return true;
	return false;
}

bool
work_is_in_flight(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->state == REFUND_SENDING ||
		    work->items[i].row->state == REFUND_UNKNOWN)
			return true;
	return false;
}

static const char *
brake_word(enum brake brake)
{
	static const char *const words[BRAKE__COUNT] = {
		[BRAKE_SHADOW] = WAIT_SHADOW,
		[BRAKE_HOLD] = WAIT_HOLD,
		[BRAKE_FUSE] = WAIT_FUSE,
		[BRAKE_TIMELINE] = WAIT_TIMELINE,
	};

	return words[brake];
}

static void
judge_ready(struct work *work, struct item *item)
{
	const struct conf *conf = work->f->conf;
	enum brake brake = work->f->bag->brake;
	int64_t now = work->f->now_ms;

	if (item->row->amount_minor > VIOLET_AMOUNT_MAX)
		item_review(item, REVIEW_TOO_LARGE, 0, NULL);
	else if (brake != BRAKE_NONE)
		item_wait(work, item, brake_word(brake),
		    now + (brake == BRAKE_TIMELINE ? conf->settle_ms : conf->retry_maximum_ms));
	else if (work->plan->is_frozen)
		item->row->wait_code = WAIT_FROZEN; /* settling the review makes the order due */
	else if (work->f->only_follow || work_is_in_flight(work) || work->plan->send != NULL)
		item->row->wait_code = WAIT_TURN; /* the one in flight asks for the next look */
	else if (!sums_allow(work, item->row))
		forbid(work, item);
	else
		work->plan->send = item->row;
}

/* Looks at set times after the newest send compare paid with owed again. */
static void
plan_recheck(struct work *work)
{
	int64_t sent = 0;

	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->sent_ms > sent)
			sent = work->items[i].row->sent_ms;
	if (sent > 0)
		work->plan->recheck_ms =
		    conf_times_next(&work->f->conf->recheck, sent, work->f->now_ms);
	if (work->plan->recheck_ms != 0)
		work_due(work, work->plan->recheck_ms);
}

void
look_decide(const void *ctx, const struct look_facts *facts, struct look_plan *plan)
{
	struct work work = { .ctx = ctx, .f = facts, .plan = plan };

	*plan = (struct look_plan){ .bag = *facts->bag };
	gather(&work);
	find_answers(&work);
	work_sum_paid(&work);
	for (size_t i = 0; i < work.count; i++)
		item_advance(&work, &work.items[i]);
	work_whole(&work);
	work_sum_owed(&work);
	work_compare(&work);
	plan->is_frozen = is_frozen(&work);
	for (size_t i = 0; i < work.count; i++)
		if (work.items[i].is_ready)
			judge_ready(&work, &work.items[i]);
	plan_recheck(&work);
}

static bool
has_status_row(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->items[i].row->source == SOURCE_CANCEL ||
		    work->items[i].row->source == SOURCE_STATUS)
			return true;
	return false;
}

void
look_without_bag(
    const void *ctx, const struct look_facts *facts, enum review_code code, struct look_plan *plan)
{
	struct bag none = *facts->bag;
	struct work work = { .ctx = ctx, .f = facts, .plan = plan };
	struct look_facts f = *facts;

	none.violet.currency = facts->order->currency;
	f.bag = &none;
	work.f = &f;
	*plan = (struct look_plan){ .bag = *facts->bag };
	gather(&work);
	if (order_whole(f.order, f.refunds, f.refund_count) != WHOLE_NONE &&
	    !order_is_complete(f.order, f.refunds, f.refund_count) && !has_status_row(&work)) {
		plan->bag.status = f.order->status_id;
		plan->bag.episode = plan->bag.episode > 0 ? plan->bag.episode : 1;
		plan->bag.status_seen_ms = f.now_ms;
		work_new_row(&work,
		    f.order->status_id == ORDER_CANCELLED ? SOURCE_CANCEL : SOURCE_STATUS,
		    plan->bag.episode, 0, f.now_ms);
	}
	for (size_t i = 0; i < work.count; i++)
		if (work.items[i].row->state == REFUND_PENDING)
			item_review(&work.items[i], code, work.items[i].split.ours_minor, NULL);
}

bool
look_matters(const struct bc_order *order, size_t refund_count, size_t row_count)
{
	return row_count > 0 || refund_count > 0 || order->status_id == ORDER_REFUNDED ||
	       order->status_id == ORDER_CANCELLED || order->status_id == ORDER_DECLINED ||
	       order->status_id == ORDER_PARTLY_REFUNDED;
}
