/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FastCGI through libfcgi, driven by epoll. The library's own accept waits up to two seconds for a
 * new peer's first byte, so connections are accepted here and given to it by descriptor. Each is
 * armed for one event: from there to the answer it belongs to whoever has the request, so that
 * nothing needs a state or a lock; arming it again hands it back to the loop.
 */
#include "lib/cgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	BACKLOG = 4096, /* nginx answers 502 at once when a Unix socket's backlog is full */
	EVENTS = 64,    /* taken from epoll, and accepted, in one turn */
	PEER_SECONDS =
	    2, /* nginx sends a request in one go: a peer that stalls inside one is broken */
	ACCEPT_PAUSE_MS = 100, /* out of descriptors: try again after that */
	QUIET_MS = 300, /* at the end: kept connections that were silent for so long are closed */
	DRAIN_MS = 25000,
	DRAIN_MAXIMUM = 2 << 20 /* of an unread body: more than nginx lets pass */
};

struct cgi {
	int listener;
	int epoll;
	int wake;
	char *path; /* NULL: inherited, and left alone at the end */
	bool listening;
	atomic_bool stopping;
	atomic_size_t under_way;
	int64_t last_ms;      /* when a request came last */
	pthread_mutex_t lock; /* of connections */
	struct cgi_request *connections;
};

/* A connection, and the request on it while there is one. */
struct cgi_request {
	FCGX_Request fcgi;
	struct cgi *cgi;
	void *ctx;
	atomic_bool answered; /* what a thread wrote comes before what the loop does next */
	struct cgi_request *next, **link;
};

/* Opening ------------------------------------------------------------------ */

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on != 0;
}

/* A socket file that nobody listens to any more is in the way of bind; anything else is somebody's.
 */
static enum rc
stale_remove(const struct sockaddr_un *address, struct err *err)
{
	struct stat st;
	bool is_stale;
	int fd;

	if (lstat(address->sun_path, &st) != 0)
		return RC_OK;
	if (!S_ISSOCK(st.st_mode))
		return err_set(
		    err, RC_INVALID, "\"%s\" exists and is no socket", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, RC_INVALID, "socket: %s", strerror(errno));
	/* Refused: nobody listens. Anything else, a full queue say, is somebody's. */
	is_stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		   errno == ECONNREFUSED;
	close(fd);
	if (!is_stale)
		return err_set(
		    err, RC_INVALID, "another process listens on \"%s\"", address->sun_path);
	if (unlink(address->sun_path) != 0)
		return err_set(err, RC_INVALID, "cannot remove the old socket \"%s\": %s",
		    address->sun_path, strerror(errno));
	return RC_OK;
}

static enum rc
listen_on_path(const char *path, int *out, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, bound;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, RC_INVALID, "socket path is longer than %zu bytes",
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (stale_remove(&address, err) != RC_OK)
		return err->code;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, RC_INVALID, "socket: %s", strerror(errno));
	mask = umask(0117); /* 0660: nginx gets in by its group */
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (bound != 0 || listen(fd, BACKLOG) != 0) {
		err_set(err, RC_INVALID, "cannot listen on \"%s\": %s", path, strerror(errno));
		close(fd);
		return err->code;
	}
	*out = fd;
	return RC_OK;
}

static int
cgi_done(struct cgi *cgi)
{
	close(cgi->epoll);
	close(cgi->wake);
	pthread_mutex_destroy(&cgi->lock);
	if (cgi->listening && cgi->path != NULL) {
		unlink(cgi->path);
		close(cgi->listener);
	}
	return 0;
}

enum rc
cgi_open(const void *ctx, const char *path, struct cgi **out, struct err *err)
{
	struct cgi *cgi;
	int listener = 0;
	bool inherited = strcmp(path, "-") == 0;

	if (inherited && !is_listening(listener))
		return err_set(err, RC_INVALID, "descriptor 0 is not a listening socket");
	if (!inherited && listen_on_path(path, &listener, err) != RC_OK)
		return err->code;
	fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
	FCGX_Init();

	cgi = mem_new(ctx, struct cgi);
	cgi->listener = listener;
	cgi->path = inherited ? NULL : mem_text(cgi, path);
	cgi->epoll = epoll_create1(EPOLL_CLOEXEC);
	cgi->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cgi->epoll < 0 || cgi->wake < 0)
		panic("epoll: %s", strerror(errno));
	pthread_mutex_init(&cgi->lock, NULL);
	cgi->listening = true;
	talloc_set_destructor(cgi, cgi_done);
	*out = cgi;
	return RC_OK;
}

/* Connections -------------------------------------------------------------- */

