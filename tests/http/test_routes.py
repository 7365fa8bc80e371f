# SPDX-License-Identifier: Apache-2.0
"""What all routes have in common: headers, errors, logs, and the operator's three."""
import re

import pytest

from harness.fastcgi import Connection, request
from harness.product import ROOT

VERSION = (ROOT / ".version").read_text().strip()
OPTIONS = {"worker": False}
# Pages outside and inside of BigCommerce's frame.
TOP, FRAMED = "/connect/acme", "/load"


@pytest.fixture(scope="module")
def stack(make_shared_stack):
    return make_shared_stack(**OPTIONS)


def policy(reply):
    return dict(part.strip().partition(" ")[::2] for part in reply.headers["Content-Security-Policy"].split(";"))


# Headers -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [TOP, FRAMED, "/connect/nobody", "/connect/acme/nothing", "/readyz", "/assets/violet.css"])
def test_every_answer_is_guarded(stack, path):
    reply = stack.get(path)
    csp = policy(reply)
    assert csp["default-src"] == "'none'" and csp["base-uri"] == "'none'"
    assert csp["script-src"] == csp["style-src"] == "'self'"
    assert "unsafe" not in reply.headers["Content-Security-Policy"]
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r"[0-9A-Z]{12}", reply.headers["X-Request-Id"])
    assert "X-Frame-Options" not in reply.headers
    if path != "/assets/violet.css":
        assert reply.headers["Cache-Control"] == "no-store"


def test_only_the_embedded_app_may_be_framed(stack):
    assert policy(stack.get(TOP))["frame-ancestors"] == "'none'"
    # Errors in the frame must show, too: they say nothing of any store.
    port = stack.sim.bigcommerce_port
    for path in ("/load", "/install", "/app/nothing"):
        assert policy(stack.get(path))["frame-ancestors"] == f"http://*.localhost:{port}"


# Errors --------------------------------------------------------------------------------------------------------------

def assert_error_page(reply, status, title):
    assert reply.status == status
    assert f"<h1>{title}</h1>" in reply.text
    assert reply.headers["X-Request-Id"] in reply.text
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"


def test_unknown_paths(stack):
    assert_error_page(stack.get("/connect/a/b/c"), 404, "There is nothing here")
    assert_error_page(stack.get("/assets/nothing.css"), 404, "There is nothing here")
    assert stack.get("/anything").status == 404  # nginx passes nothing else on
    assert stack.get("/").location == f"{stack.url}/connect/acme", "the sandbox's own: a beginning"
    with Connection(stack.sockets["pages"]) as straight:
        assert straight.get("/anything") == 404


def test_wrong_methods(stack):
    reply = stack.client().request("DELETE", TOP)
    assert_error_page(reply, 405, "This page can&#39;t be opened that way")
    assert reply.headers["Allow"] == "GET, HEAD, POST"
    for path, allow in (("/load", "GET, HEAD"), ("/app/code", "POST")):
        reply = stack.client().request("PUT", path)
        assert (reply.status, reply.headers["Allow"]) == (405, allow)


def test_templates_and_texts_are_no_assets(stack):
    for name in ("layout.html", "text.en", "app.html", "..%2f..%2fsql%2froles.sql"):
        assert stack.get(f"/assets/{name}").status in (400, 404)


@pytest.mark.parametrize("query", ["state=1&state=2", "state=%zz", "state=%ff", "state=%00", "state=%", "&".join(["x="] * 65)])
def test_doubled_and_broken_parameters(stack, query):
    assert_error_page(stack.get(f"{TOP}?{query}"), 400, "We could not read that")


def test_unknown_parameters_are_ignored(stack):
    assert stack.get(f"{TOP}?utm=1&utm=2&x=%zz").status == 200


