# SPDX-License-Identifier: Apache-2.0
"""A worker that is stopped between the commit of `sending` and the send, for longer than anybody waits for it. Needs the
program's variant `faults`."""
import pytest

from harness.deals import Shop
from harness.waiting import wait

QUICK_SENDS = {"SEND_SECONDS": "0.7", "RESPONSE_SECONDS": "0.7", "LEASE_SECONDS": "1.5", "RECHECK_SECONDS": "1,2,4,8"}


def is_stopped(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


@pytest.fixture
def stage(make_stack):
    """stage(where): a deal whose refund of 10.00 a worker is about to send, and that worker, which has stopped there."""
    def make(where):
        stack = make_stack(settings=QUICK_SENDS)
        stack.installed("abc123")
        stack.worker.stop()
        sleeper = stack.add_worker("sleeper", VIOLET_TEST_STOP_BEFORE_SEND=where, WORKER_THREADS="1").start()
        deal = Shop(stack, "abc123").deal()
        deal.refund("10.00")
        wait(lambda: is_stopped(sleeper), what="the worker to stop itself")
        assert deal.states() == ["sending"] and not deal.posts()
        return stack, sleeper, deal
    return make


def another_sends(stack, deal):
    stack.worker.start()
    deal.wait_paid(1000)


def test_stopped_before_the_check_it_never_sends_late(stage):
    stack, sleeper, deal = stage("check")
    another_sends(stack, deal)
    sleeper.sigcont()
    wait(lambda: "the time to send it by has passed" in sleeper.log() or deal.stack.db.value(
        "select count(*) from violet.refund_attempt where outcome = 'not_sent'"), what="the send to be given up")
    sleeper.stop()
    deal.wait_looks(2)
    assert deal.row()["paid_by_us"] == 1000 and len(deal.posts()) == 1 and deal.states() == ["done"]


def test_stopped_after_the_check_for_a_moment_it_sends_once(stage):
    stack, sleeper, deal = stage("send")
    sleeper.sigcont()
    deal.wait_paid(1000)
    sleeper.stop()
    stack.worker.start()
    deal.wait_looks(2)
    assert deal.row()["paid_by_us"] == 1000 and len(deal.posts()) == 1


def test_stopped_after_the_check_for_too_long_it_is_an_alarm(stage):
    """Nothing can prevent this one; the looks after a send see it."""
    stack, sleeper, deal = stage("send")
    stack.expect_log("overpaid")
    another_sends(stack, deal)
    sleeper.sigcont()
    wait(lambda: "overpaid" in stack.worker.log() + sleeper.log(), what="the alarm")
    assert deal.row()["paid_by_us"] == 2000 and deal.row()["verdict"] == "overpaid"
    assert stack.db.value("select count(*) from violet.bag where overpaid_at is not null") == 1
