/* SPDX-License-Identifier: Apache-2.0 */
/* `refund list|show|approve|retry|dismiss`, `refunds hold|resume`: what people decide. Only the
 * worker sends money. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/refund_show.h"
#include "domain/event.h"
#include "domain/refund.h"
#include "lib/json.h"

#define LIMIT_DEFAULT 100

static const struct output_column list_columns[] = {
	{ .name = "store_hash", .title = "Store" },
	{ .name = "order_id", .title = "Order", .kind = OUTPUT_INT },
	{ .name = "name", .title = "Refund" },
	{ .name = "state", .title = "State" },
	{ .name = "amount_minor", .title = "Amount", .kind = OUTPUT_MONEY, .currency = "currency" },
	{ .name = "channel", .title = "Channel" },
	{ .name = "made_at", .title = "Made", .kind = OUTPUT_TIME },
	{ .name = "violet_refund_id", .title = "At Violet", .kind = OUTPUT_INT },
	{ .name = "why", .title = "Why it waits" },
	{ .name = "source" },
	{ .name = "source_id", .kind = OUTPUT_INT },
	{ .name = "currency" },
	{ .name = "wait_code" },
	{ .name = "review_code" },
	{ .name = "review_reason" },
	{ .name = "proposed_minor", .kind = OUTPUT_MONEY, .currency = "currency" },
	{ .name = "proposed_how", .kind = OUTPUT_FACTS },
	{ .name = "attempts", .kind = OUTPUT_INT },
	{ .name = "changed_at", .kind = OUTPUT_TIME },
	{ .name = "done_at", .kind = OUTPUT_TIME },
	{ 0 },
};

/* Say on stderr what stops refunds now, so that nobody wonders why they wait. */
static enum rc
print_brakes(struct cli *cli, struct err *err)
{
	struct db_rows *rows;
	enum rc rc =
	    db_read(cli->app->db, cli->ctx, &rows, err, "select * from api.brakes()", DB_NONE);

	for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++) {
		const char *store = db_get_text(rows, i, "store_hash");

		fprintf(stderr,
		    "Refunds of %s%s are stopped (%s): %s. \"refunds resume\" lets them go on.\n",
		    store != NULL ? "store " : "all stores", store != NULL ? store : "",
		    db_get_text(rows, i, "brake"), db_get_text(rows, i, "reason"));
	}
	return rc;
}

static bool
is_state(const char *name)
{
	enum refund_state state;

	return strcmp(name, "all") == 0 || refund_state_find(name, &state);
}

static enum cli_exit
run_list(struct cli *cli)
{
	const char *store = cli_value(cli, "store");
	const char *state = cli_value(cli, "state");
	int64_t limit = LIMIT_DEFAULT;
	struct db_rows *rows;
	struct app *app;
	struct err err;
	enum rc rc;

	if (store != NULL && (store = cli_store(cli, store)) == NULL)
		return CLI_USAGE;
	if (state != NULL && !is_state(state))
		return cli_usage(cli, "there is no state \"%s\"", state);
	if (!cli_number_option(cli, "limit", 1, &limit))
		return CLI_USAGE;
	app = cli_open(cli);
	rc = cli_know_store(cli, store, &err);
	if (rc == RC_OK)
		rc = db_read(app->db, cli->ctx, &rows, &err,
		    "select r.*, r.source || ':' || r.source_id as name, "
		    "case r.state when 'review' then r.review_reason when 'pending' then "
		    "r.wait_code end "
		    "as why "
		    "from api.refund_list($1, $2, null, $3::int) as r",
		    DB_PARAMS(db_text(store), db_text(state), db_int(limit)));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, list_columns, cli_flag(cli, "json"),
	    state == NULL ? "No refund is open." : "There is no such refund.");
	rc = print_brakes(cli, &err);
	return rc == RC_OK ? CLI_DONE : cli_fail(rc, &err);
}

/* "12" or "refund:12", "cancel" or "cancel:1", "elsewhere:12", "status:1": as `refund list` writes
 * them. */
static bool
read_refund(struct cli *cli, const char *text, struct refund_key *key)
{
	size_t length = strcspn(text, ":");
	const char *number = text[length] == ':' ? text + length + 1 : "1";
	enum refund_source source;

	if (text_int(text, 1, INT64_MAX, &key->source_id)) {
		key->source = refund_source_name(SOURCE_REFUND);
		return true;
	}
	if (refund_source_find(mem_bytes(cli->ctx, text, length), &source) &&
	    text_int(number, 1, INT64_MAX, &key->source_id)) {
		key->source = refund_source_name(source);
		return true;
	}
	cli_usage(
	    cli, "REFUND is written as in \"refund list\" (refund:12, cancel:1), not \"%s\"", text);
	return false;
}

