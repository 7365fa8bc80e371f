-- SPDX-License-Identifier: Apache-2.0
-- Roles with least rights. Applied before the migrations at every `violet-bigcommerce migrate`; harmless to repeat.
-- They are groups without login: the operator's login roles are granted one of them, and violet_owner to the one that migrates.
-- Whoever may not create roles has them made beforehand; then nothing here changes anything.

do $$
declare
    r record;
begin
    -- One at a time: two who change a role or the database at once make one of them fail ("tuple concurrently updated").
    perform set_config('lock_timeout', '0', true), pg_advisory_xact_lock(hashtext('violet-bigcommerce migrate'));
    for r in
        select * from (values
            ('violet_owner', 'Owns the tables and functions of violet-bigcommerce.'),
            ('violet_web', 'The web processes: may execute their functions of schema api, nothing else.'),
            ('violet_worker', 'The worker processes: may execute their functions of schema api, nothing else.'),
            ('violet_operator', 'The operator''s commands: may execute the functions of schema api and read the reports, nothing else.'),
            ('violet_report', 'Analysts and dashboards: may read the views of schema report, nothing else.'),
            ('violet_reader', 'Owns the report views: may read the columns they show, and neither tokens nor e-mail addresses.')
        ) as wanted (name, meaning)
        where not exists (select from pg_roles where rolname = wanted.name)
    loop
        execute format('create role %I nologin', r.name);
        execute format('comment on role %I is %L', r.name, r.meaning);
    end loop;
    -- violet_owner makes the report views in violet_reader's name; the operator's `report` reads them.
    if not pg_has_role('violet_owner', 'violet_reader', 'member') then
        grant violet_reader to violet_owner;
    end if;
    if not pg_has_role('violet_operator', 'violet_report', 'member') then
        grant violet_report to violet_operator;
    end if;
    if not has_database_privilege('violet_owner', current_database(), 'create') then
        execute format('grant create on database %I to violet_owner', current_database());
    end if;
end
$$;
