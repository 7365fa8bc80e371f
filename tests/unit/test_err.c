/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/err.h"

static void
set_keeps_code_and_text(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, RC_BUSY, "store %d", 7), RC_BUSY);
	assert_int_equal(err.code, RC_BUSY);
	assert_string_equal(err.text, "store 7");
}

static void
prefix_keeps_the_code(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, RC_UNCERTAIN, "no answer");
	assert_int_equal(err_prefix(&err, "refund %d: ", 812), RC_UNCERTAIN);
	assert_string_equal(err.text, "refund 812: no answer");
}

static void
text_may_be_its_own_argument(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, RC_BUSY, "inner");
	err_set(&err, RC_BROKEN, "outer: %s", err.text);
	assert_string_equal(err.text, "outer: inner");
	err_prefix(&err, "%s and ", err.text);
	assert_string_equal(err.text, "outer: inner and outer: inner");
}

static void
long_text_is_cut_between_characters(void **state)
{
	struct err err;
	char text[600];

	(void)state;
	memset(text, 'a', 510);
	memcpy(text + 510, "\xe2\x82\xac", 4); /* a euro sign over the end */
	err_set(&err, RC_BROKEN, "%s", text);
	/* what is left of it is replaced, so that the text stays well formed */
	assert_int_equal(strlen(err.text), 511);
	assert_int_equal(err.text[510], '?');

	memset(text, 'b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void
malformed_bytes_are_replaced(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, RC_BROKEN, "answer \"a\xff\xc3\"");
	assert_string_equal(err.text, "answer \"a??\"");
}

static void
every_code_has_a_name(void **state)
{
	(void)state;
	for (enum rc code = RC_OK; code < RC__COUNT; code++)
		assert_string_not_equal(rc_name(code), "unknown");
	assert_string_equal(rc_name(RC_UNCERTAIN), "uncertain");
	assert_string_equal(rc_name(RC__COUNT), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_code_and_text),
		cmocka_unit_test(prefix_keeps_the_code),
		cmocka_unit_test(text_may_be_its_own_argument),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(malformed_bytes_are_replaced),
		cmocka_unit_test(every_code_has_a_name),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
