# SPDX-License-Identifier: Apache-2.0
"""For the tests of the simulators alone, without the product: fixtures and a few short calls."""
import http.server
import json
import threading
import time
from types import SimpleNamespace

import pytest

from harness.client import Client
from harness.simulators import Simulators

APP = 10001
GOOD = {"amount_refunded": 1000, "reason": "bc:106:r1", "shipping": {"amount": 0}}


class Receiver:
    """Where the app would be: notes what arrives, answers as told."""

    def __init__(self):
        self.got = []
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.got.append(SimpleNamespace(
                    time=time.time(), path=self.path, body=body,
                    headers={k.lower(): v for k, v in self.headers.items()}))
                status = receiver.status
                self.send_response(status(self) if callable(status) else status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self, scope=None):
        rows = [json.loads(g.body) for g in self.got if g.path.startswith("/webhooks")]
        return [row for row in rows if scope in (None, row["scope"])]


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, receiver):
    sim = Simulators(tmp_path_factory.mktemp("sandbox"), receiver.url)
    try:
        yield sim.start()
    finally:
        assert sim.process.stop() == 0
        assert sim.process.log().count("\n") == 1, sim.process.log()


@pytest.fixture
def sim(running, receiver):
    """As at the start, with the store abc123 installed."""
    running.post("reset")
    receiver.got.clear()
    receiver.status = 200
    running.post("settings", {"violet_processing": 0})
    token = running.post("stores/abc123/install", {"redeem": True})["token"]
    api = Client(running.bigcommerce)

    def call(method, path, body=None, store="abc123", **headers):
        return api.request(method, f"/stores/{store}{path}", json_body=body, headers={
            "X-Auth-Token": token, "Accept": "application/json", **headers})
    running.api = call
    return running


@pytest.fixture
def violet(sim):
    """Calls of Violet's API as app 10001; violet.call(...) or violet.login(app id)."""
    client = Client(sim.violet)

    def login(app_id):
        app = sim.get("state")["apps"][str(app_id)]
        head = {"X-Violet-App-Id": str(app_id), "X-Violet-App-Secret": app["secret"]}
        reply = client.request("POST", "/v1/login", headers=head, json_body={
            "username": app["email"], "password": app["password"]})
        assert reply.status == 200
        return {**head, "X-Violet-Token": reply.json()["token"]}, reply.json()
    head, _reply = login(APP)

    def call(method, path, body=None, headers=None):
        return client.request(method, f"/v1{path}", json_body=body, headers=headers or head)
    return SimpleNamespace(call=call, login=login, head=head)


def place(sim, **over):
    """A Violet order of 60.92: two cans with tax, shipping 8.00."""
    return sim.post("orders", {"store": "abc123", "app_id": APP, "shipping": "8.00", "lines": [
        {"sku": "CAN-9", "qty": 2, "tax": "3.92"}], **over})


def refund_path(order):
    return f"/orders/{order['order_id']}/bags/{order['bag_id']}/refunds"


def book(sim, order):
    """The ledger's row of an order."""
    return sim.get(f"ledger?store=abc123&order={order['id']}")["orders"][0]


def hook(sim, receiver, scope, path="/webhooks", **more):
    reply = sim.api("POST", "/v3/hooks", {"scope": scope, "destination": receiver.url + path,
                                          "headers": {"X-Ours": "secret"}, **more})
    assert reply.status == 200, reply
    return reply.json()["data"]["id"]
