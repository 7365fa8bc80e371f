/* SPDX-License-Identifier: Apache-2.0 */
/* Hourly upkeep: the jobs that must always be there, partitions for webhooks, connections that are
 * over. Several workers at once do no harm. */
#include "worker/upkeep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define DAYS_AHEAD      7
#define CONNECTION_DAYS 90
#define CONNECTIONS     10000 /* in one bite */
#define HOUR_MS         3600000
#define MINUTE_MS       60000

static enum rc
partitions(struct app *app, const void *ctx, bool *more, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err,
	    "select * from api.event_partitions($1, $2, $3)",
	    DB_PARAMS(db_time(clock_now_ms()), db_int(DAYS_AHEAD), db_int(app->conf->event_days)));

	if (rc != RC_OK)
		return rc;
	*more = db_get_int(rows, 0, "made") + db_get_int(rows, 0, "dropped") > 0;
	if (*more)
		log_line(LOG_INFO, "upkeep partitions made=%lld dropped=%lld",
		    (long long)db_get_int(rows, 0, "made"),
		    (long long)db_get_int(rows, 0, "dropped"));
	return RC_OK;
}

static enum rc
old_events(struct app *app, const void *ctx, bool *more, struct err *err)
{
	*more = false;
	return db_call(app->db, ctx, NULL, err, "select api.events_default_forget($1, $2)",
	    DB_PARAMS(db_time(clock_now_ms()), db_int(app->conf->event_days)));
}

/* Anybody may begin connections, so there may be many that are over. */
static enum rc
connections(struct app *app, const void *ctx, bool *more, struct err *err)
{
	struct db_rows *rows;
	enum rc rc =
	    db_call(app->db, ctx, &rows, err, "select * from api.connections_upkeep($1, $2, $3)",
		DB_PARAMS(db_int(CONNECTION_DAYS), db_int(CONNECTIONS), db_time(clock_now_ms())));

	if (rc != RC_OK)
		return rc;
	*more = db_get_int(rows, 0, "expired") + db_get_int(rows, 0, "removed") > 0;
	if (*more)
		log_line(LOG_INFO, "upkeep connections expired=%lld removed=%lld",
		    (long long)db_get_int(rows, 0, "expired"),
		    (long long)db_get_int(rows, 0, "removed"));
	return RC_OK;
}

static enum rc
jobs(struct app *app, const void *ctx, bool *more, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_call(app->db, ctx, &rows, err, "select api.jobs_recur($1, $2) as made",
	    DB_PARAMS(db_int(app->conf->sweep_refunds_ms), db_time(clock_now_ms())));

	if (rc == RC_OK && db_get_int(rows, 0, "made") > 0)
		log_line(LOG_WARNING, "upkeep jobs missing=%lld, put back",
		    (long long)db_get_int(rows, 0, "made"));
	*more = false;
	return rc;
}

/* Each does one bite, and says whether there may be more to do. */
static enum rc (*const steps[])(struct app *, const void *, bool *, struct err *) = {
	jobs,
	partitions,
	old_events,
	connections,
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

void
upkeep_if_due(struct upkeep *upkeep, struct app *app)
{
	bool more = false;
	void *ctx;
	struct err err;
	enum rc rc = RC_OK;

	if (clock_boot_ms() < upkeep->due_boot_ms)
		return;
	ctx = mem_context("upkeep");
	while (rc == RC_OK && !more && upkeep->step < STEPS) {
		rc = steps[upkeep->step](app, ctx, &more, &err);
		upkeep->step += rc == RC_OK && !more;
	}
	talloc_free(ctx);
	if (rc != RC_OK)
		log_line(LOG_WARNING, "upkeep failed, trying again in a minute: %s", err.text);
	if (more)
		return;
	upkeep->due_boot_ms = clock_boot_ms() + (rc == RC_OK ? HOUR_MS : MINUTE_MS);
	if (rc == RC_OK)
		upkeep->step = 0;
}
