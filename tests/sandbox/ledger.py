# SPDX-License-Identifier: Apache-2.0
"""The books: for each Violet order what the merchant's and the channel's acts make us owe to the
shopper, and what was paid, by whom. Worked out from the acts themselves when asked, and independently
of the product, which never sees this.

owed       what we must have paid by now
owed_most  what we may have paid at most by ourselves (e.g. cancelled long enough, then reopened)
approvable what a person may have had us pay
review     reasons why a person has to decide; then less than `owed` may be right
verdict    even, underpaid, overpaid"""

import json
import re
import time

from .bigcommerce_model import CANCELLED, DECLINED, PARTLY_REFUNDED, REFUNDED
from .violet_model import UNPAID

MARKER = re.compile(r"bc:\d+:(?:r\d+|cancel)")
MARKER_MAX = 40
NOT_OURS = frozenset({"storecredit", "giftcertificate"})


# Every POST .../refunds is kept, and judged by itself.

def open_post(world, request):
    """Note a POST before anything is checked."""
    try:
        body = request.json()
    except ValueError:
        body = request.body.decode("utf-8", "replace")
    entry = {"time": time.time(), "path": request.path, "query": request.raw_query, "body": body,
             "headers": dict(request.headers), "outcome": None, "refund_id": None}
    world.posts.append(entry)
    return entry


def violation(world, bag, kind, text, post=None):
    world.violations.append({
        "time": time.time(), "kind": kind, "text": text, "post": post,
        "store": bag.store_hash if bag else None, "order": bag.order.id if bag else None,
        "bag_id": bag.id if bag else None})


def judge_post(world, entry, bag):
    """Is the request one that we would ever want to send?"""
    entry.update(store=bag.store_hash, order=bag.order.id, bag_id=bag.id)
    bag.posts.append(entry)
    for kind, text in faults_of(entry):
        violation(world, bag, kind, text, entry)


def faults_of(entry):
    body = entry["body"]
    if not isinstance(body, dict):
        yield "no_object", "the body is no JSON object"
        return
    if "skip_external_refund=true" not in entry["query"].split("&"):
        yield "pushes_back", "without skip_external_refund=true the refund is made again in " \
                             "BigCommerce"
    amount = body.get("amount_refunded")
    if amount is None:
        yield "no_amount", "without amount_refunded the whole bag is refunded"
    elif isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        yield "bad_amount", f"amount_refunded {amount!r} is no positive integer"
    shipping = (body.get("shipping") or {}).get("amount")
    if shipping is None:
        yield "no_shipping", "without shipping.amount all of the shipping is refunded"
    yield from faults_of_lines(body, amount, shipping)
    reason = body.get("reason")
    found = MARKER.match(reason) if isinstance(reason, str) else None
    if found is None:
        yield "no_marker", f"reason {reason!r} does not begin with our marker"
    elif not reason.isascii() or len(found.group()) > MARKER_MAX:
        yield "bad_marker", f"reason {reason!r} has a marker over {MARKER_MAX} bytes or isn't ASCII"


def faults_of_lines(body, amount, shipping):
    lines = body.get("skus")
    if lines is None:
        return
    amounts = [line.get("amount_refunded") for line in lines]
    if None in amounts or any(line.get("quantity_refunded") is None for line in lines):
        yield "line_open", "a line without amount or quantity stands for the whole line"
    elif isinstance(amount, int) and sum(amounts) + (shipping or 0) != amount:
        yield "lines_differ", f"lines {sum(amounts)} and shipping {shipping} are not {amount}"


# The account of one order.

def ours(refund):
    """What of a BigCommerce refund we have to pay."""
    if not refund.payments:
        return refund.total
    return sum(p["amount"] for p in refund.payments
               if p["offline"] and not p["is_declined"] and p["provider_id"] not in NOT_OURS)


def paid_by(bag):
    paid = {"us": 0, "channel": 0, "violet": 0}
    for refund in bag.refunds:
        if refund.status not in UNPAID:
            paid[refund.origin] += refund.amount
    return paid


def whole_by_status(order, grace):
    """(is now, ever was for that long): the merchant's word by status alone that all is to be given
    back."""
    now = ever = False
    ends = [when for when, *_ in order.statuses[1:]] + [time.time()]
    for (when, status, actor, by_hand), end in zip(order.statuses, ends):
        has_record = any(r.created <= when for r in order.refunds)
        now = by_hand and actor == "merchant" and (
            status == CANCELLED or (status == REFUNDED and not has_record))
        ever = ever or (now and end - when >= grace)
    return now, ever


