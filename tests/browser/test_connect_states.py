# SPDX-License-Identifier: Apache-2.0
"""Every state of Connect in Chromium: its text, its screenshots (build/screenshots/connect-NAME-WIDTH-SCHEME.png), and the
checks of harness/accessibility.js and keyboard.js in every width and scheme."""
import pytest

from harness.accessibility import look
from harness.connect import Merchant, title
from harness.texts import Walked

LONG = "https://www." + "a-very-long-shop-name" * 8 + ".example/manage/dashboard?with=everything#behind"


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    stack = make_shared_stack(worker=False, settings={
        "VIOLET_CONNECT_URL": "https://connect.violet.io/acme", "SUPPORT_URL": "https://violet.io/support"})
    stack.must("channel", "edit", "acme", "--more-info-url", "https://acme.example/more", "--description",
               "Acme Marketplace brings your products to two million shoppers. You keep your prices and your customers.")
    return stack


@pytest.fixture(scope="module")
def window(browsers):
    """One browser for all; what a page logs is looked at after each state."""
    browser = browsers.take()
    yield browser
    browsers.give(browser)


@pytest.fixture(scope="module")
def walked():
    return Walked()


class Visit:
    """One merchant's browser at the start of a state."""

    def __init__(self, stack, browser, language="en"):
        self.stack, self.browser, self.db = stack, browser, stack.db
        browser.open("about:blank")  # the page before may still ask for news
        browser.clear_cookies()
        browser.speak(language)
        self.db.rows("truncate violet.store, violet.connection, violet.job cascade")
        self.db.rows("update violet.channel set enabled = true, name = 'Acme Marketplace', logo_url = null where slug = 'acme'")
        self.db.rows("insert into violet.store (store_hash, name, domain, sealed_token, first_installed_at, installed_at) values "
                     "('abc123', 'Green Garden Supply', 'www.greengarden.example', 'x', now(), now()), "
                     "('def456', 'Nordlicht Leuchten', 'leuchten.example', 'x', now(), now())")

    def open(self, path):
        self.browser.open(self.stack.url + path)

    def change(self, what):
        self.db.rows(f"update violet.connection set {what}")

    # The ways to the states

    def start(self, state="s-1"):
        self.open(f"/connect/acme?state={state}")

    def typed(self, address):
        self.start()
        self.browser.fill("#admin_url", address)
        self.browser.click("form .actions .button")
        self.browser.find("#admin_url_error")

    def begun(self):
        """Without an address, then as if the address had been typed: BigCommerce's page is not needed here."""
        self.typed("www.shop.example")
        self.browser.click("button[name=without]")
        self.browser.find("#wait")
        self.change("typed_hash = 'abc123'")

    def proven(self, store="abc123"):
        self.begun()
        self.change(f"store_hash = '{store}', user_id = 1001, proof = 'code'")

    def linked(self):
        self.proven()
        self.stack.link("abc123", "acme")
        self.change("outcome = 'linked', ended_at = now()")

    def ended(self, outcome):
        self.begun()
        self.change(f"outcome = '{outcome}', ended_at = now()")
        self.open("/connect/acme/wait")

    def pressed(self, spoil):
        """The confirm page's button, after something has changed behind it."""
        self.proven()
        self.open("/connect/acme/finish")
        spoil()
        wait_for_next_page = self.browser.leave()
        self.browser.click("form .button:not(.quiet)")
        wait_for_next_page()


def steps(*calls):
    """Methods of Visit by name, or functions of one, with their further arguments, one after the other."""
    def prepare(visit):
        for what, *arguments in calls:
            (getattr(Visit, what) if isinstance(what, str) else what)(visit, *arguments)
    return prepare


WAIT, FINISH = ("open", "/connect/acme/wait"), ("open", "/connect/acme/finish")


def disable(visit):
    visit.db.rows("update violet.channel set enabled = false")


def stale_token(visit):
    visit.browser.driver.execute_script("for (const f of document.getElementsByName('form')) f.value = '1.x'")


def start_stale(visit):
    visit.start()
    stale_token(visit)
    visit.browser.fill("#admin_url", "store-abc123")
    visit.browser.click("form .actions .button")
    visit.browser.find(".notice.warn")


