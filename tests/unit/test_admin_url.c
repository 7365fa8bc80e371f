/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "domain/admin_url.h"

static const struct conf public = {
	.bigcommerce_admin_url = "https://store-{hash}.mybigcommerce.com",
	.bigcommerce_login_url = "https://login.bigcommerce.com",
	.bigcommerce_app_id = 57141,
};

static const struct conf sandbox = {
	.bigcommerce_admin_url = "http://store-{hash}.localhost:8081",
	.bigcommerce_login_url = "http://localhost:8081",
	.bigcommerce_app_id = 57141,
};

static void
addresses_that_name_a_store(void **state)
{
	static const struct {
		const char *typed, *hash, *host;
	} cases[] = {
		{ "https://store-abc123.mybigcommerce.com/manage/dashboard", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com/", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com/manage/orders?page=2#top", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123-456.mybigcommerce.com/manage", "abc123",
		    "store-abc123-456.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com/admin/index.php?ToDo=x", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "store-abc123.mybigcommerce.com/manage", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "store-abc123.mybigcommerce.com", "abc123", "store-abc123.mybigcommerce.com" },
		{ "HTTPS://Store-ABC123.MyBigCommerce.COM/manage", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "http://store-abc123.mybigcommerce.com/manage", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com./manage", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://store-abc123.mybigcommerce.com:443/manage", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "  <https://store-abc123.mybigcommerce.com/manage>, ", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "\"https://store-abc123.mybigcommerce.com/manage\"", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "\xc2\xa0\xe2\x80\x8bhttps://store-abc123.mybigcommerce.com.\xc2\xa0", "abc123",
		    "store-abc123.mybigcommerce.com" },
		{ "https://api.bigcommerce.com/stores/abc123/v3/", "abc123",
		    "api.bigcommerce.com" },
		{ "api.bigcommerce.com/stores/ABC123", "abc123", "api.bigcommerce.com" },
		{ "stores/abc123/v3/", "abc123", "abc123" },
		{ "/stores/abc123", "abc123", "abc123" },
		{ "Stores/ABC123", "abc123", "abc123" },
		{ "abc123", "abc123", "abc123" },
		{ " ABC123\n", "abc123", "abc123" },
		{ "1pslcuh", "1pslcuh", "1pslcuh" },
		{ "store-abc123", "abc123", "abc123" },
		{ "store-abc123-456", "abc123", "abc123" },
	};
	struct admin_url url;

	for (size_t i = 0; i < COUNT(cases); i++) {
		admin_url_read(&public, *state, cases[i].typed, &url);
		CHECK(url.kind == ADMIN_URL_STORE, "\"%s\" is %s", cases[i].typed,
		    admin_url_kind_name(url.kind));
		assert_string_equal(url.store_hash, cases[i].hash);
		assert_string_equal(url.host, cases[i].host);
	}
}

static void
addresses_that_name_none(void **state)
{
	static const struct {
		const char *typed;
		enum admin_url_kind kind;
	} cases[] = {
		{ NULL, ADMIN_URL_EMPTY },
		{ "", ADMIN_URL_EMPTY },
		{ " \t\r\n", ADMIN_URL_EMPTY },
		{ "<>", ADMIN_URL_EMPTY },
		{ "my store", ADMIN_URL_UNREADABLE },
		{ "my-store", ADMIN_URL_UNREADABLE },
		{ "myshop", ADMIN_URL_UNREADABLE },
		{ "shop1", ADMIN_URL_UNREADABLE },
		{ "localhost", ADMIN_URL_UNREADABLE },
		{ "https://", ADMIN_URL_UNREADABLE },
		{ "https:\\\\store-abc123.mybigcommerce.com", ADMIN_URL_UNREADABLE },
		{ "ftp://store-abc123.mybigcommerce.com", ADMIN_URL_UNREADABLE },
		{ "httpx://store-abc123.mybigcommerce.com", ADMIN_URL_UNREADABLE },
		{ "javascript:alert(1)", ADMIN_URL_UNREADABLE },
		{ "data:text/html,x", ADMIN_URL_UNREADABLE },
		{ "https://store-abc123.mybigcommerce.com/a\nb", ADMIN_URL_UNREADABLE },
		{ "https://localhost/manage", ADMIN_URL_UNREADABLE },
		{ "stores/../v3", ADMIN_URL_UNREADABLE },
		{ "\xff\xfe", ADMIN_URL_UNREADABLE },
		{ "https://a%ff.com/", ADMIN_URL_UNREADABLE },
		{ "https://a%e2%80%ae.com/", ADMIN_URL_UNREADABLE },
		{ "abcdefghijklmnopqrstuvwxyz0123456", ADMIN_URL_UNREADABLE }, /* 33 */
		{ "me@example.com", ADMIN_URL_EMAIL },
		{ "https://login.bigcommerce.com/login", ADMIN_URL_ACCOUNT },
		{ "https://login.bigcommerce.com/deep-links/manage", ADMIN_URL_ACCOUNT },
		{ "login.mybigcommerce.com", ADMIN_URL_ACCOUNT },
		{ "https://accounts.bigcommerce.com/x", ADMIN_URL_ACCOUNT },
		{ "https://manage.bigcommerce.com/account", ADMIN_URL_ACCOUNT },
		{ "https://www.bigcommerce.com/", ADMIN_URL_SITE },
		{ "bigcommerce.com", ADMIN_URL_SITE },
		{ "https://support.bigcommerce.com/articles", ADMIN_URL_SITE },
		{ "https://api.bigcommerce.com/", ADMIN_URL_SITE },
		{ "https://api.bigcommerce.com/stores/", ADMIN_URL_SITE },
		{ "https://api.bigcommerce.com/stores/a_b/v3", ADMIN_URL_SITE },
		{ "mybigcommerce.com", ADMIN_URL_SITE },
		{ "https://mystore.mybigcommerce.com/manage", ADMIN_URL_CHOSEN },
		{ "https://my-store.mybigcommerce.com/manage", ADMIN_URL_CHOSEN },
		{ "https://store-.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://store-abc-def.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://store-abc-0.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://store-abc_1.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://x.store-abc123.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://xstore-abc123.mybigcommerce.com", ADMIN_URL_CHOSEN },
		{ "https://store-abcdefghijklmnopqrstuvwxyz0123456.mybigcommerce.com",
		    ADMIN_URL_CHOSEN },
		{ "https://www.myshop.com/manage", ADMIN_URL_CUSTOM },
		{ "myshop.com/admin", ADMIN_URL_CUSTOM },
		{ "https://store-abc123.mybigcommerce.com.evil.example/manage", ADMIN_URL_CUSTOM },
		{ "https://store-abc123.mybigcommerce.com@evil.example/", ADMIN_URL_CUSTOM },
		{ "https://evil.example/store-abc123.mybigcommerce.com", ADMIN_URL_CUSTOM },
		{ "https://evil.example/?https://store-abc123.mybigcommerce.com",
		    ADMIN_URL_CUSTOM },
		{ "https://store-abc123xmybigcommerce.com/", ADMIN_URL_CUSTOM },
		{ "https://notmybigcommerce.com/", ADMIN_URL_CUSTOM },
		{ "https://127.0.0.1/manage", ADMIN_URL_CUSTOM },
		{ "https://store-abc123.my-bigcommerce.com/manage", ADMIN_URL_INTERNAL },
		{ "https://store-abc123.my-integration.zone/manage", ADMIN_URL_INTERNAL },
		{ "https://store-abc123.my-staging.zone/manage", ADMIN_URL_INTERNAL },
	};
	struct admin_url url;

	for (size_t i = 0; i < COUNT(cases); i++) {
		admin_url_read(&public, *state, cases[i].typed, &url);
		CHECK(url.kind == cases[i].kind, "\"%s\" is %s, not %s", cases[i].typed,
		    admin_url_kind_name(url.kind), admin_url_kind_name(cases[i].kind));
		assert_null(url.store_hash);
	}
}

