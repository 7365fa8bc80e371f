-- SPDX-License-Identifier: Apache-2.0
-- The discount check: what the worker has read of a store's coupons and promotions, and what the embedded app asks of it.

create or replace function api.discounts_store(p_store_hash text, p_discounts jsonb, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    -- The store's row is the lock: two readings at a time would collide on their inserts.
    update violet.store set discounts_read_at = p_now, discounts_error = null
    where store_hash = p_store_hash and sealed_token is not null;
    if not found then
        return;
    end if;
    delete from violet.discount where store_hash = p_store_hash;
    insert into violet.discount (store_hash, source, discount_id, name, codes, verdict, reason, facts, read_at)
    select p_store_hash, d.source, d.id, d.name, d.codes, d.verdict, d.reason, coalesce(d.facts, '{}'), p_now
    from jsonb_to_recordset(p_discounts) as d (source text, id bigint, name text, codes text[], verdict text, reason text,
        facts jsonb);
end
$$;
comment on function api.discounts_store is
    'Replace a store''s discounts by what was just read: [{source, id, name, codes, verdict, reason, facts}].';
grant execute on function api.discounts_store to violet_worker;

create or replace function api.discounts_failed(p_store_hash text, p_error text)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    update violet.store set discounts_error = p_error where store_hash = p_store_hash
$$;
comment on function api.discounts_failed is
    'Note in a word why the discounts could not be read (scope, refused, away); what was read before stays.';
grant execute on function api.discounts_failed to violet_worker;

create or replace function api.discount_list(p_store_hash text, p_after integer, p_limit integer)
returns jsonb
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select jsonb_build_object(
        'read_ms', violet.to_ms(s.discounts_read_at), 'error', s.discounts_error,
        'total', (select count(*) from violet.discount as c where c.store_hash = s.store_hash),
        'discounts', coalesce((
            select jsonb_agg(to_jsonb(page) - 'place' order by page.place)
            from (
                select row_number() over (
                        order by array_position(array['works', 'not_now', 'never'], d.verdict), d.name, d.source, d.discount_id
                    ) as place,
                    d.source, d.discount_id as id, d.name, d.codes[1:5] as codes, cardinality(d.codes) as code_count,
                    d.verdict, d.reason, d.facts
                from violet.discount as d
                where d.store_hash = s.store_hash
                order by place
                offset p_after limit p_limit
            ) as page), '[]'))
    from violet.store as s
    where s.store_hash = p_store_hash
$$;
comment on function api.discount_list is
    'One page of a store''s discounts, those that work first: {read_ms, error, total, discounts}. At most five codes of each '
    'are shown.';
grant execute on function api.discount_list to violet_web;

create or replace function api.discount_code(p_store_hash text, p_code text)
returns jsonb
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select jsonb_build_object('source', d.source, 'id', d.discount_id, 'name', d.name, 'code', c.code,
        'verdict', case when d.verdict = 'works' and d.facts -> 'used' ? c.code then 'not_now' else d.verdict end,
        'reason', case when d.verdict = 'works' and d.facts -> 'used' ? c.code then 'used_up' else d.reason end,
        'facts', d.facts)
    from violet.discount as d
    cross join unnest(d.codes) as c (code)
    where d.store_hash = p_store_hash and lower(c.code) = lower(p_code)
    order by c.code = p_code desc, array_position(array['works', 'not_now', 'never'], d.verdict)
    limit 1
$$;
comment on function api.discount_code is
    'The discount that a code belongs to, in any spelling of its letters, and whether that code works; null if none was read.';
grant execute on function api.discount_code to violet_web;
