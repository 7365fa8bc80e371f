-- SPDX-License-Identifier: Apache-2.0
-- Refunds: the one function that moves them, what a look writes, the commit before a send and the outcome after it, and what
-- people decide. Commands and pages change a row and make the order's look due; only a look sends.

create or replace function violet.refund_tally(p_old violet.refund, p_new violet.refund)
returns void
language sql set search_path = pg_catalog, violet, pg_temp
as $$
    -- In the order of the key: two moves that meet must not wait for each other.
    insert into violet.refund_day as d (store_hash, day, channel_id, currency, state, refunds, amount_minor)
    select t.store_hash, t.day, t.channel_id, t.currency, t.state, sum(t.refunds), sum(t.amount_minor)
    from (
        select r.store_hash, (r.made_at at time zone 'utc')::date, coalesce(r.channel_id, 0), coalesce(r.currency, ''), r.state,
            r.sign, r.sign * coalesce(r.amount_minor, 0)
        from (select p_old.*, -1 as sign union all select p_new.*, 1) as r
        where r.store_hash is not null
    ) as t (store_hash, day, channel_id, currency, state, refunds, amount_minor)
    group by 1, 2, 3, 4, 5
    having sum(t.refunds) <> 0 or sum(t.amount_minor) <> 0
    order by 1, 2, 3, 4, 5
    on conflict (store_hash, day, channel_id, currency, state) do update
        set refunds = d.refunds + excluded.refunds, amount_minor = d.amount_minor + excluded.amount_minor
$$;
comment on function violet.refund_tally(violet.refund, violet.refund) is
    'Keep refund_day: take a refund out as it was (null: it is new) and count it as it is.';

create or replace function violet.refund_save(p_old violet.refund, p_new violet.refund, p_by text, p_why text,
    p_now timestamptz)
returns bigint
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if p_old.store_hash is null then
        p_new.version := 1;
        p_new.created_at := p_now;
        p_new.changed_at := p_now;
        insert into violet.refund select p_new.*;
    else
        if p_old.state <> p_new.state and not exists (
            select from violet.refund_move as m where m.from_state = p_old.state and m.to_state = p_new.state)
        then
            raise exception 'a refund never moves from % to %', p_old.state, p_new.state using errcode = 'VB409';
        end if;
        p_new.version := p_old.version + 1;
        p_new.changed_at := p_now;
        update violet.refund as r
        set (state, version, amount_minor, currency, channel_id, send_by, sent_at, violet_refund_id, violet_status, absent_at,
            blocked_at, wait_code, poll_at, polls, review_code, review_reason, proposed_minor, proposed_how, approved_by,
            approved_at, settled_at, dismissed_by, dismissed_reason, changed_at, done_at) =
            row(p_new.state, p_new.version, p_new.amount_minor, p_new.currency, p_new.channel_id, p_new.send_by, p_new.sent_at,
            p_new.violet_refund_id, p_new.violet_status, p_new.absent_at, p_new.blocked_at, p_new.wait_code, p_new.poll_at,
            p_new.polls, p_new.review_code, p_new.review_reason, p_new.proposed_minor, p_new.proposed_how, p_new.approved_by,
            p_new.approved_at, p_new.settled_at, p_new.dismissed_by, p_new.dismissed_reason, p_new.changed_at, p_new.done_at)
        where r.store_hash = p_old.store_hash and r.order_id = p_old.order_id and r.source = p_old.source
            and r.source_id = p_old.source_id and r.version = p_old.version;
        if not found then
            raise exception 'the refund was changed by somebody else' using errcode = 'VB409';
        end if;
    end if;
    if p_old.state is distinct from p_new.state then
        insert into violet.refund_history (store_hash, order_id, source, source_id, moved_at, from_state, to_state, moved_by, why)
        values (p_new.store_hash, p_new.order_id, p_new.source, p_new.source_id, p_now, p_old.state, p_new.state, p_by, p_why);
    end if;
    perform violet.refund_tally(p_old, p_new);
    return p_new.version;
end
$$;
comment on function violet.refund_save(violet.refund, violet.refund, text, text, timestamptz) is
    'The only function that writes a refund: by the table of allowed moves, with history and roll-up. VB409 if the move is not '
    'allowed or the row is no longer as it was read. The new version.';

