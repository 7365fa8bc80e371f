/* SPDX-License-Identifier: Apache-2.0 */
/* Against the PostgreSQL that TEST_DATABASE_URL names; skipped without. Nothing but temporary
 * objects is made in it. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/db.h"

static struct err err;

static struct db *
open_db(const void *ctx, int statement_timeout_ms)
{
	return db_open(ctx, getenv("TEST_DATABASE_URL"), "test_db", statement_timeout_ms);
}

#define OK(call)                                        \
	do {                                            \
		err.text[0] = '\0';                     \
		CHECK((call) == RC_OK, "%s", err.text); \
	} while (0)

static void
values_come_back_as_sent(void **state)
{
	const char *const texts[] = { "plain", "", NULL, "NULL", "a,b", "{x}", "q\"\\'",
		"\xe2\x82\xac\n" };
	const int64_t ints[] = { 1, -2, INT64_MAX };
	unsigned char all[256];
	const void *const pieces[] = { all, "", NULL };
	const size_t lengths[] = { 256, 0, 0 };
	struct db *db = open_db(*state, 5000);
	struct db_rows *rows;
	const char *const *texts_back;
	const int64_t *ints_back;
	size_t n;

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	OK(db_call(db, *state, &rows, &err,
	    "select $1::text as text, $2::bigint as int, $3::boolean as bool, $4::timestamptz as "
	    "time, $5::bytea as bytes,"
	    " $6::text[] as texts, $7::bigint[] as ints, ($8::bytea[])[1] as piece, "
	    "($8::bytea[])[3] as no_piece,"
	    " $9::text as nothing",
	    DB_PARAMS(db_text("it's \xe2\x82\xac \"\\"), db_int(INT64_MIN), db_bool(true),
		db_time(INT64_C(1795356187123)), db_bytes(all, 256), db_texts(texts, COUNT(texts)),
		db_ints(ints, COUNT(ints)), db_bytess(pieces, lengths, 3), db_null())));
	assert_int_equal(db_count(rows), 1);
	assert_int_equal(db_columns(rows), 10);
	assert_string_equal(db_column_name(rows, 1), "int");
	assert_string_equal(db_cell(rows, 0, 2), "t");
	assert_string_equal(db_get_text(rows, 0, "text"), "it's \xe2\x82\xac \"\\");
	assert_int_equal(db_get_word(rows, 0, "bool", (const char *const[]){ "f", "t" }, 2), 1);
	assert_true(db_get_int(rows, 0, "int") == INT64_MIN);
	assert_true(db_get_bool(rows, 0, "bool"));
	assert_int_equal(db_get_time(rows, 0, "time"), INT64_C(1795356187123));
	assert_memory_equal(db_get_bytes(rows, 0, "bytes", &n), all, 256);
	assert_int_equal(n, 256);
	assert_memory_equal(db_get_bytes(rows, 0, "piece", &n), all, 256);
	assert_true(db_is_null(rows, 0, "no_piece"));
	texts_back = db_get_texts(rows, 0, "texts", &n);
	assert_int_equal(n, COUNT(texts));
	for (size_t i = 0; i < n; i++)
		assert_true((texts[i] == NULL) == (texts_back[i] == NULL) &&
			    (texts[i] == NULL || strcmp(texts[i], texts_back[i]) == 0));
	ints_back = db_get_ints(rows, 0, "ints", &n);
	assert_int_equal(n, 3);
	assert_memory_equal(ints_back, ints, sizeof(ints));
	assert_true(db_is_null(rows, 0, "nothing"));
	assert_null(db_get_text(rows, 0, "nothing"));
	assert_int_equal(db_get_int(rows, 0, "nothing"), 0);
	assert_int_equal(db_get_time(rows, 0, "nothing"), 0);
	assert_false(db_get_bool(rows, 0, "nothing"));
	assert_null(db_get_bytes(rows, 0, "nothing", &n));
	assert_null(db_get_ints(rows, 0, "nothing", &n));
}

static void
sessions_are_set_up(void **state)
{
	static const char *const settings[][2] = { { "TimeZone", "UTC" },
		{ "synchronous_commit", "on" }, { "statement_timeout", "1234ms" },
		{ "lock_timeout", "3s" }, { "idle_in_transaction_session_timeout", "10s" },
		{ "application_name", "test_db" }, { "client_encoding", "UTF8" } };
	struct db *db = open_db(*state, 1234);
	struct db *patient = open_db(*state, 0);
	struct db_rows *rows;

	for (size_t i = 0; i < COUNT(settings); i++) {
		OK(db_read(db, *state, &rows, &err, "select current_setting($1)",
		    DB_PARAMS(db_text(settings[i][0]))));
		assert_string_equal(db_cell(rows, 0, 0), settings[i][1]);
	}
	OK(db_read(
	    patient, *state, &rows, &err, "select current_setting('lock_timeout')", DB_NONE));
	assert_string_equal(db_cell(rows, 0, 0), "0");
}

static void
failures_have_codes(void **state)
{
	static const struct {
		const char *sqlstate;
		enum rc code;
		const char *said; /* NULL: "the reason (SQLSTATE)" */
	} cases[] = { { "VB400", RC_INVALID, "the reason" }, { "VB403", RC_DENIED, "the reason" },
		{ "VB404", RC_MISSING, "the reason" }, { "VB409", RC_CONFLICT, "the reason" },
		{ "23505", RC_CONFLICT, NULL }, { "40001", RC_BUSY, NULL },
		{ "40P01", RC_BUSY, NULL }, { "40003", RC_UNCERTAIN, NULL },
		{ "53300", RC_BUSY, NULL }, { "55P03", RC_BUSY, NULL }, { "57014", RC_BUSY, NULL },
		{ "08006", RC_BUSY, NULL }, { "08007", RC_UNCERTAIN, NULL },
		{ "22021", RC_BROKEN, NULL },
		{ "42501", RC_BROKEN, "the reason (42501): the database user needs another role" },
		{ "23503", RC_BROKEN, NULL } };
	struct db *db = open_db(*state, 5000);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *sql = mem_printf(*state,
		    "do $$ begin raise exception using errcode = '%s', message = 'the reason', "
		    "detail = 'secret'; end $$",
		    cases[i].sqlstate);

		CHECK(db_call(db, *state, NULL, &err, sql, DB_NONE) == cases[i].code, "%s: %s",
		    cases[i].sqlstate, err.text);
		assert_string_equal(db_sqlstate(db), cases[i].sqlstate);
		assert_string_equal(
		    err.text, cases[i].said != NULL
				  ? cases[i].said
				  : mem_printf(*state, "the reason (%s)", cases[i].sqlstate));
		assert_int_equal(db_script(db, sql, &err), cases[i].code);
	}
	OK(db_ping(db, &err));
}

