-- SPDX-License-Identifier: Apache-2.0
-- The tables of Violet's BigCommerce connection.
--
-- Every table of a store starts its primary key with store_hash, and every unique constraint, foreign key and join
-- includes it: that is what lets the database be spread over machines by store (sql/citus.sql). channel and connection
-- belong to no store. Programs touch no table: they call the functions of the schema api.

-- PostgreSQL lets everybody execute a new function. Ours are for those who are named with it.
alter default privileges revoke execute on functions from public;

create schema violet;
create schema api;
create schema report;
grant usage on schema api to violet_web, violet_worker, violet_operator;
grant usage on schema report to violet_report;

comment on schema violet is 'The tables. Nobody but the owner touches them.';
comment on schema api is 'The functions that the programs call.';
comment on schema report is 'Read-only views for analysts: no token, secret or e-mail address.';

create domain violet.store_hash as text
    check (value ~ '^[a-z0-9]{1,32}$');
comment on domain violet.store_hash is 'A BigCommerce store''s name in its API: store-{hash}.mybigcommerce.com.';

create domain violet.currency as text
    check (value ~ '^[A-Z]{3}$');
comment on domain violet.currency is 'ISO 4217 code.';

-- One row of facts about the whole installation.
create table violet.instance (
    single boolean primary key default true check (single),
    oldest_version text not null,
    timeline text,
    timeline_since timestamptz,
    refunds_held_by text,
    refunds_held_at timestamptz,
    fuse_tripped_at timestamptz,
    fuse_reason text,
    fuse_since timestamptz
);
comment on table violet.instance is 'Facts about the whole installation: one row.';
comment on column violet.instance.oldest_version is 'The oldest program version that this schema serves; older programs refuse to start.';
comment on column violet.instance.timeline is 'The WAL timeline seen last. A change means a failover: nothing is sent for SETTLE_SECONDS.';
comment on column violet.instance.refunds_held_by is 'Who stopped all sending with "refunds hold"; null while refunds flow.';
comment on column violet.instance.fuse_tripped_at is 'When the fuse over all stores stopped all sending; null while it has not.';
comment on column violet.instance.fuse_since is 'When "refunds resume" last mended the fuses: what was sent before counts no longer.';

insert into violet.instance (oldest_version) values ('0.1.0');

-- Channels ------------------------------------------------------------------------------------------------------------

create table violet.channel (
    channel_id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text not null check (length(name) between 1 and 100),
    description text not null default '' check (length(description) <= 1000),
    logo_url text check (logo_url ~ '^https?://'),
    more_info_url text check (more_info_url ~ '^https?://'),
    redirect_url text not null check (redirect_url ~ '^https?://'),
    app_id integer not null unique check (app_id > 0),
    sealed_credentials text not null,
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now()
);
comment on table violet.channel is 'Violet apps that sell merchants'' products. Never deleted: orders of old channels must stay refundable.';
comment on column violet.channel.slug is 'The name in the Connect link /connect/{slug}.';
comment on column violet.channel.app_id is 'Violet''s app id.';
comment on column violet.channel.sealed_credentials is 'Sealed JSON {"app_secret","username","password"} of the Violet app.';

-- Stores --------------------------------------------------------------------------------------------------------------

create table violet.store (
    store_hash violet.store_hash primary key,
    name text not null default '',
    domain text,
    control_panel_url text,
    currency violet.currency,
    sealed_token text,
    scopes text[] not null default '{}',
    owner_id bigint,
    first_installed_at timestamptz not null,
    installed_at timestamptz,
    uninstalled_at timestamptz,
    token_refused_at timestamptz,
    cancel_policy text not null default 'refund' check (cancel_policy in ('refund', 'review')),
    cancel_grace_seconds integer check (cancel_grace_seconds between 0 and 86400),
    gate_until timestamptz,
    quota_left bigint,
    quota_total bigint,
    swept_refund_at timestamptz,
    swept_refund_id bigint not null default 0,
    swept_order_at timestamptz,
    swept_order_id bigint not null default 0,
    swept_orders_read_at timestamptz,
    hooks_checked_at timestamptz,
    hooks_result jsonb,
    discounts_read_at timestamptz,
    discounts_error text,
    fuse_tripped_at timestamptz,
    fuse_reason text,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    check (sealed_token is null or installed_at is not null)
);
comment on table violet.store is 'BigCommerce stores that ever installed the app.';
comment on column violet.store.sealed_token is 'Sealed BigCommerce access token; null when the app is not installed.';
comment on column violet.store.token_refused_at is 'When BigCommerce last answered 401 or 403 to the token; null after a good answer.';
comment on column violet.store.cancel_grace_seconds is 'How long a cancellation may be undone before it is paid; null: the program''s setting.';
comment on column violet.store.gate_until is 'No job of the store is taken before this moment (429, store down).';
comment on column violet.store.swept_refund_at is 'Sweep watermark: BigCommerce''s creation time of the last refund seen. Survives uninstall.';
comment on column violet.store.hooks_result is 'What the last hook audit found, for display: [{"scope","state"}].';

