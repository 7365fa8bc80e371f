# SPDX-License-Identifier: Apache-2.0
"""The merchant's walk from the channel's page to the channel's page, in Chromium: by the button, by the code, in two
browsers, with the app installed already, and installed in the top window. Nobody is faster than these clicks."""
import urllib.parse

import pytest

CLICKS_ALLOWED = 12


class Walk:
    """One person at one browser, who counts the clicks."""

    def __init__(self, stack, browser):
        self.stack, self.sim, self.browser = stack, stack.sim, browser
        self.clicks = 0

    def click(self, css):
        self.browser.click(css)
        self.clicks += 1

    def press(self, words):
        self.browser.press(words)
        self.clicks += 1

    def start(self, slug="acme"):
        """From the channel's own page to our first one."""
        self.browser.open(f"{self.sim.violet}/demo-channel/{slug}/start")
        self.click("#connect")
        self.browser.wait_url(f"/connect/{slug}?state=")
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.browser.url).query)["state"][0]

    def enter(self, address):
        self.browser.fill("#admin_url", address)
        self.clicks += 1  # into the field
        self.press("Connect")

    def install(self):
        """On BigCommerce's page of the app."""
        self.browser.wait_url("/manage/marketplace/apps/")
        self.click("#install")
        self.click("#confirm")

    def in_app(self):
        """The embedded app, in its frame."""
        self.browser.wait_url("/manage/app/")
        self.browser.frame("#app-frame")
        self.browser.wait_text("Violet")

    def finish_button(self, channel="Acme Marketplace"):
        """Opens the confirm page in a new window, and goes there."""
        before = len(self.browser.driver.window_handles)
        self.press(f"Finish connecting to {channel}")
        self.stack.wait(lambda: len(self.browser.driver.window_handles) > before, what="a new window")
        self.browser.newest_window()
        self.browser.wait_text("Is this right?")

    def type_code(self, code):
        self.click("details:has(#code) summary")
        self.browser.fill("#code", code)
        self.clicks += 1
        self.press("Use code")
        self.browser.wait_text("Is this the channel you mean?")
        self.press("Yes, go on with")
        self.browser.wait_text("The code was right")

    def agree(self, store="Green Garden Supply", channel="Acme Marketplace"):
        assert store in self.browser.text and channel in self.browser.text
        self.press(f"Connect {store} to {channel}")

    def arrived(self, state, slug="acme", merchant_id="50001"):
        self.browser.wait_url(f"/demo-channel/{slug}?")
        assert self.browser.find("#outcome").text == "connected"
        assert self.browser.find("#merchant-id").text == merchant_id
        assert self.browser.find("#state").text == state
        assert self.clicks <= CLICKS_ALLOWED, f"{self.clicks} clicks"


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    return make_shared_stack()


@pytest.fixture
def stack(shared):
    """The shared stack as if nothing had happened."""
    shared.worker.stop()  # its login at Violet ends with the reset
    shared.sim.post("reset")
    shared.db.rows("truncate violet.store, violet.connection, violet.job cascade")
    shared.worker.start()
    return shared


def links(stack):
    return stack.db.rows("select store_hash, slug, made_how from violet.link join violet.channel using (channel_id) "
                         "where ended_at is null order by linked_at")


def test_by_the_button_with_third_party_cookies_blocked(stack, make_browser):
    walk = Walk(stack, make_browser(block_third_party_cookies=True))
    state = walk.start()
    walk.enter(stack.sim.panel("abc123") + "/manage/dashboard")
    walk.install()
    walk.in_app()
    walk.finish_button()
    walk.agree()
    walk.arrived(state)
    assert links(stack) == [("abc123", "acme", "button")]


def test_where_the_frame_forbids_new_windows(stack, browser):
    stack.sim.post("settings", {"frame_sandbox": "allow-scripts allow-forms allow-same-origin"})
    browser.expect_log("Blocked opening")
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter(stack.sim.panel("abc123"))
    walk.install()
    walk.in_app()
    walk.press("Finish connecting to Acme Marketplace")
    assert len(browser.driver.window_handles) == 1, "nothing happens, as the page has said"
    browser.driver.switch_to.new_window("tab")
    browser.open(f"{stack.url}/connect/acme/wait")
    code = browser.find("#code").text
    connect_tab = browser.driver.current_window_handle
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    browser.frame("#app-frame")
    walk.type_code(code)
    browser.driver.switch_to.window(connect_tab)
    browser.wait_text("Is this right?")
    walk.agree()
    walk.arrived(state)
    assert links(stack) == [("abc123", "acme", "code")]


def test_in_two_browsers(stack, make_browser):
    phone, laptop = Walk(stack, make_browser(width=360)), Walk(stack, make_browser())
    state = phone.start()
    phone.enter(stack.sim.panel("abc123"))
    phone.browser.wait_url("/manage/marketplace/apps/")
    phone.browser.open(f"{stack.url}/connect/acme/wait")
    code = phone.browser.find("#code").text

    laptop.browser.open(stack.sim.panel("abc123") + "/manage/marketplace/apps/57141")
    laptop.install()
    laptop.in_app()
    laptop.browser.expect_log("status of 403")
    laptop.press("Finish connecting to Acme Marketplace")
    stack.wait(lambda: len(laptop.browser.driver.window_handles) == 2, what="a new window")
    laptop.browser.newest_window()
    laptop.browser.wait_text("You began in another browser")
    assert links(stack) == []
    laptop.browser.driver.switch_to.window(laptop.browser.driver.window_handles[0])
    laptop.in_app()
    laptop.type_code(code)

    phone.browser.wait_text("Is this right?")
    phone.agree()
    phone.clicks += laptop.clicks
    phone.arrived(state)
    assert links(stack) == [("abc123", "acme", "code")]


