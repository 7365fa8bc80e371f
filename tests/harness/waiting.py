# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions, never for time."""
import time


def wait(condition, seconds=20, what=None):
    """Call `condition` until it is true and return what it returned; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or getattr(condition, '__name__', condition)}")
        time.sleep(0.02)
