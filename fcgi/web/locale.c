/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amounts and dates for people, as the files of texts write them: "format.money" is the example
 * "1.234,50 ¤", where ¤ stands for the currency's sign, "format.time" a pattern, "format.months"
 * and "format.halves" words. They take the place of ICU, whose data is thirty times the size of
 * this program.
 */
#include "web/locale.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/money.h"
#include "base/text.h"
#include "web/catalog.h"

#define SIGN "\u00a4"

struct piece {
	const char *text;
	int length;
};

/* How amounts are written, taken out of the example. */
struct style {
	struct piece group, decimal;
	struct piece gap; /* between sign and number */
	bool sign_first;
};

static const struct {
	const char *currency, *sign;
} signs[] = {
	{ "USD", "$" },
	{ "EUR", "€" },
	{ "GBP", "£" },
	{ "JPY", "¥" },
	{ "AUD", "A$" },
	{ "CAD", "CA$" },
	{ "NZD", "NZ$" },
	{ "MXN", "MX$" },
	{ "BRL", "R$" },
	{ "INR", "₹" },
	{ "ILS", "₪" },
	{ "KRW", "₩" },
};

static const struct piece no_break = { "\u00a0", sizeof("\u00a0") - 1 };

static struct piece
piece(const char *from, const char *to)
{
	return (struct piece){ from, (int)(to - from) };
}

static const char *
behind(const char *text, const char *part)
{
	const char *at = text == NULL ? NULL : strstr(text, part);

	return at == NULL ? NULL : at + strlen(part);
}

/* Take "¤1,234.50" or "1.234,50 ¤" apart. */
static bool
read_style(const char *example, struct style *out)
{
	const char *sign = strstr(example, SIGN);
	const char *one = behind(example, "1"), *whole = behind(one, "234"),
		   *end = behind(whole, "50");

	if (sign == NULL || end == NULL)
		return false;
	out->sign_first = sign == example;
	out->group = piece(one, whole - 3);
	out->decimal = piece(whole, end - 2);
	out->gap = out->sign_first ? piece(sign + strlen(SIGN), one - 1) : piece(end, sign);
	return out->sign_first ? *end == '\0' : one == example + 1 && sign[strlen(SIGN)] == '\0';
}

static struct style
style_of(const char *locale)
{
	struct style style;
	bool is_read = read_style(catalog_local(locale, "format.money"), &style);

	ASSERT(is_read);
	return style;
}

static const char *
sign_of(const char *currency)
{
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strcmp(signs[i].currency, currency) == 0)
			return signs[i].sign;
	return NULL;
}

/* The digits of an amount without its minus, with at least one before the decimal point. */
static char *
digits_of(const void *ctx, int64_t minor, int exponent)
{
	uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;

	return mem_printf(ctx, "%0*llu", exponent + 1, (unsigned long long)size);
}

static char *
number(const void *ctx, int64_t minor, int exponent, const struct style *style)
{
	char *digits = digits_of(ctx, minor, exponent);
	size_t whole = strlen(digits) - (size_t)exponent, i;
	char *out = mem_text(ctx, "");

	for (i = 0; i < whole; i++)
		out = mem_printf(ctx, "%s%.*s%c", out,
		    i > 0 && (whole - i) % 3 == 0 ? style->group.length : 0, style->group.text,
		    digits[i]);
	if (exponent > 0)
		out = mem_printf(ctx, "%s%.*s%s", out, style->decimal.length, style->decimal.text,
		    digits + whole);
	return out;
}

char *
locale_money(const void *ctx, int64_t minor, const char *currency, const char *locale)
{
	struct style style = style_of(locale);
	int exponent = money_exponent(currency);
	const char *sign = sign_of(currency);
	const char *minus = minor < 0 ? "-" : "";
	char *amount;

	ASSERT(exponent >= 0);
	amount = number(ctx, minor, exponent, &style);
	if (sign == NULL) {
		sign = currency;
		style.gap = no_break;
	}
	if (style.sign_first)
		return mem_printf(
		    ctx, "%s%s%.*s%s", minus, sign, style.gap.length, style.gap.text, amount);
	return mem_printf(ctx, "%s%s%.*s%s", minus, amount, style.gap.length, style.gap.text, sign);
}

