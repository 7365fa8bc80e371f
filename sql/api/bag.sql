-- SPDX-License-Identifier: Apache-2.0
-- Bags: what an order is at Violet, and what looks remember about the order.

create or replace function api.bag_read(p_store_hash text, p_order_id bigint, p_settle_ms bigint, p_now timestamptz)
returns table (state text, violet_order_id bigint, bag_id bigint, channel_id bigint, merchant_id integer,
    bag_status text, currency text, total_minor bigint, cancel_status integer, cancel_count integer, cancel_seen_at timestamptz,
    cancel_refund_ids bigint[], owed_minor bigint, justified_minor bigint, reopened_at timestamptz, overpaid_at timestamptz,
    created_at timestamptz, first_installed_at timestamptz, brake text)
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_brake constant text := violet.brake(p_store_hash, p_settle_ms, p_now);
begin
    return query
        select b.state, b.violet_order_id, b.bag_id, b.channel_id, b.merchant_id, b.bag_status, b.currency::text,
            b.total_minor, b.cancel_status, b.cancel_count, b.cancel_seen_at, b.cancel_refund_ids, b.owed_minor, (
                select max(a.owed_minor)
                from violet.refund_attempt as a
                where a.store_hash = p_store_hash and a.order_id = p_order_id
                    and (a.outcome is null or a.outcome not in ('not_sent', 'refused', 'lines_refused', 'absent'))),
            b.reopened_at, b.overpaid_at, b.created_at, s.first_installed_at, v_brake
        from violet.store as s
        left join violet.bag as b on b.store_hash = s.store_hash and b.order_id = p_order_id
        where s.store_hash = p_store_hash;
end
$$;
comment on function api.bag_read(text, bigint, bigint, timestamptz) is
    'What is known of an order at Violet (all null: nothing yet), the most that any send rested on, and what stops sending now.';
grant execute on function api.bag_read(text, bigint, bigint, timestamptz) to violet_worker;

create or replace function violet.bags_search_again(p_store_hash text, p_now timestamptz)
returns void
language sql set search_path = pg_catalog, violet, pg_temp
as $$
    with forgotten as (
        update violet.bag as b set state = 'searching'
        where b.store_hash = p_store_hash and b.state = 'not_ours'
            and coalesce(b.order_made_at, b.created_at) > p_now - interval '45 days'
        returning b.order_id
    )
    select api.job_put(p_store_hash, 'sync_order', f.order_id, p_now, p_now)
    from (select order_id from forgotten order by order_id) as f
$$;
comment on function violet.bags_search_again(text, timestamptz) is
    'There is somebody new to ask, a channel or a merchant id: an order of the last 45 days that was not Violet''s by the word of '
    'the others may be theirs.';

create or replace function api.bag_merchants(p_store_hash text)
returns table (merchant_id integer)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select m.merchant_id
    from violet.store_merchant as m
    where m.store_hash = p_store_hash
    order by m.last_seen_at desc, m.merchant_id
$$;
comment on function api.bag_merchants(text) is 'Every Violet merchant id that the store ever had: its old bags carry old ones.';
grant execute on function api.bag_merchants(text) to violet_worker;

create or replace function api.bag_keep(p_store_hash text, p_order_id bigint, p_state text, p_violet_order_id bigint,
    p_bag_id bigint, p_channel_id bigint, p_merchant_id integer, p_bag_status text, p_currency text, p_total_minor bigint,
    p_lines jsonb, p_order_status integer, p_order_currency text, p_order_total_minor bigint, p_order_made_at timestamptz,
    p_external_source text, p_now timestamptz)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    insert into violet.bag as b (store_hash, order_id, state, searches, violet_order_id, bag_id, channel_id, merchant_id,
        bag_status, currency, total_minor, lines, order_status, order_currency, order_total_minor, order_made_at,
        external_source, created_at)
    values (p_store_hash, p_order_id, p_state, 1, p_violet_order_id, p_bag_id, p_channel_id, p_merchant_id, p_bag_status,
        p_currency, p_total_minor, p_lines, p_order_status, p_order_currency, p_order_total_minor, p_order_made_at,
        p_external_source, p_now)
    on conflict (store_hash, order_id) do update
        set state = excluded.state, searches = b.searches + 1,
            violet_order_id = coalesce(excluded.violet_order_id, b.violet_order_id),
            bag_id = coalesce(excluded.bag_id, b.bag_id), channel_id = coalesce(excluded.channel_id, b.channel_id),
            merchant_id = coalesce(excluded.merchant_id, b.merchant_id),
            bag_status = coalesce(excluded.bag_status, b.bag_status), currency = coalesce(excluded.currency, b.currency),
            total_minor = coalesce(excluded.total_minor, b.total_minor), lines = coalesce(excluded.lines, b.lines),
            order_status = coalesce(excluded.order_status, b.order_status),
            order_currency = coalesce(excluded.order_currency, b.order_currency),
            order_total_minor = coalesce(excluded.order_total_minor, b.order_total_minor),
            order_made_at = coalesce(excluded.order_made_at, b.order_made_at),
            external_source = coalesce(excluded.external_source, b.external_source)
