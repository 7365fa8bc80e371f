# SPDX-License-Identifier: Apache-2.0
"""What the login roles can really do, tried with their own connections."""
import psycopg2
import pytest

from harness.callers import called

DENIED = psycopg2.errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def database(cluster, template):
    """One for all: nothing here changes anything."""
    made = cluster.create("violet_roles", template)
    yield made
    made.drop()


def attempt(database, role, sql):
    connection = database.connect(role)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.mark.parametrize("role", ["app_web", "app_worker", "app_operator", "app_report"])
@pytest.mark.parametrize("sql", [
    "select * from violet.store", "select sealed_credentials from violet.channel", "insert into violet.job default values",
    "delete from violet.event", "update violet.instance set oldest_version = '9'", "select nextval('violet.job_generation')",
    "create table report.mine (x int)", "create function api.mine() returns int language sql as 'select 1'",
    "set role violet_owner", "select * from violet_migration.applied",
])
def test_nobody_touches_a_table(database, role, sql):
    with pytest.raises(DENIED):
        attempt(database, role, sql)


@pytest.mark.parametrize("role", ["app_report", "app_operator"])
def test_reports_can_be_read_and_nothing_shows_a_secret(database, role):
    views = [row[0] for row in database.rows(
        "select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'v'")]
    assert len(views) >= 12
    for view in views:
        attempt(database, role, f"select * from report.{view}")


def test_analysts_change_nothing(database):
    for sql in ("create or replace view report.hooks as select 1", "drop view report.hooks", "select api.oldest_version()"):
        with pytest.raises(DENIED):
            attempt(database, "app_report", sql)


def test_web_cannot_do_the_workers_or_the_operators_work(database):
    for sql in ("select api.store_forget('abc123')", "select * from api.channel_sealed()", "select api.refunds_hold('me', now())"):
        with pytest.raises(DENIED):
            attempt(database, "app_web", sql)


@pytest.mark.parametrize("part, role", [("web", "violet_web"), ("worker", "violet_worker"), ("cli", "violet_operator")])
def test_programs_may_execute_only_what_they_call(database, part, role):
    calls = called(part)
    granted = {row[0] for row in database.rows(
        "select p.proname from pg_proc as p, aclexplode(p.proacl) as a "
        "where p.pronamespace = 'api'::regnamespace and a.grantee = %s::regrole", role)}
    assert len(granted) > 25 and granted <= calls, granted - calls
