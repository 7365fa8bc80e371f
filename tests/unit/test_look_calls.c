/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks in which one call fails. Each story is lived once without a fault and its calls to the
 * database and to both remote sides are counted; then it is lived again for every call and every
 * way in which that call can fail, until nothing is due any more: with the worker's own code, the
 * real functions of the database that TEST_DATABASE_URL names (empty; skipped without), a clock
 * that only the test moves, and a BigCommerce and a Violet that remember what was booked. The
 * Makefile has the linker put the functions __wrap_* between the program and those calls.
 */
#include "test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/channel.h"
#include "domain/job.h"
#include "domain/store.h"
#include "fake_http.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "lib/json.h"
#include "remote/violet.h"
#include "scene.h"
#include "worker/run.h"
#include "worker/worker.h"

#define CALL_TIME 100           /* ms that a call takes */
#define LAG       (90 * SECOND) /* until Violet lists what it has booked */
#define ORDER     9
#define ACTS_MAX  3 /* and the end of the list */
#define CALLS_MAX 256
#define LOOKS_MAX 40
#define BOOKS_MAX 8

/* How calls fail ------------------------------------------------------------------------------- */

enum call {
	CALL_READ = 1,  /* db_read, which repeats what was lost */
	CALL_WRITE = 2, /* db_call */
	CALL_ASK = 4,   /* a remote call that changes nothing */
	CALL_SEND = 8   /* the one that moves money */
};

enum way {
	WAY_WELL,
	WAY_NOT_DONE,
	WAY_UNKNOWN_NOT_DONE,
	WAY_UNKNOWN_DONE,
	WAY_UNKNOWN_LATE,
	WAY_DIED,
	WAY_DIED_LATE,
	WAY__COUNT
};

/* A worker that died before a call, or after one that changes nothing, is one that died after the
 * last call that did. */
static const struct {
	const char *name;
	enum rc rc; /* what the worker gets to see */
	bool is_done;
	bool is_late; /* done at the last moment at which it can be */
	bool dies;    /* the worker gets to see nothing any more, as after kill -9 */
	unsigned calls;
} ways[] = {
	[WAY_WELL] = { "well", .is_done = true },
	[WAY_NOT_DONE] = { "not done", RC_BUSY,
	    .calls = CALL_READ | CALL_WRITE | CALL_ASK | CALL_SEND },
	[WAY_UNKNOWN_NOT_DONE] = { "unknown, not done", RC_UNCERTAIN,
	    .calls = CALL_WRITE | CALL_ASK | CALL_SEND },
	[WAY_UNKNOWN_DONE] = { "unknown, done", RC_UNCERTAIN, .is_done = true,
	    .calls = CALL_WRITE | CALL_SEND },
	[WAY_UNKNOWN_LATE] = { "unknown, done late", RC_UNCERTAIN, .is_done = true, .is_late = true,
	    .calls = CALL_SEND },
	[WAY_DIED] = { "died after", .is_done = true, .dies = true,
	    .calls = CALL_WRITE | CALL_SEND },
	[WAY_DIED_LATE] = { "died, done late", .is_done = true, .is_late = true, .dies = true,
	    .calls = CALL_SEND },
};
_Static_assert(COUNT(ways) == WAY__COUNT, "a row for each");

/* Stories -------------------------------------------------------------------------------------- */

#define CANCELS (-1)

struct story {
	const char *name;
	struct act {
		int64_t after_ms; /* since the beginning; a short time falls into a look */
		int64_t minor;    /* the merchant refunds so much, or CANCELS the order */
		int64_t user_id;  /* 0: through the API */
	} acts[ACTS_MAX];         /* the first one without an amount ends them */
	bool has_items;
	bool begins_alike;    /* as another story: its calls fail from the first send on */
	enum way first_send;  /* what becomes of the first send in any case */
	int64_t completes_ms; /* Violet says PROCESSING so long */
	struct owed {
		const char *marker;
		int64_t minor;
	} owed[ACTS_MAX]; /* what Violet must have booked in the end, once each */
};

