/* SPDX-License-Identifier: Apache-2.0 */
/* `store list|show|edit|forget`. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/output.h"

#define LIST_MAX 10000

static const struct output_column list_columns[] = {
	{ .name = "store_hash", .title = "Store" },
	{ .name = "name", .title = "Name" },
	{ .name = "domain", .title = "Domain" },
	{ .name = "currency", .title = "Cur" },
	{ .name = "merchant_id", .title = "Merchant", .kind = OUTPUT_INT },
	{ .name = "channels", .title = "Channels", .kind = OUTPUT_LIST },
	{ .name = "reviews", .title = "Reviews", .kind = OUTPUT_INT },
	{ .name = "trouble", .title = "Trouble" },
	{ .name = "installed_at", .kind = OUTPUT_TIME },
	{ .name = "uninstalled_at", .kind = OUTPUT_TIME },
	{ 0 },
};

static enum cli_exit
run_list(struct cli *cli)
{
	struct app *app = cli_open(cli);
	struct db_rows *rows;
	struct err err;
	enum rc rc =
	    db_read(app->db, cli->ctx, &rows, &err, "select * from api.store_list($1, $2, $3)",
		DB_PARAMS(db_text(cli->arguments[0]), db_int(LIST_MAX), db_time(clock_now_ms())));

	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, list_columns, cli_flag(cli, "json"),
	    cli->arguments[0] != NULL ? "No store's hash, name or domain fits."
				      : "No store has installed the app yet.");
	return CLI_DONE;
}

static const struct output_column show_columns[] = {
	{ .name = "store_hash", .title = "Store" },
	{ .name = "name", .title = "Name" },
	{ .name = "domain", .title = "Domain" },
	{ .name = "control_panel_url", .title = "Control panel" },
	{ .name = "currency", .title = "Currency" },
	{ .name = "owner_id", .title = "Owner (user)", .kind = OUTPUT_INT },
	{ .name = "first_installed_at", .title = "First installed", .kind = OUTPUT_TIME },
	{ .name = "installed_at", .title = "Installed", .kind = OUTPUT_TIME },
	{ .name = "uninstalled_at", .title = "Uninstalled", .kind = OUTPUT_TIME },
	{ .name = "token_refused_at", .title = "Token refused", .kind = OUTPUT_TIME },
	{ .name = "scopes", .title = "Scopes", .kind = OUTPUT_LIST },
	{ .name = "merchant_id", .title = "Violet merchant", .kind = OUTPUT_INT },
	{ .name = "merchant_set_by", .title = "  set by" },
	{ .name = "merchants", .title = "  ever had", .kind = OUTPUT_LIST },
	{ .name = "cancel_policy", .title = "Cancelled orders" },
	{ .name = "cancel_grace_seconds", .title = "  may be undone for (s)", .kind = OUTPUT_INT },
	{ .name = "gate_until", .title = "API calls wait until", .kind = OUTPUT_TIME },
	{ .name = "quota_left", .title = "API quota left", .kind = OUTPUT_INT },
	{ .name = "quota_total", .title = "  of", .kind = OUTPUT_INT },
	{ .name = "swept_refund_at", .title = "Refunds swept up to", .kind = OUTPUT_TIME },
	{ .name = "swept_order_at", .title = "Orders swept up to", .kind = OUTPUT_TIME },
	{ .name = "hooks_checked_at", .title = "Hooks checked", .kind = OUTPUT_TIME },
	{ .name = "discounts_read_at", .title = "Discounts read", .kind = OUTPUT_TIME },
	{ .name = "jobs", .title = "Jobs", .kind = OUTPUT_INT },
	{ .name = "refunds_open", .title = "Refunds under way", .kind = OUTPUT_INT },
	{ .name = "reviews", .title = "Refunds in review", .kind = OUTPUT_INT },
	{ .name = "fuse_tripped_at", .title = "Fuse tripped", .kind = OUTPUT_TIME },
	{ .name = "fuse_reason", .title = "  because" },
	{ 0 },
};
static const struct output_column link_columns[] = {
	{ .name = "channel", .title = "Channel" },
	{ .name = "app_id", .title = "App", .kind = OUTPUT_INT },
	{ .name = "made_how", .title = "Made by" },
	{ .name = "linked_at", .title = "Linked", .kind = OUTPUT_TIME },
	{ .name = "ending_at", .title = "Unlinking since", .kind = OUTPUT_TIME },
	{ .name = "ended_at", .title = "Ended", .kind = OUTPUT_TIME },
	{ .name = "end_reason", .title = "Because of" },
	{ 0 },
};

/* One JSON value of both results. */
static void
print_show_json(const struct db_rows *store, const struct db_rows *links)
{
	fputs("{\"store\":", stdout);
	output_row(store, 0, show_columns, true);
	fputs(",\"links\":", stdout);
	output_rows(links, link_columns, true, "");
	puts("}");
}

