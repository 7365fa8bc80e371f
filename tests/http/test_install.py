# SPDX-License-Identifier: Apache-2.0
"""GET /install: the code is exchanged, the token kept, and every way in which that can fail has its own page."""
import re
import urllib.parse

import pytest

from harness.connect import Merchant, query, title

TOKEN_ENDPOINT = "/oauth2/token"


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    stack = make_shared_stack(worker=False)
    stack.expect_log(r'"GET /install" status=500')  # our settings are refused: the operator must hear of it
    return stack


@pytest.fixture
def stack(shared):
    """The shared stack, nothing installed."""
    shared.sim.post("reset", {"seed": "default"})
    for table in ("link", "connection", "store_user", "job", "discount", "store"):
        shared.db.rows(f"delete from violet.{table}")
    return shared


def callback(stack, store="abc123", **options):
    """Where BigCommerce sends the browser: path and parameters of /install."""
    url = stack.sim.post(f"stores/{store}/install", options)["url"]
    return query(url)


def install(stack, parameters, client=None, **options):
    return (client or stack).get("/install?" + urllib.parse.urlencode(parameters), **options)


def exchange_fails(stack, **rule):
    stack.sim.post("faults", {"side": "bigcommerce", "path": TOKEN_ENDPOINT, "times": 1, **rule})


def store(stack, store_hash="abc123"):
    """The store's row as a dict of texts, numbers and nulls; None if there is none."""
    return stack.db.value("select to_jsonb(s) from violet.store as s where store_hash = %s", store_hash)


# Good ones ---------------------------------------------------------------------------------------------------------------


def test_install_keeps_token_user_owner_and_jobs(stack):
    page = install(stack, callback(stack, user="manager"))
    assert page.status == 200, page
    assert title(page) == "Green Garden Supply"
    assert "Violet is installed." in page.text
    row = store(stack)
    assert row["sealed_token"].startswith("v1.k1.") and stack.sim.get("state")["stores"]["abc123"]["token"] not in str(row)
    assert "store_v2_orders" in " ".join(row["scopes"])
    assert (row["owner_id"], row["currency"], row["name"]) == (1001, "USD", "Green Garden Supply")
    assert row["control_panel_url"] and row["uninstalled_at"] is None
    assert row["swept_refund_at"] == row["installed_at"] == row["first_installed_at"]
    users = stack.db.rows("select user_id, is_owner, installed_at is not null as installer, email is not null as email "
                          "from violet.store_user order by user_id")
    assert users == [(1001, True, False, True), (1002, False, True, True)]
    jobs = stack.db.rows("select kind::text from violet.job where store_hash = 'abc123' and due_at <= now() order by 1")
    assert [kind for kind, in jobs] == ["ensure_hooks", "read_discounts", "resolve_merchant", "sweep"]


def test_page_may_be_framed_by_this_store_only(stack):
    page = install(stack, callback(stack))
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {stack.sim.panel('abc123')}" in policy
    assert page.headers["X-Frame-Options"] is None and page.headers["Set-Cookie"] is None
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_unknown_parameters_and_any_order_are_fine(stack):
    parameters = callback(stack)
    shuffled = {"new": "x", **dict(reversed(parameters.items())), "account_uuid": "whatever"}
    assert install(stack, shuffled).status == 200


def test_store_that_does_not_answer_is_installed_all_the_same(stack):
    stack.sim.post("faults", {"side": "bigcommerce", "path": "/v2/store$", "action": "status", "code": 500})
    page = install(stack, callback(stack))
    assert page.status == 200 and "Violet is installed." in page.text
    assert store(stack)["sealed_token"] and store(stack)["name"] == ""
    assert title(page) == "store-abc123"


@pytest.mark.parametrize("scopes, missing", [
    ("store_v2_default store_v2_orders_read_only store_v2_information_read_only store_v2_marketing_read_only", []),
    ("store_v2_default store_v2_information store_v2_marketing", ["Orders"]),
    ("store_v2_orders,store_v2_marketing", ["Information and settings"]),
    ("store_v2_transactions_read_only", ["Orders", "Information and settings", "Marketing"]),
])
def test_missing_scopes_are_named_with_what_will_not_work(stack, scopes, missing):
    stack.sim.post("settings", {"app_scopes": scopes})
    page = install(stack, callback(stack))
    assert page.status == 200, page
    assert re.findall(r"<li><b>(.*?)</b>", page.text) == missing
    assert ("Some permissions are missing" in page.text) == bool(missing)
    assert ("Connected" in page.text) != bool(missing)


