# SPDX-License-Identifier: Apache-2.0
"""GET /load: who may open the embedded app, and what is noted of them."""
import base64
import time
import urllib.parse

import pytest

from harness.connect import title


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    return make_shared_stack(worker=False)


@pytest.fixture
def stack(shared):
    """The shared stack, installed in abc123 by its owner."""
    shared.sim.post("reset", {"seed": "default"})
    for table in ("store_user", "job", "store"):
        shared.db.rows(f"delete from violet.{table}")
    shared.install("abc123")
    return shared


def jwt(stack, store="abc123", user="owner", **options):
    return stack.sim.post(f"stores/{store}/jwt", {"user": user, **options})["jwt"]


def load(stack, token, **options):
    return stack.get("/load?" + urllib.parse.urlencode({"signed_payload_jwt": token}), **options)


def user(stack, user_id):
    return stack.db.value("select to_jsonb(u) from violet.store_user as u where user_id = %s", user_id)


def test_owner_sees_the_page(stack):
    page = load(stack, jwt(stack))
    assert page.status == 200 and title(page) == "Green Garden Supply"
    assert "Connected" in page.text and "No refunds yet." in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {stack.sim.panel('abc123')}" in policy and "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Set-Cookie"] is None
    row = user(stack, 1001)
    assert row["is_owner"] and row["email"] and row["locale"] == "en-US"


def test_staff_is_noted_without_an_address(stack):
    page = load(stack, jwt(stack, user="staff"))
    assert page.status == 200
    row = user(stack, 1003)
    assert (row["is_owner"], row["installed_at"], row["email"], row["removed_at"]) == (False, None, None, None)
    assert "Have a code from a Connect page?" not in page.text


@pytest.mark.parametrize("locale, language, words", [
    ("de-DE", "de", "Verbunden"), ("de", "de", "Verbunden"), ("en-GB", "en", "Connected"), ("fr-FR", "en", "Connected"),
    ("", "en", "Connected"), ("x" * 50, "en", "Connected"),
])
def test_language_follows_the_users_locale(stack, locale, language, words):
    token = jwt(stack, claims={"user": {"id": 1001, "email": "o@example.com", "locale": locale}})
    page = load(stack, token, headers={"Accept-Language": "fr"})
    assert f'<html lang="{language}">' in page.text and words in page.text


def test_address_of_the_owner_follows_a_change(stack):
    load(stack, jwt(stack, claims={"user": {"id": 1001, "email": "new@example.com", "locale": "en"}}))
    assert user(stack, 1001)["email"] == "new@example.com"


def test_token_of_an_owner_to_be_does_not_make_one(stack):
    """Who owns the store is said by the install, not by a token that may be a day old."""
    load(stack, jwt(stack, user="staff", claims={"owner": {"id": 1003, "email": "s@example.com"}}))
    assert not user(stack, 1003)["is_owner"]
    assert stack.db.value("select owner_id from violet.store") == 1001


def test_owner_whom_nobody_named(stack):
    stack.db.rows("update violet.store set owner_id = null")
    stack.db.rows("delete from violet.store_user")
    assert load(stack, jwt(stack, claims={"owner": None})).status == 200
    assert user(stack, 1001)["is_owner"] is False


def test_loading_again_is_fine(stack):
    token = jwt(stack)
    assert [load(stack, token).status for _ in range(3)] == [200, 200, 200]


def test_not_installed(stack):
    page = load(stack, jwt(stack, store="def456"))
    assert page.status == 404 and title(page) == "Violet is not installed in this store"
    assert f'href="{stack.sim.panel("def456")}/manage/marketplace/apps/57141" target="_top"' in page.text
    assert f"frame-ancestors {stack.sim.panel('def456')}" in page.headers["Content-Security-Policy"]
    assert user(stack, 1011) is None


def test_uninstalled(stack):
    stack.db.rows("update violet.store set sealed_token = null, uninstalled_at = now()")
    assert load(stack, jwt(stack)).status == 404


# Tokens. Each way in which one can be wrong is a unit test; here: that each route checks it at all, what is answered, and
# that nothing comes of it.

ROUTES = pytest.mark.parametrize("route", ["/load", "/uninstall", "/remove_user"])


def assert_refused(stack, route, *tokens):
    def traces():
        return stack.db.rows("select to_jsonb(u)::text from violet.store_user u union all select to_jsonb(j)::text from violet.job j")

    before = traces()
    for token in tokens:
        page = stack.get(route if token is None else f"{route}?" + urllib.parse.urlencode({"signed_payload_jwt": token}))
        assert page.status == 401 and title(page) == "We could not tell who you are", token
        assert 'name="session"' not in page.text and "Green Garden" not in page.text
    assert traces() == before


