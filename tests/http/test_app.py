# SPDX-License-Identifier: Apache-2.0
"""The embedded app's page: what it says in each state, and how much of it."""
import json
import re

import pytest

from harness.app import SHARE, app, notice, reading, shared  # noqa: F401 (fixtures)
from harness.product import ROOT

LANGUAGES = sorted(path.suffix[1:] for path in (ROOT / "fcgi/pages").glob("text.*"))


def test_nothing_yet(app):
    page = app.load()
    text = reading(page)
    for words in ("Connected", "No channel sells your products yet.", "No refunds yet.", "We are reading your coupons",
                  "Why does BigCommerce say “offline”?", "Messages from BigCommerce Being set up"):
        assert words in text, words
    assert "Needs your decision" not in text


@pytest.mark.parametrize("state, badge, words", [
    ("pending", "Waiting", "It is about to be sent."),
    ("sending", "Being sent", "It is on its way to Violet."),
    ("unknown", "Being checked", "checking before anything is sent again"),
    ("accepted", "Accepted", "5 to 10 business days"),
    ("done", "Paid back", "Paid back on Nov 22, 2026, 2:03 PM UTC. The shopper sees the money in 5 to 10 business days."),
    ("dismissed", "Closed", "Closed without paying: paid back in cash"),
    ("covered", "Paid back", "together with the cancelled order"),
    ("foreign", "Paid by Violet", "is paid there"),
])
def test_refund_in_each_state(app, state, badge, words):
    app.refund(250, state, amount=123450)
    text = reading(app.load())
    assert f"Order 250 {badge} $1,234.50 Acme Marketplace · Refund in BigCommerce, " in text and words in text, text


@pytest.mark.parametrize("code", ["settling", "grace", "hold", "shadow", "fuse", "timeline", "frozen", "turn", "violet", "sums", "stale",
                                  "busy", "cancel"])
def test_waiting_refund_says_why(app, code):
    app.refund(250, wait_code=code)
    text = reading(app.load())
    assert "Waiting" in text and "It is about to be sent." not in text and code not in re.findall(r"app\.\S*", text)


def test_refund_that_violet_pays_is_not_called_a_cancellation(app):
    """So waits what a channel has begun, a refund as well as a cancellation."""
    app.refund(250, wait_code="violet")
    text = reading(app.load())
    assert "It was begun at the channel or at Violet." in text and "was cancelled" not in text


def test_review_with_a_proposal(app):
    app.refund(250, "review", amount=4000, review_code="sums", proposed_minor=2500)
    page = app.load()
    text = reading(page)
    assert "Needs your decision" in text and "This would pay back more than is owed." in text
    assert "We suggest $25.00." in text
    assert 'value="25.00" inputmode="decimal"' in page.text and "Try again" in text


@pytest.mark.parametrize("locale, words", [
    ("en-US", "We suggest €920.00. ($1,000.00 of $5,000.00 in BigCommerce; €920.00 is the same share of Violet's €4,600.00)"),
    ("de-DE", "Unser Vorschlag: 920,00\u00a0€. (1.000,00\u00a0$ von 5.000,00\u00a0$ in BigCommerce; 920,00\u00a0€ sind der gleiche "
              "Anteil an den 4.600,00\u00a0€ bei Violet)"),
], ids=["en", "de"])
def test_arithmetic_of_a_proposal_is_in_the_readers_language(app, locale, words):
    app.refund(250, "review", amount=100000, review_code="currency", proposed_minor=92000, proposed_how=SHARE,
               bag={"currency": "EUR", "total": 460000})
    assert " ".join(words.split()) in reading(app.load(locale=locale))
    listed, = json.loads(app.stack.must("refund", "list", "--store", "abc123", "--json"))
    assert listed["proposed_how"] == json.loads(SHARE)
    shown = app.stack.must("refund", "show", "abc123", "250")
    assert "1000.00 USD of 5000.00 USD in BigCommerce; 920.00 EUR is the same share of Violet's 4600.00 EUR" in shown


def test_review_without_an_amount(app):
    app.refund(250, "review", amount=None, source="status", review_code="partial_by_hand")
    page = app.load()
    assert "No amount yet" in reading(page) and 'name="amount" value=""' in page.text
    assert 'value="retry"' not in page.text


