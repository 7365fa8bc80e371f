/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka, a context per test, and helpers for tables of cases. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Like the asserts of cmocka, but naming the case of a table that failed. */
#define CHECK(cond, ...)                          \
	do {                                      \
		if (!(cond)) {                    \
			print_error(__VA_ARGS__); \
			print_error("\n");        \
			fail_msg("%s", #cond);    \
		}                                 \
	} while (0)

/* A test with a memory context in *state. */
#define TEST(function) cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)

static inline int
test_setup(void **state)
{
	*state = mem_context("test");
	return 0;
}

static inline int
test_teardown(void **state)
{
	talloc_free(*state);
	return 0;
}

#endif
