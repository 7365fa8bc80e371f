# SPDX-License-Identifier: Apache-2.0
"""Finding an order's bag: whose it is, how late it may come, and what is never taken for it."""
import re

from harness.deals import Deal, Shop
from harness.waiting import wait

REFUSED = {"message": "no", "error": "insufficient_permissions", "code": 9403}
BLOOM = 10002  # the second channel's app


def test_an_order_that_is_not_violets(shop):
    deal = shop.deal(app_id=None, age=100)
    deal.refund("10.00")
    wait(lambda: deal.bag_state() == "not_ours", what="the order to be found not ours")
    assert deal.refunds() == {}


def test_an_order_that_is_not_violets_is_not_searched_again(shop):
    deal = shop.deal(app_id=None, age=100)
    deal.refund("10.00")
    wait(lambda: deal.bag_state() == "not_ours", what="the order to be found not ours")

    def searches():
        return shop.stack.sim.get("requests?side=violet&path=bags/search")["count"]
    before = searches()
    deal.refund("5.00")
    wait(lambda: f"ref={deal.id} rc=ok" in shop.stack.worker.log() and "text=not a Violet order"
         in shop.stack.worker.log().rsplit(f"ref={deal.id} ", 1)[1], what="a further look")
    assert searches() == before and deal.refunds() == {}


def test_the_second_channels_order(shop):
    deal = shop.deal(app_id=10002)
    deal.refund("10.00")
    deal.wait_paid(1000)


def test_the_order_of_a_channel_whose_link_has_ended(shop):
    shop.stack.db.rows("update violet.link set ended_at = now(), end_reason = 'merchant' where store_hash = 'abc123' "
                       "and channel_id = (select channel_id from violet.channel where slug = 'bloom')")
    try:
        deal = shop.deal(app_id=10002)
        deal.refund("10.00")
        deal.wait_paid(1000)
    finally:
        shop.stack.db.rows("update violet.link set ended_at = null, end_reason = null where store_hash = 'abc123'")


def test_dead_credentials_of_one_channel_do_not_stop_another(shop):
    deal = shop.deal(app_id=10001)
    shop.fault("violet", "POST", "/bags/search", "status", code=403, app=BLOOM, body=REFUSED)
    deal.refund("10.00")
    deal.wait_paid(1000)


def test_half_an_answer_is_not_an_answer(shop):
    """One channel says empty, the other can't be asked: the order stays."""
    deal = shop.deal(app_id=None, age=100)
    shop.stack.expect_log("bags/search")
    shop.fault("violet", "POST", "/bags/search", "status", code=403, app=BLOOM, body=REFUSED)
    deal.refund("10.00")
    wait(lambda: f"ref={deal.id} rc=denied" in shop.stack.worker.log(), what="a failed look")
    assert deal.bag_state() != "not_ours"
    shop.stack.sim.delete("faults")
    wait(lambda: deal.bag_state() == "not_ours", what="the order to be found not ours")


def test_the_channels_own_credentials_have_expired(shop):
    """A known bag and one that is still to be found wait, visibly and for as long as it takes; then each is paid once."""
    known, new = shop.deal(app_id=BLOOM), shop.deal(app_id=BLOOM, age=100)
    known.refund("1.00")
    known.wait_paid(100)
    shop.stack.sim.post("violet/expire_tokens", {"refresh": True})
    shop.fault("violet", "POST", "/login$", "status", code=401, app=BLOOM, body={
        "message": "Invalid credentials.", "error": "invalid_credentials", "code": 9401})
    for deal in (known, new):
        deal.refund("10.00")

    def waiting(deal):
        return re.search(rf"abc123 +sync_order +{deal.id} .*app {BLOOM} (was|is) refused", shop.stack.must("job", "list"))
    wait(lambda: waiting(known) and waiting(new), what="both to wait for the channel")
    for deal in (known, new):
        deal.wait_looks(2)
        assert waiting(deal) and deal.bag_state() != "not_ours"
    assert len(known.posts()) == 1 and not new.posts()
    shop.stack.sim.delete("faults")
    known.wait_paid(1100)
    new.wait_paid(1000)
    assert len(known.posts()) == 2 and len(new.posts()) == 1


