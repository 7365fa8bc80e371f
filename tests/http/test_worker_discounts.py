# SPDX-License-Identifier: Apache-2.0
"""Reading a store's discounts: page by page, and never with the part of the API quota that refunds may need."""
import pytest

from harness.shop import Shop, shared, shop  # noqa: F401 (fixtures)

FEW_LEFT = {"X-Rate-Limit-Requests-Left": "10", "X-Rate-Limit-Requests-Quota": "100", "X-Rate-Limit-Time-Reset-Ms": "100"}
COUPON = {"id": 1, "name": "c1", "code": "CODE1", "type": "per_total_discount", "enabled": True, "expires": "", "num_uses": 0,
          "max_uses": 0, "restricted_to": {}}
PAGES = {"pagination": {"total": 2, "count": 1, "per_page": 1, "current_page": 1, "total_pages": 2, "links": {"next": "?page=2"}}}


def promotion(number, codes):
    """A coupon promotion with many codes of its own, which BigCommerce tells one page at a time."""
    return {"id": number, "name": f"Promotion {number}", "redemption_type": "COUPON", "status": "ENABLED", "coupon_type": "BULK",
            "start_date": "2026-01-01T00:00:00+00:00", "end_date": None, "current_uses": 0, "max_uses": None, "channels": [],
            "currency_code": "*", "customer": {}, "rules": [], "codes": None,
            "code_list": [{"id": n, "code": f"P{number}-{n}", "current_uses": 0, "max_uses": 0} for n in range(codes)]}


def furnished(shop, **discounts):
    """Another store beside it, installed, with these discounts in BigCommerce, read."""
    hash = f"{shop.hash}d"
    shop.sim.post("stores", {"hash": hash, "furnish": False, "currency": "USD", **discounts})
    shop = Shop(shop.stack, hash).installed()
    shop.wait(lambda: shop.value("select due_at > now() + interval '1 min' and lease_token is null from violet.job "
                                 "where store_hash = %s and kind = 'read_discounts'"),
              what="the discounts, perhaps twice: once more when the currency is known")
    return shop


def read(shop):
    """What was read: {name: (number of codes, were some left out)}."""
    return {name: (count, cut) for name, count, cut in shop.db.rows(
        "select name, cardinality(codes), (facts ->> 'cut')::boolean from violet.discount where store_hash = %s", shop.hash)}


def read_again(shop):
    before = shop.value("select discounts_read_at from violet.store where store_hash = %s")
    shop.put("read_discounts")
    shop.wait(lambda: shop.value("select discounts_read_at from violet.store where store_hash = %s") > before, what="the discounts")
    return read(shop)


@pytest.mark.parametrize("path, body", [("/v2/coupons$", [COUPON]), ("/v3/promotions$", {"data": [promotion(1, 1)], "meta": PAGES})],
                         ids=["coupons", "promotions"])
def test_a_list_waits_for_quota(shop, path, body):
    """Its first page says that little is left: no second one is asked for until there is more, and nothing is lost."""
    shop = furnished(shop, coupons=[COUPON])
    others = {"/v2/coupons": 2, "/v3/promotions": 1}  # calls of a reading: coupons end with an empty page
    before = {call: shop.calls(call) for call in others}
    shop.fault(path=path, times=1, action="status", code=200, body=body, headers=FEW_LEFT)
    assert read_again(shop) == {"c1": (1, None)}
    assert shop.says("read_discounts", "end=again text=waits for the store's API quota")
    asked = {call: shop.calls(call) - before[call] - calls for call, calls in others.items()}
    assert asked == {"/v2/coupons": 1 if "coupons" in path else 2, "/v3/promotions": 0 if "coupons" in path else 1}
    assert shop.value("select discounts_error from violet.store where store_hash = %s") is None, "waiting is no failure"


def test_codes_are_left_out_where_quota_ends(shop):
    """Lists come first; of the promotions whose codes were not all read it is said."""
    many = [promotion(1, 600), promotion(2, 3)]
    shop = furnished(shop, promotions=many)
    assert read(shop) == {"Promotion 1": (600, False), "Promotion 2": (3, False)}
    first = {"data": [{"id": 0, "code": "P1-0", "current_uses": 0, "max_uses": 0}],
             "meta": {"cursor_pagination": {"count": 1, "per_page": 1, "end_cursor": "MA==", "links": {}}}}
    shop.fault(path="/v3/promotions/1/codes", times=1, action="status", code=200, body=first, headers=FEW_LEFT)
    before = shop.calls("/v3/promotions/")
    assert read_again(shop) == {"Promotion 1": (1, True), "Promotion 2": (0, True)}
    assert shop.calls("/v3/promotions/") == before + 1
    assert read_again(shop) == {"Promotion 1": (600, False), "Promotion 2": (3, False)}, "with quota they come back"


def test_a_pause_that_it_is_asked_for_counts_for_the_whole_store(shop):
    """And what is said of discounts alone counts for them alone."""
    shop = furnished(shop, coupons=[COUPON])
    waits = "select gate_until > now() from violet.store where store_hash = %s"
    refused = "select token_refused_at is not null from violet.store where store_hash = %s"
    shop.fault(path="/v2/coupons$", times=1, action="status", code=403, body={})
    shop.put("read_discounts")
    shop.wait(lambda: shop.value("select discounts_error from violet.store where store_hash = %s") == "scope")
    assert not shop.value(waits) and not shop.value(refused)
    shop.fault(path="/v2/coupons$", times=1, action="status", code=429, body={}, headers={"X-Retry-After": "600"})
    shop.put("read_discounts")
    shop.wait(lambda: shop.value(waits), what="the store to be left alone")
    assert not shop.value(refused)


def test_they_are_judged_by_the_store_s_currency_once_it_is_known(shop):
    """The first reading may come before anybody has been told of the currency."""
    shop = furnished(shop, promotions=[{**promotion(1, 1), "currency_code": "GBP"}])
    reason = "select reason from violet.discount where store_hash = %s"
    shop.wait(lambda: shop.value(reason) == "currency")
    shop.db.rows("update violet.store set currency = null where store_hash = %s", shop.hash)
    read_again(shop)
    assert shop.value(reason) == "ok"
    shop.put("ensure_hooks")
    shop.wait(lambda: shop.value(reason) == "currency", what="the discounts to be read again")
