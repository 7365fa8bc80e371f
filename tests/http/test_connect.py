# SPDX-License-Identifier: Apache-2.0
"""Connect: every way in, every way out, and that only the confirm page's own form makes a link."""
import concurrent.futures
import html
import re

import pytest

from harness.connect import Merchant, hidden_fields, query, title


OTHER_PLATFORMS = "https://connect.violet.example/acme?from=bc&lang=en"


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    """Both stores have installed the app; nothing is resolved, so that links wait for a merchant id."""
    stack = make_shared_stack(worker=False, settings={"VIOLET_CONNECT_URL": OTHER_PLATFORMS})
    for store in ("abc123", "def456"):
        stack.install(store)
    return stack


@pytest.fixture
def stack(shared):
    """The shared stack without the traces of other tests."""
    db = shared.db
    db.rows("delete from violet.ticket")
    db.rows("delete from violet.link")
    db.rows("delete from violet.connection")
    db.rows("delete from violet.store_merchant")
    db.rows("update violet.channel set enabled = true")
    db.rows("update violet.store_user set code_failures = 0, code_failed_at = null")
    db.rows("update violet.store set token_refused_at = null")
    return shared


@pytest.fixture
def merchant(stack):
    return Merchant(stack)


def links(stack):
    return stack.db.rows("select store_hash, slug, made_how, made_by_user from violet.link join violet.channel "
                         "using (channel_id) where ended_at is null order by 1, 2")


def connections(stack):
    return stack.db.rows("select outcome from violet.connection order by connection_id")


def knows_merchant(stack, store="abc123", merchant_id=50001):
    stack.db.rows("insert into violet.store_merchant (store_hash, merchant_id, first_seen_at, last_seen_at) "
                  "values (%s, %s, now(), now())", store, merchant_id)


def confirm_page(merchant, store="abc123", slug="acme"):
    """From the app's button to the page that asks."""
    pressed = merchant.press_finish(store, slug=slug)
    assert pressed.status == 303, pressed
    assert pressed.location.startswith(f"{merchant.stack.url}/connect/{slug}/finish?ticket="), pressed.location
    page = merchant.get(pressed.location)
    assert page.status == 200, page
    return page


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


# Button and ticket -------------------------------------------------------------------------------------------------------


def test_walk_by_the_button(stack, merchant):
    knows_merchant(stack)
    stack.db.rows("delete from violet.job where kind = 'resolve_merchant'")
    merchant.begin(state="a&b=ü")
    page = confirm_page(merchant)
    assert title(page) == "Connect Green Garden Supply to Acme Marketplace"
    for words in ("Green Garden Supply", f"store-abc123.localhost:{stack.sim.bigcommerce_port}", "Acme Marketplace",
                  stack.sim.violet.split("://")[1]):
        assert words in html.unescape(page.text), words
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    done = merchant.decide(page)
    assert done.status == 303
    assert done.location.startswith(f"{stack.sim.violet}/demo-channel/acme?")
    assert query(done.location) == {"merchant_id": "50001", "state": "a&b=ü"}
    assert links(stack) == [("abc123", "acme", "button", 1001)]
    assert connections(stack) == [("linked",)]
    assert stack.db.value("select count(*) from violet.job where store_hash = 'abc123' and kind = 'resolve_merchant'") == 1


def test_pressing_twice_is_harmless(stack, merchant):
    knows_merchant(stack)
    merchant.begin()
    page = confirm_page(merchant)
    first = merchant.decide(page)
    again = merchant.client.request("POST", "/connect/acme/finish", form={
        **hidden_fields(page, "/connect/acme/finish"), "decision": "connect"}, headers=merchant.headers(), follow=False)
    assert again.location == f"{stack.url}/connect/acme/wait"
    assert merchant.get(again.location).location == first.location
    assert len(links(stack)) == 1 and stack.db.value("select count(*) from violet.link") == 1


