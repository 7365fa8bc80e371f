/* SPDX-License-Identifier: Apache-2.0 */
/* violet-bigcommerce: picks the part to run by the first word of the command line. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/migrate.h"
#include "cli/start.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "web/web.h"
#include "worker/worker.h"

const struct cli_command *const cli_groups[] = {
	migrate_commands,
	check_commands,
	channel_commands,
	store_commands,
	refund_commands,
	event_commands,
	job_commands,
	hooks_commands,
	key_commands,
	report_commands,
	NULL,
};

/* Start one of the two long-running parts. */
static int
run_part(const char *name, unsigned part, int (*run)(const struct conf *conf))
{
	void *ctx = mem_context(name);
	struct conf *conf;
	int code;

	log_set_name(name);
	conf = start_conf(ctx, part);
	start_version(db_open(ctx, conf->database_url, name, 5000), START_MAY_WAIT);
	code = run(conf);
	talloc_free(ctx);
	return code;
}

static int
run_web(void)
{
	return run_part("web", CONF_WEB, web_main);
}

static int
run_worker(void)
{
	return run_part("worker", CONF_WORKER, worker_main);
}

static int
run_version(void)
{
	puts("violet-bigcommerce " VERSION);
	return CLI_DONE;
}

static int
run_settings(void)
{
	void *ctx = mem_context("settings");

	fputs(conf_help(ctx), stdout);
	talloc_free(ctx);
	return CLI_DONE;
}

static int
run_help(void)
{
	puts("usage: violet-bigcommerce COMMAND [ARGUMENT]... [--OPTION]...\n"
	     "\n"
	     "  web                                FastCGI: Connect, the embedded app, webhooks\n"
	     "  worker                             the jobs: refunds, hooks, sweeps");
	cli_help();
	puts("  settings                           every setting with its default and meaning\n"
	     "  version                            print the program's version\n"
	     "  help [COMMAND]                     this list, or how the command is used\n"
	     "\n"
	     "\"violet-bigcommerce COMMAND --help\" explains one of them. Settings are environment "
	     "variables: see\n"
	     "violet-bigcommerce.conf(5). Exit codes: 0 done, 1 failed, 2 wrong usage or settings "
	     "(nothing was done),\n"
	     "3 no such thing, 4 its state forbids it, 5 try again later.");
	return CLI_DONE;
}

static const struct {
	const char *name;
	int (*run)(void);
} parts[] = {
	{ "web", run_web },
	{ "worker", run_worker },
	{ "settings", run_settings },
	{ "version", run_version },
	{ "--version", run_version },
	{ "help", run_help },
	{ "--help", run_help },
	{ "-h", run_help },
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

/* PART_COUNT: it is none. */
static size_t
find_part(const char *name)
{
	size_t i = 0;

	while (i < PART_COUNT && strcmp(parts[i].name, name) != 0)
		i++;
	return i;
}

int
main(int argc, char **argv)
{
	size_t part;

	mem_init();
	crypt_init();
	if (argc < 2) {
		run_help();
		return CLI_USAGE;
	}
	part = find_part(argv[1]);
	if (part == PART_COUNT)
		return cli_main(argc - 1, argv + 1);
	if (argc == 2)
		return parts[part].run();
	if (strcmp(argv[2], "--help") == 0)
		return run_help();
	if (strcmp(argv[1], "help") == 0 && find_part(argv[2]) == PART_COUNT)
		return cli_explain(argc - 2, argv + 2);
	if (strcmp(argv[1], "help") == 0)
		return run_help();
	fprintf(stderr, "violet-bigcommerce %s takes no arguments\n", argv[1]);
	return CLI_USAGE;
}
