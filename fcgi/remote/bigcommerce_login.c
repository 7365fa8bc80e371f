/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange of a code for a store's access token: POST {login}/oauth2/token, credentials in the
 * body. https://developer.bigcommerce.com/docs/integrations/apps/guide/auth
 */
#include "base/mem.h"
#include "remote/bc_call.h"

static char *
request_body(const void *ctx, const struct conf *conf, const char *code, const char *scope,
    const char *context)
{
	struct json_out *body = json_out_object(ctx);

	json_put_text(body, "client_id", conf->bigcommerce_client_id);
	json_put_text(body, "client_secret", conf->bigcommerce_client_secret);
	json_put_text(body, "code", code);
	json_put_text(body, "context", context);
	json_put_text(body, "scope", scope);
	json_put_text(body, "grant_type", "authorization_code");
	json_put_text(body, "redirect_uri", mem_printf(ctx, "%s/install", conf->public_url));
	return mem_secret(json_out_text(ctx, body));
}

static enum rc
grant_read(const void *ctx, const struct json *answer, struct bc_grant *out, struct err *err)
{
	const char *token = json_get_text(answer, "access_token", "");
	const char *hash = bc_store_hash(json_get_text(answer, "context", NULL));
	int64_t user_id = json_get_int(answer, "user.id", 0);

	if (token[0] == '\0')
		return err_set(err, RC_INVALID, "the answer has no access token");
	if (hash == NULL)
		return err_set(err, RC_INVALID, "the answer's context names no store");
	if (user_id <= 0)
		return err_set(err, RC_INVALID, "the answer names no user");
	*out = (struct bc_grant){
		.access_token = mem_secret(mem_text(ctx, token)),
		.scope = json_get_text(answer, "scope", ""),
		.store_hash = hash,
		.user_id = user_id,
		.owner_id = json_get_int(answer, "owner.id", 0),
		.user_email = json_get_text(answer, "user.email", NULL),
		.owner_email = json_get_text(answer, "owner.email", NULL),
	};
	return RC_OK;
}

enum rc
bc_token_exchange(struct bc *bc, const void *ctx, const char *code, const char *scope,
    const char *context, struct bc_grant *out, struct err *err)
{
	const char *url = mem_printf(ctx, "%s/oauth2/token", bc->conf->bigcommerce_login_url);
	const char *body = request_body(ctx, bc->conf, code, scope, context);
	const struct json *answer = NULL;
	enum rc rc = bc_call_url(bc, ctx, "POST", url, body, &answer, err);

	if (rc == RC_OK)
		rc = grant_read(ctx, answer, out, err);
	if (rc != RC_OK)
		return err_prefix(err, "bigcommerce token exchange: ");
	return RC_OK;
}
