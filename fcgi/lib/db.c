/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL through libpq. What matters is what is said of a failure: a statement that certainly
 * did nothing is busy or broken, one whose answer got lost outside a transaction is uncertain.
 */
#include "lib/db.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/db_value.h"

#define PARAMS_MAX   32
#define CHANNELS_MAX 4
#define LOCK_MS      3000 /* as long as a webhook may wait */
/* The server cancels a statement by itself; a commit that waits for a standby it does not, and
 * neither does a dead network. */
#define GRACE_MS 1000

struct statement {
	const char *sql; /* the key is the pointer */
	unsigned number; /* its name on the server */
};

struct db {
	char *url;
	char *application_name;
	int statement_timeout_ms;
	PGconn *conn;
	bool in_transaction;
	struct statement *statements; /* of this connection */
	size_t statement_count;
	unsigned last_number;
	const char *channels[CHANNELS_MAX];
	size_t channel_count;
	char sqlstate[6];
};

struct db_rows {
	PGresult *result;
};

/* SQLSTATE, or the beginning of it, to code. The first that fits counts. */
static const struct {
	const char *state;
	enum rc code;
} codes[] = {
	{ "08007", RC_UNCERTAIN }, /* transaction_resolution_unknown */
	{ "40003", RC_UNCERTAIN }, /* statement_completion_unknown */
	{ "08", RC_BUSY }, { "40", RC_BUSY }, { "53", RC_BUSY }, { "57", RC_BUSY },
	{ "55P03", RC_BUSY }, /* lock_not_available */
	{ "25006", RC_BUSY }, /* read_only_sql_transaction: this server has become a standby */
	{ "25P03", RC_BUSY }, /* idle_in_transaction_session_timeout */
	{ "VB400", RC_INVALID }, { "VB403", RC_DENIED }, { "VB404", RC_MISSING },
	{ "VB409", RC_CONFLICT }, { "23505", RC_CONFLICT }, /* unique_violation */
};

static enum rc
code_of(const char *state)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strncmp(state, codes[i].state, strlen(codes[i].state)) == 0)
			return codes[i].code;
	}
	return RC_BROKEN;
}

static void
drop_connection(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->in_transaction = false;
	db->statement_count = 0;
}

static int
close_db(struct db *db)
{
	drop_connection(db);
	return 0;
}

static int
clear_rows(struct db_rows *rows)
{
	PQclear(rows->result);
	return 0;
}

static void
on_notice(void *user, const char *message)
{
	(void)user;
	log_line(LOG_DEBUG, "database: %.*s", (int)strcspn(message, "\n"), message);
}

/* The connection failed: say why, on one line, and forget it. */
static enum rc
fail_connection(struct db *db, enum rc code, const char *what, struct err *err)
{
	const char *reason = PQerrorMessage(db->conn);

	err_set(err, code, "%s: %.*s", what, (int)strcspn(reason, "\n"), reason);
	db->sqlstate[0] = '\0';
	drop_connection(db);
	return code;
}

/* Wait until a result can be read without blocking; false past the deadline. */
static bool
wait_result(struct db *db, int64_t deadline_ms)
{
	while (PQisBusy(db->conn)) {
		struct pollfd fd = { .fd = PQsocket(db->conn), .events = POLLIN };
		int64_t left = deadline_ms - clock_boot_ms();

		if (deadline_ms != 0 && left <= 0)
			return false;
		if (poll(&fd, 1, deadline_ms == 0 ? -1 : (int)left) > 0 &&
		    PQconsumeInput(db->conn) == 0)
			break; /* lost: the result will say so */
	}
	return true;
}

/* The result of what was sent: the last one, or the first that failed. NULL if none came in time.
 */
