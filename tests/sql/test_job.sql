-- SPDX-License-Identifier: Apache-2.0
-- The queue: looking, taking, generations, lost leases, at most so many leases of a store, the gate.
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
select no_plan();

insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token) values
    ('aaa', '2026-01-01', '2026-01-01', 'sealed'), ('bbb', '2026-01-01', '2026-01-01', 'sealed'),
    ('ccc', '2026-01-01', null, null);

-- Moments of the test: noon and seconds after it.
create function pg_temp.at(p_seconds numeric) returns timestamptz language sql immutable
    return timestamptz '2026-11-22 12:00:00Z' + p_seconds * interval '1 second';
create function pg_temp.put(p_ref bigint, p_due numeric, p_now numeric, p_store text default 'aaa') returns void language sql
    return api.job_put(p_store, 'sync_order', p_ref, pg_temp.at(p_due), pg_temp.at(p_now));
-- Take an order's job with a lease of 60 seconds; how it is held.
create function pg_temp.take(p_ref bigint, p_now numeric, p_store text default 'aaa')
returns table (token uuid, generation bigint) language sql
begin atomic
    select t.lease_token::uuid, t.generation
    from api.job_take(p_store, 'sync_order', p_ref, pg_temp.at(p_now + 60), 4, pg_temp.at(p_now)) as t;
end;
create function pg_temp.job(p_ref bigint, p_store text default 'aaa') returns violet.job language sql
    return (select j from violet.job as j where j.store_hash = p_store and j.kind = 'sync_order' and j.ref = p_ref);
create function pg_temp.looked(p_now numeric) returns text language sql
    return (select string_agg(l.store_hash || l.ref, ' ' order by n)
        from (select *, row_number() over () as n from api.job_look(200, 4, pg_temp.at(p_now))) as l);
create function pg_temp.finish(p_ref bigint, p_held record, p_due numeric default null) returns boolean language plpgsql as $$
begin
    return api.job_finish('aaa', 'sync_order', p_ref, p_held.token, p_held.generation, pg_temp.at(p_due), 'note');
end $$;
create temp table held (name text primary key, token uuid, generation bigint);

-- A new cause ---------------------------------------------------------------------------------------------------------
select pg_temp.put(1, 0, 0);
select is((pg_temp.job(1)).due_at, pg_temp.at(0), 'a job is due when it was put');
select is((pg_temp.job(1)).made_at, pg_temp.at(0), 'and made then');
insert into held select 'first', null, (pg_temp.job(1)).generation;
update violet.job set attempts = 5 where ref = 1;
select pg_temp.put(1, 10, 5);
select is((pg_temp.job(1)).due_at, pg_temp.at(0), 'a later cause does not put it off');
select is((pg_temp.job(1)).made_at, pg_temp.at(0), 'it is as old as its oldest cause');
select cmp_ok((pg_temp.job(1)).generation, '>', (select generation from held where name = 'first'), 'each cause raises the generation');
select is((pg_temp.job(1)).attempts, 0, 'and forgets the failures');
select pg_temp.put(1, -10, 5);
select is((pg_temp.job(1)).due_at, pg_temp.at(-10), 'an earlier one brings it forward');
select throws_ok($$select api.job_put('aaa', 'dance', 0, now(), now())$$, '22P02', null, 'an unknown kind is refused');

-- Looking and taking --------------------------------------------------------------------------------------------------
select is(pg_temp.looked(-20), null, 'what is not due is not found');
select is(pg_temp.looked(0), 'aaa1', 'what is due is');
select is((select count(*) from pg_temp.take(1, -20)), 0::bigint, 'what is not due cannot be taken');
insert into held select 'a', t.* from pg_temp.take(1, 0) as t;
select is((select count(*) from held where name = 'a' and token is not null), 1::bigint, 'taking gives a token');
select is((select generation from held where name = 'a'), (pg_temp.job(1)).generation, 'and the generation');
select is((select count(*) from pg_temp.take(1, 1)), 0::bigint, 'a leased job cannot be taken again');
select is(pg_temp.looked(1), null, 'nor is it found');
select is(pg_temp.looked(60), 'aaa1', 'until its lease is over');
select is(api.job_horizon(pg_temp.at(60)), (pg_temp.job(1)).due_at, 'no job is due before the horizon');
select is(api.job_horizon(pg_temp.at(-60)), pg_temp.at(-60), 'which never lies ahead');
select is((select count(*) from api.job_look(200, 4, pg_temp.at(60), (pg_temp.job(1)).due_at + interval '1 ms')), 0::bigint,
    'and what is due before it is not found');