/* STORE ORDER [REFUND] of the command line. */
static bool
read_key(struct cli *cli, struct refund_key *key)
{
	*key = (struct refund_key){ .store_hash = cli_store(cli, cli->arguments[0]) };
	if (key->store_hash == NULL ||
	    !cli_number(cli, "ORDER", cli->arguments[1], 1, &key->order_id))
		return false;
	return cli->arguments[2] == NULL || read_refund(cli, cli->arguments[2], key);
}

/* All that is known of the order, as JSON. */
static enum rc
read_order(struct cli *cli, const struct refund_key *key, const char **text,
    const struct json **json, struct err *err)
{
	struct db_rows *rows;
	enum rc rc =
	    db_read(cli->app->db, cli->ctx, &rows, err, "select api.refund_show($1, $2) as shown",
		DB_PARAMS(db_text(key->store_hash), db_int(key->order_id)));

	if (rc != RC_OK)
		return rc;
	*text = db_get_text(rows, 0, "shown");
	if (*text == NULL)
		return err_set(err, RC_MISSING,
		    "order %lld of store \"%s\" was never looked at; \"event replay\" or the "
		    "order's page in "
		    "the app make it due",
		    (long long)key->order_id, key->store_hash);
	return json_parse(cli->ctx, *text, strlen(*text), json, err);
}

