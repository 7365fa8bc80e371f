# SPDX-License-Identifier: Apache-2.0
"""The world that the simulators begin with: three stores, two channels, discounts, a few orders."""

import time

from . import bigcommerce_acts as bc
from . import violet_acts as violet

STORES = (("abc123", "Green Garden Supply", "USD"), ("def456", "Nordlicht Leuchten", "EUR"),
          ("jpy789", "Kyoto Stationery", "JPY"))
APPS = ((10001, "Acme Marketplace", "acme"), (10002, "Bloom Finds", "bloom"))
DAY = 86400

# name, SKU, price in hundredths of a dollar or euro, in yen
PRODUCTS = {
    "abc123": (("Watering Can, 9 l", "CAN-9", 2450), ("Pruning Shears", "SHEARS", 1899),
               ("Tomato Seeds", "SEED-TOM", 349), ("Cedar Planter", "PLANTER", 8900)),
    "def456": (("Tischlampe Fjord", "FJORD-T", 12900), ("Stehlampe Polar", "POLAR-S", 24900),
               ("LED-Leuchtmittel E27", "LED-E27", 790), ("Lichterkette 10 m", "KETTE-10", 1990)),
    "jpy789": (("Washi Notebook", "WASHI-N", 1800), ("Brush Pen", "BRUSH", 650),
               ("Letter Set", "LETTER", 1200), ("Ink, Indigo", "INK-IND", 2400)),
}


def fill(world, what):
    """Called under the lock on an empty world. `empty` has the channels only."""
    for app_id, name, slug in APPS:
        violet.make_app(world, app_id, name, slug)
    if what == "empty":
        return
    for store_hash, name, currency in STORES:
        store = bc.make_store(world, store_hash, name, currency)
        violet.make_merchant(world, store)
        furnish(store)
        place_orders(world, store)


def furnish(store):
    """Products and discounts; any store made through the control API gets them too."""
    rows = PRODUCTS.get(store.hash) or PRODUCTS[
        "jpy789" if store.currency == "JPY" else "abc123"]
    store.products = [{"product_id": 77 + at, "variant": 300 + at, "name": name, "sku": sku,
                       "price": price} for at, (name, sku, price) in enumerate(rows)]
    store.coupons = coupons(store)
    store.promotions = promotions(store)


def line(store, at, quantity=1, tax_percent=8):
    product = store.products[at % len(store.products)]
    return {**product, "qty": quantity, "tax": product["price"] * quantity * tax_percent // 100}


def place_orders(world, store):
    ship = 800 if store.currency != "JPY" else 600
    for at, app_id in enumerate((10001, 10002, 10001)):
        violet.place_order(world, store, app_id, {
            "lines": [line(store, at, 2), line(store, at + 1)], "shipping": ship,
            "age": (3 - at) * DAY})
        bc.place_order(world, store, {
            "lines": [line(store, at + 2)], "shipping": ship, "age": (3 - at) * DAY - 3600})


# Discounts.

def rfc2822(when):
    from .bigcommerce_api import rfc2822 as write
    return write(when)


def coupons(store):
    """V2 coupons: good, expired, disabled, used up, for one country, code of a V3 promotion."""
    now = time.time()

    def coupon(ident, name, code, kind="percentage_discount", amount="10.0000", **over):
        return {"id": ident, "name": name, "type": kind, "amount": amount,
                "min_purchase": "0.0000", "expires": "", "enabled": True, "code": code,
                "applies_to": {"entity": "categories", "ids": [0]}, "num_uses": 0, "max_uses": 0,
                "max_uses_per_customer": 0, "restricted_to": {}, "shipping_methods": [],
                "date_created": rfc2822(now - 90 * DAY), **over}
    return [
        coupon(1, "Spring sale", "SPRING10"),
        coupon(2, "Five off", "FIVE-OFF", "per_total_discount", "5.0000", min_purchase="25.0000"),
        coupon(3, "Free shipping", "SHIPFREE", "free_shipping", "0.0000",
               shipping_methods=None, restricted_to=[]),
        coupon(4, "Last year", "OLD2020", expires=rfc2822(now - 30 * DAY)),
        coupon(5, "Switched off", "NOPE", enabled=False),
        coupon(6, "First hundred", "FIRST100", max_uses=100, num_uses=100),
        coupon(7, "Only Australia", "AUSSIE", restricted_to={"countries": "AU"}),
        coupon(8, "Summer code", "SUMMER15", "promotion", "0.0000", restricted_to=[],
               shipping_methods=None)]


def promotions(store):
    """V3 promotions: one of each kind that a merchant may have."""
    now = time.time()

    def iso(when):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))

    def code(ident, text, **over):
        return {"id": ident, "code": text, "max_uses": 0, "max_uses_per_customer": 0,
                "current_uses": 0, "created": iso(now - 20 * DAY), **over}

    def promotion(ident, name, codes=(), **over):
        value = {
            "id": ident, "redemption_type": "COUPON" if codes else "AUTOMATIC", "name": name,
            "display_name": name, "created_from": "react_ui", "channels": [],
            "customer": {"group_ids": [], "minimum_order_count": 0, "excluded_group_ids": []},
            "rules": [{"action": {"cart_value": {"discount": {"percentage_amount": "15"}}},
                       "apply_once": True, "stop": False}],
            "current_uses": 0, "max_uses": None, "status": "ENABLED",
            "start_date": iso(now - 30 * DAY), "end_date": None, "stop": False,
            "can_be_used_with_other_promotions": True, "currency_code": store.currency,
            "notifications": [], "shipping_address": None, "schedule": None,
            "code_list": list(codes)}
        if codes:
            value.update(coupon_type="SINGLE", codes=codes[0],
                         multiple_codes={"has_multiple_codes": False},
                         coupon_overrides_other_promotions=False)
        value.update(over)
        return value
    bulk = [code(100 + at, f"BULK-{at:04d}") for at in range(120)]
    return [
        promotion(1, "10 % off everything"),
        promotion(2, "Summer", [code(1, "SUMMER15")]),
        promotion(3, "Newsletter codes", bulk, coupon_type="BULK",
                  multiple_codes={"has_multiple_codes": True}),
        promotion(4, "Ended", [code(2, "WINTER")], end_date=iso(now - DAY)),
        promotion(5, "Begins next week", [code(3, "NEXTWEEK")], start_date=iso(now + 7 * DAY)),
        promotion(6, "Used up", [code(4, "TENTIMES", max_uses=10, current_uses=10)],
                  max_uses=10, current_uses=10),
        promotion(7, "Switched off", [code(5, "SWITCHEDOFF")], status="DISABLED"),
        promotion(8, "Wholesale only", [code(6, "WHOLESALE")],
                  customer={"group_ids": [2], "minimum_order_count": 0, "excluded_group_ids": []}),
        promotion(9, "Other currency", [code(7, "POUNDS")], currency_code="GBP"),
        promotion(10, "Second storefront only", [code(8, "STORE2")], channels=[{"id": 2}]),
        promotion(11, "Any currency", [code(9, "WORLD")], currency_code="*"),
        promotion(12, "Happy hour", [code(10, "HAPPYHOUR")], schedule={
            "week_frequency": 1, "week_days": ["Friday"], "daily_start_time": "17:00:00",
            "daily_end_time": "19:00:00"}),
        promotion(13, "Broken rule", [code(11, "BROKEN")], status="INVALID"),
        promotion(14, "Third order and later", [code(12, "LOYAL")],
                  customer={"group_ids": [], "minimum_order_count": 3,
                            "excluded_group_ids": []})]
