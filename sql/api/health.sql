-- SPDX-License-Identifier: Apache-2.0
-- What the operator's monitoring asks: can a program serve, and how do things stand.

create or replace function api.not_ready(p_version text)
returns text
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select case
        when pg_is_in_recovery() then 'the database is a read-only standby'
        when string_to_array(split_part(p_version, '-', 1), '.')::integer[]
            < string_to_array(split_part(i.oldest_version, '-', 1), '.')::integer[]
            then 'the database has moved on to version ' || i.oldest_version || ' and no longer serves ' || p_version
    end
    from violet.instance as i
$$;
comment on function api.not_ready(text) is
    'Why a program of that version cannot serve with this database; null if it can.';
grant execute on function api.not_ready(text) to violet_web;

create or replace function api.metrics(p_now timestamptz)
returns table (name text, help text, labels text, value text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with facts (place, name, help, label, word, value) as (
        select 1, 'violet_jobs', 'Jobs by kind', 'kind', kind::text, count(*)::numeric
        from violet.job group by kind
        union all
        select 2, 'violet_jobs_due', 'Jobs by kind that are due and that nobody works on', 'kind', kind::text, count(*)
        from violet.job
        where due_at <= p_now and (lease_until is null or lease_until <= p_now)
        group by kind
        union all
        select 3, 'violet_job_oldest_seconds', 'How long the job that has been due longest has waited', 'kind', kind::text,
            round(extract(epoch from p_now - min(due_at)), 3)
        from violet.job
        where due_at <= p_now and (lease_until is null or lease_until <= p_now)
        group by kind
        union all
        select 4, 'violet_refunds_open', 'Refunds that are not settled, by state', 'state', state::text, count(*)
        from violet.refund where state not in ('done', 'covered', 'foreign', 'dismissed') group by state
        union all
        select 5, 'violet_refunds_today', 'Refunds made at BigCommerce today (UTC), by state', 'state', state::text, sum(refunds)
        from violet.refund_day where day = (p_now at time zone 'UTC')::date group by state
        union all
        select 6, 'violet_owed_minor', 'Money owed to shoppers and not paid back yet, in minor units', 'currency', currency::text,
            sum(amount_minor)
        from violet.refund
        where state not in ('done', 'covered', 'foreign', 'dismissed') and currency is not null and amount_minor is not null
        group by currency
        union all
        select 7, 'violet_overpaid_orders', 'Orders for which more was paid back than owed, by our doing: must be 0', null, null,
            count(*)
        from violet.bag where overpaid_at is not null
        union all
        select 8, 'violet_refunds_swept', 'Refunds of the last 24 hours that no webhook announced: should be 0', null, null, count(*)
        from violet.refund where found_by = 'sweep' and created_at > p_now - interval '24 hours'
        union all
        select 9, 'violet_events_default', 'Webhooks in the default partition (up to 1000 are counted): should be 0', null, null,
            count(*)
        from (select from violet.event_default limit 1000) as e
        union all
        select 10, 'violet_event_partitions_ahead', 'Daily partitions that exist for the days to come: should be 7', null, null,
            count(*)
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'violet.event'::regclass and c.relname ~ '^event_[0-9]{8}$'
            and to_date(substr(c.relname, 7), 'YYYYMMDD') > (p_now at time zone 'UTC')::date
        union all
        select 11, 'violet_stores', 'Stores by state', 'state',
            case when s.sealed_token is null then 'uninstalled' when s.token_refused_at is null then 'installed' else 'refused' end,
            count(*)
        from violet.store as s group by 5
        union all
        select 12, 'violet_links', 'Living links between channels and stores', null, null, count(*)
        from violet.link where ended_at is null
        union all
        select 13, 'violet_stores_fused', 'Stores whose fuse has stopped sending', null, null, count(*)
        from violet.store where fuse_tripped_at is not null
        union all
        select 14, 'violet_refunds_held', 'Whether all sending is stopped', 'by', b.word, b.held::integer
        from violet.instance as i
        cross join lateral (values ('operator', i.refunds_held_at is not null), ('fuse', i.fuse_tripped_at is not null))
            as b (word, held)
    )
    select name, help, case when label is null then '' else format('{%s="%s"}', label, word) end, value::text
    from facts
    order by place, word
$$;
comment on function api.metrics(timestamptz) is
    'How things stand, as rows of Prometheus gauges: name, help, labels as they are printed, value.';
grant execute on function api.metrics(timestamptz) to violet_web;
