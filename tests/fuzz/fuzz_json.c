/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for JSON can be walked, written, and read again as the same. */
#include "fuzz.h"

#include <string.h>

#include "lib/json.h"

/* Ask everything of every value. */
static void
walk(const struct json *json)
{
	int64_t i;
	bool b;
	const char *number = json_number_text(json);

	json_text(json);
	if (json_int(json, &i))
		ASSERT(json_int_loose(json, &i) && number != NULL);
	json_bool(json, &b);
	for (size_t n = 0; n < json_count(json); n++)
		walk(json_at(json, n));
	for (size_t n = 0; n < json_members(json); n++) {
		const struct json *value;

		ASSERT(json_member(json, n, &value) != NULL);
		walk(value);
	}
}

/* A document with the value in it. */
static const char *
dump(const void *ctx, const struct json *json)
{
	struct json_out *object = json_out_object(ctx);

	json_put_value(object, "v", json);
	return json_out_text(ctx, object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	const struct json *json, *again;
	struct err err;

	if (json_parse(ctx, data, size, &json, &err) == RC_OK) {
		const char *text = dump(ctx, json);

		walk(json);
		json_get(json, "data.order.id");
		/* one deeper than what was read */
		if (json_parse(ctx, text, strlen(text), &again, &err) == RC_OK)
			ASSERT(strcmp(text, dump(ctx, json_get(again, "v"))) == 0);
	}
	talloc_free(ctx);
	return 0;
}
