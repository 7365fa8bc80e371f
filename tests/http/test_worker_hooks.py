# SPDX-License-Identifier: Apache-2.0
"""Job ensure_hooks: what a store's webhooks are made into."""
import pytest

from harness.shop import shared, shop  # noqa: F401 (fixtures)

WANTED = {
    "store/order/statusUpdated": "/webhooks", "store/order/refund/created": "/webhooks",
    "store/app/uninstalled": "/webhooks", "store/information/updated": "/webhooks",
    "store/hook/deliveryException": "/webhooks/delivery",
}
REFUND = "store/order/refund/created"


@pytest.fixture
def installed(shop):
    shop.act("install", {"deliver": True})
    shop.wait(lambda: checked(shop))
    return shop


def checked(shop):
    return shop.value("select hooks_checked_at from violet.store where store_hash = %s")


def hooks(shop):
    return shop.sim.get(f"stores/{shop.hash}")["hooks"]


def audit(shop):
    """Have the job run once more; its result as {scope: state}."""
    before = checked(shop)
    shop.put("ensure_hooks")
    shop.wait(lambda: checked(shop) != before)
    result = shop.value("select hooks_result from violet.store where store_hash = %s")
    return {row["scope"]: row["state"] for row in result}


def test_every_hook_is_made_at_install(installed):
    made = {hook["scope"]: hook for hook in hooks(installed)}
    assert {scope: hook["destination"] for scope, hook in made.items()} == {
        scope: installed.stack.url + path for scope, path in WANTED.items()}
    for hook in made.values():
        assert hook["is_active"]
        version, key, store, mac = hook["headers"]["X-Violet-Hook"].split(".")
        assert (version, store) == ("v1", installed.hash) and len(mac) == 43


def test_the_store_is_described(installed):
    installed.sim.post("webhook", {"store": installed.hash, "scope": "store/information/updated", "data": {"type": "store"}})
    installed.wait(lambda: installed.value("select name from violet.store where store_hash = %s") == f"Shop {installed.hash}")


def test_an_audit_of_good_hooks_changes_nothing(installed):
    before = hooks(installed)
    assert set(audit(installed).values()) == {"ok"}
    assert hooks(installed) == before


def test_a_hook_that_was_switched_off_is_switched_on(installed):
    installed.sim.post("hooks/disable", {"store": installed.hash, "scope": REFUND})
    result = audit(installed)
    assert result.pop(REFUND) == "activated"
    assert set(result.values()) == {"ok"}
    assert all(hook["is_active"] for hook in hooks(installed))


def test_deleted_hooks_are_made_again(installed):
    installed.sim.post("hooks/delete", {"store": installed.hash})
    assert set(audit(installed).values()) == {"created"}
    assert len(hooks(installed)) == len(WANTED)


def test_a_delivery_exception_calls_for_an_audit(installed):
    before = checked(installed)
    installed.sim.post("hooks/disable", {"store": installed.hash, "scope": REFUND})
    installed.sim.post("webhook", {"store": installed.hash, "scope": "store/hook/deliveryException",
                                   "data": {"type": "webhook", "id": 1, "error_code": 90002, "message": "gone"}})
    installed.wait(lambda: checked(installed) != before)
    assert all(hook["is_active"] for hook in hooks(installed))


def test_a_refused_hook_does_not_keep_the_others_back(shop):
    shop.stack.expect_log(f"store={shop.hash} kind=ensure_hooks .*refused for a test")
    shop.fault(method="POST", path="/v3/hooks$", times=1, action="status", code=422, body='{"title":"refused for a test"}')
    shop.act("install", {"deliver": True})
    shop.wait(lambda: shop.job("ensure_hooks") and len(hooks(shop)) == len(WANTED) - 1 or len(hooks(shop)) == len(WANTED))
    shop.wait(lambda: len(hooks(shop)) == len(WANTED))
    shop.wait(lambda: shop.says("ensure_hooks", "rc=ok"))
    assert shop.says("ensure_hooks", "refused for a test")


def test_the_next_audit_is_planned(installed):
    installed.wait(lambda: (installed.job("ensure_hooks") or (0, 0, 0))[2] > 3600)
    attempts, note, due = installed.job("ensure_hooks")
    assert (attempts, note) == (0, "5 created") and 7000 < due <= 14400


def block(shop, seconds):
    """BigCommerce delivers nothing to our domain for so long, but for delivery exceptions; 0: again from now on."""
    shop.sim.post("hooks/block", {"host": "localhost", "seconds": seconds})


def refund(shop):
    """The id of an order with a refund."""
    order = shop.stack.order(shop.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    shop.act(f"orders/{order}/refund", {"amount": "5.00"})
    return order


def found_by(shop, order):
    return shop.value("select found_by from violet.refund where store_hash = %s and order_id = %s and state = 'done'", order)


def deliveries(shop, state):
    return shop.sim.get(f"deliveries?store={shop.hash}&scope={REFUND}&state={state}")["deliveries"]


@pytest.fixture
def linked(shop):
    """An installed store that can pay refunds; its domain is not blocked afterwards."""
    yield shop.installed()
    block(shop, 0)


def test_a_block_delays_a_refund(linked):
    """Three minutes in reality: the retries outlast it."""
    block(linked, 600)
    order = refund(linked)
    linked.wait(lambda: [d for d in deliveries(linked, "pending") if d["attempts"]])
    assert {attempt["error"] for d in deliveries(linked, "pending") for attempt in d["attempts"]} == {"domain blocked"}
    block(linked, 0)
    linked.wait(lambda: found_by(linked, order) == "webhook")
    assert all(hook["is_active"] for hook in hooks(linked)) and len(hooks(linked)) == len(WANTED)


def test_after_a_block_that_outlasts_the_retries(linked):
    """BigCommerce gives up, switches the hooks off, and has lost the refund: hooks come back, and the sweep finds it."""
    linked.sim.post("settings", {"retry_scale": 0.00001})
    block(linked, 600)
    order = refund(linked)
    linked.wait(lambda: deliveries(linked, "failed"))
    linked.wait(lambda: linked.sim.get("deliveries")["idle"])
    linked.wait(lambda: all(hook["is_active"] for hook in hooks(linked)))
    linked.wait(lambda: linked.says("ensure_hooks", "activated"))
    assert len(hooks(linked)) == len(WANTED)
    assert linked.value("select count(*) from violet.refund where store_hash = %s") == 0
    block(linked, 0)
    linked.put("sweep")
    linked.wait(lambda: found_by(linked, order) == "sweep")
    later = refund(linked)
    linked.wait(lambda: found_by(linked, later) == "webhook")