create or replace function violet.refund_at(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint)
returns violet.refund
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_row violet.refund;
begin
    select r.* into v_row
    from violet.refund as r
    where r.store_hash = p_store_hash and r.order_id = p_order_id and r.source = p_source and r.source_id = p_source_id
    for update;
    if not found then
        raise exception 'there is no refund % % of order % of store %', p_source, p_source_id, p_order_id, p_store_hash
            using errcode = 'VB404';
    end if;
    return v_row;
end
$$;
comment on function violet.refund_at(text, bigint, text, bigint) is 'One refund, locked. VB404 if there is none.';

-- For the look --------------------------------------------------------------------------------------------------------

create or replace function api.refund_read(p_store_hash text, p_order_id bigint)
returns table (source text, source_id bigint, state text, version bigint, amount_minor bigint, currency text, marker text,
    user_id bigint, made_at timestamptz, created_at timestamptz, send_by timestamptz, sent_at timestamptz,
    violet_refund_id bigint, violet_status text, absent_at timestamptz, blocked_at timestamptz, poll_at timestamptz,
    polls integer, review_code text, review_reason text, proposed_minor bigint, proposed_how jsonb, wait_code text,
    is_approved boolean, is_settled boolean, attempts integer, attempt_minor bigint, seen_ids bigint[], tried_ids bigint[],
    lines_refused boolean)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select r.source, r.source_id, r.state::text, r.version, r.amount_minor, r.currency, r.marker, r.user_id, r.made_at,
        r.created_at, r.send_by, r.sent_at, r.violet_refund_id, r.violet_status, r.absent_at, r.blocked_at, r.poll_at, r.polls,
        r.review_code, r.review_reason, r.proposed_minor, r.proposed_how, r.wait_code, r.approved_at is not null,
        r.settled_at is not null, coalesce(a.attempts, 0), a.attempt_minor, a.seen_ids, coalesce(a.tried_ids, '{}'),
        coalesce(a.lines_refused, false)
    from violet.refund as r
    left join lateral (
        select max(t.attempt) as attempts, (array_agg(t.amount_minor order by t.attempt desc))[1] as attempt_minor,
            (select l.seen_ids from violet.refund_attempt as l
                where l.store_hash = r.store_hash and l.order_id = r.order_id and l.source = r.source
                    and l.source_id = r.source_id
                order by l.attempt desc limit 1) as seen_ids,
            array_agg(t.violet_refund_id) filter (where t.violet_refund_id is not null) as tried_ids,
            bool_or(t.outcome = 'lines_refused') as lines_refused
        from violet.refund_attempt as t
        where t.store_hash = r.store_hash and t.order_id = r.order_id and t.source = r.source and t.source_id = r.source_id
    ) as a on true
    where r.store_hash = p_store_hash and r.order_id = p_order_id
    order by array_position(array['refund', 'elsewhere', 'cancel', 'status'], r.source), r.source_id
$$;
comment on function api.refund_read(text, bigint) is
    'The refunds of an order with what their attempts left: the last one''s amount and the Violet refund ids noted before it, and '
    'the ids that any came to.';
grant execute on function api.refund_read(text, bigint) to violet_worker;

create or replace function api.refund_put(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_version bigint, p_state text, p_amount_minor bigint, p_currency text, p_marker text, p_user_id bigint,
    p_made_at timestamptz, p_sent_at timestamptz, p_violet_refund_id bigint, p_violet_status text, p_absent_at timestamptz,
    p_blocked_at timestamptz, p_wait_code text, p_poll_at timestamptz, p_polls integer, p_review_code text,
    p_review_reason text, p_proposed_minor bigint, p_proposed_how jsonb, p_dismissed_reason text, p_why text, p_now timestamptz)
returns bigint
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_state constant violet.refund_state := p_state;
    v_told_since timestamptz;
