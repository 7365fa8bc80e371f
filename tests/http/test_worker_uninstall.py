# SPDX-License-Identifier: Apache-2.0
"""Job confirm_uninstall: believed is only what BigCommerce answers to the stored token."""
import time

import pytest

from harness.shop import shared, shop  # noqa: F401 (fixtures)

JOB = "confirm_uninstall"


def is_installed(shop):
    return shop.value("select sealed_token is not null from violet.store where store_hash = %s")


def is_refused(shop):
    return shop.value("select token_refused_at is not null from violet.store where store_hash = %s")


@pytest.fixture
def installed(shop):
    return shop.installed()


def test_a_real_uninstall(installed):
    installed.act("uninstall")
    installed.wait(lambda: not is_installed(installed))
    assert installed.value("select uninstalled_at from violet.store where store_hash = %s")
    assert installed.value("select end_reason from violet.link where store_hash = %s") == "uninstall"
    installed.wait(lambda: installed.value("select count(*) from violet.job where store_hash = %s") == 0)


def test_a_forged_uninstall_changes_nothing(installed):
    installed.act("uninstall", {"keep": True})
    installed.wait(lambda: installed.says(JOB, "not confirmed by BigCommerce: nothing changed"))
    assert installed.says(JOB, "asked, and will ask again")
    assert is_installed(installed) and not installed.jobs(JOB)
    assert installed.value("select ended_at is null from violet.link where store_hash = %s")


def test_an_uninstall_whose_token_lives_on_is_seen_by_its_hooks(installed):
    """The token is assumed to die with the app; should it not, the hooks are gone all the same."""
    installed.sim.post("hooks/delete", {"store": installed.hash})
    installed.act("uninstall", {"keep": True})
    installed.wait(lambda: not is_installed(installed))


def test_missing_hooks_that_never_stood_prove_nothing(installed):
    installed.sim.post("hooks/delete", {"store": installed.hash})
    installed.db.rows("update violet.store set hooks_result = '[]' where store_hash = %s", installed.hash)
    installed.act("uninstall", {"keep": True})
    installed.wait(lambda: installed.says(JOB, "not confirmed by BigCommerce"))
    assert is_installed(installed)


@pytest.mark.parametrize("trouble", ["hooks lost", "403"])
def test_installed_anew_within_what_clocks_differ_by(installed, trouble):
    """The word about the old install is still asked about, and BigCommerce has its moods: the new token lives."""
    if trouble == "hooks lost":
        installed.sim.post("hooks/delete", {"store": installed.hash})
    else:
        installed.fault(path="/v3/hooks", times=1, action="status", code=403)
    word = installed.value("select floor(extract(epoch from installed_at))::bigint - 1 from violet.store where store_hash = %s")
    installed.put(JOB, word)
    installed.wait(lambda: installed.says(JOB, "nothing changed"))
    assert is_installed(installed)


def test_a_word_of_the_far_future_is_asked_about(installed):
    installed.put(JOB, 2**62)
    installed.wait(lambda: installed.says(JOB, "asked, and will ask again"))
    assert is_installed(installed)


def test_an_outage_is_no_uninstall(installed):
    installed.sim.post("settings", {"suspended_stores": [installed.hash]})
    installed.act("uninstall", {"keep": True})
    installed.wait(lambda: len(installed.log(JOB)) >= 3)
    assert is_installed(installed) and not installed.says(JOB, "end=done")
    installed.sim.post("settings", {"suspended_stores": []})
    installed.wait(lambda: not installed.jobs(JOB))
    assert is_installed(installed)


def test_a_dead_token_that_nobody_explains_is_watched_first(installed):
    """Uninstalled without a word: the first 401 starts the clock, and only lasting ones end the install."""
    installed.act("uninstall", {"callback": False})
    begun = time.monotonic()
    installed.put("ensure_hooks")
    installed.wait(lambda: is_refused(installed))
    installed.wait(lambda: not is_installed(installed))
    assert time.monotonic() - begun >= 2  # the last of UNINSTALL_SECONDS
    assert installed.says(JOB, "asked, and will ask again")


def test_a_short_fit_of_401_is_forgiven(installed):
    installed.fault(path="/v3/hooks", times=2, action="status", code=401)
    installed.put("ensure_hooks")
    installed.wait(lambda: installed.says(JOB, "the token works again"))
    installed.wait(lambda: not is_refused(installed))
    assert is_installed(installed)


def test_403_without_a_word_is_for_the_merchant(installed):
    """A new owner has to accept the app: shown in the app, no uninstall."""
    installed.sim.post("settings", {"forbidden_stores": [installed.hash]})
    installed.put("ensure_hooks")
    installed.wait(lambda: is_refused(installed))
    assert is_installed(installed) and not installed.jobs(JOB)
    installed.sim.post("settings", {"forbidden_stores": []})
    installed.wait(lambda: not is_refused(installed))


def test_a_word_about_an_earlier_install_is_ignored(installed):
    installed.fault(path="/v3/hooks", action="status", code=401)
    installed.put(JOB, int(time.time()) - 3600)
    installed.wait(lambda: installed.says(JOB, "about an earlier install"))
    assert is_installed(installed) and not installed.jobs(JOB)


def test_a_word_whose_time_is_absurd_is_asked_about_too(installed):
    """The time of a webhook is whatever its body says."""
    installed.put(JOB, 2**63 - 1)
    installed.wait(lambda: installed.says(JOB, "asked, and will ask again"))
    assert is_installed(installed)


def test_reinstalled_meanwhile(installed):
    installed.stack.worker.stop()
    installed.act("uninstall")
    installed.stack.install(installed.hash)
    installed.stack.worker.start()
    installed.wait(lambda: not installed.jobs(JOB))
    installed.wait(lambda: installed.value("select hooks_checked_at from violet.store where store_hash = %s"))
    assert is_installed(installed)
