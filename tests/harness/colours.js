// SPDX-License-Identifier: Apache-2.0
// What is seen on a page, and how its colours contrast, as WCAG reckons it; the other scripts come after this one.
const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const shown = (selector) => [...document.querySelectorAll(selector)].filter(visible);

const parse = (color) => {
	const n = (color.match(/[\d.]+/g) ?? []).map(Number);
	return color.startsWith("color(srgb") ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const behind = (e) => {
	const layers = [];
	for (let n = e; n; n = n.parentElement) layers.unshift(parse(getComputedStyle(n).backgroundColor));
	const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
	return layers.reduce((below, layer) => over(layer, below), canvas);
};
const light = ([r, g, b]) => {
	const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
	return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const contrast = (a, b) => {
	const [hi, lo] = [light(a), light(b)].sort((p, q) => q - p);
	return (hi + 0.05) / (lo + 0.05);
};
