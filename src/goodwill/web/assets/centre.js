// Saves a choice without leaving the page, and says so. Without it the same forms do the same work.
"use strict";

const live = document.getElementById("live");

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-live]")) return;
  event.preventDefault();
  const pressed = event.submitter;
  const body = new URLSearchParams(new FormData(form, pressed));
  try {
    const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector("main .said") || page.querySelector("h1");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    tellSignal();
    const same = pressed && pressed.id && document.getElementById(pressed.id);
    if (same) same.focus({ preventScroll: true });
    live.textContent = said ? said.textContent : "";
  } catch {
    form.removeAttribute("data-live"); // no answer: let the browser try by itself, and show what it gets
    form.requestSubmit(pressed);
  }
});

// Some browsers tell their signal to scripts alone.
function tellSignal() {
  const signal = document.querySelector("[data-signal]");
  const proof = document.querySelector("[name=csrf]");
  if (!navigator.globalPrivacyControl || !signal.hidden) return;
  signal.hidden = false;
  if (document.querySelector(".bar")) {
    fetch("/privacy/signal", { method: "POST", body: new URLSearchParams({ csrf: proof.value }), redirect: "manual" });
  }
}
tellSignal();
