# SPDX-License-Identifier: Apache-2.0
"""An HTTP client that does exactly what it is told: no redirects unless asked, cookies in plain sight."""
import http.client
import json
import urllib.parse


class Reply:
    def __init__(self, status, headers, body, url):
        self.status = status
        self.headers = headers  # http.client.HTTPMessage: names without case, get_all for repeated ones
        self.body = body
        self.url = url

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def location(self):
        return self.headers.get("Location")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.url} {self.text[:300]!r}>"


class Client:
    """One browser-like visitor of one site: keeps its cookies."""

    def __init__(self, url, timeout=30):
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.cookies = {}  # name -> (value, path)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, form=None, body=None, **options):
        return self.request("POST", path, form=form, body=body, **options)

    def request(self, method, path, form=None, body=None, headers=None, follow=False, json_body=None):
        """`path` begins with / or is a whole URL. `form`: dict or list of pairs."""
        url = path if "://" in path else self.url + path
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        if json_body is not None:
            body = json.dumps(json_body)
            sent.setdefault("content-type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        reply = self._exchange(method, url, body, sent)
        for _ in range(10):
            if not follow or reply.status not in (301, 302, 303, 307):
                return reply
            reply = self._exchange("GET", urllib.parse.urljoin(reply.url, reply.location), None, {})
        raise AssertionError(f"redirected without end: {reply}")

    def _exchange(self, method, url, body, headers):
        parts = urllib.parse.urlsplit(url)
        # Every name of the sandbox means this machine, also store-abc123.localhost, which not every resolver knows.
        connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=self.timeout)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        cookie = self._cookie_header(parts.path or "/") if url.startswith(self.url) else None
        try:
            connection.request(method, target, body=body, headers={
                "Host": parts.netloc, **({"Cookie": cookie} if cookie else {}), **headers})
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read(), url)
        finally:
            connection.close()
        if url.startswith(self.url):
            self._keep_cookies(reply)
        return reply

    def _cookie_header(self, path):
        return "; ".join(f"{name}={value}" for name, (value, scope) in self.cookies.items()
                         if path == scope or path.startswith(scope.rstrip("/") + "/"))

    def _keep_cookies(self, reply):
        for line in reply.headers.get_all("Set-Cookie") or []:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            wanted = dict(a.lower().partition("=")[::2] for a in attributes)
            if wanted.get("max-age") == "0" or value == "":
                self.cookies.pop(name, None)
            else:
                path = next((a.partition("=")[2] for a in attributes if a.lower().startswith("path=")), "/")
                self.cookies[name] = (value, path)
