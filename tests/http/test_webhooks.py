# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what is ours is committed and answered with 200, whatever it says; what is not ours leaves no trace."""
import base64
import concurrent.futures
import hashlib
import hmac
import time

import pytest

from harness.product import CLIENT_SECRET
from harness.webhooks import STORE, event, header, refund_created

pytestmark = pytest.mark.stack(worker=False, channels=False)


def status_updated(order, status):
    return event("store/order/statusUpdated",
                 {"type": "order", "id": order, "status": {"previous_status_id": 0, "new_status_id": status}})


def send(stack, body, store=STORE, path="/webhooks", headers=None, **options):
    return stack.post(path, body=body, headers={
        "Content-Type": "application/json", "X-Violet-Hook": header(stack, store), **(headers or {})}, **options)


def signed(body, secret=CLIENT_SECRET, at=None):
    """Standard Webhooks, specification 1.0; BigCommerce's key is the client secret's bytes."""
    at = str(int(at or time.time()))
    text = f"msg_1.{at}.{body}".encode()
    mac = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": f"v1,bm8= v1,{mac}"}


def jobs(stack):
    return [tuple(row) for row in stack.db.rows("select store_hash, kind::text, ref from violet.job order by 1, 2, 3")]


def events(stack):
    return stack.db.value("select count(*) from violet.event")


def assert_taken(reply):
    assert reply.status == 200
    assert reply.body == b""
    assert reply.headers["X-Request-Id"]


def test_refund_is_stored_and_its_order_is_due(stack):
    body = refund_created(250)
    assert_taken(send(stack, body))
    row = stack.db.row("select store_hash, scope, order_id, signature, problem, body, received_at between "
                       "now() - interval '1 minute' and now() from violet.event")
    assert [row[0], row[1], row[2], row[3], row[4], bytes(row[5]), row[6]] == \
        [STORE, "store/order/refund/created", 250, "absent", None, body.encode(), True]
    assert jobs(stack) == [(STORE, "sync_order", 250)]
    assert stack.db.value("select due_at <= now() from violet.job")


def test_answer_has_no_body_and_few_headers(stack):
    reply = send(stack, refund_created(250))
    assert set(reply.headers.keys()) <= {"Server", "Date", "Content-Length", "Connection", "X-Request-Id"}
    assert reply.headers["Content-Length"] == "0"


@pytest.mark.parametrize("scope, data, due", [
    ("store/order/refund/created", {"id": 7}, ("sync_order", 7)),
    ("store/order/refund/created", {"id": "7"}, ("sync_order", 7)),
    ("store/order/statusUpdated", {"id": 7}, ("sync_order", 7)),  # as in BigCommerce's overview: without a status
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 4}}, ("sync_order", 7)),
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 5}}, ("sync_order", 7)),
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 6}}, ("sync_order", 7)),
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 14}}, ("sync_order", 7)),
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 11}}, None),
    ("store/order/statusUpdated", {"id": 7, "status": {"new_status_id": 0}}, None),
    ("store/order/updated", {"id": 7}, None),
    ("store/product/created", {"id": 7}, None),
    ("store/app/uninstalled", {"type": "store"}, ("confirm_uninstall", 1561479335)),
    ("store/information/updated", {"type": "store"}, ("ensure_hooks", 0)),
    ("store/hook/deliveryException", {"type": "webhook", "id": 1, "error_code": 90002}, ("ensure_hooks", 0)),
])
def test_each_scope_makes_its_job_due(shared, scope, data, due):
    assert_taken(send(shared, event(scope, data)))
    assert jobs(shared) == ([(STORE, *due)] if due else [])
    assert shared.db.rows("select scope, problem from violet.event") == [(scope, None)]


