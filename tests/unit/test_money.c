/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/money.h"

static void
exponents(void **state)
{
	static const struct {
		const char *currency;
		int exponent;
	} cases[] = {
		{ "USD", 2 }, { "EUR", 2 }, { "JPY", 0 }, { "KRW", 0 }, { "ISK", 0 }, { "KWD", 3 },
		{ "TND", 3 }, { "CLF", 4 }, { "usd", -1 }, { "US", -1 }, { "USDT", -1 }, { "", -1 },
		{ "U D", -1 }, { NULL, -1 }, { "PJP", 2 }, /* across the border of two entries */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(money_exponent(cases[i].currency) == cases[i].exponent, "currency %s",
		    cases[i].currency);
}

static void
amounts(void **state)
{
	static const struct {
		const char *text;
		int exponent;
		int64_t minor;
	} cases[] = {
		{ "69.8400", 2, 6984 },
		{ "69.84", 2, 6984 },
		{ "-10.2", 2, -1020 },
		{ "5", 2, 500 },
		{ "0", 2, 0 },
		{ "0.0000", 2, 0 },
		{ "-0", 2, 0 },
		{ "0.07", 2, 7 },
		{ "20.83", 2, 2083 },
		{ "1.005", 3, 1005 },
		{ "1.5", 3, 1500 },
		{ "500.0000", 0, 500 },
		{ "500", 0, 500 },
		{ "0.1234", 4, 1234 },
		{ "10000000000000.00", 2, INT64_C(1000000000000000) },
		{ "-1000000000000000", 0, INT64_C(-1000000000000000) },
	};
	int64_t minor;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		minor = 12345;
		CHECK(money_parse(cases[i].text, cases[i].exponent, &minor), "amount %s",
		    cases[i].text);
		CHECK(minor == cases[i].minor, "amount %s: %lld", cases[i].text, (long long)minor);
	}
}

static void
refused_amounts(void **state)
{
	static const struct {
		const char *text;
		int exponent;
	} cases[] = {
		{ NULL, 2 },
		{ "", 2 },
		{ "-", 2 },
		{ ".5", 2 },
		{ "5.", 2 },
		{ "-.5", 2 },
		{ "+5", 2 },
		{ "--5", 2 },
		{ " 5", 2 },
		{ "5 ", 2 },
		{ "1,000.00", 2 },
		{ "1.5e1", 2 },
		{ "1E2", 2 },
		{ "0x10", 2 },
		{ "NaN", 2 },
		{ "1.2.3", 2 },
		{ "$5", 2 },
		{ "69.8401", 2 }, /* a hundredth of a cent is not rounded away */
		{ "0.001", 2 },
		{ "500.5", 0 },
		{ "10000000000000.01", 2 },
		{ "1000000000000001", 0 },
		{ "1000000000000000", 4 },
		{ "99999999999999999999999999999999", 2 },
		{ "5", -1 },
	};
	int64_t minor = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(!money_parse(cases[i].text, cases[i].exponent, &minor), "amount %s",
		    cases[i].text);
	assert_int_equal(minor, 42);
}

static void
sums(void **state)
{
	int64_t sum = 1;

	(void)state;
	assert_true(money_add(3, -5, &sum));
	assert_int_equal(sum, -2);
	assert_false(money_add(INT64_MAX, 1, &sum));
	assert_false(money_add(INT64_MIN, -1, &sum));
	assert_int_equal(sum, -2);
}

static void
formats(void **state)
{
	static const struct {
		int64_t minor;
		const char *currency;
		const char *text;
	} cases[] = {
		{ 1000, "USD", "10.00 USD" },
		{ 7, "USD", "0.07 USD" },
		{ 0, "USD", "0.00 USD" },
		{ -1, "USD", "-0.01 USD" },
		{ -123456, "EUR", "-1234.56 EUR" },
		{ 500, "JPY", "500 JPY" },
		{ 0, "JPY", "0 JPY" },
		{ 1005, "KWD", "1.005 KWD" },
		{ 12, "KWD", "0.012 KWD" },
		{ 1, "CLF", "0.0001 CLF" },
		{ 1000, "dollars", "1000 minor units" },
		{ INT64_MAX, "USD", "92233720368547758.07 USD" },
		{ INT64_MIN, "USD", "-92233720368547758.08 USD" },
		{ INT64_MIN, "?", "-9223372036854775808 minor units" },
	};
	char text[MONEY_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
		    money_format(cases[i].minor, cases[i].currency, text), cases[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exponents),
		cmocka_unit_test(amounts),
		cmocka_unit_test(refused_amounts),
		cmocka_unit_test(sums),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests_name("money", tests, NULL, NULL);
}
