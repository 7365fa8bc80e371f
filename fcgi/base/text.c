/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of text from outside: a thing is what it must be from the first byte to the last,
 * or it is refused. */
#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
text_int(const char *s, int64_t minimum, int64_t maximum, int64_t *out)
{
	bool negative;
	int64_t value = 0;

	if (s == NULL)
		return false;
	negative = *s == '-';
	s += negative;
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		/* downwards, since the smallest integer has no positive twin */
		if (!is_digit(*s) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *s - '0', &value))
			return false;
	}
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	if (value < minimum || value > maximum)
		return false;
	*out = value;
	return true;
}

bool
text_duration_ms(const char *s, int64_t minimum_ms, int64_t maximum_ms, int64_t *out)
{
	char digits[32];
	const char *point;
	size_t whole, decimals;

	if (s == NULL || !is_digit(*s))
		return false;
	point = strchr(s, '.');
	whole = point == NULL ? strlen(s) : (size_t)(point - s);
	decimals = point == NULL ? 0 : strlen(point + 1);
	if (whole > sizeof(digits) - 4 || decimals > 3 || (point != NULL && decimals == 0))
		return false;
	memcpy(digits, s, whole);
	memset(digits + whole, '0', 3);
	if (decimals > 0)
		memcpy(digits + whole, point + 1, decimals);
	digits[whole + 3] = '\0';
	return text_int(digits, minimum_ms, maximum_ms, out);
}

bool
text_is_store_hash(const char *s)
{
	size_t length;

	if (s == NULL)
		return false;
	length = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");
	return length >= 1 && length <= 32 && s[length] == '\0';
}

