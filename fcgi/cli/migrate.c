/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `migrate`: bring the database to this program's schema. Roles; then each migration that is
 * missing, in a transaction of its own; then all functions and views in one, if any of them
 * changed. The files travel inside the program. The lock is taken in each transaction, and what is
 * missing is asked again under it: so two runs at once, or a pooler in between, do no harm.
 */
#include "cli/migrate.h"

#include <stdio.h>
#include <string.h>

#include "base/asset.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/start.h"
#include "lib/crypt.h"
#include "lib/db.h"

#define MIGRATIONS "sql/migrations/"
#define SHA_TEXT   (2 * CRYPT_MAC_SIZE + 1)

/* Folders that are applied anew as a whole, in this order. */
static const char *const source_folders[] = { "sql/api/", "sql/report/" };
#define SOURCE_FOLDERS (sizeof(source_folders) / sizeof(source_folders[0]))

struct migration {
	const struct asset *asset;
	int64_t number;
	const char *sha256;
	const char *applied_sha256; /* NULL: not applied */
	const char *applied_at;
};

struct state {
	void *ctx;
	struct db *db;
	struct migration *migrations;
	size_t count;
	const char *source_sha256;
	const char *applied_source_sha256; /* NULL: never applied */
};

static bool
is_in(const struct asset *asset, const char *folder)
{
	return strncmp(asset->path, folder, strlen(folder)) == 0;
}

static const char *
hash_text(const void *ctx, const void *bytes, size_t n)
{
	unsigned char sum[CRYPT_MAC_SIZE];

	crypt_sha256(bytes, n, sum);
	return crypt_hex(ctx, sum, sizeof(sum));
}

/* One hash over the hashes of all files that are applied anew, by their names. */
static const char *
hash_sources(const void *ctx)
{
	struct buf *all = buf_new(ctx, 1 << 20);

	for (size_t i = 0; i < SOURCE_FOLDERS; i++) {
		for (const struct asset *a = assets; a->path != NULL; a++) {
			if (is_in(a, source_folders[i]))
				buf_printf(all, "%s %s\n", a->path,
				    hash_text(ctx, a->bytes, asset_length(a)));
		}
	}
	return hash_text(ctx, all->bytes, all->length);
}

/* The migrations inside the program, in the order of their names: 0001_schema.sql and so on,
 * without gaps. */
static enum rc
list_migrations(struct state *state, struct err *err)
{
	size_t known = 0;

	for (const struct asset *a = assets; a->path != NULL; a++)
		known += is_in(a, MIGRATIONS);
	state->migrations = mem_array(state->ctx, struct migration, known);
	for (const struct asset *a = assets; a->path != NULL; a++) {
		struct migration *m = &state->migrations[state->count];
		char *digits;

		if (!is_in(a, MIGRATIONS))
			continue;
		digits = mem_bytes(state->ctx, a->path + strlen(MIGRATIONS), 4);
		if (!text_int(digits, 1, 9999, &m->number) ||
		    m->number != (int64_t)state->count + 1)
			return err_set(err, RC_BROKEN, "%s: its number should be %04zu", a->path,
			    state->count + 1);
		m->asset = a;
		m->sha256 = hash_text(state->ctx, a->bytes, asset_length(a));
		state->count++;
	}
	return RC_OK;
}

static enum rc
note_applied(struct state *state, const struct db_rows *rows, size_t row, struct err *err)
{
	int64_t number = db_get_int(rows, row, "number");
	const char *path = db_get_text(rows, row, "path");
	struct migration *m;

	if (number < 1 || (size_t)number > state->count)
		return err_set(err, RC_CONFLICT,
		    "the database is newer than this program (%s): it has %s. Nothing was changed; "
		    "use the newer program",
		    VERSION, path);
	m = &state->migrations[number - 1];
	m->applied_sha256 = db_get_text(rows, row, "sha256");
	m->applied_at = db_get_text(rows, row, "applied_at");
	if (strcmp(path, m->asset->path) != 0 || strcmp(m->applied_sha256, m->sha256) != 0)
		return err_set(err, RC_CONFLICT,
		    "migration %s was changed after it had been applied (as %s, %s). A migration "
		    "is "
		    "never edited: restore the file, and put the change into a new one",
		    m->asset->path, path, m->applied_at);
	return RC_OK;
}

/* The functions were applied by a newer program: an older one must not put its own back. */
static enum rc
note_source(struct state *state, const struct db_rows *rows, struct err *err)
{
	const char *program = db_get_text(rows, 0, "program");

	state->applied_source_sha256 = db_get_text(rows, 0, "sha256");
	if (start_compare_versions(VERSION, program) < 0)
		return err_set(err, RC_CONFLICT,
		    "the database's functions are of version %s, this program is %s. Nothing was "
		    "changed; use the newer program",
		    program, VERSION);
	return RC_OK;
}

