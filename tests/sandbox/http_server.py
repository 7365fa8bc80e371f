# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 server: keep-alive, a thread per connection, one write per answer, and the
faults of faults.py. http.server is not used because its header parser takes most of the time."""

import json
import re
import socket
import struct
import threading
import time
from urllib.parse import parse_qsl, unquote, urlsplit

from .faults import BREAKS, HANGS, WAITS

MAX_HEAD = 64 * 1024
MAX_BODY = 8 * 1024 * 1024

REASONS = {
    100: "Continue", 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found",
    303: "See Other", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 409: "Conflict",
    413: "Payload Too Large", 422: "Unprocessable Entity", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 507: "Insufficient Storage",
}


class Refused(Exception):
    """Raised by a handler to answer with an error."""

    def __init__(self, answer):
        super().__init__(answer.status)
        self.answer = answer


class Answer:
    """What a handler returns. `headers` is a list of (name, value)."""

    __slots__ = ("status", "body", "kind", "headers")

    def __init__(self, status=200, body=b"", kind="application/json", headers=()):
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.kind = kind
        self.headers = list(headers)


def json_answer(status, value, headers=()):
    return Answer(status, json.dumps(value, separators=(",", ":")), headers=headers)


def html_answer(text, status=200, headers=()):
    return Answer(status, text, "text/html; charset=utf-8", headers)


def redirect(url, status=303, headers=()):
    return Answer(status, "", "text/html; charset=utf-8", [("Location", url), *headers])


class Request:
    """One request; header names are lower case, `args` holds what the route's braces matched."""

    __slots__ = ("method", "target", "path", "raw_query", "headers", "body", "peer", "args",
                 "_query")

    def __init__(self, method, target, headers, body, peer):
        parts = urlsplit(target)
        self.method = method
        self.target = target
        self.path = parts.path
        self.raw_query = parts.query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.args = {}
        self._query = None

    @property
    def query(self):
        if self._query is None:
            self._query = dict(parse_qsl(self.raw_query, keep_blank_values=True))
        return self._query

    @property
    def host(self):
        return self.headers.get("host", "").lower()

    def json(self):
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body.decode("utf-8"))

    def form(self):
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def cookie(self, name):
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return unquote(value)
        return None


class Routes:
    """A tree over path segments, so that a look-up costs the same however many routes there are."""

    ANY = object()      # the branch of a segment in braces
    LEAF = None         # the handlers of a path that ends here

    def __init__(self):
        self.root = {}

    def add(self, method, pattern, handler):
        node = self.root
        names = []
        for segment in filter(None, pattern.split("/")):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                segment = self.ANY
            node = node.setdefault(segment, {})
        node.setdefault(self.LEAF, {})[method] = (handler, names)

    def find(self, method, path):
        """(handler, args); (None, None) for an unknown path, (None, methods) for a wrong method."""
        values = []
        leaf = self._walk(self.root, [s for s in path.split("/") if s], values)
        if leaf is None:
            return None, None
        found = leaf.get("GET" if method == "HEAD" else method)
        if found is None:
            return None, sorted(leaf)
        handler, names = found
        return handler, dict(zip(names, map(unquote, values)))

    def _walk(self, node, segments, values):
        if not segments:
            return node.get(self.LEAF)
        if segments[0] in node:
            leaf = self._walk(node[segments[0]], segments[1:], values)
            if leaf is not None:
                return leaf
        if self.ANY in node:
            values.append(segments[0])
            leaf = self._walk(node[self.ANY], segments[1:], values)
            if leaf is not None:
                return leaf
            values.pop()
        return None


class Closed(Exception):
    """The peer closed, or sent something that can't be answered."""


