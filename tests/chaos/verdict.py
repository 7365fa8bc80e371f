# SPDX-License-Identifier: Apache-2.0
"""What must hold when all is quiet: the money, the events, nothing stuck, and a cause for each review."""
import re
from collections import Counter, defaultdict

OPEN = ("pending", "sending", "unknown", "accepted")
REVIEWS_MOST = 0.05     # of all orders
CUT_AMOUNT = 5          # of world.OUTCOMES
MARKED = re.compile(r"bc:\d+:")
LOG_LENGTH = 50000      # deliveries that the simulators remember


def spoiled(row, _plan):
    return any(r["status"] not in ("COMPLETED", "PROCESSING") or r["amount"] == CUT_AMOUNT or r["errors"] for r in row["refunds"])


def others_paid(row, plan):
    return row["paid_by_channel"] + row["paid_by_violet"] > 0 or {"channel", "sums"} & plan.tags


def cut_unseen(row):
    """What Violet booked with another amount than was sent, and without our reason: if its answer was lost, too, nobody can know
    that it was ours."""
    return [r for r in row["refunds"] if r["origin"] == "us" and r["amount"] == CUT_AMOUNT and not MARKED.match(r["reason"])]


def may_exceed(row, plan):
    return others_paid(row, plan) or cut_unseen(row)


def lookalikes(row, _plan):
    """A send without an answer, beside a refund of the same amount by somebody else."""
    return row["posts"] > 0 and any(r["origin"] != "us" for r in row["refunds"])


# What in the run can have caused a review; what is not here must not happen. A tag of the plan's story is a cause too.
CAUSES = {
    "violet_failed": spoiled, "violet_status": spoiled, "violet_errors": spoiled, "amount_differs": spoiled,
    "violet_did_not_pay": spoiled, "sums": may_exceed, "too_much": others_paid, "ambiguous": lookalikes,
}


