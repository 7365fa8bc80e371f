# SPDX-License-Identifier: Apache-2.0
"""The simulator of BigCommerce: does it speak, refuse, deliver and install as the real one would?"""
import base64
import hashlib
import hmac
import json
import time

import pytest

from harness.client import Client
from harness.product import CLIENT_ID, CLIENT_SECRET
from harness.sandbox import APP, hook, place, receiver, running, sim  # noqa: F401 fixtures
from harness.waiting import wait

# BigCommerce's API.

def test_token_decides_who_may_call(sim):
    assert sim.api("GET", "/v2/time").status == 200
    reply = sim.api("GET", "/v3/hooks", **{"X-Auth-Token": "wrong"})
    assert reply.status == 401 and reply.json()["title"].startswith("Unauthorized - the v3 Auth")
    assert sim.api("GET", "/v2/store", store="def456").status == 401
    assert sim.api("GET", "/v2/store", Accept="*/*").status == 406
    again = sim.post("stores/abc123/install", {"redeem": True})["token"]
    assert sim.api("GET", "/v2/time").status == 401, "a new token kills the old one"
    assert sim.api("GET", "/v2/time", **{"X-Auth-Token": again}).status == 200
    sim.post("stores/abc123/uninstall", {"callback": False})
    assert sim.api("GET", "/v2/time", **{"X-Auth-Token": again}).status == 401


def test_scope_and_state_of_the_store_refuse(sim):
    sim.post("settings", {"app_scopes": "store_v2_default store_v2_orders_read_only"})
    token = {"X-Auth-Token": sim.post("stores/abc123/install", {"redeem": True})["token"]}
    assert sim.api("GET", "/v2/orders/100", **token).status == 200
    assert sim.api("GET", "/v3/orders/100/payment_actions/refunds", **token).status == 200
    assert sim.api("GET", "/v2/coupons", **token).status == 403
    assert sim.api("PUT", "/v2/orders/100", {"status_id": 5}, **token).status == 403
    assert sim.api("GET", "/v3/hooks", **token).status == 200, "hooks need no scope"
    sim.post("settings", {"forbidden_stores": ["abc123"]})
    assert sim.api("GET", "/v2/orders/100", **token).status == 403
    sim.post("settings", {"forbidden_stores": [], "suspended_stores": ["abc123"]})
    assert sim.api("GET", "/v2/orders/100", **token).status == 503


def test_quota(sim):
    sim.post("settings", {"quota": 3, "quota_window_ms": 500})
    replies = [sim.api("GET", "/v2/time") for _ in range(8)]
    limited = [r for r in replies if r.status == 429]
    assert limited and replies[-1].status == 429
    assert int(limited[0].headers["X-Retry-After"]) >= 1
    assert limited[0].headers["X-Rate-Limit-Requests-Left"] == "0"
    assert 0 < int(limited[0].headers["X-Rate-Limit-Time-Reset-Ms"]) <= 500
    wait(lambda: sim.api("GET", "/v2/time").status == 200, what="a new window")


def test_orders_in_the_documented_shape(sim):
    order = place(sim)
    value = sim.api("GET", f"/v2/orders/{order['id']}").json()
    assert (value["total_inc_tax"], value["total_tax"], value["shipping_cost_inc_tax"]) == \
        ("60.9200", "3.9200", "8.0000")
    assert value["refunded_amount"] == "0.0000" and value["external_source"] == "57141"
    assert value["date_created"].endswith("+0000")
    line, = sim.api("GET", f"/v2/orders/{order['id']}/products").json()
    assert (line["sku"], line["quantity"], line["total_inc_tax"], line["variant_id"]) == \
        ("CAN-9", 2, "52.9200", 300)
    assert sim.api("GET", "/v2/orders/9999").json() == [
        {"status": 404, "message": "The requested resource was not found."}]


