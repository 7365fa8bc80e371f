# SPDX-License-Identifier: Apache-2.0
"""The control API, /_sandbox/..., on both ports, for loopback callers only: what tests use to set the
scene, to act as merchant, channel and BigCommerce, to break things, and to read what happened.
README.md describes each call."""

import re

from . import bigcommerce_acts as bc
from . import ledger, seed
from . import violet_acts as violet
from .control_base import ControlBase, wrong
from .faults import BadRule
from .settings import SETTINGS

HASH = re.compile(r"[a-z0-9]{1,32}")


class Control(ControlBase):
    CALLS = (
        ("GET", "state", "state", True),
        ("POST", "reset", "reset", False),
        ("GET", "settings", "settings", True),
        ("POST", "settings", "change_settings", True),
        ("GET", "faults", "faults", True),
        ("POST", "faults", "add_fault", True),
        ("DELETE", "faults", "clear_faults", True),
        ("DELETE", "faults/{id}", "clear_faults", True),
        ("POST", "stores", "make_store", True),
        ("GET", "stores/{hash}", "store", True),
        ("POST", "stores/{hash}", "change_store", True),
        ("POST", "apps", "make_app", True),
        ("POST", "orders", "make_order", True),
        ("GET", "stores/{hash}/orders/{order}", "order", True),
        ("GET", "requests", "requests", True),
        ("GET", "ledger", "ledger", True))

    def __init__(self, world, seed_name):
        super().__init__(world)
        self.seed_name = seed_name

    # The whole.

    def state(self, _request):
        world = self.world
        return {
            "config": {"app_url": world.config.app_url, "app_id": world.config.app_id,
                       "client_id": world.config.client_id,
                       "bigcommerce": world.config.bigcommerce_url,
                       "violet": world.config.violet_url},
            "stores": {s.hash: self._store_value(s) for s in world.stores.values()},
            "apps": {a.id: {"name": a.name, "slug": a.slug, "secret": a.secret,
                            "email": a.email, "password": a.password, "arrivals": a.arrivals,
                            "redirect_url": f"{world.config.violet_url}/demo-channel/{a.slug}"}
                     for a in world.apps.values()},
            "merchants": [{"id": m.id, "store": m.store_hash, "visible": m.visible,
                           "unlinked": m.unlinked} for m in world.merchants.values()],
            "callbacks": world.calls_back, "faults": world.faults.describe(),
            "webhooks_idle": world.webhooks.idle()}

    def _store_value(self, store):
        merchant = violet.merchant_of(self.world, store.hash)
        return {
            "name": store.name, "currency": store.currency, "store_id": store.number,
            "installed": store.installed, "token": store.token, "scopes": store.scope_text,
            "merchant_id": merchant.id if merchant else None, "orders": len(store.orders),
            "refunds": len(store.refunds), "panel": self.world.config.panel_url(store.hash),
            "users": [{"id": u.id, "role": u.role, "email": u.email, "removed": u.removed}
                      for u in store.users.values()],
            "hooks": [{"id": h.id, "scope": h.scope, "destination": h.destination,
                       "headers": h.headers, "is_active": h.is_active}
                      for h in store.hooks.values()]}

    def store(self, request):
        return self._store_value(self._store(request))

    def reset(self, request):
        """Back to the beginning; {"seed": "empty"} chooses the other one."""
        what = self._body(request).get("seed", self.seed_name)
        with self.world.lock:
            self.world.reset()
            seed.fill(self.world, what)
        return {"seed": what}

    def settings(self, _request):
        return {"settings": self.world.settings.describe(),
                "meanings": {name: text for name, (_default, text) in SETTINGS.items()}}

    def change_settings(self, request):
        values = self._body(request)
        self.world.settings.change(values)
        if "seed" in values:
            self.world.random.seed(values["seed"])
        return self.world.settings.describe()

    # Faults.

    def faults(self, _request):
        return {"faults": self.world.faults.describe()}

    def add_fault(self, request):
        body = self._body(request)
        try:
            rules = body["rules"] if "rules" in body else [body]
            return {"ids": [self.world.faults.add(rule) for rule in rules]}
        except BadRule as error:
            raise wrong(str(error)) from None

    def clear_faults(self, request):
        ident = request.args.get("id")
        self.world.faults.clear(int(ident) if ident else None)
        return {}

    # Making things.

    def make_store(self, request):
        body = self._body(request)
        store_hash = body["hash"]
        if not isinstance(store_hash, str) or not HASH.fullmatch(store_hash):
            raise ValueError("a store hash is [a-z0-9]{1,32}")
        if store_hash in self.world.stores:
            raise wrong(f"store {store_hash} exists", 409)
        store = bc.make_store(self.world, store_hash, body.get("name", f"Store {store_hash}"),
                              body.get("currency", "USD"))
        if body.get("furnish", True):
            seed.furnish(store)
        for name in ("coupons", "promotions"):
            setattr(store, name, body.get(name, getattr(store, name)))
        if body.get("merchant", True):
            violet.make_merchant(self.world, store)
        if body.get("installed"):
            bc.redeem(self.world, store, store.owner, self.world.settings.app_scopes)
        return self._store_value(store)

    def change_store(self, request):
        """Settings of the store changed: {name, domain, currency}; the webhook goes out."""
        store, body = self._store(request), self._body(request)
        for name in ("name", "domain", "currency"):
            setattr(store, name, body.get(name, getattr(store, name)))
        self.world.webhooks.emit(store, "store/information/updated", {"type": "store"})
        return self._store_value(store)

    def make_app(self, request):
        body = self._body(request)
        app = violet.make_app(self.world, int(body["id"]), body.get("name", f"App {body['id']}"),
                              body.get("slug", f"app-{body['id']}"))
        for name in ("secret", "email", "password"):
            setattr(app, name, body.get(name, getattr(app, name)))
        return {"id": app.id, "slug": app.slug, "secret": app.secret, "email": app.email,
                "password": app.password}

    def make_order(self, request):
        body = self._body(request)
        store = self.world.stores[body["store"]]
        count = int(body.get("count", 1))
        made = [self._make_one(store, body) for _ in range(count)]
        return made[0] if count == 1 else {"orders": made}

    def _make_one(self, store, body):
        spec = {**body, "lines": [self._line(store, line) for line in body.get(
            "lines", [{"sku": store.products[0]["sku"]}] if store.products else ())]}
        if body.get("app_id") is None:
            return self._order_value(store, bc.place_order(self.world, store, spec))
        order, _bag = violet.place_order(self.world, store, int(body["app_id"]), spec)
        return self._order_value(store, order)

    @staticmethod
    def _line(store, line):
        """A line by SKU takes what it doesn't say from the store's product."""
        product = next((p for p in store.products if p["sku"] == line.get("sku")), {})
        return {**product, **line}

    def order(self, request):
        return self._order_value(*self._order(request))

    # What happened.

    def requests(self, request):
        query = request.query
        pattern = re.compile(query.get("path", ""))
        since = float(query.get("since", 0))
        rows = [dict(zip(("time", "side", "method", "path", "query", "status", "ms", "fault",
                          "host"), row))
                for row in list(self.world.requests)
                if query.get("side") in (None, row[1]) and query.get("method") in (None, row[2])
                and pattern.search(row[3]) and row[0] >= since
                and (query.get("control") == "1" or not row[3].startswith("/_sandbox/"))]
        return {"count": len(rows), "requests": rows[-int(query.get("limit", 1000)):]}

    def ledger(self, request):
        return ledger.report(self.world, request.query)
