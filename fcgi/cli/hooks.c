/* SPDX-License-Identifier: Apache-2.0 */
/* `hooks check`: have the worker ask BigCommerce for the hooks of a store, mend them, and show what
 * it found. */
#include "cli/commands.h"

#include <stdio.h>

#include <time.h>

#include "base/clock.h"
#include "cli/output.h"
#include "domain/event.h"

#define WAIT_DEFAULT_S 60

static const struct output_column columns[] = {
	{ .name = "store_hash", .title = "Store" },
	{ .name = "name", .title = "Name" },
	{ .name = "scope", .title = "Hook" },
	{ .name = "state", .title = "State" },
	{ .name = "checked_at", .title = "Checked", .kind = OUTPUT_TIME },
	{ .name = "due_at", .title = "Next check", .kind = OUTPUT_TIME },
	{ .name = "note", .title = "Note" },
	{ 0 },
};

static enum rc
count(struct cli *cli, const char *sql, const struct db_param *params, size_t n, size_t *out,
    struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(cli->app->db, cli->ctx, &rows, err, sql, params, n);

	if (rc == RC_OK)
		*out = (size_t)db_get_int(rows, 0, "n");
	return rc;
}

/* Until the worker has checked every store, or the time is over. */
static enum rc
wait_for_worker(struct cli *cli, const char *store, int64_t since_ms, size_t total, int64_t wait_s,
    size_t *left, struct err *err)
{
	static const struct timespec pause = { .tv_nsec = 200000000 };
	enum rc rc;

	for (;;) {
		rc = count(cli, "select api.hooks_unchecked($1, $2) as n",
		    DB_PARAMS(db_text(store), db_time(since_ms)), left, err);
		if (rc != RC_OK)
			return rc;
		output_progress("checking hooks", *left < total ? total - *left : 0, total);
		if (*left == 0 || (clock_now_ms() - since_ms) / 1000 >= wait_s)
			return RC_OK;
		nanosleep(&pause, NULL);
	}
}

static enum cli_exit
show(struct cli *cli, const char *store, size_t left)
{
	struct db_rows *rows;
	struct err err;
	enum rc rc = db_read(cli->app->db, cli->ctx, &rows, &err,
	    "select * from api.hooks_list($1)", DB_PARAMS(db_text(store)));

	if (rc == RC_OK && store != NULL && db_count(rows) == 0)
		rc = err_set(&err, RC_MISSING, "the app is not installed in store \"%s\"", store);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, columns, cli_flag(cli, "json"), "The app is installed in no store.");
	if (left > 0) {
		fprintf(stderr,
		    "violet-bigcommerce: %zu stores are not checked yet; is a worker running?\n",
		    left);
		return CLI_TRY_LATER;
	}
	return CLI_DONE;
}

static enum cli_exit
run_check(struct cli *cli)
{
	const char *store = cli->arguments[0];
	int64_t wait_s = WAIT_DEFAULT_S;
	int64_t since_ms = clock_now_ms();
	size_t total, left = 0;
	struct err err;
	enum rc rc;

	if (store != NULL && (store = cli_store(cli, store)) == NULL)
		return CLI_USAGE;
	if (!cli_number_option(cli, "wait", 0, &wait_s))
		return CLI_USAGE;
	cli_open(cli);
	/* A hundred stores a second at most: workers have other work too. */
	rc = count(cli, "select api.hooks_unchecked($1, $2) as n",
	    DB_PARAMS(db_text(store), db_time(since_ms)), &total, &err);
	if (rc == RC_OK)
		rc = count(cli, "select api.hooks_due($1, $2::int, $3) as n",
		    DB_PARAMS(db_text(store), db_int((int64_t)total / 100), db_time(since_ms)),
		    &total, &err);
	if (rc == RC_OK)
		rc = event_notify(cli->app, &err);
	if (rc == RC_OK)
		rc = wait_for_worker(cli, store, since_ms, total, wait_s, &left, &err);
	return rc == RC_OK ? show(cli, store, left) : cli_fail(rc, &err);
}

const struct cli_command hooks_commands[] = {
	{
	    .words = "hooks check",
	    .arguments = "[STORE]",
	    .help = "check a store's hooks at BigCommerce (all stores'), and mend them",
	    .more = "The worker does it; the command waits and shows what it found: ok, created, "
		    "mended, activated (BigCommerce had\n"
		    "switched it off) or failed.",
	    .examples =
		"violet-bigcommerce hooks check abc123\nviolet-bigcommerce hooks check --wait 600",
	    .options =
		(const struct cli_option[]){
		    { "wait", "SECONDS", "wait so long for the worker (default 60)" },
		    OUTPUT_JSON,
		    { 0 },
		},
	    .run = run_check,
	},
	{ 0 },
};
