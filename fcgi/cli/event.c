/* SPDX-License-Identifier: Apache-2.0 */
/* `event list|replay`: webhooks as received. Replaying reads them anew, as today's program
 * understands them. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/output.h"
#include "domain/event.h"
#include "domain/job.h"

#define LIMIT_DEFAULT 50
#define PAGE          500
#define NO_MOMENT                                                              \
	"%s is a time ago (30m, 12h, 3d) or a moment (2026-11-22T14:00:00Z), " \
	"not \"%s\""

static const struct output_column columns[] = {
	{ .name = "received_at", .title = "Received", .kind = OUTPUT_TIME },
	{ .name = "store_hash", .title = "Store" },
	{ .name = "scope", .title = "Scope" },
	{ .name = "order_id", .title = "Order", .kind = OUTPUT_INT },
	{ .name = "signature", .title = "Signature" },
	{ .name = "problem", .title = "Problem" },
	{ .name = "event_id", .kind = OUTPUT_INT },
	{ .name = "webhook_id" },
	{ .name = "body" },
	{ 0 },
};

/* Which events a command is about. */
struct choice {
	const char *store;
	struct db_param order, until;
	int64_t since_ms;
};

/* "3d", "12h", "30m" ago, or a date or time. */
static bool
read_moment(const char *text, int64_t *out_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	char digits[8] = "";
	size_t length = strspn(text, "0123456789");
	int64_t n;

	if (length > 0 && length < sizeof(digits) && strlen(text) == length + 1) {
		memcpy(digits, text, length);
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (text[length] == units[i].unit && text_int(digits, 1, 100000, &n)) {
				*out_ms = clock_now_ms() - n * units[i].ms;
				return true;
			}
		}
	}
	return text_time_ms(text, out_ms);
}

static bool
read_choice(const struct cli *cli, const char *default_since, struct choice *choice)
{
	const char *since = cli_value(cli, "since"), *until = cli_value(cli, "until");
	const char *order = cli_value(cli, "order");
	int64_t number;

	*choice = (struct choice){ .order = db_null(), .until = db_null() };
	if (!read_moment(since != NULL ? since : default_since, &choice->since_ms))
		return cli_usage(cli, NO_MOMENT, "--since", since), false;
	if (until != NULL && !read_moment(until, &number))
		return cli_usage(cli, NO_MOMENT, "--until", until), false;
	if (until != NULL)
		choice->until = db_time(number);
	if (order != NULL) {
		if (!cli_number(cli, "--order", order, 1, &number))
			return false;
		choice->order = db_int(number);
	}
	if (cli->arguments[0] == NULL)
		return true;
	choice->store = cli_store(cli, cli->arguments[0]);
	return choice->store != NULL;
}

static enum cli_exit
run_list(struct cli *cli)
{
	struct choice choice;
	int64_t limit = LIMIT_DEFAULT;
	struct db_rows *rows;
	struct app *app;
	struct err err;
	enum rc rc;

	if (!read_choice(cli, "7d", &choice) || !cli_number_option(cli, "limit", 1, &limit))
		return CLI_USAGE;
	app = cli_open(cli);
	rc = cli_know_store(cli, choice.store, &err);
	if (rc == RC_OK)
		rc = db_read(app->db, cli->ctx, &rows, &err,
		    "select * from api.event_list($1, $2, $3, $4, $5, $6::int)",
		    DB_PARAMS(db_text(choice.store), choice.order, db_time(choice.since_ms),
			choice.until, db_bool(cli_flag(cli, "problems")), db_int(limit)));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(
	    rows, columns, cli_flag(cli, "json"), "No such webhook was received in that time.");
	return CLI_DONE;
}

/* Make the job of one received webhook due, as a fresh reading of its body says. */
static enum rc
replay_one(struct app *app, const struct db_rows *rows, size_t row, size_t *jobs, struct err *err)
{
	void *ctx = mem_context("replay");
	struct db_rows *done;
	struct event event = { .store_hash = db_get_text(rows, row, "store_hash") };
	enum rc rc = RC_OK;

	event.body = db_get_bytes(rows, row, "body", &event.length);
	event_read(ctx, &event);
	if (event.job_kind != NULL) {
		struct db_param now = db_time(clock_now_ms());

		rc = db_call(app->db, ctx, &done, err, "select api.job_put($1, $2, $3, $4, $4)",
		    DB_PARAMS(db_text(event.store_hash), db_text(event.job_kind),
			db_int(event.job_ref), now));
		(*jobs)++;
	}
	talloc_free(ctx);
	return rc;
}

