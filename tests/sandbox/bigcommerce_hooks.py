# SPDX-License-Identifier: Apache-2.0
"""Webhook delivery with BigCommerce's rules: at least once, retries over 48 hours (scaled), blocking
of a domain below 90 % success, deactivation after the last retry, delivery-exception hooks.
Delivery threads take due deliveries from a queue; they never hold the world's lock while sending."""

import base64
import hashlib
import hmac
import http.client
import json
import queue
import ssl
import threading
import time
import uuid
from collections import deque
from urllib.parse import urlsplit

RETRY_WAITS = (60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400)
EXCEPTION_SCOPE = "store/hook/deliveryException"
EXCEPTION_EVERY = 600       # seconds between 90001 notices to one destination, times retry_scale
SENDERS = 8
DIRECT = -1                 # id of a hook that no store has
FAILING, GIVEN_UP, BLOCKED = 90001, 90002, 90003


class Delivery:
    """One webhook on its way to one hook."""

    __slots__ = ("id", "store", "hook", "destination", "scope", "body", "event_time", "attempts",
                 "state", "headers", "url", "generation")

    def __init__(self, store, hook, scope, body, generation):
        self.id = f"msg_{uuid.uuid4().hex}"
        self.store = store
        self.hook = hook
        self.destination = hook.destination
        self.scope = scope
        self.body = body
        self.event_time = int(time.time())
        self.headers = dict(hook.headers or {})
        self.url = urlsplit(hook.destination)
        self.attempts = []
        self.state = "pending"
        self.generation = generation

    def describe(self):
        return {"id": self.id, "store": self.store.hash, "hook_id": self.hook.id,
                "scope": self.scope, "destination": self.destination, "state": self.state,
                "event_time": self.event_time, "attempts": list(self.attempts),
                "body": json.loads(self.body) if self.body[:1] == b"{" else self.body.decode()}


class Domain:
    """The sliding success rate of one destination host."""

    def __init__(self):
        self.results = deque()      # (time, ok)
        self.failures = 0
        self.blocked_until = 0.0
        self.last_error = ""

    def record(self, ok, error, settings):
        now = time.time()
        self.results.append((now, ok))
        self.failures += not ok
        self.last_error = self.last_error if ok else error
        while self.results and self.results[0][0] < now - settings.block_window:
            self.failures -= not self.results.popleft()[1]
        total = len(self.results)
        if total >= settings.block_min and (total - self.failures) / total < settings.block_rate:
            self.blocked_until = now + settings.block_seconds * settings.retry_scale
            self.results.clear()
            self.failures = 0
            return True
        return False