begin
    if p_version > 0 then
        v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
        v_old.version := p_version;
        v_new := v_old;
    else
        v_new.store_hash := p_store_hash;
        v_new.order_id := p_order_id;
        v_new.source := p_source;
        v_new.source_id := p_source_id;
        v_new.marker := p_marker;
        v_new.user_id := p_user_id;
        v_new.made_at := p_made_at;
        -- Since it was made, by clocks that may differ by a minute. A row for a status is as old as the look that first saw
        -- it: what told of the status has waited at most as long as the order's job.
        v_told_since := p_made_at;
        if p_source in ('cancel', 'status') then
            select least(p_made_at, j.made_at) into v_told_since
            from (select) as one
            left join violet.job as j on j.store_hash = p_store_hash and j.kind = 'sync_order' and j.ref = p_order_id;
        end if;
        v_new.found_by := case when exists (
            select from violet.event as e
            where e.store_hash = p_store_hash and e.order_id = p_order_id and e.received_at >= v_told_since - interval '1 minute')
            then 'webhook' else 'sweep' end;
    end if;
    if v_state in ('sending', 'dismissed') and v_old.state is distinct from v_state and p_dismissed_reason is null then
        raise exception 'a look does not move a refund to %', v_state using errcode = 'VB409';
    end if;
    v_new.state := v_state;
    v_new.amount_minor := p_amount_minor;
    v_new.currency := p_currency;
    v_new.channel_id := coalesce((
        select b.channel_id from violet.bag as b where b.store_hash = p_store_hash and b.order_id = p_order_id),
        v_new.channel_id);
    v_new.sent_at := p_sent_at;
    v_new.violet_refund_id := p_violet_refund_id;
    v_new.violet_status := p_violet_status;
    v_new.absent_at := p_absent_at;
    v_new.blocked_at := p_blocked_at;
    v_new.wait_code := p_wait_code;
    v_new.poll_at := p_poll_at;
    v_new.polls := p_polls;
    v_new.review_code := p_review_code;
    v_new.review_reason := p_review_reason;
    v_new.proposed_minor := p_proposed_minor;
    v_new.proposed_how := p_proposed_how;
    if v_state = 'review' and v_old.state is distinct from v_state then
        v_new.approved_by := null;
        v_new.approved_at := null;
        v_new.settled_at := null;
    end if;
    if v_state = 'dismissed' and v_old.state is distinct from v_state then
        v_new.dismissed_by := 'violet-bigcommerce';
        v_new.dismissed_reason := p_dismissed_reason;
    end if;
    if v_state in ('done', 'foreign', 'covered') then
        v_new.done_at := coalesce(v_new.done_at, p_now);
    end if;
    if v_old.state in ('sending', 'unknown') and v_state not in ('sending', 'unknown') then
        update violet.refund_attempt as a
        set finished_at = coalesce(a.finished_at, p_now),
            outcome = case when v_state = 'accepted' then 'accepted' when v_state = 'pending' then 'absent' else a.outcome end,
            violet_refund_id = coalesce(a.violet_refund_id, p_violet_refund_id)
        where a.store_hash = p_store_hash and a.order_id = p_order_id and a.source = p_source and a.source_id = p_source_id
            and a.attempt = (
                select max(l.attempt) from violet.refund_attempt as l
                where l.store_hash = p_store_hash and l.order_id = p_order_id and l.source = p_source
                    and l.source_id = p_source_id);
    end if;
    return violet.refund_save(v_old, v_new, 'look', p_why, p_now);
end
$$;
comment on function api.refund_put(text, bigint, text, bigint, bigint, text, bigint, text, text, bigint, timestamptz,
    timestamptz, bigint, text, timestamptz, timestamptz, text, timestamptz, integer, text, text, bigint, jsonb, text, text,
    timestamptz) is
    'A look makes a refund (p_version 0) or changes it as it read it. VB409 if the move is not allowed, somebody changed the row '
    'meanwhile, or the Violet refund answers another one already. Never to sending: that is api.refund_begin''s. The new version.';
grant execute on function api.refund_put(text, bigint, text, bigint, bigint, text, bigint, text, text, bigint, timestamptz,
    timestamptz, bigint, text, timestamptz, timestamptz, text, timestamptz, integer, text, text, bigint, jsonb, text, text,
    timestamptz) to violet_worker;

create or replace function api.refund_begin(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_version bigint, p_amount_minor bigint, p_owed_minor bigint, p_paid_minor bigint, p_total_minor bigint,
    p_seen_ids bigint[], p_send_by timestamptz, p_lease_token uuid, p_generation bigint, p_settle_ms bigint,
    p_store_count bigint, p_store_amount bigint, p_total_count bigint, p_total_amount bigint, p_now timestamptz)
returns table (refused text, alarm text, version bigint)
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_bag violet.bag;
    v_ours bigint;
    v_ceiling bigint;