static const struct story stories[] = {
	{ "part of an order, by lines", .acts = { { 0, 1500, 7 } }, .has_items = true,
	    .owed = { { "bc:9:r1", 1500 } } },
	{ "two refunds of one amount", .acts = { { 0, 1500, 7 }, { 850, 1500, 7 } },
	    .begins_alike = true, .owed = { { "bc:9:r1", 1500 }, { "bc:9:r2", 1500 } } },
	{ "a refund, then a cancellation", .acts = { { 0, 1500, 7 }, { MINUTE, CANCELS, 7 } },
	    .begins_alike = true, .owed = { { "bc:9:r1", 1500 }, { "bc:9:cancel", 3500 } } },
	{ "a slow refund", .acts = { { 0, 1500, 7 } }, .begins_alike = true,
	    .completes_ms = 15 * SECOND, .owed = { { "bc:9:r1", 1500 } } },
	{ "an answer that got lost", .acts = { { 0, 1500, 7 }, { 2500, 1500, 7 } },
	    .begins_alike = true, .first_send = WAY_UNKNOWN_LATE,
	    .owed = { { "bc:9:r1", 1500 }, { "bc:9:r2", 1500 } } },
	{ "a send that never arrived", .acts = { { 0, 1500, 7 } }, .begins_alike = true,
	    .first_send = WAY_UNKNOWN_NOT_DONE, .owed = { { "bc:9:r1", 1500 } } },
};

/* The world ------------------------------------------------------------------------------------ */

struct booking {
	int64_t id, minor, booked_ms;
	char reason[256];
};

static struct {
	void *ctx;
	const struct story *story;
	char store_hash[16]; /* a store of its own for each life */
	int64_t begin, now;
	size_t acted; /* so many of the story's acts have happened */
	struct booking bookings[BOOKS_MAX];
	size_t booking_count;
	/* The calls of this life. */
	size_t calls, fails_at; /* counted from 1; 0: none */
	enum way way, way_now;
	enum call kinds[CALLS_MAX];
	char failed[256];
	bool has_sent;
	jmp_buf death;
} world = { .now = START };

static struct conf conf;
static struct app app;    /* the worker's; its connection outlives it, since a new one is dear */
static void *worker;      /* all its memory, which dies with it */
static struct db *behind; /* a connection for looking behind its back */
static int64_t channel_id;

int64_t
clock_now_ms(void)
{
	return world.now;
}

int64_t
clock_boot_ms(void)
{
	return world.now;
}

bool
work_is_stopping(void)
{
	return false;
}

enum rc __real_db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
enum rc __real_db_read(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
enum rc __real_http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err);
enum rc __wrap_db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
enum rc __wrap_db_read(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
enum rc __wrap_http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err);
void __wrap_crypt_random(void *out, size_t n);
void *__real_mem_context(const char *name);
void *__wrap_mem_context(const char *name);

static struct db_rows *
query(const char *sql, const struct db_param *params, size_t n)
{
	struct db_rows *rows = NULL;
	struct err err = { 0 };

	CHECK(__real_db_call(behind, world.ctx, &rows, &err, sql, params, n) == RC_OK, "%s: %s",
	    sql, err.text);
	return rows;
}

/* When the merchant acts next. */
static int64_t
next_act(void)
{
	const struct act *act = &world.story->acts[world.acted];

	return act->minor != 0 ? world.begin + act->after_ms : INT64_MAX;
}

/* What the merchant does by now, each with its webhook. */
static void
act_due(void)
{
	for (; next_act() <= world.now; world.acted++)
		query("select api.job_put($1, 'sync_order', $2, $3, $3)",
		    DB_PARAMS(db_text(world.store_hash), db_int(ORDER), db_time(world.now)));
}

/* Calls ---------------------------------------------------------------------------------------- */

/* How the call that is about to be made goes. */
static enum way
next_call(enum call kind, const char *name)
{
	enum way way = WAY_WELL;

	world.now += CALL_TIME;
	act_due();
	CHECK(world.calls < CALLS_MAX, "%s: too many calls", world.story->name);
	world.kinds[world.calls++] = kind;
	if (kind == CALL_SEND && !world.has_sent)
		way = world.story->first_send;
	world.has_sent = world.has_sent || kind == CALL_SEND;
	if (world.calls == world.fails_at) {
		way = world.way;
		snprintf(world.failed, sizeof(world.failed), "call %zu, \"%.*s\", %s", world.calls,
		    (int)strcspn(name, "("), name, ways[way].name);
	}
	world.way_now = way;
	return way;
}

