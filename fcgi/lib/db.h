/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL through libpq: connect when needed, reconnect after a loss, prepare each statement
 * once per connection, parameters apart from the text, SQLSTATE to result code. A struct db belongs
 * to one thread at a time.
 *
 * Codes: classes 08, 40, 53, 57, and 55P03, 25006, 25P03: RC_BUSY; 08007, 40003, and a connection
 * lost while a statement was under way, or no answer a second after statement_timeout: RC_UNCERTAIN
 * (db_read: retried once, then RC_BUSY). Inside a transaction such a loss is RC_BUSY, since nothing
 * of it lasts, and the rest of the transaction is refused once, so that it cannot run on a new
 * connection by itself; only of a commit nobody knows. Our own SQLSTATEs, raised by api functions:
 * VB400 RC_INVALID, VB403 RC_DENIED, VB404 RC_MISSING, VB409 RC_CONFLICT; 23505: RC_CONFLICT;
 * everything else: RC_BROKEN.
 */
#ifndef LIB_DB_H
#define LIB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;
struct db_rows;

enum db_kind { DB_NULL, DB_TEXT, DB_INT, DB_BOOL, DB_TIME, DB_BYTES, DB_TEXTS, DB_INTS, DB_BYTESS };

struct db_param {
	enum db_kind kind;
	const void *p;         /* text, bytes, or the first element of an array */
	size_t n;              /* bytes or elements */
	int64_t i;             /* integer, bool, time in ms */
	const size_t *lengths; /* DB_BYTESS */
};

/* Constructors. A NULL pointer becomes SQL null. Times are ms since 1970, sent as timestamptz. */
struct db_param db_null(void);
struct db_param db_text(const char *s);
struct db_param db_int(int64_t i);
struct db_param db_bool(bool b);
struct db_param db_time(int64_t time_ms);
struct db_param db_bytes(const void *bytes, size_t n);
struct db_param db_texts(const char *const *texts, size_t n); /* text[]; NULL elements are null */
struct db_param db_ints(const int64_t *ints, size_t n);       /* bigint[] */
struct db_param db_bytess(const void *const *bytes, const size_t *lengths, size_t n); /* bytea[] */

/*
 * A handle that connects at its first use, to a server that takes writes (the URL may say otherwise
 * by target_session_attrs). `url` is a libpq connection string or URI (several hosts allowed); both
 * strings are copied. Sets statement_timeout (ms), lock_timeout,
 * idle_in_transaction_session_timeout, UTC, synchronous_commit = on. Never fails; freed with its
 * context.
 */
struct db *
db_open(const void *ctx, const char *url, const char *application_name, int statement_timeout_ms);

/* Connect now if not connected. For start-up, readiness and `check`. */
MUST_CHECK enum rc db_ping(struct db *db, struct err *err);

/*
 * Run one statement in its own transaction. `sql` must be a string literal or otherwise live as
 * long as db: it is the key of the prepared statement. The rows live in ctx; ctx and out may be
 * NULL when they don't matter.
 */
#define DB_PARAMS(...)                            \
	(const struct db_param[]){ __VA_ARGS__ }, \
	    (sizeof((const struct db_param[]){ __VA_ARGS__ }) / sizeof(struct db_param))
MUST_CHECK enum rc db_call(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
/* The same for statements without effect: repeated once if the connection was lost. */
MUST_CHECK enum rc db_read(struct db *db, const void *ctx, struct db_rows **out, struct err *err,
    const char *sql, const struct db_param *params, size_t n);
#define DB_NONE NULL, 0

/*
 * Several statements of one text without parameters, for migrations and "begin", "commit",
 * "rollback" (exactly so). Never prepared. The commit of a transaction that has failed is
 * RC_BROKEN, where PostgreSQL reports success.
 */
MUST_CHECK enum rc db_script(struct db *db, const char *sql, struct err *err);

/* The SQLSTATE of the last failure on this handle, or "". */
const char *db_sqlstate(const struct db *db);

/* How many rows. */
size_t db_count(const struct db_rows *rows);
/*
 * Column by name; panics if there is no such column. NULL, 0 or false for SQL null: test with
 * db_is_null where it matters. Times are ms since 1970.
 */
bool db_is_null(const struct db_rows *rows, size_t row, const char *column);
const char *db_get_text(const struct db_rows *rows, size_t row, const char *column);
int64_t db_get_int(const struct db_rows *rows, size_t row, const char *column);
bool db_get_bool(const struct db_rows *rows, size_t row, const char *column);
int64_t db_get_time(const struct db_rows *rows, size_t row, const char *column);
/* The place of a text among n words; panics if it is none of them. */
size_t db_get_word(
    const struct db_rows *rows, size_t row, const char *column, const char *const *words, size_t n);
const void *db_get_bytes(const struct db_rows *rows, size_t row, const char *column, size_t *n);
/* Elements of a bigint[] or text[] column, under the rows' context. */
const int64_t *db_get_ints(const struct db_rows *rows, size_t row, const char *column, size_t *n);
const char *const *
db_get_texts(const struct db_rows *rows, size_t row, const char *column, size_t *n);
/* Column count and names, for commands that print any result. */
size_t db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, size_t column);
enum db_column_kind { DB_COLUMN_NUMBER, DB_COLUMN_TRUTH, DB_COLUMN_TIME, DB_COLUMN_OTHER };
enum db_column_kind db_column_kind(const struct db_rows *rows, size_t column);
const char *db_cell(const struct db_rows *rows, size_t row, size_t column);

/*
 * LISTEN on a channel (repeated after each reconnect, and if it fails now), and wait up to
 * timeout_ms for a notification or for other_fd to become readable (-1: none): true if something
 * came. RC_BUSY without a connection, but not before other_fd or the time, so that a loop doesn't
 * spin. A signal ends the wait.
 */
MUST_CHECK enum rc db_listen(struct db *db, const char *channel, struct err *err);
MUST_CHECK enum rc
db_wait(struct db *db, int other_fd, int timeout_ms, bool *notified, struct err *err);

#endif
