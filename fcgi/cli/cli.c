/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the operator's commands: command line, help, shared handles, messages. */
#include "cli/cli.h"

#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/start.h"
#include "remote/violet.h"

static const enum cli_exit exit_codes[] = {
	[RC_OK] = CLI_DONE,
	[RC_INVALID] = CLI_USAGE,
	[RC_DENIED] = CLI_FAILED,
	[RC_MISSING] = CLI_MISSING,
	[RC_CONFLICT] = CLI_CONFLICT,
	[RC_BUSY] = CLI_TRY_LATER,
	[RC_UNCERTAIN] = CLI_TRY_LATER,
	[RC_BROKEN] = CLI_FAILED,
};
_Static_assert(
    sizeof(exit_codes) / sizeof(exit_codes[0]) == RC__COUNT, "a result has no exit code");

/* How many of argv's words name the command: 0 if they name another one. */
static int
matching_words(const struct cli_command *command, int argc, char **argv)
{
	const char *words = command->words;
	int n = 0;

	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		if (n == argc || strlen(argv[n]) != length || memcmp(argv[n], words, length) != 0)
			return 0;
		n++;
		words += length;
		words += strspn(words, " ");
	}
	return n;
}

static const struct cli_command *
find_command(int argc, char **argv, int *words)
{
	for (size_t g = 0; cli_groups[g] != NULL; g++) {
		for (const struct cli_command *c = cli_groups[g]; c->words != NULL; c++) {
			*words = matching_words(c, argc, argv);
			if (*words > 0)
				return c;
		}
	}
	return NULL;
}

static void
print_command_line(const struct cli_command *command)
{
	char left[80];

	snprintf(left, sizeof(left), "%s %s", command->words, command->arguments);
	printf("  %-34s %s\n", left, command->help);
}

/* The commands whose first word is `first` (NULL: all). False if there is none. */
static bool
print_commands(const char *first)
{
	size_t length = first != NULL ? strlen(first) : 0;
	bool found = false;

	for (size_t g = 0; cli_groups[g] != NULL; g++) {
		for (const struct cli_command *c = cli_groups[g]; c->words != NULL; c++) {
			if (first != NULL &&
			    (strncmp(c->words, first, length) != 0 ||
				(c->words[length] != ' ' && c->words[length] != '\0')))
				continue;
			print_command_line(c);
			found = true;
		}
	}
	return found;
}

void
cli_help(void)
{
	print_commands(NULL);
}

static void
print_help(const struct cli_command *command)
{
	printf("usage: violet-bigcommerce %s%s%s%s\n\n%s\n", command->words,
	    *command->arguments != '\0' ? " " : "", command->arguments,
	    command->options[0].name != NULL ? " [OPTION]..." : "", command->help);
	if (command->more != NULL)
		printf("\n%s\n", command->more);
	if (command->options[0].name != NULL)
		printf("\nOptions:\n");
	for (const struct cli_option *o = command->options; o->name != NULL; o++) {
		char left[80];

		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value != NULL ? " " : "",
		    o->value != NULL ? o->value : "");
		printf("  %-28s %s\n", left, o->help);
	}
	printf("\nExamples:\n");
	for (const char *line = command->examples; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		printf("  %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

/* The option that the word names, with *value set if it is written as --name=value. NULL if there
 * is none. */
static const struct cli_option *
find_option(const struct cli_command *command, const char *word, const char **value)
{
	size_t length = strcspn(word, "=");

	*value = word[length] == '=' ? word + length + 1 : NULL;
	for (const struct cli_option *o = command->options; o->name != NULL; o++) {
		if (strlen(o->name) == length && memcmp(o->name, word, length) == 0)
			return o;
	}
	return NULL;
}

/* Read argv[*i], an option, and its value, which may be the next word. */
static bool
read_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *word = argv[*i] + 2;
	const char *value;
	const struct cli_option *option = find_option(cli->command, word, &value);

	if (option == NULL)
		return cli_usage(cli, "unknown option %s", argv[*i]), false;
	if (cli->values[option - cli->command->options] != NULL)
		return cli_usage(cli, "--%s is given twice", option->name), false;
	if (option->value == NULL && value != NULL)
		return cli_usage(cli, "--%s takes no value", option->name), false;
	if (option->value != NULL && value == NULL) {
		if (*i + 1 == argc)
			return cli_usage(
				   cli, "--%s wants a value: %s", option->name, option->value),
			       false;
		value = argv[++*i];
	}
	cli->values[option - cli->command->options] = value != NULL ? value : "";
	return true;
}

static bool
has_option(const struct cli_command *command, const char *name)
{
	const char *value;

	return find_option(command, name, &value) != NULL;
}

static bool
check_arguments(const struct cli *cli, int given)
{
	int wanted = 0, needed = 0;

	for (const char *p = cli->command->arguments; *p != '\0';
	     p += strcspn(p, " "), p += strspn(p, " ")) {
		wanted++;
		needed += *p != '[';
	}
	if (given < needed)
		return cli_usage(cli, "it wants %s", cli->command->arguments), false;
	if (given > wanted)
		return cli_usage(cli, "too many arguments: \"%s\"%s", cli->arguments[wanted],
			   has_option(cli->command, "store") ? " (--store names a store)" : ""),
		       false;
	return true;
}

/* Fill arguments and values from the words after the command's own. */
static bool
read_words(struct cli *cli, int argc, char **argv)
{
	bool options_over = false;
	int given = 0;

	for (int i = 0; i < argc; i++) {
		if (!options_over && strcmp(argv[i], "--") == 0) {
			options_over = true;
		} else if (!options_over && strncmp(argv[i], "--", 2) == 0) {
			if (!read_option(cli, argc, argv, &i))
				return false;
		} else {
			if (given == CLI_ARGUMENTS_MAX)
				return cli_usage(cli, "too many arguments: \"%s\"", argv[i]), false;
			cli->arguments[given++] = argv[i];
		}
	}
	return check_arguments(cli, given);
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

/* No command fits: show what begins with its first word. */
static int
unknown_command(int argc, char **argv)
{
	if (wants_help(argc, argv) && print_commands(argv[0]))
		return CLI_DONE;
	if (argc > 1 && argv[1][0] != '-')
		fprintf(stderr, "violet-bigcommerce: there is no command \"%s %s\"\n", argv[0],
		    argv[1]);
	else
		fprintf(stderr, "violet-bigcommerce: there is no command \"%s\"\n", argv[0]);
	fflush(stderr);
	if (!print_commands(argv[0]))
		fprintf(stderr, "\"violet-bigcommerce help\" lists the commands\n");
	return CLI_USAGE;
}

int
cli_explain(int argc, char **argv)
{
	int words;
	const struct cli_command *command = find_command(argc, argv, &words);

	if (command == NULL)
		return print_commands(argv[0]) ? CLI_DONE : unknown_command(argc, argv);
	print_help(command);
	return CLI_DONE;
}

int
cli_main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int words = 0;
	enum cli_exit code = CLI_USAGE;

	cli.command = find_command(argc, argv, &words);
	if (cli.command == NULL)
		return unknown_command(argc, argv);
	if (wants_help(argc - words, argv + words)) {
		print_help(cli.command);
		return CLI_DONE;
	}
	cli.ctx = mem_context("command");
	setlocale(LC_CTYPE, "C.UTF-8"); /* widths of names in tables */
	if (read_words(&cli, argc - words, argv + words))
		code = cli.command->run(&cli);
	talloc_free(cli.ctx);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "violet-bigcommerce: the output could not be written\n");
		return CLI_FAILED;
	}
	return (int)code;
}

