# SPDX-License-Identifier: Apache-2.0
"""The operator at work on stores that are installed: what is shown, what is changed, and what is refused."""
import csv
import io
import json
import os
import pty
import re
import select
import subprocess

import pytest

from harness import product
from harness.shop import Shop, shared, shop  # noqa: F401


def shown(stack, *words):
    return json.loads(stack.must(*words, "--json"))


class TestStore:
    def test_list_and_show(self, shop):
        shop.installed()
        stores = shown(shop.stack, "store", "list", shop.hash)
        assert [s["store_hash"] for s in stores] == [shop.hash]
        assert stores[0]["channels"] == ["acme"] and stores[0]["merchant_id"] == shop.merchant_id
        whole = shown(shop.stack, "store", "show", f"https://store-{shop.hash}.mybigcommerce.com/manage/orders")
        assert whole["store"]["name"] == f"Shop {shop.hash}"
        assert [link["channel"] for link in whole["links"]] == ["acme"]
        text = shop.stack.must("store", "show", shop.hash)
        token = shop.value("select sealed_token from violet.store where store_hash = %s")
        assert shop.hash in text and token not in text

    def test_edit(self, shop):
        shop.installed()
        shop.stack.must("store", "edit", shop.hash, "--cancel-policy", "review", "--cancel-grace", 3600, "--merchant-id", 4711,
                        "--by", "alice")
        assert shop.db.row("select cancel_policy, cancel_grace_seconds from violet.store where store_hash = %s", shop.hash) \
            == ("review", 3600)
        whole = shown(shop.stack, "store", "show", shop.hash)["store"]
        assert (whole["merchant_id"], whole["merchant_set_by"]) == (4711, "alice")
        assert whole["merchants"] == [str(shop.merchant_id), "4711"]
        shop.stack.must("store", "edit", shop.hash, "--cancel-grace", "default")
        assert shop.value("select cancel_grace_seconds from violet.store where store_hash = %s") is None

    @pytest.mark.parametrize("options, said", [
        ([], "at least one of"),
        (["--cancel-policy", "maybe"], '"refund" or "review"'),
        (["--cancel-grace", "-1"], "--cancel-grace is a number"),
        (["--cancel-grace", "90000"], "0 to 86400 seconds"),
        (["--merchant-id", "0"], "--merchant-id is a number"),
    ])
    def test_edit_refuses_nonsense(self, shop, options, said):
        shop.installed()
        before = shop.db.row("select * from violet.store where store_hash = %s", shop.hash)
        done = shop.stack.command("store", "edit", shop.hash, *options)
        assert done.returncode == 2 and said in done.stderr
        assert shop.db.row("select cancel_policy, cancel_grace_seconds from violet.store where store_hash = %s", shop.hash) \
            == ("refund", None), before

    def test_an_unknown_store(self, shop):
        for words in (("store", "show", "nosuchstore"), ("store", "edit", "nosuchstore", "--cancel-policy", "review"),
                      ("store", "forget", "nosuchstore", "--yes"), ("refund", "list", "--store", "nosuchstore"),
                      ("job", "list", "--store", "nosuchstore"), ("event", "list", "nosuchstore"), ("event", "replay", "nosuchstore")):
            done = shop.stack.command(*words)
            assert done.returncode == 3 and "nosuchstore" in done.stderr, words
        done = shop.stack.command("store", "show", "not a hash!")
        assert done.returncode == 2 and "store hash" in done.stderr

    def test_forget_takes_everything_away_but_only_when_nothing_is_open(self, shop):
        shop.installed()
        assert shop.stack.command("store", "forget", shop.hash).returncode == 2
        refused = shop.stack.command("store", "forget", shop.hash, "--yes")
        assert refused.returncode == 4 and "the merchant uninstalls it first" in refused.stderr
        shop.act("uninstall")
        shop.wait(lambda: shop.value("select sealed_token is null from violet.store where store_hash = %s"))
        shop.wait(lambda: not shop.value("select count(*) from violet.job where store_hash = %s and lease_token is not null"))
        shop.stack.must("store", "forget", shop.hash, "--yes")
        tables = [row[0] for row in shop.db.rows(
            "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid "
            "where c.relnamespace = 'violet'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'store_hash'")]
        assert len(tables) > 10
        left = [table for table in tables if shop.value(f"select count(*) from {table} where store_hash = %s")]
        assert left == []


