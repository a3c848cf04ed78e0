"use strict";
// The page's words in the reviewer's language. The code says them in English; of another language there is a dictionary
// from these words to its own, in one file or several.
gallery.words = (() => {
  const TAGS = { en: "en", zh: "zh-CN" };
  const STORED = "layoutgen.gallery.lang";
  const ATTRIBUTES = ["title", "placeholder", "aria-label"];
  const dictionary = new Map();
  const lang = preferred();
  document.documentElement.lang = TAGS[lang];

  // The language of the address (`?lang=zh`), else the one that was chosen last, else the browser's first that is here.
  function preferred() {
    let stored = null;
    try { stored = localStorage.getItem(STORED); } catch { /* nothing is kept here */ }
    const wanted = [new URLSearchParams(location.search).get("lang"), stored, ...navigator.languages];
    return wanted.map((tag) => tag?.toLowerCase().split("-")[0]).find((code) => Object.hasOwn(TAGS, code ?? "")) ?? "en";
  }

  const number = (value) => value.toLocaleString(TAGS[lang]);

  // `{name}` is a value, numbers as the language writes them; `{name|layout|layouts}` a word for one and for any other
  // number of them.
  const fill = (text, values) => text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, single, plural) => {
    if (!Object.hasOwn(values, name)) return whole;
    if (single !== undefined) return values[name] === 1 ? single : plural;
    return typeof values[name] === "number" ? number(values[name]) : String(values[name]);
  });

  // English words in the reviewer's language; words that no dictionary has stay as they are.
  const t = (text, values = {}) => fill(String(dictionary.get(text) ?? text ?? ""), values);

  // Words of the page's markup, which is written in English.
  function localise(root) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode.data;
      const key = text.trim().replace(/\s+/g, " ");
      if (key && dictionary.has(key)) texts.currentNode.data = text.replace(text.trim(), () => t(key));
    }
    for (const node of root.querySelectorAll(ATTRIBUTES.map((name) => `[${name}]`).join())) {
      ATTRIBUTES.filter((name) => node.hasAttribute(name)).forEach((name) => node.setAttribute(name, t(node.getAttribute(name))));
    }
  }

  // The page again in another language, at the same place.
  function change(code) {
    try { localStorage.setItem(STORED, code); } catch { /* the address says it */ }
    const address = new URL(location.href);
    address.searchParams.set("lang", code);
    location.assign(address);
  }

  // A dictionary of a language: English words to its own.
  const add = (code, entries) => { if (code === lang) Object.entries(entries).forEach(([text, own]) => dictionary.set(text, own)); };

  return { t, add, number, localise, change, lang };
})();
gallery.t = gallery.words.t;
