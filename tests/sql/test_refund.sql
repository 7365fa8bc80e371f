-- SPDX-License-Identifier: Apache-2.0
-- Refunds: the table of moves, the commit before a send and all that forbids it, outcomes, what people decide, the roll-up.
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
select no_plan();

insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials) values
    ('acme', 'Acme', 'https://acme.example/', 1, 'sealed');
insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token) values
    ('aaa', '2026-01-01', '2026-01-01', 'sealed'), ('bbb', '2026-01-01', '2026-01-01', 'sealed');

-- Moments of the test: noon and seconds after it.
create function pg_temp.at(p_seconds numeric) returns timestamptz language sql immutable
    return timestamptz '2026-11-22 12:00:00Z' + p_seconds * interval '1 second';

-- An order with a bag of 50.00 USD; its number is also the bag's.
create function pg_temp.bag(p_order bigint, p_store text default 'aaa') returns void language sql
begin atomic
    select api.bag_keep(p_store, p_order, 'found', 1000 + p_order, p_order, (select channel_id from violet.channel), 5, 'ACCEPTED',
        'USD', 5000, '[]', 11, 'USD', 5000, pg_temp.at(-3600), null, pg_temp.at(0));
end;
-- A pending refund as a look makes it. Its version.
create function pg_temp.put(p_order bigint, p_id bigint, p_amount bigint, p_state text default 'pending', p_version bigint default 0,
    p_violet bigint default null, p_review text default null, p_source text default 'refund', p_store text default 'aaa')
returns bigint language sql
    return api.refund_put(p_store, p_order, p_source, p_id, p_version, p_state, p_amount, 'USD',
        format('bc:%s:r%s', p_order, p_id), 7, pg_temp.at(0), null, p_violet, null, null, null, null, null, 0, p_review,
        case when p_review is not null then 'because' end, null, null, null, null, pg_temp.at(1));
create function pg_temp.row(p_order bigint, p_id bigint, p_source text default 'refund') returns violet.refund language sql
    return (select r from violet.refund as r
        where r.store_hash = 'aaa' and r.order_id = p_order and r.source_id = p_id and r.source = p_source);
-- Lease the order's job for 60 seconds at p_now.
create function pg_temp.lease(p_order bigint, p_now numeric) returns violet.job language plpgsql as $$
declare
    v_job violet.job;
begin
    perform api.job_put('aaa', 'sync_order', p_order, pg_temp.at(p_now), pg_temp.at(p_now));
    update violet.job as j set lease_token = gen_random_uuid(), lease_until = pg_temp.at(p_now + 60)
    where j.store_hash = 'aaa' and j.kind = 'sync_order' and j.ref = p_order returning j.* into v_job;
    return v_job;
end $$;
create function pg_temp.begin(p_order bigint, p_id bigint, p_amount bigint, p_job violet.job, p_now numeric,
    p_owed bigint default 5000, p_paid bigint default 0, p_total bigint default 5000, p_store_count bigint default 100,
    p_store_amount bigint default 100000, p_total_count bigint default 100, p_total_amount bigint default 100000)
returns text language sql
    return (select coalesce(b.refused, 'begun') from api.refund_begin('aaa', p_order, 'refund', p_id,
        (pg_temp.row(p_order, p_id)).version, p_amount, p_owed, p_paid, p_total, array[88, 99], pg_temp.at(p_now + 20),
        p_job.lease_token, p_job.generation, 120000, p_store_count, p_store_amount, p_total_count, p_total_amount,
        pg_temp.at(p_now)) as b);
create function pg_temp.ended(p_order bigint, p_id bigint, p_attempt integer, p_state text, p_violet bigint default null,
    p_review text default null) returns text language sql
    return api.refund_end('aaa', p_order, 'refund', p_id, p_attempt, p_state, p_state, p_violet,
        case when p_violet is not null then 'PROCESSING' end, p_review, case when p_review is not null then 'because' end, null,
        'detail', pg_temp.at(30));

-- The table of moves --------------------------------------------------------------------------------------------------
select set_eq(
    $$ select from_state::text || ' ' || to_state::text from violet.refund_move $$,
    array['pending sending', 'sending accepted', 'sending pending', 'sending unknown', 'unknown accepted', 'unknown pending',
        'accepted done', 'pending accepted', 'pending covered', 'pending foreign', 'pending dismissed', 'pending review',
        'sending review', 'unknown review', 'accepted review', 'done review', 'review pending', 'review dismissed'],
    'these moves and no others');
