/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "lib/http.h"

static void
parts_of_good_urls(void **state)
{
	static const struct {
		const char *text;
		bool guess;
		const char *scheme, *host, *path, *query, *fragment, *user;
		int port;
	} cases[] = {
		{ "https://Store-ABC.mybigcommerce.com/manage/?a=1#top", false, "https",
		    "store-abc.mybigcommerce.com", "/manage/", "a=1", "top", "", 0 },
		{ "store-abc.mybigcommerce.com/manage", true, "https",
		    "store-abc.mybigcommerce.com", "/manage", "", "", "", 0 },
		{ "http://localhost:8080", true, "http", "localhost", "/", "", "", "", 8080 },
		{ "HTTPS://[::1]:443/x", false, "https", "[::1]", "/x", "", "", "", 443 },
		{ "https://me:pw@example.com/", false, "https", "example.com", "/", "", "", "me",
		    0 },
		{ "localhost:9000/manage", true, "https", "localhost", "/manage", "", "", "",
		    9000 },
		{ "https://example.com?x=%26", false, "https", "example.com", "/", "x=%26", "", "",
		    0 },
		{ "https://0x7f.1/", false, "https", "127.0.0.1", "/", "", "", "", 0 },
	};
	struct http_url url;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(http_url_parse(*state, cases[i].text, cases[i].guess, &url) == RC_OK, "%s",
		    cases[i].text);
		assert_string_equal(url.scheme, cases[i].scheme);
		assert_string_equal(url.host, cases[i].host);
		assert_string_equal(url.path, cases[i].path);
		assert_string_equal(url.query, cases[i].query);
		assert_string_equal(url.fragment, cases[i].fragment);
		assert_string_equal(url.user, cases[i].user);
		assert_int_equal(url.port, cases[i].port);
	}
}

static void
bad_urls(void **state)
{
	static const char *const cases[] = { "", "https://", "https://a b/", "https://host:99999/",
		"https://host:x/", "https://ho\nst/", "https://[::1/", "https://store-{hash}.com/",
		"javascript:alert(1)" };
	struct http_url url;

	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(http_url_parse(*state, cases[i], true, &url) == RC_INVALID,
		    "%s is taken for %s", cases[i], url.host);
	assert_int_equal(http_url_parse(*state, "example.com", false, &url), RC_INVALID);
}

static void
escaping(void **state)
{
	assert_string_equal(
	    http_escape(*state, "a b&c=d/e?\xc3\xa9"), "a%20b%26c%3Dd%2Fe%3F%C3%A9");
	assert_string_equal(http_escape(*state, "A-Z_a.z~0"), "A-Z_a.z~0");
	assert_string_equal(http_escape(*state, ""), "");
}

static void
merging_a_query(void **state)
{
	static const char *const pairs[][2] = { { "merchant_id", "42" }, { "state", "a&b=c d" },
		{ "gone", NULL } };
	static const struct {
		const char *url, *result;
	} cases[] = {
		{ "https://shop.example/back",
		    "https://shop.example/back?merchant_id=42&state=a%26b%3Dc%20d" },
		{ "https://shop.example/back?x=1&y=%2F",
		    "https://shop.example/back?x=1&y=%2F&merchant_id=42&state=a%26b%3Dc%20d" },
		{ "https://shop.example/back?state=old&x=1&state=older&gone=1&%73tate=oldest",
		    "https://shop.example/back?x=1&merchant_id=42&state=a%26b%3Dc%20d" },
		{ "https://shop.example/back?statement=1&flag&&#top",
		    "https://shop.example/"
		    "back?statement=1&flag&merchant_id=42&state=a%26b%3Dc%20d#top" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
		    http_url_with(*state, cases[i].url, pairs, COUNT(pairs)), cases[i].result);
	assert_string_equal(
	    http_url_with(*state, "https://a.example/?gone=1", pairs + 2, 1), "https://a.example/");
	assert_null(http_url_with(*state, "not a url", pairs, COUNT(pairs)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_of_good_urls),
		TEST(bad_urls),
		TEST(escaping),
		TEST(merging_a_query),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
