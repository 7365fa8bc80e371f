# SPDX-License-Identifier: Apache-2.0
"""What a BigCommerce store is made of: users, orders, refunds, hooks, discounts. No behaviour that
reaches beyond one store; see bigcommerce_acts.py for that."""

import bisect
import time

from . import money

STATUSES = {
    0: "Incomplete", 1: "Pending", 2: "Shipped", 3: "Partially Shipped", 4: "Refunded",
    5: "Cancelled", 6: "Declined", 7: "Awaiting Payment", 8: "Awaiting Pickup",
    9: "Awaiting Shipment", 10: "Completed", 11: "Awaiting Fulfillment",
    12: "Manual Verification Required", 13: "Disputed", 14: "Partially Refunded",
}
REFUNDED, CANCELLED, DECLINED, PARTLY_REFUNDED = 4, 5, 6, 14
LINE_ITEMS = ("PRODUCT", "GIFT_WRAPPING")   # item types that are refunded by quantity


class SortedIndex:
    """Ids by time, for lists "since a date" that don't look at every row."""

    def __init__(self):
        self.keys = []

    def add(self, when, ident):
        key = (int(when), ident)
        if not self.keys or self.keys[-1] < key:
            self.keys.append(key)
        else:
            bisect.insort(self.keys, key)

    def remove(self, when, ident):
        at = bisect.bisect_left(self.keys, (int(when), ident))
        if at < len(self.keys) and self.keys[at] == (int(when), ident):
            del self.keys[at]

    def between(self, low, high):
        """The ids with low <= time <= high; None is no bound."""
        first = 0 if low is None else bisect.bisect_left(self.keys, (int(low), -1))
        last = len(self.keys) if high is None else bisect.bisect_left(self.keys, (int(high) + 1, -1))
        return [ident for _when, ident in self.keys[first:last]]


class User:
    def __init__(self, ident, role, email, name):
        self.id = ident
        self.role = role            # owner, manager (may install) or staff (may only load)
        self.email = email
        self.name = name
        self.removed = False        # the owner took the app away from this user

    @property
    def may_install(self):
        return self.role in ("owner", "manager")


class Line:
    """A line of an order. `price` is per unit without tax; `tax`, `discount` and `wrapping` (its gift
    wrapping) are of the whole line; minor units."""

    def __init__(self, ident, spec, currency):
        self.id = ident
        self.product_id = spec.get("product_id", 0)
        self.variant_id = spec.get("variant")
        self.sku = spec.get("sku", "")
        self.name = spec.get("name") or self.sku or f"Product {self.product_id}"
        self.quantity = int(spec.get("qty", 1))
        self.price = money.minor(spec.get("price", 0), currency)
        self.tax = money.minor(spec.get("tax", 0), currency)
        self.discount = money.minor(spec.get("discount", 0), currency)
        self.wrapping = money.minor(spec.get("wrapping", 0), currency)
        self.given = dict.fromkeys(LINE_ITEMS, 0)   # units refunded, by item_type

    @property
    def full(self):
        """Before the line's discount."""
        return self.price * self.quantity + self.tax

    @property
    def total(self):
        return self.full - self.discount

    @property
    def refunded(self):
        return self.given["PRODUCT"]

    def share(self, quantity, kind="PRODUCT"):
        """(amount, tax) of the next `quantity` units to be refunded; all units add up exactly."""
        done = self.given[kind]

        def part(whole):
            return whole * (done + quantity) // self.quantity - whole * done // self.quantity
        amount, tax = (self.total, self.tax) if kind == "PRODUCT" else (self.wrapping, 0)
        return part(amount), part(tax)