def test_currencies_without_and_with_three_decimals(sim):
    sim.post("stores", {"hash": "kwd1", "currency": "KWD", "installed": True})
    token = {"X-Auth-Token": sim.get("stores/kwd1")["token"]}
    order = sim.post("orders", {"store": "kwd1", "lines": [{"price": "1.234"}]})
    assert sim.api("GET", f"/v2/orders/{order['id']}", store="kwd1", **token).json()[
        "total_inc_tax"] == "1.2340"
    sim.post(f"stores/kwd1/orders/{order['id']}/refund", {"amount": 1000})
    refund, = sim.api("GET", "/v3/orders/payment_actions/refunds", store="kwd1",
                      **token).json()["data"]
    assert refund["total_amount"] == 1 and refund["payments"][0]["amount"] == 1
    with pytest.raises(AssertionError, match="more decimals"):
        sim.post("orders", {"store": "jpy789", "lines": [{"price": "1.5"}]})
    yen = sim.post("orders", {"store": "jpy789", "lines": [{"price": "1500"}]})
    assert yen["total"] == 1500


def test_order_list_filters_sorts_and_pages(sim):
    assert sim.api("GET", "/v2/orders?min_id=5000").status == 204
    first = sim.api("GET", "/v2/orders?limit=4").json()
    rest = sim.api("GET", "/v2/orders?limit=4&page=2").json()
    assert [o["id"] for o in first + rest] == [100, 101, 102, 103, 104, 105]
    order = place(sim, age=500000)
    sim.post(f"stores/abc123/orders/{order['id']}/status", {"status_id": 2})
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    changed = sim.api("GET", f"/v2/orders?min_date_modified={since}&sort=date_modified:asc").json()
    assert [o["id"] for o in changed] == [order["id"]]
    assert sim.api("GET", f"/v2/orders?min_date_created={since}").status == 204
    assert [o["id"] for o in sim.api("GET", "/v2/orders?status_id=2").json()] == [order["id"]]
    assert sim.api("GET", "/v2/orders?limit=251").status == 413
    assert sim.api("GET", "/v2/orders?min_date_modified=soon").status == 400


def test_refund_by_line_shipping_and_amount(sim):
    order = place(sim)
    path = f"stores/abc123/orders/{order['id']}/refund"
    first = sim.post(path, {"items": [{"line": 0, "quantity": 1},
                                      {"item_type": "SHIPPING", "amount": "3.00"}]})
    assert first["total"] == 2450 + 196 + 300 and first["status_id"] == 14
    value = sim.api("GET", f"/v3/orders/payment_actions/refunds/{first['refund_id']}").json()["data"]
    assert value["total_amount"] == 29.46 and value["total_tax"] == 1.96
    assert value["user_id"] == 1001 and value["payments"][0]["offline"] is True
    assert value["items"][0]["requested_amount"] is None
    assert value["items"][1]["requested_amount"] == "3.00"
    with pytest.raises(AssertionError, match="exceeds|left"):
        sim.post(path, {"amount": "40.00"})
    rest = sim.post(path)
    assert first["total"] + rest["total"] == order["total"] and rest["status_id"] == 4
    product = sim.api("GET", f"/v2/orders/{order['id']}/products").json()[0]
    assert product["quantity_refunded"] == 2 and product["is_refunded"]


def refund_of(sim, order, **body):
    """Make a refund, and read it as the API shows it."""
    made = sim.post(f"stores/abc123/orders/{order['id']}/refund", body)
    return sim.api("GET", f"/v3/orders/payment_actions/refunds/{made['refund_id']}").json()["data"]


def test_a_discounted_and_wrapped_line(sim):
    order = place(sim, shipping=0, lines=[{"sku": "X", "qty": 3, "price": 1000, "discount": 500, "wrapping": 300}])
    assert order["total"] == 2800
    product = sim.api("GET", f"/v2/orders/{order['id']}/products").json()[0]
    assert (product["total_inc_tax"], product["discounted_total_inc_tax"]) == ("30.0000", "25.0000")
    assert product["wrapping_cost_inc_tax"] == "3.0000"
    assert [discount["amount"] for discount in product["applied_discounts"]] == ["5.0000"]
    value = sim.api("GET", f"/v2/orders/{order['id']}").json()
    assert (value["subtotal_inc_tax"], value["discount_amount"], value["wrapping_cost_inc_tax"],
            value["total_inc_tax"]) == ("30.0000", "5.0000", "3.0000", "28.0000")
    refund = refund_of(sim, order, items=[{"line": 0, "quantity": 2}, {"item_type": "GIFT_WRAPPING", "line": 0, "quantity": 2}])
    assert refund["total_amount"] == 18.66 and [item["quantity"] for item in refund["items"]] == [2, 0]
    assert {item["item_id"] for item in refund["items"]} == {order["lines"][0]["id"]}
    rest = refund_of(sim, order)
    assert rest["total_amount"] == 9.34 and [item["item_type"] for item in rest["items"]] == ["PRODUCT", "GIFT_WRAPPING"]


