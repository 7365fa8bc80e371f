/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: one table, and the readers of its kinds. All faults are reported at once, since each
 * start costs the operator a minute. */
#include "base/conf.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"

#define FAULTS_MAX 16384
#define DAY_MS     INT64_C(86400000)
#define SERVERS    (CONF_WEB | CONF_WORKER)
#define ALL        (CONF_WEB | CONF_WORKER | CONF_MIGRATE | CONF_COMMAND)

enum kind {
	TEXT,
	SECRET,  /* text, also from NAME_FILE, never shown */
	PATH,    /* of a secret file */
	ORIGIN,  /* scheme, host, port */
	URL,     /* and a path */
	ADMIN,   /* and {hash} in the host */
	LINK,    /* URL with a query, for people to follow; mailto: too if low is 1 */
	INT,     /* from low to high */
	SECONDS, /* from low to high ms */
	TIMES,   /* a list of them, ascending */
	CHOICE,  /* an enum: the words in the order of its values */
	WORD,    /* one of the words, as text */
	KIND__COUNT
};

struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *initial; /* as it would be written; NULL: not set */
	int64_t low, high;
	const char *const *words;
	unsigned needed; /* the parts that don't start without it */
	unsigned read;   /* the parts that look at it; 0: all */
	const char *help;
};

static const char *const refunds_words[] = { "on", "hold", "shadow", NULL };
static const char *const signature_words[] = { "off", "observe", "require", NULL };
static const char *const level_words[] = { "debug", "info", "warning", "error", NULL };

/* The field's offset; does not compile if the field isn't of the type that the kind writes. */
#define FIELD(type, field) \
	(offsetof(struct conf, field) + 0 * sizeof(&((struct conf *)NULL)->field == (type *)NULL))
#define STRING(k, field) .kind = (k), .offset = FIELD(const char *, field)
#define NUMBER(k, field) .kind = (k), .offset = FIELD(int64_t, field)