def installation(stack):
    """What installing the app has made: the store's row, and the hooks at BigCommerce."""
    return (stack.db.rows("select sealed_token, scopes, owner_id, installed_at, first_installed_at from violet.store"),
            stack.sim.get("stores/abc123")["hooks"])


def test_from_the_marketplace_first_and_two_channels_later(stack, browser):
    """Installing links nothing; a channel's own link does, and changes nothing else; a second channel changes nothing of the
    first."""
    walk = Walk(stack, browser)
    browser.open(stack.sim.panel("abc123") + "/manage/marketplace/apps/57141")
    walk.install()
    walk.in_app()
    browser.wait_text("Your store is connected to Violet.")
    assert "No channel sells your products yet." in browser.text and links(stack) == []
    stack.wait(lambda: len(installation(stack)[1]) == 5, what="the hooks of the store")
    before = installation(stack)
    for slug, channel in (("acme", "Acme Marketplace"), ("bloom", "Bloom Finds")):
        walk.clicks = 0
        state = walk.start(slug)
        walk.enter("store-abc123")
        walk.in_app()
        walk.finish_button(channel)
        walk.agree(channel=channel)
        walk.arrived(state, slug)
        assert installation(stack) == before
    assert [row[:2] for row in links(stack)] == [("abc123", "acme"), ("abc123", "bloom")]
    assert stack.db.value("select count(*) from violet.connection where outcome = 'linked'") == 2
    browser.open(stack.sim.panel("abc123") + "/manage/app/57141")
    walk.in_app()
    assert browser.text.count("Linked since") == 2 and "Finish connecting" not in browser.text


def test_installed_in_the_top_window(stack, browser):
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter(stack.sim.panel("abc123"))
    browser.wait_url("/manage/marketplace/apps/")
    browser.open(stack.sim.post("stores/abc123/install", {"external": True})["url"])
    browser.wait_text("Is this right?")
    walk.agree()
    walk.arrived(state)
    assert links(stack) == [("abc123", "acme", "external_install")]


def test_another_store_than_was_named(stack, browser):
    stack.install("def456")
    stack.install("abc123")
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter("store-abc123")
    browser.wait_url("/manage/app/")
    browser.open(stack.url + "/connect/acme/wait")
    code = browser.find("#code").text
    browser.open(stack.sim.panel("def456") + "/manage/app/57141")
    browser.frame("#app-frame")
    walk.type_code(code)
    browser.top()
    browser.open(stack.url + "/connect/acme/wait")
    browser.wait_text("This is another store than you named")
    walk.press("Yes, connect Nordlicht Leuchten to Acme Marketplace")
    walk.arrived(state, merchant_id="50002")
    assert [row[:2] for row in links(stack)] == [("def456", "acme")]


def test_waiting_for_violet(stack, browser):
    stack.sim.post("settings", {"merchant_delay": None})
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter(stack.sim.panel("abc123"))
    walk.install()
    walk.in_app()
    walk.finish_button()
    walk.agree()
    browser.wait_text("Your store is connected.")
    assert links(stack) == [("abc123", "acme", "button")]
    stack.sim.post("violet/merchants", {"store": "abc123", "visible": True})
    walk.arrived(state)


def test_declining(stack, browser):
    stack.install("abc123")
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter(stack.sim.panel("abc123"))
    walk.in_app()
    walk.finish_button()
    walk.press("Don't connect")
    browser.wait_url("/demo-channel/acme?")
    assert browser.find("#outcome").text == "failed" and browser.find("#error").text == "declined"
    assert browser.find("#state").text == state
    assert links(stack) == []


def test_back_button_after_the_end(stack, browser):
    stack.install("abc123")
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter(stack.sim.panel("abc123"))
    walk.in_app()
    walk.finish_button()
    walk.agree()
    walk.arrived(state)
    browser.driver.back()
    stack.wait(lambda: "/demo-channel/acme?" in browser.url or "Is this right?" in browser.text)
    if "Is this right?" in browser.text:  # the page as it was kept: pressing again does nothing new
        walk.agree()
    walk.arrived(state)
    assert stack.db.value("select count(*) from violet.link") == 1


def test_without_script_the_wait_page_goes_on_too(stack, browser):
    """Its refresh tag loads it anew; the link under the code does so at once."""
    stack.install("abc123")
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.expect_log("status of 422")
    walk = Walk(stack, browser)
    state = walk.start()
    walk.enter("https://www.my-shop.example/")
    browser.wait_text("This looks like your shop's own domain")
    walk.press("Continue without the address")
    code = browser.find("#code").text
    connect_tab = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.open(stack.sim.panel("abc123") + "/manage/app/57141")
    browser.frame("#app-frame")
    walk.type_code(code)
    browser.driver.switch_to.window(connect_tab)
    browser.wait_text("Is this right?")
    walk.agree()
    walk.arrived(state)