def test_review_in_another_currency_is_paid_in_that_of_the_shopper(app):
    app.refund(250, "review", amount=1000, currency="EUR", review_code="currency", bag={"currency": "JPY", "total": 5000})
    page = app.load(locale="de-DE")
    assert "10,00 €" in reading(page) and "(JPY)" in page.text and 'name="amount" value=""' in page.text


def test_review_that_nothing_can_be_paid_for(app):
    app.refund(250, "review", review_code="no_bag", bag={"state": "ambiguous"})
    page = app.load()
    assert 'value="approve"' not in page.text and 'value="dismiss"' in page.text


def test_review_of_a_kind_that_the_page_does_not_know(app):
    app.refund(250, "review", review_code="brand_new", review_reason="A new kind of trouble <b>.")
    assert "A new kind of trouble <b>." in reading(app.load())


def test_staff_sees_reviews_and_whom_to_ask(app):
    app.refund(250, "review")
    page = app.load("staff")
    assert "please ask owner@abc123.example" in reading(page) and "/app/review" not in page.text


def test_german(app):
    app.stack.link("abc123", "acme")
    app.refund(250, "review", amount=123450, review_code="sums")
    app.refund(251, "done", amount=123450)
    page = app.load(locale="de-DE")
    text = reading(page)
    for words in ("Verbunden", "Bitte entscheiden Sie", "1.234,50 $", "Erstattet am 22. Nov. 2026, 14:03 UTC", "Verknüpft seit"):
        assert words in text, words
    assert 'value="1234,50"' in page.text and '<html lang="de">' in page.text


@pytest.mark.parametrize("stored, english, german", [
    ("The order left that status before anything was sent", "left that status", "Die Bestellung hatte diesen Status nicht mehr"),
    ("bar erstattet", "Closed without paying: bar erstattet", "Ohne Zahlung geschlossen: bar erstattet"),
])
def test_reason_of_a_closed_refund(app, stored, english, german):
    """A look's own in the reader's language, a person's as it was written."""
    app.refund(250, "dismissed", dismissed_reason=stored)
    assert english in reading(app.load()) and german in reading(app.load(locale="de"))


def test_names_from_outside_stay_text(app):
    app.stack.must("channel", "edit", "acme", "--name", '"><script>alert(1)</script>')
    app.stack.link("abc123", "acme")
    app.refund(250, "dismissed", dismissed_reason="<img src=x>")
    page = app.load()
    app.stack.must("channel", "edit", "acme", "--name", "Acme Marketplace")
    assert "<script" not in page.text and "<img" not in page.text and "&lt;script&gt;" in page.text


def wire(reply):
    """Bytes of an answer: its head and its body, as they were sent."""
    return sum(len(name) + len(value) + 4 for name, value in reply.headers.items()) + len(reply.body)


def fullest_overview(app):
    """Everything that the page can say, and more of each list than it shows at a time."""
    for number in range(4):
        slug = f"long-{number}"
        if not app.db.value("select count(*) from violet.channel where slug = %s", slug):
            app.stack.must("channel", "add", slug, "--name", f"The Channel With A Rather Long Name {number}", "--app-id", 7000 + number,
                           "--redirect-url", "https://channel.example/back", "--more-info-url", "https://channel.example/about-us",
                           "--username", "a@channel.example", "--no-login", "--secrets", "-", input="secret\npassword\n")
        app.stack.link("abc123", slug)
    app.waiting("acme")
    app.waiting("bloom")
    for number in range(30):
        app.refund(250 + number, "review", amount=123450, review_code="partial_by_hand", proposed_minor=12345, bag={"slug": "long-0"},
                   proposed_how=SHARE)
        app.refund(350 + number, wait_code="fuse", amount=123450, bag={"slug": "long-0"})
    for number in range(3):
        app.bag(450 + number, paid_minor=6984)
    app.db.rows("update violet.bag set reopened_at = now() where order_id >= 450")
    app.db.rows("update violet.store set token_refused_at = now(), scopes = '{}', fuse_tripped_at = now(), discounts_error = 'scope', "
                "discounts_read_at = now(), hooks_checked_at = now() where store_hash = 'abc123'")


def fullest_list_of_discounts(app):
    for number in range(60):
        app.discount(number + 1, "works", "schedule", name=f"A discount with a rather long name, number {number}",
                     codes=[f"A-CODE-OF-FIFTY-LETTERS-{number:02}-{k:02}".ljust(50, "X") for k in range(7)], facts='{"cut": true}')
        app.discount(number + 100, "never", "automatic", name=f"An automatic one, number {number}")


