/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "domain/event.h"

#define KEY_ONE "k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define KEY_TWO "k2 //////////////////////////////////////////8=\n"
#define NOW_MS  INT64_C(1700000001000)

static struct crypt_keys *
keys_of(const void *ctx, const char *content)
{
	char path[] = "/tmp/test_event.XXXXXX";
	int fd = mkstemp(path);
	struct crypt_keys *keys;
	struct err err;

	assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	close(fd);
	assert_int_equal(crypt_keys_read(ctx, path, &keys, &err), RC_OK);
	unlink(path);
	return keys;
}

static void
headers(void **state)
{
	struct crypt_keys *one = keys_of(*state, KEY_ONE), *two = keys_of(*state, KEY_TWO);
	struct crypt_keys *both = keys_of(*state, KEY_TWO KEY_ONE);
	char *header = event_header(*state, one, "abc123"), *changed;

	assert_string_equal(event_header_store(*state, one, header), "abc123");
	assert_string_equal(event_header_store(*state, both, header), "abc123");
	assert_null(event_header_store(*state, two, header));
	assert_memory_equal(event_header(*state, both, "abc123"), "v1.k2.abc123.", 13);
	for (size_t i = 0; i < strlen(header); i++) {
		changed = mem_text(*state, header);
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		CHECK(event_header_store(*state, both, changed) == NULL, "changed at %zu", i);
		changed[i] = '\0';
		CHECK(event_header_store(*state, both, changed) == NULL, "cut at %zu", i);
	}
	assert_null(event_header_store(*state, one, NULL));
	assert_null(event_header_store(*state, one, ""));
	assert_null(event_header_store(*state, one, mem_printf(*state, "%s.", header)));
	assert_null(event_header_store(*state, one, mem_printf(*state, "%s ", header)));
}

/* Standard Webhooks, with BigCommerce's use of the client secret as the key. */
static void
signatures(void **state)
{
	static const char body[] =
	    "{\"producer\":\"stores/abc123\",\"hash\":\"0000000000000000000000000000000000000001\","
	    "\"created_at\":1700000000,\"store_id\":\"1025646\",\"scope\":"
	    "\"store/order/refund/created\",\"data\":{\"type\":\"order\",\"id\":250,"
	    "\"refund\":{\"refund_id\":3}}}";
#define GOOD "v1,1E09D6ixsIaUtlwkpxpUFle5JE/a/qQ8SHx8NVspIws="
	static const struct {
		const char *id, *timestamp, *signature, *word;
		int64_t now_s;
	} cases[] = {
		{ NULL, NULL, NULL, "absent", 1700000001 },
		{ "msg_test_0001", "1700000001", GOOD, "good", 1700000001 },
		{ "msg_test_0001", "1700000001", GOOD, "good", 1700000301 },
		{ "msg_test_0001", "1700000001", GOOD, "good", 1699999701 },
		{ "msg_test_0001", "1700000001", GOOD, "old", 1700000302 },
		{ "msg_test_0001", "1700000001", GOOD, "old", 1699999700 },
		/* beyond 32 bits */
		{ "msg_test_0001", "2208988800",
		    "v1,BKOVAgFuqs6RRMnE0JDK55ckRyn8cshBF2pdgxWTIcI=", "good", 2208988800 },
		{ "msg_test_0001", "1700000001", "v2,x v1,bm8= " GOOD, "good", 1700000001 },
		{ "msg_test_0001", "1700000001", GOOD "x", "bad", 1700000001 },
		{ "msg_test_0001", "1700000001", "v1a" GOOD, "bad", 1700000001 },
		{ "msg_test_0001", "1700000001", "", "bad", 1700000001 },
		{ "msg_test_0002", "1700000001", GOOD, "bad", 1700000001 },
		{ "msg_test_0001", "1700000002", GOOD, "bad", 1700000001 },
		{ "msg_test_0001", " 1700000001", GOOD, "bad", 1700000001 },
		{ "msg_test_0001", NULL, GOOD, "bad", 1700000001 },
		{ NULL, "1700000001", GOOD, "bad", 1700000001 },
		{ "msg_test_0001", "1700000001", NULL, "bad", 1700000001 },
	};
	struct conf conf = { .bigcommerce_client_secret = "test_client_secret_0123456789abcdef" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *word = event_signature(&conf, cases[i].id, cases[i].timestamp,
		    cases[i].signature, body, strlen(body), cases[i].now_s);

		CHECK(strcmp(word, cases[i].word) == 0, "%zu: %s", i, word);
	}
	conf.bigcommerce_client_secret_previous = conf.bigcommerce_client_secret;
	conf.bigcommerce_client_secret = "another";
	assert_string_equal(event_signature(&conf, "msg_test_0001", "1700000001", GOOD, body,
				strlen(body), 1700000001),
	    "good");
	assert_string_equal(event_signature(&conf, "msg_test_0001", "1700000001", GOOD, body,
				strlen(body) - 1, 1700000001),
	    "bad");
}