@pytest.mark.parametrize("options", [
    {"body": '{"code":"x"}', "headers": {"Content-Type": "application/json"}},
    {"body": "code=x"},
    {"body": "code=1&code=2", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
])
def test_what_is_no_form(stack, options):
    assert_error_page(stack.post("/app/code", **options), 400, "We could not read that")


def test_forms_have_a_limit(stack):
    reply = stack.post("/app/code", form={"code": "x" * 17000})
    assert_own_page(stack, reply, 413, "That is too much at once")
    with Connection(stack.sockets["pages"]) as straight:
        body = b"code=" + b"x" * 17000
        assert straight.get("/app/code", method="POST", body=body, CONTENT_TYPE="application/x-www-form-urlencoded") == 413


def assert_own_page(stack, reply, status, title):
    """A page that nginx answers by itself: as guarded as the program's, told apart by an id that nginx logs, with its style."""
    assert_error_page(reply, status, title)
    csp = policy(reply)
    assert csp["default-src"] == csp["base-uri"] == csp["form-action"] == "'none'" and csp["style-src"] == "'self'"
    assert reply.headers["Referrer-Policy"] == "no-referrer" and reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store" and reply.headers.get_all("X-Request-Id") == [reply.headers["X-Request-Id"]]
    assert 'name=color-scheme content="light dark"' in reply.text and "<style" not in reply.text
    style = stack.get(re.search(r"href=(/assets/\S+\.css)>", reply.text).group(1))
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    log = stack.directory / "nginx" / "access.log"
    stack.wait(lambda: reply.headers["X-Request-Id"] in log.read_text(), what="the id in nginx's log")


def test_away_is_a_page_too(make_stack):
    stack = make_stack(**OPTIONS)
    stack.expect_log(r"pages\.sock")
    stack.web.stop()
    for path, frame in ((TOP, "'none'"), (FRAMED, "http://*.localhost:*")):
        reply = stack.get(path)
        assert_own_page(stack, reply, 503, "We are back in a moment")
        assert policy(reply)["frame-ancestors"] == frame and reply.headers["Retry-After"]


def test_too_many_requests_are_a_page_too(stack):
    often = next(reply for _ in range(200)
                 for reply in [stack.get("/install", headers={"X-Forwarded-For": "192.0.2.1"})] if reply.status == 429)
    assert_own_page(stack, often, 429, "A little slower, please")
    assert policy(often)["frame-ancestors"] == "http://*.localhost:*" and often.headers["Retry-After"]
    assert stack.get("/install", headers={"X-Forwarded-For": "192.0.2.2"}).status != 429, "each client has a limit of its own"


def test_operators_routes_are_closed_to_the_outside(stack):
    stack.expect_log("access forbidden by rule")
    for path in ("/healthz", "/readyz", "/metrics", "/metrics/hooks"):
        assert stack.get(path, headers={"X-Forwarded-For": "192.0.2.3"}).status == 403, path


def test_database_away(make_stack):
    stack = make_stack(**OPTIONS)
    with stack.db.away():
        reply = stack.get(TOP)
        assert_error_page(reply, 503, "We are busy for a moment")
        assert reply.headers["Retry-After"]
        assert stack.get("/healthz").status == 200
        ready = stack.get("/readyz")
        assert ready.status == 503 and ready.text.startswith("database: ")
        assert "violet_database_up 0" in stack.get("/metrics").text
    stack.wait(lambda: stack.get("/readyz").status == 200)


def test_a_program_that_is_too_old_is_not_ready(make_stack):
    stack = make_stack(**OPTIONS)
    stack.db.rows("update violet.instance set oldest_version = '0.10.0'")
    reply = stack.get("/readyz")
    assert reply.status == 503
    assert reply.text == f"the database has moved on to version 0.10.0 and no longer serves {VERSION}\n"


# HEAD, languages, assets ---------------------------------------------------------------------------------------------

def test_head_is_get_without_a_body(stack):
    get, head = stack.get(TOP), stack.client().request("HEAD", TOP)
    assert (head.status, head.body) == (get.status, b"")
    assert "text/html" in head.headers["Content-Type"]


@pytest.mark.parametrize("accept, language", [("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr", "en"), (None, "en"), ("en,de", "en")])
def test_language_of_the_browser(stack, accept, language):
    reply = stack.get("/connect/nobody", headers={"Accept-Language": accept} if accept else {})
    assert f'<html lang="{language}">' in reply.text


def test_assets_are_cached_by_version(stack):
    page = stack.get(TOP).text
    found = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert f"/assets/violet.css?v={VERSION}" in found
    for path in found:
        reply = stack.get(path)
        assert reply.status == 200
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        tag = reply.headers["ETag"]
        again = stack.get(path, headers={"If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["Content-Length"] is None, "it would be that of the whole one"
        for encoding in ("gzip", "identity"):
            assert stack.get(path, headers={"Accept-Encoding": encoding}).headers["Vary"] == "Accept-Encoding"
        assert stack.get(path.partition("?")[0]).headers["Cache-Control"] == "public, max-age=300"
    assert stack.get("/assets/violet.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert stack.get("/assets/favicon.svg").headers["Content-Type"] == "image/svg+xml"


# Logs ----------------------------------------------------------------------------------------------------------------

def test_one_line_per_request_without_its_query(stack):
    reply = stack.get(f"{TOP}?state=topsecret")
    line = stack.wait(lambda: next((line for line in stack.web.log().splitlines()
                                    if reply.headers["X-Request-Id"] in line), None))
    assert re.search(r'^<6>web: request=[0-9A-Z]{12} route="GET /connect/\{slug\}" status=200 ms=\d+$', line)


def test_query_strings_are_logged_nowhere(make_stack):
    stack = make_stack(**OPTIONS)
    stack.expect_log(".")
    for path in ("/install", "/load", "/uninstall", "/remove_user", TOP, TOP + "/finish", "/app", "/assets/x"):
        stack.get(f"{path}?code=topsecret&signed_payload_jwt=topsecret&ticket=topsecret&context=topsecret",
                  headers={"Referer": "http://x/?topsecret", "Cookie": "a=topsecret"})
        stack.post(f"{path}?code=topsecret", form={"session": "topsecret", "code": "topsecret"})
    stack.post("/app", form={"session": "topsecret" * 3000})
    stack.web.stop()
    stack.get("/install?code=topsecret")
    stack.get("/load?signed_payload_jwt=topsecret")
    stack.nginx.process.stop()
    logs = list(stack.directory.rglob("*.log"))
    assert any("GET /install" in log.read_text(errors="replace") for log in logs)
    assert [log.name for log in logs if "topsecret" in log.read_text(errors="replace")] == []


def test_a_path_cannot_forge_a_log_line(stack):
    with Connection(stack.sockets["pages"]) as straight:
        straight.get("/connect/x\n<1>web: ALARM forged")
        straight.send(request("/nothing", method="GET\n<1>web: ALARM forged"))
        assert straight.status() == 404
    assert not re.search("^<1>web: ALARM forged", stack.web.log(), re.M)


# Metrics -------------------------------------------------------------------------------------------------------------

def test_metrics_are_prometheus(stack):
    stack.get(TOP)
    stack.get("/connect/nobody")
    for path in ("/metrics", "/metrics/hooks"):
        reply = stack.get(path)
        assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        seen = set()
        for line in reply.text.splitlines():
            kind = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) .+", line)
            value = re.fullmatch(r"([a-z_]+)(\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\})? -?[0-9.]+", line)
            assert kind or value, line
            if kind and kind[1] == "HELP":
                assert kind[2] not in seen, line
                seen.add(kind[2])
            if value:
                assert value[1] in seen, line
    text = stack.get("/metrics").text
    assert re.search(r'violet_pages_total\{method="GET",route="/connect/\{slug\}",status="200"\} [1-9]', text)
    assert re.search(r'violet_pages_total\{method="GET",route="/connect/\{slug\}",status="404"\} [1-9]', text)
    assert "violet_database_up 1" in text
    for name in ("violet_overpaid_orders", "violet_refunds_swept", "violet_events_default", "violet_links"):
        assert f"\n{name} 0\n" in text


def test_metrics_of_work(database):
    """api.metrics counts what is there: jobs, money, reviews."""
    database.rows("""
        insert into violet.store (store_hash, first_installed_at, installed_at, sealed_token, token_refused_at)
            values ('s1', now(), now(), 'x', null), ('s2', now(), now(), 'x', now()), ('s3', now(), null, null, null);
        insert into violet.channel (slug, name, redirect_url, app_id, sealed_credentials) values ('c', 'C', 'https://c', 1, 'x');
        insert into violet.bag (store_hash, order_id, state, violet_order_id, bag_id, channel_id, merchant_id, currency,
            total_minor, overpaid_at)
            select 's1', n, 'found', n, n, channel_id, 1, 'EUR', 1000, case when n = 1 then now() end
            from violet.channel, generate_series(1, 3) as n;
        insert into violet.refund (store_hash, order_id, source, source_id, state, amount_minor, currency, marker, made_at,
            created_at, changed_at, review_reason, violet_refund_id, found_by)
            values ('s1', 1, 'refund', 1, 'pending', 300, 'EUR', 'm', now(), now(), now(), null, null, 'sweep'),
                ('s1', 2, 'refund', 2, 'review', 200, 'EUR', 'm', now(), now(), now(), 'why', null, 'webhook'),
                ('s1', 3, 'refund', 3, 'done', 100, 'EUR', 'm', now(), now(), now(), null, 7, 'webhook');
        insert into violet.job (store_hash, kind, ref, due_at, made_at)
            values ('s1', 'sync_order', 1, now() - interval '90 seconds', now()),
                ('s1', 'sweep', 0, now() + interval '1 hour', now());
    """)
    facts = {name + labels: value for name, labels, value in database.rows("select name, labels, value from api.metrics(now())")}
    assert facts['violet_stores{state="installed"}'] == "1"
    assert facts['violet_stores{state="refused"}'] == "1"
    assert facts['violet_stores{state="uninstalled"}'] == "1"
    assert facts['violet_refunds_open{state="pending"}'] == "1"
    assert facts['violet_refunds_open{state="review"}'] == "1"
    assert facts['violet_owed_minor{currency="EUR"}'] == "500"
    assert facts["violet_overpaid_orders"] == "1"
    assert facts["violet_refunds_swept"] == "1"
    assert facts['violet_jobs{kind="sync_order"}'] == facts['violet_jobs{kind="sweep"}'] == "1"
    assert facts['violet_jobs_due{kind="sync_order"}'] == "1" and 'violet_jobs_due{kind="sweep"}' not in facts
    assert 90 <= float(facts['violet_job_oldest_seconds{kind="sync_order"}']) < 120
