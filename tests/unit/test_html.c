/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "web/catalog.h"
#include "web/html.h"
#include "web/locale.h"
#include "web/template.h"

static const char *
filled(void *ctx, const char *source, const struct view *view)
{
	struct buf *out = buf_new(ctx, 64 * 1024);

	html_check();
	html_render_source(out, source, view);
	return out->bytes;
}

static struct view *
example(void *ctx)
{
	struct view *view = view_new(ctx), *item;

	view_text(view, "name", "Tom & Jerry");
	view_text(view, "empty", "");
	view_text(view, "absent", NULL);
	view_text(view, "script", "\"'><script>@@name@@{name}");
	view_int(view, "zero", 0);
	view_flag(view, "yes", true);
	view_flag(view, "no", false);
	view_key(view, "key", "error.request");
	view_text(view, "request_id", "<7>");
	item = view_item(view, "list");
	view_text(item, "name", "inner");
	item = view_item(view, "list");
	view_text(view_item(item, "deep"), "at", "bottom");
	return view;
}

static void
templates(void **state)
{
	static const struct {
		const char *source, *result;
	} cases[] = {
		{ "", "" },
		{ "a@b", "a@b" },
		{ "<@@name@@>", "<Tom &amp; Jerry>" },
		{ "@@empty@@@@absent@@@@unknown@@", "" },
		{ "@@script@@", "&quot;&#39;&gt;&lt;script&gt;@@name@@{name}" },
		{ "@@zero@@ @@?zero@@there@@/zero@@", "0 there" },
		{ "@@?name@@yes@@/name@@@@^name@@no@@/name@@", "yes" },
		{ "@@?empty@@yes@@/empty@@@@^empty@@no@@/empty@@", "no" },
		{ "@@?absent@@yes@@/absent@@@@^unknown@@no@@/unknown@@", "no" },
		{ "@@?yes@@1@@/yes@@@@?no@@2@@/no@@@@^no@@3@@/no@@", "13" },
		{ "@@?list@@some@@/list@@@@^other@@none@@/other@@", "somenone" },
		{ "@@#list@@[@@name@@]@@/list@@", "[inner][Tom &amp; Jerry]" },
		{ "@@#list@@@@#deep@@@@at@@ of @@name@@@@/deep@@@@/list@@",
		    "bottom of Tom &amp; Jerry" },
		{ "@@#other@@never@@/other@@@@#name@@never@@/name@@", "" },
		{ "@@?yes@@@@?no@@x@@/no@@y@@/yes@@z", "yz" },
		{ "@@_common.skip@@", "Skip to the content" },
		{ "@@key@@", "If you ask for help, please quote this reference: &lt;7&gt;" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *result = filled(*state, cases[i].source, example(*state));

		CHECK(strcmp(result, cases[i].result) == 0, "%s: %s", cases[i].source, result);
	}
}

static void
faults(void **state)
{
	static const struct {
		const char *source, *fault;
	} cases[] = {
		{ "@@name", "line 1: this tag has no end" },
		{ "\n\n@@na me@@", "line 3: this is no name: \"na me\"" },
		{ "@@@@", "this is no name: \"\"" },
		{ "@@?a@@", "this section is never closed: \"a\"" },
		{ "@@/a@@", "nothing is open to be closed by \"a\"" },
		{ "@@?a@@@@#b@@@@/a@@@@/b@@",
		    "an inner section is still open at the end of \"a\"" },
	};
	const char *fault;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *source = cases[i].source;

		assert_null(template_parse(*state, "t", source, strlen(source), &fault));
		CHECK(strstr(fault, cases[i].fault) != NULL, "%s: %s", source, fault);
	}
}

static void
values_replace(void **state)
{
	struct view *view = view_new(*state);

	view_text(view, "a", "first");
	view_int(view, "a", -7);
	assert_string_equal(filled(*state, "@@a@@", view), "-7");
	view_keyf(view, "a", "error.%s.title", "busy");
	assert_string_equal(filled(*state, "@@a@@", view), "We are busy for a moment");
}

static void
layout(void **state)
{
	struct buf *out = buf_new(*state, 64 * 1024);
	struct view *view = example(*state);

	html_check();
	view_key(view, "title", "error.busy.title");
	view_text(view, "lang", "de");
	html_page(out, "error", view, "de");
	assert_non_null(strstr(out->bytes, "<html lang=\"de\">"));
	assert_non_null(strstr(out->bytes, "<h1>Wir sind gerade ausgelastet</h1>"));
}