/* How it went. */
static enum rc
after_call(enum way way, enum rc rc, struct err *err)
{
	if (ways[way].rc == RC_UNCERTAIN)
		world.now += conf.response_ms;
	if (ways[way].dies)
		longjmp(world.death, 1);
	return ways[way].rc == RC_OK ? rc
				     : err_set(err, ways[way].rc, "failed, as the test wants it");
}

enum rc
__wrap_db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n)
{
	enum way way = next_call(CALL_WRITE, sql);
	enum rc rc = RC_OK;

	if (ways[way].is_done)
		rc = __real_db_call(
		    db, ctx, ways[way].rc == RC_OK ? out : NULL, err, sql, params, n);
	return after_call(way, rc, err);
}

enum rc
__wrap_db_read(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n)
{
	enum way way = next_call(CALL_READ, sql);
	enum rc rc = RC_OK;

	if (ways[way].is_done)
		rc = __real_db_read(db, ctx, out, err, sql, params, n);
	return after_call(way, rc, err);
}

enum rc
__wrap_http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err)
{
	enum way way = next_call(request->send_by_boot_ms != 0 ? CALL_SEND : CALL_ASK,
	    mem_printf(ctx, "%s %s", request->method, request->url));
	struct http_reply unseen;
	enum rc rc = RC_OK;

	if (ways[way].is_done)
		rc = __real_http_send(
		    http, ctx, request, ways[way].rc == RC_OK ? reply : &unseen, err);
	return after_call(way, rc, err);
}

/* Pauses are spread by chance: here every life is the same again. */
void
__wrap_crypt_random(void *out, size_t n)
{
	memset(out, 0x7f, n);
}

/* What a worker would free by itself if it lived. */
void *
__wrap_mem_context(const char *name)
{
	return worker == NULL ? __real_mem_context(name) : talloc_named(worker, 0, "%s", name);
}

/* BigCommerce ---------------------------------------------------------------------------------- */

static const char *
time_text(const void *ctx, int64_t time_ms)
{
	char text[TEXT_TIME_SIZE];

	text_from_time_ms(time_ms, text);
	return mem_text(ctx, text);
}

static const char *
show_order(const void *ctx, const struct http_request *request)
{
	const struct act *last = &world.story->acts[world.acted - 1];
	int status = last->minor == CANCELS ? ORDER_CANCELLED
		     : last->minor == 5000  ? ORDER_REFUNDED
					    : ORDER_PARTLY_REFUNDED;

	(void)request;
	return mem_printf(ctx,
	    "{\"id\":%d,\"status_id\":%d,\"default_currency_code\":\"USD\",\"total_inc_tax\":"
	    "\"50.0000\",\"date_created\":\"%s\"}",
	    ORDER, status, time_text(ctx, world.begin - HOUR));
}

static const char *
show_record(const void *ctx, size_t i)
{
	static const char items[] =
	    "{\"item_type\":\"PRODUCT\",\"item_id\":1,\"quantity\":1,\"requested_amount\":10.00},"
	    "{\"item_type\":\"PRODUCT\",\"item_id\":2,\"quantity\":1,\"requested_amount\":3.00},"
	    "{\"item_type\":\"SHIPPING\",\"item_id\":1,\"quantity\":1,\"requested_amount\":2.00}";
	const struct act *act = &world.story->acts[i];
	const char *amount =
	    mem_printf(ctx, "%d.%02d", (int)act->minor / 100, (int)act->minor % 100);

	return mem_printf(ctx,
	    "{\"id\":%zu,\"order_id\":%d,\"user_id\":%d,\"created\":\"%s\",\"total_amount\":%s,"
	    "\"items\":[%s],\"payments\":[{\"provider_id\":\"custom\",\"amount\":%s,\"offline\":"
	    "true,\"is_declined\":false}]}",
	    i + 1, ORDER, (int)act->user_id, time_text(ctx, world.begin + act->after_ms), amount,
	    world.story->has_items ? items : "", amount);
}

static const char *
show_records(const void *ctx, const struct http_request *request)
{
	char *rows = mem_text(ctx, "");

	(void)request;
	for (size_t i = 0; i < world.acted; i++)
		if (world.story->acts[i].minor > 0)
			rows = mem_printf(
			    ctx, "%s%s%s", rows, *rows != '\0' ? "," : "", show_record(ctx, i));
	return mem_printf(ctx, "{\"data\":[%s]}", rows);
}