select is_empty(
    $$ select from_state from violet.refund_move where from_state in ('dismissed', 'covered', 'foreign') $$,
    'dismissed, covered and foreign are final');
select is_empty(
    $$ select from_state from violet.refund_move where to_state = 'sending' and from_state <> 'pending' $$,
    'only what is pending is ever sent');

select pg_temp.bag(1);
-- Every pair of states, through the one function that moves: allowed or refused exactly as the table says.
create function pg_temp.moves(p_from violet.refund_state, p_to violet.refund_state) returns boolean language plpgsql as $$
declare
    v_old violet.refund;
    v_new violet.refund;
begin
    v_old := pg_temp.row(1, 1);
    v_old.state := p_from;
    v_new := v_old;
    v_new.state := p_to;
    v_new.review_reason := 'because';
    v_new.send_by := pg_temp.at(0);
    v_new.violet_refund_id := 777;
    v_new.dismissed_by := 'tester';
    v_new.dismissed_reason := 'test';
    perform violet.refund_save(v_old, v_new, 'tester', null, pg_temp.at(2));
    raise exception 'undo' using errcode = 'UNDO1';
exception
    when sqlstate 'UNDO1' then
        return true;
    when sqlstate 'VB409' then
        return false;
end $$;
select is(pg_temp.put(1, 1, 1000), 1::bigint, 'a new refund has version 1');
select is_empty(
    $$ select f.s, t.s from unnest(enum_range(null::violet.refund_state)) as f (s)
       cross join unnest(enum_range(null::violet.refund_state)) as t (s)
       where pg_temp.moves(f.s, t.s) is distinct from (f.s = t.s or exists (
           select from violet.refund_move as m where m.from_state = f.s and m.to_state = t.s)) $$,
    'the function moves as the table says, for every pair');
select is((pg_temp.row(1, 1)).state::text, 'pending', 'trying them left no trace');

-- Writing by version --------------------------------------------------------------------------------------------------
select throws_ok($$ select pg_temp.put(1, 1, 1000) $$, '23505', null, 'a refund is made once');
select is(pg_temp.put(1, 1, 1100, p_version => 1), 2::bigint, 'a change raises the version');
select throws_ok($$ select pg_temp.put(1, 1, 1200, p_version => 1) $$, 'VB409', null, 'who read an older version changes nothing');
select throws_ok($$ select pg_temp.put(1, 1, 1100, 'sending', 2) $$, 'VB409', null, 'a look does not put a refund to sending');
select throws_ok($$ select pg_temp.put(1, 1, 1100, 'dismissed', 2) $$, 'VB409', null, 'nor to dismissed without a reason');
select throws_ok($$ select pg_temp.put(1, 9, 0) $$, '23514', null, 'an amount is above 0');
select throws_ok($$ select pg_temp.put(77, 1, 1000) $$, '23503', null, 'a refund has a bag');
select throws_ok($$ select pg_temp.put(1, 9, 1000, p_version => 1) $$, 'VB404', null, 'what is not there is not changed');
select is((select array_agg(h.to_state::text order by h.history_id) from violet.refund_history as h where h.order_id = 1),
    array['pending'], 'history has the moves, not every change');
select is((pg_temp.row(1, 1)).found_by, 'sweep', 'no webhook told of it');
insert into violet.event (store_hash, received_at, order_id, body) values ('aaa', pg_temp.at(5), 2, '');
select pg_temp.bag(2);
select pg_temp.put(2, 1, 1000);
select is((pg_temp.row(2, 1)).found_by, 'webhook', 'a webhook did');
insert into violet.event (store_hash, received_at, order_id, body)
    values ('aaa', pg_temp.at(-300), 61, ''), ('aaa', pg_temp.at(-3600), 62, ''), ('aaa', pg_temp.at(-3600), 63, '');
