# SPDX-License-Identifier: Apache-2.0
"""Every state of the embedded app in Chromium: its text, its screenshots (build/screenshots/app-NAME-WIDTH-SCHEME.png, with
PICTURES=all in German too), and the checks of harness/accessibility.js and keyboard.js in every width and scheme."""
import contextlib

import pytest

from harness.accessibility import ALL, CHECKS, PICTURES, WIDTHS, look, set_media, walk
from harness.app import SHARE, App
from harness.texts import Walked, texts, translate

MERCHANT = "insert into violet.store_merchant values ('abc123', 50001, now(), now())"


def sql(*statements):
    def prepare(app):
        for statement in statements:
            app.db.rows(statement)
    return prepare


def refund(state, **columns):
    return lambda app: app.refund(250, state, **columns)


def linked(*more):
    def prepare(app):
        app.stack.link("abc123", "acme")
        sql(*more)(app)
    return prepare


def everything(app):
    app.stack.link("abc123", "acme")
    app.waiting("bloom")
    for number, state in enumerate(("done", "accepted", "pending", "sending", "unknown", "dismissed", "covered", "foreign")):
        app.refund(250 + number, state, amount=123450)
    app.refund(260, "review", amount=4000, proposed_minor=2500)
    app.refund(261, "review", amount=None, source="status", review_code="partial_by_hand")
    app.db.rows(MERCHANT)
    app.db.rows("update violet.store set token_refused_at = now(), hooks_checked_at = now(), hooks_result = '[]'")
    discounts(app)


def discounts(app):
    app.discount(1, "works", "ok", codes=["SPRING10"], name="Spring sale")
    app.discount(2, "not_now", "expired", codes=[f"OLD-{n}" for n in range(9)], name="Last year", facts='{"ends_ms": 1700000000000}')
    app.discount(3, "never", "automatic", name="Free shipping for everything above fifty")


def codes(prefix):
    """The last words of the catalogue's keys that begin so: what the database calls these reasons."""
    return [key.removeprefix(prefix) for key in texts("en") if key.startswith(prefix)]


def some_reviews(reasons):
    return lambda app: [app.refund(300 + number, "review", review_code=reason) for number, reason in enumerate(reasons)]


def some_waits(reasons):
    return lambda app: [app.refund(300 + number, "pending", wait_code=reason, source=("refund", "cancel", "elsewhere")[number % 3])
                        for number, reason in enumerate(reasons)]


def parts(name, reasons, size, prepare):
    """All reasons in states of a few each, as many as one page shows."""
    return [(f"{name}-{at // size + 1}", prepare(reasons[at:at + size]), "Order 300", {}) for at in range(0, len(reasons), size)]


def some_refunds(app):
    for number in range(10):
        app.refund(300 + number, "done")


def cancelled(app):
    app.cancelled(250)


def withdrawn(app):
    """What looks withdrew, in the words that they keep (fcgi/domain/refund_words.c)."""
    for number, reason in enumerate(codes("app.withdrawn.")):
        app.refund(300 + number, "dismissed", dismissed_by="look", dismissed_reason=texts("en")[f"app.withdrawn.{reason}"].rstrip("."))


def every_discount(app):
    verdicts = {"ok": "works", "countries": "works", "schedule": "works", "automatic": "never"}
    for number, reason in enumerate(codes("app.discount.")):
        app.discount(number, verdicts.get(reason, "not_now"), reason, codes=[reason.upper()] if reason != "automatic" else (),
                     facts='{"begins_ms": 1900000000000, "ends_ms": 1700000000000}')


def many_discounts(app):
    for number in range(120):
        app.discount(number, "works", "ok", codes=[f"CODE-{number}"])


def long_words(app):
    app.stack.must("channel", "edit", "acme", "--name", "A" * 90)
    app.db.rows("update violet.store set name = repeat('Wort', 30), domain = repeat('x', 200) || '.example'")
    linked()(app)
    app.refund(250, "dismissed", dismissed_reason="y" * 300)
    app.refund(251, "done", amount=10**14, bag={"total": 10**14})


