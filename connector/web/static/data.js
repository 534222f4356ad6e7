// How a download goes: the browser saves the file by itself, and the page beside it
// says how far it is.
"use strict";

(() => {
  const { base, lines, announce } = window.form100;
  const form = document.querySelector("form[data-download]");
  if (!form) return;
  const progress = document.getElementById("progress");

  form.addEventListener("submit", () => {
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    form.elements.job.value = id;
    progress.textContent = "";
    follow(id);
  });

  async function follow(id) {
    let failed = "";
    try {
      failed = await lines(base + "/jobs/" + id, null, undefined, (line) => {
        if (line.into === "progress") progress.innerHTML = line.html;
        if (line.announce) announce(line.announce);
      });
    } catch { failed = "<p>The form’s server does not answer.</p>"; }
    if (failed) progress.innerHTML = '<div class="failure">' + failed + "</div>";
  }
})();
