# SPDX-License-Identifier: Apache-2.0
"""What people type first: `make run`; and what packagers do: `make install` and `make uninstall` below a folder."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import pytest

from harness.client import Client
from harness.process import Process, free_port
from harness.product import BUILD, PROGRAM, ROOT, clean_environment, require_program
from harness.waiting import wait

INSTALLED = {
    "bin/violet-bigcommerce",
    "lib/systemd/system/violet-bigcommerce-web@.service",
    "lib/systemd/system/violet-bigcommerce-web@.socket",
    "lib/systemd/system/violet-bigcommerce-worker.service",
    "share/man/man5/violet-bigcommerce.conf.5",
    "share/man/man7/violet-bigcommerce-sql.7",
    "share/man/man8/violet-bigcommerce.8",
    "share/violet-bigcommerce/nginx/fastcgi_params.violet",
    "share/violet-bigcommerce/nginx/inside.conf",
    "share/violet-bigcommerce/nginx/own-page.conf",
    "share/violet-bigcommerce/nginx/to-hooks.conf",
    "share/violet-bigcommerce/nginx/to-pages.conf",
    "share/violet-bigcommerce/nginx/violet-bigcommerce-http.conf",
    "share/violet-bigcommerce/nginx/violet-bigcommerce-upstream.conf",
    "share/violet-bigcommerce/nginx/violet-bigcommerce.conf",
    "share/violet-bigcommerce/sql/citus.sql",
}


def make(target, destination):
    done = subprocess.run(
        ["make", target, f"DESTDIR={destination}", "PREFIX=/usr", f"BUILD={BUILD}", f"VARIANT={PROGRAM.parent.name}"],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def files_below(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}


def test_install_and_uninstall(tmp_path):
    require_program()
    make("install", tmp_path)
    assert files_below(tmp_path) == {f"usr/{name}" for name in INSTALLED}
    for name in INSTALLED:
        path = tmp_path / "usr" / name
        assert path.stat().st_mode & 0o7777 == (0o755 if name.startswith("bin/") else 0o644), name
        if "systemd" in name:
            assert "@PREFIX@" not in path.read_text(), name
    assert "ExecStart=/usr/bin/violet-bigcommerce web" in \
        (tmp_path / "usr/lib/systemd/system/violet-bigcommerce-web@.service").read_text()
    theirs = tmp_path / "usr/share/man/man8/another.8"
    theirs.touch()
    make("uninstall", tmp_path)
    assert files_below(tmp_path) == {str(theirs.relative_to(tmp_path))}
    assert not (tmp_path / "usr/share/violet-bigcommerce").exists()


# make run ------------------------------------------------------------------------------------------------------------

def is_free(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def descendants(pid):
    """Pids of all that a process has started, and what those have."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents.setdefault(int(words[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found[1:]


@pytest.fixture
def build():
    """A folder that PostgreSQL's user may enter, too."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-run-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running(build, port, **settings):
    """`make run`, from where it says where to click."""
    script = [sys.executable, ROOT / "tests" / "run", "--build", build]
    env = {**clean_environment(), "VIOLET_PROGRAM": str(require_program()), "PYTHONDONTWRITEBYTECODE": "1"}
    run = Process("run", [*script, "--port", port], build / "run.log", env={**env, **settings})
    run.start()
    try:
        wait(lambda: not run.is_alive() or "Logs  " in run.log(), what="make run to say where to click")
        yield run
    finally:
        run.stop()
    subprocess.run([*map(str, script), "--remove"], env=env, check=True)


def end(run):
    run.child.send_signal(signal.SIGTERM)
    assert run.child.wait(60) == 0, run.log()


def test_run_begins_and_ends(build):
    """It says where to click, that works, and after SIGTERM nothing of it is left; --remove takes its files away."""
    port = free_port(3)
    with running(build, port) as run:
        said = re.search(r"Begin as a merchant +(\S+)", run.log())
        assert said, run.log()
        page = Client(said[1]).get(said[1])
        assert page.status == 200 and "Connect your store" in page.text
        link = re.search(r"Connect link +(\S+)", run.log())[1]
        assert link.startswith(f"http://localhost:{port}/") and Client(link).get(link).status == 200
        started = descendants(run.pid)
        assert len(started) >= 6, "database, simulators, nginx, two web processes, worker"
        end(run)
        assert [pid for pid in started if os.path.exists(f"/proc/{pid}")] == []
        assert is_free(port) and is_free(port + 1) and is_free(port + 2)
    assert not (build / "sandbox").exists()


def test_run_with_credentials_starts_no_simulator(build):
    """Those of the environment are used, and nothing stands in for BigCommerce and Violet."""
    port = free_port(3)
    settings = {"BIGCOMMERCE_CLIENT_ID": "an-id", "BIGCOMMERCE_CLIENT_SECRET": "a-secret", "BIGCOMMERCE_APP_ID": "7",
                "VIOLET_API_URL": "https://violet.example/v1", "SETTLE_SECONDS": "77"}
    with running(build, port, **settings) as run:
        assert "no simulators" in run.log(), run.log()
        assert is_free(port + 1) and is_free(port + 2)
        url = f"http://localhost:{port}"
        assert Client(url).get("/connect/nobody").status == 404 and Client(url).get("/readyz").status == 200
        told = (build / "sandbox" / "env").read_text()
        assert all(f"export {name}={value}\n" in told for name, value in settings.items()), told
        assert "localhost" not in told.replace(url, ""), told
        end(run)
    with running(build, port, BIGCOMMERCE_CLIENT_ID="an-id") as run:
        assert run.child.wait() == 1 and "needed too: BIGCOMMERCE_APP_ID" in run.log()
