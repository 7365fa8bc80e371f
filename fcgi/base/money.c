/* SPDX-License-Identifier: Apache-2.0 */
/* Money: integer minor units, read from text and written as text. */
#include "base/money.h"

#include <stdio.h>
#include <string.h>

#define MINOR_MAX INT64_C(1000000000000000)

/* ISO 4217, list one: the currencies whose minor unit isn't a hundredth. */
static const struct {
	const char *currencies;
	int exponent;
} unusual[] = {
	{ "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 0 },
	{ "BHD IQD JOD KWD LYD OMR TND", 3 },
	{ "CLF UYW", 4 },
};

static bool
is_code(const char *s)
{
	return s != NULL && strlen(s) == 3 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

int
money_exponent(const char *currency)
{
	if (!is_code(currency))
		return -1;
	for (size_t i = 0; i < sizeof(unusual) / sizeof(unusual[0]); i++) {
		if (strstr(unusual[i].currencies, currency) != NULL)
			return unusual[i].exponent;
	}
	return 2;
}

/* One more digit; false past the limit. The limit is far enough from INT64_MAX for the step itself.
 */
static bool
push(int64_t *minor, int digit)
{
	*minor = *minor * 10 + digit;
	return *minor <= MINOR_MAX;
}

/* Digits before the point: at least one. */
static bool
read_whole(const char **text, int64_t *minor)
{
	const char *start = *text;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (!push(minor, **text - '0'))
			return false;
	}
	return *text > start;
}

/* Digits behind the point: at least one; as many as the exponent says count, further ones must be
 * zeros. */
static bool
read_decimals(const char **text, int exponent, int *place, int64_t *minor)
{
	const char *start = *text;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (*place == exponent && **text != '0')
			return false;
		if (*place < exponent && !push(minor, **text - '0'))
			return false;
		*place += *place < exponent;
	}
	return *text > start;
}

bool
money_parse(const char *text, int exponent, int64_t *minor)
{
	bool negative;
	int64_t value = 0;
	int place = 0;

	if (text == NULL || exponent < 0)
		return false;
	negative = *text == '-';
	if (negative)
		text++;
	if (!read_whole(&text, &value))
		return false;
	if (*text == '.') {
		text++;
		if (!read_decimals(&text, exponent, &place, &value))
			return false;
	}
	for (; place < exponent; place++) {
		if (!push(&value, 0))
			return false;
	}
	if (*text != '\0')
		return false;
	*minor = negative ? -value : value;
	return true;
}

bool
money_add(int64_t a, int64_t b, int64_t *sum)
{
	int64_t result;

	if (__builtin_add_overflow(a, b, &result))
		return false;
	*sum = result;
	return true;
}

char *
money_format(int64_t minor, const char *currency, char out[MONEY_TEXT_SIZE])
{
	int exponent = money_exponent(currency);
	uint64_t value = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
	char digits[24] = { 0 };
	char *first = digits + sizeof(digits) - 1;

	/* from the last digit to the first, with at least one before the point */
	for (int place = 0; value > 0 || place <= (exponent < 0 ? 0 : exponent); place++) {
		if (place > 0 && place == exponent)
			*--first = '.';
		*--first = (char)('0' + value % 10);
		value /= 10;
	}
	snprintf(out, MONEY_TEXT_SIZE, "%s%s %.11s", minor < 0 ? "-" : "", first,
	    exponent < 0 ? "minor units" : currency);
	return out;
}