begin
    refused := null;
    alarm := null;
    -- The bag's row is the lock under which its refunds are counted.
    select b.* into v_bag from violet.bag as b where b.store_hash = p_store_hash and b.order_id = p_order_id for update;
    v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
    version := v_old.version;
    if v_old.version <> p_version or v_old.state <> 'pending' then
        refused := 'changed';
    elsif not exists (
        select from violet.job as j
        where j.store_hash = p_store_hash and j.kind = 'sync_order' and j.ref = p_order_id and j.lease_token = p_lease_token
            and j.generation = p_generation and j.lease_until > p_now)
    then
        refused := 'lease';
    elsif exists (
        select from violet.refund as r
        where r.store_hash = p_store_hash and r.order_id = p_order_id and r.state in ('sending', 'unknown'))
    then
        refused := 'in_flight';
    else
        refused := violet.brake(p_store_hash, p_settle_ms, p_now);
    end if;
    if refused is null then
        -- Identity has said send; the sums have the last word, once with what was read now and once with our own books.
        select coalesce(sum(r.amount_minor), 0) into v_ours
        from violet.refund as r
        where r.store_hash = p_store_hash and r.order_id = p_order_id and r.state in ('accepted', 'done');
        v_ceiling := case when v_old.approved_at is null then least(p_owed_minor, p_total_minor) else p_total_minor end;
        if p_amount_minor is null or p_amount_minor <= 0 or p_paid_minor < 0 or v_bag.state <> 'found'
            or v_bag.currency is distinct from v_old.currency
            or v_old.approved_at is not null and v_old.amount_minor is distinct from p_amount_minor
            or greatest(p_paid_minor, v_ours)::numeric + p_amount_minor > v_ceiling
        then
            refused := 'sums';
        end if;
    end if;
    if refused is null then
        select f.refused, f.alarm into refused, alarm
        from violet.fuse(p_store_hash, v_old.currency, p_amount_minor, p_store_count, p_store_amount, p_total_count,
            p_total_amount, p_now) as f;
    end if;
    if refused is null then
        v_new := v_old;
        v_new.state := 'sending';
        v_new.amount_minor := p_amount_minor;
        v_new.channel_id := v_bag.channel_id;
        v_new.send_by := p_send_by;
        v_new.sent_at := p_now;
        v_new.violet_refund_id := null;
        v_new.violet_status := null;
        v_new.absent_at := null;
        v_new.blocked_at := null;
        v_new.wait_code := null;
        v_new.poll_at := null;
        v_new.polls := 0;
        v_new.review_code := null;
        v_new.review_reason := null;
        version := violet.refund_save(v_old, v_new, 'look', null, p_now);
        insert into violet.refund_attempt (store_hash, order_id, source, source_id, attempt, started_at, send_by, amount_minor,
            currency, owed_minor, paid_minor, seen_ids)
        select p_store_hash, p_order_id, p_source, p_source_id, coalesce(max(a.attempt), 0) + 1, p_now, p_send_by,
            p_amount_minor, v_old.currency, greatest(p_owed_minor, p_paid_minor + p_amount_minor), p_paid_minor, p_seen_ids
        from violet.refund_attempt as a
        where a.store_hash = p_store_hash and a.order_id = p_order_id and a.source = p_source and a.source_id = p_source_id;
    end if;
    return next;
end
$$;
comment on function api.refund_begin(text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, bigint[], timestamptz,
    uuid, bigint, bigint, bigint, bigint, bigint, bigint, timestamptz) is
    'Commit that a refund is about to be sent, or say why not: changed, lease, in_flight, hold, fuse, timeline, sums. alarm: the '
    'fuse has just tripped, and why. Only once this is committed for certain may the call to Violet begin.';
grant execute on function api.refund_begin(text, bigint, text, bigint, bigint, bigint, bigint, bigint, bigint, bigint[],
    timestamptz, uuid, bigint, bigint, bigint, bigint, bigint, bigint, timestamptz) to violet_worker;

create or replace function api.refund_end(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_attempt integer, p_state text, p_outcome text, p_violet_refund_id bigint, p_violet_status text, p_review_code text,
    p_review_reason text, p_wait_code text, p_detail text, p_now timestamptz)
