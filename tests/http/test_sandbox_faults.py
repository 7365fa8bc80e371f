# SPDX-License-Identifier: Apache-2.0
"""The simulators' faults and control API: is it broken just as it was told to be?"""
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.sandbox import (GOOD, place, receiver, refund_path, running, sim, violet)  # noqa: F401 fixtures
from harness.waiting import wait


def broken(sim, path="/stores/abc123/v2/time"):
    """What a client gets to see: (bytes before the end, was it a reset?)."""
    token = sim.get("stores/abc123")["token"]
    got = b""
    with socket.create_connection(("127.0.0.1", sim.bigcommerce_port), 5) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
                  f"X-Auth-Token: {token}\r\n\r\n".encode())
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            return got, True
    return got, False


def test_faults_break_connections(sim):
    def with_rule(**rule):
        sim.post("faults", {"side": "bigcommerce", "path": "/v2/time$", "times": 1, **rule})
        return broken(sim)
    assert with_rule(action="drop_before") == (b"", False)
    assert with_rule(action="drop_after", reset=True) == (b"", True)
    head, _ = with_rule(action="drop_headers")
    assert head.startswith(b"HTTP/1.1 200") and b"\r\n\r\n" not in head
    head, _, body = with_rule(action="drop_body")[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 19" in head and 0 < len(body) < 19
    began = time.monotonic()
    assert with_rule(action="hang", seconds=0.2) == (b"", False)
    assert time.monotonic() - began >= 0.2
    assert [r["hits"] for r in sim.get("faults")["faults"]] == [1] * 5


def test_a_held_call_goes_on_when_the_rules_are_cleared(sim):
    sim.post("faults", {"side": "bigcommerce", "path": "/v2/time$", "action": "hold"})
    with ThreadPoolExecutor() as pool:
        call = pool.submit(sim.api, "GET", "/v2/time")
        wait(lambda: sim.get("faults")["faults"][0]["hits"] == 1)
        assert not call.done()
        sim.delete("faults")
        assert call.result(3).status == 200


def test_faults_of_one_app(sim, violet):
    sim.post("faults", {"side": "violet", "path": "/merchants$", "app": 10002, "action": "status", "code": 403})
    assert violet.call("GET", "/merchants").status == 200
    assert violet.call("GET", "/merchants", headers=violet.login(10002)[0]).status == 403


def test_faults_answer_something_else(sim):
    def with_rule(**rule):
        sim.delete("faults")
        sim.post("faults", {"method": "GET", "store": "abc123", "times": 1, **rule})
        return sim.api("GET", "/v2/time")
    reply = with_rule(action="status", code=429, headers={"X-Retry-After": 2}, body={"a": 1})
    assert reply.status == 429 and reply.headers["X-Retry-After"] == "2" and reply.json() == {"a": 1}
    assert with_rule(action="status", code=502, body="<html>").headers["Content-Type"] == "text/html"
    with pytest.raises(json.JSONDecodeError):
        with_rule(action="garbage").json()
    assert with_rule(action="empty").body == b""
    began = time.monotonic()
    assert with_rule(action="delay", seconds=0.2).status == 200
    assert time.monotonic() - began >= 0.2
    assert sim.api("GET", "/v2/time").status == 200
    assert with_rule(action="status", code=500, skip=1).status == 200
    assert sim.api("GET", "/v2/time").status == 500
    with pytest.raises(AssertionError, match="is none of"):
        sim.post("faults", {"action": "explode"})
    with pytest.raises(AssertionError, match="unknown fields"):
        sim.post("faults", {"action": "delay", "tims": 1})


def test_whether_the_act_was_done_is_as_told(sim, violet):
    order = place(sim)
    path = refund_path(order) + "?skip_external_refund=true"
    for action, done in (("drop_before", 0), ("drop_after", 1), ("garbage", 2)):
        sim.post("faults", {"side": "violet", "method": "POST", "path": "/refunds$", "times": 1,
                            "store": "abc123", "action": action})
        try:
            violet.call("POST", path, GOOD)
        except ConnectionError:
            pass
        assert len(violet.call("GET", refund_path(order)).json()) == done, action
    log = sim.get("requests?side=violet&method=POST&path=/refunds$")
    assert [(r["status"], r["fault"]) for r in log["requests"]] == [
        (0, "drop_before"), (200, "drop_after"), (200, "garbage")]


def test_chance_is_seeded(sim):
    def run():
        sim.post("settings", {"seed": 7})
        sim.delete("faults")
        sim.post("faults", {"path": "/v2/time$", "probability": 0.5, "action": "status",
                            "code": 500})
        return [sim.api("GET", "/v2/time").status for _ in range(20)]
    first = run()
    assert first == run() and len(set(first)) == 2


def test_control_says_what_was_wrong(sim):
    for path, body, text in (("settings", {"quotta": 1}, "no setting"),
                             ("settings", {"quota": "x"}, "is like"),
                             ("stores", {"hash": "Bad!"}, "store hash"),
                             ("orders", {"store": "nope"}, "nope"),
                             ("orders", {"store": "abc123", "lines": [{"price": "a"}]}, "amount"),
                             ("stores/nope/install", {}, "no store"),
                             ("violet/refund", {"bag_id": 1}, "no bag")):
        with pytest.raises(AssertionError, match=text):
            sim.post(path, body)