@pytest.fixture
def restored(app):
    """What the fullest page changes in the store itself is put back."""
    scopes = app.db.value("select scopes from violet.store where store_hash = 'abc123'")
    yield app
    app.db.rows("update violet.store set scopes = %s where store_hash = 'abc123'", scopes)
    app.clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_small(restored, language):
    """Under 30 KB over the wire, style sheet included, as a browser gets them from nginx."""
    app, accept = restored, {"Accept-Encoding": "gzip, deflate, br", "Accept-Language": language}
    fullest_overview(app)
    fullest_list_of_discounts(app)
    session = app.session(locale=language)
    style = app.stack.get("/assets/violet.css", headers=accept)
    assert style.headers["Content-Encoding"] == "gzip" and wire(style) < 5 * 1024
    pages = {
        "overview": app.stack.get(app.url(locale=language), headers=accept),
        "its second part": app.stack.post("/app", form={"session": session, "reviews": 4, "refunds": 8}, headers=accept),
        "discounts": app.stack.post("/app/discounts", form={"session": session}, headers=accept),
        "automatic discounts": app.stack.post("/app/discounts", form={"session": session, "after": 75, "code": "NONE"}, headers=accept),
        "Connect": app.stack.get("/connect/long-0?state=" + "x" * 200, headers=accept),
    }
    for name, page in pages.items():
        assert page.status == 200 and f'<html lang="{language}">' in page.text, name
        assert page.headers["Content-Encoding"] is None, f"{name}: a page with tokens is not compressed"
        assert wire(page) + wire(style) < 30 * 1024, (name, wire(page), wire(style))


def orders(page):
    return [int(number) for number in re.findall(r"<h3>Order (\d+)", page.text)]


def test_reviews_come_in_parts_and_none_is_hidden(app):
    for number in range(10):
        app.refund(250 + number, "review", minutes_ago=number)
    first = app.load()
    assert orders(first) == [259, 258, 257, 256] and "Show 6 more" in reading(first) and "Newer ones" not in reading(first)
    second = app.send(first, "/app#reviews")
    assert orders(second) == [255, 254, 253, 252] and "Show 2 more" in reading(second) and "Newer ones" in reading(second)
    third = app.post("/app", reviews=8)
    assert orders(third) == [251, 250] and not re.search(r"Show \d+ more", reading(third))
    assert orders(app.send(third, "/app#reviews")) == orders(second), "and back"
    assert orders(app.load("staff")) == orders(first), "those who may not decide see them too"
    for wrong in ("x", "-1", "1.5", "99999999999"):
        assert app.post("/app", reviews=wrong).status == 400


def test_answering_a_review_stays_where_it_was(app):
    """Any review can be answered, whichever part the page would show; then the same part is shown, or what is left of it."""
    for number in range(6):
        app.refund(250 + number, "review")
    second = app.post("/app", reviews=4)
    answered = app.send(second, "/app/review", amount="1.00")
    assert notice(answered).startswith("Thank you.") and orders(answered)[0] == 250
    last = app.send(answered, "/app/review", amount="1.00")
    assert notice(last).startswith("Thank you.") and orders(last)[:4] == [255, 254, 253, 252], "the last part that there is"


def test_refunds_come_in_parts(app):
    for number in range(10):
        app.refund(250 + number, "done")
    first = app.load()
    assert orders(first) == list(range(259, 251, -1)) and "Older refunds" in reading(first) and "Newer refunds" not in reading(first)
    second = app.send(first, "/app#refunds")
    assert orders(second) == [251, 250] and "Older refunds" not in reading(second) and "Newer refunds" in reading(second)
    assert app.post("/app", refunds="x").status == 400


@pytest.mark.parametrize("make, words", [
    (lambda app: None, "Because no channel is linked."),
    (lambda app: app.waiting(), "Because the connection is not finished."),
    (lambda app: app.stack.link("abc123", "acme"), "Because Violet is still preparing your store."),
    (lambda app: (app.stack.link("abc123", "acme"), app.db.rows("update violet.link set ending_at = now()")),
     "Because the link is being ended."),
    (lambda app: (app.stack.link("abc123", "acme"), app.db.rows("update violet.channel set enabled = false")),
     "Because Violet has paused this channel."),
    (lambda app: app.db.rows("update violet.store set token_refused_at = now()"), "Because BigCommerce does not let us in"),
    (lambda app: (app.stack.link("abc123", "acme"), app.db.rows("insert into violet.store_merchant values ('abc123', 50001, now(), now())")),
     "On our side everything is in order"),
])
def test_why_a_channel_does_not_see_the_store(app, make, words):
    make(app)
    assert words in reading(app.load())