@pytest.mark.parametrize("body, problem", [
    ("", "%"),
    ("nonsense", "%"),
    ("{", "%"),
    ("[]", "%producer%"),
    ("{}", "%producer%"),
    ('{"producer":"stores/abc123"}', "no scope"),
    ('{"producer":"stores/abc123","scope":7}', "no scope"),
    ('{"producer":"stores/abc123","scope":"a\\u0000b"}', "no scope"),
    ('{"producer":"stores/abc123","scope":"' + "s" * 200 + '"}', "no scope"),
    ('{"producer":"stores/abc123","producer":"stores/abc123","scope":"store/order/refund/created","data":{"id":1}}', "%"),
    (event("store/order/refund/created", {"type": "order"}), "no order id"),
    (event("store/order/refund/created", {"id": 0}), "no order id"),
    (event("store/order/refund/created", {"id": -5}), "no order id"),
    (event("store/order/refund/created", {"id": 1.5}), "no order id"),
    (event("store/order/refund/created", {"id": 1 << 70}), "%"),
    (event("store/order/statusUpdated", {}), "no order id"),
    (event("store/order/refund/created", {"id": 7}, store="other1"), "%producer%"),
    (b"\xff\xfe\x00\x00", "%"),
    (b'{"producer":"stores/abc123","scope":"\xff"}', "%"),
    ("[" * 5000, "%"),
], ids=range(20))
def test_what_cannot_be_read_is_kept_and_swept(shared, body, problem):
    assert_taken(send(shared, body))
    raw = body.encode() if isinstance(body, str) else body
    assert shared.db.rows("select body = %s, problem like %s, order_id from violet.event", raw, problem) == \
        [(True, True, None)]
    assert jobs(shared) == [(STORE, "sweep", 0)]


@pytest.mark.parametrize("value", [
    None, "", "x", "v1", "v1...", "v1.k1.abc123", "v1.k1.abc123.", "v1.k1.abc123.AAAA", "v1.k2.abc123.{mac}",
    "v1.k1.other1.{mac}", "v2.k1.abc123.{mac}", "v1.k1.abc123.{mac}x", "v1.k1.abc123.{mac}.x", "v1.k1.ABC123.{mac}",
    " v1.k1.abc123.{mac}=", "v1.k1.abc123.{flipped}", "v1." * 500,
])
def test_without_our_header_nothing_is_stored(shared, value):
    mac = header(shared).rpartition(".")[2]
    flipped = ("B" if mac[0] == "A" else "A") + mac[1:]
    headers = {} if value is None else {"X-Violet-Hook": value.replace("{mac}", mac).replace("{flipped}", flipped)}
    reply = shared.post("/webhooks", body=refund_created(250), headers=headers)
    assert reply.status == 401
    assert reply.body == b""
    assert events(shared) == 0 and jobs(shared) == []


