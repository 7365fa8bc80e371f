/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, amounts, times, identifiers, encodings and the database's values: what is read can be
 * written and read again. */
#include "fuzz.h"

#include <string.h>

#include "base/money.h"
#include "base/text.h"
#include "lib/crypt.h"
#include "lib/db_value.h"

static void
times(const char *text)
{
	char written[TEXT_TIME_SIZE];
	int64_t ms, again;

	db_value_time(text, &ms);
	if (!text_time_ms(text, &ms))
		return;
	text_from_time_ms(ms, written);
	/* an offset may carry the first and last hours out of the years that are read */
	if (text_time_ms(written, &again))
		ASSERT(again == ms);
	else
		ASSERT(ms < INT64_C(-2208988800000) || ms > INT64_C(253402300799999));
}

static void
amounts(const char *text)
{
	static const char *const currencies[] = { "JPY", "USD", "KWD", "CLF" };
	char written[MONEY_TEXT_SIZE];
	int64_t minor, again;

	for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++) {
		int exponent = money_exponent(currencies[i]);

		if (!money_parse(text, exponent, &minor))
			continue;
		money_format(minor, currencies[i], written);
		*strchr(written, ' ') = '\0';
		ASSERT(money_parse(written, exponent, &again) && again == minor);
	}
}

static void
encodings(void *ctx, const char *text, size_t size)
{
	size_t n;
	unsigned char *bytes = crypt_unbase64url(ctx, text, size, &n);

	/* there is but one spelling */
	if (bytes != NULL)
		ASSERT(strcmp(crypt_base64url(ctx, bytes, n), text) == 0);
	bytes = crypt_unbase64(ctx, text, size, &n);
	if (bytes != NULL)
		ASSERT(strcmp(crypt_base64(ctx, bytes, n), text) == 0);
}

static void
arrays(void *ctx, const char *text)
{
	const unsigned char *bytes;
	const char **elements, **again;
	size_t n, m;
	struct db_param param;

	db_value_bytes(ctx, text, &bytes, &n);
	if (!db_value_array(ctx, text, &elements, &n))
		return;
	param = db_texts(elements, n);
	ASSERT(db_value_array(ctx, db_value_write(ctx, &param), &again, &m) && n == m);
	for (size_t i = 0; i < n; i++)
		ASSERT(elements[i] == NULL ? again[i] == NULL : strcmp(elements[i], again[i]) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = mem_context("fuzz");
	char *text = mem_bytes(ctx, data, size);
	struct err err;
	int64_t i;

	if (strlen(text) == size) {
		text_int(text, INT64_MIN, INT64_MAX, &i);
		text_duration_ms(text, 0, INT64_MAX, &i);
		text_is_store_hash(text);
		text_is_plain(text, size);
		text_is_loopback(text);
		times(text);
		amounts(text);
		encodings(ctx, text, size);
		arrays(ctx, text);
		err_set(&err, RC_BROKEN, "%s", text);
		err_prefix(&err, "%s", text);
	}
	talloc_free(ctx);
	return 0;
}