create table violet.store_merchant (
    store_hash violet.store_hash not null references violet.store,
    merchant_id integer not null check (merchant_id > 0),
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    set_by text not null default 'violet',
    primary key (store_hash, merchant_id)
);
comment on table violet.store_merchant is 'Every Violet merchant id that a store ever had; the one seen last is in force.';

create table violet.store_user (
    store_hash violet.store_hash not null references violet.store,
    user_id bigint not null,
    email text,
    locale text,
    is_owner boolean not null default false,
    installed_at timestamptz,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    removed_at timestamptz,
    code_failures integer not null default 0,
    code_failed_at timestamptz,
    primary key (store_hash, user_id)
);
comment on table violet.store_user is 'Users of the control panel who opened or installed the app. The owner and those who installed may link.';
comment on column violet.store_user.code_failures is 'Wrong Connect codes that the user typed since the last right one or the last pause of 15 minutes.';

create table violet.link (
    store_hash violet.store_hash not null references violet.store,
    link_id bigint generated always as identity,
    channel_id bigint not null references violet.channel,
    made_how text not null check (made_how in ('button', 'code', 'external_install')),
    made_by_user bigint not null,
    connection_id bigint,
    linked_at timestamptz not null,
    ending_at timestamptz,
    ended_at timestamptz,
    end_reason text check (end_reason in ('merchant', 'uninstall')),
    primary key (store_hash, link_id),
    check (ended_at is null or end_reason is not null)
);
create unique index link_living on violet.link (store_hash, channel_id) where ended_at is null;
comment on table violet.link is 'Channel and store. One living link per pair; ended ones stay as history.';
comment on column violet.link.ending_at is 'When the merchant asked to unlink; ended_at follows once Violet has carried it out.';

-- Connections ---------------------------------------------------------------------------------------------------------

create table violet.connection (
    connection_id bigint generated always as identity primary key,
    cookie_hash bytea not null check (length(cookie_hash) = 32),
    channel_id bigint not null references violet.channel,
    state text check (octet_length(state) <= 1024),
    typed text not null default '',
    typed_hash text,
    code_hash bytea unique check (length(code_hash) = 32),
    code_expires_at timestamptz,
    code_failures integer not null default 0,
    store_hash text,
    user_id bigint,
    proof text check (proof in ('button', 'code', 'external_install')),
    merchant_id integer,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    outcome text check (outcome in ('linked', 'declined', 'locked', 'replaced', 'expired')),
    ended_at timestamptz,
    check ((outcome is null) = (ended_at is null))
);
create unique index connection_living on violet.connection (cookie_hash, channel_id) where ended_at is null;
-- Anybody may begin connections, naming any store: they are found without reading them all.
create index connection_cookie on violet.connection (cookie_hash, channel_id, connection_id);
create index connection_store on violet.connection (store_hash) where ended_at is null;
create index connection_typed on violet.connection (typed_hash, channel_id, connection_id) where ended_at is null;
create index connection_expiry on violet.connection (expires_at) where ended_at is null;
create index connection_unlinked on violet.connection (ended_at) where outcome <> 'linked';
comment on table violet.connection is 'Runs of merchants through Connect. Belongs to no store until the embedded app or the install names it.';
comment on column violet.connection.cookie_hash is 'SHA-256 of the browser''s cookie. A browser has one living connection per channel.';
comment on column violet.connection.code_hash is 'MAC of the 8-character code, keyed with the seal key: the code itself follows from the cookie.';
comment on column violet.connection.typed is 'What was typed into the admin URL field.';
comment on column violet.connection.store_hash is 'The store that proved itself: by ticket, by code, or by an external install.';
comment on column violet.connection.proof is 'How store and connection were tied together; the link is made only by the POST on our own page.';

create table violet.ticket (
    store_hash violet.store_hash not null references violet.store,
    channel_id bigint not null references violet.channel,
    ticket_hash bytea not null check (length(ticket_hash) = 32),
    user_id bigint not null,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (store_hash, channel_id)
);
comment on table violet.ticket is
    'Tickets that the embedded app made: the newest of a store and channel, gone once spent. Good in a browser whose '
    'connection named that store before.';
