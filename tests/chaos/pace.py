# SPDX-License-Identifier: Apache-2.0
"""The waiting times of a run: the true ones divided by SPEED, in their proportions. Only those that run for hours are
cut shorter, since nothing depends on their length."""

TRUE = {
    "SETTLE_SECONDS": 120, "CANCEL_GRACE_SECONDS": 600, "SEND_SECONDS": 20, "RESPONSE_SECONDS": 30,
    "ABSENCE_REPEAT_SECONDS": 60, "POLL_SECONDS": 10, "RETRY_MINIMUM_SECONDS": 5, "LEASE_SECONDS": 60,
    "SWEEP_REFUNDS_SECONDS": 900, "SWEEP_OVERLAP_SECONDS": 900, "MERCHANT_SECONDS": 5,
}
# As multiples of SETTLE_SECONDS.
CUT = {
    "RECHECK_SECONDS": (5, 10), "BAG_SEARCH_SECONDS": (0.5, 1, 2, 4, 6, 10), "SWEEP_ORDERS_SECONDS": (7.5,),
    "RETRY_MAXIMUM_SECONDS": (1,), "HOOKS_SECONDS": (10,), "DISCOUNTS_SECONDS": (50,), "UNINSTALL_SECONDS": (0, 1, 2, 3),
}
# The fuse has tests of its own.
FUSE = {name: str(10 ** 9) for name in ("FUSE_STORE_COUNT", "FUSE_STORE_AMOUNT", "FUSE_TOTAL_COUNT", "FUSE_TOTAL_AMOUNT")}


class Pace:
    def __init__(self, speed):
        self.speed = speed
        self.settle, self.grace, self.send, self.response, self.absence, self.lease = (
            TRUE[f"{name}_SECONDS"] / speed
            for name in ("SETTLE", "CANCEL_GRACE", "SEND", "RESPONSE", "ABSENCE_REPEAT", "LEASE"))
        self.taken_over = self.send + self.response + self.settle + 2 * self.absence  # by when a lost send is sent again
        self.swept = self.settle * CUT["SWEEP_ORDERS_SECONDS"][0]
        # Near the true times a stopped process sleeps so long that trouble must come more seldom: never all sleep at once.
        self.calmer = max(1, 10 / speed)

    def settings(self):
        scaled = {name: f"{seconds / self.speed:.3f}" for name, seconds in TRUE.items()}
        cut = {name: ",".join(f"{times * self.settle:.3f}" for times in several) for name, several in CUT.items()}
        return {**scaled, **cut, **FUSE}
