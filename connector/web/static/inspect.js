// What a value says of itself while it is being entered.
"use strict";

(() => {
  const { base, csrf, fetched, localize } = window.form100;
  let timer = 0;
  let asked = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    const form = field.form;
    if (!form || !form.matches(".sheet")) return;
    if (!("inspect" in field.dataset)) return;
    for (const id of ["report", "outcome"]) form.querySelector("#" + id).innerHTML = ""; // was about another value
    const steps = form.querySelector("#steps");
    if (steps && field.value) steps.open = false; // whoever has a token need not be told where to find one
    clearTimeout(timer);
    timer = setTimeout(() => inspect(field), event.inputType === "insertFromPaste" ? 0 : 120);
  });

  async function inspect(field) {
    const place = document.getElementById("inspected");
    const mine = ++asked;
    if (!field.value) { place.innerHTML = ""; return; }
    const body = new URLSearchParams({ csrf: csrf(), api_key_value: field.value });
    try {
      const response = await fetched(base + "/inspect", { method: "POST", body, headers: { "X-Fragment": "1" } });
      if (mine !== asked) return; // an answer about what stood there before
      if (response.status === 429) timer = setTimeout(() => inspect(field), 1000);
      else if (response.ok) {
        place.innerHTML = await response.text();
        localize(place);
        place.scrollIntoView({ block: "nearest" });
      }
    } catch { place.innerHTML = ""; }
  }
})();
