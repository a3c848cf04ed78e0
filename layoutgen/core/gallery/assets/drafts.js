"use strict";
// What is being made of a row and is no decision yet: words of a note, reasons, comments, an edit, a mark to come back to it. It
// is kept while one types and moves boxes, so that it is there again whatever was left or closed.
gallery.drafts = (() => {
  const { store } = gallery;
  const KIND = "draft";
  const names = (row) => [KIND, row.row_id, row.runId];
  const of = (row) => store.get(names(row))?.value ?? {};

  // Change some of a row's draft; what becomes empty goes.
  function put(row, change) {
    const kept = Object.entries({ ...of(row), ...change }).filter(([, value]) => value != null && value !== "" && value?.length !== 0);
    if (kept.length) store.put(names(row), Object.fromEntries(kept));
    else store.drop(names(row));
  }

  return {
    of, put,
    drop: (row) => store.drop(names(row)),
    watch: { [KIND]: () => {} },
  };
})();
