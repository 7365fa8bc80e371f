/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client over libcurl. A request that changes something gets a connection of its own: libcurl
 * silently repeats a request whose kept connection turns out dead, and a payment must never be
 * repeated silently.
 */
#include "lib/http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define CONNECT_MS       5000
#define HEADERS_MAX      100
#define HEADER_BYTES_MAX 32768

struct http {
	CURLM *multi; /* holds the kept connections */
	CURL *easy;
};

/* One request on its way. */
struct exchange {
	const struct http_request *request;
	size_t body_length;
	size_t body_given;   /* bytes that libcurl has taken: from then on they may have left */
	int64_t deadline_ms; /* boot time; 0 until the connection stands */
	bool is_late;        /* stopped by send_by */
	struct buf *body;
	struct buf *header_bytes;
	struct http_header headers[HEADERS_MAX];
	size_t header_count;
	bool is_too_large;
	bool has_headers; /* all of them: libcurl is content with an answer that ends among them */
	char error[CURL_ERROR_SIZE];
};

static _Atomic enum http_stop stops_before_send;

void
http_stop_before_send(enum http_stop where)
{
	atomic_store(&stops_before_send, where);
}

static void
stop_if_told(const struct exchange *x, enum http_stop where)
{
	if (x->request->send_by_boot_ms != 0 && atomic_load(&stops_before_send) == where)
		raise(SIGSTOP);
}

static void
start_libcurl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		panic("libcurl cannot start");
}

static int
close_http(struct http *http)
{
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	return 0;
}

struct http *
http_open(const void *ctx)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *http = mem_new(ctx, struct http);

	pthread_once(&once, start_libcurl);
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (http->multi == NULL || http->easy == NULL)
		panic("out of memory");
	talloc_set_destructor(http, close_http);
	return http;
}

/* The connection stands and the request is about to leave: the time for the answer begins. */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl says how it looks */
on_connected(void *user, char *ip, char *local_ip, int port, int local_port)
{
	struct exchange *x = user;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	x->deadline_ms = clock_boot_ms() + x->request->response_ms;
	return CURL_PREREQFUNC_OK;
}

/* Our last code before bytes of the body leave. A process that was stopped for an hour must not
 * send when it wakes up. */
static size_t
on_read(char *out, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	size_t left = x->body_length - x->body_given;
	size_t n = size * count < left ? size * count : left;

	if (left == 0)
		return 0; /* asked once more at the end: what has left cannot be late any more */
	stop_if_told(x, HTTP_STOP_AT_CHECK);
	if (x->request->send_by_boot_ms != 0 && clock_boot_ms() > x->request->send_by_boot_ms) {
		x->is_late = true;
		return CURL_READFUNC_ABORT;
	}
	stop_if_told(x, HTTP_STOP_AT_SEND);
	memcpy(out, x->request->body + x->body_given, n);
	x->body_given += n;
	return n;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct exchange *x = user;

	buf_add(x->body, bytes, size * count);
	x->is_too_large |= x->body->overflowed;
	return x->is_too_large ? 0 : size * count;
}

/* "Name: value\r\n", or the status line of this or an interim answer, with which the list begins
 * anew. */
static size_t
on_header(char *bytes, size_t size, size_t count, void *user)
{
	struct exchange *x = user;
	size_t n = size * count;
	const char *colon = memchr(bytes, ':', n);
	size_t start, end = n;

	if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		x->header_count = 0;
		x->has_headers = false;
		return n;
	}
	buf_add(x->header_bytes, bytes, n); /* counts them only */
	if (x->header_bytes->overflowed || x->header_count == HEADERS_MAX) {
		x->is_too_large = true;
		return 0;
	}
	x->has_headers |= *bytes == '\r' || *bytes == '\n';
	if (colon == NULL)
		return n;
	start = (size_t)(colon - bytes) + 1;
	while (end > start && strchr("\r\n\t ", bytes[end - 1]) != NULL)
		end--;
	while (start < end && strchr("\t ", bytes[start]) != NULL)
		start++;
	x->headers[x->header_count++] = (struct http_header){
		.name = mem_bytes(x->body, bytes, (size_t)(colon - bytes)),
		.value = mem_bytes(x->body, bytes + start, end - start),
	};
	return n;
}

