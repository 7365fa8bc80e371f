# SPDX-License-Identifier: Apache-2.0
"""The embedded app's forms: what they do, and what they refuse."""
import html
import re

import pytest

from harness.app import App, app, badges, notice, reading, shared  # noqa: F401 (fixtures)
from harness.connect import title


def jobs(app):
    return app.db.rows("select store_hash, kind::text, ref from violet.job order by 1, 2, 3")


# Sessions ----------------------------------------------------------------------------------------------------------------

ACTIONS = ("/app", "/app/unlink", "/app/recheck", "/app/review", "/app/discounts")
FIELDS = {"link": 1, "order": 250, "source": "refund", "source_id": 1, "answer": "retry"}  # what any of them needs


@pytest.mark.parametrize("action", ACTIONS)
def test_form_without_a_good_token(app, action):
    good = app.session()
    for bad in (None, "", "x", good[:-1], good + "x", good.replace("abc123", "def456")):
        page = app.stack.post(action, form={**FIELDS, **({} if bad is None else {"session": bad})})
        assert page.status == 401 and title(page) == "This page was open for too long", bad
        assert "http://*.localhost" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_are_posts(app, action):
    assert app.stack.get(action).status == 405


def test_form_dies_with_a_reinstall(app):
    session = app.session()
    app.stack.install("abc123")
    assert app.stack.post("/app", form={"session": session}).status == 401


def test_form_dies_with_time(make_stack):
    stack = make_stack(worker=False, settings={"FORM_SECONDS": "1"})
    stack.install("abc123")
    session = App(stack).session()
    assert stack.post("/app", form={"session": session}).status == 200
    stack.wait(lambda: stack.post("/app", form={"session": session}).status == 401, what="the form's end")


def test_doubled_field(app):
    assert app.stack.post("/app", form=[("session", app.session())] * 2).status == 400


def test_page_needs_no_cookie(app):
    page = app.post("/app")
    assert page.status == 200 and page.headers["Set-Cookie"] is None and title(page) == "Green Garden Supply"


# Unlinking ---------------------------------------------------------------------------------------------------------------


def test_unlinking_asks_first(app):
    app.stack.link("abc123", "acme")
    asked = app.send(app.load(), "/app/unlink")
    assert asked.status == 200 and title(asked) == "Unlink Acme Marketplace?"
    assert app.db.value("select ending_at from violet.link") is None
    done = app.send(asked, "/app/unlink")
    assert notice(done).startswith("Acme Marketplace is being unlinked.") and "Ending" in badges(done)
    link_id = app.db.value("select link_id from violet.link where ending_at is not null and ended_at is null")
    assert jobs(app) == [("abc123", "unlink", link_id)] or ("abc123", "unlink", link_id) in jobs(app)


def test_unlinking_twice(app):
    app.stack.link("abc123", "acme")
    asked = app.send(app.load(), "/app/unlink")
    app.send(asked, "/app/unlink")
    before = app.db.value("select ending_at from violet.link")
    again = app.send(asked, "/app/unlink")
    assert again.status == 200 and notice(again).startswith("This channel is not linked any more")
    assert app.db.value("select ending_at from violet.link") == before


@pytest.mark.parametrize("link", ["", "x", "-1", "0", "999999", "99999999999999999999"])
def test_unlinking_what_is_not_there(app, link):
    page = app.post("/app/unlink", link=link, confirm="yes")
    assert page.status == 200 and notice(page).startswith("This channel is not linked any more")


def test_unlinking_another_stores_channel(app):
    app.stack.link("def456", "acme")
    link_id = app.db.value("select link_id from violet.link")
    page = app.post("/app/unlink", link=link_id, confirm="yes")
    assert notice(page).startswith("This channel is not linked any more")
    assert app.db.value("select ending_at from violet.link") is None


def test_staff_may_not_unlink(app):
    app.stack.link("abc123", "acme")
    link_id = app.db.value("select link_id from violet.link")
    assert "/app/unlink" not in app.load("staff").text
    page = app.post("/app/unlink", user="staff", link=link_id, confirm="yes")
    assert "Nothing was changed." in notice(page) and app.db.value("select ending_at from violet.link") is None


# Reviews -----------------------------------------------------------------------------------------------------------------