class Connection:
    """Reads requests from one socket and writes answers to it."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.buffer += data

    def read_request(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > MAX_HEAD:
                raise Closed
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, _version = lines[0].split(" ")
        except ValueError:
            raise Closed from None
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, target, headers, self._read_body(headers),
                       self.sock.getpeername()[0])

    def _read_body(self, headers):
        if headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks()
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            raise Closed
        return self._take(int(length))

    def _take(self, length):
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def _read_line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _read_chunks(self):
        body = b""
        while True:
            try:
                size = int(self._read_line().split(b";")[0], 16)
            except ValueError:
                raise Closed from None
            if size == 0:
                while self._read_line():
                    pass
                return body
            body += self._take(size)
            self._take(2)
            if len(body) > MAX_BODY:
                raise Closed

    def close(self, reset=False):
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def wire(request, answer, keep):
    """The bytes of an answer: (head, body)."""
    body = b"" if answer.status == 204 or request.method == "HEAD" else answer.body
    head = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
    if answer.status != 204:
        head.append(f"Content-Type: {answer.kind}")
        head.append(f"Content-Length: {len(answer.body)}")
    head.extend(f"{name}: {value}" for name, value in answer.headers)
    head.append("Connection: keep-alive" if keep else "Connection: close")
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace"), body


class Server:
    """Listens on one port and hands each request to `handle(request) -> Answer`."""

    def __init__(self, side, bind, port, handle, faults, log):
        self.side = side
        self.handle = handle
        self.faults = faults
        self.log = log
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((bind, port))
        self.sock.listen(1024)
        self.port = self.sock.getsockname()[1]

    def start(self):
        threading.Thread(target=self._accept, name=f"{self.side}-accept", daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _address = self.sock.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(Connection(sock),), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                request = connection.read_request()
                if not self._answer(connection, request):
                    break
        except (Closed, OSError):
            pass
        connection.close()

    def _answer(self, connection, request):
        """Answer one request; False when the connection must not be used again."""
        began = time.time()
        rule = None
        if self.faults.rules and not request.path.startswith("/_sandbox/"):
            rule = self.faults.match(self.side, request)
        if rule is None:
            answer = self._call(request)
            self.log(self.side, request, answer.status, began, None)
            return self._write(connection, request, answer)
        return self._answer_badly(connection, request, rule, began)

    def _call(self, request):
        try:
            return self.handle(request)
        except Refused as refusal:
            return refusal.answer
        except Exception as error:  # a bug of the simulator must be seen by the test
            import traceback
            traceback.print_exc()
            return json_answer(500, {"sandbox_bug": repr(error)})

    def _write(self, connection, request, answer):
        keep = request.headers.get("connection", "").lower() != "close"
        head, body = wire(request, answer, keep)
        connection.sock.sendall(head + body)
        return keep

    def _answer_badly(self, connection, request, rule, began):
        """Do what a fault rule says. Whether the act itself is done is the rule's `done`."""
        action = rule["action"]
        self._wait(rule)
        answer = self._call(request) if rule["done"] else None
        self.log(self.side, request, answer.status if answer else 0, began, action)
        if action in WAITS:
            return self._write(connection, request, answer)
        if action in HANGS:
            self.faults.hang(rule)
        if action in BREAKS:
            self._break(connection, request, rule, answer)
            connection.close(reset=rule.get("reset", False))
            return False
        return self._write(connection, request, self._other_answer(rule))

    def _wait(self, rule):
        if rule["action"] == "hold":
            self.faults.hang(rule)
        elif rule["action"] == "delay" or rule.get("delay"):
            time.sleep(rule.get("delay", rule.get("seconds", 1.0)))

    def _break(self, connection, request, rule, answer):
        if answer is None or rule["action"] not in ("drop_headers", "drop_body"):
            return
        head, body = wire(request, answer, True)
        sent = head[: len(head) // 2] if rule["action"] == "drop_headers" \
            else head + body[: len(body) // 2]
        connection.sock.sendall(sent)

    def _other_answer(self, rule):
        if rule["action"] == "empty":
            return Answer(200, b"")
        if rule["action"] == "garbage":
            return Answer(200, rule.get("body", '{"data":[{"id":12,"total_am'))
        body = rule.get("body", "")
        kind = "application/json"
        if not isinstance(body, str):
            body = json.dumps(body)
        elif re.match(r"\s*<", body):
            kind = "text/html"
        headers = [(name, str(value)) for name, value in rule.get("headers", {}).items()]
        return Answer(int(rule.get("code", 500)), body, kind, headers)

    def stop(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