static enum cli_exit
run_show(struct cli *cli)
{
	struct refund_key key;
	const struct json *json;
	const char *text;
	struct err err;
	enum rc rc;

	if (!read_key(cli, &key))
		return CLI_USAGE;
	cli_open(cli);
	rc = read_order(cli, &key, &text, &json, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	if (cli_flag(cli, "json"))
		puts(text);
	else
		refund_show_print(json);
	return CLI_DONE;
}

/* --amount in the currency of the bag: "10.00", or "10.00 USD", which must be that currency. */
static enum rc
read_amount(const struct cli *cli, const struct json *order, int64_t *minor, struct err *err)
{
	const char *currency = json_get_text(order, "currency", NULL);
	const char *text = cli_value(cli, "amount");
	size_t length = strcspn(text, " ");
	const char *named = text + length + strspn(text + length, " ");
	int64_t left = json_get_int(order, "total_minor", 0) - json_get_int(order, "paid_minor", 0);
	char money[MONEY_TEXT_SIZE];

	if (currency == NULL)
		return err_set(err, RC_CONFLICT,
		    "Violet has no bag for this order: there is nothing to pay from");
	if (*named != '\0' && strcmp(named, currency) != 0)
		return err_set(err, RC_INVALID, "the bag is in %s, not %s", currency, named);
	if (!money_parse(mem_bytes(cli->ctx, text, length), money_exponent(currency), minor) ||
	    *minor <= 0)
		return err_set(err, RC_INVALID,
		    "--amount is an amount of %s above 0 with at most %d decimals, not \"%s\"",
		    currency, money_exponent(currency), text);
	if (*minor > left)
		return err_set(err, RC_INVALID, "only %s is left of this order at Violet",
		    money_format(left, currency, money));
	return RC_OK;
}

/* Tell the worker, and the person. */
static enum cli_exit
decided(
    struct cli *cli, const struct refund_key *key, enum rc rc, struct err *err, const char *what)
{
	if (rc == RC_OK)
		rc = event_notify(cli->app, err);
	if (rc != RC_OK)
		return cli_fail(rc, err);
	printf("%s:%lld of order %lld, store %s: %s.\n", key->source, (long long)key->source_id,
	    (long long)key->order_id, key->store_hash, what);
	return CLI_DONE;
}

static enum cli_exit
run_approve(struct cli *cli)
{
	const char *who = cli_who(cli);
	const char *currency = NULL;
	char money[MONEY_TEXT_SIZE];
	struct refund_key key;
	const struct json *order;
	const char *text;
	int64_t minor = 0;
	struct err err;
	enum rc rc;

	if (cli_value(cli, "amount") == NULL)
		return cli_usage(cli, "it wants --amount: what exactly shall be paid");
	if (who == NULL)
		return cli_usage(cli, "say who approves: --by NAME");
	if (!read_key(cli, &key))
		return CLI_USAGE;
	cli_open(cli);
	rc = read_order(cli, &key, &text, &order, &err);
	if (rc == RC_OK)
		rc = read_amount(cli, order, &minor, &err);
	if (rc == RC_OK) {
		currency = json_get_text(order, "currency", "");
		rc = refund_approve(cli->app, &key, minor, who, &err);
	}
	return decided(cli, &key, rc, &err,
	    rc == RC_OK ? mem_printf(cli->ctx, "%s will be paid, approved by %s",
			      money_format(minor, currency, money), who)
			: "");
}

static enum cli_exit
run_retry(struct cli *cli)
{
	const char *who = cli_who(cli);
	struct refund_key key;
	struct err err;

	if (who == NULL)
		return cli_usage(cli, "say who wants it tried again: --by NAME");
	if (!read_key(cli, &key))
		return CLI_USAGE;
	cli_open(cli);
	return decided(cli, &key, refund_retry(cli->app, &key, who, &err), &err,
	    "will be looked at and tried again");
}

static enum cli_exit
run_dismiss(struct cli *cli)
{
	const char *who = cli_who(cli);
	const char *reason = cli_value(cli, "reason");
	struct refund_key key;
	struct err err;

	if (reason == NULL || *reason == '\0')
		return cli_usage(cli, "it wants --reason: why it is never paid");
	if (who == NULL)
		return cli_usage(cli, "say who dismisses it: --by NAME");
	if (!read_key(cli, &key))
		return CLI_USAGE;
	cli_open(cli);
	return decided(cli, &key, refund_dismiss(cli->app, &key, reason, who, &err), &err,
	    "is dismissed and will not be paid");
}

static enum cli_exit
change_sending(
    struct cli *cli, enum rc (*change)(struct app *, const char *, struct err *), const char *done)
{
	const char *who = cli_who(cli);
	struct err err;
	enum rc rc;

	if (who == NULL)
		return cli_usage(cli, "say who does it: --by NAME");
	cli_open(cli);
	rc = change(cli->app, who, &err);
	if (rc == RC_OK)
		rc = event_notify(cli->app, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	puts(done);
	return CLI_DONE;
}

static enum cli_exit
run_hold(struct cli *cli)
{
	return change_sending(cli, refunds_hold,
	    "No refund is sent until \"refunds resume\". Nothing is lost: webhooks and sweeps go "
	    "on.");
}

static enum cli_exit
run_resume(struct cli *cli)
{
	return change_sending(cli, refunds_resume, "Refunds are sent again; fuses count from now.");
}

#define ORDER_REFUND "STORE ORDER REFUND"

static const struct cli_option by_options[] = { CLI_BY, { 0 } };
static const struct cli_option json_options[] = { OUTPUT_JSON, { 0 } };

const struct cli_command refund_commands[] = {
	{
	    .words = "refund list",
	    .arguments = "",
	    .help = "refunds that are open, or in another state, newest first",
	    .more = "States: pending, sending, unknown, accepted, review (open); done, covered, "
		    "foreign, dismissed; or all.",
	    .examples = "violet-bigcommerce refund list --state review\nviolet-bigcommerce refund "
			"list --store abc123 --state all",
	    .options =
		(const struct cli_option[]){
		    { "store", "STORE", "of this store only" },
		    { "state", "STATE", "in this state only (default: the open ones)" },
		    { "limit", "NUMBER", "at most so many (default 100)" },
		    OUTPUT_JSON,
		    { 0 },
		},
	    .run = run_list,
	},
	{
	    .words = "refund show",
	    .arguments = "STORE ORDER",
	    .help = "an order's bag and refunds, with every attempt and move",
	    .examples = "violet-bigcommerce refund show abc123 250\nviolet-bigcommerce refund show "
			"abc123 250 --json",
	    .options = json_options,
	    .run = run_show,
	},
	{
	    .words = "refund approve",
	    .arguments = ORDER_REFUND,
	    .help = "pay a refund that is in review",
	    .more = "The amount may exceed what BigCommerce says is owed, never what is left of "
		    "the bag.",
	    .examples = "violet-bigcommerce refund approve abc123 250 refund:12 --amount 10.00\n"
			"violet-bigcommerce refund approve abc123 250 cancel:1 --amount '69.84 "
			"USD' --by alice",
	    .options =
		(const struct cli_option[]){
		    { "amount", "AMOUNT", "what exactly shall be paid, in the bag's currency" },
		    CLI_BY,
		    { 0 },
		},
	    .run = run_approve,
	},
	{
	    .words = "refund retry",
	    .arguments = ORDER_REFUND,
	    .help = "look at a refund in review again, and send it as it stands",
	    .examples = "violet-bigcommerce refund retry abc123 250 refund:12",
	    .options = by_options,
	    .run = run_retry,
	},
	{
	    .words = "refund dismiss",
	    .arguments = ORDER_REFUND,
	    .help = "never pay a refund that is in review",
	    .examples = "violet-bigcommerce refund dismiss abc123 250 refund:12 --reason 'paid by "
			"bank transfer on 21 Nov'",
	    .options =
		(const struct cli_option[]){
		    { "reason", "TEXT", "why, for the record" },
		    CLI_BY,
		    { 0 },
		},
	    .run = run_dismiss,
	},
	{
	    .words = "refunds hold",
	    .arguments = "",
	    .help = "send no refund until \"refunds resume\"",
	    .more = "Before the database is restored from a backup, for instance: restore, hold, "
		    "let the sweeps run, compare, resume.",
	    .examples = "violet-bigcommerce refunds hold",
	    .options = by_options,
	    .run = run_hold,
	},
	{
	    .words = "refunds resume",
	    .arguments = "",
	    .help = "send refunds again, and mend blown fuses",
	    .examples = "violet-bigcommerce refunds resume",
	    .options = by_options,
	    .run = run_resume,
	},
	{ 0 },
};
