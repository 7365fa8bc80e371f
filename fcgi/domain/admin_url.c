/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was pasted to a store hash. Hosts are compared whole:
 * store-abc.mybigcommerce.com.evil.example is somebody's own domain. Nothing of the pasted text
 * goes into an address that we send anyone to.
 */
#include "domain/admin_url.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "lib/http.h"

#define TYPED_MAX      2000
#define HOST_MAX       253
#define HASH_MARK      "{hash}"
#define HASH_ALONE_MIN 6

/* A host "store-{hash}.mybigcommerce.com" cut at the hash. */
struct pattern {
	const char *before, *after;
};

static const struct pattern public_pattern = { "store-", ".mybigcommerce.com" };

/*
 * Kinds by host; a name that begins with '.' stands for all hosts that end so. The first that fits
 * decides.
 */
static const struct {
	const char *name;
	enum admin_url_kind kind;
} hosts[] = {
	{ "login.bigcommerce.com", ADMIN_URL_ACCOUNT },
	{ "login.mybigcommerce.com", ADMIN_URL_ACCOUNT },
	{ "accounts.bigcommerce.com", ADMIN_URL_ACCOUNT },
	{ "manage.bigcommerce.com", ADMIN_URL_ACCOUNT },
	{ "bigcommerce.com", ADMIN_URL_SITE },
	{ ".bigcommerce.com", ADMIN_URL_SITE },
	{ "mybigcommerce.com", ADMIN_URL_SITE },
	{ "my-bigcommerce.com", ADMIN_URL_INTERNAL },
	{ ".my-bigcommerce.com", ADMIN_URL_INTERNAL },
	{ "my-integration.zone", ADMIN_URL_INTERNAL },
	{ ".my-integration.zone", ADMIN_URL_INTERNAL },
	{ "my-staging.zone", ADMIN_URL_INTERNAL },
	{ ".my-staging.zone", ADMIN_URL_INTERNAL },
	{ ".mybigcommerce.com", ADMIN_URL_CHOSEN },
};

static const char *const kind_names[] = {
	[ADMIN_URL_STORE] = "store",
	[ADMIN_URL_EMPTY] = "empty",
	[ADMIN_URL_UNREADABLE] = "unreadable",
	[ADMIN_URL_EMAIL] = "email",
	[ADMIN_URL_ACCOUNT] = "account",
	[ADMIN_URL_SITE] = "site",
	[ADMIN_URL_CHOSEN] = "chosen",
	[ADMIN_URL_CUSTOM] = "custom",
	[ADMIN_URL_INTERNAL] = "internal",
};
_Static_assert(
    sizeof(kind_names) / sizeof(kind_names[0]) == ADMIN_URL__COUNT, "a name for each kind");

/*
 * What comes along when an address is copied out of a text: the no-break and zero-width spaces
 * among it.
 */
static const char *const wrappings[] = { " ", "\t", "\r", "\n", "\"", "'", "<", ">", "(", ")", ",",
	";", ".", "\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf" };

static bool
is_suffix(const char *s, size_t n, const char *suffix)
{
	size_t length = strlen(suffix);

	return n >= length && memcmp(s + n - length, suffix, length) == 0;
}

static size_t
wrapping_at_start(const char *s)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		if (strncmp(s, wrappings[i], strlen(wrappings[i])) == 0)
			return strlen(wrappings[i]);
	}
	return 0;
}

static size_t
wrapping_at_end(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		if (is_suffix(s, n, wrappings[i]))
			return strlen(wrappings[i]);
	}
	return 0;
}

static char *
unwrap(const void *ctx, const char *s)
{
	size_t n, cut;

	while (*s != '\0' && (cut = wrapping_at_start(s)) > 0)
		s += cut;
	n = strlen(s);
	while (n > 0 && (cut = wrapping_at_end(s, n)) > 0)
		n -= cut;
	return mem_bytes(ctx, s, n);
}

/*
 * The n bytes as a hash, or NULL: "abc123", or "abc123-456" with a channel's number
 * (multi-storefront).
 */
static const char *
read_hash(const void *ctx, const char *s, size_t n)
{
	char *hash = mem_bytes(ctx, s, n);
	char *dash = strchr(hash, '-');
	int64_t number;

	text_lower(hash);
	if (dash != NULL) {
		if (!text_int(dash + 1, 1, INT64_MAX, &number))
			return NULL;
		*dash = '\0';
	}
	return text_is_store_hash(hash) ? hash : NULL;
}

