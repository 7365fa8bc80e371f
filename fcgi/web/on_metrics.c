/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: Prometheus text. What the process has counted, and what the database knows. nginx
 * leads /metrics to the pages' instance and /metrics/hooks to the webhooks' one, whose counters are
 * its own.
 */
#include <string.h>

#include "web/metrics.h"
#include "web/route.h"

#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

/* Rows of one name come together; HELP and TYPE stand above the first. */
static void
facts_print(struct buf *out, const struct db_rows *rows)
{
	const char *name, *before = "";
	size_t i;

	for (i = 0; i < db_count(rows); i++) {
		name = db_get_text(rows, i, "name");
		if (strcmp(name, before) != 0)
			buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name,
			    db_get_text(rows, i, "help"), name);
		buf_printf(out, "%s%s %s\n", name, db_get_text(rows, i, "labels"),
		    db_get_text(rows, i, "value"));
		before = name;
	}
}

enum rc
on_metrics_process(struct request *request, struct reply *reply, struct err *err)
{
	(void)request;
	(void)err;
	reply->content_type = PROMETHEUS;
	metrics_print(reply->body);
	return RC_OK;
}

/* Without the database its part is missing, and "violet_database_up 0" says so. */
enum rc
on_metrics(struct request *request, struct reply *reply, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_read(request->app->db, request->ctx, &rows, err,
	    "select name, help, labels, value from api.metrics($1)",
	    DB_PARAMS(db_time(request->now_ms)));

	reply->content_type = PROMETHEUS;
	metrics_print(reply->body);
	buf_printf(reply->body,
	    "# HELP violet_database_up Whether the database answered this request\n"
	    "# TYPE violet_database_up gauge\n"
	    "violet_database_up %d\n",
	    rc == RC_OK);
	if (rc == RC_OK)
		facts_print(reply->body, rows);
	return RC_OK;
}
