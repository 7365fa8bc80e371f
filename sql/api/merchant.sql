-- SPDX-License-Identifier: Apache-2.0
-- A store's Violet merchant ids: found by a job among the merchants that its channels can see, or set by the operator.

create or replace function api.merchant_wanted(p_store_hash text)
returns table (merchant_id integer, by_hand boolean, channels bigint[])
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select m.merchant_id, coalesce(m.set_by <> 'violet', false),
        array(
            select l.channel_id
            from violet.link as l
            where l.store_hash = s.store_hash and l.ended_at is null and l.ending_at is null
            order by l.linked_at desc, l.channel_id)
    from violet.store as s
    left join violet.store_merchant as m
        on m.store_hash = s.store_hash and m.merchant_id = violet.merchant_of(s.store_hash)
    where s.store_hash = p_store_hash
$$;
comment on function api.merchant_wanted(text) is
    'The merchant id in force (null: none), whether a person set it, and the channels that may see the merchant: those linked.';
grant execute on function api.merchant_wanted(text) to violet_worker;

create or replace function api.merchant_seen(p_store_hash text, p_merchant_id integer, p_set_by text, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_before integer := violet.merchant_of(p_store_hash);
begin
    if not exists (
        select from violet.store_merchant as m where m.store_hash = p_store_hash and m.merchant_id = p_merchant_id)
    then
        perform violet.bags_search_again(p_store_hash, p_now);
    end if;
    insert into violet.store_merchant as m (store_hash, merchant_id, first_seen_at, last_seen_at, set_by)
    values (p_store_hash, p_merchant_id, p_now, p_now, p_set_by)
    on conflict (store_hash, merchant_id) do update
        set last_seen_at = greatest(m.last_seen_at, excluded.last_seen_at), set_by = excluded.set_by;
    return v_before is distinct from p_merchant_id;
end
$$;
comment on function api.merchant_seen(text, integer, text, timestamptz) is
    'This is the store''s merchant id now; earlier ones are kept, since their orders can still be refunded. p_set_by: violet, or '
    'who set it by hand. True if it was another one, or none, before.';
grant execute on function api.merchant_seen(text, integer, text, timestamptz) to violet_worker, violet_operator;
