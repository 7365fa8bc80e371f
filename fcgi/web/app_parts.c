/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of the embedded app's page, from the document that one query gave. */
#include <string.h>

#include "base/mem.h"
#include "domain/admin_url.h"
#include "domain/install.h"
#include "domain/refund.h"
#include "web/app_page.h"
#include "web/catalog.h"
#include "web/connect_page.h"
#include "web/locale.h"

struct part {
	struct view *view;
	const struct request *request;
	const struct session *session;
	const struct json *document;
};

static void
put_money(const struct part *part, struct view *view, const char *name, const struct json *row,
    const char *member, const char *currency_member)
{
	const char *currency = json_get_text(row, currency_member, NULL);
	int64_t minor;

	if (currency != NULL && json_int(json_get(row, member), &minor))
		view_money(view, name, minor, currency, part->session->locale);
}

static void
put_text(struct view *view, const char *name, const struct json *row, const char *member)
{
	view_text(view, name, json_get_text(row, member, NULL));
}

/* Connection
 * ----------------------------------------------------------------------------------------------------------
 */

static bool
is_paused(const struct part *part)
{
	return part->request->app->conf->refunds != REFUNDS_ON ||
	       json_get_bool(part->document, "store.paused", false);
}

static void
fill_state(const struct part *part)
{
	const struct json *store = json_get(part->document, "store");
	bool is_refused = json_get_bool(store, "refused", false);
	const char *missing[INSTALL_SCOPES];
	size_t count = install_missing_scopes(json_get_text(store, "scopes", ""), missing);

	put_text(part->view, "store_name", store, "name");
	if (*json_get_text(store, "name", "") == '\0') /* not read yet */
		view_text(part->view, "store_name",
		    mem_printf(part->request->ctx, "store-%s", part->session->store_hash));
	put_text(part->view, "store_domain", store, "domain");
	app_put_time(part->view, part->session, "installed", store, "installed_ms");
	view_flag(part->view, "refused", is_refused);
	view_flag(part->view, "paused", is_paused(part));
	for (size_t i = 0; i < count; i++) {
		struct view *item = view_item(part->view, "missing");

		view_keyf(item, "scope", "app.scope.%s", missing[i]);
		view_keyf(item, "effect", "app.scope.%s.effect", missing[i]);
	}
	view_key(part->view, "state",
	    is_refused || count > 0 ? "app.state.attention" : "app.state.connected");
	view_text(part->view, "state_kind", is_refused || count > 0 ? "warn" : "good");
	view_text(part->view, "open_url",
	    admin_url_app(part->request->app->conf, part->request->ctx, part->session->store_hash));
}

/* Channels
 * ------------------------------------------------------------------------------------------------------------
 */

static void
fill_links(const struct part *part)
{
	const struct json *links = json_get(part->document, "links");

	for (size_t i = 0; i < json_count(links); i++) {
		const struct json *link = json_at(links, i);
		struct view *item = view_item(part->view, "links");

		view_int(item, "link_id", json_get_int(link, "link_id", 0));
		put_text(item, "channel", link, "channel");
		put_text(item, "more_info_url", link, "more_info_url");
		app_put_time(item, part->session, "since", link, "linked_ms");
		view_flag(item, "ending", json_get_bool(link, "ending", false));
		view_flag(item, "disabled", !json_get_bool(link, "enabled", true));
	}
}

static void
fill_waiting(const struct part *part)
{
	const struct json *waiting = json_get(part->document, "waiting");

	view_flag(part->view, "may_link", json_get_bool(part->document, "user.may_link", false));
	view_text(part->view, "ask", json_get_text(part->document, "ask", NULL));
	for (size_t i = 0; i < json_count(waiting); i++) {
		const struct json *connection = json_at(waiting, i);
		struct view *item = view_item(part->view, "waiting");

		view_int(item, "connection_id", json_get_int(connection, "connection_id", 0));
		put_text(item, "channel", connection, "channel");
		view_text(item, "channel_host",
		    connect_host(
			part->request->ctx, json_get_text(connection, "redirect_url", "")));
	}
}

/* "Why can't a channel see my store?", from the facts: the first that holds is the reason. */
static const char *
visibility(const struct part *part)
{
	const struct json *links = json_get(part->document, "links");
	bool is_disabled = false, is_living = false;

	for (size_t i = 0; i < json_count(links); i++) {
		const struct json *link = json_at(links, i);
		bool is_enabled = json_get_bool(link, "enabled", true);

		is_disabled |= !is_enabled;
		is_living |= is_enabled && !json_get_bool(link, "ending", false);
	}
	if (json_get_bool(part->document, "store.refused", false))
		return "refused";
	if (json_count(links) == 0)
		return json_count(json_get(part->document, "waiting")) > 0 ? "waiting" : "unlinked";
	if (!is_living)
		return is_disabled ? "disabled" : "ending";
	if (json_get_int(part->document, "store.merchant_id", 0) == 0)
		return "preparing";
	return "fine";
}