def start_without_cookie(visit):
    visit.start()
    visit.browser.driver.delete_all_cookies()
    visit.browser.click("form .actions .button")
    visit.browser.find(".notice.warn")


def logo(visit):
    """From another host than ours, which the page's policy has to allow by name."""
    visit.db.rows(f"update violet.channel set logo_url = 'http://127.0.0.1:{visit.stack.port}/assets/favicon.svg' where slug = 'acme'")


def long_names(visit):
    visit.db.rows("update violet.channel set name = 'The Wonderful Marketplace of Handmade Things and Gifts' where slug = 'acme'")
    visit.db.rows("update violet.store set name = 'Grandmother Josephine''s Haberdashery, Wool and Sewing Supplies', "
                  "domain = 'www.grandmother-josephines-haberdashery-wool-and-sewing.example'")


def pressed_changed(visit):
    visit.pressed(lambda: visit.change("store_hash = 'def456'"))


def pressed_ending(visit):
    """The owner says yes while the link to the channel is being ended."""
    visit.db.rows("insert into violet.store_user (store_hash, user_id, is_owner, first_seen_at, last_seen_at) "
                  "values ('abc123', 1001, true, now(), now())")
    visit.stack.link("abc123", "acme")
    visit.pressed(lambda: visit.db.rows("update violet.link set ending_at = now()"))


def pressed_gone(visit):
    """Another tab ends the connection between our look at it and the link."""
    with visit.db.replaced("api.link_make", "begin return query select 'gone', null::integer; end"):
        visit.pressed(lambda: None)


def in_app(visit, people=None):
    """The embedded app, which may stand in the top window too. Then nobody may link but `people`."""
    visit.stack.install("abc123")
    visit.db.rows("update violet.store_user set code_failures = 0")
    visit.browser.open(visit.stack.sim.get("stores/abc123/load_url")["url"])
    if people is not None:
        visit.db.rows("update violet.store_user set is_owner = false, installed_at = null, email = null")
        visit.db.rows("insert into violet.store_user (store_hash, user_id, email, is_owner, first_seen_at, last_seen_at) "
                      "select 'abc123', 7000 + n, email, true, now(), now() from unnest(%s::text[]) with ordinality as p (email, n)", people)


def use_code(visit, code):
    visit.browser.click("details:has(#code) summary")
    visit.browser.fill("#code", code)
    visit.browser.press("Use code")


def typed_code(code, failures=0, people=None):
    """A code that no Connect page shows."""
    def prepare(visit):
        in_app(visit, people)
        visit.db.rows("update violet.store_user set code_failures = %s, code_failed_at = now()", failures)
        use_code(visit, code)
    return prepare


def agree(visit):
    visit.begun()
    code = visit.browser.find("#code").text
    in_app(visit)
    use_code(visit, code)


def proven_by_code(visit):
    agree(visit)
    visit.browser.press("Yes, go on with Acme Marketplace")


def pressed_finish(spoil):
    """The app's button, after something has changed behind it; here its page needs no new window."""
    def prepare(visit):
        visit.begun()
        spoil(visit)
        visit.browser.driver.execute_script("document.querySelector('form[target]').removeAttribute('target')")
        visit.browser.press("Finish connecting to Acme Marketplace")
    return prepare


OWNERS = ["owner@greengarden.example", "a.very.long.address.of.somebody@subsidiary.greengarden.example"]