select pg_temp.bag(61), pg_temp.bag(62), pg_temp.bag(63);
select pg_temp.put(61, 1, 1000);
select is((pg_temp.row(61, 1)).found_by, 'sweep', 'one of some minutes earlier told of something else');
select api.job_put('aaa', 'sync_order', 62, pg_temp.at(-3600), pg_temp.at(-3600));
select pg_temp.put(62, 1, 1000, p_source => 'cancel'), pg_temp.put(63, 1, 1000, p_source => 'cancel');
select is((pg_temp.row(62, 1, 'cancel')).found_by, 'webhook', 'of a status that no look has come to for an hour it did');
select is((pg_temp.row(63, 1, 'cancel')).found_by, 'sweep', 'but not if the order waited for nothing since');
select is((pg_temp.row(2, 1)).channel_id, (select channel_id from violet.channel), 'the channel is the bag''s');

-- The commit before a send --------------------------------------------------------------------------------------------
select pg_temp.bag(10);
select pg_temp.put(10, 1, 1000);
select pg_temp.put(10, 2, 1000);
create temp table held as select l.* from pg_temp.lease(10, 0) as l;
create function pg_temp.held() returns violet.job language sql return (select h::text::violet.job from held as h);

select is(pg_temp.begin(10, 1, 1000, null::violet.job, 0), 'lease', 'not without a lease');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 61), 'lease', 'not when the lease is over');
update violet.job set generation = generation + 1 where ref = 10;
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0), 'lease', 'not when a newer cause has come');
update violet.job set generation = generation - 1 where ref = 10;
select is(pg_temp.begin(10, 1, 1001, pg_temp.held(), 0, p_owed => 1000), 'sums', 'not more than is owed');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0, p_owed => 1500, p_paid => 501), 'sums', 'what is paid counts');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0, p_owed => 9000, p_total => 999), 'sums', 'not more than the bag');
select is(pg_temp.begin(10, 1, 0, pg_temp.held(), 0), 'sums', 'not nothing: at Violet that means everything');
select is(pg_temp.begin(10, 1, -5, pg_temp.held(), 0), 'sums', 'not less than nothing');
select is(pg_temp.begin(10, 1, null, pg_temp.held(), 0), 'sums', 'not an unknown amount');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0, p_paid => -1), 'sums', 'not on sums that cannot be');
update violet.instance set refunds_held_at = pg_temp.at(0), refunds_held_by = 'tester';
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0), 'hold', 'not while held');
update violet.instance set refunds_held_at = null, refunds_held_by = null, timeline = 'FFFFFFFF';
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 0), 'timeline', 'not after a failover');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 30), 'timeline', 'until things have settled');
update violet.instance set timeline_since = pg_temp.at(-120);
select is((select state::text from violet.refund where order_id = 10 and source_id = 1), 'pending', 'refusals change nothing');
select is_empty('select 1 from violet.refund_attempt', 'and leave no attempt');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 1), 'begun', 'now it begins');
select is(pg_temp.begin(10, 1, 1000, pg_temp.held(), 1), 'changed', 'once');
select is(pg_temp.begin(10, 2, 1000, pg_temp.held(), 1), 'in_flight', 'and no other of the order meanwhile');
select results_eq(
    'select attempt, amount_minor, owed_minor, paid_minor, seen_ids, send_by from violet.refund_attempt',
    $$ values (1, 1000::bigint, 5000::bigint, 0::bigint, '{88,99}'::bigint[], pg_temp.at(21)) $$,
    'the attempt says what it rested on');
select throws_ok(
    $$ update violet.refund set state = 'sending', send_by = now() where order_id = 10 and source_id = 2 $$, '23505', null,
    'the index forbids two in flight, whatever function writes');

-- Outcomes ------------------------------------------------------------------------------------------------------------
select is(pg_temp.ended(10, 1, 1, 'accepted', 501), 'accepted', 'Violet answered');
select is((pg_temp.row(10, 1)).violet_refund_id, 501::bigint, 'its refund is kept');
select is(pg_temp.ended(10, 1, 1, 'accepted', 501), 'accepted', 'to say it twice changes nothing');
select is((pg_temp.row(10, 1)).version, 3::bigint, 'not even the version');
select is(pg_temp.begin(10, 2, 4001, pg_temp.held(), 2, p_paid => 0), 'sums', 'our own books count what Violet does not show yet');
select is(pg_temp.begin(10, 2, 1000, pg_temp.held(), 2, p_owed => 2000, p_paid => 1000), 'begun', 'the second begins');
select is(pg_temp.ended(10, 2, 1, 'pending'), 'pending', 'certainly not sent');
select is(pg_temp.begin(10, 2, 1000, pg_temp.held(), 3, p_owed => 2000, p_paid => 1000), 'begun', 'again');
select is(pg_temp.ended(10, 2, 2, 'unknown'), 'unknown', 'nobody knows');
select is(pg_temp.ended(10, 2, 2, 'pending'), 'unknown', 'what is unknown becomes pending by evidence only');
select throws_ok($$ select pg_temp.put(10, 2, 1000, 'accepted', (pg_temp.row(10, 2)).version, 501) $$, '23505', null,
    'a Violet refund answers one row');
