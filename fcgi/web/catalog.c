/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the pages by language and key, read once from the files that travel inside the
 * program.
 */
#include "web/catalog.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

struct text {
	const char *key, *text;
};

struct catalog {
	const char *language, *path;
	struct text *texts; /* sorted by key */
	size_t count;
};

/* Read-only after catalog_load. */
static struct catalog *catalogs;
static size_t catalogs_count;
static const char **languages;
static const struct catalog *english;
static void *catalog_ctx;

#define FOLDER "fcgi/pages/text."
#define BLANKS " \t"

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->key, ((const struct text *)b)->key);
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return s;
}

static void
line_add(struct catalog *c, char *line, size_t number)
{
	char *equals = strchr(line, '=');
	struct text *last = c->count > 0 ? &c->texts[c->count - 1] : NULL;

	if (line[0] == '#' || *trim(line) == '\0')
		return;
	if (strchr(BLANKS, line[0]) != NULL) {
		if (last == NULL)
			panic("%s, line %zu: goes on with nothing", c->path, number);
		last->text = mem_printf(catalog_ctx, "%s %s", last->text, trim(line));
		return;
	}
	if (equals == NULL)
		panic("%s, line %zu: no \"key = text\"", c->path, number);
	*equals = '\0';
	c->texts = mem_grow(catalog_ctx, c->texts, c->count, sizeof(*c->texts));
	c->texts[c->count++] = (struct text){ .key = trim(line), .text = trim(equals + 1) };
}

static void
catalog_read(struct catalog *c, const struct asset *asset)
{
	size_t i, number = 0;
	char *rest = mem_bytes(catalog_ctx, asset->bytes, asset_length(asset)), *line;

	c->path = asset->path;
	c->language = asset->path + strlen(FOLDER);
	while ((line = strsep(&rest, "\n")) != NULL)
		line_add(c, line, ++number);
	qsort(c->texts, c->count, sizeof(c->texts[0]), by_key);
	for (i = 1; i < c->count; i++)
		if (strcmp(c->texts[i - 1].key, c->texts[i].key) == 0)
			panic("%s: key \"%s\" is there twice", c->path, c->texts[i].key);
}

/* Tags differ neither by case nor by the underscore that some write for the hyphen. */
static bool
is_tag(const char *language, const char *tag, size_t n)
{
	size_t i;

	for (i = 0; i < n && language[i] != '\0'; i++)
		if (tolower((unsigned char)language[i]) !=
		    (tag[i] == '_' ? '-' : tolower((unsigned char)tag[i])))
			return false;
	return i == n && language[i] == '\0';
}

/* The tag without its last part; 0 when nothing is left. */
static size_t
shorten(const char *tag, size_t n)
{
	while (n > 0 && tag[n - 1] != '-' && tag[n - 1] != '_')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* NULL if there is no such language, however much it is shortened. */
static const struct catalog *
lookup(const char *tag, size_t n)
{
	size_t i;

	for (; n > 0; n = shorten(tag, n))
		for (i = 0; i < catalogs_count; i++)
			if (is_tag(catalogs[i].language, tag, n))
				return &catalogs[i];
	return NULL;
}

void
catalog_load(void)
{
	const struct asset *asset;
	size_t count = 0, i;

	if (catalog_ctx != NULL)
		return;
	catalog_ctx = mem_context("texts");
	for (asset = assets; asset->path != NULL; asset++)
		count += text_has_prefix(asset->path, FOLDER);
	catalogs = mem_array(catalog_ctx, struct catalog, count);
	for (asset = assets; asset->path != NULL; asset++)
		if (text_has_prefix(asset->path, FOLDER))
			catalog_read(&catalogs[catalogs_count++], asset);
	languages = mem_array(catalog_ctx, const char *, count + 1);
	for (i = 0; i < count; i++)
		languages[i] = catalogs[i].language;
	english = lookup("en", 2);
	if (english == NULL)
		panic(FOLDER "en is missing");
}

const char *const *
catalog_languages(void)
{
	return languages;
}

static const char *
find(const struct catalog *c, const char *key)
{
	const struct text wanted = { .key = key };
	const struct text *found = NULL;

	if (c->count > 0)
		found = bsearch(&wanted, c->texts, c->count, sizeof(wanted), by_key);
	return found == NULL ? NULL : found->text;
}

static const struct catalog *
catalog_of(const char *language)
{
	const struct catalog *found = lookup(language, strlen(language));

	return found == NULL ? english : found;
}

const char *
catalog_text(const char *language, const char *key)
{
	const char *text = find(catalog_of(language), key);

	return text != NULL ? text : find(english, key);
}

/* The language's own text for a place, or its text for all places. */
static const char *
find_local(const struct catalog *c, const char *locale, const char *key)
{
	size_t n, i, prefix = strlen(key) + 1;

	for (n = strlen(locale); n > 0; n = shorten(locale, n))
		for (i = 0; i < c->count; i++)
			if (text_has_prefix(c->texts[i].key, key) &&
			    c->texts[i].key[prefix - 1] == '.' &&
			    is_tag(c->texts[i].key + prefix, locale, n))
				return c->texts[i].text;
	return find(c, key);
}

const char *
catalog_local(const char *locale, const char *key)
{
	const char *text;

	if (locale == NULL || *locale == '\0')
		locale = "en";
	text = find_local(catalog_of(locale), locale, key);
	return text != NULL ? text : find_local(english, locale, key);
}

const char *
catalog_key(const char *language, size_t i)
{
	const struct catalog *c = catalog_of(language);

	return i < c->count ? c->texts[i].key : NULL;
}

/* "format.money.de-CH": a form for a place. */
static bool
is_local(const char *key)
{
	return text_has_prefix(key, "format.") && strchr(key + strlen("format."), '.') != NULL;
}

/* A key of one that the other lacks. */
static const char *
lacking(const struct catalog *one, const struct catalog *other)
{
	size_t i;

	for (i = 0; i < one->count; i++)
		if (!is_local(one->texts[i].key) && find(other, one->texts[i].key) == NULL)
			return one->texts[i].key;
	return NULL;
}

const char *
catalog_difference(const char *language)
{
	const struct catalog *other = catalog_of(language);
	const char *key = lacking(english, other);

	return key != NULL ? key : lacking(other, english);
}

/* Thousandths of "q=0.8"; 1000 without one. Unreadable weights count as 0. */
static int
weight(const char *item, size_t n)
{
	const char *q = memmem(item, n, "q=", 2);
	char digits[6] = "";
	int64_t ms;

	if (q == NULL)
		return 1000;
	n -= (size_t)(q + 2 - item);
	if (n >= sizeof(digits))
		return 0;
	memcpy(digits, q + 2, n);
	return text_duration_ms(trim(digits), 0, 1000, &ms) ? (int)ms : 0;
}

const char *
catalog_language(const char *accept)
{
	const struct catalog *best = english;
	const char *p = accept;
	int best_weight = 0;

	while (p != NULL && *p != '\0') {
		size_t n;
		const struct catalog *found;

		p += strspn(p, BLANKS ",");
		n = strcspn(p, ",");
		found = lookup(p, strcspn(p, ",;" BLANKS));
		if (found != NULL && weight(p, n) > best_weight) {
			best_weight = weight(p, n);
			best = found;
		}
		p += n;
	}
	return best->language;
}
