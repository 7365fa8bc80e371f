# SPDX-License-Identifier: Apache-2.0
"""The queue under workers that hurry, stop, die, and under a database that goes away."""
import datetime
import itertools
import random
import re
import signal
import threading

import psycopg2
import pytest

from harness.shop import Shop

STORE = "abc123"


def put(database, count, store=STORE, kind="sync_order"):
    database.rows("select api.job_put(%s, %s, n, now(), now()) from generate_series(1, %s) as n", store, kind, count)


def add_store(database, store=STORE):
    database.rows("insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token) "
                  "values (%s, now(), now(), 'sealed')", store)


def in_threads(count, act):
    """act(number) in so many threads at once; what they returned."""
    results, barrier = [None] * count, threading.Barrier(count)

    def run(number):
        barrier.wait()
        results[number] = act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def take(database, refs, seconds=60):
    """Try to lease each of these jobs; how many were had. As the worker's role."""
    with psycopg2.connect(database.url("app_worker")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        taken = 0
        for ref in refs:
            cursor.execute("select count(*) from api.job_take(%s, 'sync_order', %s, now() + %s * interval '1 second', 4, now())",
                           (STORE, ref, seconds))
            taken += cursor.fetchone()[0]
        return taken


def test_four_leases_of_a_store_hold_whoever_hurries(database):
    add_store(database)
    put(database, 40)
    taken = in_threads(8, lambda number: take(database, range(1 + number, 41, 8)))
    assert sum(taken) == 4


def test_a_job_is_leased_once(database):
    add_store(database)
    put(database, 1)
    assert sum(in_threads(8, lambda number: take(database, [1]))) == 1


def test_new_causes_and_finishes_lose_nothing(database):
    """Causes come while jobs are taken and finished: after the last cause each job is done once more, or still due."""
    add_store(database)
    seen, lock = {}, threading.Lock()

    def cause(connection, round):
        with connection.cursor() as cursor:
            for ref in range(1, 6):
                cursor.execute("select api.job_put(%s, 'sync_order', %s, now(), now())", (STORE, ref))

    def work(connection, round):
        with connection.cursor() as cursor:
            cursor.execute("select kind, ref from api.job_look(200, 4, now())")
            for kind, ref in cursor.fetchall():
                cursor.execute("select lease_token, generation from api.job_take(%s, %s, %s, now() + '1 minute', 4, now())",
                               (STORE, kind, ref))
                held = cursor.fetchone()
                if held:
                    with lock:
                        seen[ref] = max(seen.get(ref, 0), held[1])
                    cursor.execute("select api.job_finish(%s, %s, %s, %s::uuid, %s, null, null)", (STORE, kind, ref, *held))

    def run(number):
        with psycopg2.connect(database.url("app_worker")) as connection:
            connection.autocommit = True
            for round in range(40):
                (cause if number % 2 else work)(connection, round)
            return True

    assert all(in_threads(4, run))
    with psycopg2.connect(database.url("app_worker")) as connection:
        connection.autocommit = True
        for _ in range(3):
            work(connection, 0)
    assert database.value("select count(*) from violet.job") == 0
    last = database.value("select last_value from violet.job_generation")
    assert set(seen) == {1, 2, 3, 4, 5} and all(generation <= last for generation in seen.values())


class Hold:
    """A job that a worker has: from before the take until after it, and until when it may."""

    def __init__(self, began, until, token, generation):
        self.began, self.had, self.until, self.token, self.generation = began, None, until, token, generation


class Contest:
    """Few orders and many workers, on a clock that ticks with each of their steps. Notes who holds what, and what must not be."""

    REFS, LEASE_TICKS = range(1, 5), 40

    def __init__(self):
        self.ticks = itertools.count()
        self.lock = threading.Lock()
        self.holding = {ref: set() for ref in self.REFS}
        self.holds = {ref: [] for ref in self.REFS}
        self.put = {ref: [] for ref in self.REFS}           # generations in their order
        self.worked = {ref: set() for ref in self.REFS}     # generations that were finished
        self.faults = []
        self.refused = 0

    def at(self, tick):
        return datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=tick)

    def now(self):
        return self.at(next(self.ticks))

    def cause(self, connection, refs):
        """New causes, and the generations that they got."""
        for ref in refs:
            with connection, connection.cursor() as cursor:
                now = self.now()
                cursor.execute("select api.job_put(%s, 'sync_order', %s, %s, %s)", (STORE, ref, now, now))
                cursor.execute("select generation from violet.job where store_hash = %s and ref = %s", (STORE, ref))
                self.put[ref].append(cursor.fetchone()[0])

    def work(self, cursor, is_slow=lambda: False):
        """One look, and all that can be had of it; False if nothing is due."""
        cursor.execute("select ref from api.job_look(200, 4, %s)", (self.now(),))
        refs = [ref for ref, in cursor.fetchall()]
        for ref in refs:
            tick = next(self.ticks)
            until = tick + self.LEASE_TICKS
            cursor.execute("select lease_token, generation from api.job_take(%s, 'sync_order', %s, %s, 4, %s)",
                           (STORE, ref, self.at(until), self.at(tick)))
            for row in cursor.fetchall():
                hold = Hold(tick, until, *row)
                self.begin(ref, hold)
                end = until + self.LEASE_TICKS if is_slow() else tick
                while next(self.ticks) <= end:
                    pass
                self.finish(cursor, ref, hold)
        return bool(refs)

    def begin(self, ref, hold):
        with self.lock:
            hold.had = next(self.ticks)
            self.holds[ref].append(hold)
            self.holding[ref].add(hold)
            running = [other.token for other in self.holding[ref] if other.until > hold.had]
            if len(running) > 1:
                self.faults.append(f"order {ref} is held by {running}")

    def finish(self, cursor, ref, hold):
        with self.lock:
            self.holding[ref].remove(hold)
            is_lost = any(other.began > hold.had for other in self.holds[ref])
        cursor.execute("select api.job_finish(%s, 'sync_order', %s, %s::uuid, %s, null, null)",
                       (STORE, ref, hold.token, hold.generation))
        if cursor.fetchone()[0]:
            self.worked[ref].add(hold.generation)
            if is_lost:
                self.faults.append(f"order {ref}: {hold.token} finished what another had taken over")
        else:
            self.refused += 1
            if next(self.ticks) < hold.until:
                self.faults.append(f"order {ref}: {hold.token} was refused though its lease ran")

    def open_causes(self, ref):
        """Generations behind the newest one that was worked on: a look covers all that came before it."""
        worked = [place for place, generation in enumerate(self.put[ref]) if generation in self.worked[ref]]
        return self.put[ref][worked[-1] + 1:] if worked else self.put[ref]


