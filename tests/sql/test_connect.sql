-- SPDX-License-Identifier: Apache-2.0
-- Channels, connections, codes, tickets and links: what the functions allow, refuse, count and keep.
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
select no_plan();

-- Moments of the test: noon and seconds after it.
create function pg_temp.at(p_seconds numeric) returns timestamptz language sql immutable
    return timestamptz '2026-11-22 12:00:00Z' + p_seconds * interval '1 second';
create function pg_temp.hash(p_secret text) returns bytea language sql immutable return sha256(p_secret::bytea);
create function pg_temp.channel(p_slug text) returns bigint language sql
    return (select channel_id from violet.channel where slug = p_slug);

-- Channels ------------------------------------------------------------------------------------------------------------
select lives_ok($$select api.channel_add('acme', ' Acme ', 'Sells.', 'https://acme.example/logo.png', '',
    'https://acme.example/back?x=1', 10001, 'sealed', pg_temp.at(-60))$$, 'a channel is added');
select results_eq($$select name, logo_url, more_info_url, enabled from api.channel_find('acme')$$,
    $$values ('Acme', 'https://acme.example/logo.png', null::text, true)$$, 'its name is trimmed, what is empty is absent');
select throws_ok($$select api.channel_add('acme', 'A', '', null, null, 'https://a.example', 10009, 's', pg_temp.at(-60))$$, 'VB409', null,
    'a slug is given once');
select throws_ok($$select api.channel_add('other', 'A', '', null, null, 'https://a.example', 10001, 's', pg_temp.at(-60))$$, 'VB409', null,
    'an app id too');
select throws_like($$select api.channel_add('A b', '', '', 'ftp://x', null, 'http://a.example', 0, 's', pg_temp.at(-60))$$,
    'the slug is%; the name has%; the logo%; the redirect address%; the app id%', 'all faults are said at once');
select is(violet.is_web_url(u), good, u) from (values
    ('https://a.example', true), ('https://a.example:8443/b?c=d&e=%20', true), ('http://localhost:8082/x', true),
    ('http://app.localhost/x', true), ('http://127.0.0.1/', true), ('http://a.example/', false), ('https://', false),
    ('https://a.example/#f', false), ('https://me@a.example/', false), ('https://a.example/ b', false),
    ('http://localhost.evil.example/', false), ('javascript:alert(1)', false),
    ('https://a.example:8o80/', false), ('https://a:b:c/', false), ('https://a.example:/', false),
    ('https://a.example/caf' || chr(233), false), ('https://a.example/' || chr(127), false),
    ('http://[::1]:8080?a=~!$;', true)) as t (u, good);
select lives_ok($$select api.channel_edit('acme', null, null, '', null, null, null, null, pg_temp.at(-30))$$, 'a channel is edited');
select results_eq($$select created_at, changed_at from violet.channel$$, $$values (pg_temp.at(-60), pg_temp.at(-30))$$,
    'at the times that were told');
select results_eq($$select name, logo_url from api.channel_find('acme')$$, $$values ('Acme', null::text)$$,
    'null leaves, the empty text takes away');
select throws_ok($$select api.channel_edit('acme', null, null, null, null, null, 10005, null, pg_temp.at(-60))$$, 'VB400', null,
    'another app id needs its credentials');
select throws_ok($$select api.channel_edit('nobody', 'N', null, null, null, null, null, null, pg_temp.at(-60))$$, 'VB404', null, 'no such channel');
select is(api.channel_reseal(pg_temp.channel('acme'), 'not what it is', 'new'), false, 'a stale reseal changes nothing');
select is(api.channel_reseal(pg_temp.channel('acme'), 'sealed', 'new'), true, 'a fresh one does');
select api.channel_add('bloom', 'Bloom', '', null, null, 'https://bloom.example', 10002, 'sealed', pg_temp.at(-60));

-- People: 1 owns, 2 has installed, 3 may only look, 4 was removed --------------------------------------------------------
insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token) values
    ('aaa', pg_temp.at(-9), pg_temp.at(-9), 'sealed'), ('bbb', pg_temp.at(-9), pg_temp.at(-9), 'sealed'),
    ('gone', pg_temp.at(-9), pg_temp.at(-9), null);
insert into violet.store_user (store_hash, user_id, email, is_owner, installed_at, first_seen_at, last_seen_at, removed_at)
select s, u, s || u || '@x.example', u = 1, case when u = 2 then pg_temp.at(-9) end, pg_temp.at(-9), pg_temp.at(-9),
    case when u = 4 then pg_temp.at(-1) end
from unnest(array['aaa', 'bbb', 'gone']) as s, generate_series(1, 4) as u;
select is((select string_agg(u::text, ' ') from generate_series(1, 5) as u where violet.may_link('aaa', u)), '1 2',
    'the owner and who has installed may link');