static void
long_statements_and_locks_are_cut_short(void **state)
{
	struct db *db = open_db(*state, 100);
	int64_t start = clock_boot_ms();

	assert_int_equal(db_call(db, *state, NULL, &err, "select pg_sleep(60)", DB_NONE), RC_BUSY);
	assert_string_equal(db_sqlstate(db), "57014");
	assert_in_range(clock_boot_ms() - start, 90, 5000);
	OK(db_ping(db, &err));
}

/* The server has another shape of the statement, or none: it is prepared again without the caller
 * noticing. */
static void
stale_statements_are_prepared_again(void **state)
{
	static const char sql[] = "select * from changing";
	struct db *db = open_db(*state, 5000);
	struct db_rows *rows;

	OK(db_script(db, "create temporary table changing (a int)", &err));
	OK(db_call(db, *state, &rows, &err, sql, DB_NONE));
	OK(db_script(db, "alter table changing add b int", &err));
	OK(db_call(db, *state, &rows, &err, sql, DB_NONE));
	assert_int_equal(db_columns(rows), 2);
	OK(db_script(db, "deallocate all", &err));
	OK(db_call(db, *state, &rows, &err, sql, DB_NONE));

	/* inside a transaction that has failed by it, it can't be, but the next one works */
	OK(db_script(db, "deallocate all", &err));
	OK(db_script(db, "begin", &err));
	assert_int_equal(db_call(db, *state, &rows, &err, sql, DB_NONE), RC_BROKEN);
	OK(db_script(db, "rollback", &err));
	OK(db_call(db, *state, &rows, &err, sql, DB_NONE));
}

