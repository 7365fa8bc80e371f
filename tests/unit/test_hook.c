/* SPDX-License-Identifier: Apache-2.0 */
/* Which hooks are made, mended, switched on, deleted, and left alone. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "domain/event.h"
#include "domain/hook.h"

static const struct conf conf = { .public_url = "https://app.example" };
static struct app app = { .conf = &conf };
static const struct crypt_keys *old_keys;

/* Keys "old" and "new"; `first` of them seals. */
static struct crypt_keys *
keys_of(const void *ctx, const char *first, const char *second)
{
	char path[] = "/tmp/test_hook.XXXXXX";
	int fd = mkstemp(path);
	struct crypt_keys *keys;
	struct err err;

	assert_true(fd >= 0);
	dprintf(fd, "%s\n%s\n", first, second);
	close(fd);
	assert_int_equal(crypt_keys_read(ctx, path, &keys, &err), RC_OK);
	unlink(path);
	return keys;
}

#define HOOKS   "https://app.example/webhooks"
#define ALERTS  "https://app.example/webhooks/delivery"
#define FOREIGN "https://elsewhere.example/webhooks"

enum header {
	HEADER_NONE,
	HEADER_GOOD,
	HEADER_OLD_KEY,
	HEADER_OTHER_STORE,
	HEADER_FORGED,
	HEADER_LOWER_CASE
};

/* A hook of the list, told in few words. */
struct listed {
	const char *scope, *destination;
	bool is_active;
	enum header header;
};

static struct bc_hook
hook_of(const void *ctx, const struct listed *listed, int64_t id)
{
	struct http_header *header = mem_new(ctx, struct http_header);
	const char *values[] = {
		[HEADER_NONE] = "",
		[HEADER_GOOD] = event_header(ctx, app.keys, "abc123"),
		[HEADER_OLD_KEY] = event_header(ctx, old_keys, "abc123"),
		[HEADER_OTHER_STORE] = event_header(ctx, app.keys, "def456"),
		[HEADER_FORGED] = "v1.new.abc123.AAAA",
		[HEADER_LOWER_CASE] = event_header(ctx, app.keys, "abc123"),
	};

	*header = (struct http_header){ listed->header == HEADER_LOWER_CASE ? "x-violet-hook"
									    : EVENT_HEADER,
		values[listed->header] };
	return (struct bc_hook){ .id = id,
		.scope = listed->scope,
		.destination = listed->destination,
		.is_active = listed->is_active,
		.headers = header,
		.header_count = listed->header != HEADER_NONE };
}

/* The plan in words: "surplus:3 mended:1 ok:2 created ...", surplus ones first, then in the order
 * of wanted hooks. */
static const char *
plan(const void *ctx, const struct listed *listed, size_t count)
{
	struct bc_hook *found = mem_array(ctx, struct bc_hook, count + 1);
	struct hook_step *steps;
	char *text = mem_text(ctx, "");
	size_t n;

	for (size_t i = 0; i < count; i++)
		found[i] = hook_of(ctx, &listed[i], (int64_t)i + 1);
	hook_plan(ctx, &app, "abc123", found, count, &steps, &n);
	for (size_t i = 0; i < n; i++) {
		text = mem_printf(
		    ctx, "%s%s%s", text, i == 0 ? "" : " ", hook_state_name(steps[i].state));
		if (steps[i].hook.id != 0)
			text = mem_printf(ctx, "%s:%lld", text, (long long)steps[i].hook.id);
	}
	return text;
}

#define STATUS    "store/order/statusUpdated"
#define REFUND    "store/order/refund/created"
#define UNINSTALL "store/app/uninstalled"
#define FACTS     "store/information/updated"
#define EXCEPTION "store/hook/deliveryException"

