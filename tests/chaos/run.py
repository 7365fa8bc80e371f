# SPDX-License-Identifier: Apache-2.0
"""One run: start everything, let the plans happen under noise, wait for quiet, judge, and print the figures."""
import random
import re
import time
from collections import Counter

import psycopg2

from chaos.noise import Agenda, Noise
from chaos.pace import Pace
from chaos.verdict import Verdict
from chaos.world import CURRENCIES, Actor, make_plan
from harness.postgres import FAST_AND_FORGETFUL, Cluster
from harness.product import migrate
from harness.stack import Stack, channel_arguments, channel_secrets

STOPS = {1: "check", 2: "send"}     # which workers stop themselves at each send, and where
ORDERS_A_SECOND = 6
# Lines that must not be in any log, whatever is killed.
ALARM = re.compile(r"^<[0-2]>|overpaid|AddressSanitizer|runtime error:|PANIC")

COUNTS = {
    "refunds": "violet.refund",
    "refunds found only by the sweep": "violet.refund where found_by = 'sweep'",
    "refunds that Violet itself paid": "violet.refund where state = 'foreign'",
    "refunds that a cancellation had paid": "violet.refund where state = 'covered'",
    "sends": "violet.refund_attempt",
    "sends given up in time, or refused for the moment": "violet.refund_attempt where outcome in ('not_sent', 'lines_refused')",
    "sends without an answer": "violet.refund_history where to_state = 'unknown'",
    "  found at Violet: duplicates prevented": "violet.refund_history where from_state = 'unknown' and to_state = 'accepted'",
    "  proved absent": "violet.refund_history where from_state = 'unknown' and to_state = 'pending'",
    "events": "violet.event",
}
# Something is still to be done: a store not swept since, an order whose grace time runs, a refund on its way, a look due soon,
# other than those that compare paid with owed once more long after a send: the verdict does that.
BUSY = """
    select exists (select from violet.store where swept_orders_read_at is null or swept_orders_read_at < to_timestamp(%s))
        or exists (select from violet.bag where cancel_seen_at > now() - make_interval(secs => %s))
        or exists (
            select from violet.refund as r
            where state in ('sending', 'unknown', 'accepted') or state = 'pending' and not exists (
                select from violet.bag as b where b.store_hash = r.store_hash and b.order_id = r.order_id and b.frozen))
        or exists (
            select from violet.job as j
            where kind = 'sync_order' and (lease_token is not null or due_at < now() + make_interval(secs => %s) and not exists (
                select from violet.bag as b
                where b.store_hash = j.store_hash and b.order_id = j.ref and b.recheck_at = j.due_at)))"""


