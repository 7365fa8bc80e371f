# SPDX-License-Identifier: Apache-2.0
"""Violet's API, /v1: login, merchants, bag search, orders, refunds, cancellations, unlinking.

Answers that Violet's documents don't settle (a missing header, a wrong password) are of our choosing
and marked "undocumented" here; a client must not depend on them."""

import base64
import json
import secrets
import time

from . import ledger
from . import violet_acts as acts
from .http_server import Answer, Refused, json_answer

ACTOR_HEADER = "x-sandbox-actor"    # tests that act as a channel over HTTP say "channel" here


def date(when):
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(when))


def error_answer(status, code, error, message):
    return json_answer(status, {"message": message, "error": error, "code": code})


def refuse(status, code, error, message):
    raise Refused(error_answer(status, code, error, message))


def order_missing():
    refuse(404, 4216, "order_not_found", "Order could not be found.")


def expired():
    return Refused(json_answer(401, {"status": 401, "message": "Token has expired",
                                     "error_code": 11, "timestamp": int(time.time() * 1000)}))


class VioletApi:
    def __init__(self, world):
        self.world = world

    def add_routes(self, routes):
        for method, path, handler, needs_token in (
                ("POST", "/v1/login", self.login, False),
                ("GET", "/v1/auth/token", self.refresh, False),
                ("GET", "/v1/merchants", self.merchants, True),
                ("GET", "/v1/merchants/{merchant}", self.merchant, True),
                ("POST", "/v1/orders/bags/search", self.search_bags, True),
                ("GET", "/v1/orders/{order}", self.order, True),
                ("GET", "/v1/orders/{order}/refunds", self.order_refunds, True),
                ("GET", "/v1/orders/{order}/refunds/{refund}", self.order_refund, True),
                ("GET", "/v1/orders/{order}/cancellations", self.cancellations, True),
                ("GET", "/v1/orders/{order}/bags/{bag}/refunds", self.bag_refunds, True),
                ("POST", "/v1/orders/{order}/bags/{bag}/refunds", self.refund_bag, True),
                ("POST", "/v1/orders/{order}/bags/{bag}/cancel", self.cancel_bag, True),
                ("POST", "/v1/apps/{app}/merchants/uninstall", self.unlink, True)):
            routes.add(method, path, self._guard(handler, needs_token))

    def _guard(self, handler, needs_token):
        """Check the three headers, find the app, and call under the lock."""
        def guarded(request):
            app = self._app(request)
            with self.world.lock:
                self._count(request)
                if needs_token:
                    self._check_token(app, request)
                try:
                    return handler(request, app)
                except acts.Refusal as refusal:
                    return json_answer(refusal.status, refusal.body)
        return guarded

    def _app(self, request):
        headers = request.headers
        for name in ("x-violet-app-id", "x-violet-app-secret"):
            if not headers.get(name):        # undocumented
                refuse(400, 9002, "missing_parameter", f"Header '{name}' is missing.")
        ident = headers["x-violet-app-id"]
        app = self.world.apps.get(int(ident)) if ident.isdigit() else None
        if app is None or headers["x-violet-app-secret"] != app.secret:
            refuse(403, 9403, "insufficient_permissions",
                   "You do not have the required permissions to perform this action.")
        return app

    def _check_token(self, app, request):
        token = request.headers.get("x-violet-token")
        if not token:                        # undocumented
            refuse(400, 9002, "missing_parameter", "Header 'x-violet-token' is missing.")
        until = app.tokens.get(token)
        if until is None:
            refuse(403, 9403, "insufficient_permissions",
                   "You do not have the required permissions to perform this action.")
        if until <= time.time():
            raise expired()

    def _count(self, request):
        limit = self.world.settings.violet_quota
        if limit is None:
            return
        window = self.world.violet_window
        if int(time.time()) != window[0]:
            window[:] = [int(time.time()), 0]
        window[1] += 1
        if window[1] > limit:                # undocumented but for the status
            refuse(429, 9000, "too_many_requests", "Too many requests.")

    @staticmethod
    def _body(request):
        try:
            body = request.json()
        except ValueError:
            refuse(400, 1001, "bad_request", "The request body is no JSON.")
        if not isinstance(body, dict):
            refuse(400, 1001, "bad_request", "The request body is no object.")
        return body

    # Access.

    def login(self, request, app):
        body = self._body(request)
        if body.get("username") != app.email or body.get("password") != app.password:
            return json_answer(401, {"message": "Invalid credentials.",     # undocumented
                                     "error": "invalid_credentials", "code": 9401})
        refresh = secrets.token_urlsafe(32)
        app.refresh_tokens.add(refresh)
        return json_answer(200, {
            "id": app.id + 90000, "email": app.email, "first_name": app.name, "last_name": "Owner",
            "type": "DEVELOPER", "verified": True, "status": "active",
            "roles": [{"name": "ROLE_DEVELOPER", "permissions": []}], "tos_accepted": True,
            "privacy_policy_accepted": True, "payment_configured": True, "country_code": "US",
            "token": self._new_token(app), "refresh_token": refresh,
            "date_created": date(0), "date_last_modified": date(0)})

    def _new_token(self, app):
        """A JWT in form; clients may read its `exp` and can't check its signature."""
        now = time.time()
        until = now + self.world.settings.violet_token_life
        claims = {"sub": app.email, "scopes": ["ROLE_DEVELOPER"], "user_id": app.id + 90000,
                  "user_type": "DEVELOPER", "developer_id": app.id, "app_id": str(app.id),
                  "iss": "https://violet.io", "iat": int(now), "exp": int(until)}
        parts = (b'{"alg":"HS512"}', json.dumps(claims).encode(), secrets.token_bytes(64))
        token = ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)
        app.tokens[token] = until
        return token

    def refresh(self, request, app):
        if request.headers.get("x-violet-token") not in app.refresh_tokens:
            raise expired()
        return json_answer(200, {"token": self._new_token(app)})

    # Merchants.

    def merchants(self, request, app):
        seen = [self._merchant(m) for m in self.world.merchants.values() if m.seen_by(app.id)]
        return json_answer(200, self._page(request, seen))

    def merchant(self, request, app):
        ident = request.args["merchant"]
        merchant = self.world.merchants.get(int(ident)) if ident.isdigit() else None
        if merchant is None or not merchant.seen_by(app.id):
            refuse(401, 7118, "merchant_not_connected", "Merchant is not connected to the app.")
        return json_answer(200, self._merchant(merchant))

    def _merchant(self, merchant):
        value = {
            "id": merchant.id, "merchant_name": merchant.name, "user_id": merchant.id + 40000,
            "email": f"owner@{merchant.store_hash}.example.com", "platform": merchant.platform,
            "store_url": self._store_url(merchant.store_hash),
            "custom_store_url": None, "status": "ACTIVE", "default_currency": merchant.currency,
            "commission_rate": 10.0, "distribution_type": "PRIVATE", "referral_source": "OTHER",
            "date_created": date(merchant.created), "date_last_modified": date(merchant.created)}
        if self.world.settings.merchant_external_id:
            value["external_id"] = merchant.store_hash
        return value

    def _store_url(self, store_hash):
        form = self.world.settings.merchant_store_url
        return form.replace("{hash}", store_hash) if form else \
            self.world.config.panel_url(store_hash)

    def unlink(self, request, app):
        if request.args["app"] != str(app.id):
            refuse(403, 9901, "insufficient_permissions",
                   "You do not have the required permissions to perform this action.")
        ident = self._body(request).get("merchant_id")
        merchant = self.world.merchants.get(ident) if isinstance(ident, int) else None
        if merchant is None:
            refuse(401, 7118, "merchant_not_connected", "Merchant is not connected to the app.")
        merchant.visible.pop(app.id, None)
        merchant.unlinked[app.id] = time.time()
        install = merchant.installs.setdefault(app.id, next(self.world.next_install))
        return json_answer(200, {
            "id": install, "app_id": app.id, "merchant_id": merchant.id, "status": "NOT_CONNECTED",
            "install_source": "DIRECT", "commission_rate": 10.0, "commission_locked": False,
            "date_created": date(merchant.created), "date_last_modified": date(time.time())})

    # Bags and orders.

    @staticmethod
    def _page(request, rows):
        try:
            page = max(1, int(request.query.get("page", 1)))
            size = min(100, max(1, int(request.query.get("size", 20))))
        except ValueError:
            refuse(400, 1001, "bad_request", "Invalid page or size.")
        pages = (len(rows) + size - 1) // size
        content = rows[(page - 1) * size: page * size]
        return {"content": content, "last": page >= pages, "total_pages": pages,
                "total_elements": len(rows), "first": page == 1,
                "number_of_elements": len(content), "size": size, "number": page,
                "empty": not content}

    def search_bags(self, request, app):
        if not request.body.strip():
            refuse(400, 9910, "empty_body", "Empty body in request. Expected request object.")
        body = self._body(request)
        if body.get("merchant_id") is None:
            ledger.violation(self.world, None, "search_open", "bag search without merchant_id: "
                             f"order ids repeat over stores ({request.body.decode()})")
        if body.get("external_id") is not None:
            bags = self.world.bag_index.get((app.id, body["external_id"]), ())
        else:
            bags = self.world.bags_by_app.get(app.id, ())
        unfinished = request.query.get("exclude_in_progress", "true") == "true"
        rows = [self.bag_value(bag) for bag in bags
                if not bag.hidden and not (unfinished and bag.status == "IN_PROGRESS")
                and all(body[name] == value for name, value in (
                    ("id", bag.id), ("order_id", bag.order_id), ("merchant_id", bag.merchant_id),
                    ("bag_status", bag.status)) if body.get(name) is not None)]
        return json_answer(200, self._page(request, rows))

    @staticmethod
    def bag_value(bag):
        return {
            "id": bag.id, "bag_id": bag.id, "order_id": bag.order_id,
            "merchant_id": bag.merchant_id, "merchant_name": "Merchant", "app_id": bag.app_id,
            "external_id": bag.external_id, "external_reference_id": bag.external_id,
            "status": bag.status, "bag_status": bag.status, "fulfillment_status": "PROCESSING",
            "financial_status": "PAID", "dispute_status": "UNDISPUTED",
            "skus": [{"id": line.id, "sku_id": line.sku_id, "offer_id": line.sku_id + 1000,
                      "merchant_id": bag.merchant_id, "app_id": bag.app_id, "name": line.name,
                      "external_id": line.external_id, "quantity": line.quantity,
                      "price": line.price, "line_price": line.line_price, "available": True,
                      "status": "PROCESSING", "product_type": "PHYSICAL",
                      "rates": [{"type": "TAX", "amount": line.tax}] if line.tax else []}
                     for line in bag.lines],
            "shipping_method": {"carrier": "USPS", "label": "Standard", "price": bag.shipping,
                                "bag_id": bag.id, "merchant_id": bag.merchant_id,
                                "shipping_method_id": f"ship-{bag.id}"},
            "taxes": [], "sub_total": bag.sub_total, "shipping_total": bag.shipping,
            "tax_total": bag.tax, "discount_total": bag.discount, "total": bag.total,
            "taxes_included": False, "external_checkout": True, "commission_rate": 10.0,
            "currency": bag.currency, "external_currency": bag.external_currency,
            "channel": "APP", "platform": bag.platform, "fulfillments": [], "discounts": [],
            "date_created": date(bag.created), "date_last_modified": date(bag.created),
            "date_submitted": date(bag.created),
            "remorse_period_ends": date(bag.created + 30 * 86400)}

    def _bags(self, request, app):
        """The bags of the order in the path, if this app made it."""
        ident = request.args["order"]
        bags = self.world.orders.get(int(ident)) if ident.isdigit() else None
        if not bags or bags[0].app_id != app.id:
            order_missing()
        return bags

    def _bag(self, request, app):
        for bag in self._bags(request, app):
            if str(bag.id) == request.args["bag"]:
                self._check_link(bag, app)
                return bag
        return refuse(404, 4201, "bag_not_found", "Bag could not be found.")

    def _check_link(self, bag, app):
        if self.world.settings.violet_unlinked != "refuse":
            return
        merchant = self.world.merchants.get(bag.merchant_id)
        if merchant is not None and app.id in merchant.unlinked:
            refuse(401, 7118, "merchant_not_connected", "Merchant is not connected to the app.")

    def order(self, request, app):
        bags = self._bags(request, app)
        first = bags[0]
        total = sum(bag.total for bag in bags)
        states = {bag.status for bag in bags}
        status = states.pop() if len(states) == 1 else "PROCESSING"
        status = {"ACCEPTED": "PROCESSING", "SUBMITTED": "PROCESSING"}.get(status, status)
        return json_answer(200, {
            "id": first.order_id, "order_id": first.order_id, "app_id": app.id,
            "developer_id": app.id, "status": status, "order_status": status,
            "customer": {"first_name": "Jane", "last_name": "Doe", "name": "Jane Doe",
                         "email": f"order-{first.order_id}@proxy.violet.example"},
            "bags": [self.bag_value(bag) for bag in bags],
            "sub_total": sum(bag.sub_total for bag in bags),
            "shipping_total": sum(bag.shipping for bag in bags),
            "tax_total": sum(bag.tax for bag in bags),
            "discount_total": sum(bag.discount for bag in bags), "total": total,
            "currency": first.currency, "is_guest": True, "priced": True,
            "payment_transactions": [{
                "id": first.order_id + 1000000, "order_id": first.order_id,
                "payment_provider": "STRIPE", "amount": total, "currency": first.currency,
                "capture_status": "CAPTURED", "errors": []}],
            "date_created": date(first.created), "date_last_modified": date(first.created),
            "date_submitted": date(first.created)})

    # Refunds.

    @staticmethod
    def refund_value(refund):
        bag = refund.bag
        value = {
            "id": refund.id, "order_id": bag.order_id, "bag_id": bag.id,
            "merchant_id": bag.merchant_id, "app_id": bag.app_id,
            "transaction_id": bag.order_id + 1000000, "amount": refund.amount,
            "reason": refund.reason, "refund_currency": bag.currency, "status": refund.status,
            "skus": [{"id": refund.id * 100 + at, "refund_id": refund.id, "bag_id": bag.id, **sku}
                     for at, sku in enumerate(refund.skus)],
            "date_created": date(refund.created), "date_last_modified": date(refund.settles_at),
            "errors": []}
        if refund.status == refund.final_status:
            value["errors"] = [{"id": refund.id * 10 + at, "refund_id": refund.id, **error}
                               for at, error in enumerate(refund.errors)]
        if refund.external_id is not None:
            value["external_id"] = refund.external_id
        if refund.shipping is not None:
            value["shipping"] = refund.shipping
        return value

    def _shown_refunds(self, bags):
        return [self.refund_value(refund) for bag in bags for refund in bag.refunds
                if refund.shown]

    def bag_refunds(self, request, app):
        return json_answer(200, self._shown_refunds([self._bag(request, app)]))

    def order_refunds(self, request, app):
        return json_answer(200, self._shown_refunds(self._bags(request, app)))

    def order_refund(self, request, app):
        bags = self._bags(request, app)
        ident = request.args["refund"]
        refund = self.world.violet_refunds.get(int(ident)) if ident.isdigit() else None
        if refund is None or refund.bag not in bags or not refund.shown:
            refuse(404, 4227, "order_refund_not_found", "Order Refund could not be found.")
        return json_answer(200, self.refund_value(refund))

    def refund_bag(self, request, app):
        origin = "channel" if request.headers.get(ACTOR_HEADER) == "channel" else "us"
        entry = ledger.open_post(self.world, request) if origin == "us" else {}
        try:
            bag = self._bag(request, app)
            if origin == "us":
                ledger.judge_post(self.world, entry, bag)
            refund = self._refund(request, bag, origin)
        except (acts.Refusal, Refused) as refusal:
            entry["outcome"] = refusal.status if isinstance(refusal, acts.Refusal) \
                else refusal.answer.status
            raise
        entry.update(outcome=200, refund_id=refund.id)
        return json_answer(200, self.refund_value(refund))

    def _refund(self, request, bag, origin):
        body = self._body(request)
        amount = body.get("amount_refunded")
        amount = bag.total if amount is None else self._amount(amount, "amount_refunded")
        lines = self._refund_lines(bag, body.get("skus"))
        shipping = body.get("shipping") or {"amount": bag.shipping}
        shipping = {"amount": self._amount(shipping.get("amount", bag.shipping), "shipping"),
                    "full_refund": bool(shipping.get("full_refund", False))}
        reason = body.get("reason") or ""
        if not isinstance(reason, str) or len(reason) > 255:
            raise acts.bad_parameter("reason")
        refund = acts.book_refund(self.world, bag, amount,
                                  acts.changed_reason(self.world, bag, reason), origin, lines, shipping)
        if request.query.get("skip_external_refund") != "true":
            pushed = acts.push_refund(self.world, bag, amount)
            if pushed is not None and self.world.settings.violet_external_id:
                refund.external_id = str(pushed.id)
        return refund

    @staticmethod
    def _amount(value, name):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2 ** 31:
            raise acts.bad_parameter(name)
        return value

    def _refund_lines(self, bag, skus):
        if skus is None:
            return None
        lines = []
        for sku in skus:
            line = bag.line(sku.get("order_sku_id"))
            if line is None or bag.forgets_lines:
                raise acts.Refusal(404, 4219, "order_sku_not_found",
                                   f"Order Sku identified by {sku.get('order_sku_id')} could not "
                                   "be found.")
            quantity = sku.get("quantity_refunded")
            lines.append({"order_sku_id": line.id, "external_id": line.external_id,
                          "quantity_refunded": line.quantity if quantity is None else quantity})
        return lines

    # Cancellations.

    def cancellations(self, request, app):
        bags = [bag for bag in self._bags(request, app) if bag.cancellation]
        if not bags:
            return Answer(204)
        return json_answer(200, self._cancellation(bags))

    def _cancellation(self, bags):
        return {"order_id": bags[0].order_id, "app_id": bags[0].app_id, "status": "CANCELED",
                "message": "All external orders were cancelled.",
                "cancelled_bags": [self._cancelled_bag(bag) for bag in bags]}

    def _cancelled_bag(self, bag):
        known = bag.cancellation
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime(known["time"]))
        return {"order_id": bag.order_id, "bag_id": bag.id, "merchant_id": bag.merchant_id,
                "external_order_id": bag.external_id, "status": "CANCELED",
                "originated_by": known["originated_by"], "date_cancelled": when,
                "refund": self.refund_value(known["refund"]) if known["refund"] else None}

    def cancel_bag(self, request, app):
        bag = self._bag(request, app)
        if request.headers.get(ACTOR_HEADER) != "channel":
            ledger.violation(self.world, bag, "cancel_called",
                             "POST .../cancel cancels in BigCommerce again; it is never ours to call")
        acts.channel_cancel(self.world, bag, self._body(request))
        return json_answer(200, self._cancellation([bag]))