def test_looking_changes_nothing(stack, merchant):
    merchant.begin()
    pressed = merchant.press_finish()
    before = stack.db.rows("select * from violet.connection")
    for _ in range(3):
        assert merchant.get(pressed.location).status == 200
        merchant.wait_page(), merchant.step(), merchant.get("/connect/acme")
    assert stack.db.rows("select * from violet.connection") == before
    assert links(stack) == []


def test_ticket_in_another_browser_explains_the_code(stack, merchant):
    merchant.begin()
    pressed = merchant.press_finish()
    for path in (pressed.location, "/connect/acme/finish?ticket=forged"):
        page = Merchant(stack).get(path)
        assert (page.status, title(page)) == (403, "You began in another browser"), path
        assert "Type that code into the Violet app" in page.text
    assert links(stack) == []


def test_ticket_alone_makes_no_link(stack, merchant):
    """Somebody else's browser has the ticket, and even a form token of its own."""
    merchant.begin()
    ticket = query(merchant.press_finish().location)["ticket"]
    other = Merchant(stack)
    other.begin(store="def456")
    page = other.post("/connect/acme/finish", {"form": other.start_form("acme")["form"], "store": "abc123",
                                               "ticket": ticket, "decision": "connect"})
    assert page.status == 403 and links(stack) == []


@pytest.mark.parametrize("spoil", [
    "update violet.ticket set expires_at = now() - interval '1 second'",
    "delete from violet.ticket",
])
def test_ticket_spent_or_too_old(stack, merchant, spoil):
    merchant.begin()
    pressed = merchant.press_finish()
    page = merchant.get(pressed.location)
    stack.db.rows(spoil)
    again = merchant.get(pressed.location)
    assert (again.status, title(again)) == (403, "This window was open for too long")
    assert "Press it again" in again.text
    refused = merchant.decide(page)
    assert (refused.status, title(refused)) == (403, "This window was open for too long")
    assert links(stack) == []


def test_newer_ticket_replaces_the_older(stack, merchant):
    knows_merchant(stack)
    merchant.begin()
    first = merchant.press_finish()
    second = merchant.press_finish()
    assert merchant.get(first.location).status == 403
    assert merchant.decide(merchant.get(second.location)).status == 303
    assert len(links(stack)) == 1


def test_finish_pressed_again_while_the_first_window_confirms(stack, merchant):
    """Both change the ticket and the connection: neither may wait for what the other one holds."""
    merchant.begin()
    page = confirm_page(merchant)
    session = {"session": merchant.session(), "connection": merchant.connection_id()}
    holder = stack.db.connect()
    holder.cursor().execute("begin; select from violet.ticket for update")

    def wait_for_blocked(count):
        stack.wait(lambda: stack.db.value("select count(*) from pg_stat_activity where datname = current_database() "
                                          "and wait_event_type = 'Lock'") == count)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pressed = pool.submit(stack.post, "/app/ticket", form=session)
        wait_for_blocked(1)
        confirmed = pool.submit(merchant.decide, page)
        wait_for_blocked(2)
        holder.close()
        assert (pressed.result().status, confirmed.result().status) == (303, 403)  # the newer ticket replaced the older
    assert links(stack) == []


def test_stranger_who_names_the_same_store_is_not_in_the_way(stack, merchant):
    stranger = Merchant(stack)
    merchant.begin(state="mine")
    stranger.begin(state="not mine")
    knows_merchant(stack)
    page = confirm_page(merchant)  # the app shows the stranger's, which is newer
    ticket = hidden_fields(page, "/connect/acme/finish")["ticket"]
    assert query(merchant.decide(page).location) == {"merchant_id": "50001", "state": "mine"}
    late = stranger.get(f"/connect/acme/finish?ticket={ticket}")
    assert (late.status, title(late)) == (403, "This window was open for too long")
    assert connections(stack) == [("linked",), (None,)]


