/* SPDX-License-Identifier: Apache-2.0 */
/* The words of refunds: as SQL has them, and the sentences that tell a merchant why a person is
 * needed. */
#include <string.h>

#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"
#include "domain/refund.h"

static const char *const source_names[] = {
	[SOURCE_REFUND] = "refund",
	[SOURCE_ELSEWHERE] = "elsewhere",
	[SOURCE_CANCEL] = "cancel",
	[SOURCE_STATUS] = "status",
};
_Static_assert(sizeof(source_names) / sizeof(source_names[0]) == SOURCE__COUNT, "a word for each");

static const char *const state_names[] = {
	[REFUND_PENDING] = "pending",
	[REFUND_SENDING] = "sending",
	[REFUND_UNKNOWN] = "unknown",
	[REFUND_ACCEPTED] = "accepted",
	[REFUND_DONE] = "done",
	[REFUND_REVIEW] = "review",
	[REFUND_DISMISSED] = "dismissed",
	[REFUND_COVERED] = "covered",
	[REFUND_FOREIGN] = "foreign",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == REFUND__COUNT, "a word for each");

static const struct {
	const char *name, *sentence;
} reviews[] = {
	[REVIEW_NONE] = { NULL, NULL },
	[REVIEW_CANCEL_POLICY] = { "cancel_policy",
	    "The order was cancelled, and this store decides itself about cancelled orders. "
	    "Approve the amount to pay the "
	    "shopper back, or dismiss this." },
	[REVIEW_DECLINED] = { "declined",
	    "The order was set to Declined. If the shopper's money should go back, approve the "
	    "amount; otherwise dismiss this." },
	[REVIEW_PARTIAL_BY_HAND] = { "partial_by_hand",
	    "The order was set to Partially Refunded by hand, which says no amount. Approve the "
	    "amount to pay back, or dismiss "
	    "this." },
	[REVIEW_REFUNDED_WITH_LESS] = { "refunded_with_less",
	    "The order is set to Refunded, but its refunds come to less than its total. Approve "
	    "the rest if it should go back "
	    "too, or dismiss this." },
	[REVIEW_GIVEN_ELSEWHERE] = { "given_elsewhere",
	    "BigCommerce gave this part back otherwise: as store credit, as a gift certificate or "
	    "through its own payment "
	    "provider. Dismiss this if the shopper has it; approve an amount if not." },
	[REVIEW_PAYMENT_DECLINED] = { "payment_declined",
	    "BigCommerce declined this refund's payment after the rest of the order had been paid "
	    "back as cancelled. Approve the amount if the shopper should have it too; otherwise "
	    "dismiss this." },
	[REVIEW_INEXACT] = { "inexact", "The amount has more decimals than its currency, or its "
					"parts contradict each other. Approve the right amount, or "
					"dismiss this." },
	[REVIEW_CURRENCY] = { "currency",
	    "Part of the order was refunded, and the shopper paid in another currency. Check the "
	    "proposed amount and approve it, "
	    "or approve another." },
	[REVIEW_TOTAL] = { "total", "Part of the order was refunded, but the shopper paid another "
				    "total than BigCommerce shows. Check the proposed amount "
				    "and approve it, or approve another." },
	[REVIEW_TOO_LARGE] = { "too_large", "The amount is larger than Violet can refund in one "
					    "call. Approve a smaller one, or contact Violet." },
	[REVIEW_SUMS] = { "sums", "Paying this as well would give the shopper more than the "
				  "refunds of this order come to. If it is right all the same, "
				  "approve the amount; otherwise dismiss this." },
	[REVIEW_BEFORE_INSTALL] = { "before_install",
	    "The refund is older than this app, and Violet shows less paid back than was refunded. "
	    "If the shopper has not had "
	    "it, approve the amount; otherwise dismiss this." },
	[REVIEW_DISMISSED_BEFORE] = { "dismissed_before",
	    "The order was cancelled, and one of its refunds had been dismissed. Check the "
	    "proposed amount and approve it, or "
	    "dismiss this." },
	[REVIEW_VIOLET_DID_NOT_PAY] = { "violet_did_not_pay",
	    "The order was cancelled through Violet, but Violet has not paid the shopper back. Ask "
	    "Violet, or approve the amount "
	    "to pay it now." },
	[REVIEW_RECORD_GONE] = { "record_gone",
	    "BigCommerce no longer shows this refund. Dismiss this if it was a mistake; approve "
	    "the amount if the shopper should "
	    "have it." },
	[REVIEW_NO_BAG] = { "no_bag", "The order was made by this app, but Violet does not know "
				      "it, so nothing can be paid back. Contact Violet, then try "
				      "again." },
	[REVIEW_TWO_BAGS] = { "two_bags",
	    "Violet does not have exactly one order that is this one, so nothing can be paid back. "
	    "Contact Violet, then try again." },
	[REVIEW_UNINSTALLED] = { "uninstalled", "The app was uninstalled before this was paid "
						"back. Install it again, then try again." },
	[REVIEW_VIOLET_FAILED] = { "violet_failed",
	    "Violet could not pay this back, for example because the payment is disputed. Ask "
	    "Violet why, then try again or "
	    "dismiss this." },
	[REVIEW_VIOLET_STATUS] = { "violet_status",
	    "Violet has this refund in a state that is neither paid nor failed. Check it at "
	    "Violet, then dismiss this if the "
	    "shopper has the money, or approve what is missing." },
	[REVIEW_VIOLET_ERRORS] = { "violet_errors",
	    "Violet has this refund, but reports errors with it. Check it at Violet, then dismiss "
	    "this if the shopper has the "
	    "money, or approve what is missing." },
	[REVIEW_AMOUNT_DIFFERS] = { "amount_differs",
	    "Violet has this refund with another amount than was asked for. Check it at Violet, "
	    "then dismiss this if the shopper "
	    "has the money, or approve what is missing." },
	[REVIEW_AMBIGUOUS] = { "ambiguous",
	    "Violet did not answer when this was sent, and now shows one or more refunds that may "
	    "be it. If one of them is, dismiss this; if none is, try again." },
	[REVIEW_VANISHED] = { "vanished", "Violet accepted this refund, but no longer shows it. "
					  "Ask Violet, then try again or dismiss this." },
	[REVIEW_NO_AMOUNT] = { "no_amount",
	    "Violet shows a refund of this order without an amount, so what is left cannot be "
	    "worked out. Check it at Violet, "
	    "then try again or dismiss this." },
	[REVIEW_BAG_STATE] = { "bag_state", "Violet refuses refunds for this order in its present "
					    "state. Ask Violet, then try again or dismiss this." },
	[REVIEW_TOO_MUCH] = { "too_much",
	    "Violet says that less than this is left to pay back. Check what was paid, then "
	    "approve another amount or dismiss this." },
	[REVIEW_BAG_GONE] = { "bag_gone",
	    "Violet no longer finds this order. Contact Violet, then try again." },
	[REVIEW_NOT_ALLOWED] = { "not_allowed", "Violet does not let this channel's app refund the "
						"order. Contact Violet, then try again." },
	[REVIEW_REFUSED] = { "refused",
	    "Violet refused this refund. Contact Violet, then try again or dismiss this." },
};
_Static_assert(sizeof(reviews) / sizeof(reviews[0]) == REVIEW__COUNT, "a sentence for each");

