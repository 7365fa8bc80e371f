-- SPDX-License-Identifier: Apache-2.0
-- What the operator's commands read and change, as far as no other file has it: stores and received webhooks.

create or replace function api.store_list(p_search text, p_limit integer, p_now timestamptz)
returns table (store_hash text, name text, domain text, currency text, installed_at timestamptz, uninstalled_at timestamptz,
    merchant_id integer, channels text[], reviews bigint, trouble text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.store_hash, s.name, s.domain, s.currency, case when s.sealed_token is not null then s.installed_at end,
        case when s.sealed_token is null then s.uninstalled_at end, violet.merchant_of(s.store_hash),
        array(
            select c.slug from violet.link as l join violet.channel as c on c.channel_id = l.channel_id
            where l.store_hash = s.store_hash and l.ended_at is null order by c.slug),
        (select count(*) from violet.refund as r where r.store_hash = s.store_hash and r.state = 'review'),
        case
            when s.fuse_tripped_at is not null then 'fuse: ' || coalesce(s.fuse_reason, 'tripped')
            when s.sealed_token is null then 'not installed'
            when s.token_refused_at is not null then 'BigCommerce refuses the token'
            when s.gate_until > p_now then 'API calls wait until ' || to_char(s.gate_until at time zone 'UTC', 'HH24:MI "UTC"')
        end
    from violet.store as s
    where p_search is null or s.store_hash = lower(p_search) or s.name ilike '%' || p_search || '%'
        or s.domain ilike '%' || p_search || '%'
    order by s.name, s.store_hash
    limit p_limit
$$;
comment on function api.store_list(text, integer, timestamptz) is
    'Stores by name; of those whose hash, name or domain fits p_search (null: all). Trouble is null when there is none.';
grant execute on function api.store_list(text, integer, timestamptz) to violet_operator;

create or replace function api.store_show(p_store_hash text)
returns table (store_hash text, name text, domain text, control_panel_url text, currency text, owner_id bigint,
    first_installed_at timestamptz, installed_at timestamptz, uninstalled_at timestamptz, token_refused_at timestamptz,
    scopes text[], merchant_id integer, merchant_set_by text, merchants integer[], cancel_policy text,
    cancel_grace_seconds integer, gate_until timestamptz, quota_left bigint, quota_total bigint,
    swept_refund_at timestamptz, swept_order_at timestamptz, hooks_checked_at timestamptz,
    discounts_read_at timestamptz, jobs bigint, refunds_open bigint, reviews bigint, fuse_tripped_at timestamptz,
    fuse_reason text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.store_hash, s.name, s.domain, s.control_panel_url, s.currency, s.owner_id, s.first_installed_at,
        case when s.sealed_token is not null then s.installed_at end,
        case when s.sealed_token is null then s.uninstalled_at end, s.token_refused_at, s.scopes, m.merchant_id, m.set_by,
        array(select a.merchant_id from violet.store_merchant as a where a.store_hash = s.store_hash order by a.first_seen_at),
        s.cancel_policy, s.cancel_grace_seconds, s.gate_until, s.quota_left, s.quota_total, s.swept_refund_at,
        s.swept_order_at, s.hooks_checked_at, s.discounts_read_at,
        (select count(*) from violet.job as j where j.store_hash = s.store_hash),
        (select count(*) from violet.refund as r
            where r.store_hash = s.store_hash and r.state not in ('done', 'covered', 'foreign', 'dismissed', 'review')),
        (select count(*) from violet.refund as r where r.store_hash = s.store_hash and r.state = 'review'),
        s.fuse_tripped_at, s.fuse_reason
    from violet.store as s
    left join violet.store_merchant as m
        on m.store_hash = s.store_hash and m.merchant_id = violet.merchant_of(s.store_hash)
    where s.store_hash = p_store_hash
$$;
comment on function api.store_show(text) is 'All that is known of a store but its token; no row if it never installed the app.';
grant execute on function api.store_show(text) to violet_operator;

create or replace function api.store_links(p_store_hash text)
returns table (channel text, app_id integer, made_how text, linked_at timestamptz, ending_at timestamptz,
    ended_at timestamptz, end_reason text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select c.slug, c.app_id, l.made_how, l.linked_at, l.ending_at, l.ended_at, l.end_reason
    from violet.link as l
    join violet.channel as c on c.channel_id = l.channel_id
    where l.store_hash = p_store_hash
    order by l.linked_at, l.link_id
$$;
comment on function api.store_links(text) is 'A store''s links, the ended ones too, oldest first.';
grant execute on function api.store_links(text) to violet_operator;

create or replace function api.store_edit(p_store_hash text, p_cancel_policy text, p_cancel_grace_seconds integer,
    p_default_grace boolean, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if p_cancel_policy not in ('refund', 'review') then
        raise exception 'the policy for cancelled orders is "refund" or "review"' using errcode = 'VB400';
    end if;
    if p_cancel_grace_seconds not between 0 and 86400 then
        raise exception 'a cancellation may be undone for 0 to 86400 seconds' using errcode = 'VB400';
    end if;
    update violet.store
    set cancel_policy = coalesce(p_cancel_policy, cancel_policy),
        cancel_grace_seconds = case when not p_default_grace then coalesce(p_cancel_grace_seconds, cancel_grace_seconds) end,
        changed_at = p_now
    where store_hash = p_store_hash;
    if not found then
        raise exception 'there is no store "%"', p_store_hash using errcode = 'VB404';
    end if;
end
$$;
comment on function api.store_edit(text, text, integer, boolean, timestamptz) is
    'Change what a store''s cancelled orders do; null leaves a value as it is, p_default_grace goes back to the setting.';
grant execute on function api.store_edit(text, text, integer, boolean, timestamptz) to violet_operator;

create or replace function api.store_forget(p_store_hash text)
returns table (what text, removed bigint)
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    s violet.store;
    v_removed bigint;
begin
    select * into s from violet.store as o where o.store_hash = p_store_hash for update;
    if not found then
        raise exception 'there is no store "%"', p_store_hash using errcode = 'VB404';
    end if;
    if s.sealed_token is not null then
        raise exception 'the app is installed in store "%": the merchant uninstalls it first', p_store_hash using errcode = 'VB409';
    end if;
    if exists (select from violet.refund as r where r.store_hash = p_store_hash
            and r.state not in ('done', 'covered', 'foreign', 'dismissed')) then
        raise exception 'store "%" has refunds that are not settled: see "refund list --store %"', p_store_hash, p_store_hash
            using errcode = 'VB409';
    end if;
    delete from violet.event as e where e.store_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'webhooks', v_removed;
    delete from violet.job as j where j.store_hash = p_store_hash;
    delete from violet.refund_history as h where h.store_hash = p_store_hash;
    delete from violet.refund_attempt as a where a.store_hash = p_store_hash;
    delete from violet.refund_day as d where d.store_hash = p_store_hash;
    delete from violet.refund as r where r.store_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'refunds', v_removed;
    delete from violet.bag as b where b.store_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'orders', v_removed;
    delete from violet.discount as d where d.store_hash = p_store_hash;
    delete from violet.connection as c where c.store_hash = p_store_hash or c.typed_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'connections', v_removed;
    delete from violet.ticket as t where t.store_hash = p_store_hash;
    delete from violet.link as l where l.store_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'links', v_removed;
    delete from violet.store_user as u where u.store_hash = p_store_hash;
    get diagnostics v_removed = row_count;
    return query select 'users', v_removed;
    delete from violet.store_merchant as m where m.store_hash = p_store_hash;
    delete from violet.store as o where o.store_hash = p_store_hash;
    return query select 'store', 1::bigint;
end
$$;
comment on function api.store_forget(text) is
    'Take away everything known of a store that has uninstalled the app and is owed nothing: for a merchant who asks to be '
    'forgotten. What was paid stays in Violet''s books, where our markers keep it from being paid again.';
grant execute on function api.store_forget(text) to violet_operator;

-- Webhooks as received --------------------------------------------------------------------------------------------------

create or replace function api.event_list(p_store_hash text, p_order_id bigint, p_since timestamptz, p_until timestamptz,
    p_problems boolean, p_limit integer)
returns table (store_hash text, received_at timestamptz, event_id bigint, scope text, order_id bigint, webhook_id text,
    signature text, problem text, body text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select e.store_hash, e.received_at, e.event_id, e.scope, e.order_id, e.webhook_id, e.signature, e.problem,
        encode(e.body, 'escape')
    from violet.event as e
    where (p_store_hash is null or e.store_hash = p_store_hash) and (p_order_id is null or e.order_id = p_order_id)
        and e.received_at >= p_since and (p_until is null or e.received_at < p_until)
        and (not p_problems or e.problem is not null)
    order by e.received_at desc, e.event_id desc
    limit p_limit
$$;
comment on function api.event_list(text, bigint, timestamptz, timestamptz, boolean, integer) is
    'Webhooks as received from then on, until then (null: now), newest first; of one store, order, or only those that could not be '
    'read (null, false: all). '
    'Bytes of the body that are no ASCII text are written as \ooo.';
grant execute on function api.event_list(text, bigint, timestamptz, timestamptz, boolean, integer) to violet_operator;

create or replace function api.event_count(p_store_hash text, p_order_id bigint, p_since timestamptz, p_until timestamptz)
returns bigint
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select count(*)
    from violet.event as e
    where (p_store_hash is null or e.store_hash = p_store_hash) and (p_order_id is null or e.order_id = p_order_id)
        and e.received_at >= p_since and (p_until is null or e.received_at < p_until)
$$;
comment on function api.event_count(text, bigint, timestamptz, timestamptz) is 'How many webhooks api.event_page will give.';
grant execute on function api.event_count(text, bigint, timestamptz, timestamptz) to violet_operator;

create or replace function api.event_page(p_store_hash text, p_order_id bigint, p_since timestamptz, p_until timestamptz,
    p_after timestamptz, p_after_store text, p_after_id bigint, p_limit integer)
returns table (store_hash text, received_at timestamptz, event_id bigint, body bytea)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select e.store_hash, e.received_at, e.event_id, e.body
    from violet.event as e
    where (p_store_hash is null or e.store_hash = p_store_hash) and (p_order_id is null or e.order_id = p_order_id)
        and e.received_at >= p_since and (p_until is null or e.received_at < p_until)
        and (p_after is null or (e.received_at, e.store_hash, e.event_id) > (p_after, p_after_store, p_after_id))
    order by e.received_at, e.store_hash, e.event_id
    limit p_limit
$$;
comment on function api.event_page(text, bigint, timestamptz, timestamptz, timestamptz, text, bigint, integer) is
    'Webhooks as received from then on, until then (null: now), oldest first, behind the place given by time, store and id (null: '
    'from the beginning): for `event replay`.';
grant execute on function api.event_page(text, bigint, timestamptz, timestamptz, timestamptz, text, bigint, integer)
    to violet_operator;

-- Hooks at BigCommerce ------------------------------------------------------------------------------------------------

create or replace function api.hooks_list(p_store_hash text)
returns table (store_hash text, name text, checked_at timestamptz, scope text, state text, due_at timestamptz, note text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.store_hash, s.name, s.hooks_checked_at, h.value ->> 'scope', coalesce(h.value ->> 'state', 'not checked yet'),
        j.due_at, j.note
    from violet.store as s
    left join lateral jsonb_array_elements(s.hooks_result) as h on true
    left join violet.job as j on j.store_hash = s.store_hash and j.kind = 'ensure_hooks' and j.ref = 0
    where s.sealed_token is not null and (p_store_hash is null or s.store_hash = p_store_hash)
    order by s.name, s.store_hash, h.value ->> 'scope'
$$;
comment on function api.hooks_list(text) is
    'What the last audit found of the hooks of installed stores (null: all of them), and when the next one is due.';
grant execute on function api.hooks_list(text) to violet_operator;

create or replace function api.hooks_due(p_store_hash text, p_spread_seconds integer, p_now timestamptz)
returns integer
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with due as (
        insert into violet.job as j (store_hash, kind, ref, due_at, made_at)
        select s.store_hash, 'ensure_hooks'::violet.job_kind, 0,
            p_now + (hashtext(s.store_hash) & 1023) * p_spread_seconds / 1024 * interval '1 second', p_now
        from violet.store as s
        where s.sealed_token is not null and (p_store_hash is null or s.store_hash = p_store_hash)
        order by s.store_hash
        on conflict (store_hash, kind, ref) do update
            set generation = excluded.generation, due_at = least(j.due_at, excluded.due_at), attempts = 0
        returning 1
    )
    select count(*)::integer from due
$$;
comment on function api.hooks_due(text, integer, timestamptz) is
    'Have the hooks of an installed store, or of all (null), checked and mended, spread over so many seconds. How many stores.';
grant execute on function api.hooks_due(text, integer, timestamptz) to violet_operator;

create or replace function api.hooks_unchecked(p_store_hash text, p_since timestamptz)
returns integer
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select count(*)::integer
    from violet.store as s
    where s.sealed_token is not null and (p_store_hash is null or s.store_hash = p_store_hash)
        and (s.hooks_checked_at is null or s.hooks_checked_at < p_since)
$$;
comment on function api.hooks_unchecked(text, timestamptz) is 'How many installed stores'' hooks have not been checked since then.';
grant execute on function api.hooks_unchecked(text, timestamptz) to violet_operator;