static PGresult *
await(struct db *db)
{
	int64_t deadline_ms = db->statement_timeout_ms == 0
				  ? 0
				  : clock_boot_ms() + db->statement_timeout_ms + GRACE_MS;
	PGresult *kept = NULL;

	for (;;) {
		PGresult *next;

		if (!wait_result(db, deadline_ms)) {
			PQclear(kept);
			return NULL;
		}
		next = PQgetResult(db->conn);
		if (next == NULL)
			return kept;
		if (kept != NULL && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
}

/* The server's words, with what a reader needs besides. Our own functions say all of it. */
static void
tell(const char *state, enum rc code, const char *message, struct err *err)
{
	if (strncmp(state, "VB", 2) == 0)
		err_set(err, code, "%s", message);
	else if (strcmp(state, "42501") == 0) /* insufficient_privilege */
		err_set(err, code, "%s (%s): the database user needs another role", message, state);
	else
		err_set(err, code, "%s (%s)", message, state);
}

/* What a result says. `lost` is the code if it is none of the server's: the connection broke, or
 * nothing came in time. */
static enum rc
judge(struct db *db, const PGresult *result, enum rc lost, struct err *err)
{
	const char *state, *message;
	enum rc code;

	if (result == NULL)
		return fail_connection(db, lost, "the database did not answer in time", err);
	if (PQresultStatus(result) != PGRES_FATAL_ERROR) {
		db->in_transaction = PQtransactionStatus(db->conn) != PQTRANS_IDLE;
		return RC_OK;
	}
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (state == NULL || message == NULL)
		return fail_connection(db, lost, "lost the database", err);
	code = code_of(state);
	tell(state, code, message, err);
	snprintf(db->sqlstate, sizeof(db->sqlstate), "%s", state);
	db->in_transaction = PQtransactionStatus(db->conn) != PQTRANS_IDLE;
	/* a standby stays one: look for the primary anew */
	if (PQstatus(db->conn) == CONNECTION_BAD || strcmp(state, "25006") == 0)
		drop_connection(db);
	return code;
}

/* Send a text without parameters and judge the result. */
static enum rc
run(struct db *db, const char *sql, enum rc lost, struct err *err)
{
	PGresult *result;
	enum rc rc;

	if (PQsendQuery(db->conn, sql) == 0)
		return fail_connection(db, lost, "lost the database", err);
	result = await(db);
	rc = judge(db, result, lost, err);
	if (rc == RC_OK && strcmp(PQcmdStatus(result), "ROLLBACK") == 0 &&
	    text_equal_nocase(sql, "commit"))
		rc = err_set(err, RC_BROKEN, "commit of a failed transaction: it was rolled back");
	PQclear(result);
	return rc;
}

static enum rc
listen_again(struct db *db, const char *channel, struct err *err)
{
	char *name = PQescapeIdentifier(db->conn, channel, strlen(channel));
	char *sql = mem_printf(db, "listen %s", name == NULL ? "" : name);
	enum rc rc = run(db, sql, RC_BUSY, err);

	PQfreemem(name);
	talloc_free(sql);
	return rc;
}

/* What every session of ours relies on; in one round trip. */
static enum rc
set_up_session(struct db *db, struct err *err)
{
	char sql[600];
	enum rc rc;

	snprintf(sql, sizeof(sql),
	    "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set "
	    "bytea_output = 'hex';"
	    "set standard_conforming_strings = on; set synchronous_commit = on; set "
	    "statement_timeout = %d;"
	    "set lock_timeout = %d; set idle_in_transaction_session_timeout = 10000",
	    db->statement_timeout_ms, db->statement_timeout_ms == 0 ? 0 : LOCK_MS);
	rc = run(db, sql, RC_BUSY, err);
	for (size_t i = 0; i < db->channel_count && rc == RC_OK; i++)
		rc = listen_again(db, db->channels[i], err);
	if (rc != RC_OK && db->conn != NULL)
		drop_connection(db);
	return rc;
}

/* libpq's own message about a malformed URL quotes it, password and all. */
static enum rc
check_url(const char *url, struct err *err)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	if (options == NULL)
		return err_set(
		    err, RC_BROKEN, "the database's address is no valid libpq connection string");
	PQconninfoFree(options);
	return RC_OK;
}

static enum rc
connect_now(struct db *db, struct err *err)
{
	/* What stands before dbname can be overridden by the connection string, what stands behind
	 * cannot. */
	const char *const keys[] = { "application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"target_session_attrs", "dbname", "client_encoding", NULL };
	const char *const values[] = { db->application_name, "3", "30", "5", "3", "15000",
		"read-write", db->url, "UTF8", NULL };

	db->sqlstate[0] = '\0';
	if (check_url(db->url, err) != RC_OK)
		return err->code;
	drop_connection(db);
	db->conn = PQconnectdbParams(keys, values, 1);
	if (db->conn == NULL)
		panic("out of memory");
	if (PQstatus(db->conn) != CONNECTION_OK)
		return fail_connection(db, RC_BUSY, "cannot connect to the database", err);
	PQsetNoticeProcessor(db->conn, on_notice, NULL);
	return set_up_session(db, err);
}

/* False if the server has hung up meanwhile: better noticed now than in the middle of a statement.
 */
static bool
is_alive(struct db *db)
{
	struct pollfd fd = { .events = POLLIN };

	if (db->conn == NULL)
		return false;
	fd.fd = PQsocket(db->conn);
	while (poll(&fd, 1, 0) > 0) {
		if (PQconsumeInput(db->conn) == 0)
			return false;
	}
	return PQstatus(db->conn) == CONNECTION_OK;
}

static enum rc
make_ready(struct db *db, struct err *err)
{
	if (is_alive(db))
		return RC_OK;
	if (!db->in_transaction)
		return connect_now(db, err);
	/* The rest of a transaction must not run outside it on a new connection. */
	return fail_connection(db, RC_BUSY, "lost the database inside a transaction", err);
}

static struct statement *
find_statement(struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->statement_count; i++) {
		if (db->statements[i].sql == sql)
			return &db->statements[i];
	}
	return NULL;
}

/* The statement's name on this connection, which is a number; prepare it if it has none. */
static enum rc
prepare(struct db *db, const char *sql, char name[16], struct err *err)
{
	struct statement *statement = find_statement(db, sql);
	PGresult *result;
	enum rc rc;

	if (statement != NULL) {
		snprintf(name, 16, "v%u", statement->number);
		return RC_OK;
	}
	snprintf(name, 16, "v%u", ++db->last_number);
	if (PQsendPrepare(db->conn, name, sql, 0, NULL) == 0)
		return fail_connection(db, RC_BUSY, "lost the database", err);
	result = await(db);
	rc = judge(db, result, RC_BUSY, err);
	PQclear(result);
	if (rc != RC_OK)
		return rc;
	db->statements = mem_grow(db, db->statements, db->statement_count, sizeof(*db->statements));
	db->statements[db->statement_count++] = (struct statement){ sql, db->last_number };
	return RC_OK;
}

static int
send_statement(struct db *db, const char *name, const struct db_param *params, size_t n)
{
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX];
	int formats[PARAMS_MAX];
	void *tmp = mem_context("parameters");
	int sent;

	ASSERT(n <= PARAMS_MAX);
	for (size_t i = 0; i < n; i++) {
		bool is_binary = params[i].kind == DB_BYTES;

		values[i] = is_binary ? params[i].p : db_value_write(tmp, &params[i]);
		lengths[i] = is_binary ? (int)params[i].n : 0;
		formats[i] = is_binary;
	}
	sent = PQsendQueryPrepared(db->conn, name, (int)n, values, lengths, formats, 0);
	talloc_free(tmp);
	return sent;
}

