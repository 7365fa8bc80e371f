/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client's place taken by a script: each request is kept and answered by the next reply,
 * or by a function. Include it once per program; it defines http_send and what belongs to it, so
 * lib/http.c is not linked.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "lib/http.h"

#define FAKE_MAX 64

struct fake_reply {
	int status; /* 0: no answer, with the code `rc` */
	const char *body;
	const char *header, *value; /* NULL: none */
	enum rc rc;
};

static struct {
	const struct fake_reply *replies;
	size_t count, next;
	/* Instead of the replies, if set. */
	const char *(*serve)(const void *ctx, const struct http_request *request);
	/* What was asked. */
	size_t requests;
	char url[FAKE_MAX][512], method[FAKE_MAX][8], body[FAKE_MAX][2048], token[FAKE_MAX][1024];
} fake;

static inline void
fake_script(const struct fake_reply *replies, size_t count)
{
	memset(&fake, 0, sizeof(fake));
	fake.replies = replies;
	fake.count = count;
}

static void
fake_note(const struct http_request *request)
{
	size_t i = fake.requests++ % FAKE_MAX;

	snprintf(fake.url[i], sizeof(fake.url[i]), "%s", request->url);
	snprintf(fake.method[i], sizeof(fake.method[i]), "%s", request->method);
	snprintf(
	    fake.body[i], sizeof(fake.body[i]), "%s", request->body == NULL ? "" : request->body);
	fake.token[i][0] = '\0';
	for (size_t h = 0; h < request->header_count; h++)
		if (strcmp(request->headers[h].name, "X-Violet-Token") == 0 ||
		    strcmp(request->headers[h].name, "X-Auth-Token") == 0)
			snprintf(
			    fake.token[i], sizeof(fake.token[i]), "%s", request->headers[h].value);
}

enum rc
http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err)
{
	struct fake_reply next = { .rc = RC_BUSY };
	struct http_header *header = mem_new(ctx, struct http_header);

	(void)http;
	fake_note(request);
	if (fake.serve != NULL)
		next = (struct fake_reply){ .status = 200, .body = fake.serve(ctx, request) };
	else if (fake.next < fake.count)
		next = fake.replies[fake.next++];
	if (next.status == 0)
		return err_set(err, next.rc, "the script gives no answer");
	*header = (struct http_header){ next.header, next.value };
	*reply = (struct http_reply){
		.status = next.status,
		.body = next.body == NULL ? "" : next.body,
		.length = next.body == NULL ? 0 : strlen(next.body),
		.headers = header,
		.header_count = next.header == NULL ? 0 : 1,
	};
	return RC_OK;
}

const char *
http_header(const struct http_reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++)
		if (strcasecmp(reply->headers[i].name, name) == 0)
			return reply->headers[i].value;
	return NULL;
}

char *
http_escape(const void *ctx, const char *s)
{
	char *out = mem_text(ctx, "");

	for (; *s != '\0'; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
			out = mem_printf(ctx, "%s%c", out, *s);
		else
			out = mem_printf(ctx, "%s%%%02X", out, (unsigned)(unsigned char)*s);
	return out;
}

#endif
