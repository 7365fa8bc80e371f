# SPDX-License-Identifier: Apache-2.0
"""nginx with the sandbox's configuration, which includes the very snippets that an operator includes."""
import os
import re
import subprocess

from harness.process import Process
from harness.product import ROOT

TEMPLATE = ROOT / "nginx" / "sandbox.conf.in"


class Nginx:
    def __init__(self, directory, port, pages_socket, hooks_socket):
        self.directory = directory / "nginx"
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "temp").mkdir(exist_ok=True)
        snippets = self.directory / "violet-bigcommerce"  # nginx looks for included files beside its configuration
        if not snippets.is_symlink():
            snippets.symlink_to(ROOT / "nginx")
        self.conf = self.directory / "nginx.conf"
        self._write({
            "PORT": port, "DIR": self.directory, "NGINX": ROOT / "nginx", "PAGES": pages_socket, "HOOKS": hooks_socket,
            # A master that is root gives its workers another user, who could not reach the program's sockets.
            "USER": "user root;" if os.geteuid() == 0 else "",
        })
        self.process = Process("nginx", self._command(), log=directory / "nginx.log")

    def _command(self, *options):
        return ["/usr/sbin/nginx", "-p", self.directory, "-c", self.conf, "-e", self.directory / "error.log", *options]

    def _write(self, values):
        text = TEMPLATE.read_text()
        wanted = set(re.findall(r"@([A-Z_]+)@", re.sub(r"(?m)^\s*#.*$", "", text)))
        assert wanted <= set(values), f"{TEMPLATE}: unknown placeholders {sorted(wanted - set(values))}"
        self.conf.write_text(re.sub(r"@([A-Z_]+)@", lambda m: str(values.get(m[1], m[0])), text))

    def check(self):
        """None if nginx takes the configuration, else what it says."""
        done = subprocess.run([str(word) for word in self._command("-t")], capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr

    def start(self):
        self.process.start()
        return self

    def stop(self):
        self.process.stop()