# name, how to get there, words on the page, further options
STATES = [
    ("start", steps(("start",)), "Connect your store to Acme Marketplace", {}),
    ("start-german", steps(("start",)), "Verbinden Sie Ihren Shop mit Acme Marketplace", {"language": "de"}),
    ("start-begun", steps(("begun",), ("start",)), "You have begun already", {}),
    ("start-linked", steps(("linked",), ("start",)), "You have connected a store to Acme Marketplace", {}),
    ("start-stale", start_stale, "This page was open for a long time", {}),
    ("start-without-cookie", start_without_cookie, "Your browser did not send back our cookie", {}),
    ("start-logo", steps((logo,), ("start",)), "My store runs on another platform", {}),
    ("start-long-names", steps((long_names,), ("start",)), "Handmade Things and Gifts", {}),
    ("address-empty", steps(("typed", "")), "Enter the address of your control panel", {}),
    ("address-unreadable", steps(("typed", "my shop")), "This is not the address of a web page", {}),
    ("address-email", steps(("typed", "me@shop.example")), "This is an e-mail address", {}),
    ("address-account", steps(("typed", "https://login.bigcommerce.com/login")), "where everybody signs in", {}),
    ("address-site", steps(("typed", "www.bigcommerce.com")), "a page of BigCommerce's web site", {}),
    ("address-chosen", steps(("typed", "mystore.mybigcommerce.com")), "your store's chosen name", {}),
    ("address-custom", steps(("typed", LONG)), "your shop's own domain", {}),
    ("address-custom-german", steps(("typed", LONG)), "die eigene Domain Ihres Shops", {"language": "de"}),
    ("address-internal", steps(("typed", "store-abc123.my-staging.zone")), "test systems", {}),
    ("unknown", steps(("open", "/connect/nobody")), "This Connect link leads nowhere", {}),
    ("disabled", lambda visit: (disable(visit), visit.start()), "takes no new stores at the moment", {}),
    ("disabled-logo", steps((logo,), (disable,), ("start",)), "takes no new stores at the moment", {}),
    ("damaged", steps(("start", "x" * 1025)), "This Connect link is damaged", {}),
    ("wait", steps(("begun",), WAIT), "Press “Finish connecting to Acme Marketplace”", {}),
    ("wait-to-install", steps(("begun",), ("change", "typed_hash = 'zzz999'"), WAIT), "Press Install, then Confirm", {}),
    ("wait-code-only", steps(("begun",), ("change", "typed_hash = null"), WAIT), "Type this code into the Violet app", {}),
    ("wait-code-expired", steps(("begun",), ("change", "code_expires_at = now()"), WAIT), "The code has expired", {}),
    ("wait-german", steps(("begun",), WAIT), "Wir warten auf Ihren Shop", {"language": "de"}),
    ("wait-long-names", steps((long_names,), ("begun",), WAIT), "Handmade Things and Gifts", {}),
    ("wait-stale", lambda visit: (visit.begun(), stale_token(visit), visit.browser.click("button[value=decline]")),
     "This page was open for too long", {}),
    ("none", steps(("open", "/connect/acme/wait")), "We don't know this browser", {}),
    ("elsewhere", steps(("open", "/connect/acme/finish?ticket=x")), "You began in another browser", {}),
    ("ticket", steps(("begun",), ("open", "/connect/acme/finish?ticket=x")), "This window was open for too long", {}),
    ("confirm", steps(("proven",), FINISH), "Connect Green Garden Supply to Acme Marketplace", {}),
    ("confirm-german", steps(("proven",), FINISH), "Green Garden Supply mit Acme Marketplace verbinden", {"language": "de"}),
    ("confirm-long-names", steps((long_names,), ("proven",), FINISH), "Haberdashery", {}),
    ("confirm-logo", steps((logo,), ("proven", "def456"), FINISH), "Nordlicht Leuchten", {}),
    ("confirm-stale", lambda visit: visit.pressed(lambda: stale_token(visit)), "This page was open for too long", {}),
    ("confirm-other", steps(("proven", "def456"), FINISH), "This is another store than you named", {}),
    ("confirm-nameless", lambda visit: (visit.proven(), visit.db.rows("update violet.store set name = '', domain = null"),
                                        visit.open("/connect/acme/finish")), "Connect store-abc123.localhost", {}),
    ("ending", pressed_ending, "This store is just being disconnected", {}),
    ("gone", pressed_gone, "This connection has ended", {}),
    ("changed", pressed_changed, "Another store has answered meanwhile", {}),
    ("user", lambda visit: visit.pressed(lambda: None), "You can't connect this store", {}),
    ("linked", steps(("linked",), WAIT), "You will be back at Acme Marketplace in a moment", {}),
    ("linked-slow", steps(("linked",), ("change", "ended_at = now() - interval '1 minute'"), WAIT), "longer than usual", {}),
    ("unlinked", lambda visit: (visit.linked(), visit.db.rows("delete from violet.link"), visit.open("/connect/acme/wait")),
     "This store is no longer connected", {}),
    ("agree", agree, "Is this the channel you mean?", {}),
    ("code-unreadable", typed_code("abc"), "A code has 8 letters and digits", {}),
    ("code-wrong", typed_code("ABCDEFGH"), "No Connect page shows this code now", {}),
    ("code-locked", typed_code("ABCDEFGH", failures=5), "no more are taken for 15 minutes", {}),
    ("code-ask", typed_code("ABCDEFGH", people=OWNERS), "Who can: owner@greengarden.example", {}),
    ("code-user", typed_code("ABCDEFGH", people=[]), "or a user who may install apps, can connect it", {}),
    ("code-proven", proven_by_code, "The code was right", {}),
    ("ask", pressed_finish(lambda visit: in_app(visit, OWNERS)), "Please ask the owner of the store", {}),
    ("not-waiting", pressed_finish(lambda visit: (in_app(visit), visit.change("outcome = 'declined', ended_at = now()"))),
     "This connection no longer waits", {}),
    ("declined", steps(("ended", "declined")), "You chose not to connect", {}),
    ("locked", steps(("ended", "locked")), "Too many wrong codes", {}),
    ("expired", steps(("begun",), ("change", "expires_at = now()"), WAIT), "This connection has expired", {}),
]