def test_only_post(shared):
    for path in ("/webhooks", "/webhooks/delivery"):
        for method in ("GET", "PUT", "DELETE"):
            reply = shared.client().request(method, path)
            assert (reply.status, reply.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("length, kept, problem", [
    (64 * 1024, 64 * 1024, "%"), (64 * 1024 + 1, 0, "%too long%"), (1024 * 1024, 0, "%too long%")])
def test_long_body_is_taken_like_any_other(shared, length, kept, problem):
    for _ in range(2):  # nothing of it is left on the connection
        assert_taken(send(shared, "x" * length))
    assert shared.db.rows("select length(body), problem like %s from violet.event", problem) == [(kept, True)] * 2
    assert jobs(shared) == [(STORE, "sweep", 0)]


def test_endless_body_is_refused_by_nginx(shared):
    shared.expect_log(r"client intended to send too large body")
    assert send(shared, "x" * (1024 * 1024 + 1)).status == 413
    assert events(shared) == 0


def test_delivery_exceptions_have_a_path_of_their_own(shared):
    body = event("store/hook/deliveryException", {"type": "webhook", "id": 1, "error_code": 90003})
    assert_taken(send(shared, body, path="/webhooks/delivery"))
    assert jobs(shared) == [(STORE, "ensure_hooks", 0)]


def test_chunked_body_is_taken(shared):
    body = refund_created(250).encode()
    reply = send(shared, iter([body[:20], body[20:]]))  # without a length http.client sends chunks
    assert_taken(reply)
    assert jobs(shared) == [(STORE, "sync_order", 250)]


def test_duplicates_collapse_into_one_job_with_a_new_generation(shared):
    assert_taken(send(shared, refund_created(250)))
    first = shared.db.value("select generation from violet.job")
    shared.db.rows("update violet.job set attempts = 5, due_at = now() + interval '1 hour', lease_token = gen_random_uuid(), "
                   "lease_until = now() + interval '1 minute'")
    assert_taken(send(shared, status_updated(250, 4)))
    row = shared.db.row("select generation, attempts, due_at <= now(), lease_token is not null from violet.job")
    assert row[0] != first
    assert tuple(row[1:]) == (0, True, True)
    assert events(shared) == 2


def test_a_job_that_is_due_earlier_stays_so(shared):
    assert_taken(send(shared, "nonsense"))
    shared.db.rows("update violet.job set due_at = '2001-01-01'")
    assert_taken(send(shared, "nonsense"))
    assert shared.db.value("select due_at = '2001-01-01' from violet.job")


def test_stores_are_kept_apart(shared):
    assert_taken(send(shared, refund_created(250), STORE))
    assert_taken(send(shared, refund_created(250, "other1"), "other1"))
    assert jobs(shared) == [(STORE, "sync_order", 250), ("other1", "sync_order", 250)]


def test_previous_seal_key_is_still_good(make_stack):
    stack = make_stack(worker=False, channels=False)
    old = header(stack)
    keys = stack.directory / "seal.keys"
    keys.write_text(f"k2 {base64.b64encode(b'2' * 32).decode()}\n" + keys.read_text())
    stack.restart(stack.hooks)
    assert_taken(stack.post("/webhooks", body=refund_created(1), headers={"X-Violet-Hook": old}))


# Signatures ----------------------------------------------------------------------------------------------------------

def test_signatures_are_observed(shared):
    body = refund_created(250)
    for headers in ({}, signed(body), signed(body, at=time.time() - 3600), signed(body, secret="wrong"),
                    {"webhook-id": "msg_1"}):
        assert_taken(send(shared, body, headers=headers))
    assert [row[0] for row in shared.db.rows("select signature from violet.event order by event_id")] == \
        ["absent", "good", "old", "bad", "bad"]
    assert shared.db.rows("select distinct webhook_id from violet.event where signature in ('good', 'old')") == [("msg_1",)]


@pytest.mark.stack(worker=False, channels=False,
                   settings={"WEBHOOK_SIGNATURE": "require", "BIGCOMMERCE_CLIENT_SECRET_PREVIOUS": "the secret before"})
def test_signatures_can_be_required(stack):
    body = refund_created(250)
    assert_taken(send(stack, body, headers=signed(body)))
    assert_taken(send(stack, body, headers=signed(body, secret="the secret before")))
    assert_taken(send(stack, body, headers=signed(body, at=time.time() - 3600)))
    assert events(stack) == 3
    for headers in ({}, signed(body, secret="wrong"), signed(body + " ")):
        assert send(stack, body, headers=headers).status == 401
    assert stack.post("/webhooks", body=body, headers=signed(body)).status == 401  # our header is needed all the same
    assert events(stack) == 3
    assert_taken(send(stack, "x" * 100_000))  # too long to be verified: stands for a sweep alone


# The database --------------------------------------------------------------------------------------------------------

def test_a_whole_crowd_is_committed(shared):
    """Many at once, doubled and in any order: batches form, nothing deadlocks, nothing is lost."""
    bodies = [refund_created(order) for order in range(1, 101)] * 4
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        for reply in pool.map(lambda body: send(shared, body), bodies):
            assert_taken(reply)
    assert events(shared) == 400
    assert len(jobs(shared)) == 100


def test_what_the_database_refuses_costs_its_batch_nothing(make_stack):
    stack = make_stack(worker=False, channels=False)
    stack.db.rows("alter table violet.event add constraint refuse check (order_id is distinct from 13)")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for reply in pool.map(lambda order: send(stack, refund_created(order)), range(1, 41)):
            assert_taken(reply)
    assert events(stack) == 40
    assert stack.db.rows("select scope, order_id, problem from violet.event where problem is not null") == \
        [(None, None, "the database refused what was read from it")]
    assert (STORE, "sweep", 0) in jobs(stack) and (STORE, "sync_order", 13) not in jobs(stack)
    assert len(jobs(stack)) == 40


def test_a_database_that_is_away_is_503_at_once_and_comes_back(make_stack):
    stack = make_stack(worker=False, channels=False)
    stack.expect_log(r"webhooks are not stored|status=503")
    with stack.db.away():
        began = time.monotonic()
        reply = send(stack, refund_created(250))
        assert reply.status == 503 and reply.headers["Retry-After"]
        assert time.monotonic() - began < 2
    assert_taken(send(stack, refund_created(251)))
    assert jobs(stack) == [(STORE, "sync_order", 251)]


def test_a_connection_that_the_server_ends_costs_no_delivery(make_stack):
    """As when the database is restarted, or has become a standby: there may be one to take the webhook already."""
    stack = make_stack(worker=False, channels=False)
    holder = stack.db.connect()
    holder.cursor().execute("begin; lock table violet.event")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = [pool.submit(send, stack, refund_created(order)) for order in range(1, 9)]
        blocked = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        stack.wait(lambda: stack.db.value(f"select count(*) {blocked}") == 1)
        stack.db.rows(f"select pg_terminate_backend(pid) {blocked}")
        holder.close()
        for reply in replies:
            assert_taken(reply.result())
    assert events(stack) == 8


def test_a_commit_that_hangs_is_503_after_three_seconds(make_stack):
    stack = make_stack(worker=False, channels=False)
    stack.expect_log(r"webhooks are not stored|status=503")
    holder = stack.db.connect()
    holder.cursor().execute("begin; lock table violet.event")
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda order: send(stack, refund_created(order)), range(1, 9)))
    holder.close()
    assert [reply.status for reply in replies] == [503] * 8
    assert time.monotonic() - began < 5
    stack.wait(lambda: send(stack, refund_created(250)).status == 200, what="webhooks to be taken again")


