# SPDX-License-Identifier: Apache-2.0
"""Jobs resolve_merchant and unlink: which Violet merchant a store is, and ending a link at Violet."""
import pytest

from harness.shop import shared, shop  # noqa: F401 (fixtures)

UNINSTALL = "/apps/10001/merchants/uninstall$"


def merchants(shop):
    return [row[0] for row in shop.db.rows(
        "select merchant_id from violet.store_merchant where store_hash = %s order by last_seen_at desc", shop.hash)]


def unlink(shop):
    link_id = shop.value("select link_id from violet.link where store_hash = %s")
    assert shop.value("select api.link_unlink(%s, %s, now())", link_id)


def is_ended(shop):
    return shop.value("select ended_at from violet.link where store_hash = %s")


def unlinkings(shop):
    """Who asked Violet to end what: the merchants named by the calls that it carried out."""
    return shop.sim.get(f"requests?side=violet&path={UNINSTALL}")["count"]


@pytest.fixture
def linked(shop):
    shop.stack.install(shop.hash)
    shop.stack.link(shop.hash, "acme")
    return shop


def test_found_by_external_id_once_the_channel_sees_it(shop):
    shop.sim.post("settings", {"merchant_delay": 3600})
    shop.stack.install(shop.hash)
    shop.stack.link(shop.hash, "acme")
    shop.wait(lambda: shop.says("resolve_merchant", "no channel sees the merchant yet"))
    assert merchants(shop) == []
    shop.sim.post("violet/merchants", {"store": shop.hash, "visible": True})
    shop.wait(lambda: merchants(shop) == [shop.merchant_id])
    shop.wait(lambda: not shop.jobs("resolve_merchant"))


def test_found_by_the_permanent_host(shop):
    shop.sim.post("settings", {"merchant_external_id": False})
    shop.stack.install(shop.hash)
    shop.stack.link(shop.hash, "acme")
    shop.wait(lambda: merchants(shop) == [shop.merchant_id])


def test_a_store_that_is_linked_to_nobody_asks_nobody(shop):
    shop.stack.install(shop.hash)
    shop.wait(lambda: shop.says("resolve_merchant", "linked to no channel"))
    assert not shop.jobs("resolve_merchant") and merchants(shop) == []


def test_two_merchants_are_none(shop):
    shop.stack.install(shop.hash)
    shop.sim.post("violet/merchants", {"store": shop.hash, "visible": True})
    shop.sim.post("violet/merchants", {"store": shop.hash, "visible": True, "new": True})
    shop.stack.link(shop.hash, "acme")
    shop.wait(lambda: shop.says("resolve_merchant", "several merchants"))
    assert merchants(shop) == []


def test_what_the_operator_set_stands(linked):
    linked.wait(lambda: merchants(linked) == [linked.merchant_id])
    linked.wait(lambda: not linked.jobs("resolve_merchant"))
    linked.value("select api.merchant_seen(%s, 77777, 'ann', now())")
    linked.put("resolve_merchant")
    linked.wait(lambda: linked.says("resolve_merchant", "set by hand"))
    assert merchants(linked)[0] == 77777


def test_violet_that_is_down_is_asked_again(shop):
    shop.sim.post("violet/expire_tokens", {"refresh": True})
    shop.sim.post("faults", {"side": "violet", "path": "/login$", "times": 3, "action": "status", "code": 500})
    shop.stack.install(shop.hash)
    shop.stack.link(shop.hash, "acme")
    shop.wait(lambda: merchants(shop) == [shop.merchant_id])


def test_unlinking_ends_the_link_at_violet(linked):
    linked.wait(lambda: merchants(linked) == [linked.merchant_id])
    before = unlinkings(linked)
    unlink(linked)
    linked.wait(lambda: is_ended(linked))
    assert unlinkings(linked) == before + 1
    assert linked.value("select end_reason from violet.link where store_hash = %s") == "merchant"
    linked.wait(lambda: not linked.jobs("unlink"))
    assert [m["unlinked"] for m in linked.sim.get("state")["merchants"] if m["id"] == linked.merchant_id][0]


@pytest.mark.parametrize("fault", [
    {"action": "status", "code": 500}, {"action": "drop_before"}, {"action": "drop_after"},
    {"action": "status", "code": 429, "headers": {"Retry-After": "1"}}], ids=["500", "drop_before", "drop_after", "429"])
def test_unlinking_is_repeated_until_it_succeeds(linked, fault):
    linked.wait(lambda: merchants(linked) == [linked.merchant_id])
    before = unlinkings(linked)
    linked.sim.post("faults", {"side": "violet", "path": "/merchants/uninstall$", "times": 2, **fault})
    unlink(linked)
    linked.wait(lambda: is_ended(linked))
    assert unlinkings(linked) == before + 3


def test_unlinking_what_violet_never_knew(shop):
    shop.sim.post("settings", {"merchant_delay": 3600})
    shop.stack.install(shop.hash)
    shop.stack.link(shop.hash, "acme")
    before = unlinkings(shop)
    unlink(shop)
    shop.wait(lambda: is_ended(shop))
    assert unlinkings(shop) == before
