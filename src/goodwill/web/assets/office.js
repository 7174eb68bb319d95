// The office's keys; every page works without them. "/" finds, "?" tells, "g" and a letter goes, Esc closes.
(() => {
  const STORE = "goodwill-keys", dialog = document.getElementById("keys"), search = document.getElementById("search");
  const box = document.getElementById("keys-on"), shown = document.getElementById("show-keys");
  let going = 0;
  const on = () => { try { return localStorage.getItem(STORE) !== "off"; } catch { return true; } };
  const keep = (yes) => { try { localStorage.setItem(STORE, yes ? "on" : "off"); } catch { /* until the page is left */ } };
  const show = () => { box.checked = on(); dialog.showModal(); };
  const typing = (one) => one && (one.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName));

  box.addEventListener("change", () => keep(box.checked));
  shown.addEventListener("click", (event) => { event.preventDefault(); show(); });
  dialog.addEventListener("close", () => shown.focus());

  document.addEventListener("keydown", (event) => {
    const one = document.activeElement;
    if (event.key === "Escape" && typing(one) && !dialog.open) { one.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(one) || dialog.open || !on()) return;
    const gone = Date.now() - going < 1500;
    going = 0;
    if (gone) {
      const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    } else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    else if (event.key === "?") { event.preventDefault(); show(); }
    else if (event.key === "g") going = Date.now();
  });
})();
