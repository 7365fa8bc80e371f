/* SPDX-License-Identifier: Apache-2.0 */
/* `check`: the settings and everything they point to, without starting anything. Changes nothing.
 */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/migrate.h"
#include "cli/start.h"
#include "domain/channel.h"
#include "remote/violet.h"

#define BACKLOG_NEEDED  1024
#define SOCKET_PATH_MAX 107
#define REACH_MS        10000

struct check {
	struct cli *cli;
	const struct conf *conf;
	struct app *app;
	bool is_web;
	size_t faults, warnings;
};

static void note(struct check *check, const char *level, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
note(struct check *check, const char *level, const char *fmt, ...)
{
	va_list args;

	check->faults += strcmp(level, "fault") == 0;
	check->warnings += strcmp(level, "warning") == 0;
	printf("%-8s ", level);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* A transaction pool gives two open connections the same server process, one after the other. */
static enum rc
is_pooled(struct check *check, bool *pooled, struct err *err)
{
	void *ctx = mem_context("check");
	struct db *other =
	    db_open(ctx, check->conf->database_url, "violet-bigcommerce check", 5000);
	struct db_rows *first, *second;
	enum rc rc = db_ping(other, err);

	if (rc == RC_OK)
		rc = db_read(
		    check->app->db, ctx, &first, err, "select pg_backend_pid() as pid", DB_NONE);
	if (rc == RC_OK)
		rc = db_read(other, ctx, &second, err, "select pg_backend_pid() as pid", DB_NONE);
	if (rc == RC_OK)
		*pooled = db_get_int(first, 0, "pid") == db_get_int(second, 0, "pid");
	talloc_free(ctx);
	return rc;
}

static void
check_pool(struct check *check)
{
	bool pooled = false;
	struct err err;

	if (is_pooled(check, &pooled, &err) != RC_OK)
		note(check, "fault", "a second connection to the database: %s", err.text);
	else if (pooled)
		note(check, "warning",
		    "DATABASE_URL leads to a pool that changes servers between transactions "
		    "(PgBouncer): prepared "
		    "statements need PgBouncer 1.21 or newer there, or a session pool; workers "
		    "wake up a second later");
}

static void
check_database(struct check *check)
{
	struct db_rows *rows;
	struct err err;
	enum rc rc = start_check_version(check->app->db, &err);

	if (rc != RC_OK) {
		note(check, "fault", "database: %s", err.text);
		return;
	}
	rc = migrate_check(check->cli->ctx, check->app->db, &err);
	if (rc == RC_OK)
		note(check, "good", "database: reached, and its schema is this program's");
	else
		note(check, rc == RC_CONFLICT ? "warning" : "fault", "database: %s", err.text);
	rc = db_read(check->app->db, check->cli->ctx, &rows, &err,
	    "select * from api.check_database($1)", DB_PARAMS(db_time(clock_now_ms())));
	if (rc != RC_OK)
		note(check, "fault", "database: %s", err.text);
	for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++)
		note(check, db_get_text(rows, i, "level"), "database: %s",
		    db_get_text(rows, i, "finding"));
	check_pool(check);
}

static void
check_keys(struct check *check)
{
	struct crypt_keys *keys;
	struct err err;

	if (check->conf->seal_key_file == NULL)
		return;
	if (crypt_keys_read(check->cli->ctx, check->conf->seal_key_file, &keys, &err) != RC_OK) {
		note(check, "fault", "SEAL_KEY_FILE: %s", err.text);
		return;
	}
	check->app->keys = keys;
	note(check, "good", "SEAL_KEY_FILE: key %s seals", crypt_keys_current(keys));
}

static void
check_backlog(struct check *check)
{
	char text[32] = "";
	int64_t limit;
	int fd = open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return; /* not Linux, or hidden from us: then nobody can tell */
	text[strcspn(text, "\n")] = '\0';
	if (!text_int(text, 0, INT32_MAX, &limit) || limit < BACKLOG_NEEDED)
		note(check, "fault",
		    "net.core.somaxconn is %s, wanted is %d or more: nginx answers 502 when the "
		    "queue is full",
		    text, BACKLOG_NEEDED);
}

static void
check_socket(struct check *check)
{
	const char *path = check->conf->fcgi_listen;
	const char *slash = strrchr(path, '/');
	char *folder;

	check_backlog(check);
	if (strcmp(path, "-") == 0)
		return;
	if (strlen(path) > SOCKET_PATH_MAX) {
		note(check, "fault", "FCGI_LISTEN: a socket's path has at most %d bytes",
		    SOCKET_PATH_MAX);
		return;
	}
	folder = slash == NULL ? mem_text(check->cli->ctx, ".")
			       : mem_bytes(check->cli->ctx, path, (size_t)(slash - path) + 1);
	if (access(folder, W_OK | X_OK) != 0)
		note(check, "fault", "FCGI_LISTEN: no socket can be made in %s: %s", folder,
		    strerror(errno));
	else
		note(check, "good", "FCGI_LISTEN: a socket can be made in %s", folder);
}

/* Any answer will do: it proves name, network and TLS. */
static void
check_host(struct check *check, const char *setting, const char *url)
{
	struct http_request request = { .method = "GET", .url = url, .response_ms = REACH_MS };
	struct http_reply reply;
	struct err err;
	enum rc rc = http_send(check->app->http, check->cli->ctx, &request, &reply, &err);

	if (rc == RC_OK)
		note(check, "good", "%s: %s answers", setting, url);
	else
		note(check, "fault", "%s: %s: %s", setting, url, err.text);
}

static enum rc
check_channel(struct check *check, int64_t channel_id, struct err *err)
{
	struct violet violet;
	enum rc rc = channel_api(check->app, check->cli->ctx, channel_id, &violet, err);

	return rc == RC_OK ? violet_login(&violet, check->cli->ctx, err) : rc;
}

static void
check_channels(struct check *check)
{
	struct db_rows *rows;
	struct err err;
	enum rc rc = db_read(check->app->db, check->cli->ctx, &rows, &err,
	    "select channel_id, slug from api.channel_list()", DB_NONE);

	if (rc != RC_OK) {
		note(check, "fault", "channels (this needs a database user of violet_operator): %s",
		    err.text);
		return;
	}
	for (size_t i = 0; i < db_count(rows); i++) {
		if (check_channel(check, db_get_int(rows, i, "channel_id"), &err) == RC_OK)
			note(check, "good", "channel %s: Violet accepts its credentials",
			    db_get_text(rows, i, "slug"));
		else
			note(check, "fault", "channel %s: %s", db_get_text(rows, i, "slug"),
			    err.text);
	}
}

static bool
read_part(struct check *check, unsigned *part)
{
	static const struct {
		const char *name;
		unsigned part;
	} parts[] = { { "web", CONF_WEB }, { "worker", CONF_WORKER }, { "command", CONF_COMMAND },
		{ "migrate", CONF_MIGRATE } };
	const char *name = check->cli->arguments[0];

	*part = CONF_WEB | CONF_WORKER;
	for (size_t i = 0; name != NULL && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0)
			*part = parts[i].part;
	}
	check->is_web = (*part & CONF_WEB) != 0;
	return name == NULL || (*part & (*part - 1)) == 0;
}