def decide(app, answer, order=250, user="owner", locale="en-US", source="refund", source_id=1, **fields):
    return app.post("/app/review", user=user, locale=locale, order=order, source=source, source_id=source_id, answer=answer, **fields)


def state(app, order=250):
    return app.db.rows("select state::text, amount_minor from violet.refund where order_id = %s", order)[0]


@pytest.mark.parametrize("typed, minor", [("10", 1000), ("10.00", 1000), ("10,00", 1000), (" 10.5 ", 1050), ("0.01", 1),
                                          ("100.00", 10000)])
def test_approving_an_amount(app, typed, minor):
    app.refund(250, "review", amount=4000)
    page = decide(app, "approve", amount=typed)
    assert notice(page).startswith("Thank you."), notice(page)
    assert state(app) == ("pending", minor)
    assert app.db.value("select approved_by from violet.refund") == "merchant (user 1001)"
    assert ("abc123", "sync_order", 250) in jobs(app)
    assert "Needs your decision" not in page.text


@pytest.mark.parametrize("typed", ["", "x", "-5", "0", "0.00", "1.000", "1,000", "1.000,00", "1,000.00", "10 000", "$10", "1e3",
                                   "10.001", "１０", "99999999999999999999"])
def test_amounts_that_are_not_read(app, typed):
    """A separator between thousands is never taken for a decimal point."""
    app.refund(250, "review", amount=4000, bag={"total": 100000000})
    page = decide(app, "approve", amount=typed)
    assert page.status == 200 and "Nothing was changed." in notice(page), notice(page)
    assert state(app) == ("review", 4000)


def test_amount_without_decimals_in_yen(app):
    app.refund(250, "review", amount=None, currency="JPY", bag={"total": 5000})
    assert "can't be read" in html.unescape(notice(decide(app, "approve", amount="10.00")))
    decide(app, "approve", amount="1000")
    assert state(app) == ("pending", 1000)


@pytest.mark.parametrize("locale, typed, minor", [
    ("en-US", "1.000", 1000), ("en-US", "1,000", None), ("de-DE", "1,000", 1000), ("de-DE", "1.000", None), ("en-US", "1,5", 1500)])
def test_amount_of_three_decimals_or_a_thousand(app, locale, typed, minor):
    """In a currency of three decimals only the reader's own mark tells them apart."""
    app.refund(250, "review", amount=4000, currency="KWD", bag={"total": 100000000})
    decide(app, "approve", locale=locale, amount=typed)
    assert state(app) == (("pending", minor) if minor else ("review", 4000))


def test_approving_more_than_the_order(app):
    app.refund(250, "review", amount=4000)
    page = decide(app, "approve", amount="100.01")
    assert "it is more than what is left" in notice(page) and state(app) == ("review", 4000)


def test_approving_twice(app):
    app.refund(250, "review", amount=4000)
    decide(app, "approve", amount="40.00")
    again = decide(app, "approve", amount="40.00")
    assert notice(again).startswith("Somebody has already decided") and state(app) == ("pending", 4000)


def test_retrying(app):
    app.refund(250, "review", amount=4000, review_code="violet_failed")
    assert notice(decide(app, "retry")).startswith("Thank you.") and state(app) == ("pending", 4000)


def test_retrying_beside_what_violet_has_is_not_offered(app):
    app.refund(250, "review", amount=4000, review_code="amount_differs", violet_refund_id=7, violet_status="COMPLETED")
    assert 'value="retry"' not in app.load().text
    decide(app, "retry")
    assert state(app)[0] == "review"


def test_retrying_what_needs_an_amount(app):
    app.refund(250, "review", amount=4000, review_code="total")
    assert 'value="retry"' not in app.load().text
    assert "Please name the amount" in notice(decide(app, "retry")) and state(app)[0] == "review"


def test_dismissing(app):
    app.refund(250, "review")
    page = decide(app, "dismiss", reason="paid back <in cash>")
    assert notice(page).startswith("Closed.") and state(app)[0] == "dismissed"
    assert app.db.rows("select dismissed_by, dismissed_reason from violet.refund") == [("merchant (user 1001)", "paid back <in cash>")]
    assert "Closed without paying: paid back &lt;in cash&gt;" in page.text


@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501, "a\x00b", "a\nb"])
def test_dismissing_needs_a_reason(app, reason):
    app.refund(250, "review")
    page = decide(app, "dismiss", **({} if reason is None else {"reason": reason}))
    assert page.status in (200, 400) and state(app)[0] == "review"
    assert page.status == 400 or "Please say in a few words" in notice(page)


