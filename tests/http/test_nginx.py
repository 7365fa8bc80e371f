# SPDX-License-Identifier: Apache-2.0
"""What nginx does by itself: rates, and doors that open from inside only. A second nginx stands before the same processes and
takes each visitor for whom X-Real-IP says, so that visitors can come from outside."""
import concurrent.futures
import re

import pytest

from harness.client import Client
from harness.connect import title
from harness.nginx import Nginx
from harness.process import free_port
from harness.product import ROOT
from harness.webhooks import header, refund_created

OUTSIDE, INSIDE = "203.0.113.7", "10.1.2.3"
RATE_LIMITED = {"/connect/acme": 51, "/load": 51, "/install": 21, "/app": 51, "/app/code": 51}


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    return make_shared_stack(worker=False)


@pytest.fixture
def outer(stack, tmp_path):
    """Anew for each test: its counts begin at nothing."""
    port = free_port()
    nginx = Nginx(tmp_path, port, stack.sockets["pages"], stack.sockets["hooks"])
    text = nginx.conf.read_text()
    told = text.replace("server_name localhost;", "server_name localhost; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;"
                        "location = /_client { default_type text/plain; return 200 $violet_client; }")
    assert told != text
    nginx.conf.write_text(told)
    client = Client(f"http://localhost:{port}")
    nginx.start()
    try:
        stack.wait(lambda: nginx.process.is_alive() and listens(client), what="nginx to listen")
        yield client
    finally:
        nginx.stop()


def listens(client):
    try:
        return client.get("/").status
    except ConnectionRefusedError:
        return False


def crowd(client, count, ask):
    with concurrent.futures.ThreadPoolExecutor(16) as visitors:
        return list(visitors.map(ask, [client] * count))


@pytest.mark.parametrize("path", RATE_LIMITED)
def test_pages_have_a_rate(stack, outer, path):
    """So many at once are let through; somebody who goes on is told to wait, and others are not."""
    def ask(client, visitor=OUTSIDE):
        return client.get(path, headers={"X-Real-IP": visitor})

    assert 429 not in {reply.status for reply in crowd(outer, RATE_LIMITED[path], ask)}
    often = stack.wait(lambda: [reply for reply in crowd(outer, 50, ask) if reply.status == 429], what="too many requests")[0]
    assert title(often) == "A little slower, please" and often.headers["Retry-After"]
    assert ask(outer, "203.0.113.8").status != 429


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/delivery"])
def test_webhooks_have_none(stack, outer, path):
    headers = {"X-Real-IP": OUTSIDE, "X-Violet-Hook": header(stack)}
    replies = crowd(outer, 300, lambda client: client.post(path, headers=headers, body=refund_created(1)))
    assert {reply.status for reply in replies} == {200}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/metrics/hooks"])
def test_operators_doors_open_from_inside_only(outer, path):
    assert outer.get(path, headers={"X-Real-IP": OUTSIDE}).status == 403
    assert outer.get(path, headers={"X-Real-IP": "2001:db8::7"}).status == 403
    assert outer.get(path, headers={"X-Real-IP": INSIDE}).status == 200
    assert outer.get(path).status == 200


@pytest.mark.parametrize("address, client", [
    ("97.98.99.100", b"abcd"), ("::ffff:97.98.99.100", b"abcd"), ("10.0.0.1", b"\n\0\0\1"), ("2001:db8:a::1", b"\x20\x01\x0d\xb8\0\x0a\0\0"),
    ("2001:db8:a:0:ffff::a", b"\x20\x01\x0d\xb8\0\x0a\0\0"), ("127.9.9.9", b""), ("::1", b"")])
def test_client_is_an_address_or_an_ipv6_network(outer, address, client):
    assert outer.get("/_client", headers={"X-Real-IP": address}).body == client


def test_every_route_but_the_webhooks_is_limited():
    conf = (ROOT / "nginx" / "violet-bigcommerce.conf").read_text()
    locations = re.findall(r"(?m)^location (?:= |\^~ )?(\S+) \{([^}]*)\}", conf)
    limited = {path: "limit_req zone=" in body for path, body in locations if "violet-bigcommerce/to-" in body}
    assert [path for path, is_limited in limited.items() if not is_limited] == ["/webhooks", "/webhooks/delivery"]
