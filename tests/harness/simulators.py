# SPDX-License-Identifier: Apache-2.0
"""The simulators of BigCommerce and Violet, and a client of their control API (sandbox/README.md)."""
import json
import sys

from harness.client import Client
from harness.process import Process
from harness.product import APP_ID, CLIENT_ID, CLIENT_SECRET, ROOT, clean_environment
from harness.waiting import wait


class Simulators:
    def __init__(self, directory, app_url, ports=(0, 0), seed="default"):
        self.ready = directory / "simulators.json"
        self.process = Process(
            "simulators", [sys.executable, "-m", "sandbox", "--app-url", app_url, "--bigcommerce-port", ports[0],
                           "--violet-port", ports[1], "--app-id", APP_ID, "--ready-file", self.ready, "--seed", seed],
            log=directory / "simulators.log", cwd=ROOT / "tests",
            env={**clean_environment(), "PYTHONDONTWRITEBYTECODE": "1", "BIGCOMMERCE_CLIENT_ID": CLIENT_ID,
                 "BIGCOMMERCE_CLIENT_SECRET": CLIENT_SECRET})
        self.bigcommerce = self.violet = self.control = None

    def start(self):
        self.ready.unlink(missing_ok=True)
        self.process.start()
        ports = wait(self._ports, what="the simulators to listen")
        self.bigcommerce = f"http://localhost:{ports['bigcommerce']}"
        self.violet = f"http://localhost:{ports['violet']}"
        self.bigcommerce_port = ports["bigcommerce"]
        self.control = Client(self.bigcommerce)
        return self

    def _ports(self):
        assert self.process.is_alive(), "the simulators ended:\n" + self.process.tail()
        try:
            return json.loads(self.ready.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def settings(self):
        """What points the product at them."""
        return {
            "BIGCOMMERCE_CLIENT_ID": CLIENT_ID, "BIGCOMMERCE_CLIENT_SECRET": CLIENT_SECRET, "BIGCOMMERCE_APP_ID": APP_ID,
            "BIGCOMMERCE_LOGIN_URL": self.bigcommerce, "BIGCOMMERCE_API_URL": self.bigcommerce,
            "BIGCOMMERCE_ADMIN_URL": f"http://store-{{hash}}.localhost:{self.bigcommerce_port}",
            "VIOLET_API_URL": f"{self.violet}/v1",
        }

    def panel(self, store):
        """The address of a store's control panel."""
        return f"http://store-{store}.localhost:{self.bigcommerce_port}"

    def apps(self):
        """Violet's apps, with secrets: [{"id", "slug", "name", "secret", "email", "password", "redirect_url"}]."""
        return [{"id": int(app_id), **app} for app_id, app in sorted(self.get("state")["apps"].items())]

    # The control API: sim.get("ledger?store=abc123"), sim.post("faults", {...}), sim.delete("faults").

    def get(self, path):
        return self._call("GET", path, None)

    def post(self, path, body=None):
        return self._call("POST", path, body if body is not None else {})

    def delete(self, path):
        return self._call("DELETE", path, None)

    def _call(self, method, path, body):
        reply = self.control.request(method, f"/_sandbox/{path.lstrip('/')}", json_body=body)
        assert 200 <= reply.status < 300, f"{method} /_sandbox/{path}: {reply.status} {reply.text}"
        return reply.json() if reply.body else None