class TestRefund:
    def review(self, shop):
        """An order with a refund that waits for a person: store credit given elsewhere."""
        shop.installed()
        order = shop.stack.order(shop.hash, lines=[{"sku": "CAN-9", "qty": 1, "price": "50.00"}])
        shop.stack.must("store", "edit", shop.hash, "--cancel-policy", "review")
        shop.act(f"orders/{order['id']}/status", {"status_id": 5})
        shop.wait(lambda: shop.value("select count(*) from violet.refund where store_hash = %s and state = 'review'"))
        return order["id"]

    def test_list_show_approve(self, shop):
        order = self.review(shop)
        listed = shown(shop.stack, "refund", "list", "--store", shop.hash, "--state", "review")
        assert [(r["order_id"], r["name"]) for r in listed] == [(order, "cancel:1")]
        assert listed[0]["review_reason"]
        text = shop.stack.must("refund", "show", shop.hash, order)
        assert f"Order {order} of store {shop.hash}" in text and "cancel:1 is review" in text
        assert shown(shop.stack, "refund", "show", shop.hash, order)["order_id"] == order

        said = shop.stack.must("refund", "approve", shop.hash, order, "cancel:1", "--amount", "50.00 USD", "--by", "alice")
        assert "50.00 USD will be paid, approved by alice" in said
        shop.wait(lambda: shop.value("select state::text from violet.refund where store_hash = %s") == "done")
        assert shop.value("select approved_by from violet.refund where store_hash = %s") == "alice"

    def test_what_a_person_must_say(self, shop):
        order = self.review(shop)
        for words, said in [
            (("approve", shop.hash, order, "cancel:1"), "it wants --amount"),
            (("approve", shop.hash, order, "cancel:1", "--amount", "0"), "above 0"),
            (("approve", shop.hash, order, "cancel:1", "--amount", "1.234"), "at most 2 decimals"),
            (("approve", shop.hash, order, "cancel:1", "--amount", "1.00 EUR"), "the bag is in USD, not EUR"),
            (("approve", shop.hash, order, "bogus:1", "--amount", "1.00"), "REFUND is written as"),
            (("dismiss", shop.hash, order, "cancel:1"), "it wants --reason"),
            (("retry", shop.hash, "x", "cancel:1"), "ORDER is a number"),
        ]:
            done = shop.stack.command("refund", *words)
            assert done.returncode == 2 and said in done.stderr, (words, done)
        missing = shop.stack.command("refund", "approve", shop.hash, order, "refund:99", "--amount", "1.00")
        assert missing.returncode == 3
        assert shop.value("select state::text from violet.refund where store_hash = %s") == "review"

    def test_dismiss(self, shop):
        order = self.review(shop)
        shop.stack.must("refund", "dismiss", shop.hash, order, "cancel", "--reason", "paid in cash", "--by", "bob")
        shop.stack.must("refund", "dismiss", shop.hash, order, "cancel", "--reason", "again", "--by", "alice")
        row = shop.db.row("select state::text, dismissed_by, dismissed_reason from violet.refund where store_hash = %s", shop.hash)
        assert row == ("dismissed", "bob", "paid in cash")
        late = shop.stack.command("refund", "approve", shop.hash, order, "cancel", "--amount", "1.00")
        assert late.returncode == 4 and "dismissed" in late.stderr

    def test_hold_and_resume(self, shop):
        shop.installed()
        order = shop.stack.order(shop.hash, lines=[{"sku": "CAN-9", "qty": 1, "price": "50.00"}])
        shop.stack.must("refunds", "hold", "--by", "carol")
        try:
            shop.act(f"orders/{order['id']}/refund", {"amount": "10.00"})
            shop.wait(lambda: shop.value("select wait_code from violet.refund where store_hash = %s") == "hold")
            told = shop.stack.command("refund", "list", "--store", shop.hash)
            assert "Refunds of all stores are stopped (hold): held by carol" in told.stderr
        finally:
            shop.stack.must("refunds", "resume", "--by", "carol")
        shop.wait(lambda: shop.value("select state::text from violet.refund where store_hash = %s") == "done")


