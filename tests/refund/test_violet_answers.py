# SPDX-License-Identifier: Apache-2.0
"""Every answer that Violet can give to a refund, and every way to give none."""
import re

import pytest

from harness.waiting import wait


def refuse(deal, shop, code, body, times=1):
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "status", code=code, body=body, times=times)


# Refused, with a reason: nothing moved, a person decides, `retry` tries again.

@pytest.mark.parametrize("status, code, error, review", [
    (400, 4225, "invalid_bag_state", "bag_state"),
    (400, 9001, "invalid_parameter", "too_much"),
    (404, 4216, "order_not_found", "bag_gone"),
    (404, 4201, "bag_not_found", "bag_gone"),
    (401, 7118, "merchant_not_connected", "not_allowed"),
    (403, 9403, "insufficient_permissions", "not_allowed"),
    (400, 1001, "bad_request", "refused"),
])
def test_refused(shop, status, code, error, review):
    deal = shop.deal()
    refuse(deal, shop, status, {"message": "no", "error": error, "code": code})
    number = deal.refund("10.00")
    deal.wait_review(review)
    assert deal.row()["paid_by_us"] == 0
    deal.wait_looks(2)
    assert len(deal.posts()) == 0 and deal.states() == ["review"]
    deal.decide("retry", str(number))
    deal.wait_paid(1000)


@pytest.mark.parametrize("status", ["REJECTED", "REFUNDED"])
def test_a_bag_in_a_state_that_refuses(shop, status):
    deal = shop.deal(bag={"status": status})
    number = deal.refund("10.00")
    deal.wait_review("bag_state")
    assert [post["outcome"] for post in deal.posts()] == [400] and deal.row()["paid_by_us"] == 0
    deal.stack.sim.post(f"violet/bags/{deal.bag}", {"status": "ACCEPTED"})
    deal.decide("retry", str(number))
    deal.wait_paid(1000)


def test_a_bag_that_is_in_progress_when_the_refund_arrives(shop):
    """Violet's search leaves such bags out, so it was something else a moment before."""
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "hold")
    number = deal.refund("10.00")
    wait(lambda: shop.stack.sim.get("faults")["faults"][0]["hits"], what="the refund to arrive")
    deal.stack.sim.post(f"violet/bags/{deal.bag}", {"status": "IN_PROGRESS"})
    deal.stack.sim.delete("faults")
    deal.wait_review("bag_state")
    assert [post["outcome"] for post in deal.posts()] == [400] and deal.row()["paid_by_us"] == 0
    deal.stack.sim.post(f"violet/bags/{deal.bag}", {"status": "ACCEPTED"})
    deal.decide("retry", str(number))
    deal.wait_paid(1000)


def test_an_unknown_line_is_sent_again_without_lines(shop):
    deal = shop.deal()
    refuse(deal, shop, 404, {"message": "no", "error": "order_sku_not_found", "code": 4219})
    deal.refund(items=[{"line": 0, "quantity": 1}])
    deal.wait_paid(2000)
    assert "skus" not in deal.posts()[-1]["body"]


# Refused for the moment: again by itself.

@pytest.mark.parametrize("status, headers", [(429, {"Retry-After": "1"}), (429, {})])
def test_too_many_requests(shop, status, headers):
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "status", code=status, body={}, headers=headers, times=2)
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1


def test_expired_token(shop):
    deal = shop.deal()
    deal.stack.sim.post("violet/expire_tokens", {"refresh": True})
    deal.refund("10.00")
    deal.wait_paid(1000)


def test_a_token_that_expires_at_the_send(shop):
    deal = shop.deal()
    refuse(deal, shop, 401, {"status": 401, "message": "Token has expired", "error_code": 11, "timestamp": 1700000000000})
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1
    outcomes = shop.stack.db.value("select array_agg(outcome order by attempt) from violet.refund_attempt "
                                   "where store_hash = %s and order_id = %s", deal.store, deal.id)
    assert outcomes == ["not_sent", "accepted"]


# Nobody knows: found by evidence, or proved absent and sent again. Never twice.