def test_reinstall_overwrites_the_token_and_sweeps_from_the_old_watermark(stack):
    install(stack, callback(stack))
    first = store(stack)
    stack.db.rows("update violet.store set swept_refund_at = now() - interval '10 days', swept_refund_id = 7, "
                  "swept_order_at = now() - interval '100 days', swept_order_id = 9, sealed_token = null, "
                  "uninstalled_at = now(), first_installed_at = now() - interval '1 year'")
    assert install(stack, callback(stack)).status == 200
    again = store(stack)
    assert again["sealed_token"] not in (None, first["sealed_token"]) and again["uninstalled_at"] is None
    assert again["installed_at"] > first["installed_at"]
    assert stack.db.value("select installed_at - swept_refund_at between interval '9 days 23 hours' and interval '10 days 1 hour' "
                          "and swept_refund_id = 7 from violet.store")
    assert stack.db.value("select installed_at - swept_order_at = interval '45 days' and swept_order_id = 0 from violet.store")
    assert stack.db.value("select first_installed_at < now() - interval '300 days' from violet.store")


def test_older_token_that_is_kept_late_does_not_replace_the_newer(stack):
    install(stack, callback(stack))
    before = store(stack)
    late = "select api.store_install('abc123', 'older', '{}', 1002, null, null, 1001, null, installed_at - interval '1 second') " \
        "from violet.store"
    assert stack.db.value(late) is False
    assert store(stack) == before
    stack.db.rows("update violet.store set sealed_token = null")
    stack.db.rows(late)
    assert store(stack)["sealed_token"] == "older", "without a newer one it is kept"


def test_new_owner_replaces_the_old_one(stack):
    install(stack, callback(stack))
    stack.db.rows("insert into violet.store_user (store_hash, user_id, is_owner, first_seen_at, last_seen_at) "
                  "values ('abc123', 5, true, now(), now())")
    install(stack, callback(stack))
    owners = stack.db.rows("select user_id from violet.store_user where is_owner")
    assert owners == [(1001,)]


# Faults ------------------------------------------------------------------------------------------------------------------


def refused(stack, page, status, words):
    assert page.status == status, page
    assert title(page) == words
    assert re.search(r"please quote this reference: \S{8,}", page.text), page.text
    assert stack.db.value("select count(*) from violet.store where sealed_token is not null") == 0


@pytest.mark.parametrize("without", ["code", "scope", "context"])
def test_missing_parameter(stack, without):
    parameters = callback(stack)
    del parameters[without]
    refused(stack, install(stack, parameters), 400, "This page is opened by BigCommerce")


@pytest.mark.parametrize("changed", [
    {"code": ""}, {"code": "x" * 513}, {"code": "a\x01b"}, {"scope": "s" * 2049}, {"context": "abc123"},
    {"context": "stores/"}, {"context": "stores/ABC"}, {"context": "stores/abc123/"}, {"context": "stores/" + "a" * 33},
])
def test_impossible_parameter(stack, changed):
    refused(stack, install(stack, {**callback(stack), **changed}), 400, "This page is opened by BigCommerce")
    assert not stack.sim.get(f"requests?path={TOKEN_ENDPOINT}")["count"]


@pytest.mark.parametrize("name", ["code", "scope", "context", "external_install"])
def test_doubled_parameter(stack, name):
    pairs = [*callback(stack).items(), (name, "x"), (name, "x")]
    page = stack.get("/install?" + urllib.parse.urlencode(pairs))
    assert page.status == 400 and title(page), page
    assert not store(stack)


def test_endless_query(stack):
    assert install(stack, {**callback(stack), "x": "y" * 9000}).status in (400, 414)


@pytest.mark.parametrize("rule, status, words", [
    ({"action": "status", "code": 400, "body": {"error": "invalid_request", "error_description":
      "Parameter redirect_uri does not match registered URI"}}, 500, "Something is wrong with our settings"),
    ({"action": "status", "code": 401, "body": {"error": "invalid_client"}}, 500, "Something is wrong with our settings"),
    ({"action": "status", "code": 406, "body": {"error": "Invalid format."}}, 500, "Something is wrong with our settings"),
    ({"action": "status", "code": 400, "body": {"error": "invalid_grant"}}, 409, "This installation link was used already"),
    ({"action": "status", "code": 302, "body": "<a>redirected</a>", "headers": {"Location": "/login"}}, 502,
     "BigCommerce gave an answer that we don't understand"),
    ({"action": "garbage"}, 502, "BigCommerce gave an answer that we don't understand"),
    ({"action": "empty"}, 502, "BigCommerce gave an answer that we don't understand"),
    ({"action": "status", "code": 200, "body": {"access_token": "t", "scope": "s"}}, 502,
     "BigCommerce gave an answer that we don't understand"),
    ({"action": "status", "code": 429, "headers": {"X-Retry-After": 2}}, 503, "BigCommerce is busy at the moment"),
    ({"action": "status", "code": 502, "body": "<html>"}, 503, "BigCommerce is busy at the moment"),
    ({"action": "drop_after"}, 502, "BigCommerce did not answer"),
    ({"action": "drop_body"}, 502, "BigCommerce did not answer"),
    ({"action": "hang", "seconds": 5}, 502, "BigCommerce did not answer"),
])
def test_exchange_that_fails(stack, rule, status, words):
    parameters = callback(stack)
    exchange_fails(stack, **rule)
    page = install(stack, parameters)
    refused(stack, page, status, words)
    assert f"frame-ancestors {stack.sim.panel('abc123')}" in page.headers["Content-Security-Policy"]


