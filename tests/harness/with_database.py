# SPDX-License-Identifier: Apache-2.0
"""Run a command with TEST_DATABASE_URL set to an empty database of a private PostgreSQL."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from harness.postgres import FAST_AND_FORGETFUL, Cluster  # noqa: E402


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-pg-"))
    directory.chmod(0o711)
    cluster = Cluster(directory, FAST_AND_FORGETFUL)
    try:
        cluster.start()
        url = cluster.create("unit").url()
        return subprocess.run(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}).returncode
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


sys.exit(main())
