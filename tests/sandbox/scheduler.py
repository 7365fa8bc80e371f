# SPDX-License-Identifier: Apache-2.0
"""One thread that calls functions later. What it calls must be short."""

import heapq
import itertools
import threading
import time
import traceback


class Scheduler:
    def __init__(self):
        self.heap = []
        self.order = itertools.count()
        self.changed = threading.Condition()
        threading.Thread(target=self._run, name="scheduler", daemon=True).start()

    def after(self, seconds, call, *args):
        with self.changed:
            due = time.monotonic() + seconds
            heapq.heappush(self.heap, (due, next(self.order), call, args))
            if self.heap[0][0] == due:
                self.changed.notify()

    def clear(self):
        with self.changed:
            self.heap.clear()

    def _next(self):
        """Wait for the first entry that is due, and take it."""
        with self.changed:
            while True:
                now = time.monotonic()
                if self.heap and self.heap[0][0] <= now:
                    return heapq.heappop(self.heap)
                self.changed.wait(self.heap[0][0] - now if self.heap else None)

    def _run(self):
        while True:
            _due, _order, call, args = self._next()
            try:
                call(*args)
            except Exception:
                traceback.print_exc()
