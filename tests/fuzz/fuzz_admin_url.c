/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What merchants paste into the address field: whatever it is, only a store hash or nothing comes
 * out.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/admin_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct conf conf = { .bigcommerce_admin_url =
					      "https://store-{hash}.mybigcommerce.com" };
	void *ctx = mem_context("fuzz");
	struct admin_url url;

	admin_url_read(&conf, ctx, mem_bytes(ctx, bytes, n), &url);
	ASSERT(url.kind < ADMIN_URL__COUNT && url.host != NULL);
	ASSERT((url.kind == ADMIN_URL_STORE) == (url.store_hash != NULL));
	ASSERT(url.store_hash == NULL || text_is_store_hash(url.store_hash));
	talloc_free(ctx);
	return 0;
}