def test_refunds_of_odd_kinds(sim):
    order = place(sim)
    tax = refund_of(sim, order, tax="1.00")
    assert tax["items"] == [] and tax["total_amount"] == 1 and tax["total_tax"] == 1
    own = refund_of(sim, order, items=[{"line": 0, "quantity": 1}], override="20.00")
    assert own["total_amount"] == 20 and own["uses_merchant_override_values"]
    assert refund_of(sim, order, amount="1.00", payments=[])["payments"] == []
    with pytest.raises(AssertionError, match="more tax than is left"):
        refund_of(sim, order, tax="2.92")
    path = f"/v3/orders/{order['id']}/payment_actions/refunds"
    assert sim.api("POST", path, {"tax_adjustment_amount": 0.5}).json()["data"]["total_amount"] == 0.5
    assert sim.api("POST", path, {"items": []}).status == 422


def test_how_refunds_write_their_amounts(sim):
    order = place(sim)
    path = f"stores/abc123/orders/{order['id']}/refund"
    number = sim.post(path, {"amount": "1.50"})["refund_id"]

    def written(**settings):
        sim.post("settings", settings)
        value = sim.api("GET", f"/v3/orders/payment_actions/refunds/{number}").json()["data"]
        return value["payments"][0]["amount"], value["items"][0].get("requested_amount", "missing")
    assert written() == (1.5, "1.50") and written(refund_amounts="string") == ("1.50", "1.50")
    assert [written(refund_requested=how)[1] for how in ("number", "null", "missing")] == [1.5, None, "missing"]


def test_refunds_of_one_order_come_in_pages(sim):
    order = place(sim)
    ids = [refund_of(sim, order, amount=1)["id"] for _ in range(3)]
    path = f"/v3/orders/{order['id']}/payment_actions/refunds"
    assert [r["id"] for r in sim.api("GET", path + "?page=2&limit=2").json()["data"]] == ids[2:]
    assert sim.api("GET", path + "?page=3&limit=2").json()["data"] == []
    assert sim.api("GET", path + "?limit=251").status == 413


def test_refund_list_filters_and_ascends(sim):
    ids = [sim.post("stores/abc123/orders/100/refund", {"amount": 100})["refund_id"]
           for _ in range(3)]
    other = sim.post("stores/abc123/orders/102/refund", {"amount": 100})["refund_id"]
    base = "/v3/orders/payment_actions/refunds"

    def listed(query):
        reply = sim.api("GET", f"{base}?{query}").json()
        assert reply["meta"] == {}
        return [refund["id"] for refund in reply["data"]]
    assert listed("") == [*ids, other]
    assert listed("limit=2&page=2") == [ids[2], other]
    assert listed("order_id:in=102") == [other] and listed(f"id:in={ids[1]}") == [ids[1]]
    now = time.time()

    def iso(seconds):
        return time.strftime("%Y-%m-%dT%H%%3A%M%%3A%S%%2B00%%3A00", time.gmtime(now + seconds))
    assert listed(f"created:min={iso(-30)}") == [*ids, other]
    assert listed(f"created:min={iso(30)}") == []
    assert sim.api("GET", f"{base}?created:min=x").status == 422


def test_refund_through_the_api(sim):
    order = place(sim)
    path = f"/v3/orders/{order['id']}/payment_actions/refunds"
    body = {"items": [{"item_type": "PRODUCT", "item_id": order["lines"][0]["id"], "quantity": 1}],
            "payments": [{"provider_id": "custom", "amount": 26.46, "offline": True}]}
    reply = sim.api("POST", path, body)
    assert reply.status == 201 and reply.json()["data"]["user_id"] == 0
    body["payments"][0]["amount"] = 5
    assert sim.api("POST", path, body).status == 422
    assert len(sim.api("GET", path).json()["data"]) == 1