static const char *
show_products(const void *ctx, const struct http_request *request)
{
	(void)ctx;
	(void)request;
	return "[{\"id\":1,\"variant_id\":501,\"sku\":\"A\",\"quantity\":2,\"total_inc_tax\":"
	       "\"20.0000\"},{\"id\":2,\"variant_id\":502,\"sku\":\"B\",\"quantity\":1,"
	       "\"total_inc_tax\":\"3.0000\"}]";
}

/* Violet --------------------------------------------------------------------------------------- */

static const char *
log_in(const void *ctx, const struct http_request *request)
{
	(void)ctx;
	(void)request;
	return "{\"token\":\"access\",\"refresh_token\":\"refresh\"}";
}

static const char *
show_bag(const void *ctx, const struct http_request *request)
{
	(void)request;
	return mem_printf(ctx,
	    "{\"content\":[{\"id\":7,\"order_id\":6,\"merchant_id\":5,\"external_id\":\"%d\","
	    "\"platform\":\"BIGCOMMERCE\",\"status\":\"ACCEPTED\",\"currency\":\"USD\",\"total\":"
	    "5000,\"skus\":[{\"id\":71,\"external_id\":\"501\",\"quantity\":2,\"price\":1000},"
	    "{\"id\":72,\"external_id\":\"502\",\"quantity\":1,\"price\":300}]}],\"last\":true}",
	    ORDER);
}

static const char *
show_no_cancellation(const void *ctx, const struct http_request *request)
{
	(void)ctx;
	(void)request;
	return "{\"cancelled_bags\":[]}";
}

static const char *
show_booking(const void *ctx, const struct booking *booking)
{
	bool is_complete = world.now >= booking->booked_ms + world.story->completes_ms;

	return mem_printf(ctx,
	    "{\"id\":%d,\"bag_id\":7,\"amount\":%d,\"status\":\"%s\",\"reason\":\"%s\",\"date_"
	    "created\":\"%s\"}",
	    (int)booking->id, (int)booking->minor, is_complete ? "COMPLETED" : "PROCESSING",
	    booking->reason, time_text(ctx, booking->booked_ms));
}

static const char *
show_list(const void *ctx, const struct http_request *request)
{
	char *rows = mem_text(ctx, "");

	(void)request;
	for (size_t i = 0; i < world.booking_count; i++)
		if (world.now >= world.bookings[i].booked_ms + LAG)
			rows = mem_printf(ctx, "%s%s%s", rows, *rows != '\0' ? "," : "",
			    show_booking(ctx, &world.bookings[i]));
	return mem_printf(ctx, "[%s]", rows);
}

static const char *
show_one(const void *ctx, const struct http_request *request)
{
	int64_t id = strtoll(strrchr(request->url, '/') + 1, NULL, 10);

	for (size_t i = 0; i < world.booking_count; i++)
		if (world.bookings[i].id == id)
			return show_booking(ctx, &world.bookings[i]);
	fail_msg("asked for refund %d, which Violet never named", (int)id);
	return "";
}

/* Violet books whatever it is told, twice if told twice. */
static const char *
book(const void *ctx, const struct http_request *request)
{
	struct booking *booking = &world.bookings[world.booking_count];
	const struct json *body;
	struct err err = { 0 };

	CHECK(world.booking_count < BOOKS_MAX, "%s: booked and booked", world.failed);
	CHECK(json_parse(ctx, request->body, strlen(request->body), &body, &err) == RC_OK, "%s",
	    err.text);
	CHECK(json_count(json_get(body, "skus")) == (world.story->has_items ? 2 : 0) &&
		  json_get_int(body, "shipping.amount", -1) == (world.story->has_items ? 200 : 0),
	    "%s: %s", world.failed, request->body);
	*booking = (struct booking){
		.id = 101 + (int64_t)world.booking_count++,
		.minor = json_get_int(body, "amount_refunded", 0),
		.booked_ms = ways[world.way_now].is_late
				 ? request->send_by_boot_ms + request->response_ms
				 : world.now,
	};
	snprintf(booking->reason, sizeof(booking->reason), "%s", json_get_text(body, "reason", ""));
	return show_booking(ctx, booking);
}

