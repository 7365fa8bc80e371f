# SPDX-License-Identifier: Apache-2.0
"""One stack for all tests of refunds: each has orders of its own. `shop` is a store linked to both channels, `new_shop` one
whose order and refund ids begin anew."""
import pytest

from harness import product
from harness.deals import Shop
from harness.stack import stacks


# Sends without an answer are judged sooner, and the last look for a bag comes long after the one before.
SETTINGS = {"SEND_SECONDS": "2", "BAG_SEARCH_SECONDS": product.QUICK["BAG_SEARCH_SECONDS"] + ",60"}


@pytest.fixture(scope="session")
def shared(request, cluster, template):
    """Everything running, three stores installed; abc123 is linked to both channels."""
    with stacks(request.node, cluster, template) as make:
        stack = make(settings=SETTINGS)
        stack.installed("abc123", ("acme", "bloom"))
        stack.installed("def456", ("acme",))
        stack.installed("jpy789", ("acme",))
        yield stack


def _shop(shared, store):
    before = shared.sim.get("settings")["settings"]
    shop = Shop(shared, store)
    yield shop
    shared.sim.delete("faults")
    shared.sim.post("settings", before)
    shop.check()


@pytest.fixture
def shop(shared):
    yield from _shop(shared, "abc123")


@pytest.fixture
def yen_shop(shared):
    yield from _shop(shared, "jpy789")


@pytest.fixture(scope="session")
def new_store(shared):
    shared.sim.post("stores", {"hash": "new000"})
    return shared.installed("new000")


@pytest.fixture
def new_shop(shared, new_store):
    yield from _shop(shared, new_store)
