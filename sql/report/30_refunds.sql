-- SPDX-License-Identifier: Apache-2.0
-- Orders and refunds. Amounts are in whole units of the currency beside them (10.00 USD, 1250 JPY), never summed over currencies.

create or replace view report.orders as
    select b.store_hash, b.order_id, c.slug as channel, b.violet_order_id, b.bag_id, b.merchant_id, b.order_made_at,
        b.currency::text as currency, round(b.total_minor / 10::numeric ^ d.digits, d.digits) as total,
        round(b.owed_minor / 10::numeric ^ d.digits, d.digits) as owed,
        round(b.paid_minor / 10::numeric ^ d.digits, d.digits) as paid,
        round((b.owed_minor - b.paid_minor) / 10::numeric ^ d.digits, d.digits) as difference,
        b.state, b.frozen, b.overpaid_at, b.reopened_at, b.looked_at, now() as as_of
    from violet.bag as b
    left join violet.channel as c on c.channel_id = b.channel_id
    left join report.currencies as u on u.currency = b.currency
    cross join lateral (select coalesce(u.digits, 2)) as d (digits)
    where b.state <> 'not_ours';
comment on view report.orders is 'One row per BigCommerce order that is, or may be, Violet''s: what BigCommerce says is owed and what Violet paid.';
comment on column report.orders.store_hash is 'The store.';
comment on column report.orders.order_id is 'BigCommerce''s order id.';
comment on column report.orders.channel is 'Slug of the channel that sold it.';
comment on column report.orders.violet_order_id is 'Violet''s order id.';
comment on column report.orders.bag_id is 'Violet''s bag id.';
comment on column report.orders.merchant_id is 'Violet''s merchant id.';
comment on column report.orders.order_made_at is 'When the order was placed. UTC.';
comment on column report.orders.currency is 'Currency of the bag, ISO 4217.';
comment on column report.orders.total is 'The bag''s total. Units of currency.';
comment on column report.orders.owed is 'What BigCommerce''s refunds and status make us owe. Units of currency.';
comment on column report.orders.paid is 'What Violet has paid back or is about to. Units of currency.';
comment on column report.orders.difference is 'owed - paid: above 0 is still to be paid, below 0 was paid beyond. Units of currency.';
comment on column report.orders.state is 'searching, found, or ambiguous (Violet has several bags for it).';
comment on column report.orders.frozen is 'Whether nothing is sent until a person has settled a review.';
comment on column report.orders.overpaid_at is 'Since when more is paid than owed by our doing; null if not. UTC.';
comment on column report.orders.reopened_at is 'When it was opened again after it had been paid back as cancelled. UTC.';
comment on column report.orders.looked_at is 'Last look. UTC.';
comment on column report.orders.as_of is 'When this was read. UTC.';
grant select on report.orders to violet_report;

create or replace view report.refunds as
    select r.store_hash, r.order_id, r.source, r.source_id, c.slug as channel, r.state::text as state,
        coalesce(r.currency, b.currency)::text as currency,
        round(r.amount_minor / 10::numeric ^ d.digits, d.digits) as amount,
        r.made_at, r.found_by, r.sent_at, r.done_at,
        round(extract(epoch from r.sent_at - r.made_at), 1) as seconds_to_send,
        round(extract(epoch from r.done_at - r.made_at), 1) as seconds_to_done,
        r.violet_refund_id, r.review_code, now() as as_of
    from violet.refund as r
    join violet.bag as b on b.store_hash = r.store_hash and b.order_id = r.order_id
    left join violet.channel as c on c.channel_id = coalesce(r.channel_id, b.channel_id)
    left join report.currencies as u on u.currency = coalesce(r.currency, b.currency)
    cross join lateral (select coalesce(u.digits, 2)) as d (digits);
comment on view report.refunds is 'One row per amount that Violet must pay back, or had to.';
comment on column report.refunds.store_hash is 'The store.';
comment on column report.refunds.order_id is 'BigCommerce''s order id.';
comment on column report.refunds.source is 'refund: a BigCommerce refund; elsewhere: the part of one that was given back otherwise; cancel: the order was cancelled; status: it was set by hand.';
comment on column report.refunds.source_id is 'BigCommerce''s refund id; for cancel and status a running number per order.';
comment on column report.refunds.channel is 'Slug of the channel that sold the order.';
comment on column report.refunds.state is 'pending, sending, unknown, accepted, done, review, dismissed, covered, or foreign.';
comment on column report.refunds.currency is 'ISO 4217.';
comment on column report.refunds.amount is 'Null while unknown. Units of currency.';
comment on column report.refunds.made_at is 'When it was made at BigCommerce. UTC.';
comment on column report.refunds.found_by is 'webhook, or sweep (the webhook was lost).';
comment on column report.refunds.sent_at is 'When it was sent to Violet. UTC.';
comment on column report.refunds.done_at is 'When Violet had completed it. UTC.';
comment on column report.refunds.seconds_to_send is 'From BigCommerce''s refund to ours. Seconds.';
comment on column report.refunds.seconds_to_done is 'From BigCommerce''s refund to Violet''s completion. Seconds.';
comment on column report.refunds.violet_refund_id is 'Violet''s refund id.';
comment on column report.refunds.review_code is 'Why a person was or is needed.';
comment on column report.refunds.as_of is 'When this was read. UTC.';
grant select on report.refunds to violet_report;

create or replace view report.refunds_by_day as
    select r.day, c.slug as channel, nullif(r.currency, '') as currency, r.state::text as state,
        sum(r.refunds)::bigint as refunds, round(sum(r.amount_minor) / 10::numeric ^ d.digits, d.digits) as amount,
        now() as as_of
    from violet.refund_day as r
    left join violet.channel as c on c.channel_id = r.channel_id
    left join report.currencies as u on u.currency = r.currency
    cross join lateral (select coalesce(u.digits, 2)) as d (digits)
    group by r.day, c.slug, r.currency, r.state, d.digits
    having sum(r.refunds) <> 0;
