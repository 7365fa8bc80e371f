# SPDX-License-Identifier: Apache-2.0
"""The embedded app as a test sees it: rows planted in the database, the page opened, its forms sent.

    app = App(stack)                 the store abc123; owner by default
    app.refund(250, "done")          a bag and a refund in a state; more columns as keywords
    page = app.load()                GET /load
    app.send(page, "/app/unlink", link=1)      the first form for that action, with changed fields

`from harness.app import app, shared` are fixtures: an App in a stack that the module shares.
"""
import datetime
import html
import re

import pytest

from harness.connect import hidden_fields

# What a state's row must have besides.
STATE_COLUMNS = {
    "sending": {"send_by": "now() + interval '20 s'"},
    "unknown": {"send_by": "now() - interval '1 min'"},
    "accepted": {"violet_refund_id": "nextval('violet.job_generation')"},
    "done": {"violet_refund_id": "nextval('violet.job_generation')", "done_at": "'2026-11-22 14:03:07+00'"},
    "review": {"review_code": "'sums'", "review_reason": "'Order: would pay back more than is owed.'"},
    "dismissed": {"dismissed_by": "'a test'", "dismissed_reason": "'paid back in cash'"},
}

# A proposal's arithmetic as a look keeps it (fcgi/domain/refund_words.c).
SHARE = ('{"how": "share", "part_minor": 100000, "order_minor": 500000, "order_currency": "USD", "share_minor": 92000, '
         '"bag_minor": 460000, "bag_currency": "EUR"}')


class App:
    def __init__(self, stack, store="abc123"):
        self.stack, self.db, self.store = stack, stack.db, store

    # Rows

    def bag(self, order_id, currency="USD", total=10000, slug="acme", **columns):
        columns = {"violet_order_id": order_id + 70000, "bag_id": order_id + 80000, "merchant_id": 50001,
                   "currency": currency, "total_minor": total, "state": "found",
                   "looked_at": datetime.datetime.now(datetime.timezone.utc), **columns}
        names = ", ".join(columns)
        self.db.rows(f"insert into violet.bag (store_hash, order_id, channel_id, {names}) select %s, %s, channel_id, "
                     f"{', '.join(['%s'] * len(columns))} from violet.channel where slug = %s on conflict do nothing",
                     self.store, order_id, *columns.values(), slug)

    def cancelled(self, order_id, **columns):
        """An order whose status has just become one that can mean money back."""
        self.bag(order_id, cancel_status=5, cancel_count=1, cancel_seen_at=datetime.datetime.now(datetime.timezone.utc), **columns)
        self.db.rows("select api.job_put(%s, 'sync_order', %s, now() + interval '10 min', now())", self.store, order_id)

    def refund(self, order_id, state="pending", amount=1000, currency="USD", source="refund", source_id=1, minutes_ago=5,
               bag=None, **columns):
        self.bag(order_id, **{"currency": currency, **(bag or {})})
        raw = {name: sql for name, sql in STATE_COLUMNS.get(state, {}).items() if name not in columns}
        names = ", ".join([*raw, *columns])
        values = ", ".join([*raw.values(), *["%s"] * len(columns)])
        self.db.rows(
            f"insert into violet.refund (store_hash, order_id, source, source_id, state, amount_minor, currency, marker, "
            f"made_at, created_at, changed_at{', ' if names else ''}{names}) values (%s, %s, %s, %s, %s, %s, %s, %s, "
            f"now() - %s * interval '1 min', now(), now(){', ' if values else ''}{values})",
            self.store, order_id, source, source_id, state, amount, currency, f"bc:{order_id}:r{source_id}", minutes_ago,
            *columns.values())

    def discount(self, discount_id, verdict, reason, source="promotion", name=None, codes=(), facts="{}"):
        self.db.rows("insert into violet.discount (store_hash, source, discount_id, name, codes, verdict, reason, facts, read_at) "
                     "values (%s, %s, %s, %s, %s, %s, %s, %s, now())", self.store, source, discount_id,
                     name or f"Discount {discount_id}", list(codes), verdict, reason, facts)
        self.db.rows("update violet.store set discounts_read_at = '2026-11-22 14:03:07+00'")

    def waiting(self, slug="acme"):
        """A connection that waits for this store, without the walk."""
        self.db.rows("insert into violet.connection (cookie_hash, channel_id, typed, typed_hash, created_at, expires_at) "
                     "select sha256(%s::bytea), channel_id, '', %s, now(), now() + interval '1 day' from violet.channel "
                     "where slug = %s", slug, self.store, slug)

    def clear(self):
        for table in ("refund_history", "refund_attempt", "refund", "refund_day", "bag", "link", "connection", "discount",
                      "job", "store_merchant", "event"):
            self.db.rows(f"delete from violet.{table}")
        self.db.rows("update violet.channel set enabled = true")
        self.db.rows("update violet.instance set refunds_held_at = null, fuse_tripped_at = null")
        self.db.rows("update violet.store set token_refused_at = null, hooks_checked_at = null, hooks_result = null, "
                     "discounts_read_at = null, discounts_error = null, fuse_tripped_at = null")

    # Pages

    def url(self, user="owner", locale="en-US"):
        jwt = self.stack.sim.post(f"stores/{self.store}/jwt", {"user": user, **self._claims(user, locale)})["jwt"]
        return f"{self.stack.url}/load?signed_payload_jwt={jwt}"

    def _claims(self, user, locale):
        number = {"owner": 1001, "manager": 1002, "staff": 1003}[user]
        return {"claims": {"user": {"id": number, "email": f"{user}@{self.store}.example", "locale": locale}}}

    def load(self, user="owner", locale="en-US"):
        page = self.stack.get(self.url(user, locale))
        assert page.status == 200, page
        return page

    def session(self, user="owner", locale="en-US"):
        return hidden_fields(self.load(user, locale))["session"]

    def send(self, page, action, like=None, **fields):
        """The page's first form for the action (with the hidden values of `like`), with these fields put in."""
        return self.stack.post(action, form={**hidden_fields(page, action, like), **fields})

    def post(self, action, user="owner", locale="en-US", **fields):
        return self.stack.post(action, form={"session": self.session(user, locale), **fields})


def notice(page):
    """What the page says on top; None: nothing."""
    found = re.search(r'<div class="notice[^"]*" role="status">(.*?)</div>', page.text, re.S)
    return found and " ".join(found.group(1).split())


def badges(page):
    return re.findall(r'<span class="badge[^"]*">(.*?)</span>', page.text)


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    """Installed in two stores by their owners; no worker, so that nothing moves by itself."""
    stack = make_shared_stack(worker=False)
    for store in ("abc123", "def456"):
        stack.install(store)
    return stack


@pytest.fixture
def app(shared):
    app = App(shared)
    app.clear()
    return app


def reading(page):
    """The page's text as a person reads it."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())
