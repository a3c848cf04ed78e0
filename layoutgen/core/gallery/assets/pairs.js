"use strict";
// Two layouts of the same row beside each other, of two runs, composers or variants: which is better? Which is which is
// hidden until the end, and sides are shuffled by the row's id, the same for everybody. Choices are kept as decisions are.
gallery.pairs = (() => {
  const { store, decisions } = gallery;
  const KIND = "choice";
  let pairs = []; // { row, other, swapped }
  let rowIds = new Set();
  const steps = []; // what was chosen last: { names, before }

  // A number of a text, evenly spread (FNV-1a).
  function hash(text) {
    let value = 0x811c9dc5;
    for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return value ^ (value >>> 15);
  }

  const baseOf = (row) => (row.row_id ?? "").replace(/@v[0-9]+$/, "");
  const nameOf = (row) => gallery.data.others.against?.names[row.folder ?? "rows"] ?? /@v[0-9]+$/.exec(row.row_id ?? "")?.[0].slice(1) ?? "v0";

  function variants(rows) {
    const together = new Map();
    rows.filter((row) => !row.failed).forEach((row) => together.set(baseOf(row), [...(together.get(baseOf(row)) ?? []), row]));
    return [...together.values()].flatMap((all) => all.flatMap((row, i) => all.slice(i + 1).map((other) => [row, other])));
  }

  // All pairs of the page: a row with that of the table that it is compared with, else its variants with each other.
  function open() {
    const against = gallery.data.others.against;
    const byId = new Map(gallery.data.rows.filter((row) => !row.failed).map((row) => [row.row_id, row]));
    const found = against ? against.rows.filter((other) => byId.has(other.row_id)).map((other) => [byId.get(other.row_id), other])
      : variants(gallery.data.rows);
    rowIds = new Set(byId.keys());
    pairs = found.map(([row, other]) => ({ row, other, swapped: hash(`${row.row_id}\n${other.row_id}`) % 2 === 1 }));
  }

  const keys = (a, b) => [[a.row_id, a.run_id], [b.row_id, b.run_id]].sort(([x, i], [y, j]) => (x < y ? -1 : x > y ? 1 : i < j ? -1 : 1)).flat();
  const idOf = (row) => ({ row_id: row.row_id, run_id: row.runId });
  const names = (pair) => [KIND, decisions.nameKey(decisions.annotator), ...keys(idOf(pair.row), idOf(pair.other))];

  // The entry in which a record of a file is kept; null for what is no choice.
  function namesOf(record) {
    const sides = record?.tie ?? [record?.chosen, record?.rejected];
    if (!Array.isArray(sides) || sides.length !== 2 || !sides.every((side) => side?.row_id && side?.run_id)) return null;
    return [KIND, decisions.nameKey(record.annotator ?? ""), ...keys(...sides)];
  }

  const said = (value) => (value && value.decision !== null ? value : null); // what was taken back says so

  // What was chosen of a pair: "row", "other", "tie", or null.
  function of(pair) {
    const record = said(store.get(names(pair))?.value);
    if (!record) return null;
    if (record.tie) return "tie";
    return record.chosen.row_id === pair.row.row_id && record.chosen.run_id === pair.row.runId ? "row" : "other";
  }

  const isScene = (details) => details.seed != null && details.product_box;

  async function side(row) {
    const details = await gallery.data.details(row);
    const elements = details.elements.filter((one) => one.box).map(({ role, text, box }) => ({ role, text: text ?? "", box }));
    return {
      row_id: row.row_id, run_id: row.runId, name: nameOf(row), composer: row.composer ?? undefined, adapter: details.adapter,
      elements, crop: details.crop, picture: details.picture, ...(isScene(details) ? { seed: details.seed } : {}),
    };
  }

  // What the training of scenes has to know of a poster besides its two seeds.
  async function scene(row) {
    const details = await gallery.data.details(row);
    if (!isScene(details)) return {};
    const texts = details.elements.filter((one) => one.box && one.role !== "underlay").map((one) => one.box);
    return { product_box: details.product_box, texts, colours: details.colours };
  }

  // Choose "row", "other" or "tie" of a pair.
  async function choose(pair, wanted) {
    const key = names(pair);
    const [row, other] = [await side(pair.row), await side(pair.other)];
    const record = {
      row_id: pair.row.row_id, product_id: pair.row.product ?? undefined, category: pair.row.category ?? undefined,
      size: [pair.row.width, pair.row.height], ...(await scene(pair.row)),
      ...(wanted === "tie" ? { tie: [row, other] } : wanted === "row" ? { chosen: row, rejected: other } : { chosen: other, rejected: row }),
      annotator: decisions.annotator,
    };
    steps.push({ names: key, before: store.get(key)?.value ?? null, pair });
    store.put(key, record);
  }

  // Take the last choice back; returns its pair, null for none.
  function undo() {
    const step = steps.pop();
    if (!step) return null;
    const now = store.get(step.names)?.value;
    store.put(step.names, step.before ?? { ...now, decision: null });
    return step.pair;
  }

  // A record of a file: kept where it is newer than what is here; tells whether it was.
  function merge(record) {
    const key = namesOf(record);
    const at = new Date(record.time).toISOString();
    if ((store.get(key)?.at ?? "") >= at) return false;
    store.put(key, record, at);
    return true;
  }

  // Whether a record is about a row of this page.
  const isOfPage = (record) => rowIds.has(record.row_id);

  // All choices about this page's rows, as JSON lines, oldest first.
  function exported() {
    const records = store.of(KIND).filter(({ entry }) => said(entry.value) && isOfPage(entry.value))
      .map(({ entry: { at, value } }) => ({ ...value, time: value.time ?? at }));
    return records.sort((a, b) => (a.time < b.time ? -1 : 1)).map(gallery.jsonLine).join("");
  }

  // How often each side won, by its name, over the pairs of who reviews now.
  function result(compared) {
    const wins = new Map();
    let ties = 0;
    for (const pair of compared) {
      const chosen = of(pair);
      [pair.row, pair.other].forEach((row) => wins.set(nameOf(row), wins.get(nameOf(row)) ?? 0));
      if (chosen === "tie") ties += 1;
      else if (chosen) wins.set(nameOf(pair[chosen]), wins.get(nameOf(pair[chosen])) + 1);
    }
    return { wins: [...wins], ties };
  }

  // Share of successes with its 95 % Wilson interval: [share, low, high]; null of nothing.
  function wilson(successes, count) {
    if (!count) return null;
    const [z, share] = [1.959964, successes / count];
    const middle = (share + (z * z) / (2 * count)) / (1 + (z * z) / count);
    const half = (z / (1 + (z * z) / count)) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
    return [share, Math.max(0, middle - half), Math.min(1, middle + half)];
  }

  document.addEventListener("decisions", open, { once: true });
  return { of, choose, undo, merge, namesOf, exported, isOfPage, result, wilson, get all() { return pairs; }, get canUndo() { return steps.length > 0; } };
})();
