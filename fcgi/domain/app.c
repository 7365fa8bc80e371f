/* SPDX-License-Identifier: Apache-2.0 */
/* The handles that every use case needs, one struct per thread. */
#include "domain/app.h"

#include "base/mem.h"
#include "lib/db.h"

/* A page's or job's statement that takes longer is stuck: the rows it touches are few and indexed.
 */
enum { STATEMENT_TIMEOUT_MS = 10000 };

struct app *
app_open(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens, const char *name)
{
	struct app *app = mem_new(ctx, struct app);

	app->conf = conf;
	app->keys = keys;
	app->tokens = tokens;
	app->db = db_open(app, conf->database_url, name, STATEMENT_TIMEOUT_MS);
	app->http = http_open(app);
	return app;
}

enum rc
app_not_ready(struct app *app, const void *ctx, const char **reason, struct err *err)
{
	struct db_rows *rows;
	enum rc rc = db_read(app->db, ctx, &rows, err, "select api.not_ready($1) as reason",
	    DB_PARAMS(db_text(VERSION)));

	if (rc == RC_OK)
		*reason = db_get_text(rows, 0, "reason");
	return rc;
}
