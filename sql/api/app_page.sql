-- SPDX-License-Identifier: Apache-2.0
-- The embedded app: everything its page shows, as one document from one call. Times are milliseconds since 1970 (members
-- that end in _ms), amounts minor units of `currency`.

create or replace function violet.to_ms(p_at timestamptz)
returns bigint
language sql immutable strict set search_path = pg_catalog, violet, pg_temp
as $$
    select floor(extract(epoch from p_at) * 1000)::bigint
$$;
comment on function violet.to_ms is 'Milliseconds since 1970, UTC.';

create or replace function violet.app_page_links(p_store_hash text)
returns jsonb
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object('link_id', l.link_id, 'channel', c.name, 'enabled', c.enabled,
        'more_info_url', c.more_info_url, 'linked_ms', violet.to_ms(l.linked_at), 'ending', l.ending_at is not null)
        order by l.linked_at), '[]')
    from violet.link as l
    join violet.channel as c on c.channel_id = l.channel_id
    where l.store_hash = p_store_hash and l.ended_at is null
$$;
comment on function violet.app_page_links is 'The channels that a store is linked to, those included whose link is ending.';

create or replace function violet.app_page_refund(p_refund violet.refund)
returns jsonb
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select jsonb_build_object('order_id', p_refund.order_id, 'source', p_refund.source, 'source_id', p_refund.source_id,
        'state', p_refund.state, 'amount_minor', p_refund.amount_minor, 'currency', coalesce(p_refund.currency, b.currency),
        'made_ms', violet.to_ms(p_refund.made_at), 'done_ms', violet.to_ms(p_refund.done_at), 'channel', c.name,
        'wait_code', p_refund.wait_code, 'review_code', p_refund.review_code, 'review_reason', p_refund.review_reason,
        'proposed_minor', p_refund.proposed_minor, 'proposed_how', p_refund.proposed_how,
        'dismissed_reason', p_refund.dismissed_reason,
        'pay_currency', case when b.state = 'found' then b.currency end,
        'can_retry', p_refund.amount_minor is not null and violet.refund_untriable(p_refund) is null)
    from violet.bag as b
    left join violet.channel as c on c.channel_id = coalesce(p_refund.channel_id, b.channel_id)
    where b.store_hash = p_refund.store_hash and b.order_id = p_refund.order_id
$$;
comment on function violet.app_page_refund is
    'A refund as the embedded app shows it. A person pays in pay_currency, that of Violet''s order; without one nothing can be '
    'paid. can_retry: as api.refund_retry has it.';

create or replace function violet.app_page_part(p_store_hash text, p_reviews boolean, p_after integer, p_limit integer)
returns jsonb
language plpgsql stable set search_path = pg_catalog, violet, pg_temp
as $$
begin
    -- plpgsql plans for the numbers at hand, so that the planner can stop early.
    return coalesce((
        select jsonb_agg(violet.app_page_refund(f) order by f.created_at desc, f.order_id desc, f.source, f.source_id desc)
        from (
            select r.* from violet.refund as r
            where r.store_hash = p_store_hash and (r.state = 'review') = p_reviews
            order by r.created_at desc, r.order_id desc, r.source, r.source_id desc
            offset p_after limit p_limit
        ) as f), '[]');
end
$$;
comment on function violet.app_page_part is
    'A part of a store''s refunds, the newest first: those that wait for a person, or the others.';

create or replace function violet.app_page_reopened(p_store_hash text, p_now timestamptz)
returns table (latest jsonb, more bigint)
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    -- One press in the control panel changes the status of hundreds of orders.
    select coalesce(jsonb_agg(jsonb_build_object('order_id', o.order_id, 'paid_minor', o.paid_minor, 'currency', o.currency)
        order by o.place) filter (where o.place <= 3), '[]'), count(*) filter (where o.place > 3)
    from (
        select b.*, row_number() over (order by b.reopened_at desc, b.order_id desc) as place
        from violet.bag as b
        where b.store_hash = p_store_hash and b.reopened_at > p_now - interval '30 days') as o
$$;
comment on function violet.app_page_reopened is
    'Orders that were paid back as cancelled and were opened again in the last 30 days: the latest three, and how many more.';