static void
transactions(void **state)
{
	struct db *db = open_db(*state, 5000);
	struct db_rows *rows;

	OK(db_script(db, "create temporary table kept (a int unique)", &err));
	OK(db_script(db, "begin", &err));
	OK(db_call(db, *state, NULL, &err, "insert into kept values ($1)", DB_PARAMS(db_int(1))));
	OK(db_script(db, "commit", &err));
	OK(db_script(db, "begin", &err));
	assert_int_equal(
	    db_call(db, *state, NULL, &err, "insert into kept values (1)", DB_NONE), RC_CONFLICT);
	assert_int_equal(
	    db_script(db, "commit", &err), RC_BROKEN); /* PostgreSQL calls this a success */
	OK(db_read(db, *state, &rows, &err, "select count(*) as n from kept", DB_NONE));
	assert_int_equal(db_get_int(rows, 0, "n"), 1);
	assert_int_equal(
	    db_script(db, "insert into kept values (2); insert into kept values (2)", &err),
	    RC_CONFLICT);
	OK(db_read(db, *state, &rows, &err, "select count(*) as n from kept", DB_NONE));
	assert_int_equal(db_get_int(rows, 0, "n"), 1);
}

static int64_t
backend_of(struct db *db, const void *ctx)
{
	struct db_rows *rows;

	OK(db_read(db, ctx, &rows, &err, "select pg_backend_pid() as pid", DB_NONE));
	return db_get_int(rows, 0, "pid");
}

static void
terminate(const void *ctx, int64_t pid)
{
	struct db *other = open_db(ctx, 5000);

	OK(db_call(other, ctx, NULL, &err, "select pg_terminate_backend($1::int, 5000)",
	    DB_PARAMS(db_int(pid))));
	talloc_free(other);
}

static void
a_connection_lost_between_statements_is_replaced(void **state)
{
	struct db *db = open_db(*state, 5000);

	for (int i = 0; i < 3; i++) {
		terminate(*state, backend_of(db, *state));
		OK(db_call(db, *state, NULL, &err, "select 1", DB_NONE));
	}
}

static void
a_connection_lost_in_a_transaction_is_not(void **state)
{
	struct db *db = open_db(*state, 5000);

	OK(db_script(db, "begin", &err));
	terminate(*state, backend_of(db, *state));
	/* on a new connection this would commit by itself */
	assert_int_equal(db_call(db, *state, NULL, &err, "select 1", DB_NONE), RC_BUSY);
	assert_non_null(strstr(err.text, "inside a transaction"));
	OK(db_call(db, *state, NULL, &err, "select 1", DB_NONE));
}

/* Cuts a connection while a statement runs on it. */
struct cutter {
	pthread_t thread;
	int fd;      /* shut down the socket, so that no word of the server arrives; */
	int64_t pid; /* or, if fd is below 0, have the server end it and say why */
};

static void *
cut(void *user)
{
	struct cutter *c = user;
	void *ctx = mem_context("cutter");
	struct db *other = open_db(ctx, 5000);
	struct err ignored;
	bool is_running = false;

	for (int i = 0; i < 1000 && !is_running; i++) {
		struct db_rows *rows;

		poll(NULL, 0, 10);
		is_running =
		    db_read(other, ctx, &rows, &ignored,
			"select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'",
			DB_PARAMS(db_int(c->pid))) == RC_OK &&
		    db_count(rows) == 1;
	}
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_RDWR);
	else if (db_call(other, ctx, NULL, &ignored, "select pg_terminate_backend($1::int)",
		     DB_PARAMS(db_int(c->pid))) != RC_OK)
		is_running = false;
	talloc_free(ctx);
	return is_running ? user : NULL;
}

