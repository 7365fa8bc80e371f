/* SPDX-License-Identifier: Apache-2.0 */
/* A look under way: what job sync_order (sync_order.c) shares with the sending (send_refund.c). */
#ifndef WORKER_SYNC_ORDER_H
#define WORKER_SYNC_ORDER_H

#include "domain/bag.h"
#include "domain/look.h"
#include "domain/refund.h"
#include "worker/worker.h"

struct look {
	struct app *app;
	void *ctx;
	struct job *job;
	struct job_next *next;
	struct store store;
	struct bc bc;
	struct bc_order order;
	struct bag bag;
	struct violet violet;
	struct refund *rows;
	struct look_facts facts;
	struct look_plan plan;
};

/* The job is due again then; `note` says why. */
void look_again(struct look *look, int64_t due_ms, const char *note);

/*
 * Send look->plan.send, if lease, brakes and sums still allow it: commit `sending`, make the call
 * once, before its deadline, and write down what came of it. RC_OK also if it was not sent;
 * otherwise the next look finds out.
 */
MUST_CHECK enum rc send_refund(struct look *look, struct err *err);

#endif
