-- SPDX-License-Identifier: Apache-2.0
-- The rules that every table, key, function and view of the schema keeps, read from the catalogue: so they hold for what comes later.

begin;
select plan(28);

-- Tables --------------------------------------------------------------------------------------------------------------

create temp view ours as
    select c.oid, c.relname as name, c.relispartition as is_partition,
        exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'store_hash' and not a.attisdropped)
            and c.relname <> 'connection' as of_store
    from pg_class c
    where c.relnamespace = 'violet'::regnamespace and c.relkind in ('r', 'p');

create temp view keys as
    select i.indrelid as table_oid, i.indexrelid::regclass::text as name, i.indisprimary as is_primary,
        array(select a.attname::text from unnest(i.indkey) with ordinality as k (attnum, at)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum order by k.at) as columns
    from pg_index i
    where i.indisunique and i.indrelid in (select oid from ours);

select set_eq($$ select name::text from ours where not of_store and not is_partition $$,
    array['instance', 'channel', 'connection', 'refund_move'],
    'these tables belong to no store, and no other');
select is_empty($$ select name from ours where obj_description(oid, 'pg_class') is null and not is_partition $$,
    'every table has a comment');
select is_empty($$ select o.name from ours o where not exists (select from keys k where k.table_oid = o.oid and k.is_primary) $$,
    'every table has a primary key');
select is_empty($$ select o.name, k.columns from ours o join keys k on k.table_oid = o.oid
        where o.of_store and k.is_primary and k.columns[1] <> 'store_hash' $$,
    'the primary key of a store''s table begins with store_hash');
select is_empty($$ select k.name from ours o join keys k on k.table_oid = o.oid
        where o.of_store and not 'store_hash' = any (k.columns) $$,
    'every unique index of a store''s table has store_hash');
select is_empty($$
        select f.conname
        from pg_constraint f
        join ours a on a.oid = f.conrelid and a.of_store
        join ours b on b.oid = f.confrelid and b.of_store
        where f.contype = 'f' and not exists (
            select from unnest(f.conkey, f.confkey) as k (mine, theirs)
            join pg_attribute m on m.attrelid = f.conrelid and m.attnum = k.mine and m.attname = 'store_hash'
            join pg_attribute t on t.attrelid = f.confrelid and t.attnum = k.theirs and t.attname = 'store_hash') $$,
    'a foreign key between stores'' tables has store_hash on both sides');
select is_empty($$
        select f.conname
        from pg_constraint f
        join ours a on a.oid = f.conrelid and not a.of_store
        join ours b on b.oid = f.confrelid and b.of_store
        where f.contype = 'f' $$,
    'no table without a store points to one of a store');
select is_empty($$ select attrelid::regclass, attname from pg_attribute
        where attrelid in (select oid from ours) and attnum > 0 and not attisdropped
            and atttypid in ('timestamp'::regtype, 'money'::regtype, 'float4'::regtype, 'float8'::regtype, 'json'::regtype) $$,
    'no time without a zone, no floating point, no json');
select is_empty($$ select attrelid::regclass, attname from pg_attribute
        where attrelid in (select oid from ours) and attnum > 0 and attname like '%\_minor'
            and atttypid not in ('bigint'::regtype, 'numeric'::regtype) $$,
    'amounts are integers wide enough');
select is_empty($$ select sequencename from pg_sequences where schemaname = 'violet' and data_type::text <> 'bigint' $$,
    'sequences are bigint');
select is_empty($$ select tgrelid::regclass, tgname from pg_trigger where not tgisinternal $$, 'no triggers');

-- Functions -----------------------------------------------------------------------------------------------------------

create temp view functions as
    select p.oid, p.oid::regprocedure::text as name, n.nspname as schema, p.prosecdef, p.proconfig, p.proacl, p.prosrc,
        coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
        l.lanname as language, p.proowner, pg_get_functiondef(p.oid) as definition
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_language l on l.oid = p.prolang
    where n.nspname in ('api', 'violet');

select cmp_ok((select count(*) from functions where schema = 'api'), '>', 50::bigint, 'there are functions');
select is_empty($$ select name from functions where schema = 'api' and not prosecdef $$,
    'every api function is security definer');
select is_empty($$ select name from functions where schema = 'violet' and prosecdef $$,
    'no helper is security definer');
select is_empty($$ select name from functions
        where not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, violet, pg_temp'] $$,
    'every function has the fixed search_path');
