# SPDX-License-Identifier: Apache-2.0
"""Job sweep: what webhooks lost is found in BigCommerce's lists, once, whatever moves meanwhile."""
import datetime

import pytest

from harness.shop import shared, shop  # noqa: F401 (fixtures)

CANCELLED, COMPLETED = 5, 10
REFUNDS, ORDERS = "/v3/orders/payment_actions/refunds$", "/v2/orders$"


@pytest.fixture
def deaf(shop):
    """An installed store whose webhooks never arrive, and a book of the looks that become due."""
    shop.sim.post("settings", {"webhooks": "off"})
    shop.installed()
    shop.wait(lambda: shop.says("sweep", "rc=ok"))
    shop.db.rows("create table if not exists public.due (store text, order_id bigint)")
    shop.db.rows("create or replace function public.note_due() returns trigger language plpgsql as $$ begin "
                 "insert into public.due values (new.store_hash, new.ref); return null; end $$")
    shop.db.rows("create or replace trigger note_due after insert on violet.job for each row "
                 "when (new.kind = 'sync_order') execute function public.note_due()")
    shop.db.rows("grant insert on public.due to public")
    return shop


def sweep(shop, orders=False):
    """Run it once; the orders that it made due."""
    shop.db.rows("delete from public.due where store = %s", shop.hash)
    if orders:
        shop.db.rows("update violet.store set swept_orders_read_at = null where store_hash = %s", shop.hash)
    before = len(shop.log("sweep"))
    shop.put("sweep")
    shop.wait(lambda: len(shop.log("sweep")) > before)
    return {row[0] for row in shop.db.rows("select order_id from public.due where store = %s", shop.hash)}


def watermark(shop, what):
    return shop.value(f"select swept_{what}_at from violet.store where store_hash = %s")


def since(shop, path, bound):
    """From which moment on a list was asked for, each time."""
    return [datetime.datetime.fromisoformat(query[bound]) for query in shop.queries(path)]


def refunded(shop, **refund):
    """An order with a refund."""
    order = shop.stack.order(shop.hash, lines=[{"qty": 1, "price": "10.00"}], age=refund.get("age", 0))["id"]
    shop.act(f"orders/{order}/refund", {"amount": "5.00", **refund})
    return order


def installed_since(shop, days):
    """As if the app had been installed so many days ago, and the sweep had not come since."""
    shop.db.rows("update violet.store set first_installed_at = now() - %s * interval '1 day', "
                 "swept_refund_at = now() - %s * interval '1 day', swept_order_at = now() - %s * interval '1 day' "
                 "where store_hash = %s", days, days, days, shop.hash)


def short_of_quota(shop, times):
    """So many lists of refunds are empty, and say that more of the quota has gone than sweeps may take."""
    shop.fault(path=REFUNDS, times=times, action="status", code=200, body='{"data":[],"meta":{}}', headers={
        "X-Rate-Limit-Requests-Left": "40", "X-Rate-Limit-Requests-Quota": "100", "X-Rate-Limit-Time-Reset-Ms": "30000"})


def test_a_refund_that_no_webhook_told(deaf):
    order = deaf.stack.order(deaf.hash, lines=[{"qty": 2, "price": "10.00"}])["id"]
    deaf.act(f"orders/{order}/refund", {"amount": "5.00"})
    before = watermark(deaf, "refund")
    assert sweep(deaf) == {order}
    deaf.wait(lambda: deaf.says("sweep", "text=looks due: 1"))
    assert watermark(deaf, "refund") >= before
    deaf.wait(lambda: deaf.value(
        "select found_by from violet.refund where store_hash = %s and state in ('accepted', 'done')") == "sweep")


def test_what_is_known_is_not_looked_at_again(deaf):
    order = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    deaf.act(f"orders/{order}/refund", {"amount": "5.00"})
    sweep(deaf)
    deaf.wait(lambda: deaf.value("select count(*) from violet.refund where store_hash = %s and state = 'done'"))
    deaf.wait(lambda: not deaf.jobs("sync_order"))
    assert sweep(deaf) == set()