class TestEventsAndJobs:
    def test_a_lost_job_comes_back_by_replaying(self, shop):
        shop.installed()
        order = shop.stack.order(shop.hash, lines=[{"sku": "CAN-9", "qty": 1, "price": "50.00"}])
        shop.stack.worker.stop()
        try:
            shop.act(f"orders/{order['id']}/refund", {"amount": "10.00"})
            shop.wait(lambda: shop.value("select count(*) from violet.event where store_hash = %s and scope = 'store/order/refund/created'"))
            shop.db.rows("delete from violet.job where store_hash = %s and kind = 'sync_order'", shop.hash)
            listed = shown(shop.stack, "event", "list", shop.hash, "--order", order["id"], "--since", "1h")
            assert {e["scope"] for e in listed} >= {"store/order/refund/created"}
            assert json.loads(listed[0]["body"])["producer"] == f"stores/{shop.hash}"
            said = shop.stack.must("event", "replay", shop.hash, "--order", order["id"])
            assert re.match(r"\d+ webhooks were read again; [1-9]\d* of them made a job due", said)
            jobs = shown(shop.stack, "job", "list", "--store", shop.hash, "--kind", "sync_order")
            assert [job["ref"] for job in jobs] == [order["id"]]
        finally:
            shop.stack.worker.start()
        shop.wait(lambda: shop.value("select state::text from violet.refund where store_hash = %s") == "done")

    def paid(self, shop):
        """The id of an order of 50.00 of which 10.00 were refunded, and paid back."""
        order = shop.stack.order(shop.hash, lines=[{"sku": "CAN-9", "qty": 1, "price": "50.00"}])["id"]
        shop.act(f"orders/{order}/refund", {"amount": "10.00"})
        shop.wait(lambda: shop.value("select state::text from violet.refund where store_hash = %s and order_id = %s", order) == "done")
        shop.wait(lambda: not shop.jobs("sync_order"))
        return order

    def test_replaying_is_harmless(self, shop):
        shop.installed()
        order = self.paid(shop)

        def money():
            books = shop.stack.ledger(shop.hash)
            rows = shop.db.rows("select * from violet.refund where store_hash = %s", shop.hash)
            attempts = shop.db.rows("select * from violet.refund_attempt where store_hash = %s", shop.hash)
            return books["orders"], books["posts"], rows, attempts

        before = money()
        assert [row["paid_by_us"] for row in before[0]] == [1000] and len(before[1]) == 1
        for _ in range(2):
            looks = len(shop.log("sync_order"))
            said = shop.stack.must("event", "replay", shop.hash, "--since", "1h")
            assert re.fullmatch(r"(\d+) webhooks were read again; [1-9]\d* of them made a job due\.\n", said)
            shop.wait(lambda looks=looks: len(shop.log("sync_order")) > looks)
            shop.wait(lambda: not shop.jobs("sync_order"))
            assert money() == before, f"order {order}"

    def test_what_is_replayed(self, shop):
        """The events of the store and of the time that were named, and of the order."""
        shop.sim.post("stores", {"hash": f"{shop.hash}b", "currency": "USD"})
        other = Shop(shop.stack, f"{shop.hash}b")
        for store in (shop, other):
            store.installed()
        old, new, elsewhere = self.paid(shop), self.paid(shop), self.paid(other)
        shop.db.rows("update violet.event set received_at = received_at - interval '3 hours' where store_hash = %s and order_id = %s",
                     shop.hash, old)

        def replayed(*options):
            shop.db.rows("delete from violet.job where kind = 'sync_order'")
            shop.stack.must("event", "replay", *options)
            return set(shop.db.rows("select store_hash, ref from violet.job where kind = 'sync_order'"))

        shop.stack.worker.stop()
        try:
            assert replayed(shop.hash, "--since", "2h") == {(shop.hash, new)}
            assert replayed(shop.hash, "--since", "4h") == {(shop.hash, old), (shop.hash, new)}
            assert replayed(shop.hash, "--since", "4h", "--order", old) == {(shop.hash, old)}
            assert replayed(other.hash, "--since", "4h") == {(other.hash, elsewhere)}
            assert replayed(shop.hash, "--since", "1m", "--order", old) == set()
            assert replayed(shop.hash, "--since", "4h", "--until", "2h") == {(shop.hash, old)}
            assert replayed(shop.hash, "--since", "2h", "--until", "1h") == set()
            listed = shown(shop.stack, "event", "list", shop.hash, "--since", "4h", "--until", "2h")
            assert {event["order_id"] for event in listed} == {old}
        finally:
            shop.stack.worker.start()

    def test_a_terminal_is_shown_how_far_it_is(self, shop):
        shop.installed()
        shop.db.rows("insert into violet.event (store_hash, received_at, body) select %s, now(), '' from generate_series(1, 600)",
                     shop.hash)
        terminal, end = pty.openpty()
        with os.fdopen(terminal, "rb", 0) as screen, os.fdopen(end, "wb") as stderr:
            subprocess.run([product.require_program(), "event", "replay", shop.hash], env=shop.stack.env, stderr=stderr,
                           stdout=subprocess.DEVNULL, check=True)
            said = ""
            while "\n" not in said and select.select([screen], [], [], 60)[0]:  # a terminal gives what it has got by now
                said += screen.read(4096).decode()
        assert re.search(r"\rreplaying \[#{25} {5}\] 500 of 600\rreplaying \[#{30}\] 600 of 600\r?\n", said), said
        assert shop.stack.command("event", "replay", shop.hash).stderr == "", "and nobody else"

    def test_wrong_words(self, shop):
        for words, said in [(("event", "list", "--since", "yesterday"), "--since is a time ago"),
                            (("event", "list", "--order", "x"), "--order is a number"),
                            (("event", "replay", shop.hash, "--since", "soon"), "--since is a time ago"),
                            (("event", "replay", shop.hash, "--since", "0h"), "--since is a time ago"),
                            (("event", "replay", shop.hash, "--since"), "--since"),
                            (("event", "replay", shop.hash, "--order", "0"), "--order is a number"),
                            (("event", "replay", "not a hash!"), "store hash"),
                            (("event", "replay", shop.hash, "more"), "more"),
                            (("event", "replay", shop.hash, "--until", "later"), "--until is a time ago"),
                            (("job", "list", "--kind", "cooking"), 'no job kind "cooking"')]:
            done = shop.stack.command(*words)
            assert done.returncode == 2 and said in done.stderr