#define OF(scope, data)                                                                      \
	"{\"producer\":\"stores/abc123\",\"created_at\":1561479335,\"scope\":\"" scope "\"," \
	"\"data\":" data "}"
#define STATUS(status) \
	OF("store/order/statusUpdated", "{\"id\":250,\"status\":{\"new_status_id\":" status "}}")

static void
bodies(void **state)
{
	static const struct {
		const char *body, *kind;
		int64_t ref;
		bool readable;
	} cases[] = {
		{ OF("store/order/refund/created", "{\"id\":250}"), "sync_order", 250, true },
		{ OF("store/order/refund/created", "{\"id\":\"250\"}"), "sync_order", 250, true },
		{ OF("store/order/refund/created", "{}"), "sweep", 0, false },
		{ OF("store/order/refund/created", "{\"id\":-1}"), "sweep", 0, false },
		{ OF("store/order/statusUpdated", "{\"id\":250}"), "sync_order", 250, true },
		{ STATUS("4"), "sync_order", 250, true },
		{ STATUS("5"), "sync_order", 250, true },
		{ STATUS("6"), "sync_order", 250, true },
		{ STATUS("14"), "sync_order", 250, true },
		{ STATUS("\"x\""), "sync_order", 250, true },
		{ STATUS("0"), NULL, 0, true },
		{ STATUS("11"), NULL, 0, true },
		{ OF("store/order/updated", "{\"id\":250}"), NULL, 0, true },
		{ OF("something/new", "{\"id\":250}"), NULL, 0, true },
		{ OF("store/app/uninstalled", "{}"), "confirm_uninstall", 1561479335, true },
		{ "{\"producer\":\"stores/abc123\",\"scope\":\"store/app/uninstalled\"}",
		    "confirm_uninstall", NOW_MS / 1000, true },
		{ OF("store/information/updated", "{}"), "ensure_hooks", 0, true },
		{ OF("store/hook/deliveryException", "{\"id\":1}"), "ensure_hooks", 0, true },
		{ "{\"producer\":\"stores/other1\",\"scope\":\"store/information/updated\"}",
		    "sweep", 0, false },
		{ "{\"producer\":\"stores/abc123x\",\"scope\":\"store/information/updated\"}",
		    "sweep", 0, false },
		{ "{\"scope\":\"store/information/updated\"}", "sweep", 0, false },
		{ "{\"producer\":\"stores/abc123\"}", "sweep", 0, false },
		{ "", "sweep", 0, false },
		{ "null", "sweep", 0, false },
		{ "{}x", "sweep", 0, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct event event = { .store_hash = "abc123",
			.body = cases[i].body,
			.length = strlen(cases[i].body),
			.received_ms = NOW_MS };

		event_read(*state, &event);
		CHECK((event.problem == NULL) == cases[i].readable, "%s: %s", cases[i].body,
		    event.problem);
		CHECK((event.job_kind == NULL) == (cases[i].kind == NULL) &&
			  (event.job_kind == NULL || strcmp(event.job_kind, cases[i].kind) == 0),
		    "%s: %s", cases[i].body, event.job_kind);
		CHECK(event.job_ref == cases[i].ref, "%s", cases[i].body);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(headers),
		TEST(signatures),
		TEST(bodies),
	};

	crypt_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
