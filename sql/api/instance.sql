-- SPDX-License-Identifier: Apache-2.0
-- What every program asks before it works.

create or replace function api.oldest_version() returns text
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select oldest_version from violet.instance;
$$;
comment on function api.oldest_version() is
    'The oldest program version that this schema serves; an older program refuses to start. A migration raises it.';
grant execute on function api.oldest_version() to violet_web, violet_worker, violet_operator;

create or replace function api.clock() returns timestamptz
language sql volatile security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select clock_timestamp();
$$;
comment on function api.clock() is 'What time the database has: a worker whose own clock is far from it takes no jobs.';
grant execute on function api.clock() to violet_worker;

create or replace function api.schema_state()
returns table (migrations integer, source_sha256 text, program text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    select (select coalesce(max(number), 0) from violet_migration.applied), source.sha256, source.program
    from violet_migration.source;
$$;
comment on function api.schema_state() is
    'Number of the last migration, and hash and program version of the functions and views as applied last: for `check`.';
grant execute on function api.schema_state() to violet_web, violet_worker, violet_operator;

create or replace function api.check_database(p_now timestamptz)
returns table (level text, finding text)
language sql stable security definer set search_path = pg_catalog, violet, pg_temp
as $$
    with facts as (
        select current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
            current_setting('synchronous_commit') as synchronous_commit,
            current_setting('synchronous_standby_names') as standby_names, pg_is_in_recovery() as in_recovery,
            (select count(*) from pg_stat_replication) as standbys,
            abs(extract(epoch from api.clock() - p_now)) as clocks_apart,
            (select rolsuper from pg_roles where rolname = session_user) as is_superuser,
            pg_has_role(session_user, 'violet_owner', 'member') as is_owner,
            (select count(*) from violet.event_default) as in_default,
            exists (
                select from pg_inherits as h join pg_class as c on c.oid = h.inhrelid
                where h.inhparent = 'violet.event'::regclass
                    and pg_get_expr(c.relpartbound, c.oid) like
                        '%FROM (''' || to_char((p_now at time zone 'UTC')::date + 1, 'YYYY-MM-DD') || '%') as has_tomorrow
    )
    select f.level, f.finding
    from facts, lateral (values
        (in_recovery, 'fault', 'the database is a read-only standby; name all hosts in DATABASE_URL, with target_session_attrs=read-write'),
        (fsync = 'off', 'fault', 'fsync is off: a power cut loses webhooks and refunds that were acknowledged'),
        (full_page_writes = 'off', 'fault', 'full_page_writes is off: a power cut can break the database'),
        (synchronous_commit in ('off', 'local') and standbys > 0 or standbys > 0 and standby_names = '', 'warning',
            'there is a standby, but replication is not synchronous: a failover may forget that a refund was sent. Set '
            'synchronous_standby_names, and synchronous_commit to on'),
        (synchronous_commit = 'off', 'fault', 'synchronous_commit is off in our session'),
        (clocks_apart > 60, 'fault', 'this machine''s clock and the database''s are ' || round(clocks_apart) || ' s apart'),
        (clocks_apart > 2 and clocks_apart <= 60, 'warning',
            'this machine''s clock and the database''s are ' || round(clocks_apart, 1) || ' s apart'),
        (is_superuser, 'warning', 'the database user is a superuser; the program needs only violet_web, violet_worker or violet_operator'),
        (is_owner and not is_superuser, 'warning', 'the database user is a member of violet_owner, which only "migrate" needs'),
        (in_default > 0, 'warning', in_default || ' webhooks lie in the default partition: does a worker run?'),
        (not has_tomorrow, 'warning', 'there is no partition for tomorrow''s webhooks yet: a worker makes it')
    ) as f (applies, level, finding)
    where f.applies
    union all
    select 'warning', format('refunds of %s are stopped (%s): %s. "refunds resume" lets them go on',
        coalesce('store ' || b.store_hash, 'all stores'), b.brake, b.reason)
    from api.brakes() as b
$$;
comment on function api.check_database(timestamptz) is
    'What is wrong with the database server, its replication, its clock, or the user that asks, and what stops refunds: for '
    '`check`. p_now: the clock of the program''s machine.';
grant execute on function api.check_database(timestamptz) to violet_web, violet_worker, violet_operator;