static const struct {
	const char *method, *path;
	const char *(*serve)(const void *ctx, const struct http_request *request);
} routes[] = {
	{ "GET", "/v3/orders/9/payment_actions/refunds", show_records },
	{ "GET", "/v2/orders/9/products", show_products },
	{ "GET", "/v2/orders/9", show_order },
	{ "POST", "/login", log_in },
	{ "GET", "/auth/token", log_in },
	{ "POST", "/orders/bags/search", show_bag },
	{ "GET", "/orders/6/cancellations", show_no_cancellation },
	{ "POST", "/orders/6/bags/7/refunds?skip_external_refund=true", book },
	{ "GET", "/orders/6/bags/7/refunds", show_list },
	{ "GET", "/orders/6/refunds/", show_one },
};

static const char *
serve(const void *ctx, const struct http_request *request)
{
	for (size_t i = 0; i < COUNT(routes); i++)
		if (strcmp(request->method, routes[i].method) == 0 &&
		    strstr(request->url, routes[i].path) != NULL)
			return routes[i].serve(ctx, request);
	fail_msg("nobody serves %s %s", request->method, request->url);
	return "";
}

/* A life --------------------------------------------------------------------------------------- */

static void
start_worker(void)
{
	worker = mem_context("worker");
	app.tokens = violet_tokens_open(worker);
}

static void
end_worker(void)
{
	talloc_free(app.tokens); /* first, since it frees singly */
	talloc_free(worker);
	worker = NULL;
}

/* A store that has installed the app, is linked to the channel, and has heard of nothing. */
static void
make_store(void)
{
	const char *where = mem_printf(world.ctx, STORE_TOKEN_WHERE, world.store_hash);

	query("with s as (insert into violet.store (store_hash, sealed_token, first_installed_at, "
	      "installed_at) values ($1, $2, $3, $3)), m as (insert into violet.store_merchant "
	      "(store_hash, merchant_id, first_seen_at, last_seen_at) values ($1, 5, $3, $3)) "
	      "insert into violet.link (store_hash, channel_id, made_how, made_by_user, linked_at) "
	      "values ($1, $4, 'button', 1, $3)",
	    DB_PARAMS(db_text(world.store_hash),
		db_text(crypt_seal(world.ctx, app.keys, where, "token")),
		db_time(world.begin - 24 * HOUR), db_int(channel_id)));
}

static void
begin(const struct story *story, size_t fails_at, enum way way)
{
	static int number;
	int64_t now = world.now;

	memset(&world, 0, sizeof(world));
	world.ctx = mem_context("life");
	world.story = story;
	/* So much later that the fuse has forgotten the life before. */
	world.begin = world.now = now + 24 * HOUR;
	world.fails_at = fails_at;
	world.way = way;
	snprintf(world.store_hash, sizeof(world.store_hash), "s%d", ++number);
	snprintf(world.failed, sizeof(world.failed), "without a fault");
	start_worker();
	make_store();
	act_due();
}

/* When the job can be taken. */
static int64_t
job_ready(void)
{
	const struct db_rows *rows =
	    query("select greatest(j.due_at, j.lease_until, s.gate_until) as ready_at "
		  "from violet.job as j join violet.store as s on s.store_hash = j.store_hash "
		  "where j.store_hash = $1",
		DB_PARAMS(db_text(world.store_hash)));

	return db_count(rows) > 0 ? db_get_time(rows, 0, "ready_at") : INT64_MAX;
}

/* Let time pass until the job can be taken. False: there is none, and nothing will happen. */
static bool
await_job(void)
{
	for (;;) {
		int64_t ready = job_ready(), act = next_act(), next = act < ready ? act : ready;

		if (next == INT64_MAX)
			return false;
		if (next > world.now)
			world.now = next;
		if (ready <= act)
			return true;
		act_due();
	}
}

/* What a worker does with a job that it has heard of. If it dies, another one comes after
 * it. */
static void
look(void)
{
	void *ctx = mem_context("job");
	struct job job = { .store_hash = world.store_hash, .kind = JOB_SYNC_ORDER, .ref = ORDER };
	struct err err;

	if (setjmp(world.death) != 0) {
		end_worker();
		start_worker();
		return;
	}
	if (job_take(&app, ctx, &job, &err) == RC_OK)
		run_job(&app, ctx, &job);
	talloc_free(ctx);
}

static const struct booking *
find_booking(const char *marker)
{
	size_t length = strlen(marker);

	for (size_t i = 0; i < world.booking_count; i++)
		if (strncmp(world.bookings[i].reason, marker, length) == 0 &&
		    world.bookings[i].reason[length] == ' ')
			return &world.bookings[i];
	return NULL;
}