static const struct {
	struct listed listed[6];
	size_t count;
	const char *plan; /* status, refund, uninstall, information, exception */
} cases[] = {
	{ { { 0 } }, 0, "created created created created created" },
	{ { { STATUS, HOOKS, true, HEADER_GOOD }, { REFUND, HOOKS, true, HEADER_GOOD },
	      { UNINSTALL, HOOKS, true, HEADER_GOOD }, { FACTS, HOOKS, true, HEADER_GOOD },
	      { EXCEPTION, ALERTS, true, HEADER_GOOD } },
	    5, "ok:1 ok:2 ok:3 ok:4 ok:5" },
	{ { { STATUS, HOOKS, true, HEADER_LOWER_CASE } }, 1,
	    "ok:1 created created created created" },
	{ { { STATUS, HOOKS, false, HEADER_GOOD } }, 1,
	    "activated:1 created created created created" },
	/* the header */
	{ { { STATUS, HOOKS, true, HEADER_NONE } }, 1, "mended:1 created created created created" },
	{ { { STATUS, HOOKS, true, HEADER_OLD_KEY } }, 1,
	    "mended:1 created created created created" },
	{ { { STATUS, HOOKS, true, HEADER_FORGED } }, 1,
	    "mended:1 created created created created" },
	{ { { STATUS, HOOKS, false, HEADER_OTHER_STORE } }, 1,
	    "mended:1 created created created created" },
	/* PUBLIC_URL has changed: by the header they are still ours */
	{ { { STATUS, FOREIGN, true, HEADER_GOOD } }, 1,
	    "mended:1 created created created created" },
	{ { { STATUS, FOREIGN, true, HEADER_OLD_KEY } }, 1,
	    "mended:1 created created created created" },
	{ { { EXCEPTION, HOOKS, true, HEADER_GOOD } }, 1,
	    "created created created created mended:1" },
	/* somebody else's */
	{ { { STATUS, FOREIGN, true, HEADER_NONE }, { REFUND, FOREIGN, true, HEADER_FORGED },
	      { FACTS, FOREIGN, true, HEADER_OTHER_STORE },
	      { "store/cart/*", FOREIGN, true, HEADER_NONE } },
	    4, "created created created created created" },
	/* too many */
	{ { { STATUS, HOOKS, true, HEADER_NONE }, { STATUS, HOOKS, true, HEADER_GOOD },
	      { STATUS, FOREIGN, true, HEADER_GOOD } },
	    3, "surplus:1 surplus:3 ok:2 created created created created" },
	{ { { "store/order/updated", HOOKS, true, HEADER_GOOD },
	      { "store/cart/*", FOREIGN, true, HEADER_OLD_KEY } },
	    2, "surplus:1 surplus:2 created created created created created" },
};

static void
test_plans(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *found = plan(*state, cases[i].listed, cases[i].count);

		CHECK(strcmp(found, cases[i].plan) == 0, "case %zu: %s", i, found);
	}
}

static void
test_what_is_wanted(void **state)
{
	struct hook_step *steps;
	size_t n;

	hook_plan(*state, &app, "abc123", NULL, 0, &steps, &n);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		assert_true(steps[i].hook.is_active);
		assert_int_equal(steps[i].hook.header_count, 1);
		assert_string_equal(steps[i].hook.headers[0].name, EVENT_HEADER);
		assert_string_equal(
		    event_header_store(*state, app.keys, steps[i].hook.headers[0].value), "abc123");
		/* an exception is told on another path than the deliveries that fail */
		assert_string_equal(steps[i].hook.destination,
		    strcmp(steps[i].hook.scope, EXCEPTION) == 0 ? ALERTS : HOOKS);
	}
}

static void
test_counting_ours(void **state)
{
	static const struct listed listed[] = { { STATUS, HOOKS, true, HEADER_NONE },
		{ STATUS, FOREIGN, true, HEADER_GOOD }, { STATUS, FOREIGN, true, HEADER_NONE },
		{ STATUS, FOREIGN, true, HEADER_OTHER_STORE } };
	struct bc_hook found[COUNT(listed)];

	for (size_t i = 0; i < COUNT(listed); i++)
		found[i] = hook_of(*state, &listed[i], (int64_t)i + 1);
	assert_int_equal(hook_count_ours(*state, &app, "abc123", found, COUNT(found)), 2);
	assert_int_equal(hook_count_ours(*state, &app, "abc123", NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plans),
		TEST(test_what_is_wanted),
		TEST(test_counting_ours),
	};
	void *ctx;
	int failed;

	mem_init();
	crypt_init();
	ctx = mem_context("keys");
	const char *old =
	    mem_printf(ctx, "old %s", crypt_base64(ctx, "0123456789abcdef0123456789abcdef", 32));
	const char *new =
	    mem_printf(ctx, "new %s", crypt_base64(ctx, "fedcba9876543210fedcba9876543210", 32));
	app.keys = keys_of(ctx, new, old);
	old_keys = keys_of(ctx, old, new);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	talloc_free(ctx);
	return failed;
}