static enum rc
keep_rows(const void *ctx, PGresult *result, struct db_rows **out)
{
	if (out == NULL) {
		PQclear(result);
		return RC_OK;
	}
	*out = mem_new(ctx, struct db_rows);
	(*out)->result = result;
	talloc_set_destructor(*out, clear_rows);
	return RC_OK;
}

static enum rc
execute(struct db *db, const void *ctx, struct db_rows **out, struct err *err, const char *sql,
    const struct db_param *params, size_t n)
{
	PGresult *result;
	char name[16];
	enum rc lost, rc;

	rc = make_ready(db, err);
	if (rc == RC_OK)
		rc = prepare(db, sql, name, err);
	if (rc != RC_OK)
		return rc;
	/* what a transaction did is undone if its commit was never sent */
	lost = db->in_transaction ? RC_BUSY : RC_UNCERTAIN;
	if (send_statement(db, name, params, n) == 0)
		return fail_connection(db, lost, "lost the database", err);
	result = await(db);
	rc = judge(db, result, lost, err);
	if (rc == RC_OK)
		return keep_rows(ctx, result, out);
	PQclear(result);
	return rc;
}

/*
 * True if the statement failed only because the server no longer has it (26000), or has it with
 * other result columns (0A000), as after an upgrade of the api functions. It is forgotten, so that
 * the next try prepares it anew.
 */
static bool
forget_stale(struct db *db, const char *sql)
{
	struct statement *statement;

	if (strcmp(db->sqlstate, "26000") != 0 && strcmp(db->sqlstate, "0A000") != 0)
		return false;
	statement = find_statement(db, sql);
	if (statement == NULL)
		return false;
	*statement = db->statements[--db->statement_count];
	return true;
}

enum rc
db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err, const char *sql,
    const struct db_param *params, size_t n)
{
	enum rc rc = execute(db, ctx, out, err, sql, params, n);

	if (rc == RC_BROKEN && forget_stale(db, sql) && !db->in_transaction)
		rc = execute(db, ctx, out, err, sql, params, n);
	return rc;
}

