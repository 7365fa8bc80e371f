/* SPDX-License-Identifier: Apache-2.0 */
/* What an order says that we owe: pure rules over what BigCommerce answered. */
#include "domain/order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/money.h"

#define PRODUCT_COUNT_MAX 1000

__extension__ typedef __int128 wide;

/* How a payment that is not ours reached the shopper; NULL: it is ours to pay. */
static const char *
given_by(const struct bc_refund_payment *payment)
{
	const char *provider = payment->provider_id != NULL ? payment->provider_id : "";

	if (strcmp(provider, "storecredit") == 0)
		return "as store credit";
	if (strcmp(provider, "giftcertificate") == 0)
		return "as a gift certificate";
	if (!payment->is_offline)
		return "through its own payment provider";
	return NULL;
}

static void
split_payment(struct order_split *split, const struct bc_refund_payment *payment)
{
	const char *given = given_by(payment);
	int64_t *sum = given == NULL ? &split->ours_minor : &split->elsewhere_minor;

	if (payment->is_declined)
		return;
	if (payment->amount_minor < 0 || !money_add(*sum, payment->amount_minor, sum))
		split->is_exact = false;
	if (given != NULL && payment->amount_minor > 0)
		split->elsewhere = split->elsewhere == NULL || strcmp(split->elsewhere, given) == 0
				       ? given
				       : "in several other ways";
}

struct order_split
order_split(const struct bc_refund *refund)
{
	struct order_split split = { .is_exact = refund->is_exact };

	if (!split.is_exact)
		return split;
	for (size_t i = 0; i < refund->payment_count; i++)
		split_payment(&split, &refund->payments[i]);
	if (refund->payment_count == 0)
		split.ours_minor = refund->total_minor;
	/* More than the refund itself says is no amount to trust. */
	if (split.ours_minor < 0 || split.ours_minor > refund->total_minor)
		split.is_exact = false;
	return split;
}

/* True if the records come to less than the order; records that cannot be read are for a person
 * anyway. */
static bool
comes_to_less(const struct bc_order *order, const struct bc_refund *refunds, size_t count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		if (!refunds[i].is_exact || !money_add(sum, refunds[i].total_minor, &sum))
			return false;
	return order->is_exact && sum < order->total_minor;
}

enum order_whole
order_whole(const struct bc_order *order, const struct bc_refund *refunds, size_t count)
{
	switch (order->status_id) {
	case ORDER_CANCELLED:
		return WHOLE_CANCELLED;
	case ORDER_DECLINED:
		return WHOLE_DECLINED;
	case ORDER_PARTLY_REFUNDED:
		return count == 0 ? WHOLE_PARTLY : WHOLE_NONE;
	case ORDER_REFUNDED:
		if (count == 0)
			return WHOLE_REFUNDED;
		return comes_to_less(order, refunds, count) ? WHOLE_REFUNDED_WITH_LESS : WHOLE_NONE;
	default:
		return WHOLE_NONE;
	}
}

bool
order_is_complete(const struct bc_order *order, const struct bc_refund *refunds, size_t count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		struct order_split split = order_split(&refunds[i]);

		if (!split.is_exact || !money_add(sum, split.ours_minor, &sum))
			return false;
	}
	return order->is_exact && sum == order->total_minor;
}

int64_t
order_slack(const struct violet_bag *bag)
{
	return bag->line_count > 0 ? (int64_t)bag->line_count : 1;
}

enum order_fit
order_fit(const struct bc_order *order, const struct violet_bag *bag, int64_t ours_minor)
{
	int64_t slack = order_slack(bag);
	int64_t gap = order->total_minor - bag->total_minor;

	if (order->is_exact && ours_minor == order->total_minor)
		return FIT_FULL;
	if (bag->currency == NULL || strcmp(order->currency, bag->currency) != 0)
		return FIT_CURRENCY;
	if (!order->is_exact || gap > slack || gap < -slack)
		return FIT_TOTAL;
	return FIT_SAME;
}

int64_t
order_pro_rata(int64_t ours_minor, int64_t order_total_minor, int64_t bag_total_minor)
{
	wide product = (wide)ours_minor * bag_total_minor;
	wide share;

	if (ours_minor <= 0 || order_total_minor <= 0 || bag_total_minor <= 0)
		return 0;
	share = (2 * product + order_total_minor) / (2 * (wide)order_total_minor);
	return share > bag_total_minor ? 0 : (int64_t)share;
}

