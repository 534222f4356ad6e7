// The reader's local time, in the place of the server's UTC.
"use strict";

window.form100 = (() => {
  // localize writes the moments within an element, which the server writes in UTC,
  // in the reader's local time, with UTC beside it.
  const two = (n) => String(n).padStart(2, "0");

  function local(utc) {
    const at = new Date(utc.replace(" UTC", "Z").replace(" ", "T"));
    if (!at.getTimezoneOffset()) return utc;
    const date = at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate());
    return date + " " + two(at.getHours()) + ":" + two(at.getMinutes()) + " (" + (utc.startsWith(date) ? utc.slice(11) : utc) + ")";
  }

  function localize(within) {
    for (const time of within.querySelectorAll("time[datetime]:not([data-utc])")) {
      time.dataset.utc = time.textContent;
      time.textContent = local(time.textContent);
    }
  }

  // A tile has its moment in a title, which is looked at one at a time.
  document.addEventListener("mouseover", (event) => {
    const life = event.target.closest(".life[title]");
    if (!life || life.dataset.utc) return;
    life.dataset.utc = life.title;
    life.title = local(life.title);
  });

  return { localize };
})();
