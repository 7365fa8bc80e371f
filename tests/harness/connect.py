# SPDX-License-Identifier: Apache-2.0
"""A merchant on the Connect pages and in the embedded app, without a browser: forms are read from the page and sent
back with whatever the test changes.

    merchant = Merchant(stack)                  one browser; stack.client() is inside
    page = merchant.begin("acme", "abc123")     opens the link, types the address, presses Connect
    merchant.finish_button("abc123")            opens the app, presses "Finish connecting": where the new window goes

`from harness.connect import merchant, shared, stack` are fixtures: a Merchant in a stack that the module shares.
"""
import html
import re
import urllib.parse

import pytest

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def hidden_fields(page, action=None, like=None):
    """The hidden fields of the page's first form (that is sent to `action`, with the values of `like`)."""
    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", page.text, re.S)
    for attributes, inner in forms:
        fields = {html.unescape(name): html.unescape(value) for name, value in HIDDEN.findall(inner)}
        if (action is None or f'action="{action}"' in attributes) and (like or {}).items() <= fields.items():
            return fields
    raise AssertionError(f"no form for {action} {like or ''} on {page}")


def title(page):
    """What the page says in its heading."""
    return html.unescape(re.search(r"<h1>(.*?)</h1>", page.text, re.S).group(1)).strip()


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


class Merchant:
    def __init__(self, stack):
        self.stack = stack
        self.client = stack.client()

    def headers(self):
        """A browser that posts from our own page."""
        return {"Origin": self.stack.url, "Sec-Fetch-Site": "same-origin"}

    def get(self, path):
        return self.client.get(path)

    def post(self, path, form, headers=None):
        return self.client.post(path, form=form, headers=self.headers() if headers is None else headers)

    # Connect

    def start_form(self, slug, state=None):
        link = f"/connect/{slug}" + (f"?{urllib.parse.urlencode({'state': state})}" if state is not None else "")
        page = self.get(link)
        assert page.status == 200, page
        return hidden_fields(page, f"/connect/{slug}")

    def begin(self, slug="acme", store="abc123", state="s-1", **more):
        """Press Connect. store None: go on without the address."""
        form = {**self.start_form(slug, state), "admin_url": self.stack.sim.panel(store) + "/manage" if store else "",
                **({} if store else {"without": "yes"}), **more}
        return self.post(f"/connect/{slug}", form)

    def wait_page(self, slug="acme"):
        return self.get(f"/connect/{slug}/wait")

    def step(self, slug="acme"):
        return self.get(f"/connect/{slug}/wait/status").json()["step"]

    def code(self, slug="acme"):
        page = self.wait_page(slug)
        assert page.status == 200, page
        return re.search(r'id="code">([^<]*)<', page.text).group(1)

    def decide(self, page, decision="connect", slug="acme", **changed):
        form = {**hidden_fields(page, f"/connect/{slug}/finish"), "decision": decision, **changed}
        return self.post(f"/connect/{slug}/finish", form)

    # The embedded app, which knows no cookies

    def session(self, store="abc123", user="owner"):
        url = self.stack.sim.get(f"stores/{store}/load_url?user={user}")["url"]
        page = self.stack.get(url)
        assert page.status == 200, page
        return re.search(r'name="session" value="([^"]*)"', page.text).group(1)

    def connection_id(self, slug="acme"):
        """Of the newest run for the channel, as the app's button would send it."""
        return self.stack.db.value("select max(connection_id) from violet.connection join violet.channel using (channel_id) "
                                   "where slug = %s", slug)

    def press_finish(self, store="abc123", user="owner", slug="acme", connection=None):
        return self.stack.post("/app/ticket", form={"session": self.session(store, user),
                                                    "connection": connection or self.connection_id(slug)})

    def type_code(self, code, store="abc123", user="owner", agreed=None):
        form = {"session": self.session(store, user), "code": code, **({"agreed": "yes"} if agreed else {})}
        return self.stack.post("/app/code", form=form)


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