def test_stranger_who_begins_again_and_again_is_not_in_the_way(stack, merchant):
    """The app's page names the stranger's connection, which is replaced before the merchant presses."""
    stranger = Merchant(stack)
    knows_merchant(stack)
    merchant.begin(state="mine")
    stranger.begin()
    shown = merchant.connection_id()
    stranger.begin()
    page = merchant.get(merchant.press_finish(connection=shown).location)
    assert query(merchant.decide(page).location) == {"merchant_id": "50001", "state": "mine"}
    assert merchant.press_finish(connection=shown).status == 303, "the stranger still waits"
    form = hidden_fields(stranger.wait_page(), "/connect/acme/wait")
    assert stranger.post("/connect/acme/wait", {**form, "action": "decline"}).status == 303
    assert title(merchant.press_finish(connection=shown)) == "This connection no longer waits"


def test_ticket_only_for_the_store_that_was_named(stack, merchant):
    merchant.begin(store="abc123")
    page = merchant.press_finish(store="def456")
    assert (page.status, title(page)) == (410, "This connection no longer waits")
    for connection in ("0", "-1", "x", "", "99999999999999999999"):
        assert merchant.stack.post("/app/ticket", form={
            "session": merchant.session(), "connection": connection}).status == 400, connection
    assert stack.db.value("select count(*) from violet.ticket") == 0


def test_ticket_needs_a_living_session(stack, merchant):
    merchant.begin()
    for session in ("", "x", merchant.session()[:-2] + "xx"):
        page = stack.post("/app/ticket", form={"session": session, "connection": merchant.connection_id()})
        assert page.status == 401, session
    assert stack.db.value("select count(*) from violet.ticket") == 0


def test_others_learn_whom_to_ask(stack, merchant):
    merchant.begin()
    page = merchant.press_finish(user="staff")
    assert (page.status, title(page)) == (403, "Please ask the owner of the store")
    owner = stack.db.value("select email from violet.store_user where store_hash = 'abc123' and is_owner")
    assert owner in html.unescape(page.text)
    page = merchant.type_code(merchant.code(), user="staff")
    assert owner in html.unescape(page.text)
    assert stack.db.row("select proof, (select count(*) from violet.ticket) from violet.connection") == (None, 0)


def test_user_who_was_removed_after_the_press(stack, merchant):
    merchant.begin()
    page = confirm_page(merchant)
    stack.db.rows("update violet.store_user set removed_at = now() where store_hash = 'abc123' and user_id = 1001")
    refused = merchant.decide(page)
    stack.db.rows("update violet.store_user set removed_at = null where store_hash = 'abc123' and user_id = 1001")
    assert (refused.status, title(refused)) == (403, "You can't connect this store")
    assert links(stack) == []


# Confirming --------------------------------------------------------------------------------------------------------------


def test_confirm_form_of_others_links_nothing(stack, merchant):
    merchant.begin()
    page = confirm_page(merchant)
    form = {**hidden_fields(page, "/connect/acme/finish"), "decision": "connect"}
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert merchant.post("/connect/acme/finish", form, headers=foreign).status == 403
    assert merchant.post("/connect/acme/finish", {**form, "form": "1.x"}).status == 403
    assert merchant.post("/connect/acme/finish", {**form, "store": "def456"}).status == 403, "the token covers the store"
    start = merchant.start_form("acme")["form"]
    assert merchant.post("/connect/acme/finish", {**form, "form": start}).status == 403, "the token covers the page"
    for missing in ("decision", "store", "form"):
        left = {name: value for name, value in form.items() if name != missing}
        assert merchant.post("/connect/acme/finish", left).status in (400, 403), missing
    assert merchant.post("/connect/acme/finish", {**form, "decision": "perhaps"}).status == 400
    other = Merchant(stack)
    other.get("/connect/acme")
    assert other.post("/connect/acme/finish", form).status == 404, "another browser"
    assert links(stack) == []


def test_declining_goes_back_with_an_error(stack, merchant):
    merchant.begin(state="s-9")
    back = merchant.decide(confirm_page(merchant), "decline")
    assert back.status == 303 and query(back.location) == {"error": "declined", "state": "s-9"}
    assert links(stack) == [] and connections(stack) == [("declined",)]
    page = merchant.wait_page()
    assert title(page) == "You chose not to connect"
    assert 'href="' + stack.url + '/connect/acme?state=s-9"' in page.text, "start again keeps the channel's state"


