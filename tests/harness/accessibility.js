// SPDX-License-Identifier: Apache-2.0
// What WCAG 2.2 AA asks of a page and a program can see, written out: returns a list of sentences, empty if all is well.
const faults = [];
const say = (e, words) => faults.push(`${e.outerHTML.slice(0, 90).replace(/\s+/g, " ")}: ${words}`);

// Names and structure
if (!document.documentElement.lang) faults.push("the page has no language");
if (!document.title.trim()) faults.push("the page has no title");
if (document.querySelectorAll("h1").length !== 1) faults.push("not exactly one h1");
if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");
let level = 0;
for (const h of shown("h1, h2, h3, h4")) {
	const next = Number(h.tagName[1]);
	if (next > level + 1) say(h, `level ${next} after ${level}`);
	level = next;
}
const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) faults.push(`id ${id} twice`);
for (const e of document.querySelectorAll("[aria-describedby], [aria-labelledby], label[for]"))
	for (const id of `${e.getAttribute("aria-describedby") ?? ""} ${e.getAttribute("aria-labelledby") ?? ""} ${e.htmlFor ?? ""}`.split(/\s+/))
		if (id && !document.getElementById(id)) say(e, `names ${id}, which is not there`);
for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
	if (!e.labels.length && !e.ariaLabel) say(e, "no label");
for (const e of document.querySelectorAll("button, a[href], summary"))
	if (!(e.textContent.trim() || e.ariaLabel)) say(e, "no name");
for (const e of document.querySelectorAll("img")) {
	if (!e.hasAttribute("alt")) say(e, "no alt");
	if (!e.naturalWidth) say(e, "is not shown");
}
for (const e of document.querySelectorAll("ul, ol"))
	if ([...e.children].some((c) => c.tagName !== "LI")) say(e, "a list with something else than items");

// Layout: nothing scrolls sideways, targets are large enough to hit (links inside a sentence are excepted)
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
for (const e of shown("button, a[href], summary, input:not([type=hidden]), select")) {
	if (e.matches("p a:not(.button), li a:not(.button), dd a:not(.button), .skip")) continue;
	const box = e.getBoundingClientRect();
	if (box.width < 24 || box.height < 24) say(e, `a target of ${box.width} x ${box.height}`);
}

// Contrast of every text against what lies behind it
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = new Set();
while (walker.nextNode()) {
	const e = walker.currentNode.parentElement;
	if (!walker.currentNode.data.trim() || seen.has(e) || !visible(e) || e.matches(".visually-hidden, .skip")) continue;
	seen.add(e);
	const style = getComputedStyle(e), ground = behind(e);
	const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
	const ratio = contrast(over(parse(style.color), ground), ground);
	if (ratio < (large ? 3 : 4.5)) say(e, `contrast ${ratio.toFixed(2)}`);
}
for (const e of shown("input:not([type=hidden], [type=radio], [type=checkbox]), select, .button.quiet")) {
	const ground = behind(e.parentElement);
	const ratio = contrast(over(parse(getComputedStyle(e).borderTopColor), ground), ground);
	if (ratio < 3) say(e, `border's contrast ${ratio.toFixed(2)}`);
}

// Nothing inline, nothing foreign but a channel's logo
for (const e of document.querySelectorAll("style, script:not([src]), [style], [onclick], [onload], [onsubmit]")) say(e, "inline");
for (const entry of performance.getEntriesByType("resource"))
	if (new URL(entry.name).origin !== location.origin && entry.initiatorType !== "img") faults.push(`foreign request: ${entry.name}`);
return faults;