@pytest.mark.parametrize("action", ["drop_before", "drop_after", "drop_headers", "drop_body", "garbage", "empty"])
def test_no_whole_answer(shop, action):
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", action, times=1)
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.row()["refunds"]) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("done", [True, False])
def test_server_errors_whether_carried_out_or_not(shop, status, done):
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "status", code=status, body={}, done=done, times=1)
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.row()["refunds"]) == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_timeout_before_and_after_it_was_carried_out(shop, done):
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "hang", seconds=4, done=done, times=1)
    deal.refund("10.00")
    deal.wait_paid(1000)
    assert len(deal.row()["refunds"]) == 1


def test_a_gateways_page_instead_of_a_refusal(shop):
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "status", code=403, body="<html>denied</html>", times=1)
    deal.refund("10.00")
    deal.wait_paid(1000)


# Violet's words for a refund.

@pytest.mark.parametrize("outcome, review", [
    ({"status": "FAILED"}, "violet_failed"),
    ({"dispute": True}, "violet_failed"),
    ({"status": "CANCELED"}, "violet_failed"),
    ({"status": "PARTIALLY_COMPLETED"}, "violet_status"),
    ({"status": "EXTERNAL"}, "violet_status"),
    ({"amount": 5}, "amount_differs"),
])
def test_violets_words(shop, outcome, review):
    shop.settings(next_refunds=[outcome])
    deal = shop.deal()
    deal.refund("10.00")
    deal.wait_review(review)
    deal.refund("5.00")
    wait(lambda: len(deal.states()) == 2, what="the second refund's row")
    deal.wait_looks(3)
    assert len(deal.posts()) == 1  # the bag is frozen
    assert deal.states() == ["review", "pending"]


@pytest.mark.parametrize("outcome, review", [
    ({"errors": [{"error_code": 9000, "error_message": "Transfer reversal failed."}]}, "violet_errors"),
    ({"status": "SETTLED_SOMEHOW"}, "violet_status"),
])
def test_words_in_the_answer_itself(shop, outcome, review):
    """At once, in the 200: COMPLETED with errors, and a word that nobody knows."""
    shop.settings(next_refunds=[outcome], violet_processing=0)
    deal = shop.deal()
    deal.refund("10.00")
    deal.wait_review(review)
    deal.refund("5.00")
    wait(lambda: len(deal.states()) == 2, what="the second refund's row")
    deal.wait_looks(2)
    assert deal.states() == ["review", "pending"] and len(deal.posts()) == 1 and deal.row()["paid_by_us"] == 1000


def test_failed_is_sent_again_only_by_a_person(shop):
    shop.settings(next_refunds=[{"status": "FAILED"}])
    deal = shop.deal()
    number = deal.refund("10.00")
    deal.wait_review("violet_failed")
    deal.decide("retry", str(number))
    deal.wait_paid(1000)
    assert len(deal.posts()) == 2


def test_what_violet_has_and_has_not_failed_is_not_retried(shop):
    shop.settings(next_refunds=[{"status": "EXTERNAL"}])
    deal = shop.deal()
    number = deal.refund("10.00")
    deal.wait_review("violet_status")
    done = deal.stack.command("refund", "retry", deal.store, deal.id, number, "--by", "tester")
    assert done.returncode != 0 and re.search("approve|dismiss", done.stderr), done
    deal.decide("dismiss", str(number), "--reason", "paid outside Violet")
    assert deal.states() == ["dismissed"]


def test_another_amount_behind_a_lost_answer_is_not_retried_either(shop):
    shop.settings(next_refunds=[{"amount": 900}])
    deal = shop.deal()
    shop.fault("violet", "POST", rf"/bags/{deal.bag}/refunds$", "drop_after", times=1)
    number = deal.refund("10.00")
    deal.wait_review("amount_differs")
    deal.refund("15.00")  # which leaves the sums room for the first one once more
    done = deal.stack.command("refund", "retry", deal.store, deal.id, number, "--by", "tester")
    assert done.returncode != 0 and re.search("approve", done.stderr), done
    assert len(deal.posts()) == 1


def test_violet_away_while_reading(shop):
    deal = shop.deal()
    shop.fault("violet", "GET", rf"/bags/{deal.bag}/refunds$", "drop_before", times=3)
    deal.refund("10.00")
    deal.wait_paid(1000)
