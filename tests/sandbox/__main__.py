# SPDX-License-Identifier: Apache-2.0
"""Start both simulators: python3 -m sandbox --help (from tests/)."""

import argparse
import json
import os
import signal
import threading

from . import seed
from .bigcommerce_api import BigcommerceApi
from .bigcommerce_hooks_api import HooksApi
from .bigcommerce_login import Login
from .bigcommerce_marketing import MarketingApi
from .bigcommerce_panel import Panel
from .control import Control
from .control_acts import ControlActs
from .http_server import Routes, Server, json_answer
from .violet_api import VioletApi
from .violet_channel import Channel
from .world import STORE_HOST, Config, World


def options(arguments=None):
    parser = argparse.ArgumentParser(prog="sandbox", description="Simulators of BigCommerce and "
                                     "Violet. Everything is in memory and gone at the end.")
    parser.add_argument("--bigcommerce-port", type=int, default=8081, help="0: any free one")
    parser.add_argument("--violet-port", type=int, default=8082, help="0: any free one")
    parser.add_argument("--app-url", default="http://localhost:8080",
                        help="where the app answers /install, /load, ...")
    parser.add_argument("--client-id", default=os.environ.get("BIGCOMMERCE_CLIENT_ID",
                                                              "sandbox-client-id"))
    parser.add_argument("--client-secret", default=os.environ.get(
        "BIGCOMMERCE_CLIENT_SECRET", "sandbox-client-secret-0123456789abcdef"))
    parser.add_argument("--app-id", type=int,
                        default=int(os.environ.get("BIGCOMMERCE_APP_ID") or 57141))
    parser.add_argument("--ready-file", help="written when both ports listen: their numbers as JSON")
    parser.add_argument("--seed", choices=("default", "empty"), default="default")
    parser.add_argument("--bind", default="127.0.0.1")
    return parser.parse_args(arguments)


def dispatch(routes, fallback=None):
    """A handler that looks the route up. `fallback(request)` may name other routes to use."""
    def handle(request):
        chosen = (fallback and fallback(request)) or routes
        handler, args = chosen.find(request.method, request.path)
        if handler is None:
            if args:
                return json_answer(405, {"error": "method not allowed"},
                                   [("Allow", ", ".join(args))])
            return json_answer(404, {"status": 404, "title": f"no route {request.path}"})
        request.args = args
        return handler(request)
    return handle


def bigcommerce_handler(world, controls):
    """The API, login and home page on any host; the control panel on a store's own."""
    api_routes, panel_routes = Routes(), Routes()
    api = BigcommerceApi(world)
    panel = Panel(world)
    for part in (api, HooksApi(world, api), MarketingApi(world, api), Login(world), *controls):
        part.add_routes(api_routes)
    panel.add_home(api_routes)
    panel.add_routes(panel_routes)

    def by_host(request):
        if request.path.startswith("/_sandbox/"):
            return None
        return panel_routes if STORE_HOST.match(request.host) else None
    return dispatch(api_routes, by_host)


def violet_handler(world, controls):
    routes = Routes()
    for part in (VioletApi(world), Channel(world), *controls):
        part.add_routes(routes)
    return dispatch(routes)


def start(args):
    """Build the world and listen; returns (world, servers)."""
    config = Config(args.app_url, args.client_id, args.client_secret, args.app_id)
    world = World(config)
    controls = (Control(world, args.seed), ControlActs(world))
    servers = [Server("bigcommerce", args.bind, args.bigcommerce_port,
                      bigcommerce_handler(world, controls), world.faults, world.log),
               Server("violet", args.bind, args.violet_port, violet_handler(world, controls),
                      world.faults, world.log)]
    config.bigcommerce_port, config.violet_port = (server.port for server in servers)
    with world.lock:
        seed.fill(world, args.seed)
    for server in servers:
        server.start()
    return world, servers


def announce(args, servers):
    line = json.dumps({"bigcommerce": servers[0].port, "violet": servers[1].port})
    print(line, flush=True)
    if args.ready_file:
        with open(args.ready_file + ".new", "w", encoding="ascii") as file:
            file.write(line + "\n")
        os.replace(args.ready_file + ".new", args.ready_file)


def main():
    args = options()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    _world, servers = start(args)
    announce(args, servers)
    done.wait()
    for server in servers:
        server.stop()


if __name__ == "__main__":
    main()
