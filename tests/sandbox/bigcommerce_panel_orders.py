# SPDX-License-Identifier: Apache-2.0
"""The control panel's orders and discounts. Element ids: see bigcommerce_panel.py."""

import time

from . import bigcommerce_acts as acts
from . import ledger, money
from . import violet_acts as violet
from .bigcommerce_model import CANCELLED, STATUSES
from .html import esc, table

PER_PAGE = 30


def date(text):
    return f'<span class="date">{esc(text)}</span>'


def when(stamp):
    return date(time.strftime("%d %b %Y %H:%M", time.gmtime(stamp)))


def status_tag(status_id):
    kind = {4: "warn", 14: "warn", 5: "bad", 6: "bad", 10: "good", 2: "good"}.get(status_id, "")
    return f'<span class="tag {kind}">{STATUSES[status_id]}</span>'


class OrderPages:
    def __init__(self, world, panel):
        self.world = world
        self.panel = panel

    def routes(self):
        one = "/manage/orders/{order}"
        return (("GET", "/manage/orders", self.list), ("POST", "/manage/orders", self.place),
                ("GET", one, self.show), ("POST", one + "/refund", self.refund),
                ("POST", one + "/cancel", self.cancel), ("POST", one + "/status", self.status),
                ("POST", one + "/archive", self.archive),
                ("GET", "/manage/marketing/coupons", self.coupons),
                ("GET", "/manage/marketing/promotions", self.promotions))

    # The list.

    def list(self, request, store, user):
        wanted = request.query.get("before", "")
        before = int(wanted) if wanted.isdigit() else 10 ** 9
        shown = [store.orders[i] for i in sorted(store.orders, reverse=True)
                 if i < before and not store.orders[i].archived][:PER_PAGE]
        rows = [[f'<a id="order-{o.id}" href="/manage/orders/{o.id}">{o.id}</a>', when(o.created),
                 esc(o.payment_method), status_tag(o.status_id),
                 money.shown(o.total, o.currency),
                 money.shown(o.refunded, o.currency) if o.refunds else ""] for o in shown]
        more = f'<p><a id="older" href="?before={shown[-1].id}">Older orders</a></p>' \
            if len(shown) == PER_PAGE else ""
        heads = ["Order", "Placed (UTC)", "Payment", "Status", "#Total", "#Refunded"]
        body = f'<section class="card"><h1>Orders</h1>{table(heads, rows, "orders")}{more}</section>' \
               f"{self._place_form(store)}"
        return self.panel.layout(request, store, user, "Orders", body, "orders")

    def _place_form(self, store):
        channels = "".join(f'<option value="{a.id}">{esc(a.name)}</option>'
                           for a in self.world.apps.values())
        products = "".join(f'<option value="{at}">{esc(p["name"])}, '
                           f'{money.shown(p["price"], store.currency)}</option>'
                           for at, p in enumerate(store.products))
        return f"""<section class="card"><h1>Place a Violet order</h1>
<p class="soft">Plays a shopper who buys through a channel.</p>
<form method="post" id="place-order" class="row">
<label class="inline">Channel <select name="channel" id="channel">{channels}
<option value="">none: this shop's own website</option></select></label>
<label class="inline">Product <select name="product" id="product">{products}</select></label>
<label class="inline">Quantity <input class="small" type="number" min="1" max="99" value="2"
name="quantity" id="quantity"></label>
<button class="primary" id="place">Place order</button></form></section>"""

    def place(self, request, store, _user):
        form = request.form()
        try:
            order = self._place(store, form)
        except (ValueError, LookupError):
            return self.panel.back("/manage/orders", problem="Choose a channel, a product and how "
                                                             "many.")
        return self.panel.back(f"/manage/orders/{order.id}", notice=f"Order {order.id} placed.")

    def _place(self, store, form):
        product = store.products[int(form["product"])]
        quantity = max(1, min(99, int(form["quantity"])))
        spec = {"shipping": 600 if store.currency == "JPY" else 800, "lines": [
            {**product, "qty": quantity, "tax": product["price"] * quantity * 8 // 100}]}
        if not form.get("channel"):
            return acts.place_order(self.world, store, spec)
        order, _bag = violet.place_order(self.world, store, int(form["channel"]), spec)
        return order

    # One order.

    def _find(self, request, store):
        ident = request.args["order"]
        return store.orders.get(int(ident)) if ident.isdigit() else None

    def show(self, request, store, user):
        order = self._find(request, store)
        if order is None:
            return self.panel.layout(request, store, user, "Order", '<section class="card"><h1>There is '
                                     "no such order</h1></section>", "orders")
        body = f"""<section class="card"><h1>Order {order.id}</h1><dl>
<dt>Status</dt><dd id="status">{status_tag(order.status_id)}</dd>
<dt>Placed (UTC)</dt><dd>{when(order.created)}</dd>
<dt>Payment</dt><dd>{esc(order.payment_method)}</dd></dl>{self._lines(order)}</section>
{self._refund_form(order)}{self._acts(order)}{self._violet_box(order)}
{self._records(order)}"""
        return self.panel.layout(request, store, user, f"Order {order.id}", body, "orders")

    @staticmethod
    def _lines(order):
        def text(amount):
            return money.shown(amount, order.currency)
        rows = [[f"{esc(line.name)} <code>{esc(line.sku)}</code>", line.quantity,
                 text(line.price), text(line.tax), text(line.total), line.refunded or ""]
                for line in order.lines]
        rows.append(["Shipping", "", "", "", text(order.shipping),
                     text(order.shipping_refunded) if order.shipping_refunded else ""])
        wrapping = sum(line.wrapping for line in order.lines)
        if wrapping:
            rows.append(["Gift wrapping", "", "", "", text(wrapping), ""])
        if order.discount:
            rows.append(["Discount", "", "", "", text(-order.discount), ""])
        rows.append(["<strong>Total</strong>", "", "", "",
                     f'<strong id="total">{text(order.total)}</strong>',
                     f'<span id="refunded">{text(order.refunded)}</span>'])
        heads = ["Item", "#Quantity", "#Price", "#Tax", "#Total", "#Refunded"]
        return table(heads, rows)

    @staticmethod
    def _refund_form(order):
        left = order.total - order.refunded
        if left <= 0:
            return ""
        lines = "".join(
            f'<label>{esc(line.name)} <input class="small" type="number" min="0" '
            f'max="{line.quantity - line.refunded}" name="qty_{line.id}" id="refund-qty-{line.id}" '
            f'value="0"> of {line.quantity - line.refunded}</label>'
            for line in order.lines if line.quantity > line.refunded)
        return f"""<section class="card"><h1>Refund</h1>
<p class="soft">Up to {money.shown(left, order.currency)}. Choose items, or enter an amount, or
both.</p><form method="post" action="/manage/orders/{order.id}/refund" id="refund-form">{lines}
<label>Shipping <input class="small" name="shipping" id="refund-shipping" placeholder="0"></label>
<label>Other amount <input class="small" name="amount" id="refund-amount" placeholder="0"></label>
<label>Refund to <select name="payment" id="refund-payment">
<option value="offline">{esc(order.payment_method)} (offline)</option>
<option value="storecredit">Store credit</option></select></label>
<p class="alert">This payment method can't be refunded from here: the refund is recorded as
<strong>offline</strong>, and you return the money outside BigCommerce. For a Violet order, Violet
does that for you.</p>
<label>Reason <input name="reason" id="refund-reason" maxlength="1000" size="40"></label>
<div class="row"><button class="primary" id="refund-submit">Refund</button></div></form></section>"""

    @staticmethod
    def _acts(order):
        choices = "".join(f'<option value="{i}"{" selected" if i == order.status_id else ""}>{name}'
                          "</option>" for i, name in STATUSES.items())
        base = f"/manage/orders/{order.id}"
        return f"""<section class="card"><h1>Change</h1><div class="row">
<form method="post" action="{base}/cancel"><button class="danger" id="cancel-order"
{"disabled" if order.status_id == CANCELLED else ""}>Cancel order</button></form>
<form method="post" action="{base}/status" id="status-form"><label class="inline">Status
<select name="status_id" id="new-status">{choices}</select></label>
<button id="set-status">Set</button></form>
<form method="post" action="{base}/archive"><button id="archive-order">Archive</button></form>
</div></section>"""

    def _violet_box(self, order):
        """What only the sandbox can show: the other side of the order."""
        if order.bag is None:
            return ""
        row = ledger.account(self.world, order.bag)
        refunds = table(["Refund", "#Amount", "Status", "By", "Reason"],
                        [[r["id"], money.shown(r["amount"], row["currency"]), r["status"],
                          r["origin"], f'<code>{esc(r["reason"])}</code>'] for r in row["refunds"]])
        kind = {"even": "good", "underpaid": "warn"}.get(row["verdict"], "bad")
        return f"""<section class="card" id="violet-box"><h1>At Violet</h1>
<p class="soft">A look behind the scenes; the real panel doesn't have it.</p><dl>
<dt>Bag</dt><dd>{row["bag_id"]} of order {row["order_id"]}, {row["bag_status"]}</dd>
<dt>Owed to the shopper</dt><dd id="violet-owed">{money.shown(row["owed"], row["currency"])}</dd>
<dt>Paid by our connection</dt><dd id="violet-paid">{money.shown(row["paid_by_us"],
                                                                 row["currency"])}</dd>
<dt>Books</dt><dd><span class="tag {kind}" id="violet-verdict">{row["verdict"]}</span>
{esc("; ".join(row["review"]))}</dd></dl>{refunds if row["refunds"] else ""}</section>"""

    @staticmethod
    def _records(order):
        refunds = [[r.id, when(r.created), money.shown(r.total, order.currency),
                    ", ".join(f'{esc(p["provider_id"])}{" (offline)" if p["offline"] else ""}'
                              for p in r.payments), esc(r.reason)] for r in order.refunds]
        heads = ["Refund", "Made (UTC)", "#Amount", "To", "Reason"]
        first = f'<section class="card"><h1>Refunds</h1>{table(heads, refunds, "refunds")}</section>' \
            if refunds else ""
        rows = [[when(stamp), esc(text)] for stamp, text in reversed(order.history)]
        return f'{first}<section class="card"><h1>History</h1>' \
               f'{table(["When (UTC)", "What"], rows, "history")}</section>'

    # What the merchant does to it.

    def _act(self, request, store, do):
        """Run one act; what BigCommerce refuses becomes the problem line."""
        order = self._find(request, store)
        if order is None:
            return self.panel.back("/manage/orders", problem="There is no such order.")
        try:
            notice = do(order, request.form())
        except (acts.Impossible, ValueError, ArithmeticError) as error:
            return self.panel.back(f"/manage/orders/{order.id}", problem=str(error) or
                                   "That is no amount.")
        return self.panel.back(f"/manage/orders/{order.id}", notice=notice)

    def refund(self, request, store, user):
        def do(order, form):
            wanted = self._wanted(order, form)
            if not wanted:
                raise acts.Impossible("Choose at least one item or enter an amount.")
            payments = None
            if form.get("payment") == "storecredit":
                payments = [{"kind": "storecredit", "amount": acts.sum_of(order, wanted)}]
            refund = acts.refund_order(self.world, store, order, wanted, payments, user.id,
                                       "merchant", form.get("reason", ""))
            return f"Refunded {money.shown(refund.total, order.currency)}."
        return self._act(request, store, do)

    @staticmethod
    def _wanted(order, form):
        wanted = []
        for line in order.lines:
            quantity = int(form.get(f"qty_{line.id}") or 0)
            if quantity:
                wanted.append({"item_type": "PRODUCT", "item_id": line.id, "quantity": quantity})
        for field, kind, ident in (("shipping", "SHIPPING", order.address_id),
                                   ("amount", "ORDER", order.id)):
            amount = money.minor(form.get(field) or "0", order.currency)
            if amount:
                wanted.append({"item_type": kind, "item_id": ident, "amount": amount})
        return wanted

    def cancel(self, request, store, _user):
        def do(order, _form):
            acts.set_status(self.world, store, order, CANCELLED, "merchant")
            return "The order is cancelled."
        return self._act(request, store, do)

    def status(self, request, store, _user):
        def do(order, form):
            acts.set_status(self.world, store, order, int(form.get("status_id") or -1), "merchant")
            return f"The order is now {STATUSES[order.status_id]}."
        return self._act(request, store, do)

    def archive(self, request, store, _user):
        def do(order, _form):
            acts.archive(self.world, store, order)
            return "The order is archived."
        return self._act(request, store, do)

    # Discounts.

    def coupons(self, request, store, user):
        rows = [[esc(c["name"]), f'<code>{esc(c["code"])}</code>', esc(c["type"]), c["amount"],
                 date(c["expires"][:16] or "never"), f'{c["num_uses"]} of {c["max_uses"] or "any"}',
                 '<span class="tag good">on</span>' if c["enabled"] else
                 '<span class="tag">off</span>'] for c in store.coupons]
        heads = ["Name", "Code", "Kind", "#Amount", "Expires", "Used", "State"]
        body = f'<section class="card"><h1>Coupon codes</h1>{table(heads, rows, "coupons")}</section>'
        return self.panel.layout(request, store, user, "Coupon codes", body, "coupons")

    def promotions(self, request, store, user):
        rows = [[esc(p["name"]), "automatic" if p["redemption_type"] == "AUTOMATIC" else
                 f'coupon, {p["coupon_type"].lower()}',
                 f'<code>{esc(p["code_list"][0]["code"])}</code>'
                 + (f' and {len(p["code_list"]) - 1} more' if len(p["code_list"]) > 1 else '')
                 if p["code_list"] else "", date(p["start_date"][:10]),
                 date((p["end_date"] or "never")[:10]), esc(p["currency_code"]),
                 f'<span class="tag">{esc(p["status"].lower())}</span>']
                for p in store.promotions]
        heads = ["Name", "Kind", "Code", "Begins", "Ends", "Currency", "State"]
        body = f'<section class="card"><h1>Promotions</h1>{table(heads, rows, "promotions")}</section>'
        return self.panel.layout(request, store, user, "Promotions", body, "promotions")
