# SPDX-License-Identifier: Apache-2.0
"""What serving costs: one prepared query for the embedded app, little memory, a start that nobody notices."""
import concurrent.futures
import pathlib
import re
import socket
import time
import urllib.parse

import pytest

from harness.process import Process
from harness.product import PROGRAM, require_program
from harness.waiting import wait
from harness.webhooks import STORE, header, refund_created

RESIDENT_KIB = 20 * 1024
READY_SECONDS = 0.2
MANY = 300


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    shared = make_shared_stack(worker=False, channels=False)
    shared.install(STORE)
    return shared


def load_url(stack):
    token = stack.sim.post(f"stores/{STORE}/jwt", {"user": "owner"})["jwt"]
    return "/load?" + urllib.parse.urlencode({"signed_payload_jwt": token})


@pytest.fixture
def watched(stack):
    """With one thread for pages, of whose session PostgreSQL logs every step."""
    stack.db.cluster.run(f'alter role app_web in database "{stack.db.name}" set log_min_duration_statement = 0')
    stack.web.env["WEB_THREADS"] = "1"
    stack.restart(stack.web)
    yield stack
    stack.db.cluster.run(f'alter role app_web in database "{stack.db.name}" reset log_min_duration_statement')
    del stack.web.env["WEB_THREADS"]
    stack.restart(stack.web)


def steps(stack, session):
    """What the server logged of that session: (parse, bind, execute or statement; name; SQL)."""
    log = stack.db.cluster.process.log()
    return re.findall(rf"\[{session}\] LOG:  duration: \S+ ms  (\w+)(?: (\S+))?: (.*)", log)


def test_load_is_one_prepared_query(watched):
    url = load_url(watched)
    assert watched.get(url).status == 200
    session = watched.db.value("select pid from pg_stat_activity where datname = current_database() and usename = 'app_web' "
                               "and query like 'select api.app_load(%%'")
    before = steps(watched, session)
    assert [watched.get(url).status for _ in range(5)] == [200] * 5
    after = wait(lambda: len(found := steps(watched, session)) >= len(before) + 10 and found, what="the server's log")
    asked = after[len(before):]
    assert [step for step, _, _ in asked] == ["bind", "execute"] * 5, asked
    assert len({(name, sql) for _, name, sql in asked}) == 1 and asked[0][1] != "<unnamed>"
    assert asked[0][2].startswith("select api.app_load(")


@pytest.mark.skipif("asan" in PROGRAM.parts, reason="the sanitizers need memory of their own")
def test_both_processes_stay_small(stack):
    url, headers = load_url(stack), {"X-Violet-Hook": header(stack)}

    def visit(number):
        return {stack.get(url).status, stack.post("/webhooks", body=refund_created(number + 1), headers=headers).status}

    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        assert set().union(*crowd.map(visit, range(MANY))) == {200}
    for process in (stack.web, stack.hooks):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        assert int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) < RESIDENT_KIB, process.name


def seconds_to_ready(stack, path):
    """From the start of the program to a connection that it takes, less the time in which others had the processors."""
    process = Process("ready", [require_program(), "web"], stack.directory / "ready.log",
                      env={**stack.web.env, "FCGI_LISTEN": str(path)})
    began = time.monotonic()
    process.start()
    try:
        with socket.socket(socket.AF_UNIX) as s:
            while s.connect_ex(str(path)) != 0:
                assert process.is_alive() and time.monotonic() < began + 60, process.tail()
                time.sleep(0.001)
        took = time.monotonic() - began
        waited_ns = int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[1])
        return took - waited_ns / 1e9
    finally:
        process.stop()


def test_it_is_ready_at_once(stack):
    """The best of several tries: the database has to wait for the processors, too."""
    path = stack.sockets["pages"].with_name("ready.sock")
    tries = []
    while len(tries) < 30 and min(tries, default=READY_SECONDS) >= READY_SECONDS:
        tries.append(seconds_to_ready(stack, path))
    assert min(tries) < READY_SECONDS, tries


def test_no_core_is_dumped(stack):
    """Tokens pass through memory. (That other programs get no core either is a unit test's: crypt_init.)"""
    for process in (stack.web, stack.hooks):
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits), process.name
