"use strict";
// What reviewers decided: kept in this browser by run, taken back one by one, exported in the feedback schema.
gallery.decisions = (() => {
  const PREFIX = "layoutgen.gallery.";
  let runId = "";
  let said = {}; // annotator -> row_id -> record
  let annotator = "";
  let isKept = true;
  const undone = []; // what was there before each decision, newest last

  function open(run) {
    runId = run;
    try {
      const found = JSON.parse(localStorage.getItem(PREFIX + runId) ?? "{}");
      said = found && typeof found === "object" && !Array.isArray(found) ? found : {};
      annotator = localStorage.getItem(`${PREFIX}annotator`) ?? "";
    } catch {
      isKept = false;
    }
    changed();
  }

  function keep() {
    try {
      localStorage.setItem(PREFIX + runId, JSON.stringify(said));
      localStorage.setItem(`${PREFIX}annotator`, annotator);
      isKept = true;
    } catch {
      isKept = false; // private window, full or forbidden storage
    }
    changed();
  }

  const changed = () => document.dispatchEvent(new CustomEvent("decisions"));
  const own = () => (Object.hasOwn(said, annotator) ? said[annotator] : {});
  const of = (row) => (Object.hasOwn(own(), row.row_id) ? own()[row.row_id] : null);

  function put(who, rowId, record) {
    const theirs = Object.hasOwn(said, who) ? said[who] : {};
    if (record) theirs[rowId] = record;
    else delete theirs[rowId];
    // Names such as __proto__ are names like any other.
    Object.defineProperty(said, who, { value: theirs, enumerable: true, configurable: true, writable: true });
  }

  // Decide on a row; `elements` are those of an edit: role, text, box, and `was`, their index in the row.
  function decide(row, decision, { elements, note } = {}) {
    const before = of(row);
    const record = { row_id: row.row_id, run_id: row.runId, decision };
    if (decision === "edit") record.elements = elements;
    Object.assign(record, { annotator, time: new Date().toISOString() });
    const words = (note ?? before?.note ?? "").trim();
    if (words) record.note = words;
    undone.push({ who: annotator, rowId: row.row_id, before });
    put(annotator, row.row_id, record);
    keep();
  }

  // A note by itself changes the words of a decision and nothing else.
  function note(row, words) {
    const record = of(row);
    if (!record || (record.note ?? "") === words.trim()) return;
    decide(row, record.decision, { elements: record.elements, note: words });
  }

  // Take the last decision back; returns the row_id that it was about.
  function undo() {
    const last = undone.pop();
    if (!last) return null;
    put(last.who, last.rowId, last.before);
    keep();
    return last.rowId;
  }

  const all = () => Object.values(said).flatMap((theirs) => Object.values(theirs));

  // All annotators' decisions as JSONL, in the feedback schema, oldest first.
  function exported() {
    const lines = all().sort((a, b) => (a.time < b.time ? -1 : 1)).map(({ elements, ...record }) => {
      const { row_id, run_id, decision, ...rest } = record;
      const kept = elements?.map(({ role, text, box }) => ({ role, text: text ?? "", box }));
      const row = { row_id, run_id, decision, ...(kept ? { elements: kept } : {}), ...rest };
      // Line separators that JSON allows and some readers of lines split at.
      return JSON.stringify(row).replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    });
    return lines.map((line) => `${line}\n`).join("");
  }

  return {
    open, of, decide, note, undo, exported, all,
    count: () => Object.keys(own()).length,
    canUndo: () => undone.length > 0,
    get isKept() { return isKept; },
    get annotator() { return annotator; },
    set annotator(name) { annotator = name.trim(); keep(); },
  };
})();