/* The hash in a host (lower case) of this pattern, or NULL. */
static const char *
match(const void *ctx, const struct pattern *pattern, const char *host)
{
	size_t before = strlen(pattern->before), n = strlen(host);

	if (strncmp(host, pattern->before, before) != 0 ||
	    !is_suffix(host + before, n - before, pattern->after))
		return NULL;
	return read_hash(ctx, host + before, n - before - strlen(pattern->after));
}

/* The host in BIGCOMMERCE_ADMIN_URL; conf.c has checked that it holds the mark once. */
static struct pattern
configured_pattern(const struct conf *conf, const void *ctx)
{
	const char *host = strstr(conf->bigcommerce_admin_url, "://") + 3;
	const char *mark = strstr(host, HASH_MARK);
	const char *after = mark + strlen(HASH_MARK);

	return (struct pattern){ mem_bytes(ctx, host, (size_t)(mark - host)),
		mem_bytes(ctx, after, strcspn(after, ":/")) };
}

static enum admin_url_kind
kind_of_host(const char *host)
{
	size_t n = strlen(host);

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		bool is_whole = hosts[i].name[0] != '.';
		if (is_whole ? strcmp(host, hosts[i].name) == 0 : is_suffix(host, n, hosts[i].name))
			return hosts[i].kind;
	}
	return strchr(host, '.') == NULL ? ADMIN_URL_UNREADABLE : ADMIN_URL_CUSTOM;
}

/*
 * "stores/abc123/v3", as Settings > API shows it, with or without a slash in front. NULL if it is
 * something else.
 */
static const char *
read_api_path(const void *ctx, const char *s)
{
	s += *s == '/';
	if (!text_has_prefix(s, "stores/"))
		return NULL;
	s += strlen("stores/");
	return read_hash(ctx, s, strcspn(s, "/?#"));
}

/*
 * Every hash seen has digits, and six characters or more. Without "store-" anything else is a
 * shop's name or any other word, and behind a dash a number belongs to one like "shop-24".
 */
static bool
is_hash_alone(const char *s)
{
	return strlen(s) >= HASH_ALONE_MIN && strpbrk(s, "0123456789") != NULL &&
	       strchr(s, '-') == NULL;
}

/* What stands there without any host: a hash, "store-" and a hash, an API path. */
static const char *
read_bare(const void *ctx, const char *s)
{
	size_t before =
	    text_has_prefix(s, public_pattern.before) ? strlen(public_pattern.before) : 0;

	if (text_has_prefix(s, "stores/") || text_has_prefix(s, "/stores/"))
		return read_api_path(ctx, s);
	if (before == 0 && !is_hash_alone(s))
		return NULL;
	return read_hash(ctx, s + before, strlen(s + before));
}

static const char *
read_host(const struct conf *conf, const void *ctx, const struct http_url *url)
{
	const struct pattern pattern = configured_pattern(conf, ctx);
	const char *hash;

	if (strcmp(url->host, "api.bigcommerce.com") == 0)
		return read_api_path(ctx, url->path);
	hash = match(ctx, &pattern, url->host);
	return hash == NULL ? match(ctx, &public_pattern, url->host) : hash;
}

static void
set(struct admin_url *out, enum admin_url_kind kind, const char *hash, const char *host)
{
	*out = (struct admin_url){ .kind = kind, .store_hash = hash, .host = host };
}

/* A host may end in a dot (the DNS root), which changes nothing. */
static const char *
without_root_dot(const void *ctx, const char *host)
{
	size_t n = strlen(host);

	return is_suffix(host, n, ".") ? mem_bytes(ctx, host, n - 1) : host;
}

static bool
is_web(const char *scheme)
{
	return strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0;
}

static void
read_url(const struct conf *conf, const void *ctx, const char *text, struct admin_url *out)
{
	struct http_url url;
	const char *hash;

	/* libcurl has decoded the host: it may be no text any more */
	if (http_url_parse(ctx, text, true, &url) != RC_OK || !is_web(url.scheme) ||
	    !text_is_plain(url.host, HOST_MAX)) {
		set(out, ADMIN_URL_UNREADABLE, NULL, "");
		return;
	}
	url.host = without_root_dot(ctx, url.host);
	hash = read_host(conf, ctx, &url);
	set(out, hash == NULL ? kind_of_host(url.host) : ADMIN_URL_STORE, hash, url.host);
}

