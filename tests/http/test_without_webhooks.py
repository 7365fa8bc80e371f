# SPDX-License-Identifier: Apache-2.0
"""Webhooks switched off altogether: the sweep alone finds all that is owed, over many pages, though the worker is killed between
two of them and rows move in BigCommerce's lists while it reads."""
import datetime

import pytest

from harness.shop import Shop

CANCELLED, COMPLETED = 5, 10
REFUNDS, ORDERS = "/v3/orders/payment_actions/refunds$", "/v2/orders$"
QUIET, REFUNDED, GONE = 370, 130, 40    # three pages of each list, in which they stand in this order
MOVED = 200, 150    # of the quiet ones, while the list is read: the second time all that are gone slip onto the page before
HOUR = 3600


@pytest.fixture
def shop(stack):
    """A store since yesterday; nobody tells us of its orders, and no worker runs yet."""
    stack.sim.post("settings", {"webhooks": "off", "violet_processing": 0})
    stack.installed("abc123")
    stack.db.rows("update violet.store set first_installed_at = now() - interval '1 day', "
                  "swept_refund_at = now() - interval '1 day', swept_order_at = now() - interval '1 day'")
    return Shop(stack, "abc123")


def orders(shop, count, hours, app_id):
    made = shop.stack.order(shop.hash, app_id, lines=[{"qty": 1, "price": "10.00"}], count=count, age=hours * HOUR)
    return [order["id"] for order in made["orders"]]


def set_status(shop, orders, status_id):
    """So they move to the end of the list."""
    for order in orders:
        shop.act(f"orders/{order}/status", {"status_id": status_id})


def work_until_between_pages(shop, path, action, **more):
    """Start the worker; it has read a list's first page and gets no answer to the second."""
    rule = shop.fault(path=path, skip=1, times=1, action=action, **more)["ids"][0]
    shop.stack.worker.start()
    shop.wait(lambda: any(r["id"] == rule and r["hits"] == 2 for r in shop.sim.get("faults")["faults"]))


def kill(shop):
    shop.stack.worker.kill()
    shop.sim.delete("faults")


@pytest.mark.stack(worker=False, settings={"LEASE_SECONDS": "2", "RECHECK_SECONDS": "600,1200", "RESPONSE_SECONDS": "20"})
def test_every_refund_arrives(shop):
    quiet = [order for hours in (8, 7, 6, 5, 4) for order in orders(shop, QUIET // 5, hours, None)]
    refunded, gone = orders(shop, REFUNDED, 3, 10001), orders(shop, GONE, 3, 10001)
    for place, order in enumerate(refunded):
        shop.act(f"orders/{order}/refund", {"amount": "5.00", "age": 3 * HOUR - 50 * place})
    set_status(shop, gone, CANCELLED)

    work_until_between_pages(shop, REFUNDS, "hang")
    kill(shop)
    before = len(shop.queries(REFUNDS))
    work_until_between_pages(shop, ORDERS, "hang")
    set_status(shop, quiet[:MOVED[0]], COMPLETED)
    kill(shop)
    work_until_between_pages(shop, ORDERS, "delay", seconds=1)
    set_status(shop, quiet[MOVED[0]:sum(MOVED)], COMPLETED)

    shop.wait(lambda: shop.value("select count(*) from violet.refund where store_hash = %s and state = 'done'") == REFUNDED + GONE,
              60, "everything to be found and paid")
    books = shop.stack.ledger(shop.hash)
    rows = {row["order"]: row for row in books["orders"]}
    assert {rows[order]["paid_by_us"] for order in refunded} == {500} and {rows[order]["paid_by_us"] for order in gone} == {1000}
    assert set(books["verdicts"]) == {"even"} and not books["violations"]
    assert shop.value("select distinct found_by from violet.refund where store_hash = %s") == "sweep"

    since = [datetime.datetime.fromisoformat(query["created:min"]) for query in shop.queries(REFUNDS)]
    assert since[before] > since[0], "after the kill it goes on where it was, not at the beginning"
    assert {query["page"] for path in (REFUNDS, ORDERS) for query in shop.queries(path)} == {"1"}
