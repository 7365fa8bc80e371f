-- SPDX-License-Identifier: Apache-2.0
-- The reports' figures, worked out by hand for one small world: three currencies, every way through Connect, refunds that are
-- done, found by the sweep only, overpaid, in review, begun at Violet, or not understood yet.
begin;
set client_min_messages = warning;
create extension if not exists pgtap;
set timezone = 'UTC';
select plan(17);

-- Moments: yesterday's noon and seconds after it, so that one day has them all.
create function pg_temp.at(p_seconds numeric) returns timestamptz language sql stable
    return date_trunc('day', now()) - interval '12 hours' + p_seconds * interval '1 second';
create function pg_temp.day() returns date language sql stable return (now() - interval '1 day')::date;

-- The world -----------------------------------------------------------------------------------------------------------
insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials, enabled) values
    ('acme', 'Acme', 'https://acme.example/', 1, 'sealed', true), ('bloom', 'Bloom', 'https://bloom.example/', 2, 'sealed', false);
create function pg_temp.channel(p_slug text) returns bigint language sql
    return (select channel_id from violet.channel where slug = p_slug);

insert into violet.store (store_hash, name, currency, first_installed_at, installed_at, uninstalled_at, token_refused_at,
    hooks_checked_at, hooks_result) values
    ('usd', 'Garden', 'USD', pg_temp.at(0), pg_temp.at(0), null, null, now() - interval '90 minutes',
        '[{"scope": "one", "state": "ok"}, {"scope": "two", "state": "mended"}]'),
    ('jpy', 'Paper', 'JPY', pg_temp.at(0), pg_temp.at(0), null, pg_temp.at(5), null, null),
    ('kwd', 'Silver', 'KWD', pg_temp.at(0), pg_temp.at(0), null, null, null, null),
    ('gone', 'Gone', 'USD', pg_temp.at(0), pg_temp.at(0), pg_temp.at(9), pg_temp.at(5), null, null);
insert into violet.store_merchant (store_hash, merchant_id, first_seen_at, last_seen_at) values
    ('usd', 52, pg_temp.at(0), pg_temp.at(1)), ('usd', 51, pg_temp.at(0), pg_temp.at(2)), ('jpy', 61, pg_temp.at(0), pg_temp.at(1)),
    ('gone', 71, pg_temp.at(0), pg_temp.at(1));
insert into violet.link (store_hash, channel_id, made_how, made_by_user, linked_at, ending_at, ended_at, end_reason)
select s, pg_temp.channel(c), 'button', 1, now() - interval '2 days', now() - d, now() - d, r
from (values ('usd', 'acme', null::interval, null), ('usd', 'bloom', '12 hours', 'merchant'), ('jpy', 'acme', null, null),
    ('gone', 'acme', '1 day', 'uninstall')) as t (s, c, d, r);

insert into violet.connection (cookie_hash, channel_id, store_hash, created_at, expires_at, outcome, ended_at)
select sha256(row_number() over ()::text::bytea), pg_temp.channel(c), s, pg_temp.at(0), now() + e, o, pg_temp.at(ended)
from (values ('acme', 'usd', interval '1 hour', 'linked', 90), ('acme', 'jpy', '1 hour', 'linked', 120),
    ('acme', 'gone', '1 hour', 'linked', 6000), ('acme', 'kwd', '1 hour', 'declined', 5), ('acme', null, '1 hour', 'locked', 5),
    ('acme', null, '1 hour', 'locked', 5), ('acme', null, '1 hour', 'replaced', 5), ('acme', null, '-1 hour', 'expired', 5),
    ('acme', null, '-1 hour', null, null), ('acme', null, '1 hour', null, null), ('bloom', 'usd', '1 hour', 'declined', 7)
) as t (c, s, e, o, ended);

insert into violet.bag (store_hash, order_id, state, violet_order_id, bag_id, channel_id, merchant_id, currency, total_minor,
    owed_minor, paid_minor, frozen, overpaid_at)
select s, o, state, o, o, pg_temp.channel('acme'), 51, currency, total, owed, paid, frozen, case when over then pg_temp.at(99) end
from (values ('usd', 1, 'found', 'USD', 5000, 3000, 3000, false, false), ('usd', 2, 'found', 'USD', 2000, 500, 700, false, true),
    ('usd', 3, 'found', 'USD', 4000, 1234, 0, true, false), ('usd', 4, 'found', 'USD', 800, 800, 800, false, false),
    ('jpy', 1, 'found', 'JPY', 5000, 1250, 0, false, false), ('kwd', 1, 'found', 'KWD', 12345, 12345, 12345, false, false)
) as t (s, o, state, currency, total, owed, paid, frozen, over);
insert into violet.bag (store_hash, order_id, state) values ('usd', 5, 'searching'), ('usd', 6, 'not_ours');

