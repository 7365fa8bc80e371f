/* SPDX-License-Identifier: Apache-2.0 */
/* Query strings, forms, cookies and languages: what is read without a fault is UTF-8 without NULs.
 */
#include "fuzz.h"

#include <string.h>

#include "base/text.h"
#include "web/catalog.h"
#include "web/locale.h"
#include "web/request.h"
#include "web/route.h"

static void
check(const void *ctx, const struct request_pairs *pairs, const char *name)
{
	const char *value = request_pairs_get(pairs, name);
	size_t n, step;

	if (value == NULL || request_pairs_fault(ctx, pairs, name) != NULL)
		return;
	for (n = strlen(value); n > 0; n -= step, value += step) {
		step = text_utf8(value, n);
		ASSERT(step > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	const char *bytes = (const char *)data;
	char *text = mem_bytes(ctx, data, size);
	struct request_pairs *form = request_pairs_form(ctx, bytes, size);
	struct request_pairs *cookies = request_pairs_cookies(ctx, bytes, size);
	const char *slug, *allow;

	check(ctx, form, "a");
	check(ctx, form, "");
	request_pairs_get(cookies, "a");
	request_pairs_fault(ctx, cookies, "a b");
	route_find(ctx, "GET", text, &slug, &allow);
	catalog_load();
	catalog_language(text);
	locale_money(ctx, 123450, "USD", text);
	talloc_free(ctx);
	return 0;
}
