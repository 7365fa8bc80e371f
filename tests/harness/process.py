# SPDX-License-Identifier: Apache-2.0
"""Processes that end with whoever started them, and their logs."""
import ctypes
import os
import pathlib
import random
import signal
import socket
import subprocess

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


OUTGOING_PORTS = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
held_ports = []  # abstract sockets, which end with this process


def free_port(count=1):
    """The first of `count` ports in a row that nobody uses, and that no other test run is given while this process lives.
    They lie below those of outgoing connections: one of these could else take the port before it is listened on."""
    end = int(OUTGOING_PORTS.read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10000, end - count)
        holders = [hold_port(port + i) for i in range(count)]
        if all(holders):
            held_ports.extend(holders)
            return port
        for holder in filter(None, holders):
            holder.close()


def hold_port(port):
    """A socket that keeps the port for us; None if it is held or used."""
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0violet-bigcommerce-port-{port}")
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
        return holder
    except OSError:
        holder.close()
        return None


class Process:
    """One long-running program. `signal_to_stop` is also what it gets if we die ourselves."""

    def __init__(self, name, argv, log, env=None, cwd=None, user=None, signal_to_stop=signal.SIGTERM, stdin=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_path = pathlib.Path(log)
        self.env = env
        self.cwd = cwd
        self.user = user
        self.signal_to_stop = signal_to_stop
        self.stdin = stdin
        self.child = None
        self.expected_to_run = False

    def start(self):
        assert not self.is_alive(), f"{self.name} runs already"
        stop = self.signal_to_stop
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                self.argv, env=self.env, cwd=self.cwd, user=self.user, group=self.user,
                extra_groups=[] if self.user else None, start_new_session=True,
                stdin=self.stdin if self.stdin is not None else subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, stop, 0, 0, 0))
        self.expected_to_run = True
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def has_crashed(self):
        return self.expected_to_run and not self.is_alive()

    def stop(self, seconds=60):
        """Ask it to end; kill it if it does not. Returns its exit status."""
        self.expected_to_run = False
        if self.is_alive():
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(self.signal_to_stop)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.log_path.open("a").write(f"<3>{self.name}: did not stop within {seconds} s; killed\n")
                self.kill()
        return self.child.returncode if self.child else None

    def kill(self):
        """The process and whatever it started, at once."""
        self.expected_to_run = False
        if self.child is not None:
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()

    def sigstop(self):
        self.child.send_signal(signal.SIGSTOP)

    def sigcont(self):
        self.child.send_signal(signal.SIGCONT)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines=30):
        return "\n".join(self.log().splitlines()[-lines:])
