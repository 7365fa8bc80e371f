# SPDX-License-Identifier: Apache-2.0
"""What Violet knows: apps (channels), merchants, orders with bags, refunds, cancellations."""

import time

# States of a bag in which Violet accepts a refund, and a cancellation.
REFUNDABLE = frozenset({"SUBMITTED", "ACCEPTED", "COMPLETED", "PARTIALLY_REFUNDED", "CANCELED"})
CANCELLABLE = frozenset({"SUBMITTED", "ACCEPTED", "COMPLETED", "PARTIALLY_REFUNDED"})
# States that refunds don't change.
STICKY = frozenset({"IN_PROGRESS", "REJECTED", "REFUNDED", "CANCELED"})
UNPAID = frozenset({"FAILED", "CANCELED"})      # refunds that moved no money


class App:
    def __init__(self, ident, name, slug):
        self.id = ident
        self.name = name
        self.slug = slug
        self.secret = f"sandbox-app-secret-{ident}"
        self.email = f"owner@{slug}.example.com"
        self.password = f"sandbox-password-{ident}"
        self.tokens = {}            # token -> expiry
        self.refresh_tokens = set()
        self.arrivals = []          # what came back to the channel's redirect URL


class Merchant:
    """A Violet merchant. `visible`: app id -> time from which that app sees it."""

    def __init__(self, ident, store_hash, name, currency):
        self.id = ident
        self.store_hash = store_hash
        self.name = name
        self.currency = currency
        self.platform = "BIGCOMMERCE"
        self.created = time.time()
        self.visible = {}
        self.unlinked = {}          # app id -> time of the uninstall call
        self.installs = {}          # app id -> MerchantAppInstall id

    def seen_by(self, app_id):
        since = self.visible.get(app_id)
        return since is not None and since <= time.time()


class BagLine:
    def __init__(self, ident, line, external_id):
        self.id = ident             # order_sku_id
        self.sku_id = ident + 5_000_000
        self.external_id = external_id
        self.name = line.name
        self.quantity = line.quantity
        self.price = line.price
        self.line_price = line.price * line.quantity
        self.tax = line.tax


class Bag:
    """A bag, and the Violet order that consists of it alone or of several."""

    def __init__(self, ident, order_id, app_id, merchant_id):
        self.id = ident
        self.order_id = order_id
        self.app_id = app_id
        self.merchant_id = merchant_id
        self.external_id = None
        self.platform = "BIGCOMMERCE"
        self.currency = "USD"
        self.external_currency = "USD"
        self.base_status = "ACCEPTED"       # what it is but for its refunds
        self.lines = []
        self.sub_total = 0
        self.shipping = 0
        self.tax = 0
        self.discount = 0
        self.total = 0
        self.created = time.time()
        self.hidden_until = 0.0
        self.keeps_reason = None    # instead of the setting violet_reason
        self.forgets_lines = False  # a refund that names lines is refused with 4219
        self.refunds = []
        self.cancellation = None
        self.store_hash = None
        self.order = None           # the BigCommerce order
        self.posts = []             # ledger entries of POST .../refunds

    @property
    def hidden(self):
        return self.hidden_until > time.time()

    @property
    def paid(self):
        """What its refunds add up to, those that moved no money left out."""
        return sum(r.amount for r in self.refunds if r.status not in UNPAID)

    @property
    def status(self):
        if self.base_status in STICKY:
            return self.base_status
        paid = self.paid
        if paid >= self.total:
            return "REFUNDED"
        return "PARTIALLY_REFUNDED" if paid else self.base_status

    def line(self, ident):
        return next((line for line in self.lines if line.id == ident), None)


class VioletRefund:
    """A refund of a bag. `origin`: us (POST .../refunds), channel or violet."""

    def __init__(self, ident, bag, amount, reason, origin):
        self.id = ident
        self.bag = bag
        self.amount = amount
        self.reason = reason
        self.origin = origin
        self.created = time.time()
        self.settles_at = self.created
        self.final_status = "COMPLETED"
        self.shown_from = self.created
        self.external_id = None
        self.skus = []
        self.shipping = None
        self.errors = []

    @property
    def status(self):
        return self.final_status if time.time() >= self.settles_at else "PROCESSING"

    @property
    def shown(self):
        return self.shown_from <= time.time()