class Verdict:
    def __init__(self, stack, plans, pace):
        self.stack, self.db, self.sim, self.pace = stack, stack.db, stack.sim, pace
        self.plans = {(plan.store, plan.made["id"]): plan for plan in plans}
        self.faults = []
        self.reviews = Counter()
        self.reviewed = set()   # orders that needed a person
        self.answered = 0
        self.webhooks = Counter()   # what became of them
        self.read_refunds()

    def read_refunds(self):
        self.refunds = defaultdict(dict)
        for row in self.db.rows("select store_hash, order_id, source || ':' || source_id, state::text, amount_minor, "
                                "review_code, wait_code, found_by, extract(epoch from send_by)::float from violet.refund"):
            self.refunds[row[0], row[1]][row[2]] = dict(zip(("state", "amount", "code", "wait", "found_by", "send_by"), row[3:]))

    def fault(self, text, key=None):
        self.faults.append(text if key is None else f"{text}: {self.describe(key)}")

    def describe(self, key):
        plan = self.plans.get(key)
        return f"store {key[0]} order {key[1]}, {plan and f'plan {plan.number} ({plan.story}: {plan.steps})'}"

    def judge_reviews(self):
        """While they are open: each has a cause in the run."""
        for row in self.sim.get("ledger?posts=0")["orders"]:
            key = (row["store"], row["order"])
            for refund in self.refunds[key].values():
                if refund["state"] == "review" and key in self.plans:
                    self.judge_review(key, self.plans[key], row, refund)
        if len(self.reviewed) > max(REVIEWS_MOST * len(self.plans), 2):
            self.fault(f"{len(self.reviewed)} of {len(self.plans)} orders need a person: {dict(self.reviews)}")

    def judge_review(self, key, plan, row, refund):
        code = refund["code"]
        self.reviews[code] += 1
        self.reviewed.add(key)
        if code not in plan.tags and not CAUSES.get(code, lambda *_: False)(row, plan) and not (
                code == "ambiguous" and self.was_sent_too_late(row, refund)):
            self.fault(f"a review ({code}) that nothing caused, {self.money(row)}", key)

    def was_sent_too_late(self, row, refund):
        """Stopped past its last check for longer than a send can take: no longer known by its time to be the one."""
        latest = refund["send_by"] + self.pace.response + self.pace.settle
        return any(r["origin"] == "us" and r["created"] > latest for r in row["refunds"])

    def judge(self):
        """Once a person has settled the reviews."""
        self.read_refunds()
        books = self.sim.get("ledger?posts=0")
        for row in books["orders"]:
            key = (row["store"], row["order"])
            if key in self.plans:
                self.judge_order(key, self.plans[key], row)
        for broken in books["violations"]:
            if broken["kind"] != "marker_twice":  # judged with its order
                self.fault(f"violation {broken['kind']}: {broken['text']}", (broken["store"], broken["order"]))
        self.judge_foreign()
        self.judge_stuck()
        self.judge_events()
        self.judge_database()
        self.judge_pages()
        return self.faults

    def judge_order(self, key, plan, row):
        if row["verdict"] == "overpaid" or row["paid_by_us"] > row["owed_most"] + row["slack"]:
            self.fault(f"OVERPAID, {self.money(row)}", key)
        elif row["twice"] and not self.was_cut_unseen(key, row):
            self.fault(f"sent twice, {self.money(row)}", key)
        elif row["verdict"] == "underpaid" and not self.was_left_unpaid(key, row):
            self.fault(f"underpaid, {self.money(row)}", key)
        elif "unpaid" in plan.tags and row["paid_by_us"] > 0:
            self.fault(f"paid what was never owed, {self.money(row)}", key)

    def was_left_unpaid(self, key, row):
        """By a person, no more than was asked about."""
        short = row["owed"] - row["paid_by_us"] - row["slack"]
        return key in self.reviewed and (self.dismissed(key) is None or short <= self.dismissed(key))

    def was_cut_unseen(self, key, row):
        """Proved absent, the rest was sent; the sum is right."""
        return row["verdict"] == "even" and len(cut_unseen(row)) == 1 and self.db.value(
            "select count(*) from violet.refund_attempt where store_hash = %s and order_id = %s and outcome = 'absent'", *key) > 0

    def dismissed(self, key):
        """What the person at the end had left unpaid; None: nobody can say how much."""
        amounts = [refund["amount"] for refund in self.refunds[key].values() if refund["state"] == "dismissed"]
        return None if None in amounts else sum(amounts)

    def money(self, row):
        return f"owed {row['owed']} (at most {row['owed_most']}), paid {row['paid_by_us']} by us, " \
            f"{row['paid_by_channel'] + row['paid_by_violet']} by others, of {row['total']}; " \
            f"at Violet {row['refunds']}, with us {dict(self.refunds[row['store'], row['order']])}"

    def judge_foreign(self):
        """Orders that are not Violet's: no refund, and no search any more."""
        for key, plan in self.plans.items():
            if "foreign_order" in plan.tags and self.refunds.get(key):
                self.fault(f"refunds {self.refunds[key]} for an order that is not Violet's", key)

    def judge_stuck(self):
        for key, refunds in self.refunds.items():
            for name, refund in refunds.items():
                if refund["state"] in OPEN:
                    self.fault(f"{name} is stuck, {refund}", key)
        for row in self.db.rows("select store_hash, kind::text, ref, due_at, lease_until, note from violet.job "
                                "where lease_until < now() and kind = 'sync_order'"):
            self.fault(f"a lease is left: {row}")

    def judge_events(self):
        """Each delivery that we answered with 200 is an event."""
        sent = Counter()
        deliveries = self.sim.get(f"deliveries?limit={LOG_LENGTH}")["deliveries"]
        assert len(deliveries) < LOG_LENGTH, "the simulators have forgotten deliveries: fewer ORDERS"
        for delivery in deliveries:
            sent[delivery["id"]] += sum(attempt["status"] == 200 for attempt in delivery["attempts"])
        kept = dict(self.db.rows("select webhook_id, count(*) from violet.event group by 1"))
        lost = [ident for ident, times in sent.items() if kept.get(ident, 0) < times]
        self.answered = sum(sent.values())
        for delivery in deliveries:
            self.webhooks["dropped"] += delivery["state"] == "dropped"
            self.webhooks["failed and sent again"] += len({attempt["status"] for attempt in delivery["attempts"]}) > 1
            self.webhooks["doubled"] += sum(attempt["status"] == 200 for attempt in delivery["attempts"]) > 1
        if lost:
            self.fault(f"{len(lost)} webhooks were answered with 200 and are no events: {lost[:5]}")

    def judge_database(self):
        """The program's own books agree with themselves."""
        for key in self.db.rows("select store_hash, order_id from violet.bag where overpaid_at is not null"):
            self.fault("the alarm overpaid", key)
        for row in self.db.rows(
                "select store_hash, day, currency, state, sum(refunds), sum(amount_minor) from ("
                "select store_hash, day, currency, state::text, refunds, amount_minor from violet.refund_day union all "
                "select store_hash, (made_at at time zone 'utc')::date, coalesce(currency, ''), state::text, -1, "
                "-coalesce(amount_minor, 0) from violet.refund) as t (store_hash, day, currency, state, refunds, amount_minor) "
                "group by 1, 2, 3, 4 having sum(refunds) <> 0 or sum(amount_minor) <> 0"):
            self.fault(f"the roll-up differs from the refunds: {row}")

    def judge_pages(self):
        """The app opens for every store."""
        for store in sorted({store for store, _ in self.plans}):
            page = self.stack.get(self.sim.get(f"stores/{store}/load_url")["url"])
            if page.status != 200:
                self.fault(f"the app of {store} does not open: {page}")