returns text
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_state violet.refund_state := p_state;
begin
    v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
    update violet.refund_attempt as a
    set finished_at = p_now, outcome = p_outcome, detail = left(p_detail, 500),
        violet_refund_id = coalesce(p_violet_refund_id, a.violet_refund_id)
    where a.store_hash = p_store_hash and a.order_id = p_order_id and a.source = p_source and a.source_id = p_source_id
        and a.attempt = p_attempt;
    -- A later look may have taken the row over. Then only what Violet itself answered is worth more than what it found, or did
    -- not find.
    if v_old.state not in ('sending', 'unknown') and p_violet_refund_id is null
        or v_old.state not in ('sending', 'unknown', 'pending', 'accepted')
        or v_old.state = 'accepted' and v_old.violet_refund_id = p_violet_refund_id
        or v_old.state = 'unknown' and v_state in ('pending', 'unknown')
        or p_attempt <> (
            select max(a.attempt) from violet.refund_attempt as a
            where a.store_hash = p_store_hash and a.order_id = p_order_id and a.source = p_source and a.source_id = p_source_id)
    then
        return v_old.state;
    end if;
    -- Evidence may have given this Violet refund to another row: this answer is stronger, that row is looked at again.
    if p_violet_refund_id is not null and exists (
        select from violet.refund as r
        where r.store_hash = p_store_hash and r.violet_refund_id = p_violet_refund_id
            and (r.order_id, r.source, r.source_id) <> (p_order_id, p_source, p_source_id))
    then
        v_state := 'review';
        p_review_code := 'ambiguous';
        p_review_reason := 'Violet answered with a refund that another refund of this store already has. Check both at Violet.';
        p_violet_refund_id := null;
    end if;
    v_new := v_old;
    v_new.violet_refund_id := coalesce(p_violet_refund_id, v_old.violet_refund_id);
    v_new.violet_status := coalesce(p_violet_status, v_old.violet_status);
    v_new.review_code := p_review_code;
    v_new.review_reason := p_review_reason;
    v_new.wait_code := p_wait_code;
    if v_state = 'done' and v_old.state <> 'accepted' then
        v_new.state := 'accepted';
        v_new.version := violet.refund_save(v_old, v_new, 'look', null, p_now);
        v_old := v_new;
    end if;
    if v_state = 'review' then
        v_new.approved_by := null;
        v_new.approved_at := null;
        v_new.settled_at := null;
    elsif v_state = 'done' then
        v_new.done_at := p_now;
    end if;
    v_new.state := v_state;
    perform violet.refund_save(v_old, v_new, 'look', p_detail, p_now);
    return v_state;
end
$$;
comment on function api.refund_end(text, bigint, text, bigint, integer, text, text, bigint, text, text, text, text, text,
    timestamptz) is
    'How an attempt ended, whoever holds the lease by now; the refund moves unless a later look has found out as much already. '
    'The refund''s state after it.';
grant execute on function api.refund_end(text, bigint, text, bigint, integer, text, text, bigint, text, text, text, text, text,
    timestamptz) to violet_worker;

create or replace function api.refund_waits(p_store_hash text, p_order_id bigint, p_wait_code text, p_now timestamptz)
returns integer
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_count integer := 0;
begin
    for v_old in
        select r.* from violet.refund as r
        where r.store_hash = p_store_hash and r.order_id = p_order_id and r.state = 'pending'
            and r.wait_code is distinct from p_wait_code
        for update
    loop
        v_new := v_old;
        v_new.wait_code := p_wait_code;
        perform violet.refund_save(v_old, v_new, 'look', null, p_now);
        v_count := v_count + 1;
    end loop;
    return v_count;
end
$$;
comment on function api.refund_waits(text, bigint, text, timestamptz) is
    'A look could not be finished: say at the order''s pending refunds why they wait. How many there were.';
grant execute on function api.refund_waits(text, bigint, text, timestamptz) to violet_worker;

-- What people decide --------------------------------------------------------------------------------------------------

create or replace function violet.refund_keep_tried(p_row violet.refund, p_now timestamptz)
returns void
language sql set search_path = pg_catalog, violet, pg_temp
as $$
    -- An answer by evidence alone has no attempt; without this the same Violet refund would be found again.
    insert into violet.refund_attempt (store_hash, order_id, source, source_id, attempt, started_at, send_by, amount_minor,
        currency, owed_minor, paid_minor, seen_ids, finished_at, outcome, violet_refund_id)
    select p_row.store_hash, p_row.order_id, p_row.source, p_row.source_id, coalesce(max(a.attempt), 0) + 1, p_now, p_now,
        coalesce(p_row.amount_minor, 0), p_row.currency, 0, 0, '{}', p_now, 'found', p_row.violet_refund_id
    from violet.refund_attempt as a
    where a.store_hash = p_row.store_hash and a.order_id = p_row.order_id and a.source = p_row.source
        and a.source_id = p_row.source_id
    having p_row.violet_refund_id is not null
        and not coalesce(bool_or(a.violet_refund_id = p_row.violet_refund_id), false)