static void
languages(void **state)
{
	static const struct {
		const char *accept, *language;
	} cases[] = {
		{ NULL, "en" },
		{ "", "en" },
		{ "de", "de" },
		{ "DE-de", "de" },
		{ "de_AT", "de" },
		{ "de-Latn-DE-1996", "de" },
		{ "en-GB", "en" },
		{ "en-GB;q=0.5, de-CH;q=0.4", "en" },
		{ "*", "en" },
		{ "-", "en" },
		{ "fr, de;q=0.5", "de" },
		{ "en;q=0.8, de;q=0.9", "de" },
		{ "de;q=0.8,en;q=0.9", "en" },
		{ "de, en", "de" },
		{ "de;q=0", "en" },
		{ "de;q=x, en;q=0.1", "en" },
		{ "den, deutsch", "en" },
		{ ",,;;q=,", "en" },
		{ "de;q=0.0001", "en" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(strcmp(catalog_language(cases[i].accept), cases[i].language) == 0, "%s",
		    cases[i].accept);
}

static void
catalogs(void **state)
{
	(void)state;
	html_check();
	assert_string_equal(catalog_text("de", "common.skip"), "Zum Inhalt springen");
	assert_string_equal(catalog_text("xx", "common.skip"), "Skip to the content");
	assert_null(catalog_text("en", "no.such.key"));
	for (const char *const *language = catalog_languages(); *language != NULL; language++)
		CHECK(catalog_difference(*language) == NULL, "text.%s and text.en differ in \"%s\"",
		    *language, catalog_difference(*language));
}

static void
money(void **state)
{
	static const struct {
		int64_t minor;
		const char *currency, *locale, *text;
	} cases[] = {
		{ 1000, "USD", "en-US", "$10.00" },
		{ 0, "USD", NULL, "$0.00" },
		{ 5, "USD", "", "$0.05" },
		{ -123456789, "USD", "en", "-$1,234,567.89" },
		{ 100000, "EUR", "de", "1.000,00\u00a0€" },
		{ 99999, "EUR", "de-DE", "999,99\u00a0€" },
		{ 123450, "CHF", "de-CH", "CHF\u00a01’234.50" },
		{ 123450, "EUR", "de-AT", "€\u00a01\u00a0234,50" },
		{ 123450, "EUR", "fr-FR", "1\u202f234,50\u00a0€" },
		{ 123450, "BRL", "pt-BR", "R$\u00a01.234,50" },
		{ 123450, "EUR", "pt_PT", "1\u00a0234,50\u00a0€" },
		{ 123450, "MXN", "es-MX", "MX$1,234.50" },
		{ -123450, "EUR", "es-ES", "-1.234,50\u00a0€" },
		{ 1234, "JPY", "ja-JP", "¥1,234" },
		{ 1234567, "KWD", "en-US", "KWD\u00a01,234.567" },
		{ 7, "KWD", "de", "0,007\u00a0KWD" },
		{ INT64_MIN, "USD", "en", "-$92,233,720,368,547,758.08" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text =
		    locale_money(*state, cases[i].minor, cases[i].currency, cases[i].locale);

		CHECK(strcmp(text, cases[i].text) == 0, "%s: %s", cases[i].text, text);
	}
}

static void
times(void **state)
{
	static const struct {
		int64_t ms;
		const char *locale, *text;
	} cases[] = {
		{ INT64_C(1795356187123), "en-US", "Nov 22, 2026, 2:03 PM UTC" },
		{ INT64_C(1795356187123), NULL, "Nov 22, 2026, 2:03 PM UTC" },
		{ INT64_C(1795356187123), "en-GB", "22 Nov 2026, 14:03 UTC" },
		{ INT64_C(1795356187123), "de-AT", "22. Nov. 2026, 14:03 UTC" },
		{ INT64_C(1795356187123), "fr-FR", "22 Nov 2026, 14:03 UTC" },
		{ INT64_C(1795356187123), "en_US", "Nov 22, 2026, 2:03 PM UTC" },
		{ 0, "en", "Jan 1, 1970, 12:00 AM UTC" },
		{ 43200000, "en", "Jan 1, 1970, 12:00 PM UTC" },
		{ 0, "de", "1. Jan. 1970, 00:00 UTC" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = locale_time(*state, cases[i].ms, cases[i].locale);

		CHECK(strcmp(text, cases[i].text) == 0, "%s: %s", cases[i].text, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(templates),
		TEST(faults),
		TEST(values_replace),
		TEST(layout),
		TEST(languages),
		TEST(catalogs),
		TEST(money),
		TEST(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
