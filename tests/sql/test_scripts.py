# SPDX-License-Identifier: Apache-2.0
"""Each .sql file here is one test: a pgTAP script, run as the superuser in a freshly migrated database."""
import pathlib
import re
import subprocess

import pytest

from harness.postgres import binary

SCRIPTS = sorted(pathlib.Path(__file__).parent.glob("*.sql"))


def run_script(database, script):
    return subprocess.run(
        [binary("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database.url(), "-f", script.name],
        cwd=script.parent, capture_output=True, text=True, timeout=300)


def faults_of(tap):
    """What a TAP text says that failed, and why; also when it says too little."""
    lines = tap.splitlines()
    plan = [int(m[1]) for m in (re.match(r"1\.\.(\d+)", line) for line in lines) if m]
    results = [line for line in lines if re.match(r"(not )?ok \d+", line)]
    faults = []
    for at, line in enumerate(lines):
        if line.startswith("not ok"):
            faults.append(line)
            for comment in lines[at + 1:]:
                if not comment.startswith("#"):
                    break
                faults.append(comment)
    if len(plan) != 1 or plan[0] != len(results) or not results:
        faults.append(f"planned {plan}, ran {len(results)}")
    return faults


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(database, script):
    database.rows("create extension pgtap")
    done = run_script(database, script)
    faults = faults_of(done.stdout)
    assert done.returncode == 0 and not faults, "\n".join(faults) + "\n" + done.stderr
