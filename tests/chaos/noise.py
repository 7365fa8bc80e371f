# SPDX-License-Identifier: Apache-2.0
"""What goes wrong during a run: processes are killed and stopped, both remote sides fail, lie and lag, webhooks are
dropped, doubled, delayed and reordered. Everything happens on the caller's one thread, by its Agenda."""
import heapq
import http.client
import itertools
import os
import random
import signal
import time

from harness.client import Client

# What remote calls suffer, (weight, rule). `done`: the simulator carries it out although the answer says otherwise.
GET_FAULTS = (
    (3, {"action": "delay", "seconds": 0.4}), (2, {"action": "drop_before"}), (2, {"action": "drop_headers"}),
    (2, {"action": "drop_body"}), (2, {"action": "garbage"}), (2, {"action": "empty"}), (2, {"action": "hang"}),
    (2, {"action": "status", "code": 500, "body": {}}), (2, {"action": "status", "code": 503, "body": {}}),
    (2, {"action": "status", "code": 429, "body": {}, "headers": {"X-Retry-After": "1", "Retry-After": "1"}}),
    (1, {"action": "drop_before", "reset": True}), (1, {"action": "status", "code": 403, "body": "<html>denied</html>"}),
    (1, {"action": "status", "code": 401, "body": {}}), (1, {"action": "status", "code": 403, "body": {"message": "no", "code": 9403}}),
    (0.5, {"action": "status", "code": 429, "body": {}}),
)
SEND_FAULTS = (
    (3, {"action": "delay", "seconds": 0.4}), (3, {"action": "drop_before"}), (4, {"action": "drop_after"}),
    (2, {"action": "drop_headers"}), (2, {"action": "drop_body"}), (2, {"action": "garbage"}), (2, {"action": "empty"}),
    (1, {"action": "hang"}), (2, {"action": "hang", "done": True}), (1, {"action": "status", "code": 500, "body": {}}),
    (2, {"action": "status", "code": 502, "body": {}, "done": True}), (1, {"action": "status", "code": 429, "body": {}}),
    (1, {"action": "status", "code": 403, "body": "<html>denied</html>"}),
)
PLACES = (
    (4, "violet", "POST", "/refunds$", SEND_FAULTS), (2, "violet", "GET", "/refunds", GET_FAULTS),
    (1, "violet", "POST", "/bags/search$", GET_FAULTS), (1, "violet", "GET", "/cancellations$", GET_FAULTS),
    (1, "violet", "POST", "/login$", GET_FAULTS), (2, "bigcommerce", "GET", "/v2/orders", GET_FAULTS),
    (2, "bigcommerce", "GET", "/payment_actions/refunds", GET_FAULTS),
)


class Agenda:
    """What is to be done and when, in seconds since the start; one thread does it all."""

    def __init__(self):
        self.heap, self.numbers = [], itertools.count()
        self.started = time.monotonic()

    def now(self):
        return time.monotonic() - self.started

    def at(self, when, call, *arguments):
        heapq.heappush(self.heap, (when, next(self.numbers), call, arguments))

    def after(self, seconds, call, *arguments):
        self.at(self.now() + seconds, call, *arguments)

    def step(self):
        """Do what is due; sleep a moment if nothing is."""
        if not self.heap or self.heap[0][0] > self.now():
            time.sleep(0.01)
            return
        _, _, call, arguments = heapq.heappop(self.heap)
        call(*arguments)


