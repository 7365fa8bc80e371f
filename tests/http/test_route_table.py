# SPDX-License-Identifier: Apache-2.0
"""Every route, one row each: wrong methods, doubled parameters, and what is said when one is missing."""
import re
import urllib.parse

import pytest

from harness.app import App
from harness.connect import Merchant, hidden_fields, query, title
from harness.product import ROOT
from harness.webhooks import STORE

UNREADABLE = (400, "We could not read that")
TOKEN = (401, "We could not tell who you are")
SESSION, STALE = ((status, "This page was open for too long") for status in (401, 403))
CONTEXT = (400, "This page is opened by BigCommerce")

# Route -> what it reads -> the answer without it: status and heading; None: it may be left out.
TABLE = {
    "GET /assets/{slug}": {"v": None},
    "GET /healthz": {},
    "GET /readyz": {},
    "GET /metrics": {},
    "GET /metrics/hooks": {},
    "GET /connect/{slug}": {"state": None},
    "POST /connect/{slug}": {"form": (403, "Connect your store to Acme Marketplace"), "state": None,
                             "admin_url": (422, "Connect your store to Acme Marketplace"), "without": None},
    "GET /connect/{slug}/wait": {},
    "GET /connect/{slug}/wait/status": {},
    "POST /connect/{slug}/wait": {"form": STALE, "action": UNREADABLE},
    "GET /connect/{slug}/finish": {"ticket": None},
    "POST /connect/{slug}/finish": {"form": STALE, "ticket": (403, "This window was open for too long"), "store": UNREADABLE,
                                    "decision": UNREADABLE},
    "GET /install": {"code": CONTEXT, "scope": CONTEXT, "context": CONTEXT, "external_install": None},
    "GET /load": {"signed_payload_jwt": TOKEN},
    "GET /uninstall": {"signed_payload_jwt": TOKEN},
    "GET /remove_user": {"signed_payload_jwt": TOKEN},
    "POST /app": {"session": SESSION, "reviews": None, "refunds": None},
    "POST /app/ticket": {"session": SESSION, "connection": UNREADABLE},
    "POST /app/code": {"session": SESSION, "code": UNREADABLE, "agreed": None},
    "POST /app/unlink": {"session": SESSION, "link": UNREADABLE, "confirm": None},
    "POST /app/recheck": {"session": SESSION, "order": UNREADABLE},
    "POST /app/review": {"session": SESSION, "reviews": None, "order": UNREADABLE, "source": UNREADABLE, "source_id": UNREADABLE,
                         "answer": UNREADABLE, "amount": None, "reason": None},
    "POST /app/discounts": {"session": SESSION, "code": None, "after": None, "anew": None},
    "POST /webhooks": {},
    "POST /webhooks/delivery": {},
}
ORDER = 250


def program_routes():
    """The program's own tables: {"GET /load": ["signed_payload_jwt"]}."""
    source = "".join((ROOT / "fcgi" / "web" / name).read_text() for name in ("route.c", "dispatch.c"))
    rows = re.findall(r'\{ "(\w+)", (?:"[A-Z, ]+", )?"(/[^"]*)", on_\w+(?:,\s*"([^"]*)")? \}', source)
    return {f"{method} {path}": [name.rstrip("!") for name in reads.split()] for method, path, reads in rows}


def path_of(route):
    return route.split()[1].replace("{slug}", "violet.css" if "/assets/" in route else "acme")


def test_every_route_has_its_row():
    assert program_routes() == {route: list(reads) for route, reads in TABLE.items()}


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    """Installed in one store by its owner."""
    stack = make_shared_stack(worker=False)
    stack.install(STORE)
    return stack


@pytest.fixture
def stack(shared):
    """With a link, a refund in review, and nobody on the way through Connect."""
    app = App(shared)
    app.clear()
    app.refund(ORDER, "review")
    shared.link(STORE, "bloom")
    return shared


# Methods -------------------------------------------------------------------------------------------------------------