def test_waiting_for_the_merchant_id(stack, merchant):
    merchant.begin(state="s-2")
    done = merchant.decide(confirm_page(merchant))
    assert done.location == f"{stack.url}/connect/acme/wait"
    assert len(links(stack)) == 1, "the link does not wait"
    page = merchant.wait_page()
    assert page.status == 200 and "Your store is connected." in page.text and merchant.step() == "linked"
    stack.db.rows("update violet.connection set ended_at = ended_at - interval '25 seconds'")
    assert merchant.step() == "slow"
    page = merchant.wait_page()
    back = html.unescape(re.search(r'class="button" href="([^"]*)"', page.text).group(1))
    assert query(back) == {"state": "s-2"}
    knows_merchant(stack)
    assert merchant.step() == "done"
    assert query(merchant.wait_page().location) == {"merchant_id": "50001", "state": "s-2"}


def test_redirect_address_keeps_its_own_query(stack, merchant):
    knows_merchant(stack)
    address = stack.db.value("select redirect_url from violet.channel where slug = 'acme'")
    stack.must("channel", "edit", "acme", "--redirect-url", f"{address}?tenant=7&state=old")
    merchant.begin(state="new")
    done = merchant.decide(confirm_page(merchant))
    stack.must("channel", "edit", "acme", "--redirect-url", address)
    assert query(done.location) == {"tenant": "7", "merchant_id": "50001", "state": "new"}


@pytest.mark.parametrize("address", ["https://acme.example:8o80/back", "https://acme.example/café"])
def test_redirect_address_that_is_none_breaks_that_answer_alone(stack, merchant, address):
    """A row that no command would write today."""
    good = stack.db.value("select redirect_url from violet.channel where slug = 'acme'")
    knows_merchant(stack)
    stack.expect_log("status=500 .*the answer cannot be written")
    merchant.begin()
    page = confirm_page(merchant)
    stack.db.rows("update violet.channel set redirect_url = %s where slug = 'acme'", address)
    broken = merchant.decide(page), merchant.wait_page()
    stack.db.rows("update violet.channel set redirect_url = %s where slug = 'acme'", good)
    assert [answer.status for answer in broken] == [500, 500]
    assert query(merchant.wait_page().location)["merchant_id"] == "50001"


def test_channel_disabled_midway(stack, merchant):
    merchant.begin()
    page = confirm_page(merchant)
    stack.must("channel", "disable", "acme")
    for answer in (merchant.decide(page), merchant.wait_page(), merchant.get("/connect/acme/finish")):
        assert (answer.status, title(answer)) == (403, "Acme Marketplace takes no new stores at the moment")
    assert merchant.press_finish().status == 410
    assert merchant.step() == "over" and links(stack) == []


def test_expired_connection(stack, merchant):
    merchant.begin(state="s-3")
    page = confirm_page(merchant)
    stack.db.rows("update violet.connection set expires_at = now() - interval '1 second'")
    for answer in (merchant.decide(page), merchant.wait_page(), merchant.get("/connect/acme/finish?ticket=x")):
        assert (answer.status, title(answer)) == (410, "This connection has expired")
        assert "error=expired" in answer.text and "Start again" in answer.text
    assert links(stack) == []
    merchant.begin()
    assert connections(stack) == [("expired",), (None,)]


def test_link_that_is_ending(stack, merchant):
    stack.link("abc123", "acme")
    stack.db.rows("update violet.link set ending_at = now()")
    merchant.begin()
    page = merchant.decide(confirm_page(merchant))
    assert (page.status, title(page)) == (409, "This store is just being disconnected")
    stack.db.rows("update violet.link set ended_at = now(), end_reason = 'merchant'")
    merchant.decide(confirm_page(merchant))
    assert stack.db.value("select count(*) from violet.link") == 2 and len(links(stack)) == 1, "history is kept"


