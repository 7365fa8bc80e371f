# SPDX-License-Identifier: Apache-2.0
"""Fixtures: see harness/stack.py for what a stack can do.

    database      a migrated database of its own, nothing running
    stack         everything running, for one test; @pytest.mark.stack(worker=False, settings={...}) changes how
    make_stack    a function that starts further ones: make_stack(settings={...})
    make_shared_stack   the same, for stacks that all tests of a module share
    browser       Chromium; make_browser(block_third_party_cookies=True) for others

A test fails if a process logs an error or an alarm that it did not expect (stack.expect_log), or ends by itself, and
if a page logs an error on the browser's console (browser.expect_log).
"""
import os
import pathlib
import shutil
import tempfile

import pytest

from harness.postgres import FAST_AND_FORGETFUL, Cluster
from harness.product import migrate
from harness.stack import stacks


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL for this run."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="violet-pg-"))
    directory.chmod(0o711)
    started = Cluster(directory, FAST_AND_FORGETFUL)
    try:
        yield started.start()
    finally:
        started.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster):
    """The name of a migrated database to copy."""
    database = cluster.create("violet_template")
    migrate(database.url())
    cluster.make_logins()
    return "violet_template"


@pytest.fixture
def database(cluster, template):
    made = cluster.copy(template)
    yield made
    made.drop()


@pytest.fixture
def make_stack(request, cluster, template):
    with stacks(request.node, cluster, template) as make:
        yield make


@pytest.fixture(scope="module")
def make_shared_stack(request, cluster, template):
    with stacks(request.node, cluster, template) as make:
        yield make


@pytest.fixture
def stack(request, make_stack):
    marker = request.node.get_closest_marker("stack")
    return make_stack(**(marker.kwargs if marker else {}))


@pytest.fixture(scope="session")
def browsers():
    """The Chromiums of this run."""
    from harness.browser import Browsers
    browsers = Browsers()
    yield browsers
    browsers.close()


@pytest.fixture
def make_browser(request, browsers):
    taken = []

    def make(**options):
        taken.append(browsers.take(**options))
        request.node.browsers = taken
        return taken[-1]

    yield make
    faults = [fault for browser in taken for fault in browser.faults()]
    for browser in taken:
        browsers.give(browser)
    assert not faults, "on the console:\n" + "\n".join(faults[:20])


@pytest.fixture
def browser(make_browser):
    return make_browser()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the ends of the logs and where its screenshots are."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for stack in [stack for node in item.listchain() for stack in getattr(node, "stacks", [])]:
        for name, text in stack.logs():
            report.sections.append((f"log of {name}", "\n".join(text.splitlines()[-40:])))
    if call.when == "call":
        for number, browser in enumerate(getattr(item, "browsers", [])):
            try:
                path = browser.screenshot(f"failed-{item.name}-{number}")
                report.sections.append(("browser", f"{browser.url}\nscreenshot: {os.path.relpath(path)}"))
            except Exception as error:  # the browser may be what failed
                report.sections.append(("browser", repr(error)))