/* Only the host is remembered: a pasted address may hold a password or a token. */
static void
secrets_are_not_kept(void **state)
{
	struct admin_url url;

	admin_url_read(
	    &public, *state, "https://me:pw@shop.example/x?signed_payload_jwt=secret#f", &url);
	assert_string_equal(url.host, "shop.example");
	admin_url_read(&public, *state, "me@example.com", &url);
	assert_string_equal(url.host, "");
}

static void
too_long_is_unreadable(void **state)
{
	char *long_path = mem_array(*state, char, 3000);
	struct admin_url url;

	memset(long_path, 'a', 2999);
	admin_url_read(&public, *state,
	    mem_printf(*state, "https://store-abc123.mybigcommerce.com/%s", long_path), &url);
	assert_int_equal(url.kind, ADMIN_URL_UNREADABLE);
}

/* The template names further hosts; the public ones are understood with any. */
static void
the_template_decides(void **state)
{
	struct admin_url url;

	admin_url_read(&sandbox, *state, "http://store-abc123.localhost:8081/manage", &url);
	assert_int_equal(url.kind, ADMIN_URL_STORE);
	assert_string_equal(url.store_hash, "abc123");
	admin_url_read(&sandbox, *state, "https://store-def456.mybigcommerce.com", &url);
	assert_string_equal(url.store_hash, "def456");
	admin_url_read(&public, *state, "http://store-abc123.localhost:8081/manage", &url);
	assert_int_equal(url.kind, ADMIN_URL_CUSTOM);
}

static void
addresses_that_we_make(void **state)
{
	assert_string_equal(
	    admin_url_store(&public, *state, "abc123"), "https://store-abc123.mybigcommerce.com");
	assert_string_equal(admin_url_app(&public, *state, "abc123"),
	    "https://store-abc123.mybigcommerce.com/manage/app/57141");
	assert_string_equal(admin_url_app_page(&public, *state, "abc123"),
	    "https://store-abc123.mybigcommerce.com/manage/marketplace/apps/57141");
	assert_string_equal(admin_url_app_page(&public, *state, NULL),
	    "https://login.bigcommerce.com/deep-links/marketplace/apps/57141");
	assert_string_equal(admin_url_app(&sandbox, *state, "abc123"),
	    "http://store-abc123.localhost:8081/manage/app/57141");
}

static void
origins_for_the_policy(void **state)
{
	assert_string_equal(admin_url_origins(&public, *state),
	    "https://*.mybigcommerce.com https://*.bigcommerce.com");
	assert_string_equal(
	    admin_url_origins(&sandbox, *state), "http://*.localhost:8081 http://localhost:8081");
	assert_string_equal(
	    admin_url_origin(&public, *state, "abc123"), "https://store-abc123.mybigcommerce.com");
	assert_string_equal(admin_url_origin(&public, *state, NULL), "https://*.mybigcommerce.com");
	assert_string_equal(
	    admin_url_origin(&sandbox, *state, "abc123"), "http://store-abc123.localhost:8081");
	assert_string_equal(admin_url_origin(&sandbox, *state, NULL), "http://*.localhost:8081");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_that_name_a_store),
		TEST(addresses_that_name_none),
		TEST(secrets_are_not_kept),
		TEST(too_long_is_unreadable),
		TEST(the_template_decides),
		TEST(addresses_that_we_make),
		TEST(origins_for_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