def test_stale_lists_and_status(sim):
    order = place(sim)
    sim.post("settings", {"stale_refunds": 600, "stale_status": 600})
    refund = sim.post(f"stores/abc123/orders/{order['id']}/refund", {"amount": 100})["refund_id"]
    path = f"/v3/orders/{order['id']}/payment_actions/refunds"
    assert sim.api("GET", path).json()["data"] == []
    assert sim.api("GET", f"/v3/orders/payment_actions/refunds/{refund}").status == 404
    assert sim.api("GET", f"/v2/orders/{order['id']}").json()["status_id"] == 11
    sim.post("settings", {"stale_refunds": 0, "stale_status": 0})
    assert len(sim.api("GET", path).json()["data"]) == 1
    assert sim.api("GET", f"/v2/orders/{order['id']}").json()["status_id"] == 14


def test_discounts(sim):
    coupons = sim.api("GET", "/v2/coupons").json()
    assert {c["type"] for c in coupons} >= {"percentage_discount", "free_shipping", "promotion"}
    assert sim.api("GET", "/v2/coupons?code=SPRING10").json()[0]["id"] == 1
    assert sim.api("GET", "/v2/coupons?min_id=99").status == 204
    assert sim.api("GET", "/v2/coupons?min_id=x").status == 400
    page = sim.api("GET", "/v3/promotions?limit=5&page=2").json()
    assert page["meta"]["pagination"]["total"] == 14 and len(page["data"]) == 5
    assert "code_list" not in page["data"][0]
    kinds = sim.api("GET", "/v3/promotions?redemption_type=automatic").json()["data"]
    assert {p["redemption_type"] for p in kinds} == {"AUTOMATIC"}
    codes, query = [], "limit=50"
    while query:
        reply = sim.api("GET", f"/v3/promotions/3/codes?{query}").json()
        codes += [c["code"] for c in reply["data"]]
        query = reply["meta"]["cursor_pagination"]["links"].get("next", "").lstrip("?")
    assert len(set(codes)) == 120
    assert sim.api("GET", "/v3/promotions/codes?code=WORLD").json()["data"][0]["code"] == "WORLD"
    assert sim.api("GET", "/v3/promotions/settings").json()[
        "number_of_coupons_allowed_at_checkout"] == 1


# Hooks and their delivery.

def test_hooks_are_checked(sim, receiver):
    first = hook(sim, receiver, "store/order/refund/created")
    body = {"scope": "store/order/refund/created", "destination": receiver.url + "/webhooks"}
    assert sim.api("POST", "/v3/hooks", body).status == 422, "one per scope and destination"
    for wrong in ({"scope": "store/nothing"}, {"destination": "http://example.com/x"},
                  {"destination": "https://example.com:8443/x"}, {"is_active": "yes"},
                  {"scope": "store/hook/deliveryException"}, {"headers": {"a": 1}}):
        reply = sim.api("POST", "/v3/hooks", {**body, **wrong})
        assert reply.status == 422 and reply.json()["errors"], wrong
    assert sim.api("POST", "/v3/hooks", {**body, "destination": "https://a.example/x"}).status == 200
    reply = sim.api("PUT", f"/v3/hooks/{first}", {"is_active": False})
    assert reply.json()["data"]["is_active"] is False
    listed = sim.api("GET", "/v3/hooks").json()
    assert [h["is_active"] for h in listed["data"]] == [False, True]
    assert listed["data"][0]["headers"] == {"X-Ours": "secret"}
    assert sim.api("GET", "/v3/hooks?is_active=true").json()["meta"]["pagination"]["total"] == 1
    assert sim.api("GET", "/v3/hooks/1").status == 404
    assert sim.api("DELETE", f"/v3/hooks/{first}").json()["data"]["id"] == first
    for at in range(9):
        assert sim.api("POST", "/v3/hooks", {**body, "destination":
                                             f"https://b.example/{at}"}).status == 200
    assert sim.api("POST", "/v3/hooks", body).status == 422, "ten of a scope"


