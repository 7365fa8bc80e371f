/* SPDX-License-Identifier: Apache-2.0 */
/* `channel add|list|edit|disable|enable`. Secrets come from a file or from standard input, never
 * from the command line. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/output.h"
#include "domain/channel.h"
#include "lib/http.h"
#include "lib/json.h"
#include "remote/violet.h"

/* What a channel's form has, in the order of api.channel_add. */
#define FIELD_OPTIONS                                                                         \
	{ "name", "TEXT", "name that merchants see" },                                        \
	    { "description", "TEXT", "one or two sentences for the Connect page" },           \
	    { "logo-url", "URL", "its logo (https)" },                                        \
	    { "more-info-url", "URL", "where merchants can read more (https)" },              \
	    { "redirect-url", "URL",                                                          \
		    "where merchants return to, with merchant_id and state (https)" },        \
	    { "app-id", "NUMBER", "Violet's id of the app" },                                 \
	    { "username", "EMAIL", "login of the Violet account whose app it is" },           \
	{                                                                                     \
		"secrets", "FILE",                                                            \
		    "two lines: the app's secret, the account's password; - reads them from " \
		    "standard input"                                                          \
	}

static struct db_param
text_option(const struct cli *cli, const char *name)
{
	return db_text(cli_value(cli, name));
}

static enum rc
read_stdin(const void *ctx, char **out, struct err *err)
{
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "The app's secret and the account's password, a line each (they "
				"will be shown), then Ctrl-D:\n");
	return secret_read_fd(ctx, STDIN_FILENO, "standard input", out, err);
}

static enum rc
read_secrets(const struct cli *cli, const char **secret, const char **password, struct err *err)
{
	const char *path = cli_value(cli, "secrets");
	char *text;
	char *line_end;
	enum rc rc = strcmp(path, "-") == 0 ? read_stdin(cli->ctx, &text, err)
					    : secret_read(cli->ctx, path, &text, err);

	if (rc != RC_OK)
		return err_prefix(err, "--secrets: ");
	line_end = strchr(text, '\n');
	if (line_end == NULL)
		return err_set(err, RC_INVALID,
		    "--secrets wants two lines: the app's secret, then the account's password");
	*line_end = '\0';
	*secret = text;
	*password = line_end + 1;
	line_end = strchr(*password, '\n');
	if (line_end != NULL)
		*line_end = '\0';
	if (**secret == '\0' || **password == '\0')
		return err_set(err, RC_INVALID,
		    "--secrets: a line is empty; it wants the app's secret, then the account's "
		    "password");
	return RC_OK;
}

/* Ask Violet whether it takes the credentials: a wrong password found now saves a merchant's failed
 * connection. */
static enum rc
try_login(
    struct app *app, const void *ctx, const struct violet_credentials *credentials, struct err *err)
{
	struct violet violet = { .http = app->http,
		.conf = app->conf,
		.tokens = app->tokens,
		.credentials = *credentials };
	enum rc rc = violet_login(&violet, ctx, err);

	if (rc != RC_OK)
		err_prefix(err, "Violet did not accept the credentials (--no-login skips this): ");
	return rc;
}

static const char *
seal_credentials(struct app *app, const void *ctx, const struct violet_credentials *c)
{
	struct json_out *json = json_out_object(ctx);

	json_put_text(json, "app_secret", c->app_secret);
	json_put_text(json, "username", c->username);
	json_put_text(json, "password", c->password);
	return crypt_seal(ctx, app->keys,
	    mem_printf(ctx, CHANNEL_CREDENTIALS_WHERE, (long long)c->app_id),
	    mem_secret(json_out_text(ctx, json)));
}

/* The sealed credentials of the options; *sealed stays NULL if none are given. */
static enum rc
read_credentials(struct cli *cli, int64_t app_id, const char **sealed, struct err *err)
{
	struct violet_credentials c = { .app_id = app_id, .username = cli_value(cli, "username") };
	enum rc rc;

	if (c.username == NULL && cli_value(cli, "secrets") == NULL)
		return RC_OK;
	if (c.username == NULL || cli_value(cli, "secrets") == NULL)
		return err_set(err, RC_INVALID, "--username and --secrets belong together");
	if (cli->app->keys == NULL)
		return err_set(
		    err, RC_INVALID, "SEAL_KEY_FILE is not set: the credentials cannot be sealed");
	rc = read_secrets(cli, &c.app_secret, &c.password, err);
	if (rc == RC_OK && !cli_flag(cli, "no-login"))
		rc = try_login(cli->app, cli->ctx, &c, err);
	if (rc == RC_OK)
		*sealed = seal_credentials(cli->app, cli->ctx, &c);
	return rc;
}