/* Read what the database has. Refuses what this program must not touch. */
static enum rc
read_state(struct state *state, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(state->db, state->ctx, &rows, err,
	    "select to_regclass('violet_migration.source') is null as fresh", DB_NONE);

	if (rc != RC_OK)
		return rc;
	if (db_get_bool(rows, 0, "fresh"))
		return RC_OK;
	rc = db_call(state->db, state->ctx, &rows, err,
	    "select number, path, sha256, "
	    "to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"') as applied_at "
	    "from violet_migration.applied order by number",
	    DB_NONE);
	for (size_t i = 0; rc == RC_OK && i < db_count(rows); i++)
		rc = note_applied(state, rows, i, err);
	if (rc != RC_OK)
		return rc;
	rc = db_call(state->db, state->ctx, &rows, err,
	    "select sha256, program from violet_migration.source", DB_NONE);
	return rc == RC_OK && db_count(rows) > 0 ? note_source(state, rows, err) : rc;
}

/* Run `work` between begin and commit, as the owner and under the lock. */
static enum rc
in_transaction(struct state *state, enum rc (*work)(struct state *, const void *, struct err *),
    const void *arg, struct err *err)
{
	struct err ignored;
	enum rc rc = db_script(state->db,
	    "begin; set local role violet_owner; set local lock_timeout = 0; "
	    "select pg_advisory_xact_lock(hashtext('violet-bigcommerce migrate'));",
	    err);

	if (rc == RC_OK)
		rc = work(state, arg, err);
	if (rc == RC_OK)
		return db_script(state->db, "commit", err);
	if (db_script(state->db, "rollback", &ignored) != RC_OK)
		return rc; /* the connection is gone, and the transaction with it */
	return rc;
}

static enum rc
apply_asset(struct state *state, const struct asset *asset, struct err *err)
{
	enum rc rc = db_script(state->db, asset->bytes, err);

	if (rc != RC_OK)
		err_prefix(err, "%s: ", asset->path);
	return rc;
}

static enum rc
apply_log(struct state *state, const void *arg, struct err *err)
{
	(void)arg;
	return apply_asset(state, asset_find("sql/migration_log.sql"), err);
}

static enum rc
apply_migration(struct state *state, const void *arg, struct err *err)
{
	const struct migration *m = arg;
	struct db_rows *rows;
	enum rc rc = db_call(state->db, state->ctx, &rows, err,
	    "select from violet_migration.applied where number = $1::int",
	    DB_PARAMS(db_int(m->number)));

	if (rc != RC_OK || db_count(rows) > 0)
		return rc;
	rc = apply_asset(state, m->asset, err);
	if (rc != RC_OK)
		return rc;
	rc = db_call(state->db, state->ctx, NULL, err,
	    "insert into violet_migration.applied (number, path, sha256, program) "
	    "values ($1::int, $2, $3, $4)",
	    DB_PARAMS(
		db_int(m->number), db_text(m->asset->path), db_text(m->sha256), db_text(VERSION)));
	if (rc == RC_OK)
		printf("applied %s\n", m->asset->path);
	return rc;
}

/* Bodies are checked when all functions are there: they call each other. */
static enum rc
apply_sources(struct state *state, const void *arg, struct err *err)
{
	enum rc rc = db_script(state->db, "set local check_function_bodies = off", err);
	int files = 0;

	(void)arg;
	for (size_t i = 0; i < SOURCE_FOLDERS; i++) {
		for (const struct asset *a = assets; rc == RC_OK && a->path != NULL; a++) {
			if (!is_in(a, source_folders[i]))
				continue;
			rc = apply_asset(state, a, err);
			files++;
		}
	}
	if (rc == RC_OK)
		rc = db_script(state->db, "set local role violet_owner",
		    err); /* the views' files work as their reader */
	if (rc == RC_OK)
		rc = db_call(state->db, state->ctx, NULL, err,
		    "insert into violet_migration.source (sha256, program) "
		    "values ($1, $2) on conflict (single) do update set sha256 = excluded.sha256, "
		    "applied_at = now(), "
		    "program = excluded.program",
		    DB_PARAMS(db_text(state->source_sha256), db_text(VERSION)));
	if (rc == RC_OK)
		printf("applied functions and views (%d files)\n", files);
	return rc;
}

