// What the pages cannot do by themselves: news as it happens, keys, copying, a preview while typing.
// Every page reads and works without this file. Hooks are attributes, see docs/console.md.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const TYPING = "input:not([type=checkbox],[type=radio],[type=submit]), textarea, select";
const FOCUSED = "a, button, input, select, summary, textarea";

document.documentElement.classList.add("scripted");

function tell(words, href) {
  const told = $("#told");
  told.textContent = "";
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = words;
    told.append(link);
  } else {
    told.textContent = words;
    setTimeout(() => { if (told.textContent === words) told.textContent = ""; }, 6000);
  }
}

// --- live: what carries data-live is taken from a fresh copy of this page ------------------------

function busy(part) {
  const focused = document.activeElement;
  return part.contains(focused) && focused.matches(TYPING);
}

// What has the focus is found again in the fresh copy: by its id, or by its place in what has one.
function focusKept() {
  const focused = document.activeElement;
  const within = focused && focused.closest("[id]");
  if (!within) return () => null;
  const at = $$(FOCUSED, within).indexOf(focused);
  return () => {
    const again = document.getElementById(within.id);
    return again && within !== focused ? $$(FOCUSED, again)[at] : again;
  };
}

function replaceLive(fresh) {
  const kept = focusKept();
  for (const old of $$("[data-live][id]")) {
    const part = fresh.getElementById(old.id);
    if (!part || busy(old) || part.outerHTML === old.dataset.was) continue;
    const was = part.outerHTML;
    const open = new Set($$("details[open][id]", old).map((one) => one.id));
    const checked = new Set($$("input:checked", old).map((one) => `${one.name} ${one.value}`));
    const known = new Set($$("[data-row][id]", old).map((one) => one.id));
    const mine = document.importNode(part, true);
    for (const one of $$("details[id]", mine)) if (open.has(one.id)) one.open = true;
    for (const one of $$("input[type=checkbox]", mine)) one.checked = checked.has(`${one.name} ${one.value}`);
    for (const one of $$("[data-row][id]", mine)) if (known.size && !known.has(one.id)) one.classList.add("fresh");
    mine.dataset.was = was;
    old.replaceWith(mine);
  }
  const again = kept();
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  document.dispatchEvent(new Event("replaced"));
}

let asking = false;
let wanted = false;

async function refresh() {
  if (asking) { wanted = true; return; }
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } });
    if (answer.redirected || answer.status === 401) {
      tell(document.body.dataset.expired, location.href);
    } else if (answer.ok) {
      replaceLive(new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
  } catch {
    // The stream says when the server is there again.
  } finally {
    asking = false;
    if (wanted) { wanted = false; setTimeout(refresh, 500); }
  }
}

function listen() {
  const topics = (document.body.dataset.news || "").split(" ").filter(Boolean);
  if (!topics.length) return;
  const stream = new EventSource(document.body.dataset.stream || "/console/live");
  let lost = false;
  stream.onmessage = (event) => {
    if (event.data.split(" ").some((topic) => topics.includes(topic))) refresh();
  };
  stream.onopen = () => {
    if (lost) { lost = false; $("#told").textContent = ""; refresh(); }
  };
  stream.onerror = () => {
    if (!lost) { lost = true; tell(document.body.dataset.offline); }
  };
}

// --- keys ---------------------------------------------------------------------------------------

const keysOn = () => localStorage.getItem("keys") !== "off";

function move(by) {
  const rows = $$("[data-row]");
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement.closest("[data-row]"));
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[to].focus();
  rows[to].scrollIntoView({ block: "nearest" });
}

function pressed(key) {
  const row = document.activeElement.closest("[data-row]");
  const named = `[data-key="${CSS.escape(key)}"]`;
  const found = (row && $(named, row)) || $$(named).find((one) => !one.closest("[data-row]") || "next" in one.dataset);
  if (!found) return false;
  if (found.matches(TYPING)) found.focus();
  else if (found.matches("summary")) { found.click(); found.focus(); }
  else found.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !keysOn()) return;
  if (event.key === "Escape" && document.activeElement.matches(TYPING)) {
    const row = document.activeElement.closest("[data-row]");
    if (row) row.focus(); else document.activeElement.blur();
    return;
  }
  if (document.activeElement.matches(TYPING) || $("dialog[open]")) return;
  if (event.key === "j" || event.key === "k") { move(event.key === "j" ? 1 : -1); event.preventDefault(); return; }
  if (event.key === "Enter") {
    if (!document.activeElement.matches("[data-row]")) return;
    const link = $("[data-open-row]", document.activeElement);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  if (event.key.length === 1 && pressed(event.key)) event.preventDefault();
});

// --- what is pressed ----------------------------------------------------------------------------

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  tell(document.body.dataset.copied);
}

// One key copies a form field by field: what was copied says so, and the next row has the focus.
function goOn(row) {
  row.classList.add("copied");
  const rows = $$("[data-row]");
  const next = rows[rows.indexOf(row) + 1];
  if (next) next.focus();
}

document.addEventListener("click", (event) => {
  const copying = event.target.closest("[data-copy]");
  if (copying) {
    event.preventDefault();
    copy(copying.dataset.copy);
    if ("next" in copying.dataset) goOn(copying.closest("[data-row]"));
    return;
  }
  const opening = event.target.closest("[data-open]");
  if (opening) $(opening.dataset.open).showModal();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
  if (event.target.matches("[data-all]")) {
    for (const box of $$(event.target.dataset.all)) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// --- a preview of what is being typed, made by the server ----------------------------------------

let typing;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-preview]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const into = $(form.dataset.into);
    const made = fresh.querySelector(form.dataset.into);
    if (into && made) into.replaceWith(document.importNode(made, true));
  }, 400);
});

const on = $("#keys-on");
if (on) on.checked = keysOn();
listen();