void
admin_url_read(const struct conf *conf, const void *ctx, const char *typed, struct admin_url *out)
{
	const char *text = typed == NULL ? "" : unwrap(ctx, typed);
	const char *hash;

	if (*text == '\0') {
		set(out, ADMIN_URL_EMPTY, NULL, "");
		return;
	}
	if (!text_is_plain(text, TYPED_MAX) || strpbrk(text, " \\") != NULL) {
		set(out, ADMIN_URL_UNREADABLE, NULL, "");
		return;
	}
	hash = read_bare(ctx, text);
	if (hash != NULL)
		set(out, ADMIN_URL_STORE, hash, hash);
	else if (strchr(text, '@') != NULL && strpbrk(text, "/:") == NULL)
		set(out, ADMIN_URL_EMAIL, NULL, "");
	else
		read_url(conf, ctx, text, out);
}

const char *
admin_url_kind_name(enum admin_url_kind kind)
{
	return kind_names[kind];
}

char *
admin_url_store(const struct conf *conf, const void *ctx, const char *store_hash)
{
	const char *url = conf->bigcommerce_admin_url;
	const char *mark = strstr(url, HASH_MARK);

	return mem_printf(
	    ctx, "%.*s%s%s", (int)(mark - url), url, store_hash, mark + strlen(HASH_MARK));
}

char *
admin_url_app_page(const struct conf *conf, const void *ctx, const char *store_hash)
{
	long long app_id = (long long)conf->bigcommerce_app_id;

	/* for an unknown store BigCommerce takes the one that is signed in */
	if (store_hash == NULL)
		return mem_printf(ctx, "%s/deep-links/marketplace/apps/%lld",
		    conf->bigcommerce_login_url, app_id);
	return mem_printf(
	    ctx, "%s/manage/marketplace/apps/%lld", admin_url_store(conf, ctx, store_hash), app_id);
}

char *
admin_url_app(const struct conf *conf, const void *ctx, const char *store_hash)
{
	return mem_printf(ctx, "%s/manage/app/%lld", admin_url_store(conf, ctx, store_hash),
	    (long long)conf->bigcommerce_app_id);
}

char *
admin_url_promotions(const struct conf *conf, const void *ctx, const char *store_hash)
{
	return mem_printf(
	    ctx, "%s/manage/marketing/promotions", admin_url_store(conf, ctx, store_hash));
}

/* CSP has "*." only as the whole first label of a host. */
char *
admin_url_origin(const struct conf *conf, const void *ctx, const char *store_hash)
{
	const char *url = conf->bigcommerce_admin_url;
	size_t scheme = (size_t)(strstr(url, "://") + 3 - url);
	const char *rest = strstr(url, HASH_MARK);

	if (store_hash != NULL) {
		url = admin_url_store(conf, ctx, store_hash);
		return mem_bytes(ctx, url, scheme + strcspn(url + scheme, "/"));
	}
	rest += strcspn(rest, ".:/"); /* of the host, behind the label with the hash */
	return mem_printf(ctx, "%.*s*%.*s", (int)scheme, url, (int)strcspn(rest, "/"), rest);
}

/*
 * The origin with a star for the first label of its host, so that login.bigcommerce.com stands for
 * its neighbours too.
 */
static char *
any_neighbour(const void *ctx, const char *url)
{
	size_t scheme = (size_t)(strstr(url, "://") + 3 - url);
	const char *host = url + scheme;
	size_t n = strcspn(host, "/");
	const char *dot = memchr(host, '.', n);

	/* "localhost:8081" and "example.com" have no label to spare */
	if (dot == NULL || memchr(dot + 1, '.', n - (size_t)(dot + 1 - host)) == NULL)
		return mem_printf(ctx, "%.*s", (int)(scheme + n), url);
	return mem_printf(ctx, "%.*s*%.*s", (int)scheme, url, (int)(n - (size_t)(dot - host)), dot);
}

char *
admin_url_origins(const struct conf *conf, const void *ctx)
{
	return mem_printf(ctx, "%s %s", admin_url_origin(conf, ctx, NULL),
	    any_neighbour(ctx, conf->bigcommerce_login_url));
}