class Webhooks:
    def __init__(self, world):
        self.world = world
        self.queue = queue.SimpleQueue()
        self.generation = 0
        self.reset()
        for number in range(SENDERS):
            threading.Thread(target=self._send_all, name=f"webhook-{number}", daemon=True).start()

    def reset(self):
        self.generation += 1
        self.log = deque(maxlen=50000)
        self.domains = {}
        self.waiting = 0            # sends that are queued, held back or to be retried
        self.last_notice = {}       # destination -> time of the last 90001

    # What the acts call, under the lock.

    def emit(self, store, scope, data):
        """An event happened: tell every hook of the store that listens."""
        if self.world.settings.webhooks == "off":
            return
        for hook in list(store.hooks.values()):
            if hook.is_active and hook.hears(scope):
                self.post(store, hook, scope, self.payload(store, scope, data))

    @staticmethod
    def payload(store, scope, data):
        text = json.dumps(data, separators=(",", ":"))
        mark = f"{scope}{text}{time.time_ns()}".encode()
        return json.dumps({"producer": f"stores/{store.hash}",
                           "hash": hashlib.sha1(mark).hexdigest(), "created_at": int(time.time()),
                           "store_id": str(store.number), "scope": scope, "data": data},
                          separators=(",", ":")).encode()

    def post(self, store, hook, scope, body):
        """Queue one delivery, through the chaos settings. Returns it."""
        settings, random = self.world.settings, self.world.random
        delivery = Delivery(store, hook, scope, body, self.generation)
        self.log.append(delivery)
        if scope != EXCEPTION_SCOPE and random.random() < settings.webhook_drop:
            delivery.state = "dropped"
            return delivery
        copies = 2 if random.random() < settings.webhook_duplicate else 1
        for _copy in range(copies):
            self._queue_after(self._hold(settings, random), delivery)
        return delivery

    @staticmethod
    def _hold(settings, random):
        if random.random() < settings.webhook_delay:
            return random.random() * settings.webhook_delay_seconds
        if random.random() < settings.webhook_reorder:
            return random.random() * 0.5
        return 0.0

    def _queue_after(self, seconds, delivery):
        self.waiting += 1
        if seconds > 0:
            self.world.scheduler.after(seconds, self.queue.put, delivery)
        else:
            self.queue.put(delivery)

    # The sending threads.

    def _send_all(self):
        connections = {}
        while True:
            delivery = self.queue.get()
            if delivery.generation != self.generation:
                continue
            if self._wanted(delivery):
                self._try(delivery, connections)
            with self.world.lock:
                self.waiting -= delivery.generation == self.generation

    def _try(self, delivery, connections):
        began = time.time()
        domain = self._domain(delivery)
        if domain.blocked_until > began and delivery.scope != EXCEPTION_SCOPE:
            status, error = 0, "domain blocked"
        else:
            status, error = self._send(delivery, connections)
        with self.world.lock:
            self._record(delivery, domain, began, status, error)

    def _wanted(self, delivery):
        """A hook that was deleted or switched off in the meantime hears no more; one that only
        stands for a destination (control API) is in no store."""
        hook = delivery.hook
        if hook.is_active and (hook.id == DIRECT or delivery.store.hooks.get(hook.id) is hook):
            return True
        if delivery.state == "pending":
            delivery.state = "cancelled"
        return False

    def _domain(self, delivery):
        with self.world.lock:
            return self.domains.setdefault(delivery.url.hostname, Domain())

    def _send(self, delivery, connections):
        """(status, error); a kept connection that the other side closed is opened again once."""
        key = (delivery.url.scheme, delivery.url.netloc)
        kept = key in connections
        try:
            return self._exchange(delivery, connections, key)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            if not kept:
                return 0, repr(error)
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        try:
            return self._exchange(delivery, connections, key)
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)

    def _exchange(self, delivery, connections, key):
        connection = connections.pop(key, None) or self._connect(delivery.url)
        connection.timeout = self.world.settings.webhook_timeout
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        try:
            target = delivery.url.path or "/"
            if delivery.url.query:
                target += f"?{delivery.url.query}"
            connection.request("POST", target, delivery.body, self._headers(delivery))
            response = connection.getresponse()
            response.read()
        except BaseException:
            connection.close()
            raise
        connections[key] = connection
        return response.status, None

    @staticmethod
    def _connect(url):
        if url.scheme == "https":
            return http.client.HTTPSConnection(url.netloc, context=ssl.create_default_context())
        return http.client.HTTPConnection(url.netloc)

    def _headers(self, delivery):
        headers = {"Content-Type": "application/json", "Accept": "*/*",
                   "User-Agent": "akka-http/10.0.10", **delivery.headers}
        settings = self.world.settings
        if settings.webhook_sign:
            stamp = delivery.event_time if settings.webhook_timestamp == "event" \
                else int(time.time())
            headers.update(sign(self.world.config.client_secret, delivery.id, stamp, delivery.body))
        return headers

    def _record(self, delivery, domain, began, status, error):
        settings = self.world.settings
        ok = 200 <= status < 300
        delivery.attempts.append({"time": began, "status": status, "error": error,
                                  "ms": round((time.time() - began) * 1000, 1)})
        counts = error != "domain blocked" and delivery.scope != EXCEPTION_SCOPE
        if counts and domain.record(ok, error or f"HTTP {status}", settings):
            self._tell(delivery, BLOCKED, f"The domain {delivery.url.hostname} is blocked: less "
                                          f"than 90 % of deliveries succeeded.")
        if ok:
            delivery.state = "delivered"
        elif delivery.state != "delivered":
            self._retry(delivery, error or f"HTTP {status}")

    def _retry(self, delivery, error):
        """Try again later, or give up and switch the hook off."""
        scale = self.world.settings.retry_scale
        failures = len(delivery.attempts)
        if failures <= len(RETRY_WAITS):
            self._queue_after(RETRY_WAITS[failures - 1] * scale, delivery)
            now = time.time()
            if self.last_notice.get(delivery.destination, 0) + EXCEPTION_EVERY * scale < now:
                self.last_notice[delivery.destination] = now
                self._tell(delivery, FAILING, f"Delivery failed ({error}) and will be retried.")
            return
        delivery.state = "failed"
        hook = delivery.hook
        if hook.is_active:
            hook.is_active = False
            hook.deactivated = True
            hook.updated_at = int(time.time())
            self._tell(delivery, GIVEN_UP, "All retries failed; the webhook is being disabled.")

    def _tell(self, delivery, code, message):
        """The delivery-exception hook, if the store has one. Its own failures tell nothing."""
        if delivery.scope == EXCEPTION_SCOPE:
            return
        self.emit(delivery.store, EXCEPTION_SCOPE,
                  {"type": "webhook", "id": delivery.hook.id, "error_code": code,
                   "message": message})

    # For GET /hooks/admin and the control API.

    def blocked_domains(self):
        now = time.time()
        return [{"destination": host, "time_left": int(domain.blocked_until - now) + 1,
                 "reasons": [{"failure_description": domain.last_error, "count": 1,
                              "timestamp": int(now)}]}
                for host, domain in self.domains.items() if domain.blocked_until > now]

    def block(self, host, seconds):
        self.domains.setdefault(host, Domain()).blocked_until = time.time() + seconds

    def idle(self):
        """Nothing is queued, on its way or waiting for a retry."""
        return self.waiting == 0


def sign(secret, ident, stamp, body):
    """Standard Webhooks: the key is the client secret's bytes."""
    signed = f"{ident}.{stamp}.".encode() + body
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return {"webhook-id": ident, "webhook-timestamp": str(stamp),
            "webhook-signature": "v1," + base64.b64encode(mac).decode()}