/* One page behind the last event; *rows has no row once all are done. */
static enum rc
read_page(struct cli *cli, const struct choice *choice, struct db_rows **rows, struct err *err)
{
	struct db_param after = db_null(), store = db_null(), id = db_null();
	struct db_rows *last = *rows;
	enum rc rc;

	if (last != NULL) {
		size_t row = db_count(last) - 1;

		after = db_text(
		    db_get_text(last, row, "received_at")); /* as text: to the microsecond */
		store = db_text(db_get_text(last, row, "store_hash"));
		id = db_int(db_get_int(last, row, "event_id"));
	}
	rc = db_read(cli->app->db, cli->ctx, rows, err,
	    "select * from api.event_page($1, $2, $3, $4, $5::text::timestamptz, $6, $7, $8::int)",
	    DB_PARAMS(db_text(choice->store), choice->order, db_time(choice->since_ms),
		choice->until, after, store, id, db_int(PAGE)));
	talloc_free(last);
	return rc;
}

static enum rc
replay(struct cli *cli, const struct choice *choice, size_t total, size_t *events, size_t *jobs,
    struct err *err)
{
	struct db_rows *rows = NULL;
	enum rc rc;

	while ((rc = read_page(cli, choice, &rows, err)) == RC_OK && db_count(rows) > 0) {
		for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++)
			rc = replay_one(cli->app, rows, i, jobs, err);
		if (rc != RC_OK)
			return rc;
		*events += db_count(rows);
		output_progress("replaying", *events < total ? *events : total, total);
	}
	return rc;
}

static enum cli_exit
run_replay(struct cli *cli)
{
	struct choice choice;
	struct db_rows *rows;
	struct err err;
	size_t events = 0, jobs = 0;
	enum rc rc;

	if (!read_choice(cli, "1d", &choice))
		return CLI_USAGE;
	cli_open(cli);
	rc = cli_know_store(cli, choice.store, &err);
	if (rc == RC_OK)
		rc = db_read(cli->app->db, cli->ctx, &rows, &err,
		    "select api.event_count($1, $2, $3, $4) as n",
		    DB_PARAMS(db_text(choice.store), choice.order, db_time(choice.since_ms),
			choice.until));
	if (rc == RC_OK)
		rc = replay(cli, &choice, (size_t)db_get_int(rows, 0, "n"), &events, &jobs, &err);
	if (rc == RC_OK && jobs > 0)
		rc = event_notify(cli->app, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("%zu webhooks were read again; %zu of them made a job due.\n", events, jobs);
	return CLI_DONE;
}

const struct cli_command event_commands[] = {
	{
	    .words = "event list",
	    .arguments = "[STORE]",
	    .help = "webhooks as received, newest first",
	    .more = "--json has the bodies too.",
	    .examples = "violet-bigcommerce event list abc123 --order 250\n"
			"violet-bigcommerce event list --since 30d --problems --json",
	    .options =
		(const struct cli_option[]){
		    { "order", "NUMBER", "of this order only" },
		    { "since", "TIME", "30m, 12h, 3d ago, or a moment (default: 7d)" },
		    { "until", "TIME", "likewise (default: now)" },
		    { "problems", NULL, "only those that could not be read" },
		    { "limit", "NUMBER", "at most so many (default 50)" },
		    OUTPUT_JSON,
		    { 0 },
		},
	    .run = run_list,
	},
	{
	    .words = "event replay",
	    .arguments = "[STORE]",
	    .help = "read received webhooks again and make their jobs due",
	    .more = "Harmless: a job looks at how things are now, and pays nothing twice.",
	    .examples = "violet-bigcommerce event replay abc123 --since 3d --until 2d\n"
			"violet-bigcommerce event replay --since 2h",
	    .options =
		(const struct cli_option[]){
		    { "order", "NUMBER", "of this order only" },
		    { "since", "TIME", "30m, 12h, 3d ago, or a moment (default: 1d)" },
		    { "until", "TIME", "likewise (default: now)" },
		    { 0 },
		},
	    .run = run_replay,
	},
	{ 0 },
};