@pytest.mark.parametrize("answer", [None, "", "pay", "APPROVE"])
def test_unknown_answer(app, answer):
    app.refund(250, "review", amount=4000)
    page = app.post("/app/review", order=250, source="refund", source_id=1, amount="1", **({} if answer is None else {"answer": answer}))
    assert page.status == 400 and state(app) == ("review", 4000)


@pytest.mark.parametrize("key", [{"order": 251}, {"order": "x"}, {"order": ""}, {"source": "cancel"}, {"source_id": 2}, {"source_id": "x"}])
def test_review_that_is_not_there(app, key):
    app.refund(250, "review", amount=4000)
    page = decide(app, "approve", amount="40.00", **key)
    assert notice(page).startswith("Somebody has already decided") and state(app) == ("review", 4000)


def test_review_of_another_store(app):
    App(app.stack, "def456").refund(250, "review", amount=4000)
    for answer in ("approve", "retry", "dismiss"):
        page = decide(app, answer, amount="40.00", reason="x")
        assert notice(page).startswith("Somebody has already decided")
    assert state(app) == ("review", 4000)


def test_staff_may_not_decide(app):
    app.refund(250, "review", amount=4000)
    page = decide(app, "approve", user="staff", amount="40.00")
    assert "Nothing was changed." in notice(page) and state(app) == ("review", 4000)


# Looking again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["250", " 250 ", "#250"])
def test_recheck(app, typed):
    page = app.post("/app/recheck", order=typed)
    assert notice(page).startswith("We are looking at order 250 again.")
    assert jobs(app) == [("abc123", "sync_order", 250)]


@pytest.mark.parametrize("typed", ["", " ", "x", "0", "-1", "1.5", "#", "2147483648", "<b>"])
def test_recheck_of_no_number(app, typed):
    page = app.post("/app/recheck", order=typed)
    said = "is not an order number" if typed.strip() else "Type the number of the order"
    assert page.status == 200 and said in notice(page) and jobs(app) == []
    assert "<b>”" not in page.text
    assert 'open><summary>Is a refund missing' in page.text.replace("\n", ""), "there to be mended"
    assert not typed.strip() or f'name="order" inputmode="numeric" maxlength="12" value="{html.escape(typed)}"' in page.text


# Discounts ---------------------------------------------------------------------------------------------------------------


def test_discount_check(app):
    app.discount(1, "works", "ok", name="Spring", codes=["SPRING10"])
    app.discount(2, "not_now", "expired", source="coupon", name="Last year", codes=["OLD"], facts='{"ends_ms": 1795356187000}')
    app.discount(3, "never", "automatic", name="Free shipping")
    assert [b for b in badges(app.load()) if ":" in b] == ["Works: 1", "Not now: 1", "Can&#39;t be used: 1"]
    text = reading(app.post("/app/discounts"))
    assert "As of Nov 22, 2026, 2:03 PM UTC" in text
    assert text.index("Spring Works Code: SPRING10") < text.index("Last year Not now") < text.index("Free shipping Can't be used")
    assert "It ended on Nov 22, 2026, 2:03 PM UTC." in text and "Make a coupon promotion with the same rules" in text


def test_automatic_promotion_says_how_to_make_a_coupon_of_it(app):
    app.discount(1, "works", "ok", name="Spring", codes=["SPRING10"])
    plain = app.post("/app/discounts")
    assert "How to turn it into a coupon" not in plain.text
    app.discount(2, "never", "automatic", name="Free shipping")
    page = app.post("/app/discounts")
    item = re.search(r"<h3>Free shipping</h3>.*?</li>", page.text, re.S).group(0)
    assert '<a href="#how">How to turn it into a coupon</a>' in item and '<h2 id="how">' in page.text
    link = re.search(r'<a href="([^"]*)" target="_top">Open promotions in BigCommerce</a>', item).group(1)
    promotions = app.stack.get(html.unescape(link))
    assert promotions.url == f"{app.stack.sim.panel('abc123')}/manage/marketing/promotions"
    assert promotions.status == 200 and "<h1>Promotions</h1>" in promotions.text