/* The descriptor that the next connection will get. */
static int
next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* A handle whose connection will be cut as soon as it sleeps. */
static struct db *
open_doomed(const void *ctx, struct cutter *c, bool silently)
{
	struct db *db = open_db(ctx, 20000);
	int fd = next_fd();

	c->pid = backend_of(db, ctx);
	c->fd = silently ? fd : -1;
	assert_int_equal(pthread_create(&c->thread, NULL, cut, c), 0);
	return db;
}

static void
join(struct cutter *c)
{
	void *done;

	pthread_join(c->thread, &done);
	assert_non_null(done);
}

static void
a_statement_whose_answer_got_lost_is_uncertain(void **state)
{
	struct cutter c;
	struct db *db = open_doomed(*state, &c, true);

	assert_int_equal(
	    db_call(db, *state, NULL, &err, "select pg_sleep(10)", DB_NONE), RC_UNCERTAIN);
	join(&c);
	OK(db_ping(db, &err));
}

static void
a_statement_that_the_server_broke_off_is_busy(void **state)
{
	struct cutter c;
	struct db *db = open_doomed(*state, &c, false);

	assert_int_equal(db_call(db, *state, NULL, &err, "select pg_sleep(10)", DB_NONE), RC_BUSY);
	assert_string_equal(db_sqlstate(db), "57P01");
	join(&c);
	OK(db_ping(db, &err));
}

static void
a_lost_read_is_repeated_once(void **state)
{
	struct cutter c;
	struct db *db = open_doomed(*state, &c, true);
	struct db_rows *rows;

	/* only the first backend sleeps */
	OK(db_read(db, *state, &rows, &err,
	    "select case when pg_backend_pid() = $1 then pg_sleep(10) end, 7 as seven",
	    DB_PARAMS(db_int(c.pid))));
	assert_int_equal(db_get_int(rows, 0, "seven"), 7);
	join(&c);
}

static void
a_statement_lost_in_a_transaction_is_busy(void **state)
{
	struct cutter c;
	struct db *db = open_doomed(*state, &c, true);

	OK(db_script(db, "begin", &err));
	assert_int_equal(db_call(db, *state, NULL, &err, "select pg_sleep(10)", DB_NONE), RC_BUSY);
	join(&c);
}

/* A constraint that is checked at the commit, and takes its time. */
static const char slow_commit[] =
    "create temporary table slow (a int);"
    "create function pg_temp.dawdle() returns trigger language plpgsql as $$ begin perform "
    "pg_sleep(10); return null; end $$;"
    "create constraint trigger dawdle after insert on slow deferrable initially deferred"
    " for each row execute function pg_temp.dawdle();"
    "begin; insert into slow values (1)";

static void
a_lost_commit_is_uncertain(void **state)
{
	struct cutter c;
	struct db *db = open_doomed(*state, &c, true);

	OK(db_script(db, slow_commit, &err));
	assert_int_equal(db_script(db, "commit", &err), RC_UNCERTAIN);
	join(&c);
}

/* PostgreSQL's statement_timeout does not run during a commit, which may wait for a standby for
 * ever. */
static void
a_commit_that_takes_too_long_is_uncertain(void **state)
{
	struct db *db = open_db(*state, 200);
	int64_t start;

	OK(db_script(db, slow_commit, &err));
	start = clock_boot_ms();
	assert_int_equal(db_script(db, "commit", &err), RC_UNCERTAIN);
	assert_in_range(clock_boot_ms() - start, 1000, 5000);
	assert_non_null(strstr(err.text, "did not answer in time"));
}

