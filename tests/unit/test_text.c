/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/clock.h"
#include "base/text.h"

static void
integers(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "7", 7 },
		{ "007", 7 },
		{ "-42", -42 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "--1",
		"1-", "9223372036854775808", "-9223372036854775809", "99999999999999999999999",
		"\xd9\xa1" };
	int64_t value = 99;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!text_int(bad[i], INT64_MIN, INT64_MAX, &value), "integer \"%s\"", bad[i]);
	assert_false(text_int(NULL, 0, 1, &value));
	assert_false(text_int("4", 5, 10, &value));
	assert_false(text_int("11", 5, 10, &value));
	assert_int_equal(value, 99);
	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK(text_int(good[i].text, INT64_MIN, INT64_MAX, &value), "integer \"%s\"",
		    good[i].text);
		assert_int_equal(value, good[i].value);
	}
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = { { "120", 120000 }, { "0", 0 }, { "0.5", 500 }, { "0.05", 50 },
		{ "1.005", 1005 }, { "2.50", 2500 } };
	static const char *const bad[] = { "", ".5", "5.", "-1", "1.0005", "1s", "1.5.5", "1e3",
		" 1", "1000001", "1.-5", "1234567890123456789012345678901234567890" };
	int64_t ms = 99;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!text_duration_ms(bad[i], 0, 1000000000, &ms), "duration \"%s\"", bad[i]);
	assert_false(text_duration_ms("0.05", 100, 1000, &ms));
	assert_false(text_duration_ms(NULL, 0, 1000, &ms));
	assert_int_equal(ms, 99);
	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK(text_duration_ms(good[i].text, 0, 1000000000, &ms), "duration \"%s\"",
		    good[i].text);
		assert_int_equal(ms, good[i].ms);
	}
}

static void
store_hashes(void **state)
{
	(void)state;
	assert_true(text_is_store_hash("abc123"));
	assert_true(text_is_store_hash("a"));
	assert_true(text_is_store_hash("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(text_is_store_hash("abcdefghijklmnopqrstuvwxyz0123456"));
	assert_false(text_is_store_hash("ABC"));
	assert_false(text_is_store_hash("a/b"));
	assert_false(text_is_store_hash("a\n"));
	assert_false(text_is_store_hash(""));
	assert_false(text_is_store_hash(NULL));
}

static void
utf8(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{ "a", 1 },
		{ "\x7f", 1 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 },
		{ "\xbf", 0 },
		{ "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 }, /* overlong */
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xed\xbf\xbf", 0 }, /* surrogates */
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf8\x88\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xe2\x82", 0 },
		{ "\xe2\x28\xa1", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(text_utf8(cases[i].text, strlen(cases[i].text)) == cases[i].length,
		    "case %zu", i);
	assert_int_equal(text_utf8("\xe2\x82\xac", 2), 0); /* not beyond n */
	assert_true(text_is_utf8("a\xe2\x82\xac", 4) && text_is_utf8("a\0b", 3));
	assert_true(text_is_utf8("", 0));
	assert_false(text_is_utf8("a\xe2\x82\xac", 3) || text_is_utf8("a\xff", 2));
}

static void
plain_text(void **state)
{
	static const char *const good[] = { "", "Ada's Shop", "caf\xc3\xa9", "\xe2\x82\xac 5",
		"\xf0\x9f\x9b\x92", "a\xe2\x80\x8f" };
	static const char *const bad[] = { "a\nb", "\t", "\x7f", "\xc2\x85", "\xe2\x80\xa8",
		"\xe2\x80\xaemoc.live", "\xe2\x81\xa6", "\xff", "\xc3", "12345678901" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		CHECK(text_is_plain(good[i], 10), "text \"%s\"", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!text_is_plain(bad[i], 10), "case %zu", i);
	assert_false(text_is_plain(NULL, 10));
}

static void
times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-10-24T14:00:35+0000", INT64_C(1729778435000) },
		{ "2024-10-24T14:00:39.000Z", INT64_C(1729778439000) },
		{ "2024-10-24T14:00:39.000+00:00", INT64_C(1729778439000) },
		{ "2024-10-24T14:00:35.307Z", INT64_C(1729778435307) },
		{ "2022-06-16T16:44:15+00:00", INT64_C(1655397855000) },
		{ "2024-10-24T14:00:35.307999999Z", INT64_C(1729778435307) },
		{ "2024-10-24T14:00:35.3Z", INT64_C(1729778435300) },
		{ "2024-10-24T16:00:35+02:00", INT64_C(1729778435000) },
		{ "2024-10-24T08:30:35-0530", INT64_C(1729778435000) },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "1969-12-31T23:59:59.500Z", -500 },
		{ "Tue, 20 Nov 2012 00:00:00 +0000", INT64_C(1353369600000) },
		{ "20 Nov 2012 00:00:00 +0000", INT64_C(1353369600000) },
		{ "Fri, 2 Nov 2012 00:00:00 +0000", INT64_C(1351814400000) },
		{ "Tue, 20 Nov 2012 00:00:00 GMT", INT64_C(1353369600000) },
		{ "Tue, 20 Nov 2012 02:00:00 +0200", INT64_C(1353369600000) },
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK(text_time_ms(good[i].text, &ms), "time \"%s\"", good[i].text);
		CHECK(ms == good[i].ms, "time \"%s\": %lld", good[i].text, (long long)ms);
	}
}

static void
refused_times(void **state)
{
	static const char *const bad[] = { "", "now", "2024-10-24", "2024-10-24T14:00:35",
		"2024-10-24 14:00:35Z", "2024-10-24T14:00Z", "2024-10-24T14:00:35.Z",
		"2024-10-24T14:00:35ZZ", "2024-10-24T14:00:35+00", "2024-10-24T14:00:35+24:00",
		"2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-04-31T00:00:00Z",
		"2023-02-29T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "24-01-01T00:00:00Z",
		"+024-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "1899-12-31T23:59:59Z",
		"Tue, 20 Nov 0940 00:00:00 +0000", "Tue, 20 Nov 2012 00:00:00",
		"Tue 20 Nov 2012 00:00:00 +0000", "Tue, 20 Foo 2012 00:00:00 +0000",
		"Tue, 31 Nov 2012 00:00:00 +0000", "Tue, 20 Nov 12 00:00:00 +0000",
		"Tue, 20 Nov 2012 00:00:00 +0000 x", "Tue, 20 Nov 2012 00:00:00 GMT+1",
		"1729778435" };
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!text_time_ms(bad[i], &ms), "time \"%s\"", bad[i]);
	assert_false(text_time_ms(NULL, &ms));
	assert_int_equal(ms, 42);
}

static void
written_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ INT64_C(1795356187123), "2026-11-22T14:03:07.123Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
	};
	char text[TEXT_TIME_SIZE];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		text_from_time_ms(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		assert_true(text_time_ms(text, &ms));
		assert_int_equal(ms, cases[i].ms);
	}
	text_from_time_ms(INT64_MIN, text); /* fits */
	text_from_time_ms(INT64_MAX, text);
}

