# SPDX-License-Identifier: Apache-2.0
"""Whose refund is it? Lost answers, altered reasons, Violet's own refunds, lists that lag."""
import pytest

from harness.waiting import wait


def lose_answer(shop, deal):
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "drop_after", times=1)


def lose_request(shop, deal):
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "drop_before", times=1)


@pytest.mark.parametrize("reason", ["keep", "cut", "empty", "alter"])
def test_a_lost_answer_whatever_becomes_of_the_reason(shop, reason):
    shop.settings(violet_reason=reason)
    deal = shop.deal()
    lose_answer(shop, deal)
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1


@pytest.mark.parametrize("reason, lose", [("keep", lose_answer), ("empty", lose_answer), ("cut", lose_request),
                                          ("alter", lose_request)])
def test_two_of_one_amount_the_first_unknown(shop, reason, lose):
    shop.settings(violet_reason=reason)
    deal = shop.deal()
    lose(shop, deal)
    deal.refund("10.00")
    deal.refund("10.00")
    deal.wait_paid(2000)
    assert len(deal.posts()) == 2


def test_a_marker_cut_into_that_of_another_refund(new_shop):
    """Refund 1 is paid; of refund 10's marker Violet keeps what reads like refund 1's, and its answer is lost."""
    deal, others = new_shop.deal(), new_shop.deal(app_id=None, age=100)
    first = deal.refund("10.00")
    deal.wait_paid(1000)
    while others.refund("0.01") < 10 * first - 1:
        pass
    new_shop.settings(violet_reason="cut", violet_reason_length=len(f"bc:{deal.id}:r{first}"))
    lose_answer(new_shop, deal)
    deal.refund("10.00")
    deal.wait_paid(2000)
    assert deal.states() == ["done", "done"] and len(deal.posts()) == 2
    assert deal.row()["refunds"][1]["reason"] == f"bc:{deal.id}:r{first}"


def test_a_list_that_lags_behind_its_own_post(shop):
    shop.settings(violet_list_lag=0.4)
    deal = shop.deal()
    lose_answer(shop, deal)
    deal.refund("10.00")
    deal.refund("7.00")
    deal.wait_paid(1700)
    assert len(deal.posts()) == 2


def test_a_channels_refund_pushed_to_bigcommerce(shop):
    deal = shop.deal()
    deal.channel_refund(1000)
    wait(lambda: deal.states() == ["foreign"], what="the refund to be found foreign")
    assert deal.row()["paid_by_us"] == 0 and not deal.posts()


@pytest.mark.parametrize("with_id", [True, False])
def test_a_channels_refund_that_bigcommerce_tells_first(shop, with_id):
    shop.settings(violet_external_id=with_id)
    deal = shop.deal()
    deal.channel_refund(1000, push_first=True, delay=0.3)
    wait(lambda: deal.states() == ["foreign"], what="the refund to be found foreign")
    assert deal.row()["paid_by_us"] == 0 and not deal.posts()


@pytest.mark.parametrize("with_id", [True, False])
def test_channel_and_merchant_in_the_same_second(shop, with_id):
    shop.settings(violet_external_id=with_id)
    deal = shop.deal()
    deal.refund("10.00")
    deal.channel_refund(1000)
    deal.wait_settled(2)
    wait(lambda: sorted(deal.states()) == ["done", "foreign"], what="one each")
    row = deal.row()
    assert row["paid_by_us"] == 1000 and row["paid_by_channel"] == 1000 and row["verdict"] == "even"


def test_a_channel_with_our_marker(shop):
    deal = shop.deal()
    deal.channel_refund(1, push=False, reason=f"bc:{deal.id}:r1 not ours")
    deal.refund("10.00")
    deal.wait_review("sums")
    assert not deal.posts()


def test_an_api_refund_of_somebody_else_is_ours_to_pay(shop):
    deal = shop.deal()
    deal.refund("10.00", actor="app", user_id=0)
    deal.wait_paid(1000)


def test_goodwill_of_the_channel_is_a_review_and_no_payment_until_approved(shop):
    deal = shop.deal()
    deal.channel_refund(1000, push=False)
    number = deal.refund("10.00")
    deal.wait_review("sums")
    assert not deal.posts()
    deal.decide("approve", str(number), "--amount", "10.00")
    deal.wait_paid(1000)


def test_a_channels_refund_that_shows_late_is_not_taken_for_a_lost_send(shop):
    """The channel paid the same amount before we tried, its refund shows only afterwards, our own request never arrived, and
    Violet drops reasons. By its date it cannot be ours, so a person is asked."""
    shop.settings(violet_reason="empty")
    deal = shop.deal()
    deal.channel_refund(1000, push=False, age=60, hidden_for=2)
    lose_request(shop, deal)
    deal.refund("10.00")
    deal.wait_review("ambiguous")
    assert deal.row()["paid_by_us"] == 0


def test_doubled_and_reordered_webhooks(shop):
    shop.settings(webhook_duplicate=1.0, webhook_reorder=0.5, webhook_delay=0.5, webhook_delay_seconds=0.5)
    deals = [shop.deal() for _ in range(4)]
    for deal in deals:
        deal.refund("10.00")
        deal.refund("12.00")
    for deal in deals:
        deal.wait_paid(2200)
        assert len(deal.posts()) == 2