static void
notifications(void **state)
{
	struct db *db = open_db(*state, 5000), *other = open_db(*state, 5000);
	bool came = true;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	OK(db_listen(db, "Some channel", &err));
	OK(db_wait(db, fds[0], 0, &came, &err));
	assert_false(came);
	OK(db_script(other, "notify \"Some channel\"", &err));
	OK(db_wait(db, fds[0], 10000, &came, &err));
	assert_true(came);
	assert_int_equal(write(fds[1], "x", 1), 1);
	OK(db_wait(db, fds[0], 10000, &came, &err));
	assert_true(came);
	assert_int_equal(read(fds[0], &(char){ 0 }, 1), 1);

	/* listened to again after a loss */
	terminate(*state, backend_of(db, *state));
	OK(db_wait(db, fds[0], 0, &came, &err));
	OK(db_script(other, "notify \"Some channel\"", &err));
	OK(db_wait(db, -1, 10000, &came, &err));
	assert_true(came);
	close(fds[0]);
	close(fds[1]);
}

static void
no_database(void **state)
{
	struct db *db =
	    db_open(*state, "host=127.0.0.1 port=1 dbname=x password=hidden", "test_db", 1000);
	bool came;

	assert_int_equal(db_ping(db, &err), RC_BUSY);
	assert_null(strstr(err.text, "hidden"));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(db_call(db, *state, NULL, &err, "select 1", DB_NONE), RC_BUSY);
	assert_int_equal(db_script(db, "commit", &err), RC_BUSY);
	assert_int_equal(db_wait(db, -1, 10, &came, &err), RC_BUSY);
	for (int i = 0; i < 100; i++) /* as a worker does until the database is there */
		assert_int_equal(db_listen(db, "Some channel", &err), RC_BUSY);
}

static void
a_malformed_address_is_not_repeated(void **state)
{
	struct db *db = db_open(*state, "postgresql://user:hidden@[::1/x", "test_db", 1000);

	assert_int_equal(db_ping(db, &err), RC_BROKEN);
	assert_null(strstr(err.text, "hidden"));
}

static void
an_unknown_column_is_our_mistake(void **state)
{
	struct db *db = open_db(*state, 5000);
	struct db_rows *rows;
	int status;
	pid_t child;

	OK(db_read(db, *state, &rows, &err, "select 1 as one", DB_NONE));
	child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		db_get_int(rows, 0, "One");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
skipped(void **state)
{
	(void)state;
	skip();
}

#define NEEDS_DATABASE(function)                                                                \
	{                                                                                       \
#function, has_database ? (function) : skipped, test_setup, test_teardown, NULL \
	}

int
main(void)
{
	const bool has_database = getenv("TEST_DATABASE_URL") != NULL;
	const struct CMUnitTest tests[] = {
		TEST(no_database),
		TEST(a_malformed_address_is_not_repeated),
		NEEDS_DATABASE(values_come_back_as_sent),
		NEEDS_DATABASE(sessions_are_set_up),
		NEEDS_DATABASE(failures_have_codes),
		NEEDS_DATABASE(long_statements_and_locks_are_cut_short),
		NEEDS_DATABASE(stale_statements_are_prepared_again),
		NEEDS_DATABASE(transactions),
		NEEDS_DATABASE(a_connection_lost_between_statements_is_replaced),
		NEEDS_DATABASE(a_connection_lost_in_a_transaction_is_not),
		NEEDS_DATABASE(a_statement_whose_answer_got_lost_is_uncertain),
		NEEDS_DATABASE(a_statement_that_the_server_broke_off_is_busy),
		NEEDS_DATABASE(a_lost_read_is_repeated_once),
		NEEDS_DATABASE(a_statement_lost_in_a_transaction_is_busy),
		NEEDS_DATABASE(a_lost_commit_is_uncertain),
		NEEDS_DATABASE(a_commit_that_takes_too_long_is_uncertain),
		NEEDS_DATABASE(notifications),
		NEEDS_DATABASE(an_unknown_column_is_our_mistake),
	};

	if (!has_database)
		print_message("# skip: TEST_DATABASE_URL is not set\n");
	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