/* What libcurl can't read, a port above 65535 say, is no address to send a browser to. The database
 * knows which of the others are. */
static enum rc
check_urls(const struct cli *cli, struct err *err)
{
	static const char *const names[] = { "logo-url", "more-info-url", "redirect-url" };
	struct http_url url;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = cli_value(cli, names[i]);

		if (text != NULL && *text != '\0' &&
		    http_url_parse(cli->ctx, text, false, &url) != RC_OK)
			return err_set(err, RC_INVALID, "--%s is no web address", names[i]);
	}
	return RC_OK;
}

static enum cli_exit
run_add(struct cli *cli)
{
	struct app *app;
	const char *sealed = NULL;
	int64_t app_id;
	struct err err;
	enum rc rc;

	if (cli_value(cli, "name") == NULL || cli_value(cli, "redirect-url") == NULL ||
	    cli_value(cli, "app-id") == NULL || cli_value(cli, "username") == NULL ||
	    cli_value(cli, "secrets") == NULL)
		return cli_usage(
		    cli, "it wants --name, --redirect-url, --app-id, --username and --secrets");
	if (!cli_number(cli, "--app-id", cli_value(cli, "app-id"), 1, &app_id))
		return CLI_USAGE;
	app = cli_open(cli);
	rc = check_urls(cli, &err);
	if (rc == RC_OK)
		rc = read_credentials(cli, app_id, &sealed, &err);
	if (rc == RC_OK)
		rc = db_call(app->db, cli->ctx, NULL, &err,
		    "select api.channel_add($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		    DB_PARAMS(db_text(cli->arguments[0]), text_option(cli, "name"),
			text_option(cli, "description"), text_option(cli, "logo-url"),
			text_option(cli, "more-info-url"), text_option(cli, "redirect-url"),
			db_int(app_id), db_text(sealed), db_time(clock_now_ms())));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("Channel %s was added. Its Connect link:\n%s/connect/%s\n", cli->arguments[0],
	    app->conf->public_url != NULL ? app->conf->public_url : "PUBLIC_URL",
	    cli->arguments[0]);
	return CLI_DONE;
}

/* The app id that credentials are sealed for: the new one, or the channel's. */
static enum rc
edited_app_id(struct cli *cli, int64_t *app_id, struct err *err)
{
	struct channel channel;
	enum rc rc;

	if (cli_value(cli, "app-id") != NULL)
		return text_int(cli_value(cli, "app-id"), 1, INT32_MAX, app_id)
			   ? RC_OK
			   : err_set(err, RC_INVALID, "--app-id is a positive number");
	rc = channel_find(cli->app, cli->ctx, cli->arguments[0], &channel, err);
	if (rc == RC_OK)
		*app_id = channel.app_id;
	return rc;
}

static bool
is_any_given(const struct cli *cli)
{
	for (size_t i = 0; cli->command->options[i].name != NULL; i++) {
		if (cli->values[i] != NULL)
			return true;
	}
	return false;
}

static enum cli_exit
run_edit(struct cli *cli)
{
	struct app *app;
	const char *sealed = NULL;
	int64_t app_id = 0;
	struct err err;
	enum rc rc;

	if (!is_any_given(cli))
		return cli_usage(cli, "it wants at least one option: what shall change");
	app = cli_open(cli);
	rc = check_urls(cli, &err);
	if (rc == RC_OK)
		rc = edited_app_id(cli, &app_id, &err);
	if (rc == RC_OK)
		rc = read_credentials(cli, app_id, &sealed, &err);
	if (rc == RC_OK)
		rc = db_call(app->db, cli->ctx, NULL, &err,
		    "select api.channel_edit($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		    DB_PARAMS(db_text(cli->arguments[0]), text_option(cli, "name"),
			text_option(cli, "description"), text_option(cli, "logo-url"),
			text_option(cli, "more-info-url"), text_option(cli, "redirect-url"),
			cli_value(cli, "app-id") != NULL ? db_int(app_id) : db_null(),
			db_text(sealed), db_time(clock_now_ms())));
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("Channel %s was changed.\n", cli->arguments[0]);
	return CLI_DONE;
}

