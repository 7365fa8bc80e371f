# SPDX-License-Identifier: Apache-2.0
"""A store of its own for each test, in a stack that the module shares: `from harness.shop import shared, shop`."""
import itertools
import urllib.parse

import pytest

numbers = itertools.count(1)


class Shop:
    """A store: what it does in the simulators, and its rows."""

    def __init__(self, stack, hash):
        self.stack, self.sim, self.db, self.wait, self.hash = stack, stack.sim, stack.db, stack.wait, hash
        self.merchant_id = self.sim.get(f"stores/{hash}")["merchant_id"]

    def value(self, sql, *parameters):
        """One value; %s is the store, then come the parameters."""
        return self.db.value(sql, self.hash, *parameters)

    def act(self, what, body=None):
        return self.sim.post(f"stores/{self.hash}/{what}", body)

    def put(self, kind, ref=0):
        self.db.rows("select api.job_put(%s, %s, %s, now(), now())", self.hash, kind, ref)

    def fault(self, **rule):
        return self.sim.post("faults", {"store": self.hash, **rule})

    def calls(self, path, side="bigcommerce"):
        """How often the program asked; the path of BigCommerce's calls begins with the store's."""
        prefix = f"/stores/{self.hash}" if side == "bigcommerce" else ""
        return self.sim.get(f"requests?side={side}&path={prefix}{path}")["count"]

    def queries(self, path):
        """What the program asked a list of BigCommerce for, each time: {name: value}."""
        calls = self.sim.get(f"requests?side=bigcommerce&path=/stores/{self.hash}{path}")["requests"]
        return [dict(urllib.parse.parse_qsl(call["query"])) for call in calls]

    def job(self, kind, ref=0):
        """(attempts, note, due in seconds) or None."""
        rows = self.db.rows("select attempts, note, extract(epoch from due_at - now())::float from violet.job "
                            "where store_hash = %s and kind = %s and ref = %s", self.hash, kind, ref)
        return rows[0] if rows else None

    def jobs(self, kind):
        return self.value("select count(*) from violet.job where store_hash = %s and kind = %s", kind)

    def log(self, kind):
        """The worker's lines about a kind of job of this store."""
        return [line for line in self.stack.worker.log().splitlines() if f"store={self.hash} kind={kind} " in line]

    def says(self, kind, text):
        return any(text in line for line in self.log(kind))

    def installed(self, channels=("acme",)):
        self.stack.installed(self.hash, channels)
        return self


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    return make_shared_stack()


@pytest.fixture
def shop(shared):
    """A new store, not installed; afterwards the simulators behave again."""
    hash = f"shop{next(numbers)}"
    shared.sim.post("stores", {"hash": hash, "name": f"Shop {hash}", "currency": "USD"})
    before = shared.sim.get("settings")["settings"]
    yield Shop(shared, hash)
    shared.sim.delete("faults")
    shared.sim.post("settings", before)