static enum cli_exit
run_show(struct cli *cli)
{
	const char *hash = cli_store(cli, cli->arguments[0]);
	struct db_rows *store, *links;
	struct app *app;
	struct err err;
	enum rc rc;

	if (hash == NULL)
		return CLI_USAGE;
	app = cli_open(cli);
	rc = db_read(app->db, cli->ctx, &store, &err, "select * from api.store_show($1)",
	    DB_PARAMS(db_text(hash)));
	if (rc == RC_OK && db_count(store) == 0)
		rc = err_set(&err, RC_MISSING, "store \"%s\" never installed the app", hash);
	if (rc == RC_OK)
		rc = db_read(app->db, cli->ctx, &links, &err, "select * from api.store_links($1)",
		    DB_PARAMS(db_text(hash)));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	if (cli_flag(cli, "json")) {
		print_show_json(store, links);
		return CLI_DONE;
	}
	output_row(store, 0, show_columns, false);
	putchar('\n');
	output_rows(links, link_columns, false, "Linked to no channel yet.");
	return CLI_DONE;
}

struct edit {
	const char *policy;
	int64_t grace, merchant;
	bool has_grace, default_grace, has_merchant;
};

static bool
read_edit(const struct cli *cli, struct edit *edit)
{
	const char *grace = cli_value(cli, "cancel-grace");
	const char *merchant = cli_value(cli, "merchant-id");

	*edit = (struct edit){ .policy = cli_value(cli, "cancel-policy") };
	edit->default_grace = grace != NULL && strcmp(grace, "default") == 0;
	edit->has_grace = grace != NULL && !edit->default_grace;
	edit->has_merchant = merchant != NULL;
	if (edit->policy == NULL && grace == NULL && merchant == NULL)
		return cli_usage(cli, "it wants at least one of --merchant-id, --cancel-policy, "
				      "--cancel-grace"),
		       false;
	if (edit->has_grace && !cli_number(cli, "--cancel-grace", grace, 0, &edit->grace))
		return false;
	return !edit->has_merchant ||
	       cli_number(cli, "--merchant-id", merchant, 1, &edit->merchant);
}

static enum rc
save_edit(
    struct cli *cli, const char *hash, const struct edit *edit, const char *who, struct err *err)
{
	struct db *db = cli->app->db;
	struct db_param now = db_time(clock_now_ms());
	enum rc rc =
	    db_call(db, cli->ctx, NULL, err, "select api.store_edit($1, $2, $3::int, $4, $5)",
		DB_PARAMS(db_text(hash), db_text(edit->policy),
		    edit->has_grace ? db_int(edit->grace) : db_null(), db_bool(edit->default_grace),
		    now));

	if (rc == RC_OK && edit->has_merchant)
		rc = db_call(db, cli->ctx, NULL, err,
		    "select api.merchant_seen($1, $2::int, $3, $4)",
		    DB_PARAMS(db_text(hash), db_int(edit->merchant), db_text(who), now));
	return rc;
}

