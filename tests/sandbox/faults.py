# SPDX-License-Identifier: Apache-2.0
"""Fault rules: which requests go wrong, and how. The server applies them (http_server.py)."""

import re
import threading

# action -> is the act done by default? A rule may say otherwise with "done".
ACTIONS = {
    "delay": True,          # wait `seconds`, then do it and answer
    "hold": True,           # wait until the rules are cleared, or for `seconds`; then do it and answer
    "hang": False,          # no answer until the rules are cleared, or for `seconds`; then close
    "status": False,        # answer `code`, `body`, `headers` instead
    "drop_before": False,   # close without doing it
    "drop_after": True,     # do it, then close without an answer
    "drop_headers": True,   # do it, close in the middle of the answer's head
    "drop_body": True,      # do it, close in the middle of the answer's body
    "garbage": True,        # do it, answer 200 with a body that is no JSON
    "empty": True,          # do it, answer 200 with no body
}
HANGS = frozenset({"hang"})
BREAKS = frozenset({"hang", "drop_before", "drop_after", "drop_headers", "drop_body"})
WAITS = frozenset({"delay", "hold"})    # beforehand; then all is well
ALWAYS_DONE = WAITS | {"drop_headers", "drop_body"}
FIELDS = frozenset({"side", "method", "path", "store", "app", "times", "probability", "action", "done",
                    "seconds", "delay", "code", "body", "headers", "reset", "skip"})


class BadRule(ValueError):
    """The rule can't be understood; the text says why."""


def check_rule(rule):
    """A copy of `rule` with defaults filled in."""
    unknown = set(rule) - FIELDS
    if unknown:
        raise BadRule(f"unknown fields {sorted(unknown)}; known: {sorted(FIELDS)}")
    action = rule.get("action")
    if action not in ACTIONS:
        raise BadRule(f"action {action!r} is none of {sorted(ACTIONS)}")
    if rule.get("side") not in (None, "bigcommerce", "violet"):
        raise BadRule("side is 'bigcommerce' or 'violet'")
    checked = {"done": ACTIONS[action], "times": None, "probability": 1.0, "skip": 0,
               **rule, "hits": 0}
    if "app" in rule:
        checked["app"] = str(rule["app"])
    if action in ALWAYS_DONE:
        checked["done"] = True
    try:
        checked["pattern"] = re.compile(rule.get("path", ""))
    except re.error as error:
        raise BadRule(f"path: {error}") from None
    return checked


class Faults:
    """The rules in force. `rules` is replaced, never changed, so it is read without the lock."""

    def __init__(self, chance, store_of):
        self.rules = ()
        self.lock = threading.Lock()
        self.cleared = threading.Event()
        self.chance = chance        # () -> [0, 1), the seeded generator
        self.store_of = store_of    # request -> store hash or None
        self.last_id = 0

    def add(self, rule):
        checked = check_rule(rule)
        with self.lock:
            self.last_id += 1
            checked["id"] = self.last_id
            self.rules = (*self.rules, checked)
        return checked["id"]

    def clear(self, rule_id=None):
        """Drop one rule or all; hanging requests go on to their end when all are dropped."""
        with self.lock:
            self.rules = tuple(r for r in self.rules if rule_id is not None
                               and r["id"] != rule_id)
            if not self.rules:
                self.cleared.set()
                self.cleared = threading.Event()

    def describe(self):
        return [{k: v for k, v in rule.items() if k != "pattern"} for rule in self.rules]

    def match(self, side, request):
        """The first rule that hits this request, counted as used, or None."""
        for rule in self.rules:
            if self._fits(rule, side, request) and self._use(rule):
                return rule
        return None

    def _fits(self, rule, side, request):
        if rule.get("side") not in (None, side):
            return False
        if rule.get("method") not in (None, request.method):
            return False
        if not rule["pattern"].search(request.path):
            return False
        if rule.get("app") not in (None, request.headers.get("x-violet-app-id")):
            return False
        return rule.get("store") is None or self.store_of(side, request) == rule["store"]

    def _use(self, rule):
        # The generator has the world's lock, under which rules are added: never take it behind ours.
        if rule["probability"] < 1 and self.chance() >= rule["probability"]:
            return False
        with self.lock:
            if rule["times"] is not None and rule["hits"] >= rule["times"] + rule["skip"]:
                return False
            rule["hits"] += 1
            return rule["hits"] > rule["skip"]

    def hang(self, rule):
        self.cleared.wait(rule.get("seconds"))
