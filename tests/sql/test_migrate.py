# SPDX-License-Identifier: Apache-2.0
"""`violet-bigcommerce migrate`: from nothing, again, twice at once, by whom, and what it refuses."""
import itertools
import subprocess

import pytest

from harness import product

numbers = itertools.count(1)


@pytest.fixture
def empty(cluster, template):
    """A database with nothing in it. The roles are there since `template` made them."""
    made = cluster.create(f"violet_migrate_{next(numbers)}")
    yield made
    made.drop()


def migrate(database, *options, user="postgres"):
    return product.run_command(["migrate", *options], {**product.clean_environment(), "DATABASE_URL": database.url(user)})


def test_from_nothing_and_again(empty):
    first = migrate(empty)
    assert first.returncode == 0, first.stderr
    assert "applied sql/migrations/0001_schema.sql" in first.stdout
    again = migrate(empty)
    assert (again.returncode, again.stdout) == (0, "the database is up to date\n")


def test_status_changes_nothing(empty):
    for option in ("--status", "--dry-run"):
        done = migrate(empty, option)
        assert done.returncode == 0
        assert "0001_schema.sql" in done.stdout and "to be applied" in done.stdout
    assert empty.value("select to_regnamespace('violet')") is None
    migrate(empty)
    assert "to be applied" not in migrate(empty, "--status").stdout


def test_a_member_of_violet_owner_who_is_no_superuser_may_migrate(empty, cluster):
    cluster.run(f'grant create on database "{empty.name}" to violet_owner')
    done = migrate(empty, user="app_owner")
    assert done.returncode == 0, done.stderr
    owners = empty.rows("select distinct tableowner from pg_tables where schemaname in ('violet', 'violet_migration')")
    assert owners == [("violet_owner",)]


def test_others_may_not(empty):
    done = migrate(empty, user="app_web")
    assert done.returncode != 0
    assert "permission denied" in done.stderr
    assert empty.value("select to_regnamespace('violet')") is None


def test_others_learn_who_may(database):
    done = migrate(database, user="app_operator")
    assert done.returncode == 1
    assert "must be a member of violet_owner, or a superuser" in done.stderr


def test_two_at_once(empty):
    env = {**product.clean_environment(), "DATABASE_URL": empty.url()}
    running = [subprocess.Popen([product.PROGRAM, "migrate"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert empty.value("select count(*) from violet_migration.applied where number = 1") == 1


def forbid(database, name):
    """From now on a file that makes or changes something of that name fails, halfway through."""
    database.rows(f"""
        create function public.forbid() returns event_trigger language plpgsql as $$
        begin
            if exists (select from pg_event_trigger_ddl_commands() where object_identity = '{name}') then
                raise exception 'there shall be no {name}';
            end if;
        end $$;
        create event trigger forbid on ddl_command_end execute function public.forbid()""")


@pytest.mark.parametrize("name, path", [
    ("violet.discount", "sql/migrations/0001_schema.sql"), ("report.hooks", "sql/report/40_webhooks.sql")])
def test_what_fails_leaves_nothing_and_is_named(empty, name, path):
    """And once it is mended the next run goes on where this one ended."""
    forbid(empty, name)
    failed = migrate(empty)
    applied = 0 if "migrations" in path else len(list((product.ROOT / "sql/migrations").iterdir()))
    assert failed.returncode == 1
    assert f"{path}: " in failed.stderr and f"there shall be no {name}" in failed.stderr
    assert failed.stdout.count("applied") == applied
    assert empty.value("select count(*) from violet_migration.applied") == applied
    assert empty.value("select count(*) from violet_migration.source") == 0
    assert (empty.value("select to_regclass('violet.store')") is not None) == bool(applied)
    assert empty.value("select count(*) from pg_proc where pronamespace = to_regnamespace('api')") == 0
    empty.rows("drop event trigger forbid")
    again = migrate(empty)
    assert again.returncode == 0, again.stderr
    assert ("applied sql/migrations/0001_schema.sql" in again.stdout) == (not applied)
    assert empty.value("select to_regclass(%s)", name)


def test_an_edited_migration_is_refused(database):
    database.rows("update violet_migration.applied set sha256 = 'other' where number = 1")
    done = migrate(database)
    assert done.returncode == 4
    assert "0001_schema.sql was changed after it had been applied" in done.stderr


def test_a_newer_database_is_left_alone(database):
    database.rows("insert into violet_migration.applied (number, path, sha256, program) values (99, 'sql/migrations/0099_x.sql', '', '9')")
    done = migrate(database)
    assert done.returncode == 4
    assert "the database is newer than this program" in done.stderr and "0099_x.sql" in done.stderr


def test_newer_functions_are_not_replaced_by_older_ones(database):
    database.rows("update violet_migration.source set sha256 = 'newer', program = '999.0.0'")
    done = migrate(database)
    assert done.returncode == 4
    assert "version 999.0.0" in done.stderr


def test_changed_functions_are_applied_again(database):
    database.rows("drop function api.oldest_version()")
    database.rows("grant execute on function api.refunds_resume to violet_web")  # as an earlier version may have
    database.rows("update violet_migration.source set sha256 = 'older'")
    done = migrate(database)
    assert done.returncode == 0, done.stderr
    assert database.value("select api.oldest_version()")
    assert not database.value("select has_function_privilege('violet_web', 'api.refunds_resume(text, timestamptz)', 'execute')")


def test_a_program_too_old_for_the_database_refuses_to_start(database, tmp_path):
    database.rows("update violet.instance set oldest_version = '999.0.0'")
    for words, user in ((["channel", "list"], "app_operator"), (["worker"], "app_worker")):
        env = {**product.clean_environment(), "DATABASE_URL": database.url(user)}
        if words == ["worker"]:
            env.update(PUBLIC_URL="http://localhost:1", BIGCOMMERCE_CLIENT_ID="x", BIGCOMMERCE_CLIENT_SECRET="x" * 40,
                       BIGCOMMERCE_APP_ID="1", SEAL_KEY_FILE=str(product.write_seal_key(tmp_path / "seal.keys")))
        done = product.run_command(words, env)
        assert done.returncode != 0
        assert "too old for the database, which serves 999.0.0 and newer" in done.stderr, done.stderr


def test_a_database_without_schema_says_what_to_do(empty):
    done = product.run_command(["channel", "list"], {**product.clean_environment(), "DATABASE_URL": empty.url()})
    assert done.returncode != 0
    assert 'run "violet-bigcommerce migrate"' in done.stderr
