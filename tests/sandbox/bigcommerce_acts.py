# SPDX-License-Identifier: Apache-2.0
"""What can be done in and to a BigCommerce store, whoever asks for it: API, control panel, control
API or Violet. Each function is called under the world's lock and sends the webhooks that follow."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
import uuid
from urllib.parse import quote, urlencode, urlsplit

from . import money
from .bigcommerce_model import (CANCELLED, LINE_ITEMS, PARTLY_REFUNDED, REFUNDED, STATUSES, Line, Order,
                                Refund, Store, User)

PAYMENT_KINDS = {
    "offline": {"provider_id": "custom", "offline": True, "is_declined": False},
    "online": {"provider_id": "braintree", "offline": False, "is_declined": False},
    "storecredit": {"provider_id": "storecredit", "offline": False, "is_declined": False},
    "giftcertificate": {"provider_id": "giftcertificate", "offline": False, "is_declined": False},
    "declined": {"provider_id": "custom", "offline": True, "is_declined": True},
}


class Impossible(ValueError):
    """BigCommerce would refuse; the text says why."""


# Stores and users.

def make_store(world, store_hash, name, currency):
    number = next(world.next_store)
    store = Store(store_hash, name, currency, number)
    base = 1001 + 10 * len(world.stores)
    for offset, (role, person) in enumerate((("owner", "Olivia Owner"), ("manager", "Max Manager"),
                                             ("staff", "Sam Staff"))):
        store.users[base + offset] = User(base + offset, role, f"{role}@{store.domain}", person)
    world.stores[store_hash] = store
    return store


# Installing and opening the app.

def grant_code(world, store, user, external=False):
    """A fresh grant code: what Confirm makes. Returns the callback's query as a dict."""
    code = secrets.token_urlsafe(24)
    scope = world.settings.app_scopes
    world.codes[code] = {"store": store.hash, "user": user.id, "scope": scope,
                         "until": time.time() + world.settings.code_life}
    query = {"account_uuid": world.config.account_uuid, "code": code,
             "context": f"stores/{store.hash}", "scope": scope}
    if external:
        query["external_install"] = "1"
    return query


def install_url(world, query):
    return f"{world.config.redirect_uri}?{urlencode(query)}"


def redeem(world, store, user, scope):
    """A new token; an older one is dead from now on."""
    store.token = secrets.token_hex(16)
    store.scope_text = scope
    store.token_scopes = frozenset(scope.split())
    store.installed_at = time.time()
    store.installed_by = user.id
    user.removed = False
    delay = world.settings.merchant_delay
    if delay is not None:
        show_merchants(world, store.hash, delay)
    return store.token


def show_merchants(world, store_hash, delay):
    """From `delay` seconds on, every app sees the store's merchants."""
    for merchant in world.merchants.values():
        if merchant.store_hash == store_hash:
            for app_id in world.apps:
                if not merchant.seen_by(app_id):
                    merchant.visible[app_id] = time.time() + delay
                    merchant.unlinked.pop(app_id, None)


def due_again(world, store):
    """Does BigCommerce ask the merchant to accept the scopes (again) at the next opening?"""
    return not store.installed or store.scope_text != world.settings.app_scopes


