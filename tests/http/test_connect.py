# SPDX-License-Identifier: Apache-2.0
"""Connect, the way in: the first page, the address, forms and the wait page."""
import concurrent.futures
import html
import re

import pytest

from harness.connect import (  # noqa: F401 (fixtures)
    Merchant, OTHER_PLATFORMS, confirm_page, connections, hidden_fields, knows_merchant, links, merchant, query, shared, stack, title)


# The first page ----------------------------------------------------------------------------------------------------------


def test_first_page_says_who_asks_and_what_happens_next(stack, merchant):
    stack.must("channel", "edit", "acme", "--more-info-url", "https://acme.example/more", "--logo-url",
               "https://cdn.acme.example:8443/logo.png")
    page = merchant.get("/connect/acme?state=xyz")
    stack.must("channel", "edit", "acme", "--more-info-url", "", "--logo-url", "")
    assert page.status == 200
    assert title(page) == "Connect your store to Acme Marketplace"
    for words in ("A demonstration channel of the sandbox.", 'href="https://acme.example/more"', "BigCommerce",
                  "Where do I find it?", "Press Install, then Confirm", 'src="https://cdn.acme.example:8443/logo.png"'):
        assert words in html.unescape(page.text), words
    assert hidden_fields(page)["state"] == "xyz"
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "img-src 'self' https://cdn.acme.example:8443;" in policy
    assert f"http://*.localhost:{stack.sim.bigcommerce_port}" in policy
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"


def test_other_platforms_lead_back_to_violets_own_connect(merchant):
    for page in (merchant.get("/connect/acme"), merchant.post("/connect/acme", {**merchant.start_form("acme"), "admin_url": "?"})):
        links = re.findall(r'<a href="([^"]*)">My store runs on another platform</a>', page.text)
        assert [html.unescape(link) for link in links] == [OTHER_PLATFORMS]


def test_cookie_is_first_party_only(merchant):
    cookie = merchant.get("/connect/acme").headers["Set-Cookie"]
    assert re.fullmatch(r"violet-connect=[A-Za-z0-9_-]{43}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax", cookie), cookie
    again = merchant.get("/connect/acme").headers["Set-Cookie"]
    assert again.split(";")[0] == cookie.split(";")[0], "the browser keeps its cookie"


def test_cookie_over_https_belongs_to_this_host_alone(make_stack):
    stack = make_stack(worker=False, settings={"PUBLIC_URL": "https://connect.example"})
    page = stack.get("/connect/acme")
    cookie = page.headers["Set-Cookie"]
    assert "another platform" not in page.text, "and no address is known for other platforms"
    assert re.fullmatch(r"__Host-violet-connect=[A-Za-z0-9_-]{43}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure", cookie)


def test_first_page_changes_nothing(stack, merchant):
    merchant.get("/connect/acme?state=xyz")
    assert connections(stack) == []