select lives_ok($$ select pg_temp.put(10, 2, 1000, 'accepted', (pg_temp.row(10, 2)).version, 502) $$, 'found by evidence');
select is(pg_temp.ended(10, 2, 2, 'accepted', 503), 'accepted', 'the late answer of the sender itself');
select is((pg_temp.row(10, 2)).violet_refund_id, 503::bigint, 'is worth more than evidence');
select is((select array_agg(outcome order by attempt) from violet.refund_attempt where order_id = 10 and source_id = 2),
    array['pending', 'accepted'], 'each attempt has its outcome');
select is((select count(*) from violet.refund_history where order_id = 10 and source_id = 2 and to_state = 'sending'), 2::bigint,
    'and each send is in the history');

select pg_temp.bag(11);
select pg_temp.put(11, 1, 1000);
update held set (lease_token, generation, lease_until) = (select l.lease_token, l.generation, l.lease_until from pg_temp.lease(11, 0) as l);
select is(pg_temp.begin(11, 1, 1000, pg_temp.held(), 4), 'begun', 'a third order');
select is(pg_temp.ended(11, 1, 1, 'done', 503), 'review', 'an answer that another row has is for a person');
select is((pg_temp.row(11, 1)).review_code, 'ambiguous', 'and says so');
select is((pg_temp.row(11, 1)).violet_refund_id, null, 'without taking it away');

select pg_temp.bag(29);
select pg_temp.put(29, 1, 1000);
update held set (lease_token, generation, lease_until) = (select l.lease_token, l.generation, l.lease_until from pg_temp.lease(29, 0) as l);
select is(pg_temp.begin(29, 1, 1000, pg_temp.held(), 4), 'begun', 'one whose sender is stopped');
select pg_temp.put(29, 1, 1000, 'unknown', (pg_temp.row(29, 1)).version);
select lives_ok($$ select pg_temp.put(29, 1, 1000, 'pending', (pg_temp.row(29, 1)).version) $$, 'and that Violet does not show');
select is(pg_temp.ended(29, 1, 1, 'done', 504), 'done', 'before it is sent again the sender wakes with Violet''s answer');
select is((pg_temp.row(29, 1)).violet_refund_id, 504::bigint, 'which is worth more than that absence');

-- What people decide --------------------------------------------------------------------------------------------------
select throws_ok($$ select api.refund_approve('aaa', 10, 'refund', 1, 5, 'tester', now()) $$, 'VB409', null, 'only reviews are approved');
select throws_ok($$ select api.refund_approve('aaa', 10, 'refund', 99, 5, 'tester', now()) $$, 'VB404', null, 'and what exists');
select throws_ok($$ select api.refund_approve('aaa', 11, 'refund', 1, 0, 'tester', now()) $$, 'VB400', null, 'with an amount');
select throws_ok($$ select api.refund_approve('aaa', 11, 'refund', 1, null, 'tester', now()) $$, 'VB400', null, 'that is known');
select throws_ok($$ select api.refund_approve('aaa', 11, 'refund', 1, 5001, 'tester', now()) $$, 'VB400', null, 'within the bag');
select throws_ok($$ select api.refund_approve('aaa', 11, 'refund', 1, 5, '', now()) $$, 'VB400', null, 'by somebody');
select api.refund_approve('aaa', 11, 'refund', 1, 4000, 'olivia', pg_temp.at(40));
select results_eq(
    $$ select state::text, amount_minor, approved_by from violet.refund where order_id = 11 $$,
    $$ values ('pending', 4000::bigint, 'olivia') $$, 'who approved is recorded');
