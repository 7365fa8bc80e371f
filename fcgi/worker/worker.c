/* SPDX-License-Identifier: Apache-2.0 */
/* The worker process: keys, signals, threads. Everything durable is in the database, so it may end
 * at any moment. */
#include "worker/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "lib/crypt.h"
#include "lib/http.h"
#include "remote/violet.h"
#include "worker/loop.h"

static void
on_signal(int number)
{
	(void)number;
	loop_stop();
}

#ifdef FAULTS
/* The chaos tests' worker that stops at each refund which it is about to send. */
static void
arm_faults(void)
{
	const char *where = getenv("VIOLET_TEST_STOP_BEFORE_SEND");

	if (where != NULL)
		http_stop_before_send(
		    strcmp(where, "check") == 0 ? HTTP_STOP_AT_CHECK : HTTP_STOP_AT_SEND);
}
#endif

static void
catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction hangup;

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN) /* nohup(1) */
		sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int
worker_main(const struct conf *conf)
{
	void *ctx = mem_context("worker");
	struct crypt_keys *keys;
	struct err err;

	if (crypt_keys_read(ctx, conf->seal_key_file, &keys, &err) != RC_OK)
		fatal("SEAL_KEY_FILE: %s", err.text);
	catch_signals();
#ifdef FAULTS
	arm_faults();
#endif
	log_line(LOG_INFO, "worker begins threads=%lld", (long long)conf->worker_threads);
	if (!loop_run(ctx, conf, keys, violet_tokens_open(ctx))) {
		/* A thread hangs in a job: its lease runs out, and another worker carries on. */
		log_line(LOG_WARNING, "worker ends with jobs under way");
		_exit(0);
	}
	log_line(LOG_INFO, "worker ends");
	talloc_free(ctx);
	return 0;
}