static enum cli_exit
run_edit(struct cli *cli)
{
	const char *hash = cli_store(cli, cli->arguments[0]);
	const char *who = cli_who(cli);
	struct edit edit;
	struct err err;
	enum rc rc;

	if (hash == NULL || !read_edit(cli, &edit))
		return CLI_USAGE;
	if (who == NULL || strcmp(who, "violet") == 0)
		return cli_usage(cli, "say who does it: --by NAME");
	cli_open(cli);
	rc = save_edit(cli, hash, &edit, who, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("Store %s was changed.\n", hash);
	return CLI_DONE;
}

static const struct output_column forget_columns[] = {
	{ .name = "what", .title = "Taken away" },
	{ .name = "removed", .title = "Rows", .kind = OUTPUT_INT },
	{ 0 },
};

static enum cli_exit
run_forget(struct cli *cli)
{
	const char *hash = cli_store(cli, cli->arguments[0]);
	struct db_rows *rows;
	struct app *app;
	struct err err;
	enum rc rc;

	if (hash == NULL)
		return CLI_USAGE;
	if (!cli_flag(cli, "yes"))
		return cli_usage(cli, "this takes away all that is known of the store, for good. "
				      "Repeat it with --yes");
	app = cli_open(cli);
	rc = db_call(app->db, cli->ctx, &rows, &err, "select * from api.store_forget($1)",
	    DB_PARAMS(db_text(hash)));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, forget_columns, cli_flag(cli, "json"), "");
	return CLI_DONE;
}

static const struct cli_option json_options[] = { OUTPUT_JSON, { 0 } };
static const struct cli_option edit_options[] = {
	{ "merchant-id", "NUMBER",
	    "Violet's id of its merchant, where it can't be found by itself" },
	{ "cancel-policy", "refund|review",
	    "what a cancelled order does: pay back by itself, or ask a person" },
	{ "cancel-grace", "SECONDS",
	    "how long a cancellation may be undone; \"default\": CANCEL_GRACE_SECONDS" },
	CLI_BY,
	{ 0 },
};
static const struct cli_option forget_options[] = {
	{ "yes", NULL, "really" },
	OUTPUT_JSON,
	{ 0 },
};

const struct cli_command store_commands[] = {
	{
	    .words = "store list",
	    .arguments = "[SEARCH]",
	    .help = "stores, or those whose hash, name or domain fits",
	    .examples = "violet-bigcommerce store list\nviolet-bigcommerce store list garden",
	    .options = json_options,
	    .run = run_list,
	},
	{
	    .words = "store show",
	    .arguments = "STORE",
	    .help = "all that is known of a store, and its links",
	    .more = "STORE is the hash (abc123) or any address of its control panel.",
	    .examples =
		"violet-bigcommerce store show abc123\n"
		"violet-bigcommerce store show https://store-abc123.mybigcommerce.com/manage",
	    .options = json_options,
	    .run = run_show,
	},
	{
	    .words = "store edit",
	    .arguments = "STORE",
	    .help = "set its merchant id, or what cancelled orders do",
	    .more = "A merchant id set by hand is kept beside the earlier ones: orders of all of "
		    "them stay refundable.",
	    .examples =
		"violet-bigcommerce store edit abc123 --merchant-id 50001\n"
		"violet-bigcommerce store edit abc123 --cancel-policy review --cancel-grace 3600",
	    .options = edit_options,
	    .run = run_edit,
	},
	{
	    .words = "store forget",
	    .arguments = "STORE",
	    .help = "take away all that is known of a store that has uninstalled",
	    .more = "Refused while the app is installed or a refund is not settled.",
	    .examples = "violet-bigcommerce store forget abc123 --yes",
	    .options = forget_options,
	    .run = run_forget,
	},
	{ 0 },
};