select lives_ok($$ select api.refund_approve('aaa', 11, 'refund', 1, 4000, 'olivia', pg_temp.at(41)) $$, 'pressed twice is once');
select ok((select due_at <= pg_temp.at(41) from violet.job where ref = 11), 'the order is due');
select is(pg_temp.begin(11, 1, 3999, (pg_temp.lease(11, 41)), 42, p_owed => 1000), 'sums', 'another amount than approved is not sent');
update held set (lease_token, generation, lease_until) = (select l.lease_token, l.generation, l.lease_until from pg_temp.lease(11, 41) as l);
select is(pg_temp.begin(11, 1, 4000, pg_temp.held(), 42, p_owed => 1000), 'begun', 'beyond what is owed because a person said so');
select is((select owed_minor from violet.refund_attempt where order_id = 11 and attempt = 2), 4000::bigint, 'and the attempt rests on that');
select is(pg_temp.ended(11, 1, 2, 'review', 600, 'violet_failed'), 'review', 'Violet failed it');
select is((pg_temp.row(11, 1)).approved_by, null, 'an approval is spent by its review');
select throws_ok($$ select api.refund_retry('aaa', 11, 'refund', 1, 'tester', now()) $$, 'VB409', null,
    'what Violet has and has not failed is not retried');
update violet.refund set violet_status = 'FAILED' where order_id = 11;
select lives_ok($$ select api.refund_retry('aaa', 11, 'refund', 1, 'tester', pg_temp.at(50)) $$, 'what failed is');
select is((pg_temp.row(11, 1)).violet_refund_id, null, 'and lets go of the failed one');
select ok((select 600 = any (tried_ids) from api.refund_read('aaa', 11)), 'which is kept among what was tried');
select lives_ok($$ select pg_temp.put(11, 1, 4000, 'review', (pg_temp.row(11, 1)).version, null, 'sums') $$, 'a review again');
select throws_ok($$ select api.refund_dismiss('aaa', 11, 'refund', 1, ' ', 'tester', now()) $$, 'VB400', null, 'dismissing needs a reason');
select throws_ok($$ select api.refund_dismiss('aaa', 11, 'refund', 1, 'paid in cash', '', now()) $$, 'VB400', null, 'by somebody');
select api.refund_dismiss('aaa', 11, 'refund', 1, ' paid in cash ', 'olivia', pg_temp.at(60));
select results_eq(
    $$ select state::text, dismissed_by, dismissed_reason from violet.refund where order_id = 11 $$,
    $$ values ('dismissed', 'olivia', 'paid in cash') $$, 'reason and person are recorded');
select lives_ok($$ select api.refund_dismiss('aaa', 11, 'refund', 1, 'again', 'olivia', pg_temp.at(61)) $$, 'pressed twice is once');
select throws_ok($$ select api.refund_retry('aaa', 11, 'refund', 1, 'tester', now()) $$, 'VB409', null, 'what is dismissed stays so');
select pg_temp.bag(12);
select pg_temp.put(12, 1, null, 'review', p_review => 'currency');
select throws_ok($$ select api.refund_retry('aaa', 12, 'refund', 1, 'tester', now()) $$, 'VB409', null,
    'without an amount there is nothing to retry');

-- Uninstalled, installed again ----------------------------------------------------------------------------------------
select pg_temp.bag(20);
select pg_temp.put(20, 1, 1234);
select pg_temp.put(20, 2, 100, 'review', p_review => 'sums');
select is(violet.refunds_review_open('aaa', 'uninstalled', pg_temp.at(70)), 6, 'every refund that waits is for a person');
select is((pg_temp.row(20, 1)).review_code, 'uninstalled', 'and says why');
select matches((pg_temp.row(20, 1)).review_reason, 'Order 20: 1234 minor units of USD', 'with order and amount');
select is((pg_temp.row(20, 2)).review_code, 'sums', 'other reviews stay as they are');
delete from violet.job;
select cmp_ok(violet.refunds_reopen('aaa', pg_temp.at(80)), '>=', 3, 'after a new install they are looked at');
select ok(exists (select from violet.job where ref = 20), 'each order once');