/* Refunds
 * -------------------------------------------------------------------------------------------------------------
 */

/* Where the neighbouring parts of a list begin, for its buttons; paged: there are such parts. */
static void
put_places(const struct part *part, const char *paged, const char *previous, const char *next)
{
	const char *const names[] = { previous, next };
	int64_t place;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!json_int(json_get(part->document, names[i]), &place))
			continue;
		view_int(part->view, names[i], place);
		view_flag(part->view, paged, true);
	}
}

/* What the field for the amount begins with, "10.00": what is proposed, else what was refunded, if
 * the currency is the same. */
static void
put_input(const struct part *part, struct view *view, const struct json *row)
{
	const char *currency = json_get_text(row, "pay_currency", "");
	bool is_same = strcmp(currency, json_get_text(row, "currency", "")) == 0;
	int64_t minor;

	view_text(view, "pay_currency", currency);
	if (!json_int(json_get(row, "proposed_minor"), &minor) &&
	    !(is_same && json_int(json_get(row, "amount_minor"), &minor)))
		return;
	if (*currency != '\0')
		view_text(view, "amount_input",
		    locale_amount(part->request->ctx, minor, currency, part->session->locale));
}

static void
put_refund(const struct part *part, struct view *item, const struct json *refund)
{
	view_int(item, "order_id", json_get_int(refund, "order_id", 0));
	put_text(item, "source", refund, "source");
	view_keyf(item, "what", "app.source.%s", json_get_text(refund, "source", "refund"));
	view_int(item, "source_id", json_get_int(refund, "source_id", 0));
	put_text(item, "channel", refund, "channel");
	put_money(part, item, "amount", refund, "amount_minor", "currency");
	app_put_time(item, part->session, "made", refund, "made_ms");
}

/* The catalogue's words for a reason; for one that it does not know, the sentence that came with
 * it. */
static void
put_reason(const struct part *part, struct view *item, const struct json *refund)
{
	const char *code = json_get_text(refund, "review_code", NULL);
	const char *key =
	    code == NULL ? NULL : mem_printf(part->request->ctx, "app.review.%s", code);

	if (key != NULL && catalog_text(part->request->language, key) != NULL)
		view_key(item, "why", key);
	else
		put_text(item, "why", refund, "review_reason");
}

/* How the proposed amount was worked out, if it is a share of the bag. */
static void
put_how(const struct part *part, struct view *item, const struct json *refund)
{
	const char *locale = part->session->locale;
	struct refund_share share;

	if (!refund_share_read(json_get(refund, "proposed_how"), &share))
		return;
	view_key(item, "how", "app.how.share");
	view_money(item, "how_part", share.part_minor, share.order_currency, locale);
	view_money(item, "how_order", share.order_minor, share.order_currency, locale);
	view_money(item, "how_share", share.share_minor, share.bag_currency, locale);
	view_money(item, "how_bag", share.bag_minor, share.bag_currency, locale);
}

static void
fill_reviews(const struct part *part)
{
	const struct json *reviews = json_get(part->document, "reviews");
	int64_t after = json_get_int(part->document, "reviews_after", 0);

	put_places(part, "reviews_paged", "reviews_previous", "reviews_next");
	view_int(part->view, "reviews_left", json_get_int(part->document, "reviews_left", 0));
	if (after > 0) /* an answer leads back to here */
		view_int(part->view, "reviews_after", after);
	for (size_t i = 0; i < json_count(reviews); i++) {
		const struct json *refund = json_at(reviews, i);
		struct view *item = view_item(part->view, "reviews");

		view_int(item, "number", (int64_t)i + 1);
		put_refund(part, item, refund);
		put_reason(part, item, refund);
		put_how(part, item, refund);
		put_money(part, item, "proposed", refund, "proposed_minor", "pay_currency");
		put_input(part, item, refund);
		view_flag(item, "can_retry", json_get_bool(refund, "can_retry", false));
	}
}

static const struct {
	const char *state, *kind;
} state_kinds[] = {
	{ "done", "good" },
	{ "covered", "good" },
	{ "foreign", "good" },
	{ "dismissed", "" },
	{ "review", "warn" },
};

static const char *
state_kind(const char *state)
{
	for (size_t i = 0; i < sizeof(state_kinds) / sizeof(state_kinds[0]); i++) {
		if (strcmp(state_kinds[i].state, state) == 0)
			return state_kinds[i].kind;
	}
	return "busy";
}

