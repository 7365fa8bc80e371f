# SPDX-License-Identifier: Apache-2.0
"""The pages' texts (fcgi/pages/text.LANGUAGE), and which of them a walk through all pages has shown."""
import functools
import re

from harness.product import ROOT


@functools.cache
def texts(language):
    """The catalogue as {key: text}."""
    joined = (ROOT / f"fcgi/pages/text.{language}").read_text().replace("\n ", " ")
    pairs = [line.split(" = ", 1) for line in joined.splitlines() if line and not line.startswith("#")]
    return {key: " ".join(text.split()) for key, text in pairs}


def translate(words, language):
    """A button's English words in that language; {values} are as in the English words."""
    if language == "en":
        return words
    for key, text in sorted(texts("en").items(), key=lambda item: "{" in item[1]):
        found = re.fullmatch(re.sub(r"\\\{\w+\\\}", r"(\\w+)", re.escape(text)), words)
        if found:
            return texts(language)[key].format(**dict(zip(re.findall(r"\{(\w+)\}", text), found.groups())))
    raise KeyError(words)


class Walked:
    """The pages that were walked: what stood on them, folded details included."""

    def __init__(self):
        self.pages = {"en": {}, "de": {}}

    def add(self, browser, name, language="en"):
        page = browser.driver.execute_script("return document.title + ' ' + document.body.textContent")
        self.pages[language][name] = " ".join(page.split())

    def unseen(self, language, *sections):
        """Keys of these sections whose text stood on none; {values} may have been anything."""
        def stood(text):
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".{0,300}?", re.escape(text)))
            return any(pattern.search(page) for page in self.pages[language].values())
        return [key for key, text in texts(language).items() if key.split(".")[0] in sections and not stood(text)]
