-- SPDX-License-Identifier: Apache-2.0
-- Webhooks: storing a batch with the jobs that it makes due, and the partitions that they are kept in.

create or replace function api.events_store(p_store_hashes text[], p_received_ms bigint[], p_scopes text[],
    p_order_ids bigint[], p_webhook_ids text[], p_signatures text[], p_problems text[], p_bodies bytea[],
    p_job_kinds text[], p_job_refs bigint[])
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    insert into violet.event (store_hash, received_at, scope, order_id, webhook_id, signature, problem, body)
    select e.store_hash, timestamptz 'epoch' + e.received_ms * interval '1 ms', e.scope, nullif(e.order_id, 0),
        e.webhook_id, e.signature, e.problem, e.body
    from unnest(p_store_hashes, p_received_ms, p_scopes, p_order_ids, p_webhook_ids, p_signatures, p_problems, p_bodies)
        as e (store_hash, received_ms, scope, order_id, webhook_id, signature, problem, body);

    -- Grouped, since one statement may not touch a row twice (a refund always makes two events of its order); ordered, since
    -- concurrent batches in different orders deadlock. Kinds by name, as the other functions that raise several jobs do.
    insert into violet.job as j (store_hash, kind, ref, due_at, made_at)
    select w.store_hash, w.kind::violet.job_kind, w.ref, w.first_at, w.first_at
    from (
        select store_hash, kind, ref, timestamptz 'epoch' + min(received_ms) * interval '1 ms' as first_at
        from unnest(p_store_hashes, p_received_ms, p_job_kinds, p_job_refs) as u (store_hash, received_ms, kind, ref)
        where kind is not null
        group by store_hash, kind, ref
        order by store_hash, kind, ref
    ) as w
    on conflict (store_hash, kind, ref) do update
    set generation = nextval('violet.job_generation'),
        due_at = least(j.due_at, excluded.due_at),
        attempts = 0;
end
$$;
comment on function api.events_store(text[], bigint[], text[], bigint[], text[], text[], text[], bytea[], text[], bigint[]) is
    'Store a batch of webhooks as received and make their jobs due: one element per webhook in each array. Times are '
    'milliseconds since 1970; order id 0 means none; a null job kind means that there is nothing to do. A job that is there '
    'already gets a new generation, so that work under way does not end it.';
grant execute on function api.events_store(text[], bigint[], text[], bigint[], text[], text[], text[], bytea[], text[],
    bigint[]) to violet_web;

create or replace function api.jobs_notify()
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    -- A lost notification costs a second, since workers poll as well: no need to wait for the disk.
    perform set_config('synchronous_commit', 'off', true);
    perform pg_notify('violet_job', '');
end
$$;
comment on function api.jobs_notify() is
    'Wake the workers: new jobs are due. Apart from storing them, since NOTIFY takes a lock on the whole database until commit.';
grant execute on function api.jobs_notify() to violet_web, violet_operator;

create or replace function api.event_partitions(p_now timestamptz, p_days_ahead integer, p_keep_days integer)
returns table (made integer, dropped integer)
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_day date;
    v_today date := (p_now at time zone 'UTC')::date;
    v_name text;
begin
    -- A lock that waits behind a long report would hold up every webhook behind it: rather try again in an hour.
    perform set_config('lock_timeout', '200ms', true);
    made := 0;
    dropped := 0;
    for v_day in select v_today + n from generate_series(0, p_days_ahead) as n loop
        v_name := 'event_' || to_char(v_day, 'YYYYMMDD');
        continue when to_regclass('violet.' || v_name) is not null;
        -- Rows of the default partition stay there. Asked before, since to attach is to read it all under the heaviest lock.
        continue when exists (
            select from violet.event_default as e
            where e.received_at >= v_day::timestamp at time zone 'UTC'
                and e.received_at < (v_day + 1)::timestamp at time zone 'UTC');
        begin
            execute format('create table violet.%I (like violet.event including defaults including constraints)', v_name);
            execute format('alter table violet.event attach partition violet.%I for values from (%L) to (%L)', v_name,
                v_day::timestamp at time zone 'UTC', (v_day + 1)::timestamp at time zone 'UTC');
            made := 1;
            return next;
            return;
        exception
            when lock_not_available then null;
            when check_violation then null; -- the first row of that day came at this moment
        end;
    end loop;
    for v_name in
        select c.relname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'violet.event'::regclass and c.relname ~ '^event_[0-9]{8}$'
            and to_date(substr(c.relname, 7), 'YYYYMMDD') < v_today - p_keep_days
        order by c.relname
    loop
        begin
            execute format('drop table violet.%I', v_name);
            dropped := 1;
            exit;
        exception
            when lock_not_available then null;
        end;
    end loop;
    return next;
end
$$;
comment on function api.event_partitions(timestamptz, integer, integer) is
    'Make one of the daily partitions of the webhooks from today to so many days ahead, or drop one of those older than so many '
    'days (UTC): one at each call, since the locks, which stop all webhooks, last until commit. Does what they allow within '
    '200 ms each. Workers call it every hour, until there is nothing to do.';
grant execute on function api.event_partitions(timestamptz, integer, integer) to violet_worker;

create or replace function api.events_default_forget(p_now timestamptz, p_keep_days integer)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    delete from violet.event_default where received_at < p_now - make_interval(days => p_keep_days)
$$;
comment on function api.events_default_forget(timestamptz, integer) is
    'Delete the webhooks older than so many days that came when their day had no partition. Holds up nobody.';
grant execute on function api.events_default_forget(timestamptz, integer) to violet_worker;
