/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks a store needs, compared with those it has. */
#include "domain/hook.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/event.h"
#include "lib/json.h"

/* A delivery exception must go to another address than the hooks whose deliveries fail. */
static const struct {
	const char *scope, *path;
} wanted[] = {
	{ "store/order/statusUpdated", "/webhooks" },
	{ "store/order/refund/created", "/webhooks" },
	{ "store/app/uninstalled", "/webhooks" },
	{ "store/information/updated", "/webhooks" },
	{ "store/hook/deliveryException", "/webhooks/delivery" },
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

static const char *const state_names[] = {
	[HOOK_OK] = "ok",
	[HOOK_CREATED] = "created",
	[HOOK_MENDED] = "mended",
	[HOOK_ACTIVATED] = "activated",
	[HOOK_FAILED] = "failed",
	[HOOK_SURPLUS] = "surplus",
};
_Static_assert(
    sizeof(state_names) / sizeof(state_names[0]) == HOOK__COUNT, "a word for every state");

const char *
hook_state_name(enum hook_state state)
{
	ASSERT(state < HOOK__COUNT);
	return state_names[state];
}

/* What planning looks at, besides the list. */
struct planning {
	const void *ctx;
	const struct app *app;
	const char *store_hash;
	const char *header; /* the value that our hooks carry */
};

static const char *
destination(const struct planning *p, size_t i)
{
	return mem_printf(p->ctx, "%s%s", p->app->conf->public_url, wanted[i].path);
}

/* The value of our header on a hook; NULL if it has none. */
static const char *
header_value(const struct bc_hook *hook)
{
	for (size_t i = 0; i < hook->header_count; i++)
		if (text_equal_nocase(hook->headers[i].name, EVENT_HEADER))
			return hook->headers[i].value;
	return NULL;
}

/* By our address, or, from before PUBLIC_URL changed, by our header: nobody else can make its
 * value. */
static bool
is_ours(const struct planning *p, const struct bc_hook *hook)
{
	const char *store = event_header_store(p->ctx, p->app->keys, header_value(hook));

	if (store != NULL && strcmp(store, p->store_hash) == 0)
		return true;
	for (size_t i = 0; i < WANTED; i++)
		if (strcmp(hook->destination, destination(p, i)) == 0)
			return true;
	return false;
}

static enum hook_state
state_of(const struct planning *p, size_t i, const struct bc_hook *hook)
{
	const char *value = header_value(hook);

	if (strcmp(hook->destination, destination(p, i)) != 0 || value == NULL ||
	    strcmp(value, p->header) != 0)
		return HOOK_MENDED;
	return hook->is_active ? HOOK_OK : HOOK_ACTIVATED;
}

/* Of several hooks of one scope the one that needs least is kept. */
static const struct bc_hook *
find_best(const struct planning *p, size_t i, const struct bc_hook *found, size_t count)
{
	const struct bc_hook *best = NULL;

	for (size_t k = 0; k < count; k++) {
		if (strcmp(found[k].scope, wanted[i].scope) != 0 || !is_ours(p, &found[k]))
			continue;
		if (best == NULL || state_of(p, i, &found[k]) == HOOK_OK)
			best = &found[k];
	}
	return best;
}

static struct hook_step
step_for(const struct planning *p, size_t i, const struct bc_hook *best)
{
	struct http_header *header = mem_new(p->ctx, struct http_header);

	*header = (struct http_header){ EVENT_HEADER, p->header };
	return (struct hook_step){
		.state = best == NULL ? HOOK_CREATED : state_of(p, i, best),
		.hook = {
			.id = best == NULL ? 0 : best->id,
			.scope = wanted[i].scope,
			.destination = destination(p, i),
			.is_active = true,
			.headers = header,
			.header_count = 1,
		},
	};
}

void
hook_plan(const void *ctx, const struct app *app, const char *store_hash,
    const struct bc_hook *found, size_t count, struct hook_step **out, size_t *steps)
{
	const struct planning p = { ctx, app, store_hash,
		event_header(ctx, app->keys, store_hash) };
	const struct bc_hook *best[WANTED];
	size_t n = 0;

	*out = mem_array(ctx, struct hook_step, count + WANTED);
	for (size_t i = 0; i < WANTED; i++)
		best[i] = find_best(&p, i, found, count);
	for (size_t k = 0; k < count; k++) {
		bool is_kept = false;

		for (size_t i = 0; i < WANTED; i++)
			is_kept = is_kept || best[i] == &found[k];
		if (!is_kept && is_ours(&p, &found[k]))
			(*out)[n++] = (struct hook_step){ HOOK_SURPLUS, found[k] };
	}
	for (size_t i = 0; i < WANTED; i++)
		(*out)[n++] = step_for(&p, i, best[i]);
	*steps = n;
}

size_t
hook_count_ours(const void *ctx, const struct app *app, const char *store_hash,
    const struct bc_hook *found, size_t count)
{
	const struct planning p = { ctx, app, store_hash, NULL };
	size_t n = 0;

	for (size_t k = 0; k < count; k++)
		n += is_ours(&p, &found[k]);
	return n;
}

static enum rc
carry_out(struct bc *bc, const void *ctx, const struct hook_step *step, struct err *err)
{
	enum rc rc;

	switch (step->state) {
	case HOOK_CREATED:
		return bc_hook_create(bc, ctx, &step->hook, err);
	case HOOK_MENDED:
	case HOOK_ACTIVATED:
		return bc_hook_update(bc, ctx, &step->hook, err);
	case HOOK_SURPLUS:
		rc = bc_hook_delete(bc, ctx, step->hook.id, err);
		return rc == RC_MISSING ? RC_OK : rc;
	case HOOK_OK:
	case HOOK_FAILED:
	case HOOK__COUNT:
		break;
	}
	return RC_OK;
}

/* For the store's page: [{"scope","state"}], without what was deleted. */
static const char *
result_text(const void *ctx, const struct hook_step *steps, size_t count)
{
	struct json_out *result = json_out_array(ctx);

	for (size_t i = 0; i < count; i++) {
		struct json_out *row;

		if (steps[i].state == HOOK_SURPLUS)
			continue;
		row = json_out_object(ctx);
		json_put_text(row, "scope", steps[i].hook.scope);
		json_put_text(row, "state", hook_state_name(steps[i].state));
		json_add(result, row);
	}
	return json_out_text(ctx, result);
}

/* Refusals of single hooks are noted and the rest goes on; anything else stops. */
static enum rc
carry_out_all(
    struct bc *bc, const void *ctx, struct hook_step *steps, size_t count, struct err *err)
{
	enum rc worst = RC_OK;

	for (size_t i = 0; i < count; i++) {
		struct err refusal = { 0 };
		enum rc rc = carry_out(bc, ctx, &steps[i], &refusal);

		if (rc == RC_OK)
			continue;
		worst = err_set(err, rc, "%s", refusal.text);
		steps[i].state = HOOK_FAILED;
		if (rc != RC_INVALID && rc != RC_MISSING)
			return rc;
	}
	return worst == RC_OK ? RC_OK : err_set(err, RC_INVALID, "%.400s", err->text);
}

static enum rc
note_result(struct app *app, const void *ctx, const struct store *store,
    const struct hook_step *steps, size_t count, struct err *err)
{
	return db_call(app->db, ctx, NULL, err, "select api.hooks_noted($1, $2, $3, $4)",
	    DB_PARAMS(db_text(store->hash), db_time(store->installed_ms),
		db_text(result_text(ctx, steps, count)), db_time(clock_now_ms())));
}

enum rc
hook_ensure(struct app *app, const void *ctx, const struct store *store, struct bc *bc,
    struct hook_step **out, size_t *steps, struct err *err)
{
	struct err unnoted = { 0 };
	struct bc_hook *found;
	size_t count;
	enum rc noted, rc = bc_hooks_read(bc, ctx, &found, &count, err);

	if (rc != RC_OK)
		return rc;
	hook_plan(ctx, app, store->hash, found, count, out, steps);
	rc = carry_out_all(bc, ctx, *out, *steps, err);
	if (rc != RC_OK && rc != RC_INVALID)
		return rc;
	/* A refusal is shown as well, and is the better reason if both go wrong. */
	noted = note_result(app, ctx, store, *out, *steps, &unnoted);
	if (rc == RC_OK && noted != RC_OK)
		rc = err_set(err, noted, "%s", unnoted.text);
	return rc;
}
