# SPDX-License-Identifier: Apache-2.0
"""Looking at a page in every dress: wide and at phone width, light and dark, with the checks of accessibility.js and a
screenshot of each; and walking it by keyboard."""
import os
import pathlib

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def script(name):
    return pathlib.Path(__file__).with_name(name).read_text()


COLOURS = script("colours.js")
CHECKS = COLOURS + script("accessibility.js")
KEYBOARD = COLOURS + script("keyboard.js")
WIDTHS = {"wide": 1280, "phone": 360, "tablet": 700, "narrow": 320}
# Pictures first: the keyboard leaves its focus behind. WCAG 1.4.10 asks for 320 px; of that nobody needs a picture.
DRESSES = [(width, scheme) for width in WIDTHS for scheme in ("dark", "light")]
WALKED = ("narrow", "light")
# A picture takes longer than all checks together: PICTURES=all make browser takes the other two as well.
ALL = os.environ.get("PICTURES") == "all"
PICTURES = DRESSES[:4] if ALL else [("wide", "light"), ("phone", "dark")]


def set_media(browser, **features):
    """What the visitor prefers: prefers_color_scheme="dark"; nothing: no preference."""
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})


def look(browser, name, folder="app", dresses=DRESSES, pictures=PICTURES):
    """Faults of the page that is open, as sentences. It is left wide and light."""
    faults = []
    for width, scheme in dresses:
        set_media(browser, prefers_color_scheme=scheme)
        browser.resize(WIDTHS[width])
        found = browser.driver.execute_script(CHECKS)
        if (width, scheme) == WALKED:
            found += walk(browser)[1]
        if (width, scheme) in pictures:
            browser.screenshot(f"{folder}-{name}-{width}-{scheme}")
        faults += [f"{name}, {width}, {scheme}: {fault}" for fault in found]
    set_media(browser)
    browser.resize(WIDTHS["wide"])
    return faults


def walk(browser):
    """Press Tab once round the page: the names of what had the focus in order, and faults where it can't be seen, or does
    not get."""
    stops = browser.driver.execute_script(KEYBOARD)
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB * (stops + 1))
    return browser.driver.execute_script("return walked()")
