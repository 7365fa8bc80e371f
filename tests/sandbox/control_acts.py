# SPDX-License-Identifier: Apache-2.0
"""The control API's second half: acting as merchant, as BigCommerce, as Violet and its channels."""

import time

from . import bigcommerce_acts as bc
from . import money
from . import violet_acts as violet
from .bigcommerce_hooks import DIRECT
from .bigcommerce_hooks_api import destination_problem
from .bigcommerce_model import LINE_ITEMS, Hook
from .control_base import ControlBase, wrong

ORDER = "stores/{hash}/orders/{order}"


class ControlActs(ControlBase):
    CALLS = (
        ("POST", ORDER + "/refund", "refund", True),
        ("POST", ORDER + "/status", "status", True),
        ("POST", ORDER + "/archive", "archive", True),
        ("POST", "stores/{hash}/refunds/{refund}/decline", "decline", True),
        ("POST", "stores/{hash}/install", "install", False),
        ("POST", "stores/{hash}/uninstall", "uninstall", False),
        ("POST", "stores/{hash}/remove_user", "remove_user", False),
        ("GET", "stores/{hash}/load_url", "load_url", True),
        ("POST", "stores/{hash}/jwt", "jwt", True),
        ("POST", "violet/refund", "violet_refund", True),
        ("POST", "violet/cancel", "violet_cancel", True),
        ("POST", "violet/bags", "make_bag", True),
        ("GET", "violet/bags/{bag}", "bag", True),
        ("POST", "violet/bags/{bag}", "change_bag", True),
        ("POST", "violet/merchants", "merchants", True),
        ("POST", "violet/expire_tokens", "expire_tokens", True),
        ("POST", "webhook", "webhook", True),
        ("POST", "hooks/{act}", "hooks", True),
        ("GET", "deliveries", "deliveries", True))

    # The merchant's acts.

    def refund(self, request):
        store, order = self._order(request)
        body = self._body(request)
        actor = body.get("actor", "merchant")
        user_id = body.get("user_id", store.owner.id if actor == "merchant" else 0)
        override = body.get("override")
        refund = bc.refund_order(
            self.world, store, order, self._wanted(order, body), body.get("payments"), user_id, actor,
            body.get("reason", ""), money.minor(body.get("tax", 0), order.currency),
            None if override is None else money.minor(override, order.currency), float(body.get("age", 0)))
        return {"refund_id": refund.id, "total": refund.total, "status_id": order.status_id}

    @staticmethod
    def _wanted(order, body):
        """amount, items, tax alone or (none of them) all that is left."""
        if "amount" in body:
            return [{"item_type": "ORDER", "item_id": order.id,
                     "amount": money.minor(body["amount"], order.currency)}]
        if "items" not in body:
            return [] if "tax" in body else bc.everything(order)
        wanted = []
        for item in body["items"]:
            kind = item.get("item_type", "PRODUCT")
            want = {"item_type": kind, "reason": item.get("reason", "")}
            if kind in LINE_ITEMS:
                line = order.lines[item["line"]] if "line" in item else order.line(item["item_id"])
                want.update(item_id=line.id, quantity=item.get("quantity", 1))
            else:
                want.update(item_id=order.address_id if kind == "SHIPPING" else order.id,
                            amount=money.minor(item["amount"], order.currency))
            wanted.append(want)
        return wanted

    def status(self, request):
        store, order = self._order(request)
        body = self._body(request)
        bc.set_status(self.world, store, order, body["status_id"], body.get("actor", "merchant"))
        return self._order_value(store, order)

    def archive(self, request):
        store, order = self._order(request)
        bc.archive(self.world, store, order)
        return self._order_value(store, order)

    def decline(self, request):
        refund = self._store(request).refunds[int(request.args["refund"])]
        bc.decline_payment(refund, int(self._body(request).get("payment", 0)))
        return {"payments": refund.payments}

    # Installing, opening, uninstalling.

    def install(self, request):
        """A fresh code and the callback's URL; {"deliver": true} calls it, {"redeem": true} takes
        the token at once, as if the app had exchanged the code."""
        body = self._body(request)
        with self.world.lock:
            store = self._store(request)
            user = self._user(store, body.get("user"))
            if body.get("redeem"):
                token = bc.redeem(self.world, store, user, self.world.settings.app_scopes)
                return {"token": token, "scopes": store.scope_text}
            query = bc.grant_code(self.world, store, user, bool(body.get("external")))
            query.update(body.get("query", {}))
            url = bc.install_url(self.world, query)
        answer = {"url": url, "query": query}
        if body.get("deliver"):
            answer["status"], answer["error"], answer["body"] = bc.fetch(url)
        return answer

    def uninstall(self, request):
        """{"callback": false} leaves out the call to the app, "keep": true the uninstalling."""
        body = self._body(request)
        with self.world.lock:
            store = self._store(request)
            user = self._user(store, body.get("user"))
            if not body.get("keep"):
                bc.uninstall(store)
        if body.get("callback", True):
            return bc.call_app(self.world, store, user, "uninstall")
        return {}

    def remove_user(self, request):
        body = self._body(request)
        with self.world.lock:
            store = self._store(request)
            user = self._user(store, body.get("user"), "staff")
            user.removed = True
        return bc.call_app(self.world, store, user, "remove_user")

    def load_url(self, request):
        store = self._store(request)
        user = self._user(store, request.query.get("user"))
        return {"url": bc.callback_url(self.world, store, user, "load",
                                       url=request.query.get("url", "/"))}

    def jwt(self, request):
        """A signed_payload_jwt with any claims: {"user", "issued", "claims": {...}}."""
        body = self._body(request)
        store = self._store(request)
        user = self._user(store, body.get("user"))
        return {"jwt": bc.payload_jwt(self.world, store, user, issued=body.get("issued"),
                                      **body.get("claims", {}))}

    # Violet and its channels.

    def violet_refund(self, request):
        body = self._body(request)
        pushed, refund = violet.channel_refund(self.world, self._bag_of(body), body)
        return {"violet_refund_id": refund.id if refund else None,
                "bigcommerce_refund_id": pushed.id if pushed else None}

    def violet_cancel(self, request):
        body = self._body(request)
        bag = self._bag_of(body)
        violet.channel_cancel(self.world, bag, body)
        return self._bag_value(bag)

    def make_bag(self, request):
        """A second bag for an order that has one: {store, order, app_id, ...overrides}."""
        body = self._body(request)
        store = self.world.stores[body["store"]]
        order = store.orders[int(body["order"])]
        bag = violet.make_bag(self.world, store, int(body["app_id"]), order, body)
        if order.bag is None:
            order.bag = bag
        return self._bag_value(bag)

    def bag(self, request):
        return self._bag_value(self._bag(request.args["bag"]))

    def change_bag(self, request):
        bag = self._bag(request.args["bag"])
        violet.change_bag(self.world, bag, self._body(request))
        return self._bag_value(bag)

    def merchants(self, request):
        """{"store", "app_id" (all), "visible": true|false} or {"store", "new": true}."""
        body = self._body(request)
        store = self.world.stores[body["store"]]
        if body.get("new"):
            merchant = violet.make_merchant(self.world, store)
        else:
            merchant = self.world.merchants[body["merchant_id"]] if "merchant_id" in body \
                else violet.merchant_of(self.world, store.hash)
        for app_id in [body["app_id"]] if "app_id" in body else list(self.world.apps):
            if body.get("visible", True):
                merchant.visible[app_id] = time.time() + float(body.get("delay", 0))
                merchant.unlinked.pop(app_id, None)
            else:
                merchant.visible.pop(app_id, None)
        return {"id": merchant.id, "visible": merchant.visible}

    def expire_tokens(self, request):
        """Every token dies; with {"refresh": true} the refresh tokens too."""
        for app in self.world.apps.values():
            app.tokens = dict.fromkeys(app.tokens, 0.0)
            if self._body(request).get("refresh"):
                app.refresh_tokens.clear()
        return {}

    # Webhooks.

    def webhook(self, request):
        """Send any webhook. {store, scope, data}: to the hooks that listen, if there are any, else
        to `destination` with `headers`. {"raw": text} replaces the body."""
        body = self._body(request)
        store = self.world.stores[body["store"]]
        scope = body.get("scope", "store/order/updated")
        hooks = [h for h in store.hooks.values() if h.is_active and h.hears(scope)]
        if "destination" in body:
            problem = destination_problem(body["destination"])
            if problem:
                raise ValueError(problem)
            hooks = [Hook(DIRECT, scope, body["destination"], body.get("headers"), True)]
        raw = body["raw"].encode() if "raw" in body else None
        sent = [self.world.webhooks.post(
            store, hook, scope, raw if raw is not None else
            self.world.webhooks.payload(store, scope, body.get("data", {})))
            for hook in hooks for _ in range(int(body.get("count", 1)))]
        return {"deliveries": [d.id for d in sent]}

    def hooks(self, request):
        """disable, enable or delete hooks {store, scope?}; block a domain {host, seconds}."""
        act, body = request.args["act"], self._body(request)
        if act == "block":
            self.world.webhooks.block(body.get("host", "localhost"),
                                      float(body.get("seconds", 180)))
            return {}
        if act not in ("disable", "enable", "delete"):
            raise wrong(f"hooks/{act}: there are disable, enable, delete, block", 404)
        store = self.world.stores[body["store"]]
        chosen = [h for h in store.hooks.values() if body.get("scope") in (None, h.scope)]
        for hook in chosen:
            if act == "delete":
                del store.hooks[hook.id]
            else:
                hook.is_active = act == "enable"
                hook.deactivated = act == "disable"
        return {"hooks": [h.id for h in chosen]}

    def deliveries(self, request):
        query = request.query
        rows = [d for d in self.world.webhooks.log
                if query.get("store") in (None, d.store.hash)
                and query.get("scope") in (None, d.scope)
                and query.get("state") in (None, d.state)]
        shown = rows[-int(query.get("limit", 1000)):]
        return {"count": len(rows), "deliveries": [d.describe() for d in shown],
                "idle": self.world.webhooks.idle()}
