-- SPDX-License-Identifier: Apache-2.0
-- Links of stores and channels. A link is made by one thing only: the POST on the confirm page (api.link_make). It is ended
-- by the merchant (api.link_unlink, carried out at Violet by a job, then api.link_ended) or by an uninstall. History stays.

create or replace function violet.merchant_of(p_store_hash text) returns integer
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select m.merchant_id
    from violet.store_merchant m
    where m.store_hash = p_store_hash
    order by m.last_seen_at desc, m.merchant_id desc
    limit 1
$$;
comment on function violet.merchant_of is 'The Violet merchant id in force: the one seen last. Null while none is known.';

create or replace function violet.may_link(p_store_hash text, p_user_id bigint) returns boolean
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select exists (
        select from violet.store s
        join violet.store_user u on u.store_hash = s.store_hash
        where s.store_hash = p_store_hash and u.user_id = p_user_id
            and s.sealed_token is not null and u.removed_at is null and (u.is_owner or u.installed_at is not null))
$$;
comment on function violet.may_link is
    'Only the owner, or a user who has installed the app, may link the store, and only while the app is installed.';

create or replace function api.link_make(
    p_cookie_hash bytea, p_channel_id bigint, p_store_hash text, p_ticket_hash bytea, p_now timestamptz)
returns table (outcome text, merchant_id integer)
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    c violet.connection;
    v_ticket_user bigint;
    v_outcome text;
begin
    select * into c
    from violet.connection n
    where n.cookie_hash = p_cookie_hash and n.channel_id = p_channel_id
    order by n.connection_id desc limit 1
    for update;
    -- A form of this connection without proof holds a ticket; a proven one needs none, but for the store that was named.
    select k.user_id into v_ticket_user
    from violet.ticket k
    where k.store_hash = c.typed_hash and k.channel_id = p_channel_id and k.ticket_hash = p_ticket_hash
        and k.made_at >= c.created_at and k.expires_at > p_now
    for update;
    if found and c.outcome is null then
        c.store_hash := c.typed_hash;
        c.user_id := v_ticket_user;
        c.proof := 'button';
    end if;
    -- An uninstall that is confirmed at this moment comes before or after, never between the question and the link.
    perform from violet.store s where s.store_hash = p_store_hash for share;

    v_outcome := case
        when c.connection_id is null then 'gone'
        when c.outcome = 'linked' and c.store_hash = p_store_hash then 'linked'
        when c.ended_at is not null or c.expires_at <= p_now then 'gone'
        when not exists (select from violet.channel h where h.channel_id = p_channel_id and h.enabled) then 'disabled'
        when case when c.proof is null then c.typed_hash else c.store_hash end is distinct from p_store_hash then 'changed'
        when c.proof is null then 'ticket'
        when not violet.may_link(c.store_hash, c.user_id) then 'user'
        else 'make' end;

    if v_outcome = 'make' then
        if not exists (
            select from violet.link l where l.store_hash = p_store_hash and l.channel_id = p_channel_id)
        then
            perform violet.bags_search_again(p_store_hash, p_now);
        end if;
        -- An existing link stays as it is; one that is ending is not taken back.
        insert into violet.link as l (store_hash, channel_id, made_how, made_by_user, connection_id, linked_at)
        values (p_store_hash, p_channel_id, c.proof, c.user_id, c.connection_id, p_now)
        on conflict (store_hash, channel_id) where ended_at is null do update
            set linked_at = l.linked_at
            where l.ending_at is null;
        v_outcome := case when found then 'linked' else 'ending' end;
    end if;
    if v_outcome = 'linked' and c.outcome is null then
        update violet.connection n
        set store_hash = c.store_hash, user_id = c.user_id, proof = c.proof, outcome = 'linked', ended_at = p_now,
            code_hash = null, merchant_id = violet.merchant_of(p_store_hash)
        where n.connection_id = c.connection_id;
        delete from violet.ticket k
        where k.store_hash = p_store_hash and k.channel_id = p_channel_id and k.ticket_hash = p_ticket_hash;
        perform api.job_put(p_store_hash, 'resolve_merchant', 0, p_now, p_now);
    end if;
    return query select v_outcome, case when v_outcome = 'linked' then violet.merchant_of(p_store_hash) end;
end
$$;
comment on function api.link_make is
    'The merchant agreed on the confirm page: link the store that the page showed to the channel, spend the ticket, and have '
    'the merchant id resolved. The browser''s newest connection decides. Answers linked (also if it was linked already), or '
    'why nothing was changed: gone (ended, expired, none), disabled (the channel), changed (another store proved itself '
    'meanwhile), ticket (spent, replaced or too old), user (may not link, or the app is gone), ending (being unlinked).';
grant execute on function api.link_make to violet_web;

create or replace function api.link_people(p_store_hash text)
returns text
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select coalesce(string_agg(p.email, ', '), '')
    from (
        select u.email
        from violet.store_user u
        where u.store_hash = p_store_hash and u.email is not null and violet.may_link(u.store_hash, u.user_id)
        order by u.is_owner desc, u.installed_at desc nulls last
        limit 3) p
$$;
comment on function api.link_people is
    'Whom to ask: e-mail addresses of those who may link the store, the owner first, at most three. Shown to its own users only.';
grant execute on function api.link_people to violet_web;

create or replace function api.link_unlink(p_store_hash text, p_link_id bigint, p_now timestamptz)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.link l set ending_at = coalesce(l.ending_at, p_now)
    where l.store_hash = p_store_hash and l.link_id = p_link_id and l.ended_at is null;
    if not found then
        return false;
    end if;
    perform api.job_put(p_store_hash, 'unlink', p_link_id, p_now, p_now);
    return true;
end
$$;
comment on function api.link_unlink is
    'The merchant asked to end a link: it is "ending" until a job has carried it out at Violet. False if there is no such link.';
grant execute on function api.link_unlink to violet_web;

create or replace function api.link_find(p_store_hash text, p_link_id bigint)
returns table (channel_id bigint, merchant_id integer, ending boolean, ended boolean)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select l.channel_id, violet.merchant_of(l.store_hash), l.ending_at is not null, l.ended_at is not null
    from violet.link l
    where l.store_hash = p_store_hash and l.link_id = p_link_id
$$;
comment on function api.link_find is 'A link with the store''s Violet merchant id (null while unknown); ended ones too.';
grant execute on function api.link_find to violet_worker;

create or replace function api.link_ended(p_store_hash text, p_link_id bigint, p_now timestamptz)
returns void
language sql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
    update violet.link l set ended_at = p_now, end_reason = 'merchant'
    where l.store_hash = p_store_hash and l.link_id = p_link_id and l.ended_at is null and l.ending_at is not null
$$;
comment on function api.link_ended is
    'Violet has carried out the unlinking. Its orders can still be refunded. Without effect on a link that is not ending.';
grant execute on function api.link_ended to violet_worker;
