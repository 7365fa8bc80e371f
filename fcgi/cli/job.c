/* SPDX-License-Identifier: Apache-2.0 */
/* `job list`: work that is due or will be. */
#include "cli/commands.h"

#include "base/clock.h"
#include "cli/output.h"
#include "domain/job.h"

#define LIMIT_DEFAULT 100

static const struct output_column columns[] = {
	{ .name = "store_hash", .title = "Store" },
	{ .name = "kind", .title = "Job" },
	{ .name = "ref", .title = "Of", .kind = OUTPUT_INT },
	{ .name = "due_at", .title = "Due", .kind = OUTPUT_TIME },
	{ .name = "leased", .title = "At work", .kind = OUTPUT_BOOL },
	{ .name = "attempts", .title = "Failures", .kind = OUTPUT_INT },
	{ .name = "gate_until", .title = "Store waits until", .kind = OUTPUT_TIME },
	{ .name = "note", .title = "Note" },
	{ .name = "made_at", .kind = OUTPUT_TIME },
	{ 0 },
};

static enum cli_exit
run_list(struct cli *cli)
{
	const char *store = cli_value(cli, "store");
	const char *kind = cli_value(cli, "kind");
	enum job_kind known;
	int64_t limit = LIMIT_DEFAULT;
	struct db_rows *rows;
	struct app *app;
	struct err err;
	enum rc rc;

	if (store != NULL && (store = cli_store(cli, store)) == NULL)
		return CLI_USAGE;
	if (kind != NULL && !job_kind_find(kind, &known))
		return cli_usage(cli, "there is no job kind \"%s\"", kind);
	if (!cli_number_option(cli, "limit", 1, &limit))
		return CLI_USAGE;
	app = cli_open(cli);
	rc = cli_know_store(cli, store, &err);
	if (rc == RC_OK)
		rc = db_read(app->db, cli->ctx, &rows, &err,
		    "select * from api.job_list($1, $2, $3::int, $4)",
		    DB_PARAMS(
			db_text(store), db_text(kind), db_int(limit), db_time(clock_now_ms())));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, columns, cli_flag(cli, "json"), "There are no jobs.");
	return CLI_DONE;
}

const struct cli_command job_commands[] = {
	{
	    .words = "job list",
	    .arguments = "",
	    .help = "work that is due or will be, the next first",
	    .more = "Kinds: sync_order (of an order), sweep, ensure_hooks, read_discounts, "
		    "resolve_merchant, confirm_uninstall, unlink.",
	    .examples = "violet-bigcommerce job list\nviolet-bigcommerce job list --store abc123 "
			"--kind sync_order",
	    .options =
		(const struct cli_option[]){
		    { "store", "STORE", "of this store only" },
		    { "kind", "KIND", "of this kind only" },
		    { "limit", "NUMBER", "at most so many (default 100)" },
		    OUTPUT_JSON,
		    { 0 },
		},
	    .run = run_list,
	},
	{ 0 },
};