def payload_jwt(world, store, user, /, url="/", issued=None, channel_id=None, **claims):
    """The signed_payload_jwt of load, uninstall and remove_user."""
    issued = int(issued if issued is not None else time.time())
    body = {"aud": world.config.client_id, "iss": "bc", "iat": issued, "nbf": issued - 5,
            "exp": issued + 86400, "jti": str(uuid.uuid4()), "sub": f"stores/{store.hash}",
            "user": {"id": user.id, "email": user.email, "locale": "en-US"},
            "owner": {"id": store.owner.id, "email": store.owner.email},
            "url": url, "channel_id": channel_id}
    body.update(claims)

    def part(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=")
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." \
        + part(json.dumps(body, separators=(",", ":")).encode())
    mac = hmac.new(world.config.client_secret.encode(), signed, hashlib.sha256).digest()
    return (signed + b"." + part(mac)).decode()


def callback_url(world, store, user, name, **claims):
    token = payload_jwt(world, store, user, **claims)
    return f"{world.config.app_url}/{name}?signed_payload_jwt={quote(token)}"


def call_app(world, store, user, name):
    """Call /uninstall or /remove_user as BigCommerce's server does; never under the lock."""
    entry = {"time": time.time(), "store": store.hash, "callback": name, "status": 0, "error": None}
    entry["status"], entry["error"], _body = fetch(callback_url(world, store, user, name))
    world.calls_back.append(entry)
    return entry


def fetch(url, timeout=15.0):
    """GET without following redirects: (status, error, body)."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={
            "Accept": "application/json", "User-Agent": "BigCommerce", "Connection": "close"})
        response = connection.getresponse()
        return response.status, None, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error), ""
    finally:
        connection.close()


def uninstall(store):
    """The token dies and the app's hooks are deleted. The callback is the caller's (call_app)."""
    store.token = None
    store.token_scopes = frozenset()
    store.scope_text = ""
    store.hooks.clear()


# Orders.

def place_order(world, store, spec):
    """Make an order from a description (see README: POST orders)."""
    currency = spec.get("currency", store.currency)
    order = Order(store.next_order, currency, time.time() - float(spec.get("age", 0)))
    store.next_order += 1
    for line in spec.get("lines", ()):
        order.lines.append(Line(store.next_line, line, currency))
        store.next_line += 1
    order.shipping = money.minor(spec.get("shipping", 0), currency)
    order.shipping_tax = money.minor(spec.get("shipping_tax", 0), currency)
    order.discount = money.minor(spec.get("discount", 0), currency)
    order.display_currency = spec.get("display_currency", currency)
    order.source = spec.get("source", "www")
    order.external_source = spec.get("external_source")
    order.payment_method = spec.get("payment_method", order.payment_method)
    order.channel_id = spec.get("channel_id", 1)
    order.status_id = spec.get("status_id", 11)
    order.statuses.append((order.created, order.status_id, "shopper", False))
    order.history.append((order.created, "Order placed"))
    store.add_order(order)
    world.webhooks.emit(store, "store/order/created", {"type": "order", "id": order.id})
    return order


def set_status(world, store, order, status_id, actor, by_hand=True, when=None):
    """Change the status, by hand unless it follows from a refund; `when`: not now but then."""
    if status_id not in STATUSES:
        raise Impossible(f"there is no order status {status_id}")
    if status_id == order.status_id:
        return
    before = order.status_id
    when = when or time.time()
    order.status_id = status_id
    store.touch(order, when)
    order.statuses.append((when, status_id, actor, by_hand))
    order.history.append((when, f"Status: {STATUSES[before]} → {STATUSES[status_id]} ({actor})"))
    data = {"type": "order", "id": order.id}
    if world.settings.webhook_status:
        data["status"] = {"previous_status_id": before, "new_status_id": status_id}
    world.webhooks.emit(store, "store/order/statusUpdated", data)
    world.webhooks.emit(store, "store/order/updated", {"type": "order", "id": order.id})
    if order.bag is not None:
        mirror_cancel(world, order, status_id, actor)


def mirror_cancel(world, order, status_id, actor):
    """Violet follows the platform: a cancelled order makes the bag CANCELED."""
    if not world.settings.violet_mirrors_cancel or actor != "merchant":
        return
    bag = order.bag
    if status_id == CANCELLED and bag.status in ("SUBMITTED", "ACCEPTED", "COMPLETED",
                                                 "PARTIALLY_REFUNDED"):
        bag.cancellation = {"originated_by": "MERCHANT", "time": time.time(), "refund": None,
                            "former": bag.base_status}
        bag.base_status = "CANCELED"
    elif status_id != CANCELLED and bag.status == "CANCELED" and bag.cancellation \
            and bag.cancellation["originated_by"] == "MERCHANT":
        bag.base_status = bag.cancellation["former"]
        bag.cancellation = None


def archive(world, store, order):
    order.archived = True
    store.touch(order, time.time())
    order.history.append((time.time(), "Archived"))
    world.webhooks.emit(store, "store/order/archived", {"type": "order", "id": order.id})
    world.webhooks.emit(store, "store/order/updated", {"type": "order", "id": order.id})


# Refunds.

def refund_items(order, wanted):
    """Understand what is to be refunded: (items, total, tax, quantities by item type and line).
    `wanted` is a list of {item_type, item_id, quantity | amount (minor), reason}."""
    items, total, tax, units = [], 0, 0, {}
    for want in wanted:
        kind = want["item_type"]
        entry = {"item_type": kind, "item_id": want["item_id"], "quantity": 0,
                 "requested_amount": None, "reason": want.get("reason", ""), "adjustments": []}
        if kind in LINE_ITEMS:
            amount, line_tax = line_part(order, want, units)
            entry["quantity"] = want["quantity"] if kind == "PRODUCT" else 0
            tax += line_tax
        elif kind in ("SHIPPING", "ORDER", "HANDLING", "FEE"):
            amount = entry["requested_amount"] = want["amount"]
        else:
            raise Impossible(f"item_type {kind} can't be refunded here")
        if amount <= 0:
            raise Impossible(f"nothing to refund for {kind} {want['item_id']}")
        if kind == "SHIPPING" and amount > order.shipping - order.shipping_refunded:
            raise Impossible("more shipping than is left")
        total += amount
        items.append(entry)
    return items, total, tax, units


def line_part(order, want, units):
    """(amount, tax) of so many units of a line, or of their gift wrapping."""
    kind, line = want["item_type"], order.line(want["item_id"])
    if line is None:
        raise Impossible(f"order {order.id} has no line {want['item_id']}")
    left = line.quantity - line.given[kind]
    if not 1 <= want["quantity"] <= left or (kind, line.id) in units:
        raise Impossible(f"line {line.id}: {left} left to refund")
    units[kind, line.id] = want["quantity"]
    return line.share(want["quantity"], kind)


def check_total(order, total, tax_adjustment):
    if total <= 0:
        raise Impossible("nothing to refund")
    if total > order.total - order.refunded:
        raise Impossible("The refund amount exceeds what is left of the order")
    if tax_adjustment > order.tax - sum(refund.tax for refund in order.refunds):
        raise Impossible("more tax than is left")


def payment_records(store, payments, total, currency):
    """Complete the payments of a refund; None: all of it offline."""
    records = []
    if payments is None:
        payments = [{"kind": "offline", "amount": total}]
    for payment in payments:
        record = dict(PAYMENT_KINDS.get(payment.get("kind", "offline"), {}))
        if not record:
            raise Impossible(f"payment kind {payment['kind']!r} is none of {list(PAYMENT_KINDS)}")
        record.update({k: payment[k] for k in ("provider_id", "offline", "is_declined")
                       if k in payment})
        record["amount"] = money.minor(payment["amount"], currency)
        record["id"] = store.next_refund * 10 + len(records)
        record["declined_message"] = "Declined by the provider" if record["is_declined"] else ""
        records.append(record)
    if records and sum(record["amount"] for record in records) != total:
        raise Impossible("The payments don't add up to the refund")
    return records


def refund_order(world, store, order, wanted, payments=None, user_id=0, actor="merchant",
                 reason="", tax_adjustment=0, override=None, age=0):
    """Make a refund record; the order moves to Refunded or Partially Refunded. `tax_adjustment`:
    tax given back besides the items, or without any; `override`: the total that the merchant sets."""
    items, total, tax, units = refund_items(order, wanted)
    tax += tax_adjustment
    total = total + tax_adjustment if override is None else override
    check_total(order, total, tax_adjustment)
    records = payment_records(store, payments, total, order.currency)
    when = time.time() - age
    refund = Refund(store.next_refund, order.id, user_id, actor, reason, when)
    store.next_refund += 1
    refund.items, refund.total, refund.tax, refund.payments = items, total, tax, records
    refund.is_overridden = override is not None
    for (kind, line_id), quantity in units.items():
        order.line(line_id).given[kind] += quantity
    order.shipping_refunded += sum(i["requested_amount"] for i in items
                                   if i["item_type"] == "SHIPPING")
    order.refunds.append(refund)
    store.add_refund(refund)
    order.history.append((when, f"Refund {refund.id}: {money.shown(total, order.currency)} "
                                f"({actor})"))
    store.touch(order, when)
    world.webhooks.emit(store, "store/order/refund/created", {
        "type": "order", "id": order.id, "refund": {"refund_id": refund.id}})
    status = REFUNDED if order.refunded >= order.total else PARTLY_REFUNDED
    if order.status_id == status:
        world.webhooks.emit(store, "store/order/updated", {"type": "order", "id": order.id})
    set_status(world, store, order, status, actor, by_hand=False, when=when)
    return refund


def decline_payment(refund, index=0):
    """The provider declines a payment after the fact; BigCommerce sends no webhook for it."""
    payment = refund.payments[index]
    if not payment["is_declined"]:
        if payment["offline"]:
            refund.late_decline += payment["amount"]
        payment["is_declined"] = True
        payment["declined_message"] = "Declined by the provider"


def everything(order):
    """The `wanted` list that refunds all that is left of an order."""
    wanted = [{"item_type": kind, "item_id": line.id, "quantity": line.quantity - line.given[kind]}
              for line in order.lines for kind in LINE_ITEMS if line.quantity > line.given[kind]
              and line.share(line.quantity - line.given[kind], kind)[0] > 0]
    if order.shipping > order.shipping_refunded:
        wanted.append({"item_type": "SHIPPING", "item_id": order.address_id,
                       "amount": order.shipping - order.shipping_refunded})
    left = order.total - order.refunded
    if not wanted or sum_of(order, wanted) != left:
        wanted = [{"item_type": "ORDER", "item_id": order.id, "amount": left}]
    return wanted


def sum_of(order, wanted):
    return sum(order.line(w["item_id"]).share(w["quantity"], w["item_type"])[0]
               if w["item_type"] in LINE_ITEMS else w["amount"] for w in wanted)
