# SPDX-License-Identifier: Apache-2.0
"""Two database servers, the second a standby of the first: DATABASE_URL names both, and a failover is survived."""
import pathlib
import shutil
import tempfile
import urllib.parse

import pytest

from harness import product
from harness.postgres import REPLICATING, Cluster, Database
from harness.stack import Stack
from harness.webhooks import header, refund_created

UNSAFE = "there is a standby, but replication is not synchronous"


class Pair(Database):
    """The primary's database; the program is told of the standby too, and of it first."""

    def __init__(self, primary, standby, name):
        super().__init__(primary, name)
        self.standby = standby

    def url(self, user="postgres"):
        hosts = ",".join(urllib.parse.quote(str(cluster.socket), safe="") for cluster in (self.standby, self.cluster))
        return f"postgresql://{user}@/{self.name}?host={hosts}"


@pytest.fixture(scope="module")
def stack():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-pg-"))
    directory.chmod(0o711)
    primary, standby = (Cluster(directory / name, REPLICATING) for name in ("first", "second"))
    stack = None
    try:
        database = primary.start().create("violet")
        product.migrate(database.url())
        primary.make_logins()
        standby.follow(primary)
        stack = Stack(Pair(primary, standby, "violet"), worker=False, channels=False)
        yield stack
    finally:
        if stack:
            stack.stop()
        standby.stop()
        primary.stop()
        shutil.rmtree(directory, ignore_errors=True)


def findings(stack, **env):
    done = stack.command("check", "worker", "--offline", env=env)
    return done.returncode, done.stdout + done.stderr


def test_check_wants_replication_to_be_synchronous(stack):
    primary = stack.db.cluster
    stack.wait(lambda: stack.db.value("select count(*) from pg_stat_replication where state = 'streaming'"),
               what="the standby to follow")
    assert UNSAFE in findings(stack)[1]
    primary.run("alter system set synchronous_standby_names = '*'")
    primary.run("select pg_reload_conf()")
    stack.wait(lambda: UNSAFE not in findings(stack)[1], what="the warning to go")
    code, said = findings(stack, DATABASE_URL=stack.db.standby.url("violet", "app_operator"))
    assert code == 1 and "read-only" in said


def test_failover(stack):
    """The host that takes writes is found in any order; after a failover the same processes go on with the other."""
    stack.expect_log("webhooks are not stored|status=503")

    def send(order):
        return stack.post("/webhooks", body=refund_created(order), headers={"X-Violet-Hook": header(stack)}).status

    def brake(database):
        return database.value("select violet.brake('abc123', 120000, now())")

    second = Database(stack.db.standby, "violet")
    assert send(1) == 200
    assert brake(stack.db) is None, "the timeline that is noted first is no failover"
    stack.wait(lambda: second.value("select timeline from violet.instance"), what="the note to be on the standby")
    stack.db.cluster.process.kill()
    assert send(2) == 503
    stack.db.standby.run("select pg_promote()")
    stack.wait(lambda: send(3) == 200, what="webhooks to be taken by the second server")
    stack.wait(lambda: stack.get("/readyz").status == 200, what="pages to be served from it")
    assert second.rows("select distinct order_id from violet.event order by 1") == [(1,), (3,)]
    assert brake(second) == "timeline", "no refund is sent for a while"
    assert not stack.faults()