def test_a_cancellation_that_no_webhook_told(deaf):
    order = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    quiet = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    deaf.act(f"orders/{order}/status", {"status_id": CANCELLED})
    deaf.act(f"orders/{quiet}/status", {"status_id": COMPLETED})
    assert sweep(deaf, orders=True) == {order}
    deaf.wait(lambda: deaf.value(
        "select source from violet.refund where store_hash = %s and state in ('accepted', 'done')") == "cancel")


def test_orders_that_are_not_violets_are_asked_about_once(deaf):
    order = deaf.stack.order(deaf.hash, app_id=None, lines=[{"qty": 1, "price": "10.00"}], age=1000000)["id"]
    deaf.act(f"orders/{order}/refund", {"amount": "5.00"})
    assert sweep(deaf) == {order}
    deaf.wait(lambda: deaf.value("select state from violet.bag where store_hash = %s") == "not_ours")
    deaf.wait(lambda: not deaf.jobs("sync_order"))
    assert sweep(deaf, orders=True) == set()


def test_more_than_a_page(deaf):
    made = deaf.stack.order(deaf.hash, app_id=None, lines=[{"qty": 1, "price": "10.00"}], count=120)
    orders = {order["id"] for order in made["orders"]}
    for order in orders:
        deaf.act(f"orders/{order}/refund", {"amount": "5.00"})
    assert sweep(deaf) == orders


def test_refunds_are_read_more_often_than_orders(deaf):
    before = deaf.calls("/v2/orders$")
    sweep(deaf)
    assert deaf.calls("/v2/orders$") == before
    sweep(deaf, orders=True)
    assert deaf.calls("/v2/orders$") == before + 1


def test_no_list_is_asked_for_by_page_number(deaf):
    """Behind the last row seen, by its date, and within the second of a clump of orders by id."""
    installed_since(deaf, 1)
    orders = {refunded(deaf, age=10000 - 60 * place) for place in range(120)}
    clump = deaf.stack.order(deaf.hash, app_id=None, lines=[{"qty": 1, "price": "10.00"}], count=300, age=5000, status_id=CANCELLED)
    asked = {path: len(deaf.queries(path)) for path in (REFUNDS, ORDERS)}
    assert sweep(deaf, orders=True) == orders | {order["id"] for order in clump["orders"]}
    for path, bound in ((REFUNDS, "created:min"), (ORDERS, "min_date_modified")):
        assert {query["page"] for query in deaf.queries(path)} == {"1"}
        moments = since(deaf, path, bound)[asked[path]:]
        assert len(moments) >= 3 and moments == sorted(moments)
    assert any("min_id" in query for query in deaf.queries(ORDERS))


OVERLAP = datetime.timedelta(minutes=15)


def test_a_refund_that_shows_late_is_found(deaf):
    """BigCommerce's lists lag: the sweep has gone past it, and finds it in the overlap."""
    late, prompt = refunded(deaf), refunded(deaf)
    deaf.sim.post("settings", {"hidden_refunds": [1]})
    assert sweep(deaf) == {prompt}
    deaf.wait(lambda: deaf.value("select count(*) from violet.refund where store_hash = %s and state = 'done'"))
    deaf.wait(lambda: not deaf.jobs("sync_order"))
    reached = watermark(deaf, "refund")
    deaf.db.rows("update violet.store set first_installed_at = now() - interval '1 day' where store_hash = %s", deaf.hash)
    deaf.sim.post("settings", {"hidden_refunds": []})
    assert sweep(deaf) == {late}
    assert since(deaf, REFUNDS, "created:min")[-1] == reached - OVERLAP


def test_an_order_that_shows_late_is_found(deaf):
    installed_since(deaf, 1)
    deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])
    assert sweep(deaf, orders=True) == set()
    reached = watermark(deaf, "order")
    late = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}], age=800, status_id=CANCELLED)["id"]
    assert sweep(deaf, orders=True) == {late}
    assert since(deaf, ORDERS, "min_date_modified")[-1] == reached - OVERLAP - datetime.timedelta(seconds=1)


