/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
copies(void **state)
{
	char source[] = "text";
	char *copy = mem_text(*state, source);
	const int *numbers = mem_array(*state, int, 1000);

	source[0] = 'n';
	assert_string_equal(copy, "text");
	assert_null(mem_text(*state, NULL));
	assert_memory_equal(mem_bytes(*state, "a\0b", 3), "a\0b", 4);
	assert_string_equal(mem_bytes(*state, NULL, 0), "");
	assert_string_equal(mem_printf(*state, "%s-%d", "x", 7), "x-7");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], 0);
}

static void
arrays_grow_by_one(void **state)
{
	int *numbers = NULL;

	for (int i = 0; i < 1000; i++) {
		numbers = mem_grow(*state, numbers, (size_t)i, sizeof(*numbers));
		assert_int_equal(numbers[i], 0);
		numbers[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	assert_ptr_equal(talloc_parent(numbers), *state);
}

static void
a_context_takes_all_with_it(void **state)
{
	void *ctx = mem_context("request");
	size_t blocks = talloc_total_blocks(ctx);

	(void)state;
	assert_string_equal(talloc_get_name(ctx), "request");
	assert_null(talloc_parent(ctx));
	mem_text(mem_text(ctx, "child"), "grandchild");
	assert_int_equal(talloc_total_blocks(ctx), blocks + 2);
	assert_int_equal(talloc_free(ctx), 0);
}

/* In a pool freed memory stays where it was, so that it can be looked at. */
static void
secrets_are_wiped(void **state)
{
	void *pool = talloc_pool(*state, 4096);
	char *plain = mem_text(pool, "ordinary");
	char *secret = mem_secret(mem_text(pool, "password"));

	talloc_free(secret);
	assert_memory_equal(secret, "\0\0\0\0\0\0\0\0", 9);
	assert_string_equal(plain, "ordinary");
}

static void
want_too_much(void)
{
	mem_zero(NULL, 1U << 31, 1U << 31);
}

static void
grow_too_much(void)
{
	mem_resize(NULL, NULL, SIZE_MAX / 2);
}

static void
free_twice(void)
{
	void *p = mem_context("freed");
	void *volatile again = p;

	talloc_free(p);
	talloc_free(again);
}

static void
dies_instead_of_going_on(void **state)
{
	void (*const cases[])(void) = { want_too_much, grow_too_much, free_twice };
	int status;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		pid_t child = fork();

		if (child == 0) {
			close(STDERR_FILENO);
			mem_init();
			cases[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		/* a sanitizer may be faster, and exits by itself */
		CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(copies),
		TEST(arrays_grow_by_one),
		TEST(a_context_takes_all_with_it),
		TEST(secrets_are_wiped),
		TEST(dies_instead_of_going_on),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
