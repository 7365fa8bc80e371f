# SPDX-License-Identifier: Apache-2.0
"""BigCommerce's control panel, served on store-{hash}.localhost, and the home page for newcomers.

Element ids that browser tests may rely on:
  everywhere    #user (select) and #switch-user; #notice (what was just done), #problem (what went
                wrong); side links #nav-dashboard #nav-orders #nav-coupons #nav-promotions #nav-apps
                #nav-violet
  app page      #app-state (not installed, installed, needs approval), #install, #open, #uninstall,
                #remove-user-{user id}
  consent       #consent, #scopes, #confirm, #cancel
  frame page    #app-frame (the iframe)
  orders        #place-order form: #channel, #product, #quantity, #place; #orders (table),
                #order-{id} (link)
  order         #status, #total, #refunded; #refund-form: #refund-qty-{line id}, #refund-shipping,
                #refund-amount, #refund-payment, #refund-reason, #refund-submit; #cancel-order;
                #status-form: #new-status, #set-status; #archive-order; #refunds, #history (tables);
                #violet-box: #violet-paid, #violet-owed, #violet-verdict
  discounts     #coupons, #promotions (tables)
  home page     #stores (table), #panel-{hash} (link)"""

from urllib.parse import quote, urlencode

from . import bigcommerce_acts as acts
from .bigcommerce_login import consent
from .bigcommerce_panel_orders import OrderPages
from .html import esc, page, table, top_bar
from .http_server import html_answer, redirect
from .world import STORE_HOST

COOKIE = "panel_user"
LINKS = (("dashboard", "Home", "/manage"), (None, "Sell", ""), ("orders", "Orders", "/manage/orders"),
         (None, "Marketing", ""), ("coupons", "Coupon codes", "/manage/marketing/coupons"),
         ("promotions", "Promotions", "/manage/marketing/promotions"), (None, "Apps", ""))


