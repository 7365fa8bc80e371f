/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/buf.h"

static void
grows_and_ends_with_nul(void **state)
{
	struct buf *buf = buf_new(*state, 100000);

	assert_string_equal(buf->bytes, "");
	for (int i = 0; i < 10000; i++)
		buf_printf(buf, "%04d,", i);
	assert_int_equal(buf->length, 50000);
	assert_false(buf->overflowed);
	assert_int_equal(buf->bytes[50000], '\0');
	assert_memory_equal(buf->bytes + 49990, "9998,9999,", 10);
}

static void
holds_exactly_its_maximum(void **state)
{
	struct buf *buf = buf_new(*state, 8);

	buf_text(buf, "12345678");
	assert_false(buf->overflowed);
	buf_add(buf, "", 0);
	assert_false(buf->overflowed);
	buf_text(buf, "9");
	assert_true(buf->overflowed);
	assert_string_equal(buf->bytes, "12345678");
}

static void
adds_nothing_after_an_overflow(void **state)
{
	struct buf *buf = buf_new(*state, 8);

	buf_text(buf, "1234");
	buf_printf(buf, "%s", "56789");
	assert_true(buf->overflowed);
	buf_text(buf, "5"); /* would fit, but what came before is missing */
	assert_string_equal(buf->bytes, "1234");
	buf_clear(buf);
	buf_text(buf, "again");
	assert_false(buf->overflowed);
	assert_string_equal(buf->bytes, "again");
}

static void
takes_any_bytes(void **state)
{
	struct buf *buf = buf_new(*state, 8);

	buf_add(buf, "a\0b", 3);
	assert_int_equal(buf->length, 3);
	assert_memory_equal(buf->bytes, "a\0b", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(grows_and_ends_with_nul),
		TEST(holds_exactly_its_maximum),
		TEST(adds_nothing_after_an_overflow),
		TEST(takes_any_bytes),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