def test_link_that_exists_already(stack, merchant):
    stack.link("abc123", "acme")
    knows_merchant(stack)
    merchant.begin()
    assert query(merchant.decide(confirm_page(merchant)).location)["merchant_id"] == "50001"
    assert stack.db.value("select count(*) from violet.link") == 1


def test_link_that_was_ended_since(stack, merchant):
    knows_merchant(stack)
    merchant.begin()
    merchant.decide(confirm_page(merchant))
    assert merchant.step() == "done"
    stack.db.rows("update violet.link set ending_at = now(), ended_at = now(), end_reason = 'merchant'")
    page = merchant.wait_page()
    assert (page.status, title(page)) == (410, "This store is no longer connected")
    assert "You have connected a store" not in merchant.get("/connect/acme").text


def test_finish_page_without_proof_leads_to_the_wait_page(stack, merchant):
    assert merchant.get("/connect/acme/finish").status == 404
    merchant.begin()
    assert merchant.get("/connect/acme/finish").location == f"{stack.url}/connect/acme/wait"


def test_connection_that_ends_while_it_is_confirmed(stack, merchant):
    """The page's look at the connection still sees it living; the link, made under its lock, sees that it has ended."""
    merchant.begin(state="s-5")
    page = confirm_page(merchant)
    other = stack.db.connect()
    try:
        with other.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(1) as pool:
            cursor.execute("begin; update violet.connection set outcome = 'replaced', ended_at = now()")
            answer = pool.submit(merchant.decide, page)
            stack.wait(lambda: stack.db.value("select count(*) from pg_locks where not granted"), what="the link to wait")
            cursor.execute("commit")
            gone = answer.result()
    finally:
        other.close()
    assert (gone.status, title(gone)) == (410, "This connection has ended")
    assert f'href="{stack.url}/connect/acme?state=s-5"' in gone.text, "it can be begun anew, with the channel's state"
    assert links(stack) == [] and connections(stack) == [("replaced",)]


# The code ----------------------------------------------------------------------------------------------------------------


def test_walk_by_the_code(stack, merchant):
    knows_merchant(stack)
    merchant.begin(store=None)
    code = merchant.code()
    asked = merchant.type_code(code.lower().replace(" ", "-"))
    assert title(asked) == "Is this the channel you mean?" and "Acme Marketplace" in asked.text
    assert "frame-ancestors http://store-abc123." in asked.headers["Content-Security-Policy"]
    assert merchant.step() == "waiting", "nothing goes on before the merchant has agreed to the channel"
    agreed = stack.post("/app/code", form={**hidden_fields(asked, "/app/code"), "agreed": "yes"})
    assert "The code was right" in agreed.text
    assert merchant.step() == "proven"
    assert merchant.wait_page().location == f"{stack.url}/connect/acme/finish"
    page = merchant.get("/connect/acme/finish")
    assert title(page) == "Connect Green Garden Supply to Acme Marketplace"
    assert query(merchant.decide(page).location)["merchant_id"] == "50001"
    assert links(stack) == [("abc123", "acme", "code", 1001)]
    assert "No Connect page shows this code" in merchant.type_code(code).text, "a code works once"


def test_unreadable_codes_are_not_counted(stack, merchant):
    merchant.begin()
    for typed in ("", "ABC", "ABCD EFG0", "ABCDEFGHJ", "ABCD EFG\u00dc"):
        assert "A code has 8 letters and digits" in merchant.type_code(typed).text, typed
    assert stack.db.value("select code_failures from violet.store_user where store_hash = 'abc123' and user_id = 1001") == 0


