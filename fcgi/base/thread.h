/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of web and worker: small stacks, waits with an end, and signals stay with the main
 * thread. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Start one; panics if the system has none left. */
void thread_start(pthread_t *thread, void *(*main)(void *), void *argument);

/* Wait for its end, at most so long. False if it still runs. */
bool thread_join(pthread_t thread, int64_t wait_ms);

/* pthread_cond_wait, at most so long. */
void thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t wait_ms);

#endif