def reasons(world, bag, merchants):
    """Why a person has to decide about this order."""
    order = bag.order
    found = []
    merchant = world.merchants.get(bag.merchant_id)
    if (bag.external_id, bag.platform) != (str(order.id), "BIGCOMMERCE") or \
            merchant is None or merchant.store_hash != bag.store_hash:
        found.append("the bag does not name this order, merchant and platform")
    if len(order.bags) > 1:
        found.append("the order has several bags")
    if any(r.total != ours(r) for r in merchants):
        found.append("part of a refund was given back otherwise or declined")
    last = order.statuses[-1] if order.statuses else None
    if last and last[3] and last[2] == "merchant":
        if last[1] == DECLINED:
            found.append("declined")
        if last[1] == PARTLY_REFUNDED:
            found.append("set to Partially Refunded by hand")
        if last[1] == REFUNDED and order.refunds and order.refunded < order.total:
            found.append("set to Refunded by hand with records of less")
    partial = any(r.total < order.total for r in merchants)
    if partial and order.currency != bag.currency:
        found.append("partial refund across currencies")
    elif partial and abs(order.total - bag.total) > len(order.lines):
        found.append("partial refund of an order whose total is not the bag's")
    return found


def account(world, bag):
    """What is owed and paid for one bag."""
    order = bag.order
    merchants = [r for r in order.refunds if r.actor not in ("violet", "channel")]
    paid = paid_by(bag)
    others = paid["channel"] + paid["violet"]
    left = max(0, bag.total - others)
    whole_now, whole_ever = whole_by_status(order, world.settings.ledger_grace)
    review = reasons(world, bag, merchants)
    by_record = sum(ours(r) for r in merchants)
    full = bool(merchants) and by_record >= order.total
    comparable = order.currency == bag.currency
    owed = left if whole_now or full else min(by_record, left) if comparable else 0
    if bag is not order.bag:
        owed = 0
    most = max(owed, left if whole_ever else
               min(by_record + sum(r.late_decline for r in merchants), left))
    approvable = left if review else most
    slack = len(order.lines) if order.total != bag.total else 0
    return {
        "store": bag.store_hash, "order": order.id, "order_id": bag.order_id, "bag_id": bag.id,
        "app_id": bag.app_id, "currency": bag.currency, "total": bag.total,
        "order_total": order.total, "order_currency": order.currency,
        "status_id": order.status_id, "bag_status": bag.status, "store_installed":
        bool(world.stores.get(bag.store_hash) and world.stores[bag.store_hash].installed),
        "owed": owed, "owed_most": most, "approvable": approvable, "owed_by_others": others,
        "slack": slack,
        "paid_by_us": paid["us"], "paid_by_channel": paid["channel"],
        "paid_by_violet": paid["violet"], "review": review,
        "verdict": verdict(bag, paid, owed, approvable, slack),
        "bigcommerce_refunds": [{"id": r.id, "total": r.total, "ours": ours(r), "actor": r.actor,
                                 "user_id": r.user_id, "created": r.created}
                                for r in order.refunds],
        "refunds": [{"id": r.id, "amount": r.amount, "status": r.status, "origin": r.origin,
                     "reason": r.reason, "created": r.created, "errors": len(r.errors)}
                    for r in bag.refunds],
        "twice": markers_twice(bag), "posts": len(bag.posts)}


def verdict(bag, paid, owed, most, slack):
    if paid["us"] > most + slack or sum(paid.values()) > bag.total:
        return "overpaid"
    if paid["us"] < owed - slack:
        return "underpaid"
    return "even"


def markers_twice(bag):
    """Our markers under which Violet holds more than one refund that moved money."""
    seen = {}
    for post in bag.posts:
        refund = next((r for r in bag.refunds if r.id == post["refund_id"]), None)
        if refund is None or refund.status in UNPAID or not isinstance(post["body"], dict):
            continue
        found = MARKER.match(post["body"].get("reason") or "")
        if found:
            seen.setdefault(found.group(), []).append(refund.id)
    return {marker: ids for marker, ids in seen.items() if len(ids) > 1}


def report(world, query):
    """GET /_sandbox/ledger: ?store=, ?order=, ?verdict=, ?posts=0."""
    rows = [account(world, bag) for bag in world.bags.values()
            if query.get("store") in (None, bag.store_hash)
            and query.get("order") in (None, str(bag.order.id))]
    wanted = [row for row in rows if query.get("verdict") in (None, row["verdict"])]
    chosen = {row["bag_id"] for row in rows}
    unfiltered = "store" not in query and "order" not in query
    posts = [] if query.get("posts") == "0" else [
        p for p in world.posts
        if p.get("bag_id") in chosen or (unfiltered and "bag_id" not in p)]
    broken = [v for v in world.violations
              if v["bag_id"] in chosen or (unfiltered and v["bag_id"] is None)]
    broken += [{"kind": "marker_twice", "text": json.dumps(row["twice"]), "store": row["store"],
                "order": row["order"], "bag_id": row["bag_id"]} for row in rows if row["twice"]]
    counts = {}
    for row in rows:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    return {"orders": wanted, "verdicts": counts, "violations": broken, "posts": posts,
            "bookings_refused": world.bookings_refused}