select is_empty($$ select name from functions where obj_description(oid, 'pg_proc') is null $$,
    'every function has a comment');
select is_empty($$ select name from functions where proowner <> 'violet_owner'::regrole $$, 'every function belongs to violet_owner');
select is_empty($$ select f.name from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a where a.grantee = 0 $$,
    'PUBLIC may execute none');
select is_empty($$ select name from functions f where schema = 'api' and not exists (
        select from aclexplode(f.proacl) a
        where a.grantee in ('violet_web'::regrole, 'violet_worker'::regrole, 'violet_operator'::regrole)) $$,
    'every api function is granted to somebody');
select is_empty($$ select f.name, a.grantee::regrole from functions f, aclexplode(f.proacl) a
        where a.grantee <> f.proowner and (f.schema = 'violet'
            or a.grantee not in ('violet_web'::regrole, 'violet_worker'::regrole, 'violet_operator'::regrole)) $$,
    'and to nobody else; helpers to nobody');
select set_eq($$ select split_part(name, '(', 1) from functions
        where language = 'plpgsql' and regexp_replace(prosrc, '''[^'']*''', '', 'g') ~* '\mexecute\M' $$,
    array['api.event_partitions'], 'only event_partitions writes SQL of its own');
select set_eq($$ select name from functions
        where body ~* '\m(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday) *\('
            or body ~* '\m(current_(date|time|timestamp)|localtime(stamp)?)\M' $$,
    array['api.clock()'], 'times are parameters, but for the clock');
select lives_ok($$
        do $body$
        declare d text;
        begin
            for d in select definition from functions loop
                execute d;
            end loop;
        end
        $body$ $$,
    'every body is right, with all tables and functions there');

-- Rights --------------------------------------------------------------------------------------------------------------

create temp view roles as
    select unnest(array['violet_web', 'violet_worker', 'violet_operator', 'violet_report', 'app_web', 'app_worker',
        'app_operator', 'app_report']) as role;

select is_empty($$
        select r.role, c.oid::regclass
        from roles r, pg_class c
        where c.relnamespace in ('violet'::regnamespace, 'violet_migration'::regnamespace)
            and case c.relkind
                when 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')
                when 'r' then has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate')
                    or has_any_column_privilege(r.role, c.oid, 'select, insert, update')
                when 'p' then has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate')
                    or has_any_column_privilege(r.role, c.oid, 'select, insert, update')
                else false end $$,
    'programs and analysts may touch no table');
select is_empty($$
        select r.role, n.nspname from roles r, pg_namespace n
        where n.nspname in ('violet', 'violet_migration') and has_schema_privilege(r.role, n.oid, 'usage')
            or n.nspname in ('violet', 'api', 'report', 'public', 'violet_migration') and has_schema_privilege(r.role, n.oid, 'create') $$,
    'they may enter api and report only, and make nothing');
select is_empty($$
        select f.name from functions f where has_function_privilege('app_report', f.oid, 'execute') $$,
    'analysts may execute no function of ours');

-- Reports -------------------------------------------------------------------------------------------------------------

select is_empty($$
        select c.oid::regclass, a.attname
        from pg_class c
        left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'report'::regnamespace and (c.relkind <> 'v' or c.relowner <> 'violet_reader'::regrole
            or not has_table_privilege('app_report', c.oid, 'select')
            or obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null
            or a.atttypid = 'timestamptz'::regtype and col_description(c.oid, a.attnum) !~ 'UTC'
            or a.atttypid = 'numeric'::regtype and col_description(c.oid, a.attnum) !~ '(Units of currency|Seconds|Minutes|Hours|Days)'
            or a.atttypid = 'bigint'::regtype and a.attname !~ '_id$' and col_description(c.oid, a.attnum) !~ 'Count') $$,
    'every report is a view of violet_reader, open to analysts, with a comment on each column that says its unit');
select is_empty($$
        select c.oid::regclass, a.attname
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'violet'::regnamespace
            and a.attname ~ '(sealed|token|secret|hash|email|body|typed|state$|lines|code_failures)'
            and a.attname not in ('store_hash', 'from_state', 'to_state') and (c.relname, a.attname) not in (
                values ('store', 'token_refused_at'), ('bag', 'state'), ('refund', 'state'), ('refund_day', 'state'))
            and c.relkind in ('r', 'p') and has_column_privilege('violet_reader', c.oid, a.attnum, 'select') $$,
    'the views'' owner may read no sealed value, hash, address, or body');

select * from finish();
rollback;
