/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /webhooks and /webhooks/delivery. Below 90 % success BigCommerce blocks our whole domain, so
 * with our header the answer is 200 whatever the body says; without it nothing is read or stored.
 * Runs in the loop; the committer answers.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/event.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "web/dispatch.h"
#include "web/metrics.h"

static void
refuse(struct cgi_request *request, struct hook *hook, const char *why)
{
	char headers[64];
	const char *id = crypt_random_code(cgi_context(request), 12);

	snprintf(headers, sizeof(headers), "X-Request-Id: %s\r\n", id);
	metrics_add(METRIC_HOOK_REFUSED, 1);
	log_line(LOG_INFO, "request=%s route=\"POST /webhooks\" status=401 err=\"%s\"", id, why);
	cgi_reply(request, &(struct cgi_reply){ .status = 401, .headers = headers });
	talloc_free(hook);
}

/* NULL if it is too long or cut off: authentic all the same, and so is an empty one without a
 * length. */
static const char *
read_body(struct cgi_request *request, struct hook *hook)
{
	const char *length = cgi_param(request, "CONTENT_LENGTH");
	struct err err;
	char *body;

	if (length == NULL || *length == '\0')
		return "";
	return cgi_body(request, hook, LIMIT_WEBHOOK_BODY, &body, &hook->event.length, &err) ==
		       RC_OK
		   ? body
		   : NULL;
}

static const char *
check_signature(const struct conf *conf, struct cgi_request *request, const struct event *event)
{
	static const struct {
		const char *word;
		enum metric metric;
	} words[] = {
		{ "absent", METRIC_SIGNATURE_ABSENT },
		{ "good", METRIC_SIGNATURE_GOOD },
		{ "old", METRIC_SIGNATURE_OLD },
		{ "bad", METRIC_SIGNATURE_BAD },
	};
	const char *word;
	size_t i;

	if (conf->webhook_signature == SIGNATURE_OFF || event->body == NULL)
		return "absent";
	word = event_signature(conf, cgi_param(request, "HTTP_WEBHOOK_ID"),
	    cgi_param(request, "HTTP_WEBHOOK_TIMESTAMP"),
	    cgi_param(request, "HTTP_WEBHOOK_SIGNATURE"), event->body, event->length,
	    event->received_ms / 1000);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			metrics_add(words[i].metric, 1);
	return word;
}

/*
 * Old ones pass: a retry may carry the first attempt's time, and jobs collapse what comes twice. So
 * does what has no body to verify: no more than the store's sweep comes of it.
 */
static bool
is_enough(const struct conf *conf, const struct event *event)
{
	return conf->webhook_signature != SIGNATURE_REQUIRE || event->body == NULL ||
	       strcmp(event->signature, "good") == 0 || strcmp(event->signature, "old") == 0;
}

void
on_webhook(struct loop *loop, struct cgi_request *request)
{
	const struct app *app = loop->app;
	struct hook *hook = mem_new(NULL, struct hook);
	struct event *event = &hook->event;

	event->received_ms = clock_now_ms();
	event->store_hash =
	    event_header_store(hook, app->keys, cgi_param(request, EVENT_HEADER_PARAM));
	if (event->store_hash == NULL) {
		refuse(request, hook, "the header is not ours");
		return;
	}
	event->body = read_body(request, hook);
	event->signature = check_signature(app->conf, request, event);
	if (!is_enough(app->conf, event)) {
		refuse(request, hook, "the signature is missing or wrong");
		return;
	}
	hook->id = crypt_random_code(hook, 12);
	hook->request = request;
	event->webhook_id = mem_text(hook, cgi_param(request, "HTTP_WEBHOOK_ID"));
	event_read(hook, event);
	if (event->problem != NULL)
		metrics_add(METRIC_HOOK_UNREADABLE, 1);
	committer_add(loop->committer, hook);
}