static bool
is_current(const struct state *state)
{
	for (size_t i = 0; i < state->count; i++) {
		if (state->migrations[i].applied_sha256 == NULL)
			return false;
	}
	return state->applied_source_sha256 != NULL &&
	       strcmp(state->applied_source_sha256, state->source_sha256) == 0;
}

static enum rc
apply(struct state *state, struct err *err)
{
	enum rc rc = apply_asset(state, asset_find("sql/roles.sql"), err);

	if (rc == RC_OK)
		rc = in_transaction(state, apply_log, NULL, err);
	for (size_t i = 0; rc == RC_OK && i < state->count; i++) {
		if (state->migrations[i].applied_sha256 == NULL)
			rc = in_transaction(state, apply_migration, &state->migrations[i], err);
	}
	if (rc == RC_OK && !is_current(state))
		rc = in_transaction(state, apply_sources, NULL, err);
	return rc;
}

static void
print_status(const struct state *state)
{
	for (size_t i = 0; i < state->count; i++) {
		const struct migration *m = &state->migrations[i];

		printf("%-36s %s\n", m->asset->path,
		    m->applied_at != NULL ? m->applied_at : "to be applied");
	}
	printf("%-36s %s\n", "functions and views",
	    state->applied_source_sha256 == NULL ? "to be applied"
	    : strcmp(state->applied_source_sha256, state->source_sha256) == 0
		? "current"
		: "changed: to be applied");
}

static enum rc
open_state(void *ctx, const struct conf *conf, struct state *state, struct err *err)
{
	enum rc rc;

	*state = (struct state){ .ctx = ctx, .source_sha256 = hash_sources(ctx) };
	state->db = db_open(ctx, conf->database_url, "violet-bigcommerce migrate", 0);
	rc = list_migrations(state, err);
	if (rc == RC_OK)
		rc = read_state(state, err);
	if (rc != RC_OK && strcmp(db_sqlstate(state->db), "42501") == 0)
		return err_set(err, RC_DENIED,
		    "permission denied: the database user of DATABASE_URL must be a member of "
		    "violet_owner, or a superuser");
	return rc;
}

enum rc
migrate_check(void *ctx, struct db *db, struct err *err)
{
	struct state state = { .ctx = ctx, .source_sha256 = hash_sources(ctx) };
	struct db_rows *rows;
	enum rc rc = list_migrations(&state, err);

	if (rc == RC_OK)
		rc = db_read(db, ctx, &rows, err,
		    "select migrations, source_sha256 from api.schema_state()", DB_NONE);
	if (rc != RC_OK)
		return rc;
	if (db_get_int(rows, 0, "migrations") > (int64_t)state.count)
		return err_set(err, RC_CONFLICT,
		    "the database is newer than this program, which still serves it");
	if (db_get_int(rows, 0, "migrations") < (int64_t)state.count)
		return err_set(
		    err, RC_CONFLICT, "migrations are missing: run \"violet-bigcommerce migrate\"");
	if (strcmp(db_get_text(rows, 0, "source_sha256"), state.source_sha256) != 0)
		return err_set(err, RC_CONFLICT,
		    "the functions are not this program's: run \"violet-bigcommerce migrate\"");
	return RC_OK;
}

static enum cli_exit
run_migrate(struct cli *cli)
{
	struct state state;
	struct err err;
	enum rc rc = open_state(cli->ctx, start_conf(cli->ctx, CONF_MIGRATE), &state, &err);

	if (rc != RC_OK)
		return cli_fail(rc, &err);
	if (cli_flag(cli, "status") || cli_flag(cli, "dry-run")) {
		print_status(&state);
		return CLI_DONE;
	}
	if (is_current(&state)) {
		printf("the database is up to date\n");
		return CLI_DONE;
	}
	rc = apply(&state, &err);
	if (rc != RC_OK)
		return cli_fail(rc, &err);
	printf("the database is up to date\n");
	return CLI_DONE;
}

const struct cli_command migrate_commands[] = {
	{
	    "migrate",
	    "",
	    "bring the database to this program's schema",
	    "Needs DATABASE_URL of a login role that is a member of violet_owner (or a superuser), "
	    "on the server itself\n"
	    "or by way of a pooler. Repeating it is harmless, and so is running it twice at once. "
	    "Programs of the last\n"
	    "release go on working while it runs and afterwards.",
	    "violet-bigcommerce migrate\n"
	    "violet-bigcommerce migrate --status",
	    (const struct cli_option[]){
		{ "status", NULL, "show what has been applied and what has not; change nothing" },
		{ "dry-run", NULL, "the same" },
		{ 0 },
	    },
	    run_migrate,
	},
	{ 0 },
};
