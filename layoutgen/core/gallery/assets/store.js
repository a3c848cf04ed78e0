"use strict";
// What this browser keeps, an entry a key: of two writers, in tabs or visits, the newer entry wins. What is taken away
// leaves its key behind with nothing in it, so that an older entry can't come back.
gallery.store = (() => {
  const PREFIX = "layoutgen/";
  const entries = new Map(); // key -> { at, value }
  const watchers = new Map(); // kind -> called with the names, the entry before and the one now
  const inMemory = new Set(); // keys that the browser did not keep, and that no export holds
  let latest = ""; // no entry that was seen is younger

  const keyOf = (names) => PREFIX + JSON.stringify(names);
  const isNewer = (a, b) => !b || a.at > b.at || (a.at === b.at && JSON.stringify(a) > JSON.stringify(b));

  // Never the same time twice, and never one before what was seen, whatever the clock does.
  function now() {
    const time = new Date().toISOString();
    latest = time > latest ? time : new Date(Date.parse(latest) + 1).toISOString();
    return latest;
  }

  function parsed(key, text) {
    try {
      const names = JSON.parse(key.slice(PREFIX.length));
      const entry = JSON.parse(text);
      return Array.isArray(names) && typeof entry?.at === "string" && !Number.isNaN(Date.parse(entry.at)) ? { names, entry } : null;
    } catch {
      return null;
    }
  }

  // Take in what was written elsewhere, where it is newer than what is here.
  function take(key, text) {
    const known = entries.get(key);
    const found = parsed(key, text);
    if (!found || !isNewer(found.entry, known)) return;
    if (found.entry.at > latest) latest = found.entry.at;
    entries.set(key, found.entry);
    inMemory.delete(key);
    watchers.get(found.names[0])?.(found.names, known ?? null, found.entry);
  }

  // Read all that is kept. `watch` has a function a kind, the first of an entry's names.
  function open(watch) {
    entries.clear();
    for (const [kind, seen] of Object.entries(watch)) watchers.set(kind, seen);
    try {
      for (let i = 0; i < localStorage.length; i += 1) {
        const key = localStorage.key(i);
        if (key.startsWith(PREFIX)) take(key, localStorage.getItem(key));
      }
    } catch { /* a browser that keeps nothing: the first entry will tell */ }
    addEventListener("storage", (event) => {
      if (event.key === null) entries.forEach((_, key) => inMemory.add(key)); // somebody emptied the storage
      else if (event.key.startsWith(PREFIX) && event.newValue === null) inMemory.add(event.key);
      else if (event.key.startsWith(PREFIX)) take(event.key, event.newValue);
      document.dispatchEvent(new CustomEvent("kept"));
    });
  }

  // Keep a value, null for none. A draft that can't be kept is worth no warning once the page is left.
  function put(names, value, at = now()) {
    const [key, entry] = [keyOf(names), { at, value }];
    const before = entries.get(key) ?? null;
    entries.set(key, entry);
    try {
      localStorage.setItem(key, JSON.stringify(entry));
      inMemory.delete(key);
    } catch {
      inMemory.add(key); // private window, full or forbidden storage
    }
    watchers.get(names[0])?.(names, before, entry);
    document.dispatchEvent(new CustomEvent("kept", { detail: { names, entry } }));
    return entry;
  }

  // Drop an entry that nobody else writes, such as a draft that became a decision.
  function drop(names) {
    const key = keyOf(names);
    entries.delete(key);
    inMemory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch { /* it was not kept either */ }
  }

  return {
    open, put, drop,
    get: (names) => entries.get(keyOf(names)) ?? null,
    of: (kind) => [...entries].map(([key, entry]) => ({ names: JSON.parse(key.slice(PREFIX.length)), entry })).filter(({ names }) => names[0] === kind),
    exported: () => { inMemory.clear(); document.dispatchEvent(new CustomEvent("kept")); },
    get isKept() { return inMemory.size === 0; },
  };
})();
