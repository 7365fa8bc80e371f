# SPDX-License-Identifier: Apache-2.0
"""The whole product on one machine: database, simulators, nginx, web (pages and hooks), worker.

    stack.url            http://localhost:PORT, what merchants and BigCommerce see
    stack.get, .post     one visitor without memory; stack.client() is one that keeps cookies
    stack.db             the database as its superuser: rows(sql, ...), row(...), value(...)
    stack.sim            the simulators' control API: get(path), post(path, body), delete(path); panel(store)
    stack.env            settings in force; command(...) runs the program with them (as violet_operator)
    stack.web, .hooks, .worker   processes: start() stop() kill() sigstop() sigcont() is_alive() log()
    stack.wait(lambda: ...)
    stack.expect_log(regex)      such a warning or alarm is right in this test
    stack.install("abc123")      the store installs the app; stack.order(...) an order in the simulators
"""
import contextlib
import pathlib
import re
import shutil
import socket
import tempfile

from harness import product
from harness.client import Client
from harness.nginx import Nginx
from harness.process import Process, free_port
from harness.simulators import Simulators
from harness.waiting import wait

# A line that should not be there: alarm, error, a sanitizer's report.
BAD_LINE = re.compile(r"^<[0-3]>|ERROR: AddressSanitizer|runtime error:|LeakSanitizer|\[(error|crit|alert|emerg)\]")


@contextlib.contextmanager
def stacks(node, cluster, template):
    """Yields make(**options), which starts a stack with a database of its own. In the end all are stopped and taken away, and
    what they left behind is a failure. `node`, a test or what holds tests, gets them as .stacks, for their logs."""
    made = node.stacks = []

    def make(**options):
        made.append(Stack(cluster.copy(template), started=False, **options))
        return made[-1].start()

    def faults():
        return [fault for stack in made for fault in stack.faults()]

    try:
        yield make
        left = faults()
    finally:
        for stack in made:
            stack.stop()
        left_by_the_end = faults()
        for stack in made:
            stack.remove()
    left = left or left_by_the_end
    assert not left, "left behind:\n" + "\n".join(left[:40])


