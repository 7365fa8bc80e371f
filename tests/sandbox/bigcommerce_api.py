# SPDX-License-Identifier: Apache-2.0
"""BigCommerce's REST API, /stores/{hash}/v2 and /v3: who may call, rate limits, and the parts about
the store, orders and refunds. Hooks and discounts are in bigcommerce_hooks_api.py and
bigcommerce_marketing.py."""

import datetime
import email.utils
import time

from . import bigcommerce_acts as acts
from . import money
from .bigcommerce_model import LINE_ITEMS, STATUSES
from .http_server import Answer, Refused, json_answer

TYPE = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
ORDERS = {"store_v2_orders", "store_v2_orders_read_only"}
REFUNDS = ORDERS | {"store_v2_transactions", "store_v2_transactions_read_only"}
INFORMATION = {"store_v2_information", "store_v2_information_read_only"}
MARKETING = {"store_v2_marketing", "store_v2_marketing_read_only"}
TITLES = {
    401: "Unauthorized - the v3 Auth client ID or token in the request are not a valid combination "
         "for this store.",
    403: "Unauthorized Access. You do not have permission to make this request.",
    503: "The store is not available.",
}

# How requested_amount is written, by setting.
REQUESTED = {"number": money.v3, "string": lambda amount, currency: str(money.major(amount, currency)),
             "null": lambda amount, currency: None, "missing": None}


def v2_error(status, message):
    return json_answer(status, [{"status": status, "message": message}])


def v3_error(status, title, **more):
    return json_answer(status, {"status": status, "title": title, "type": TYPE, **more})


def rfc2822(when):
    return email.utils.formatdate(int(when), usegmt=False).replace("-0000", "+0000")


def rfc3339(when):
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(when))


def parse_date(text):
    """Unix seconds of an RFC 2822 or ISO 8601 date; ValueError otherwise. A '+' that was sent
    unencoded has become a space, which BigCommerce wouldn't understand either."""
    try:
        stamp = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        try:
            stamp = email.utils.parsedate_to_datetime(text)
        except (TypeError, IndexError):
            raise ValueError(f"{text!r} is no date") from None
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=datetime.timezone.utc)
    return stamp.timestamp()