-- An order whose bag was still searched for, and one that was not Violet's by the word of those there were to ask.
create function pg_temp.without_bag(p_order bigint, p_state text, p_made numeric) returns void language sql
begin atomic
    select api.bag_keep('aaa', p_order, p_state, null, null, null, null, null, null, null, null, 5, 'USD', 5000, pg_temp.at(p_made),
        null, pg_temp.at(0));
end;
select pg_temp.without_bag(21, 'searching', -60), pg_temp.without_bag(22, 'not_ours', -60),
    pg_temp.without_bag(23, 'not_ours', -46 * 86400);
delete from violet.job;
select violet.refunds_reopen('aaa', pg_temp.at(80));
select is(array(select ref from violet.job where ref between 21 and 23), array[21::bigint],
    'so is an order without refunds whose bag was searched for');
-- An order whose look failed after it had found the bag, and one that was never looked at, when the app went.
select pg_temp.bag(24), api.job_put('aaa', 'sync_order', 24, pg_temp.at(70), pg_temp.at(70)),
    api.job_put('aaa', 'sync_order', 25, pg_temp.at(70), pg_temp.at(70));
select pg_temp.bag(26);
select api.bag_looked('aaa', 26, (pg_temp.lease(26, 55)).lease_token, 5, null, 0, null, null, 0, 0, false, null, null, null, pg_temp.at(60));
delete from violet.job where ref = 26;
select ok(api.store_uninstalled('aaa', (select installed_at from violet.store where store_hash = 'aaa'), pg_temp.at(71)), 'the app goes');
update violet.store set sealed_token = 'sealed' where store_hash = 'aaa';
delete from violet.job;
select violet.refunds_reopen('aaa', pg_temp.at(80));
select is(array(select ref from violet.job where ref between 21 and 26 order by ref), array[21, 24, 25]::bigint[],
    'what no look had come to an end with is looked at again, and nothing else');
delete from violet.job;
select ok(api.merchant_seen('aaa', 777, 'violet', pg_temp.at(81)), 'a merchant id that the store did not have');
select is(array(select ref from violet.job where ref between 21 and 23), array[22::bigint],
    'has what was not Violet''s, and is not old, searched for again');
select is((select state from violet.bag where store_hash = 'aaa' and order_id = 22), 'searching', 'as if it were new');
select pg_temp.without_bag(22, 'not_ours', -60);
delete from violet.job;
select api.merchant_seen('aaa', 777, 'violet', pg_temp.at(82));
select is_empty($$ select from violet.job where ref = 22 $$, 'one that it has had says nothing new');

-- Brakes --------------------------------------------------------------------------------------------------------------
create function pg_temp.fuse(p_amount bigint, p_store_count bigint, p_store_amount bigint, p_total_count bigint,
    p_total_amount bigint, p_now numeric) returns text language sql
    return (select coalesce(f.refused, 'flows') from violet.fuse('aaa', 'USD', p_amount, p_store_count, p_store_amount,
        p_total_count, p_total_amount, pg_temp.at(p_now)) as f);
delete from violet.refund_attempt;
insert into violet.refund_attempt (store_hash, order_id, source, source_id, attempt, started_at, send_by, amount_minor, currency,
    owed_minor, paid_minor, seen_ids, outcome)
select 'aaa', 10, 'refund', 1, n, pg_temp.at(100 + n), pg_temp.at(120), 100, case n when 5 then 'EUR' else 'USD' end, 0, 0, '{}',
    case n when 4 then 'not_sent' when 6 then 'found' end
from generate_series(1, 6) as n;
select is(pg_temp.fuse(100, 5, 99999, 99, 99999, 200), 'flows', 'four were sent: a fifth is within 5');
select is(pg_temp.fuse(100, 9, 400, 99, 99999, 200), 'flows', 'amounts count by currency');
select is(pg_temp.fuse(100, 9, 399, 99, 99999, 200), 'fuse', 'one more minor unit trips the store''s');
select isnt((select fuse_tripped_at from violet.store where store_hash = 'aaa'), null, 'which stays tripped');
select is(violet.brake('aaa', 120000, pg_temp.at(9999)), 'fuse', 'for the store');
select is(violet.brake('bbb', 120000, pg_temp.at(9999)), null, 'and for no other');
select is(pg_temp.fuse(100, 9, 99999, 4, 99999, 200), 'fuse', 'the fuse over all');
select is(violet.brake('bbb', 120000, pg_temp.at(9999)), 'fuse', 'stops every store');
select is((select count(*) from api.brakes()), 2::bigint, 'both are shown');
select throws_ok($$ select api.refunds_resume('', now()) $$, 'VB400', null, 'resuming needs a name');
select is(api.refunds_resume('tester', pg_temp.at(300)),
    (select count(distinct (store_hash, order_id))::integer from violet.refund where state = 'pending'), 'resume');
