/* SPDX-License-Identifier: Apache-2.0 */
/* `report NAME`: the views of schema report, for those without psql. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/start.h"

/* A report reads all that there is. */
enum { STATEMENT_TIMEOUT_MS = 600000 };

#define REPORT(name, order, meaning)                                           \
	{                                                                      \
		name, "select * from report." name " order by " order, meaning \
	}

static const struct {
	const char *name;
	const char *sql;
	const char *meaning;
} reports[] = {
	REPORT("stores", "name, store_hash", "stores that ever installed the app"),
	REPORT("links", "linked_at desc", "links of stores and channels, the ended ones too"),
	REPORT("channels", "channel", "merchants per channel"),
	REPORT("funnel", "day desc, channel", "how far merchants come through Connect, by day"),
	REPORT("orders", "order_made_at desc nulls last", "owed and paid of each order"),
	REPORT("refunds", "made_at desc", "every refund with its times"),
	REPORT("refunds_by_day", "day desc, channel, currency, state",
	    "refunds by day, channel, currency and state"),
	REPORT("speed", "day desc, channel", "time from BigCommerce's refund to Violet's, by day"),
	REPORT("owed", "currency, channel", "money owed to shoppers now"),
	REPORT("reviews", "since", "refunds that wait for a person"),
	REPORT("webhooks", "day desc, scope", "webhooks received, by day and scope"),
	REPORT("hooks", "store_name, store_hash, scope", "the last check of each store's webhooks"),
};

static enum cli_exit
list_reports(void)
{
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		printf("  %-16s %s\n", reports[i].name, reports[i].meaning);
	return CLI_DONE;
}

static bool
read_format(const struct cli *cli, enum output_format *format)
{
	bool csv = cli_flag(cli, "csv"), json = cli_flag(cli, "json"), html = cli_flag(cli, "html");

	if (csv + json + html > 1)
		return cli_usage(cli, "only one of --csv, --json, --html"), false;
	*format = csv ? OUTPUT_CSV : json ? OUTPUT_FORMAT_JSON : html ? OUTPUT_HTML : OUTPUT_TABLE;
	return true;
}

/* An analyst's login may read the views and nothing of ours besides, so this asks for no version.
 */
static enum cli_exit
print_report(struct cli *cli, size_t i, enum output_format format)
{
	const struct conf *conf = start_conf(cli->ctx, CONF_COMMAND);
	struct db *db = db_open(cli->ctx, conf->database_url, "report", STATEMENT_TIMEOUT_MS);
	struct db_rows *rows;
	struct err err;
	enum rc rc = db_read(db, cli->ctx, &rows, &err, reports[i].sql, DB_NONE);

	if (rc != RC_OK && strcmp(db_sqlstate(db), "42P01") == 0) /* undefined_table */
		rc = err_set(&err, RC_CONFLICT,
		    "the database has no such report yet: run \"violet-bigcommerce migrate\"");
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_any(rows, reports[i].name, format);
	return CLI_DONE;
}

static enum cli_exit
run_report(struct cli *cli)
{
	enum output_format format;

	if (!read_format(cli, &format))
		return CLI_USAGE;
	if (cli->arguments[0] == NULL)
		return list_reports();
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		if (strcmp(reports[i].name, cli->arguments[0]) == 0)
			return print_report(cli, i, format);
	}
	fprintf(stderr, "violet-bigcommerce report: there is no report \"%s\"; there are:\n",
	    cli->arguments[0]);
	list_reports();
	return CLI_MISSING;
}

const struct cli_command report_commands[] = {
	{
	    .words = "report",
	    .arguments = "[NAME]",
	    .help = "one of the reports; without a name: their list",
	    .more =
		"The same views of schema report that psql and dashboards read, with the units in "
		"their comments (\\d+ report.orders).\n"
		"Times and days are UTC. DATABASE_URL may name a login of the role violet_report.",
	    .examples = "violet-bigcommerce report owed\n"
			"violet-bigcommerce report refunds_by_day --csv >refunds.csv\n"
			"violet-bigcommerce report reviews --html >reviews.html",
	    .options =
		(const struct cli_option[]){
		    { "csv", NULL, "comma-separated values (RFC 4180)" },
		    OUTPUT_JSON,
		    { "html", NULL, "a page that stands alone" },
		    { 0 },
		},
	    .run = run_report,
	},
	{ 0 },
};
