// The list of credentials: search, filters, sorting and pages without loading the
// page anew, and the test of many with its progress.
"use strict";

(() => {
  const { base, csrf, lines, announce, fetched } = window.form100;
  const list = document.getElementById("tiles");
  if (!list) return;
  const search = document.getElementById("q");
  const here = () => new URL(window.form100.under, location.href);

  // freshen takes parts of the list from a page that the server made, each in the
  // place of what it was. The focus stays where it was.
  function freshen(page, parts) {
    for (const old of document.querySelectorAll(parts || "[data-fresh]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh) continue;
      const at = [...old.querySelectorAll("a, button, input")].indexOf(document.activeElement);
      old.replaceChildren(...fresh.childNodes);
      old.className = fresh.className;
      old.hidden = fresh.hidden;
      if (at >= 0) (old.querySelectorAll("a, button, input")[at] || search).focus();
    }
  }

  let asked = null;  // AbortController of the latest request for a list
  let whole = false; // whether all of it is on its way

  // load shows another choice of the list or, of the same, some parts alone.
  async function load(url, parts) {
    if (parts && whole) return; // they come with the rest
    if (asked) asked.abort();
    whole = !parts;
    const mine = asked = new AbortController();
    const page = document.createElement("template");
    try {
      const response = await fetched(url, { headers: { "X-Fragment": "1" }, signal: mine.signal });
      if (!response.ok) { whole = false; return; }
      page.innerHTML = await response.text();
    } catch {
      if (mine.signal.aborted) return;
      whole = false;
      document.getElementById("found").textContent = "The form's server does not answer. Is it still running?";
      return;
    }
    if (mine.signal.aborted) return;
    whole = false;
    freshen(page.content, parts);
    if (running && !parts) { following.abort(); follow(null); }
  }

  function show(url, keep) {
    window.form100.visit(url, keep);
    return load(url);
  }

  // The list that Back or Forward leads to.
  window.form100.relist = () => {
    if (search) search.value = here().searchParams.get("q") || "";
    return load(here());
  };

  if (search) {
    let timer = 0;
    const sift = () => {
      clearTimeout(timer);
      if (!search.checkValidity()) return; // what looks like a token goes into no address
      const url = here();
      if ((url.searchParams.get("q") || "") === search.value.trim()) return;
      url.searchParams.delete("page");
      if (search.value.trim()) url.searchParams.set("q", search.value.trim()); else url.searchParams.delete("q");
      url.searchParams.sort(); // as the server's links are
      url.hash = "";
      show(url, true);
    };
    search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(sift, 100); });
    search.form.addEventListener("submit", (event) => { event.preventDefault(); sift(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.target.closest("input, textarea, dialog")) { event.preventDefault(); search.focus(); }
    });
  }

  // chosen is the address of a link or, as the list it was made for may be one behind,
  // the present address with what the link changes.
  function chosen(link) {
    const changes = Object.entries({ filter: "show", sort: "sort", view: "view" }).filter(([kind]) => kind in link.dataset);
    if (!changes.length) return new URL(link.href);
    const url = here();
    for (const [kind, name] of changes) {
      if (link.dataset[kind]) url.searchParams.set(name, link.dataset[kind]); else url.searchParams.delete(name);
      if (kind !== "view") url.searchParams.delete("page");
    }
    url.searchParams.sort();
    url.hash = "";
    return url;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-list]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const url = chosen(link);
    if (search) search.value = url.searchParams.get("q") || "";
    const far = link.closest(".pages");
    show(url).then(() => { if (far) scrollTo(0, 0); });
  });

  // replace puts tested tiles in the place of the old ones.
  const replace = (fresh) => {
    const fragment = document.createElement("template");
    fragment.innerHTML = fresh.map((t) => t.html).join("");
    for (const tile of [...fragment.content.children]) {
      const old = document.getElementById(tile.id);
      if (!old) continue;
      const at = [...old.querySelectorAll("a, button")].indexOf(document.activeElement);
      old.replaceWith(tile);
      if (at >= 0) tile.querySelectorAll("a, button")[at].focus();
    }
  };
  window.form100.replace = (fresh) => { replace(fresh); if (!running) load(here(), "#filters, #scope"); };

  // The tile that was just saved has the focus.
  if (/^#t-[0-9a-f]+$/.test(location.hash)) {
    const aim = document.querySelector(location.hash + " h2 a");
    if (aim) { aim.focus({ preventScroll: true }); aim.scrollIntoView({ block: "nearest" }); }
  }

  const area = document.getElementById("sweep");
  const form = document.getElementById("sweep-form");
  let running = false;
  let following = null;

  // follow takes the lines of a sweep, of the tiles that the list shows. They come
  // some times a second; what they change is drawn before the next frames.
  async function follow(body) {
    const mine = following = new AbortController();
    running = true;
    document.getElementById("test-all").disabled = true;
    area.dataset.running = "";
    const arrived = [];
    let count = null;
    let due = 0;
    const draw = () => {
      due = 0;
      replace(arrived.splice(0, 10)); // no more, so that the page can answer in between
      if (arrived.length) soon();
      if (!count) return;
      const bar = document.getElementById("swept-bar");
      if (bar) {
        bar.max = count.total || 1;
        bar.value = count.done || 0;
        document.getElementById("swept-count").textContent = "Tested " + (count.done || 0).toLocaleString("en") + " of " + count.total.toLocaleString("en") + ".";
      }
      count = null;
    };
    const soon = () => { due = due || requestAnimationFrame(draw); };
    try {
      const failed = await lines(base + "/test-all" + (body ? "" : here().search), body, mine.signal, (line) => {
        if (line.tiles) arrived.push(...line.tiles);
        if (line.total) { count = line; soon(); }
        if (line.into === "sweep") { count = null; area.innerHTML = line.html; }
        if (line.announce) announce(line.announce);
      });
      if (failed) area.innerHTML = '<div class="failure">' + failed + "</div>";
    } catch {
      if (mine !== following) return; // the list is another one: it is followed anew
      area.innerHTML = '<p class="swept">The form\'s server does not answer. Is it still running?</p>';
    }
    running = false;
    delete area.dataset.running;
    load(here(), "#filters, #scope");
  }

  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (running) return;
      const body = new URLSearchParams(here().search);
      body.set("csrf", csrf());
      follow(body);
    });
    area.addEventListener("click", (event) => {
      if (event.target.id !== "sweep-stop") return;
      event.preventDefault();
      lines(base + "/test-all/stop", new URLSearchParams({ csrf: csrf() }), undefined, () => {}).catch(() => {});
    });
    if ("running" in area.dataset) follow(null);
  }

  // Marks for what is done with several at once. The bar shows once something is marked.
  const bar = document.getElementById("bulk");
  const marks = () => [...list.querySelectorAll(".select")];

  function count() {
    const n = marks().filter((m) => m.checked).length;
    document.body.classList.toggle("selecting", n > 0);
    document.getElementById("selected").textContent = n + " selected";
  }

  if (bar) {
    list.addEventListener("change", count);
    document.getElementById("select-all").addEventListener("click", () => {
      const all = marks();
      const on = all.some((m) => !m.checked);
      for (const mark of all) mark.checked = on;
      count();
    });
    // Another page of the list has no marks.
    new MutationObserver(() => { if (document.body.classList.contains("selecting")) count(); }).observe(list, { childList: true });
    count();
  }

  // Files that are dropped on the list are imported.
  addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  addEventListener("drop", (event) => {
    const { files } = event.dataTransfer;
    if (!files.length || !document.getElementById("import")) return;
    event.preventDefault();
    const dropped = new DataTransfer();
    for (const file of files) dropped.items.add(file);
    window.form100.open(base + "/import", () => {
      document.getElementById("files").files = dropped.files;
      document.getElementById("import-form").requestSubmit();
    });
  });
})();