static enum cli_exit
set_enabled(struct cli *cli, bool enabled, const char *done)
{
	struct app *app = cli_open(cli);
	struct err err;
	enum rc rc =
	    db_call(app->db, cli->ctx, NULL, &err, "select api.channel_set_enabled($1, $2, $3)",
		DB_PARAMS(db_text(cli->arguments[0]), db_bool(enabled), db_time(clock_now_ms())));

	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("Channel %s %s.\n", cli->arguments[0], done);
	return CLI_DONE;
}

static enum cli_exit
run_disable(struct cli *cli)
{
	return set_enabled(cli, false,
	    "is disabled: its Connect link says so. Its stores stay linked, its orders refundable");
}

static enum cli_exit
run_enable(struct cli *cli)
{
	return set_enabled(cli, true, "is enabled");
}

static const struct output_column list_columns[] = {
	{ .name = "slug", .title = "Channel" },
	{ .name = "name", .title = "Name" },
	{ .name = "app_id", .title = "Violet app", .kind = OUTPUT_INT },
	{ .name = "enabled", .title = "Enabled", .kind = OUTPUT_BOOL },
	{ .name = "stores_linked", .title = "Stores", .kind = OUTPUT_INT },
	{ .name = "redirect_url", .title = "Returns to" },
	{ .name = "description" },
	{ .name = "logo_url" },
	{ .name = "more_info_url" },
	{ .name = "created_at", .kind = OUTPUT_TIME },
	{ .name = "changed_at", .kind = OUTPUT_TIME },
	{ 0 },
};

static enum cli_exit
run_list(struct cli *cli)
{
	struct app *app = cli_open(cli);
	struct db_rows *rows;
	struct err err;
	enum rc rc =
	    db_read(app->db, cli->ctx, &rows, &err, "select * from api.channel_list()", DB_NONE);

	if (rc != RC_OK)
		return cli_fail(rc, &err);
	output_rows(rows, list_columns, cli_flag(cli, "json"),
	    "There are no channels yet: \"channel add\" makes one.");
	return CLI_DONE;
}

static const struct cli_option field_options[] = {
	FIELD_OPTIONS,
	{ "no-login", NULL, "don't ask Violet whether it accepts the credentials" },
	{ 0 },
};
static const struct cli_option no_options[] = { { 0 } };
static const struct cli_option list_options[] = { OUTPUT_JSON, { 0 } };

const struct cli_command channel_commands[] = {
	{
	    .words = "channel add",
	    .arguments = "SLUG",
	    .help = "add a channel",
	    .more = "SLUG is its name in the Connect link PUBLIC_URL/connect/SLUG: a-z, 0-9 and -. "
		    "The credentials are tried at\n"
		    "Violet and stored sealed. Their secrets are read from a file, or from "
		    "standard input with --secrets -.",
	    .examples =
		"violet-bigcommerce channel add acme --name 'Acme Marketplace' --app-id 10001 \\\n"
		"    --redirect-url https://acme.example/connected --username dev@acme.example "
		"--secrets acme.secrets\n"
		"pass show violet/acme | violet-bigcommerce channel add acme ... --secrets -",
	    .options = field_options,
	    .run = run_add,
	},
	{
	    .words = "channel list",
	    .arguments = "",
	    .help = "all channels, with the number of stores now linked",
	    .examples = "violet-bigcommerce channel list\nviolet-bigcommerce channel list --json",
	    .options = list_options,
	    .run = run_list,
	},
	{
	    .words = "channel edit",
	    .arguments = "SLUG",
	    .help = "change what is given; the rest stays",
	    .more = "An empty value takes a description, logo or more-info address away. The app "
		    "id is fixed from the first link on.",
	    .examples =
		"violet-bigcommerce channel edit acme --logo-url https://acme.example/logo.png\n"
		"violet-bigcommerce channel edit acme --username dev@acme.example --secrets "
		"acme.secrets",
	    .options = field_options,
	    .run = run_edit,
	},
	{
	    .words = "channel disable",
	    .arguments = "SLUG",
	    .help = "close its Connect link; links stay, orders stay refundable",
	    .examples = "violet-bigcommerce channel disable acme",
	    .options = no_options,
	    .run = run_disable,
	},
	{
	    .words = "channel enable",
	    .arguments = "SLUG",
	    .help = "open its Connect link again",
	    .examples = "violet-bigcommerce channel enable acme",
	    .options = no_options,
	    .run = run_enable,
	},
	{ 0 },
};