def test_first_page_in_german(stack):
    page = stack.client().get("/connect/acme", headers={"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in page.text
    assert title(page) == "Verbinden Sie Ihren Shop mit Acme Marketplace"


def test_unknown_channel(merchant):
    for path in ("/connect/nobody", "/connect/nobody/wait", "/connect/nobody/finish?ticket=x"):
        page = merchant.get(path)
        assert (page.status, title(page)) == (404, "This Connect link leads nowhere"), path


@pytest.mark.parametrize("state", ["x" * 1025, "a\x01b", "a\u202eb"])
def test_state_that_is_no_plain_text(stack, merchant, state):
    from urllib.parse import quote
    page = merchant.get(f"/connect/acme?state={quote(state)}")
    assert (page.status, title(page)) == (400, "This Connect link is damaged")
    page = merchant.post("/connect/acme", {**merchant.start_form("acme"), "state": state, "admin_url": "abc123"})
    assert page.status == 400 and connections(stack) == []


def test_state_of_the_greatest_length_comes_back(stack, merchant):
    state = "ü&=+ %#" + "x" * 1016
    assert len(state.encode()) == 1024
    merchant.begin(state=state)
    page = merchant.get("/connect/acme/wait")
    back = merchant.post("/connect/acme/wait", {**hidden_fields(page, "/connect/acme/wait"), "action": "decline"})
    assert query(back.location)["state"] == state


def test_doubled_or_broken_parameters_are_refused(merchant):
    assert merchant.get("/connect/acme?state=a&state=b").status == 400
    assert merchant.get("/connect/acme?state=%zz").status == 400
    assert merchant.get("/connect/acme?state=%ff").status == 400


def test_disabled_channel(stack, merchant):
    form = merchant.start_form("acme", "s 1")
    stack.must("channel", "disable", "acme")
    page = merchant.get("/connect/acme?state=s+1")
    assert (page.status, title(page)) == (403, "Acme Marketplace takes no new stores at the moment")
    back = html.unescape(re.search(r'href="([^"]*error=unavailable[^"]*)"', page.text).group(1))
    assert query(back) == {"error": "unavailable", "state": "s 1"}
    page = merchant.post("/connect/acme", {**form, "admin_url": "abc123"})
    assert page.status == 403 and connections(stack) == []


# The address -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed, words", [
    ("", "Enter the address of your control panel"),
    ("my shop", "This is not the address of a web page"),
    ("javascript:alert(1)", "This is not the address of a web page"),
    ("me@example.com", "This is an e-mail address"),
    ("https://login.bigcommerce.com/login", "This is the page where everybody signs in"),
    ("https://www.bigcommerce.com/", "This is a page of BigCommerce's web site"),
    ("https://mystore.mybigcommerce.com/manage", "This is your store's chosen name"),
    ("https://www.myshop.example/manage", "This looks like your shop's own domain"),
    ("https://store-abc123.mybigcommerce.com.evil.example/", "This looks like your shop's own domain"),
    ("https://store-abc123.my-staging.zone/", "This address belongs to one of BigCommerce's test systems"),
    ('"><script>alert(1)</script>', "This is not the address of a web page"),
])
def test_address_is_explained_and_not_lost(stack, merchant, typed, words):
    page = merchant.post("/connect/acme", {**merchant.start_form("acme", "s-1"), "admin_url": typed})
    assert page.status == 422
    error = re.search(r'<p class="error" id="admin_url_error">(.*?)</p>', page.text, re.S).group(1)
    assert words in html.unescape(error)
    assert f'value="{html.escape(typed)}"'.replace("&#x27;", "&#39;") in page.text.replace("&#x27;", "&#39;")
    assert 'aria-describedby="admin_url_error admin_url_hint"' in page.text and 'aria-invalid="true"' in page.text
    assert hidden_fields(page)["state"] == "s-1"
    assert ("Continue without the address" in page.text) == ("my-staging" not in typed)
    assert connections(stack) == []


def test_store_without_the_app_is_sent_to_install_it(stack, merchant):
    sent = merchant.begin(store="jpy789")
    assert (sent.status, sent.location) == (303, f"{stack.sim.panel('jpy789')}/manage/marketplace/apps/57141")
    assert stack.db.row("select typed, typed_hash, state, store_hash, proof from violet.connection") == (
        "store-jpy789.localhost", "jpy789", "s-1", None, None)


@pytest.mark.parametrize("typed", ["https://store-abc123.mybigcommerce.com/manage/dashboard?token=secret", "abc123",
                                   "stores/abc123/v3"])
def test_store_with_the_app_is_sent_to_open_it(stack, merchant, typed):
    sent = merchant.begin(admin_url=typed)
    assert (sent.status, sent.location) == (303, f"{stack.sim.panel('abc123')}/manage/app/57141")
    assert "secret" not in stack.db.value("select typed from violet.connection")


