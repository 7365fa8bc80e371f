# SPDX-License-Identifier: Apache-2.0
"""Refunds as merchants make them: the shopper gets exactly what the ledger says."""
import pytest


def only_post(deal):
    posts = deal.posts()
    assert len(posts) == 1, posts
    return posts[0]["body"]


def test_partial_by_amount(shop):
    deal = shop.deal()
    number = deal.refund("10.00")
    deal.wait_paid(1000)
    body = only_post(deal)
    assert body["amount_refunded"] == 1000 and body["shipping"] == {"amount": 0} and "skus" not in body
    assert body["reason"] == f"bc:{deal.id}:r{number} BigCommerce refund {number} on order {deal.id}"
    assert body["restock_items"] is False and body["notify_customer"] is False


def test_full(shop):
    deal = shop.deal()
    deal.refund()
    deal.wait_paid(5000)


def test_by_lines_and_quantities(shop):
    deal = shop.deal()
    deal.refund(items=[{"line": 0, "quantity": 1}, {"item_type": "SHIPPING", "amount": 1000}])
    deal.wait_paid(3000)
    body = only_post(deal)
    assert body["shipping"] == {"amount": 1000}
    assert body["skus"] == [{"order_sku_id": deal.made["order_sku_ids"][0], "quantity_refunded": 1,
                             "amount_refunded": 2000}]


@pytest.mark.parametrize("external, lines", [("variant", True), ("sku", True), ("none", False)])
def test_lines_matched_by_variant_then_sku_else_by_amount(shop, external, lines):
    deal = shop.deal(bag={"external_lines": external})
    deal.refund(items=[{"line": 0, "quantity": 2}])
    deal.wait_paid(4000)
    assert ("skus" in only_post(deal)) == lines


def test_variant_and_sku_in_conflict(shop):
    """One bag line carries the product's SKU, another its variant id: the variant wins."""
    deal = shop.deal(lines=[{"sku": "S-A", "variant": 7001, "price": 2000}, {"sku": "S-B", "variant": 7002, "price": 2000}],
                     bag={"external_lines": ["S-A", "7001"]})
    deal.refund(items=[{"line": 0, "quantity": 1}])
    deal.wait_paid(2000)
    assert [line["order_sku_id"] for line in only_post(deal)["skus"]] == [deal.made["order_sku_ids"][1]]


def test_parts_that_do_not_add_up(shop):
    """The merchant set another total than the lines come to."""
    deal = shop.deal()
    deal.refund(items=[{"line": 0, "quantity": 1}], override="18.00")
    deal.wait_paid(1800)
    assert "skus" not in only_post(deal) and only_post(deal)["shipping"] == {"amount": 0}


def test_several_partials_then_the_rest(shop):
    deal = shop.deal()
    numbers = [deal.refund(amount) for amount in ("10.00", "0.01", "5.55", None)]
    deal.wait_paid(5000)
    assert sorted(deal.states()) == ["done"] * 4
    assert len(deal.posts()) == 4
    assert deal.sent() == {f"bc:{deal.id}:r{number}": amount for number, amount in zip(numbers, (1000, 1, 555, 3444))}


def test_two_refunds_of_the_same_amount(shop):
    deal = shop.deal()
    deal.refund("10.00")
    deal.refund("10.00")
    deal.wait_paid(2000)


def test_shipping_only(shop):
    deal = shop.deal()
    deal.refund(items=[{"item_type": "SHIPPING", "amount": 1000}])
    deal.wait_paid(1000)
    assert only_post(deal)["shipping"] == {"amount": 1000}


@pytest.mark.parametrize("kind", ["ORDER", "HANDLING", "FEE"])
def test_what_is_no_line_goes_by_amount(shop, kind):
    deal = shop.deal()
    deal.refund(items=[{"item_type": kind, "item_id": 1, "amount": 700}])
    deal.wait_paid(700)
    assert "skus" not in only_post(deal) and only_post(deal)["shipping"] == {"amount": 0}


def test_gift_wrapping(shop):
    deal = shop.deal(lines=[{"sku": "G", "variant": 1, "qty": 2, "price": 2000, "wrapping": 500}])
    deal.refund(items=[{"item_type": "GIFT_WRAPPING", "line": 0, "quantity": 1}])
    deal.wait_paid(250)
    assert "skus" not in only_post(deal) and only_post(deal)["shipping"] == {"amount": 0}


def test_tax_only(shop):
    deal = shop.deal(lines=[{"sku": "A", "variant": 1, "price": 2000, "tax": 247}])
    deal.refund(tax="1.50")
    deal.wait_paid(150)
    assert "skus" not in only_post(deal) and only_post(deal)["shipping"] == {"amount": 0}


@pytest.mark.parametrize("requested, amounts", [
    ("number", "string"), ("string", "number"), ("null", "string"), ("missing", "number")])
def test_amounts_however_they_are_written(shop, requested, amounts):
    shop.settings(refund_requested=requested, refund_amounts=amounts)
    deal = shop.deal()
    deal.refund(items=[{"line": 0, "quantity": 1}, {"item_type": "SHIPPING", "amount": 707}])
    deal.wait_paid(2707)
    assert ("skus" in only_post(deal)) == (requested in ("number", "string"))


@pytest.mark.parametrize("discount, exact", [(100, True), (99, False)])
def test_a_discounted_line_of_several_pieces(shop, discount, exact):
    """Two of three pieces of a line of 3144 or 3145, as the shopper paid it; only the first divides evenly."""
    deal = shop.deal(lines=[{"sku": "A", "variant": 1, "qty": 3, "price": 999, "tax": 247, "discount": discount}])
    deal.refund(items=[{"line": 0, "quantity": 2}])
    deal.wait_paid(2096)
    assert only_post(deal).get("skus") == ([{"order_sku_id": deal.made["order_sku_ids"][0], "quantity_refunded": 2,
                                             "amount_refunded": 2096}] if exact else None)


