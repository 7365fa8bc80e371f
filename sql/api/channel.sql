-- SPDX-License-Identifier: Apache-2.0
-- Channels: Violet apps whose merchants come through Connect.
--
-- For the operator's commands:
--   api.channel_add(slug, name, description, logo_url, more_info_url, redirect_url, app_id, sealed_credentials) returns channel_id
--   api.channel_edit(slug, the same; null leaves a value as it is, '' takes a description, logo or link away)
--   api.channel_set_enabled(slug, enabled), api.channel_list()
--   api.channel_sealed() and api.channel_reseal(channel_id, as_read, sealed) for `key rotate`
-- What is wrong with a value is raised as VB400 in words for the operator; an unknown slug is VB404, a taken one VB409.
-- Credentials are sealed by the program: JSON {"app_secret","username","password"}, associated data
-- "channel.sealed_credentials/{app id}". That is why a new app id needs its credentials with it.

create or replace function violet.is_web_url(p_url text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, violet, pg_temp
as $$
    select length(p_url) <= 2000
        and p_url ~ ('^(https://[A-Za-z0-9._-]+|http://(([a-z0-9-]+\.)*localhost|127(\.[0-9]{1,3}){3}|\[::1\]))(:[0-9]{1,5})?'
            -- printable ASCII but for " # < >: anything else must be encoded
            '([/?][!$-;=?-~]*)?$')
$$;
comment on function violet.is_web_url is
    'An address that we may send a browser to: https, or http on this machine; no user name, no fragment, all ASCII.';

create or replace function violet.channel_check(
    p_slug text, p_name text, p_description text, p_logo_url text, p_more_info_url text, p_redirect_url text, p_app_id bigint)
returns void
language plpgsql immutable set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_fault text := concat_ws('; ',
        case when coalesce(p_slug, '') !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
            then 'the slug is 1 to 63 of a-z, 0-9 and "-", and neither begins nor ends with "-"' end,
        case when coalesce(length(btrim(p_name)), 0) not between 1 and 100 or p_name ~ '[[:cntrl:]]'
            then 'the name has 1 to 100 characters on one line' end,
        case when length(p_description) > 1000 then 'the description has at most 1000 characters' end,
        case when not violet.is_web_url(p_logo_url) then 'the logo''s address must be https' end,
        case when not violet.is_web_url(p_more_info_url) then 'the more-info address must be https' end,
        case when violet.is_web_url(p_redirect_url) is not true then 'the redirect address must be https, without "#"' end,
        case when coalesce(p_app_id, 0) not between 1 and 2147483647 then 'the app id is a positive number' end);
begin
    if v_fault <> '' then
        raise exception '%', v_fault using errcode = 'VB400';
    end if;
end
$$;
comment on function violet.channel_check is 'Raises VB400 with every fault of a channel''s values.';

create or replace function api.channel_find(p_slug text)
returns table (channel_id bigint, slug text, name text, description text, logo_url text, more_info_url text,
    redirect_url text, app_id integer, enabled boolean)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select c.channel_id, c.slug, c.name, c.description, c.logo_url, c.more_info_url, c.redirect_url, c.app_id, c.enabled
    from violet.channel c
    where c.slug = p_slug
$$;
comment on function api.channel_find is 'The channel of a Connect link, disabled ones too; no row if there is none.';
grant execute on function api.channel_find to violet_web, violet_operator;

create or replace function api.channel_credentials(p_channel_id bigint)
returns table (app_id integer, sealed_credentials text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select c.app_id, c.sealed_credentials from violet.channel c where c.channel_id = p_channel_id
$$;
comment on function api.channel_credentials is
    'What calls to Violet for a channel need. Disabled channels too: their orders stay refundable.';
grant execute on function api.channel_credentials to violet_worker, violet_operator;

create or replace function api.channel_ever_linked(p_store_hash text)
returns table (channel_id bigint)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select distinct l.channel_id from violet.link l where l.store_hash = p_store_hash order by 1
$$;
comment on function api.channel_ever_linked is
    'Channels that were ever linked to the store, ended and disabled ones too: any of them may hold the bag of an order.';
grant execute on function api.channel_ever_linked to violet_worker, violet_operator;

create or replace function api.channel_add(
    p_slug text, p_name text, p_description text, p_logo_url text, p_more_info_url text, p_redirect_url text,
    p_app_id bigint, p_sealed_credentials text, p_now timestamptz)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_channel_id bigint;
begin
    perform violet.channel_check(p_slug, p_name, p_description, nullif(p_logo_url, ''), nullif(p_more_info_url, ''),
        p_redirect_url, p_app_id);
    if exists (select from violet.channel c where c.slug = p_slug) then
        raise exception 'there is a channel "%" already', p_slug using errcode = 'VB409';
    end if;
    if exists (select from violet.channel c where c.app_id = p_app_id) then
        raise exception 'another channel has the app id %', p_app_id using errcode = 'VB409';
    end if;
    insert into violet.channel (slug, name, description, logo_url, more_info_url, redirect_url, app_id, sealed_credentials,
        created_at, changed_at)
    values (p_slug, btrim(p_name), coalesce(p_description, ''), nullif(p_logo_url, ''), nullif(p_more_info_url, ''),
        p_redirect_url, p_app_id, p_sealed_credentials, p_now, p_now)
    returning violet.channel.channel_id into v_channel_id;
    return v_channel_id;
end
$$;
comment on function api.channel_add(text, text, text, text, text, text, bigint, text, timestamptz) is
    'A new channel; its Connect link works at once. VB400 names every fault, VB409 a taken slug or app id.';
grant execute on function api.channel_add(text, text, text, text, text, text, bigint, text, timestamptz) to violet_operator;

create or replace function api.channel_edit(
    p_slug text, p_name text, p_description text, p_logo_url text, p_more_info_url text, p_redirect_url text,
    p_app_id bigint, p_sealed_credentials text, p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    c violet.channel;
begin
    select * into c from violet.channel where slug = p_slug for update;
    if not found then
        raise exception 'there is no channel "%"', p_slug using errcode = 'VB404';
    end if;
    if p_app_id <> c.app_id and p_sealed_credentials is null then
        raise exception 'another app id needs its credentials with it' using errcode = 'VB400';
    end if;
    if p_app_id <> c.app_id and exists (select from violet.link l where l.channel_id = c.channel_id) then
        raise exception 'stores were linked to the app id %: their orders must stay refundable; add a new channel instead',
            c.app_id using errcode = 'VB409';
    end if;
    if exists (select from violet.channel o where o.app_id = p_app_id and o.channel_id <> c.channel_id) then
        raise exception 'another channel has the app id %', p_app_id using errcode = 'VB409';
    end if;
    c.name := btrim(coalesce(p_name, c.name));
    c.description := coalesce(p_description, c.description);
    c.logo_url := nullif(coalesce(p_logo_url, c.logo_url), '');
    c.more_info_url := nullif(coalesce(p_more_info_url, c.more_info_url), '');
    c.redirect_url := coalesce(p_redirect_url, c.redirect_url);
    perform violet.channel_check(c.slug, c.name, c.description, c.logo_url, c.more_info_url, c.redirect_url,
        coalesce(p_app_id, c.app_id));
    update violet.channel
    set name = c.name, description = c.description, logo_url = c.logo_url, more_info_url = c.more_info_url,
        redirect_url = c.redirect_url, app_id = coalesce(p_app_id, c.app_id),
        sealed_credentials = coalesce(p_sealed_credentials, c.sealed_credentials), changed_at = p_now
    where channel_id = c.channel_id;
end
$$;
comment on function api.channel_edit(text, text, text, text, text, text, bigint, text, timestamptz) is
    'Change a channel; null leaves a value as it is, an empty description, logo or more-info address takes it away. The app id '
    'is fixed from the first link on.';
grant execute on function api.channel_edit(text, text, text, text, text, text, bigint, text, timestamptz) to violet_operator;

create or replace function api.channel_set_enabled(p_slug text, p_enabled boolean, p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.channel set enabled = p_enabled, changed_at = p_now where slug = p_slug;
    if not found then
        raise exception 'there is no channel "%"', p_slug using errcode = 'VB404';
    end if;
end
$$;
comment on function api.channel_set_enabled(text, boolean, timestamptz) is
    'Open or close a channel''s Connect link. Its links stay, and its orders stay refundable.';
grant execute on function api.channel_set_enabled(text, boolean, timestamptz) to violet_operator;

create or replace function api.channel_list()
returns table (channel_id bigint, slug text, name text, description text, logo_url text, more_info_url text,
    redirect_url text, app_id integer, enabled boolean, stores_linked bigint, created_at timestamptz, changed_at timestamptz)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select c.channel_id, c.slug, c.name, c.description, c.logo_url, c.more_info_url, c.redirect_url, c.app_id, c.enabled,
        (select count(*) from violet.link l where l.channel_id = c.channel_id and l.ended_at is null), c.created_at, c.changed_at
    from violet.channel c
    order by c.slug
$$;
comment on function api.channel_list is 'All channels with the number of stores now linked; no credentials.';
grant execute on function api.channel_list to violet_operator;

create or replace function api.channel_sealed()
returns table (channel_id bigint, app_id integer, sealed_credentials text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select c.channel_id, c.app_id, c.sealed_credentials from violet.channel c order by c.channel_id
$$;
comment on function api.channel_sealed is 'Sealed credentials of all channels, for the rotation of the seal key.';
grant execute on function api.channel_sealed to violet_operator;

create or replace function api.channel_reseal(p_channel_id bigint, p_read text, p_sealed text)
returns boolean
language sql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with changed as (
        update violet.channel set sealed_credentials = p_sealed
        where channel_id = p_channel_id and sealed_credentials = p_read
        returning 1)
    select exists (select from changed)
$$;
comment on function api.channel_reseal is
    'Put credentials sealed with another key in place of those that were read; false if they have changed since.';
grant execute on function api.channel_reseal to violet_operator;