/* https, or http to this very machine; no user in the address. */
static enum rc
check_url(const char *url, struct err *err)
{
	void *tmp = mem_context("url");
	struct http_url parts;
	bool is_allowed = http_url_parse(tmp, url, false, &parts) == RC_OK && *parts.user == '\0' &&
			  (strcmp(parts.scheme, "https") == 0 ||
			      (strcmp(parts.scheme, "http") == 0 && text_is_loopback(parts.host)));

	talloc_free(tmp);
	return is_allowed ? RC_OK : err_set(err, RC_BROKEN, "not an address that may be called");
}

static struct curl_slist *
append(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (longer == NULL)
		panic("out of memory");
	return longer;
}

/* The header lines; NULL if one would break out of its line. */
static struct curl_slist *
write_headers(const struct http_request *request)
{
	void *tmp = mem_context("headers");
	struct curl_slist *list = append(NULL, "Expect:"); /* no round trip for "100 Continue" */

	if (request->body != NULL)
		list = append(list, "Content-Type: application/json");
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (strpbrk(header->name, "\r\n:") != NULL ||
		    strpbrk(header->value, "\r\n") != NULL) {
			curl_slist_free_all(list);
			list = NULL;
			break;
		}
		list = append(list, mem_printf(tmp, "%s: %s", header->name, header->value));
	}
	talloc_free(tmp);
	return list;
}

/* Options cannot fail but for lack of memory, or because we named a wrong one. */
#define SET(easy, option, value)                                             \
	do {                                                                 \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) \
			panic("libcurl refuses %s", #option);                \
	} while (0)

/* What is the same for all requests. */
static void
set_limits(CURL *easy, struct exchange *x)
{
	curl_easy_reset(easy); /* keeps the connections */
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https"); /* check_url decides on http */
	/* HTTP/2 would repeat refused streams by itself */
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(easy, CURLOPT_USERAGENT, "violet-bigcommerce/" VERSION);
	SET(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(easy, CURLOPT_PROXY, ""); /* the environment must not lead tokens elsewhere */
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(easy, CURLOPT_ERRORBUFFER, x->error);
	SET(easy, CURLOPT_PREREQFUNCTION, on_connected);
	SET(easy, CURLOPT_PREREQDATA, x);
	SET(easy, CURLOPT_READFUNCTION, on_read);
	SET(easy, CURLOPT_READDATA, x);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, x);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, x);
}