class BigcommerceApi:
    """Routes call handler(request, store) under the lock; see add()."""

    def __init__(self, world):
        self.world = world

    def add_routes(self, routes):
        v2, v3 = "/stores/{hash}/v2", "/stores/{hash}/v3"
        one = v3 + "/orders/{order}/payment_actions/refunds"
        everywhere = v3 + "/orders/payment_actions/refunds"
        for method, path, scopes, handler in (
                ("GET", v2 + "/store", INFORMATION, self.store),
                ("GET", v2 + "/time", INFORMATION, self.time),
                ("GET", v2 + "/orders", ORDERS, self.orders),
                ("GET", v2 + "/orders/{order}", ORDERS, self.order),
                ("PUT", v2 + "/orders/{order}", {"store_v2_orders"}, self.change_order),
                ("GET", v2 + "/orders/{order}/products", ORDERS, self.products),
                ("GET", v2 + "/orders/{order}/shipping_addresses", ORDERS, self.addresses),
                ("GET", one, REFUNDS, self.refunds_of_order),
                ("POST", one, {"store_v2_orders", "store_v2_transactions"}, self.make_refund),
                ("GET", everywhere, REFUNDS, self.refunds),
                ("GET", everywhere + "/{refund}", REFUNDS, self.refund)):
            self.add(routes, method, path, scopes, handler)

    # Who may call.

    def add(self, routes, method, path, scopes, handler):
        """Register a route that checks token, quota and scope (None: any token will do)."""
        old = "/v2/" in path

        def guarded(request):
            with self.world.lock:
                store = self.world.stores.get(request.args["hash"])
                error = self._error(request, store, scopes, old)
                if error is not None:
                    return error
                try:
                    answer = handler(request, store)
                except Refused as refusal:
                    answer = refusal.answer
                answer.headers.extend(self._limits(store))
                return answer
        routes.add(method, path, guarded)

    def _error(self, request, store, scopes, old):
        settings = self.world.settings
        if store is None or not store.token or request.headers.get("x-auth-token") != store.token:
            return self._fail(401, old)
        if store.hash in settings.suspended_stores:
            return self._fail(503, old)
        if self._over_quota(store):
            answer = self._fail(429, old)
            wait = int(dict(self._limits(store))["X-Rate-Limit-Time-Reset-Ms"]) // 1000 + 1
            answer.headers.extend([*self._limits(store), ("X-Retry-After", str(wait))])
            return answer
        if store.hash in settings.forbidden_stores or \
                (scopes is not None and not scopes & store.token_scopes):
            return self._fail(403, old)
        if old and "application/json" not in request.headers.get("accept", ""):
            return Answer(406, "<?xml version=\"1.0\"?><errors/>", "application/xml")
        return None

    @staticmethod
    def _fail(status, old):
        title = TITLES.get(status, "Too many requests")
        return v2_error(status, title) if old else v3_error(status, title)

    def _over_quota(self, store):
        quota, now = store.quota, time.time()
        if now - quota.began >= self.world.settings.quota_window_ms / 1000:
            quota.began, quota.used = now, 0
        quota.used += 1
        return quota.used + self.world.settings.quota_others > self.world.settings.quota

    def _limits(self, store):
        settings = self.world.settings
        left = max(0, settings.quota - settings.quota_others - store.quota.used)
        reset = max(0, int(settings.quota_window_ms - (time.time() - store.quota.began) * 1000))
        return [("X-Rate-Limit-Time-Window-Ms", str(settings.quota_window_ms)),
                ("X-Rate-Limit-Time-Reset-Ms", str(reset)),
                ("X-Rate-Limit-Requests-Quota", str(settings.quota)),
                ("X-Rate-Limit-Requests-Left", str(left))]

    def page_of(self, request, refuse):
        """(page, limit) of a list request."""
        try:
            page = int(request.query.get("page", 1))
            limit = int(request.query.get("limit", 50))
        except ValueError:
            raise Refused(refuse(400, "page and limit are numbers")) from None
        if page < 1 or limit < 1:
            raise Refused(refuse(400, "page and limit begin at 1"))
        if limit > self.world.settings.max_page:
            raise Refused(refuse(413, f"limit is at most {self.world.settings.max_page}"))
        return page, limit

    # The store.

    def store(self, request, store):
        exponent = money.exponent(store.currency)
        return json_answer(200, {
            "id": store.hash, "store_id": store.number,
            "account_uuid": f"00000000-0000-4000-8000-{store.number:012d}",
            "domain": store.domain, "secure_url": f"https://{store.domain}",
            "control_panel_base_url": self.world.config.panel_url(store.hash),
            "status": "live", "name": store.name, "first_name": "Olivia", "last_name": "Owner",
            "address": "1 Market Street", "country": store.country, "country_code": store.country,
            "infrastructure_region": "us-central1", "phone": "", "favicon_url": "",
            "admin_email": store.owner.email, "order_email": f"orders@{store.domain}",
            "timezone": {"name": "UTC", "raw_offset": 0, "dst_offset": 0, "dst_correction": False,
                         "date_format": {"display": "M jS Y", "export": "M jS Y",
                                         "extended_display": "M jS Y @ g:i A"}},
            "language": "en", "currency": store.currency,
            "currency_symbol": money.SYMBOLS.get(store.currency, store.currency),
            "decimal_separator": ".", "thousands_separator": ",", "decimal_places": exponent,
            "currency_symbol_location": "left", "weight_units": "Ounces",
            "dimension_units": "Inches", "dimension_decimal_places": 2,
            "dimension_decimal_token": ".", "dimension_thousands_token": ",",
            "plan_name": "Plus", "plan_level": "Plus", "plan_is_trial": False, "industry": "Other",
            "logo": [], "is_price_entered_with_tax": False, "default_channel_id": 1,
            "default_site_id": 1000, "active_comparison_modules": [],
            "features": {"stencil_enabled": True, "multi_storefront_enabled": True}})

    def time(self, _request, _store):
        return json_answer(200, {"time": int(time.time())})

    # Orders.

    def _order(self, request, store):
        ident = request.args["order"]
        order = store.orders.get(int(ident)) if ident.isdigit() else None
        if order is None:
            raise Refused(v2_error(404, "The requested resource was not found."))
        return order

    def order_value(self, store, order):
        cash, base = order.currency, f"/orders/{order.id}"
        status = order.shown_status(self.world.settings.stale_status)
        tax = order.tax
        subtotal = sum(line.full for line in order.lines)
        wrapping = sum(line.wrapping for line in order.lines)
        subtotal_tax = sum(line.tax for line in order.lines)

        def text(amount):
            return money.v2(amount, cash)

        def link(name):
            url = f"{self.world.config.bigcommerce_url}/stores/{store.hash}/v2{base}/{name}"
            return {"url": url, "resource": f"{base}/{name}"}
        zero = text(0)
        return {
            "id": order.id, "customer_id": 0, "date_created": rfc2822(order.created),
            "date_modified": rfc2822(order.modified), "date_shipped": "", "status_id": status,
            "status": STATUSES[status], "custom_status": STATUSES[status],
            "subtotal_ex_tax": text(subtotal - subtotal_tax), "subtotal_inc_tax": text(subtotal),
            "subtotal_tax": text(subtotal_tax), "base_shipping_cost": text(order.shipping),
            "shipping_cost_ex_tax": text(order.shipping - order.shipping_tax),
            "shipping_cost_inc_tax": text(order.shipping),
            "shipping_cost_tax": text(order.shipping_tax), "base_handling_cost": zero,
            "handling_cost_ex_tax": zero, "handling_cost_inc_tax": zero, "handling_cost_tax": zero,
            "base_wrapping_cost": text(wrapping), "wrapping_cost_ex_tax": text(wrapping),
            "wrapping_cost_inc_tax": text(wrapping), "wrapping_cost_tax": zero,
            "total_ex_tax": text(order.total - tax), "total_inc_tax": text(order.total),
            "total_tax": text(tax), "is_tax_inclusive_pricing": False,
            "items_total": sum(line.quantity for line in order.lines), "items_shipped": 0,
            "payment_method": order.payment_method, "payment_provider_id": "",
            "payment_status": "captured", "refunded_amount": zero, "order_is_digital": False,
            "store_credit_amount": zero, "gift_certificate_amount": zero, "ip_address": "",
            "geoip_country": "", "geoip_country_iso2": "", "currency_id": 1,
            "currency_code": order.display_currency, "currency_exchange_rate": "1.0000000000",
            "default_currency_id": 1, "default_currency_code": cash, "staff_notes": "",
            "customer_message": "", "discount_amount": text(order.all_discounts),
            "coupon_discount": zero, "shipping_address_count": 1, "ebay_order_id": "0",
            "cart_id": f"00000000-0000-4000-8000-{order.id:012d}",
            "billing_address": {
                "first_name": "Jane", "last_name": "Doe", "company": "",
                "street_1": "555 East Street", "street_2": "", "city": "Austin", "state": "Texas",
                "zip": "78108", "country": "United States", "country_iso2": "US",
                "phone": "", "email": order.email, "form_fields": []},
            "is_email_opt_in": False, "credit_card_type": None, "order_source": order.source,
            "channel_id": order.channel_id, "external_source": order.external_source,
            "products": link("products"), "shipping_addresses": link("shippingaddresses"),
            "coupons": link("coupons"), "external_id": None, "external_merchant_id": None,
            "external_order_id": "", "tax_provider_id": "BasicTaxProvider",
            "store_default_currency_code": store.currency,
            "store_default_to_transactional_exchange_rate": "1.0000000000",
            "customer_locale": "en", "is_deleted": order.archived}

    def order(self, request, store):
        return json_answer(200, self.order_value(store, self._order(request, store)))

    def change_order(self, request, store):
        order = self._order(request, store)
        try:
            body = request.json()
        except ValueError:
            return v2_error(400, "The request body is no JSON.")
        if "status_id" in body:
            if body["status_id"] not in STATUSES:
                return v2_error(400, "The field 'status_id' is invalid.")
            acts.set_status(self.world, store, order, body["status_id"], "app")
        return json_answer(200, self.order_value(store, order))

    def orders(self, request, store):
        """The list, by whichever index fits the filters, so that it needs no full scan."""
        page, limit = self.page_of(request, v2_error)
        query = request.query
        try:
            rows = self._candidates(store, query)
            rows = [order for order in rows if self._fits(order, query)]
            key, _, direction = query.get("sort", "id:asc").partition(":")
            rows.sort(key={"id": lambda o: o.id, "date_created": lambda o: (int(o.created), o.id),
                           "date_modified": lambda o: (int(o.modified), o.id),
                           "status_id": lambda o: (o.status_id, o.id),
                           "channel_id": lambda o: (o.channel_id, o.id)}[key],
                      reverse=direction == "desc")
        except (ValueError, KeyError) as error:
            return v2_error(400, f"A filter is invalid: {error}")
        rows = rows[(page - 1) * limit: page * limit]
        if not rows:
            return Answer(204)
        return json_answer(200, [self.order_value(store, order) for order in rows])

    @staticmethod
    def _candidates(store, query):
        def bounds(name):
            return [parse_date(query[f"{end}_{name}"]) if f"{end}_{name}" in query else None
                    for end in ("min", "max")]
        if "min_date_modified" in query or "max_date_modified" in query:
            idents = store.by_modified.between(*bounds("date_modified"))
        elif "min_date_created" in query or "max_date_created" in query:
            idents = store.by_created.between(*bounds("date_created"))
        else:
            idents = store.orders
        return [store.orders[ident] for ident in idents]

    @staticmethod
    def _fits(order, query):
        tests = (("min_id", lambda v: order.id >= int(v)), ("max_id", lambda v: order.id <= int(v)),
                 ("status_id", lambda v: order.status_id == int(v)),
                 ("customer_id", lambda v: int(v) == 0), ("email", lambda v: order.email == v),
                 ("channel_id", lambda v: order.channel_id == int(v)),
                 ("payment_method", lambda v: order.payment_method == v),
                 ("external_order_id", lambda v: v == ""))
        return not order.archived and all(test(query[name]) for name, test in tests
                                          if name in query)

    def products(self, request, store):
        order = self._order(request, store)
        page, limit = self.page_of(request, v2_error)
        rows = order.lines[(page - 1) * limit: page * limit]
        if not rows:
            return Answer(204)
        return json_answer(200, [self._product(order, line) for line in rows])

    @staticmethod
    def _product(order, line):
        def text(amount):
            return money.v2(amount, order.currency)
        bare = line.price * line.quantity
        unit_tax = line.tax // line.quantity
        zero = text(0)
        return {
            "id": line.id, "order_id": order.id, "product_id": line.product_id,
            "variant_id": line.variant_id or 0, "order_address_id": order.address_id,
            "name": line.name, "name_customer": line.name, "name_merchant": line.name,
            "sku": line.sku, "upc": "", "type": "physical", "base_price": text(line.price),
            "price_ex_tax": text(line.price), "price_inc_tax": text(line.price + unit_tax),
            "price_tax": text(unit_tax), "base_total": text(bare), "total_ex_tax": text(bare),
            "total_inc_tax": text(line.full), "total_tax": text(line.tax), "weight": "1.0000",
            "quantity": line.quantity, "is_refunded": line.refunded >= line.quantity,
            "quantity_refunded": line.refunded, "refund_amount": zero, "return_id": 0,
            "wrapping_id": int(line.wrapping > 0), "wrapping_name": "Paper" if line.wrapping else "",
            "base_wrapping_cost": text(line.wrapping), "wrapping_cost_ex_tax": text(line.wrapping),
            "wrapping_cost_inc_tax": text(line.wrapping), "wrapping_cost_tax": zero,
            "quantity_shipped": 0, "parent_order_product_id": None, "is_bundled_product": False,
            "external_id": None, "brand": "", "product_options": [], "applied_discounts": [
                {"id": "manual-discount", "amount": text(line.discount), "name": "Manual Discount",
                 "code": None, "target": "product"}] if line.discount else [],
            "configurable_fields": [], "gift_certificate_id": None,
            "discounted_total_inc_tax": text(line.total)}

    def addresses(self, request, store):
        order = self._order(request, store)
        return json_answer(200, [{
            "id": order.address_id, "order_id": order.id, "first_name": "Jane", "last_name": "Doe",
            "street_1": "555 East Street", "city": "Austin", "zip": "78108", "state": "Texas",
            "country": "United States", "country_iso2": "US", "email": order.email,
            "items_total": sum(line.quantity for line in order.lines), "items_shipped": 0,
            "base_cost": money.v2(order.shipping, order.currency),
            "cost_ex_tax": money.v2(order.shipping - order.shipping_tax, order.currency),
            "cost_inc_tax": money.v2(order.shipping, order.currency),
            "cost_tax": money.v2(order.shipping_tax, order.currency)}])

    # Refunds.

    def _visible(self, refund):
        settings = self.world.settings
        return refund.id not in settings.hidden_refunds and (
            not settings.stale_refunds or refund.created <= time.time() - settings.stale_refunds)

    def refund_value(self, store, refund):
        cash = store.orders[refund.order_id].currency
        amount = REQUESTED[self.world.settings.refund_amounts]
        return {
            "id": refund.id, "order_id": refund.order_id, "user_id": refund.user_id,
            "created": rfc3339(refund.created), "reason": refund.reason,
            "total_amount": amount(refund.total, cash), "total_tax": amount(refund.tax, cash),
            "uses_merchant_override_values": refund.is_overridden,
            "items": [self._item_value(item, cash) for item in refund.items],
            "payments": [{
                "id": p["id"], "provider_id": p["provider_id"],
                "amount": amount(p["amount"], cash), "offline": p["offline"],
                "is_declined": p["is_declined"], "declined_message": p["declined_message"]}
                for p in refund.payments]}

    def _item_value(self, item, cash):
        write, asked = REQUESTED[self.world.settings.refund_requested], item["requested_amount"]
        value = {name: item[name] for name in item if name != "requested_amount"}
        if write is not None:
            value["requested_amount"] = None if asked is None else write(asked, cash)
        return value

    def refunds_of_order(self, request, store):
        ident = request.args["order"]
        order = store.orders.get(int(ident)) if ident.isdigit() else None
        if order is None:
            return v3_error(404, f"Order {ident} not found")
        return self._refund_page(request, store, [r for r in order.refunds if self._visible(r)])

    def _refund_page(self, request, store, refunds):
        page, limit = self.page_of(request, v3_error)
        shown = refunds[(page - 1) * limit: page * limit]
        return json_answer(200, {"data": [self.refund_value(store, r) for r in shown], "meta": {}})

    def refund(self, request, store):
        ident = request.args["refund"]
        refund = store.refunds.get(int(ident)) if ident.isdigit() else None
        if refund is None or not self._visible(refund):
            return v3_error(404, f"Refund {ident} not found")
        return json_answer(200, {"data": self.refund_value(store, refund), "meta": {}})

    def refunds(self, request, store):
        query = request.query
        try:
            low, high = (parse_date(query[f"created:{end}"]) if f"created:{end}" in query else None
                         for end in ("min", "max"))
            orders, idents = ({int(i) for i in query[name].split(",")} if name in query else None
                              for name in ("order_id:in", "id:in"))
        except ValueError as error:
            return v3_error(422, "A filter is invalid", errors={"filter": str(error)})
        rows = sorted(store.refunds_by_created.between(low, high)) if low or high \
            else store.refunds
        found = [store.refunds[i] for i in rows if (idents is None or i in idents)
                 and (orders is None or store.refunds[i].order_id in orders)
                 and self._visible(store.refunds[i])]
        return self._refund_page(request, store, found)

    def make_refund(self, request, store):
        ident = request.args["order"]
        order = store.orders.get(int(ident)) if ident.isdigit() else None
        if order is None:
            return v3_error(404, f"Order {ident} not found")
        try:
            body = request.json()
            wanted = [self._wanted(item, order) for item in self._either(body, "items")]
            payments = [{**p, "amount": money.from_number(p["amount"], order.currency)}
                        for p in self._either(body, "payments")]
            override = body.get("merchant_calculated_override", {}).get("total_amount")
            refund = acts.refund_order(
                self.world, store, order, wanted, payments, 0, "app", body.get("reason", ""),
                money.from_number(body.get("tax_adjustment_amount", 0), order.currency),
                None if override is None else money.from_number(override, order.currency))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return json_answer(422, {"data": [{"status": 422, "title": str(error), "type": TYPE}]})
        return json_answer(201, {"data": self.refund_value(store, refund), "meta": {}})

    @staticmethod
    def _either(body, name):
        """Items and payments are required, but for an adjustment of the tax."""
        return body.get(name, []) if "tax_adjustment_amount" in body else body[name]

    @staticmethod
    def _wanted(item, order):
        want = {"item_type": item["item_type"], "item_id": item["item_id"],
                "reason": item.get("reason", "")}
        if item["item_type"] in LINE_ITEMS:
            want["quantity"] = int(item["quantity"])
        else:
            want["amount"] = money.from_number(item["amount"], order.currency)
        return want
