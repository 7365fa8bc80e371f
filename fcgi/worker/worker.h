/* SPDX-License-Identifier: Apache-2.0 */
/* The worker: takes due jobs and carries them out, each kind by its handler. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "domain/app.h"
#include "domain/job.h"
#include "domain/store.h"

/* Run until SIGTERM or SIGINT, then let the jobs under way end. The exit code. */
int worker_main(const struct conf *conf);

/*
 * A kind's handler. `ctx` lives as long as the job. `next` comes as JOB_DONE. RC_OK: as `next`
 * says; RC_CONFLICT: the lease was lost, nothing more was changed; anything else: the attempt
 * failed and is repeated after a pause.
 */
typedef enum rc
work_handler(struct app *app, void *ctx, struct job *job, struct job_next *next, struct err *err);

work_handler work_sync_order;
work_handler work_sweep;
work_handler work_ensure_hooks;
work_handler work_read_discounts;
work_handler work_resolve_merchant;
work_handler work_confirm_uninstall;
work_handler work_unlink;

/* For handlers that take long: the worker is about to end, so do no more than the page or order
 * under way. */
bool work_is_stopping(void);

/* The job's store and a struct bc for it. *is_installed is false if the app is not installed there
 * (any more). */
MUST_CHECK enum rc work_store(struct app *app, const void *ctx, const struct job *job,
    struct store *store, struct bc *bc, bool *is_installed, struct err *err);

/*
 * After a call to BigCommerce that failed: what its last answer means for the store's other jobs. A
 * pause that it asks for, or a store whose API fails, holds them back; a refused token is noted
 * and, on 401, an uninstall looked into. Best effort.
 */
void work_store_failed(struct app *app, const struct store *store, const struct bc *bc);

/* Due again in about pause_ms, spread by chance. */
void work_again(struct job_next *next, int64_t pause_ms, const char *note);

#endif
