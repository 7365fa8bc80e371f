-- SPDX-License-Identifier: Apache-2.0
-- Brakes: a switch, a fuse per store and over all, and a pause after a failover. They stop sending; nothing is lost.

create or replace function violet.timeline_note(p_now timestamptz)
returns timestamptz
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_timeline constant text := left(pg_walfile_name(pg_current_wal_lsn()), 8);
    v_known text;
    v_since timestamptz;
begin
    select i.timeline, i.timeline_since into v_known, v_since from violet.instance as i;
    if v_known = v_timeline then
        return v_since;
    end if;
    -- The first one noted is no failover.
    update violet.instance set timeline = v_timeline, timeline_since = case when timeline is not null then p_now end
    where timeline is distinct from v_timeline
    returning timeline_since into v_since;
    if not found then -- somebody else has just noted it
        select i.timeline_since into v_since from violet.instance as i;
    end if;
    return v_since;
end
$$;
comment on function violet.timeline_note(timestamptz) is
    'Note the database''s timeline, which a failover or a restore changes. Since when it is the present one; null: always.';

create or replace function violet.brake(p_store_hash text, p_settle_ms bigint, p_now timestamptz)
returns text
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_since constant timestamptz := violet.timeline_note(p_now);
    v_held boolean;
    v_tripped boolean;
begin
    select i.refunds_held_at is not null, i.fuse_tripped_at is not null into v_held, v_tripped from violet.instance as i;
    if v_held then
        return 'hold';
    elsif v_tripped or exists (
        select from violet.store as s where s.store_hash = p_store_hash and s.fuse_tripped_at is not null)
    then
        return 'fuse';
    elsif v_since + p_settle_ms * interval '1 millisecond' > p_now then
        return 'timeline';
    end if;
    return null;
end
$$;
comment on function violet.brake(text, bigint, timestamptz) is
    'Why nothing may be sent for a store now: hold, fuse, timeline (a failover less than p_settle_ms ago); null: nothing stops it.';

create or replace function violet.fuse(p_store_hash text, p_currency text, p_amount_minor bigint, p_store_count bigint,
    p_store_amount bigint, p_total_count bigint, p_total_amount bigint, p_now timestamptz)
returns table (refused text, alarm text)
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_since timestamptz;
    v_store_count bigint;
    v_store_amount numeric;
    v_total_count bigint;
    v_total_amount numeric;
begin
    -- One send at a time is counted, so that many workers together cannot pass the limit. Held until the commit, a moment.
    select greatest(p_now - interval '1 hour', i.fuse_since) into v_since from violet.instance as i for no key update;
    select 1 + count(*), p_amount_minor + coalesce(sum(a.amount_minor) filter (where a.currency = p_currency), 0),
        1 + count(*) filter (where a.store_hash = p_store_hash),
        p_amount_minor + coalesce(sum(a.amount_minor) filter (where a.currency = p_currency and a.store_hash = p_store_hash), 0)
    into v_total_count, v_total_amount, v_store_count, v_store_amount
    from violet.refund_attempt as a
    where a.started_at > v_since and (a.outcome is null or a.outcome not in ('not_sent', 'refused', 'lines_refused', 'found'));
    refused := null;
    alarm := null;
    if v_store_count > p_store_count or v_store_amount > p_store_amount then
        refused := 'fuse';
        alarm := format('store %s: %s refunds and %s minor units of %s within an hour; limits %s and %s', p_store_hash,
            v_store_count, v_store_amount, p_currency, p_store_count, p_store_amount);
        update violet.store as s set fuse_tripped_at = p_now, fuse_reason = alarm where s.store_hash = p_store_hash;
    elsif v_total_count > p_total_count or v_total_amount > p_total_amount then
        refused := 'fuse';
        alarm := format('all stores: %s refunds and %s minor units of %s within an hour; limits %s and %s', v_total_count,
            v_total_amount, p_currency, p_total_count, p_total_amount);
        update violet.instance as i set fuse_tripped_at = p_now, fuse_reason = alarm;
    end if;
    return next;
end
$$;
comment on function violet.fuse(text, text, bigint, bigint, bigint, bigint, bigint, timestamptz) is
    'Would one more refund exceed the hour''s limits of its store or of all? Then the fuse trips, and alarm says why. Counted since '
    'an hour ago, or since somebody last resumed.';

create or replace function violet.refunds_due(p_now timestamptz)
returns integer
language sql set search_path = pg_catalog, violet, pg_temp
as $$
    with put as materialized (
        select api.job_put(o.store_hash, 'sync_order', o.order_id, p_now, p_now)
        from (
            select distinct r.store_hash, r.order_id from violet.refund as r
            where r.state = 'pending'
            order by r.store_hash, r.order_id
        ) as o)
    select count(*)::integer from put
$$;
comment on function violet.refunds_due(timestamptz) is 'Make every order due that waits with a refund to send. How many there are.';

create or replace function api.refunds_hold(p_who text, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if coalesce(p_who, '') = '' then
        raise exception 'holding needs to know who holds' using errcode = 'VB400';
    end if;
    update violet.instance
    set refunds_held_by = coalesce(refunds_held_by, p_who), refunds_held_at = coalesce(refunds_held_at, p_now);
end
$$;
comment on function api.refunds_hold(text, timestamptz) is
    'Stop all sending of refunds until somebody resumes. What is owed is still found and recorded.';
grant execute on function api.refunds_hold(text, timestamptz) to violet_operator;

create or replace function api.refunds_resume(p_who text, p_now timestamptz)
returns integer
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if coalesce(p_who, '') = '' then
        raise exception 'resuming needs to know who resumes' using errcode = 'VB400';
    end if;
    update violet.instance
    set refunds_held_by = null, refunds_held_at = null, fuse_tripped_at = null, fuse_reason = null, fuse_since = p_now;
    update violet.store set fuse_tripped_at = null, fuse_reason = null where fuse_tripped_at is not null;
    return violet.refunds_due(p_now);
end
$$;
comment on function api.refunds_resume(text, timestamptz) is
    'Start sending again: lift the hold, mend every fuse (which count from now), make due what waits. How many orders wait.';
grant execute on function api.refunds_resume(text, timestamptz) to violet_operator;

create or replace function api.brakes()
returns table (store_hash text, brake text, since timestamptz, reason text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select null, 'hold', i.refunds_held_at, 'held by ' || i.refunds_held_by from violet.instance as i
    where i.refunds_held_at is not null
    union all
    select null, 'fuse', i.fuse_tripped_at, i.fuse_reason from violet.instance as i where i.fuse_tripped_at is not null
    union all
    select s.store_hash, 'fuse', s.fuse_tripped_at, s.fuse_reason from violet.store as s where s.fuse_tripped_at is not null
$$;
comment on function api.brakes() is 'What stops refunds now: by hand or by a fuse, for a store or for all (null).';
grant execute on function api.brakes() to violet_operator;
