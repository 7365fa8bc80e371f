-- SPDX-License-Identifier: Apache-2.0
-- Webhooks at BigCommerce: only what the last audit found is kept, for display. What there is, BigCommerce is asked each time.

create or replace function api.hooks_noted(p_store_hash text, p_installed_at timestamptz, p_result jsonb, p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    update violet.store as s
    set hooks_checked_at = p_now, hooks_result = p_result
    where s.store_hash = p_store_hash and s.installed_at = p_installed_at and s.sealed_token is not null
$$;
comment on function api.hooks_noted(text, timestamptz, jsonb, timestamptz) is
    'Keep the result of a hook audit: [{"scope","state"}] with state ok, created, mended, activated or failed. Without effect if '
    'that install is not the present one.';
grant execute on function api.hooks_noted(text, timestamptz, jsonb, timestamptz) to violet_worker;

create or replace function api.hooks_stood(p_store_hash text, p_installed_at timestamptz)
returns boolean
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select exists (
        select from violet.store as s
        where s.store_hash = p_store_hash and s.installed_at = p_installed_at and s.hooks_checked_at >= s.installed_at
            and jsonb_array_length(s.hooks_result) > 0
            and not jsonb_path_exists(s.hooks_result, '$[*] ? (@.state == "failed")'))
$$;
comment on function api.hooks_stood(text, timestamptz) is
    'Whether the last audit of this install left every hook in place: only then does a list without them mean anything.';
grant execute on function api.hooks_stood(text, timestamptz) to violet_worker;
