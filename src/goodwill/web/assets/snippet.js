// goodwill on a shop's pages: it asks, obeys, and only then tells. Nothing is kept or sent before a choice.
// <script src="https://goodwill.shop.example/goodwill.js" data-key="gw_…" defer></script>
(() => {
  "use strict";
  const me = document.currentScript, data = me.dataset, base = me.src.replace(/goodwill\.js.*$/, "");
  const STORED = "goodwill", DAY = 864e5, PATIENCE = 800;
  const signal = () => navigator.globalPrivacyControl === true;
  const language = () => (data.language || document.documentElement.lang || navigator.language || "en").replace("_", "-");
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  const safe = (address) => /^https?:\/\//i.test(address || "");
  let kept = null, panel = null, opener = null, events = [], timer, seen;
  const before = new Map(); // what each slot held of the shop's own

  // ---- what is kept: one entry, from the first choice on ----
  function read() {
    try { kept = JSON.parse(localStorage.getItem(STORED)); } catch { /* nothing may be kept here */ }
    if (kept && !kept.waits && !(kept.until > Date.now())) keep(null);
  }
  function keep(entry) {
    kept = entry;
    try {
      if (entry) localStorage.setItem(STORED, JSON.stringify(entry));
      else localStorage.removeItem(STORED);
    } catch { /* then it holds for this page alone */ }
  }
  const chosen = () => (kept && !kept.waits && kept.yes) || {};
  const browsing = () => Object.values(chosen()).some((kinds) => kinds.includes("browsing"));

  // ---- what is sent ----
  const send = (path, body, more) =>
    fetch(base + path, { method: "POST", body: JSON.stringify(body), credentials: "omit", keepalive: true, ...more });
  const device = () => kept ? kept.device || (kept.waits && kept.waits.device) : undefined;
  const signed = () => data.signature ? { user: data.user, signature: data.signature } : {};
  const whose = () => ({ key: data.key, language: language(), device: device(), ...signed() });
  function ask() {
    const about = new URLSearchParams({ key: data.key, language: language(), region: data.region || "" });
    return fetch(`${base}api/v1/pages/notice?${about}`, { credentials: "omit" })
      .then((answer) => answer.json().then((said) => answer.ok ? said : null)).catch(() => null);
  }

  function answer(notice, yes, how) {
    const some = Object.keys(yes).length > 0, mine = device() || (some ? random() : undefined);
    const body = { ...whose(), device: mine, how, region: data.region || "", signal: notice.signal };
    const days = some ? notice.again.yes : notice.signal ? notice.again.signal : notice.again.no;
    const entry = some ? { device: mine, yes } : { refused: true };
    entry.until = Date.now() + days * DAY;
    if (notice.signal) entry.signal = true;
    if (mine || data.signature) { // somebody is known, or will be: this must arrive
      body.snapshot = notice.snapshot;
      body.answers = Object.fromEntries(notice.purposes.map((one) => [one.purpose, Object.fromEntries(
        one.categories.map(({ category }) => [category, (yes[one.purpose] || []).includes(category)]))]));
      entry.waits = body;
    }
    keep(entry);
    events = [];
    deliver(body);
    restore();
    say(notice.words.saved, notice);
  }

  // A choice that could not be sent waits for the next page; until it arrived, nothing else is sent.
  function deliver(body) {
    send("api/v1/pages/answer", body).then(async (got) => {
      const mine = kept && JSON.stringify(kept.waits || 0) === JSON.stringify(body);
      if (got.ok) {
        if (mine) { delete kept.waits; keep(kept); }
        const { off, says } = await got.json();
        if (body.how === "signal") obeyed(off, says);
        begin();
      } else if (mine && got.status === 422) { keep(null); close(); start(); } // shown too long ago: ask again
    }).catch(() => {});
  }

  // A browser that began to object after the choice was made.
  function obey() {
    if (signal() && kept.yes && !kept.waits && !kept.signal) deliver({ ...whose(), how: "signal", signal: true, region: data.region || "" });
  }
  function obeyed(off, says) {
    if (!kept || !kept.yes) return;
    kept.signal = true;
    off.forEach((purpose) => delete kept.yes[purpose]);
    keep(kept);
    say(says, { language: language() });
  }

  // ---- events: Segment's names, after a choice that allows browsing ----
  function tell(type, event, properties) {
    if (!browsing()) return;
    const id = data.signature ? { userId: data.user, context: { userSignature: data.signature } } : { anonymousId: kept.device };
    events.push({ type, event, properties, messageId: random(), timestamp: new Date().toISOString(), ...id });
    if (events.length > 19) flush();
    else timer = timer || setTimeout(flush, 1000);
  }
  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!browsing()) events = [];
    const batch = events.splice(0, 50);
    if (!batch.length) return;
    const again = () => { events = batch.concat(events).slice(0, 100); timer = timer || setTimeout(flush, 5000); };
    const body = { writeKey: data.key, sentAt: new Date().toISOString(), batch };
    if (!("keepalive" in Request.prototype)) return navigator.sendBeacon(base + "v1/b", JSON.stringify(body)) || again();
    send("v1/b", body).then((got) => (got.status > 499 || got.status === 429) && again()).catch(again);
  }
  function page(properties) { tell("page", undefined, { path: location.pathname, ...properties }); }

  // ---- slots: the shop's own content stays until there is something better ----
  const may = (slot) => chosen()[slot.dataset.goodwillFor || "recommendations"];
  function fill(slot) {
    if (!may(slot) || before.has(slot)) return;
    before.set(slot, null);
    const stop = new AbortController(), late = setTimeout(() => stop.abort(), PATIENCE), { goodwillSlot, count, basket } = slot.dataset;
    const about = { slot: goodwillSlot, count: +count || 4, region: data.region || "", basket: basket ? basket.split(/\s*,\s*/) : [] };
    Promise.all([send("api/v1/pages/slot", { ...whose(), ...about }, { signal: stop.signal, keepalive: false }).then((got) => got.json()), dressed()])
      .then(([given]) => {
        if (!given.items || !given.items.length || stop.signal.aborted || !may(slot)) return;
        before.set(slot, [...slot.childNodes]);
        slot.replaceChildren(shown(given));
      })
      .catch(() => {}).finally(() => clearTimeout(late));
  }
  let dress;
  const dressed = () => dress = dress || new Promise((ready) => document.head.append(styled(ready)));
  function shown({ items, words, language, dir, why_url: link }) {
    return make("ul", { class: "goodwill-items" }, ...items.map((item) => {
      const inside = [make("span", { class: "goodwill-name" }, item.name)];
      for (const part of ["text", "rule", "label"]) if (item[part]) inside.push(make("span", { class: "goodwill-" + part }, item[part]));
      if (safe(item.image)) inside.unshift(make("img", { src: item.image, alt: "", loading: "lazy" }));
      const change = make("button", { type: "button", "data-goodwill-preferences": "" }, words.change);
      return make("li", {}, make(safe(item.url) ? "a" : "span", safe(item.url) ? { href: item.url, class: "goodwill-item" } : { class: "goodwill-item" }, ...inside),
        make("details", { class: "goodwill-why", lang: language, dir }, make("summary", {}, words.why),
          ...item.why.map((why) => make("p", {}, why)), make("p", {}, words.said),
          safe(link) ? make("a", { href: link }, words.less) : "", " ", change));
    }));
  }
  function restore() {
    before.forEach((nodes, slot) => {
      if (may(slot)) return;
      if (nodes) slot.replaceChildren(...nodes);
      before.delete(slot);
    });
  }

  // ---- the banner ----
  function make(name, attributes, ...inside) {
    const one = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value != null) one.setAttribute(key, value);
    one.append(...inside);
    return one;
  }
  function styled(ready) {
    const style = make("link", { rel: "stylesheet", href: base + "goodwill.css" });
    style.onload = style.onerror = ready;
    return style;
  }
  // A place of our own on top of the page: our style cannot reach the shop's, nor the shop's ours.
  function place(inside) {
    if (panel) {
      panel.shadowRoot.lastChild.replaceWith(inside);
      return Promise.resolve();
    }
    const host = make("div", { "data-goodwill": "", "data-theme": data.theme });
    host.hidden = true;
    panel = host;
    return new Promise((ready) => {
      host.attachShadow({ mode: "open" }).append(styled(ready), inside);
      document.body.prepend(host);
    }).then(() => { host.hidden = false; });
  }
  function room(pixels) { // what has the focus is never hidden behind the banner
    document.documentElement.style.scrollPaddingBottom = document.body.style.marginBottom = pixels ? pixels + "px" : "";
  }
  function leave() {
    room(0);
    if (panel && panel.shadowRoot.activeElement && opener) opener.focus();
  }
  function close() {
    leave();
    if (panel) panel.remove();
    panel = null;
  }
  function say(text, { language, dir }) {
    const line = make("p", { role: "status", class: "goodwill-box said", lang: language, dir });
    leave();
    place(line).then(() => setTimeout(() => { line.textContent = text; }, 50)); // read out, as it comes after its place
    panel.shut = close;
    setTimeout(() => line.isConnected && close(), 6000);
  }

  function show(notice, asked) {
    const { labels, words, purposes } = notice, bare = asked && notice.signal;
    const yes = (kept && kept.yes) || {}, shut = () => asked ? answer(notice, {}, "dismiss") : close();
    const button = (text, press, name) => {
      const one = make("button", { type: "button", class: name }, text);
      one.onclick = press;
      return one;
    };
    const boxes = purposes.map((one) => {
      const all = make("input", { type: "checkbox" });
      const kinds = one.categories.map(({ category, sentence }) => {
        const box = make("input", { type: "checkbox", value: category });
        box.checked = (yes[one.purpose] || []).includes(category);
        box.onchange = count;
        return [box, make("label", {}, box, make("span", {}, sentence))];
      });
      function count() {
        const on = kinds.filter(([box]) => box.checked).length;
        all.checked = on === kinds.length;
        all.indeterminate = on > 0 && !all.checked;
      }
      all.onchange = () => kinds.forEach(([box]) => { box.checked = all.checked; });
      count();
      const effect = (label, text) => make("p", {}, make("b", {}, label + ": "), text);
      return [one, kinds, make("fieldset", {},
        make("legend", {}, make("label", {}, all, make("span", {}, one.sentence))),
        effect(labels.on, one.on), effect(labels.off, one.off),
        make("div", { class: "kinds" }, ...kinds.map((kind) => kind[1])))];
    });
    const every = (want) => Object.fromEntries(boxes.map(([one, kinds]) =>
      [one.purpose, kinds.filter(want).map(([box]) => box.value)]).filter(([, names]) => names.length));
    const how = (word) => asked ? word : "preferences";
    const uses = make("ul", {}, ...purposes.map((one) => make("li", {}, one.sentence)));
    const choices = make("div", { class: "choices" }, ...boxes.map((box) => box[2]));
    const save = button(labels.save, () => answer(notice, every(([box]) => box.checked), how("choose")));
    const choose = button(labels.choose, () => open(true));
    const both = [button(labels.accept, () => answer(notice, every(() => true), how("accept"))),
      button(labels.refuse, () => answer(notice, {}, how("refuse")))];
    const fine = button(words.fine, shut);
    const title = make("h2", { id: "title", tabindex: "-1" }, notice.title), text = notice.text.map((line) => make("p", {}, line));
    const heard = notice.signal ? [make("p", { class: "signal" }, words.signal)] : [];
    const centre = make("p", {}, make("a", { href: notice.centre }, words.centre));
    const x = button("×", shut, "close");
    x.setAttribute("aria-label", asked && !bare ? words.close : words.shut);
    const body = make("div", { class: "body" }), buttons = make("div", { class: "buttons" });
    const region = make("section", { class: "goodwill-box", "aria-labelledby": "title", lang: notice.language, dir: notice.dir }, body, buttons, x);
    function open(whole) {
      title.textContent = bare && !whole ? words.heard : notice.title;
      body.replaceChildren(title, ...heard, ...(bare && !whole ? [] : text), ...(whole ? [choices] : bare ? [] : [uses]), centre);
      buttons.replaceChildren(...(bare && !whole ? [fine, choose] : [...both, whole ? save : choose]));
      region.classList.toggle("whole", whole);
      if (whole && panel) (asked ? choices.querySelector("input") : title).focus();
      if (panel) room(region.offsetHeight + 32);
    }
    region.onkeydown = (event) => {
      if (event.key === "Escape") { event.stopPropagation(); shut(); }
    };
    open(!asked);
    place(region).then(() => {
      if (!region.isConnected) return;
      room(region.offsetHeight + 32);
      if (!asked) title.focus();
    });
    panel.shut = shut;
  }

  async function preferences() {
    opener = document.activeElement;
    const notice = await ask();
    if (!notice) return navigator.onLine && location.assign(base + "privacy"); // all of it, on a page of its own
    notice.signal = notice.signal || signal();
    show(notice, false);
  }

  // ---- beginning ----
  async function start() {
    read();
    if (kept) {
      if (kept.waits) deliver(kept.waits);
      else begin();
      return obey();
    }
    const notice = await ask();
    if (!notice || kept || panel) return;
    notice.signal = notice.signal || signal();
    show(notice, true);
  }
  function begin() {
    document.dispatchEvent(new CustomEvent("goodwill", { detail: chosen() }));
    if (browsing() && !seen) { seen = true; page(); }
    document.querySelectorAll("[data-goodwill-slot]").forEach(fill);
  }

  const calls = { track: (event, properties) => tell("track", event, properties), page, preferences, slots: begin };
  const queue = (window.goodwill && window.goodwill.q) || [];
  window.goodwill = (name, ...rest) => calls[name] && calls[name](...rest);
  addEventListener("pagehide", flush);
  addEventListener("pageshow", (event) => { if (event.persisted) { read(); restore(); } }); // a page that was put aside
  document.addEventListener("visibilitychange", () => document.hidden && flush());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel && panel.shut && !event.defaultPrevented && document.activeElement === document.body) panel.shut();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest && event.target.closest("[data-goodwill-preferences]")) { event.preventDefault(); preferences(); }
  });
  addEventListener("storage", (event) => { // answered in another tab
    if (event.key !== STORED) return;
    read();
    restore();
    if (kept) { close(); begin(); }
  });
  start();
  queue.forEach((call) => window.goodwill(...call));
})();
