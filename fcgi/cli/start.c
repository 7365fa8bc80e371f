/* SPDX-License-Identifier: Apache-2.0 */
/* Before the work: settings, keys, and the version rule between program and database. */
#include "cli/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define EXIT_SETTINGS 2

struct conf *
start_conf(const void *ctx, unsigned part)
{
	struct conf *conf;
	char *faults;

	if (conf_read(ctx, part, &conf, &faults) != RC_OK) {
		fprintf(stderr, "violet-bigcommerce: the settings are not right:\n%s\n", faults);
		exit(EXIT_SETTINGS);
	}
	if (!log_set_level(conf->log_level))
		panic("the settings let an unknown LOG_LEVEL pass: %s", conf->log_level);
	return conf;
}

struct crypt_keys *
start_keys(const void *ctx, const struct conf *conf)
{
	struct crypt_keys *keys;
	struct err err;

	if (crypt_keys_read(ctx, conf->seal_key_file, &keys, &err) != RC_OK) {
		fprintf(stderr, "violet-bigcommerce: SEAL_KEY_FILE: %s\n", err.text);
		exit(EXIT_SETTINGS);
	}
	return keys;
}

/* The next number of a version, and the place after its dot. */
static int64_t
next_number(const char **version)
{
	size_t length = strspn(*version, "0123456789");
	char digits[16] = "0";
	int64_t number = 0;

	if (length > 0 && length < sizeof(digits)) {
		memcpy(digits, *version, length);
		digits[length] = '\0';
	}
	*version += length;
	*version += **version == '.';
	return text_int(digits, 0, INT64_MAX, &number) ? number : 0;
}

int
start_compare_versions(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++) {
		int64_t left = next_number(&a);
		int64_t right = next_number(&b);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return 0;
}

enum rc
start_check_version(struct db *db, struct err *err)
{
	void *ctx = mem_context("version");
	struct db_rows *rows;
	enum rc rc = db_read(db, ctx, &rows, err, "select api.oldest_version() as oldest", DB_NONE);

	if (rc == RC_OK && start_compare_versions(VERSION, db_get_text(rows, 0, "oldest")) < 0)
		rc = err_set(err, RC_CONFLICT,
		    "this program (%s) is too old for the database, which serves %s and newer: "
		    "install a newer one",
		    VERSION, db_get_text(rows, 0, "oldest"));
	else if (strcmp(db_sqlstate(db), "3F000") == 0 || strcmp(db_sqlstate(db), "42883") == 0)
		rc = err_set(err, RC_CONFLICT,
		    "the database has no schema yet: run \"violet-bigcommerce migrate\"");
	else if (strcmp(db_sqlstate(db), "42501") == 0)
		rc = err_set(err, RC_DENIED,
		    "the database user of DATABASE_URL may not use schema api: grant it "
		    "violet_web, "
		    "violet_worker or violet_operator");
	talloc_free(ctx);
	return rc;
}

void
start_version(struct db *db, enum start_need need)
{
	struct err err;
	enum rc rc = start_check_version(db, &err);

	if (rc == RC_OK)
		return;
	if (need == START_MAY_WAIT && (rc == RC_BUSY || rc == RC_UNCERTAIN)) {
		log_line(LOG_WARNING, "starting without the database: %s", err.text);
		return;
	}
	fprintf(stderr, "violet-bigcommerce: %s\n", err.text);
	exit(rc == RC_BUSY ? 5 : 1);
}
