# SPDX-License-Identifier: Apache-2.0
"""Reviews are settled by people, with the page's own buttons or the commands, while the worker runs: the books say what
came of it."""
import pytest

from harness.app import App, notice
from harness.waiting import wait


def press(deal, row, answer, **typed):
    """The button of that refund's review in the embedded app, pressed by the store's owner."""
    app = App(deal.stack, deal.store)
    source, number = row.split(":")
    page = app.send(app.load(), "/app/review", {"order": str(deal.id), "source": source, "source_id": number,
                                                "answer": answer}, **typed)
    assert page.status == 200, page
    return notice(page)


def only_row(deal):
    row, = deal.refunds()
    return row


def test_approved_on_the_page(shop):
    deal = shop.deal()
    deal.status(14)
    deal.wait_review("partial_by_hand")
    assert press(deal, only_row(deal), "approve", amount="12.00").startswith("Thank you.")
    wait(lambda: deal.row()["paid_by_us"] == 1200 and deal.is_settled(), what="1200 paid")
    assert list(deal.sent().values()) == [1200]


def test_tried_again_on_the_page(shop):
    shop.settings(next_refunds=[{"status": "FAILED"}])
    deal = shop.deal()
    deal.refund("10.00")
    deal.wait_review("violet_failed")
    assert press(deal, only_row(deal), "retry").startswith("Thank you.")
    deal.wait_paid(1000)
    assert len(deal.posts()) == 2


def test_closed_on_the_page(shop):
    deal = shop.deal()
    deal.status(6)
    deal.wait_review("declined")
    assert press(deal, only_row(deal), "dismiss", reason="the card was never charged").startswith("Closed.")
    wait(lambda: deal.states() == ["dismissed"], what="the review to be closed")
    deal.wait_looks(2)
    assert deal.states() == ["dismissed"] and deal.row()["paid_by_us"] == 0 and not deal.posts()


@pytest.fixture
def little_left(shop):
    """45.00 of 50.00 are the channel's, which BigCommerce doesn't know of; then the merchant refunds 10.00."""
    deal = shop.deal()
    deal.channel_refund(4500, push=False)
    number = deal.refund("10.00")
    deal.wait_review("sums")
    return deal, number


def test_more_than_what_is_left_is_not_approved(little_left):
    deal, number = little_left
    assert "more than what is left" in press(deal, only_row(deal), "approve", amount="10.00")
    refused = deal.stack.command("refund", "approve", deal.store, deal.id, number, "--amount", "5.01", "--by", "tester")
    assert refused.returncode != 0 and "only 5.00 USD is left" in refused.stderr, refused
    deal.wait_looks(2)
    assert deal.states() == ["review"] and deal.row()["paid_by_us"] == 0 and not deal.posts()


def test_what_is_left_is_approved(little_left):
    deal, number = little_left
    deal.decide("approve", str(number), "--amount", "5.00")
    deal.wait_paid(500)