$$;
comment on function violet.refund_keep_tried(violet.refund, timestamptz) is
    'Keep the Violet refund that a row lets go of among its attempts, so that it never answers anything again.';

create or replace function violet.refund_let_go_on(p_old violet.refund, p_new violet.refund, p_who text, p_why text,
    p_now timestamptz)
returns void
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
begin
    p_new.state := 'pending';
    p_new.violet_refund_id := null;
    p_new.violet_status := null;
    p_new.blocked_at := null;
    p_new.absent_at := null;
    p_new.settled_at := p_now;
    perform violet.refund_keep_tried(p_old, p_now);
    perform violet.refund_save(p_old, p_new, p_who, p_why, p_now);
    perform api.job_put(p_old.store_hash, 'sync_order', p_old.order_id, p_now, p_now);
end
$$;
comment on function violet.refund_let_go_on is
    'A person has settled a review: the refund waits again, as p_new has it, and what it had come to at Violet never answers it.';

create or replace function api.refund_approve(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_amount_minor bigint, p_who text, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_bag violet.bag;
begin
    select b.* into v_bag from violet.bag as b where b.store_hash = p_store_hash and b.order_id = p_order_id for update;
    v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
    if v_old.state = 'pending' and v_old.amount_minor = p_amount_minor and v_old.approved_at is not null then
        return; -- pressed twice
    elsif v_old.state <> 'review' then
        raise exception 'this refund is %, not in review: there is nothing to approve', v_old.state using errcode = 'VB409';
    elsif v_bag.state <> 'found' then
        raise exception 'Violet''s order is not known, so nothing can be paid: settle that with Violet, then retry'
            using errcode = 'VB409';
    elsif p_amount_minor is null or p_amount_minor <= 0 then
        raise exception 'approving needs an amount above 0' using errcode = 'VB400';
    elsif p_amount_minor > v_bag.total_minor - v_bag.paid_minor then
        raise exception 'only % minor units of % are left of this order at Violet', v_bag.total_minor - v_bag.paid_minor,
            v_bag.currency using errcode = 'VB400';
    elsif coalesce(p_who, '') = '' then
        raise exception 'approving needs to know who approves' using errcode = 'VB400';
    end if;
    v_new := v_old;
    v_new.amount_minor := p_amount_minor;
    v_new.currency := v_bag.currency;
    v_new.approved_by := p_who;
    v_new.approved_at := p_now;
    perform violet.refund_let_go_on(v_old, v_new, p_who, format('approved %s minor units', p_amount_minor), p_now);
end
$$;
comment on function api.refund_approve(text, bigint, text, bigint, bigint, text, timestamptz) is
    'A person has this amount paid, in minor units of the bag''s currency: beyond what BigCommerce says is owed if need be, never '
    'beyond the bag. VB400: amount; VB409: not in review.';
grant execute on function api.refund_approve(text, bigint, text, bigint, bigint, text, timestamptz)
    to violet_web, violet_operator;

create or replace function violet.refund_untriable(p_refund violet.refund)
returns text
language sql immutable set search_path = pg_catalog, violet, pg_temp
as $$
    select case
        when p_refund.violet_refund_id is not null and p_refund.violet_status is distinct from 'FAILED'
            and p_refund.violet_status is distinct from 'CANCELED' and p_refund.review_code is distinct from 'vanished'
            then format('Violet has refund %s for this, which has not failed: approve what is missing, or dismiss it',
                p_refund.violet_refund_id)
        when p_refund.review_code in
            ('given_elsewhere', 'payment_declined', 'inexact', 'currency', 'total', 'partial_by_hand')
            then 'a person has to say how much: approve an amount, or dismiss it'
    end
$$;
comment on function violet.refund_untriable is
    'Why a refund in review cannot be tried again as it is; null if it can.';

create or replace function api.refund_retry(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_who text, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
begin
    v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
    if v_old.state = 'pending' then
        perform api.job_put(p_store_hash, 'sync_order', p_order_id, p_now, p_now);
        return;
    elsif v_old.state <> 'review' then
        raise exception 'this refund is %, not in review: there is nothing to retry', v_old.state using errcode = 'VB409';
    elsif violet.refund_untriable(v_old) is not null then
        raise exception '%', violet.refund_untriable(v_old) using errcode = 'VB409';
    elsif coalesce(p_who, '') = '' then
        raise exception 'retrying needs to know who retries' using errcode = 'VB400';
    end if;
    update violet.bag as b set state = 'searching'
    where b.store_hash = p_store_hash and b.order_id = p_order_id and b.state in ('ambiguous', 'not_ours');
    perform violet.refund_let_go_on(v_old, v_old, p_who, 'retried', p_now);
end
$$;
comment on function api.refund_retry(text, bigint, text, bigint, text, timestamptz) is
    'A person has a refund tried again as it stands; all rules apply anew. VB409: not in review, it needs an amount, or Violet has '
    'it and it has not failed.';
grant execute on function api.refund_retry(text, bigint, text, bigint, text, timestamptz) to violet_web, violet_operator;

create or replace function api.refund_dismiss(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint,
    p_reason text, p_who text, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
begin
    v_old := violet.refund_at(p_store_hash, p_order_id, p_source, p_source_id);
    if v_old.state = 'dismissed' then
        return; -- pressed twice
    elsif v_old.state <> 'review' then
        raise exception 'this refund is %, not in review: there is nothing to dismiss', v_old.state using errcode = 'VB409';
    elsif coalesce(btrim(p_reason), '') = '' or length(p_reason) > 500 then
        raise exception 'dismissing needs a reason of at most 500 characters' using errcode = 'VB400';
    elsif coalesce(p_who, '') = '' then
        raise exception 'dismissing needs to know who dismisses' using errcode = 'VB400';
    end if;
    v_new := v_old;
    v_new.state := 'dismissed';
    v_new.dismissed_by := p_who;
    v_new.dismissed_reason := btrim(p_reason);
    perform violet.refund_save(v_old, v_new, p_who, btrim(p_reason), p_now);
    perform api.job_put(p_store_hash, 'sync_order', p_order_id, p_now, p_now);
end
$$;
comment on function api.refund_dismiss(text, bigint, text, bigint, text, text, timestamptz) is
    'A person decides that a refund is never paid, and why. VB400: no reason; VB409: not in review.';
grant execute on function api.refund_dismiss(text, bigint, text, bigint, text, text, timestamptz) to violet_web, violet_operator;

create or replace function violet.refunds_review_open(p_store_hash text, p_reason text, p_now timestamptz)
returns integer
language plpgsql set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_old violet.refund;
    v_new violet.refund;
    v_count integer := 0;
begin
    for v_old in
        select r.* from violet.refund as r
        where r.store_hash = p_store_hash and r.state = 'pending'
        order by r.order_id, r.source, r.source_id
        for update
    loop
        v_new := v_old;
        v_new.state := 'review';
        v_new.review_code := p_reason;
        v_new.review_reason := format('Order %s: %s was still to be paid back when the app was uninstalled. Install it again, '
            'then try again.', v_old.order_id, coalesce(
            v_old.amount_minor || ' minor units of ' || v_old.currency, 'an amount that is not known yet'));
        v_new.proposed_minor := v_old.amount_minor;
        v_new.wait_code := null;
        v_new.approved_by := null;
        v_new.approved_at := null;
        v_new.settled_at := null;
        perform violet.refund_save(v_old, v_new, 'uninstall', p_reason, p_now);
        v_count := v_count + 1;
    end loop;
    -- What is under way is still followed at Violet, which needs no token of the store.
    perform api.job_put(p_store_hash, 'sync_order', r.order_id, p_now, p_now)
    from (
        select distinct f.order_id from violet.refund as f
        where f.store_hash = p_store_hash and f.state in ('sending', 'unknown', 'accepted')
        order by f.order_id
    ) as r;
    return v_count;
end
$$;
comment on function violet.refunds_review_open(text, text, timestamptz) is
    'The app was uninstalled (p_reason: uninstalled): hand each refund that was not sent yet to a person, with order number and '
    'amount. How many there were.';

create or replace function violet.refunds_reopen(p_store_hash text, p_now timestamptz)
returns integer
language sql set search_path = pg_catalog, violet, pg_temp
as $$
    with put as materialized (
        select api.job_put(p_store_hash, 'sync_order', o.order_id, p_now, p_now)
        from (
            select r.order_id from violet.refund as r
            where r.store_hash = p_store_hash
                and (r.state in ('pending', 'sending', 'unknown', 'accepted')
                    or r.state = 'review' and r.review_code = 'uninstalled')
            union
            -- Without a refund yet: its bag was still searched for, or no look has come to an end.
            select b.order_id from violet.bag as b
            where b.store_hash = p_store_hash
                and (b.state in ('searching', 'ambiguous') or b.state = 'found' and b.looked_at is null)
            order by 1
        ) as o)
    select count(*)::integer from put
$$;
comment on function violet.refunds_reopen(text, timestamptz) is
    'The app was installed again: look at the orders on which money was, or may have been, owed when it went. How many there are.';

-- Reading -------------------------------------------------------------------------------------------------------------

create or replace function api.refund_list(p_store_hash text, p_state text, p_before timestamptz, p_limit integer)
returns table (store_hash text, order_id bigint, source text, source_id bigint, state text, amount_minor bigint, currency text,
    channel text, made_at timestamptz, changed_at timestamptz, done_at timestamptz, violet_refund_id bigint, wait_code text,
    review_code text, review_reason text, proposed_minor bigint, proposed_how jsonb, attempts integer)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select r.store_hash, r.order_id, r.source, r.source_id, r.state::text, r.amount_minor, coalesce(r.currency, b.currency),
        c.slug, r.made_at, r.changed_at, r.done_at, r.violet_refund_id, r.wait_code, r.review_code, r.review_reason,
        r.proposed_minor, r.proposed_how, (
            select count(*)::integer from violet.refund_attempt as a
            where a.store_hash = r.store_hash and a.order_id = r.order_id and a.source = r.source and a.source_id = r.source_id)
    from violet.refund as r
    join violet.bag as b on b.store_hash = r.store_hash and b.order_id = r.order_id
    left join violet.channel as c on c.channel_id = coalesce(r.channel_id, b.channel_id)
    where (p_store_hash is null or r.store_hash = p_store_hash)
        and (p_state = 'all'
            or p_state is null and r.state in ('pending', 'sending', 'unknown', 'accepted', 'review')
            or r.state::text = p_state)
        and (p_before is null or r.made_at < p_before)
    order by r.made_at desc, r.store_hash, r.order_id, r.source, r.source_id
    limit p_limit
$$;
comment on function api.refund_list(text, text, timestamptz, integer) is
    'Refunds, newest first: of one store or of all (null); in one state, in all states (all), or open ones (null); those made '
    'before a moment (null: now).';
grant execute on function api.refund_list(text, text, timestamptz, integer) to violet_operator;

create or replace function api.refund_show(p_store_hash text, p_order_id bigint)
returns jsonb
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select to_jsonb(b) - 'lines' || jsonb_build_object(
        'channel', (select c.slug from violet.channel as c where c.channel_id = b.channel_id),
        'job', (
            select jsonb_build_object('due_at', j.due_at, 'attempts', j.attempts, 'note', j.note)
            from violet.job as j
            where j.store_hash = b.store_hash and j.kind = 'sync_order' and j.ref = b.order_id),
        'refunds', coalesce((
            select jsonb_agg(to_jsonb(r) || jsonb_build_object(
                'attempts', coalesce((
                    select jsonb_agg(to_jsonb(a) - array['store_hash', 'order_id', 'source', 'source_id'] order by a.attempt)
                    from violet.refund_attempt as a
                    where a.store_hash = r.store_hash and a.order_id = r.order_id and a.source = r.source
                        and a.source_id = r.source_id), '[]'),
                'history', coalesce((
                    select jsonb_agg(to_jsonb(h) - array['store_hash', 'order_id', 'source', 'source_id'] order by h.history_id)
                    from violet.refund_history as h
                    where h.store_hash = r.store_hash and h.order_id = r.order_id and h.source = r.source
                        and h.source_id = r.source_id), '[]'))
                order by r.source, r.source_id)
            from violet.refund as r
            where r.store_hash = b.store_hash and r.order_id = b.order_id), '[]'))
    from violet.bag as b
    where b.store_hash = p_store_hash and b.order_id = p_order_id
$$;
comment on function api.refund_show(text, bigint) is
    'All that is known of an order: its bag, its refunds with their attempts and history, its job. Null if it was never looked at.';
grant execute on function api.refund_show(text, bigint) to violet_operator;