def long_names(app):
    """As long as real ones may be, and as much money."""
    app.stack.must("channel", "edit", "acme", "--name", "The Wonderful Marketplace of Handmade Things and Gifts")
    app.db.rows("update violet.store set name = 'Grandmother Josephine''s Haberdashery, Wool and Sewing Supplies', "
                "domain = 'www.grandmother-josephines-haberdashery-wool-and-sewing.example'")
    linked()(app)
    app.waiting()
    app.refund(1234567, "review", amount=1234567890, currency="KWD", proposed_minor=1234567890,
               proposed_how=SHARE.replace("00000,", "0000000000,"))
    app.refund(1234568, "accepted", amount=1234567890, currency="KWD")
    app.discount(1, "works", "ok", codes=[f"A-RATHER-LONG-COUPON-CODE-FOR-EVERYBODY-{n}" for n in range(7)],
                 name="Fifteen per cent off everything in wool for all who have bought needles before the end of the year")


# What changes behind an open page

def demoted(app, _window):
    app.db.rows("update violet.store_user set is_owner = false, installed_at = null where user_id = 1001")


def settled(app, _window):
    app.db.rows("update violet.refund set state = 'dismissed', dismissed_by = 'x', dismissed_reason = 'x'")


def answered(app, _window):
    app.db.rows("update violet.refund set violet_refund_id = 7, violet_status = 'PROCESSING'")


def unlinked(app, _window):
    app.db.rows("update violet.link set ended_at = now(), end_reason = 'merchant'")


def installed_again(app, _window):
    app.stack.install("abc123")


# Other pages than the app's own

def at(path):
    return lambda app, _language: app.stack.url + path


def install(store="abc123", **fault):
    """A store's own way to /install; with a fault the exchange of its code goes wrong like this."""
    def url(app, _language):
        made = app.stack.sim.post(f"stores/{store}/install")["url"]
        if fault:
            app.stack.sim.post("faults", {"side": "bigcommerce", "path": "/oauth2/token", "times": 1, **fault})
        return made
    return url


FOREIGN_GRANT = {"access_token": "t", "scope": "s", "user": {"id": 7}, "context": "stores/def456"}


