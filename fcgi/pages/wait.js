/* SPDX-License-Identifier: Apache-2.0 */
/* The wait page moves on by itself: when the connection has taken a step, the page is loaded anew. Without this script it
   is loaded anew every few seconds by its refresh tag. */
"use strict";
(function () {
	const page = document.getElementById("wait");
	const pause = 2000;
	let timer = setTimeout(look, pause);
	let failures = 0;

	async function look() {
		clearTimeout(timer);
		timer = null;
		try {
			const answer = await fetch(page.dataset.status, { cache: "no-store" });
			const status = await answer.json();
			failures = 0;
			if (status.step !== page.dataset.step)
				location.replace(location.pathname);
		} catch (error) {
			/* offline, or we are busy: ask less often */
			failures = Math.min(failures + 1, 5);
		}
		timer = setTimeout(look, pause * (failures + 1));
	}

	/* timers of a tab in the background are slow: catch up as soon as it is looked at */
	document.addEventListener("visibilitychange", function () {
		if (!document.hidden && timer !== null)
			look();
	});
})();
