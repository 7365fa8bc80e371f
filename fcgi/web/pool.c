/* SPDX-License-Identifier: Apache-2.0 */
/* Two bounded queues of page requests, and the threads that take from them. */
#include "web/pool.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/thread.h"

enum { WAITING_MAX = 256, STOP_MS = 1000 };

struct queue {
	struct cgi_request *waiting[WAITING_MAX]; /* a ring */
	size_t first, count;
};

struct pool {
	const struct conf *conf;
	const struct crypt_keys *keys;
	struct violet_tokens *tokens;
	pool_handler *handler;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue pages, slow;
	size_t slow_under_way, slow_max;
	bool stopping;
	pthread_t *threads;
	size_t thread_count;
};

/* The queue to take from: slow ones first, as long as they leave threads to the others; NULL: none.
 */
static struct queue *
next_queue(struct pool *pool)
{
	if (pool->slow.count > 0 && pool->slow_under_way < pool->slow_max)
		return &pool->slow;
	return pool->pages.count > 0 ? &pool->pages : NULL;
}

/* The request that has waited longest; NULL at the end. */
static struct cgi_request *
take(struct pool *pool, bool *is_slow)
{
	struct cgi_request *request = NULL;
	struct queue *queue;

	pthread_mutex_lock(&pool->lock);
	while ((queue = next_queue(pool)) == NULL && !pool->stopping)
		pthread_cond_wait(&pool->more, &pool->lock);
	*is_slow = queue == &pool->slow;
	pool->slow_under_way += *is_slow;
	if (queue != NULL) {
		request = queue->waiting[queue->first];
		queue->first = (queue->first + 1) % WAITING_MAX;
		queue->count--;
	}
	pthread_mutex_unlock(&pool->lock);
	return request;
}

/* Its place is free: this thread itself looks for the next one. */
static void
slow_done(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->slow_under_way--;
	pthread_mutex_unlock(&pool->lock);
}

static void *
pool_thread(void *argument)
{
	struct pool *pool = argument;
	void *ctx = mem_context("page thread");
	struct app *app = app_open(ctx, pool->conf, pool->keys, pool->tokens, "web");
	struct cgi_request *request;
	bool is_slow;

	while ((request = take(pool, &is_slow)) != NULL) {
		pool->handler(app, request);
		if (is_slow)
			slow_done(pool);
	}
	talloc_free(ctx);
	return NULL;
}

struct pool *
pool_start(const void *ctx, const struct conf *conf, const struct crypt_keys *keys,
    struct violet_tokens *tokens, pool_handler *handler)
{
	struct pool *pool = mem_new(ctx, struct pool);
	size_t i;

	pool->conf = conf;
	pool->keys = keys;
	pool->tokens = tokens;
	pool->handler = handler;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->more, NULL);
	pool->thread_count = (size_t)conf->web_threads;
	pool->slow_max = (pool->thread_count + 1) / 2;
	pool->threads = mem_array(pool, pthread_t, pool->thread_count);
	for (i = 0; i < pool->thread_count; i++)
		thread_start(&pool->threads[i], pool_thread, pool);
	return pool;
}

bool
pool_add(struct pool *pool, struct cgi_request *request, bool is_slow)
{
	struct queue *queue = is_slow ? &pool->slow : &pool->pages;
	bool room;

	pthread_mutex_lock(&pool->lock);
	room = queue->count < WAITING_MAX;
	if (room) {
		queue->waiting[(queue->first + queue->count) % WAITING_MAX] = request;
		queue->count++;
		pthread_cond_signal(&pool->more);
	}
	pthread_mutex_unlock(&pool->lock);
	return room;
}

bool
pool_stop(struct pool *pool)
{
	bool ended = true;
	size_t i;

	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->thread_count; i++)
		ended &= thread_join(pool->threads[i], STOP_MS);
	return ended;
}