def test_workers_are_woken(shared):
    listener = shared.db.connect()
    listener.cursor().execute("listen violet_job")
    assert_taken(send(shared, refund_created(250)))

    def heard():
        listener.poll()
        return listener.notifies

    shared.wait(heard, what="the notification")
    listener.close()


def test_counted_in_metrics(make_stack):
    stack = make_stack(worker=False, channels=False)
    assert_taken(send(stack, refund_created(250)))
    assert_taken(send(stack, "nonsense"))
    stack.post("/webhooks", body="x")
    text = stack.get("/metrics/hooks").text
    assert 'violet_webhooks_total{outcome="stored"} 2' in text
    assert 'violet_webhooks_total{outcome="unreadable"} 1' in text
    assert 'violet_webhooks_total{outcome="refused"} 1' in text
    assert 'violet_webhook_signatures_total{signature="absent"} 2' in text
    assert "violet_webhook_commit_events_total 2" in text


# Partitions ----------------------------------------------------------------------------------------------------------

def test_partitions_are_made_ahead_and_dropped(database):
    def upkeep(now):
        calls = []
        while not calls or sum(calls[-1]):
            calls.append(tuple(database.row("select * from api.event_partitions(%s, 7, 90)", now)))
        return calls

    assert upkeep("2030-05-01 12:00Z") == [(1, 0)] * 8 + [(0, 0)], "one at a time: the locks last until commit"
    assert upkeep("2030-05-01 13:00Z") == [(0, 0)]
    store = "select api.events_store(array['abc123'], array[extract(epoch from timestamptz %s)::bigint * 1000], array[null], " \
            "array[0], array[null], array['absent'], array[null], array['x'::bytea], array[null], array[0])"
    database.rows(store, "2030-05-02 00:00Z")
    assert database.value("select count(*) from violet.event_20300502") == 1
    assert upkeep("2030-08-02 12:00Z") == [(1, 0)] * 8 + [(0, 1)] * 3 + [(0, 0)]
    assert database.value("select count(*) from violet.event") == 0
    database.rows(store, "2001-01-01 00:00Z")  # no partition: the default one takes it
    assert upkeep("2001-01-01 12:00Z") == [(1, 0)] * 7 + [(0, 0)], "and keeps that day's"
    assert database.value("select count(*) from violet.event_default") == 1
    database.rows("select api.events_default_forget('2001-04-01 12:00Z', 90)")
    assert database.value("select count(*) from violet.event_default") == 0


# One stack for the many small cases: emptied before each.

@pytest.fixture(scope="module")
def shared_stack(make_shared_stack):
    return make_shared_stack(worker=False, channels=False)


@pytest.fixture
def shared(shared_stack):
    shared_stack.db.rows("truncate violet.event, violet.job")
    return shared_stack
