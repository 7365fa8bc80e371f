/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out one job whose lease is held. */
#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include "domain/app.h"
#include "domain/job.h"

/* By the handler of its kind; then finish it, or have it repeated, and log one line. */
void run_job(struct app *app, void *ctx, struct job *job);

#endif
