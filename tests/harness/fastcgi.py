# SPDX-License-Identifier: Apache-2.0
"""A FastCGI client without nginx in between: for what nginx would never send, and for holding connections open."""
import socket
import struct

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


def record(kind, content=b"", request_id=1):
    return struct.pack("!BBHHBx", 1, kind, request_id, len(content), 0) + content


def _length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)


def params(values):
    pairs = [(name.encode(), value.encode()) for name, value in values.items()]
    return b"".join(_length(len(n)) + _length(len(v)) + n + v for n, v in pairs)


def request(path, method="GET", body=b"", keep=True, **more):
    """All records of one request; more: further parameters (HTTP_X=...)."""
    values = {"REQUEST_METHOD": method, "DOCUMENT_URI": path, "QUERY_STRING": "", "CONTENT_TYPE": "",
              "CONTENT_LENGTH": str(len(body)) if body else "", **more}
    whole = record(BEGIN, struct.pack("!HB5x", 1, int(keep))) + record(PARAMS, params(values)) + record(PARAMS)
    for at in range(0, len(body), 32768):
        whole += record(STDIN, body[at:at + 32768])
    return whole + record(STDIN)


class Connection:
    """One connection to the program's socket."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))

    def send(self, data):
        self.socket.sendall(data)

    def get(self, path, **options):
        self.send(request(path, **options))
        return self.status()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def reply(self):
        """Headers and body of the next answer, as bytes."""
        out = b""
        while True:
            _, kind, _, length, padding = struct.unpack("!BBHHBx", self._exactly(8))
            content = self._exactly(length + padding)[:length]
            if kind == STDOUT:
                out += content
            elif kind == END:
                head, _, body = out.partition(b"\r\n\r\n")
                return head, body

    def status(self):
        head, _ = self.reply()
        assert head.startswith(b"Status: "), head
        return int(head[8:11])

    def is_closed(self):
        """The program has closed its end (waits for that, or for anything else to come)."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
