# SPDX-License-Identifier: Apache-2.0
"""What happens at Violet, whoever asks for it: API, channel (control API) or seed. Each function is
called under the world's lock."""

import time

from . import bigcommerce_acts as bc
from . import money
from .bigcommerce_model import CANCELLED
from .violet_model import (CANCELLABLE, REFUNDABLE, App, Bag, BagLine, Merchant, VioletRefund)


class Refusal(Exception):
    """Violet refuses: HTTP status and the error object."""

    def __init__(self, status, code, error, message):
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "error": error, "code": code}


def bad_state(bag):
    return Refusal(400, 4225, "invalid_bag_state",
                   f"Bag {bag.id} cannot be refunded as it must be in an accepted, completed, "
                   "canceled, or partially refunded state to qualify for refunding.")


def bad_parameter(name):
    return Refusal(400, 9001, "invalid_parameter", f"Parameter '{name}' is invalid.")


def make_app(world, app_id, name, slug):
    world.apps[app_id] = App(app_id, name, slug)
    world.bags_by_app[app_id] = []
    return world.apps[app_id]


def make_merchant(world, store):
    merchant = Merchant(next(world.next_merchant), store.hash, store.name, store.currency)
    world.merchants[merchant.id] = merchant
    return merchant


def merchant_of(world, store_hash):
    """The newest merchant of a store."""
    found = [m for m in world.merchants.values() if m.store_hash == store_hash]
    return found[-1] if found else None


# Orders.

def place_order(world, store, app_id, spec):
    """A Violet order: first the order in BigCommerce, then the bag. Returns (order, bag)."""
    app = world.apps[app_id]
    spec = {"source": "checkout_api", "payment_method": f"Violet ({app.name})",
            "external_source": str(world.config.app_id), **spec}
    order = bc.place_order(world, store, spec)
    bag = make_bag(world, store, app_id, order, spec.get("bag") or {})
    order.bag = bag
    return order, bag


def make_bag(world, store, app_id, order, over):
    """The bag of a BigCommerce order; `over` holds what differs from it."""
    order_id = over.get("order_id") or next(world.next_violet_order)
    merchant = merchant_of(world, store.hash)
    bag = Bag(next(world.next_bag), order_id, app_id,
              over.get("merchant_id", merchant.id if merchant else 0))
    bag.store_hash = store.hash
    bag.order = order
    order.bags.append(bag)
    bag.created = order.created
    bag.external_id = over.get("external_id", str(order.id))
    bag.platform = over.get("platform", "BIGCOMMERCE")
    bag.external_currency = order.currency
    bag.currency = over.get("currency", order.currency)
    bag.lines = [BagLine(next(world.next_order_sku), line, external) for line, external in
                 zip(order.lines, line_identities(order, over.get("external_lines", "variant")),
                     strict=True)]
    bag.sub_total = sum(line.line_price for line in bag.lines)
    bag.shipping, bag.tax, bag.discount = order.shipping, order.tax, order.all_discounts
    bag.total = money.minor(over["total"], bag.currency) if "total" in over else order.total
    bag.base_status = over.get("status", "ACCEPTED")
    bag.hidden_until = time.time() + float(over.get("hidden_for", 0))
    bag.keeps_reason = over.get("reason")
    bag.forgets_lines = bool(over.get("forgets_lines"))
    world.bags[bag.id] = bag
    world.orders.setdefault(order_id, []).append(bag)
    world.bags_by_app.setdefault(app_id, []).append(bag)
    index_bag(world, bag)
    return bag


def line_identities(order, how):
    """The external ids of the bag's lines: by mode, or as listed."""
    return how if isinstance(how, list) else [line_identity(line, how) for line in order.lines]


def line_identity(line, mode):
    """The external id that a bag's line carries: variant id, SKU code or none."""
    if mode == "variant":
        return None if line.variant_id is None else str(line.variant_id)
    return line.sku if mode == "sku" else None


def index_bag(world, bag):
    world.bag_index.setdefault((bag.app_id, bag.external_id), []).append(bag)


def change_bag(world, bag, values):
    """Overrides of the control API: status, merchant_id, currency, external_id, hidden_for..."""
    if "external_id" in values:
        world.bag_index[(bag.app_id, bag.external_id)].remove(bag)
        bag.external_id = values["external_id"]
        index_bag(world, bag)
    bag.base_status = values.get("status", bag.base_status)
    for name in ("merchant_id", "currency", "platform"):
        if name in values:
            setattr(bag, name, values[name])
    if "total" in values:
        bag.total = money.minor(values["total"], bag.currency)
    if "hidden_for" in values:
        bag.hidden_until = time.time() + float(values["hidden_for"])


# Refunds.

