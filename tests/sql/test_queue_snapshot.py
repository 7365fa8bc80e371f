# SPDX-License-Identifier: Apache-2.0
"""The queue while somebody holds a snapshot for minutes: a dump, a long report. What is finished cannot be cleaned away
meanwhile, and must not be in the way either."""

STORES = 20
STEP_MS = 40        # between two jobs on that clock: 13,000 of them take almost nine minutes

# One worker's rhythm on the queue's own clock: a job put, taken and finished; a look each second; the horizon every 10 seconds.
WORK = """do $$
declare
    v_now timestamptz;
    v_horizon timestamptz := '-infinity';
    v_store text;
    v_held record;
begin
    for n in {first}..{last} loop
        v_now := timestamptz '2026-11-22 12:00:00Z' + n * {step} * interval '1 ms';
        v_store := 'store' || n % {stores};
        perform api.job_put(v_store, 'sync_order', n, v_now, v_now);
        if n * {step} % 10000 = 0 then
            v_horizon := api.job_horizon(v_now) - interval '10 seconds';
        end if;
        if n * {step} % 1000 = 0 then
            assert (select count(*) from api.job_look(200, 4, v_now, v_horizon) where ref = n) = 1, 'a due job is found';
        end if;
        select * into v_held from api.job_take(v_store, 'sync_order', n, v_now + interval '60 seconds', 4, v_now);
        assert v_held.lease_token is not null, 'and can be had';
        assert api.job_finish(v_store, 'sync_order', n, v_held.lease_token::uuid, v_held.generation, null, null), 'and finished';
        commit;
    end loop;
end $$"""


class Queue:
    """A worker's connection, kept as a worker keeps it, and what PostgreSQL had to touch for it."""

    def __init__(self, database):
        self.database = database
        self.worker = database.connect("app_worker")
        self.done = 0
        database.rows("insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token) "
                      "select 'store' || n, now(), now(), 'sealed' from generate_series(0, %s) as n", STORES - 1)

    def work(self, count):
        """So many jobs, one after the other; pages and index entries touched for each."""
        before = self.touched()
        with self.worker.cursor() as cursor:
            cursor.execute(WORK.format(first=self.done + 1, last=self.done + count, step=STEP_MS, stores=STORES))
            cursor.execute("select pg_stat_force_next_flush()")
        self.done += count
        return (self.touched() - before) / count

    def touched(self):
        return self.database.value(
            "select (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read + seq_tup_read + idx_tup_fetch + ("
            "select sum(idx_tup_read) from pg_stat_user_indexes where relid = 'violet.job'::regclass))::float8 "
            "from pg_statio_user_tables as io join pg_stat_user_tables as rows using (relid) "
            "where relid = 'violet.job'::regclass")


def test_a_held_snapshot_does_not_slow_the_queue(database):
    """What a job costs may grow until all that it looks back on is in the way, leases of a minute, and not further."""
    queue = Queue(database)
    free = queue.work(1000)
    holder = database.connect()
    holder.autocommit = False
    with holder.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        cursor.execute("select count(*) from violet.job")
        queue.work(2000)
        early = queue.work(1000)
        queue.work(9000)
        late = queue.work(1000)
        dead = database.value("select n_dead_tup from pg_stat_user_tables where relid = 'violet.job'::regclass")
        cursor.execute("select count(*) from violet.job")
        assert cursor.fetchone() == (0,) and dead > 20000, "nothing could be cleaned away"
    holder.close()
    assert late < 2 * early, f"touched for each job: {free:.0f} freely, {early:.0f} after 2 minutes, {late:.0f} after 8"