-- Extending -----------------------------------------------------------------------------------------------------------
select ok(api.job_extend('aaa', 'sync_order', 1, token, generation, pg_temp.at(120), pg_temp.at(30)), 'the holder extends')
    from held where name = 'a';
select is(pg_temp.looked(100), null, 'an extended lease holds longer');
select ok(not api.job_extend('aaa', 'sync_order', 1, gen_random_uuid(), generation, pg_temp.at(999), pg_temp.at(30)),
    'nobody else does') from held where name = 'a';
select ok(not api.job_extend('aaa', 'sync_order', 1, token, generation, pg_temp.at(999), pg_temp.at(120)),
    'a lease that is over is not extended') from held where name = 'a';
insert into held select 'b', t.* from pg_temp.take(1, 120) as t;
select ok(not api.job_extend('aaa', 'sync_order', 1, token, generation, pg_temp.at(999), pg_temp.at(121)),
    'a lease that was taken over neither') from held where name = 'a';
select is((pg_temp.job(1)).lease_token, token, 'and the new holder keeps it') from held where name = 'b';

-- A lost lease changes nothing ----------------------------------------------------------------------------------------
select ok(not pg_temp.finish(1, held), 'the old holder cannot finish') from held where name = 'a';
select ok(not pg_temp.finish(1, held, 500), 'nor reschedule') from held where name = 'a';
select ok(not api.job_fail('aaa', 'sync_order', 1, token, generation, pg_temp.at(500), 'x'), 'nor fail') from held where name = 'a';
select is((pg_temp.job(1)).lease_token, token, 'all that changed nothing') from held where name = 'b';
select is((pg_temp.job(1)).due_at, pg_temp.at(-10), 'not the due time either');

-- Finishing -----------------------------------------------------------------------------------------------------------
select ok(pg_temp.finish(1, held), 'the holder finishes') from held where name = 'b';
select is((select count(*) from violet.job), 0::bigint, 'and the job is gone');

-- The sequence of the never reused generation: A is stopped, B finishes and deletes, a new webhook comes, A wakes up.
select pg_temp.put(1, 200, 200);
insert into held select 'new', t.* from pg_temp.take(1, 200) as t;
select cmp_ok((select generation from held where name = 'new'), '>', (select generation from held where name = 'b'),
    'a job made anew has a generation that nothing had before');
select ok(not pg_temp.finish(1, held), 'who held the deleted job cannot delete the new one') from held where name = 'b';
select isnt((pg_temp.job(1)).generation, null, 'which is still there');

-- Finishing an old generation leaves the job due.
select pg_temp.put(1, 210, 210);
select ok(not api.job_extend('aaa', 'sync_order', 1, token, generation, pg_temp.at(300), pg_temp.at(211)),
    'after a newer cause the holder is told at its next extension') from held where name = 'new';
select ok(api.job_keep('aaa', 'sync_order', 1, token, pg_temp.at(300), pg_temp.at(211)), 'and keeps the lease meanwhile')
    from held where name = 'new';
select is((pg_temp.job(1)).lease_until, pg_temp.at(300), 'until then');
select ok(api.job_keep('aaa', 'sync_order', 1, token, pg_temp.at(250), pg_temp.at(211)), 'never for less long')
    from held where name = 'new';
select is((pg_temp.job(1)).lease_until, pg_temp.at(300), 'than before');
select ok(not api.job_keep('aaa', 'sync_order', 1, gen_random_uuid(), pg_temp.at(999), pg_temp.at(211)), 'nobody else keeps it');
select ok(not api.job_keep('aaa', 'sync_order', 1, token, pg_temp.at(999), pg_temp.at(300)), 'nor anybody once it is over')
    from held where name = 'new';