def test_the_first_install_is_where_it_begins(shop):
    """What was refunded before was somebody else's to pay."""
    shop.sim.post("settings", {"webhooks": "off"})
    refunded(shop, age=60)
    shop.stack.order(shop.hash, lines=[{"qty": 1, "price": "10.00"}], age=60, status_id=CANCELLED)
    shop.installed()
    shop.wait(lambda: shop.says("sweep", "text=looks due: 0"))
    first = shop.value("select first_installed_at from violet.store where store_hash = %s").replace(microsecond=0)
    assert since(shop, REFUNDS, "created:min") == [first]
    assert since(shop, ORDERS, "min_date_modified") == [first - datetime.timedelta(seconds=1)], "whether bounds are inclusive is not said"
    assert watermark(shop, "refund") >= first and watermark(shop, "order") >= first


def test_a_reinstall_reaches_45_days_back(deaf):
    """And no further, however long the app was away."""
    day = 86400
    deaf.act("uninstall")
    deaf.wait(lambda: deaf.value("select sealed_token is null from violet.store where store_hash = %s"))
    installed_since(deaf, 100)
    recent = refunded(deaf, age=44 * day)
    refunded(deaf, age=46 * day)
    asked = len(deaf.queries(REFUNDS))
    deaf.db.rows("delete from public.due where store = %s", deaf.hash)
    deaf.act("install", {"deliver": True})
    deaf.wait(lambda: deaf.says("sweep", "text=looks due: 1"))
    assert deaf.db.rows("select order_id from public.due where store = %s", deaf.hash) == [(recent,)]
    reach = datetime.datetime.now(datetime.timezone.utc) - since(deaf, REFUNDS, "created:min")[asked]
    assert datetime.timedelta(days=45) <= reach <= datetime.timedelta(days=45) + 2 * OVERLAP
    assert deaf.value("select swept_order_at >= now() - interval '46 days' from violet.store where store_hash = %s")


def test_the_quota_is_left_for_looks(deaf):
    """Other apps need most of it day and night: each run reads on until it has seen something new, and no more."""
    deaf.sim.post("settings", {"quota_others": 60000})
    installed_since(deaf, 1)
    for place in range(120):
        refunded(deaf, age=700 - 5 * place)
    found = [len(sweep(deaf)) for _ in range(3)]
    assert sum(found) == 120 and all(0 < one <= 50 for one in found), f"{found}: pages of fifty"
    assert deaf.says("sweep", "to be continued") and 10 < deaf.job("sweep")[2] <= 60
    assert 30000 < deaf.value("select quota_left from violet.store where store_hash = %s") < 40000


def test_a_quota_as_large_as_never_used_up(deaf):
    deaf.sim.post("settings", {"quota": 10**10})
    sweep(deaf)
    assert deaf.value("select quota_left from violet.store where store_hash = %s") > 2**31


def test_a_short_quota_does_not_hide_the_orders(deaf):
    """Other apps may need most of it day and night: a page of each list is read all the same."""
    order = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    deaf.act(f"orders/{order}/status", {"status_id": CANCELLED})
    short_of_quota(deaf, times=100)
    assert sweep(deaf, orders=True) == {order}


def test_a_webhook_that_cannot_be_read_calls_for_a_sweep(deaf):
    deaf.sim.post("settings", {"webhooks": "on"})
    before = len(deaf.log("sweep"))
    deaf.sim.post("webhook", {"store": deaf.hash, "scope": "store/order/statusUpdated", "raw": "{"})
    deaf.wait(lambda: len(deaf.log("sweep")) > before)


def test_the_next_sweep_is_planned(deaf):
    deaf.wait(lambda: deaf.job("sweep")[2] > 400)
    assert deaf.job("sweep")[2] <= 900


def test_the_watermark_survives_an_uninstall(deaf):
    before = watermark(deaf, "refund")
    deaf.act("uninstall")
    deaf.wait(lambda: deaf.value("select sealed_token is null from violet.store where store_hash = %s"))
    order = deaf.stack.order(deaf.hash, lines=[{"qty": 1, "price": "10.00"}])["id"]
    deaf.act(f"orders/{order}/refund", {"amount": "5.00"})
    deaf.db.rows("delete from public.due where store = %s", deaf.hash)
    deaf.act("install", {"deliver": True})
    deaf.wait(lambda: deaf.db.rows("select 1 from public.due where store = %s and order_id = %s", deaf.hash, order))
    assert watermark(deaf, "refund") >= before
