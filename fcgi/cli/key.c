/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `key new|rotate`: seal keys. Rotating puts every sealed value under the first key of
 * SEAL_KEY_FILE, each by compare-and-swap, so that a fresh token which comes meanwhile is never
 * overwritten.
 */
#include "cli/commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/output.h"
#include "domain/channel.h"
#include "domain/event.h"
#include "domain/store.h"

#define PAGE 500

struct tally {
	size_t resealed, current, overtaken;
};

static enum cli_exit
run_new(struct cli *cli)
{
	puts(crypt_keys_new_line(cli->ctx));
	return CLI_DONE;
}

/* What was sealed, sealed with the current key; NULL if it is already. */
static enum rc
reseal(struct app *app, const void *ctx, const char *where, const char *sealed, const char **out,
    struct err *err)
{
	char *plain;
	enum rc rc;

	*out = NULL;
	if (crypt_is_current(app->keys, sealed))
		return RC_OK;
	rc = crypt_open(ctx, app->keys, where, sealed, &plain, err);
	if (rc != RC_OK)
		return err_prefix(err, "%s: ", where);
	*out = crypt_seal(ctx, app->keys, where, plain);
	return RC_OK;
}

/* Reseal one value and swap it by `sql` (key, as read, new). */
static enum rc
rotate_one(struct app *app, const char *where, const char *sealed, const char *sql,
    struct db_param key, struct tally *tally, struct err *err)
{
	void *ctx = mem_context("rotate");
	struct db_rows *rows;
	const char *fresh;
	enum rc rc = reseal(app, ctx, where, sealed, &fresh, err);

	if (rc == RC_OK && fresh == NULL) {
		tally->current++;
	} else if (rc == RC_OK) {
		rc = db_call(
		    app->db, ctx, &rows, err, sql, DB_PARAMS(key, db_text(sealed), db_text(fresh)));
		if (rc == RC_OK && db_get_bool(rows, 0, "done"))
			tally->resealed++;
		else if (rc == RC_OK)
			tally->overtaken++;
	}
	talloc_free(ctx);
	return rc;
}

static enum rc
rotate_channels(struct cli *cli, struct tally *tally, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_read(
	    cli->app->db, cli->ctx, &rows, err, "select * from api.channel_sealed()", DB_NONE);

	for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++)
		rc = rotate_one(cli->app,
		    mem_printf(cli->ctx, CHANNEL_CREDENTIALS_WHERE,
			(long long)db_get_int(rows, i, "app_id")),
		    db_get_text(rows, i, "sealed_credentials"),
		    "select api.channel_reseal($1, $2, $3) as done",
		    db_int(db_get_int(rows, i, "channel_id")), tally, err);
	return rc;
}

static enum rc
rotate_stores(struct cli *cli, size_t total, struct tally *tally, struct err *err)
{
	const char *after = "";
	size_t done = 0;
	struct db_rows *rows;
	enum rc rc;

	for (;;) {
		rc = db_read(cli->app->db, cli->ctx, &rows, err,
		    "select * from api.stores_sealed($1, $2::int)",
		    DB_PARAMS(db_text(after), db_int(PAGE)));
		if (rc != RC_OK || db_count(rows) == 0)
			return rc;
		for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++) {
			after = db_get_text(rows, i, "store_hash");
			rc = rotate_one(cli->app, mem_printf(cli->ctx, STORE_TOKEN_WHERE, after),
			    db_get_text(rows, i, "sealed_token"),
			    "select api.store_reseal($1, $2, $3) as done", db_text(after), tally,
			    err);
		}
		done += db_count(rows);
		output_progress("sealing", done < total ? done : total, total);
		if (rc != RC_OK)
			return rc;
	}
}

/* Hooks carry a MAC made with the seal key: have them renewed as well, spread over some minutes. */
static enum rc
renew_hooks(struct cli *cli, size_t *stores, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(cli->app->db, cli->ctx, &rows, err,
	    "select api.hooks_due(null, $1::int, $2) as n",
	    DB_PARAMS(db_int((int64_t)*stores / 10), db_time(clock_now_ms())));

	if (rc == RC_OK)
		*stores = (size_t)db_get_int(rows, 0, "n");
	return rc == RC_OK ? event_notify(cli->app, err) : rc;
}

static enum cli_exit
run_rotate(struct cli *cli)
{
	struct tally tally = { 0 };
	struct db_rows *rows;
	size_t stores = 0;
	struct err err;
	enum rc rc;

	if (cli_open(cli)->keys == NULL)
		return cli_usage(cli, "SEAL_KEY_FILE is not set");
	rc = db_read(cli->app->db, cli->ctx, &rows, &err,
	    "select api.hooks_unchecked(null, 'infinity') as n", DB_NONE);
	if (rc == RC_OK) {
		stores = (size_t)db_get_int(rows, 0, "n");
		rc = rotate_channels(cli, &tally, &err);
	}
	if (rc == RC_OK)
		rc = rotate_stores(cli, stores, &tally, &err);
	if (rc == RC_OK)
		rc = renew_hooks(cli, &stores, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("Sealed with key %s: %zu now, %zu before, %zu renewed by somebody else meanwhile.\n",
	    crypt_keys_current(cli->app->keys), tally.resealed, tally.current, tally.overtaken);
	printf("The hooks of %zu stores are being renewed: remove an old key from the file once "
	       "\"hooks check\" shows all of them\n"
	       "ok, and no process runs with the old file.\n",
	    stores);
	return CLI_DONE;
}

static const struct cli_option no_options[] = { { 0 } };

const struct cli_command key_commands[] = {
	{
	    .words = "key new",
	    .arguments = "",
	    .help = "print a new line for SEAL_KEY_FILE",
	    .more = "The first line's key seals, every key opens. Add a new key as the last line "
		    "everywhere, restart; then make it the\n"
		    "first, restart, and run \"key rotate\".",
	    .examples =
		"(umask 077; violet-bigcommerce key new >/etc/violet-bigcommerce/seal.keys)",
	    .options = no_options,
	    .run = run_new,
	},
	{
	    .words = "key rotate",
	    .arguments = "",
	    .help = "seal all tokens and credentials with the first key, and renew the hooks",
	    .more = "Repeating it is harmless; so is stopping it.",
	    .examples = "violet-bigcommerce key rotate",
	    .options = no_options,
	    .run = run_rotate,
	},
	{ 0 },
};
