/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's commands. Each is one row of a table: words, arguments, options, examples,
 * function. Reading the command line, --help and the shared handles are done here, once; a
 * command's file holds what it does and nothing else.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

/* Exit codes, as in the manual. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,    /* the command line or the settings are wrong: nothing was done */
	CLI_MISSING = 3,  /* no such store, refund, channel ... */
	CLI_CONFLICT = 4, /* its state forbids that, or it is there already */
	CLI_TRY_LATER =
	    5, /* the database or another service is away, or nobody knows whether it was done */
};

struct cli_option {
	const char *name;  /* without the dashes; NULL ends the table */
	const char *value; /* what stands for its value in help ("AMOUNT"); NULL: a flag */
	const char *help;
};

struct cli;

struct cli_command {
	const char *words;     /* "channel add"; NULL ends the table */
	const char *arguments; /* "STORE [ORDER]": as many as named, those in brackets may be left
				  out; "" none */
	const char *help;      /* one line */
	const char *more;      /* further lines of --help; may be NULL */
	const char *examples;  /* whole lines, without the leading spaces */
	const struct cli_option *options;
	enum cli_exit (*run)(struct cli *cli);
};

#define CLI_ARGUMENTS_MAX 4
#define CLI_OPTIONS_MAX   24

/* What a running command has. */
struct cli {
	void *ctx;
	const struct cli_command *command;
	const char *arguments[CLI_ARGUMENTS_MAX]; /* NULL where left out */
	const char *values[CLI_OPTIONS_MAX];      /* by the option's place in the table */
	struct app *app;
};

/* Every table of commands, in the order of `help`; ends with NULL. */
extern const struct cli_command *const cli_groups[];

/*
 * Run the command that argv begins with, or show its help. Returns the exit code. argv[0] is the
 * first word after the program's name.
 */
int cli_main(int argc, char **argv);

/* The list of all commands, for `help`. */
void cli_help(void);

/* `help COMMAND`: the help of the command, or of the group, that argv begins with. Returns the exit
 * code. */
int cli_explain(int argc, char **argv);

/* An option's value: NULL if not given. A flag given is "". Panics if the command's table has no
 * such option. */
const char *cli_value(const struct cli *cli, const char *option);
bool cli_flag(const struct cli *cli, const char *option);

/* Settings, keys (if SEAL_KEY_FILE is set) and a database handle in cli->app; ends the process with
 * CLI_USAGE if they are wrong. */
struct app *cli_open(struct cli *cli);

/* Print what went wrong and return the exit code that fits. */
enum cli_exit cli_fail(enum rc rc, const struct err *err);
enum cli_exit cli_usage(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Who acts: --by, else the person behind sudo, else the user. NULL if nobody can be named. */
const char *cli_who(const struct cli *cli);
#define CLI_BY                                                                                 \
	{                                                                                      \
		"by", "NAME",                                                                  \
		    "who does it, for the record (default: the user behind sudo, or the user)" \
	}

/* An argument or option as a number from minimum up; false (and a message) otherwise. */
bool cli_number(
    const struct cli *cli, const char *what, const char *text, int64_t minimum, int64_t *out);

/* An option as such a number; one that is not given leaves *out as it is. */
bool cli_number_option(const struct cli *cli, const char *option, int64_t minimum, int64_t *out);

/*
 * A store argument: the hash itself, or any address of its control panel that begins with
 * store-{hash}. NULL and a message if it is neither.
 */
const char *cli_store(const struct cli *cli, const char *text);

/* RC_MISSING for a store that never installed the app: that nothing is found of it must not look as
 * if all were well. NULL is every store. */
MUST_CHECK enum rc cli_know_store(struct cli *cli, const char *store_hash, struct err *err);

#endif
