-- SPDX-License-Identifier: Apache-2.0
-- Connections: runs of merchants through Connect.
--
-- A browser is known by its cookie (stored hashed) and has one living connection per channel. BigCommerce passes no state
-- through its install flow, so a connection learns its store in one of three ways, its proof: the ticket that the embedded
-- app makes ("button"), the code of the wait page typed into the embedded app ("code"), or an install that ran in this very
-- browser ("external_install"). A proof only leads to the confirm page; the link is made there (api.link_make).

create or replace function violet.connections_waiting(p_store_hash text, p_now timestamptz)
returns table (connection_id bigint, slug text, name text, redirect_url text, begun_at timestamptz)
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    -- Asked channel by channel, since anybody may begin any number of connections that name this store.
    select c.connection_id, h.slug, h.name, h.redirect_url, c.created_at
    from violet.channel h
    cross join lateral (
        select n.connection_id, n.created_at, n.expires_at
        from violet.connection n
        where n.typed_hash = p_store_hash and n.channel_id = h.channel_id and n.ended_at is null
        order by n.connection_id desc
        limit 1) c
    where h.enabled and c.expires_at > p_now
        -- Begun in one browser and finished in another: nobody waits for the first any more.
        and not exists (
            select from violet.link l
            where l.store_hash = p_store_hash and l.channel_id = h.channel_id and l.linked_at >= c.created_at)
    order by h.channel_id
$$;
comment on function violet.connections_waiting is
    'Connections that named this store and wait for its embedded app: the newest of each channel, unless the store was linked '
    'to that channel since.';

