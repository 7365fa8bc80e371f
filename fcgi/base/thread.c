/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of web and worker. */
#include "base/thread.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

/* libcurl, TLS and the resolver want about 200 KiB; the memory is only taken where it is used. */
enum { STACK_SIZE = 512 * 1024 };

void
thread_start(pthread_t *thread, void *(*main)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	error = pthread_create(thread, &attributes, main, argument);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		panic("cannot start a thread: %s", strerror(error));
}

static struct timespec
in_ms(int64_t wait_ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	if (wait_ms <= 0)
		return at;
	at.tv_sec += wait_ms / 1000;
	at.tv_nsec += wait_ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

bool
thread_join(pthread_t thread, int64_t wait_ms)
{
	struct timespec end = in_ms(wait_ms);

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &end) == 0;
}

void
thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t wait_ms)
{
	struct timespec end = in_ms(wait_ms);

	pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC, &end);
}