$$;
comment on function api.bag_keep(text, bigint, text, bigint, bigint, bigint, integer, text, text, bigint, jsonb, integer, text,
    bigint, timestamptz, text, timestamptz) is
    'Keep what a search for an order''s bag came to, with the order as read; what is null stays as it was. Not looked_at: the look '
    'has yet to end.';
grant execute on function api.bag_keep(text, bigint, text, bigint, bigint, bigint, integer, text, text, bigint, jsonb, integer,
    text, bigint, timestamptz, text, timestamptz) to violet_worker;

create or replace function api.bag_looked(p_store_hash text, p_order_id bigint, p_lease_token uuid, p_order_status integer,
    p_cancel_status integer, p_cancel_count integer, p_cancel_seen_at timestamptz, p_cancel_refund_ids bigint[],
    p_owed_minor bigint, p_paid_minor bigint, p_frozen boolean, p_reopened_at timestamptz, p_overpaid_at timestamptz,
    p_recheck_at timestamptz, p_now timestamptz)
returns boolean
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    update violet.bag as b
    set order_status = coalesce(p_order_status, b.order_status), cancel_status = p_cancel_status, cancel_count = p_cancel_count,
        cancel_seen_at = p_cancel_seen_at, cancel_refund_ids = p_cancel_refund_ids, owed_minor = p_owed_minor,
        paid_minor = p_paid_minor, frozen = p_frozen, reopened_at = p_reopened_at,
        overpaid_at = coalesce(b.overpaid_at, p_overpaid_at), recheck_at = p_recheck_at, looked_at = p_now
    where b.store_hash = p_store_hash and b.order_id = p_order_id and exists (
        select from violet.job as j
        where j.store_hash = p_store_hash and j.kind = 'sync_order' and j.ref = p_order_id and j.lease_token = p_lease_token);
    return found;
end
$$;
comment on function api.bag_looked(text, bigint, uuid, integer, integer, integer, timestamptz, bigint[], bigint, bigint, boolean,
    timestamptz, timestamptz, timestamptz, timestamptz) is
    'A look ends: keep what it worked out about an order, the status it follows, what is owed and paid. overpaid_at is never taken '
    'back. False: the lease was lost, and nothing is changed, since whoever looks now may have seen more.';
grant execute on function api.bag_looked(text, bigint, uuid, integer, integer, integer, timestamptz, bigint[], bigint, bigint,
    boolean, timestamptz, timestamptz, timestamptz, timestamptz) to violet_worker;

create or replace function api.order_recheck(p_store_hash text, p_order_id bigint, p_now timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
begin
    if p_order_id is null or p_order_id <= 0 then
        raise exception 'an order number is a whole number above 0' using errcode = 'VB400';
    elsif not exists (select from violet.store as s where s.store_hash = p_store_hash) then
        raise exception 'there is no store %', p_store_hash using errcode = 'VB404';
    end if;
    update violet.bag as b set state = 'searching'
    where b.store_hash = p_store_hash and b.order_id = p_order_id and b.state in ('not_ours', 'ambiguous');
    perform api.job_put(p_store_hash, 'sync_order', p_order_id, p_now, p_now);
end
$$;
comment on function api.order_recheck(text, bigint, timestamptz) is
    'Look at an order again because somebody asks; that it was found not to be Violet''s is forgotten. VB404: no such store.';
grant execute on function api.order_recheck(text, bigint, timestamptz) to violet_web;
