/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of commands, one per file; each ends with a NULL name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command check_commands[];
extern const struct cli_command channel_commands[];
extern const struct cli_command store_commands[];
extern const struct cli_command refund_commands[];
extern const struct cli_command event_commands[];
extern const struct cli_command job_commands[];
extern const struct cli_command hooks_commands[];
extern const struct cli_command key_commands[];
extern const struct cli_command report_commands[];

#endif
