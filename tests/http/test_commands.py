# SPDX-License-Identifier: Apache-2.0
"""The operator's commands, against a database and Violet's simulator; no web, no worker unless a test says so."""
import json

import pytest

from harness.stack import channel_arguments, channel_secrets

pytestmark = pytest.mark.stack(web=False, worker=False)


def test_help_names_every_command_with_examples(stack):
    listed = stack.must("help")
    for line in listed.splitlines():
        if not line.startswith("  ") or line.split()[0] in ("web", "worker", "version", "help", "settings"):
            continue
        words = [word for word in line[2:36].split() if word.islower()]
        text = stack.must(*words, "--help")
        assert text.startswith(f"usage: violet-bigcommerce {' '.join(words)}"), words
        assert f"violet-bigcommerce {' '.join(words)}" in text.split("\nExamples:\n")[1], words


@pytest.mark.parametrize("words, said", [
    (["frobnicate"], 'there is no command "frobnicate"'),
    (["channel", "frobnicate"], 'there is no command "channel frobnicate"'),
    (["channel", "list", "extra"], 'too many arguments: "extra"'),
    (["refund", "list", "abc123"], 'too many arguments: "abc123" (--store names a store)'),
    (["channel", "disable"], "it wants SLUG"),
    (["channel", "edit", "acme"], "it wants at least one option"),
    (["help", "frobnicate"], 'there is no command "frobnicate"'),
    (["channel", "list", "--frob"], "unknown option --frob"),
    (["channel", "list", "--json", "--json"], "--json is given twice"),
    (["channel", "list", "--json=1"], "--json takes no value"),
    (["channel", "add", "x", "--name"], "--name wants a value: TEXT"),
])
def test_wrong_usage_is_explained_and_does_nothing(stack, words, said):
    done = stack.command(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_help_of_one_command(stack):
    assert stack.must("help", "store", "show") == stack.must("store", "show", "--help")
    assert stack.must("help", "store") == stack.must("store", "--help")
    assert stack.must("help", "web") == stack.must("help")


def test_login_of_another_part_is_told_so(stack):
    done = stack.command("channel", "list", env={"DATABASE_URL": stack.db.url("app_web")})
    assert done.returncode == 1 and "the database user needs another role" in done.stderr


def test_settings_that_are_wrong_are_listed_all_at_once(stack):
    done = stack.command("channel", "list", env={"DATABASE_URL": "", "REFUNDS": "maybe", "SETTLE_SECONDS": "soon"})
    assert done.returncode == 2
    for name in ("DATABASE_URL", "REFUNDS", "SETTLE_SECONDS"):
        assert name in done.stderr


def test_a_database_that_is_away_means_try_later(stack):
    done = stack.command("channel", "list", env={"DATABASE_URL": "postgresql:///x?host=/nonexistent"})
    assert done.returncode == 5
    assert "cannot connect to the database" in done.stderr


class TestChannel:
    def test_added_channels_are_listed(self, stack):
        channels = json.loads(stack.must("channel", "list", "--json"))
        assert [c["slug"] for c in channels] == ["acme", "bloom"]
        assert channels[0]["app_id"] == 10001 and channels[0]["enabled"] is True
        table = stack.must("channel", "list").splitlines()
        assert table[0].split()[0] == "Channel" and table[1].startswith("acme ")

    def test_credentials_are_sealed_and_never_shown(self, stack):
        app = stack.sim.apps()[0]
        sealed = stack.db.value("select sealed_credentials from violet.channel where app_id = %s", app["id"])
        assert sealed.startswith("v1.k1.")
        assert app["secret"] not in sealed
        assert app["password"] not in stack.must("channel", "list", "--json")

    @pytest.mark.stack(web=False, worker=False, channels=False)
    def test_wrong_credentials_are_refused_by_asking_violet(self, stack):
        app = stack.sim.apps()[0]
        done = stack.command(*channel_arguments(app), input=f"{app['secret']}\nwrong\n")
        assert done.returncode != 0
        assert "Violet did not accept the credentials" in done.stderr
        assert stack.db.value("select count(*) from violet.channel") == 0
        stack.must(*channel_arguments(app), "--no-login", input=f"{app['secret']}\nwrong\n")
        assert stack.db.value("select count(*) from violet.channel") == 1

    def test_faults_are_named_and_change_nothing(self, stack):
        app = {**stack.sim.apps()[0], "slug": "Not A Slug", "redirect_url": "http://elsewhere.example/"}
        done = stack.command(*channel_arguments(app), "--no-login", input=channel_secrets(app))
        assert done.returncode == 2
        assert "slug" in done.stderr and "redirect address must be https" in done.stderr
        assert stack.db.value("select count(*) from violet.channel") == 2

    def test_a_taken_slug_is_a_conflict(self, stack):
        app = {**stack.sim.apps()[0], "id": 4711}
        done = stack.command(*channel_arguments(app), "--no-login", input=channel_secrets(app))
        assert done.returncode == 4

    def test_secrets_need_two_lines(self, stack):
        app = {**stack.sim.apps()[0], "slug": "other", "id": 4711}
        for text in ("", "only one line\n", "\npassword\n", "secret\npass\0word\n", "secret\n" + 5000 * "x"):
            done = stack.command(*channel_arguments(app), "--no-login", input=text)
            assert done.returncode == 2 and "--secrets" in done.stderr, text

    def test_edit_changes_what_is_given(self, stack):
        before = stack.db.row("select sealed_credentials, name from violet.channel where slug = 'acme'")
        stack.must("channel", "edit", "acme", "--name", "Äcme 株式会社", "--description", "")
        after = stack.db.row("select sealed_credentials, name, description from violet.channel where slug = 'acme'")
        assert after == (before[0], "Äcme 株式会社", "")
        # Columns stay aligned although each of these characters is two wide.
        header, acme, bloom = stack.must("channel", "list").splitlines()
        assert header.index("Violet app") + 10 == bloom.index("10002") + 5

    def test_disable_and_enable(self, stack):
        stack.must("channel", "disable", "acme")
        assert stack.db.value("select enabled from violet.channel where slug = 'acme'") is False
        stack.must("channel", "enable", "acme")
        assert stack.db.value("select enabled from violet.channel where slug = 'acme'") is True

    def test_an_address_that_no_browser_can_be_sent_to_is_refused(self, stack):
        for option in ("--redirect-url", "--logo-url", "--more-info-url"):
            for url in ("https://acme.example:65536/", "https://acme.example:8o80/", "https://acme.example/café", "acme.example"):
                done = stack.command("channel", "edit", "acme", option, url)
                assert done.returncode == 2 and "address" in done.stderr, (option, url, done.stderr)

    def test_an_unknown_channel_is_not_found(self, stack):
        for words in (("disable", "nobody"), ("edit", "nobody", "--name", "X")):
            done = stack.command("channel", *words)
            assert done.returncode == 3
            assert 'no channel "nobody"' in done.stderr
