# SPDX-License-Identifier: Apache-2.0
"""Chromium, headless, with a fresh profile. Pages that log errors or break their own policy fail the test."""
import base64
import os
import pathlib
import re
import shutil
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from harness.product import BUILD
from harness.waiting import wait

SWITCHES = (
    "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP localhost 127.0.0.1", "--window-size=1200,900", "--lang=en-US",
)
# The first that is visible and has the words.
BUTTON = """
return [...document.querySelectorAll("button, a, summary, input[type=submit]")]
    .find((e) => (e.innerText || e.value || "").includes(arguments[0]) && e.checkVisibility()) ?? null"""


class Browser:
    """A selenium driver (self.driver) and the few words that tests use most."""

    def __init__(self, block_third_party_cookies=False):
        self.block_third_party_cookies = block_third_party_cookies
        self.profile = tempfile.mkdtemp(prefix="violet-chromium-")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for switch in SWITCHES:
            options.add_argument(switch)
        options.add_argument(f"--user-data-dir={self.profile}")
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.add_experimental_option("prefs", {
            "profile.cookie_controls_mode": 1 if block_third_party_cookies else 0,
            "profile.block_third_party_cookies": block_third_party_cookies,
        })
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(30)
        self.expected = []
        self.log = []

    def forget(self):
        """Be as new: one empty window, no cookies, nothing said on the console. What was emulated ends with its window."""
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for window in old:
            self.driver.switch_to.window(window)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.clear_cookies()
        self.driver.get_log("browser")
        self.expected, self.log = [], []

    def clear_cookies(self):
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def speak(self, language):
        """What this window asks for from now on: "de"."""
        self.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {
            "userAgent": self.driver.execute_script("return navigator.userAgent"), "acceptLanguage": language})

    def resize(self, width, height=900):
        """The page's own width, also below the smallest window."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, url):
        self.driver.get(url)

    @property
    def url(self):
        return self.driver.current_url

    @property
    def text(self):
        """Everything that can be read on the page (or frame) now."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def find(self, css):
        """The first visible element; waits for it."""
        return wait(lambda: self._visible(css), what=f"{css} on {self.driver.current_url}")

    def _visible(self, css):
        try:
            return next((e for e in self.driver.find_elements(By.CSS_SELECTOR, css) if e.is_displayed()), None)
        except WebDriverException:
            return None  # of a page that has just gone

    def has(self, css):
        return self._visible(css) is not None

    def click(self, css):
        self.find(css).click()

    def fill(self, css, text):
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def button(self, words):
        """The visible button or link with these words in it."""
        return wait(lambda: self.driver.execute_script(BUTTON, words), what=f"a button with {words!r} on {self.driver.current_url}")

    def press(self, words):
        self.button(words).click()

    def wait_text(self, words):
        def look():
            try:
                return words in self.text
            except WebDriverException:
                return False  # between two pages: no body, or one that has just gone
        wait(look, what=f"the words {words!r} on {self.driver.current_url}")

    def leave(self):
        """To be called before what leads to another page: the result waits until that is there."""
        self.driver.execute_script("window.isOld = true")

        def look():
            try:
                return not self.driver.execute_script("return window.isOld")
            except WebDriverException:
                return False  # between two pages
        return lambda: wait(look, what="the next page")

    def wait_url(self, part):
        wait(lambda: part in self.driver.current_url, what=f"an address with {part!r}, not {self.driver.current_url}")

    def frame(self, css="iframe"):
        """Go into a frame; out again with top()."""
        self.driver.switch_to.frame(self.find(css))

    def top(self):
        self.driver.switch_to.default_content()

    def newest_window(self):
        self.driver.switch_to.window(self.driver.window_handles[-1])

    def screenshot(self, name):
        """build/screenshots/NAME.png of the whole page."""
        folder = pathlib.Path(BUILD) / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.png"
        width, height = self.driver.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
        self.resize(width, max(height, 600))
        page = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"optimizeForSpeed": True})
        path.write_bytes(base64.b64decode(page["data"]))
        return path

    def expect_log(self, pattern):
        """Such a line on the console is right in this test."""
        self.expected.append(re.compile(pattern))

    def faults(self):
        """Errors on the console: scripts that failed, and whatever a page's own policy has stopped."""
        self.log += self.driver.get_log("browser")
        return [f"console: {entry['message']}" for entry in self.log
                if entry["level"] == "SEVERE" and "favicon.ico" not in entry["message"]
                and not any(pattern.search(entry["message"]) for pattern in self.expected)]

    def close(self):
        try:
            self.driver.quit()
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)


class Browsers:
    """Starting Chromium takes longer than most tests: those that are given back are taken again."""

    def __init__(self):
        self.idle = []

    def take(self, block_third_party_cookies=False, width=None, language=None):
        found = next((b for b in self.idle if b.block_third_party_cookies == block_third_party_cookies), None)
        if found:
            self.idle.remove(found)
        browser = found or Browser(block_third_party_cookies)
        if width:
            browser.resize(width)
        if language:
            browser.speak(language)
        return browser

    def give(self, browser):
        try:
            browser.forget()
            self.idle.append(browser)
        except WebDriverException:
            browser.close()

    def close(self):
        for browser in self.idle:
            browser.close()