def test_a_bag_that_appears_in_time_for_the_last_look(shop):
    """The order is older than all looks of the schedule but one."""
    last = float(shop.stack.env["BAG_SEARCH_SECONDS"].split(",")[-1])
    deal = shop.deal(age=last - 5, bag={"hidden_for": 3600})
    deal.refund("10.00")
    wait(lambda: deal.bag_state() == "searching", what="the first search")
    shop.stack.sim.post(f"violet/bags/{deal.bag}", {"hidden_for": 0})
    deal.wait_paid(1000)


def test_a_bag_in_progress_is_waited_for(shop):
    """Violet's search leaves such bags out, and its refund call would refuse them."""
    deal = shop.deal(bag={"status": "IN_PROGRESS"})
    deal.refund("10.00")
    wait(lambda: deal.bag_state() == "searching", what="the first search")
    assert not deal.posts()
    shop.stack.sim.post(f"violet/bags/{deal.bag}", {"status": "ACCEPTED"})
    deal.wait_paid(1000)
    assert len(deal.posts()) == 1


def test_a_bag_that_appears_late(shop):
    deal = shop.deal(bag={"hidden_for": 1.5})
    deal.refund("10.00")
    wait(lambda: deal.bag_state() == "searching", what="the first search")
    deal.wait_paid(1000)


def test_an_order_of_our_app_is_never_forgotten(shop):
    deal = shop.deal(app_id=None, external_source="57141", age=100)
    deal.refund("10.00")
    refunds = deal.wait_review("no_bag")
    assert [r["proposed"] for r in refunds.values()] == [1000]


def test_a_changed_merchant_id(make_stack):
    """The store was connected again and has another merchant id: its old bags carry the old one."""
    stack = make_stack()
    shop = Shop(stack, stack.installed("abc123"))
    old = shop.deal()
    made = stack.sim.post("violet/merchants", {"store": "abc123", "new": True})
    stack.must("store", "edit", "abc123", "--merchant-id", made["id"])
    new = shop.deal()
    assert new.made["merchant_id"] != old.made["merchant_id"]
    for deal in (old, new):
        deal.refund("10.00")
        deal.wait_paid(1000)
    shop.check()


def test_two_bags(shop):
    deal = shop.deal()
    shop.stack.sim.post("violet/bags", {"store": deal.store, "order": deal.id, "app_id": 10002})
    deal.refund("10.00")
    deal.wait_review("two_bags")
    assert not deal.posts()


def test_a_bag_of_another_platform(shop):
    deal = shop.deal(bag={"platform": "SHOPIFY"})
    deal.refund("10.00")
    deal.wait_review("two_bags")
    assert not deal.posts()


def test_another_stores_order_with_the_same_number(shared, shop):
    """Order ids are small and repeat from store to store; the merchant id tells them apart."""
    mine = shop.deal()
    other = shared.sim.get("stores/def456/orders/100")
    assert other["id"] == 100
    theirs = shared.sim.get("ledger?store=def456&order=100")["orders"]
    number = shared.sim.post("stores/abc123/orders/100/refund", {"amount": "3.00"})
    wait(lambda: shared.db.value("select state from violet.refund where store_hash = 'abc123' and order_id = 100 and "
                                 "source_id = %s", number["refund_id"]) == "done", what="the refund of abc123")
    assert shared.sim.get("ledger?store=def456&order=100")["orders"][0]["paid_by_us"] == theirs[0]["paid_by_us"] == 0
    assert mine.states() == []


def test_another_stores_violet_order_with_the_same_number(shop, new_shop):
    """Only theirs is Violet's: ours finds no bag, theirs is paid what theirs owes, and the books of both stores say so."""
    theirs = shop.deal()
    made = {"id": 0}
    while made["id"] < theirs.id:
        made = shop.stack.sim.post("orders", {"store": new_shop.store, "age": 100, "lines": [{"price": 5000}]})
    mine = Deal(shop.stack, new_shop.store, made)
    assert mine.id == theirs.id
    mine.refund("10.00")
    wait(lambda: mine.bag_state() == "not_ours", what="ours to be found not Violet's")
    assert theirs.row()["paid_by_us"] == 0 and theirs.refunds() == {} and mine.books()["orders"] == []
    theirs.refund("7.00")
    theirs.wait_paid(700)
    assert mine.refunds() == {} and shop.stack.ledger(new_shop.store)["verdicts"].keys() <= {"even"}
