# SPDX-License-Identifier: Apache-2.0
"""Connect, the way out: by button, code or install; and that only the confirm page's own form makes a link."""
import concurrent.futures
import html
import re

import pytest

from harness.connect import (  # noqa: F401 (fixtures)
    Merchant, confirm_page, connections, hidden_fields, knows_merchant, links, merchant, query, shared, stack, title)


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