def test_two_workers_never_hold_one_order(database):
    """Six workers, some of which hold longer than their lease and finish late, while two others make new causes."""
    add_store(database)
    contest = Contest()

    def run(number):
        connection = psycopg2.connect(database.url("app_worker" if number < 6 else "postgres"))
        connection.autocommit = number < 6
        chance = random.Random(number)
        for _ in range(120):
            if number < 6:
                contest.work(connection.cursor(), lambda: chance.random() < 0.2)
            else:
                contest.cause(connection, contest.REFS[number - 6::2])
        connection.close()
        return True

    assert all(in_threads(8, run))
    due = {ref for ref, in database.rows("select ref from violet.job")}
    assert not contest.faults
    assert contest.refused > 0, "some came late to what another had"
    for ref in contest.REFS:
        assert not contest.open_causes(ref) or ref in due, f"a cause of order {ref} was lost"

    with psycopg2.connect(database.url("app_worker")) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while contest.work(cursor):
            pass
    assert database.value("select count(*) from violet.job") == 0
    assert not any(contest.open_causes(ref) for ref in contest.REFS)


def test_gates_and_webhooks_do_not_deadlock(database):
    """A gate moves a store's jobs while batches of webhooks raise them in another order."""
    add_store(database)
    put(database, 200)

    def run(number):
        with psycopg2.connect(database.url("app_worker" if number % 2 else "app_web")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for _ in range(25):
                    if number % 2:
                        cursor.execute("select api.job_gate(%s, now() + '10 seconds', now())", (STORE,))
                    else:
                        cursor.execute(
                            "select api.events_store(array_agg(%s::text), array_agg(1e12::bigint), array_agg(null::text), "
                            "array_agg(n::bigint), array_agg(null::text), array_agg('absent'::text), array_agg(null::text), array_agg(''::bytea), "
                            "array_agg('sync_order'::text), array_agg(n::bigint)) from generate_series(1, 120) as n", (STORE,))
        return True

    assert all(in_threads(4, run))


@pytest.fixture
def shop(stack):
    return Shop(stack, STORE).installed()


def test_a_store_that_asks_for_a_pause_gets_it(shop):
    shop.fault(path="/v3/hooks", times=1, action="status", code=429, headers={"X-Retry-After": "3"})
    shop.put("ensure_hooks")
    shop.wait(lambda: shop.value("select gate_until > now() + interval '1 second' from violet.store where store_hash = %s"))
    before = shop.sim.get(f"requests?path=/stores/{STORE}/")["count"]
    shop.put("sweep")
    shop.put("read_discounts")
    assert shop.value("select count(*) from api.job_look(200, 4, now()) where store_hash = %s") == 0
    shop.wait(lambda: shop.value("select gate_until <= now() from violet.store where store_hash = %s"))
    assert shop.sim.get(f"requests?path=/stores/{STORE}/")["count"] == before
    shop.wait(lambda: shop.says("ensure_hooks", "text=5 ok"))


@pytest.mark.stack(settings={"RETRY_MINIMUM_SECONDS": "100", "RETRY_MAXIMUM_SECONDS": "300"})
def test_failures_are_repeated_after_pauses_that_grow(stack):
    """Twice as long each time, up to the longest; up to half of each is left to chance, so that not all come back at once."""
    stack.install(STORE)
    shop, orders = Shop(stack, STORE), range(9001, 9007)  # BigCommerce knows none of them
    for order in orders:
        shop.put("sync_order", order)
    for attempts, longest in enumerate((100, 200, 300, 300), 1):
        shop.wait(lambda attempts=attempts: all(shop.job("sync_order", order)[0] == attempts for order in orders))
        pauses = [shop.job("sync_order", order)[2] for order in orders]
        assert all(longest / 2 - 20 < pause <= longest for pause in pauses), pauses
        assert max(pauses) - min(pauses) > 1, pauses
        stack.db.rows("update violet.job set due_at = now() where kind = 'sync_order'")


def test_a_slow_store_does_not_hold_up_another(shop):
    """Four of its jobs hang in remote calls: two worker processes have threads left for others."""
    stack = shop.stack
    shop.fault(action="hang", seconds=20, path="/v2/orders/")
    stack.db.rows("select api.job_put(%s, 'sync_order', n, now(), now()) from generate_series(1000, 1050) as n", STORE)
    second = stack._program("worker", name="worker-2")
    second.start()
    shop.wait(lambda: shop.value("select count(*) from violet.job where store_hash = %s and lease_until > now()") == 4)
    stack.install("def456")
    stack.wait(lambda: stack.db.value("select hooks_checked_at from violet.store where store_hash = 'def456'"), 15)
    assert shop.value("select count(*) from violet.job where store_hash = %s and lease_until > now()") == 4


@pytest.mark.stack(settings={"LEASE_SECONDS": "2"})
def test_what_a_killed_worker_held_is_taken_over(shop):
    shop.fault(path="/v3/hooks", times=1, action="hang", seconds=60)
    shop.put("ensure_hooks")
    shop.wait(lambda: shop.value("select lease_until > now() from violet.job where store_hash = %s and kind = 'ensure_hooks'"))
    shop.stack.worker.kill()
    shop.sim.delete("faults")
    shop.stack.worker.start()
    shop.wait(lambda: shop.says("ensure_hooks", "text=5 ok"))


@pytest.mark.stack(settings={"LEASE_SECONDS": "2", "RESPONSE_SECONDS": "30"})
def test_a_stopped_worker_cannot_finish_what_another_took_over(shop):
    rule = shop.fault(path="/v3/hooks", times=1, action="delay", seconds=1)
    shop.put("ensure_hooks")
    shop.wait(lambda: shop.value("select lease_until > now() from violet.job where store_hash = %s and kind = 'ensure_hooks'"))
    shop.stack.worker.sigstop()
    second = shop.stack._program("worker", name="worker-2")
    second.start()
    shop.wait(lambda: "kind=ensure_hooks" in second.log())
    due = shop.value("select due_at from violet.job where store_hash = %s and kind = 'ensure_hooks'")
    shop.stack.worker.sigcont()
    shop.wait(lambda: shop.says("ensure_hooks", "the lease was lost"))
    assert shop.value("select due_at from violet.job where store_hash = %s and kind = 'ensure_hooks'") == due
    assert rule


@pytest.mark.stack(settings={"LEASE_SECONDS": "4", "RESPONSE_SECONDS": "30"})
def test_a_slow_job_keeps_its_lease(shop):
    """One call takes longer than a lease, and threads are free to take the job over."""
    shop.fault(path="/v3/hooks$", times=1, action="delay", seconds=6)
    shop.put("ensure_hooks")
    shop.wait(lambda: any(int(re.search(r" ms=(\d+)", line)[1]) >= 6000 for line in shop.log("ensure_hooks")))
    assert not shop.says("ensure_hooks", "the lease was lost")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_is_asked_to_end_finishes_its_job(shop, monkeypatch, how):
    shop.fault(path="/v3/hooks", times=1, action="delay", seconds=1.5)
    shop.put("ensure_hooks")
    shop.wait(lambda: shop.value("select lease_until > now() from violet.job where store_hash = %s and kind = 'ensure_hooks'"))
    monkeypatch.setattr(shop.stack.worker, "signal_to_stop", how)
    shop.stack.worker.stop()
    assert shop.says("ensure_hooks", "rc=ok") and "worker ends" in shop.stack.worker.log()
    assert shop.value("select lease_token from violet.job where store_hash = %s and kind = 'ensure_hooks'") is None


def test_partitions_are_made_and_what_is_old_is_cleared_away(shop):
    stack = shop.stack
    stack.db.rows("insert into violet.event (store_hash, received_at, body) values (%s, '2001-01-01', '')", shop.hash)
    stack.db.rows(
        "insert into violet.connection (cookie_hash, channel_id, created_at, expires_at) "
        "select sha256(n::text::bytea), channel_id, now(), now() from violet.channel, generate_series(1, 20001) as n "
        "where slug = 'acme'")
    stack.worker.stop()
    stack.worker.start()
    shop.wait(lambda: stack.db.value("select count(*) from violet.connection where ended_at is null") == 0,
              what="all to be ended, in three bites")
    assert stack.db.value("select count(*) from pg_inherits where inhparent = 'violet.event'::regclass") == 1 + 8
    assert shop.value("select count(*) from violet.event where store_hash = %s") == 0
    assert stack.db.value("select count(*) from violet.connection where outcome = 'expired'") == 20001
    shop.wait(lambda: "upkeep connections expired=1 removed=0" in stack.worker.log(), what="the log")
    stack.db.rows("delete from violet.connection")


def test_a_job_that_was_due_long_ago_is_found(shop):
    """Looking begins at the oldest job there was lately; what comes from before that is found as well."""
    before = len(shop.log("ensure_hooks"))
    shop.db.rows("update violet.job set due_at = now() - interval '1 day' where store_hash = %s and kind = 'ensure_hooks'", STORE)
    shop.wait(lambda: len(shop.log("ensure_hooks")) > before)


def test_lost_upkeep_is_put_back(shop):
    shop.stack.worker.stop()
    shop.db.rows("delete from violet.job where store_hash = %s", STORE)
    shop.stack.worker.start()
    shop.wait(lambda: shop.value("select count(*) from violet.job where store_hash = %s "
                                 "and kind in ('sweep', 'ensure_hooks', 'read_discounts')") == 3)
    shop.wait(lambda: "upkeep jobs missing=3, put back" in shop.stack.worker.log())


def test_the_database_goes_away_and_comes_back(shop):
    """Its connections are cut, again and again: the worker connects anew and goes on."""
    for _ in range(3):
        shop.db.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app_worker'")
        shop.put("ensure_hooks")
        before = len(shop.log("ensure_hooks"))
        shop.wait(lambda before=before: len(shop.log("ensure_hooks")) > before)
    assert shop.stack.worker.is_alive()


@pytest.mark.parametrize("database_says, words", [
    ("+ interval '5 min'", "behind the database's"),
    ("- interval '5 min'", "ahead of the database's"),
])
def test_a_machine_whose_clock_is_wrong_takes_no_jobs(shop, database_says, words):
    """Its leases and waiting times would mean something else than those of other machines."""
    clock = "create or replace function api.clock() returns timestamptz language sql as $$select clock_timestamp() {}$$"
    worker = shop.stack.worker
    begins = len(worker.log())
    worker.stop()
    shop.db.rows(clock.format(database_says))
    try:
        shop.put("ensure_hooks")
        worker.start()
        shop.wait(lambda: words in worker.log()[begins:], what="the worker to say so")
        assert re.search(r"this machine's clock is (299|300) s ", worker.log()[begins:])
        assert "kind=" not in worker.log()[begins:].split("worker begins")[1]
    finally:
        shop.db.rows(clock.format(""))
    before = len(shop.log("ensure_hooks"))
    shop.wait(lambda: len(shop.log("ensure_hooks")) > before)
    assert "looking for jobs again" in worker.log()[begins:]
