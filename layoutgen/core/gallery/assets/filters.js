"use strict";
// Which rows are shown and in what order: pure functions of rows and of what is wanted.
gallery.filters = (() => {
  const collator = new Intl.Collator(undefined, { numeric: true });
  // Rows without a value stand last, whichever way the rows are sorted.
  const by = (value, sign = 1) => (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x == null || y == null) return (x == null) - (y == null) || a.n - b.n;
    return sign * (typeof x === "string" ? collator.compare(x, y) : x - y) || a.n - b.n;
  };
  const SORTS = {
    "as in the table": (a, b) => a.n - b.n,
    "score, lowest first": by((row) => row.score),
    "score, highest first": by((row) => row.score, -1),
    "contrast, lowest first": by((row) => row.contrast),
    "subject covered, most first": by((row) => row.covered, -1),
    "font, smallest first": by((row) => row.smallest),
    "elements, most first": by((row) => row.elements, -1),
    "title": by((row) => row.title),
    "row id": by((row) => row.row_id),
  };

  // `wanted` has a value a filter, "" for all of it; `decided` says of a row its decision,
  // whether it is marked unsure, whether reviewers disagree or that is settled, the reasons that were given, and what
  // became of it.
  function matches(row, wanted, decided) {
    if (wanted.status && (wanted.status.startsWith("kind:") ? `kind:${row.kind}` : row.status) !== wanted.status) return false;
    if (wanted.canvas && row.canvas !== wanted.canvas) return false;
    if (wanted.application && row.application !== wanted.application) return false;
    if (wanted.count && (row.failed || row.roles.length !== Number(wanted.count))) return false;
    if (wanted.role && !row.roles.includes(wanted.role)) return false;
    if (wanted.least !== "" && !(row.score != null && row.score >= Number(wanted.least))) return false;
    if (wanted.most !== "" && !(row.score != null && row.score <= Number(wanted.most))) return false;
    if (wanted.decision) {
      const { decision, isUnsure, isDisputed, isSettled, reasons, became } = decided(row);
      const kinds = [decision, isUnsure && "unsure", isDisputed && "disputed", isSettled && "settled", ...reasons.map((name) => `reason:${name}`), ...became];
      if (!kinds.includes(wanted.decision)) return false;
    }
    return wanted.words.every((word) => row.haystack.includes(word));
  }

  function chosen(rows, values, decided) {
    const wanted = { ...values, words: values.search.toLowerCase().split(/\s+/).filter(Boolean) };
    return rows.filter((row) => matches(row, wanted, decided)).sort(SORTS[values.sort]);
  }

  // How many rows have each value, as [value, count], most frequent first.
  function counted(rows, value) {
    const counts = new Map();
    for (const row of rows) {
      const key = value(row);
      if (key != null && key !== "") counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
  }

  return { chosen, counted, sorts: Object.keys(SORTS) };
})();