select is(violet.brake('aaa', 120000, pg_temp.at(9999)), null, 'mends all fuses');
select is(pg_temp.fuse(100, 1, 100, 1, 100, 301), 'flows', 'which count from then on');
select is(pg_temp.fuse(100, 3, 99999, 99, 99999, 100 + 3601 + 2), 'flows', 'an hour later too');
select throws_ok($$ select api.refunds_hold(null, now()) $$, 'VB400', null, 'holding needs a name');
select api.refunds_hold('first', pg_temp.at(400));
select api.refunds_hold('second', pg_temp.at(401));
select is((select refunds_held_by from violet.instance), 'first', 'the first hold counts');
select is(violet.brake('bbb', 120000, pg_temp.at(9999)), 'hold', 'for every store');

-- Rechecks, bags ------------------------------------------------------------------------------------------------------
select throws_ok($$ select api.order_recheck('aaa', 0, now()) $$, 'VB400', null, 'an order has a number');
select throws_ok($$ select api.order_recheck('zzz', 1, now()) $$, 'VB404', null, 'and a store');
select api.bag_keep('aaa', 30, 'not_ours', null, null, null, null, null, null, null, null, 11, 'USD', 100, null, null, pg_temp.at(0));
select api.order_recheck('aaa', 30, pg_temp.at(1));
select is((select state from violet.bag where order_id = 30), 'searching', 'that it was not ours is forgotten');
select throws_ok($$ select api.bag_keep('aaa', 31, 'found', 1, 10, 1, 5, 'ACCEPTED', 'USD', 5, '[]', 11, 'USD', 5, null, null, now()) $$,
    '23505', null, 'a bag is one order''s');
create function pg_temp.looked(p_lease violet.job, p_cancel_status integer, p_overpaid_at timestamptz, p_now timestamptz)
returns boolean language sql
    return api.bag_looked('aaa', 10, p_lease.lease_token, 4, p_cancel_status, 1, null, null, 10, 20, false, null, p_overpaid_at, null,
        p_now);
create temporary table lease as select pg_temp.lease(10, 0) as job;
select ok(pg_temp.looked(job, 5, pg_temp.at(5), pg_temp.at(5)), 'a look ends') from lease;
select ok(pg_temp.looked(pg_temp.lease(10, 60), null, null, pg_temp.at(66)), 'so does the next');
select ok(not pg_temp.looked(job, 5, null, pg_temp.at(67)), 'the first, whose lease was taken over, ends once more') from lease;
select is((select cancel_status from violet.bag where store_hash = 'aaa' and order_id = 10), null, 'and changes nothing');
select is((select overpaid_at from violet.bag where store_hash = 'aaa' and order_id = 10), pg_temp.at(5), 'an alarm is not taken back');
select is((select jsonb_array_length(api.refund_show('aaa', 10) -> 'refunds')), 2, 'all of an order at once');
select is(api.refund_show('aaa', 4711), null, 'or nothing');
select cmp_ok((select count(*) from api.refund_list(null, 'all', null, 100)), '=', (select count(*) from violet.refund), 'every refund is listed');
select is_empty($$ select state from api.refund_list('aaa', null, null, 100) where state in ('done', 'dismissed', 'foreign', 'covered') $$,
    'open ones by default');

-- The roll-up is the sum of the base, to the minor unit ---------------------------------------------------------------
select set_eq(
    $$ select store_hash, day, channel_id, currency, state, refunds, amount_minor from violet.refund_day where refunds <> 0 $$,
    $$ select store_hash::text, (made_at at time zone 'utc')::date, coalesce(channel_id, 0) as channel,
           coalesce(currency::text, '') as currency, state, count(*), sum(coalesce(amount_minor, 0)) from violet.refund group by 1, 2, 3, 4, 5 $$,
    'refund_day');

select * from finish();
rollback;