class Order:
    def __init__(self, ident, currency, created):
        self.id = ident
        self.currency = currency            # the transactional one
        self.display_currency = currency
        self.created = created
        self.modified = created
        self.status_id = 11
        self.statuses = []                  # (time, status id, actor, by hand?)
        self.lines = []
        self.shipping = 0                   # with tax
        self.shipping_tax = 0
        self.shipping_refunded = 0
        self.discount = 0
        self.source = "www"
        self.external_source = None
        self.payment_method = "Credit Card"
        self.channel_id = 1
        self.address_id = ident + 5000
        self.email = "jane.doe@example.com"
        self.archived = False
        self.refunds = []
        self.history = []                   # (time, text) for the panel
        self.bag = None                     # Violet's side, if it is a Violet order
        self.bags = []                      # all of them, if there should be several

    @property
    def total(self):
        return sum(line.total + line.wrapping for line in self.lines) + self.shipping - self.discount

    @property
    def all_discounts(self):
        return self.discount + sum(line.discount for line in self.lines)

    @property
    def tax(self):
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @property
    def refunded(self):
        return sum(refund.total for refund in self.refunds)

    def line(self, ident):
        return next((line for line in self.lines if line.id == ident), None)

    def shown_status(self, stale_seconds):
        """The status that the API tells, which may be an older one."""
        if not stale_seconds:
            return self.status_id
        limit = time.time() - stale_seconds
        shown = self.statuses[0][1] if self.statuses else self.status_id
        for when, status_id, _actor, _by_hand in self.statuses[1:]:
            if when <= limit:
                shown = status_id
        return shown


class Refund:
    """A refund record. `actor`: who caused it (merchant, violet, app)."""

    def __init__(self, ident, order_id, user_id, actor, reason, created):
        self.id = ident
        self.order_id = order_id
        self.user_id = user_id
        self.actor = actor
        self.reason = reason
        self.created = created
        self.items = []
        self.payments = []      # dicts: provider_id, amount (minor), offline, is_declined
        self.total = 0
        self.tax = 0
        self.is_overridden = False  # the merchant set the total by hand
        self.late_decline = 0   # offline money that was declined afterwards


class Hook:
    def __init__(self, ident, scope, destination, headers, active):
        now = int(time.time())
        self.id = ident
        self.scope = scope
        self.destination = destination
        self.headers = headers
        self.is_active = active
        self.deactivated = False
        self.created_at = now
        self.updated_at = now

    def hears(self, scope):
        if self.scope == scope:
            return True
        return self.scope.endswith("/*") and scope.startswith(self.scope[:-1])


class Quota:
    """The rate limit's window."""

    def __init__(self):
        self.began = 0.0
        self.used = 0


class Store:
    def __init__(self, ident, name, currency, number):
        self.hash = ident
        self.name = name
        self.currency = currency
        self.number = number                # store_id in webhooks
        self.domain = f"{ident}.example.com"
        self.country = {"EUR": "DE", "JPY": "JP"}.get(currency, "US")
        self.users = {}
        self.token = None
        self.token_scopes = frozenset()
        self.scope_text = ""
        self.installed_at = None
        self.installed_by = None
        self.hooks = {}
        self.hook_admin_emails = []
        self.orders = {}
        self.by_created = SortedIndex()
        self.by_modified = SortedIndex()
        self.refunds = {}
        self.refunds_by_created = SortedIndex()
        self.products = []
        self.coupons = []
        self.promotions = []
        self.promotion_settings = {
            "promotions_triggered_by_products_with_zero_product_price": True,
            "promotions_apply_on_products_with_custom_product_price": False,
            "number_of_coupons_allowed_at_checkout": 1,
            "promotions_applied_on_original_product_price": True}
        self.quota = Quota()
        self.next_order = 100
        self.next_line = 1
        self.next_refund = 1
        self.next_hook = number * 100

    @property
    def owner(self):
        return next(user for user in self.users.values() if user.role == "owner")

    @property
    def installed(self):
        return self.token is not None

    def touch(self, order, when):
        """The order changed then."""
        self.by_modified.remove(order.modified, order.id)
        order.modified = max(order.modified, when)
        self.by_modified.add(order.modified, order.id)

    def add_order(self, order):
        self.orders[order.id] = order
        self.by_created.add(order.created, order.id)
        self.by_modified.add(order.modified, order.id)

    def add_refund(self, refund):
        self.refunds[refund.id] = refund
        self.refunds_by_created.add(refund.created, refund.id)