def test_five_wrong_codes_end_the_connection_and_stop_the_user(stack, merchant):
    merchant.begin(state="s-4")
    elsewhere = Merchant(stack)
    elsewhere.begin(store="def456")
    right = merchant.code()
    for _ in range(4):
        page = merchant.type_code("22222222").text
        assert "No Connect page shows this code" in page and 'open><summary>Have a code' in page.replace("\n", ""), "there to be mended"
    assert merchant.step() == "waiting"
    assert "no more are taken for 15 minutes" in merchant.type_code("22222222").text
    page = merchant.wait_page()
    assert (page.status, title(page)) == (410, "Too many wrong codes") and "error=failed" in page.text
    assert elsewhere.step() == "waiting", "connections for other stores go on"
    merchant.begin()
    assert "no more are taken for 15 minutes" in merchant.type_code(merchant.code()).text
    assert merchant.code() != right
    stack.db.rows("update violet.store_user set code_failed_at = now() - interval '16 minutes'")
    assert title(merchant.type_code(merchant.code())) == "Is this the channel you mean?"


def test_code_of_a_disabled_channel_or_ended_connection(stack, merchant):
    merchant.begin()
    code = merchant.code()
    stack.must("channel", "disable", "acme")
    assert "No Connect page shows this code" in merchant.type_code(code).text
    stack.must("channel", "enable", "acme")
    page = merchant.wait_page()
    merchant.post("/connect/acme/wait", {**hidden_fields(page, "/connect/acme/wait"), "action": "decline"})
    assert "No Connect page shows this code" in merchant.type_code(code).text


def test_another_store_than_was_named_needs_a_word_of_its_own(stack, merchant):
    knows_merchant(stack, "def456", 50002)
    merchant.begin(store="abc123")
    merchant.type_code(merchant.code(), store="def456", agreed=True)
    page = merchant.get("/connect/acme/finish")
    assert "This is another store than you named" in page.text
    assert "store-abc123" in page.text and "store-def456" in page.text
    refused = merchant.decide(page, "connect")
    assert refused.status == 422 and "This is another store than you named" in refused.text
    assert links(stack) == []
    assert query(merchant.decide(page, "connect_other").location)["merchant_id"] == "50002"
    assert [row[:2] for row in links(stack)] == [("def456", "acme")]


def test_another_store_that_answers_after_the_page_was_shown(stack, merchant):
    merchant.begin(store=None)
    merchant.type_code(merchant.code(), store="abc123", agreed=True)
    page = merchant.get("/connect/acme/finish")
    stack.db.rows("update violet.connection set store_hash = 'def456', user_id = 1011")
    refused = merchant.decide(page)
    assert (refused.status, title(refused)) == (409, "Another store has answered meanwhile")
    assert links(stack) == []


# An install in the top window --------------------------------------------------------------------------------------------


def test_external_install_ends_on_the_confirm_page(stack, merchant):
    knows_merchant(stack)
    merchant.begin()
    url = stack.sim.post("stores/abc123/install", {"external": True})["url"]
    landed = merchant.get(url)
    assert landed.status in (302, 303) and landed.location == f"{stack.url}/connect/acme/finish", landed
    assert links(stack) == [], "an install alone links nothing"
    page = merchant.get(landed.location)
    assert title(page) == "Connect Green Garden Supply to Acme Marketplace"
    assert query(merchant.decide(page).location)["merchant_id"] == "50001"
    assert links(stack)[0][:3] == ("abc123", "acme", "external_install")


def test_external_install_of_another_store_is_asked_about(stack, merchant):
    merchant.begin(store="abc123")
    merchant.get(stack.sim.post("stores/def456/install", {"external": True})["url"])
    page = merchant.get("/connect/acme/finish")
    assert "This is another store than you named" in page.text and links(stack) == []


# In the log --------------------------------------------------------------------------------------------------------------


def test_no_secret_in_any_log(stack, merchant):
    merchant.begin(state="state-nobody-logs")
    code = merchant.code().replace(" ", "")
    pressed = merchant.press_finish()
    merchant.get(pressed.location)
    merchant.type_code(code)
    cookie = merchant.client.cookies["violet-connect"][0]
    for name, text in stack.logs():
        if name == "simulators":
            continue
        for secret in (query(pressed.location)["ticket"], code, cookie, "state-nobody-logs"):
            assert secret not in text, name
