// The overlay and the forms in it. Everything here also works without this file, as
// pages of their own.
"use strict";

window.form100 = (() => {
  const { base } = document.body.dataset;
  const overlay = document.getElementById("overlay");
  const content = document.getElementById("overlay-content");
  let underWay = null; // AbortController of the request of the overlay
  let opener = null;   // where the focus goes back to
  let leaving = false; // the page goes away: nothing of it can be used any more
  let stale = false;   // the session that the page was made for is over

  const csrf = () => document.body.dataset.csrf;
  const address = () => location.pathname + location.search;
  const { localize } = window.form100;
  const shared = { base, csrf, overlay, localize, under: address() }; // under is the address of the page below the overlay

  // scope is where the ids of a form are looked up: an open overlay covers the page.
  const scope = () => (overlay.open ? overlay : document.getElementById("main"));

  function announce(text) {
    const region = document.getElementById(overlay.open ? "overlay-announcement" : "announcement");
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 60); // an unchanged text would not be read
  }

  // dirty says whether something was typed that is not saved.
  function dirty() {
    return [...document.querySelectorAll("form[data-keep] input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
  }

  addEventListener("beforeunload", (event) => { if (!leaving && dirty()) event.preventDefault(); });

  // fetched is fetch. Where the session is over, a page on which nothing was typed
  // is loaded again, which says how to go on; what was typed stays.
  async function fetched(url, options) {
    const response = await fetch(url, options);
    if (response.status === 401 || response.status === 403) stale = true;
    if (response.status === 401 && !dirty()) { leaving = true; location.reload(); }
    return response;
  }

  // renew takes up a session that was begun meanwhile, in another tab.
  async function renew(form) {
    const response = await fetch(base + "/credentials/new", { headers: { "X-Fragment": "1" } });
    if (!response.ok) return;
    const page = document.createElement("template");
    page.innerHTML = await response.text();
    document.body.dataset.csrf = form.elements.csrf.value = page.content.querySelector("[name=csrf]").value;
    stale = false;
  }

  // The overlay has an address of its own, and is an entry of the history: Back
  // closes it. depth is how many entries lie between it and the page below.
  const depth = () => (history.state && history.state.depth) || 0;

  // visit notes that the page below is another list now.
  function visit(url, keep) {
    history[keep ? "replaceState" : "pushState"](null, "", url);
    shared.under = address();
  }

  // go leads to the page that the server names, or back to the one below the overlay.
  let onward = "";
  function go(to) {
    leaving = true;
    const url = new URL(to, location.href);
    if (!overlay.open) { location.assign(url); return; }
    const below = new URL(shared.under, location.href);
    if (below.pathname === url.pathname) below.hash = url.hash;
    onward = below.href;
    if (depth()) history.go(-depth()); else arrive();
  }

  function arrive() {
    history.replaceState(null, "", onward);
    location.reload();
  }

  addEventListener("popstate", () => {
    if (onward) { arrive(); return; }
    if (overlay.open && dirty()) { history.pushState({ depth: depth() + 1 }, "", held); ask(); return; }
    if (depth() && !document.querySelector("#main .sheet")) { show(location.href); return; }
    if (overlay.open) overlay.close();
    if (address() === shared.under) return;
    shared.under = address();
    if (shared.relist) shared.relist(); else location.reload();
  });

  // leave closes the overlay, but asks first if something was typed.
  function leave() {
    if (dirty()) { ask(); return; }
    if (depth()) history.go(-depth()); else overlay.close();
  }

  function ask() {
    const place = content.querySelector("#outcome");
    if (place.querySelector("#discard")) { place.innerHTML = ""; return; }
    place.innerHTML = '<div class="ask"><p><b>Discard what you entered?</b> It is not saved.</p><button type="button" id="discard" class="danger">Discard</button></div>';
    place.querySelector("button").focus();
    announce("Discard what you entered? It is not saved.");
  }

  // lines sends a form and calls each with every line of the answer. It returns
  // the page that says why there is no answer, or "".
  async function lines(url, body, signal, each) {
    const response = await fetched(url, {
      method: body ? "POST" : "GET", body, signal, headers: { Accept: "application/x-ndjson" },
    });
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
    if (line.tiles && shared.replace) shared.replace(line.tiles);
    if (line.draft && form.elements.draft) form.elements.draft.value = line.draft;
    if (line.announce) announce(line.announce);
    if (line.go) go(line.go + (form.dataset.deletes ? neighbour(form.dataset.deletes) : ""));
  }

  // neighbour is the tile that takes the focus of one that is deleted.
  function neighbour(id) {
    const tile = document.getElementById("t-" + id);
    const other = tile && (tile.nextElementSibling || tile.previousElementSibling);
    return other && other.id ? "#" + other.id : "";
  }

  async function submit(form, button) {
    if (form.getAttribute("aria-busy") === "true") return;
    const mine = underWay = new AbortController();
    form.setAttribute("aria-busy", "true");
    const steps = scope().querySelector("#steps");
    if (steps) steps.open = false;
    const outcome = scope().querySelector("#outcome");
    if (outcome) outcome.innerHTML = "";
    let failed = "";
    try {
      for (let tries = 0; tries < 2; tries++) { // once more, if there is another session by now
        const entered = new FormData(form); // a file goes as it is
        const body = form.enctype === "multipart/form-data" ? entered : new URLSearchParams(entered);
        if (button && button.name) body.set(button.name, button.value);
        // Not form.action: a button of that name stands before it.
        failed = await lines(form.getAttribute("action"), body, mine.signal, (line) => apply(line, form));
        if (!failed || !stale) break;
        await renew(form);
      }
      if (failed && stale) failed += '<p>What you entered is still here. <a href="' + base + '/signin" target="_blank">Sign in in another tab</a>, come back, and try again.</p>';
    } catch (error) {
      failed = mine.signal.aborted ? "" : "<p><b>The form's server does not answer.</b> Start it again, and try again: what you entered is still here.</p>";
    }
    if (leaving) return;
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
    const question = scope().querySelector("#outcome button");
    const report = scope().querySelector("#report > *");
    if (invalid) invalid.focus();
    else if (question) question.focus();
    else if (report) report.scrollIntoView({ block: "nearest" });
  }

  let held = ""; // the address of what the overlay shows

  // show fills the overlay with a page.
  async function show(url, then) {
    if (!overlay.open) opener = document.activeElement;
    let page = "<h1>The form's server does not answer</h1><p>Is it still running?</p>";
    try {
      page = await (await fetched(url, { headers: { "X-Fragment": "1" } })).text();
    } catch { page = '<div class="alone">' + page + "</div>"; }
    held = url;
    content.innerHTML = page;
    localize(content);
    if (!content.querySelector("#overlay-title")) { // a page that says what is wrong
      content.querySelector("h1").id = "overlay-title";
      content.insertAdjacentHTML("afterbegin", '<div class="sheet-head"><span></span><a class="close" href="' + base + '/" data-close aria-label="Close">×</a></div>');
    }
    const steps = content.querySelector("#steps");
    if (steps && matchMedia("(max-width: 46rem)").matches) steps.open = false; // the fields come first
    if (!overlay.open) overlay.showModal();
    overlay.scrollTop = 0;
    const first = content.querySelector("input:not([type=hidden], [type=checkbox]), #test-again, .foot [data-close]");
    if (first) first.focus();
    if (then) then();
  }

  // open shows a page in the overlay, as a further entry of the history.
  function open(url, then) {
    history.pushState({ depth: depth() + 1 }, "", url);
    return show(url, then);
  }

  overlay.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  overlay.addEventListener("close", () => {
    if (underWay) underWay.abort();
    content.innerHTML = ""; // with what was entered
    const tile = opener && !opener.isConnected && opener.closest && opener.closest("li[id]");
    const back = tile ? document.querySelector("#" + tile.id + " h2 a") : opener;
    if (back && back.isConnected) back.focus();
  });

  overlay.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); leave(); return; }
    if (event.key !== "Tab") return;
    // The overlay keeps the focus: from its last element Tab leads to the first.
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
    if (event.target.id === "discard") {
      for (const field of content.querySelectorAll("input")) field.value = field.defaultValue;
      leave();
      return;
    }
    const link = event.target.closest("[data-overlay], [data-close], [data-test]");
    // A form that is a page of its own stays one: its ids would be there twice.
    if (!link || (!overlay.open && document.querySelector("#main .sheet"))) return;
    event.preventDefault();
    if ("close" in link.dataset) leave();
    else if (link.dataset.test) open(base + "/credentials/" + link.dataset.test, () => content.querySelector("#test-again").click());
    else open(link.href);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-stream]")) return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });

  // "Expires in 3 hours" on a page that was left open overnight is wrong.
  const loaded = Date.now();
  document.addEventListener("visibilitychange", () => {
    const idle = !overlay.open && !document.querySelector("#main .sheet, #sweep[data-running]");
    if (!document.hidden && idle && Date.now() - loaded > 5 * 60 * 1000) location.reload();
  });

  document.documentElement.classList.add("js");

  localize(document);

  return Object.assign(shared, { lines, announce, fetched, visit, open });
})();
