# SPDX-License-Identifier: Apache-2.0
"""Random orders and what becomes of them. A story is a list of steps (when, act, details); all chance of an order comes
from the run's seed and the order's number, so that a run can be repeated and an order be followed alone."""
import random
import time

CURRENCIES = ("USD", "EUR", "JPY", "USD", "KWD")
CANCELLED, REFUNDED, DECLINED, PARTLY, OPEN = 5, 4, 6, 14, 11


class Plan:
    """One order. `tags` say what in its story may need a person, or must never be paid."""

    def __init__(self, number, store, app_id, spec, story, steps, tags):
        self.number, self.store, self.app_id, self.spec = number, store, app_id, spec
        self.story, self.steps, self.tags = story, steps, set(tags)
        self.begins = 0.0
        self.made = None        # the simulators' answer
        self.refund_ids = []

    def length(self):
        """Seconds from its beginning to its last step."""
        return max([when for when, _, _ in self.steps], default=0)


def lines(chance):
    def one(at):
        quantity, price = chance.randint(1, 3), chance.randint(100, 4000)
        return {"sku": f"C-{at}", "variant": 7000 + at, "name": f"Thing {at}", "qty": quantity, "price": price,
                "tax": chance.choice((0, 0, price * quantity // 12))}
    return [one(at) for at in range(chance.choice((1, 1, 2, 3)))]


def spec_of(chance, pace):
    """What the order is like, and how its bag differs."""
    spec = {"lines": lines(chance), "shipping": chance.choice((0, 500, 799)), "discount": chance.choice((0, 0, 0, 37))}
    bag = {}
    if chance.random() < 0.2:
        bag["external_lines"] = chance.choice(("sku", "none"))
    if chance.random() < 0.1:
        bag["forgets_lines"] = True
    if chance.random() < 0.05:
        bag["hidden_for"] = chance.uniform(0, 3 * pace.settle)
    if chance.random() < 0.1:
        spec["external_source"] = None
    return {**spec, "bag": bag} if bag else spec


# Stories: (chance, pace) -> (steps, tags). A part is of the order's total; the parts of a story stay below 1.

def parts(chance, count, most=0.9):
    cuts = [chance.uniform(0.02, most / count) for _ in range(count)]
    return [cut if chance.random() < 0.9 else 0.0 for cut in cuts]  # 0: one minor unit


def pause(chance, pace):
    """From at once to longer than settling."""
    return chance.choice((0.0, chance.uniform(0, 0.3), chance.uniform(0, pace.settle), chance.uniform(0, 2 * pace.settle)))


def partial(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0]})], ()


def several(chance, pace):
    steps, at = [], 0.0
    for part in parts(chance, chance.randint(2, 4)):
        steps.append((at, "refund", {"part": part}))
        at += pause(chance, pace)
    if chance.random() < 0.4:
        steps.append((at, "refund", {}))
    return steps, ()


def twins(chance, pace):
    part = parts(chance, 2)[0]
    return [(0, "refund", {"part": part}), (chance.choice((0, 0.2)), "refund", {"part": part})], ()


def by_lines(chance, pace):
    steps = [(0, "refund", {"items": [{"line": 0, "quantity": 1}]})]
    if chance.random() < 0.5:
        steps.append((pause(chance, pace), "refund", {}))
    return steps, ()


def full(chance, pace):
    return [(0, "refund", {})], ()


def by_app(chance, pace):
    """Another app refunds through BigCommerce's API: ours to pay."""
    return [(0, "refund", {"part": parts(chance, 1)[0], "actor": "app", "user_id": 0})], ()


def cancelled(chance, pace):
    return [(0, "status", {"status_id": CANCELLED})], ()


def partial_then_cancelled(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0]}), (pause(chance, pace), "status", {"status_id": CANCELLED})], ()


def cancelled_then_partial(chance, pace):
    late = chance.choice((chance.uniform(0, pace.grace / 2), pace.grace + chance.uniform(0, 2 * pace.settle)))
    return [(0, "status", {"status_id": CANCELLED}), (late, "refund", {"part": parts(chance, 1)[0]})], ()


def misclick(chance, pace):
    """Reopened well within the grace time: never paid."""
    return [(0, "status", {"status_id": CANCELLED}),
            (chance.uniform(0, pace.grace / 2), "status", {"status_id": OPEN})], ("unpaid",)


def reopened_late(chance, pace):
    return [(0, "status", {"status_id": CANCELLED}),
            (pace.grace + chance.uniform(0, pace.settle), "status", {"status_id": OPEN})], ()


