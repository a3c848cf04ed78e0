"use strict";
// Decisions out of files that this page or another exported, of anybody: each is kept where it is of a layout that is
// here, in this run or unchanged from another, and newer than what its annotator is known to have said.
gallery.imports = (() => {
  const { decisions } = gallery;
  const DECISIONS = ["adopt", "edit", "reject"];

  // Take files in; returns how many of their lines were taken, known already, of other layouts, and unusable.
  async function take(files) {
    const counts = { taken: 0, known: 0, foreign: 0, unusable: 0 };
    for (const file of files) {
      for (const text of (await file.text()).split("\n").filter((line) => line.trim())) {
        let record = null;
        try { record = JSON.parse(text); } catch { /* counted below */ }
        if (gallery.pairs.namesOf(record)) {
          const isTimed = Boolean(record.annotator) && !Number.isNaN(Date.parse(record.time));
          counts[!isTimed ? "unusable" : !gallery.pairs.isOfPage(record) ? "foreign" : gallery.pairs.merge(record) ? "taken" : "known"] += 1;
          continue;
        }
        const isUsable = record && DECISIONS.includes(record.decision) && typeof record.annotator === "string"
          && record.annotator.trim() && !Number.isNaN(Date.parse(record.time)) && (record.decision !== "edit" || Array.isArray(record.elements));
        const row = isUsable && decisions.find(record);
        if (!isUsable) counts.unusable += 1;
        else if (!row) counts.foreign += 1;
        else if (decisions.merge(await withIndices(row, record))) counts.taken += 1;
        else counts.known += 1;
      }
    }
    return counts;
  }

  // An edit of a file says roles and texts; this page draws an element as the one of the row that it was.
  async function withIndices(row, record) {
    if (!record.elements) return record;
    const { elements } = gallery.styling.dressed(await gallery.data.details(row), record);
    const named = record.elements.map((element) => (elements[element.was]?.role === element.role ? element.was : null));
    const free = elements.map((_, i) => i).filter((i) => !named.includes(i));
    return { ...record, elements: record.elements.map((element, k) => {
      if (record.elements.some(({ was }) => was != null)) return { ...element, was: named[k] };
      const at = free.findIndex((i) => elements[i].role === element.role && (elements[i].text ?? "") === (element.text ?? ""));
      const [was] = at < 0 ? [elements.findIndex((other) => other.role === element.role)] : free.splice(at, 1);
      return { ...element, was: Math.max(was, 0) };
    }) };
  }

  return { take, withIndices };
})();