select is(violet.may_link('gone', 1), false, 'nobody where the app is not installed');
select is(api.link_people('aaa'), 'aaa1@x.example, aaa2@x.example', 'the others learn whom to ask, the owner first');

-- Beginning -----------------------------------------------------------------------------------------------------------
create function pg_temp.begin(p_cookie text, p_slug text, p_typed text, p_code text, p_now numeric) returns boolean
language sql return (
    select api.connection_start(pg_temp.hash(p_cookie), pg_temp.channel(p_slug), 'state', '', p_typed,
        pg_temp.hash(p_code), pg_temp.at(p_now + 1800), pg_temp.at(p_now + 86400), pg_temp.at(p_now)));
create function pg_temp.status(p_cookie text, p_slug text, p_now numeric, p_ticket text default null) returns text
language sql return (
    select status from api.connection_find(pg_temp.hash(p_cookie), pg_temp.channel(p_slug), pg_temp.hash(p_ticket), pg_temp.at(p_now)));
create function pg_temp.id(p_cookie text, p_slug text) returns bigint language sql return (
    select max(connection_id) from violet.connection
    where cookie_hash = pg_temp.hash(p_cookie) and channel_id = pg_temp.channel(p_slug));
create function pg_temp.ticket(p_cookie text, p_store text, p_user bigint, p_ticket text, p_now numeric) returns text
language sql return api.connection_ticket(pg_temp.id(p_cookie, 'acme'), p_store, p_user, pg_temp.hash(p_ticket),
    pg_temp.at(p_now + 600), pg_temp.at(p_now));
create function pg_temp.code(p_store text, p_user bigint, p_code text, p_agreed boolean, p_now numeric) returns text
language sql return (
    select answer from api.connection_code(p_store, p_user, pg_temp.hash(p_code), p_agreed, pg_temp.at(p_now)));
create function pg_temp.link(p_cookie text, p_store text, p_ticket text, p_now numeric) returns text
language sql return (
    select outcome from api.link_make(pg_temp.hash(p_cookie), pg_temp.channel('acme'), p_store, pg_temp.hash(p_ticket), pg_temp.at(p_now)));

select is(pg_temp.begin('c1', 'acme', 'aaa', 'k1', 0), true, 'a store with the app is opened');
select is(pg_temp.begin('c2', 'acme', 'gone', 'k2', 0), false, 'one without is sent to install it');
select is(pg_temp.begin('c3', 'acme', null, 'k3', 0), false, 'so is one that was not named');
select is(pg_temp.status('c1', 'acme', 1), 'waiting', 'it waits');
select is(pg_temp.status('c1', 'acme', 86400), 'expired', 'for a day');
select is(pg_temp.status('c1', 'bloom', 1), null, 'another channel knows nothing of it');
select is((select string_agg(slug, ' ') from violet.connections_waiting('aaa', pg_temp.at(1))), 'acme', 'the named store sees it');
select is((select count(*) from violet.connections_waiting('bbb', pg_temp.at(1))), 0::bigint, 'another store does not');
select pg_temp.begin('c4', 'acme', 'aaa', 'k4', 1), pg_temp.begin('c4', 'bloom', 'aaa', 'k5', 1);
select results_eq($$select slug, connection_id from violet.connections_waiting('aaa', pg_temp.at(2))$$,
    $$values ('acme', pg_temp.id('c4', 'acme')), ('bloom', pg_temp.id('c4', 'bloom'))$$, 'the newest of each channel');

-- Tickets -------------------------------------------------------------------------------------------------------------
select throws_ok($$select pg_temp.ticket('c1', 'aaa', 3, 't', 2)$$, 'VB403', null, 'who may only look gets no ticket');
select throws_ok($$select pg_temp.ticket('c1', 'bbb', 1, 't', 2)$$, 'VB404', null, 'nor a store that was not named');
select throws_ok($$select pg_temp.ticket('c1', 'aaa', 1, 't', 86401)$$, 'VB404', null, 'nor connections that have expired');
select is(pg_temp.ticket('c1', 'aaa', 2, 't1', 2), 'acme', 'the waiting store gets one');
select is(pg_temp.status('c1', 'acme', 3), 'waiting', 'which proves nothing before it is shown');
select is((select store_hash from api.connection_find(pg_temp.hash('c1'), pg_temp.channel('acme'), null, pg_temp.at(3))), null,
    'nor shows anything of the store');
select is(pg_temp.status('c1', 'acme', 3, 't1'), 'proven', 'shown in its browser it does');
select is(pg_temp.status('c4', 'acme', 3, 't1'), 'proven', 'in that of whoever named the store');
select is(pg_temp.status('c2', 'acme', 3, 't1'), 'ticket', 'not in another');
select is(pg_temp.status('c1', 'acme', 602, 't1'), 'ticket', 'and for ten minutes only');

