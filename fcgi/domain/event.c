/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: whose they are, what they say, and storing them with the jobs that they make due. */
#include "domain/event.h"

#include <string.h>

#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/job.h"
#include "domain/order.h"
#include "lib/json.h"
#include "remote/bigcommerce.h"

#define HEADER_VERSION "v1"
#define MAC_PURPOSE    "webhook"

enum { SCOPE_MAX = 100, ID_MAX = 200, TOLERANCE_S = 300 };

/* The header --------------------------------------------------------------- */

static char *
header_make(const void *ctx, const struct crypt_keys *keys, const char *key_id, const char *store)
{
	unsigned char mac[CRYPT_MAC_SIZE];

	if (!crypt_mac(keys, key_id, MAC_PURPOSE, store, strlen(store), mac))
		return NULL;
	return mem_printf(ctx, "%s.%s.%s.%s", HEADER_VERSION, key_id, store,
	    crypt_base64url(ctx, mac, sizeof(mac)));
}

char *
event_header(const void *ctx, const struct crypt_keys *keys, const char *store_hash)
{
	char *header = header_make(ctx, keys, crypt_keys_current(keys), store_hash);

	ASSERT(header != NULL);
	return header;
}

/*
 * What the value would have to be for the key and store that it names is made and compared as a
 * whole.
 */
char *
event_header_store(const void *ctx, const struct crypt_keys *keys, const char *value)
{
	char *rest, *key_id, *store, *wanted;

	if (value == NULL || strlen(value) > 128)
		return NULL;
	rest = mem_text(ctx, value);
	strsep(&rest, ".");
	key_id = strsep(&rest, ".");
	store = strsep(&rest, ".");
	if (rest == NULL || !text_is_store_hash(store))
		return NULL;
	wanted = header_make(ctx, keys, key_id, store);
	if (wanted == NULL || strlen(wanted) != strlen(value) ||
	    !crypt_equal(wanted, value, strlen(value)))
		return NULL;
	return store;
}

/* The signature ------------------------------------------------------------ */

/* One of the entries "v1,{base64}", separated by blanks, is the MAC with this key. */
static bool
is_signed(const void *ctx, const char *key, const char *signature, const char *text, size_t n)
{
	unsigned char mac[CRYPT_MAC_SIZE];
	char *rest = mem_text(ctx, signature);
	const char *entry, *wanted;
	bool found = false;

	if (key == NULL)
		return false;
	crypt_hmac_sha256(key, strlen(key), text, n, mac);
	wanted = mem_printf(ctx, "v1,%s", crypt_base64(ctx, mac, sizeof(mac)));
	while ((entry = strsep(&rest, " ")) != NULL)
		found |=
		    strlen(entry) == strlen(wanted) && crypt_equal(entry, wanted, strlen(wanted));
	return found;
}

const char *
event_signature(const struct conf *conf, const char *id, const char *timestamp,
    const char *signature, const void *body, size_t n, int64_t now_s)
{
	char *ctx, *text;
	size_t head;
	int64_t made_s;
	bool valid;

	if (id == NULL && timestamp == NULL && signature == NULL)
		return "absent";
	if (id == NULL || signature == NULL || timestamp == NULL ||
	    !text_int(timestamp, 0, INT64_MAX, &made_s) || strlen(signature) > 1024)
		return "bad";
	ctx = mem_printf(NULL, "%s.%s.", id, timestamp);
	head = strlen(ctx);
	text = mem_zero(ctx, head + n + 1, 1);
	memcpy(text, ctx, head);
	if (n > 0)
		memcpy(text + head, body, n);
	valid = is_signed(ctx, conf->bigcommerce_client_secret, signature, text, head + n) ||
		is_signed(ctx, conf->bigcommerce_client_secret_previous, signature, text, head + n);
	talloc_free(ctx);
	if (!valid)
		return "bad";
	return made_s < now_s - TOLERANCE_S || made_s > now_s + TOLERANCE_S ? "old" : "good";
}

/* The body ----------------------------------------------------------------- */

static void
make_due(struct event *event, enum job_kind kind, int64_t ref)
{
	event->job_kind = job_kind_name(kind);
	event->job_ref = ref;
}

/* The body can't be used: whatever it meant, the sweep finds it. */
static void
unreadable(struct event *event, const char *problem)
{
	event->problem = problem;
	make_due(event, JOB_SWEEP, 0);
}

static void
read_refund(struct event *event, const struct json *body)
{
	(void)body;
	make_due(event, JOB_SYNC_ORDER, event->order_id);
}

/*
 * The other statuses ask for no money. BigCommerce's overview shows this event without a status
 * too; then the order is looked at.
 */
static void
read_status(struct event *event, const struct json *body)
{
	switch (json_get_int(body, "data.status.new_status_id", -1)) {
	case -1:
	case ORDER_REFUNDED:
	case ORDER_CANCELLED:
	case ORDER_DECLINED:
	case ORDER_PARTLY_REFUNDED:
		make_due(event, JOB_SYNC_ORDER, event->order_id);
		break;
	default:
		break;
	}
}

/* The job's ref is when it was said, so that one made before a reinstall can be told apart. */
static void
read_uninstalled(struct event *event, const struct json *body)
{
	int64_t said_s = json_get_int(body, "created_at", 0);

	make_due(event, JOB_CONFIRM_UNINSTALL, said_s > 0 ? said_s : event->received_ms / 1000);
}

/*
 * A hook failed, or the store's name, domain or currency may have changed: both are seen to by the
 * audit of hooks.
 */
static void
read_upkeep(struct event *event, const struct json *body)
{
	(void)body;
	make_due(event, JOB_ENSURE_HOOKS, 0);
}