def test_store_whose_token_is_refused_is_sent_to_install_again(stack, merchant):
    stack.db.rows("update violet.store set token_refused_at = now() where store_hash = 'abc123'")
    assert merchant.begin().location == f"{stack.sim.panel('abc123')}/manage/marketplace/apps/57141"


def test_without_the_address_the_code_comes_first(stack, merchant):
    sent = merchant.begin(store=None, admin_url="https://www.myshop.example/")
    assert (sent.status, sent.location) == (303, f"{stack.url}/connect/acme/wait")
    page = merchant.wait_page()
    assert f'href="{stack.sim.bigcommerce}/deep-links/marketplace/apps/57141"' in page.text
    assert "Type this code into the Violet app" in page.text
    assert stack.db.row("select typed, typed_hash from violet.connection") == ("www.myshop.example", None)


def test_without_the_address_still_takes_a_good_one(stack, merchant):
    assert merchant.begin(store="abc123", without="yes").location.endswith("/manage/app/57141")


def test_without_the_address_a_host_that_is_no_text_is_no_fault_of_ours(stack, merchant):
    page = merchant.begin(store=None, admin_url="https://a%ff.com/")
    assert page.status == 303 and page.location.endswith("/connect/acme/wait")


def test_internal_systems_are_refused_without_the_address_too(stack, merchant):
    page = merchant.begin(store=None, admin_url="store-abc123.my-staging.zone")
    assert page.status == 422 and connections(stack) == []


# Forms -------------------------------------------------------------------------------------------------------------------


def test_forms_of_others_start_nothing(stack, merchant):
    form = {**merchant.start_form("acme", "s-1"), "admin_url": "abc123"}
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    other_channel = {**Merchant(stack).start_form("bloom"), "admin_url": "abc123"}
    cases = {
        "foreign page": lambda: merchant.post("/connect/acme", form, headers=foreign),
        "no origin": lambda: merchant.post("/connect/acme", form, headers={}),
        "no token": lambda: merchant.post("/connect/acme", {**form, "form": ""}),
        "another channel's token": lambda: merchant.post("/connect/acme", {**form, "form": other_channel["form"]}),
        "another browser's token": lambda: merchant.post(
            "/connect/acme", {**form, "form": Merchant(stack).start_form("acme")["form"]}),
        "token made longer": lambda: merchant.post("/connect/acme", {**form, "form": form["form"] + "A"}),
        "later end": lambda: merchant.post("/connect/acme", {**form, "form": "9" + form["form"]}),
    }
    for name, send in cases.items():
        page = send()
        assert page.status == 403, name
        assert "This page was open for a long time" in page.text and 'value="abc123"' in page.text, name
    assert connections(stack) == []
    assert merchant.post("/connect/acme", form).status == 303, "and the right form works still"


def test_browser_without_cookies_is_told(stack, merchant):
    form = {**merchant.start_form("acme"), "admin_url": "abc123"}
    merchant.client.cookies.clear()
    page = merchant.post("/connect/acme", form)
    assert page.status == 403 and "did not send back our cookie" in page.text and 'value="abc123"' in page.text
    page = merchant.post("/connect/acme", {**hidden_fields(page), "admin_url": "abc123"})
    assert page.status == 303, "pressed once more, it works"


def test_stale_form_keeps_what_was_typed(make_stack):
    merchant = Merchant(make_stack(worker=False, settings={"FORM_SECONDS": "1"}))
    form = {**merchant.start_form("acme", "s-1"), "admin_url": "abc123"}
    page = merchant.stack.wait(lambda: next(
        (answer for answer in [merchant.post("/connect/acme", form)] if answer.status == 403), None), 5)
    assert "This page was open for a long time" in page.text and 'value="abc123"' in page.text


# The wait page -----------------------------------------------------------------------------------------------------------


