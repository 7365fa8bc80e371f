# SPDX-License-Identifier: Apache-2.0
"""GET /uninstall only has BigCommerce asked; what a confirmed uninstall ends, and what stays."""
import time
import urllib.parse

import pytest

from harness.app import App
from harness.connect import hidden_fields


@pytest.fixture(scope="module")
def shared(make_shared_stack):
    """Without a worker: nothing is confirmed."""
    return make_shared_stack(worker=False)


@pytest.fixture
def stack(shared):
    shared.sim.post("reset", {"seed": "default"})
    for table in ("link", "store_user", "job", "store"):
        shared.db.rows(f"delete from violet.{table}")
    shared.install("abc123")
    shared.db.rows("delete from violet.job")
    return shared


def uninstall(stack, store="abc123", user="owner", **options):
    token = stack.sim.post(f"stores/{store}/jwt", {"user": user, **options})["jwt"]
    return stack.get("/uninstall?" + urllib.parse.urlencode({"signed_payload_jwt": token}))


def jobs(stack):
    return stack.db.rows("select kind::text, ref from violet.job where kind <> 'resolve_merchant' order by 1, 2")


def picture(stack):
    """All that a forged uninstall must leave as it is."""
    return stack.db.rows("select to_jsonb(s)::text from violet.store s union all select to_jsonb(u)::text from violet.store_user u "
                         "union all select to_jsonb(l)::text from violet.link l")


def test_uninstall_only_has_bigcommerce_asked(stack):
    stack.link("abc123", "acme")
    before = picture(stack)
    now = int(time.time())
    done = uninstall(stack, issued=now)
    assert done.status == 200 and done.headers["Content-Type"] == "application/json" and done.json() == {}
    assert jobs(stack) == [("confirm_uninstall", now)]
    assert picture(stack) == before


def test_any_authorised_user_may_uninstall(stack):
    assert uninstall(stack, user="manager").status == 200
    assert len(jobs(stack)) == 1


def test_twice_is_one_job(stack):
    now = int(time.time())
    assert [uninstall(stack, issued=now).status for _ in range(2)] == [200, 200]
    assert len(jobs(stack)) == 1


def test_token_from_before_the_last_install_is_ignored(stack):
    assert uninstall(stack, issued=int(time.time()) - 3600).status == 200
    assert jobs(stack) == []


def test_store_that_never_installed(stack):
    assert uninstall(stack, store="def456").status == 200
    assert jobs(stack) == []


# With the worker -----------------------------------------------------------------------------------------------------------


def test_real_uninstall_ends_everything_but_history(make_stack):
    stack = make_stack()
    stack.installed("abc123", channels=("acme", "bloom"))
    url = stack.sim.get("stores/abc123/load_url?user=owner")["url"]
    form = {"session": hidden_fields(stack.get(url))["session"]}
    assert stack.sim.post("stores/abc123/uninstall")["status"] == 200
    stack.wait(lambda: stack.db.value("select sealed_token is null from violet.store"), what="the uninstall")
    row = stack.db.value("select to_jsonb(s) from violet.store as s")
    assert row["uninstalled_at"] and row["installed_at"] and row["swept_refund_at"] and row["name"] == "Green Garden Supply"
    assert stack.db.rows("select end_reason, ended_at is not null from violet.link") == [("uninstall", True)] * 2
    assert stack.db.value("select count(*) from violet.store_user where email is not null or installed_at is not null") == 0
    stack.wait(lambda: stack.db.value("select count(*) from violet.job") == 0, what="no job left")
    assert stack.post("/app", form=form).status == 401
    assert stack.get(url).status == 404


def test_forged_uninstall_changes_nothing(make_stack):
    stack = make_stack()
    stack.installed("abc123")
    before = stack.db.value("select sealed_token from violet.store")
    token = stack.sim.post("stores/abc123/jwt", {"user": "staff"})["jwt"]
    assert stack.get("/uninstall?" + urllib.parse.urlencode({"signed_payload_jwt": token})).status == 200
    stack.wait(lambda: stack.db.value("select count(*) from violet.job where kind = 'confirm_uninstall'") == 0,
               what="the end of asking")
    assert stack.db.value("select sealed_token from violet.store") == before
    assert stack.db.value("select count(*) from violet.link where ended_at is null") == 1


def test_uninstalling_names_the_install_that_was_asked_about(stack):
    """A reinstall between the question and the answer keeps its token."""
    stack.link("abc123", "acme")
    old = stack.db.value("select installed_at from violet.store")
    stack.install("abc123")
    assert stack.db.value("select api.store_uninstalled('abc123', %s, now())", old) is False
    assert stack.db.value("select sealed_token is not null from violet.store")
    new = stack.db.value("select installed_at from violet.store")
    assert stack.db.value("select api.store_uninstalled('abc123', %s, now())", new) is True
    assert stack.db.value("select api.store_uninstalled('abc123', %s, now())", new) is False


def test_money_that_is_owed_waits_for_a_person_and_for_the_next_install(stack):
    app = App(stack)
    app.clear()
    app.refund(250, "pending", amount=4000)
    app.refund(251, "done")
    installed = stack.db.value("select installed_at from violet.store")
    stack.db.value("select api.store_uninstalled('abc123', %s, now())", installed)
    assert stack.db.rows("select order_id, state::text, review_code, amount_minor from violet.refund where state <> 'done'") == [
        (250, "review", "uninstalled", 4000)]
    assert ("sync_order", 250) not in jobs(stack)
    stack.install("abc123")
    assert ("sync_order", 250) in jobs(stack) and ("sync_order", 251) not in jobs(stack)
    app.clear()


def test_link_that_is_ending_goes_on_ending(stack):
    """Violet still has to be told."""
    stack.link("abc123", "acme")
    link_id = stack.db.value("select link_id from violet.link")
    stack.db.value("select api.link_unlink('abc123', %s, now())", link_id)
    installed = stack.db.value("select installed_at from violet.store")
    stack.db.value("select api.store_uninstalled('abc123', %s, now())", installed)
    assert stack.db.rows("select ending_at is not null, ended_at from violet.link") == [(True, None)]
    assert ("unlink", link_id) in jobs(stack)


def test_sealing_anew_never_replaces_a_fresh_token(stack):
    old = stack.db.value("select sealed_token from violet.store")
    assert stack.db.value("select api.store_reseal('abc123', %s, 'v1.k2.x')", old) is True
    assert stack.db.value("select api.store_reseal('abc123', %s, 'v1.k2.y')", old) is False
    assert stack.db.rows("select * from api.stores_sealed('', 10)") == [("abc123", "v1.k2.x")]
