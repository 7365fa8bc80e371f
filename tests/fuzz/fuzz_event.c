/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: bodies, our header, signatures. Whatever the body is, a job that is named has a kind
 * and a sane ref. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/event.h"

static struct crypt_keys *
keys_make(void)
{
	static struct crypt_keys *keys;
	static const char line[] = "k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	char path[] = "/tmp/fuzz_event.XXXXXX";
	struct err err;
	int fd;

	if (keys != NULL)
		return keys;
	crypt_init();
	fd = mkstemp(path);
	ASSERT(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	close(fd);
	ASSERT(crypt_keys_read(NULL, path, &keys, &err) == RC_OK);
	unlink(path);
	return keys;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf conf = { .bigcommerce_client_secret = "secret" };
	struct crypt_keys *keys = keys_make();
	void *ctx = mem_context("fuzz");
	char *text = mem_bytes(ctx, data, size);
	struct event event = { .store_hash = "abc123", .body = data, .length = size };

	event.received_ms = 1700000000000;
	event_read(ctx, &event);
	ASSERT(event.problem == NULL || strcmp(event.job_kind, "sweep") == 0);
	ASSERT(event.job_kind == NULL || event.job_ref >= 0);
	ASSERT(event_header_store(ctx, keys, text) == NULL ||
	       strcmp(text, event_header(ctx, keys, event_header_store(ctx, keys, text))) == 0);
	ASSERT(strcmp(event_signature(&conf, text, "1700000000", text, data, size, 1700000000),
		   "good") != 0);
	talloc_free(ctx);
	return 0;
}
