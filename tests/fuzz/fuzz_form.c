/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of our own forms: the embedded app's, and those of Connect. The input is tried as a token,
 * which it can't be, and as what stands in one before the MAC. There is no database, so a good
 * token of the app is told by the question for its user; the web server is taken out.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "domain/session.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "lib/db.h"
#include "web/connect_page.h"

#define COOKIE  "a cookie of this browser"
#define KEYS    "k1 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n"
#define PURPOSE "session" /* domain/session.c's */

static const struct conf conf = { .public_url = "https://p" };

const char *
cgi_param(const struct cgi_request *request, const char *name)
{
	(void)request;
	return strcmp(name, "HTTP_SEC_FETCH_SITE") == 0 ? "same-origin" : NULL;
}

void *
cgi_context(struct cgi_request *request)
{
	(void)request;
	return NULL;
}

enum rc
cgi_body(struct cgi_request *request, const void *ctx, size_t maximum, char **out, size_t *n,
    struct err *err)
{
	(void)request;
	(void)ctx;
	(void)maximum;
	(void)out;
	(void)n;
	return err_set(err, RC_INVALID, "there is no body");
}

void
cgi_reply(struct cgi_request *request, const struct cgi_reply *reply)
{
	(void)request;
	(void)reply;
}

static struct crypt_keys *
read_keys(const void *ctx)
{
	char path[] = "/tmp/fuzz_form.XXXXXX";
	int fd = mkstemp(path);
	struct crypt_keys *keys;
	struct err err;

	ASSERT(fd >= 0 && write(fd, KEYS, strlen(KEYS)) == (ssize_t)strlen(KEYS));
	close(fd);
	ASSERT(crypt_keys_read(ctx, path, &keys, &err) == RC_OK);
	unlink(path);
	return keys;
}

static void
check_app(struct app *app, const void *ctx, const char *text)
{
	unsigned char mac[CRYPT_MAC_SIZE];
	struct session session;
	struct err err;
	enum rc rc;

	ASSERT(session_check(app, ctx, text, &session, &err) == RC_DENIED);
	ASSERT(crypt_mac(app->keys, NULL, PURPOSE, text, strlen(text), mac));
	text = mem_printf(ctx, "%s.%s", text, crypt_base64url(ctx, mac, sizeof(mac)));
	rc = session_check(app, ctx, text, &session, &err);
	ASSERT(rc == RC_DENIED || rc == RC_BUSY);
}

static bool
is_posted(struct app *app, void *ctx, const char *token)
{
	const char *pair = mem_printf(ctx, "form=%s", token);
	struct request request = { .ctx = ctx, .app = app, .now_ms = clock_now_ms() };
	struct connect c = { .request = &request, .channel = { .slug = "acme" }, .cookie = COOKIE };

	request.form = request_pairs_form(ctx, pair, strlen(pair));
	return connect_is_posted(&c, "start");
}

static void
check_connect(struct app *app, void *ctx, const char *text)
{
	const char *covered = mem_printf(ctx, "form acme start %s", text);
	unsigned char mac[CRYPT_MAC_SIZE];
	int64_t end_ms;

	ASSERT(!is_posted(app, ctx, text));
	crypt_hmac_sha256(COOKIE, strlen(COOKIE), covered, strlen(covered), mac);
	if (is_posted(
		app, ctx, mem_printf(ctx, "%s.%s", text, crypt_base64url(ctx, mac, sizeof(mac)))))
		ASSERT(text_int(text, 1, INT64_MAX, &end_ms));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crypt_keys *keys;
	void *ctx = mem_context("fuzz");
	struct app app = { .conf = &conf, .db = db_open(ctx, "host=/nowhere", "fuzz", 1000) };
	const char *text = mem_bytes(ctx, data, size);

	if (keys == NULL) {
		crypt_init();
		keys = read_keys(mem_context("keys"));
	}
	app.keys = keys;
	check_app(&app, ctx, text);
	check_connect(&app, ctx, text);
	talloc_free(ctx);
	return 0;
}
