// SPDX-License-Identifier: Apache-2.0
// Writes down, while somebody presses Tab, which elements get the focus and what is wrong with how it is seen there.
// Returns how many there should be; window.walked() then gives [names in order, faults].
const targets = shown("a[href], button, input:not([type=hidden]), select, textarea, summary");
const name = (e) => (e.textContent || e.name || e.tagName).trim().replace(/\s+/g, " ").slice(0, 60);
const order = [], faults = [];

const note = ({ target: e }) => {
	if (order.includes(e)) return;
	order.push(e);
	const style = getComputedStyle(e), box = e.getBoundingClientRect(), ground = behind(e.parentElement);
	const ratio = contrast(over(parse(style.outlineColor), ground), ground);
	if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push(`${name(e)}: its focus has no outline`);
	else if (ratio < 3) faults.push(`${name(e)}: the outline's contrast is ${ratio.toFixed(2)}`);
	if (box.width === 0 || box.right <= 0 || box.left >= innerWidth || box.bottom <= 0 || box.top >= innerHeight)
		faults.push(`${name(e)}: has the focus out of sight`);
};
document.addEventListener("focusin", note);
window.walked = () => {
	document.removeEventListener("focusin", note);
	return [order.map(name), faults.concat(targets.filter((e) => !order.includes(e)).map((e) => `${name(e)}: Tab does not get there`))];
};
return targets.length;