insert into violet.refund (store_hash, order_id, source, source_id, state, amount_minor, currency, channel_id, marker, made_at,
    found_by, send_by, sent_at, done_at, violet_refund_id, review_code, review_reason, proposed_minor, created_at, changed_at)
select s, o, source, id, state::violet.refund_state, amount, currency, case when currency is not null then pg_temp.channel('acme') end,
    'marker', pg_temp.at(0), found_by, pg_temp.at(sent + 20), pg_temp.at(sent), pg_temp.at(done), 1000 + row_number() over (),
    case when state = 'review' then 'sums' end, case when state = 'review' then 'More than is owed.' end,
    case when state = 'review' then 1000 end, pg_temp.at(1), now() - interval '3 hours'
from (values ('usd', 1, 'refund', 1, 'done', 1000, 'USD', 'webhook', 10, 30), ('usd', 1, 'refund', 2, 'done', 2000, 'USD', 'sweep', 900, 960),
    ('usd', 2, 'refund', 3, 'done', 500, 'USD', 'webhook', 20, 60), ('usd', 3, 'refund', 4, 'review', 1234, 'USD', 'webhook', null, null),
    ('usd', 4, 'refund', 5, 'foreign', 800, 'USD', 'webhook', null, null), ('usd', 5, 'refund', 6, 'pending', null, null, 'webhook', null, null),
    ('jpy', 1, 'refund', 7, 'sending', 1250, 'JPY', 'webhook', 30, null), ('kwd', 1, 'cancel', 1, 'done', 12345, 'KWD', 'webhook', 600, 660)
) as t (s, o, source, id, state, amount, currency, found_by, sent, done);
select violet.refund_tally(null, r) from violet.refund as r;

insert into violet.event (store_hash, received_at, scope, signature, problem, body)
select s, t, scope, signature, problem, ''
from (values ('usd', pg_temp.at(1), 'refund', 'good', null), ('usd', pg_temp.at(2), 'refund', 'absent', null),
    ('jpy', pg_temp.at(3), 'refund', 'old', null), ('usd', pg_temp.at(4), null, 'bad', 'no scope'),
    ('usd', now() - interval '32 days', 'refund', 'good', null)) as t (s, t, scope, signature, problem);

-- What the reports say of it ------------------------------------------------------------------------------------------
select results_eq($$select currency, digits from report.currencies where currency in ('USD', 'EUR', 'JPY', 'KWD', 'CLF') order by 2$$,
    $$values ('JPY', 0), ('KWD', 3), ('CLF', 4)$$, 'currencies: those with unusual decimals');

select results_eq($$select store_hash::text, state, merchant_id, channels, refunds_under_way, reviews from report.stores order by name$$,
    $$values ('usd', 'installed', 51, 'acme', 1::bigint, 1::bigint), ('gone', 'uninstalled', 71, null, 0, 0),
        ('jpy', 'token refused', 61, 'acme', 1, 0), ('kwd', 'installed', null, null, 0, 0)$$,
    'stores: state, the merchant id in force, living channels, open refunds');

select results_eq($$select store_hash::text, channel, living, end_reason, days from report.links order by 3 desc, 1$$,
    $$values ('jpy', 'acme', true, null::text, 2.0), ('usd', 'acme', true, null, 2.0), ('gone', 'acme', false, 'uninstall', 1.0),
        ('usd', 'bloom', false, 'merchant', 1.5)$$,
    'links: living and ended, and how long');

select results_eq($$select channel, enabled, stores_linked, merchants_linked, stores_ever_linked from report.channels order by 1$$,
    $$values ('acme', true, 2::bigint, 2::bigint, 3::bigint), ('bloom', false, 0, 0, 1)$$,
    'channels: stores and merchants now, and ever');

select results_eq($$select day, channel, started, store_proved, linked, declined, failed, under_way, abandoned, median_minutes
        from report.funnel order by 2$$,
    $$values (pg_temp.day(), 'acme', 10::bigint, 4::bigint, 3::bigint, 1::bigint, 2::bigint, 1::bigint, 3::bigint, 2.0),
        (pg_temp.day(), 'bloom', 1, 1, 0, 1, 0, 0, 0, null)$$,
    'funnel: every outcome is somewhere');
select is_empty($$select * from report.funnel where started <> linked + declined + failed + under_way + abandoned$$,
    'funnel: and only once');

select results_eq($$select store_hash::text, order_id, channel, currency, total, owed, paid, difference, state, overpaid_at is not null
        from report.orders order by 1 desc, 2$$,
    $$values ('usd', 1::bigint, 'acme', 'USD', 50.00, 30.00, 30.00, 0.00, 'found', false),
        ('usd', 2, 'acme', 'USD', 20.00, 5.00, 7.00, -2.00, 'found', true),
        ('usd', 3, 'acme', 'USD', 40.00, 12.34, 0.00, 12.34, 'found', false),
        ('usd', 4, 'acme', 'USD', 8.00, 8.00, 8.00, 0.00, 'found', false),
        ('usd', 5, null, null, null, 0.00, 0.00, 0.00, 'searching', false),
        ('kwd', 1, 'acme', 'KWD', 12.345, 12.345, 12.345, 0.000, 'found', false),
        ('jpy', 1, 'acme', 'JPY', 5000, 1250, 0, 1250, 'found', false)$$,
    'orders: owed, paid and the difference in units of their currency; none that is not ours');