@pytest.mark.parametrize("name, prepare, words, options", STATES, ids=[state[0] for state in STATES])
def test_state(stack, window, walked, name, prepare, words, options):
    prepare(Visit(stack, window, options.get("language", "en")))
    window.wait_text(words)
    walked.add(window, name, options.get("language", "en"))
    faults = look(window, name, "connect")
    assert not faults, "\n".join(faults)
    # a page that says no is a failed request to the console; scripts and policies are not
    logged = [entry["message"] for entry in window.driver.get_log("browser") if entry["level"] == "SEVERE"
              and "Failed to load resource: the server responded with a status of 4" not in entry["message"]]
    assert not logged, logged


def test_every_text_was_walked(walked):
    """No page, notice or mistake of Connect that none of the states above shows."""
    if sum(map(len, walked.pages.values())) < len(STATES):
        pytest.skip("only some of the states were walked")
    assert walked.unseen("en", "connect") == []


def test_other_platforms(stack, window):
    """Who is not at BigCommerce goes back to Violet's own Connect."""
    Visit(stack, window).start()
    assert window.button("My store runs on another platform").get_attribute("href") == stack.env["VIOLET_CONNECT_URL"]


def test_pages_are_light(stack):
    """With its style sheet each page is under 30 KB over the wire, uncompressed."""
    stack.install("abc123")
    merchant = Merchant(stack)
    assets = [merchant.get(f"/assets/{name}") for name in ("violet.css", "wait.js", "favicon.svg")]
    pages = [merchant.get("/connect/acme")]
    merchant.begin()
    pages.append(merchant.wait_page())
    stack.db.rows("update violet.connection set store_hash = 'abc123', user_id = 1001, proof = 'code' where ended_at is null")
    pages.append(merchant.get("/connect/acme/finish"))
    assert [part.status for part in assets + pages] == [200] * 6
    assert len({title(page) for page in pages}) == 3
    for page in pages:
        assert sum(len(part.body) for part in [page, *assets]) < 30_000, page.url


def test_the_whole_walk_by_keyboard(stack, window):
    """Enter in the address field is Connect, not "without the address"; the confirm page's first button is yes."""
    from selenium.webdriver.common.keys import Keys
    browser = window
    visit = Visit(stack, browser)
    visit.typed("www.shop.example")
    assert browser.driver.switch_to.active_element.get_attribute("id") == "admin_url", "the faulty field has the focus"
    field = browser.find("#admin_url")
    field.clear()
    field.send_keys("store-abc123", Keys.ENTER)
    browser.wait_url("/manage/app/57141")
    assert visit.db.value("select typed_hash from violet.connection") == "abc123"
    visit.change("store_hash = 'abc123', user_id = 1001, proof = 'code'")
    visit.open("/connect/acme/finish")
    browser.find("body").send_keys(Keys.TAB, Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Connect Green Garden Supply to Acme Marketplace"
