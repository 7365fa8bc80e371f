/* SPDX-License-Identifier: Apache-2.0 */
/* Against a server in a thread that answers, falls silent or hangs up as the case wants. */
#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limit.h"
#include "lib/http.h"

/* What the server does with a connection; the request's header has been read. */
typedef void behaviour(int fd);

static struct {
	int listening;
	int port;
	pthread_t thread;
	behaviour *act;
	atomic_int connections;
	atomic_int body_bytes; /* of the last request */
	char header[8192];     /* of the last request */
} server;

/* True if there is something to read; false if nothing comes for long, or the peer has gone. */
static bool
can_read(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 10000) > 0;
}

static bool
read_header(int fd)
{
	size_t used = 0;
	char byte;

	while (used < sizeof(server.header) - 1 && can_read(fd) && recv(fd, &byte, 1, 0) == 1) {
		server.header[used++] = byte;
		server.header[used] = '\0';
		if (used >= 4 && memcmp(server.header + used - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

/* Count what comes until the body is complete or the peer has gone. */
static void
read_body(int fd)
{
	const char *line = strstr(server.header, "Content-Length: ");
	int wanted = line == NULL ? 0 : (int)strtol(line + 16, NULL, 10);
	char bytes[4096];
	ssize_t n;

	while (atomic_load(&server.body_bytes) < wanted && can_read(fd) &&
	       (n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		atomic_fetch_add(&server.body_bytes, (int)n);
}

static void
say(int fd, const char *text)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void
answer(int fd)
{
	read_body(fd);
	say(fd, "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Name:  a value \r\nRetry-After: "
		"7\r\n\r\nhello");
}

/* Long after the time by which the request had to be sent. */
static void
answer_slowly(int fd)
{
	read_body(fd);
	poll(NULL, 0, 300);
	answer(fd);
}

static void
answer_empty(int fd)
{
	read_body(fd);
	say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
}

static void
answer_after_hints(int fd)
{
	read_body(fd);
	say(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Late: 1\r\n\r\nok");
}

static void
answer_early(int fd)
{
	say(fd, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	shutdown(fd, SHUT_WR);
	read_body(fd);
}

/* "hello", compressed */
static void
answer_gzip(int fd)
{
	static const char gzip[] =
	    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36"
	    "\x05\x00\x00\x00";

	say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n");
	send(fd, gzip, sizeof(gzip) - 1, MSG_NOSIGNAL);
}

static void
redirect(int fd)
{
	char text[200];

	snprintf(text, sizeof(text),
	    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/elsewhere\r\nContent-Length: "
	    "0\r\n\r\n",
	    server.port);
	say(fd, text);
}

static void
hang_up(int fd)
{
	read_body(fd);
}

static void
hang_up_in_header(int fd)
{
	read_body(fd);
	say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
}

static void
hang_up_in_body(int fd)
{
	read_body(fd);
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
}

static void
fall_silent(int fd)
{
	read_body(fd);
	can_read(fd); /* until the client gives up */
}

static void
drip(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	read_body(fd);
	say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	while (poll(&p, 1, 20) == 0)
		say(fd, "x");
}

static void
flood(int fd)
{
	static char chunk[65536];

	read_body(fd);
	say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < LIMIT_REMOTE_ANSWER / 65536 + 1; i++) {
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			break;
	}
}

static void
flood_header(int fd)
{
	say(fd, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 150; i++)
		say(fd, "X-A: 1\r\n");
	say(fd, "Content-Length: 0\r\n\r\n");
}

static void
talk_nonsense(int fd)
{
	say(fd, "SSH-2.0-x\r\n\r\n");
}

/* One connection after the other; on each, requests until it is closed. */
static void *
serve(void *unused)
{
	int fd;

	while ((fd = accept(server.listening, NULL, NULL)) >= 0) {
		atomic_fetch_add(&server.connections, 1);
		while (read_header(fd)) {
			behaviour *act = server.act;

			atomic_store(&server.body_bytes, 0);
			act(fd);
			if (act != answer && act != answer_empty)
				break;
		}
		close(fd);
	}
	return unused;
}

static void
start(behaviour *act)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	server.act = act;
	atomic_store(&server.connections, 0);
	atomic_store(&server.body_bytes, 0);
	server.header[0] = '\0';
	server.listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(server.listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(listen(server.listening, 8), 0);
	server.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

/* Connections that nobody has accepted when the server stops are dropped unread. */
static void
wait_until_accepted(void)
{
	for (int i = 0; i < 10000 && atomic_load(&server.connections) == 0; i++)
		poll(NULL, 0, 1);
	assert_int_equal(server.connections, 1);
}

/* The client's connections must be closed before. */
static void
stop(void)
{
	shutdown(server.listening, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listening);
}

static struct http_request
request_to(const void *ctx, const char *method, const char *body)
{
	return (struct http_request){
		.method = method,
		.url = mem_printf(ctx, "http://127.0.0.1:%d/path?x=1", server.port),
		.body = body,
		.response_ms = 5000,
	};
}

/* Start a server, send one request, stop the server. */
static enum rc
try(const void *ctx, behaviour *act, const char *method, const char *body, struct http_reply *reply,
    struct err *err)
{
	struct http *http = http_open(ctx);
	struct http_request request;
	enum rc rc;

	start(act);
	request = request_to(ctx, method, body);
	if (act == fall_silent || act == drip)
		request.response_ms = 200;
	rc = http_send(http, ctx, &request, reply, err);
	talloc_free(http);
	stop();
	return rc;
}

static void
an_answer_is_read_whole(void **state)
{
	struct http_reply reply;
	struct err err;

	assert_int_equal(try(*state, answer, "POST", "{\"a\":1}", &reply, &err), RC_OK);
	assert_int_equal(reply.status, 201);
	assert_int_equal(reply.length, 5);
	assert_string_equal(reply.body, "hello");
	assert_string_equal(http_header(&reply, "x-name"), "a value");
	assert_string_equal(http_header(&reply, "Retry-After"), "7");
	assert_null(http_header(&reply, "X-Other"));
	assert_int_equal(server.body_bytes, 7);
	assert_memory_equal(server.header, "POST /path?x=1 HTTP/1.1\r\n", 25);
	assert_non_null(strstr(server.header, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(server.header, "User-Agent: violet-bigcommerce/" VERSION "\r\n"));
	assert_null(strstr(server.header, "Expect"));
}

static void
methods_and_bodies(void **state)
{
	static const struct {
		const char *method, *body, *line, *length;
	} cases[] = {
		{ "GET", NULL, "GET /path?x=1 HTTP/1.1\r\n", NULL },
		{ "DELETE", NULL, "DELETE /path?x=1 HTTP/1.1\r\n", NULL },
		{ "POST", NULL, "POST /path?x=1 HTTP/1.1\r\n", "Content-Length: 0\r\n" },
		{ "POST", "{}", "POST /path?x=1 HTTP/1.1\r\n", "Content-Length: 2\r\n" },
		{ "PUT", "{}", "PUT /path?x=1 HTTP/1.1\r\n", "Content-Length: 2\r\n" },
	};
	struct http_reply reply;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK(try(*state, answer_empty, cases[i].method, cases[i].body, &reply, &err) ==
			  RC_OK,
		    "%s: %s", cases[i].method, err.text);
		assert_int_equal(reply.status, 204);
		assert_string_equal(reply.body, "");
		assert_memory_equal(server.header, cases[i].line, strlen(cases[i].line));
		if (cases[i].length != NULL)
			assert_non_null(strstr(server.header, cases[i].length));
		else
			assert_null(strstr(server.header, "Content-Length"));
		assert_int_equal(server.body_bytes, cases[i].body == NULL ? 0 : 2);
	}
}

static void
a_large_body_goes_out_whole(void **state)
{
	struct http_reply reply;
	struct err err;
	char *body = mem_array(*state, char, 300001);

	memset(body, ' ', 300000);
	assert_int_equal(try(*state, answer, "POST", body, &reply, &err), RC_OK);
	assert_int_equal(server.body_bytes, 300000);
}

static void
headers_are_sent_and_cannot_break_out(void **state)
{
	const struct http_header good[] = { { "X-Auth-Token", "secret" },
		{ "Accept", "application/json" } };
	const struct http_header bad[] = { { "X-Auth-Token", "secret\r\nX-Evil: 1" } };
	struct http *http = http_open(*state);
	struct http_request request;
	struct http_reply reply;
	struct err err;

	start(answer_empty);
	request = request_to(*state, "GET", NULL);
	request.headers = bad;
	request.header_count = 1;
	assert_int_equal(http_send(http, *state, &request, &reply, &err), RC_BROKEN);
	assert_null(strstr(err.text, "secret"));
	assert_int_equal(server.connections, 0);
	request.headers = good;
	request.header_count = 2;
	assert_int_equal(http_send(http, *state, &request, &reply, &err), RC_OK);
	assert_non_null(
	    strstr(server.header, "X-Auth-Token: secret\r\nAccept: application/json\r\n"));
	talloc_free(http);
	stop();
}

static void
other_answers_are_answers_too(void **state)
{
	struct http_reply reply;
	struct err err;

	assert_int_equal(try(*state, redirect, "GET", NULL, &reply, &err), RC_OK);
	assert_int_equal(reply.status, 302);
	assert_int_equal(server.connections, 1); /* not followed */
	assert_int_equal(try(*state, answer_early, "POST", "{}", &reply, &err), RC_OK);
	assert_int_equal(reply.status, 413);
	assert_int_equal(try(*state, answer_gzip, "GET", NULL, &reply, &err), RC_OK);
	assert_string_equal(reply.body, "hello");
	assert_int_equal(try(*state, answer_after_hints, "POST", "{}", &reply, &err), RC_OK);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body, "ok");
	assert_non_null(http_header(&reply, "X-Late"));
	assert_null(http_header(&reply, "X-Early"));
}

/* The request is out and the answer isn't in: whatever the reason, nobody knows. */
static void
sent_without_a_whole_answer_is_uncertain(void **state)
{
	static behaviour *const acts[] = { hang_up, hang_up_in_header, hang_up_in_body, fall_silent,
		drip, talk_nonsense };
	static const struct {
		const char *method, *body;
	} requests[] = { { "POST", "{}" }, { "POST", NULL }, { "GET", NULL } };
	struct http_reply reply = { .status = 99 };
	struct err err;

	for (size_t i = 0; i < COUNT(acts) * COUNT(requests); i++) {
		int64_t start_ms = clock_boot_ms();
		const char *method = requests[i % COUNT(requests)].method;
		const char *body = requests[i % COUNT(requests)].body;
		enum rc rc = try(*state, acts[i / COUNT(requests)], method, body, &reply, &err);

		CHECK(rc == RC_UNCERTAIN, "case %zu: %s: %s", i, rc_name(rc), err.text);
		CHECK(server.connections == 1, "case %zu was sent %d times", i, server.connections);
		assert_in_range(clock_boot_ms() - start_ms, 0, 4000);
	}
	assert_int_equal(reply.status, 99);
}

static void
a_flood_is_cut_off(void **state)
{
	struct http_reply reply;
	struct err err;

	assert_int_equal(try(*state, flood, "POST", "{}", &reply, &err), RC_BROKEN);
	assert_string_equal(err.text, "answer is larger than allowed");
	assert_int_equal(try(*state, flood_header, "GET", NULL, &reply, &err), RC_BROKEN);
}

static void
unconnected_is_certainly_not_sent(void **state)
{
	struct http *http = http_open(*state);
	struct http_request request;
	struct http_reply reply;
	struct err err;

	start(answer);
	stop();
	request = request_to(*state, "POST", "{}");
	assert_int_equal(http_send(http, *state, &request, &reply, &err), RC_BUSY); /* refused */

	start(talk_nonsense);
	request = request_to(*state, "POST", "{}");
	request.url = mem_printf(*state, "https://127.0.0.1:%d/", server.port); /* no TLS there */
	shutdown(server.listening, SHUT_RD); /* or the server would wait for a header's end */
	assert_int_equal(http_send(http, *state, &request, &reply, &err), RC_BUSY);
	talloc_free(http);
	stop();
}

static void
a_late_body_never_leaves(void **state)
{
	struct http *http = http_open(*state);
	struct http_request request;
	struct http_reply reply;
	struct err err;

	start(hang_up);
	request = request_to(*state, "POST", "{\"amount\":1000}");
	request.send_by_boot_ms = clock_boot_ms() - 1;
	assert_int_equal(http_send(http, *state, &request, &reply, &err), RC_BUSY);
	assert_string_equal(err.text, "not sent: the time to send it by has passed");
	wait_until_accepted();
	talloc_free(http);
	stop();
	assert_memory_equal(server.header, "POST ", 5); /* it had come as far as that */
	assert_int_equal(server.body_bytes, 0);
}

static void
a_body_in_time_leaves(void **state)
{
	static const struct {
		behaviour *act;
		enum rc rc;
	} cases[] = { { answer, RC_OK }, { answer_slowly, RC_OK }, { fall_silent, RC_UNCERTAIN } };
	struct http_reply reply;
	struct err err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http *http = http_open(*state);
		struct http_request request;

		start(cases[i].act);
		request = request_to(*state, "POST", "{\"amount\":1000}");
		request.send_by_boot_ms = clock_boot_ms() + 200;
		request.response_ms = 1000;
		CHECK(http_send(http, *state, &request, &reply, &err) == cases[i].rc,
		    "case %zu: %s", i, err.text);
		assert_int_equal(server.body_bytes, 15);
		talloc_free(http);
		stop();
	}
}

/* A child that stops itself on its way to the send, and wakes up past the time to send it by. */
static void
stop_and_wake_late(void *ctx, enum http_stop where, enum rc rc, size_t sent)
{
	struct http_request request;
	struct http_reply reply;
	struct err err;
	int status;
	pid_t child;

	start(answer);
	request = request_to(ctx, "POST", "{}");
	request.send_by_boot_ms = clock_boot_ms() + 200;
	child = fork();
	if (child == 0) {
		http_stop_before_send(where);
		_exit(http_send(http_open(ctx), ctx, &request, &reply, &err) == rc ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(server.body_bytes, 0);
	while (clock_boot_ms() <= request.send_by_boot_ms)
		(void)usleep(1000);
	kill(child, SIGCONT);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(server.body_bytes, sent);
	stop();
}

/* As the chaos tests want it. What is stopped after the check is what no check can prevent. */
static void
stops_before_the_send(void **state)
{
	stop_and_wake_late(*state, HTTP_STOP_AT_CHECK, RC_BUSY, 0);
	stop_and_wake_late(*state, HTTP_STOP_AT_SEND, RC_OK, 2);
}

/* Reads share a connection; what changes something never does, or libcurl might send it twice. */
static void
only_reads_keep_connections(void **state)
{
	struct http *http = http_open(*state);
	struct http_request get, post;
	struct http_reply reply;
	struct err err;

	start(answer);
	get = request_to(*state, "GET", NULL);
	post = request_to(*state, "POST", "{}");
	for (int i = 0; i < 3; i++)
		assert_int_equal(http_send(http, *state, &get, &reply, &err), RC_OK);
	assert_int_equal(server.connections, 1);
	talloc_free(http); /* the server takes one connection at a time */
	http = http_open(*state);
	for (int i = 0; i < 3; i++)
		assert_int_equal(http_send(http, *state, &post, &reply, &err), RC_OK);
	assert_int_equal(server.connections, 4);
	talloc_free(http);
	stop();
}

static void
addresses_that_may_not_be_called(void **state)
{
	static const char *const urls[] = { "http://example.com/", "http://10.0.0.1/",
		"ftp://127.0.0.1/", "file:///etc/passwd", "https://user:password@127.0.0.1/",
		"gopher://127.0.0.1/", "127.0.0.1/", "", "https://", "/path",
		"http://localhost.example.com/", "http://127.0.0.1 .example.com/" };
	struct http *http = http_open(*state);
	struct http_reply reply;
	struct err err;

	for (size_t i = 0; i < COUNT(urls); i++) {
		struct http_request request = {
			.method = "GET", .url = urls[i], .response_ms = 1000
		};

		CHECK(http_send(http, *state, &request, &reply, &err) == RC_BROKEN, "%s: %s",
		    urls[i], err.text);
		assert_string_equal(err.text, "not an address that may be called");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_read_whole),
		TEST(methods_and_bodies),
		TEST(a_large_body_goes_out_whole),
		TEST(headers_are_sent_and_cannot_break_out),
		TEST(other_answers_are_answers_too),
		TEST(sent_without_a_whole_answer_is_uncertain),
		TEST(a_flood_is_cut_off),
		TEST(unconnected_is_certainly_not_sent),
		TEST(a_late_body_never_leaves),
		TEST(a_body_in_time_leaves),
		TEST(stops_before_the_send),
		TEST(only_reads_keep_connections),
		TEST(addresses_that_may_not_be_called),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
