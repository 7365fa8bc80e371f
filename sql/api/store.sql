-- SPDX-License-Identifier: Apache-2.0
-- Stores and their users: install, find, describe, uninstall, and sealing the token anew.
--
-- installed_at names an install: it is set anew by each one, and whoever ends or marks an install says which one was meant.
-- So nothing that was learnt with an old token ever touches a new one.

create or replace function api.store_install(p_store_hash text, p_sealed_token text, p_scopes text[],
    p_user_id bigint, p_user_email text, p_locale text, p_owner_id bigint, p_owner_email text, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_first boolean;
    v_earliest constant timestamptz := p_now - interval '45 days';
begin
    -- xmax is 0 in a row that was inserted, not updated.
    insert into violet.store as s (store_hash, sealed_token, scopes, owner_id, first_installed_at, installed_at,
        swept_refund_at, swept_order_at, created_at, changed_at)
    values (p_store_hash, p_sealed_token, p_scopes, p_owner_id, p_now, p_now, p_now, p_now, p_now, p_now)
    on conflict (store_hash) do update
        set sealed_token = excluded.sealed_token, scopes = excluded.scopes,
            owner_id = coalesce(excluded.owner_id, s.owner_id), installed_at = excluded.installed_at,
            uninstalled_at = null, token_refused_at = null, gate_until = null, hooks_checked_at = null, hooks_result = null,
            swept_refund_id = case when s.swept_refund_at < v_earliest then 0 else s.swept_refund_id end,
            swept_refund_at = greatest(s.swept_refund_at, v_earliest),
            swept_order_id = case when s.swept_order_at < v_earliest then 0 else s.swept_order_id end,
            swept_order_at = greatest(s.swept_order_at, v_earliest),
            changed_at = excluded.changed_at
        -- A later install has made this one's token worthless already.
        where s.sealed_token is null or s.installed_at <= excluded.installed_at
    returning xmax = 0 into v_first;
    if not found then
        return false;
    end if;

    if p_owner_id is not null then
        update violet.store_user set is_owner = false
        where store_hash = p_store_hash and is_owner and user_id <> p_owner_id;
        insert into violet.store_user as u (store_hash, user_id, email, is_owner, first_seen_at, last_seen_at)
        values (p_store_hash, p_owner_id, p_owner_email, true, p_now, p_now)
        on conflict (store_hash, user_id) do update
            set email = coalesce(excluded.email, u.email), is_owner = true;
    end if;
    insert into violet.store_user as u (store_hash, user_id, email, locale, installed_at, first_seen_at, last_seen_at)
    values (p_store_hash, p_user_id, p_user_email, p_locale, p_now, p_now, p_now)
    on conflict (store_hash, user_id) do update
        set email = coalesce(excluded.email, u.email), locale = coalesce(u.locale, excluded.locale), installed_at = excluded.installed_at,
            last_seen_at = excluded.last_seen_at, removed_at = null;

    perform api.job_put(p_store_hash, kind, 0, p_now, p_now)
    from unnest(array['ensure_hooks', 'read_discounts', 'resolve_merchant', 'sweep']) as kind
    order by kind;
    -- Money that was owed when the app went.
    perform violet.refunds_reopen(p_store_hash, p_now);
    return v_first;
end
$$;
comment on function api.store_install is
    'The app was installed or authorised anew: keep the token, who installed, who owns the store, and make its upkeep due. '
    'Refunds are swept from the first install on; after a reinstall from where the sweep had stopped, at most 45 days back. '
    'p_locale is a guess, used until the user opens the app. p_now is the moment at which BigCommerce gave the token: of two '
    'installs at once the later counts, whichever is kept first. True for the store''s first install.';
grant execute on function api.store_install to violet_web;

create or replace function api.store_find(p_store_hash text)
returns table (store_hash text, currency text, sealed_token text, installed_at timestamptz, cancel_policy text,
    cancel_grace_seconds integer)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.store_hash, s.currency, s.sealed_token, case when s.sealed_token is not null then s.installed_at end,
        s.cancel_policy, s.cancel_grace_seconds
    from violet.store as s
    where s.store_hash = p_store_hash
$$;
comment on function api.store_find is
    'What every job asks of a store. Without an install, sealed_token and installed_at are null.';
grant execute on function api.store_find to violet_worker;

create or replace function api.store_is_installed(p_store_hash text)
returns boolean
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select exists (select from violet.store as s where s.store_hash = p_store_hash and s.sealed_token is not null)
$$;
comment on function api.store_is_installed is 'Whether the store has the app. For those who need no token.';
grant execute on function api.store_is_installed to violet_web;

create or replace function api.store_describe(p_store_hash text, p_name text, p_domain text, p_control_panel_url text,
    p_currency text, p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with old as (
        select s.store_hash, s.currency from violet.store as s where s.store_hash = p_store_hash for update
    ), described as (
        update violet.store as s
        set name = coalesce(p_name, s.name), domain = coalesce(p_domain, s.domain),
            control_panel_url = coalesce(p_control_panel_url, s.control_panel_url), currency = coalesce(p_currency, s.currency),
            changed_at = p_now
        from old
        where s.store_hash = old.store_hash
            and (s.name, s.domain, s.control_panel_url, s.currency::text) is distinct from
                (coalesce(p_name, s.name), coalesce(p_domain, s.domain), coalesce(p_control_panel_url, s.control_panel_url),
                coalesce(p_currency, s.currency))
        returning s.sealed_token is not null and s.currency is distinct from old.currency as other_currency
    )
    select api.job_put(p_store_hash, 'read_discounts', 0, p_now, p_now) from described where other_currency
$$;
comment on function api.store_describe is
    'Note what BigCommerce says of the store; what is null stays as it was. The store''s discounts are judged by its currency: '
    'another one makes them be read again.';
grant execute on function api.store_describe to violet_web, violet_worker;

-- Users ---------------------------------------------------------------------------------------------------------------

create or replace function api.session_find(p_store_hash text, p_user_id bigint)
returns table (installed_at timestamptz, locale text, may_link boolean)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.installed_at, coalesce(u.locale, 'en'), u.is_owner or u.installed_at is not null
    from violet.store as s
    join violet.store_user as u on u.store_hash = s.store_hash
    where s.store_hash = p_store_hash and u.user_id = p_user_id and s.sealed_token is not null and u.removed_at is null
$$;
comment on function api.session_find is
    'The install and the user that a form token names: no row if the app is not installed or the user was removed.';
grant execute on function api.session_find to violet_web;

create or replace function api.user_removed(p_store_hash text, p_user_id bigint, p_issued_at timestamptz, p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    insert into violet.store_user as u (store_hash, user_id, first_seen_at, last_seen_at, removed_at)
    select s.store_hash, p_user_id, p_now, p_now, p_issued_at
    from violet.store as s
    where s.store_hash = p_store_hash
    on conflict (store_hash, user_id) do update
        set removed_at = greatest(u.removed_at, excluded.removed_at), email = null, installed_at = null
        -- An install since then counts. BigCommerce's clock and ours may differ by a minute.
        where u.installed_at is null or u.installed_at <= excluded.removed_at + interval '1 minute'
$$;
comment on function api.user_removed is
    'The owner took the app away from a user. p_issued_at is the callback''s own time: only a token issued later lets the user '
    'in again, so an old address of the app does not; and an old callback does not undo what the user has installed since.';
grant execute on function api.user_removed to violet_web;

-- Uninstall -----------------------------------------------------------------------------------------------------------

create or replace function api.uninstall_asked(p_store_hash text, p_issued_at timestamptz, p_now timestamptz)
returns text
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_installed_at timestamptz;
begin
    select s.installed_at into v_installed_at
    from violet.store as s
    where s.store_hash = p_store_hash and s.sealed_token is not null;
    if not found then
        return 'absent';
    end if;
    -- BigCommerce's clock and ours may differ by a minute; to ask once too often does no harm.
    if p_issued_at < v_installed_at - interval '1 minute' then
        return 'old';
    end if;
    perform api.job_put(p_store_hash, 'confirm_uninstall', extract(epoch from p_issued_at)::bigint, p_now, p_now);
    return 'queued';
end
$$;
comment on function api.uninstall_asked is
    'Somebody says that the app was uninstalled. Anyone who may open the app could say so, hence only a job that asks '
    'BigCommerce is made due. Answers queued, absent (not installed) or old (issued before the present install).';
grant execute on function api.uninstall_asked to violet_web;

create or replace function api.store_uninstalled(p_store_hash text, p_installed_at timestamptz, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.store
    set sealed_token = null, uninstalled_at = p_now, hooks_checked_at = null, hooks_result = null,
        discounts_read_at = null, discounts_error = null, changed_at = p_now
    where store_hash = p_store_hash and sealed_token is not null and installed_at = p_installed_at;
    if not found then
        return false;
    end if;
    -- A link that is ending already stays so until its job has told Violet.
    update violet.link set ending_at = p_now, ended_at = p_now, end_reason = 'uninstall'
    where store_hash = p_store_hash and ended_at is null and ending_at is null;
    update violet.store_user set email = null, installed_at = null where store_hash = p_store_hash;
    delete from violet.discount where store_hash = p_store_hash;
    perform violet.refunds_review_open(p_store_hash, 'uninstalled', p_now);
    -- Orders whose look has yet to come to an end: it cannot now, so violet.refunds_reopen shall know them.
    insert into violet.bag (store_hash, order_id, state, created_at)
    select j.store_hash, j.ref, 'searching', p_now
    from violet.job as j
    where j.store_hash = p_store_hash and j.kind = 'sync_order'
    order by j.ref
    on conflict (store_hash, order_id) do update set looked_at = null;
    delete from violet.job
    where store_hash = p_store_hash and kind in ('sweep', 'ensure_hooks', 'read_discounts', 'resolve_merchant');
    return true;
end
$$;
comment on function api.store_uninstalled is
    'BigCommerce has confirmed that the install of p_installed_at is gone: destroy its token, end the links, hand open refunds '
    'to a person, drop the store''s upkeep. History stays. False, and nothing changed, if that install is not the present one.';
grant execute on function api.store_uninstalled to violet_worker;

create or replace function api.store_token_noted(p_store_hash text, p_installed_at timestamptz, p_refused boolean,
    p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    update violet.store
    set token_refused_at = case when p_refused then p_now end
    where store_hash = p_store_hash and installed_at = p_installed_at and sealed_token is not null
        and (token_refused_at is not null) <> p_refused
$$;
comment on function api.store_token_noted is
    'Note that BigCommerce refused the token of this install (401, 403), or took it again: the embedded app shows it.';
grant execute on function api.store_token_noted to violet_worker;

-- Sealing anew --------------------------------------------------------------------------------------------------------

create or replace function api.stores_sealed(p_after text, p_limit integer)
returns table (store_hash text, sealed_token text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select s.store_hash, s.sealed_token
    from violet.store as s
    where s.store_hash > p_after and s.sealed_token is not null
    order by s.store_hash
    limit p_limit
$$;
comment on function api.stores_sealed is
    'Sealed tokens in the order of store hashes after p_after, for a rotation of the seal key. Begin with an empty text.';
grant execute on function api.stores_sealed to violet_operator;

create or replace function api.store_reseal(p_store_hash text, p_old text, p_new text)
returns boolean
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with changed as (
        update violet.store set sealed_token = p_new
        where store_hash = p_store_hash and sealed_token = p_old
        returning true)
    select exists (select from changed)
$$;
comment on function api.store_reseal is
    'Put the same token, sealed with another key, in the place of what was read. False if a fresh token has come meanwhile: '
    'that one is sealed with the current key already.';
grant execute on function api.store_reseal to violet_operator;