def book_refund(world, bag, amount, reason, origin, lines=None, shipping=None):
    """Violet pays `amount` back, or refuses."""
    if bag.status not in REFUNDABLE:
        raise bad_state(bag)
    if amount <= 0 or amount > bag.total - bag.paid:
        raise bad_parameter("amount_refunded")
    refund = VioletRefund(next(world.next_violet_refund), bag, amount, reason, origin)
    refund.skus = lines if lines is not None else [
        {"order_sku_id": line.id, "quantity_refunded": line.quantity} for line in bag.lines]
    refund.shipping = shipping
    refund.settles_at = refund.created + world.settings.violet_processing
    refund.shown_from = refund.created + world.settings.violet_list_lag
    apply_outcome(world, refund)
    bag.refunds.append(refund)
    world.violet_refunds[refund.id] = refund
    return refund


def apply_outcome(world, refund):
    """How this refund will end, if a setting says that not well."""
    settings = world.settings
    outcome = None
    if settings.next_refunds:
        outcome = settings.next_refunds.pop(0)
    elif settings.refund_outcome and world.chance() < settings.refund_outcome_probability:
        outcome = settings.refund_outcome
    if not outcome:
        return
    if outcome.get("dispute"):
        outcome = {"status": "FAILED", "errors": [{
            "error_code": 9000, "error_message": "Payment was disputed by cardholder and can no "
                                                 "longer be refunded."}]}
    refund.final_status = outcome.get("status", "COMPLETED")
    refund.errors = outcome.get("errors", [])
    refund.amount = outcome.get("amount", min(refund.amount, outcome.get("at_most", refund.amount)))


def changed_reason(world, bag, reason):
    """What Violet keeps of `reason`, by the bag or the setting."""
    how = bag.keeps_reason or world.settings.violet_reason
    if not reason or how == "keep":
        return reason
    return {"cut": reason[:world.settings.violet_reason_length], "empty": "", "alter": f"Refund: {reason.upper()}"}[how]


def push_refund(world, bag, amount, actor="violet"):
    """Make the refund in BigCommerce too, as Violet does without skip_external_refund."""
    store, order = world.stores[bag.store_hash], bag.order
    left = order.total - order.refunded
    part = min(amount, left)
    if part <= 0:
        return None
    wanted = bc.everything(order) if part == left else [
        {"item_type": "ORDER", "item_id": order.id, "amount": part}]
    return bc.refund_order(world, store, order, wanted, user_id=0, actor=actor,
                           reason="Refunded through Violet")


def channel_refund(world, bag, spec):
    """A channel refunds a bag: Violet pays and tells BigCommerce. With push_first BigCommerce is
    told first, and Violet's own refund is booked `delay` seconds later."""
    amount = money.minor(spec.get("amount", bag.total - bag.paid), bag.currency)
    origin = spec.get("origin", "channel")
    reason = spec.get("reason", "Requested by the shopper")
    pushed = None
    if spec.get("push_first"):
        pushed = push_refund(world, bag, amount)

    def book():
        try:
            refund = book_refund(world, bag, amount, reason, origin)
        except Refusal as refusal:
            world.bookings_refused.append({"time": time.time(), "bag_id": bag.id,
                                           "amount": amount, **refusal.body})
            return None
        external = pushed
        if not spec.get("push_first") and spec.get("push", True):
            external = push_refund(world, bag, amount)
        if external is not None and world.settings.violet_external_id:
            refund.external_id = str(external.id)
        refund.created -= float(spec.get("age", 0))
        refund.shown_from += float(spec.get("hidden_for", 0))
        return refund
    if spec.get("push_first"):
        world.later(float(spec.get("delay", 0)), book)
        return pushed, None
    return None, book()


def channel_cancel(world, bag, spec):
    """A channel cancels a bag: BigCommerce first; then the refund of what is left, at once or
    `delay` seconds later."""
    if bag.status not in CANCELLABLE:
        raise bad_state(bag)
    originated_by = spec.get("originated_by", "CHANNEL")
    store = world.stores[bag.store_hash]
    bc.set_status(world, store, bag.order, CANCELLED, "violet")

    def book():
        refund = None
        left = bag.total - bag.paid
        if left > 0:
            try:
                refund = book_refund(world, bag, left, spec.get("reason", "Order canceled"),
                                     "violet" if originated_by == "VIOLET" else "channel")
            except Refusal as refusal:
                world.bookings_refused.append({"time": time.time(), "bag_id": bag.id,
                                               "amount": left, **refusal.body})
        bag.cancellation = {"originated_by": originated_by, "time": time.time(), "refund": refund,
                            "former": bag.base_status}
        bag.base_status = "CANCELED"
    world.later(float(spec.get("delay", 0)) if spec.get("push_first") else 0, book)
    return bag.cancellation
