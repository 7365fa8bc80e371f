/* SPDX-License-Identifier: Apache-2.0 */
/* What an order says that we owe: pure rules over what BigCommerce answered. They touch neither
 * database nor network. */
#ifndef DOMAIN_ORDER_H
#define DOMAIN_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "remote/bigcommerce.h"
#include "remote/violet.h"

/* Order statuses that can mean money back. "Order Statuses" of the V2 orders API. */
enum { ORDER_REFUNDED = 4, ORDER_CANCELLED = 5, ORDER_DECLINED = 6, ORDER_PARTLY_REFUNDED = 14 };

/* Who gives back what of one BigCommerce refund. */
struct order_split {
	bool is_exact;      /* false: nothing below is to be used */
	int64_t ours_minor; /* offline, not declined, neither store credit nor gift certificate */
	int64_t elsewhere_minor; /* the shopper has it already */
	const char *elsewhere;   /* how, in words: "as store credit"; NULL: nothing */
};
struct order_split order_split(const struct bc_refund *refund);

/* What the status alone says, with no amount of its own. */
enum order_whole {
	WHOLE_NONE,
	WHOLE_CANCELLED, /* owed: the whole bag */
	WHOLE_REFUNDED,  /* set to Refunded by hand without a record: owed, the whole bag */
	WHOLE_REFUNDED_WITH_LESS, /* set to Refunded, records come to less than the order: for a
				     person */
	WHOLE_PARTLY,  /* set to Partially Refunded by hand without a record: for a person */
	WHOLE_DECLINED /* for a person */
};
enum order_whole
order_whole(const struct bc_order *order, const struct bc_refund *refunds, size_t count);

/* True if what the refunds leave us to pay is the whole order. */
bool order_is_complete(const struct bc_order *order, const struct bc_refund *refunds, size_t count);

/* By how much order and bag may differ through rounding: a minor unit per line. */
int64_t order_slack(const struct violet_bag *bag);

/* How an amount of the order becomes an amount of the bag. */
enum order_fit {
	FIT_SAME,     /* the same number of minor units */
	FIT_FULL,     /* all of the order: what is left of the bag, whatever the currencies */
	FIT_CURRENCY, /* part of an order in another currency: for a person */
	FIT_TOTAL     /* part of an order whose total is not the bag's: for a person */
};
enum order_fit
order_fit(const struct bc_order *order, const struct violet_bag *bag, int64_t ours_minor);

/* ours * bag total / order total, rounded half up; 0 if that cannot be. */
int64_t order_pro_rata(int64_t ours_minor, int64_t order_total_minor, int64_t bag_total_minor);

/*
 * The refund's items as lines of the bag: true if every item is matched (variant id, then SKU) and
 * lines and shipping add up to `amount` exactly. Otherwise no line may be sent and shipping is 0.
 */
struct order_lines {
	struct violet_refund_line *lines; /* NULL: none */
	size_t count;
	int64_t shipping_minor;
};
bool order_lines(const void *ctx, const struct bc_refund *refund, const struct bc_product *products,
    size_t product_count, const struct violet_bag *bag, int64_t amount_minor,
    struct order_lines *out);

#endif
