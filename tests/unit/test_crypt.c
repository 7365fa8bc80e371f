/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/crypt.h"

/* 32 bytes each: 0x00..., 0xff... */
#define KEY_ONE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_TWO "//////////////////////////////////////////8="

static enum rc
read_keys(const void *ctx, const char *content, struct crypt_keys **keys, struct err *err)
{
	char path[] = "/tmp/test_crypt.XXXXXX";
	int fd = mkstemp(path);
	enum rc rc;

	assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	close(fd);
	rc = crypt_keys_read(ctx, path, keys, err);
	unlink(path);
	return rc;
}

static struct crypt_keys *
good_keys(const void *ctx, const char *content)
{
	struct crypt_keys *keys = NULL;
	struct err err = { 0 };

	CHECK(read_keys(ctx, content, &keys, &err) == RC_OK, "%s", err.text);
	return keys;
}

/* FIPS 180-4 example, RFC 4231 case 2. */
static void
known_digests(void **state)
{
	unsigned char out[CRYPT_MAC_SIZE];

	crypt_sha256("abc", 3, out);
	assert_string_equal(crypt_hex(*state, out, sizeof(out)),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypt_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	assert_string_equal(crypt_hex(*state, out, sizeof(out)),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* A Standard Webhooks signature as BigCommerce makes them: the key is the client secret as it is.
 */
static void
webhook_signature(void **state)
{
	static const char secret[] = "test_client_secret_0123456789abcdef";
	static const char signed_text[] =
	    "msg_test_0001.1700000001.{\"producer\":\"stores/"
	    "abc123\",\"hash\":\"0000000000000000000000000000000000000001\","
	    "\"created_at\":1700000000,\"store_id\":\"1025646\",\"scope\":\"store/order/refund/"
	    "created\","
	    "\"data\":{\"type\":\"order\",\"id\":250,\"refund\":{\"refund_id\":3}}}";
	unsigned char out[CRYPT_MAC_SIZE];
	unsigned char *sent;
	size_t n;

	crypt_hmac_sha256(secret, strlen(secret), signed_text, strlen(signed_text), out);
	assert_string_equal(
	    crypt_base64(*state, out, sizeof(out)), "1E09D6ixsIaUtlwkpxpUFle5JE/a/qQ8SHx8NVspIws=");
	sent = crypt_unbase64(*state, "1E09D6ixsIaUtlwkpxpUFle5JE/a/qQ8SHx8NVspIws=", 44, &n);
	assert_non_null(sent);
	assert_int_equal(n, CRYPT_MAC_SIZE);
	assert_true(crypt_equal(sent, out, n));
	sent[31] ^= 1;
	assert_false(crypt_equal(sent, out, n));
}

static void
base64url(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *bytes;
	} good[] = { { "", 0, "" }, { "Zg", 1, "f" }, { "Zmc", 2, "fg" }, { "Zm9v", 3, "foo" },
		{ "-_8", 2, "\xfb\xff" }, { "AAAA", 3, "\0\0\0" } };
	static const char *const bad[] = { "Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm9vY", "+/8",
		"Zm 9v", "Zm9v\n", "Zm9v=", "Zm9v.", "Z===", "=", "-6\xbe\xd1\xc7\xcbgg" };
	unsigned char *bytes;
	size_t n;

	for (size_t i = 0; i < COUNT(good); i++) {
		bytes = crypt_unbase64url(*state, good[i].text, strlen(good[i].text), &n);
		CHECK(bytes != NULL && n == good[i].n, "\"%s\"", good[i].text);
		assert_memory_equal(bytes, good[i].bytes, n + 1); /* a NUL behind */
		assert_string_equal(
		    crypt_base64url(*state, good[i].bytes, good[i].n), good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(crypt_unbase64url(*state, bad[i], strlen(bad[i]), &n) == NULL, "\"%s\"",
		    bad[i]);
	assert_null(crypt_unbase64url(*state, "Zm9v\0", 5, &n));
	assert_non_null(crypt_unbase64url(*state, "Zm9vZZZ", 4, &n)); /* length counts, not a NUL */
}

static void
base64(void **state)
{
	static const char *const bad[] = { "Zg", "Zg=", "Zh==", "Zm8",
		"Zm9=", "-_8=", "Zm9v=", "Zg==Zg==" };
	size_t n;

	assert_string_equal(crypt_base64(*state, "\xfb\xff", 2), "+/8=");
	assert_non_null(crypt_unbase64(*state, "+/8=", 4, &n));
	assert_int_equal(n, 2);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(crypt_unbase64(*state, bad[i], strlen(bad[i]), &n) == NULL, "\"%s\"", bad[i]);
}

static void
random_texts(void **state)
{
	char *one = crypt_random_text(*state, 32), *two = crypt_random_text(*state, 32);
	char *code = crypt_random_code(*state, 1000);

	assert_int_equal(strlen(one), 43);
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(code), 1000);
	assert_int_equal(strspn(code, "23456789ABCDEFGHJKMNPQRSTVWXYZ"), 1000);
	for (const char *c = "23456789ABCDEFGHJKMNPQRSTVWXYZ"; *c != '\0'; c++)
		CHECK(strchr(code, *c) != NULL, "%c never came",
		    *c); /* fails by chance once in 10^13 runs */
}

static void
key_files(void **state)
{
	static const struct {
		const char *content, *reason;
	} bad[] = {
		{ "# nothing\n", "holds no key" },
		{ "k1\n", "line 1: wanted is a key id" },
		{ "# two\nK1 " KEY_ONE "\n", "line 2: wanted is a key id" },
		{ "k_1 " KEY_ONE "\n", "line 1: wanted is a key id" },
		{ "k1234567890123456 " KEY_ONE "\n", "line 1: wanted is a key id" },
		{ "k1 AAAA\n", "line 1: wanted are 32 bytes" },
		{ "k1 " KEY_ONE " \n", "line 1: wanted are 32 bytes" },
		{ "k1 " KEY_ONE "\r\n", "line 1: wanted are 32 bytes" },
		{ "k1 " KEY_ONE "\n\nk1 " KEY_TWO "\n", "line 3: key id \"k1\" is there twice" },
	};
	struct crypt_keys *keys = NULL;
	struct err err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_keys(*state, bad[i].content, &keys, &err), RC_INVALID);
		CHECK(strstr(err.text, bad[i].reason) != NULL, "%s", err.text);
		assert_null(strstr(err.text, KEY_ONE));
	}
	assert_null(keys);
	keys = good_keys(*state, "# the current one\nk2 " KEY_TWO "\n\nk1 " KEY_ONE);
	assert_string_equal(crypt_keys_current(keys), "k2");
}

static void
new_lines_are_good_key_files(void **state)
{
	char *one = crypt_keys_new_line(*state), *two = crypt_keys_new_line(*state);

	assert_string_not_equal(one, two);
	good_keys(*state, one);
	good_keys(*state, mem_printf(*state, "%s\n%s\n", one, two));
}

static void
sealing(void **state)
{
	struct crypt_keys *keys = good_keys(*state, "k1 " KEY_ONE "\n");
	char *sealed = crypt_seal(*state, keys, "store.sealed_token/abc", "token");
	char *again = crypt_seal(*state, keys, "store.sealed_token/abc", "token");
	char *plain = NULL;
	struct err err;

	assert_memory_equal(sealed, "v1.k1.", 6);
	assert_string_not_equal(sealed, again);
	assert_int_equal(
	    crypt_open(*state, keys, "store.sealed_token/abc", sealed, &plain, &err), RC_OK);
	assert_string_equal(plain, "token");
	assert_int_equal(
	    crypt_open(*state, keys, "x", crypt_seal(*state, keys, "x", ""), &plain, &err), RC_OK);
	assert_string_equal(plain, "");
}

static void
sealed_text_cannot_be_moved_or_changed(void **state)
{
	struct crypt_keys *keys = good_keys(*state, "k1 " KEY_ONE "\nk2 " KEY_ONE "\n");
	char *sealed = crypt_seal(*state, keys, "store.sealed_token/abc", "token");
	char *plain = NULL;
	struct err err;

	assert_int_equal(
	    crypt_open(*state, keys, "store.sealed_token/abd", sealed, &plain, &err), RC_DENIED);
	/* the id is bound too, even if both ids name the same key */
	assert_int_equal(crypt_open(*state, keys, "store.sealed_token/abc",
			     mem_printf(*state, "v1.k2.%s", sealed + 6), &plain, &err),
	    RC_DENIED);
	for (size_t i = 0; i < strlen(sealed); i++) {
		char *changed = mem_text(*state, sealed);

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		CHECK(crypt_open(*state, keys, "store.sealed_token/abc", changed, &plain, &err) ==
			  RC_DENIED,
		    "%s", changed);
		changed = mem_bytes(*state, sealed, i);
		CHECK(crypt_open(*state, keys, "store.sealed_token/abc", changed, &plain, &err) ==
			  RC_DENIED,
		    "%s", changed);
	}
	assert_null(plain);
}

static void
rotation(void **state)
{
	struct crypt_keys *old = good_keys(*state, "k1 " KEY_ONE "\n");
	struct crypt_keys *both = good_keys(*state, "k2 " KEY_TWO "\nk1 " KEY_ONE "\n");
	struct crypt_keys *new = good_keys(*state, "k2 " KEY_TWO "\n");
	char *sealed = crypt_seal(*state, old, "w", "token");
	char *plain = NULL;
	struct err err;

	assert_true(crypt_is_current(old, sealed));
	assert_false(crypt_is_current(both, sealed));
	assert_false(crypt_is_current(both, "v1.k3.x"));
	assert_false(crypt_is_current(both, "rubbish"));
	assert_int_equal(crypt_open(*state, both, "w", sealed, &plain, &err), RC_OK);
	assert_true(crypt_is_current(both, crypt_seal(*state, both, "w", "token")));
	assert_int_equal(crypt_open(*state, new, "w", sealed, &plain, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "key \"k1\", which is not in the key file"));
}

static void
macs_serve_one_purpose(void **state)
{
	struct crypt_keys *keys = good_keys(*state, "k2 " KEY_TWO "\nk1 " KEY_ONE "\n");
	unsigned char current[CRYPT_MAC_SIZE], named[CRYPT_MAC_SIZE], other[CRYPT_MAC_SIZE];

	assert_true(crypt_mac(keys, NULL, "webhook", "abc", 3, current));
	assert_true(crypt_mac(keys, "k2", "webhook", "abc", 3, named));
	assert_true(crypt_equal(current, named, sizeof(current)));
	assert_true(crypt_mac(keys, "k1", "webhook", "abc", 3, other));
	assert_false(crypt_equal(current, other, sizeof(current)));
	assert_true(crypt_mac(keys, "k2", "form", "abc", 3, other));
	assert_false(crypt_equal(current, other, sizeof(current)));
	assert_true(crypt_mac(keys, "k2", "webhook", "abd", 3, other));
	assert_false(crypt_equal(current, other, sizeof(current)));
	assert_false(crypt_mac(keys, "k3", "webhook", "abc", 3, other));
	assert_false(crypt_mac(keys, "", "webhook", "abc", 3, other));
}

/* Neither as a file nor for a program that the kernel hands cores to. */
static void
no_core_is_dumped(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_int_equal(limit.rlim_max, 0);
#ifndef __SANITIZE_ADDRESS__ /* the leak check needs to look into the process */
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L), 0);
#endif
}

static int
start(void **state)
{
	(void)state;
	crypt_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_digests),
		TEST(webhook_signature),
		TEST(base64url),
		TEST(base64),
		TEST(random_texts),
		TEST(key_files),
		TEST(new_lines_are_good_key_files),
		TEST(sealing),
		TEST(sealed_text_cannot_be_moved_or_changed),
		TEST(rotation),
		TEST(macs_serve_one_purpose),
		TEST(no_core_is_dumped),
	};

	return cmocka_run_group_tests_name("crypt", tests, start, NULL);
}