def test_a_refund_makes_its_webhooks_signed_and_with_our_headers(sim, receiver):
    hook(sim, receiver, "store/order/refund/created")
    hook(sim, receiver, "store/order/*", "/webhooks/all")
    sim.post("stores/abc123/orders/100/refund", {"amount": 100})
    wait(lambda: len(receiver.got) == 4 and sim.get("deliveries")["idle"], what="the webhooks")
    assert sorted(b["scope"] for b in receiver.bodies()) == [
        "store/order/refund/created", "store/order/refund/created", "store/order/statusUpdated",
        "store/order/updated"]
    body = receiver.bodies("store/order/statusUpdated")[0]
    assert body["producer"] == "stores/abc123" and len(body["hash"]) == 40
    assert body["data"] == {"type": "order", "id": 100, "status": {
        "previous_status_id": 11, "new_status_id": 14}}
    got = receiver.got[0]
    assert got.headers["x-ours"] == "secret"
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mac = hmac.new(CLIENT_SECRET.encode(), signed, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_failed_deliveries_are_retried_with_the_same_id_and_reported(sim, receiver):
    sim.post("settings", {"retry_scale": 0.0005})
    hook(sim, receiver, "store/order/archived")
    hook(sim, receiver, "store/hook/deliveryException", "/alarm")
    tries = iter((500, 500, 302, 200))
    receiver.status = lambda h: next(tries) if h.path == "/webhooks" else 200
    sim.post("stores/abc123/orders/100/archive")
    wait(lambda: sim.get("deliveries?scope=store/order/archived&state=delivered")["count"])
    sent = [g for g in receiver.got if g.path == "/webhooks"]
    assert len(sent) == 4 and len({g.headers["webhook-id"] for g in sent}) == 1
    waits = [b.time - a.time for a, b in zip(sent, sent[1:])]
    assert waits[0] >= 0.03 and waits[1] >= 0.09 and waits[2] >= 0.15, waits
    alarm, = [json.loads(g.body) for g in receiver.got if g.path == "/alarm"]
    assert alarm["data"]["error_code"] == 90001


def test_a_hook_that_always_fails_is_switched_off(sim, receiver):
    sim.post("settings", {"retry_scale": 0.000001})
    ident = hook(sim, receiver, "store/order/archived")
    hook(sim, receiver, "store/hook/deliveryException", "/alarm")
    receiver.status = lambda h: 500 if h.path == "/webhooks" else 200
    sim.post("stores/abc123/orders/100/archive")
    wait(lambda: not sim.api("GET", f"/v3/hooks/{ident}").json()["data"]["is_active"])
    wait(lambda: sim.get("deliveries")["idle"])
    assert sum(g.path == "/webhooks" for g in receiver.got) == 12
    codes = {json.loads(g.body)["data"]["error_code"] for g in receiver.got if g.path == "/alarm"}
    assert 90002 in codes
    status, = [h["status"] for h in sim.api("GET", "/v3/hooks/admin").json()["data"]["hooks_list"]
               if h["id"] == ident]
    assert status == "deactivated"
    receiver.got.clear()
    sim.post("stores/abc123/orders/101/archive")
    assert sim.api("PUT", f"/v3/hooks/{ident}", {"is_active": True}).status == 200
    receiver.status = 200
    sim.post("stores/abc123/orders/102/archive")
    wait(lambda: receiver.got and sim.get("deliveries")["idle"])
    assert [b["data"]["id"] for b in receiver.bodies()] == [102], "the dead time is lost"


def test_a_failing_domain_is_blocked(sim, receiver):
    sim.post("settings", {"block_min": 10, "block_seconds": 400, "retry_scale": 0.002})
    hook(sim, receiver, "store/order/updated")
    answers = iter([200] * 8 + [500] * 3)
    receiver.status = lambda h: next(answers, 200)
    for at in range(9):
        sim.post("webhook", {"store": "abc123", "scope": "store/order/updated",
                             "data": {"type": "order", "id": at}})
        wait(lambda: len(receiver.got) >= at + 1)
    assert wait(lambda: sim.api("GET", "/v3/hooks/admin").json()["data"]["blocked_domains"])
    wait(lambda: sim.get("deliveries?state=delivered")["count"] == 9)
    last = sim.get("deliveries")["deliveries"][-1]
    assert [(a["status"], a["error"]) for a in last["attempts"]] == [
        (500, None), (500, None), (0, "domain blocked"), (500, None), (200, None)]


def test_webhooks_lost_doubled_and_switched_off(sim, receiver):
    hook(sim, receiver, "store/order/archived")
    sim.post("settings", {"webhook_drop": 1.0})
    sim.post("stores/abc123/orders/100/archive")
    sim.post("settings", {"webhook_drop": 0.0, "webhook_duplicate": 1.0})
    sim.post("stores/abc123/orders/101/archive")
    wait(lambda: sim.get("deliveries")["idle"])
    sim.post("settings", {"webhooks": "off", "webhook_duplicate": 0.0})
    sim.post("stores/abc123/orders/102/archive")
    assert [b["data"]["id"] for b in receiver.bodies()] == [101, 101]
    assert [d["state"] for d in sim.get("deliveries")["deliveries"]] == ["dropped", "delivered"]


def test_any_webhook_can_be_sent(sim, receiver):
    sim.post("webhook", {"store": "abc123", "destination": receiver.url + "/webhooks",
                         "headers": {"X-Ours": "forged"}, "raw": "no json \u00e9", "count": 2})
    wait(lambda: len(receiver.got) == 2)
    assert receiver.got[0].body == "no json \u00e9".encode()
    assert receiver.got[0].headers["x-ours"] == "forged"
    assert sim.api("GET", "/v3/hooks").json()["data"] == []


# Installing.

def exchange(sim, query, **over):
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": query["code"],
            "context": query["context"], "scope": query["scope"],
            "grant_type": "authorization_code", "redirect_uri": query["redirect"], **over}
    return Client(sim.bigcommerce).request("POST", "/oauth2/token", json_body=body,
                                           headers={"Accept": "application/json"})


