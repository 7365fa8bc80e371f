# SPDX-License-Identifier: Apache-2.0
"""What the two halves of the control API share: registering calls, and finding what a call names."""

from . import bigcommerce_acts as bc
from . import violet_acts as violet
from .http_server import Refused, json_answer


def wrong(text, status=400):
    return Refused(json_answer(status, {"error": text}))


class ControlBase:
    """CALLS: (method, path below /_sandbox/, name of the handler, does it run under the lock?)."""

    CALLS = ()

    def __init__(self, world):
        self.world = world

    def add_routes(self, routes):
        for method, path, name, locked in self.CALLS:
            routes.add(method, "/_sandbox/" + path, self._guard(getattr(self, name), locked))

    def _guard(self, handler, locked):
        """Loopback only; a handler's ValueError or KeyError becomes a clear 400."""
        def guarded(request):
            if not request.peer.startswith("127.") and request.peer != "::1":
                return json_answer(403, {"error": "the control API answers loopback only"})
            try:
                if not locked:
                    return json_answer(200, handler(request))
                with self.world.lock:
                    return json_answer(200, handler(request))
            except violet.Refusal as refusal:
                return json_answer(409, refusal.body)
            except bc.Impossible as error:
                return json_answer(409, {"error": str(error)})
            except KeyError as error:
                return json_answer(400, {"error": f"missing or unknown: {error}"})
            except (ValueError, TypeError) as error:
                return json_answer(400, {"error": str(error)})
        return guarded

    # Small helpers.

    @staticmethod
    def _body(request):
        if not request.body.strip():
            return {}
        body = request.json()
        if not isinstance(body, dict):
            raise ValueError("the body is a JSON object")
        return body

    def _store(self, request):
        store = self.world.stores.get(request.args["hash"])
        if store is None:
            raise wrong(f"no store {request.args['hash']!r}", 404)
        return store

    def _order(self, request):
        store = self._store(request)
        order = store.orders.get(int(request.args["order"]))
        if order is None:
            raise wrong(f"store {store.hash} has no order {request.args['order']}", 404)
        return store, order

    @staticmethod
    def _user(store, wanted, default="owner"):
        """A user by id or role."""
        wanted = default if wanted is None else wanted
        for user in store.users.values():
            if wanted in (user.id, str(user.id), user.role):
                return user
        raise ValueError(f"store {store.hash} has no user {wanted!r}")

    def _bag(self, ident):
        bag = self.world.bags.get(int(ident))
        if bag is None:
            raise wrong(f"no bag {ident}", 404)
        return bag

    def _bag_of(self, body):
        """The bag that a body names: {bag_id}, {order_id} or {store, order}."""
        if "bag_id" in body:
            return self._bag(body["bag_id"])
        if "order_id" in body:
            return self.world.orders[int(body["order_id"])][0]
        order = self.world.stores[body["store"]].orders[int(body["order"])]
        if order.bag is None:
            raise ValueError(f"order {order.id} is not a Violet order")
        return order.bag

    # What a call answers.

    def _order_value(self, store, order):
        value = {
            "store": store.hash, "id": order.id, "status_id": order.status_id,
            "currency": order.currency, "total": order.total, "tax": order.tax,
            "shipping": order.shipping, "refunded": order.refunded, "archived": order.archived,
            "address_id": order.address_id, "external_source": order.external_source,
            "lines": [{"id": line.id, "sku": line.sku, "variant": line.variant_id,
                       "quantity": line.quantity, "price": line.price, "tax": line.tax,
                       "total": line.total, "wrapping": line.wrapping,
                       "refunded": line.refunded} for line in order.lines],
            "refunds": [{"id": r.id, "total": r.total, "user_id": r.user_id, "actor": r.actor}
                        for r in order.refunds]}
        if order.bag is not None:
            value.update(self._bag_value(order.bag))
        return value

    @staticmethod
    def _bag_value(bag):
        return {
            "bag_id": bag.id, "order_id": bag.order_id, "app_id": bag.app_id,
            "merchant_id": bag.merchant_id, "bag_status": bag.status, "bag_total": bag.total,
            "bag_currency": bag.currency, "external_id": bag.external_id, "paid": bag.paid,
            "order_sku_ids": [line.id for line in bag.lines],
            "violet_refunds": [{"id": r.id, "amount": r.amount, "status": r.status,
                                "reason": r.reason, "origin": r.origin} for r in bag.refunds]}
