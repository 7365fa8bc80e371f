/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue: rows of due work, one per (store, kind, ref). Look, then take; a lease with a random
 * token; generations that are never reused, so that finishing old work never deletes new work.
 */
#ifndef DOMAIN_JOB_H
#define DOMAIN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/app.h"

enum job_kind {
	JOB_SYNC_ORDER,
	JOB_SWEEP,
	JOB_ENSURE_HOOKS,
	JOB_READ_DISCOUNTS,
	JOB_RESOLVE_MERCHANT,
	JOB_CONFIRM_UNINSTALL,
	JOB_UNLINK,
	JOB__COUNT
};

/* The kind's name as in SQL, and the kind of a name: false if there is none. */
const char *job_kind_name(enum job_kind kind);
bool job_kind_find(const char *name, enum job_kind *out);

struct job {
	const char *store_hash;
	enum job_kind kind;
	int64_t ref;
	int64_t generation;
	const char *lease_token;
	int64_t lease_until_ms;
	int attempts;    /* failed ones since the last new cause */
	int64_t made_ms; /* when the oldest unfinished cause came */
};

/* What a job's handler decided. */
struct job_next {
	enum {
		JOB_DONE,  /* finished: delete */
		JOB_AGAIN, /* due again at due_ms, and that is no failure */
		JOB_LATER  /* not yet: after a pause that grows with each time, or at due_ms if that
			      is later */
	} what;
	int64_t due_ms;   /* after a failure: trying before this moment is useless; 0: not known */
	const char *note; /* shown by `job list`; may be NULL */
};

/* Where looking begins; zeros before the first look. */
struct job_horizon {
	int64_t since_ms;
	int64_t renew_boot_ms;
};

/*
 * Due jobs without locks, at most LIMIT_LOOK, oldest first, at most LIMIT_LEASES per store.
 * A job that somebody puts behind the horizon is found a few seconds later, when that is renewed.
 * RC_BUSY while this machine's clock and the database's are more than a minute apart.
 */
MUST_CHECK enum rc job_look(struct app *app, const void *ctx, struct job_horizon *horizon,
    struct job **out, size_t *count, struct err *err);

/* Take one by its full key. RC_MISSING if somebody else was faster, the store is behind its gate,
 * or has LIMIT_LEASES leases. */
MUST_CHECK enum rc job_take(struct app *app, const void *ctx, struct job *job, struct err *err);

/* Prolong the lease by conf->lease_ms. RC_CONFLICT if it was lost: then stop at once and change
 * nothing more. */
MUST_CHECK enum rc job_extend(struct app *app, struct job *job, struct err *err);

/* The lease runs on until then, though a newer cause has come. RC_CONFLICT if it was lost. */
MUST_CHECK enum rc
job_keep(struct app *app, const struct job *job, int64_t until_ms, struct err *err);

/* Delete or reschedule by token and generation; with a newer generation the job stays due and only
 * the lease ends. */
MUST_CHECK enum rc
job_finish(struct app *app, const struct job *job, const struct job_next *next, struct err *err);

/* A failed attempt: due again after a backoff with jitter, or retry_after_ms if that is longer. */
MUST_CHECK enum rc job_fail(struct app *app, const struct job *job, int64_t retry_after_ms,
    const char *note, struct err *err);

/* A pause between half of pause_ms and all of it, by chance, so that what began together does not
 * stay together. */
int64_t job_jitter_ms(int64_t pause_ms);

/* Nothing of this store before until_ms (429, or the store's API fails). */
MUST_CHECK enum rc
job_gate(struct app *app, const char *store_hash, int64_t until_ms, struct err *err);

/* A new cause: raises the generation and makes the job due at due_ms if that is earlier than now
 * planned. */
MUST_CHECK enum rc job_put(struct app *app, const char *store_hash, enum job_kind kind, int64_t ref,
    int64_t due_ms, struct err *err);

#endif