const char *
cli_value(const struct cli *cli, const char *option)
{
	for (size_t i = 0; cli->command->options[i].name != NULL; i++) {
		if (strcmp(cli->command->options[i].name, option) == 0)
			return cli->values[i];
	}
	panic("command \"%s\" has no option --%s", cli->command->words, option);
}

bool
cli_flag(const struct cli *cli, const char *option)
{
	return cli_value(cli, option) != NULL;
}

struct app *
cli_open(struct cli *cli)
{
	struct conf *conf;

	if (cli->app != NULL)
		return cli->app;
	conf = start_conf(cli->ctx, CONF_COMMAND);
	cli->app = app_open(cli->ctx, conf,
	    conf->seal_key_file != NULL ? start_keys(cli->ctx, conf) : NULL,
	    violet_tokens_open(cli->ctx), "command");
	start_version(cli->app->db, START_NEEDS_DATABASE);
	return cli->app;
}

enum rc
cli_know_store(struct cli *cli, const char *store_hash, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	if (store_hash == NULL)
		return RC_OK;
	rc = db_read(cli->app->db, cli->ctx, &rows, err, "select from api.store_show($1)",
	    DB_PARAMS(db_text(store_hash)));
	if (rc == RC_OK && db_count(rows) == 0)
		rc = err_set(err, RC_MISSING, "store \"%s\" never installed the app", store_hash);
	return rc;
}

enum cli_exit
cli_fail(enum rc rc, const struct err *err)
{
	fflush(stdout);
	fprintf(stderr, "violet-bigcommerce: %s\n", err->text);
	if (rc == RC_UNCERTAIN)
		fprintf(stderr, "violet-bigcommerce: nobody knows whether it was done; look before "
				"you repeat it\n");
	return exit_codes[rc];
}

enum cli_exit
cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "violet-bigcommerce %s: ", cli->command->words);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n\"violet-bigcommerce %s --help\" shows how it is used\n",
	    cli->command->words);
	return CLI_USAGE;
}

const char *
cli_who(const struct cli *cli)
{
	const char *who = cli_value(cli, "by");
	const struct passwd *user;

	if (who == NULL)
		who = getenv("SUDO_USER");
	if (who == NULL || *who == '\0')
		who = getenv("USER");
	if (who == NULL || *who == '\0') {
		user = getpwuid(getuid());
		who = user != NULL ? mem_text(cli->ctx, user->pw_name) : NULL;
	}
	return who != NULL && *who != '\0' && text_is_plain(who, 100) ? who : NULL;
}

bool
cli_number(const struct cli *cli, const char *what, const char *text, int64_t minimum, int64_t *out)
{
	if (text_int(text, minimum, INT64_MAX, out))
		return true;
	cli_usage(cli, "%s is a number from %lld up, not \"%s\"", what, (long long)minimum, text);
	return false;
}

bool
cli_number_option(const struct cli *cli, const char *option, int64_t minimum, int64_t *out)
{
	const char *text = cli_value(cli, option);

	return text == NULL ||
	       cli_number(cli, mem_printf(cli->ctx, "--%s", option), text, minimum, out);
}

const char *
cli_store(const struct cli *cli, const char *text)
{
	const char *start = strstr(text, "store-");
	size_t length;
	char *hash;

	start = start != NULL ? start + strlen("store-") : text;
	length = strcspn(start, "./");
	hash = mem_bytes(cli->ctx, start, length);
	text_lower(hash);
	if (text_is_store_hash(hash))
		return hash;
	cli_usage(cli,
	    "STORE is a store hash (the abc123 of store-abc123.mybigcommerce.com), not \"%s\"",
	    text);
	return NULL;
}
