# SPDX-License-Identifier: Apache-2.0
"""The web process under pressure: kept connections, hanging pages, broken peers, restarts."""
import concurrent.futures
import pathlib
import resource
import signal
import socket
import threading
import time

import pytest

from harness.fastcgi import BEGIN, PARAMS, Connection, record, request
from harness.process import Process
from harness.product import require_program
from harness.webhooks import header, refund_created

THREADS = 2
QUEUE = 256  # requests that may wait for a thread (web/pool.c)


OPTIONS = {"worker": False, "channels": False, "settings": {"WEB_THREADS": str(THREADS)}}


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    """Shared by the tests that leave the processes as they found them; the others make their own."""
    return make_shared_stack(**OPTIONS)


@pytest.fixture
def pages(stack):
    return stack.sockets["pages"]


def hold_pages(stack):
    """Have every page of Connect wait for the database, until the connection is closed."""
    holder = stack.db.connect()
    holder.cursor().execute("begin; lock table violet.channel")
    return holder


def hook_parameters(stack):
    return {"HTTP_X_VIOLET_HOOK": header(stack)}


def test_kept_connections_pin_nothing(pages):
    kept = [Connection(pages) for _ in range(200)]
    assert [c.get("/readyz") for c in kept] == [200] * 200
    with Connection(pages) as another:
        assert another.get("/readyz") == 200
    assert [c.get("/healthz") for c in reversed(kept)] == [200] * 200
    for connection in kept:
        connection.close()


def test_connection_closes_when_asked(pages):
    with Connection(pages) as c:
        assert c.get("/healthz", keep=False) == 200
        assert c.is_closed()


def test_unread_body_is_not_the_next_request(pages):
    """401 is answered without reading the body; what was sent must not be taken for the next request."""
    with Connection(pages) as c:
        for size in (1, 8183, 8184, 60000, 1 << 20):
            assert c.get("/webhooks", method="POST", body=b"\x01" * size) == 401
            assert c.get("/healthz") == 200


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x00" * 64,
    record(PARAMS, b"x" * 10),
    record(BEGIN, b"\x00\x63\x00\x00\x00\x00\x00\x00"),
    record(BEGIN, b"short"),
    record(BEGIN, b"\x00\x01\x01\x00\x00\x00\x00\x00") + record(PARAMS, b"\xff\xff\xff\xff\xff\xff"),
    record(BEGIN, b"\x00\x01\x01\x00\x00\x00\x00\x00") + record(PARAMS, b"\x05\x80"),
], ids=["http", "zeros", "no begin", "role", "short begin", "huge length", "cut length"])
def test_broken_peers_harm_nobody(stack, pages, garbage):
    with Connection(pages) as broken:
        broken.send(garbage)
        broken.socket.shutdown(socket.SHUT_WR)
        assert broken.is_closed()
    assert stack.get("/readyz").status == 200


def test_a_peer_that_stalls_is_dropped(stack, pages):
    with Connection(pages) as stalled:
        stalled.send(request("/healthz")[:20])
        assert stack.get("/readyz").status == 200
        assert stalled.is_closed()


def test_a_peer_that_leaves_before_its_answer(stack, pages):
    holder = hold_pages(stack)
    for _ in range(20):
        with Connection(pages) as c:
            c.send(request("/connect/acme"))
    holder.close()
    stack.wait(lambda: stack.get("/readyz").status == 200)


def test_hanging_pages_do_not_hold_up_webhooks(stack, pages):
    """All threads hang and the queue is full: the same process still commits webhooks, and turns pages away at once."""
    stack.expect_log("status=503|too many requests")
    holder = hold_pages(stack)
    crowd = [Connection(pages) for _ in range(THREADS + QUEUE + 20)]
    for connection in crowd:
        connection.send(request("/connect/acme"))
    parameters = hook_parameters(stack)
    began = time.monotonic()
    turned_away = concurrent.futures.ThreadPoolExecutor(1).submit(lambda: crowd[-1].status())
    assert turned_away.result(2) == 503

    def hook(_):
        with Connection(pages) as c:
            return c.get("/webhooks", method="POST", body=b"{}", **parameters)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        assert list(pool.map(hook, range(200))) == [200] * 200
    assert time.monotonic() - began < 10
    assert stack.get("/healthz").status == 200
    holder.close()
    assert {connection.status() for connection in crowd[:-1]} <= {200, 404, 503}


def send_webhook(stack):
    headers = {"X-Violet-Hook": header(stack)}
    return lambda number: stack.post("/webhooks", body=refund_created(number), headers=headers).status


def open_the_app(stack):
    return lambda _: stack.get(stack.sim.get("stores/abc123/load_url")["url"]).status