class TestHooks:
    def test_a_deleted_hook_is_made_again(self, shop):
        shop.installed()
        shop.sim.post("hooks/delete", {"store": shop.hash, "scope": "store/order/statusUpdated"})
        found = {row["scope"]: row["state"] for row in shown(shop.stack, "hooks", "check", shop.hash, "--wait", str(2**63 - 1))}
        assert found["store/order/statusUpdated"] == "created"
        assert found["store/order/refund/created"] == "ok"
        assert len(shop.sim.get(f"stores/{shop.hash}")["hooks"]) == len(found)

    def test_without_a_worker_it_says_so(self, shop):
        shop.installed()
        shop.stack.worker.stop()
        try:
            done = shop.stack.command("hooks", "check", shop.hash, "--wait", "0")
            assert done.returncode == 5 and "is a worker running?" in done.stderr
        finally:
            shop.stack.worker.start()

    def test_a_store_without_the_app(self, shop):
        assert shop.stack.command("hooks", "check", "nosuchstore").returncode == 3


class TestReport:
    def test_formats(self, shop):
        shop.installed()
        rows = json.loads(shop.stack.must("report", "stores", "--json"))
        assert shop.hash in [row["store_hash"] for row in rows]
        table = list(csv.DictReader(io.StringIO(shop.stack.must("report", "stores", "--csv"))))
        assert [row["store_hash"] for row in table] == [row["store_hash"] for row in rows]
        page = shop.stack.must("report", "stores", "--html")
        assert page.startswith("<!doctype html>") and f"<td>{shop.hash}" in page
        assert shop.hash in shop.stack.must("report", "stores")

    def test_a_name_cannot_become_markup_or_a_formula(self, shop):
        shop.installed()
        shop.db.rows("update violet.store set name = %s where store_hash = %s", '=cmd|"<b>', shop.hash)
        assert "=cmd|&quot;&lt;b&gt;" in shop.stack.must("report", "stores", "--html")
        row = next(row for row in csv.DictReader(io.StringIO(shop.stack.must("report", "stores", "--csv")))
                   if row["store_hash"] == shop.hash)
        assert row["name"] == "'=cmd|\"<b>"

    def test_an_analysts_login_suffices(self, shop):
        shop.installed()
        url = shop.db.url("app_report")
        assert shop.hash in shop.stack.must("report", "stores", "--csv", env={"DATABASE_URL": url})

    def test_every_report_runs(self, shop):
        for line in shop.stack.must("report").splitlines():
            shop.stack.must("report", line.split()[0], "--json")

    def test_unknown(self, shop):
        done = shop.stack.command("report", "nonsense")
        assert done.returncode == 3 and 'no report "nonsense"' in done.stderr
        assert shop.stack.command("report", "owed", "--csv", "--json").returncode == 2


