/* SPDX-License-Identifier: Apache-2.0 */
/* BigCommerce's webhooks (V3).
 * https://developer.bigcommerce.com/docs/integrations/webhooks/overview */
#include <inttypes.h>

#include "base/mem.h"
#include "remote/bc_call.h"

struct hooks {
	const void *ctx;
	struct bc_hook *array;
	size_t count;
};

static void
headers_read(const void *ctx, const struct json *object, struct bc_hook *hook)
{
	size_t n = json_members(object);
	struct http_header *headers = mem_array(ctx, struct http_header, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct json *value;
		const char *text;

		headers[i].name = json_member(object, i, &value);
		text = json_text(value);
		headers[i].value = text == NULL ? "" : text;
	}
	hook->headers = headers;
	hook->header_count = n;
}

static enum rc
hook_add(void *user, const struct json *row, struct err *err)
{
	struct hooks *hooks = user;
	struct bc_hook *hook;
	int64_t id;

	if (!bc_id(row, "id", &id))
		return err_set(err, RC_INVALID, "a webhook in the list has no id");
	hooks->array = mem_grow(hooks->ctx, hooks->array, hooks->count, sizeof(*hook));
	hook = &hooks->array[hooks->count++];
	hook->id = id;
	hook->scope = json_get_text(row, "scope", "");
	hook->destination = json_get_text(row, "destination", "");
	hook->is_active = json_get_bool(row, "is_active", false);
	headers_read(hooks->ctx, json_get(row, "headers"), hook);
	return RC_OK;
}

enum rc
bc_hooks_read(struct bc *bc, const void *ctx, struct bc_hook **out, size_t *count, struct err *err)
{
	struct hooks hooks = { .ctx = ctx };
	enum rc rc = bc_each(bc, ctx, "/v3/hooks", BC_PAGE, hook_add, &hooks, err);

	if (rc != RC_OK)
		return rc;
	*out = hooks.array;
	*count = hooks.count;
	return RC_OK;
}

static const char *
hook_body(const void *ctx, const struct bc_hook *hook)
{
	struct json_out *body = json_out_object(ctx);
	struct json_out *headers = json_out_object(ctx);

	for (size_t i = 0; i < hook->header_count; i++)
		json_put_text(headers, hook->headers[i].name, hook->headers[i].value);
	json_put_text(body, "scope", hook->scope);
	json_put_text(body, "destination", hook->destination);
	json_put_bool(body, "is_active", hook->is_active);
	json_put(body, "headers", headers);
	return json_out_text(ctx, body);
}

enum rc
bc_hook_create(struct bc *bc, const void *ctx, const struct bc_hook *hook, struct err *err)
{
	const struct json *answer;

	return bc_call(bc, ctx, "POST", "/v3/hooks", hook_body(ctx, hook), &answer, err);
}

enum rc
bc_hook_update(struct bc *bc, const void *ctx, const struct bc_hook *hook, struct err *err)
{
	const struct json *answer;
	const char *path = mem_printf(ctx, "/v3/hooks/%" PRId64, hook->id);

	return bc_call(bc, ctx, "PUT", path, hook_body(ctx, hook), &answer, err);
}

enum rc
bc_hook_delete(struct bc *bc, const void *ctx, int64_t hook_id, struct err *err)
{
	const struct json *answer;

	return bc_call(
	    bc, ctx, "DELETE", mem_printf(ctx, "/v3/hooks/%" PRId64, hook_id), NULL, &answer, err);
}