static enum cli_exit
run_check(struct cli *cli)
{
	struct check check = { .cli = cli };
	unsigned part;

	if (!read_part(&check, &part))
		return cli_usage(
		    cli, "PART is web, worker, command or migrate, not \"%s\"", cli->arguments[0]);
	if (cli->arguments[0] == NULL)
		setenv("FCGI_LISTEN", "-", 0); /* the unit says it, not the file of settings */
	check.conf = start_conf(cli->ctx, part);
	check.app = app_open(cli->ctx, check.conf, NULL, violet_tokens_open(cli->ctx), "check");
	if (cli_flag(cli, "settings"))
		puts(conf_dump(cli->ctx, check.conf));
	note(&check, "good", "settings: complete");
	check_keys(&check);
	check_database(&check);
	if (check.is_web)
		check_socket(&check);
	if ((part & (CONF_WEB | CONF_WORKER)) != 0 && !cli_flag(cli, "offline")) {
		check_host(&check, "BIGCOMMERCE_LOGIN_URL", check.conf->bigcommerce_login_url);
		check_host(&check, "BIGCOMMERCE_API_URL", check.conf->bigcommerce_api_url);
		check_host(&check, "VIOLET_API_URL", check.conf->violet_api_url);
	}
	if (cli_flag(cli, "channels"))
		check_channels(&check);
	if (check.conf->refunds != REFUNDS_ON)
		note(&check, "warning", "REFUNDS is not \"on\": no refund is sent");
	printf("%zu faults, %zu warnings\n", check.faults, check.warnings);
	return check.faults == 0 ? CLI_DONE : CLI_FAILED;
}

const struct cli_command check_commands[] = {
	{
	    .words = "check",
	    .arguments = "[PART]",
	    .help = "check the settings and what they point to; start nothing",
	    .more = "PART is web, worker, command or migrate: what shall run with these settings "
		    "(default: web and worker). Checked are\n"
		    "settings, seal key, database (reachable, schema, rights, durability, clock, "
		    "pooler), socket, kernel limits, and\n"
		    "whether BigCommerce's and Violet's hosts answer. Exit code 1 if there is a "
		    "fault, 2 if a setting is wrong.",
	    .examples = "violet-bigcommerce check\nviolet-bigcommerce check worker "
			"--channels\nviolet-bigcommerce check web --settings",
	    .options =
		(const struct cli_option[]){
		    { "channels", NULL, "try each channel's credentials at Violet" },
		    { "offline", NULL, "don't try BigCommerce's and Violet's hosts" },
		    { "settings", NULL, "print the settings in force, secrets masked" },
		    { 0 },
		},
	    .run = run_check,
	},
	{ 0 },
};