static const struct {
	const char *name, *sentence;
} withdrawals[] = {
	[WITHDRAWN_DECLINED] = { "declined",
	    "BigCommerce declined the refund's payment before anything was sent" },
	[WITHDRAWN_ELSEWHERE] = { "elsewhere",
	    "BigCommerce no longer says that it gave this back otherwise" },
	[WITHDRAWN_STATUS] = { "status", "The order left that status before anything was sent" },
};
_Static_assert(sizeof(withdrawals) / sizeof(withdrawals[0]) == WITHDRAWN__COUNT, "a word for each");

const char *
refund_source_name(enum refund_source source)
{
	return source_names[source];
}

bool
refund_source_find(const char *name, enum refund_source *out)
{
	size_t i = text_find(name, source_names, SOURCE__COUNT);

	if (i < SOURCE__COUNT)
		*out = (enum refund_source)i;
	return i < SOURCE__COUNT;
}

const char *
refund_state_name(enum refund_state state)
{
	return state_names[state];
}

bool
refund_state_find(const char *name, enum refund_state *out)
{
	size_t i = text_find(name, state_names, REFUND__COUNT);

	if (i < REFUND__COUNT)
		*out = (enum refund_state)i;
	return i < REFUND__COUNT;
}

const char *
review_name(enum review_code code)
{
	return reviews[code].name;
}

