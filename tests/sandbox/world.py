# SPDX-License-Identifier: Apache-2.0
"""The state that both simulators share, its lock, and the log of requests."""

import itertools
import random
import re
import threading
import time
from collections import deque

from .bigcommerce_hooks import Webhooks
from .faults import Faults
from .scheduler import Scheduler
from .settings import Settings

BAG_PATH = re.compile(r"/bags/(\d+)")
STORE_PATH = re.compile(r"/stores/([a-z0-9]+)")
STORE_HOST = re.compile(r"store-([a-z0-9]+)(?:-\d+)?\.")


class Config:
    """What the command line says."""

    def __init__(self, app_url, client_id, client_secret, app_id):
        self.app_url = app_url.rstrip("/")
        self.client_id = client_id
        self.client_secret = client_secret
        self.app_id = app_id
        self.account_uuid = "6f1c2f0e-3c1b-4b52-9d3a-2f5e9b7a0c11"
        self.bigcommerce_port = 0
        self.violet_port = 0

    @property
    def redirect_uri(self):
        return f"{self.app_url}/install"

    @property
    def bigcommerce_url(self):
        return f"http://localhost:{self.bigcommerce_port}"

    @property
    def violet_url(self):
        return f"http://localhost:{self.violet_port}"

    def panel_url(self, store_hash, path=""):
        return f"http://store-{store_hash}.localhost:{self.bigcommerce_port}{path}"


class World:
    """Everything but configuration is made anew by reset(). Hold `lock` to read or change it."""

    def __init__(self, config):
        self.config = config
        self.lock = threading.RLock()
        self.settings = Settings()
        self.scheduler = Scheduler()
        self.random = random.Random(self.settings.seed)
        self.faults = Faults(self.chance, self.store_of)
        self.webhooks = Webhooks(self)
        self.requests = deque(maxlen=50000)
        self.clear()

    def clear(self):
        """An empty world."""
        self.stores = {}
        self.codes = {}             # grant code -> what it stands for
        self.apps = {}
        self.merchants = {}
        self.bags = {}
        self.orders = {}            # Violet order id -> [Bag]
        self.bag_index = {}         # (app id, external id) -> [Bag]
        self.bags_by_app = {}       # app id -> [Bag]
        self.violet_refunds = {}
        self.posts = []             # ledger: every POST .../refunds
        self.violations = []
        self.bookings_refused = []
        self.calls_back = []        # /uninstall and /remove_user calls and their answers
        self.violet_window = [0, 0]
        self.next_store = itertools.count(1025646)
        self.next_merchant = itertools.count(50001)
        self.next_violet_order = itertools.count(20001)
        self.next_bag = itertools.count(70001)
        self.next_order_sku = itertools.count(900001)
        self.next_violet_refund = itertools.count(30001)
        self.next_install = itertools.count(1)

    def reset(self):
        with self.lock:
            self.scheduler.clear()
            self.faults.clear()
            self.settings.reset()
            self.random.seed(self.settings.seed)
            self.webhooks.reset()
            self.requests.clear()
            self.clear()

    def chance(self):
        """A number in [0, 1) from the one seeded generator."""
        with self.lock:
            return self.random.random()

    def log(self, side, request, status, began, fault):
        self.requests.append((began, side, request.method, request.path, request.raw_query, status,
                              (time.time() - began) * 1000, fault, request.host))

    def store_of(self, side, request):
        """The store that a request is about, for fault rules."""
        if side == "bigcommerce":
            found = STORE_PATH.match(request.path) or STORE_HOST.match(request.host)
            return found.group(1) if found else None
        found = BAG_PATH.search(request.path)
        bag = self.bags.get(int(found.group(1))) if found else None
        return bag.store_hash if bag else None

    @staticmethod
    def background(call, *args):
        """Call on a thread of its own, for what waits for somebody else."""
        threading.Thread(target=call, args=args, daemon=True).start()

    def later(self, seconds, call, *args):
        """Call under the lock: now if `seconds` is 0, else after them."""
        def locked():
            with self.lock:
                call(*args)
        if seconds and seconds > 0:
            self.scheduler.after(seconds, locked)
        else:
            locked()