/* What there must be in the end, in the words of what_there_is(): each amount that is owed has been
 * booked, nothing else has, and the rows say so. */
static const char *
what_there_must_be(void)
{
	char *text = mem_text(world.ctx, "");
	size_t count = 0;
	int64_t sum = 0;

	for (const struct owed *owed = world.story->owed; owed->marker != NULL; owed++) {
		const struct booking *booking = find_booking(owed->marker);

		CHECK(booking != NULL && booking->minor == owed->minor,
		    "%s: %s: %s is not booked as it should be", world.story->name, world.failed,
		    owed->marker);
		sum += owed->minor;
		count++;
		text = mem_printf(world.ctx, "%s%s=done:%d@%d ", text, owed->marker,
		    (int)owed->minor, (int)booking->id);
	}
	CHECK(world.booking_count == count, "%s: %s: booked %zu times", world.story->name,
	    world.failed, world.booking_count);
	return mem_printf(world.ctx,
	    "%s| owed %d paid %d | overpaid f | accepted %zu open 0 | wrong moves 0 | day %d | "
	    "jobs 0",
	    text, (int)sum, (int)sum, count, (int)sum);
}

/* Rows with state, amount and Violet's refund; the bag's sums; attempts; moves that are not allowed
 * or do not follow upon each other; the roll-up; jobs. */
static const char *
what_there_is(const char **history)
{
	const struct db_rows *rows = query(
	    "select format('%s | owed %s paid %s | overpaid %s | accepted %s open %s | "
	    "wrong moves %s | day %s | jobs %s', ("
	    " select string_agg(format('%s=%s:%s@%s', marker, state, amount_minor,"
	    "  violet_refund_id), ' ' order by source desc, source_id)"
	    " from violet.refund where store_hash = $1),"
	    " b.owed_minor, b.paid_minor, b.overpaid_at is not null,"
	    " (select count(*) from violet.refund_attempt"
	    "  where store_hash = $1 and outcome = 'accepted'),"
	    " (select count(*) from violet.refund_attempt"
	    "  where store_hash = $1 and (outcome is null or finished_at is null)),"
	    " (select count(*) from ("
	    "  select from_state, to_state, lag(to_state) over ("
	    "   partition by source, source_id order by history_id) as left_in"
	    "  from violet.refund_history where store_hash = $1) as h"
	    "  where from_state is distinct from left_in or from_state is not null and not exists ("
	    "   select from violet.refund_move as m"
	    "   where m.from_state = h.from_state and m.to_state = h.to_state)),"
	    " (select sum(amount_minor) from violet.refund_day"
	    "  where store_hash = $1 and state = 'done'),"
	    " (select count(*) from violet.job where store_hash = $1)) as found, ("
	    " select string_agg(format('%s %s', marker, h.to_state), ', ' order by h.history_id)"
	    " from violet.refund_history as h join violet.refund as r"
	    "  using (store_hash, order_id, source, source_id) where h.store_hash = $1) as history "
	    "from violet.bag as b where b.store_hash = $1",
	    DB_PARAMS(db_text(world.store_hash)));

	CHECK(db_count(rows) == 1, "%s: %s: no bag", world.story->name, world.failed);
	*history = db_get_text(rows, 0, "history");
	return db_get_text(rows, 0, "found");
}

static void
live(const struct story *story, size_t fails_at, enum way way)
{
	const char *wanted, *found, *history;
	int looks = 0;

	begin(story, fails_at, way);
	while (await_job()) {
		CHECK(++looks <= LOOKS_MAX, "%s: %s: it never ends", story->name, world.failed);
		look();
	}
	found = what_there_is(&history);
	wanted = what_there_must_be();
	CHECK(strcmp(found, wanted) == 0, "%s: %s:\n found %s\nwanted %s\n after %s", story->name,
	    world.failed, found, wanted, history);
	end_worker();
	talloc_free(world.ctx);
}

static void
each_call_fails_in_turn(void **state)
{
	const struct story *story = *state;
	enum call kinds[CALLS_MAX];
	size_t calls, lives = 0;
	bool is_alike = story->begins_alike;

	live(story, 0, WAY_WELL);
	calls = world.calls;
	memcpy(kinds, world.kinds, sizeof(kinds));
	for (size_t i = 0; i < calls; i++) {
		is_alike = is_alike && kinds[i] != CALL_SEND;
		for (enum way way = WAY_NOT_DONE; way < WAY__COUNT && !is_alike; way++) {
			if ((ways[way].calls & kinds[i]) == 0)
				continue;
			live(story, i + 1, way);
			CHECK(world.kinds[i] == kinds[i], "%s: %s: another call than before",
			    story->name, world.failed);
			lives++;
		}
	}
	print_message("# %s: %zu calls, %zu lives\n", story->name, calls, lives);
}

