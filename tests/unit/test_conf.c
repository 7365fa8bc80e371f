/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/limit.h"
#include "base/secret.h"

static char folder[] = "/tmp/test_conf.XXXXXX";

/* A file in the folder; its path under ctx. */
static char *
write_file(const void *ctx, const char *name, const void *content, size_t n, mode_t mode)
{
	char *path = mem_printf(ctx, "%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, content, n) == (ssize_t)n && fchmod(fd, mode) == 0);
	close(fd);
	return path;
}

/* Nothing set but what cmocka itself looks at. */
static void
clear_environment(void)
{
	static char *format;

	if (format == NULL && getenv("CMOCKA_MESSAGE_OUTPUT") != NULL)
		format = strdup(getenv("CMOCKA_MESSAGE_OUTPUT"));
	clearenv();
	if (format != NULL)
		setenv("CMOCKA_MESSAGE_OUTPUT", format, 1);
}

/* What a production file would hold at least. */
static void
set_minimum(const void *ctx)
{
	clear_environment();
	setenv("PUBLIC_URL", "https://connect.example.com", 1);
	setenv("DATABASE_URL", "postgresql://violet:db-password@db/violet", 1);
	setenv("FCGI_LISTEN", "/run/violet/pages.sock", 1);
	setenv("BIGCOMMERCE_CLIENT_ID", "client-id", 1);
	setenv("BIGCOMMERCE_CLIENT_SECRET", "client-secret", 1);
	setenv("BIGCOMMERCE_APP_ID", "57141", 1);
	setenv("SEAL_KEY_FILE", write_file(ctx, "seal.key", "k1 x", 4, 0600), 1);
}

static struct conf *
read_good(const void *ctx, unsigned part)
{
	struct conf *conf;
	char *faults = NULL;

	CHECK(conf_read(ctx, part, &conf, &faults) == RC_OK, "faults: %s", faults);
	return conf;
}

static char *
read_bad(const void *ctx, unsigned part)
{
	struct conf *conf;
	char *faults = NULL;

	assert_int_equal(conf_read(ctx, part, &conf, &faults), RC_INVALID);
	return faults;
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct conf *conf;

	set_minimum(*state);
	conf = read_good(*state, CONF_WEB | CONF_WORKER);
	assert_string_equal(conf->public_url, "https://connect.example.com");
	assert_string_equal(conf->bigcommerce_client_secret, "client-secret");
	assert_null(conf->bigcommerce_client_secret_previous);
	assert_int_equal(conf->bigcommerce_app_id, 57141);
	assert_string_equal(conf->bigcommerce_login_url, "https://login.bigcommerce.com");
	assert_string_equal(conf->bigcommerce_admin_url, "https://store-{hash}.mybigcommerce.com");
	assert_string_equal(conf->violet_api_url, "https://api.violet.io/v1");
	assert_int_equal(conf->refunds, REFUNDS_ON);
	assert_int_equal(conf->webhook_signature, SIGNATURE_OBSERVE);
	assert_int_equal(conf->settle_ms, 120000);
	assert_int_equal(conf->cancel_grace_ms, 600000);
	assert_int_equal(conf->send_ms, 20000);
	assert_int_equal(conf->bag_search.count, 6);
	assert_int_equal(conf->bag_search.ms[5], 172800000);
	assert_int_equal(conf->uninstall.ms[0], 0);
	assert_int_equal(conf->recheck.count, 2);
	assert_null(conf->violet_connect_url);
	assert_null(conf->support_url);
	assert_string_equal(conf->log_level, "info");
	assert_int_equal(conf->quota_share, 50);
}

static void
parts_demand_only_what_they_need(void **state)
{
	char *faults;

	clear_environment();
	setenv("DATABASE_URL", "dbname=violet", 1);
	read_good(*state, CONF_MIGRATE);
	read_good(*state, CONF_COMMAND);
	faults = read_bad(*state, CONF_WORKER);
	assert_null(strstr(faults, "FCGI_LISTEN"));
	assert_null(strstr(faults, "DATABASE_URL"));
	assert_non_null(strstr(faults, "PUBLIC_URL: not set"));
	assert_non_null(strstr(faults, "SEAL_KEY_FILE: not set"));
	assert_non_null(strstr(read_bad(*state, CONF_WEB), "FCGI_LISTEN: not set"));

	/* an operator who may not read the secrets can still run the commands that need none */
	setenv("BIGCOMMERCE_CLIENT_SECRET_FILE", "/nowhere", 1);
	setenv("SEAL_KEY_FILE", "/nowhere", 1);
	read_good(*state, CONF_COMMAND);
}

static void
all_faults_come_at_once(void **state)
{
	char *faults;
	int lines = 1;

	set_minimum(*state);
	unsetenv("PUBLIC_URL");
	setenv("BIGCOMMERCE_APP_ID", "app", 1);
	setenv("REFUNDS", "maybe", 1);
	setenv("SETTLE_SECONDS", "-1", 1);
	faults = read_bad(*state, CONF_WEB);
	for (char *c = faults; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 4);
	assert_non_null(strstr(faults,
	    "BIGCOMMERCE_APP_ID: \"app\" is not valid; wanted is a whole number from 1 to"));
	assert_non_null(
	    strstr(faults, "REFUNDS: \"maybe\" is not valid; wanted is one of: on, hold, shadow"));
	assert_non_null(strstr(
	    faults, "SETTLE_SECONDS: \"-1\" is not valid; wanted are seconds from 0 to 86400"));
}

static void
good_values(void **state)
{
	static const struct {
		const char *name, *value, *shown;
	} cases[] = {
		{ "PUBLIC_URL", "https://Connect.Example.com/", "https://connect.example.com" },
		{ "PUBLIC_URL", "https://connect.example.com:443", "https://connect.example.com" },
		{ "PUBLIC_URL", "HTTPS://connect.example.com:8443",
		    "https://connect.example.com:8443" },
		{ "PUBLIC_URL", "http://localhost:8080", "http://localhost:8080" },
		{ "PUBLIC_URL", "http://127.0.0.2:80", "http://127.0.0.2" },
		{ "PUBLIC_URL", "http://[::1]:8080", "http://[::1]:8080" },
		{ "VIOLET_API_URL", "https://sandbox-api.violet.io/v1/",
		    "https://sandbox-api.violet.io/v1" },
		{ "BIGCOMMERCE_ADMIN_URL", "http://store-{hash}.localhost:9000",
		    "http://store-{hash}.localhost:9000" },
		{ "VIOLET_CONNECT_URL", "https://violet.example/connect?from=bc",
		    "https://violet.example/connect?from=bc" },
		{ "SUPPORT_URL", "https://violet.example/help/#bc",
		    "https://violet.example/help/#bc" },
		{ "SUPPORT_URL", "mailto:help@violet.example", "mailto:help@violet.example" },
		{ "REFUNDS", "shadow", "shadow" },
		{ "WEBHOOK_SIGNATURE", "require", "require" },
		{ "SETTLE_SECONDS", "0.05", "0.05" },
		{ "SETTLE_SECONDS", "1.500", "1.5" },
		{ "SETTLE_SECONDS", "", "120" },
		{ "BAG_SEARCH_SECONDS", "0.1,0.2,0.2,3", "0.1,0.2,0.2,3" },
		{ "FUSE_STORE_COUNT", "1", "1" },
		{ "LOG_LEVEL", "debug", "debug" },
		{ "FCGI_LISTEN", "-", "-" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *line = mem_printf(*state, "\n%s=%s\n", cases[i].name, cases[i].shown);
		char *dump;

		set_minimum(*state);
		setenv(cases[i].name, cases[i].value, 1);
		dump = mem_printf(*state, "\n%s", conf_dump(*state, read_good(*state, CONF_WEB)));
		CHECK(
		    strstr(dump, line) != NULL, "%s=%s in%s", cases[i].name, cases[i].value, dump);
	}
}

static void
bad_values(void **state)
{
	static const struct {
		const char *name, *value, *reason;
	} cases[] = {
		{ "PUBLIC_URL", "connect.example.com", "is no address" },
		{ "PUBLIC_URL", "ftp://connect.example.com", "is no address" },
		{ "PUBLIC_URL", "https://", "is no address" },
		{ "PUBLIC_URL", "https://user@example.com", "is no address" },
		{ "PUBLIC_URL", "https://example.com:0", "is no address" },
		{ "PUBLIC_URL", "https://example.com:99999", "is no address" },
		{ "PUBLIC_URL", "https://example.com:", "is no address" },
		{ "PUBLIC_URL", "https://[::1", "is no address" },
		{ "PUBLIC_URL", "https://exa mple.com", "is no address" },
		{ "PUBLIC_URL", "https://example.com\n", "is no address" },
		{ "PUBLIC_URL", "https://store-{hash}.com", "has braces in the host" },
		{ "PUBLIC_URL", "https://example.com/path", "has a path" },
		{ "PUBLIC_URL", "http://example.com", "is http, which is for localhost only" },
		{ "PUBLIC_URL", "http://localhost.example.com", "is http" },
		{ "PUBLIC_URL", "http://127.0.0.1.example.com", "is http" },
		{ "VIOLET_API_URL", "https://api.violet.io/v1?x=1", "has a query" },
		{ "BIGCOMMERCE_ADMIN_URL", "https://mybigcommerce.com", "needs {hash} once" },
		{ "BIGCOMMERCE_ADMIN_URL", "https://{hash}.{hash}.com", "needs {hash} once" },
		{ "BIGCOMMERCE_ADMIN_URL", "https://{hash}.{x}.com", "needs {hash} once" },
		{ "BIGCOMMERCE_ADMIN_URL", "https://store.com/{hash}", "needs {hash} once" },
		{ "BIGCOMMERCE_ADMIN_URL", "http://store-{hash}.example.com", "is http" },
		{ "VIOLET_CONNECT_URL", "mailto:help@violet.example", "is no address" },
		{ "SUPPORT_URL", "mailto:help", "is no mail address" },
		{ "SUPPORT_URL", "javascript:alert(1)", "is no address" },
		{ "BIGCOMMERCE_APP_ID", "0", "whole number from 1" },
		{ "WORKER_THREADS", "257", "from 1 to 256" },
		{ "WEBHOOK_SIGNATURE", "Require", "off, observe, require" },
		{ "LOG_LEVEL", "loud", "debug, info, warning, error" },
		{ "BAG_SEARCH_SECONDS", "5,4", "ascending" },
		{ "BAG_SEARCH_SECONDS", "5,", "ascending" },
		{ "BAG_SEARCH_SECONDS", "1,2,3,4,5,6,7,8,9,10,11,12,13", "up to 12" },
		{ "POLL_SECONDS", "0", "from 0.01 to 86400" },
		{ "RETRY_MINIMUM_SECONDS", "7200", "longer than RETRY_MAXIMUM_SECONDS" },
		{ "DATABASE_URL_FILE", "/nowhere",
		    "DATABASE_URL: set together with DATABASE_URL_FILE" },
		{ "BIGCOMMERCE_CLIENT_SECRET_PREVIOUS_FILE", "/nowhere",
		    "cannot open /nowhere: No such file" },
		{ "SEAL_KEY_FILE", "/nowhere", "SEAL_KEY_FILE: cannot open /nowhere" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *faults;

		set_minimum(*state);
		setenv(cases[i].name, cases[i].value, 1);
		faults = read_bad(*state, CONF_WEB);
		CHECK(strstr(faults, cases[i].reason) != NULL, "%s=%s: %s", cases[i].name,
		    cases[i].value, faults);
		CHECK(strchr(faults, '\n') == NULL, "%s=%s: %s", cases[i].name, cases[i].value,
		    faults);
	}
}

static void
times_follow_each_other(void **state)
{
	const struct conf_times times = { .ms = { 0, 60, 300 }, .count = 3 };

	(void)state;
	assert_int_equal(conf_times_next(&times, 1000, 999), 1000);
	assert_int_equal(conf_times_next(&times, 1000, 1000), 1060);
	assert_int_equal(conf_times_next(&times, 1000, 1299), 1300);
	assert_int_equal(conf_times_next(&times, 1000, 1300), 0);
	assert_int_equal(conf_times_next(&(struct conf_times){ 0 }, 1000, 0), 0);
}

static void
secrets_are_never_shown(void **state)
{
	char *dump;

	set_minimum(*state);
	dump = conf_dump(*state, read_good(*state, CONF_WEB));
	assert_null(strstr(dump, "db-password"));
	assert_null(strstr(dump, "client-secret"));
	assert_non_null(strstr(dump, "DATABASE_URL=(set)\n"));
	assert_non_null(strstr(dump, "BIGCOMMERCE_CLIENT_SECRET_PREVIOUS=(not set)\n"));
}

static void
secrets_come_from_files(void **state)
{
	struct conf *conf;

	set_minimum(*state);
	unsetenv("BIGCOMMERCE_CLIENT_SECRET");
	setenv("BIGCOMMERCE_CLIENT_SECRET_FILE",
	    write_file(*state, "secret", "from-file\n", 10, 0640), 1);
	conf = read_good(*state, CONF_WEB);
	assert_string_equal(conf->bigcommerce_client_secret, "from-file");
}

static void
help_names_every_setting(void **state)
{
	char *help = conf_help(*state);
	char *dump;

	set_minimum(*state);
	dump = conf_dump(*state, read_good(*state, CONF_WEB));
	for (char *line = dump; *line != '\0'; line = strchr(line, '\n') + 1) {
		char *name = mem_bytes(*state, line, strcspn(line, "="));

		CHECK(strstr(help, name) != NULL, "%s", name);
	}
	assert_non_null(strstr(help, "SETTLE_SECONDS"));
}

static void
secret_files(void **state)
{
	char big[LIMIT_SECRET_FILE + 2];
	const struct {
		const char *path, *reason;
	} bad[] = {
		{ write_file(*state, "open", "x", 1, 0604),
		    "may be read by everybody on this machine; run: chmod" },
		{ write_file(*state, "empty", "", 0, 0600), "is empty" },
		{ write_file(*state, "newline", "\n", 1, 0600), "is empty" },
		{ write_file(*state, "nul", "a\0b", 3, 0600), "holds a NUL byte" },
		{ write_file(
		      *state, "big", memset(big, 'x', sizeof(big)), LIMIT_SECRET_FILE + 1, 0600),
		    "is longer than" },
		{ folder, "is a directory" },
		{ "/nowhere", "cannot open" },
	};
	struct err err;
	char *secret = NULL;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(secret_read(*state, bad[i].path, &secret, &err), RC_INVALID);
		CHECK(strstr(err.text, bad[i].reason) != NULL, "%s", err.text);
	}
	assert_null(secret);
	assert_int_equal(
	    secret_read(*state, write_file(*state, "two", "a\n\n", 3, 0600), &secret, &err), RC_OK);
	assert_string_equal(secret, "a\n"); /* one newline only */
	assert_int_equal(
	    secret_read(
		*state, write_file(*state, "full", big, LIMIT_SECRET_FILE, 0600), &secret, &err),
	    RC_OK);
	assert_int_equal(strlen(secret), LIMIT_SECRET_FILE);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "seal.key", "secret", "open", "empty", "newline",
		"nul", "big", "two", "full" };
	char path[200];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_those_of_the_manual),
		TEST(parts_demand_only_what_they_need),
		TEST(all_faults_come_at_once),
		TEST(good_values),
		TEST(bad_values),
		TEST(times_follow_each_other),
		TEST(secrets_are_never_shown),
		TEST(secrets_come_from_files),
		TEST(help_names_every_setting),
		TEST(secret_files),
	};

	return cmocka_run_group_tests_name("conf", tests, make_folder, remove_folder);
}
