// Search, filters, and the test of all with its progress, on the screen of tiles.
"use strict";

(() => {
  const { base, csrf, lines, announce } = window.form100;
  const list = document.getElementById("tiles");
  if (!list) return;
  const search = document.getElementById("q");
  const found = document.getElementById("found");
  const nothing = document.getElementById("nothing");
  const whole = "whole" in list.dataset; // else the server has filtered already
  const texts = new WeakMap();
  let chosen = "";

  // The tiles beyond the first hundred are text, in a noscript element: to make
  // them all at once would keep the page from answering for a moment.
  const rest = document.getElementById("rest");
  let waiting = rest ? rest.textContent.split(/(?=<li class="tile )/).slice(1) : [];
  if (rest) rest.remove();

  function put(n) {
    const piece = document.createElement("template");
    piece.innerHTML = waiting.splice(0, n).join("").replace(/<\/ul>\s*$/, "");
    list.append(piece.content);
    if (!waiting.length) list.dataset.complete = "";
  }

  function putAll() { if (waiting.length) put(waiting.length); }

  function putSome() {
    if (waiting.length) put(40);
    if (waiting.length) setTimeout(() => requestAnimationFrame(putSome));
  }

  const tiles = () => list.querySelectorAll(".tile[data-tone]");

  function text(tile) {
    if (!texts.has(tile)) {
      const parts = [...tile.querySelectorAll("h2, .description, .verdict b, .cause, .life, .key")];
      texts.set(tile, parts.map((e) => e.textContent).join("\n").toLowerCase());
    }
    return texts.get(tile);
  }

  const kinds = {
    "": () => true,
    attention: (t) => t.dataset.tone === "bad" || t.dataset.tone === "warn" || "urgent" in t.dataset,
    works: (t) => t.dataset.tone === "good",
    untested: (t) => t.dataset.tone === "idle",
  };

  const words = () => (search ? search.value.toLowerCase().split(/\s+/).filter(Boolean) : []);
  const fits = (tile, wanted) => kinds[chosen](tile) && wanted.every((w) => text(tile).includes(w));

  function sift() {
    putAll();
    const wanted = words();
    const all = tiles();
    let shown = 0;
    for (const tile of all) {
      const hide = !fits(tile, wanted);
      if (tile.hidden !== hide) tile.hidden = hide;
      if (!hide) shown++;
    }
    nothing.hidden = shown > 0 || all.length === 0;
    found.textContent = wanted.length ? shown + " of " + all.length + " found." : "";
  }

  function recount() {
    putAll();
    for (const link of document.querySelectorAll("[data-filter]")) {
      link.querySelector(".count").textContent = [...tiles()].filter(kinds[link.dataset.filter]).length;
    }
  }

  if (whole && search) {
    let frame = 0;
    search.addEventListener("input", () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(sift); });
    search.form.addEventListener("submit", (event) => { event.preventDefault(); sift(); });
    document.querySelector(".filters").addEventListener("click", (event) => {
      const link = event.target.closest("[data-filter]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      chosen = link.dataset.filter;
      for (const other of document.querySelectorAll("[data-filter]")) {
        if (other === link) other.setAttribute("aria-current", "true"); else other.removeAttribute("aria-current");
      }
      sift();
    });
    if (search.value) sift(); // a browser that came back fills it in again
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.target.closest("input, textarea, dialog")) { event.preventDefault(); search.focus(); }
    });
  }

  // replace puts tested tiles in the place of the old ones: one pass over the
  // document for all that came, and the focus stays where it was.
  window.form100.replace = (fresh) => {
    const fragment = document.createElement("template");
    fragment.innerHTML = fresh.map((t) => t.html).join("");
    const wanted = words();
    for (const tile of [...fragment.content.children]) {
      const old = document.getElementById(tile.id);
      if (!old) continue;
      const focus = old.contains(document.activeElement) && [...old.querySelectorAll("a, button")].indexOf(document.activeElement);
      if (whole) tile.hidden = !fits(tile, wanted);
      old.replaceWith(tile);
      if (focus !== false) tile.querySelectorAll("a, button")[Math.max(0, focus)].focus();
    }
    if (!running) recount();
  };

  // The tile that was just saved has the focus, wherever it is.
  if (/^#t-[0-9a-f]+$/.test(location.hash)) {
    if (!document.querySelector(location.hash)) putAll();
    const aim = document.querySelector(location.hash + " h2 a");
    if (aim) { aim.focus(); aim.scrollIntoView({ block: "center" }); }
  }
  requestAnimationFrame(putSome);

  const area = document.getElementById("sweep");
  const button = document.getElementById("test-all");
  let running = false;

  // follow takes the lines of a sweep. They come some times a second; what they
  // change is done in one go before the next frame.
  async function follow(body) {
    if (running) return;
    running = true;
    putAll();
    button.setAttribute("aria-disabled", "true");
    area.dataset.running = "";
    let arrived = [];
    let count = null;
    const draw = () => {
      if (!count) return;
      if (arrived.length) window.form100.replace(arrived.splice(0));
      const bar = document.getElementById("swept-bar");
      if (bar) {
        bar.max = count.total || 1;
        bar.value = count.done || 0;
        document.getElementById("swept-count").textContent = "Tested " + (count.done || 0).toLocaleString("en") + " of " + count.total.toLocaleString("en") + ".";
      }
      count = null;
    };
    try {
      const failed = await lines(base + "/test-all", body, undefined, (line) => {
        if (line.into === "sweep") { draw(); area.innerHTML = line.html; }
        if (line.tiles) arrived.push(...line.tiles);
        if (line.total) { if (!count) requestAnimationFrame(draw); count = line; }
        if (line.announce) announce(line.announce);
      });
      if (failed) area.innerHTML = '<div class="failure">' + failed + "</div>";
    } catch {
      area.innerHTML = '<p class="note warn">The form\'s server does not answer. Is it still running?</p>';
    }
    draw();
    running = false;
    delete area.dataset.running;
    button.removeAttribute("aria-disabled");
    recount();
  }

  if (button) {
    document.getElementById("sweep-form").addEventListener("submit", (event) => {
      event.preventDefault();
      follow(new URLSearchParams({ csrf }));
    });
    area.addEventListener("click", (event) => {
      if (event.target.id !== "sweep-stop") return;
      event.preventDefault();
      lines(base + "/test-all/stop", new URLSearchParams({ csrf }), undefined, () => {}).catch(() => {});
    });
    if ("running" in area.dataset) follow(null);
  }
})();
