# SPDX-License-Identifier: Apache-2.0
"""The merchant's other walk, in Chromium: refund an order in the control panel in two parts, see both paid back in the
embedded app, uninstall the app, be told by its old address how to install it again, and do so."""


def money_at_violet(stack, order):
    """What Violet's ledger paid for the order: (amount, state, reason's marker) each."""
    rows = [o for o in stack.ledger("abc123")["orders"] if o["order"] == order][0]["refunds"]
    return [(r["amount"], r["status"], r["reason"].split(" ")[0]) for r in rows]


def refund(browser, panel, order, amount):
    browser.open(f"{panel}/manage/orders/{order}")
    browser.fill("#refund-amount", amount)
    browser.click("#refund-submit")
    browser.wait_text("offline")


def test_refund_in_two_parts_uninstall_and_install_again(stack, browser):
    stack.installed()
    panel = stack.sim.panel("abc123")
    order = stack.order(lines=[{"sku": "A", "variant": 11, "qty": 2, "price": "20.00"}], shipping="5.00")["id"]

    refund(browser, panel, order, "10.00")
    stack.wait(lambda: len(money_at_violet(stack, order)) == 1, what="the first refund at Violet")
    refund(browser, panel, order, "35.00")
    stack.wait(lambda: money_at_violet(stack, order) == [
        (1000, "COMPLETED", f"bc:{order}:r1"), (3500, "COMPLETED", f"bc:{order}:r2")], what="both refunds, once each")
    assert stack.ledger("abc123")["violations"] == []
    stack.wait(lambda: stack.db.value("select count(*) from violet.refund where state = 'done'") == 2, what="both done")

    browser.open(f"{panel}/manage/app/57141")
    browser.frame("#app-frame")
    browser.wait_text("Paid back")
    assert browser.text.count("Paid back") >= 2
    browser.screenshot("walk-refunds-done")

    browser.top()
    address = stack.sim.get("stores/abc123/load_url")["url"]
    browser.open(f"{panel}/manage/marketplace/apps/57141")
    browser.click("#uninstall")
    stack.wait(lambda: stack.db.value("select sealed_token is null from violet.store where store_hash = 'abc123'"),
               what="the token destroyed")
    assert stack.db.value("select count(*) from violet.link where ended_at is null") == 0

    browser.expect_log("status of 404")
    browser.open(address)
    browser.wait_text("Violet is not installed in this store")
    browser.press("Open the app's page")
    browser.wait_url("/manage/marketplace/apps/57141")
    browser.click("#install")
    browser.click("#confirm")
    browser.frame("#app-frame")
    browser.wait_text("Violet is installed")
    stack.wait(lambda: len(stack.sim.get("stores/abc123")["hooks"]) == 5, what="the hooks restored")
