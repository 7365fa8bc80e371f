# SPDX-License-Identifier: Apache-2.0
"""login.bigcommerce.com: the token exchange, the external install and the deep links.

Element ids for browser tests: #store (select), #user (select), #continue; #confirm, #cancel on the
consent page; #result on the last pages."""

import time
from urllib.parse import urlencode

from . import bigcommerce_acts as acts
from .html import esc, page
from .http_server import Answer, html_answer, json_answer, redirect

SCOPE_NAMES = {
    "store_v2_default": "Basic information about your store",
    "store_v2_customers": "Customers: see and change",
    "store_cart": "Carts: see and change",
    "store_checkout": "Checkouts: see and change",
    "store_v2_orders": "Orders: see and change",
    "store_v2_orders_read_only": "Orders: see",
    "store_v2_transactions": "Order transactions: see and change",
    "store_v2_transactions_read_only": "Order transactions: see",
    "store_v2_information": "Information and settings: see and change",
    "store_v2_information_read_only": "Information and settings: see",
    "store_v2_products": "Products: see and change",
    "store_v2_products_read_only": "Products: see",
    "store_v2_marketing": "Marketing: see and change",
    "store_v2_marketing_read_only": "Marketing: see",
}


def consent(world, action, fields, store, cancel):
    """The page that lists the scopes; a POST to `action` is the merchant's Confirm."""
    items = "".join(f"<li>{esc(SCOPE_NAMES.get(scope, scope))} <code>{esc(scope)}</code></li>"
                    for scope in world.settings.app_scopes.split())
    hidden = "".join(f'<input type="hidden" name="{esc(k)}" value="{esc(v)}">'
                     for k, v in fields.items())
    return (f'<section class="card narrow" id="consent"><h1>Install Violet</h1>'
            f"<p>Violet wants to connect to <strong>{esc(store.name)}</strong> and asks for:</p>"
            f'<ul id="scopes">{items}</ul><form method="post" action="{esc(action)}">{hidden}'
            f'<div class="row"><button class="primary" id="confirm">Confirm</button>'
            f'<a class="button" id="cancel" href="{esc(cancel)}">Cancel</a></div></form></section>')