-- Linking -------------------------------------------------------------------------------------------------------------
select is(pg_temp.link('nobody', 'aaa', 't1', 4), 'gone', 'no cookie, no link');
select is(pg_temp.link('c1', 'aaa', null, 4), 'ticket', 'no ticket, no link');
select is(pg_temp.link('c1', 'aaa', 't0', 4), 'ticket', 'a wrong one neither');
select is(pg_temp.link('c1', 'aaa', 't1', 602), 'ticket', 'nor an old one');
select is(pg_temp.link('c2', 'aaa', 't1', 4), 'changed', 'nor one in a browser that named another store');
select is(pg_temp.link('c1', 'bbb', 't1', 4), 'changed', 'nor for another store than it was made for');
update violet.store_user set removed_at = pg_temp.at(4) where store_hash = 'aaa' and user_id = 2;
select is(pg_temp.link('c1', 'aaa', 't1', 4), 'user', 'nor of a user who was removed since');
update violet.store_user set removed_at = null where store_hash = 'aaa' and user_id = 2;
select api.channel_set_enabled('acme', false, pg_temp.at(4));
select is(pg_temp.link('c1', 'aaa', 't1', 4), 'disabled', 'nor to a channel that is closed');
select api.channel_set_enabled('acme', true, pg_temp.at(4));
select is((select count(*) from violet.link), 0::bigint, 'all that made no link');
select is(pg_temp.link('c1', 'aaa', 't1', 4), 'linked', 'the right one makes it');
select results_eq($$select store_hash::text, made_how, made_by_user, connection_id from violet.link$$,
    $$values ('aaa', 'button', 2::bigint, pg_temp.id('c1', 'acme'))$$, 'and keeps who and how');
select is(pg_temp.link('c1', 'aaa', 't1', 5), 'linked', 'pressed twice it is the same link');
select is(pg_temp.link('c4', 'aaa', 't1', 5), 'ticket', 'in another browser the ticket is spent');
select is((select string_agg(slug, ' ') from violet.connections_waiting('aaa', pg_temp.at(5))), 'bloom',
    'and what was begun there before waits no more');
select is((select count(*) from violet.job where kind = 'resolve_merchant'), 1::bigint, 'its merchant id is looked for');
select throws_ok($$select api.channel_edit('acme', null, null, null, null, null, 10005, 'sealed', pg_temp.at(-60))$$, 'VB409', null,
    'from now on the channel keeps its app id');

select api.link_unlink('aaa', (select link_id from violet.link), pg_temp.at(6));
select pg_temp.ticket('c4', 'aaa', 1, 't4', 6);
select is(pg_temp.link('c4', 'aaa', 't4', 7), 'ending', 'a link that is ending is not taken back');
select api.link_ended('aaa', (select link_id from violet.link), pg_temp.at(8));
select is(pg_temp.status('c1', 'acme', 9), 'unlinked', 'its connection says so');
select is(pg_temp.link('c4', 'aaa', 't4', 9), 'linked', 'once it has ended a new one is made');
select is((select count(*) from violet.link where store_hash = 'aaa'), 2::bigint, 'beside the old one');

-- Codes ---------------------------------------------------------------------------------------------------------------
select throws_ok($$select pg_temp.code('bbb', 3, 'k3', true, 10)$$, 'VB403', null, 'who may only look can use no code');
select is(pg_temp.code('bbb', 1, 'k3', false, 10), 'known', 'a right code first tells the channel');
select is(pg_temp.code('bbb', 1, 'k3', true, 11), 'proven', 'and proves once that was agreed to');
select is(pg_temp.code('bbb', 1, 'k3', true, 12), 'wrong', 'once');
select is(pg_temp.code('bbb', 1, 'k2', false, 1801), 'wrong', 'for half an hour');

-- Upkeep --------------------------------------------------------------------------------------------------------------
create function pg_temp.upkeep(p_now numeric) returns text language sql return (
    select expired || ' ' || removed from api.connections_upkeep(90, 2, pg_temp.at(p_now)));
delete from violet.connection;
select pg_temp.begin('c' || n, 'acme', 'aaa', 'k' || n, 0) from generate_series(1, 4) as n;
update violet.connection set outcome = 'linked', ended_at = pg_temp.at(9) where cookie_hash = pg_temp.hash('c4');
select is(pg_temp.upkeep(86399), '0 0', 'what lives is left alone');
select is(pg_temp.upkeep(86400), '2 0', 'what has expired is ended, so many at a time');
select is(pg_temp.upkeep(86400), '1 0', 'until all are');
select is((select string_agg(distinct concat(outcome, ended_at - created_at, code_hash), ' ') from violet.connection
        where outcome <> 'linked'), 'expired1 day', 'at the moment at which it expired, with its code');
select is(pg_temp.upkeep(86401 * 91), '0 2', 'ninety days later it is forgotten');
select is(pg_temp.upkeep(86401 * 91), '0 1', 'like all of them');
select is((select string_agg(outcome, ' ') from violet.connection), 'linked', 'unless they made a link');

select * from finish();
rollback;
