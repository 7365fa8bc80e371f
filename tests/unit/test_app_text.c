/* SPDX-License-Identifier: Apache-2.0 */
/* Texts whose keys are put together at run time: every word that can come has its text, in every
 * language. */
#include "test.h"

#include <stdio.h>

#include "domain/install.h"
#include "domain/refund.h"
#include "web/catalog.h"

static void
has(const char *prefix, const char *word, const char *suffix)
{
	char key[96];

	snprintf(key, sizeof(key), "%s%s%s", prefix, word, suffix);
	CHECK(catalog_text("en", key) != NULL, "no %s", key);
	for (const char *const *language = catalog_languages(); *language != NULL; language++)
		CHECK(strcmp(*language, "en") == 0 || strcmp(word, "marketing") == 0 ||
			  strcmp(catalog_text("en", key), catalog_text(*language, key)) != 0,
		    "%s: %s is not translated", *language, key);
}

static void
refunds(void **state)
{
	static const char *const waits[] = { WAIT_SETTLING, WAIT_GRACE, WAIT_HOLD, WAIT_SHADOW,
		WAIT_FUSE, WAIT_TIMELINE, WAIT_FROZEN, WAIT_TURN, WAIT_VIOLET, WAIT_SUMS,
		WAIT_STALE, WAIT_BUSY, WAIT_CANCEL };

	(void)state;
	for (enum review_code code = REVIEW_NONE + 1; code < REVIEW__COUNT; code++)
		has("app.review.", review_name(code), "");
	for (enum refund_source source = 0; source < SOURCE__COUNT; source++)
		has("app.source.", refund_source_name(source), "");
	for (enum refund_state s = 0; s < REFUND__COUNT; s++) {
		if (s == REFUND_REVIEW)
			continue;
		has("app.refund.", refund_state_name(s), "");
		has("app.refund.", refund_state_name(s), ".text");
	}
	for (enum withdrawal why = 0; why < WITHDRAWN__COUNT; why++) {
		has("app.withdrawn.", withdrawal_name(why), "");
		assert_string_equal(
		    withdrawal_from_sentence(withdrawal_sentence(why)), withdrawal_name(why));
	}
	assert_null(withdrawal_from_sentence("paid back in cash"));
	for (size_t i = 0; i < COUNT(waits); i++)
		has("app.wait.", waits[i], "");
}

static void
installing(void **state)
{
	const char *missing[INSTALL_SCOPES];

	(void)state;
	for (enum install_fault fault = 0; fault < INSTALL__COUNT; fault++) {
		has("app.error.install_", install_fault_name(fault), ".title");
		has("app.error.install_", install_fault_name(fault), ".text");
	}
	assert_int_equal(install_missing_scopes("", missing), INSTALL_SCOPES);
	for (size_t i = 0; i < INSTALL_SCOPES; i++) {
		has("app.scope.", missing[i], "");
		has("app.scope.", missing[i], ".effect");
	}
}

static void
page(void **state)
{
	static const char *const sees[] = { "refused", "unlinked", "waiting", "ending", "disabled",
		"preparing", "fine" };
	static const char *const reasons[] = { "ok", "countries", "schedule", "automatic",
		"disabled", "invalid", "expired", "not_begun", "used_up", "customers", "channels",
		"currency" };
	static const char *const verdicts[] = { "works", "not_now", "never" };
	static const char *const errors[] = { "scope", "refused", "away" };
	static const char *const hooks[] = { "fine", "broken", "unchecked" };

	(void)state;
	for (size_t i = 0; i < COUNT(sees); i++)
		has("app.sees.", sees[i], "");
	for (size_t i = 0; i < COUNT(reasons); i++)
		has("app.discount.", reasons[i], "");
	for (size_t i = 0; i < COUNT(verdicts); i++)
		has("app.verdict.", verdicts[i], "");
	for (size_t i = 0; i < COUNT(errors); i++)
		has("app.discounts.error.", errors[i], "");
	for (size_t i = 0; i < COUNT(hooks); i++)
		has("app.hooks.", hooks[i], "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refunds),
		cmocka_unit_test(installing),
		cmocka_unit_test(page),
	};

	mem_init();
	catalog_load();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
