# SPDX-License-Identifier: Apache-2.0
"""python3 -m chaos: see --help."""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from chaos.run import Run


# name -> (default, meaning): options, and variables of the environment, as `make chaos ORDERS=100` passes them.
OPTIONS = {
    "orders": (500, "orders in all"),
    "stores": (8, "stores, of several currencies"),
    "channels": (3, "channels; every store is linked to all"),
    "workers": (4, "worker processes; the second and third stop themselves at each send"),
    "seed": (None, "repeats a run's schedule (default: by chance)"),
    "speed": (10, "waiting times are divided by it"),
    "noise": (0, "seconds over which the orders are spread (default: 6 orders a second)"),
    "keep": (0, "1: leave logs and database files"),
}


def options():
    parser = argparse.ArgumentParser(prog="make chaos", description="Random orders under kills, stops and faults; then "
                                     "everybody's money is counted. TRUE_TIMES=1 is SPEED=1.")
    for name, (default, meaning) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=int, default=int(os.environ.get(name.upper()) or default or 0), help=meaning)
    chosen = parser.parse_args()
    chosen.seed = chosen.seed or random.SystemRandom().randrange(1, 10 ** 6)
    if os.environ.get("TRUE_TIMES"):
        chosen.speed = 1
    return chosen


def main():
    chosen = options()
    print("chaos: to repeat this run, make chaos " + " ".join(
        f"{name.upper()}={getattr(chosen, name)}" for name in OPTIONS if name != "keep"), flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-chaos-"))
    directory.chmod(0o711)
    run, began, faults = Run(chosen, directory), time.monotonic(), ["it did not come to an end"]
    try:
        faults = run.go()
    finally:
        run.stop()
        print(f"chaos: {time.monotonic() - began:.0f} s, {len(faults)} faults", flush=True)
        if faults or chosen.keep:
            print(f"chaos: logs and database are in {directory}", flush=True)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print("\n".join(f"FAILED: {fault}" for fault in faults[:40]) or
          "chaos: every shopper has exactly what is owed, or a person was asked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
