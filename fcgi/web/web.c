/* SPDX-License-Identifier: Apache-2.0 */
/* Start and end of the web process. */
#include "web/web.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "domain/app.h"
#include "lib/cgi.h"
#include "lib/crypt.h"
#include "remote/violet.h"
#include "web/dispatch.h"
#include "web/html.h"

enum { DESCRIPTORS = 16384 };

static struct cgi *served;

static void
on_signal(int signal)
{
	(void)signal;
	if (served == NULL)
		_exit(0);
	cgi_stop(served);
}

/* Before libfcgi starts: it puts its own handlers wherever there is none. */
static void
signals_catch(void)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction hangup;

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN) /* nohup(1) */
		sigaction(SIGHUP, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/*
 * Every waiting webhook holds a connection: the usual soft limit of 1024 would turn a burst into
 * 502s.
 */
static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
web_main(const struct conf *conf)
{
	void *ctx = mem_context("web main");
	struct violet_tokens *tokens;
	struct crypt_keys *keys;
	struct loop loop;
	struct err err;
	bool ended;

	if (crypt_keys_read(ctx, conf->seal_key_file, &keys, &err) != RC_OK)
		fatal("SEAL_KEY_FILE: %s", err.text);
	html_check();
	descriptors_raise();
	signals_catch();
	if (cgi_open(ctx, conf->fcgi_listen, &served, &err) != RC_OK)
		fatal("FCGI_LISTEN: %s", err.text);

	tokens = violet_tokens_open(ctx);
	loop.app = app_open(ctx, conf, keys, tokens, "web");
	loop.committer = committer_start(ctx, conf, keys);
	loop.pool = pool_start(ctx, conf, keys, tokens, dispatch_page);
	log_line(LOG_INFO, "serving on %s", conf->fcgi_listen);
	cgi_run(served, dispatch, &loop);
	log_line(LOG_INFO, "ending");
	ended = committer_stop(loop.committer);
	ended &= pool_stop(loop.pool);
	if (!ended) {
		/* What hangs goes on using the settings, which our caller frees. */
		log_line(LOG_WARNING, "ending with requests under way");
		_exit(0);
	}
	return 0;
}