def test_wait_page_shows_steps_and_the_same_code_each_time(stack, merchant):
    merchant.begin()
    page = merchant.wait_page()
    assert f'href="{stack.sim.panel("abc123")}/manage/app/57141"' in page.text
    assert "/assets/wait.js" in page.text
    assert 'http-equiv="refresh"' in page.text
    code = merchant.code()
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{4} [2-9A-HJ-NP-Z]{4}", code) and not set(code) & set("01ILO")
    assert merchant.code() == code and merchant.step() == "waiting"
    assert code.replace(" ", "") not in str(stack.db.rows("select * from violet.connection"))


def test_code_can_be_renewed_also_when_it_has_expired(stack, merchant):
    merchant.begin()
    code = merchant.code()
    stack.db.rows("update violet.connection set code_expires_at = now() - interval '1 second'")
    assert merchant.step() == "codeless"
    page = merchant.wait_page()
    assert "The code has expired" in page.text and 'id="code"' not in page.text
    renewed = merchant.post("/connect/acme/wait", {**hidden_fields(page, "/connect/acme/wait"), "action": "renew"})
    assert (renewed.status, renewed.location) == (303, f"{stack.url}/connect/acme/wait")
    assert merchant.code() != code
    assert "No Connect page shows this code" in merchant.type_code(code).text


def test_wait_page_of_another_browser(stack, merchant):
    merchant.begin()
    page = Merchant(stack).wait_page()
    assert (page.status, title(page)) == (404, "We don't know this browser")
    assert Merchant(stack).step() == "over"


def test_wait_form_needs_its_token(stack, merchant):
    merchant.begin()
    form = {**hidden_fields(merchant.wait_page(), "/connect/acme/wait"), "action": "decline"}
    page = merchant.post("/connect/acme/wait", {**form, "form": "x"})
    assert (page.status, title(page)) == (403, "This page was open for too long")
    assert merchant.post("/connect/acme/wait", form, headers={"Origin": "https://evil.example"}).status == 403
    assert connections(stack) == [(None,)]


@pytest.mark.parametrize("headers, status", [
    ({"Origin": "null"}, 303), ({}, 403), ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403)])
def test_browsers_that_do_not_say_where_a_form_was(stack, merchant, headers, status):
    """Older ones send no Sec-Fetch-Site, and under our Referrer-Policy "null" as Origin."""
    merchant.begin()
    form = {**hidden_fields(merchant.wait_page(), "/connect/acme/wait"), "action": "decline"}
    reply = merchant.post("/connect/acme/wait", form, headers=headers)
    assert reply.status == status


def test_first_page_offers_to_go_on(stack, merchant):
    merchant.begin()
    assert "Continue where you were" in merchant.get("/connect/acme").text
    assert "Continue where you were" not in merchant.get("/connect/bloom").text


def test_going_back_and_beginning_anew_replaces(stack, merchant):
    merchant.begin(state="first")
    first = merchant.code()
    merchant.begin(store="def456", state="second")
    assert connections(stack) == [("replaced",), (None,)]
    assert merchant.code() != first
    assert "No Connect page shows this code" in merchant.type_code(first).text
    assert stack.db.value("select state from violet.connection where ended_at is null") == "second"


def test_connect_pressed_many_times_at_once(stack, merchant):
    form = {**merchant.start_form("acme", "s-1"), "admin_url": "abc123"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: merchant.post("/connect/acme", form), range(16)))
    assert {answer.status for answer in answers} == {303}
    assert stack.db.value("select count(*) from violet.connection where ended_at is null") == 1
    assert merchant.step() == "waiting"


def test_two_channels_in_two_tabs(stack, merchant):
    knows_merchant(stack)
    merchant.begin("acme")
    merchant.begin("bloom")
    acme = confirm_page(merchant)
    bloom = confirm_page(merchant, slug="bloom")
    assert merchant.decide(acme).status == 303 and merchant.decide(bloom, slug="bloom").status == 303
    assert links(stack) == [("abc123", "acme", "button", 1001), ("abc123", "bloom", "button", 1001)]
