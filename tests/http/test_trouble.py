# SPDX-License-Identifier: Apache-2.0
"""What the web processes do while the database is away, or BigCommerce's login hangs."""
import concurrent.futures
import urllib.parse

import pytest

from harness.app import App
from harness.connect import Merchant, hidden_fields, query, title
from harness.webhooks import STORE, header, refund_created

THREADS = 4
CROWD = 200


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    """Installed in one store by its owner. Remote answers are waited for longer than any test lasts."""
    shared = make_shared_stack(worker=False, settings={"WEB_THREADS": str(THREADS), "RESPONSE_SECONDS": "60"})
    shared.expect_log("webhooks are not stored|status=503")
    shared.install(STORE)
    return shared


# The database --------------------------------------------------------------------------------------------------------

def press_connect(stack):
    merchant = Merchant(stack)
    form = {**merchant.start_form("acme"), "admin_url": f"{stack.sim.panel(STORE)}/manage"}
    return lambda: merchant.post("/connect/acme", form)


def press_finish(stack):
    merchant = Merchant(stack)
    merchant.begin(store=STORE)
    connection = merchant.connection_id()
    session = merchant.session(STORE)
    return lambda: stack.post("/app/ticket", form={"session": session, "connection": connection})


def decline_while_waiting(stack):
    merchant = Merchant(stack)
    merchant.begin(store=STORE)
    form = {**hidden_fields(merchant.wait_page(), "/connect/acme/wait"), "action": "decline"}
    return lambda: merchant.post("/connect/acme/wait", form)


def confirm(stack):
    merchant = Merchant(stack)
    merchant.begin(store=STORE)
    page = merchant.get(merchant.press_finish(STORE).location)
    return lambda: merchant.decide(page)


def in_the_app(path, **form):
    def prepare(stack):
        session = App(stack, STORE).session()
        return lambda: stack.post(path, form={"session": session, **form})
    return prepare


def dismiss(stack):
    App(stack, STORE).refund(250, "review")
    return in_the_app("/app/review", order=250, source="refund", source_id=1, answer="dismiss", reason="paid in cash")(stack)


def unlink(stack):
    stack.link(STORE, "bloom")
    link = stack.db.value("select link_id from violet.link join violet.channel using (channel_id) where slug = 'bloom'")
    return in_the_app("/app/unlink", link=link, confirm="yes")(stack)


def open_url(path, parameters):
    def prepare(stack):
        url = f"{path}?{urllib.parse.urlencode(parameters(stack))}"
        return lambda: stack.get(url)
    return prepare


def payload(user):
    return lambda stack: {"signed_payload_jwt": stack.sim.post(f"stores/{STORE}/jwt", {"user": user})["jwt"]}


def new_install(store, **options):
    return lambda stack: query(stack.sim.post(f"stores/{store}/install", options)["url"])


def webhook(stack):
    headers = {"X-Violet-Hook": header(stack)}
    return lambda: stack.post("/webhooks", body=refund_created(250), headers=headers)


INSTALLED = "select count(*) from violet.store where store_hash = '%s' and sealed_token is not null"
# Request -> (what makes it, the answer once the database is back, what is in the database then)
REQUESTS = {
    "POST /connect": (press_connect, 303, "select count(*) from violet.connection where ended_at is null"),
    "POST /app/ticket": (press_finish, 303, "select count(*) from violet.ticket"),
    "POST /connect/wait": (decline_while_waiting, 303, "select count(*) from violet.connection where outcome = 'declined'"),
    "POST /connect/finish": (confirm, 303, "select count(*) from violet.link where ended_at is null"),
    "POST /app/review": (dismiss, 200, "select count(*) from violet.refund where dismissed_reason = 'paid in cash'"),
    "POST /app/recheck": (in_the_app("/app/recheck", order="4711"), 200, "select count(*) from violet.job where ref = 4711"),
    "POST /app/unlink": (unlink, 200, "select count(*) from violet.link where ending_at is not null"),
    "/install": (open_url("/install", new_install("def456")), 200, INSTALLED % "def456"),
    "/install in the top window": (open_url("/install", new_install("jpy789", external=True)), 302, INSTALLED % "jpy789"),
    "/load": (open_url("/load", payload("manager")), 200, "select count(*) from violet.store_user where user_id = 1002"),
    "/uninstall": (open_url("/uninstall", payload("owner")), 200,
                   "select count(*) from violet.job where kind = 'confirm_uninstall'"),
    "/remove_user": (open_url("/remove_user", payload("staff")), 200,
                     "select count(*) from violet.store_user where user_id = 1003 and removed_at is not null"),
    "/webhooks": (webhook, 200, "select count(*) from violet.event"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_request_works_when_the_database_is_back(stack, name):
    prepare, status, trace = REQUESTS[name]
    send = prepare(stack)
    with stack.db.away():
        reply = send()
        assert reply.status == 503, reply
        assert name == "/webhooks" or title(reply) == "We are busy for a moment"
    assert stack.db.value(trace) == 0
    assert send().status == status
    assert stack.db.value(trace) == 1


# BigCommerce's login -------------------------------------------------------------------------------------------------

def test_webhooks_do_not_notice_that_the_login_hangs(stack):
    """More installs than threads wait for their tokens; two hundred webhooks at once, by way of nginx, are all taken."""
    stack.db.rows("truncate violet.event")
    stack.sim.post("faults", {"side": "bigcommerce", "path": "/oauth2/token", "action": "hang"})
    install = open_url("/install", new_install("def456"))
    send = webhook(stack)
    with concurrent.futures.ThreadPoolExecutor(THREADS + 4) as browsers, concurrent.futures.ThreadPoolExecutor(CROWD) as crowd:
        waiting = [browsers.submit(install(stack)) for _ in range(THREADS + 4)]
        try:
            stack.wait(lambda: stack.sim.get("requests?path=/oauth2/token")["count"] >= THREADS // 2, what="installs to hang")
            replies = list(crowd.map(lambda _: send(), range(CROWD)))
            assert [reply.status for reply in replies] == [200] * CROWD
            assert not [page for page in waiting if page.done()]
        finally:
            stack.sim.delete("faults")
    assert stack.db.value("select count(*) from violet.event") == CROWD


def test_pages_do_not_notice_that_the_login_hangs(stack):
    """More installs than threads wait for their tokens; who opens the app, or a Connect link, has the page at once."""
    stack.sim.post("faults", {"side": "bigcommerce", "path": "/oauth2/token", "action": "hang"})
    install = open_url("/install", new_install("def456"))
    load = open_url("/load", payload("owner"))(stack)
    with concurrent.futures.ThreadPoolExecutor(THREADS + 4) as browsers, concurrent.futures.ThreadPoolExecutor(1) as other:
        waiting = [browsers.submit(install(stack)) for _ in range(THREADS + 4)]
        try:
            stack.wait(lambda: stack.sim.get("requests?path=/oauth2/token")["count"] > 0, what="installs to hang")
            assert other.submit(load).result(10).status == 200
            assert other.submit(stack.get, "/connect/acme").result(10).status == 200
            assert not [page for page in waiting if page.done()]
        finally:
            stack.sim.delete("faults")