def allowed(path):
    methods = [route.split()[0] for route in TABLE if route.split()[1] == path]
    return [method for method in ("GET", "HEAD", "POST") if method.replace("HEAD", "GET") in methods]


@pytest.mark.parametrize("path", dict.fromkeys(route.split()[1] for route in TABLE))
def test_other_methods_are_refused(stack, path):
    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - set(allowed(path))):
        reply = stack.client().request(method, path_of(f"{method} {path}"))
        assert (reply.status, reply.headers["Allow"]) == (405, ", ".join(allowed(path))), method
        assert method == "HEAD" or title(reply) == "This page can't be opened that way"


# Parameters ----------------------------------------------------------------------------------------------------------

def ask(client, route, pairs):
    """Send a request with these parameters as a page of ours does."""
    if route.startswith("GET"):
        return client.get(f"{path_of(route)}?{urllib.parse.urlencode(pairs)}")
    return client.post(path_of(route), form=pairs, headers={"Sec-Fetch-Site": "same-origin"})


def cases(wanted):
    return [pytest.param(route, name, id=f"{route} {name}") for route, reads in TABLE.items()
            for name, answer in reads.items() if wanted(answer)]


@pytest.mark.parametrize("route, name", cases(lambda answer: True))
def test_doubled_parameter(stack, route, name):
    reply = ask(stack.client(), route, [(name, "1"), (name, "1")])
    assert (reply.status, title(reply)) == UNREADABLE


class Visitor(Merchant):
    """Whoever asks for a route, and the parameters with which it answers without complaint."""

    def jwt(self, user="owner"):
        return {"signed_payload_jwt": self.stack.sim.post(f"stores/{STORE}/jwt", {"user": user})["jwt"]}

    def install(self):
        return query(self.stack.sim.post(f"stores/{STORE}/install", {})["url"])

    def start(self):
        return {**self.start_form("acme"), "admin_url": f"{self.stack.sim.panel(STORE)}/manage"}

    def renew(self):
        self.begin()
        return {**hidden_fields(self.wait_page(), "/connect/acme/wait"), "action": "renew"}

    def finish(self):
        self.begin()
        page = self.get(self.press_finish().location)
        return {**hidden_fields(page, "/connect/acme/finish"), "decision": "connect"}

    def form(self, **fields):
        return {"session": self.session(), **fields}

    def ticket(self):
        self.begin()
        return self.form(connection=self.connection_id())

    def link(self):
        return self.form(link=self.stack.db.value("select link_id from violet.link"))


PARAMETERS = {
    "POST /connect/{slug}": Visitor.start,
    "POST /connect/{slug}/wait": Visitor.renew,
    "POST /connect/{slug}/finish": Visitor.finish,
    "GET /install": Visitor.install,
    "GET /load": Visitor.jwt,
    "GET /uninstall": Visitor.jwt,
    "GET /remove_user": lambda visitor: visitor.jwt("staff"),
    "POST /app": Visitor.form,
    "POST /app/ticket": Visitor.ticket,
    "POST /app/code": lambda visitor: visitor.form(code="ABCD EFGH"),
    "POST /app/unlink": Visitor.link,
    "POST /app/recheck": lambda visitor: visitor.form(order=ORDER),
    "POST /app/review": lambda visitor: visitor.form(order=ORDER, source="refund", source_id=1, answer="retry"),
    "POST /app/discounts": Visitor.form,
}


@pytest.mark.parametrize("route, name", cases(lambda answer: answer is not None))
def test_missing_parameter(stack, route, name):
    """The page says so and what to do; with the parameter all is well."""
    visitor = Visitor(stack)
    parameters = PARAMETERS[route](visitor)
    without = {other: value for other, value in parameters.items() if other != name}
    assert len(without) == len(parameters) - 1
    reply = ask(visitor.client, route, without)
    assert (reply.status, title(reply)) == TABLE[route][name]
    assert re.search(r"<p[^>]*>[^<]{20,}", reply.text), reply.text
    assert ask(visitor.client, route, parameters).status in (200, 303)
