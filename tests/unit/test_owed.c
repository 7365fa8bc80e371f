/* SPDX-License-Identifier: Apache-2.0 */
/* What an order owes: payments of a refund, statuses, currencies, lines. */
#include "test.h"

#include "domain/order.h"

/* Payments: o offline, n online, c store credit, C store credit marked offline, g gift certificate,
 * d declined. */
static struct bc_refund_payment
payment(char kind, int64_t amount)
{
	struct bc_refund_payment p = {
		.provider_id = "custom", .amount_minor = amount, .is_offline = true
	};

	switch (kind) {
	case 'n':
		p.provider_id = "braintree";
		p.is_offline = false;
		break;
	case 'c':
		p.is_offline = false;
		p.provider_id = "storecredit";
		break;
	case 'C':
		p.provider_id = "storecredit";
		break;
	case 'g':
		p.provider_id = "giftcertificate";
		break;
	case 'd':
		p.is_declined = true;
		break;
	default:
		break;
	}
	return p;
}

static void
splits_payments(void **state)
{
	static const struct {
		int64_t total;
		const char *kinds;
		int64_t amounts[3];
		bool exact;
		int64_t ours, elsewhere;
		const char *how;
	} cases[] = {
		{ 1000, "", { 0 }, true, 1000, 0, NULL },
		{ 1000, "o", { 1000 }, true, 1000, 0, NULL },
		{ 1000, "oo", { 400, 600 }, true, 1000, 0, NULL },
		{ 1000, "n", { 1000 }, true, 0, 1000, "through its own payment provider" },
		{ 1000, "c", { 1000 }, true, 0, 1000, "as store credit" },
		{ 1000, "C", { 1000 }, true, 0, 1000, "as store credit" },
		{ 1000, "g", { 1000 }, true, 0, 1000, "as a gift certificate" },
		{ 1000, "d", { 1000 }, true, 0, 0, NULL },
		{ 1000, "oc", { 700, 300 }, true, 700, 300, "as store credit" },
		{ 1000, "ocg", { 700, 200, 100 }, true, 700, 300, "in several other ways" },
		{ 1000, "od", { 700, 300 }, true, 700, 0, NULL },
		{ 0, "", { 0 }, true, 0, 0, NULL },
		{ 1000, "o", { 1001 }, false, 0, 0, NULL }, /* more than the refund itself */
		{ 1000, "oo", { 2000, -1000 }, false, 0, 0, NULL }, /* below zero */
		{ 1000, "oo", { INT64_MAX, 1 }, false, 0, 0, NULL },
		{ -5, "", { 0 }, false, 0, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bc_refund_payment payments[3];
		struct bc_refund refund = {
			.total_minor = cases[i].total, .is_exact = true, .payments = payments
		};
		struct order_split split;

		for (; cases[i].kinds[refund.payment_count] != '\0'; refund.payment_count++)
			payments[refund.payment_count] =
			    payment(cases[i].kinds[refund.payment_count],
				cases[i].amounts[refund.payment_count]);
		split = order_split(&refund);
		CHECK(split.is_exact == cases[i].exact, "case %zu", i);
		if (!cases[i].exact)
			continue;
		CHECK(split.ours_minor == cases[i].ours, "case %zu", i);
		CHECK(split.elsewhere_minor == cases[i].elsewhere, "case %zu", i);
		CHECK((split.elsewhere == NULL) == (cases[i].how == NULL), "case %zu", i);
		CHECK(split.elsewhere == NULL || strcmp(split.elsewhere, cases[i].how) == 0,
		    "case %zu", i);
	}
}

static void
an_inexact_refund_splits_into_nothing(void **state)
{
	struct bc_refund refund = { .total_minor = 1000, .is_exact = false };
	struct order_split split = order_split(&refund);

	(void)state;
	assert_false(split.is_exact);
	assert_int_equal(split.ours_minor, 0);
}

static void
reads_the_status(void **state)
{
	static const struct {
		int status;
		size_t refunds;
		int64_t refunded;
		enum order_whole whole;
	} cases[] = {
		{ 11, 0, 0, WHOLE_NONE },
		{ 0, 0, 0, WHOLE_NONE },
		{ 13, 0, 0, WHOLE_NONE },
		{ 5, 0, 0, WHOLE_CANCELLED },
		{ 5, 1, 1000, WHOLE_CANCELLED },
		{ 6, 0, 0, WHOLE_DECLINED },
		{ 4, 0, 0, WHOLE_REFUNDED },
		{ 4, 1, 5000, WHOLE_NONE },
		{ 4, 1, 4500, WHOLE_REFUNDED_WITH_LESS },
		{ 14, 0, 0, WHOLE_PARTLY },
		{ 14, 1, 1000, WHOLE_NONE },
		{ 99, 1, 1000, WHOLE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bc_order order = {
			.status_id = cases[i].status, .total_minor = 5000, .is_exact = true
		};
		struct bc_refund refund = { .total_minor = cases[i].refunded, .is_exact = true };

		CHECK(order_whole(&order, &refund, cases[i].refunds) == cases[i].whole, "case %zu",
		    i);
	}
}

static void
fits_order_and_bag(void **state)
{
	static const struct {
		const char *order_currency, *bag_currency;
		int64_t order_total, bag_total;
		size_t lines;
		int64_t ours;
		enum order_fit fit;
	} cases[] = {
		{ "USD", "USD", 5000, 5000, 1, 1000, FIT_SAME },
		{ "USD", "USD", 5000, 5000, 1, 5000, FIT_FULL },
		{ "USD", "USD", 5000, 5001, 1, 1000, FIT_SAME }, /* a cent per line */
		{ "USD", "USD", 5000, 4998, 2, 1000, FIT_SAME },
		{ "USD", "USD", 5000, 5002, 1, 1000, FIT_TOTAL },
		{ "USD", "USD", 5000, 4990, 3, 1000, FIT_TOTAL },
		{ "USD", "USD", 5000, 4990, 3, 5000, FIT_FULL },
		{ "USD", "EUR", 5000, 5000, 1, 1000, FIT_CURRENCY },
		{ "USD", "EUR", 5000, 4600, 1, 5000, FIT_FULL },
		{ "JPY", NULL, 5000, 5000, 1, 1000, FIT_CURRENCY },
		{ "USD", "USD", 5000, 5001, 0, 1000, FIT_SAME },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bc_order order = { .currency = cases[i].order_currency,
			.total_minor = cases[i].order_total,
			.is_exact = true };
		struct violet_bag bag = { .currency = cases[i].bag_currency,
			.total_minor = cases[i].bag_total,
			.line_count = cases[i].lines };

		CHECK(order_fit(&order, &bag, cases[i].ours) == cases[i].fit, "case %zu", i);
	}
}

static void
an_inexact_total_fits_nothing(void **state)
{
	struct bc_order order = { .currency = "USD", .total_minor = 0, .is_exact = false };
	struct violet_bag bag = { .currency = "USD", .total_minor = 0 };

	(void)state;
	assert_int_equal(order_fit(&order, &bag, 0), FIT_TOTAL);
}

static void
proposes_in_proportion(void **state)
{
	(void)state;
	assert_int_equal(order_pro_rata(1000, 5000, 4600), 920);
	assert_int_equal(order_pro_rata(1, 3, 100), 33);
	assert_int_equal(order_pro_rata(1, 2, 1), 1); /* half up */
	assert_int_equal(order_pro_rata(5000, 5000, 4600), 4600);
	assert_int_equal(order_pro_rata(6000, 5000, 4600), 0); /* more than the order */
	assert_int_equal(order_pro_rata(0, 5000, 4600), 0);
	assert_int_equal(order_pro_rata(1000, 0, 4600), 0);
	assert_int_equal(order_pro_rata(1000, 5000, 0), 0);
	assert_int_equal(
	    order_pro_rata(999999999999999, 1000000000000000, 1000000000000000), 999999999999999);
}

static const struct violet_line bag_lines[] = {
	{ .id = 901, .external_id = "71", .quantity = 2, .line_minor = 2000 },
	{ .id = 902, .external_id = "SKU-B", .quantity = 1, .line_minor = 3000 },
	{ .id = 903, .sku = "SKU-C", .quantity = 3, .line_minor = 1000 },
	{ .id = 904, .external_id = "80", .quantity = 1 },
	{ .id = 905, .external_id = "80", .quantity = 1 },
};
static const struct violet_bag bag = {
	.currency = "USD", .total_minor = 7000, .lines = bag_lines, .line_count = 5
};
static const struct bc_product products[] = {
	{ .id = 1, .variant_id = 71, .sku = "A", .quantity = 2, .paid_minor = 2000 },
	{ .id = 2, .variant_id = 72, .sku = "SKU-B", .quantity = 1, .paid_minor = 3000 },
	{ .id = 3, .variant_id = 73, .sku = "SKU-C", .quantity = 3, .paid_minor = 1000 },
	{ .id = 4, .variant_id = 80, .sku = "", .quantity = 1, .paid_minor = 500 },
	{ .id = 5, .variant_id = 99, .sku = "NOWHERE", .quantity = 1, .paid_minor = 500 },
	{ .id = 6, .variant_id = 71, .sku = "A", .quantity = 1, .paid_minor = -1 },
};

static void
matches_lines(void **state)
{
	static const struct {
		const char *what;
		struct bc_refund_item items[3];
		size_t count;
		int64_t amount;
		bool matched;
		size_t lines;
		int64_t shipping;
	} cases[] = {
		{ "by variant", { { "PRODUCT", 1, 1, false, 0 } }, 1, 1000, true, 1, 0 },
		{ "by SKU as external id", { { "PRODUCT", 2, 1, false, 0 } }, 1, 3000, true, 1, 0 },
		{ "by SKU", { { "PRODUCT", 3, 3, false, 0 } }, 1, 1000, true, 1, 0 },
		{ "a share that does not divide", { { "PRODUCT", 3, 1, false, 0 } }, 1, 333, false,
		    0, 0 },
		{ "its own amount", { { "PRODUCT", 3, 1, true, 333 } }, 1, 333, true, 1, 0 },
		{ "two lines and shipping",
		    { { "PRODUCT", 1, 2, false, 0 }, { "PRODUCT", 2, 1, false, 0 },
			{ "SHIPPING", 7, 0, true, 500 } },
		    3, 5500, true, 2, 500 },
		{ "shipping only", { { "SHIPPING", 7, 0, true, 500 } }, 1, 500, true, 0, 500 },
		{ "shipping without amount", { { "SHIPPING", 7, 0, false, 0 } }, 1, 500, false, 0,
		    0 },
		{ "parts that don't add up", { { "PRODUCT", 1, 1, false, 0 } }, 1, 1083, false, 0,
		    0 },
		{ "more than there is", { { "PRODUCT", 1, 3, true, 3000 } }, 1, 3000, false, 0, 0 },
		{ "no quantity", { { "PRODUCT", 1, 0, true, 1000 } }, 1, 1000, false, 0, 0 },
		{ "twice the same line",
		    { { "PRODUCT", 1, 1, true, 500 }, { "PRODUCT", 1, 1, true, 500 } }, 2, 1000,
		    false, 0, 0 },
		{ "two lines of that variant", { { "PRODUCT", 4, 1, false, 0 } }, 1, 500, false, 0,
		    0 },
		{ "unknown to the bag", { { "PRODUCT", 5, 1, false, 0 } }, 1, 500, false, 0, 0 },
		{ "unknown to the order", { { "PRODUCT", 77, 1, true, 500 } }, 1, 500, false, 0,
		    0 },
		{ "inexact product", { { "PRODUCT", 6, 1, false, 0 } }, 1, 500, false, 0, 0 },
		{ "the order as such", { { "ORDER", 250, 0, true, 500 } }, 1, 500, false, 0, 0 },
		{ "gift wrapping",
		    { { "PRODUCT", 1, 1, false, 0 }, { "GIFT_WRAPPING", 1, 0, true, 100 } }, 2,
		    1100, false, 0, 0 },
		{ "an unknown word", { { "TELEPORTATION", 1, 1, true, 500 } }, 1, 500, false, 0,
		    0 },
		{ "a negative part",
		    { { "PRODUCT", 2, 1, false, 0 }, { "SHIPPING", 7, 0, true, -500 } }, 2, 2500,
		    false, 0, 0 },
		{ "tax only: no items", { { "", 0, 0, false, 0 } }, 0, 83, false, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bc_refund refund = { .items = cases[i].items, .item_count = cases[i].count };
		struct order_lines lines;
		bool matched = order_lines(
		    *state, &refund, products, COUNT(products), &bag, cases[i].amount, &lines);

		CHECK(matched == cases[i].matched, "%s", cases[i].what);
		CHECK(lines.count == cases[i].lines, "%s", cases[i].what);
		CHECK(lines.shipping_minor == cases[i].shipping, "%s", cases[i].what);
		CHECK((lines.lines == NULL) == (cases[i].lines == 0), "%s", cases[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(splits_payments),
		TEST(an_inexact_refund_splits_into_nothing),
		TEST(reads_the_status),
		TEST(fits_order_and_bag),
		TEST(an_inexact_total_fits_nothing),
		TEST(proposes_in_proportion),
		TEST(matches_lines),
	};

	return cmocka_run_group_tests_name("owed", tests, NULL, NULL);
}