def test_redirect_of_the_exchange_is_not_followed(stack):
    parameters = callback(stack)
    exchange_fails(stack, action="status", code=307, headers={"Location": "/elsewhere"})
    install(stack, parameters)
    assert stack.sim.get("requests?path=/elsewhere")["count"] == 0


def test_busy_exchange_can_be_repeated(stack):
    parameters = callback(stack)
    exchange_fails(stack, action="status", code=503)
    assert install(stack, parameters).status == 503
    assert install(stack, parameters).status == 200


def test_code_of_another_store_is_refused(stack):
    """An address made up from one store's code and another one's context: the answer names the store."""
    parameters = callback(stack)
    exchange_fails(stack, action="status", code=200, body={
        "access_token": "t", "scope": "store_v2_orders", "user": {"id": 7}, "context": "stores/def456"})
    refused(stack, install(stack, parameters), 403, "This address belongs to another store")


def test_reloading_the_installed_page_is_answered_kindly(stack):
    parameters = callback(stack)
    assert install(stack, parameters).status == 200
    before = store(stack)
    page = install(stack, parameters)
    assert page.status == 200 and title(page) == "Violet is installed"
    assert f'href="{stack.sim.panel("abc123")}/manage/app/57141" target="_top"' in page.text
    assert 'name="session"' not in page.text
    assert store(stack) == before


def test_used_code_of_a_store_that_is_gone(stack):
    parameters = callback(stack)
    install(stack, parameters)
    stack.db.rows("update violet.store set sealed_token = null, uninstalled_at = now()")
    page = install(stack, parameters)
    refused(stack, page, 409, "This installation link was used already")
    assert "/manage/marketplace/apps/57141" in page.text


def test_failing_page_speaks_german(stack):
    page = install(stack, {}, headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert page.status == 400 and title(page) == "Diese Seite wird von BigCommerce geöffnet"
    assert '<html lang="de">' in page.text


def test_token_that_cannot_be_kept(stack):
    """The page says so; after the merchant did what it says, all is well."""
    blocker = stack.db.connect()
    try:
        blocker.cursor().execute("begin; lock table violet.store in access exclusive mode")
        page = install(stack, callback(stack))
    finally:
        blocker.close()
    refused(stack, page, 503, "We could not finish the installation")
    assert install(stack, callback(stack)).status == 200


# External installs -------------------------------------------------------------------------------------------------------


def test_external_install_ends_on_bigcommerces_page(stack):
    done = install(stack, callback(stack, external=True))
    assert (done.status, done.location) == (302, f"{stack.sim.bigcommerce}/app/sandbox-client-id/install/succeeded")
    assert store(stack)["sealed_token"]


def test_external_install_that_fails(stack):
    parameters = callback(stack, external=True)
    exchange_fails(stack, action="status", code=401)
    done = install(stack, parameters)
    assert (done.status, done.location) == (302, f"{stack.sim.bigcommerce}/app/sandbox-client-id/install/failed")


def test_external_install_leads_to_the_confirm_page_of_the_waiting_connection(stack):
    merchant = Merchant(stack)
    merchant.begin("acme", store=None)
    done = install(stack, callback(stack, external=True), client=merchant.client)
    assert (done.status, done.location) == (302, f"{stack.url}/connect/acme/finish")
    assert stack.db.value("select proof from violet.connection") == "external_install"
    assert stack.db.value("select count(*) from violet.link") == 0
    assert "Green Garden Supply" in merchant.get(done.location).text


def test_without_external_install_the_cookie_proves_nothing(stack):
    merchant = Merchant(stack)
    merchant.begin("acme", store=None)
    assert install(stack, callback(stack), client=merchant.client).status == 200
    assert stack.db.value("select proof from violet.connection") is None


# Secrets -----------------------------------------------------------------------------------------------------------------


def test_logs_know_no_code_and_no_token(stack):
    parameters = callback(stack)
    install(stack, parameters)
    token = stack.sim.get("state")["stores"]["abc123"]["token"]
    for name, text in stack.logs():
        if name != "simulators":
            assert parameters["code"] not in text and token not in text and "signed_payload" not in text, name