def test_a_code_works_once_and_only_as_it_was_made(sim, receiver):
    def fresh():
        made = sim.post("stores/def456/install", {"user": "manager"})
        assert made["url"].startswith(receiver.url + "/install?")
        return {**made["query"], "redirect": receiver.url + "/install"}
    reply = exchange(sim, fresh())
    value = reply.json()
    assert reply.status == 200 and value["context"] == "stores/def456"
    assert value["user"]["id"] == 1012 and value["owner"]["id"] == 1011
    assert sim.get("stores/def456")["token"] == value["access_token"]
    used = fresh()
    assert exchange(sim, used).status == 200
    assert exchange(sim, used).json() == {"error": "invalid_grant"}
    for over, status, error in (
            ({"client_secret": "x"}, 401, "invalid_client"),
            ({"redirect_uri": "http://else"}, 400, "invalid_request"),
            ({"context": "stores/abc123"}, 400, "invalid_grant"),
            ({"scope": "less"}, 400, "invalid_scope"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type")):
        reply = exchange(sim, fresh(), **over)
        assert (reply.status, reply.json()["error"]) == (status, error)
    assert exchange(sim, fresh(), code="").status == 302
    form = Client(sim.bigcommerce).request("POST", "/oauth2/token", form={"code": "x"})
    assert form.status == 401
    odd = Client(sim.bigcommerce).request("POST", "/oauth2/token", json_body={},
                                          headers={"Accept": "text/html"})
    assert odd.status == 406 and odd.json() == {"error": "Invalid format."}


def claims_of(url):
    token = url.partition("signed_payload_jwt=")[2]
    head, body, mac = token.split(".")
    good = hmac.new(CLIENT_SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(good).rstrip(b"=").decode() == mac
    return json.loads(base64.urlsafe_b64decode(body + "=="))


def test_callbacks_carry_a_signed_payload(sim, receiver):
    claims = claims_of(sim.get("stores/abc123/load_url?user=staff&url=/x")["url"])
    assert claims["aud"] == CLIENT_ID and claims["iss"] == "bc"
    assert claims["sub"] == "stores/abc123" and claims["url"] == "/x"
    assert claims["nbf"] == claims["iat"] - 5 and claims["exp"] == claims["iat"] + 86400
    assert claims["user"]["id"] == 1003 and claims["owner"]["id"] == 1001
    hook(sim, receiver, "store/order/updated")
    assert sim.post("stores/abc123/uninstall")["status"] == 200
    assert receiver.got[0].path.startswith("/uninstall?")
    assert claims_of(receiver.got[0].path)["user"]["id"] == 1001
    assert sim.get("stores/abc123")["hooks"] == [] and not sim.get("stores/abc123")["installed"]
    assert sim.post("stores/abc123/remove_user")["status"] == 200
    assert claims_of(receiver.got[1].path)["user"]["id"] == 1003


def test_the_panel_installs_opens_and_uninstalls(sim, receiver):
    panel = Client(sim.panel("def456"))
    page = panel.get("/manage/marketplace/apps/57141").text
    assert 'id="install"' in page and 'id="open"' not in page
    assert 'id="scopes"' in panel.get("/manage/app/57141").text
    framed = panel.post("/manage/app/57141", form={})
    assert framed.status == 303
    page = panel.get(framed.location).text
    assert 'id="app-frame"' in page and f'src="{receiver.url}/install?' in page
    code = framed.location.partition("code=")[2]
    assert exchange(sim, {"code": code, "context": "stores/def456", "redirect":
                          receiver.url + "/install", "scope": sim.get("settings")["settings"][
                              "app_scopes"]}).status == 200
    assert f'src="{receiver.url}/load?' in panel.get(framed.location).text, "a reload opens the app"
    sim.post("settings", {"frame_sandbox": "allow-scripts"})
    assert 'sandbox="allow-scripts"' in panel.get("/manage/app/57141").text
    sim.post("settings", {"app_scopes": "store_v2_default"})
    assert 'id="consent"' in panel.get("/manage/app/57141").text, "new scopes ask again"
    panel.post("/manage/user", form={"user": "1013", "back": "/manage"})
    assert 'id="app-frame"' in panel.get("/manage/app/57141").text, "staff may open"
    assert panel.post("/manage/app/57141/uninstall").location.startswith("/manage?problem=")
    panel.post("/manage/user", form={"user": "1011", "back": "https://evil.example/"})
    assert panel.post("/manage/app/57141/uninstall").status == 303
    wait(lambda: any(g.path.startswith("/uninstall?") for g in receiver.got))
    assert 'id="install"' in panel.get("/manage/marketplace/apps/57141").text


def test_the_panel_refunds_and_cancels(sim):
    panel = Client(sim.panel("abc123"))
    order = place(sim)
    line = order["lines"][0]["id"]
    reply = panel.post(f"/manage/orders/{order['id']}/refund", form={
        f"qty_{line}": "1", "shipping": "2.50", "amount": "", "reason": "<b>broken</b>"},
        follow=True)
    assert "Refunded $28.96." in reply.text and "<b>broken" not in reply.text
    reply = panel.post(f"/manage/orders/{order['id']}/refund", form={"amount": "x"}, follow=True)
    assert 'id="problem"' in reply.text
    reply = panel.post(f"/manage/orders/{order['id']}/cancel", follow=True)
    assert "The order is cancelled." in reply.text and "Cancelled" in reply.text
    made = panel.post("/manage/orders", form={"channel": str(APP), "product": "1",
                                              "quantity": "3"}, follow=True)
    assert "Watering" not in made.text and "Pruning Shears" in made.text
    assert "problem=" in panel.post("/manage/orders", form={"channel": "x"}).location
    for path in ("/manage", "/manage/orders", "/manage/marketing/coupons",
                 "/manage/marketing/promotions", "/manage/marketplace/apps/my-apps"):
        assert panel.get(path, follow=True).status == 200, path
    assert Client(sim.panel("nosuch")).get("/manage").status == 404


def test_external_install_and_deep_link(sim, receiver):
    client = Client(sim.bigcommerce)
    path = f"/app/{CLIENT_ID}/install"
    assert 'id="continue"' in client.get(path).text
    assert 'id="confirm"' in client.get(path + "?store=def456&user=1011").text
    assert client.get(path + "?store=def456&user=1013").status == 403
    assert 'id="problem"' in client.get(path + "?store=def456&user=1001").text
    assert client.post(path, form={"store": "def456", "user": "1013"}).location == path
    reply = client.post(path, form={"store": "def456", "user": "1011"})
    assert reply.location.startswith(receiver.url + "/install?")
    assert "external_install=" in reply.location
    assert "is installed" in client.get(path + "/succeeded").text
    sim.post("settings", {"app_visibility": "draft"})
    assert "not available" in client.get(path).text
    link = client.get("/deep-links/marketplace/apps/57141?store=def456")
    assert link.location == sim.panel("def456") + "/manage/marketplace/apps/57141"
    assert 'id="stores"' in client.get("/").text
