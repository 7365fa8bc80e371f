/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further language is one file among those that travel along, and nothing else: here is a program
 * with other files than its own (this table takes the place of the one that make writes).
 */
#include "test.h"

#include "base/asset.h"
#include "web/catalog.h"
#include "web/html.h"
#include "web/locale.h"

#define FILE_OF(text) text, text + sizeof(text) - 1
#define NBSP          "\u00a0"

static const char layout[] = "<html lang=\"@@lang@@\"><h1>@@_hello@@</h1>@@>page@@";
static const char page[] = "@@amount@@, @@time@@. @@_bye@@";
static const char en[] = "hello = Hello\nbye = Goodbye\n"
			 "format.money = ¤1,234.50\n"
			 "format.months = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec\n"
			 "format.halves = AM PM\n"
			 "format.time = {month} {day}, {year}, {hour12}:{minute} {half}\n";
static const char nl[] = "# Nederlands\nhello = Hallo\n"
			 "format.money = ¤" NBSP "1.234,50\n"
			 "format.money.nl-SR = 1.234,50" NBSP "¤\n"
			 "format.months = jan feb mrt apr mei jun jul aug sep okt nov dec\n"
			 "format.halves = a.m. p.m.\n"
			 "format.time = {day} {month} {year} om {hour}:{minute}\n";
static const char pt_br[] = "hello = Oi\nbye = Tchau\n";
static const char pt[] = "hello = Olá\nbye = Adeus\n";

const struct asset assets[] = {
	{ "fcgi/pages/layout.html", FILE_OF(layout) },
	{ "fcgi/pages/page.html", FILE_OF(page) },
	{ "fcgi/pages/text.en", FILE_OF(en) },
	{ "fcgi/pages/text.nl", FILE_OF(nl) },
	{ "fcgi/pages/text.pt", FILE_OF(pt) },
	{ "fcgi/pages/text.pt-BR", FILE_OF(pt_br) },
	{ 0 },
};

static void
is_found(void **state)
{
	static const struct {
		const char *accept, *language;
	} cases[] = {
		{ "nl", "nl" },
		{ "nl-BE,nl;q=0.9,en;q=0.8", "nl" },
		{ "fr-BE, nl-BE;q=0.5, en;q=0.3", "nl" },
		{ "pt", "pt" },
		{ "pt-PT", "pt" },
		{ "PT_br", "pt-BR" },
		{ "pt-BR-x-old", "pt-BR" },
		{ "ptx", "en" },
		{ "de", "en" },
	};
	static const char *const tags[] = { "en", "nl", "pt", "pt-BR" };
	const char *const *languages;

	(void)state;
	html_check();
	languages = catalog_languages();
	for (size_t i = 0; i < COUNT(tags); i++)
		assert_string_equal(languages[i], tags[i]);
	assert_null(languages[COUNT(tags)]);
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(strcmp(catalog_language(cases[i].accept), cases[i].language) == 0, "%s: %s",
		    cases[i].accept, catalog_language(cases[i].accept));
}

static void
speaks(void **state)
{
	struct buf *out = buf_new(*state, 1024);
	struct view *view = view_new(*state);

	html_check();
	view_text(view, "lang", catalog_language("nl-BE"));
	view_money(view, "amount", 123450, "EUR", "nl-BE");
	view_time(view, "time", INT64_C(1795356187123), "nl-BE");
	html_page(out, "page", view, "nl");
	/* what the file lacks is said in English, and found by the check of all files */
	assert_string_equal(out->bytes,
	    "<html lang=\"nl\"><h1>Hallo</h1>€" NBSP "1.234,50, 22 nov 2026 om 14:03. Goodbye");
	assert_string_equal(catalog_difference("nl"), "bye");
	assert_null(catalog_difference("en"));
}

static void
writes_as_the_place_does(void **state)
{
	html_check();
	assert_string_equal(locale_money(*state, 123450, "SRD", "nl-SR"), "1.234,50" NBSP "SRD");
	assert_string_equal(locale_money(*state, 123450, "EUR", "pt-PT"), "€1,234.50");
	assert_string_equal(locale_amount(*state, 123450, "EUR", "nl"), "1234,50");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_found),
		TEST(speaks),
		TEST(writes_as_the_place_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