static void
watch(struct cgi *cgi, int operation, int fd, uint32_t events, void *what)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	if (epoll_ctl(cgi->epoll, operation, fd, &event) != 0)
		panic("epoll_ctl: %s", strerror(errno));
}

static void
connection_new(struct cgi *cgi, int fd)
{
	const struct timeval limit = { .tv_sec = PEER_SECONDS };
	struct cgi_request *connection = mem_new(NULL, struct cgi_request);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	connection->cgi = cgi;
	FCGX_InitRequest(&connection->fcgi, -1, 0); /* -1: it must never accept by itself */
	connection->fcgi.ipcFd = fd;
	connection->fcgi.keepConnection = 1; /* or accepting would begin by closing it */
	FCGX_Detach(&connection->fcgi);      /* closing must not wait for the peer */

	pthread_mutex_lock(&cgi->lock);
	connection->next = cgi->connections;
	connection->link = &cgi->connections;
	if (connection->next != NULL)
		connection->next->link = &connection->next;
	cgi->connections = connection;
	pthread_mutex_unlock(&cgi->lock);
	watch(cgi, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, connection);
}

static void
connection_free(struct cgi_request *connection)
{
	struct cgi *cgi = connection->cgi;

	FCGX_Free(&connection->fcgi, connection->fcgi.ipcFd >= 0);
	pthread_mutex_lock(&cgi->lock);
	*connection->link = connection->next;
	if (connection->next != NULL)
		connection->next->link = connection->link;
	pthread_mutex_unlock(&cgi->lock);
	talloc_free(connection);
}

/* The answer is written: the loop gets the connection back, unless it is closed. */
static void
connection_release(struct cgi_request *connection)
{
	int fd = connection->fcgi.ipcFd;

	if (fd < 0) {
		connection_free(connection);
		return;
	}
	atomic_store_explicit(&connection->answered, true, memory_order_release);
	watch(connection->cgi, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, connection);
}

/* The loop ----------------------------------------------------------------- */