class Run:
    def __init__(self, wanted, directory):
        self.wanted, self.directory, self.pace = wanted, directory, Pace(wanted.speed)
        self.figures = Counter()
        self.stack, self.crew, self.plans = None, [], []
        self.asked = 0.0    # when we asked last whether it is quiet
        self.faults = []    # of the run itself
        (directory / "pg").mkdir()
        (directory / "pg").chmod(0o711)
        self.cluster = Cluster(directory / "pg", FAST_AND_FORGETFUL)

    def count(self, what, times=1):
        self.figures[what] += times

    def stop(self):
        for process in reversed(self.stack.processes if self.stack else []):
            process.kill()
        self.cluster.stop()

    # The scene.

    def start(self):
        database = self.cluster.start().create("chaos")
        migrate(database.url())
        self.cluster.make_logins()
        home = self.directory / "stack"
        home.mkdir()
        self.stack = Stack(database, directory=home, worker=False, settings=self.pace.settings(), quick=False, started=False)
        self.stack.start()
        self.stack.sim.post("settings", {"seed": self.wanted.seed, "retry_scale": 0.01,
                                         "ledger_grace": self.pace.grace - self.pace.settle})
        self.apps = self.start_channels()
        self.crew = [self.stack.worker] + [
            self.stack.add_worker(f"worker-{at}", **self.crew_settings(at)) for at in range(1, self.wanted.workers)]
        for worker in self.crew:
            worker.start()
        self.stores = [self.start_store(at) for at in range(self.wanted.stores)]
        self.stack.wait(lambda: self.stack.db.value(
            "select count(*) from violet.store as s where hooks_checked_at is not null and exists (select from "
            "violet.store_merchant as m where m.store_hash = s.store_hash)") >= len(self.stores), 60, "the stores to be ready")

    @staticmethod
    def crew_settings(at):
        """One thread where the process stops at each send: another thread's send must not be stopped in the middle."""
        return {"VIOLET_TEST_STOP_BEFORE_SEND": STOPS[at], "WORKER_THREADS": "1"} if at in STOPS else {}

    def start_channels(self):
        """The simulators' two, and more."""
        for at in range(2, self.wanted.channels):
            self.stack.sim.post("apps", {"id": 10001 + at, "name": f"Channel {at}", "slug": f"channel-{at}"})
        apps = self.stack.sim.apps()[:self.wanted.channels]
        for app in apps[2:]:
            self.stack.must(*channel_arguments(app), input=channel_secrets(app))
        return apps

    def start_store(self, at):
        name = f"chaos{at}"
        self.stack.sim.post("stores", {"hash": name, "currency": CURRENCIES[at % len(CURRENCIES)], "furnish": False})
        self.stack.install(name)
        for app in self.apps:
            self.stack.link(name, app["slug"])
        return name

    # The run.

    def go(self):
        self.start()
        wanted, agenda = self.wanted, Agenda()
        actor = Actor(self.stack.sim, self.count)
        noise = Noise(self.stack, self.cluster, self.crew, self.stores, self.pace, wanted.seed, agenda, self.count)
        seconds = wanted.noise or max(5 * self.pace.settle, wanted.orders / ORDERS_A_SECOND)
        begins, ids = random.Random(f"{wanted.seed}:begins"), [app["id"] for app in self.apps]
        self.plans = [make_plan(wanted.seed, number, self.stores, ids, self.pace) for number in range(wanted.orders)]
        for plan in self.plans:
            plan.begins = begins.uniform(0, max(0, seconds - plan.length()))
            agenda.at(plan.begins, self.begin, agenda, actor, plan)
        last = max(plan.begins + plan.length() for plan in self.plans) + 0.5
        noise.begin(last)
        self.say(f"{wanted.orders} orders of {len(self.stores)} stores and {len(ids)} channels, {len(self.crew)} workers, "
                 f"{last:.0f} s of noise; SETTLE_SECONDS is {self.pace.settle:g}")
        self.drive(agenda, last)
        noise.calm()
        self.say("no more noise")
        calm = time.time()
        self.stack.wait(lambda: agenda.step() or self.sweep(), what="the database, which may have been killed a moment ago")
        self.settle(agenda, calm)
        self.figures["slowest answer of the simulators in ms"] = round(actor.slowest * 1000)
        return self.conclude(agenda)

    @staticmethod
    def say(text):
        print(f"chaos: {time.strftime('%H:%M:%S')} {text}", flush=True)

    def begin(self, agenda, actor, plan):
        actor.make(plan)
        for when, act, details in plan.steps:
            agenda.after(when, actor.act, plan, act, details)

    def drive(self, agenda, until):
        """Until then; whoever ends without having been killed has crashed."""
        told = 0.0
        while agenda.now() < until:
            agenda.step()
            self.stack.require_alive()
            if agenda.now() - told > 60:
                told = agenda.now()
                self.say(f"{self.figures['orders']} of {self.wanted.orders} orders made")

    def sweep(self):
        """Every store's sweep is due now, and reads orders too: what it would do by itself some time later."""
        try:
            self.stack.db.rows("update violet.store set swept_orders_read_at = null")
            self.stack.db.rows("update violet.job set due_at = now() where kind = 'sweep'")
        except psycopg2.Error:  # our connection is from before the last kill
            self.stack.db.connection = None
            return False
        return True

    def settle(self, agenda, swept_since=0.0):
        """Wait until nothing is under way and each store was swept from its beginning to its end since then."""
        began, pace = time.time(), self.pace
        most = 2 * pace.swept + 2 * pace.grace + 12 * pace.settle + self.wanted.orders / 20 + 30
        while not self.is_quiet(swept_since):
            agenda.step()
            if time.time() - began > most:
                self.say(f"not quiet within {most:.0f} s")
                self.faults.append(f"not quiet within {most:.0f} s: {self.busy()}")
                break
        self.count("seconds until quiet", round(time.time() - began))

    def is_quiet(self, since):
        if time.time() - self.asked < 0.5:
            return False
        self.asked = time.time()
        if not all(process.is_alive() for process in (self.cluster.process, *self.stack.processes)):
            return False
        try:
            return not self.stack.db.value(BUSY, since, self.pace.grace, 2 * self.pace.settle)
        except psycopg2.Error:  # our connection is from before the last kill
            self.stack.db.connection = None
            return False

    def busy(self):
        """Some of what is still to be done."""
        return self.stack.db.rows(
            "select store_hash, kind::text, ref, due_at::text, note from violet.job where kind = 'sync_order' order by due_at limit 5")

    # The end.

    def conclude(self, agenda):
        verdict = Verdict(self.stack, self.plans, self.pace)
        verdict.judge_reviews()
        for _ in range(3):
            if not self.dismiss_reviews():
                break
            self.settle(agenda)
        else:
            self.faults.append("what was dismissed asks again and again")
        faults = self.faults + verdict.judge()
        for name, log in self.stack.logs():
            if name != "simulators":
                faults += [f"{name}: {line}" for line in log.splitlines() if ALARM.search(line)]
        self.print_figures(verdict)
        return faults

    def dismiss_reviews(self):
        """A person settles what is for a person; then what was frozen behind it goes on, and may have one more question: is a
        cancellation to pay what was dismissed before? How many there were."""
        return len(self.stack.db.rows(
            "select api.refund_dismiss(store_hash, order_id, source, source_id, 'the run is over', 'chaos', now()) "
            "from violet.refund where state = 'review'"))

    def print_figures(self, verdict):
        first = ("orders", "seconds until quiet", "slowest answer of the simulators in ms")
        shown = {name: self.figures.pop(name) for name in first}
        shown.update({name: self.stack.db.value(f"select count(*) from {rows}") for name, rows in COUNTS.items()})
        shown["webhooks answered with 200"] = verdict.answered
        shown.update({f"webhooks {fate}": times for fate, times in sorted(verdict.webhooks.items())})
        shown["looks"] = sum(worker.log().count("kind=sync_order ") for worker in self.crew)
        shown["orders that needed a person"] = len(verdict.reviewed)
        shown.update({f"review: {code}": times for code, times in sorted(verdict.reviews.items())})
        shown.update(sorted(self.figures.items()))
        for name, value in shown.items():
            print(f"  {name:<57} {value:>8}")
