/* SPDX-License-Identifier: Apache-2.0 */
/* `migrate`, and its question for `check`. */
#ifndef CLI_MIGRATE_H
#define CLI_MIGRATE_H

#include "cli/cli.h"
#include "lib/db.h"

extern const struct cli_command migrate_commands[];

/* RC_OK if the database has exactly this program's migrations, functions and views. RC_CONFLICT
 * with the reason if not. */
MUST_CHECK enum rc migrate_check(void *ctx, struct db *db, struct err *err);

#endif
