-- SPDX-License-Identifier: Apache-2.0
-- Stores, channels, links, and how merchants come through Connect.

create or replace view report.stores as
    select s.store_hash, s.name, s.domain, s.currency::text as currency,
        case
            when s.uninstalled_at is not null then 'uninstalled'
            when s.token_refused_at is not null then 'token refused'
            else 'installed'
        end as state,
        s.first_installed_at, s.installed_at, s.uninstalled_at,
        (select m.merchant_id from violet.store_merchant as m where m.store_hash = s.store_hash
            order by m.last_seen_at desc, m.merchant_id desc limit 1) as merchant_id,
        (select string_agg(c.slug, ' ' order by c.slug) from violet.link as l
            join violet.channel as c on c.channel_id = l.channel_id
            where l.store_hash = s.store_hash and l.ended_at is null) as channels,
        (select count(*) from violet.refund as r where r.store_hash = s.store_hash
            and r.state in ('pending', 'sending', 'unknown', 'accepted')) as refunds_under_way,
        (select count(*) from violet.refund as r where r.store_hash = s.store_hash and r.state = 'review') as reviews,
        s.hooks_checked_at, s.fuse_tripped_at, now() as as_of
    from violet.store as s;
comment on view report.stores is 'One row per store that ever installed the app.';
comment on column report.stores.store_hash is 'The store''s name in BigCommerce''s API: store-{hash}.mybigcommerce.com.';
comment on column report.stores.name is 'The store''s name.';
comment on column report.stores.domain is 'The store''s domain.';
comment on column report.stores.currency is 'The store''s currency, ISO 4217.';
comment on column report.stores.state is 'installed, uninstalled, or token refused (installed, but BigCommerce answers 401 or 403).';
comment on column report.stores.first_installed_at is 'First install. UTC.';
comment on column report.stores.installed_at is 'Last install. UTC.';
comment on column report.stores.uninstalled_at is 'Uninstall; null while the app is installed. UTC.';
comment on column report.stores.merchant_id is 'Violet''s merchant id in force; null while none is known.';
comment on column report.stores.channels is 'Slugs of the channels now linked, with a space between; null if none.';
comment on column report.stores.refunds_under_way is 'Refunds that are to be paid or on their way. Count.';
comment on column report.stores.reviews is 'Refunds that wait for a person. Count.';
comment on column report.stores.hooks_checked_at is 'Last check of the store''s webhooks at BigCommerce. UTC.';
comment on column report.stores.fuse_tripped_at is 'Since when the fuse stops the store''s refunds; null while it does not. UTC.';
comment on column report.stores.as_of is 'When this was read: the same in all reports of one transaction. UTC.';
grant select on report.stores to violet_report;

create or replace view report.links as
    select l.store_hash, s.name as store_name, c.slug as channel, c.app_id, l.made_how, l.linked_at, l.ending_at, l.ended_at,
        l.end_reason, l.ended_at is null as living,
        round(extract(epoch from coalesce(l.ended_at, now()) - l.linked_at) / 86400, 1) as days, now() as as_of
    from violet.link as l
    join violet.store as s on s.store_hash = l.store_hash
    join violet.channel as c on c.channel_id = l.channel_id;
comment on view report.links is 'One row per link of a store and a channel, the ended ones too.';
comment on column report.links.store_hash is 'The store.';
comment on column report.links.store_name is 'The store''s name.';
comment on column report.links.channel is 'The channel''s slug.';
comment on column report.links.app_id is 'The channel''s app id at Violet.';
comment on column report.links.made_how is 'button, code, or external_install.';
comment on column report.links.linked_at is 'When it was made. UTC.';
comment on column report.links.ending_at is 'When unlinking was asked for. UTC.';
comment on column report.links.ended_at is 'When it ended; null while it lives. UTC.';
comment on column report.links.end_reason is 'merchant or uninstall; null while it lives.';
comment on column report.links.living is 'Whether it lives.';
comment on column report.links.days is 'How long it has lived. Days.';
comment on column report.links.as_of is 'When this was read. UTC.';
grant select on report.links to violet_report;

create or replace view report.channels as
    select c.slug as channel, c.name, c.app_id, c.enabled,
        count(distinct l.store_hash) filter (where l.ended_at is null) as stores_linked,
        count(distinct m.merchant_id) filter (where l.ended_at is null) as merchants_linked,
        count(distinct l.store_hash) as stores_ever_linked, max(l.linked_at) as last_linked_at, c.created_at, now() as as_of
    from violet.channel as c
    left join violet.link as l on l.channel_id = c.channel_id
    left join violet.store_merchant as m on m.store_hash = l.store_hash
        and m.last_seen_at = (select max(n.last_seen_at) from violet.store_merchant as n where n.store_hash = l.store_hash)
    group by c.channel_id, c.slug, c.name, c.app_id, c.enabled, c.created_at;
comment on view report.channels is 'Merchants per channel.';
comment on column report.channels.channel is 'The channel''s slug.';
comment on column report.channels.name is 'The channel''s name.';
comment on column report.channels.app_id is 'The channel''s app id at Violet.';
comment on column report.channels.enabled is 'Whether its Connect link is open.';
comment on column report.channels.stores_linked is 'Stores now linked. Count.';
comment on column report.channels.merchants_linked is 'Of these, the merchants whose Violet id is known. Count.';
comment on column report.channels.stores_ever_linked is 'Stores that ever were linked. Count.';
comment on column report.channels.last_linked_at is 'The newest link. UTC.';
comment on column report.channels.created_at is 'When the channel was added. UTC.';
comment on column report.channels.as_of is 'When this was read. UTC.';
grant select on report.channels to violet_report;

create or replace view report.funnel as
    select (n.created_at at time zone 'UTC')::date as day, c.slug as channel, count(*) as started,
        count(*) filter (where n.store_hash is not null) as store_proved,
        count(*) filter (where n.outcome = 'linked') as linked,
        count(*) filter (where n.outcome = 'declined') as declined,
        count(*) filter (where n.outcome = 'locked') as failed,
        count(*) filter (where n.outcome is null and n.expires_at > now()) as under_way,
        count(*) filter (where n.outcome in ('replaced', 'expired') or n.outcome is null and n.expires_at <= now()) as abandoned,
        round((percentile_cont(0.5) within group (order by extract(epoch from n.ended_at - n.created_at))
            filter (where n.outcome = 'linked'))::numeric / 60, 1) as median_minutes,
        now() as as_of
    from violet.connection as n
    join violet.channel as c on c.channel_id = n.channel_id
    group by 1, 2;
comment on view report.funnel is 'How far merchants come through Connect: by the UTC day on which they began, and channel. Runs without a link are kept for 90 days.';
comment on column report.funnel.day is 'UTC day of the beginning.';
comment on column report.funnel.channel is 'The channel''s slug.';
comment on column report.funnel.started is 'Runs that typed an address and pressed Connect. Count.';
comment on column report.funnel.store_proved is 'Runs whose store proved itself (button, code, or external install). Count.';
comment on column report.funnel.linked is 'Runs that ended in a link. Count.';
comment on column report.funnel.declined is 'Runs whose merchant pressed "Don''t connect". Count.';
comment on column report.funnel.failed is 'Runs that five wrong codes ended. Count.';
comment on column report.funnel.under_way is 'Runs that can still be finished. Count.';
comment on column report.funnel.abandoned is 'Runs that were begun anew or left until they expired. Count.';
comment on column report.funnel.median_minutes is 'Half of those who linked took no longer. Minutes.';
comment on column report.funnel.as_of is 'When this was read. UTC.';
grant select on report.funnel to violet_report;
