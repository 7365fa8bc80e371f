# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL: no network, its own folder, its own socket."""
import contextlib
import glob
import hashlib
import itertools
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

import psycopg2

from harness.process import Process
from harness.waiting import wait

# Login role of each part -> the group that it is a member of.
LOGINS = {
    "app_owner": "violet_owner",
    "app_web": "violet_web",
    "app_worker": "violet_worker",
    "app_operator": "violet_operator",
    "app_report": "violet_report",
}
FAST_AND_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
REPLICATING = {"fsync": "off"}


def binary(name):
    """A program of the newest PostgreSQL that is installed."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    assert found, "PostgreSQL is not installed: make deps"
    return found[-1]


def server_user():
    """PostgreSQL refuses to run as root: then Debian's user runs it."""
    return "postgres" if os.geteuid() == 0 else None


def may_enter(user, directory):
    return subprocess.run(["test", "-x", directory], user=user, group=user, extra_groups=[]).returncode == 0


class Cluster:
    def __init__(self, directory, settings=None):
        self.numbers = itertools.count(1)
        self.user = server_user()
        self.directory = self._reachable(pathlib.Path(directory))
        self.data = self.directory / "data"
        self.socket = self._socket_directory()
        options = {"listen_addresses": "", "unix_socket_directories": str(self.socket), "max_connections": "150",
                   "shared_buffers": "64MB", "timezone": "UTC", **(settings or {})}
        self.process = Process(
            "postgresql", [binary("postgres"), "-D", self.data] + [f"-c{name}={value}" for name, value in options.items()],
            log=self.directory / "postgresql.log", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, user=self.user,
            cwd=self.directory, signal_to_stop=signal.SIGINT)

    def _reachable(self, directory):
        """`directory`, made; or, where the server's user can't get there, a link to a place where it can."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.user:
            if not may_enter(self.user, directory):
                elsewhere = pathlib.Path("/var/tmp/violet-bigcommerce-" + hashlib.sha256(
                    str(directory.absolute()).encode()).hexdigest()[:12])
                elsewhere.mkdir(exist_ok=True)
                if not directory.is_symlink():
                    directory.rmdir()
                    directory.symlink_to(elsewhere)
                directory = elsewhere
            entry = pwd.getpwnam(self.user)
            os.chown(directory, entry.pw_uid, entry.pw_gid)
        return directory

    def _socket_directory(self):
        """A socket's path has at most 107 bytes."""
        if len(str(self.directory)) < 80:
            directory = self.directory / "socket"
            directory.mkdir(exist_ok=True)
        else:
            directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-pg-"))
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(directory, entry.pw_uid, entry.pw_gid)
        directory.chmod(0o700)
        return directory

    def _make(self):
        self._tool("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def _tool(self, name, *arguments):
        done = subprocess.run([binary(name), *map(str, arguments)], user=self.user, group=self.user,
                              extra_groups=[] if self.user else None, cwd=self.directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def follow(self, primary):
        """Start as a standby that streams from that cluster, which must be set up for it (REPLICATING)."""
        self._tool("pg_basebackup", "-D", self.data, "-h", primary.socket, "-U", "postgres", "-c", "fast", "-R", "--no-sync")
        return self.start()

    def start(self):
        if not (self.data / "PG_VERSION").exists():
            self._make()
        self.process.start()
        wait(self._answers, what="PostgreSQL to answer")
        return self

    def _answers(self):
        assert self.process.is_alive(), "PostgreSQL ended:\n" + self.process.tail()
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self):
        self.process.stop()
        if self.socket.parent != self.directory:
            shutil.rmtree(self.socket, ignore_errors=True)

    def connect(self, database, user="postgres"):
        """A connection that commits each statement."""
        connection = psycopg2.connect(host=str(self.socket), dbname=database, user=user)
        connection.autocommit = True
        return connection

    def url(self, database, user="postgres"):
        return f"postgresql://{user}@/{database}?host={urllib.parse.quote(str(self.socket), safe='')}"

    def run(self, sql, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def make_logins(self):
        """A login role for each group of roles.sql."""
        for login, group in LOGINS.items():
            self.run(f"""do $$ begin
                if not exists (select from pg_roles where rolname = '{login}') then
                    create role {login} login in role {group};
                end if;
            end $$""")

    def find(self, name):
        """The database of that name, or None."""
        return Database(self, name) if Database(self, "postgres").rows(
            "select from pg_database where datname = %s", name) else None

    def create(self, name, template="template1"):
        self.run(f'create database "{name}" template "{template}"')
        return Database(self, name)

    def copy(self, template):
        """A database like the template, of a name of its own."""
        return self.create(f"{template}_{next(self.numbers)}", template)


class Database:
    """One database of a cluster; queries as its superuser, for looking behind the product's back."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name
        self.connection = None

    def url(self, user="postgres"):
        return self.cluster.url(self.name, user)

    def connect(self, user="postgres"):
        return self.cluster.connect(self.name, user)

    def rows(self, sql, *parameters):
        """All rows as tuples; none for statements without a result."""
        if self.connection is None or self.connection.closed:
            self.connection = self.connect()
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def row(self, sql, *parameters):
        rows = self.rows(sql, *parameters)
        assert len(rows) == 1, f"{len(rows)} rows: {sql}"
        return rows[0]

    def value(self, sql, *parameters):
        """The first column of the only row; None if there is no row."""
        rows = self.rows(sql, *parameters)
        assert len(rows) <= 1, f"{len(rows)} rows: {sql}"
        return rows[0][0] if rows else None

    @contextlib.contextmanager
    def away(self):
        """Meanwhile nobody is connected, and nobody can be."""
        if self.connection is not None:
            self.connection.close()
        self.cluster.run(f'alter database "{self.name}" with allow_connections false')
        self.cluster.run(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{self.name}'")
        try:
            yield
        finally:
            self.cluster.run(f'alter database "{self.name}" with allow_connections true')

    @contextlib.contextmanager
    def replaced(self, function, body):
        """Inside, the function has this PL/pgSQL body."""
        whole = self.value("select pg_get_functiondef(%s::regproc)", function)
        head = re.sub(r"\bLANGUAGE \w+", "LANGUAGE plpgsql", whole[:whole.index("\nAS $")])
        self.rows(f"{head} as $body$ {body} $body$")
        try:
            yield
        finally:
            self.rows(whole)

    def failing(self, function, sqlstate):
        """Inside, the function raises this."""
        return self.replaced(function, f"begin raise exception 'as the test wants it' using errcode = '{sqlstate}'; end")

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.cluster.run(f'drop database if exists "{self.name}" with (force)')
