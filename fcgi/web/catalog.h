/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the pages, by language: one file pages/text.TAG for each, named by its BCP 47 tag
 * ("de", "pt-BR"), and nothing else to change for a new one. A line is "key = text"; a line that
 * begins with white space goes on with the text before; '#' begins a comment line. English has
 * every key.
 */
#ifndef WEB_CATALOG_H
#define WEB_CATALOG_H

#include <stddef.h>

/* Read all languages; panics with the place of the first fault. Once at start. */
void catalog_load(void);

/* The tags of all languages, NULL behind the last. */
const char *const *catalog_languages(void);

/* The text of a key, in English where the translation lacks it; NULL if there is none. */
const char *catalog_text(const char *language, const char *key);

/*
 * A text that depends on the place as well: of the locale's language, for its longest tag that has
 * one, "format.money.de-CH" before "format.money.de" before "format.money". NULL is "en".
 */
const char *catalog_local(const char *locale, const char *key);

/*
 * The language that fits an Accept-Language header or a locale best (RFC 4647, 3.4: what is asked
 * for, shortened until there is such a language). A static string; "en" if none fits, or for NULL.
 */
const char *catalog_language(const char *accept);

/* The keys of one language's own file, in order; NULL behind the last. For checks. */
const char *catalog_key(const char *language, size_t i);

/*
 * For tests: a key of English that the language lacks, or one that English lacks, forms for places
 * left aside; NULL if they agree.
 */
const char *catalog_difference(const char *language);

#endif
