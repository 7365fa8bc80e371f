/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of this process and how Prometheus calls them. */
#include "web/metrics.h"

#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "web/route.h"

enum { ROUTES_MAX = 64 };

/* Rows of one name stand together: HELP and TYPE are printed once, above the first. */
static const struct {
	const char *name, *labels, *help;
} rows[] = {
#define HOOKS "violet_webhooks_total"
	[METRIC_HOOK_STORED] = { HOOKS, "{outcome=\"stored\"}", "Webhooks by what became of them" },
	[METRIC_HOOK_UNREADABLE] = { HOOKS, "{outcome=\"unreadable\"}", NULL },
	[METRIC_HOOK_REFUSED] = { HOOKS, "{outcome=\"refused\"}", NULL },
	[METRIC_HOOK_BUSY] = { HOOKS, "{outcome=\"busy\"}", NULL },
#define SIGNATURES "violet_webhook_signatures_total"
	[METRIC_SIGNATURE_ABSENT] = { SIGNATURES, "{signature=\"absent\"}",
	    "Standard Webhooks signatures of webhooks with our header" },
	[METRIC_SIGNATURE_GOOD] = { SIGNATURES, "{signature=\"good\"}", NULL },
	[METRIC_SIGNATURE_BAD] = { SIGNATURES, "{signature=\"bad\"}", NULL },
	[METRIC_SIGNATURE_OLD] = { SIGNATURES, "{signature=\"old\"}", NULL },
	[METRIC_COMMITS] = { "violet_webhook_commits_total", "", "Batches of webhooks committed" },
	[METRIC_COMMIT_EVENTS] = { "violet_webhook_commit_events_total", "",
	    "Webhooks in these batches" },
	[METRIC_COMMIT_MS] = { "violet_webhook_commit_milliseconds_total", "",
	    "Time spent committing them" },
	[METRIC_PAGES_TURNED_AWAY] = { "violet_pages_turned_away_total", "",
	    "Requests answered with 503 because too many waited" },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == METRIC__COUNT, "a row per metric");

static const int statuses[] = { 200, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 429, 500,
	502, 503, 0 }; /* 0: any other */

enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

static atomic_uint_fast64_t counters[METRIC__COUNT];
static atomic_uint_fast64_t pages[ROUTES_MAX][STATUSES];

void
metrics_add(enum metric metric, uint64_t n)
{
	atomic_fetch_add_explicit(&counters[metric], n, memory_order_relaxed);
}

void
metrics_page(size_t route, int status)
{
	size_t i = 0;

	ASSERT(route < ROUTES_MAX);
	while (i < STATUSES - 1 && statuses[i] != status)
		i++;
	atomic_fetch_add_explicit(&pages[route][i], 1, memory_order_relaxed);
}

static void
pages_print(struct buf *out)
{
	size_t route, i;

	buf_text(out, "# HELP violet_pages_total Pages by route and status\n"
		      "# TYPE violet_pages_total counter\n");
	for (route = 0; route <= routes_count; route++) {
		for (i = 0; i < STATUSES; i++) {
			unsigned long long n = atomic_load(&pages[route][i]);

			if (n > 0)
				buf_printf(out,
				    "violet_pages_total{method=\"%s\",route=\"%s\",status=\"%d\"} "
				    "%llu\n",
				    route < routes_count ? routes[route].method : "",
				    route < routes_count ? routes[route].path : "none", statuses[i],
				    n);
		}
	}
}

void
metrics_print(struct buf *out)
{
	size_t i;

	for (i = 0; i < METRIC__COUNT; i++) {
		if (rows[i].help != NULL)
			buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", rows[i].name,
			    rows[i].help, rows[i].name);
		buf_printf(out, "%s%s %llu\n", rows[i].name, rows[i].labels,
		    (unsigned long long)atomic_load(&counters[i]));
	}
	pages_print(out);
}