char *
locale_amount(const void *ctx, int64_t minor, const char *currency, const char *locale)
{
	struct style plain = style_of(locale);

	plain.group.length = 0;
	return mem_printf(ctx, "%s%s", minor < 0 ? "-" : "",
	    number(ctx, minor, money_exponent(currency), &plain));
}

/* Word number i of a list of words with blanks between. */
static struct piece
word(const char *list, int i)
{
	size_t n;

	for (; i > 0; i--) {
		list += strcspn(list, " ");
		list += strspn(list, " ");
	}
	n = strcspn(list, " ");
	return piece(list, list + n);
}

/* Two digits of "2026-11-22T14:03:07.123Z". */
static int
two(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* What the names in a pattern stand for. */
enum { DAY, MONTH, YEAR, HOUR, HOUR12, MINUTE, HALF, PARTS };
static const char *const part_names[PARTS] = { "{day}", "{month}", "{year}", "{hour}", "{hour12}",
	"{minute}", "{half}" };

/* The part whose name the pattern begins with here; PARTS: none. */
static size_t
part_at(const char *pattern)
{
	size_t i = 0;

	while (i < PARTS && !text_has_prefix(pattern, part_names[i]))
		i++;
	return i;
}

static char *
fill(const void *ctx, const char *pattern, const struct piece parts[PARTS])
{
	char *out = mem_text(ctx, "");

	while (*pattern != '\0') {
		size_t i = part_at(pattern);
		struct piece next = i < PARTS ? parts[i] : piece(pattern, pattern + 1);

		out = mem_printf(ctx, "%s%.*s", out, next.length, next.text);
		pattern += i < PARTS ? strlen(part_names[i]) : 1;
	}
	return out;
}

char *
locale_time(const void *ctx, int64_t time_ms, const char *locale)
{
	char iso[TEXT_TIME_SIZE], *hour12;
	int hour;

	text_from_time_ms(time_ms, iso);
	hour = two(iso + 11);
	hour12 = mem_printf(ctx, "%d", hour % 12 == 0 ? 12 : hour % 12);
	return fill(ctx, catalog_local(locale, "format.time"),
	    (struct piece[PARTS]){
		[DAY] = piece(iso + (iso[8] == '0' ? 9 : 8), iso + 10),
		[MONTH] = word(catalog_local(locale, "format.months"), two(iso + 5) - 1),
		[YEAR] = piece(iso, iso + 4),
		[HOUR] = piece(iso + 11, iso + 13),
		[HOUR12] = piece(hour12, hour12 + strlen(hour12)),
		[MINUTE] = piece(iso + 14, iso + 16),
		[HALF] = word(catalog_local(locale, "format.halves"), hour / 12),
	    });
}

/* What is wrong with a form; NULL: nothing. */
static const char *
fault_of(const char *key, const char *text)
{
	struct style style;

	if (text_has_prefix(key, "format.money") && !read_style(text, &style))
		return "is not written like \"1.234,50 ¤\"";
	if (text_has_prefix(key, "format.months") && word(text, 11).length == 0)
		return "has fewer than twelve words";
	if (text_has_prefix(key, "format.halves") && word(text, 1).length == 0)
		return "has fewer than two words";
	return NULL;
}

void
locale_check(void)
{
	static const char *const needed[] = { "format.money", "format.months", "format.halves",
		"format.time" };
	const char *const *language;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (catalog_text("en", needed[i]) == NULL)
			panic("pages/text.en: no text for \"%s\"", needed[i]);
	for (language = catalog_languages(); *language != NULL; language++) {
		const char *key;

		for (size_t i = 0; (key = catalog_key(*language, i)) != NULL; i++) {
			const char *fault = fault_of(key, catalog_text(*language, key));

			if (fault != NULL)
				panic("pages/text.%s: %s %s", *language, key, fault);
		}
	}
}
