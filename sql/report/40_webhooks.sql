-- SPDX-License-Identifier: Apache-2.0
-- How well webhooks arrive.

create or replace view report.webhooks as
    select (e.received_at at time zone 'UTC')::date as day, coalesce(e.scope, 'unreadable') as scope, count(*) as received,
        count(distinct e.store_hash) as stores, count(*) filter (where e.problem is not null) as unreadable,
        count(*) filter (where e.signature = 'good') as signature_good,
        count(*) filter (where e.signature = 'old') as signature_old,
        count(*) filter (where e.signature = 'bad') as signature_bad,
        count(*) filter (where e.signature = 'absent') as signature_absent,
        max(e.received_at) as last_received_at, now() as as_of
    from violet.event as e
    where e.received_at >= now() - interval '31 days'
    group by 1, 2;
comment on view report.webhooks is 'Webhooks received in the last 31 days, by UTC day and scope.';
comment on column report.webhooks.day is 'UTC day.';
comment on column report.webhooks.scope is 'BigCommerce''s scope, such as store/order/statusUpdated.';
comment on column report.webhooks.received is 'Count.';
comment on column report.webhooks.stores is 'Stores that they came from. Count.';
comment on column report.webhooks.unreadable is 'Stored, but not understood. Count; should be 0.';
comment on column report.webhooks.signature_good is 'With a valid signature. Count.';
comment on column report.webhooks.signature_old is 'With a valid signature over an old time, as retries may have. Count.';
comment on column report.webhooks.signature_bad is 'With a signature that does not fit. Count.';
comment on column report.webhooks.signature_absent is 'Without a signature. Count.';
comment on column report.webhooks.last_received_at is 'The last one. UTC.';
comment on column report.webhooks.as_of is 'When this was read. UTC.';
grant select on report.webhooks to violet_report;

create or replace view report.hooks as
    select s.store_hash, s.name as store_name, h.value ->> 'scope' as scope, h.value ->> 'state' as state, s.hooks_checked_at,
        round(extract(epoch from now() - s.hooks_checked_at) / 3600, 1) as hours_since_check, now() as as_of
    from violet.store as s
    left join lateral jsonb_array_elements(s.hooks_result) as h on true
    where s.uninstalled_at is null;
comment on view report.hooks is 'What the last check of each installed store''s webhooks at BigCommerce found.';
comment on column report.hooks.store_hash is 'The store.';
comment on column report.hooks.store_name is 'The store''s name.';
comment on column report.hooks.scope is 'BigCommerce''s scope; null if never checked.';
comment on column report.hooks.state is 'ok, created, mended, activated (BigCommerce had switched it off), or failed.';
comment on column report.hooks.hooks_checked_at is 'When. UTC.';
comment on column report.hooks.hours_since_check is 'How long ago. Hours.';
comment on column report.hooks.as_of is 'When this was read. UTC.';
grant select on report.hooks to violet_report;
