# SPDX-License-Identifier: Apache-2.0
"""The simulator of Violet, and the books: does it refuse what the real one refuses, and does it count right?"""
import base64
import json

from harness.client import Client
from harness.sandbox import (APP, GOOD, book, hook, place, receiver, refund_path, running, sim,  # noqa: F401 fixtures
                             violet)
from harness.waiting import wait

# Violet.

def test_violet_wants_its_headers_and_a_living_token(sim, violet):
    path = "/merchants"
    assert violet.call("GET", path).status == 200
    for name in violet.head:
        less = {k: v for k, v in violet.head.items() if k != name}
        assert violet.call("GET", path, headers=less).status == 400, name
        assert violet.call("GET", path, headers={**violet.head, name: "99"}).status == 403, name
    sim.post("violet/expire_tokens")
    reply = violet.call("GET", path)
    assert reply.status == 401 and reply.json()["error_code"] == 11
    head, login = violet.login(APP)
    claims = json.loads(base64.urlsafe_b64decode(login["token"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 86400 and claims["app_id"] == str(APP)
    fresh = violet.call("GET", "/auth/token", headers={
        **head, "X-Violet-Token": login["refresh_token"]}).json()["token"]
    assert violet.call("GET", path, headers={**head, "X-Violet-Token": fresh}).status == 200
    sim.post("settings", {"violet_token_life": 0})
    assert violet.call("GET", path, headers=violet.login(APP)[0]).status == 401


def test_merchants_appear_after_the_install(sim, violet):
    def seen():
        return [m["external_id"] for m in violet.call("GET", "/merchants").json()["content"]]
    assert seen() == [], "Violet takes its time"
    wait(lambda: seen() == ["abc123"])
    assert violet.call("POST", f"/apps/{APP}/merchants/uninstall",
                       {"merchant_id": 50001}).json()["status"] == "NOT_CONNECTED"
    assert seen() == []
    assert violet.call("GET", "/merchants/50001").json()["code"] == 7118
    Client(sim.violet).get("/demo-channel/acme/connect")
    wait(lambda: seen() == ["abc123"], what="the merchant comes back through the channel")
    sim.post("settings", {"merchant_delay": None, "merchant_external_id": False})
    sim.post("stores/def456/install", {"redeem": True})
    merchants = violet.call("GET", "/merchants").json()
    assert merchants["total_elements"] == 1 and "external_id" not in merchants["content"][0]
    sim.post("violet/merchants", {"store": "def456", "app_id": APP})
    page = violet.call("GET", "/merchants?page=2&size=1").json()
    assert page["last"] and page["content"][0]["id"] == 50002


def test_bags_are_found_by_their_app_only(sim, violet):
    order = place(sim, bag={"external_lines": "sku"})
    wanted = {"merchant_id": 50001, "external_id": str(order["id"])}

    def found(body, headers=None):
        return violet.call("POST", "/orders/bags/search", body, headers).json()["content"]
    bag, = found(wanted)
    assert bag["id"] == order["bag_id"] and bag["total"] == 6092 and bag["currency"] == "USD"
    assert bag["platform"] == "BIGCOMMERCE" and bag["skus"][0]["external_id"] == "CAN-9"
    listed = place(sim, bag={"external_lines": ["7001"]})
    assert found({**wanted, "external_id": str(listed["id"])})[0]["skus"][0]["external_id"] == "7001"
    assert found(wanted, violet.login(10002)[0]) == []
    assert found({**wanted, "merchant_id": 50002}) == []
    assert found({**wanted, "external_id": "9999"}) == []
    assert sim.get("ledger")["violations"] == []
    found({"external_id": str(order["id"])})
    assert [v["kind"] for v in sim.get("ledger")["violations"]] == ["search_open"]
    assert violet.call("POST", "/orders/bags/search").json()["code"] == 9910
    sim.post(f"violet/bags/{order['bag_id']}", {"hidden_for": 600})
    assert found(wanted) == []


def test_violet_refuses_what_the_real_one_refuses(sim, violet):
    order = place(sim)
    path = refund_path(order) + "?skip_external_refund=true"

    def code(*call):
        reply = violet.call(*call)
        assert reply.status >= 400, reply
        return reply.json()["code"]
    assert code("POST", path, {**GOOD, "amount_refunded": 6093}) == 9001
    assert code("POST", path, {**GOOD, "amount_refunded": 0}) == 9001
    assert code("POST", path, {**GOOD, "skus": [{"order_sku_id": 1}]}) == 4219
    assert violet.call("POST", path, GOOD).status == 200
    assert code("POST", path, {**GOOD, "amount_refunded": 5093}) == 9001, "what is left"
    wrong_bag = f"/orders/{order['order_id']}/bags/1/refunds"
    assert code("POST", wrong_bag, GOOD) == 4201
    assert code("GET", f"/orders/{order['order_id']}/refunds/1") == 4227
    other = violet.login(10002)[0]
    assert violet.call("GET", refund_path(order), headers=other).json()["code"] == 4216
    assert violet.call("POST", path, {**GOOD, "amount_refunded": 5092}).status == 200
    assert code("POST", path, {**GOOD, "amount_refunded": 1}) == 4225
    sim.post("settings", {"violet_unlinked": "refuse"})
    violet.call("POST", f"/apps/{APP}/merchants/uninstall", {"merchant_id": 50001})
    assert code("GET", refund_path(order)) == 7118


def test_refunds_go_through_processing_and_may_end_badly(sim, violet):
    sim.post("settings", {"violet_processing": 0.3, "next_refunds": [
        {}, {"dispute": True}, {"status": "EXTERNAL"}, {"amount": 5}]})
    order = place(sim)
    path = refund_path(order) + "?skip_external_refund=true"
    ids = []
    for number in range(4):
        reply = violet.call("POST", path, {**GOOD, "reason": f"bc:106:r{number}"}).json()
        ids.append(reply["id"])
        assert reply["status"] == "PROCESSING" and reply["errors"] == []

    def states():
        return [violet.call("GET", f"/orders/{order['order_id']}/refunds/{i}").json() for i in ids]
    final = wait(lambda: (s := states())[-1]["status"] != "PROCESSING" and s)
    assert [r["status"] for r in final] == ["COMPLETED", "FAILED", "EXTERNAL", "COMPLETED"]
    assert final[1]["errors"][0]["error_code"] == 9000 and final[3]["amount"] == 5
    assert book(sim, order)["paid_by_us"] == 2005, "what failed is not paid"


def test_reason_and_list_lag(sim, violet):
    order = place(sim)
    path = refund_path(order) + "?skip_external_refund=true"
    sim.post("settings", {"violet_list_lag": 600})
    for how in ("cut", "empty", "alter"):
        sim.post("settings", {"violet_reason": how})
        violet.call("POST", path, {**GOOD, "reason": "bc:106:r1 and more text"})
    assert violet.call("GET", refund_path(order)).json() == []
    sim.post("settings", {"violet_list_lag": 0})
    assert violet.call("POST", path, {**GOOD, "amount_refunded": 4000}).json()["code"] == 9001
    assert [r["reason"] for r in sim.get(f"violet/bags/{order['bag_id']}")["violet_refunds"]] == [
        "bc:106:r1 and more t", "", "Refund: BC:106:R1 AND MORE TEXT"]
    sim.post("settings", {"violet_reason": "cut", "violet_reason_length": 9})
    assert violet.call("POST", path, {**GOOD, "amount_refunded": 1, "reason": "bc:106:r12 and"}).json()["reason"] == "bc:106:r1"


def test_a_channel_refunds_and_cancels(sim, violet, receiver):
    hook(sim, receiver, "store/order/refund/created")
    order = place(sim)
    made = sim.post("violet/refund", {"bag_id": order["bag_id"], "amount": "10.00",
                                      "push_first": True, "delay": 0.3})
    assert made["violet_refund_id"] is None
    refund = sim.api("GET", f"/v3/orders/payment_actions/refunds/{made['bigcommerce_refund_id']}")
    assert refund.json()["data"]["user_id"] == 0
    wait(lambda: receiver.bodies())
    assert violet.call("GET", refund_path(order)).json() == [], "Violet's own comes later"
    shown = wait(lambda: violet.call("GET", refund_path(order)).json())
    assert shown[0]["external_id"] == str(made["bigcommerce_refund_id"])
    row = book(sim, order)
    assert (row["owed"], row["owed_by_others"], row["verdict"]) == (0, 1000, "even")
    cancellations = f"/orders/{order['order_id']}/cancellations"
    assert violet.call("GET", cancellations).status == 204
    sim.post("violet/cancel", {"bag_id": order["bag_id"]})
    bag, = violet.call("GET", cancellations).json()["cancelled_bags"]
    assert bag["originated_by"] == "CHANNEL" and bag["refund"]["amount"] == 5092
    assert sim.get(f"stores/abc123/orders/{order['id']}")["status_id"] == 5
    assert book(sim, order)["verdict"] == "even"


def test_a_cancelled_order_shows_at_violet_as_the_merchants(sim, violet):
    order = place(sim)
    sim.post(f"stores/abc123/orders/{order['id']}/status", {"status_id": 5})
    cancelled = violet.call("GET", f"/orders/{order['order_id']}/cancellations").json()
    assert cancelled["cancelled_bags"][0]["originated_by"] == "MERCHANT"
    assert violet.call("POST", refund_path(order) + "?skip_external_refund=true", {
        **GOOD, "amount_refunded": 6092}).status == 200, "a CANCELED bag can be refunded"
    sim.post(f"stores/abc123/orders/{order['id']}/status", {"status_id": 11})
    assert violet.call("GET", f"/orders/{order['order_id']}/cancellations").status == 204


# The books.

def test_the_ledger_owes_what_the_merchant_did(sim, violet):
    order = place(sim)
    path = f"stores/abc123/orders/{order['id']}"

    def owed():
        row = book(sim, order)
        return row["owed"], row["owed_most"]
    sim.post(path + "/refund", {"amount": "10.00"})
    assert owed() == (1000, 1000) and book(sim, order)["verdict"] == "underpaid"
    sim.post(path + "/refund", {"amount": "5.00", "payments": [
        {"kind": "offline", "amount": "2.00"}, {"kind": "storecredit", "amount": "3.00"}]})
    assert owed()[0] == 1200 and book(sim, order)["review"]
    sim.post(path + "/status", {"status_id": 5})
    assert owed() == (6092, 6092)
    sim.post(path + "/status", {"status_id": 11})
    assert owed() == (1200, 6092), "reopened: paying was right for a while"
    sim.post("violet/refund", {"bag_id": order["bag_id"], "amount": 4092})
    assert owed() == (1200, 2000)
    violet.call("POST", refund_path(order) + "?skip_external_refund=true",
                {**GOOD, "amount_refunded": 2000})
    assert book(sim, order)["verdict"] == "even"


def test_the_ledger_sees_double_payment(sim, violet):
    order = place(sim)
    sim.post(f"stores/abc123/orders/{order['id']}/refund", {"amount": "10.00"})
    path = refund_path(order) + "?skip_external_refund=true"
    violet.call("POST", path, GOOD)
    assert book(sim, order)["verdict"] == "even"
    violet.call("POST", path, GOOD)
    row = book(sim, order)
    assert row["verdict"] == "overpaid" and list(row["twice"]) == ["bc:106:r1"]
    assert [v["kind"] for v in sim.get("ledger")["violations"]] == ["marker_twice"]


def test_the_ledger_judges_each_post(sim, violet):
    order = place(sim)
    path, skip = refund_path(order), "?skip_external_refund=true"
    line = order["order_sku_ids"][0]
    for call, body, kinds in (
            (skip, {**GOOD, "skus": [{"order_sku_id": line, "quantity_refunded": 1,
                                      "amount_refunded": 999}]}, ["lines_differ"]),
            (skip, {**GOOD, "reason": "bc:" + "1" * 60 + ":r1"}, ["bad_marker"]),
            (skip, {"reason": "x", "skus": [{"order_sku_id": line}]},
             ["no_amount", "no_shipping", "line_open", "no_marker"]),
            ("", GOOD, ["pushes_back"])):
        sim.post("reset")
        order = place(sim)
        violet.call("POST", path + call, body, violet.login(APP)[0])
        report = sim.get("ledger")
        assert [v["kind"] for v in report["violations"]] == kinds
        post, = report["posts"]
        assert post["body"] == body and post["headers"]["x-violet-app-id"] == str(APP)
        assert post["outcome"] == 200
    refunds = sim.get(f"stores/abc123/orders/{order['id']}")["refunds"]
    assert [r["actor"] for r in refunds] == ["violet"], "pushed into BigCommerce again"


def test_channel_page_shows_what_came_back(sim):
    client = Client(sim.violet)
    assert 'id="connect"' in client.get("/demo-channel/acme/start").text
    assert "/connect/acme?state=s1" in client.get("/demo-channel/acme/connect?state=s1").location
    page = client.get("/demo-channel/acme?merchant_id=50001&state=s%3C1").text
    assert 'id="outcome">connected' in page and 'id="state">s&lt;1' in page
    assert ">failed<" in client.get("/demo-channel/acme?error=declined").text
    assert [a.get("error") for a in sim.get("state")["apps"]["10001"]["arrivals"]] == [
        None, "declined"]
    assert client.get("/demo-channel/nope").status == 404 and client.get("/").status == 200