def is_stopped(process):
    try:
        with open(f"/proc/{process.pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "T"
    except FileNotFoundError:
        return False


def choose(chance, weighted):
    return chance.choices(weighted, [row[0] for row in weighted])[0][1:]


class Noise:
    def __init__(self, stack, cluster, workers, stores, pace, seed, agenda, count):
        self.stack, self.sim, self.cluster, self.workers = stack, stack.sim, cluster, workers
        self.stores, self.pace, self.agenda, self.count = stores, pace, agenda, count
        self.seed, self.chance = seed, random.Random(f"{seed}:noise")
        self.stopped = set()    # by us; those that stop themselves before a send are found by watch()
        self.is_quiet = False
        self.rules = {}         # id of a fault rule -> its name
        self.hits = {}          # id -> hits that are in the figures already
        self.without = set()    # stores that have uninstalled the app

    def begin(self, seconds):
        """Plan it all. Each event has chance of its own, so that the seed alone decides what happens when."""
        every = (
            (2.0, self.strike), (2.0, self.open_app), (1.2, self.break_calls), (2.5, self.shift), (2.5, self.upset_webhooks),
            (9.0, self.expire_tokens), (10.0, self.lose_hooks), (15.0, self.suspend_store), (25.0, self.uninstall),
        )
        for mean, call in every:
            rate = 1 / (mean * self.pace.calmer)
            at = self.chance.expovariate(rate)
            while at < seconds:
                self.agenda.at(at, self.happen, call, f"{self.seed}:{call.__name__}:{at}")
                at += self.chance.expovariate(rate)
        self.watch()

    def happen(self, call, seed):
        if not self.is_quiet:
            self.chance = random.Random(seed)
            call()

    # Processes.

    def strike(self):
        """Kill or stop somebody."""
        chance = self.chance
        what, victim = choose(chance, (
            (6, "kill", "worker"), (6, "stop", "worker"), (2, "kill", "hooks"), (1, "stop", "hooks"), (1, "kill", "web"),
            (1, "stop", "web"), (2, "kill", "postgresql"), (1, "stop", "postgresql"), (1, "kill", "backend")))
        if victim == "backend":
            self.kill_backend()
            return
        process = {"hooks": self.stack.hooks, "web": self.stack.web, "postgresql": self.cluster.process,
                   "worker": chance.choice(self.workers)}[victim]
        if not process.is_alive():
            return
        if what == "kill":
            process.kill()
            self.stopped.discard(process)
            self.count(f"kill -9 {victim}")
            self.agenda.after(chance.uniform(0.05, 1.5), self.revive, process)
        elif not is_stopped(process):
            self.stopped.add(process)
            process.sigstop()
            self.count(f"SIGSTOP {victim}")
            # Longer than a lease, but not so long that another worker sends again what this one may be sending: past its
            # last check nothing can prevent that (it is an alarm: test_stops.py). Sends are stopped for longer by watch().
            self.agenda.after(chance.uniform(0.2, min(2 * self.pace.lease, 0.7 * self.pace.taken_over)), self.resume, process)

    def revive(self, process):
        """Start it again; PostgreSQL may have to wait for its orphans to end."""
        if process.is_alive():
            return
        process.start()
        if process is self.cluster.process:
            self.agenda.after(0.5, self.revive, process)

    def resume(self, process):
        self.stopped.discard(process)
        if process.is_alive():
            process.sigcont()

    def kill_backend(self):
        """One server process of a connection: PostgreSQL then restarts all of them."""
        if not self.cluster.process.is_alive():
            return
        with open(f"/proc/{self.cluster.process.pid}/task/{self.cluster.process.pid}/children") as children:
            pids = [int(pid) for pid in children.read().split()]
        backends = [pid for pid in pids if b"app_" in self._command(pid)]
        if backends:
            try:
                os.kill(self.chance.choice(backends), signal.SIGKILL)
                self.count("kill -9 backend")
            except ProcessLookupError:
                pass

    @staticmethod
    def _command(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as command:
                return command.read()
        except FileNotFoundError:
            return b""

    def watch(self):
        """Wake the workers that stopped themselves at a send. One that has yet to check the time may sleep however long."""
        for worker in self.workers:
            where = worker.env.get("VIOLET_TEST_STOP_BEFORE_SEND")
            if where and worker not in self.stopped and worker.is_alive() and is_stopped(worker):
                self.stopped.add(worker)
                self.count(f"stopped at {where}")
                pace, chance = self.pace, self.chance
                longest = pace.send + 0.8 * pace.response
                if where == "check":
                    longest = chance.choice((pace.send, 2 * pace.lease, 1.5 * pace.taken_over))
                self.agenda.after(chance.uniform(0, longest), self.resume, worker)
        self.agenda.after(0.05, self.watch)

    def open_app(self):
        """A merchant opens the app, whatever comes of it, so that there is something to kill web in."""
        status = self.visit(self.sim.get(f"stores/{self.chance.choice(self.stores)}/load_url")["url"])
        self.count(f"app opened: status {status}")

    def visit(self, url):
        try:
            return Client(self.stack.url, timeout=1).get(url).status
        except (OSError, http.client.HTTPException):
            return "none"

    # The remote sides.

    def break_calls(self):
        side, method, path, faults = choose(self.chance, PLACES)
        (rule,) = choose(self.chance, faults)
        if "seconds" in rule:  # late, but not later than a send may be
            rule = {**rule, "seconds": self.chance.uniform(0.2, 1.3) * self.pace.response}
        elif rule["action"] == "hang":
            rule = {**rule, "seconds": 1.3 * self.pace.response}
        made = self.sim.post("faults", {"side": side, "method": method, "path": path,
                                        "probability": self.chance.choice((0.2, 0.5, 1.0)), **rule})
        name = rule["action"] + (f" {rule['code']}" if "code" in rule else "") + (", carried out" if rule.get("done") else "")
        self.rules[made["ids"][0]] = f"{'send' if faults is SEND_FAULTS else side}, {name}"
        self.agenda.after(self.pace.calmer * self.chance.uniform(0.3, 2.5), self.mend_calls, made["ids"][0])

    def mend_calls(self, number):
        if number in self.rules:
            self._count_hits()
            self.sim.delete(f"faults/{number}")
            del self.rules[number]

    def _count_hits(self):
        for rule in self.sim.get("faults")["faults"]:
            fresh = rule["hits"] - self.hits.get(rule["id"], 0)
            if fresh and rule["id"] in self.rules:
                self.count(f"fault: {self.rules[rule['id']]}", fresh)
                self.hits[rule["id"]] = rule["hits"]

    def shift(self):
        """Lists that lag, reasons that change. The lags together stay below SETTLE_SECONDS: that is what it is for."""
        chance, settle = self.chance, self.pace.settle
        self.sim.post("settings", {
            "stale_refunds": chance.choice((0.0, chance.uniform(0, 0.6 * settle))),
            "stale_status": chance.choice((0.0, chance.uniform(0, 0.6 * settle))),
            "violet_list_lag": chance.choice((0.0, chance.uniform(0, 0.6 * settle))),
            "violet_processing": chance.choice((0.0, chance.uniform(0, settle))),
            "violet_reason": chance.choice(("keep", "keep", "cut", "empty", "alter")),
            "violet_external_id": chance.random() < 0.7,
        })
        self.count("changes of lags and reasons")

    def upset_webhooks(self):
        chance = self.chance
        self.sim.post("settings", {
            "webhooks": "off" if chance.random() < 0.1 else "on", "webhook_drop": chance.choice((0.0, 0.1, 0.5)),
            "webhook_duplicate": chance.choice((0.0, 0.3)), "webhook_delay": chance.choice((0.0, 0.3)),
            "webhook_delay_seconds": 1.5 * self.pace.settle, "webhook_reorder": chance.choice((0.0, 0.5)),
            "webhook_status": chance.random() < 0.8,
        })
        self.count("changes of webhooks")

    def expire_tokens(self):
        self.sim.post("violet/expire_tokens", {"refresh": self.chance.random() < 0.5})
        self.count("fault: Violet's tokens expired")

    def lose_hooks(self):
        """BigCommerce disables or deletes a store's hooks, or blocks our whole domain."""
        what = self.chance.choice(("disable", "delete", "block"))
        self.sim.post(f"hooks/{what}", {"seconds": self.pace.settle} if what == "block" else
                      {"store": self.chance.choice(self.stores)})
        self.count(f"fault: hooks, {what}")

    def suspend_store(self):
        """All its calls answer 503."""
        self.sim.post("settings", {"suspended_stores": [self.chance.choice(self.stores)]})
        self.count("fault: store suspended")
        self.agenda.after(self.chance.uniform(0.5, self.pace.settle), self.sim.post, "settings", {"suspended_stores": []})

    def uninstall(self):
        """A merchant uninstalls the app, and installs it again."""
        store = self.chance.choice(self.stores)
        if store not in self.without:
            self.without.add(store)
            self.sim.post(f"stores/{store}/uninstall", {"callback": self.chance.random() < 0.8})
            self.count("app uninstalled, and installed again")
            self.agenda.after(self.chance.uniform(0, 3 * self.pace.settle), self.install, store)

    def install(self, store):
        """Until it works: the merchant tries again."""
        url = self.sim.post(f"stores/{store}/install", {})["url"]
        if self.visit(url) == 200:
            self.without.discard(store)
        else:
            self.agenda.after(1, self.install, store)

    # The end.

    def calm(self):
        """All faults end, all processes run."""
        self.is_quiet = True
        self._count_hits()
        self.sim.delete("faults")
        self.rules.clear()
        self.sim.post("settings", {
            "stale_refunds": 0.0, "stale_status": 0.0, "violet_list_lag": 0.0, "violet_processing": 0.2, "violet_reason": "keep",
            "webhooks": "on", "webhook_drop": 0.0, "webhook_duplicate": 0.0, "webhook_delay": 0.0, "webhook_reorder": 0.0,
            "next_refunds": [], "suspended_stores": []})