static void
set_request(CURL *easy, const struct exchange *x, struct curl_slist *headers)
{
	const struct http_request *request = x->request;
	bool is_get = strcmp(request->method, "GET") == 0;

	SET(easy, CURLOPT_URL, request->url);
	SET(easy, CURLOPT_HTTPHEADER, headers);
	if (request->body != NULL || strcmp(request->method, "POST") == 0) {
		SET(easy, CURLOPT_POST, 1L);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_length);
	}
	if (!is_get) {
		SET(easy, CURLOPT_CUSTOMREQUEST, request->method);
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
		SET(easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* Until the answer is complete, an error, or the deadline. */
static CURLcode
perform(struct http *http, struct exchange *x)
{
	CURLcode result = CURLE_OPERATION_TIMEDOUT;
	int running = 1, queued;
	CURLMsg *message;

	if (curl_multi_add_handle(http->multi, http->easy) != CURLM_OK)
		panic("libcurl refuses a request");
	while (curl_multi_perform(http->multi, &running) == CURLM_OK && running > 0) {
		int64_t left = x->deadline_ms == 0 ? CONNECT_MS : x->deadline_ms - clock_boot_ms();

		if (left <= 0) {
			snprintf(x->error, sizeof(x->error), "no whole answer in %" PRId64 " ms",
			    x->request->response_ms);
			break;
		}
		curl_multi_poll(http->multi, NULL, 0, left < 1000 ? (int)left : 1000, NULL);
	}
	while ((message = curl_multi_info_read(http->multi, &queued)) != NULL) {
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	}
	/* closes the connection of a broken exchange */
	curl_multi_remove_handle(http->multi, http->easy);
	return result;
}

/*
 * Certainly not carried out: the connection never stood, or the body is not complete. Once libcurl
 * has taken the last byte of it, or the header of a request without one could be sent, nobody
 * knows.
 */
static bool
is_certainly_not_sent(const struct exchange *x)
{
	return x->deadline_ms == 0 || x->body_given < x->body_length;
}

static enum rc
judge(const struct exchange *x, CURLcode result, struct err *err)
{
	if (result == CURLE_OK && x->has_headers)
		return RC_OK;
	if (x->is_too_large)
		return err_set(err, RC_BROKEN, "answer is larger than allowed");
	if (x->is_late)
		return err_set(err, RC_BUSY, "not sent: the time to send it by has passed");
	return err_set(err, is_certainly_not_sent(x) ? RC_BUSY : RC_UNCERTAIN, "%s: %s",
	    is_certainly_not_sent(x) ? "not sent" : "sent, but no whole answer",
	    *x->error != '\0'    ? x->error
	    : result == CURLE_OK ? "it ended in its header"
				 : curl_easy_strerror(result));
}

static void
write_reply(const void *ctx, CURL *easy, struct exchange *x, struct http_reply *reply)
{
	struct http_header *headers = mem_array(ctx, struct http_header, x->header_count);
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	memcpy(headers, x->headers, x->header_count * sizeof(*headers));
	*reply = (struct http_reply){
		.status = (int)status,
		.body = x->body->bytes,
		.length = x->body->length,
		.headers = headers,
		.header_count = x->header_count,
	};
}

enum rc
http_send(struct http *http, const void *ctx, const struct http_request *request,
    struct http_reply *reply, struct err *err)
{
	void *tmp;
	struct exchange *x;
	struct curl_slist *headers;
	enum rc rc = check_url(request->url, err);

	ASSERT(request->response_ms > 0);
	/* without a body nobody would ask for the time */
	ASSERT(request->send_by_boot_ms == 0 || (request->body != NULL && *request->body != '\0'));
	if (rc != RC_OK)
		return rc;
	headers = write_headers(request);
	if (headers == NULL)
		return err_set(err, RC_BROKEN, "a header holds a line break");
	tmp = mem_context("http");
	x = mem_new(tmp, struct exchange);
	x->request = request;
	x->body_length = request->body == NULL ? 0 : strlen(request->body);
	x->body = buf_new(ctx, LIMIT_REMOTE_ANSWER); /* the texts of the headers hang from it */
	x->header_bytes = buf_new(tmp, HEADER_BYTES_MAX);
	set_limits(http->easy, x);
	set_request(http->easy, x, headers);
	rc = judge(x, perform(http, x), err);
	if (rc == RC_OK)
		write_reply(ctx, http->easy, x, reply);
	else
		talloc_free(x->body);
	curl_easy_reset(http->easy); /* points into x no longer */
	curl_slist_free_all(headers);
	talloc_free(tmp);
	return rc;
}

const char *
http_header(const struct http_reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		if (text_equal_nocase(reply->headers[i].name, name))
			return reply->headers[i].value;
	}
	return NULL;
}

char *
http_escape(const void *ctx, const char *s)
{
	char *escaped = curl_easy_escape(NULL, s, 0);
	char *copy;

	if (escaped == NULL)
		panic("out of memory");
	copy = mem_text(ctx, escaped);
	curl_free(escaped);
	return copy;
}
