# SPDX-License-Identifier: Apache-2.0
"""BigCommerce refuses, is slow or overloaded while money is owed: nothing is sent on half an answer, and nothing is lost."""
import pytest

from harness.waiting import wait


def break_order(shop, deal, action, **options):
    shop.fault("bigcommerce", "GET", rf"/orders/{deal.id}(/|$)", action, **options)


def wait_failed(deal, result, count=1):
    wait(lambda: deal.stack.worker.log().count(f"ref={deal.id} rc={result} ") >= count, what=f"looks that end in {result}")


@pytest.mark.parametrize("status, headers", [(429, {"X-Retry-After": "1"}), (503, {}), (500, {})])
def test_refused_for_the_moment(shop, status, headers):
    deal = shop.deal()
    break_order(shop, deal, "status", code=status, body={}, headers=headers, times=2)
    deal.refund("10.00")
    deal.wait_paid(1000)


@pytest.mark.parametrize("status", [401, 403])
def test_token_refused_for_a_while(shop, status):
    """A refused order is no uninstalled app: that is asked of BigCommerce by itself."""
    deal = shop.deal()
    break_order(shop, deal, "status", code=status, body={"status": status, "title": "Unauthorized"})
    deal.refund("10.00")
    wait_failed(deal, "denied", 3)
    assert deal.row()["owed"] == 1000 and not deal.posts()
    shop.stack.sim.delete("faults")
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1
    assert shop.stack.db.value("select uninstalled_at is null and sealed_token is not null from violet.store "
                               "where store_hash = %s", shop.store)


def test_scopes_taken_away_for_a_while(shop):
    """Every call of the store is refused with 403, as after a change of owner."""
    deal = shop.deal()
    shop.settings(forbidden_stores=[shop.store])
    deal.refund("10.00")
    wait_failed(deal, "denied", 3)
    assert not deal.posts()
    shop.settings(forbidden_stores=[])
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1
    assert shop.stack.db.value("select uninstalled_at is null from violet.store where store_hash = %s", shop.store)


def test_overloaded(shop):
    """429 without headers: the whole store is left alone for one of BigCommerce's windows of 30 s, and asked again then."""
    deal = shop.deal()
    break_order(shop, deal, "status", code=429, body={}, times=1)
    deal.refund("10.00")
    wait_failed(deal, "busy")
    gate = "update violet.store set gate_until = now() where store_hash = %s returning extract(epoch from {} - now())::float"
    before = "(select s.gate_until from violet.store as s where s.store_hash = store.store_hash)"
    assert 5 < shop.stack.db.value(gate.format(before), deal.store) <= 30 and not deal.posts()
    deal.recheck()
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1


def test_slow(shop):
    deal = shop.deal()
    break_order(shop, deal, "delay", seconds=0.5)
    deal.refund("10.00")
    deal.wait_paid(1000)


def test_slower_than_we_wait(shop):
    deal = shop.deal()
    break_order(shop, deal, "delay", seconds=4, times=1)
    deal.refund("10.00")
    wait_failed(deal, "uncertain")
    assert not deal.posts()
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1