create or replace function api.connection_start(
    p_cookie_hash bytea, p_channel_id bigint, p_state text, p_typed text, p_typed_hash text,
    p_code_hash bytea, p_code_expires_at timestamptz, p_expires_at timestamptz, p_now timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if not exists (select from violet.channel h where h.channel_id = p_channel_id and h.enabled) then
        raise exception 'the channel is disabled' using errcode = 'VB409';
    end if;
    update violet.connection c
    set outcome = case when c.expires_at <= p_now then 'expired' else 'replaced' end, ended_at = p_now, code_hash = null
    where c.cookie_hash = p_cookie_hash and c.channel_id = p_channel_id and c.ended_at is null;
    insert into violet.connection (cookie_hash, channel_id, state, typed, typed_hash, code_hash, code_expires_at,
        created_at, expires_at)
    values (p_cookie_hash, p_channel_id, p_state, p_typed, p_typed_hash, p_code_hash, p_code_expires_at, p_now, p_expires_at)
    -- Connect was pressed twice, and the other request has just put its own: the later one counts.
    on conflict (cookie_hash, channel_id) where ended_at is null do update
        set state = excluded.state, typed = excluded.typed, typed_hash = excluded.typed_hash, code_hash = excluded.code_hash,
            code_expires_at = excluded.code_expires_at, created_at = excluded.created_at, expires_at = excluded.expires_at,
            store_hash = null, user_id = null, proof = null;
    return exists (
        select from violet.store s
        where s.store_hash = p_typed_hash and s.sealed_token is not null and s.token_refused_at is null);
end
$$;
comment on function api.connection_start is
    'The merchant pressed Connect: begin a connection in the place of the browser''s earlier one for this channel. True if '
    'the store that was named has the app with a token that works, so it is opened instead of installed. VB409 if the '
    'channel is disabled.';
grant execute on function api.connection_start to violet_web;

create or replace function api.connection_find(
    p_cookie_hash bytea, p_channel_id bigint, p_ticket_hash bytea, p_now timestamptz)
returns table (status text, state text, typed_hash text, code_hash bytea, code_expires_at timestamptz,
    ended_at timestamptz, installed boolean, store_hash text, store_name text, store_domain text, merchant_id integer)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select
        case when c.outcome = 'linked' and not exists (
                select from violet.link l
                where l.store_hash = c.store_hash and l.channel_id = c.channel_id and l.ended_at is null) then 'unlinked'
            when c.outcome is not null then c.outcome
            when c.expires_at <= p_now then 'expired'
            when t.is_good or c.proof is not null then 'proven'
            when p_ticket_hash is not null then 'ticket'
            else 'waiting' end,
        c.state, c.typed_hash, c.code_hash, c.code_expires_at, c.ended_at,
        exists (select from violet.store i
            where i.store_hash = c.typed_hash and i.sealed_token is not null and i.token_refused_at is null),
        s.store_hash, s.name, s.domain, violet.merchant_of(s.store_hash)
    from violet.connection c
    cross join lateral (
        select c.outcome is null and exists (
            select from violet.ticket k
            where k.store_hash = c.typed_hash and k.channel_id = c.channel_id and k.ticket_hash = p_ticket_hash
                and k.made_at >= c.created_at and k.expires_at > p_now) as is_good) t
    -- Nothing of a store is shown before it has proved itself. The store that was named comes before another one's proof.
    left join violet.store s
        on s.store_hash = case when t.is_good then c.typed_hash when c.proof is not null then c.store_hash end
    where c.cookie_hash = p_cookie_hash and c.channel_id = p_channel_id
    order by c.connection_id desc
    limit 1
$$;
comment on function api.connection_find is
    'The browser''s newest connection for a channel. status: waiting, proven (by this ticket or otherwise), ticket (one was '
    'given that is not good: spent, replaced or too old), expired, unlinked (it was linked, and is no longer), or the outcome '
    'linked, declined, locked.';
grant execute on function api.connection_find to violet_web;

create or replace function api.connection_renew(
    p_cookie_hash bytea, p_channel_id bigint, p_code_hash bytea, p_code_expires_at timestamptz, p_now timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.connection c set code_hash = p_code_hash, code_expires_at = p_code_expires_at
    where c.cookie_hash = p_cookie_hash and c.channel_id = p_channel_id and c.ended_at is null and c.expires_at > p_now;
    return found;
end
$$;
comment on function api.connection_renew is 'A new code in the place of the old one; false if no connection is living.';
grant execute on function api.connection_renew to violet_web;

create or replace function api.connection_decline(p_cookie_hash bytea, p_channel_id bigint, p_now timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.connection c
    set outcome = 'declined', ended_at = p_now, code_hash = null
    where c.cookie_hash = p_cookie_hash and c.channel_id = p_channel_id and c.ended_at is null;
    return found;
end
$$;
comment on function api.connection_decline is
    'The merchant declined: end the browser''s connection for the channel without a link. False if none lives.';
grant execute on function api.connection_decline to violet_web;

create or replace function api.connection_ticket(
    p_connection_id bigint, p_store_hash text, p_user_id bigint, p_ticket_hash bytea, p_ticket_expires_at timestamptz,
    p_now timestamptz)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    h violet.channel;
begin
    if not violet.may_link(p_store_hash, p_user_id) then
        raise exception 'user % may not link the store', p_user_id using errcode = 'VB403';
    end if;
    -- It may have ended since the page was made: then another of its channel counts.
    select n.* into h
    from violet.connection c
    join violet.channel n on n.channel_id = c.channel_id
    where c.connection_id = p_connection_id and n.enabled and c.typed_hash = p_store_hash and exists (
        select from violet.connection w
        where w.typed_hash = p_store_hash and w.channel_id = c.channel_id and w.ended_at is null and w.expires_at > p_now);
    if not found then
        raise exception 'no connection waits for the store as % did', p_connection_id using errcode = 'VB404';
    end if;
    -- For the funnel: most likely it is the merchant's. Before the ticket, as in api.link_make, or the two deadlock.
    update violet.connection c set store_hash = p_store_hash, user_id = p_user_id
    where c.connection_id = p_connection_id and c.ended_at is null and c.proof is null;
    insert into violet.ticket as k (store_hash, channel_id, ticket_hash, user_id, made_at, expires_at)
    values (p_store_hash, h.channel_id, p_ticket_hash, p_user_id, p_now, p_ticket_expires_at)
    on conflict (store_hash, channel_id) do update
        set ticket_hash = excluded.ticket_hash, user_id = excluded.user_id, made_at = excluded.made_at,
            expires_at = excluded.expires_at;
    return h.slug;
end
$$;
comment on function api.connection_ticket is
    'The merchant pressed "Finish connecting" in the embedded app: bind a ticket to this store, channel and user, and answer the '
    'channel''s slug. The app shows the channel''s newest connection, which may be a stranger''s who has named the same store: so '
    'the ticket is good for any that waits for the store, and only in a browser whose connection is one of them; and the '
    'stranger ends nothing by beginning anew. It replaces an earlier ticket. VB403 if the user may not link, VB404 if the connection is '
    'not of this store, or none of its channel waits for it any more.';
grant execute on function api.connection_ticket to violet_web;

create or replace function api.connection_code(
    p_store_hash text, p_user_id bigint, p_code_hash bytea, p_agreed boolean, p_now timestamptz)
returns table (answer text, slug text, name text, redirect_url text)
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_failures_max constant integer := 5;
    v_connections_max constant integer := 1000; -- of a channel
    v_pause constant interval := '15 minutes';
    u violet.store_user;
    v_id bigint;
    v_slug text;
    v_name text;
    v_redirect_url text;
begin
    if not violet.may_link(p_store_hash, p_user_id) then
        raise exception 'user % may not link the store', p_user_id using errcode = 'VB403';
    end if;
    select * into u from violet.store_user w where w.store_hash = p_store_hash and w.user_id = p_user_id for update;
    if u.code_failed_at <= p_now - v_pause then
        u.code_failures := 0;
    end if;
    if u.code_failures >= v_failures_max then
        return query select 'locked', null::text, null::text, null::text;
        return;
    end if;

    select c.connection_id, h.slug, h.name, h.redirect_url into v_id, v_slug, v_name, v_redirect_url
    from violet.connection c
    join violet.channel h on h.channel_id = c.channel_id
    where c.code_hash = p_code_hash and c.code_expires_at > p_now and c.ended_at is null and c.expires_at > p_now and h.enabled
    for update of c;
    if v_id is null then
        update violet.store_user w set code_failures = u.code_failures + 1, code_failed_at = p_now
        where w.store_hash = p_store_hash and w.user_id = p_user_id;
        update violet.connection c
        set code_failures = c.code_failures + 1,
            outcome = case when c.code_failures + 1 >= v_failures_max then 'locked' end,
            ended_at = case when c.code_failures + 1 >= v_failures_max then p_now end,
            code_hash = case when c.code_failures + 1 < v_failures_max then c.code_hash end
        where c.connection_id in (
            select w.connection_id
            from violet.channel h
            cross join lateral (
                select n.connection_id
                from violet.connection n
                where n.typed_hash = p_store_hash and n.channel_id = h.channel_id and n.ended_at is null
                    and n.expires_at > p_now
                order by n.connection_id desc
                limit v_connections_max for update) w);
        return query select case when u.code_failures + 1 >= v_failures_max then 'locked' else 'wrong' end,
            null::text, null::text, null::text;
        return;
    end if;

    if p_agreed then
        update violet.connection c
        set store_hash = p_store_hash, user_id = p_user_id, proof = 'code', code_hash = null
        where c.connection_id = v_id;
        update violet.store_user w set code_failures = 0, code_failed_at = null
        where w.store_hash = p_store_hash and w.user_id = p_user_id;
    end if;
    return query select case when p_agreed then 'proven' else 'known' end, v_slug, v_name, v_redirect_url;
end
$$;
comment on function api.connection_code is
    'A code was typed into the embedded app. Right and not yet agreed: known, with the channel, which the page names before it '
    'asks, since the browser that shows the code may be anybody''s. Right and agreed: proven, and the wait page goes on; the '
    'code is spent. A wrong code names no connection, so it is counted twice: against the user, who after five may try '
    'again 15 minutes later (locked), and against the connections that wait for this store, which the fifth ends: the newest of '
    'each channel, since anybody may begin any number. With 30^8 codes and five tries in 15 minutes guessing is hopeless. VB403 '
    'if the user may not link.';
grant execute on function api.connection_code to violet_web;

create or replace function api.connection_external_install(
    p_cookie_hash bytea, p_store_hash text, p_user_id bigint, p_now timestamptz)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_id bigint;
    v_slug text;
begin
    select c.connection_id, h.slug into v_id, v_slug
    from violet.connection c
    join violet.channel h on h.channel_id = c.channel_id
    where c.cookie_hash = p_cookie_hash and c.ended_at is null and c.expires_at > p_now and h.enabled
    order by c.connection_id desc
    limit 1
    for update of c;
    if v_id is null then
        return null;
    end if;
    update violet.connection c
    set store_hash = p_store_hash, user_id = p_user_id, proof = 'external_install'
    where c.connection_id = v_id;
    return v_slug;
end
$$;
comment on function api.connection_external_install is
    'The app was installed in the top window of this browser: its newest living connection is proven by it. Answers the '
    'channel''s slug, whose confirm page comes next; null if the browser has no living connection.';
grant execute on function api.connection_external_install to violet_web;

create or replace function api.connections_upkeep(p_keep_days integer, p_limit integer, p_now timestamptz)
returns table (expired bigint, removed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.connection c
    set outcome = 'expired', ended_at = c.expires_at, code_hash = null
    where c.connection_id in (
        select n.connection_id from violet.connection n
        where n.ended_at is null and n.expires_at <= p_now
        limit p_limit for update skip locked);
    get diagnostics expired = row_count;
    delete from violet.connection c
    where c.connection_id in (
        select n.connection_id from violet.connection n
        where n.outcome <> 'linked' and n.ended_at < p_now - make_interval(days => p_keep_days)
        limit p_limit for update skip locked);
    get diagnostics removed = row_count;
    return next;
end
$$;
comment on function api.connections_upkeep(integer, integer, timestamptz) is
    'End up to p_limit connections that have expired, and forget up to as many that made no link and ended more than p_keep_days '
    'ago. How many it were: workers call it every hour, until there are none.';
grant execute on function api.connections_upkeep(integer, integer, timestamptz) to violet_worker;