enum rc
db_read(struct db *db, const void *ctx, struct db_rows **out, struct err *err, const char *sql,
    const struct db_param *params, size_t n)
{
	bool in_transaction = db->in_transaction;
	enum rc rc = db_call(db, ctx, out, err, sql, params, n);

	/* 57P: the server is going down or has come back up */
	if (!in_transaction &&
	    (rc == RC_UNCERTAIN || (rc == RC_BUSY && strncmp(db->sqlstate, "57P", 3) == 0)))
		rc = db_call(db, ctx, out, err, sql, params, n);
	if (rc == RC_UNCERTAIN)
		rc = err->code = RC_BUSY;
	return rc;
}

enum rc
db_script(struct db *db, const char *sql, struct err *err)
{
	/* these do nothing that could last; anything else might hold a commit */
	bool is_harmless = text_has_prefix(sql, "begin") || text_equal_nocase(sql, "rollback");
	enum rc rc = make_ready(db, err);

	return rc == RC_OK ? run(db, sql, is_harmless ? RC_BUSY : RC_UNCERTAIN, err) : rc;
}

struct db *
db_open(const void *ctx, const char *url, const char *application_name, int statement_timeout_ms)
{
	struct db *db = mem_new(ctx, struct db);

	db->url = mem_secret(mem_text(db, url));
	db->application_name = mem_text(db, application_name);
	db->statement_timeout_ms = statement_timeout_ms;
	talloc_set_destructor(db, close_db);
	return db;
}

enum rc
db_ping(struct db *db, struct err *err)
{
	return db_read(db, db, NULL, err, "select 1", DB_NONE);
}

const char *
db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}

static bool
listens_to(const struct db *db, const char *channel)
{
	for (size_t i = 0; i < db->channel_count; i++)
		if (strcmp(db->channels[i], channel) == 0)
			return true;
	return false;
}

enum rc
db_listen(struct db *db, const char *channel, struct err *err)
{
	/* Asked for again, after it could not be done at once. */
	if (!listens_to(db, channel)) {
		ASSERT(db->channel_count < CHANNELS_MAX);
		db->channels[db->channel_count++] = mem_text(db, channel);
	}
	if (is_alive(db))
		return listen_again(db, channel, err);
	return make_ready(db, err);
}

/* Take all notifications that have arrived. */
static bool
take_notifications(struct db *db)
{
	bool any = false;
	PGnotify *notify;

	while ((notify = PQnotifies(db->conn)) != NULL) {
		any = true;
		PQfreemem(notify);
	}
	return any;
}

enum rc
db_wait(struct db *db, int other_fd, int timeout_ms, bool *notified, struct err *err)
{
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN },
		{ .fd = other_fd, .events = POLLIN } };
	enum rc rc = make_ready(db, err);
	bool came = rc == RC_OK && take_notifications(db);

	/* also without a database, or the caller would spin */
	if (rc == RC_OK)
		fds[0].fd = PQsocket(db->conn);
	if (!came)
		came = poll(fds, 2, timeout_ms) > 0 && fds[1].revents != 0;
	if (rc != RC_OK)
		return rc;
	if (PQconsumeInput(db->conn) == 0)
		return fail_connection(db, RC_BUSY, "lost the database", err);
	*notified = take_notifications(db) || came;
	return RC_OK;
}

size_t
db_count(const struct db_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

size_t
db_columns(const struct db_rows *rows)
{
	return (size_t)PQnfields(rows->result);
}

const char *
db_column_name(const struct db_rows *rows, size_t column)
{
	return PQfname(rows->result, (int)column);
}

enum db_column_kind
db_column_kind(const struct db_rows *rows, size_t column)
{
	switch (PQftype(rows->result, (int)column)) { /* numbers that pg_type.dat fixes */
	case 20:                                      /* int8 */
	case 21:                                      /* int2 */
	case 23:                                      /* int4 */
	case 1700:                                    /* numeric */
		return DB_COLUMN_NUMBER;
	case 16: /* bool */
		return DB_COLUMN_TRUTH;
	case 1184: /* timestamptz */
		return DB_COLUMN_TIME;
	default:
		return DB_COLUMN_OTHER;
	}
}

const char *
db_cell(const struct db_rows *rows, size_t row, size_t column)
{
	if (PQgetisnull(rows->result, (int)row, (int)column))
		return NULL;
	return PQgetvalue(rows->result, (int)row, (int)column);
}