static const struct {
	const char *scope;
	bool of_order;
	void (*read)(struct event *event, const struct json *body);
} scopes[] = {
	{ "store/order/refund/created", true, read_refund },
	{ "store/order/statusUpdated", true, read_status },
	{ "store/app/uninstalled", false, read_uninstalled },
	{ "store/information/updated", false, read_upkeep },
	{ "store/hook/deliveryException", false, read_upkeep },
};

/* A scope that we did not ask for is kept without a job. */
static void
read_scope(struct event *event, const struct json *body)
{
	size_t i;

	event->order_id = json_get_int(body, "data.id", 0);
	if (event->order_id < 0 || !text_has_prefix(event->scope, "store/order/"))
		event->order_id = 0;
	for (i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (strcmp(scopes[i].scope, event->scope) != 0)
			continue;
		if (scopes[i].of_order && event->order_id == 0)
			unreadable(event, "no order id");
		else
			scopes[i].read(event, body);
	}
}

static bool
is_producer(const char *producer, const char *store_hash)
{
	const char *hash = bc_store_hash(producer);

	return hash != NULL && strcmp(hash, store_hash) == 0;
}

void
event_read(const void *ctx, struct event *event)
{
	const struct json *body;
	struct err err;

	if (event->body == NULL) {
		event->body = "";
		unreadable(event, "the body is too long or cut off");
		return;
	}
	if (json_parse(ctx, event->body, event->length, &body, &err) != RC_OK) {
		unreadable(event, mem_printf(ctx, "%s", err.text));
		return;
	}
	if (!is_producer(json_get_text(body, "producer", NULL), event->store_hash)) {
		unreadable(event, "the producer is missing or another store than our header's");
		return;
	}
	event->scope = json_get_text(body, "scope", NULL);
	if (event->scope == NULL || !text_is_plain(event->scope, SCOPE_MAX)) {
		event->scope = NULL;
		unreadable(event, "no scope");
		return;
	}
	read_scope(event, body);
}

/* Storing ------------------------------------------------------------------ */

/* The columns of a batch, as PostgreSQL's unnest takes them. */
struct columns {
	const char *stores[LIMIT_BATCH], *scopes[LIMIT_BATCH], *ids[LIMIT_BATCH];
	const char *signatures[LIMIT_BATCH], *problems[LIMIT_BATCH], *kinds[LIMIT_BATCH];
	int64_t received[LIMIT_BATCH], orders[LIMIT_BATCH], refs[LIMIT_BATCH];
	const void *bodies[LIMIT_BATCH];
	size_t lengths[LIMIT_BATCH];
};

static void
columns_fill(struct columns *c, const struct event *const *events, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct event *event = events[i];

		c->stores[i] = event->store_hash;
		c->received[i] = event->received_ms;
		c->scopes[i] = event->scope;
		c->orders[i] = event->order_id;
		c->ids[i] = text_is_plain(event->webhook_id, ID_MAX) ? event->webhook_id : NULL;
		c->signatures[i] = event->signature;
		c->problems[i] = event->problem;
		c->bodies[i] = event->body;
		c->lengths[i] = event->length;
		c->kinds[i] = event->job_kind;
		c->refs[i] = event->job_ref;
	}
}

static enum rc
store(struct app *app, const struct event *const *events, size_t n, struct err *err)
{
	struct columns *c = mem_new(NULL, struct columns);
	enum rc rc;

	columns_fill(c, events, n);
	rc = db_call(app->db, c, NULL, err,
	    "select api.events_store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	    DB_PARAMS(db_texts(c->stores, n), db_ints(c->received, n), db_texts(c->scopes, n),
		db_ints(c->orders, n), db_texts(c->ids, n), db_texts(c->signatures, n),
		db_texts(c->problems, n), db_bytess(c->bodies, c->lengths, n),
		db_texts(c->kinds, n), db_ints(c->refs, n)));
	talloc_free(c);
	return rc;
}

/* Whether the database could not, as opposed to would not. */
static bool
is_away(enum rc rc)
{
	return rc == RC_BUSY || rc == RC_UNCERTAIN;
}

/*
 * Whether the next try may do: a deadlock was lost, the server has ended our connection (57P), or
 * it has become a standby (25006) and the primary is another one.
 */
static bool
is_passing(const char *sqlstate)
{
	return strncmp(sqlstate, "40", 2) == 0 || strncmp(sqlstate, "57P", 3) == 0 ||
	       strcmp(sqlstate, "25006") == 0;
}

static enum rc
store_alone(struct app *app, const struct event *event, struct err *err)
{
	struct event bare = *event;
	const struct event *one = event;
	enum rc rc = store(app, &one, 1, err);

	if (rc == RC_OK || is_away(rc))
		return rc;
	bare.scope = NULL;
	bare.order_id = 0;
	bare.webhook_id = NULL;
	unreadable(&bare, "the database refused what was read from it");
	one = &bare;
	return store(app, &one, 1, err);
}

enum rc
event_store(struct app *app, const struct event *const *events, size_t count, struct err *err)
{
	size_t i;
	enum rc rc;

	ASSERT(count > 0 && count <= LIMIT_BATCH);
	rc = store(app, events, count, err);
	/* Twice the same event does no harm. */
	if (rc == RC_UNCERTAIN || (rc == RC_BUSY && is_passing(db_sqlstate(app->db))))
		rc = store(app, events, count, err);
	if (rc == RC_OK || is_away(rc))
		return rc;
	for (i = 0; i < count; i++) {
		rc = store_alone(app, events[i], err);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc
event_notify(struct app *app, struct err *err)
{
	return db_call(app->db, NULL, NULL, err, "select api.jobs_notify()", DB_NONE);
}