enum review_code
review_from_name(const char *name)
{
	for (int i = REVIEW_NONE + 1; name != NULL && i < REVIEW__COUNT; i++)
		if (strcmp(reviews[i].name, name) == 0)
			return (enum review_code)i;
	return REVIEW_NONE;
}

bool
review_freezes(enum review_code code)
{
	return code >= REVIEW_VIOLET_FAILED;
}

const char *
review_sentence(enum review_code code)
{
	return reviews[code].sentence;
}

const char *
withdrawal_name(enum withdrawal why)
{
	return withdrawals[why].name;
}

const char *
withdrawal_sentence(enum withdrawal why)
{
	return withdrawals[why].sentence;
}

const char *
withdrawal_from_sentence(const char *sentence)
{
	for (size_t i = 0; i < WITHDRAWN__COUNT; i++)
		if (strcmp(withdrawals[i].sentence, sentence) == 0)
			return withdrawals[i].name;
	return NULL;
}

char *
refund_share_write(const void *ctx, const struct refund_share *share)
{
	struct json_out *facts = json_out_object(ctx);

	json_put_text(facts, "how", "share");
	json_put_int(facts, "part_minor", share->part_minor);
	json_put_int(facts, "order_minor", share->order_minor);
	json_put_text(facts, "order_currency", share->order_currency);
	json_put_int(facts, "share_minor", share->share_minor);
	json_put_int(facts, "bag_minor", share->bag_minor);
	json_put_text(facts, "bag_currency", share->bag_currency);
	return json_out_text(ctx, facts);
}

bool
refund_share_read(const struct json *facts, struct refund_share *out)
{
	*out = (struct refund_share){
		.part_minor = json_get_int(facts, "part_minor", 0),
		.order_minor = json_get_int(facts, "order_minor", 0),
		.order_currency = json_get_text(facts, "order_currency", ""),
		.share_minor = json_get_int(facts, "share_minor", 0),
		.bag_minor = json_get_int(facts, "bag_minor", 0),
		.bag_currency = json_get_text(facts, "bag_currency", ""),
	};
	return strcmp(json_get_text(facts, "how", ""), "share") == 0 &&
	       money_exponent(out->order_currency) >= 0 && money_exponent(out->bag_currency) >= 0;
}

char *
refund_share_sentence(const void *ctx, const struct refund_share *share)
{
	char a[MONEY_TEXT_SIZE], b[MONEY_TEXT_SIZE], c[MONEY_TEXT_SIZE], d[MONEY_TEXT_SIZE];

	return mem_printf(ctx, "%s of %s in BigCommerce; %s is the same share of Violet's %s",
	    money_format(share->part_minor, share->order_currency, a),
	    money_format(share->order_minor, share->order_currency, b),
	    money_format(share->share_minor, share->bag_currency, c),
	    money_format(share->bag_minor, share->bag_currency, d));
}