select ok(pg_temp.finish(1, held), 'finishing old work is accepted') from held where name = 'new';
select is((pg_temp.job(1)).lease_token, null, 'and ends the lease');
select is(pg_temp.looked(212), 'aaa1', 'but the job stays due');
insert into held select 'again', t.* from pg_temp.take(1, 212) as t;
select pg_temp.put(1, 213, 213);
select ok(api.job_fail('aaa', 'sync_order', 1, token, generation, pg_temp.at(999), 'x'), 'failing at old work') from held where name = 'again';
select is(pg_temp.looked(214), 'aaa1', 'does not put off the newer cause');
select is((pg_temp.job(1)).attempts, 0, 'nor count against it');

-- Again and failing ---------------------------------------------------------------------------------------------------
insert into held select 'c', t.* from pg_temp.take(1, 214) as t;
select ok(api.job_fail('aaa', 'sync_order', 1, token, generation, pg_temp.at(300), 'why'), 'a failure') from held where name = 'c';
select is(row((pg_temp.job(1)).due_at, (pg_temp.job(1)).attempts, (pg_temp.job(1)).note)::text,
    row(pg_temp.at(300), 1, 'why')::text, 'is counted, kept, and repeated later');
insert into held select 'd', t.* from pg_temp.take(1, 300) as t;
select pg_temp.finish(1, held, 400) from held where name = 'd';
select is(row((pg_temp.job(1)).due_at, (pg_temp.job(1)).attempts, (pg_temp.job(1)).lease_token)::text,
    row(pg_temp.at(400), 0, null::uuid)::text, 'rescheduling is no failure');

-- Fair between stores, at most 4 leases of one ------------------------------------------------------------------------
delete from violet.job;
select pg_temp.put(n, n, 0) from generate_series(1, 6) as n;
select pg_temp.put(9, 50, 0, 'bbb');
select is(pg_temp.looked(60), 'aaa1 bbb9 aaa2 aaa3 aaa4', 'the oldest of every store first, 4 of one at most');
select is((select count(*) from generate_series(1, 6) as n, pg_temp.take(n, 60)), 4::bigint, 'no more than 4 leases of a store');
select is(pg_temp.looked(61), 'bbb9', 'then the look leaves that store out');
delete from violet.job where ref = 1;
select is(pg_temp.looked(61), 'aaa5 bbb9', 'until a lease is free');

-- The gate ------------------------------------------------------------------------------------------------------------
delete from violet.job;
select pg_temp.put(2, 2, 0), pg_temp.put(1, 1, 0), pg_temp.put(3, 900, 0), pg_temp.put(9, 5, 0, 'bbb');
select api.job_gate('aaa', pg_temp.at(30), pg_temp.at(10));
select pg_temp.put(4, 11, 11);
select is(pg_temp.looked(29), 'bbb9', 'behind the gate nothing is found, however new');
select is((select count(*) from pg_temp.take(4, 29)), 0::bigint, 'or taken');
select api.job_gate('aaa', pg_temp.at(20), pg_temp.at(12));
select is((select gate_until from violet.store where store_hash = 'aaa'), pg_temp.at(30), 'a shorter pause does not open it');
select is(pg_temp.looked(31), 'bbb9 aaa4 aaa1 aaa2', 'afterwards everything is, in the old order');

-- What must always be there -------------------------------------------------------------------------------------------
delete from violet.job;
insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials) values ('c', 'C', 'https://c.example', 1, 'x');
insert into violet.bag (store_hash, order_id, state, violet_order_id, bag_id, channel_id, merchant_id, currency, total_minor)
    select 'aaa', n, 'found', n, n, channel_id, 1, 'USD', 100 from violet.channel, generate_series(7, 8) as n;
insert into violet.refund (store_hash, order_id, source, source_id, state, amount_minor, currency, marker, made_at, created_at, changed_at,
    violet_refund_id)
    values ('aaa', 7, 'refund', 1, 'pending', 5, 'USD', 'bc:7:r1', now(), now(), now(), null),
        ('aaa', 8, 'refund', 2, 'done', 5, 'USD', 'bc:8:r2', now(), now(), now(), 55);
select api.jobs_recur(1000, pg_temp.at(0));
select results_eq($$select store_hash::text, string_agg(kind || ':' || ref, ' ' order by kind::text) from violet.job group by 1 order by 1$$,
    $$values ('aaa', 'ensure_hooks:0 read_discounts:0 sweep:0 sync_order:7'), ('bbb', 'ensure_hooks:0 read_discounts:0 sweep:0')$$,
    'installed stores have their upkeep, and orders with money owed their look');

select * from finish();
rollback;
