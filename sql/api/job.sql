-- SPDX-License-Identifier: Apache-2.0
-- The queue. Look, then take: looking locks nothing; taking is one update by full key. A lease is a random token with an end.
-- A generation comes from a sequence and is never used twice, so that finishing old work cannot delete new work.
--
-- While anybody holds a snapshot, a dump or a long report, the rows of finished jobs stay, in the indexes too. So what is asked
-- for often is asked for by a span of time that leaves them behind: jobs due since a horizon, leases that still run. And so that
-- only the right index will do, since to the planner the table is empty and any way to read it as good as another: enable_seqscan
-- and enable_sort are off, the spans are "order by" their index, and greatest(...) keeps to the key.

create or replace function api.job_put(p_store_hash text, p_kind text, p_ref bigint, p_due_at timestamptz, p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    insert into violet.job as j (store_hash, kind, ref, due_at, made_at)
    values (p_store_hash, p_kind::violet.job_kind, p_ref, p_due_at, p_now)
    on conflict (store_hash, kind, ref) do update
        set generation = excluded.generation, due_at = least(j.due_at, excluded.due_at), attempts = 0;
    -- A hint, so that nobody waits for the next poll. Webhooks, which are many, send theirs apart (api.jobs_notify).
    select pg_notify('violet_job', '') where p_due_at <= p_now;
$$;
comment on function api.job_put(text, text, bigint, timestamptz, timestamptz) is
    'A new cause for a job: raises its generation, forgets its failures, and makes it due at p_due_at unless it is due sooner. '
    'Wakes the workers if that is now.';
grant execute on function api.job_put(text, text, bigint, timestamptz, timestamptz) to violet_web, violet_worker, violet_operator;

create or replace function api.job_horizon(p_now timestamptz)
returns timestamptz
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select least(min(j.due_at), p_now) from violet.job as j
$$;
comment on function api.job_horizon(timestamptz) is
    'No job is due earlier. While a snapshot is held this passes over every job that was finished since, so it is asked for now '
    'and then, and each api.job_look in between begins here.';
grant execute on function api.job_horizon(timestamptz) to violet_worker;

create or replace function api.job_look(p_limit integer, p_leases integer, p_now timestamptz,
    p_horizon timestamptz default '-infinity')
returns table (store_hash text, kind text, ref bigint, generation bigint, attempts integer, made_at timestamptz,
    due_at timestamptz)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp set enable_seqscan = off
as $$
    with leased as (
        select l.store_hash, count(*) as leases
        from (select j.store_hash from violet.job as j where j.lease_until > p_now order by j.lease_until) as l
        group by l.store_hash
    ), due as (
        select f.*, row_number() over (partition by f.store_hash order by f.due_at, f.kind, f.ref) as place
        from (
            select *
            from violet.job as j
            where j.due_at between p_horizon and p_now and (j.lease_until is null or j.lease_until <= p_now)
            order by j.due_at
        ) as f
    )
    select d.store_hash, d.kind::text, d.ref, d.generation, d.attempts, d.made_at, d.due_at
    from due as d
    left join leased as l on l.store_hash = d.store_hash
    left join violet.store as s on s.store_hash = d.store_hash
    where d.place <= p_leases - coalesce(l.leases, 0) and (s.gate_until is null or s.gate_until <= p_now)
    order by d.place, d.due_at
    limit p_limit
$$;
comment on function api.job_look(integer, integer, timestamptz, timestamptz) is
    'Jobs due since p_horizon, without a lock: of each store as many as it has leases free, the oldest of every store first. '
    'Somebody else may be faster to take one.';
grant execute on function api.job_look(integer, integer, timestamptz, timestamptz) to violet_worker;

create or replace function api.job_take(p_store_hash text, p_kind text, p_ref bigint, p_lease_until timestamptz,
    p_leases integer, p_now timestamptz)
returns table (lease_token text, generation bigint, attempts integer, made_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp set enable_seqscan = off
    set enable_sort = off
as $$
declare
    v_gate_until timestamptz;
    v_token constant uuid := gen_random_uuid();
begin
    -- The store's row is the lock under which its leases are counted.
    select s.gate_until into v_gate_until
    from violet.store as s
    where s.store_hash = p_store_hash
    for no key update;
    if v_gate_until > p_now then
        return;
    end if;
    if (select count(*)
        from (
            select
            from violet.job as l
            where l.store_hash = p_store_hash and l.lease_until > p_now
            order by l.lease_until desc
            limit p_leases
        ) as running) >= p_leases then
        return;
    end if;
    return query
        update violet.job as j
        set lease_token = v_token, lease_until = p_lease_until
        where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
            and greatest(j.due_at, j.lease_until) <= p_now
        returning j.lease_token::text, j.generation, j.attempts, j.made_at;
end
$$;
comment on function api.job_take(text, text, bigint, timestamptz, integer, timestamptz) is
    'Lease one due job. No row: somebody else was faster, the store is behind its gate, or it has p_leases leases already.';
grant execute on function api.job_take(text, text, bigint, timestamptz, integer, timestamptz) to violet_worker;

create or replace function api.job_extend(p_store_hash text, p_kind text, p_ref bigint, p_lease_token uuid,
    p_generation bigint, p_lease_until timestamptz, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp set enable_seqscan = off
as $$
begin
    update violet.job as j
    set lease_until = p_lease_until
    where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
        and j.lease_token = p_lease_token and j.generation = p_generation and j.lease_until > p_now;
    return found;
end
$$;
comment on function api.job_extend(text, text, bigint, uuid, bigint, timestamptz, timestamptz) is
    'Prolong a lease. False: it ran out, was taken over, or a newer cause has come: stop, and change nothing more.';
grant execute on function api.job_extend(text, text, bigint, uuid, bigint, timestamptz, timestamptz) to violet_worker;

create or replace function api.job_keep(p_store_hash text, p_kind text, p_ref bigint, p_lease_token uuid,
    p_lease_until timestamptz, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.job as j
    set lease_until = greatest(j.lease_until, p_lease_until)
    where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
        and j.lease_token = p_lease_token and j.lease_until > p_now;
    return found;
end
$$;
comment on function api.job_keep(text, text, bigint, uuid, timestamptz, timestamptz) is
    'Prolong a lease while its holder works on, though a newer cause may have come. False: it ran out or was taken over.';
grant execute on function api.job_keep(text, text, bigint, uuid, timestamptz, timestamptz) to violet_worker;

create or replace function api.job_finish(p_store_hash text, p_kind text, p_ref bigint, p_lease_token uuid,
    p_generation bigint, p_due_at timestamptz, p_note text)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp set enable_seqscan = off
as $$
begin
    if p_due_at is null then
        delete from violet.job as j
        where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
            and j.lease_token = p_lease_token and j.generation = p_generation;
    else
        update violet.job as j
        set due_at = p_due_at, attempts = 0, note = p_note, lease_token = null, lease_until = null
        where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
            and j.lease_token = p_lease_token and j.generation = p_generation;
    end if;
    if found then
        return true;
    end if;
    -- A newer cause has come meanwhile: it keeps the job as due as it made it.
    update violet.job as j
    set lease_token = null, lease_until = null, note = p_note
    where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
        and j.lease_token = p_lease_token;
    return found;
end
$$;
comment on function api.job_finish(text, text, bigint, uuid, bigint, timestamptz, text) is
    'The holder of a lease has finished: delete the job (p_due_at null) or have it due again then. If a newer cause has come, '
    'only the lease ends and the job stays due. False: the lease was lost, and nothing is changed.';
grant execute on function api.job_finish(text, text, bigint, uuid, bigint, timestamptz, text) to violet_worker;

create or replace function api.job_fail(p_store_hash text, p_kind text, p_ref bigint, p_lease_token uuid,
    p_generation bigint, p_due_at timestamptz, p_note text)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp set enable_seqscan = off
as $$
begin
    update violet.job as j
    set attempts = j.attempts + case when j.generation = p_generation then 1 else 0 end,
        due_at = case when j.generation = p_generation then p_due_at else j.due_at end,
        note = p_note, lease_token = null, lease_until = null
    where j.store_hash = p_store_hash and j.kind = p_kind::violet.job_kind and j.ref = p_ref
        and j.lease_token = p_lease_token;
    return found;
end
$$;
comment on function api.job_fail(text, text, bigint, uuid, bigint, timestamptz, text) is
    'An attempt failed: the job is due again at p_due_at, or as a newer cause made it. False: the lease was lost.';
grant execute on function api.job_fail(text, text, bigint, uuid, bigint, timestamptz, text) to violet_worker;

create or replace function api.job_gate(p_store_hash text, p_until timestamptz, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.store as s
    set gate_until = p_until
    where s.store_hash = p_store_hash and (s.gate_until is null or s.gate_until < p_until);
    -- Out of the way of the look, in their old order. Rows that others hold are skipped: the gate keeps those as well, and
    -- waiting for them in another order than the webhooks' batches could deadlock.
    with behind as (
        select j.kind, j.ref
        from violet.job as j
        where j.store_hash = p_store_hash and j.due_at < p_until and j.lease_token is null
        for update skip locked
    ), placed as (
        select b.kind, b.ref, row_number() over (order by j.due_at, j.kind, j.ref) as place
        from behind as b
        join violet.job as j on j.store_hash = p_store_hash and j.kind = b.kind and j.ref = b.ref
    )
    update violet.job as j
    set due_at = p_until + p.place * interval '1 microsecond'
    from placed as p
    where j.store_hash = p_store_hash and j.kind = p.kind and j.ref = p.ref;
end
$$;
comment on function api.job_gate(text, timestamptz, timestamptz) is
    'Nothing of this store before p_until: BigCommerce asks for a pause (429), or its API fails for this store.';
grant execute on function api.job_gate(text, timestamptz, timestamptz) to violet_worker;

create or replace function api.jobs_recur(p_spread_ms bigint, p_now timestamptz)
returns integer
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    -- A store's own place in the spread, the same for every run: from its hash.
    with recurring as (
        insert into violet.job (store_hash, kind, ref, due_at, made_at)
        select s.store_hash, k.kind, 0,
            p_now + (hashtext(s.store_hash) & 1023) * p_spread_ms / 1024 * interval '1 millisecond', p_now
        from violet.store as s
        cross join unnest(array['sweep', 'ensure_hooks', 'read_discounts']::violet.job_kind[]) as k (kind)
        where s.sealed_token is not null and not exists (
            select from violet.job as j where j.store_hash = s.store_hash and j.kind = k.kind and j.ref = 0)
        order by s.store_hash, k.kind::text
        on conflict (store_hash, kind, ref) do nothing
        returning 1
    ), owed as (
        insert into violet.job (store_hash, kind, ref, due_at, made_at)
        select r.store_hash, 'sync_order'::violet.job_kind, r.order_id, p_now, p_now
        from violet.refund as r
        where r.state in ('pending', 'sending', 'unknown', 'accepted') and not exists (
            select from violet.job as j
            where j.store_hash = r.store_hash and j.kind = 'sync_order' and j.ref = r.order_id)
        group by r.store_hash, r.order_id
        order by r.store_hash, r.order_id
        on conflict (store_hash, kind, ref) do nothing
        returning 1
    )
    select ((select count(*) from recurring) + (select count(*) from owed))::integer
$$;
comment on function api.jobs_recur(bigint, timestamptz) is
    'Every installed store has its recurring jobs, and every order with money owed its look. They are never deleted while so; '
    'this mends what a restore or an operator lost. How many were missing. New ones are spread over p_spread_ms.';
grant execute on function api.jobs_recur(bigint, timestamptz) to violet_worker;

create or replace function api.job_list(p_store_hash text, p_kind text, p_limit integer, p_now timestamptz)
returns table (store_hash text, kind text, ref bigint, due_at timestamptz, attempts integer, made_at timestamptz,
    leased boolean, gate_until timestamptz, note text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select j.store_hash, j.kind::text, j.ref, j.due_at, j.attempts, j.made_at,
        j.lease_token is not null and j.lease_until > p_now, case when s.gate_until > p_now then s.gate_until end, j.note
    from violet.job as j
    left join violet.store as s on s.store_hash = j.store_hash
    where (p_store_hash is null or j.store_hash = p_store_hash) and (p_kind is null or j.kind = p_kind::violet.job_kind)
    order by j.due_at, j.store_hash, j.kind, j.ref
    limit p_limit
$$;
comment on function api.job_list(text, text, integer, timestamptz) is
    'Jobs in the order in which they are due, of one store or kind or of all (null): for the operator.';
grant execute on function api.job_list(text, text, integer, timestamptz) to violet_operator;