comment on view report.refunds_by_day is 'Refunds by the UTC day on which BigCommerce made them, channel, currency and state.';
comment on column report.refunds_by_day.day is 'UTC day.';
comment on column report.refunds_by_day.channel is 'The channel''s slug; null while not known.';
comment on column report.refunds_by_day.currency is 'ISO 4217; null while not known.';
comment on column report.refunds_by_day.state is 'The refunds'' present state.';
comment on column report.refunds_by_day.refunds is 'Count.';
comment on column report.refunds_by_day.amount is 'Units of currency.';
comment on column report.refunds_by_day.as_of is 'When this was read. UTC.';
grant select on report.refunds_by_day to violet_report;

create or replace view report.speed as
    select (r.made_at at time zone 'UTC')::date as day, c.slug as channel, count(*) as refunds,
        round(percentile_cont(0.5) within group (order by extract(epoch from r.done_at - r.made_at))::numeric, 1) as median_seconds,
        round(percentile_cont(0.95) within group (order by extract(epoch from r.done_at - r.made_at))::numeric, 1) as p95_seconds,
        round(max(extract(epoch from r.done_at - r.made_at)), 1) as slowest_seconds,
        count(*) filter (where r.found_by = 'sweep') as found_by_sweep, now() as as_of
    from violet.refund as r
    left join violet.channel as c on c.channel_id = r.channel_id
    where r.state = 'done' and r.done_at is not null
    group by 1, 2;
comment on view report.speed is 'Time from BigCommerce''s refund to Violet''s, of refunds that are done, by UTC day and channel.';
comment on column report.speed.day is 'UTC day on which BigCommerce made them.';
comment on column report.speed.channel is 'The channel''s slug.';
comment on column report.speed.refunds is 'Count.';
comment on column report.speed.median_seconds is 'Half of them took no longer. Seconds.';
comment on column report.speed.p95_seconds is '95 of 100 took no longer. Seconds.';
comment on column report.speed.slowest_seconds is 'The slowest. Seconds.';
comment on column report.speed.found_by_sweep is 'Found by the sweep only: their webhooks were lost. Count; should be 0.';
comment on column report.speed.as_of is 'When this was read. UTC.';
grant select on report.speed to violet_report;

create or replace view report.owed as
    select r.currency, r.channel, count(*) as refunds, sum(r.amount) as amount,
        count(*) filter (where r.state = 'review') as in_review, sum(r.amount) filter (where r.state = 'review') as amount_in_review,
        min(r.made_at) as oldest_made_at, now() as as_of
    from report.refunds as r
    where r.state in ('pending', 'sending', 'unknown', 'accepted', 'review')
    group by r.currency, r.channel;
comment on view report.owed is 'Money owed to shoppers now: refunds that are not done, by currency and channel.';
comment on column report.owed.currency is 'ISO 4217; null while not known.';
comment on column report.owed.channel is 'The channel''s slug; null while not known.';
comment on column report.owed.refunds is 'Count.';
comment on column report.owed.amount is 'Of those whose amount is known. Units of currency.';
comment on column report.owed.in_review is 'Of these, refunds that wait for a person. Count.';
comment on column report.owed.amount_in_review is 'Of those whose amount is known. Units of currency.';
comment on column report.owed.oldest_made_at is 'When BigCommerce made the oldest. UTC.';
comment on column report.owed.as_of is 'When this was read. UTC.';
grant select on report.owed to violet_report;

create or replace view report.reviews as
    select r.store_hash, s.name as store_name, r.order_id, r.source, r.source_id, c.slug as channel,
        coalesce(r.currency, b.currency)::text as currency,
        round(r.amount_minor / 10::numeric ^ d.digits, d.digits) as amount,
        round(r.proposed_minor / 10::numeric ^ d.digits, d.digits) as proposed, r.review_code, r.review_reason,
        r.changed_at as since, round(extract(epoch from now() - r.changed_at) / 3600, 1) as hours, now() as as_of
    from violet.refund as r
    join violet.store as s on s.store_hash = r.store_hash
    join violet.bag as b on b.store_hash = r.store_hash and b.order_id = r.order_id
    left join violet.channel as c on c.channel_id = coalesce(r.channel_id, b.channel_id)
    left join report.currencies as u on u.currency = coalesce(r.currency, b.currency)
    cross join lateral (select coalesce(u.digits, 2)) as d (digits)
    where r.state = 'review';
comment on view report.reviews is 'Refunds that wait for a person.';
comment on column report.reviews.store_hash is 'The store.';
comment on column report.reviews.store_name is 'The store''s name.';
comment on column report.reviews.order_id is 'BigCommerce''s order id.';
comment on column report.reviews.source is 'refund, elsewhere, cancel, or status: see report.refunds.';
comment on column report.reviews.source_id is 'BigCommerce''s refund id, or a running number.';
comment on column report.reviews.channel is 'The channel''s slug.';
comment on column report.reviews.currency is 'ISO 4217.';
comment on column report.reviews.amount is 'Null while unknown. Units of currency.';
comment on column report.reviews.proposed is 'What would be paid if approved as proposed. Units of currency.';
comment on column report.reviews.review_code is 'Why, as a word.';
comment on column report.reviews.review_reason is 'Why, as a sentence.';
comment on column report.reviews.since is 'Since when. UTC.';
comment on column report.reviews.hours is 'For how long. Hours.';
comment on column report.reviews.as_of is 'When this was read. UTC.';
grant select on report.reviews to violet_report;