static void
loopback(void **state)
{
	static const char *const yes[] = { "localhost", "LOCALHOST", "store-abc.localhost",
		"127.0.0.1", "127.1.2.3", "::1", "[::1]" };
	static const char *const no[] = { "", "localhost.example.com", "evillocalhost",
		".localhost", "127.0.0.1.example.com", "127.1", "128.0.0.1", "10.0.0.1", "0.0.0.0",
		"[::2]", "example.com" };

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		CHECK(text_is_loopback(yes[i]), "host \"%s\"", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		CHECK(!text_is_loopback(no[i]), "host \"%s\"", no[i]);
}

static void
comparisons(void **state)
{
	char text[] = "AZaz09[`@{\xc3\x84";

	(void)state;
	text_lower(text);
	assert_string_equal(text, "azaz09[`@{\xc3\x84");
	assert_true(text_has_prefix("https://x", "HTTPS://"));
	assert_true(text_has_prefix("x", ""));
	assert_false(text_has_prefix("htt", "https"));
	assert_true(text_equal_nocase("Retry-After", "retry-after"));
	assert_false(text_equal_nocase("Retry-After", "retry-afte"));
}

static void
clocks_shift_together(void **state)
{
	int64_t now = clock_now_ms(), boot = clock_boot_ms();

	(void)state;
	clock_shift_ms(3600000);
	assert_in_range(clock_now_ms() - now, 3600000, 3660000);
	assert_in_range(clock_boot_ms() - boot, 3600000, 3660000);
	clock_shift_ms(0);
	assert_in_range(clock_boot_ms() - boot, 0, 60000);
	assert_true(now > INT64_C(1700000000000));
}

static void
words(void **state)
{
	static const char *const known[] = { "one", "two", "" };

	(void)state;
	assert_int_equal(text_find("two", known, COUNT(known)), 1);
	assert_int_equal(text_find("", known, COUNT(known)), 2);
	assert_int_equal(text_find("tw", known, COUNT(known)), 3);
	assert_int_equal(text_find(NULL, known, COUNT(known)), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(durations),
		cmocka_unit_test(store_hashes),
		cmocka_unit_test(utf8),
		cmocka_unit_test(plain_text),
		cmocka_unit_test(times),
		cmocka_unit_test(refused_times),
		cmocka_unit_test(written_times),
		cmocka_unit_test(loopback),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(words),
		cmocka_unit_test(clocks_shift_together),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
