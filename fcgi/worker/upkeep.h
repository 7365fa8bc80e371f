/* SPDX-License-Identifier: Apache-2.0 */
/* What the database needs every hour, whichever worker does it. */
#ifndef WORKER_UPKEEP_H
#define WORKER_UPKEEP_H

#include <stddef.h>
#include <stdint.h>

#include "domain/app.h"

struct upkeep {
	int64_t due_boot_ms; /* 0: now */
	size_t step;         /* where to go on */
};

/*
 * Do it if it is due; what is much, in bites: one at each call. A failure is logged and tried again
 * in a minute.
 */
void upkeep_if_due(struct upkeep *upkeep, struct app *app);

#endif
