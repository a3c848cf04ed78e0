"use strict";
// What reviewers decided: kept in this browser by row and run, taken back step by step, exported in the feedback schema.
gallery.decisions = (() => {
  const { store } = gallery;
  const KIND = "decision";
  const OLD = "layoutgen.gallery."; // where earlier pages kept all decisions of a run as one
  const STEPS = "layoutgen.steps."; // of this tab's visit: what was decided last
  const MOST_STEPS = 300;
  const rowOf = new Map(); // "row_id\nrun_id" of this page's rows
  const rowOfLayout = new Map(); // "row_id\nlayout", what is laid out and how, whatever the run
  const byAnnotator = new Map(); // annotator's key -> row_id -> record
  let annotator = "";
  let steps = []; // each a list of { who, rowId, runId, before, beforeAt, at }
  let runId = "";

  // Names are the same without case and spaces at their ends or doubled.
  const nameKey = (name) => name.normalize("NFKC").trim().replace(/\s+/gu, " ").toLowerCase();
  const theirs = (who) => byAnnotator.get(nameKey(who)) ?? new Map();
  const of = (row) => theirs(annotator).get(row.row_id) ?? null;
  const changed = () => document.dispatchEvent(new CustomEvent("decisions"));

  function watch([, who, rowId, ofRun], _, { at, value }) {
    if (!rowOf.has(`${rowId}\n${ofRun}`)) return;
    if (!byAnnotator.has(who)) byAnnotator.set(who, new Map());
    const before = byAnnotator.get(who).get(rowId) ?? null;
    if (value) byAnnotator.get(who).set(rowId, { row_id: rowId, run_id: ofRun, ...value, time: value.time ?? at });
    else byAnnotator.get(who).delete(rowId);
    document.dispatchEvent(new CustomEvent("decided", { detail: { rowId, before, now: value, isMine: who === nameKey(annotator) } }));
  }

  function open(run, rows) {
    runId = run;
    for (const row of rows.filter(({ failed }) => !failed)) {
      rowOf.set(`${row.row_id}\n${row.runId}`, row);
      if (row.layout) rowOfLayout.set(`${row.row_id}\n${row.layout}`, row);
    }
    try {
      annotator = localStorage.getItem(`${OLD}annotator`) ?? "";
      steps = JSON.parse(sessionStorage.getItem(STEPS + runId) ?? "[]");
    } catch { /* nothing is kept here */ }
    store.open({ [KIND]: watch, ...gallery.drafts.watch });
    takeOver();
    carryOver();
    changed();
  }

  // Decisions on the same layouts of other runs.
  function carryOver() {
    for (const { names: [, , rowId, ofRun], entry: { at, value } } of store.of(KIND)) {
      if (value && !rowOf.has(`${rowId}\n${ofRun}`)) merge({ row_id: rowId, run_id: ofRun, ...value, time: value.time ?? at });
    }
  }

  // Decisions of an earlier page, each into an entry of its own.
  function takeOver() {
    try {
      const old = JSON.parse(localStorage.getItem(OLD + runId) ?? "null");
      const records = Object.values(old ?? {}).flatMap((rows) => Object.values(rows));
      records.forEach((record) => merge(record));
      if (old && store.isKept) localStorage.removeItem(OLD + runId);
    } catch { /* not ours, or nothing is kept */ }
  }

  const names = (who, rowId, ofRun) => [KIND, nameKey(who), rowId, ofRun];

  function keepSteps() {
    steps = steps.slice(-MOST_STEPS);
    try {
      sessionStorage.setItem(STEPS + runId, JSON.stringify(steps));
    } catch { /* then they are for this page alone */ }
  }

  function put(row, value) {
    const at = store.put(names(annotator, row.row_id, row.runId), value).at;
    return at;
  }

  // Decide on rows, as one step. `elements` are those of an edit: role, text, box, `was` (their index in the row, or in
  // `styled`, its elements in another `style`), and what else of them was changed.
  function decide(rows, decision, { elements, style, styled, note, reasons, comments, final, instruction } = {}) {
    const step = rows.map((row) => {
      const kept = store.get(names(annotator, row.row_id, row.runId));
      const before = kept?.value ?? null;
      const words = (note ?? before?.note ?? "").trim();
      const chips = reasons ?? before?.reasons ?? [];
      const value = { decision, annotator };
      if (decision === "edit") Object.assign(value, { elements }, styled ? { style, styled } : {});
      if (instruction && decision !== "adopt") value.instruction = instruction;
      if (words) value.note = words;
      if (chips.length) value.reasons = chips;
      const pinned = comments ?? before?.comments ?? [];
      if (pinned.length) value.comments = pinned;
      if (final ?? (before?.final && before.decision === decision)) value.final = true; // the same again settles it still
      if (row.layout) value.layout = row.layout;
      return { who: annotator, rowId: row.row_id, runId: row.runId, before, beforeAt: kept?.at, at: put(row, value) };
    });
    steps.push(step);
    keepSteps();
    changed();
  }

  // A note, reasons, comments or whether it is final by themselves change what is said with a decision and nothing else.
  function remark(row, { note, reasons, comments, final }) {
    const record = of(row);
    const words = (note ?? record?.note ?? "").trim();
    const [chips, pinned] = [reasons ?? record?.reasons ?? [], comments ?? record?.comments ?? []];
    const isFinal = final ?? Boolean(record?.final);
    const isSame = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b);
    if (!record || ((record.note ?? "") === words && isSame(record.reasons, chips) && isSame(record.comments, pinned)
      && Boolean(record.final) === isFinal)) return;
    decide([row], record.decision, { ...record, note: words, reasons: chips, comments: pinned, final: isFinal });
  }

  // Take the last step back; returns the row_ids that it was about, null for none. What was decided anew in another tab
  // since stays.
  function undo() {
    const step = steps.pop();
    if (!step) return null;
    const mine = step.filter(({ who, rowId, runId: ofRun, at }) => store.get(names(who, rowId, ofRun))?.at === at);
    mine.forEach(({ who, rowId, runId: ofRun, before, beforeAt }) => {
      const { at } = store.put(names(who, rowId, ofRun), before);
      const earlier = steps.flat().find((one) => one.who === who && one.rowId === rowId && one.runId === ofRun && one.at === beforeAt);
      if (earlier) earlier.at = at; // the next undo takes that one back
    });
    keepSteps();
    changed();
    return mine.map(({ rowId }) => rowId);
  }

  // The row of this page that a record is about: of its run, or with the same layout in another.
  const find = ({ row_id, run_id, layout }) => rowOf.get(`${row_id}\n${run_id}`) ?? rowOfLayout.get(`${row_id}\n${layout}`) ?? null;

  // A record from elsewhere: kept where it is newer than what is here; tells whether it was.
  function merge(record) {
    const { row_id, run_id: ofRun, annotator: who, time, ...rest } = record;
    const run_id = find(record)?.runId ?? ofRun;
    const at = new Date(time).toISOString();
    const known = store.get(names(who, row_id, run_id));
    if (known && known.at >= at) return false;
    store.put(names(who, row_id, run_id), { ...rest, annotator: who, time }, at);
    return true;
  }

  const all = () => [...byAnnotator.values()].flatMap((rows) => [...rows.values()]);

  function line({ row_id, run_id, decision, elements, annotator: who, time, ...rest }) {
    const exportable = elements?.map(({ role, text, box, was, ...changes }) => ({ role, text: text ?? "", box, ...(was == null ? {} : { was }), ...changes }));
    return gallery.jsonLine({ row_id, run_id, decision, ...(exportable ? { elements: exportable } : {}), annotator: who, time, ...rest });
  }

  // All annotators' decisions as JSONL, in the feedback schema, oldest first.
  function exported() {
    const order = (a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.row_id < b.row_id ? -1 : 1);
    return all().sort(order).map(line).join("");
  }

  // A row's decisions of others than who reviews now.
  const others = (row) => [...byAnnotator].filter(([who]) => who !== nameKey(annotator)).map(([, rows]) => rows.get(row.row_id)).filter(Boolean);

  const every = (row) => [of(row), ...others(row)].filter(Boolean);
  const isSettled = (row) => every(row).some((record) => record.final);

  return {
    open, of, decide, remark, undo, exported, all, merge, others, nameKey, find,
    rowOf: (rowId, ofRun) => rowOf.get(`${rowId}\n${ofRun}`) ?? null,
    isDisputed: (row) => !isSettled(row) && new Set(every(row).map((record) => record.decision)).size > 1,
    isSettled,
    byPerson: () => byAnnotator,
    count: () => theirs(annotator).size,
    tally() {
      const counts = { adopt: 0, edit: 0, reject: 0, left: rowOf.size - theirs(annotator).size };
      theirs(annotator).forEach(({ decision }) => { counts[decision] += 1; });
      return counts;
    },
    canUndo: () => steps.length > 0,
    get annotator() { return annotator; },
    set annotator(name) {
      annotator = name.trim();
      try {
        localStorage.setItem(`${OLD}annotator`, annotator);
      } catch { /* the first decision will tell */ }
      changed();
    },
  };
})();