@pytest.mark.parametrize("instance, ask", [("hooks", send_webhook), ("pages", open_the_app)])
def test_restart_under_load_fails_no_request(make_stack, instance, ask):
    """
    With the listening socket kept by somebody else (systemd), requests wait while the process is replaced. Where nginx uses a
    kept connection in the very moment in which it is closed, it sends the request once more by itself.
    """
    stack = make_stack(**OPTIONS)
    stack.expect_log("Connection reset by peer|Broken pipe|prematurely closed")
    stack.install("abc123")
    before = {"hooks": stack.hooks, "pages": stack.web}[instance]
    before.stop()
    path = stack.sockets[instance]
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(4096)
    served = Process(instance, [require_program(), "web"], stack.directory / "restarted.log",
                     env={**before.env, "FCGI_LISTEN": "-"}, stdin=listener)
    stack._add(served)
    served.start()
    statuses, stop, send = [], threading.Event(), ask(stack)

    def visitor(number):
        while not stop.is_set():
            statuses.append(send(number))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        visitors = [pool.submit(visitor, number) for number in range(1, 17)]
        try:
            for _ in range(3):
                before = len(statuses)
                stack.wait(lambda before=before: len(statuses) > before + 200, what="200 more answers")
                assert served.stop() == 0
                served.start()
        finally:
            stop.set()
        for one in visitors:
            one.result(30)
    assert set(statuses) == {200}
    if instance == "hooks":
        assert stack.db.value("select count(*) from violet.event") >= len(statuses)
    listener.close()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP"])
def test_stop_finishes_what_is_under_way(make_stack, how):
    stack = make_stack(**OPTIONS)
    pages = stack.sockets["pages"]
    holder = hold_pages(stack)
    with Connection(pages) as waiting, Connection(pages) as idle:
        assert idle.get("/healthz") == 200
        waiting.send(request("/connect/acme"))
        stack.wait(lambda: stack.db.value("select count(*) from pg_locks where not granted"), what="the page to wait")
        stack.web.child.send_signal(signal.Signals[how])
        stack.wait(lambda: "ending" in stack.web.log() or not pages.exists(), what="the process to begin its end")
        holder.close()
        assert waiting.status() in (200, 404)
        assert waiting.is_closed() and idle.is_closed()
    assert stack.web.stop() == 0


def test_a_stale_socket_is_replaced_and_a_living_one_is_not(make_stack):
    stack = make_stack(**OPTIONS)
    pages = stack.sockets["pages"]
    stack.web.kill()
    assert pages.exists()
    stack.web.start()
    stack.wait_ready()
    rival = Process("rival", stack.web.argv, stack.directory / "rival.log", env=stack.web.env)
    rival.start()
    assert rival.child.wait(10) == 1
    assert "another process listens on" in rival.log()
    assert stack.get("/readyz").status == 200
    assert pathlib.Path(pages).stat().st_mode & 0o777 == 0o660


def test_a_busy_socket_is_not_taken_for_a_stale_one(stack):
    path = stack.directory / "busy.sock"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        busy.bind(str(path))
        busy.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(str(path))
        tried = Process("tried", stack.web.argv, stack.directory / "tried.log", env={**stack.web.env, "FCGI_LISTEN": str(path)})
        tried.start()
        assert tried.child.wait(10) == 1
    assert "another process listens on" in tried.log() and path.exists()


@pytest.mark.parametrize("listen, says", [
    ("-", "descriptor 0 is not a listening socket"),
    ("{directory}", "exists and is no socket"),
    ("/nowhere/at/all.sock", "cannot listen on"),
    ("/tmp/" + "x" * 200, "longer than"),
])
def test_a_bad_listen_address_is_explained(stack, listen, says):
    tried = Process("tried", stack.web.argv, stack.directory / "tried.log",
                    env={**stack.web.env, "FCGI_LISTEN": listen.format(directory=stack.directory)})
    tried.start()
    assert tried.child.wait(10) == 1
    assert says in tried.log() and "FCGI_LISTEN" in tried.log()


def test_out_of_descriptors_is_survived(make_stack):
    """More connections than descriptors: the rest waits, and is served when some have gone."""
    stack = make_stack(**OPTIONS)
    pages = stack.sockets["pages"]
    stack.expect_log("no descriptor left")
    resource.prlimit(stack.web.pid, resource.RLIMIT_NOFILE, (64, 64))
    crowd = [Connection(pages) for _ in range(100)]
    crowd[-1].send(request("/healthz"))
    stack.wait(lambda: "no descriptor left" in stack.web.log(), what="the limit to be reached")
    for connection in crowd[:-1]:
        connection.close()
    assert crowd[-1].status() == 200
    crowd[-1].close()