def test_discounted_and_multi_quantity_lines_with_tax(shop):
    deal = shop.deal(lines=[{"sku": "A", "variant": 1, "qty": 3, "price": 999, "tax": 247},
                            {"sku": "B", "variant": 2, "qty": 1, "price": 1500, "tax": 124}], shipping=799, discount=333)
    deal.refund(items=[{"line": 0, "quantity": 2}])
    deal.refund()
    row = deal.wait_settled(2)
    assert {r["state"] for r in row.values()} == {"done"}
    assert deal.row()["verdict"] == "even" and deal.row()["paid_by_us"] == deal.made["bag_total"]


def test_currency_without_decimals(yen_shop):
    deal = yen_shop.deal(lines=[{"sku": "Y", "variant": 1, "qty": 1, "price": 1250}], shipping=500)
    deal.refund("700")
    deal.wait_paid(700)


def test_currency_with_three_decimals(shared, shop):
    deal = shop.deal(currency="KWD", lines=[{"sku": "K", "variant": 1, "qty": 1, "price": 12345}], shipping=0)
    deal.refund("1.234")
    deal.wait_paid(1234)


def test_archived_after_the_refund(shop):
    deal = shop.deal()
    deal.refund("10.00")
    deal.archive()
    deal.wait_paid(1000)


def test_archived_before_the_refund(shop):
    deal = shop.deal()
    deal.archive()
    deal.refund("10.00")
    deal.wait_paid(1000)


def test_a_refund_and_its_own_status_event(shop):
    deal = shop.deal()
    deal.refund("10.00")
    scopes = {"store/order/refund/created", "store/order/statusUpdated"}
    shop.stack.wait(lambda: scopes <= set(shop.stack.db.value(
        "select array_agg(scope) from violet.event where store_hash = %s and order_id = %s", deal.store, deal.id) or ()),
        what="both events")
    deal.wait_paid(1000)
    deal.wait_looks(2)
    assert len(deal.posts()) == 1


def test_a_list_of_refunds_in_pages(shop):
    """Fifty records that owe nothing fill the first page."""
    deal = shop.deal()
    for _ in range(50):
        deal.refund("0.01", payments=[{"kind": "declined", "amount": 1}])
    deal.refund("10.00")
    deal.wait_paid(1000)
    pages = shop.stack.sim.get(f"requests?side=bigcommerce&path=/orders/{deal.id}/payment_actions/refunds")["requests"]
    assert any("page=2" in request["query"] for request in pages)


# Payments inside a refund.

def test_without_payments_the_total_is_paid(shop):
    deal = shop.deal()
    deal.refund("10.00", payments=[])
    deal.wait_paid(1000)


def test_store_credit_is_for_a_person_and_the_offline_part_is_paid(shop):
    deal = shop.deal()
    number = deal.refund("10.00", payments=[{"kind": "offline", "amount": 600}, {"kind": "storecredit", "amount": 400}])
    deal.wait_review("given_elsewhere")
    deal.wait_settled(2)
    assert deal.row()["paid_by_us"] == 600
    deal.decide("dismiss", f"elsewhere:{number}", "--reason", "the shopper has the credit")
    deal.wait_settled(2)
    assert sorted(deal.states()) == ["dismissed", "done"]


@pytest.mark.parametrize("kind", ["online", "storecredit", "giftcertificate"])
def test_what_was_given_back_otherwise_is_never_paid(shop, kind):
    deal = shop.deal()
    deal.refund("10.00", payments=[{"kind": kind, "amount": 1000}])
    deal.wait_review("given_elsewhere")
    assert deal.row()["paid_by_us"] == 0 and not deal.posts()


def test_a_declined_payment_is_not_paid(shop):
    deal = shop.deal()
    deal.refund("10.00", payments=[{"kind": "declined", "amount": 400}, {"kind": "offline", "amount": 600}])
    deal.wait_paid(600)


def test_declined_after_it_was_paid(shop):
    deal = shop.deal()
    number = deal.refund("10.00")
    deal.wait_paid(1000)
    deal.stack.sim.post(f"stores/{deal.store}/refunds/{number}/decline", {})
    deal.wait_looks(2)
    assert deal.states() == ["done"] and deal.row()["verdict"] == "even"


# Violet's totals and currencies.

def test_a_full_refund_crosses_currencies(shop):
    deal = shop.deal(bag={"currency": "EUR", "total": 4600})
    deal.refund()
    deal.wait_paid(4600)


def test_a_partial_one_across_currencies_is_approved_by_a_person(shop):
    deal = shop.deal(bag={"currency": "EUR", "total": 4600})
    number = deal.refund("10.00")
    refunds = deal.wait_review("currency")
    assert refunds[f"refund:{number}"]["proposed"] == 920
    deal.decide("approve", str(number), "--amount", "9.20")
    deal.stack.wait(lambda: deal.row()["paid_by_us"] == 920 and deal.is_settled())


def test_another_total_is_for_a_person(shop):
    deal = shop.deal(bag={"total": 5500})
    deal.refund("10.00")
    assert deal.wait_review("total")
    assert not deal.posts()


@pytest.mark.parametrize("total", [4999, 5001])
def test_a_cent_between_order_and_bag(shop, total):
    deal = shop.deal(bag={"total": total})
    deal.refund("10.00")
    deal.refund()
    deal.wait_settled(2)
    assert deal.row()["paid_by_us"] == total