class Panel:
    def __init__(self, world):
        self.world = world
        self.orders = OrderPages(world, self)

    def add_home(self, routes):
        routes.add("GET", "/", self.home)

    def add_routes(self, routes):
        for method, path, handler in (
                ("GET", "/", self.to_dashboard), ("GET", "/manage", self.dashboard),
                ("GET", "/manage/dashboard", self.dashboard), ("GET", "/admin", self.to_dashboard),
                ("POST", "/manage/user", self.switch_user),
                ("GET", "/manage/marketplace/apps/my-apps", self.to_app_page),
                ("GET", "/manage/marketplace/apps/{app}", self.app_page),
                ("GET", "/manage/app/{app}", self.open_app),
                ("POST", "/manage/app/{app}", self.confirmed),
                ("POST", "/manage/app/{app}/uninstall", self.uninstall),
                ("POST", "/manage/app/{app}/remove-user", self.remove_user),
                *self.orders.routes()):
            routes.add(method, path, self.guard(handler))

    def guard(self, handler):
        """Find store and user, and call handler(request, store, user) under the lock."""
        def guarded(request):
            with self.world.lock:
                store = self.world.stores.get(STORE_HOST.match(request.host).group(1))
                if store is None:
                    return html_answer(page("No such store", '<section class="card narrow"><h1>There '
                                            "is no store at this address</h1></section>"), 404)
                return handler(request, store, self.user_of(request, store))
        return guarded

    @staticmethod
    def user_of(request, store):
        wanted = request.query.get("user") or request.cookie(COOKIE)
        return next((u for u in store.users.values() if wanted == str(u.id)), store.owner)

    # Layout.

    def layout(self, request, store, user, title, body, active="", kind=""):
        """A panel page: top bar with the user switcher, side links, content."""
        users = "".join(f'<option value="{u.id}"{" selected" if u is user else ""}>{esc(u.name)} '
                        f"({u.role})</option>" for u in store.users.values())
        switch = (f'<form method="post" action="/manage/user" class="row" style="margin:0">'
                  f'<input type="hidden" name="back" value="{esc(request.path)}">'
                  f'<label class="inline" for="user">Signed in as</label>'
                  f'<select name="user" id="user">{users}</select>'
                  '<button id="switch-user">Switch</button></form>')
        links = [*LINKS, ("apps", "My apps", "/manage/marketplace/apps/my-apps"),
                 ("violet", "Violet", f"/manage/app/{self.world.config.app_id}")]
        side = "".join(
            f'<div class="group">{label}</div>' if name is None else
            f'<a id="nav-{name}" href="{url}"{" aria-current=page" if name == active else ""}>'
            f"{label}</a>" for name, label, url in links)
        text = f'<div class="shell"><nav class="side" aria-label="Panel">{side}</nav>' \
               f'<main class="{kind}">{self._notices(request)}{body}</main></div>'
        return html_answer(page(f"{title} - {store.name}", text,
                                top_bar(store.name, "/manage", switch)),
                           headers=[("Set-Cookie", f"{COOKIE}={user.id}; Path=/; SameSite=Lax")])

    @staticmethod
    def _notices(request):
        text = ""
        if request.query.get("notice"):
            text += f'<p class="alert" id="notice" role="status">{esc(request.query["notice"])}</p>'
        if request.query.get("problem"):
            text += f'<p class="alert bad" id="problem" role="alert">' \
                    f'{esc(request.query["problem"])}</p>'
        return text

    @staticmethod
    def back(path, notice=None, problem=None):
        query = {k: v for k, v in (("notice", notice), ("problem", problem)) if v}
        return redirect(path + (f"?{urlencode(query)}" if query else ""))

    # Home page on localhost, for newcomers.

    def home(self, _request):
        config = self.world.config
        with self.world.lock:
            rows = [[f'<a id="panel-{s.hash}" href="{esc(config.panel_url(s.hash, "/manage"))}">'
                     f"{esc(s.name)}</a>", f"<code>{s.hash}</code>", s.currency,
                     self._state_tag(s),
                     f'<a href="{esc(config.panel_url(s.hash, "/manage/orders"))}">'
                     f"{len(s.orders)}</a>",
                     f'<code>{esc(config.panel_url(s.hash, "/manage/dashboard"))}</code>']
                    for s in self.world.stores.values()]
        heads = ["Store", "Hash", "Currency", "Violet app", "#Orders", "Admin address to paste"]
        body = f"""<main style="margin:0 auto"><section class="card"><h1>Stores</h1>
{table(heads, rows, "stores")}</section>
<section class="card"><h1>What can be tried</h1><ol>
<li>Begin as a merchant at a channel: <a href="{esc(config.violet_url)}/">the channels</a>. Press
Connect, choose BigCommerce, paste a store's admin address from the table above, install, confirm,
and come back.</li>
<li>Or install straight from the store: open a store, then <em>My apps</em>.</li>
<li>Place a Violet order under <em>Orders</em>, refund or cancel it, and watch the shopper's refund
arrive at <a href="{esc(config.violet_url)}/">Violet</a>.</li>
<li>Look at <em>Coupon codes</em> and <em>Promotions</em>, and at what the Violet app says about
them.</li>
<li>Switch the user at the top of a store: the owner may do everything, the manager may install
apps, the staff member may only open them.</li></ol>
<p>For tests there is a <a href="/_sandbox/state">control API</a>:
tests/sandbox/README.md describes it.</p></section></main>"""
        return html_answer(page("BigCommerce (simulated)", body,
                                top_bar("BigCommerce (simulated)", "/", "")))

    def _state_tag(self, store):
        if not store.installed:
            return '<span class="tag">not installed</span>'
        if acts.due_again(self.world, store):
            return '<span class="tag warn">needs approval</span>'
        return '<span class="tag good">installed</span>'

    # Pages.

    def to_dashboard(self, _request, _store, _user):
        return redirect("/manage")

    def to_app_page(self, _request, _store, _user):
        return redirect(f"/manage/marketplace/apps/{self.world.config.app_id}")

    def switch_user(self, request, _store, _user):
        form = request.form()
        back = form.get("back", "/manage")
        return redirect(back if back.startswith("/manage") else "/manage", headers=[
            ("Set-Cookie", f"{COOKIE}={quote(form.get('user', ''))}; Path=/; SameSite=Lax")])

    def dashboard(self, request, store, user):
        violet = sum(order.bag is not None for order in store.orders.values())
        body = f"""<section class="card"><h1>Good day, {esc(user.name.split()[0])}</h1>
<dl><dt>Store</dt><dd>{esc(store.name)}</dd><dt>Store hash</dt><dd><code>{store.hash}</code></dd>
<dt>Currency</dt><dd>{store.currency}</dd>
<dt>Orders</dt><dd>{len(store.orders)}, of these {violet} through Violet</dd>
<dt>Violet app</dt><dd id="app-state">{self._state_tag(store)}</dd></dl>
<div class="row"><a class="button" href="/manage/orders">View orders</a>
<a class="button" href="/manage/marketplace/apps/my-apps">My apps</a></div></section>"""
        return self.layout(request, store, user, "Home", body, "dashboard")

    # The app.

    def _not_ours(self, request, store, user):
        if request.args["app"] == str(self.world.config.app_id):
            return None
        return self.layout(request, store, user, "App", '<section class="card"><h1>App not found</h1>'
                           "</section>", "apps")

    def app_page(self, request, store, user):
        other = self._not_ours(request, store, user)
        if other is not None:
            return other
        app = f"/manage/app/{self.world.config.app_id}"
        install = f'<a class="button primary" id="install" href="{app}">Install</a>'
        if not user.may_install:
            install = "<p>Ask the store owner to install this app for you.</p>"
        actions = install
        if store.installed:
            actions = f'<a class="button primary" id="open" href="{app}">Open</a>'
            if user.may_install:
                actions += (f'<form method="post" action="{app}/uninstall">'
                            '<button class="danger" id="uninstall">Uninstall</button></form>')
        body = f"""<section class="card"><h1>Violet</h1><p id="app-state">{self._state_tag(store)}</p>
<p>Sell your products through apps and publishers that use Violet. Orders appear in BigCommerce as
usual; refund and cancel them here, and Violet pays the shopper back.</p>
<div class="row">{actions}</div></section>{self._users(store, user, app)}"""
        return self.layout(request, store, user, "Violet", body, "apps")

    @staticmethod
    def _users(store, user, app):
        if not store.installed or user.role != "owner":
            return ""
        rows = [[esc(u.name), u.role, "owner" if u is user else "removed" if u.removed else
                 f'<form method="post" action="{app}/remove-user"><input type="hidden" name="user" '
                 f'value="{u.id}"><button id="remove-user-{u.id}">Take the app away</button></form>']
                for u in store.users.values()]
        return f'<section class="card"><h1>Users</h1>{table(["Name", "Role", "Access"], rows)}' \
               "</section>"

    def open_app(self, request, store, user):
        """The consent page when it is due, else the frame with /load (or /install after Confirm)."""
        other = self._not_ours(request, store, user)
        if other is not None:
            return other
        code = request.query.get("code", "")
        if code in self.world.codes:
            grant = self.world.codes[code]
            source = acts.install_url(self.world, {
                "account_uuid": self.world.config.account_uuid, "code": code,
                "context": f"stores/{store.hash}", "scope": grant["scope"]})
            return self._frame(request, store, user, source)
        if acts.due_again(self.world, store) and (user.may_install or not store.installed):
            return self._consent(request, store, user)
        if user.removed:
            return self.layout(request, store, user, "Violet", '<section class="card"><p id="problem">'
                               "The store owner took this app away from you.</p></section>", "violet")
        path = request.query.get("path", "/")
        return self._frame(request, store, user, acts.callback_url(self.world, store, user, "load",
                                                                   url=path))

    def _consent(self, request, store, user):
        if not user.may_install:
            return self.layout(request, store, user, "Violet", '<section class="card"><h1>Violet is not '
                               'installed</h1><p id="problem">Ask the store owner to install it.</p>'
                               "</section>", "violet")
        back = f"/manage/marketplace/apps/{self.world.config.app_id}"
        return self.layout(request, store, user, "Install Violet", consent(
            self.world, request.path, {}, store, back), "violet")

    def _frame(self, request, store, user, source):
        sandbox = self.world.settings.frame_sandbox
        rule = "" if sandbox is None else f' sandbox="{esc(sandbox)}"'
        body = f'<h1>Violet</h1><iframe id="app-frame" title="Violet"{rule} src="{esc(source)}">' \
               "</iframe>"
        return self.layout(request, store, user, "Violet", body, "violet", "frame")

    def confirmed(self, request, store, user):
        """Confirm: make a code and open the frame with it. A reload then opens the app itself."""
        if not user.may_install:
            return self.back("/manage", problem="Only the owner and authorised users may install.")
        query = acts.grant_code(self.world, store, user)
        return redirect(f"{request.path}?code={quote(query['code'])}")

    def uninstall(self, _request, store, user):
        if not user.may_install:
            return self.back("/manage", problem="Only the owner and authorised users may do that.")
        acts.uninstall(store)
        self.world.background(acts.call_app, self.world, store, user, "uninstall")
        return self.back(f"/manage/marketplace/apps/{self.world.config.app_id}",
                         notice="Violet was uninstalled.")

    def remove_user(self, request, store, user):
        path = f"/manage/marketplace/apps/{self.world.config.app_id}"
        wanted = request.form().get("user")
        removed = next((u for u in store.users.values() if str(u.id) == wanted), None)
        if user.role != "owner" or removed is None or removed is user:
            return self.back(path, problem="Only the owner may do that.")
        removed.removed = True
        self.world.background(acts.call_app, self.world, store, removed, "remove_user")
        return self.back(path, notice=f"{removed.name} can't open Violet any more.")
