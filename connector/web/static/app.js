// The overlay, the forms in it, and what a value says of itself while it is being
// entered. Everything here also works without this file, as pages of their own.
"use strict";

window.form100 = (() => {
  const { base, csrf } = document.body.dataset;
  const overlay = document.getElementById("overlay");
  const content = document.getElementById("overlay-content");
  let underWay = null; // AbortController of the request of the overlay
  let opener = null;   // where the focus goes back to

  // scope is where the ids of a form are looked up: an open overlay covers the page.
  const scope = () => (overlay.open ? overlay : document.getElementById("main"));

  function announce(text) {
    const region = document.getElementById(overlay.open ? "overlay-announcement" : "announcement");
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 60); // an unchanged text would not be read
  }

  // localize puts the reader's local time beside the moments within an element,
  // which the server writes in UTC.
  const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
  const two = (n) => String(n).padStart(2, "0");

  function local(utc) {
    const at = new Date(utc);
    if (!at.getTimezoneOffset()) return "";
    const date = at.getFullYear() + "-" + two(at.getMonth() + 1) + "-" + two(at.getDate());
    const name = zone.formatToParts(at).find((part) => part.type === "timeZoneName").value;
    return (utc.startsWith(date) ? "" : date + " ") + two(at.getHours()) + ":" + two(at.getMinutes()) + " " + name;
  }

  function localize(within) {
    for (const time of within.querySelectorAll("time[datetime]:not([data-utc])")) {
      time.dataset.utc = time.textContent;
      const here = local(time.dateTime);
      if (here) time.append(" (" + here + ")");
    }
  }

  // A tile has its moment in a title, which is looked at one at a time.
  document.addEventListener("mouseover", (event) => {
    const life = event.target.closest(".life[title]");
    if (!life || life.dataset.utc) return;
    life.dataset.utc = life.title;
    const here = local(life.title.replace(" UTC", "Z").replace(" ", "T"));
    if (here) life.title += " (" + here + ")";
  });

  // A session that is over, or a server that is gone, has a page that says so.
  async function answered(response) {
    if (response.status === 401) location.reload();
    return response;
  }

  function go(to) {
    const url = new URL(to, location.href);
    if (url.pathname === location.pathname && url.search === location.search) {
      history.replaceState(null, "", url);
      location.reload();
    } else {
      location.assign(url);
    }
  }

  // lines sends a form and calls each with every line of the answer. It returns
  // the page that says why there is no answer, or "".
  async function lines(url, body, signal, each) {
    const response = await answered(await fetch(url, {
      method: body ? "POST" : "GET", body, signal, headers: { Accept: "application/x-ndjson" },
    }));
    if (response.status === 204) return "";
    if (!response.ok || !response.headers.get("Content-Type").startsWith("application/x-ndjson")) {
      return response.text();
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "", failed = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return failed;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const line of parts.map((part) => JSON.parse(part))) {
        if (line.failed) failed = line.failed; else each(line);
      }
    }
  }

  function apply(line, form) {
    if (line.into) {
      const target = scope().querySelector("#" + CSS.escape(line.into));
      if (target) {
        target.innerHTML = line.html || "";
        localize(target);
        if (line.into.startsWith("problems-")) {
          const field = document.getElementById(line.into.replace("problems-", "f-"));
          if (line.html) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
        }
      }
    }
    if (line.tiles && window.form100.replace) window.form100.replace(line.tiles);
    if (line.draft && form.elements.draft) form.elements.draft.value = line.draft;
    if (line.announce) announce(line.announce);
    if (line.go) go(line.go);
  }

  async function submit(form, button) {
    if (form.getAttribute("aria-busy") === "true") return;
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    const mine = underWay = new AbortController();
    form.setAttribute("aria-busy", "true");
    const outcome = scope().querySelector("#outcome");
    if (outcome) outcome.innerHTML = "";
    let leaving = false;
    let failed = "";
    try {
      // Not form.action: a button of that name stands before it.
      failed = await lines(form.getAttribute("action"), body, mine.signal, (line) => { leaving = leaving || !!line.go; apply(line, form); });
    } catch (error) {
      failed = mine.signal.aborted ? "" : "<p>The form's server does not answer. Is it still running?</p>";
    }
    if (leaving) return; // the page goes away: nothing of it can be used any more
    form.removeAttribute("aria-busy");
    if (mine.signal.aborted) return;
    if (failed) {
      const place = outcome || scope().querySelector("#report");
      if (place) place.innerHTML = '<div class="failure">' + failed + "</div>";
      announce("It failed.");
    }
    settle(form);
  }

  // settle shows what came of it: the first field to mend, the question, or the report.
  function settle(form) {
    const invalid = form.querySelector("[aria-invalid]");
    const question = scope().querySelector("#outcome > *");
    const report = scope().querySelector("#report > *");
    if (invalid) invalid.focus();
    else if (question) question.scrollIntoView({ block: "nearest" });
    else if (report) report.scrollIntoView({ block: report.offsetHeight < innerHeight / 2 ? "nearest" : "start" });
  }

  async function open(url, then) {
    if (!overlay.open) opener = document.activeElement;
    const response = await answered(await fetch(url, { headers: { "X-Fragment": "1" } }));
    content.innerHTML = await response.text();
    localize(content);
    if (!content.querySelector("#overlay-title")) { // a page that says what is wrong
      content.querySelector("h1").id = "overlay-title";
      content.insertAdjacentHTML("afterbegin", '<div class="sheet-head"><span></span><a class="close" href="' + base + '/" data-close aria-label="Close">×</a></div>');
    }
    const steps = content.querySelector("details");
    if (steps && matchMedia("(max-width: 46rem)").matches) steps.open = false; // the fields come first
    if (!overlay.open) overlay.showModal();
    overlay.scrollTop = 0;
    const first = content.querySelector("input:not([type=hidden]), #test-again, .foot [data-close]");
    if (first) first.focus();
    if (then) then();
  }

  overlay.addEventListener("close", () => {
    if (underWay) underWay.abort();
    content.innerHTML = ""; // with what was entered
    const tile = opener && !opener.isConnected && opener.closest && opener.closest("li[id]");
    const back = tile ? document.querySelector("#" + tile.id + " h2 a") : opener;
    if (back && back.isConnected) back.focus();
  });

  // The overlay keeps the focus: from its last element Tab leads to the first.
  overlay.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const all = [...overlay.querySelectorAll("a[href], button, input:not([type=hidden]), summary")]
      .filter((e) => e.tabIndex >= 0 && !e.disabled && e.offsetParent);
    const [first, last] = [all[0], all[all.length - 1]];
    if (!first) return;
    if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("[data-overlay], [data-close], [data-test]");
    // A form that is a page of its own stays one: its ids would be there twice.
    if (!link || (!overlay.open && document.querySelector("#main .sheet"))) return;
    event.preventDefault();
    if ("close" in link.dataset) overlay.close();
    else if (link.dataset.test) open(base + "/credentials/" + link.dataset.test, () => content.querySelector("#test-again").click());
    else open(link.href);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-stream]")) return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });

  let timer = 0;
  let asked = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    const form = field.form;
    if (!form || !form.matches(".sheet")) return;
    if (!("inspect" in field.dataset)) return;
    for (const id of ["report", "outcome"]) form.querySelector("#" + id).innerHTML = ""; // was about another value
    clearTimeout(timer);
    timer = setTimeout(() => inspect(field), event.inputType === "insertFromPaste" ? 0 : 120);
  });

  async function inspect(field) {
    const place = document.getElementById("inspected");
    const mine = ++asked;
    if (!field.value) { place.innerHTML = ""; return; }
    const body = new URLSearchParams({ csrf, api_key_value: field.value });
    try {
      const response = await answered(await fetch(base + "/inspect", { method: "POST", body, headers: { "X-Fragment": "1" } }));
      if (mine !== asked) return; // an answer about what stood there before
      if (response.status === 429) timer = setTimeout(() => inspect(field), 1000);
      else if (response.ok) { place.innerHTML = await response.text(); localize(place); }
    } catch { place.innerHTML = ""; }
  }

  // "Expires in 3 hours" on a page that was left open overnight is wrong.
  const loaded = Date.now();
  document.addEventListener("visibilitychange", () => {
    const idle = !overlay.open && !document.querySelector("#main .sheet, #sweep[data-running]");
    if (!document.hidden && idle && Date.now() - loaded > 5 * 60 * 1000) location.reload();
  });

  document.documentElement.classList.add("js");

  localize(document);

  return { base, csrf, lines, announce, overlay };
})();