class Stack:
    def __init__(self, database, directory=None, port=None, simulators=True, simulator_ports=(0, 0), web=True,
                 worker=True, settings=None, quick=True, channels=True, seed="default", started=True):
        self.db = database
        self.own_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="violet-"))
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.wants = {"web": web, "worker": worker, "channels": channels}
        self.expected = []
        self.processes = []
        self.sim = Simulators(self.directory, self.url, simulator_ports, seed) if simulators else None
        self.sockets = {name: self._short(self.directory) / f"{name}.sock" for name in ("pages", "hooks")}
        self.base_env = {
            **product.clean_environment(), "PUBLIC_URL": self.url,
            "SEAL_KEY_FILE": str(product.write_seal_key(self.directory / "seal.keys")),
            **(product.QUICK if quick else {}), **(settings or {}),
        }
        if started:
            self.start()

    @staticmethod
    def _short(directory):
        """A socket's path has at most 107 bytes."""
        return directory if len(str(directory)) < 90 else pathlib.Path(tempfile.mkdtemp(prefix="violet-"))

    # Starting and stopping ---------------------------------------------------------------------------------------

    def start(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self):
        if self.sim:
            self._add(self.sim.process)
            self.sim.start()
            self.base_env = {**self.sim.settings(), **self.base_env}
        self.env = {**self.base_env, "DATABASE_URL": self.db.url("app_operator")}
        self.web = self._program("web", "pages")
        self.hooks = self._program("web", "hooks", name="hooks")
        self.worker = self._program("worker")
        if self.wants["web"]:
            self._start_web()
        if self.wants["worker"]:
            self.worker.start()
        if self.wants["channels"] and self.sim:
            self.add_channels()

    def _start_web(self):
        self.nginx = Nginx(self.directory, self.port, self.sockets["pages"], self.sockets["hooks"])
        self._add(self.nginx.process)
        for part in (self.web, self.hooks, self.nginx):
            part.start()
        self.wait_ready()

    def _add(self, process):
        self.processes.append(process)
        return process

    def _program(self, part, socket_name=None, name=None):
        """A process of the program; under its own database login, as in production."""
        env = {**self.base_env, "DATABASE_URL": self.db.url(f"app_{part}")}
        if socket_name:
            env["FCGI_LISTEN"] = str(self.sockets[socket_name])
        return self._add(Process(name or part, [product.require_program(), part],
                                 log=self.directory / f"{name or part}.log", env=env))

    def add_worker(self, name, **settings):
        """A further worker process, with settings of its own; to be started."""
        env = {**self.base_env, "DATABASE_URL": self.db.url("app_worker"), **settings}
        return self._add(Process(name, [product.require_program(), "worker"], log=self.directory / f"{name}.log", env=env))

    def wait_ready(self):
        for name in self.sockets:
            wait(lambda name=name: self._accepts(name), what=f"{name} to listen")
        wait(self._serves, what=f"{self.url}/healthz")

    def _accepts(self, name):
        self.require_alive()
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.sockets[name])) == 0

    def _serves(self):
        self.require_alive()
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def require_alive(self):
        for process in self.processes:
            assert not process.has_crashed(), \
                f"{process.name} ended by itself ({process.child.returncode}):\n{process.tail()}"

    def stop(self):
        for process in reversed(self.processes):
            process.stop()

    def remove(self):
        """Stop, drop the database, and take the folder away."""
        self.stop()
        self.db.drop()
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def restart(self, process):
        process.stop()
        process.start()
        self.wait_ready()

    # Logs --------------------------------------------------------------------------------------------------------

    def expect_log(self, pattern):
        """Lines that match (re.search) don't fail the test."""
        self.expected.append(re.compile(pattern))

    def logs(self):
        """(name, text) of everything that runs, nginx's error log included."""
        found = [(process.name, process.log()) for process in self.processes]
        error_log = self.directory / "nginx" / "error.log"
        if error_log.exists():
            found.append(("nginx errors", error_log.read_text(errors="replace")))
        return found

    def faults(self):
        """What a test must not leave behind: unexpected lines and processes that ended by themselves."""
        lines = [f"{name}: {line}" for name, text in self.logs() if name != "simulators" for line in text.splitlines()
                 if BAD_LINE.search(line) and not any(pattern.search(line) for pattern in self.expected)]
        return lines + [f"{p.name} ended by itself: {p.child.returncode}" for p in self.processes if p.has_crashed()]

    # Talking to it -----------------------------------------------------------------------------------------------

    def client(self):
        return Client(self.url)

    def get(self, path, **options):
        return Client(self.url).get(path, **options)

    def post(self, path, **options):
        return Client(self.url).post(path, **options)

    def command(self, *arguments, env=None, **options):
        """Run `violet-bigcommerce ARGUMENTS` as the operator; a CompletedProcess."""
        return product.run_command(arguments, {**self.env, **(env or {})}, **options)

    def must(self, *arguments, **options):
        """The same, and it must succeed. Returns stdout."""
        done = self.command(*arguments, **options)
        assert done.returncode == 0, f"{' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    wait = staticmethod(wait)

    # The world around it -----------------------------------------------------------------------------------------

    def add_channels(self):
        """The simulators' Violet apps as channels."""
        for app in self.sim.apps():
            self.must(*channel_arguments(app), input=channel_secrets(app))

    def install(self, store, **options):
        """The store installs the app: the simulators call /install. Waits until the store is there."""
        answer = self.sim.post(f"stores/{store}/install", {"deliver": True, **options})
        assert answer["status"] == 200, answer
        return answer

    def installed(self, store="abc123", channels=("acme",)):
        """A store that has installed and is linked, with hooks and merchant id: where most tests begin."""
        self.install(store)
        for slug in channels:
            self.link(store, slug)
        if self.wants["worker"]:
            self.wait(lambda: self.db.value("select hooks_checked_at from violet.store where store_hash = %s", store),
                      what=f"the hooks of {store}")
            self.wait(lambda: self.db.value("select count(*) from violet.store_merchant where store_hash = %s", store),
                      what=f"the merchant id of {store}")
        return store

    def link(self, store, slug):
        """A link put straight into the database: the walk through Connect has tests of its own."""
        self.db.rows(
            "insert into violet.link (store_hash, channel_id, made_how, made_by_user, linked_at) "
            "select %s, channel_id, 'button', 1001, now() from violet.channel where slug = %s", store, slug)
        self.db.rows("select api.job_put(%s, 'resolve_merchant', 0, now(), now())", store)

    def order(self, store="abc123", app_id=10001, **options):
        """A new order in the simulators; a Violet one unless app_id is None."""
        return self.sim.post("orders", {"store": store, "app_id": app_id, **options})

    def ledger(self, store=None):
        return self.sim.get("ledger" + (f"?store={store}" if store else ""))


def channel_arguments(app):
    return ("channel", "add", app["slug"], "--name", app["name"], "--app-id", app["id"], "--redirect-url",
            app["redirect_url"], "--description", "A demonstration channel of the sandbox.", "--username", app["email"],
            "--secrets", "-")


def channel_secrets(app):
    """What `channel add --secrets -` reads: the app's secret, then the password."""
    return f"{app['secret']}\n{app['password']}\n"