def guides_way(chance, pace):
    """Cancelled; reopened, refunded, cancelled again, as BigCommerce's guide has it: before it is paid, or after."""
    at = chance.choice((0.0, chance.uniform(0, pace.grace), pace.grace + pace.settle))
    return [(0, "status", {"status_id": CANCELLED}), (at, "status", {"status_id": OPEN}), (at, "refund", {}),
            (at + pause(chance, pace), "status", {"status_id": CANCELLED})], ()


def refunded_by_hand(chance, pace):
    return [(0, "status", {"status_id": REFUNDED})], ()


def late_decline(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0]}), (pause(chance, pace), "decline", {})], ()


def declined_part(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0], "mix": "declined"})], ()


def channels_refund(chance, pace):
    return [(0, "violet_refund", {"part": parts(chance, 1)[0], "origin": chance.choice(("channel", "violet"))})], ()


def channels_refund_pushed_first(chance, pace):
    steps = [(0, "violet_refund", {"part": parts(chance, 2)[0], "push_first": True,
                                   "delay": chance.uniform(0, 0.2 * pace.settle)})]
    if chance.random() < 0.3:
        steps.append((pause(chance, pace), "refund", {"part": parts(chance, 2)[0]}))
    return steps, ()


def both_at_once(chance, pace):
    """Channel and merchant refund the same amount in the same second."""
    part = parts(chance, 2)[0]
    steps = [("refund", {"part": part}), ("violet_refund", {"part": part, "push_first": chance.random() < 0.5,
                                                            "delay": chance.uniform(0, 0.2 * pace.settle)})]
    chance.shuffle(steps)
    return [(0, *step) for step in steps], ("channel",)


def channels_cancellation(chance, pace):
    return [(0, "violet_cancel", {"originated_by": chance.choice(("CHANNEL", "VIOLET")), "push_first": chance.random() < 0.7,
                                  "delay": chance.uniform(0, 0.2 * pace.settle)})], ("unpaid",)


def partial_then_channels_cancellation(chance, pace):
    steps, _ = channels_cancellation(chance, pace)
    return [(0, "refund", {"part": parts(chance, 1)[0]}), (pause(chance, pace) + 0.1, *steps[0][1:])], ("channel",)


def archived(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0]}), (pause(chance, pace), "archive", {})], ()


def given_otherwise(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0],
                           "mix": chance.choice(("storecredit", "online", "giftcertificate"))})], ("given_elsewhere",)


def partly_by_hand(chance, pace):
    return [(0, "status", {"status_id": PARTLY})], ("partial_by_hand",)


def declined(chance, pace):
    return [(0, "status", {"status_id": DECLINED})], ("declined",)


def less_by_hand(chance, pace):
    return [(0, "refund", {"part": parts(chance, 1)[0]}), (pause(chance, pace), "status", {"status_id": REFUNDED})], \
        ("refunded_with_less",)


def goodwill(chance, pace):
    """The channel pays on its own account, then the merchant refunds as much: is it the same money?"""
    part = parts(chance, 2)[0]
    return [(0, "violet_refund", {"part": part, "push": False}), (0.1, "refund", {"part": part})], ("sums",)


REFUSALS = (("bag_state", 400, 4225), ("too_much", 400, 9001), ("bag_gone", 404, 4201), ("bag_gone", 404, 4216),
            ("not_allowed", 401, 7118), ("not_allowed", 403, 9403), ("refused", 400, 1001))


def refused(chance, pace):
    """Violet refuses for good: a person's matter."""
    tag, status, code = chance.choice(REFUSALS)
    return [(0, "refuse", {"code": status, "body": {"message": "no", "error": tag, "code": code}}),
            (0, "refund", {"part": parts(chance, 1)[0]})], (tag,)


OUTCOMES = ({"status": "FAILED"}, {"dispute": True}, {"status": "CANCELED"}, {"status": "PARTIALLY_COMPLETED"},
            {"status": "EXTERNAL"}, {"status": "RIPENED"}, {"at_most": 5},
            {"errors": [{"error_code": 9000, "error_message": "The transfer could not be reversed."}]})


def spoiled(chance, pace):
    """The next refund at Violet, most likely this one, does not end well."""
    return [(0, "spoil", {"next_refunds": [chance.choice(OUTCOMES)]}), (0, "refund", {"part": parts(chance, 1)[0]})], ()


def nothing(chance, pace):
    return [], ()


