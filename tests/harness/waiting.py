# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, never for time."""
import time


def wait(condition, seconds=60, what=None):
    """Call `condition` until it is true and return what it returned; AssertionError after `seconds`,
    which are many: a slow machine is no fault of the program."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or getattr(condition, '__name__', condition)}")
        time.sleep(0.02)
