# SPDX-License-Identifier: Apache-2.0
"""The switch, the fuse, the pause after a failover, the alarm; lost webhooks; uninstalling with money owed."""
import pytest

from harness.deals import Shop
from harness.waiting import wait


@pytest.fixture
def alone(make_stack):
    """A stack of its own, with a store: for what stops everybody."""
    def make(**settings):
        stack = make_stack(settings=settings)
        stack.installed("abc123")
        return Shop(stack, "abc123")
    return make


def waits(deal, code):
    wait(lambda: any(r["wait"] == code for r in deal.refunds().values()), what=f"order {deal.id} to wait for {code}")


def test_hold_and_resume(alone):
    shop = alone()
    shop.stack.must("refunds", "hold", "--by", "tester")
    deal = shop.deal()
    deal.refund("10.00")
    waits(deal, "hold")
    deal.wait_looks(2)
    assert not deal.posts() and deal.states() == ["pending"]
    shop.stack.must("refunds", "resume", "--by", "tester")
    deal.wait_paid(1000)
    shop.check()


@pytest.mark.parametrize("word", ["hold", "shadow"])
def test_the_setting(alone, word):
    shop = alone(REFUNDS=word)
    deal = shop.deal()
    deal.refund("10.00")
    waits(deal, word)
    assert deal.refunds()[next(iter(deal.refunds()))]["amount"] == 1000  # decided and recorded
    deal.wait_looks(2)
    assert not deal.posts()
    shop.stack.worker.env["REFUNDS"] = "on"
    shop.stack.worker.stop()
    shop.stack.worker.start()
    deal.wait_paid(1000)


def test_the_fuse_of_a_store_by_count(alone):
    shop = alone(FUSE_STORE_COUNT="3")
    shop.stack.expect_log("refunds stopped by the fuse")
    deals = [shop.deal() for _ in range(5)]
    for deal in deals:
        deal.refund("1.00")
    wait(lambda: sum(len(deal.posts()) for deal in deals) == 3, what="three refunds")
    wait(lambda: sum(r["wait"] == "fuse" for deal in deals for r in deal.refunds().values()) == 2, what="two to wait")
    wait(lambda: "<1>worker: ALARM refunds stopped by the fuse" in shop.stack.worker.log(), what="the alarm")
    shop.stack.must("refunds", "resume", "--by", "tester")
    for deal in deals:
        deal.wait_paid(100)


def test_the_fuse_by_amount(alone):
    shop = alone(FUSE_TOTAL_AMOUNT="2500")
    shop.stack.expect_log("refunds stopped by the fuse")
    first = shop.deal()
    first.refund("20.00")
    first.wait_paid(2000)
    second = shop.deal()
    second.refund("10.00")
    waits(second, "fuse")
    assert not second.posts()
    assert shop.stack.db.value("select fuse_reason from violet.instance")


def test_after_a_failover_nothing_is_sent_for_a_while(alone):
    shop = alone(SETTLE_SECONDS="2")
    first = shop.deal()
    first.refund("10.00")
    first.wait_paid(1000)
    shop.stack.db.rows("update violet.instance set timeline = '0000FFFF'")
    second = shop.deal()
    second.refund("10.00")
    waits(second, "timeline")
    assert not second.posts()
    second.wait_paid(1000)


def test_overpaid_is_an_alarm(alone):
    shop = alone()
    shop.stack.expect_log("overpaid")
    deal = shop.deal()
    deal.refund("10.00", actor="app", user_id=0)
    deal.wait_paid(1000)
    # Violet books its own after we have waited, asked and paid.
    deal.channel_refund(1000, push=False)
    wait(lambda: shop.stack.db.value("select overpaid_at from violet.bag where order_id = %s", deal.id), what="the mark")
    wait(lambda: f"overpaid store=abc123 order={deal.id} " in shop.stack.worker.log(), what="the alarm")


# Webhooks lost, and the app gone.

def test_without_webhooks_the_sweep_finds_everything(alone):
    shop = alone(SWEEP_REFUNDS_SECONDS="1", SWEEP_ORDERS_SECONDS="1")
    shop.settings(webhooks="off")
    refunded, cancelled = shop.deal(), shop.deal()
    refunded.refund("10.00")
    cancelled.cancel()
    refunded.wait_paid(1000)
    cancelled.wait_paid(5000)
    assert {r["found_by"] for r in refunded.refunds().values()} == {"sweep"}
    shop.check()


def test_uninstalled_with_money_owed_and_installed_again(alone):
    shop = alone()
    shop.stack.must("refunds", "hold", "--by", "tester")
    deal = shop.deal()
    deal.refund("10.00")
    waits(deal, "hold")
    shop.stack.sim.post("stores/abc123/uninstall", {})
    deal.wait_review("uninstalled")
    reason = shop.stack.db.value("select review_reason from violet.refund where order_id = %s", deal.id)
    assert str(deal.id) in reason and "1000" in reason
    shop.stack.must("refunds", "resume", "--by", "tester")
    shop.stack.install("abc123")
    deal.wait_paid(1000)


def test_a_refund_made_while_uninstalled(alone):
    shop = alone(SWEEP_OVERLAP_SECONDS="1")
    deal = shop.deal()
    shop.stack.sim.post("stores/abc123/uninstall", {})
    wait(lambda: shop.stack.db.value("select uninstalled_at from violet.store where store_hash = 'abc123'"),
         what="the uninstall to be confirmed")
    deal.refund("10.00")
    shop.stack.install("abc123")
    deal.wait_paid(1000)