/* The stage ------------------------------------------------------------------------------------ */

static struct crypt_keys *
make_keys(const void *ctx)
{
	const char *line = crypt_keys_new_line(ctx);
	char path[] = "/tmp/test_look_calls.XXXXXX";
	int fd = mkstemp(path);
	struct crypt_keys *keys = NULL;
	struct err err = { 0 };

	assert_true(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	close(fd);
	CHECK(crypt_keys_read(ctx, path, &keys, &err) == RC_OK, "%s", err.text);
	unlink(path);
	return keys;
}

static void
run_script(const char *sql)
{
	struct err err = { 0 };

	CHECK(db_script(behind, sql, &err) == RC_OK, "%.40s: %s", sql, err.text);
}

static void
make_schema(void)
{
	static const char *const folders[] = { "sql/migrations/", "sql/api/" };

	run_script(asset_find("sql/roles.sql")->bytes);
	run_script("begin; set local role violet_owner; set local check_function_bodies = off");
	for (size_t i = 0; i < COUNT(folders); i++)
		for (const struct asset *a = assets; a->path != NULL; a++)
			if (strncmp(a->path, folders[i], strlen(folders[i])) == 0)
				run_script(a->bytes);
	run_script("commit");
}

static void
make_channel(void)
{
	static const char credentials[] =
	    "{\"app_secret\":\"secret\",\"username\":\"me@example.com\",\"password\":\"word\"}";
	const char *where = mem_printf(world.ctx, CHANNEL_CREDENTIALS_WHERE, 10001LL);
	const struct db_rows *rows = query(
	    "insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials) "
	    "values ('acme', 'Acme', 'https://acme.example/', 10001, $1) returning channel_id",
	    DB_PARAMS(db_text(crypt_seal(world.ctx, app.keys, where, credentials))));

	channel_id = db_get_int(rows, 0, "channel_id");
}

static void *stage;

static int
open_stage(void **state)
{
	const char *url = getenv("TEST_DATABASE_URL");
	struct scene *scene;

	(void)state; /* stays the story's */
	world.ctx = stage = mem_context("stage");
	scene = mem_new(world.ctx, struct scene);
	scene_begin(scene, world.ctx);
	conf = scene->conf;
	conf.recheck.count = 0; /* a look at what is quiet would change nothing */
	conf.cancel_grace_ms = scene->grace;
	conf.lease_ms = MINUTE;
	conf.bigcommerce_api_url = "https://api.example";
	conf.violet_api_url = "https://violet.example/v1";
	conf.fuse_store_count = conf.fuse_total_count = 1000;
	conf.fuse_store_amount = conf.fuse_total_amount = 1000000;
	fake.serve = serve;
	behind = db_open(world.ctx, url, "test_look_calls", 0);
	app = (struct app){
		.conf = &conf,
		.keys = make_keys(world.ctx),
		.db = db_open(world.ctx, url, "test_look_calls worker", 10000),
	};
	make_schema();
	make_channel();
	return 0;
}

static int
close_stage(void **state)
{
	(void)state;
	talloc_free(stage);
	return 0;
}

static void
skipped(void **state)
{
	(void)state;
	skip();
}

int
main(void)
{
	const bool has_database = getenv("TEST_DATABASE_URL") != NULL;
	struct CMUnitTest tests[COUNT(stories)];

	mem_init();
	crypt_init();
	log_set_level("error"); /* failed looks are what this is about */
	for (size_t i = 0; i < COUNT(stories); i++)
		tests[i] = (struct CMUnitTest){
			.name = stories[i].name,
			.test_func = has_database ? each_call_fails_in_turn : skipped,
			.initial_state = (void *)(uintptr_t)&stories[i],
		};
	if (!has_database)
		print_message("# skip: TEST_DATABASE_URL is not set\n");
	return cmocka_run_group_tests_name("look calls", tests, has_database ? open_stage : NULL,
	    has_database ? close_stage : NULL);
}