create or replace function violet.app_page_changed(p_store_hash text, p_now timestamptz)
returns jsonb
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_build_object('order_id', c.order_id) order by c.cancel_seen_at desc), '[]')
    from (
        select b.order_id, b.cancel_seen_at
        from violet.job as j
        join violet.bag as b on b.store_hash = j.store_hash and b.order_id = j.ref
        where j.store_hash = p_store_hash and j.kind = 'sync_order' and b.state = 'found' and b.cancel_status is not null
            and b.cancel_seen_at > p_now - interval '1 day' and coalesce(b.paid_minor, 0) < b.total_minor
            and not exists (
                select from violet.refund as r
                where r.store_hash = b.store_hash and r.order_id = b.order_id and r.source in ('cancel', 'status')
                    and r.source_id = b.cancel_count)
        order by b.cancel_seen_at desc
        limit 5) as c
$$;
comment on function violet.app_page_changed is
    'Orders, the latest five, whose status can mean money back and whose grace time runs: they have no refund yet.';

create or replace function violet.app_page_store(p_store_hash text, p_now timestamptz)
returns jsonb
language sql stable set search_path = pg_catalog, violet, pg_temp
as $$
    select jsonb_build_object('name', s.name, 'domain', s.domain, 'scopes', array_to_string(s.scopes, ' '),
        'installed_ms', violet.to_ms(s.installed_at), 'refused', s.token_refused_at is not null,
        'paused', s.fuse_tripped_at is not null or i.refunds_held_at is not null or i.fuse_tripped_at is not null,
        'merchant_id', violet.merchant_of(s.store_hash),
        'hooks', jsonb_build_object('checked_ms', violet.to_ms(s.hooks_checked_at), 'result', s.hooks_result,
            'event_ms', (
                select violet.to_ms(max(e.received_at)) from violet.event as e
                where e.store_hash = s.store_hash and e.received_at > p_now - interval '30 days')),
        'discounts', jsonb_build_object('read_ms', violet.to_ms(s.discounts_read_at), 'error', s.discounts_error,
            'works', d.works, 'not_now', d.not_now, 'never', d.never))
    from violet.store as s
    cross join violet.instance as i
    cross join lateral (
        select count(*) filter (where verdict = 'works') as works, count(*) filter (where verdict = 'not_now') as not_now,
            count(*) filter (where verdict = 'never') as never
        from violet.discount as c
        where c.store_hash = s.store_hash) as d
    where s.store_hash = p_store_hash
$$;
comment on function violet.app_page_store is
    'A store as the embedded app shows it: access, webhooks, discounts, merchant id.';

create or replace function api.app_overview(p_store_hash text, p_user_id bigint, p_reviews_after integer,
    p_refunds_after integer, p_now timestamptz)
returns jsonb
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    -- The page must stay small (tests/http/test_app.py measures it): its parts' sizes are here and nowhere else.
    with size as (
        select 4 as reviews, 8 as refunds, (
            select count(*)::integer from violet.refund as r where r.store_hash = p_store_hash and r.state = 'review') as total
    ), place as (
        -- Answered reviews leave the list: where it ends before the place that was asked for, its last part is shown.
        select size.*, least(p_reviews_after, greatest(total - 1, 0) / reviews * reviews) as reviews_after from size
    ), part as (
        select place.*, violet.app_page_part(p_store_hash, true, reviews_after, reviews) as review_rows,
            violet.app_page_part(p_store_hash, false, p_refunds_after, refunds + 1) as refund_rows
        from place
    )
    select jsonb_build_object('state', 'ok',
        'store', violet.app_page_store(p_store_hash, p_now),
        'user', (
            select jsonb_build_object('locale', u.locale, 'may_link', u.is_owner or u.installed_at is not null)
            from violet.store_user as u
            where u.store_hash = p_store_hash and u.user_id = p_user_id),
        'ask', api.link_people(p_store_hash),
        'links', violet.app_page_links(p_store_hash),
        'waiting', coalesce((
            select jsonb_agg(jsonb_build_object('connection_id', w.connection_id, 'channel', w.name,
                'redirect_url', w.redirect_url) order by w.begun_at)
            -- Anybody may begin one for every channel there is: the merchant's own is the newest, or among them.
            from (
                select * from violet.connections_waiting(p_store_hash, p_now) order by begun_at desc limit 50) as w), '[]'),
        'reviews', part.review_rows, 'reviews_after', part.reviews_after,
        'reviews_left', greatest(part.total - part.reviews_after - part.reviews, 0),
        'reviews_next', case when part.total > part.reviews_after + part.reviews then part.reviews_after + part.reviews end,
        'reviews_previous', case when part.reviews_after > 0 then greatest(part.reviews_after - part.reviews, 0) end,
        'refunds', part.refund_rows - part.refunds,
        'refunds_next', case when jsonb_array_length(part.refund_rows) > part.refunds then p_refunds_after + part.refunds end,
        'refunds_previous', case when p_refunds_after > 0 then greatest(p_refunds_after - part.refunds, 0) end,
        'reopened', reopened.latest, 'reopened_more', reopened.more, 'changed', violet.app_page_changed(p_store_hash, p_now))
    from part
    cross join violet.app_page_reopened(p_store_hash, p_now) as reopened