comment on column violet.ticket.ticket_hash is 'SHA-256 of the ticket.';
comment on column violet.ticket.user_id is 'Who pressed "Finish connecting".';

-- Events --------------------------------------------------------------------------------------------------------------

create sequence violet.event_id as bigint cache 1000;

create table violet.event (
    store_hash violet.store_hash not null,
    received_at timestamptz not null,
    event_id bigint not null default nextval('violet.event_id'),
    scope text,
    order_id bigint,
    webhook_id text,
    signature text not null default 'absent' check (signature in ('absent', 'good', 'bad', 'old')),
    problem text,
    body bytea not null,
    primary key (store_hash, received_at, event_id)
) partition by range (received_at);
create table violet.event_default partition of violet.event default;
comment on table violet.event is 'Webhooks as received, never updated, dropped by partition. No uniqueness: jobs collapse duplicates.';
comment on column violet.event.problem is 'Why the body could not be used; null when it could. Such an event makes the store''s sweep due.';

-- Jobs ----------------------------------------------------------------------------------------------------------------

create type violet.job_kind as enum (
    'sync_order', 'sweep', 'ensure_hooks', 'read_discounts', 'resolve_merchant', 'confirm_uninstall', 'unlink');

create sequence violet.job_generation as bigint cache 100;

create table violet.job (
    store_hash violet.store_hash not null,
    kind violet.job_kind not null,
    ref bigint not null default 0,
    due_at timestamptz not null,
    generation bigint not null default nextval('violet.job_generation'),
    attempts integer not null default 0,
    made_at timestamptz not null,
    lease_token uuid,
    lease_until timestamptz,
    note text,
    primary key (store_hash, kind, ref)
) with (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_threshold = 2000, autovacuum_analyze_scale_factor = 0);
create index job_due on violet.job (due_at);
-- By their end: while anybody holds a snapshot, leases that ended since stay in an index by store.
create index job_leased on violet.job (lease_until, store_hash) where lease_until is not null;
comment on table violet.job is 'Work that is due: a row only while there is work. Lives on inserts and deletes, so autovacuum is keen.';
comment on column violet.job.ref is 'sync_order: order id; unlink: link id; confirm_uninstall: Unix time of the callback''s token; else 0.';
comment on column violet.job.generation is 'Raised by each new cause, from a sequence, never reused: finishing an old generation leaves the job due.';
comment on column violet.job.note is 'Why the last attempt did not finish.';

-- Orders at Violet and refunds ----------------------------------------------------------------------------------------

create table violet.bag (
    store_hash violet.store_hash not null references violet.store,
    order_id bigint not null,
    state text not null check (state in ('searching', 'found', 'not_ours', 'ambiguous')),
    searches integer not null default 0,
    violet_order_id bigint,
    bag_id bigint,
    channel_id bigint references violet.channel,
    merchant_id integer,
    bag_status text,
    currency violet.currency,
    total_minor bigint,
    lines jsonb,
    order_currency violet.currency,
    order_total_minor bigint,
    order_status integer,
    order_made_at timestamptz,
    external_source text,
    cancel_status integer,
    cancel_count integer not null default 0,
    cancel_seen_at timestamptz,
    cancel_refund_ids bigint[],
    owed_minor bigint not null default 0,
    paid_minor bigint not null default 0,
    frozen boolean not null default false,
    overpaid_at timestamptz,
    reopened_at timestamptz,
    recheck_at timestamptz,
    looked_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (store_hash, order_id),
    check (state <> 'found' or (violet_order_id is not null and bag_id is not null and channel_id is not null
        and merchant_id is not null and currency is not null and total_minor is not null))
);
create unique index bag_once on violet.bag (store_hash, bag_id) where bag_id is not null;
create index bag_reopened on violet.bag (store_hash, reopened_at) where reopened_at is not null;
create index bag_overpaid on violet.bag (store_hash, order_id) where overpaid_at is not null;
comment on table violet.bag is 'What a BigCommerce order is at Violet. Amounts are minor units of currency unless the name says otherwise.';
comment on column violet.bag.cancel_status is 'The order''s status while it alone means money back: cancelled, declined, or set by hand without records.';
comment on column violet.bag.cancel_count is 'How often the order came to such a status: the source_id of the present one''s refund.';
comment on column violet.bag.cancel_seen_at is 'Since when looks have seen this status with these refunds; null once it has left that status.';
comment on column violet.bag.cancel_refund_ids is 'The order''s BigCommerce refunds as read then: a fresh read must show the same before it is paid.';
comment on column violet.bag.frozen is 'Nothing is sent for this bag until a person has settled its review.';
comment on column violet.bag.owed_minor is 'What BigCommerce''s refunds and status make us owe, as the last look worked it out.';
comment on column violet.bag.paid_minor is 'What Violet has paid back or is about to, whoever began it, as the last look saw it.';
comment on column violet.bag.recheck_at is 'The next look that compares paid with owed after a send; null: none is left.';
comment on column violet.bag.reopened_at is 'The order was paid back as cancelled and is open again: nothing is taken back, but it is shown.';