# name, what is prepared, words on the page, options: user; at (another page than the app's); failing (function, SQLSTATE);
# then, one after the other, the buttons to press, the field to fill, what changes behind the page, and the buttons after that
STATES = [
    ("empty", None, "No channel sells your products yet.", {}),
    ("staff", linked(), "Linked since", {"user": "staff"}),
    ("linked", linked(MERCHANT), "Linked since", {}),
    ("linked-preparing", linked(), "Acme Marketplace", {}),
    ("link-ending", linked("update violet.link set ending_at = now()"), "Ending", {}),
    ("channel-disabled", linked("update violet.channel set enabled = false"), "Paused at Violet", {}),
    ("waiting", lambda app: app.waiting(), "Finish connecting to Acme Marketplace", {}),
    ("waiting-two", lambda app: (app.waiting(), app.waiting("bloom")), "Finish connecting to Bloom Finds", {}),
    ("waiting-staff", lambda app: app.waiting(), "Please ask owner@", {"user": "staff"}),
    ("refused", sql("update violet.store set token_refused_at = now()"), "BigCommerce no longer lets us in", {}),
    ("scopes-missing", sql("update violet.store set scopes = '{store_v2_default}'"), "Some permissions are missing", {}),
    ("paused", sql("update violet.instance set refunds_held_at = now()"), "Refunds are paused", {}),
    ("hooks-broken", sql("update violet.store set hooks_checked_at = now(), hooks_result = '[{\"state\": \"failed\"}]'"),
     "Being repaired", {}),
    ("hooks-fine", sql("update violet.store set hooks_checked_at = now(), hooks_result = '[{\"state\": \"ok\"}]'",
                       "insert into violet.event (store_hash, received_at, body) values ('abc123', now(), '')"),
     "last one", {}),
    ("refund-pending", refund("pending"), "It is about to be sent.", {}),
    ("refund-waiting", refund("pending", wait_code="settling"), "We wait a little", {}),
    ("refund-sending", refund("sending"), "It is on its way to Violet.", {}),
    ("refund-unknown", refund("unknown"), "Being checked", {}),
    ("refund-accepted", refund("accepted"), "Violet is paying it back.", {}),
    ("refund-done", refund("done"), "Paid back on", {}),
    ("refund-covered", refund("covered"), "together with the cancelled order", {}),
    ("refund-foreign", refund("foreign"), "Paid by Violet", {}),
    ("refund-dismissed", refund("dismissed"), "Closed without paying", {}),
    ("review", refund("review", proposed_minor=250), "We suggest $2.50.", {}),
    ("review-without-amount", refund("review", amount=None, source="status", review_code="partial_by_hand"), "No amount yet", {}),
    ("review-staff", refund("review"), "please ask owner@", {"user": "staff"}),
    ("review-unpayable", refund("review", review_code="no_bag", bag={"state": "ambiguous"}), "Violet does not know it", {}),
    ("reopened", lambda app: (app.bag(250, paid_minor=6984), sql("update violet.bag set reopened_at = now()")(app)),
     "Order 250 was opened again", {}),
    ("reopened-many", lambda app: ([app.bag(250 + n, paid_minor=6984) for n in range(5)],
                                   sql("update violet.bag set reopened_at = now()")(app)),
     "More orders that were opened again in the last 30 days: 2", {}),
    ("changed", cancelled, "The status of order 250 was changed", {}),
    *parts("refund-waits", codes("app.wait."), 7, some_waits),
    *parts("review-reasons", codes("app.review."), 4, some_reviews),
    ("review-share", refund("review", amount=100000, review_code="currency", proposed_minor=92000, proposed_how=SHARE),
     "is the same share of Violet's", {}),
    ("withdrawn", withdrawn, "BigCommerce declined the refund's payment", {}),
    ("reviews-first", some_reviews(["sums"] * 6), "Show 2 more", {}),
    ("reviews-more", some_reviews(["sums"] * 6), "Newer ones", {"press": ["Show 2 more"]}),
    ("refunds-first", some_refunds, "Older refunds", {}),
    ("refunds-more", some_refunds, "Newer refunds", {"press": ["Older refunds"]}),
    ("everything", everything, "Needs your decision", {}),
    ("long-words", long_words, "Wort", {}),
    ("long-names", long_names, "Haberdashery", {}),
    ("unlink", linked(), "Unlink Acme Marketplace?", {"press": ["Unlink"]}),
    ("unlinking", linked(), "is being unlinked", {"press": ["Unlink", "Yes, unlink"]}),
    ("link-gone", linked(), "This channel is not linked any more", {"behind": unlinked, "then": ["Unlink"]}),
    ("not-allowed", linked(), "Only the owner of the store", {"behind": demoted, "then": ["Unlink"]}),
    ("unlink-back", linked(), "Help and status", {"press": ["Unlink", "Back to the overview"]}),
    ("approved", refund("review", amount=1000), "Thank you. The refund will be sent", {"press": ["Pay it back"]}),
    ("amount-wrong", refund("review", amount=1000), "can't be read as an amount", {"fill": ("#amount-1", "1.000"), "then": ["Pay it back"]}),
    ("amount-missing", refund("review", amount=1000), "Type the amount to pay back", {"fill": ("#amount-1", " "), "then": ["Pay it back"]}),
    ("amount-zero", refund("review", amount=1000), "An amount of 0 pays nothing back", {"fill": ("#amount-1", "0"), "then": ["Pay it back"]}),
    ("amount-refused", refund("review", amount=1000), "more than what is left",
     {"fill": ("#amount-1", "100.01"), "then": ["Pay it back"]}),
    ("retrying", refund("review", amount=1000), "We are trying it again.", {"press": ["Other answers", "Try again"]}),
    ("retry-refused", refund("review", amount=1000), "It can't simply be tried again",
     {"press": ["Other answers"], "behind": answered, "then": ["Try again"]}),
    ("reason-missing", refund("review"), "Please say in a few words",
     {"press": ["Other answers"], "fill": ("#reason-1", " "), "then": ["Close without paying"]}),
    ("settled", refund("review", amount=1000), "Somebody has already decided", {"behind": settled, "then": ["Pay it back"]}),
    ("dismissed", refund("review"), "Violet will not pay this refund.",
     {"press": ["Other answers"], "fill": ("#reason-1", "in cash"), "then": ["Close without paying"]}),
    ("recheck", None, "We are looking at order 77 again.",
     {"press": ["Is a refund missing here?"], "fill": ("#order", "77"), "then": ["Look again"]}),
    ("recheck-missing", None, "Type the number of the order",
     {"press": ["Is a refund missing here?"], "fill": ("#order", " "), "then": ["Look again"]}),
    ("recheck-wrong", None, "is not an order number",
     {"press": ["Is a refund missing here?"], "fill": ("#order", "my order"), "then": ["Look again"]}),
    ("discounts", discounts, "and 4 more", {"press": ["Show all discounts"]}),
    ("discounts-cut", lambda app: app.discount(1, "works", "ok", codes=["ONE-OF-MANY"], facts='{"cut": true}'),
     "so many codes that we read only a part", {"press": ["Show all discounts"]}),
    ("discounts-unread", None, "We are reading your coupons", {"press": ["Show all discounts"]}),
    ("discounts-none", sql("update violet.store set discounts_read_at = now()"), "Your store has no coupons", {"press": ["Show all discounts"]}),
    ("discounts-no-scope", sql("update violet.store set discounts_error = 'scope'"), "permission “Marketing”", {}),
    ("discounts-refused", sql("update violet.store set discounts_error = 'refused'"), "did not let us read your coupons",
     {"press": ["Show all discounts"]}),
    ("discounts-away", lambda app: (discounts(app), sql("update violet.store set discounts_error = 'away'")(app)),
     "BigCommerce did not answer when we last asked", {"press": ["Show all discounts"]}),
    ("discounts-every", every_discount, "It is for another currency", {"press": ["Show all discounts"]}),
    ("discounts-next-page", many_discounts, "Previous page", {"press": ["Show all discounts", "Next page"]}),
    ("discounts-anew", discounts, "We are reading your discounts", {"press": ["Show all discounts", "Read again"]}),
    ("code-works", discounts, "Shoppers in Violet can use it.", {"fill": ("#coupon", "spring10"), "then": ["Check"]}),
    ("code-unknown", discounts, "is not a coupon code of your store", {"fill": ("#coupon", "NOPE"), "then": ["Check"]}),
    ("code-missing", discounts, "Type the code that you want to check", {"fill": ("#coupon", " "), "then": ["Check"]}),
    ("code-impossible", discounts, "No coupon code is as long as that", {"fill": ("#coupon", "x" * 55), "then": ["Check"]}),
    ("absent", None, "Violet is not installed in this store", {"at": lambda app, language: App(app.stack, "def456").url(locale=language)}),
    ("token", None, "We could not tell who you are", {"at": at("/load?signed_payload_jwt=x")}),
    ("stale-form", None, "This page was open for too long", {"behind": installed_again, "then": ["Show all discounts"]}),
    ("installed", None, "Your store is connected to Violet.", {"at": install()}),
    ("install-input", None, "This page is opened by BigCommerce", {"at": at("/install")}),
    ("install-used", None, "This installation link was used already", {"at": at("/install?code=x&scope=s&context=stores/zzz999")}),
    ("install-again", None, "Violet is installed", {"at": at("/install?code=x&scope=s&context=stores/abc123")}),
    ("install-busy", None, "BigCommerce is busy at the moment", {"at": install(action="status", code=503)}),
    ("install-unclear", None, "BigCommerce did not answer", {"at": install(action="drop_after")}),
    ("install-away", None, "Nothing was asked of BigCommerce yet", {"at": install(), "failing": ("api.not_ready", "57P03")}),
    ("install-settings", None, "Something is wrong with our settings",
     {"at": install(action="status", code=401, body={"error": "invalid_client"})}),
    ("install-answer", None, "BigCommerce gave an answer that we don't understand", {"at": install(action="garbage")}),
    ("install-mismatch", None, "This address belongs to another store",
     {"at": install(action="status", code=200, body=FOREIGN_GRANT)}),
    ("install-unsaved", None, "We could not finish the installation",
     {"at": install(), "failing": ("api.store_install", "55P03")}),
    ("error-invalid", None, "We could not read that", {"at": at("/connect/acme?state=1&state=2")}),
    ("error-denied", None, "Open the app again from Apps", {"at": at("/uninstall?signed_payload_jwt=x")}),
    ("error-missing", None, "There is nothing here", {"at": at("/app/nothing")}),
    ("error-method", None, "This page can't be opened that way", {"at": at("/app/unlink")}),
    ("error-conflict", None, "That has already changed", {"failing": ("api.app_load", "VB409")}),
    ("error-busy", None, "We are busy for a moment", {"failing": ("api.app_load", "55P03")}),
    ("error-uncertain", None, "We did not hear back", {"failing": ("api.app_load", "40003")}),
    ("error-broken", None, "Something went wrong on our side", {"failing": ("api.app_load", "XX000")}),
]


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    stack = make_shared_stack(worker=False, settings={"SUPPORT_URL": "https://violet.io/support"})
    stack.expect_log("status=500")  # error-broken and install-settings: the operator must hear of it
    stack.must("channel", "edit", "acme", "--more-info-url", "https://acme.example/more")
    stack.install("abc123")
    return stack


