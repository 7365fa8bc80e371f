/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/asset.h"

static void
the_schema_travels_along(void **state)
{
	const struct asset *asset = asset_find("sql/migrations/0001_schema.sql");

	(void)state;
	assert_non_null(asset);
	assert_int_equal(asset_length(asset), strlen(asset->bytes));
	assert_true(asset_length(asset) > 1000);
	assert_null(asset_find("sql/migrations/"));
	assert_null(asset_find(""));
}

static void
paths_are_sorted(void **state)
{
	(void)state;
	for (const struct asset *asset = assets; asset->path != NULL; asset++) {
		assert_int_equal(*asset->end, '\0');
		if (asset > assets)
			CHECK(strcmp(asset[-1].path, asset->path) < 0, "%s", asset->path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_travels_along),
		cmocka_unit_test(paths_are_sorted),
	};

	return cmocka_run_group_tests_name("asset", tests, NULL, NULL);
}