create type violet.refund_state as enum (
    'pending', 'sending', 'unknown', 'accepted', 'done', 'review', 'dismissed', 'covered', 'foreign');

create table violet.refund_move (
    from_state violet.refund_state not null,
    to_state violet.refund_state not null,
    meaning text not null,
    primary key (from_state, to_state)
);
comment on table violet.refund_move is 'The allowed moves of a refund. violet.refund_save is the only function that moves one.';

insert into violet.refund_move (from_state, to_state, meaning) values
    ('pending', 'sending', 'committed before the call to Violet'),
    ('sending', 'accepted', 'Violet answered with a refund'),
    ('sending', 'pending', 'certainly not sent, or refused for the moment'),
    ('sending', 'unknown', 'sent without a whole answer, or the sender died'),
    ('unknown', 'accepted', 'found at Violet'),
    ('unknown', 'pending', 'proved absent at Violet'),
    ('accepted', 'done', 'Violet completed it'),
    ('pending', 'accepted', 'already at Violet: answered by evidence'),
    ('pending', 'covered', 'a paid cancellation has paid it'),
    ('pending', 'foreign', 'begun at Violet: Violet pays it'),
    ('pending', 'dismissed', 'withdrawn at BigCommerce before anything was sent'),
    ('pending', 'review', 'needs a person'),
    ('sending', 'review', 'needs a person'),
    ('unknown', 'review', 'needs a person'),
    ('accepted', 'review', 'Violet failed it or changed it'),
    ('done', 'review', 'Violet took it back after completing it'),
    ('review', 'pending', 'a person approved or retried it, or its cause has gone'),
    ('review', 'dismissed', 'a person dismissed it, or it was withdrawn unsent');

create table violet.refund (
    store_hash violet.store_hash not null,
    order_id bigint not null,
    source text not null check (source in ('refund', 'elsewhere', 'cancel', 'status')),
    source_id bigint not null,
    state violet.refund_state not null default 'pending',
    version bigint not null default 1,
    amount_minor bigint check (amount_minor > 0),
    currency violet.currency,
    channel_id bigint references violet.channel,
    marker text not null check (octet_length(marker) <= 40),
    user_id bigint not null default 0,
    made_at timestamptz not null,
    found_by text not null default 'webhook' check (found_by in ('webhook', 'sweep')),
    send_by timestamptz,
    sent_at timestamptz,
    violet_refund_id bigint,
    violet_status text,
    absent_at timestamptz,
    blocked_at timestamptz,
    wait_code text,
    poll_at timestamptz,
    polls integer not null default 0,
    review_code text,
    review_reason text,
    proposed_minor bigint check (proposed_minor > 0),
    proposed_how jsonb,
    approved_by text,
    approved_at timestamptz,
    settled_at timestamptz,
    dismissed_by text,
    dismissed_reason text,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    done_at timestamptz,
    primary key (store_hash, order_id, source, source_id),
    foreign key (store_hash, order_id) references violet.bag,
    check (state not in ('sending', 'unknown', 'accepted', 'done') or (amount_minor is not null and currency is not null)),
    check (state not in ('sending', 'unknown') or send_by is not null),
    check (state not in ('accepted', 'done') or violet_refund_id is not null),
    check (state <> 'review' or review_reason is not null),
    check (state <> 'dismissed' or (dismissed_by is not null and dismissed_reason is not null))
);
create unique index refund_one_in_flight on violet.refund (store_hash, order_id) where state in ('sending', 'unknown');
create unique index refund_answers_once on violet.refund (store_hash, violet_refund_id) where violet_refund_id is not null;
create index refund_open on violet.refund (store_hash, state) where state not in ('done', 'covered', 'foreign', 'dismissed');
create index refund_recent on violet.refund (store_hash, created_at);
create index refund_swept on violet.refund (store_hash, created_at) where found_by = 'sweep';
comment on table violet.refund is 'One amount that Violet must pay back for one order.';
comment on column violet.refund.source is 'refund: a BigCommerce refund; elsewhere: the part of one that was given back otherwise; cancel: the order was cancelled; status: it was set by hand.';
comment on column violet.refund.source_id is 'BigCommerce''s refund id; for cancel and status a running number from 1 per order.';
comment on column violet.refund.version is 'Raised by each change: who changes a row names the version that they read.';
comment on column violet.refund.amount_minor is 'Minor units of currency. Null only while unknown (pending wait, review): approving then demands an amount.';
comment on column violet.refund.marker is 'First in the reason that Violet gets: bc:{order}:r{refund id}, with e behind it for elsewhere; bc:{order}:cancel, cancel2...';
comment on column violet.refund.user_id is 'BigCommerce''s control panel user; 0: made through the API (perhaps by Violet) or unknown.';
comment on column violet.refund.made_at is 'When it was made at BigCommerce.';
comment on column violet.refund.send_by is 'Past this moment a send that has not left is given up.';
comment on column violet.refund.blocked_at is 'When a look first found that sums or BigCommerce''s list forbid it; after SETTLE_SECONDS it is a review.';
comment on column violet.refund.wait_code is 'Why a pending one waits: settling, grace, hold, shadow, fuse, timeline, frozen, turn, violet, sums, stale, busy, cancel.';
comment on column violet.refund.proposed_how is 'How proposed_minor was worked out, as facts, so that each reader gets it in their language: {"how": "share", ...}.';
comment on column violet.refund.settled_at is 'When a person approved or retried it; what Violet failed before then is not held against it.';
comment on column violet.refund.absent_at is 'When a look first found it absent at Violet after an attempt; a second look a minute later proves it.';