static const struct row rows[] = {
	{ "PUBLIC_URL", STRING(ORIGIN, public_url), .needed = SERVERS,
	    .help = "address under which browsers and BigCommerce reach this service" },
	{ "DATABASE_URL", STRING(SECRET, database_url), .needed = ALL,
	    .help = "libpq connection string of the database" },
	{ "FCGI_LISTEN", STRING(TEXT, fcgi_listen), .needed = CONF_WEB,
	    .help = "path of the Unix socket for nginx, or - for socket activation" },
	{ "BIGCOMMERCE_CLIENT_ID", STRING(TEXT, bigcommerce_client_id), .needed = SERVERS,
	    .help = "client ID of the app" },
	{ "BIGCOMMERCE_CLIENT_SECRET", STRING(SECRET, bigcommerce_client_secret), .needed = SERVERS,
	    .read = SERVERS, .help = "client secret of the app" },
	{ "BIGCOMMERCE_CLIENT_SECRET_PREVIOUS", STRING(SECRET, bigcommerce_client_secret_previous),
	    .read = SERVERS, .help = "former client secret, during a rotation" },
	{ "BIGCOMMERCE_APP_ID", NUMBER(INT, bigcommerce_app_id), .low = 1, .high = INT32_MAX,
	    .needed = SERVERS, .help = "number of the app" },
	{ "BIGCOMMERCE_LOGIN_URL", STRING(URL, bigcommerce_login_url),
	    "https://login.bigcommerce.com", .help = "where installation codes are exchanged" },
	{ "BIGCOMMERCE_API_URL", STRING(URL, bigcommerce_api_url), "https://api.bigcommerce.com",
	    .help = "BigCommerce API" },
	{ "BIGCOMMERCE_ADMIN_URL", STRING(ADMIN, bigcommerce_admin_url),
	    "https://store-{hash}.mybigcommerce.com", .help = "admin panel of a store" },
	{ "VIOLET_API_URL", STRING(URL, violet_api_url), "https://api.violet.io/v1",
	    .help = "Violet API" },
	{ "SEAL_KEY_FILE", STRING(PATH, seal_key_file), .needed = SERVERS,
	    .help = "file with the keys that seal tokens in the database" },
	{ "REFUNDS", CHOICE, FIELD(enum conf_refunds, refunds), "on", .words = refunds_words,
	    .help = "send refunds, hold them back, or only record what would be sent" },
	{ "WEBHOOK_SIGNATURE", CHOICE, FIELD(enum conf_signature, webhook_signature), "observe",
	    .words = signature_words, .help = "ignore, count or demand the signature of webhooks" },
	{ "SETTLE_SECONDS", NUMBER(SECONDS, settle_ms), "120", .high = DAY_MS,
	    .help = "how long a refund may take to show at Violet" },
	{ "CANCEL_GRACE_SECONDS", NUMBER(SECONDS, cancel_grace_ms), "600", .high = 30 * DAY_MS,
	    .help = "wait after a cancellation before it is paid back" },

	{ "SEND_SECONDS", NUMBER(SECONDS, send_ms), "20", .low = 10, .high = 600000,
	    .help = "a refund that has not left by then is given up for this time" },
	{ "RESPONSE_SECONDS", NUMBER(SECONDS, response_ms), "30", .low = 10, .high = 600000,
	    .help = "wait for the answer of a remote call" },
	{ "ABSENCE_REPEAT_SECONDS", NUMBER(SECONDS, absence_repeat_ms), "60", .high = DAY_MS,
	    .help = "between the two looks that prove a refund absent" },
	{ "BAG_SEARCH_SECONDS", .kind = TIMES, .offset = FIELD(struct conf_times, bag_search),
	    "60,300,1800,7200,43200,172800", .high = 60 * DAY_MS,
	    .help = "when, after an order was made, its bag is searched for" },
	{ "RECHECK_SECONDS", .kind = TIMES, .offset = FIELD(struct conf_times, recheck),
	    "600,86400", .high = 60 * DAY_MS,
	    .help = "when, after a refund was sent, its order is looked at again" },
	{ "POLL_SECONDS", NUMBER(SECONDS, poll_ms), "10", .low = 10, .high = DAY_MS,
	    .help = "first wait for an accepted refund to complete; doubles up to a day" },
	{ "RETRY_MINIMUM_SECONDS", NUMBER(SECONDS, retry_minimum_ms), "5", .low = 10,
	    .high = DAY_MS, .help = "first wait after a failure; doubles" },
	{ "RETRY_MAXIMUM_SECONDS", NUMBER(SECONDS, retry_maximum_ms), "3600", .low = 10,
	    .high = DAY_MS, .help = "longest wait after a failure" },
	{ "LEASE_SECONDS", NUMBER(SECONDS, lease_ms), "60", .low = 100, .high = DAY_MS,
	    .help = "a job whose worker is silent for so long is given to another" },
	{ "SWEEP_REFUNDS_SECONDS", NUMBER(SECONDS, sweep_refunds_ms), "900", .low = 100,
	    .high = 7 * DAY_MS, .help = "between two sweeps of a store's refunds" },
	{ "SWEEP_ORDERS_SECONDS", NUMBER(SECONDS, sweep_orders_ms), "3600", .low = 100,
	    .high = 7 * DAY_MS, .help = "between two sweeps of a store's changed orders" },
	{ "SWEEP_OVERLAP_SECONDS", NUMBER(SECONDS, sweep_overlap_ms), "900", .high = 7 * DAY_MS,
	    .help = "how far a sweep reaches back behind the last one" },
	{ "HOOKS_SECONDS", NUMBER(SECONDS, hooks_ms), "14400", .low = 100, .high = 7 * DAY_MS,
	    .help = "between two audits of a store's webhooks" },
	{ "DISCOUNTS_SECONDS", NUMBER(SECONDS, discounts_ms), "900", .high = 7 * DAY_MS,
	    .help = "how long a list of discounts counts as fresh" },
	{ "UNINSTALL_SECONDS", .kind = TIMES, .offset = FIELD(struct conf_times, uninstall),
	    "0,60,300,1800", .high = 7 * DAY_MS,
	    .help = "when a reported uninstall is confirmed with BigCommerce" },
	{ "MERCHANT_SECONDS", NUMBER(SECONDS, merchant_ms), "5", .low = 10, .high = 3600000,
	    .help = "first wait for a new merchant to show at Violet; doubles up to an hour" },

	{ "FUSE_STORE_COUNT", NUMBER(INT, fuse_store_count), "200", .low = 1, .high = 1000000000,
	    .help = "refunds of one store in an hour that stop sending" },
	{ "FUSE_STORE_AMOUNT", NUMBER(INT, fuse_store_amount), "5000000", .low = 1,
	    .high = INT64_C(1000000000000000),
	    .help = "minor units of one store and currency in an hour that stop sending" },
	{ "FUSE_TOTAL_COUNT", NUMBER(INT, fuse_total_count), "5000", .low = 1, .high = 1000000000,
	    .help = "refunds of all stores in an hour that stop sending" },
	{ "FUSE_TOTAL_AMOUNT", NUMBER(INT, fuse_total_amount), "100000000", .low = 1,
	    .high = INT64_C(1000000000000000),
	    .help = "minor units of all stores and one currency in an hour that stop sending" },
	{ "QUOTA_SHARE", NUMBER(INT, quota_share), "50", .low = 1, .high = 100,
	    .help = "percent of a store's API quota that sweeps and discount checks may use" },

	{ "CONNECTION_SECONDS", NUMBER(SECONDS, connection_ms), "86400", .low = 1000,
	    .high = 30 * DAY_MS, .help = "how long a merchant may take to connect" },
	{ "CODE_SECONDS", NUMBER(SECONDS, code_ms), "1800", .low = 1000, .high = DAY_MS,
	    .help = "how long the code of the wait page is good" },
	{ "TICKET_SECONDS", NUMBER(SECONDS, ticket_ms), "600", .low = 1000, .high = DAY_MS,
	    .help = "how long a press on Finish is good" },
	{ "FORM_SECONDS", NUMBER(SECONDS, form_ms), "7200", .low = 1000, .high = DAY_MS,
	    .help = "how long a page's form can be sent" },
	{ "VIOLET_CONNECT_URL", STRING(LINK, violet_connect_url),
	    .help = "where merchants of other platforms connect" },
	{ "SUPPORT_URL", STRING(LINK, support_url), .low = 1,
	    .help = "link or mailto: on help and error pages" },

	{ "WEB_THREADS", NUMBER(INT, web_threads), "8", .low = 1, .high = 256,
	    .help = "pages served at the same time" },
	{ "WORKER_THREADS", NUMBER(INT, worker_threads), "4", .low = 1, .high = 256,
	    .help = "jobs worked on at the same time" },
	{ "EVENT_DAYS", NUMBER(INT, event_days), "90", .low = 1, .high = 3650,
	    .help = "days that received webhooks are kept" },
	{ "LOG_LEVEL", STRING(WORD, log_level), "info", .words = level_words,
	    .help = "the least level that is logged" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* What the readers share: the setting, its value as text, and where what's wrong with it goes. */
struct reader {
	const struct row *row;
	unsigned part;
	const void *ctx;
	struct conf *conf;
	struct buf *faults;
};

static void fault(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
fault(struct reader *r, const char *fmt, ...)
{
	va_list args;
	char text[1024];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?'; /* a line for each fault, whatever was set */
	}
	buf_printf(r->faults, "%s%s: %s", r->faults->length > 0 ? "\n" : "", r->row->name, text);
}

static void *
field(const struct reader *r)
{
	return (char *)r->conf + r->row->offset;
}

static void
read_text(struct reader *r, const char *value)
{
	*(const char **)field(r) = mem_text(r->ctx, value);
}

static void
read_secret(struct reader *r, const char *value)
{
	*(const char **)field(r) = mem_secret(mem_text(r->ctx, value));
}

/* Only who can't do without the keys must be able to read them. */
static void
read_path(struct reader *r, const char *value)
{
	struct err err;
	char *content;

	read_text(r, value);
	if ((r->part & r->row->needed) == 0)
		return;
	if (secret_read(r->ctx, value, &content, &err) != RC_OK)
		fault(r, "%s", err.text);
	else
		talloc_free(content);
}

/* Without its last slash, so that others can append to it and compare it. */
static void
keep_address(struct reader *r, const struct address *address)
{
	size_t path = strlen(address->path);

	if (path > 0 && address->path[path - 1] == '/' && r->row->kind != LINK)
		path--;
	*(const char **)field(r) =
	    mem_printf(r->ctx, "%s://%s%s%.*s", address->is_https ? "https" : "http", address->host,
		address->port, (int)path, address->path);
}

/* True if the text holds {hash} once and no other brace. */
static bool
has_one_hash(const char *text)
{
	const char *hash = strstr(text, "{hash}");

	return hash != NULL && text + strcspn(text, "{}") == hash &&
	       strpbrk(hash + strlen("{hash}"), "{}") == NULL;
}

static void
read_address(struct reader *r, const char *value)
{
	enum kind kind = r->row->kind;
	struct address a;

	if (!text_is_plain(value, 1024) || !address_split(r->ctx, value, &a))
		fault(r, "\"%.200s\" is no address; wanted is https://host%s", value,
		    kind == ORIGIN ? "" : " or https://host/path");
	else if (kind == ADMIN && (!has_one_hash(a.host) || strpbrk(a.path, "{}") != NULL))
		fault(r, "\"%s\" needs {hash} once, in the host", value);
	else if (kind != ADMIN && strpbrk(a.host, "{}") != NULL)
		fault(r, "\"%s\" has braces in the host", value);
	else if (!a.is_https && !text_is_loopback(a.host))
		fault(r, "\"%s\" is http, which is for localhost only; wanted is https", value);
	else if (kind == ORIGIN && strcmp(a.path, "") != 0 && strcmp(a.path, "/") != 0)
		fault(r, "\"%s\" has a path; wanted are scheme, host and port only", value);
	else if (kind != LINK && strpbrk(a.path, "?# ") != NULL)
		fault(
		    r, "\"%s\" has a query, fragment or space; wanted is https://host/path", value);
	else
		keep_address(r, &a);
}

static void
read_link(struct reader *r, const char *value)
{
	bool is_mail = r->row->low == 1 && text_has_prefix(value, "mailto:");

	if (!is_mail)
		read_address(r, value);
	else if (text_is_plain(value, 1024) && strchr(value, '@') != NULL &&
		 strpbrk(value, " \"<>") == NULL)
		read_text(r, value);
	else
		fault(r, "\"%.200s\" is no mail address; wanted is mailto:name@host", value);
}

static void
read_int(struct reader *r, const char *value)
{
	if (!text_int(value, r->row->low, r->row->high, field(r)))
		fault(r,
		    "\"%.200s\" is not valid; wanted is a whole number from %" PRId64
		    " to %" PRId64,
		    value, r->row->low, r->row->high);
}

/* Milliseconds as seconds: "0.5". */
static void
print_seconds(struct buf *out, int64_t ms)
{
	int64_t rest = ms % 1000;
	int digits = 3;

	buf_printf(out, "%" PRId64, ms / 1000);
	if (rest == 0)
		return;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	buf_printf(out, ".%0*" PRId64, digits, rest);
}

static void
fault_seconds(struct reader *r, const char *value, const char *wanted)
{
	struct buf *range = buf_new(r->ctx, 100);

	print_seconds(range, r->row->low);
	buf_text(range, " to ");
	print_seconds(range, r->row->high);
	fault(r, "\"%.200s\" is not valid; wanted %s from %s", value, wanted, range->bytes);
}

static void
read_seconds(struct reader *r, const char *value)
{
	if (!text_duration_ms(value, r->row->low, r->row->high, field(r)))
		fault_seconds(r, value, "are seconds");
}

static void
read_times(struct reader *r, const char *value)
{
	struct conf_times times = { 0 };
	const char *s = value;

	for (;;) {
		size_t n = strcspn(s, ",");
		int64_t *ms = &times.ms[times.count];

		if (times.count == CONF_LIST_MAX ||
		    !text_duration_ms(mem_bytes(r->ctx, s, n), r->row->low, r->row->high, ms) ||
		    (times.count > 0 && ms[0] < ms[-1])) {
			fault_seconds(r, value,
			    "are up to 12 ascending numbers of seconds, separated by commas,");
			return;
		}
		times.count++;
		if (s[n] == '\0')
			break;
		s += n + 1;
	}
	*(struct conf_times *)field(r) = times;
}

/* The place of value in the row's words; below 0, and a fault, if it isn't one. */
static int
find_word(struct reader *r, const char *value)
{
	struct buf *wanted = buf_new(r->ctx, 200);

	for (int i = 0; r->row->words[i] != NULL; i++) {
		if (strcmp(r->row->words[i], value) == 0)
			return i;
		buf_printf(wanted, "%s%s", i > 0 ? ", " : "", r->row->words[i]);
	}
	fault(r, "\"%.200s\" is not valid; wanted is one of: %s", value, wanted->bytes);
	return -1;
}

_Static_assert(sizeof(enum conf_refunds) == sizeof(unsigned) &&
		   sizeof(enum conf_signature) == sizeof(unsigned),
    "read_choice writes them as unsigned");

static void
read_choice(struct reader *r, const char *value)
{
	int i = find_word(r, value);

	if (i >= 0)
		*(unsigned *)field(r) = (unsigned)i;
}

static void
read_word(struct reader *r, const char *value)
{
	if (find_word(r, value) >= 0)
		read_text(r, value);
}

static void (*const readers[])(struct reader *, const char *) = {
	[TEXT] = read_text,
	[SECRET] = read_secret,
	[PATH] = read_path,
	[ORIGIN] = read_address,
	[URL] = read_address,
	[ADMIN] = read_address,
	[LINK] = read_link,
	[INT] = read_int,
	[SECONDS] = read_seconds,
	[TIMES] = read_times,
	[CHOICE] = read_choice,
	[WORD] = read_word,
};
_Static_assert(sizeof(readers) / sizeof(readers[0]) == KIND__COUNT, "a kind has no reader");

/* In an EnvironmentFile "NAME=" is how a setting is left out. */
static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || *value == '\0' ? NULL : value;
}

/* The value as text, from the environment, a file or the default; NULL if there is none, or a fault
 * was noted. */
static const char *
find_value(struct reader *r)
{
	const struct row *row = r->row;
	const char *value = environment(row->name);
	const char *path =
	    row->kind == SECRET ? environment(mem_printf(r->ctx, "%s_FILE", row->name)) : NULL;
	struct err err;
	char *content;

	if (value != NULL && path != NULL) {
		fault(r, "set together with %s_FILE; wanted is one of the two", row->name);
		return NULL;
	}
	if (path != NULL) {
		if (secret_read(r->ctx, path, &content, &err) == RC_OK)
			return content;
		fault(r, "%s", err.text);
		return NULL;
	}
	if (value == NULL)
		value = row->initial;
	if (value == NULL && (row->needed & r->part) != 0)
		fault(r, "not set; wanted is the %s%s", row->help,
		    row->kind == SECRET ? ", here or in a file named by NAME_FILE" : "");
	return value;
}

enum rc
conf_read(const void *ctx, unsigned part, struct conf **out, char **faults)
{
	struct conf *conf = mem_new(ctx, struct conf);
	struct reader r = {
		.part = part, .ctx = conf, .conf = conf, .faults = buf_new(ctx, FAULTS_MAX)
	};

	for (r.row = rows; r.row < rows + ROWS; r.row++) {
		const char *value;

		if (r.row->read != 0 && (r.row->read & part) == 0)
			continue;
		value = find_value(&r);
		if (value != NULL)
			readers[r.row->kind](&r, value);
	}
	if (r.faults->length == 0 && conf->retry_minimum_ms > conf->retry_maximum_ms)
		buf_text(r.faults, "RETRY_MINIMUM_SECONDS: longer than RETRY_MAXIMUM_SECONDS; "
				   "wanted is at most that");
	if (r.faults->length > 0) {
		*faults = r.faults->bytes;
		return RC_INVALID;
	}
	*out = conf;
	return RC_OK;
}

int64_t
conf_times_next(const struct conf_times *times, int64_t from_ms, int64_t now_ms)
{
	for (int i = 0; i < times->count; i++)
		if (from_ms + times->ms[i] > now_ms)
			return from_ms + times->ms[i];
	return 0;
}

static void
print_value(struct buf *out, const struct row *row, const struct conf *conf)
{
	const void *value = (const char *)conf + row->offset;
	const struct conf_times *times = value;

	switch (row->kind) {
	case SECRET:
		buf_text(out, *(const char *const *)value == NULL ? "(not set)" : "(set)");
		break;
	case TEXT:
	case PATH:
	case ORIGIN:
	case URL:
	case ADMIN:
	case LINK:
	case WORD:
		buf_text(out, *(const char *const *)value == NULL ? "(not set)"
								  : *(const char *const *)value);
		break;
	case INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)value);
		break;
	case SECONDS:
		print_seconds(out, *(const int64_t *)value);
		break;
	case TIMES:
		for (int i = 0; i < times->count; i++) {
			buf_text(out, i > 0 ? "," : "");
			print_seconds(out, times->ms[i]);
		}
		break;
	case CHOICE:
		buf_text(out, row->words[*(const unsigned *)value]);
		break;
	case KIND__COUNT:
		break;
	}
}

char *
conf_dump(const void *ctx, const struct conf *conf)
{
	struct buf *out = buf_new(ctx, FAULTS_MAX);

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		buf_printf(out, "%s=", row->name);
		print_value(out, row, conf);
		buf_text(out, "\n");
	}
	return out->bytes;
}

char *
conf_help(const void *ctx)
{
	struct buf *out = buf_new(ctx, FAULTS_MAX);

	for (const struct row *row = rows; row < rows + ROWS; row++)
		buf_printf(out, "%-36s %-38s %s\n", row->name,
		    row->initial == NULL ? "-" : row->initial, row->help);
	return out->bytes;
}
