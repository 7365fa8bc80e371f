# SPDX-License-Identifier: Apache-2.0
"""Orders that owe by their status: cancelled, reopened, set by hand."""
from contextlib import contextmanager

from harness.waiting import wait


def looked_since(deal):
    """The status has been seen by a look, so the grace time runs."""
    return deal.stack.db.value(
        "select cancel_seen_at from violet.bag where store_hash = %s and order_id = %s", deal.store, deal.id)


@contextmanager
def store_has(shop, column, value, otherwise):
    """The store's row differs meanwhile."""
    def put(it):
        shop.stack.db.rows(f"update violet.store set {column} = %s where store_hash = %s", it, shop.store)
    put(value)
    try:
        yield
    finally:
        put(otherwise)


def test_cancelled(shop):
    deal = shop.deal()
    deal.cancel()
    deal.wait_paid(5000)
    assert deal.posts()[0]["body"]["reason"].startswith(f"bc:{deal.id}:cancel ")


def test_cancelled_after_a_partial_refund(shop):
    deal = shop.deal()
    deal.refund("10.00")
    deal.wait_paid(1000)
    deal.cancel()
    deal.wait_paid(5000)
    assert deal.states() == ["done", "done"]


def test_refunded_in_part_just_before_the_cancellation(shop):
    deal = shop.deal()
    deal.refund("10.00")
    deal.cancel()
    deal.wait_paid(5000)


def test_refunded_in_part_within_the_grace_time_of_a_cancellation(shop):
    """The refund takes the order out of Cancelled, to Partially Refunded: the merchant's last word, and all that is owed."""
    deal = shop.deal()
    with store_has(shop, "cancel_grace_seconds", 600, None):
        deal.cancel()
        wait(lambda: looked_since(deal), what="the first look")
        deal.refund("10.00")
        deal.wait_paid(1000)
    deal.wait_looks(2)
    assert deal.states() == ["done"] and deal.row()["owed"] == 1000 and len(deal.posts()) == 1


def test_refunded_in_part_after_a_cancellation_was_paid(shop):
    deal = shop.deal()
    deal.cancel()
    deal.wait_paid(5000)
    deal.status(11)
    number = deal.refund("10.00")
    wait(lambda: deal.refunds().get(f"refund:{number}", {}).get("state") == "covered", what="the refund to be covered")
    deal.wait_looks(2)
    assert deal.row()["paid_by_us"] == 5000 and deal.row()["verdict"] == "even" and len(deal.posts()) == 1


def test_a_misclick_reopened_within_the_grace_time(shop):
    deal = shop.deal()
    deal.cancel()
    wait(lambda: looked_since(deal), what="the first look")
    deal.status(11)
    wait(lambda: not looked_since(deal), what="the look that sees it open again")
    deal.wait_looks(3)
    assert deal.refunds() == {} and not deal.posts()


def test_reopened_after_it_was_paid_is_shown(shop):
    deal = shop.deal()
    deal.cancel()
    deal.wait_paid(5000)
    deal.status(11)
    deal.recheck()
    wait(lambda: deal.stack.db.value("select reopened_at from violet.bag where store_hash = %s and order_id = %s",
                                     deal.store, deal.id), what="reopened_at")
    assert deal.row()["paid_by_us"] == 5000


def test_the_guides_way_after_it_was_paid(shop):
    """Cancelled and paid; reopened, refunded, cancelled again, as BigCommerce's guide says: one payment."""
    deal = shop.deal()
    deal.cancel()
    deal.wait_paid(5000)
    deal.status(11)
    number = deal.refund()
    deal.cancel()
    wait(lambda: deal.refunds().get(f"refund:{number}", {}).get("state") == "covered", what="the refund to be covered")
    deal.wait_looks(3)
    assert deal.row()["paid_by_us"] == 5000 and deal.row()["verdict"] == "even"


def test_the_guides_way_within_the_grace_time(shop):
    deal = shop.deal()
    deal.cancel()
    deal.status(11)
    deal.refund()
    deal.cancel()
    deal.wait_paid(5000)
    assert deal.states() == ["done"]


def test_gone_within_the_grace_time_is_for_a_person(shop):
    deal = shop.deal()
    deal.cancel()
    wait(lambda: looked_since(deal), what="the first look")
    shop.fault("bigcommerce", "GET", rf"/v2/orders/{deal.id}$", "status", code=404,
               body=[{"status": 404, "message": "The requested resource was not found."}])
    deal.wait_review("record_gone")
    deal.decide("approve", "cancel", "--amount", "50.00")
    deal.wait_paid(5000)


def test_set_to_refunded_by_hand(shop):
    deal = shop.deal()
    deal.status(4)
    deal.wait_paid(5000)


def test_a_stale_empty_list_beside_refunded(shop):
    shop.settings(stale_refunds=0.8)
    deal = shop.deal()
    deal.refund()
    deal.wait_paid(5000)
    assert list(deal.refunds()) == [f"refund:{deal.row()['bigcommerce_refunds'][0]['id']}"]


def test_set_to_partially_refunded_by_hand_is_for_a_person(shop):
    deal = shop.deal()
    deal.status(14)
    deal.wait_review("partial_by_hand")
    assert not deal.posts()
    number = next(iter(deal.refunds()))
    deal.decide("approve", number, "--amount", "12.00")
    wait(lambda: deal.row()["paid_by_us"] == 1200 and deal.is_settled(), what="1200 paid")


def test_declined_is_for_a_person(shop):
    deal = shop.deal()
    deal.status(6)
    refunds = deal.wait_review("declined")
    assert [r["proposed"] for r in refunds.values()] == [5000]


def test_the_stores_policy(shop):
    deal = shop.deal()
    with store_has(shop, "cancel_policy", "review", "refund"):
        deal.cancel()
        deal.wait_review("cancel_policy")
        deal.status(11)
        deal.recheck()
        wait(lambda: deal.states() == ["dismissed"], what="the review to be withdrawn")
    assert not deal.posts()


# Cancellations that Violet or a channel began.

def test_a_channels_cancellation_is_violets_to_pay(shop):
    deal = shop.deal()
    deal.channel_cancel()
    wait(lambda: deal.row()["status_id"] == 5, what="BigCommerce to show it")
    deal.wait_looks(4)
    row = deal.row()
    assert row["paid_by_us"] == 0 and row["paid_by_channel"] + row["paid_by_violet"] == 5000 and not deal.posts()


def test_a_channels_cancellation_that_bigcommerce_tells_first(shop):
    deal = shop.deal()
    deal.channel_cancel(push_first=True, delay=0.8)
    wait(lambda: deal.row()["paid_by_channel"] + deal.row()["paid_by_violet"] == 5000, what="Violet's own refund")
    deal.wait_looks(3)
    assert deal.row()["paid_by_us"] == 0 and deal.row()["verdict"] == "even"