class TestCheck:
    def test_says_what_is_there(self, shop):
        done = shop.stack.command("check", "worker", "--channels", "--settings")
        for words in ("good     settings: complete", "good     SEAL_KEY_FILE: key k1 seals",
                      "good     database: reached, and its schema is this program's", "VIOLET_API_URL: http://localhost",
                      "good     channel acme: Violet accepts its credentials", "BIGCOMMERCE_CLIENT_SECRET=(set)"):
            assert words in done.stdout, done.stdout
        assert product.CLIENT_SECRET not in done.stdout
        # The tests' PostgreSQL runs without fsync, which is exactly what check must not pass.
        assert done.returncode == 1 and "fsync is off" in done.stdout

    def test_finds_faults(self, shop, tmp_path):
        env = {"FCGI_LISTEN": "/nonexistent/web.sock", "BIGCOMMERCE_API_URL": "http://localhost:1", "REFUNDS": "hold"}
        done = shop.stack.command("check", "web", env=env)
        assert done.returncode == 1
        for words in ("fault    FCGI_LISTEN: no socket can be made in /nonexistent/", "fault    BIGCOMMERCE_API_URL: http://localhost:1",
                      'warning  REFUNDS is not "on"'):
            assert words in done.stdout, done.stdout
        keys = tmp_path / "keys"
        keys.touch(mode=0o600)
        keys.write_text("k1 tooshort\n")
        done = shop.stack.command("check", "worker", "--offline", env={"SEAL_KEY_FILE": str(keys)})
        assert done.returncode == 1 and "fault    SEAL_KEY_FILE" in done.stdout

    def test_without_a_part_the_units_say_where_web_listens(self, shop):
        done = shop.stack.command("check", "--offline")
        assert "good     settings: complete" in done.stdout and "FCGI_LISTEN" not in done.stdout + done.stderr
        assert "FCGI_LISTEN: not set" in shop.stack.command("check", "web").stderr

    def test_stopped_refunds_are_noticed(self, shop):
        shop.stack.must("refunds", "hold", "--by", "carol")
        try:
            assert "refunds of all stores are stopped (hold): held by carol" in shop.stack.command("check", "command").stdout
        finally:
            shop.stack.must("refunds", "resume")

    def test_superuser_and_owner_are_noticed(self, shop):
        done = shop.stack.command("check", "command", env={"DATABASE_URL": shop.db.url()})
        assert "the database user is a superuser" in done.stdout
        done = shop.stack.command("check", "command", env={"DATABASE_URL": shop.db.url("app_report")})
        assert done.returncode == 1 and "may not use schema api" in done.stdout

    def test_wrong_settings_stop_it(self, shop):
        done = shop.stack.command("check", env={"PUBLIC_URL": "http://shop.example", "FCGI_LISTEN": "-"})
        assert done.returncode == 2 and "PUBLIC_URL" in done.stderr
        assert shop.stack.command("check", "everything").returncode == 2


def test_who_acts_is_the_person_behind_sudo(shop):
    shop.installed()
    shop.stack.must("store", "edit", shop.hash, "--merchant-id", 4712, env={"SUDO_USER": "dora", "USER": "root"})
    assert shown(shop.stack, "store", "show", shop.hash)["store"]["merchant_set_by"] == "dora"


@pytest.mark.stack(quick=True)
def test_key_rotation(stack):
    """A second key takes over while everything runs; then the first one is taken away."""
    stack.installed("abc123")
    path = stack.directory / "seal.keys"
    old = path.read_text()
    new = stack.must("key", "new")
    assert re.fullmatch(r"[a-z0-9]{1,16} [A-Za-z0-9+/]{43}=\n", new)

    def restart():
        for process in (stack.web, stack.hooks, stack.worker):
            process.stop()
            process.start()
        stack.wait_ready()

    def write(text):  # as a whole: a process that was just started may read it at any moment
        new_file = path.with_suffix(".new")
        new_file.touch(mode=0o600)
        new_file.write_text(text)
        new_file.replace(path)

    write(old + new)
    restart()
    write(new + old)
    restart()
    said = stack.must("key", "rotate")
    assert f"Sealed with key {new.split()[0]}: 3 now, 0 before" in said
    assert "Sealed with key" in stack.must("key", "rotate") and "0 now, 3 before" in stack.must("key", "rotate")
    stack.must("hooks", "check", "abc123")
    write(new)
    restart()
    sealed = [row[0] for row in stack.db.rows("select sealed_token from violet.store where sealed_token is not null "
                                              "union all select sealed_credentials from violet.channel")]
    assert len(sealed) == 3 and all(text.startswith(f"v1.{new.split()[0]}.") for text in sealed)
    order = stack.order("abc123", lines=[{"sku": "CAN-9", "qty": 1, "price": "50.00"}])
    stack.sim.post(f"stores/abc123/orders/{order['id']}/refund", {"amount": "10.00"})
    stack.wait(lambda: stack.db.value("select state::text from violet.refund") == "done")
    assert stack.db.value("select found_by from violet.refund") == "webhook"