static const struct bc_product *
find_product(const struct bc_product *products, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (products[i].id == id)
			return &products[i];
	return NULL;
}

/* The one line of the bag with this text as external id (or SKU); NULL if none or several. */
static const struct violet_line *
only_line(const struct violet_bag *bag, const char *text, bool by_sku)
{
	const struct violet_line *found = NULL;

	for (size_t i = 0; i < bag->line_count; i++) {
		const struct violet_line *line = &bag->lines[i];
		bool same = (line->external_id != NULL && strcmp(line->external_id, text) == 0) ||
			    (by_sku && line->sku != NULL && strcmp(line->sku, text) == 0);

		if (same && found != NULL)
			return NULL;
		if (same)
			found = line;
	}
	return found;
}

static const struct violet_line *
bag_line(const struct violet_bag *bag, const struct bc_product *product)
{
	const struct violet_line *line = NULL;
	char text[24];

	if (product->variant_id > 0) {
		snprintf(text, sizeof(text), "%" PRId64, product->variant_id);
		line = only_line(bag, text, false);
	}
	if (line == NULL && product->sku != NULL && product->sku[0] != '\0')
		line = only_line(bag, product->sku, true);
	return line;
}

/* What a product item gives back: the amount asked for, else the product's share if it divides
 * evenly. */
static bool
item_amount(const struct bc_refund_item *item, const struct bc_product *product, int64_t *out)
{
	if (item->has_amount) {
		*out = item->amount_minor;
		return *out > 0;
	}
	if (product->paid_minor <= 0 || product->quantity <= 0 ||
	    item->quantity > product->quantity)
		return false;
	if (product->paid_minor > INT64_MAX / PRODUCT_COUNT_MAX ||
	    product->paid_minor * item->quantity % product->quantity != 0)
		return false;
	*out = product->paid_minor * item->quantity / product->quantity;
	return true;
}

static bool
add_line(struct order_lines *out, const struct bc_refund_item *item,
    const struct bc_product *product, const struct violet_bag *bag)
{
	const struct violet_line *line = product != NULL ? bag_line(bag, product) : NULL;
	int64_t amount;

	if (line == NULL || item->quantity <= 0 || item->quantity > PRODUCT_COUNT_MAX ||
	    item->quantity > line->quantity || !item_amount(item, product, &amount))
		return false;
	for (size_t i = 0; i < out->count; i++)
		if (out->lines[i].order_sku_id == line->id)
			return false;
	out->lines[out->count++] = (struct violet_refund_line){
		.order_sku_id = line->id,
		.quantity = item->quantity,
		.amount_minor = amount,
	};
	return true;
}

static bool
add_item(struct order_lines *out, const struct bc_refund_item *item,
    const struct bc_product *products, size_t product_count, const struct violet_bag *bag)
{
	if (strcmp(item->type, "PRODUCT") == 0)
		return add_line(
		    out, item, find_product(products, product_count, item->item_id), bag);
	if (strcmp(item->type, "SHIPPING") == 0)
		return item->has_amount && item->amount_minor > 0 &&
		       money_add(out->shipping_minor, item->amount_minor, &out->shipping_minor);
	return false; /* handling, wrapping, fees, the order as such: no line of a bag */
}

static bool
adds_up(const struct order_lines *lines, int64_t amount_minor)
{
	int64_t sum = lines->shipping_minor;

	for (size_t i = 0; i < lines->count; i++)
		if (!money_add(sum, lines->lines[i].amount_minor, &sum))
			return false;
	return sum == amount_minor;
}

bool
order_lines(const void *ctx, const struct bc_refund *refund, const struct bc_product *products,
    size_t product_count, const struct violet_bag *bag, int64_t amount_minor,
    struct order_lines *out)
{
	struct order_lines found = { 0 };
	bool matched = refund->item_count > 0;

	*out = (struct order_lines){ 0 };
	if (!matched)
		return false;
	found.lines = mem_array(ctx, struct violet_refund_line, refund->item_count);
	for (size_t i = 0; i < refund->item_count && matched; i++)
		matched = add_item(&found, &refund->items[i], products, product_count, bag);
	if (!matched || !adds_up(&found, amount_minor))
		return false;
	if (found.count == 0)
		found.lines = NULL;
	*out = found;
	return true;
}
