# SPDX-License-Identifier: Apache-2.0
"""Violet's own pages: a home page, and for each app a demo channel that sends merchants to Violet
Connect and shows what came back.

Element ids for browser tests: on /demo-channel/{slug}/start #connect (link); on /demo-channel/{slug}
#outcome (connected, failed or waiting), #merchant-id, #state, #error, #again."""

import secrets
import time
from urllib.parse import quote

from .html import esc, page, table, top_bar
from .http_server import html_answer, redirect
from . import money


class Channel:
    def __init__(self, world):
        self.world = world

    def add_routes(self, routes):
        routes.add("GET", "/", self.home)
        routes.add("GET", "/demo-channel/{slug}", self.arrived)
        routes.add("GET", "/demo-channel/{slug}/start", self.start)
        routes.add("GET", "/demo-channel/{slug}/connect", self.connect)

    def _app(self, request):
        for app in self.world.apps.values():
            if app.slug == request.args["slug"]:
                return app
        return None

    @staticmethod
    def _missing():
        return html_answer(page("Not found", '<section class="card narrow"><h1>No such channel</h1>'
                                '<p><a href="/">All channels</a></p></section>'), 404)

    def _page(self, title, body):
        return html_answer(page(title, f'<main style="margin:0 auto">{body}</main>',
                                top_bar("Violet (simulated)", "/", "")))

    def home(self, _request):
        with self.world.lock:
            apps = [[esc(app.name), f"<code>{app.id}</code>",
                     f'<a href="/demo-channel/{esc(app.slug)}/start">start as a merchant</a>',
                     f'<a href="/demo-channel/{esc(app.slug)}">what came back</a>']
                    for app in self.world.apps.values()]
            rows = [self._refund_row(r) for r in reversed(list(
                self.world.violet_refunds.values())[-50:])]
        other = self.world.config.bigcommerce_url
        empty = "" if rows else '<p class="soft">None yet.</p>'
        return self._page("Violet (simulated)", f"""
<section class="card"><h1>Channels</h1>{table(["Channel", "App", "", ""], apps, "channels")}</section>
<section class="card"><h1>Refunds to shoppers</h1>{empty}
{table(["Refund", "Store", "Order", "#Amount", "Status", "By", "Reason"], rows, "refunds")}</section>
<p><a href="{esc(other)}/">The stores at BigCommerce (simulated)</a> ·
<a href="/_sandbox/ledger">ledger as JSON</a></p>""")

    @staticmethod
    def _refund_row(refund):
        bag = refund.bag
        who = {"us": "our connection", "channel": "channel", "violet": "Violet"}[refund.origin]
        return [refund.id, esc(bag.store_hash), esc(bag.external_id),
                money.shown(refund.amount, bag.currency), esc(refund.status), who,
                f"<code>{esc(refund.reason)}</code>"]

    def start(self, request):
        """The page of the channel where a merchant begins."""
        app = self._app(request)
        if app is None:
            return self._missing()
        return self._page(app.name, f"""<section class="card narrow"><h1>{esc(app.name)}</h1>
<p>Sell your products on {esc(app.name)}. Connect your store once, and your catalogue appears here.</p>
<div class="row"><a class="button primary" id="connect" href="/demo-channel/{esc(app.slug)}/connect">
Connect your store</a></div></section>""")

    def connect(self, request):
        """Send the merchant to Violet Connect with a fresh state. Violet knows from here on that
        merchants who had been unlinked may come back to this channel."""
        app = self._app(request)
        if app is None:
            return self._missing()
        with self.world.lock:
            for merchant in self.world.merchants.values():
                if merchant.unlinked.pop(app.id, None) is not None:
                    merchant.visible[app.id] = time.time() + (
                        self.world.settings.merchant_delay or 0)
        state = request.query.get("state") or secrets.token_urlsafe(12)
        return redirect(f"{self.world.config.app_url}/connect/{quote(app.slug)}?state={quote(state)}")

    def arrived(self, request):
        """The channel's redirect URL."""
        app = self._app(request)
        if app is None:
            return self._missing()
        query = request.query
        if query:
            with self.world.lock:
                app.arrivals.append({"time": time.time(), **query})
        merchant, error = query.get("merchant_id"), query.get("error")
        outcome, text = ("failed", "The store was not connected.") if error else \
            ("connected", "Your store is connected. Welcome!") if merchant else \
            ("waiting", "No merchant has come back in this window yet.")
        tag = {"failed": "bad", "connected": "good", "waiting": ""}[outcome]
        rows = "".join(f'<dt>{esc(label)}</dt><dd id="{ident}">{esc(query.get(name, "-"))}</dd>'
                       for label, ident, name in (("Merchant", "merchant-id", "merchant_id"),
                                                  ("State", "state", "state"),
                                                  ("Error", "error", "error")))
        return self._page(app.name, f"""<section class="card narrow"><h1>{esc(app.name)}</h1>
<p><span class="tag {tag}" id="outcome">{outcome}</span> {text}</p><dl>{rows}</dl>
<div class="row"><a class="button" id="again" href="/demo-channel/{esc(app.slug)}/start">
Back to the start</a></div></section>""")
