/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the merchants that a channel sees is the store. */
#include "test.h"

#include "domain/merchant.h"

#define ADMIN "http://store-{hash}.localhost:8081"
#define BC    "BIGCOMMERCE"

static const struct {
	struct violet_merchant merchants[4];
	size_t found;
	int64_t id;
} cases[] = {
	{ { { 0 } }, 0, 0 },
	{ { { 1, BC, "abc123", NULL } }, 1, 1 },
	{ { { 1, BC, "abc1234", NULL }, { 2, BC, "abc123", NULL } }, 1, 2 },
	{ { { 1, BC, "ABC123", NULL } }, 0, 0 },
	/* another platform's merchant with the same id is somebody else */
	{ { { 1, "SHOPIFY", "abc123", NULL }, { 2, NULL, "abc123", NULL } }, 0, 0 },
	/* the permanent host, in any clothes */
	{ { { 1, BC, NULL, "https://store-abc123.mybigcommerce.com" } }, 1, 1 },
	{ { { 1, BC, NULL, "store-abc123.mybigcommerce.com/" } }, 1, 1 },
	{ { { 1, BC, "", "HTTPS://Store-ABC123.MyBigCommerce.com/manage?x" } }, 1, 1 },
	{ { { 1, BC, NULL, "http://store-abc123.localhost:8081" } }, 1, 1 },
	/* not by what only looks like it */
	{ { { 1, BC, NULL, "https://store-abc123.mybigcommerce.com.evil.example" } }, 0, 0 },
	{ { { 1, BC, NULL, "https://evil.example/store-abc123.mybigcommerce.com" } }, 0, 0 },
	{ { { 1, BC, NULL, "https://store-abc123.mybigcommerce.com@evil.example" } }, 0, 0 },
	{ { { 1, BC, NULL, "https://shop.example" }, { 2, BC, NULL, "::" } }, 0, 0 },
	/* the external id is stronger than the host */
	{ { { 1, BC, NULL, "https://store-abc123.mybigcommerce.com" }, { 2, BC, "abc123", NULL } },
	    1, 2 },
	/* the same merchant twice is one, two merchants are two */
	{ { { 1, BC, "abc123", NULL }, { 1, BC, "abc123", NULL } }, 1, 1 },
	{ { { 1, BC, "abc123", NULL }, { 2, BC, "abc123", NULL } }, 2, 0 },
};

static void
test_match(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t id = 0;
		size_t found = merchant_match(*state, ADMIN, "abc123", cases[i].merchants, 4, &id);

		CHECK(found == cases[i].found, "case %zu: %zu found", i, found);
		CHECK(found != 1 || id == cases[i].id, "case %zu: %lld", i, (long long)id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_match),
	};

	mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
