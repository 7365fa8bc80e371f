-- SPDX-License-Identifier: Apache-2.0
-- The sweep: what BigCommerce's lists show is looked at, whether or not a webhook came. The watermarks say how far it has read;
-- they move in the transaction that makes the jobs due, so nothing is ever passed over.

create or replace function api.sweep_begin(p_store_hash text, p_overlap_ms bigint)
returns table (refunds_from timestamptz, refunds_known timestamptz, orders_from timestamptz, orders_known timestamptz,
    orders_read_at timestamptz)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    -- Before the first install there was somebody else to pay refunds: the sweep never reaches further back.
    select
        greatest(s.first_installed_at, s.swept_refund_at - p_overlap_ms * interval '1 millisecond'), s.swept_refund_at,
        greatest(s.first_installed_at, s.swept_order_at - p_overlap_ms * interval '1 millisecond'), s.swept_order_at,
        s.swept_orders_read_at
    from violet.store as s
    where s.store_hash = p_store_hash
$$;
comment on function api.sweep_begin(text, bigint) is
    'Where the sweep of a store begins: a while before the last row that it saw, which is known (null: none yet). orders_read_at: '
    'when the list of orders was read to its end last; null: never.';
grant execute on function api.sweep_begin(text, bigint) to violet_worker;

create or replace function api.sweep_refunds(p_store_hash text, p_refund_ids bigint[], p_order_ids bigint[],
    p_through timestamptz, p_through_id bigint, p_now timestamptz)
returns integer
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_due integer;
begin
    -- The store before its jobs, as whoever takes a job locks them.
    update violet.store as s
    set swept_refund_at = p_through, swept_refund_id = p_through_id
    where s.store_hash = p_store_hash
        and (s.swept_refund_at is null or (s.swept_refund_at, s.swept_refund_id) < (p_through, p_through_id));
    perform api.job_put(p_store_hash, 'sync_order', w.order_id, p_now, p_now)
    from (
        select distinct f.order_id
        from unnest(p_refund_ids, p_order_ids) as f (refund_id, order_id)
        where not exists (
                select from violet.refund as r
                where r.store_hash = p_store_hash and r.order_id = f.order_id and r.source in ('refund', 'elsewhere')
                    and r.source_id = f.refund_id)
            and not exists (
                select from violet.bag as b
                where b.store_hash = p_store_hash and b.order_id = f.order_id and b.state = 'not_ours')
        order by f.order_id
    ) as w;
    get diagnostics v_due = row_count;
    return v_due;
end
$$;
comment on function api.sweep_refunds(text, bigint[], bigint[], timestamptz, bigint, timestamptz) is
    'A page of BigCommerce''s refunds: have the orders looked at whose refund is not known yet and that may be Violet''s, and move '
    'the watermark to the page''s last row. How many orders that were.';
grant execute on function api.sweep_refunds(text, bigint[], bigint[], timestamptz, bigint, timestamptz) to violet_worker;

create or replace function api.sweep_orders(p_store_hash text, p_order_ids bigint[], p_status_ids bigint[],
    p_modified_ms bigint[], p_overlap_ms bigint, p_through timestamptz, p_through_id bigint, p_is_end boolean,
    p_now timestamptz)
returns integer
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    -- Refunded, Cancelled, Declined, Partially Refunded.
    v_matters constant bigint[] := array[4, 5, 6, 14];
    v_due integer;
begin
    -- The store before its jobs, as whoever takes a job locks them.
    update violet.store as s
    set swept_order_at = p_through, swept_order_id = p_through_id
    where s.store_hash = p_store_hash
        and (s.swept_order_at is null or (s.swept_order_at, s.swept_order_id) < (p_through, p_through_id));
    if p_is_end then
        update violet.store as s set swept_orders_read_at = p_now where s.store_hash = p_store_hash;
    end if;
    perform api.job_put(p_store_hash, 'sync_order', w.order_id, p_now, p_now)
    from (
        select distinct f.order_id
        from unnest(p_order_ids, p_status_ids, p_modified_ms) as f (order_id, status_id, modified_ms)
        left join violet.bag as b on b.store_hash = p_store_hash and b.order_id = f.order_id
        where (f.status_id = any (v_matters) or b.order_status = any (v_matters))
            and b.state is distinct from 'not_ours'
            -- A look with this very status, long enough after the change to have seen it, has said all there is to say.
            and (b.state = 'found' and b.order_status = f.status_id
                and b.looked_at >= timestamptz 'epoch' + (f.modified_ms + p_overlap_ms) * interval '1 millisecond') is not true
        order by f.order_id
    ) as w;
    get diagnostics v_due = row_count;
    return v_due;
end
$$;
comment on function api.sweep_orders(text, bigint[], bigint[], bigint[], bigint, timestamptz, bigint, boolean, timestamptz) is
    'A page of BigCommerce''s orders by time of change: have those looked at whose status is, or at the last look was, one that '
    'can mean money back, and move the watermark. p_is_end: the list was read to its end. How many orders that were.';
grant execute on function api.sweep_orders(text, bigint[], bigint[], bigint[], bigint, timestamptz, bigint, boolean,
    timestamptz) to violet_worker;

create or replace function api.store_quota(p_store_hash text, p_left bigint, p_total bigint)
returns void
language sql security definer set search_path = pg_catalog, violet, pg_temp
as $$
    update violet.store as s set quota_left = p_left, quota_total = p_total where s.store_hash = p_store_hash
$$;
comment on function api.store_quota(text, bigint, bigint) is
    'What BigCommerce said last of the store''s API quota, shared by all its apps: for the operator.';
grant execute on function api.store_quota(text, bigint, bigint) to violet_worker;
