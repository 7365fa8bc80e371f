/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: Violet apps, and the credentials for calls in their name. */
#include "domain/channel.h"

#include <string.h>

#include "base/mem.h"
#include "lib/json.h"

enum rc
channel_find(
    struct app *app, const void *ctx, const char *slug, struct channel *out, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_read(app->db, ctx, &rows, err, "select * from api.channel_find($1)",
	    DB_PARAMS(db_text(slug)));
	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "no channel \"%s\"", slug);
	*out = (struct channel){
		.id = db_get_int(rows, 0, "channel_id"),
		.app_id = db_get_int(rows, 0, "app_id"),
		.slug = db_get_text(rows, 0, "slug"),
		.name = db_get_text(rows, 0, "name"),
		.description = db_get_text(rows, 0, "description"),
		.logo_url = db_get_text(rows, 0, "logo_url"),
		.more_info_url = db_get_text(rows, 0, "more_info_url"),
		.redirect_url = db_get_text(rows, 0, "redirect_url"),
		.is_enabled = db_get_bool(rows, 0, "enabled"),
	};
	return RC_OK;
}

/* From the opened JSON, which is wiped with ctx. */
static enum rc
read_credentials(const void *ctx, int64_t app_id, const char *plain, struct violet_credentials *out,
    struct err *err)
{
	const struct json *json;
	enum rc rc;

	rc = json_parse(ctx, plain, strlen(plain), &json, err);
	if (rc != RC_OK)
		return err_set(
		    err, RC_BROKEN, "app %lld: the credentials are no JSON", (long long)app_id);
	*out = (struct violet_credentials){
		.app_id = app_id,
		.app_secret = json_get_text(json, "app_secret", NULL),
		.username = json_get_text(json, "username", NULL),
		.password = json_get_text(json, "password", NULL),
	};
	if (out->app_secret == NULL || out->username == NULL || out->password == NULL)
		return err_set(
		    err, RC_BROKEN, "app %lld: the credentials are incomplete", (long long)app_id);
	return RC_OK;
}

enum rc
channel_api(
    struct app *app, const void *ctx, int64_t channel_id, struct violet *out, struct err *err)
{
	struct violet_credentials credentials;
	struct db_rows *rows;
	const char *where;
	char *plain;
	int64_t app_id;
	enum rc rc;

	rc = db_read(app->db, ctx, &rows, err, "select * from api.channel_credentials($1)",
	    DB_PARAMS(db_int(channel_id)));
	if (rc != RC_OK)
		return rc;
	if (db_count(rows) == 0)
		return err_set(err, RC_MISSING, "no channel %lld", (long long)channel_id);
	app_id = db_get_int(rows, 0, "app_id");
	where = mem_printf(ctx, CHANNEL_CREDENTIALS_WHERE, (long long)app_id);
	rc = crypt_open(
	    ctx, app->keys, where, db_get_text(rows, 0, "sealed_credentials"), &plain, err);
	if (rc != RC_OK)
		return err_prefix(err, "channel %lld", (long long)channel_id);
	rc = read_credentials(ctx, app_id, mem_secret(plain), &credentials, err);
	if (rc != RC_OK)
		return rc;
	*out = (struct violet){
		.http = app->http,
		.conf = app->conf,
		.tokens = app->tokens,
		.credentials = credentials,
	};
	return RC_OK;
}

enum rc
channel_ever_linked(struct app *app, const void *ctx, const char *store_hash, int64_t **out,
    size_t *count, struct err *err)
{
	struct db_rows *rows;
	enum rc rc;

	rc = db_read(app->db, ctx, &rows, err, "select * from api.channel_ever_linked($1)",
	    DB_PARAMS(db_text(store_hash)));
	if (rc != RC_OK)
		return rc;
	*count = db_count(rows);
	*out = mem_array(ctx, int64_t, *count);
	for (size_t i = 0; i < *count; i++)
		(*out)[i] = db_get_int(rows, i, "channel_id");
	return RC_OK;
}
