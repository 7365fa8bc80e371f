/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the web process: small stacks, and signals stay with the main thread. */
#ifndef WEB_THREAD_H
#define WEB_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Start one; panics if the system has none left. */
void thread_start(pthread_t *thread, void *(*main)(void *), void *argument);

/* Wait for its end, at most so long. False if it still runs. */
bool thread_join(pthread_t thread, int64_t wait_ms);

/* Wait for the condition, at most so long. The condition must come from thread_cond_init. */
void thread_cond_init(pthread_cond_t *cond);
void thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t wait_ms);

#endif