# (weight, story); the last ones, which need a person, are few.
STORIES = (
    (14, partial), (10, several), (6, twins), (8, by_lines), (8, full), (4, by_app), (8, cancelled), (5, partial_then_cancelled),
    (3, cancelled_then_partial), (4, misclick), (2, reopened_late), (4, guides_way), (3, refunded_by_hand), (2, late_decline),
    (2, declined_part), (3, channels_refund), (4, channels_refund_pushed_first), (2, both_at_once), (3, channels_cancellation),
    (1, partial_then_channels_cancellation), (1, archived), (2, nothing),
    (0.4, given_otherwise), (0.2, partly_by_hand), (0.2, declined), (0.2, less_by_hand), (0.2, goodwill), (0.4, refused),
    (0.4, spoiled),
)
WITHOUT_BAG = {"refund", "status", "archive", "decline"}  # what can happen to an order that is not Violet's


def make_plan(seed, number, stores, apps, pace):
    chance = random.Random(f"{seed}:{number}")
    weights, stories = zip(*STORIES)
    story = chance.choices(stories, weights)[0]
    steps, tags = story(chance, pace)
    spec = spec_of(chance, pace)
    app_id = chance.choice(apps)
    if any(act == "violet_refund" for _, act, _ in steps):
        # Beside somebody else's refund of the same amount in the same second, a send whose answer and marker are both lost can't
        # be told from one that never arrived (tests/refund/test_evidence.py).
        spec["bag"] = {**spec.get("bag", {}), "reason": "keep"}
    if chance.random() < 0.08 and {act for _, act, _ in steps} <= WITHOUT_BAG:
        app_id, tags = None, ("foreign_order",)
        spec.pop("bag", None)
    return Plan(number, chance.choice(stores), app_id, spec, story.__name__, steps, tags)


class Actor:
    """Carries out the steps of plans against the simulators' control API."""

    def __init__(self, sim, count):
        self.sim = sim
        self.count = count      # (what): one more in the figures
        self.slowest = 0.0      # answer of the simulators, in seconds

    def _post(self, plan, path, body):
        began = time.monotonic()
        reply = self.sim.control.request("POST", f"/_sandbox/{path}", json_body=body)
        self.slowest = max(self.slowest, time.monotonic() - began)
        if reply.status == 409:
            self.count("act: refused by BigCommerce or Violet")
            return None
        assert reply.status == 200, f"{path} {body}: {reply.status} {reply.text}"
        return reply.json()

    def make(self, plan):
        plan.made = self.sim.post("orders", {"store": plan.store, "app_id": plan.app_id, **plan.spec})
        self.count("orders")

    def act(self, plan, what, details):
        getattr(self, what)(plan, dict(details))
        self.count(f"act: {what.replace('_', ' ')}")

    def _order(self, plan, what, body):
        return self._post(plan, f"stores/{plan.store}/orders/{plan.made['id']}/{what}", body)

    @staticmethod
    def _amount(plan, body):
        """A part of the order becomes an amount; a mixed refund gives half of it back otherwise."""
        if "part" not in body:
            return body
        amount = max(1, int(plan.made["total"] * body.pop("part")))
        mix = body.pop("mix", None)
        body["amount"] = amount
        if mix:
            half = amount // 2
            payments = ({"kind": mix, "amount": amount - half}, {"kind": "offline", "amount": half})
            body["payments"] = [payment for payment in payments if payment["amount"]]
        return body

    def refund(self, plan, body):
        done = self._order(plan, "refund", self._amount(plan, body))
        if done:
            plan.refund_ids.append(done["refund_id"])

    def status(self, plan, body):
        self._order(plan, "status", body)

    def archive(self, plan, body):
        self._order(plan, "archive", body)

    def decline(self, plan, body):
        if plan.refund_ids:
            self._post(plan, f"stores/{plan.store}/refunds/{plan.refund_ids[-1]}/decline", body)

    def violet_refund(self, plan, body):
        self._post(plan, "violet/refund", {"bag_id": plan.made["bag_id"], **self._amount(plan, body)})

    def violet_cancel(self, plan, body):
        self._post(plan, "violet/cancel", {"bag_id": plan.made["bag_id"], **body})

    def refuse(self, plan, body):
        self.sim.post("faults", {"side": "violet", "method": "POST", "path": f"/bags/{plan.made['bag_id']}/refunds$", "times": 1,
                                 "action": "status", **body})

    def spoil(self, plan, body):
        self.sim.post("settings", body)
