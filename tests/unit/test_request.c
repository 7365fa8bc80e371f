/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "web/request.h"
#include "web/route.h"

static struct request_pairs *
form(void *ctx, const char *text)
{
	return request_pairs_form(ctx, text, strlen(text));
}

static void
values(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} cases[] = {
		{ "a=1&b=2", "a", "1" },
		{ "a=1&b=2", "b", "2" },
		{ "a=1", "c", NULL },
		{ "", "a", NULL },
		{ "a", "a", "" },
		{ "a=", "a", "" },
		{ "=1", "", "1" },
		{ "&&a=1&&", "a", "1" },
		{ "a=b=c", "a", "b=c" },
		{ "a=x+y%20z", "a", "x y z" },
		{ "a%62c=1", "abc", "1" },
		{ "a=%e2%82%ac", "a", "€" },
		{ "a=%2b%26%3D", "a", "+&=" },
		{ "a=1&a=2", "a", "1" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *value = request_pairs_get(form(*state, cases[i].text), cases[i].name);

		CHECK((value == NULL) == (cases[i].value == NULL) &&
			  (value == NULL || strcmp(value, cases[i].value) == 0),
		    "%s: %s", cases[i].text, value);
	}
	assert_null(request_pairs_get(NULL, "a"));
}

static void
faults(void **state)
{
	static const struct {
		const char *text, *names, *fault;
	} cases[] = {
		{ "a=1&b=2", "a b c", NULL },
		{ "a=1&a=2", "b", NULL },
		{ "x=%zz&y=%", "a", NULL },
		{ "a=1", NULL, NULL },
		{ "a=1&a=2", "b a", "\"a\" is given twice" },
		{ "a=%zz", "a", "\"a\" is not encoded as it should be" },
		{ "a=%4", "a", "\"a\" is not encoded as it should be" },
		{ "a=%", "a", "\"a\" is not encoded as it should be" },
		{ "a=%00", "a", "\"a\" is not encoded as it should be" },
		{ "a=%ff", "a", "\"a\" is not encoded as it should be" },
		{ "a=%c0%af", "a", "\"a\" is not encoded as it should be" },
		{ "a=%ed%a0%80", "a", "\"a\" is not encoded as it should be" },
		{ "a=1&b=", "a! b!", NULL },
		{ "a=1", "a! b!", "\"b\" is missing" },
		{ "", "a!", "\"a\" is missing" },
		{ "a=1&a=2", "a!", "\"a\" is given twice" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fault =
		    request_pairs_fault(*state, form(*state, cases[i].text), cases[i].names);

		CHECK((fault == NULL) == (cases[i].fault == NULL) &&
			  (fault == NULL || strcmp(fault, cases[i].fault) == 0),
		    "%s: %s", cases[i].text, fault);
	}
}

static void
too_many(void **state)
{
	char *text = mem_text(*state, "a=1");

	for (int i = 1; i < REQUEST_PAIRS; i++)
		text = mem_printf(*state, "%s&x%d=", text, i);
	assert_null(request_pairs_fault(*state, form(*state, text), "a"));
	text = mem_printf(*state, "%s&y=", text);
	assert_non_null(request_pairs_fault(*state, form(*state, text), "a"));
}

static void
cookies(void **state)
{
	static const char header[] = "a=1; b=\"2\";c=3=4; flag; a=other; d=%20";
	struct request_pairs *pairs = request_pairs_cookies(*state, header, strlen(header));

	assert_string_equal(request_pairs_get(pairs, "a"), "1");
	assert_string_equal(request_pairs_get(pairs, "b"), "\"2\"");
	assert_string_equal(request_pairs_get(pairs, "c"), "3=4");
	assert_string_equal(request_pairs_get(pairs, "d"), "%20");
	assert_null(request_pairs_get(pairs, "flag"));
}

static void
finding_routes(void **state)
{
	static const struct {
		const char *method, *path;
		bool found;
		const char *slug, *allow;
	} cases[] = {
		{ "GET", "/readyz", true, NULL, "GET, HEAD" },
		{ "HEAD", "/readyz", true, NULL, "GET, HEAD" },
		{ "POST", "/readyz", false, NULL, "GET, HEAD" },
		{ "GET", "/readyz/", false, NULL, NULL },
		{ "GET", "/readyzx", false, NULL, NULL },
		{ "GET", "", false, NULL, NULL },
		{ "GET", "/", false, NULL, NULL },
		{ "GET", "/assets/violet.css", true, "violet.css", "GET, HEAD" },
		{ "GET", "/assets/", false, NULL, NULL },
		{ "GET", "/assets/a/b", false, NULL, NULL },
		{ "GET", "/assets/a%2fb", false, NULL, NULL },
		{ "GET", "/connect/acme", true, "acme", "GET, HEAD, POST" },
		{ "PUT", "/connect/acme", false, NULL, "GET, HEAD, POST" },
		{ "GET", "/connect/acme/wait", true, "acme", "GET, HEAD, POST" },
		{ "GET", "/connect/acme/wait/status", true, "acme", "GET, HEAD" },
		{ "get", "/readyz", false, NULL, "GET, HEAD" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *slug, *allow;
		const struct route *route =
		    route_find(*state, cases[i].method, cases[i].path, &slug, &allow);

		CHECK((route != NULL) == cases[i].found, "%s", cases[i].path);
		CHECK((slug == NULL) == (cases[i].slug == NULL) &&
			  (slug == NULL || strcmp(slug, cases[i].slug) == 0),
		    "%s: %s", cases[i].path, slug);
		CHECK((allow == NULL) == (cases[i].allow == NULL) &&
			  (allow == NULL || strcmp(allow, cases[i].allow) == 0),
		    "%s: %s", cases[i].path, allow);
	}
}

/* Each row once, with a handler, and a slug that is short enough. */
static void
table_of_routes(void **state)
{
	char long_path[200];
	const char *slug, *allow;

	for (size_t i = 0; i < routes_count; i++) {
		assert_non_null(routes[i].handler);
		assert_non_null(routes[i].reads);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(routes[i].path, routes[j].path) != 0 ||
				  strcmp(routes[i].method, routes[j].method) != 0,
			    "%s is there twice", routes[i].path);
	}
	assert_null(routes[routes_count].path);
	memset(long_path, 'a', sizeof(long_path));
	memcpy(long_path, "/connect/", 9);
	long_path[9 + 64] = '\0';
	assert_non_null(route_find(*state, "GET", long_path, &slug, &allow));
	long_path[9 + 64] = 'a';
	long_path[9 + 65] = '\0';
	assert_null(route_find(*state, "GET", long_path, &slug, &allow));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values),
		TEST(faults),
		TEST(too_many),
		TEST(cookies),
		TEST(finding_routes),
		TEST(table_of_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