/* The code point of a character of n bytes whose lead and continuation bytes are in order. */
static unsigned
decode(const unsigned char *s, size_t n)
{
	static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned c = s[0] & lead_bits[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

size_t
text_utf8(const char *s, size_t n)
{
	static const unsigned minimum[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t length;
	unsigned c;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	length = (u[0] & 0xe0) == 0xc0   ? 2
		 : (u[0] & 0xf0) == 0xe0 ? 3
		 : (u[0] & 0xf8) == 0xf0 ? 4
					 : 0;
	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	}
	c = decode(u, length);
	if (c < minimum[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return length;
}

bool
text_is_utf8(const char *s, size_t n)
{
	size_t step;

	for (; n > 0; s += step, n -= step) {
		step = text_utf8(s, n);
		if (step == 0)
			return false;
	}
	return true;
}

bool
text_is_control(const char *s, size_t n)
{
	unsigned c = decode((const unsigned char *)s, n);

	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool
text_is_plain(const char *s, size_t maximum)
{
	size_t length;

	if (s == NULL)
		return false;
	length = strnlen(s, maximum + 1);
	if (length > maximum)
		return false;
	while (length > 0) {
		size_t n = text_utf8(s, length);

		if (n == 0 || text_is_control(s, n))
			return false;
		s += n;
		length -= n;
	}
	return true;
}

/* Read exactly n digits. */
static bool
take_digits(const char **s, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--, ++*s) {
		if (!is_digit(**s))
			return false;
		*out = *out * 10 + (**s - '0');
	}
	return true;
}

static bool
take(const char **s, const char *literal)
{
	size_t n = strlen(literal);

	if (strncmp(*s, literal, n) != 0)
		return false;
	*s += n;
	return true;
}

/* "14:03:07" */
static bool
take_clock(const char **s, struct tm *tm)
{
	return take_digits(s, 2, &tm->tm_hour) && take(s, ":") && take_digits(s, 2, &tm->tm_min) &&
	       take(s, ":") && take_digits(s, 2, &tm->tm_sec) && tm->tm_hour < 24 &&
	       tm->tm_min < 60 && tm->tm_sec < 60;
}

/* "", ".1", ".123456": what is beyond a millisecond is cut. */
static bool
take_fraction(const char **s, int *ms)
{
	int place = 100;

	*ms = 0;
	if (!take(s, "."))
		return true;
	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); ++*s, place /= 10)
		*ms += (**s - '0') * place;
	return true;
}

/* "Z", "+00:00", "+0000": the rest of the text. */
static bool
take_offset(const char **s, int *minutes)
{
	int sign = **s == '-' ? -1 : 1;
	int hour, minute;

	*minutes = 0;
	if (take(s, "Z"))
		return **s == '\0';
	if (!take(s, "+") && !take(s, "-"))
		return false;
	if (!take_digits(s, 2, &hour))
		return false;
	take(s, ":");
	if (!take_digits(s, 2, &minute) || hour > 23 || minute > 59 || **s != '\0')
		return false;
	*minutes = sign * (hour * 60 + minute);
	return true;
}

/* timegm would take the 31st of April for the 1st of May. Years before 1900 are a slip, not a date.
 */
static bool
to_ms(struct tm tm, int ms, int64_t offset_minutes, int64_t *out)
{
	struct tm asked = tm;
	int64_t seconds = timegm(&tm);

	if (asked.tm_year < 0 || tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon ||
	    tm.tm_year != asked.tm_year)
		return false;
	*out = (seconds - offset_minutes * 60) * 1000 + ms;
	return true;
}

/* "2012-11-20T00:00:00.000Z" */
static bool
parse_iso(const char *s, int64_t *out)
{
	struct tm tm = { 0 };
	int ms, offset;

	if (!take_digits(&s, 4, &tm.tm_year) || !take(&s, "-") || !take_digits(&s, 2, &tm.tm_mon) ||
	    !take(&s, "-") || !take_digits(&s, 2, &tm.tm_mday) || !take(&s, "T") ||
	    !take_clock(&s, &tm) || !take_fraction(&s, &ms) || !take_offset(&s, &offset))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return to_ms(tm, ms, offset, out);
}

/* One of the names, each of three letters. */
static bool
take_name(const char **s, const char *names, int *index)
{
	*index = 0;
	for (const char *name = names; *name != '\0'; name += 3) {
		if (strncmp(*s, name, 3) == 0) {
			*s += 3;
			return true;
		}
		++*index;
	}
	return false;
}

/* "Tue, 20 Nov 2012 00:00:00 +0000"; the day's name may be missing, the day may have one digit. */
static bool
parse_rfc2822(const char *s, int64_t *out)
{
	struct tm tm = { 0 };
	int weekday, offset = 0;

	if (take_name(&s, "SunMonTueWedThuFriSat", &weekday) && !take(&s, ", "))
		return false;
	if (!take_digits(&s, is_digit(s[0]) && is_digit(s[1]) ? 2 : 1, &tm.tm_mday) ||
	    !take(&s, " ") || !take_name(&s, "JanFebMarAprMayJunJulAugSepOctNovDec", &tm.tm_mon) ||
	    !take(&s, " ") || !take_digits(&s, 4, &tm.tm_year) || !take(&s, " ") ||
	    !take_clock(&s, &tm) || !take(&s, " "))
		return false;
	if (strcmp(s, "GMT") != 0 && !take_offset(&s, &offset))
		return false;
	tm.tm_year -= 1900;
	return to_ms(tm, 0, offset, out);
}

bool
text_time_ms(const char *s, int64_t *out)
{
	return s != NULL && (parse_iso(s, out) || parse_rfc2822(s, out));
}

void
text_from_time_ms(int64_t time_ms, char out[TEXT_TIME_SIZE])
{
	int64_t ms = (time_ms % 1000 + 1000) % 1000;
	time_t seconds = time_ms / 1000 - (time_ms % 1000 < 0);
	struct tm tm;
	size_t n;

	if (gmtime_r(&seconds, &tm) == NULL)
		panic("time %lld ms is out of range", (long long)time_ms);
	n = strftime(out, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	ASSERT(n > 0);
	snprintf(out + n, TEXT_TIME_SIZE - n, ".%03dZ", (int)ms);
}

bool
text_is_loopback(const char *host)
{
	size_t length = strlen(host);
	struct in_addr address;

	if (strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0 ||
	    text_equal_nocase(host, "localhost"))
		return true;
	if (length > 10 && text_equal_nocase(host + length - 10, ".localhost"))
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

void
text_lower(char *s)
{
	for (; *s != '\0'; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 0x20);
	}
}

size_t
text_find(const char *word, const char *const *words, size_t n)
{
	size_t i = 0;

	if (word == NULL)
		return n;
	while (i < n && strcmp(words[i], word) != 0)
		i++;
	return i;
}

bool
text_has_prefix(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_equal_nocase(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}
