# SPDX-License-Identifier: Apache-2.0
"""Orders whose money is followed: what the simulators' ledger says is owed and paid, and what the program says of it.

    deal = shop.deal(app_id=10001, **order)     an order of 50.00: two pieces at 20.00, shipping 10.00
    deal.refund("10.00"), deal.cancel(), deal.status(11)
    deal.wait_paid(1000), deal.wait_state("done"), deal.wait_review("sums")
    deal.row(), deal.refunds(), deal.states()
"""
from harness.waiting import wait

OPEN = {"pending", "sending", "unknown", "accepted"}
LINES = [{"sku": "T-1", "variant": 7001, "name": "Trowel", "qty": 2, "price": 2000}]


class Shop:
    def __init__(self, stack, store):
        self.stack = stack
        self.store = store
        self.deals = []

    def deal(self, app_id=10001, **options):
        spec = {"lines": LINES, "shipping": 1000, **options}
        made = self.stack.sim.post("orders", {"store": self.store, "app_id": app_id, **spec})
        self.deals.append(Deal(self.stack, self.store, made))
        return self.deals[-1]

    def settings(self, **values):
        self.stack.sim.post("settings", values)

    def fault(self, side, method, path, action, **options):
        return self.stack.sim.post("faults", {"side": side, "method": method, "path": path, "action": action, **options})

    def check(self):
        """Nobody is paid too much, and nothing was sent that should never be."""
        for deal in self.deals:
            books = deal.books()
            for row in books["orders"]:
                assert row["verdict"] != "overpaid", row
                assert not row["twice"], row
            assert not books["violations"], books["violations"]


class Deal:
    def __init__(self, stack, store, made):
        self.stack, self.store, self.made = stack, store, made
        self.id = made["id"]
        self.bag = made.get("bag_id")

    # What people do.

    def _order(self, act, body):
        return self.stack.sim.post(f"stores/{self.store}/orders/{self.id}/{act}", body)

    def refund(self, amount=None, **options):
        """The merchant refunds; BigCommerce's refund id."""
        return self._order("refund", {**({} if amount is None else {"amount": amount}), **options})["refund_id"]

    def status(self, status_id):
        self._order("status", {"status_id": status_id})

    def cancel(self):
        self.status(5)

    def archive(self):
        self._order("archive", {})

    def channel_refund(self, amount, **options):
        return self.stack.sim.post("violet/refund", {"bag_id": self.bag, "amount": amount, **options})

    def channel_cancel(self, **options):
        return self.stack.sim.post("violet/cancel", {"bag_id": self.bag, **options})

    def recheck(self):
        self.stack.db.rows("select api.order_recheck(%s, %s, now())", self.store, self.id)

    def decide(self, act, refund, *more):
        """`refund approve|retry|dismiss`, as the operator types it."""
        return self.stack.must("refund", act, self.store, self.id, refund, *more, "--by", "tester")

    # What came of it.

    def books(self):
        return self.stack.sim.get(f"ledger?store={self.store}&order={self.id}")

    def row(self):
        return self.books()["orders"][0]

    def posts(self):
        return self.books()["posts"]

    def sent(self):
        """What each POST asked for: {marker: amount}."""
        return {post["body"]["reason"].split()[0]: post["body"]["amount_refunded"] for post in self.posts()}

    def refunds(self):
        """The program's rows: {"refund:1": {"state", "amount", "code", "wait", ...}}."""
        rows = self.stack.db.rows(
            "select source || ':' || source_id, state::text, amount_minor, review_code, wait_code, proposed_minor, found_by "
            "from violet.refund where store_hash = %s and order_id = %s order by source, source_id", self.store, self.id)
        names = ("state", "amount", "code", "wait", "proposed", "found_by")
        return {row[0]: dict(zip(names, row[1:])) for row in rows}

    def states(self):
        return [refund["state"] for refund in self.refunds().values()]

    def bag_state(self):
        return self.stack.db.value("select state from violet.bag where store_hash = %s and order_id = %s", self.store, self.id)

    def is_settled(self):
        states = self.states()
        return states and not OPEN & set(states)

    def wait_settled(self, count=1):
        wait(lambda: len(self.states()) >= count and self.is_settled(),
             what=f"order {self.id} to settle: {self.refunds()}")
        return self.refunds()

    def wait_paid(self, minor):
        """We have paid so much, the program has seen it completed, and the ledger agrees."""
        wait(lambda: self.row()["paid_by_us"] == minor and self.is_settled(),
             what=f"order {self.id} to be paid {minor}")
        row = self.row()
        assert row["verdict"] == "even", row
        return row

    def wait_review(self, code):
        wait(lambda: any(r["state"] == "review" and r["code"] == code for r in self.refunds().values()),
             what=f"order {self.id} to be in review for {code}")
        return self.refunds()

    def wait_looks(self, count=1):
        """So many further looks at the order have ended."""
        def looks():
            return self.stack.worker.log().count(f"kind=sync_order ref={self.id} ")
        before = looks()
        for _ in range(count):
            seen = looks()
            self.recheck()
            wait(lambda: looks() > seen, what=f"a look at order {self.id}")
        return looks() - before