/* False: out of descriptors or memory, which a short pause may mend. */
static bool
accept_some(struct cgi *cgi)
{
	int i, fd;

	for (i = 0; i < EVENTS; i++) {
		fd = accept4(cgi->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			connection_new(cgi, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return errno == EAGAIN;
	}
	return true;
}

static void
listener_watch(struct cgi *cgi, bool on)
{
	watch(cgi, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, cgi->listener, EPOLLIN, &cgi->listener);
}

/*
 * A request that breaks off among its parameters would be taken for one that has no more of them,
 * but for the stream's error.
 */
static bool
is_accepted(FCGX_Request *fcgi)
{
	return FCGX_Accept_r(fcgi) >= 0 && FCGX_GetError(fcgi->in) == 0;
}

/* Readable: a request that is there already, or the peer's end. */
static void
connection_serve(struct cgi_request *connection, cgi_handler *handler, void *user)
{
	struct cgi *cgi = connection->cgi;

	atomic_load_explicit(&connection->answered, memory_order_acquire);
	if (!is_accepted(&connection->fcgi)) {
		connection_free(connection);
		return;
	}
	cgi->last_ms = clock_boot_ms();
	connection->ctx = mem_context("request");
	atomic_fetch_add(&cgi->under_way, 1);
	handler(connection, user);
}

/* Wait for events and see to them. False if accepting has to pause. */
static bool
turn(struct cgi *cgi, int timeout_ms, cgi_handler *handler, void *user)
{
	struct epoll_event events[EVENTS];
	bool healthy = true;
	int i, n = epoll_wait(cgi->epoll, events, EVENTS, timeout_ms);

	for (i = 0; i < n; i++) {
		void *what = events[i].data.ptr;

		if (what == &cgi->listener)
			healthy = accept_some(cgi);
		else if (what != &cgi->wake)
			connection_serve(what, handler, user);
	}
	return healthy;
}

/*
 * nginx may be sending on a kept connection just now: what still comes is served, each connection
 * closes with its next answer, and those that nobody used for a while go at the end.
 */
static void
drain(struct cgi *cgi, cgi_handler *handler, void *user)
{
	int64_t now = clock_boot_ms(), end = now + DRAIN_MS;

	cgi->last_ms = now;
	while (now < end && (atomic_load(&cgi->under_way) > 0 || now < cgi->last_ms + QUIET_MS)) {
		turn(cgi, 20, handler, user);
		now = clock_boot_ms();
	}
	if (atomic_load(&cgi->under_way) > 0)
		return; /* their threads still use the connections: the process ends with them */
	while (cgi->connections != NULL)
		connection_free(cgi->connections);
}

void
cgi_run(struct cgi *cgi, cgi_handler *handler, void *user)
{
	watch(cgi, EPOLL_CTL_ADD, cgi->wake, EPOLLIN, &cgi->wake);
	listener_watch(cgi, true);
	while (!atomic_load(&cgi->stopping)) {
		if (turn(cgi, -1, handler, user))
			continue;
		log_line(LOG_WARNING, "no descriptor left for a new connection");
		listener_watch(cgi, false);
		turn(cgi, ACCEPT_PAUSE_MS, handler, user);
		listener_watch(cgi, true);
	}
	listener_watch(cgi, false);
	watch(cgi, EPOLL_CTL_DEL, cgi->wake, 0, NULL);
	if (cgi->path != NULL) {
		unlink(cgi->path);
		close(cgi->listener);
	}
	cgi->listening = false;
	drain(cgi, handler, user);
}

void
cgi_stop(struct cgi *cgi)
{
	const uint64_t one = 1;
	int kept = errno;
	ssize_t written;

	atomic_store(&cgi->stopping, true);
	written = write(cgi->wake, &one, sizeof(one));
	(void)written; /* it fails when it is readable already, which is all that matters */
	errno = kept;
}

/* Requests ----------------------------------------------------------------- */

const char *
cgi_param(const struct cgi_request *request, const char *name)
{
	return FCGX_GetParam(name, request->fcgi.envp);
}

void *
cgi_context(struct cgi_request *request)
{
	return request->ctx;
}

enum rc
cgi_body(struct cgi_request *request, const void *ctx, size_t maximum, char **out, size_t *n,
    struct err *err)
{
	const char *text = cgi_param(request, "CONTENT_LENGTH");
	int64_t length;
	char *body;

	if (text == NULL || !text_int(text, 0, INT32_MAX, &length))
		return err_set(err, RC_INVALID, "content length is missing or unreadable");
	if ((size_t)length > maximum)
		return err_set(err, RC_INVALID, "body is longer than %zu bytes", maximum);
	body = mem_zero(ctx, (size_t)length + 1, 1);
	if (FCGX_GetStr(body, (int)length, request->fcgi.in) != (int)length)
		return err_set(err, RC_INVALID, "body is shorter than its content length");
	*out = body;
	*n = (size_t)length;
	return RC_OK;
}

/* What the handler did not read would be taken for the connection's next request. */
static void
body_skip(FCGX_Request *fcgi)
{
	char bytes[4096];
	size_t total = 0;
	int n;

	do {
		n = FCGX_GetStr(bytes, sizeof(bytes), fcgi->in);
		total += (size_t)n;
	} while (n == sizeof(bytes) && total < DRAIN_MAXIMUM);
	if (n == sizeof(bytes))
		fcgi->keepConnection = 0;
}

static void
reply_write(const struct cgi_request *request, const struct cgi_reply *reply)
{
	const char *method = cgi_param(request, "REQUEST_METHOD");
	FCGX_Stream *out = request->fcgi.out;
	const char *p = reply->body;
	char numbers[64];
	size_t left;
	int n;

	snprintf(numbers, sizeof(numbers), "Status: %d\r\n", reply->status);
	FCGX_PutS(numbers, out);
	if (reply->status != 304) { /* RFC 9110, 8.6: there it would be that of the 200 */
		snprintf(numbers, sizeof(numbers), "Content-Length: %zu\r\n", reply->length);
		FCGX_PutS(numbers, out);
	}
	if (reply->content_type != NULL) {
		FCGX_PutS("Content-Type: ", out);
		FCGX_PutS(reply->content_type, out);
		FCGX_PutS("\r\n", out);
	}
	if (reply->headers != NULL)
		FCGX_PutS(reply->headers, out);
	FCGX_PutS("\r\n", out);
	if (method != NULL && strcmp(method, "HEAD") == 0)
		return;
	for (left = reply->length; left > 0; left -= (size_t)n, p += n) {
		n = FCGX_PutStr(p, left > INT32_MAX ? INT32_MAX : (int)left, out);
		if (n <= 0)
			return;
	}
}

void
cgi_reply(struct cgi_request *request, const struct cgi_reply *reply)
{
	struct cgi *cgi = request->cgi;
	FCGX_Request *fcgi = &request->fcgi;

	body_skip(fcgi);
	reply_write(request, reply);
	if (atomic_load(&cgi->stopping))
		fcgi->keepConnection = 0;
	FCGX_Finish_r(fcgi); /* flushes; closes the connection if the peer has gone */
	talloc_free(request->ctx);
	request->ctx = NULL;
	connection_release(request);
	atomic_fetch_sub(&cgi->under_way, 1);
}