create table violet.refund_attempt (
    store_hash violet.store_hash not null,
    order_id bigint not null,
    source text not null,
    source_id bigint not null,
    attempt integer not null,
    started_at timestamptz not null,
    send_by timestamptz not null,
    amount_minor bigint not null,
    currency violet.currency not null,
    owed_minor bigint not null,
    paid_minor bigint not null,
    seen_ids bigint[] not null,
    finished_at timestamptz,
    outcome text,
    detail text,
    violet_refund_id bigint,
    primary key (store_hash, order_id, source, source_id, attempt),
    foreign key (store_hash, order_id, source, source_id) references violet.refund
);
create index refund_attempt_recent on violet.refund_attempt (store_hash, started_at);
create index refund_attempt_hour on violet.refund_attempt (started_at);
comment on table violet.refund_attempt is 'Every send: committed before the call, with the refund ids that Violet showed then.';
comment on column violet.refund_attempt.owed_minor is 'What the send rested on: owed then, or what a person approved.';
comment on column violet.refund_attempt.outcome is
    'accepted, failed, not_sent, refused, lines_refused, unknown, absent; found: a refund of Violet''s that answered without a send of '
    'ours, kept so that it never answers again; null while under way.';

create table violet.refund_history (
    store_hash violet.store_hash not null,
    order_id bigint not null,
    source text not null,
    source_id bigint not null,
    moved_at timestamptz not null,
    history_id bigint generated always as identity,
    from_state violet.refund_state,
    to_state violet.refund_state not null,
    moved_by text not null,
    why text,
    primary key (store_hash, order_id, source, source_id, history_id)
);
comment on table violet.refund_history is 'Each move of a refund: when, by whom, why.';

create table violet.refund_day (
    store_hash violet.store_hash not null,
    day date not null,
    channel_id bigint not null,
    currency text not null,
    state violet.refund_state not null,
    refunds bigint not null,
    amount_minor numeric not null,
    primary key (store_hash, day, channel_id, currency, state)
);
comment on table violet.refund_day is 'Roll-up of refund by the UTC day of made_at, kept by the function that moves states. channel_id 0 and currency "": not known.';

-- Discounts -----------------------------------------------------------------------------------------------------------

create table violet.discount (
    store_hash violet.store_hash not null references violet.store,
    source text not null check (source in ('coupon', 'promotion')),
    discount_id bigint not null,
    name text not null default '',
    codes text[] not null default '{}',
    verdict text not null check (verdict in ('works', 'not_now', 'never')),
    reason text not null,
    facts jsonb not null default '{}',
    read_at timestamptz not null,
    primary key (store_hash, source, discount_id)
);
comment on table violet.discount is 'The store''s coupons and promotions as last read, and whether a shopper can use them through Violet.';
comment on column violet.discount.reason is 'A word that the page explains: automatic, disabled, expired, not_begun, used_up, customers, channels, currency, ok...';