/* Why it was closed: a person's words as they are, a look's in the reader's language. */
static void
put_dismissal(struct view *item, const struct json *refund)
{
	const char *reason = json_get_text(refund, "dismissed_reason", "");
	const char *word = withdrawal_from_sentence(reason);

	if (word != NULL)
		view_keyf(item, "dismissed_reason", "app.withdrawn.%s", word);
	else
		view_text(item, "dismissed_reason", reason);
}

static void
fill_refunds(const struct part *part)
{
	const struct json *refunds = json_get(part->document, "refunds");

	put_places(part, "refunds_paged", "refunds_previous", "refunds_next");
	for (size_t i = 0; i < json_count(refunds); i++) {
		const struct json *refund = json_at(refunds, i);
		const char *state = json_get_text(refund, "state", "pending");
		const char *wait = json_get_text(refund, "wait_code", NULL);
		struct view *item = view_item(part->view, "refunds");

		put_refund(part, item, refund);
		app_put_time(item, part->session, "done", refund, "done_ms");
		put_dismissal(item, refund);
		view_text(item, "refund_kind", state_kind(state));
		view_keyf(item, "refund_state", "app.refund.%s", state);
		if (strcmp(state, "pending") == 0 && wait != NULL)
			view_keyf(item, "refund_text", "app.wait.%s", wait);
		else
			view_keyf(item, "refund_text", "app.refund.%s.text", state);
	}
}

static void
fill_reopened(const struct part *part)
{
	const struct json *orders = json_get(part->document, "reopened");
	int64_t more = json_get_int(part->document, "reopened_more", 0);

	for (size_t i = 0; i < json_count(orders); i++) {
		const struct json *order = json_at(orders, i);
		struct view *item = view_item(part->view, "reopened");

		view_int(item, "order_id", json_get_int(order, "order_id", 0));
		put_money(part, item, "amount", order, "paid_minor", "currency");
	}
	if (more > 0)
		view_int(part->view, "reopened_more", more);
}

/* Orders whose grace time runs: what was done in the control panel has arrived. */
static void
fill_changed(const struct part *part)
{
	const struct json *orders = json_get(part->document, "changed");

	for (size_t i = 0; i < json_count(orders); i++)
		view_int(view_item(part->view, "changed"), "order_id",
		    json_get_int(json_at(orders, i), "order_id", 0));
}

/* Health and discounts
 * ------------------------------------------------------------------------------------------------
 */

/* Every hook is in order after an audit, or will be after the next. */
static const char *
hooks_state(const struct json *hooks)
{
	const struct json *result = json_get(hooks, "result");

	if (json_get_int(hooks, "checked_ms", 0) == 0)
		return "unchecked";
	for (size_t i = 0; i < json_count(result); i++) {
		if (strcmp(json_get_text(json_at(result, i), "state", "failed"), "failed") == 0)
			return "broken";
	}
	return "fine";
}

static void
fill_health(const struct part *part)
{
	const struct json *hooks = json_get(part->document, "store.hooks");
	const char *state = hooks_state(hooks);

	view_keyf(part->view, "hooks", "app.hooks.%s", state);
	view_text(part->view, "hooks_kind",
	    strcmp(state, "broken") == 0 ? "warn"
	    : strcmp(state, "fine") == 0 ? "good"
					 : "");
	app_put_time(part->view, part->session, "hooks_checked", hooks, "checked_ms");
	app_put_time(part->view, part->session, "hooks_event", hooks, "event_ms");
}

static void
fill_discounts(const struct part *part)
{
	const struct json *discounts = json_get(part->document, "store.discounts");
	const char *error = json_get_text(discounts, "error", NULL);
	int64_t works = json_get_int(discounts, "works", 0);
	int64_t not_now = json_get_int(discounts, "not_now", 0);
	int64_t never = json_get_int(discounts, "never", 0);

	view_int(part->view, "works", works);
	view_int(part->view, "not_now", not_now);
	view_int(part->view, "never", never);
	view_flag(part->view, "has_discounts", works + not_now + never > 0);
	app_put_time(part->view, part->session, "discounts_read", discounts, "read_ms");
	if (error != NULL)
		view_keyf(part->view, "discounts_error", "app.discounts.error.%s", error);
}

void
app_parts_fill(struct view *view, const struct request *request, const struct session *session,
    const struct json *document)
{
	const struct part part = { view, request, session, document };
	const char *sees = visibility(&part);

	fill_state(&part);
	fill_waiting(&part);
	fill_links(&part);
	fill_reviews(&part);
	fill_refunds(&part);
	fill_reopened(&part);
	fill_changed(&part);
	fill_health(&part);
	fill_discounts(&part);
	view_keyf(view, "sees", "app.sees.%s", sees);
	view_text(view, "sees_kind", strcmp(sees, "fine") == 0 ? "good" : "warn");
}