def test_promotion_whose_codes_were_left_out(app):
    app.discount(1, "works", "ok", name="Many", codes=["M1"], facts='{"cut": true}')
    app.discount(2, "works", "ok", name="Spring", codes=["SPRING10"], facts='{"cut": false}')
    text = reading(app.post("/app/discounts"))
    assert text.count("so many codes that we read only a part of them") == 1
    assert text.index("Many Works Code: M1 This promotion has so many codes") < text.index("Spring Works")


@pytest.mark.parametrize("typed, words", [
    ("SPRING10", "Spring Works"), ("spring10 ", "Spring Works"), ("SPENT", "Spring Not now"), ("OTHER", "“OTHER” is not a coupon code"),
])
def test_checking_a_code(app, typed, words):
    app.discount(1, "works", "ok", name="Spring", codes=["SPRING10", "SPENT"], facts='{"used": ["SPENT"]}')
    page = app.post("/app/discounts", code=typed)
    assert words in reading(page) and f'name="code" value="{typed.strip()}"' in page.text


@pytest.mark.parametrize("typed, said", [("", "Type the code"), ("  ", "Type the code"), ("x" * 51, "No coupon code is as long as that")])
def test_code_that_cannot_be_one(app, typed, said):
    page = app.post("/app/discounts", code=typed)
    assert page.status == 200 and said in reading(page) and 'aria-invalid="true"' in page.text


def test_codes_of_another_store_are_unknown(app):
    App(app.stack, "def456").discount(1, "works", "ok", codes=["THEIRS"])
    assert "“THEIRS” is not a coupon code" in reading(app.post("/app/discounts", code="THEIRS"))


def test_many_discounts_come_in_pages(app):
    for number in range(120):
        app.discount(number + 1, "works", "ok", name=f"Number {number + 1:03}", codes=[f"C{number}-{k}" for k in range(7)])
    first = app.post("/app/discounts")
    assert "Number 025" in first.text and "Number 026" not in first.text and "and 2 more" in first.text
    assert "Number 026" in app.send(first, "/app/discounts", after=25).text
    third = app.post("/app/discounts", after=100)
    assert "Number 101" in third.text and "Number 120" in third.text and "Next page" not in third.text
    assert app.post("/app/discounts", after="x").status == 400


def test_reading_discounts_again(app):
    page = app.post("/app/discounts", anew="yes")
    assert notice(page).startswith("We are reading your discounts") and jobs(app) == [("abc123", "read_discounts", 0)]


@pytest.mark.stack()
def test_discounts_are_read_from_bigcommerce(stack):
    """All kinds of the simulators' store, read by the worker; codes of several pages too."""
    stack.sim.post("stores", {"hash": "many1", "furnish": False, "currency": "USD", "coupons": [
        {"id": n, "name": f"c{n}", "code": f"CODE{n}", "type": "per_total_discount", "enabled": True, "expires": "",
         "num_uses": 0, "max_uses": 0, "restricted_to": {}} for n in range(1, 301)]})
    for store in ("abc123", "many1"):
        stack.install(store)
    stack.wait(lambda: stack.db.value("select count(*) from violet.discount where store_hash = 'many1'") == 300, what="the discounts")
    wanted = {"ok", "automatic", "expired", "not_begun", "used_up", "disabled", "customers", "currency", "channels"}
    stack.wait(lambda: wanted <= {reason for reason, in stack.db.rows("select reason from violet.discount where store_hash = 'abc123'")},
               what="all reasons")
    assert stack.db.value("select count(*) from violet.discount where source = 'coupon' and facts ? 'used'") == 0
    stack.worker.stop()  # it may read them once more, when it learns the stores' currency
    calls = stack.sim.get("requests?path=/coupons|/promotions")["count"]
    App(stack).post("/app/discounts", code="CODE1")
    assert stack.sim.get("requests?path=/coupons|/promotions")["count"] == calls, "the page waits for nobody"


@pytest.mark.stack(settings={"DISCOUNTS_SECONDS": "0.5"})
def test_missing_marketing_scope_is_said(stack):
    stack.sim.post("settings", {"app_scopes": "store_v2_orders store_v2_information"})
    stack.install("abc123")
    stack.wait(lambda: stack.db.value("select discounts_error from violet.store") == "scope", what="the refusal")
    text = reading(App(stack).load())
    assert "Marketing : we cannot tell you which of your coupons work" in text and "the permission “Marketing” is missing" in text
