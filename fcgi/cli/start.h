/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of the program does before its work: settings, keys, and whether the database is
 * one that this version may use. Each ends the process with a message if something is wrong.
 */
#ifndef CLI_START_H
#define CLI_START_H

#include "base/conf.h"
#include "base/err.h"
#include "lib/crypt.h"
#include "lib/db.h"

/* The settings that `part` (enum conf_part) needs; exits with 2 and one message that lists all
 * faults. */
struct conf *start_conf(const void *ctx, unsigned part);

/* The seal keys; exits with 2 if the file can't be used. */
struct crypt_keys *start_keys(const void *ctx, const struct conf *conf);

/*
 * Is the database migrated, and does it still serve this version? Exits with 1 otherwise. A
 * database that is away ends the process only where it is needed now: web and worker start without
 * it and serve once it is back.
 */
enum start_need { START_NEEDS_DATABASE, START_MAY_WAIT };
void start_version(struct db *db, enum start_need need);

/* The same question for `check`: RC_OK, or the reason in err. */
MUST_CHECK enum rc start_check_version(struct db *db, struct err *err);

/* Compare "1.2.3" with "1.10.0": below, at or above 0. What can't be read counts as 0.0.0. */
int start_compare_versions(const char *a, const char *b);

#endif