select results_eq($$select array_agg(distinct scale(total) order by scale(total)) from report.orders where total is not null$$,
    $$values (array[0, 2, 3])$$, 'orders: with its decimals');

select results_eq($$select source, source_id, state, currency, amount, found_by, seconds_to_send, seconds_to_done, review_code
        from report.refunds order by store_hash desc, source_id$$,
    $$values ('refund', 1::bigint, 'done', 'USD', 10.00, 'webhook', 10.0, 30.0, null::text),
        ('refund', 2, 'done', 'USD', 20.00, 'sweep', 900.0, 960.0, null), ('refund', 3, 'done', 'USD', 5.00, 'webhook', 20.0, 60.0, null),
        ('refund', 4, 'review', 'USD', 12.34, 'webhook', null, null, 'sums'), ('refund', 5, 'foreign', 'USD', 8.00, 'webhook', null, null, null),
        ('refund', 6, 'pending', null, null, 'webhook', null, null, null), ('cancel', 1, 'done', 'KWD', 12.345, 'webhook', 600.0, 660.0, null),
        ('refund', 7, 'sending', 'JPY', 1250, 'webhook', 30.0, null, null)$$,
    'refunds: each with its state and times');

select results_eq($$select day, channel, currency, state, refunds, amount from report.refunds_by_day order by 3, 4$$,
    $$values (pg_temp.day(), 'acme', 'JPY', 'sending', 1::bigint, 1250.00), (pg_temp.day(), 'acme', 'KWD', 'done', 1, 12.345),
        (pg_temp.day(), 'acme', 'USD', 'done', 3, 35.00), (pg_temp.day(), 'acme', 'USD', 'foreign', 1, 8.00),
        (pg_temp.day(), 'acme', 'USD', 'review', 1, 12.34), (pg_temp.day(), null, null, 'pending', 1, 0.00)$$,
    'refunds by day: no currency is added to another');
select results_eq($$select currency, state, sum(refunds), sum(amount) from report.refunds_by_day where currency is not null group by 1, 2 order by 1, 2$$,
    $$select currency, state, count(*)::numeric, sum(amount) from report.refunds where currency is not null group by 1, 2 order by 1, 2$$,
    'refunds by day: the roll-up says what the rows say');

select results_eq($$select day, channel, refunds, median_seconds, p95_seconds, slowest_seconds, found_by_sweep from report.speed$$,
    $$values (pg_temp.day(), 'acme', 4::bigint, 360.0, 915.0, 960.0, 1::bigint)$$,
    'speed: of what is done; one webhook was lost');

select results_eq($$select currency, channel, refunds, amount, in_review, amount_in_review, oldest_made_at from report.owed order by 1$$,
    $$values ('JPY', 'acme', 1::bigint, 1250.00, 0::bigint, null, pg_temp.at(0)), ('USD', 'acme', 1, 12.34, 1, 12.34, pg_temp.at(0)),
        (null, null, 1, null, 0, null, pg_temp.at(0))$$,
    'owed: what is neither done, foreign nor covered');

select results_eq($$select store_name, order_id, channel, currency, amount, proposed, review_code, review_reason, hours from report.reviews$$,
    $$values ('Garden', 3::bigint, 'acme', 'USD', 12.34, 10.00, 'sums', 'More than is owed.', 3.0)$$,
    'reviews: amount, proposal, and for how long');

select results_eq($$select day, scope, received, stores, unreadable, signature_good, signature_old, signature_bad, signature_absent,
        last_received_at from report.webhooks order by 2$$,
    $$values (pg_temp.day(), 'refund', 3::bigint, 2::bigint, 0::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint, pg_temp.at(3)),
        (pg_temp.day(), 'unreadable', 1, 1, 1, 0, 0, 1, 0, pg_temp.at(4))$$,
    'webhooks: of a month, by what became of them');

select results_eq($$select store_hash::text, scope, state, hours_since_check from report.hooks order by 1 desc, 2$$,
    $$values ('usd', 'one', 'ok', 1.5), ('usd', 'two', 'mended', 1.5), ('kwd', null, null, null), ('jpy', null, null, null)$$,
    'hooks: what the last check found, also where there was none; not of stores that are gone');

-- A view that is added wants a row above.
select set_eq($$select relname::text from pg_class where relnamespace = 'report'::regnamespace and relkind = 'v'$$,
    array['currencies', 'stores', 'links', 'channels', 'funnel', 'orders', 'refunds', 'refunds_by_day', 'speed', 'owed', 'reviews',
        'webhooks', 'hooks'], 'every report is here');

select * from finish();
rollback;
