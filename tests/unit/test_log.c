/* SPDX-License-Identifier: Apache-2.0 */
/* Each case writes to a stderr of its own, in a child process, and the parent reads what came out.
 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static char output[16 * 1024];
static int status;

/* All that comes until the other end is closed (a terminal then says EIO). */
static void
read_output(int fd)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)n;
	output[used] = '\0';
}

static void
run_on(int reading, int writing, void (*act)(void))
{
	pid_t child = fork();

	if (child == 0) {
		dup2(writing, STDERR_FILENO);
		act();
		_exit(0);
	}
	close(writing);
	read_output(reading);
	close(reading);
	waitpid(child, &status, 0);
}

static void
run(void (*act)(void))
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	run_on(fds[0], fds[1], act);
}

static void
run_on_terminal(void (*act)(void))
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	run_on(terminal, open(ptsname(terminal), O_RDWR | O_NOCTTY), act);
}

static void
log_all_levels(void)
{
	log_set_name("web");
	log_line(LOG_DEBUG, "one");
	log_line(LOG_INFO, "two %d", 2);
	log_line(LOG_WARNING, "three");
	log_line(LOG_ERROR, "four");
	log_line(LOG_ALARM, "five");
}

static void
journal_gets_priorities(void **state)
{
	(void)state;
	run(log_all_levels);
	assert_string_equal(
	    output, "<6>web: two 2\n<4>web: three\n<3>web: four\n<1>web: ALARM five\n");
}

static void
log_above_error(void)
{
	assert_true(log_set_level("error"));
	log_all_levels();
}

static void
alarm_is_never_filtered(void **state)
{
	(void)state;
	run(log_above_error);
	assert_string_equal(output, "<3>web: four\n<1>web: ALARM five\n");
}

static void
unknown_levels_are_refused(void **state)
{
	(void)state;
	assert_true(log_set_level("debug"));
	assert_false(log_set_level("ALARM")); /* would hide errors */
	assert_false(log_set_level("loud"));
	assert_false(log_set_level(""));
	assert_true(log_set_level("info"));
}

static void
log_forgery(void)
{
	log_set_name("web");
	log_line(LOG_INFO, "path=\"%s\"", "/a\n<0>forged\r\x1b[2J\x7f");
	log_line(LOG_INFO, "%s", "caf\xc3\xa9 \xff \xc2\x9b \xe2\x80\xae");
}

static void
control_characters_are_escaped(void **state)
{
	(void)state;
	run(log_forgery);
	assert_string_equal(output, "<6>web: path=\"/a\\x0a<0>forged\\x0d\\x1b[2J\\x7f\"\n"
				    "<6>web: caf\xc3\xa9 \\xff \\xc2\\x9b \\xe2\\x80\\xae\n");
}

static void
log_much(void)
{
	char text[5000];

	memset(text, '\x01', sizeof(text) - 1); /* each takes four characters */
	text[sizeof(text) - 1] = '\0';
	log_line(LOG_ERROR, "%s", text);
}

static void
long_lines_are_cut(void **state)
{
	(void)state;
	run(log_much);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_in_range(strlen(output), 4 * 2047, 4 * 2048 + 64);
	assert_int_equal(output[strlen(output) - 1], '\n');
}

static void
terminal_gets_time_and_level(void **state)
{
	const char *line;

	(void)state;
	run_on_terminal(log_all_levels);
	assert_int_equal(output[4], '-');
	line = strstr(output, "Z ");
	assert_non_null(line);
	assert_memory_equal(line, "Z info web: two 2\r\n", 19);
	assert_non_null(strstr(output, "Z ALARM web: five\r\n"));
}

static void
die_fatal(void)
{
	fatal("no %s", "way");
}

static void
die_panic(void)
{
	ASSERT(1 + 1 == 3);
}

static void
fatal_exits_and_panic_aborts(void **state)
{
	(void)state;
	run(die_fatal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(output, "<3>"));
	assert_non_null(strstr(output, "no way\n"));
	run(die_panic);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(output, "assertion failed: 1 + 1 == 3\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_gets_priorities),
		cmocka_unit_test(alarm_is_never_filtered),
		cmocka_unit_test(unknown_levels_are_refused),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(terminal_gets_time_and_level),
		cmocka_unit_test(fatal_exits_and_panic_aborts),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
