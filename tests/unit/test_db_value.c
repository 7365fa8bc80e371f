/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "lib/db_value.h"

static const char *
write_value(const void *ctx, struct db_param param)
{
	return db_value_write(ctx, &param);
}

static void
scalars(void **state)
{
	assert_null(write_value(*state, db_null()));
	assert_null(write_value(*state, db_text(NULL)));
	assert_string_equal(write_value(*state, db_text("it's")), "it's");
	assert_string_equal(write_value(*state, db_int(INT64_MIN)), "-9223372036854775808");
	assert_string_equal(write_value(*state, db_bool(true)), "t");
	assert_string_equal(write_value(*state, db_bool(false)), "f");
	assert_string_equal(
	    write_value(*state, db_time(INT64_C(1795356187123))), "2026-11-22T14:03:07.123Z");
	assert_int_equal(db_bytes(NULL, 0).kind, DB_NULL);
	assert_int_equal(db_bytes("", 0).kind, DB_BYTES);
}

static void
arrays(void **state)
{
	const char *const texts[] = { "plain", "", NULL, "NULL", "a,b", "{x}", "q\"\\", " " };
	const int64_t ints[] = { 1, -2, INT64_MAX };
	const void *const bytes[] = { "\x00\xff", "", NULL };
	const size_t lengths[] = { 2, 0, 0 };

	assert_string_equal(write_value(*state, db_texts(texts, COUNT(texts))),
	    "{\"plain\",\"\",NULL,\"NULL\",\"a,b\",\"{x}\",\"q\\\"\\\\\",\" \"}");
	assert_string_equal(write_value(*state, db_ints(ints, 3)), "{1,-2,9223372036854775807}");
	assert_string_equal(
	    write_value(*state, db_bytess(bytes, lengths, 3)), "{\"\\\\x00ff\",\"\\\\x\",NULL}");
	assert_string_equal(write_value(*state, db_ints(NULL, 0)), "{}");
	assert_string_equal(write_value(*state, db_texts(texts, 0)), "{}");
}

static void
arrays_are_read_back(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *elements[4];
	} cases[] = {
		{ "{}", 0, { NULL } },
		{ "{1}", 1, { "1" } },
		{ "{1,-2,3}", 3, { "1", "-2", "3" } },
		{ "{NULL,\"NULL\",\"\"}", 3, { NULL, "NULL", "" } },
		{ "{a b,\"c,d\",\"{e}\",\"q\\\"\\\\\"}", 4, { "a b", "c,d", "{e}", "q\"\\" } },
	};
	const char **elements;
	size_t n;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(db_value_array(*state, cases[i].text, &elements, &n), "%s", cases[i].text);
		assert_int_equal(n, cases[i].n);
		for (size_t j = 0; j < n; j++) {
			if (cases[i].elements[j] == NULL)
				assert_null(elements[j]);
			else
				assert_string_equal(elements[j], cases[i].elements[j]);
		}
	}
}

static void
what_is_no_array(void **state)
{
	static const char *const cases[] = { "", "{", "1", "{1", "{1,", "{1,}", "{,1}", "{1}x",
		"{\"a}", "{\"a\\", "{\"a\"b}", "{{1},{2}}", "[0:1]={1,2}" };
	const char **elements;
	size_t n;

	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(!db_value_array(*state, cases[i], &elements, &n), "%s", cases[i]);
}

static void
times(void **state)
{
	static const char *const bad[] = { "", "2026-11-22", "2026-11-22 14:03:07",
		"2026-11-22 14:03:07+01", "2026-11-22T14:03:07Z", "22/11/2026 14:03:07+00",
		"0044-03-15 12:00:00+00 BC" };
	int64_t ms = 1;

	(void)state;
	assert_true(db_value_time("2026-11-22 14:03:07.123456+00", &ms));
	assert_int_equal(ms, INT64_C(1795356187123));
	assert_true(db_value_time("1970-01-01 00:00:00+00", &ms));
	assert_int_equal(ms, 0);
	assert_true(db_value_time("infinity", &ms) && ms == INT64_MAX);
	assert_true(db_value_time("-infinity", &ms) && ms == INT64_MIN);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!db_value_time(bad[i], &ms), "%s", bad[i]);
}

static void
bytes(void **state)
{
	static const char *const bad[] = { "", "x00", "\\x0", "\\x0g", "\\000" };
	const unsigned char *out;
	size_t n;

	assert_true(db_value_bytes(*state, "\\x00ff61", &out, &n));
	assert_int_equal(n, 3);
	assert_memory_equal(out, "\x00\xff\x61\x00", 4);
	assert_true(db_value_bytes(*state, "\\x", &out, &n) && n == 0 && out != NULL);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!db_value_bytes(*state, bad[i], &out, &n), "%s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scalars),
		TEST(arrays),
		TEST(arrays_are_read_back),
		TEST(what_is_no_array),
		TEST(times),
		TEST(bytes),
	};

	return cmocka_run_group_tests_name("db_value", tests, NULL, NULL);
}
