# SPDX-License-Identifier: Apache-2.0
"""BigCommerce's /v3/hooks: managing webhooks. Any valid token may."""

import time
from urllib.parse import urlsplit

from .bigcommerce_api import v3_error
from .bigcommerce_model import Hook
from .http_server import Answer, Refused, json_answer

PER_SCOPE = 10
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SCOPES = frozenset({
    "store/order/*", "store/order/created", "store/order/updated", "store/order/archived",
    "store/order/statusUpdated", "store/order/message/created", "store/order/refund/created",
    "store/order/transaction/created", "store/order/transaction/updated", "store/app/uninstalled",
    "store/information/updated", "store/product/*", "store/product/created",
    "store/product/updated", "store/product/deleted", "store/cart/*", "store/cart/couponApplied",
    "store/hook/deliveryException"})
EXCEPTION = "store/hook/deliveryException"


def invalid(field, problem):
    return Refused(v3_error(422, "JSON data is missing or invalid", errors={field: problem}))


def destination_problem(destination):
    """Why a destination is refused, or None. Loopback may be plain http and have a port."""
    parts = urlsplit(destination)
    if parts.hostname in LOOPBACK:
        return None if parts.scheme in ("http", "https") else "error.url.scheme"
    if parts.scheme != "https" or not parts.hostname:
        return "must be an https URL"
    if parts.port not in (None, 443):
        return "must be on port 443"
    return None


class HooksApi:
    def __init__(self, world, api):
        self.world = world
        self.api = api

    def add_routes(self, routes):
        base = "/stores/{hash}/v3/hooks"
        for method, path, handler in (
                ("GET", base, self.list), ("POST", base, self.create),
                ("GET", base + "/admin", self.admin), ("PUT", base + "/admin", self.set_admin),
                ("GET", base + "/{hook}", self.get), ("PUT", base + "/{hook}", self.change),
                ("DELETE", base + "/{hook}", self.delete)):
            self.api.add(routes, method, path, None, handler)

    def value(self, store, hook):
        return {"id": hook.id, "client_id": self.world.config.client_id, "store_hash": store.hash,
                "scope": hook.scope, "destination": hook.destination, "headers": hook.headers,
                "is_active": hook.is_active, "created_at": hook.created_at,
                "updated_at": hook.updated_at}

    def _hook(self, request, store):
        ident = request.args["hook"]
        hook = store.hooks.get(int(ident)) if ident.isdigit() else None
        if hook is None:
            raise Refused(v3_error(404, f"Webhook with id [{ident}] not found"))
        return hook

    def list(self, request, store):
        page, limit = self.api.page_of(request, v3_error)
        query = request.query
        rows = [hook for hook in store.hooks.values()
                if query.get("scope") in (None, hook.scope)
                and query.get("destination") in (None, hook.destination)
                and query.get("is_active") in (None, str(hook.is_active).lower())]
        shown = rows[(page - 1) * limit: page * limit]
        pages = (len(rows) + limit - 1) // limit
        return json_answer(200, {
            "data": [self.value(store, hook) for hook in shown],
            "meta": {"pagination": {
                "total": len(rows), "count": len(shown), "per_page": limit, "current_page": page,
                "total_pages": pages, "links": {"current": f"?page={page}&limit={limit}"}}}})

    def get(self, request, store):
        return json_answer(200, {"data": self.value(store, self._hook(request, store)),
                                 "meta": {}})

    def _fields(self, request):
        """The body's known fields, checked one by one."""
        try:
            body = request.json()
        except ValueError:
            raise Refused(v3_error(400, "Input is invalid.")) from None
        if not isinstance(body, dict):
            raise Refused(v3_error(400, "Input is invalid."))
        fields = {k: body[k] for k in ("scope", "destination", "is_active", "headers") if k in body}
        if "scope" in fields and fields["scope"] not in SCOPES:
            raise invalid("scope", "error.scope.unknown")
        if "destination" in fields:
            problem = destination_problem(fields["destination"]) \
                if isinstance(fields["destination"], str) else "error.expected.jsstring"
            if problem:
                raise invalid("destination", problem)
        if not isinstance(fields.get("is_active", True), bool):
            raise invalid("is_active", "error.expected.jsboolean")
        headers = fields.get("headers")
        if headers is not None and not (isinstance(headers, dict) and all(
                isinstance(value, str) for value in headers.values())):
            raise invalid("headers", "error.expected.jsobject")
        return fields

    @staticmethod
    def _check_unique(store, scope, destination, but=None):
        """At most ten of a scope, one of a scope and destination; exceptions go elsewhere."""
        others = [h for h in store.hooks.values() if h is not but]
        same = [h for h in others if h.scope == scope]
        if any(h.destination == destination for h in same):
            raise invalid("destination", "a webhook with this scope and destination exists")
        if len(same) >= PER_SCOPE:
            raise invalid("scope", f"at most {PER_SCOPE} webhooks per scope")
        if scope == EXCEPTION and same:
            raise invalid("scope", "only one webhook of this scope")
        if any(h.destination == destination for h in others if EXCEPTION in (scope, h.scope)):
            raise invalid("destination", "must differ from the delivery-exception destination")

    def create(self, request, store):
        fields = self._fields(request)
        for name in ("scope", "destination"):
            if name not in fields:
                raise invalid(name, "error.path.missing.")
        self._check_unique(store, fields["scope"], fields["destination"])
        store.next_hook += 1
        hook = Hook(store.next_hook, fields["scope"], fields["destination"], fields.get("headers"),
                    fields.get("is_active", True))
        store.hooks[hook.id] = hook
        return json_answer(200, {"data": self.value(store, hook), "meta": {}})

    def change(self, request, store):
        hook = self._hook(request, store)
        fields = self._fields(request)
        if not fields:
            raise Refused(v3_error(400, "Input is invalid."))
        self._check_unique(store, fields.get("scope", hook.scope),
                           fields.get("destination", hook.destination), hook)
        for name, value in fields.items():
            setattr(hook, name, value)
        if hook.is_active:
            hook.deactivated = False
        hook.updated_at = int(time.time())
        return json_answer(200, {"data": self.value(store, hook), "meta": {}})

    def delete(self, request, store):
        hook = store.hooks.pop(self._hook(request, store).id)
        return json_answer(200, {"data": self.value(store, hook), "meta": {}})

    def admin(self, request, store):
        wanted = request.query.get("is_active")
        hooks = [{**self.value(store, hook), "status": "active" if hook.is_active else
                  "deactivated" if hook.deactivated else "inactive"}
                 for hook in store.hooks.values()
                 if wanted in (None, str(hook.is_active).lower())]
        return json_answer(200, {
            "data": {"emails": store.hook_admin_emails, "hooks_list": hooks,
                     "blocked_domains": self.world.webhooks.blocked_domains()},
            "meta": {}})

    def set_admin(self, request, store):
        try:
            emails = request.json()["emails"]
        except (ValueError, KeyError, TypeError):
            raise invalid("emails", "error.path.missing.") from None
        store.hook_admin_emails = list(emails)
        return Answer(204)
