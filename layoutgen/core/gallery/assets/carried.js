"use strict";
// What the job would make of edits and instructions that are not in the table yet, drawn by the server wherever a layout
// is shown: in the grid, in the viewer, and in the strip of a product's canvases, there also while one edits.
gallery.carried = (() => {
  const { make, t } = gallery;
  const SIDE = 720; // px of a picture's longer side
  const REST = 300; // ms in which changes gather to be asked about together
  if (!gallery.server) return { of: () => null, url: () => null, forget() {}, draft() {} };
  let saved = new Map(); // row_id -> key of its result
  let drafted = new Map(); // likewise, with the edit that is open
  const isGone = new Set(); // keys whose picture can't be had

  function keyOf(row) {
    const key = drafted.get(row.row_id) ?? saved.get(row.row_id);
    return key && !isGone.has(key) ? key : null;
  }

  const url = (row) => `api/carried?${new URLSearchParams({ row_id: row.row_id, key: keyOf(row), side: SIDE })}`;
  const asMap = ({ rows }) => new Map(Object.entries(rows));

  // What this person wants, which is all that is shown: of others' decisions one sees nothing before one asks for it.
  const wants = () => gallery.data.rows.some((row) => {
    const decision = gallery.decisions.of(row);
    return decision?.elements || decision?.instruction;
  });

  async function refresh() {
    if (!saved.size && !wants()) return;
    try {
      const before = saved;
      saved = asMap(await gallery.server.carried({ annotator: gallery.decisions.annotator }));
      renew(before, saved);
    } catch { /* the server is away: what was shown stays */ }
  }

  function renew(before, now) {
    const rows = gallery.data.rows.filter(({ row_id }) => before.get(row_id) !== now.get(row_id));
    rows.forEach(gallery.grid.renew);
    if (rows.length) document.dispatchEvent(new CustomEvent("carried", { detail: { rows } }));
  }

  // An edit that is open, as the record that it would be; null when it is closed.
  let resting;
  function draft(record) {
    clearTimeout(resting);
    resting = setTimeout(async () => {
      const before = drafted;
      const is = record && { annotator: "?", ...record, time: new Date().toISOString() };
      try {
        drafted = record ? asMap(await gallery.server.carried({ annotator: gallery.decisions.annotator, drafts: [is] })) : new Map();
      } catch {
        drafted = new Map();
      }
      renew(before, drafted);
    }, record ? REST : 0);
  }

  // In the viewer, no edit being open: how the picture came about, and what was and was not done.
  async function tell({ detail: { row, panes, aside } }) {
    if (drafted.size) draft(null);
    const key = keyOf(row);
    const caption = panes.querySelector("figure:last-child figcaption");
    if (!key || !caption) return;
    caption.textContent = t("final placement, with what was decided");
    try {
      const { notes } = await gallery.server.carried({ row_id: row.row_id, key });
      aside.querySelector(".facts")?.prepend(make("h3", {}, t("as decided")), make("ul", { class: "carried" }, notes.map((note) => make("li", {}, note))));
    } catch { /* then the picture alone tells */ }
  }

  document.addEventListener("synced", refresh);
  document.addEventListener("viewed", tell);
  gallery.by("viewer").addEventListener("close", () => draft(null));

  return {
    of: keyOf, url, draft,
    forget: (row) => isGone.add(keyOf(row)),
  };
})();