@ROUTES
@pytest.mark.parametrize("claims", [
    {"aud": "another-app"}, {"iss": "evil"}, {"sub": "abc123"}, {"sub": "stores/ABC123"}, {"exp": 1}, {"exp": None},
    {"nbf": 1 << 40}, {"user": {"id": "1001"}}, {"user": None},
], ids=str)
def test_token_with_wrong_claims(stack, route, claims):
    assert_refused(stack, route, jwt(stack, claims=claims))


@ROUTES
def test_token_that_is_none(stack, route):
    assert_refused(stack, route, None, "", "abc", "a.b.c", "..", "x" * 5000)


@ROUTES
def test_token_without_a_right_signature(stack, route):
    token = jwt(stack)
    head, claims, mac = token.split(".")
    other = jwt(stack, user="staff").split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    assert_refused(stack, route, f"{head}.{other[1]}.{mac}", f"{head}.{claims}.{mac[:-2]}", f"{head}.{claims}", f"{token}x",
                   f"{head}.{claims}.", f"{unsigned}.{claims}.", f"{unsigned}.{claims}.{mac}")


def test_doubled_token(stack):
    token = jwt(stack)
    assert stack.get(f"/load?signed_payload_jwt={token}&signed_payload_jwt={token}").status == 400


def test_previous_client_secret_is_good_during_a_rotation(make_stack, cluster):
    stack = make_stack(worker=False)
    stack.install("abc123")
    token = jwt(stack)
    stack.web.env["BIGCOMMERCE_CLIENT_SECRET_PREVIOUS"] = stack.web.env["BIGCOMMERCE_CLIENT_SECRET"]
    stack.web.env["BIGCOMMERCE_CLIENT_SECRET"] = "the new secret of the app"
    stack.restart(stack.web)
    assert load(stack, token).status == 200
    del stack.web.env["BIGCOMMERCE_CLIENT_SECRET_PREVIOUS"]
    stack.restart(stack.web)
    assert load(stack, token).status == 401


# Old addresses -----------------------------------------------------------------------------------------------------------


def test_address_from_before_the_install_opens_nothing(stack):
    page = load(stack, jwt(stack, issued=int(time.time()) - 3600))
    assert page.status == 401 and "Green Garden" not in page.text


def test_removed_user_is_out_until_bigcommerce_lets_them_in_again(stack):
    now = int(time.time())
    before = jwt(stack, user="staff", issued=now)
    assert load(stack, before).status == 200
    removal = jwt(stack, user="staff", issued=now + 1)
    done = stack.get("/remove_user?" + urllib.parse.urlencode({"signed_payload_jwt": removal}))
    assert done.status == 200 and done.json() == {}
    assert load(stack, before).status == 401
    assert load(stack, jwt(stack, user="staff", issued=now + 2)).status == 200
    assert user(stack, 1003)["removed_at"] is None


def test_removal_ends_open_forms_and_the_right_to_link(stack):
    from harness.connect import hidden_fields
    stack.install("abc123", user="manager")
    page = load(stack, jwt(stack, user="manager"))
    form = {"session": hidden_fields(page)["session"]}
    assert stack.post("/app", form=form).status == 200
    assert stack.sim.post("stores/abc123/remove_user", {"user": "manager"})["status"] == 200
    assert stack.post("/app", form=form).status == 401
    row = user(stack, 1002)
    assert row["email"] is None and row["installed_at"] is None and row["removed_at"]


def test_removal_from_before_the_users_install_changes_nothing(stack):
    stack.install("abc123", user="manager")
    before = user(stack, 1002)
    removal = jwt(stack, user="manager", issued=int(time.time()) - 3600)
    assert stack.get("/remove_user?" + urllib.parse.urlencode({"signed_payload_jwt": removal})).status == 200
    assert before["installed_at"] and user(stack, 1002) == before


def test_removal_of_someone_who_never_came(stack):
    assert stack.sim.post("stores/abc123/remove_user", {"user": "staff"})["status"] == 200
    assert user(stack, 1003)["removed_at"]
    assert stack.sim.post("stores/def456/remove_user", {"user": "staff"})["status"] == 200
    assert stack.db.value("select count(*) from violet.store_user where store_hash = 'def456'") == 0