@pytest.fixture(scope="module")
def window(browsers):
    """One browser for all: it is the pages that are looked at."""
    browser = browsers.take()
    browser.expect_log("status of 40[0-9]|status of 413|status of 50[0-9]")
    yield browser
    faults = browser.faults()
    browsers.give(browser)
    assert not faults, faults


@pytest.fixture(scope="module")
def walked():
    return Walked()


@pytest.fixture
def app(shared):
    app = App(shared)
    app.clear()
    app.db.rows("update violet.store set name = 'Green Garden Supply', domain = 'abc123.example.com', scopes = "
                "'{store_v2_orders, store_v2_information, store_v2_marketing}'")
    app.db.rows("update violet.channel set name = 'Acme Marketplace' where slug = 'acme'")
    return app


def press(window, language, labels):
    for label in labels:
        window.press(translate(label, language))


def reach(app, window, language, options):
    """Open the page in that language and do what leads to the state."""
    window.speak(language)
    with app.db.failing(*options["failing"]) if "failing" in options else contextlib.nullcontext():
        window.open(options["at"](app, language) if "at" in options else app.url(options.get("user", "owner"), language))
        arrive = window.leave()
        press(window, language, options.get("press", ()))
        if "fill" in options:
            window.fill(*options["fill"])
        if "behind" in options:
            options["behind"](app, window)
        press(window, language, options.get("then", ()))
        if "press" in options or "then" in options:
            arrive()


