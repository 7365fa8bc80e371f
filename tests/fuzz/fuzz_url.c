/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as merchants type and channels register them; a merged query holds the given values, however
 * the URL looks. */
#include "fuzz.h"

#include <string.h>

#include "lib/http.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pairs[][2] = { { "merchant_id", "42" }, { "state", "a&b" },
		{ "gone", NULL } };
	void *ctx = mem_context("fuzz");
	char *text = mem_bytes(ctx, data, size);
	struct http_url url, merged;
	char *result;

	http_escape(ctx, text);
	if (http_url_parse(ctx, text, true, &url) == RC_OK) {
		ASSERT(*url.host != '\0' && url.port >= 0 && url.port < 65536);
		ASSERT(strpbrk(url.host, "/?#@ \r\n") == NULL);
	}
	result = http_url_with(ctx, text, pairs, 3);
	if (result != NULL && http_url_parse(ctx, text, false, &url) == RC_OK) {
		ASSERT(http_url_parse(ctx, result, false, &merged) == RC_OK);
		ASSERT(strcmp(url.host, merged.host) == 0 && strcmp(url.path, merged.path) == 0);
		ASSERT(strcmp(url.fragment, merged.fragment) == 0);
		ASSERT(strstr(merged.query, "merchant_id=42&state=a%26b") != NULL);
	}
	talloc_free(ctx);
	return 0;
}