$$;
comment on function api.app_overview is
    'All that the embedded app''s page shows to a user, as one document. Reviews and refunds come in parts: *_after says how '
    'many newer ones are left out, *_next and *_previous do so for the neighbouring parts (null: there is none).';
grant execute on function api.app_overview to violet_web;

create or replace function api.app_review(p_store_hash text, p_order_id bigint, p_source text, p_source_id bigint)
returns jsonb
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select violet.app_page_refund(r)
    from violet.refund as r
    where r.store_hash = p_store_hash and r.order_id = p_order_id and r.source = p_source and r.source_id = p_source_id
        and r.state = 'review'
$$;
comment on function api.app_review is 'A refund that waits for a person, as the page shows it; null if it does not, or is not there.';
grant execute on function api.app_review to violet_web;

create or replace function api.app_load(p_store_hash text, p_user_id bigint, p_user_email text, p_locale text,
    p_owner_id bigint, p_issued_at timestamptz, p_now timestamptz)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, violet, pg_temp
as $$
declare
    v_installed_at timestamptz;
    v_owner_id bigint;
begin
    select s.installed_at, coalesce(s.owner_id, p_owner_id) into v_installed_at, v_owner_id
    from violet.store as s
    where s.store_hash = p_store_hash and s.sealed_token is not null;
    if not found then
        return jsonb_build_object('state', 'absent');
    end if;
    -- A day-old address must not open a later install. BigCommerce's clock and ours may differ by a minute.
    if p_issued_at < v_installed_at - interval '1 minute' then
        return jsonb_build_object('state', 'stale');
    end if;
    -- Who owns the store is said by the install: a change of owner leads to a new one.
    insert into violet.store_user as u (store_hash, user_id, email, locale, is_owner, first_seen_at, last_seen_at)
    values (p_store_hash, p_user_id, case when p_user_id = v_owner_id then p_user_email end, p_locale,
        coalesce(p_user_id = v_owner_id, false), p_now, p_now) -- nobody may have named the owner
    on conflict (store_hash, user_id) do update
        set email = case when u.is_owner or u.installed_at is not null or excluded.is_owner
                then coalesce(p_user_email, u.email) end,
            locale = coalesce(excluded.locale, u.locale), is_owner = excluded.is_owner or u.is_owner,
            last_seen_at = excluded.last_seen_at, removed_at = null
        where u.removed_at is null or u.removed_at < p_issued_at;
    if not found then
        return jsonb_build_object('state', 'stale');
    end if;
    return api.app_overview(p_store_hash, p_user_id, 0, 0, p_now);
end
$$;
comment on function api.app_load is
    'A user opens the embedded app: note the user and answer with api.app_overview''s document, or with {"state": "absent"} (not '
    'installed) or "stale" (a token older than the install, or than the user''s removal). E-mail addresses are kept only of '
    'those who may link, so that others learn whom to ask.';
grant execute on function api.app_load to violet_web;