@pytest.mark.parametrize("name, prepare, words, options", STATES, ids=[state[0] for state in STATES])
def test_state(app, window, walked, name, prepare, words, options):
    if prepare:
        prepare(app)
    reach(app, window, "en", options)
    window.wait_text(words)
    walked.add(window, name)
    assert look(window, name) == []


@pytest.mark.parametrize("name, prepare, options", [(name, prepare, options) for name, prepare, _, options in STATES],
                         ids=[state[0] for state in STATES])
def test_state_in_german(app, window, walked, name, prepare, options):
    """Longer words on the same page: it is small windows that they may not fit into."""
    if prepare:
        prepare(app)
    reach(app, window, "de", options)
    assert window.find("html[lang=de]")
    walked.add(window, name, "de")
    pictures = PICTURES if ALL else []
    assert look(window, f"{name}-german", dresses=[*pictures, ("narrow", "dark")], pictures=pictures) == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_text_was_walked(walked, language):
    """No page, notice, reason or label of the app that none of the states above shows."""
    if len(walked.pages[language]) < len(STATES):
        pytest.skip("only some of the states were walked")
    unseen = walked.unseen(language, "common", "error", "app")
    assert [key for key in unseen if not key.startswith("error.large.")] == []  # nginx is first: see below


def test_too_much_for_nginx(app, window):
    """Its own page has less than ours, and is seen as well."""
    window.speak("en")
    window.open(app.url())
    window.press("Is a refund missing here?")
    window.fill("#order", "7")
    window.driver.execute_script("document.getElementById('order').value = '7'.repeat(20000)")
    window.press("Look again")
    window.wait_text("That is too much at once")
    light = [("wide", "light"), ("phone", "light")]
    faults = look(window, "too-much", dresses=light, pictures=light)
    assert [fault for fault in faults if "not exactly one main" not in fault] == []


def test_inside_the_control_panel(app, window):
    """The page in BigCommerce's frame: the same checks there."""
    everything(app)
    window.speak("en")
    window.open(f"{app.stack.sim.panel(app.store)}/manage/app/57141")
    faults = []
    for width in ("wide", "phone"):
        window.top()  # the frame is as wide as the panel leaves it
        window.resize(WIDTHS[width])
        window.screenshot(f"app-in-the-panel-{width}-light")
        window.frame("#app-frame")
        window.wait_text("Needs your decision")
        faults += window.driver.execute_script(CHECKS)
    window.top()
    assert faults == []


def test_keyboard(app, window):
    """The order of Tab is the order of the page; in the dark its place is seen as well."""
    everything(app)
    window.speak("en")
    window.open(app.url())
    set_media(window, prefers_color_scheme="dark")
    words, faults = walk(window)
    set_media(window)
    assert faults == []
    for earlier, later in (("Skip to the content", "Pay it back"), ("Pay it back", "Finish connecting to Bloom Finds"),
                           ("Finish connecting to Bloom Finds", "Show all discounts")):
        assert words.index(earlier) < words.index(later), words


def test_reduced_motion(app, window):
    """A badge that turns, for those who don't mind."""
    app.refund(250, "pending")
    window.open(app.url())
    moving = {}
    for wish in ("no-preference", "reduce"):
        set_media(window, prefers_reduced_motion=wish)
        moving[wish] = window.driver.execute_script("return document.getAnimations().length")
    set_media(window)
    assert moving == {"no-preference": 1, "reduce": 0}