class Login:
    def __init__(self, world):
        self.world = world

    def add_routes(self, routes):
        for method, path, handler in (
                ("POST", "/oauth2/token", self.token),
                ("GET", "/app/{client}/install", self.external),
                ("POST", "/app/{client}/install", self.external_confirmed),
                ("GET", "/app/{client}/install/succeeded", self.succeeded),
                ("GET", "/app/{client}/install/failed", self.failed),
                ("GET", "/deep-links/marketplace/apps/{app}", self.deep_link),
                ("GET", "/deep-links/manage/marketplace/apps/{app}", self.deep_link)):
            routes.add(method, path, handler)

    # Token exchange. Anything but success is {"error": ...}, HTML or a redirect.

    def token(self, request):
        if "application/json" not in request.headers.get("accept", "application/json") \
                and "*/*" not in request.headers.get("accept", ""):
            return json_answer(406, {"error": "Invalid format."})
        if "application/json" not in request.headers.get("content-type", ""):
            return json_answer(401, {"error": "invalid_client"})
        try:
            body = request.json()
        except ValueError:
            return json_answer(400, {"error": "invalid_request"})
        if not isinstance(body, dict) or not body.get("code"):
            return Answer(302, '<html><body>You are being <a href="/login">redirected</a>.</body>'
                               "</html>", "text/html", [("Location", "/login")])
        with self.world.lock:
            return self._exchange(body)

    def _exchange(self, body):
        config = self.world.config
        if body.get("client_id") != config.client_id \
                or body.get("client_secret") != config.client_secret:
            return json_answer(401, {"error": "invalid_client"})
        if body.get("grant_type") != "authorization_code":
            return json_answer(400, {"error": "unsupported_grant_type"})
        if body.get("redirect_uri") != config.redirect_uri:
            return json_answer(400, {"error": "invalid_request", "error_description":
                                     "Parameter redirect_uri does not match registered URI"})
        grant = self.world.codes.pop(body["code"], None)
        if grant is None or grant["until"] < time.time() \
                or body.get("context") != f"stores/{grant['store']}":
            return json_answer(400, {"error": "invalid_grant"})
        if body.get("scope") != grant["scope"]:
            return json_answer(400, {"error": "invalid_scope"})
        return self._grant(grant)

    def _grant(self, grant):
        store = self.world.stores[grant["store"]]
        user = store.users[grant["user"]]
        token = acts.redeem(self.world, store, user, grant["scope"])

        def person(who):
            return {"id": who.id, "username": who.email, "email": who.email}
        return json_answer(200, {
            "access_token": token, "scope": grant["scope"], "user": person(user),
            "owner": person(store.owner), "context": f"stores/{store.hash}",
            "account_uuid": self.world.config.account_uuid})

    # External install: sign in, consent, callback; all in the top window.

    def external(self, request):
        if request.args["client"] != self.world.config.client_id:
            return html_answer(page("Not found", '<section class="card narrow"><h1>There is no such '
                                    "app</h1></section>"), 404)
        if self.world.settings.app_visibility == "draft":
            return html_answer(page("Install", '<section class="card narrow" id="result"><p>This '
                                    "app is not available for installation</p></section>"), 403)
        with self.world.lock:
            store, user = self._who(request.query)
            if user is None:
                problem = "This user does not belong to this store." if store else ""
                return html_answer(self._sign_in("Sign in to install Violet", request.path, problem))
            if not user.may_install:
                return html_answer(page("Install", '<section class="card narrow" id="result"><h1>Ask '
                                        "the store owner</h1><p>You may not install apps."
                                        "</p></section>"), 403)
            return html_answer(page("Install Violet", consent(
                self.world, request.path, {"store": store.hash, "user": user.id}, store,
                request.path + "/failed")))

    def _who(self, form):
        """(store, user) as chosen; None for what isn't."""
        store = self.world.stores.get(form.get("store", ""))
        users = store.users.values() if store else ()
        return store, next((u for u in users if str(u.id) == form.get("user")), None)

    def external_confirmed(self, request):
        with self.world.lock:
            store, user = self._who(request.form())
            if user is None or not user.may_install:
                return redirect(request.path)
            query = acts.grant_code(self.world, store, user, True)
            return redirect(acts.install_url(self.world, query))

    def _sign_in(self, title, action, problem=""):
        stores = "".join(f'<option value="{s.hash}">{esc(s.name)} ({s.hash})</option>'
                         for s in self.world.stores.values())
        users = "".join(f'<option value="{u.id}">{esc(s.name)}: {esc(u.name)} ({u.role})</option>'
                        for s in self.world.stores.values() for u in s.users.values())
        notice = f'<p class="alert bad" id="problem" role="alert">{problem}</p>' if problem else ""
        return page(title, f"""<section class="card narrow"><h1>{esc(title)}</h1>{notice}
<p>The real BigCommerce asks for e-mail and password; here you pick who you are.</p>
<form action="{esc(action)}"><label>Store <select name="store" id="store">{stores}</select></label>
<label>User <select name="user" id="user">{users}</select></label>
<button class="primary" id="continue">Continue</button></form></section>""")

    def succeeded(self, _request):
        return html_answer(page("Installed", '<section class="card narrow" id="result"><h1>Violet is '
                                "installed</h1><p>You can close this window.</p></section>"))

    def failed(self, _request):
        return html_answer(page("Not installed", '<section class="card narrow" id="result"><h1>Violet '
                                "was not installed</h1><p>Nothing was changed. You can close this "
                                "window and try again.</p></section>"))

    def deep_link(self, request):
        """The store isn't known yet: BigCommerce takes it from who is signed in."""
        path = f"/manage/marketplace/apps/{request.args['app']}"
        with self.world.lock:
            store = self.world.stores.get(request.query.get("store", ""))
            if store is None:
                return html_answer(self._sign_in("Sign in to BigCommerce", request.path))
            query = {k: v for k, v in request.query.items() if k == "user"}
            return redirect(self.world.config.panel_url(store.hash, path) +
                            (f"?{urlencode(query)}" if query else ""))
