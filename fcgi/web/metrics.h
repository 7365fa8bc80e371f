/* SPDX-License-Identifier: Apache-2.0 */
/* What this process has counted since its start, for Prometheus. Counting takes no lock. */
#ifndef WEB_METRICS_H
#define WEB_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum metric {
	METRIC_HOOK_STORED,     /* committed and answered with 200 */
	METRIC_HOOK_UNREADABLE, /* of these: the body could not be used */
	METRIC_HOOK_REFUSED,    /* not ours: 401, 400, 413 */
	METRIC_HOOK_BUSY,       /* 503: the database was away or slow */
	METRIC_SIGNATURE_ABSENT,
	METRIC_SIGNATURE_GOOD,
	METRIC_SIGNATURE_BAD,
	METRIC_SIGNATURE_OLD,
	METRIC_COMMITS,
	METRIC_COMMIT_EVENTS,
	METRIC_COMMIT_MS,
	METRIC_PAGES_TURNED_AWAY, /* the waiting queue was full */
	METRIC__COUNT
};

/* So many more. */
void metrics_add(enum metric metric, uint64_t n);

/* A page answered: route is its place in routes[], or routes_count for none. */
void metrics_page(size_t route, int status);

/* All of it in Prometheus' text format. */
void metrics_print(struct buf *out);

#endif