@pytest.mark.parametrize("change, words", [
    ("update violet.store set token_refused_at = now()", "BigCommerce no longer lets us in"),
    ("update violet.instance set refunds_held_at = now()", "Refunds are paused for a check"),
    ("update violet.instance set fuse_tripped_at = now()", "Refunds are paused for a check"),
    ("update violet.store set fuse_tripped_at = now()", "Refunds are paused for a check"),
    ("update violet.store set hooks_checked_at = now(), hooks_result = '[{\"scope\": \"x\", \"state\": \"failed\"}]'", "Being repaired"),
    ("update violet.store set hooks_checked_at = now(), hooks_result = '[{\"scope\": \"x\", \"state\": \"mended\"}]'", "They reach us"),
    ("update violet.store set discounts_error = 'scope'", "the permission “Marketing” is missing"),
    ("update violet.store set discounts_error = 'away'", "BigCommerce did not answer when we last asked"),
])
def test_what_is_wrong_is_said(app, change, words):
    assert words not in reading(app.load())
    app.db.rows(change)
    assert words in reading(app.load())


def test_discounts_that_could_not_be_read_are_not_being_read(app):
    app.db.rows("update violet.store set discounts_error = 'refused'")
    for page in (app.load(), app.post("/app/discounts")):
        assert "did not let us read your coupons" in reading(page) and "We are reading" not in reading(page)


def test_order_that_was_opened_again(app):
    app.bag(250, paid_minor=6984)
    app.db.rows("update violet.bag set reopened_at = now()")
    text = reading(app.load())
    assert "Order 250 was opened again" in text and "$69.84" in text


def test_hundreds_of_orders_that_were_opened_again(app):
    """Changed with one press in the control panel: the page says so without becoming longer than it may."""
    for number in range(1200):
        app.bag(250 + number, paid_minor=6984)
    app.db.rows("update violet.bag set reopened_at = now() - (1450 - order_id) * interval '1 min'")
    text = reading(app.load())
    assert [int(order) for order in re.findall(r"Order (\d+) was opened again", text)] == [1449, 1448, 1447]
    assert "More orders that were opened again in the last 30 days: 1197" in text


def test_order_whose_grace_time_runs(app):
    words = "The status of order 250 was changed"
    app.cancelled(250)
    assert words in reading(app.load())
    app.refund(250, "pending", source="cancel", source_id=1)
    assert words not in reading(app.load()), "now it has a refund"


def test_order_that_was_paid_back_before_its_status_changed(app):
    app.cancelled(250, paid_minor=10000)
    assert "The status of order 250" not in reading(app.load())


def test_waiting_connection(app):
    app.waiting("acme")
    text = reading(app.load())
    assert "Acme Marketplace is waiting for you" in text and "Finish connecting to Acme Marketplace" in text
    assert f"({app.stack.sim.violet.removeprefix('http://')})" in text, "as the other pages name the channel's address"
    text = reading(app.load("staff"))
    assert "Finish connecting to" not in text and "Please ask owner@abc123.example" in text


def test_stranger_who_begins_for_every_channel_does_not_close_the_app(app):
    app.db.rows("insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials) select 'many-' || n, "
                "'Channel ' || n, 'https://channel.example/', 100000 + n, '' from generate_series(1, 500) as n")
    try:
        app.db.rows("insert into violet.connection (cookie_hash, channel_id, typed, typed_hash, created_at, expires_at) "
                    "select sha256('stranger'), channel_id, '', 'abc123', now() - interval '1 min', now() + interval '1 day' "
                    "from violet.channel where slug like 'many-%'")
        app.waiting("acme")
        page = app.load()
        assert page.text.count('action="/app/ticket"') == 50 and "Acme Marketplace" in reading(page)
    finally:
        app.db.rows("delete from violet.connection")
        app.db.rows("delete from violet.channel where slug like 'many-%'")
