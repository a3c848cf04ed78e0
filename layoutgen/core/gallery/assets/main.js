"use strict";
// What the header's fields and the keys do; started by the index when it is there.
(() => {
  const { make, by, t, words, header, decisions, drafts, filters, grid, viewer, store } = gallery;
  const VIEWS = { s: "beside", b: "boxes", p: "map", z: "zones" };
  const FIELDS = ["search", "status", "decision", "canvas", "application", "count", "role", "least", "most", "sort"];

  const views = () => Object.fromEntries(Object.values(VIEWS).map((name) => [name, by(name).checked]));

  // Decide on rows. Note and reasons that were typed go along; an edit is not decided over without a question. Resolves
  // to whether they were decided on.
  gallery.decide = async (rows, decision, edit = {}) => {
    const open = rows.filter((row) => row && !row.failed);
    if (!open.length || !gallery.named()) return false;
    const edited = decision === "edit" ? [] : open.filter((row) => decisions.of(row)?.decision === "edit" || drafts.of(row).elements || drafts.of(row).style != null);
    if (edited.length) {
      const whose = edited.length === 1 ? t("This layout has an edit of yours.") : t("{n} of these layouts have edits of yours.", { n: edited.length });
      const question = decision === "adopt" ? t("Adopt as the machine laid it out all the same?") : t("Reject all the same?");
      if (!(await gallery.ask(`${whose} ${question}`, t("Drop the edit"), t("Keep the edit")))) return false;
    }
    const several = open.length > 1;
    const { note, reasons, comments } = several ? {} : drafts.of(open[0]);
    decisions.decide(open, decision, { ...edit, note, reasons, comments });
    open.forEach(drafts.drop);
    decided(open);
    gallery.say(`${t(decision)}: ${several ? t("{n} {n|layout|layouts}", { n: open.length }) : open[0].title}`);
    return true;
  };

  // Cards of rows that were decided on, or no longer are: drawn anew, or taken out where a filter asks for others.
  function decided(rows) {
    rows.forEach(grid.renew);
    if (by("decision").value) filter(true);
  }

  function undo() {
    const rowIds = decisions.undo();
    if (rowIds === null) return gallery.say(t("There is no decision of this visit to take back."));
    if (!rowIds.length) return gallery.say(t("That was decided anew in another window; nothing is taken back."));
    const ids = new Set(rowIds);
    decided(gallery.data.rows.filter((row) => ids.has(row.row_id)));
    viewer.redraw();
    return gallery.say(t("taken back: {what}", { what: rowIds.length === 1 ? rowIds[0] : t("{n} {n|decision|decisions}", { n: rowIds.length }) }));
  }

  // What was decided, after which the next undecided layout is shown where that is wished for.
  gallery.advances = () => by("advance").checked;

  function mark(row) {
    if (!row || row.failed) return;
    const isUnsure = !drafts.of(row).unsure;
    drafts.put(row, { unsure: isUnsure || null });
    grid.renew(row);
    gallery.say(isUnsure ? t("unsure: {title}", row) : t("no longer unsure: {title}", row));
  }
  gallery.mark = mark;

  // A reason goes with the decision that comes, or with the one that there is.
  gallery.toggleReason = (row, name) => {
    const before = drafts.of(row).reasons ?? decisions.of(row)?.reasons ?? [];
    const reasons = before.includes(name) ? before.filter((other) => other !== name) : [...before, name];
    if (decisions.of(row)) decisions.remark(row, { reasons });
    else drafts.put(row, { reasons });
    return reasons;
  };

  async function load(event) {
    const files = [...event.target.files];
    event.target.value = "";
    const counts = await gallery.imports.take(files);
    filter(true);
    grid.look(views());
    gallery.say(t("{n} {n|file|files}: {taken} taken, {known} known already or older, {foreign} of other layouts, {unusable} unusable.", { n: files.length, ...counts }));
  }

  function save() {
    if (!decisions.all().length) return gallery.say(t("There is no decision to export yet."));
    const href = URL.createObjectURL(new Blob([decisions.exported()], { type: "application/jsonl" }));
    const name = `feedback-${gallery.data.meta.run_id}`.replace(/[^\p{L}\p{N}._-]+/gu, "-");
    make("a", { href, download: `${name}.jsonl` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    store.exported();
    return gallery.say(t("{n} {n|decision|decisions} exported", { n: decisions.all().length }));
  }

  // Show what the filters ask for; `stays` keeps the page, and the place on it.
  function filter(stays = false) {
    const values = Object.fromEntries(FIELDS.map((name) => [name, by(name).value]));
    grid.show(filters.chosen(gallery.data.rows, values, review), views(), stays);
    address(values);
    header.count(FIELDS.filter((name) => name !== "sort" && values[name] !== "").length);
    by("found").textContent = t("{n} of {all} {all|row|rows}", { n: grid.rows.length, all: gallery.data.rows.length });
  }

  // What the filter of decisions goes by.
  const review = (row) => ({
    decision: decisions.of(row)?.decision ?? (row.failed ? "none" : "undecided"),
    isUnsure: !row.failed && Boolean(drafts.of(row).unsure),
    isDisputed: !row.failed && decisions.isDisputed(row),
    isSettled: !row.failed && decisions.isSettled(row),
    reasons: decisions.of(row)?.reasons ?? [], became: gallery.history.kinds(row),
  });

  // Filters, page and row in the address, so that it can be handed on and survives a reload.
  function address(values, row = null) {
    const filled = Object.entries({ ...values, page: grid.page ? grid.page + 1 : "", row: row?.row_id ?? "" }).filter(([name, value]) =>
      value !== "" && !(name === "sort" && value === filters.sorts[0]));
    try {
      history.replaceState(null, "", filled.length ? `#${new URLSearchParams(filled)}` : location.pathname + location.search);
    } catch { /* some browsers keep the address of a file as it is */ }
  }
  gallery.addressOf = (row) => address(Object.fromEntries(FIELDS.map((name) => [name, by(name).value])), row);

  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    FIELDS.filter((name) => wanted.has(name)).forEach((name) => { by(name).value = wanted.get(name); });
    FIELDS.filter((name) => by(name).tagName === "SELECT" && by(name).selectedIndex < 0).forEach((name) => { by(name).selectedIndex = 0; });
    return { page: Number(wanted.get("page") ?? 1) - 1 || 0, row: gallery.data.rows.find(({ row_id }) => row_id === wanted.get("row")) };
  }

  function clear() {
    FIELDS.forEach((name) => {
      if (by(name).tagName === "SELECT") by(name).selectedIndex = 0;
      else by(name).value = "";
    });
    filter();
  }

  function options(name, all, values) {
    by(name).replaceChildren(make("option", { value: "" }, t(all)), ...values.map(([value, n, label]) =>
      make("option", { value }, t(label ?? value) + (n === undefined ? "" : ` (${words.number(n)})`))));
    by(name).closest("label").hidden = values.length === 0;
  }

  function fill() {
    const { rows } = gallery.data;
    const kinds = filters.counted(rows.filter((row) => row.kind), (row) => row.kind);
    options("status", "all", [
      ...filters.counted(rows, (row) => row.status),
      ...kinds.map(([kind, n]) => [`kind:${kind}`, n, `  ${kind}`]),
    ]);
    options("decision", "all", [["undecided"], ["unsure"], ["adopt"], ["edit"], ["reject"], ["disputed"], ["settled"], ...gallery.history.filters(),
      ...(gallery.data.meta.reasons ?? []).map(({ name, label }) => [`reason:${name}`, undefined, label])]);
    options("canvas", "all", filters.counted(rows, (row) => row.canvas));
    options("application", "all", filters.counted(rows, (row) => row.application));
    const counts = filters.counted(rows.filter((row) => !row.failed), (row) => row.roles.length);
    options("count", "any", counts.sort((a, b) => a[0] - b[0]));
    options("role", "any", filters.counted(rows.flatMap((row) => row.roles), (role) => role));
    by("sort").replaceChildren(...filters.sorts.map((name) => make("option", { value: name }, t(name))));
  }

  // How far one is, as a sentence.
  gallery.progress = () => {
    return t("{adopt} adopted, {edit} edited, {reject} rejected, {left} left", decisions.tally());
  };

  const UNKEPT = t("This browser keeps nothing here: export the decisions before you leave the page.");

  function warn() {
    by("warning").hidden = store.isKept;
    by("warning").textContent = UNKEPT;
    viewer.warn(store.isKept ? "" : UNKEPT);
  }

  function showCounts() {
    const [mine, all] = [decisions.count(), decisions.all().length];
    by("decided").textContent = t("{n} {n|decision|decisions}", { n: mine }) + (all > mine ? t(", {n} by others", { n: all - mine }) : "");
    by("decided").title = gallery.progress();
    by("undo").disabled = !decisions.canUndo();
    by("export").disabled = all === 0;
    by("done").value = mine;
    by("done").max = Math.max(1, mine + decisions.tally().left);
    by("done").title = gallery.progress();
    if (document.activeElement !== by("annotator")) by("annotator").value = decisions.annotator;
  }

  // Keys that mean the same in the grid and in the viewer; returns whether the key was one of them.
  gallery.press = (key) => {
    if (key in VIEWS) by(VIEWS[key]).click();
    else if (key === "u") undo();
    else if (key === "n" || key === "q") return false;
    else if (key === "?") by("keys").showModal();
    else return false;
    return true;
  };

  function press(event) {
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=range]), select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = gallery.keyOf(event);
    const row = grid.current();
    if (key === "Enter" && row) viewer.open(row, views());
    else if (key === "a" || key === "r") choose(row, key === "a" ? "adopt" : "reject");
    else if (key === "e" && row) viewer.open(row, views(), true);
    else if (key === "x" && row) grid.select(row);
    else if (key === "q" && row) mark(row);
    else if (key === "n" && row) grid.next(row);
    else if (key === "/") { header.open(); by("search").focus(); }
    else if (!gallery.press(key) && !grid.press(key)) return;
    event.preventDefault();
  }

  // Decide on the cards that are selected, or on this one.
  async function choose(row, decision) {
    const rows = grid.selected.length ? grid.selected : [row];
    const isDone = await gallery.decide(rows, decision);
    if (!isDone) return;
    grid.select(null);
    if (gallery.advances() && rows.length === 1 && !by("decision").value) grid.next(row);
  }

  function listen() {
    let typing;
    FIELDS.forEach((name) => by(name).addEventListener(by(name).tagName === "SELECT" ? "change" : "input", () => {
      clearTimeout(typing);
      typing = setTimeout(filter, by(name).tagName === "SELECT" ? 0 : 120);
    }));
    Object.values(VIEWS).forEach((name) => by(name).addEventListener("change", () => {
      grid.look(views());
      viewer.look(views());
    }));
    by("size").addEventListener("input", () => by("grid").style.setProperty("--card", `${by("size").value}px`));
    by("before").addEventListener("click", () => grid.turn(grid.page - 1));
    by("after").addEventListener("click", () => grid.turn(grid.page + 1));
    by("page").addEventListener("change", () => grid.turn(Math.round(Number(by("page").value)) - 1 || 0));
    by("grid").addEventListener("click", (event) => {
      const row = grid.rowOf(event.target.closest(".card"));
      const wanted = event.target.closest("[data-choose]")?.dataset.choose;
      if (!row) return;
      if (wanted) choose(row, wanted);
      else if (event.shiftKey || event.ctrlKey || event.metaKey || grid.selected.length) grid.select(row, event.shiftKey);
      else viewer.open(row, views());
    });
    by("import").addEventListener("click", () => by("files").click());
    by("files").addEventListener("change", load);
    by("others").checked = header.setting("others") === "yes";
    by("others").addEventListener("change", () => {
      header.setting("others", by("others").checked ? "yes" : "");
      grid.look(views());
      viewer.redraw();
    });
    by("advance").addEventListener("change", () => header.setting("advance", by("advance").checked ? "" : "no"));
    by("annotator").addEventListener("change", () => {
      decisions.annotator = by("annotator").value;
      grid.look(views());
    });
    by("clear").addEventListener("click", clear);
    by("undo").addEventListener("click", undo);
    by("export").addEventListener("click", save);
    by("help").addEventListener("click", () => by("keys").showModal());
    document.addEventListener("keydown", press);
    document.addEventListener("decisions", showCounts);
    document.addEventListener("kept", warn);
    // What another window decided.
    document.addEventListener("decided", ({ detail }) => {
      gallery.data.rows.filter((row) => row.row_id === detail.rowId).forEach(grid.renew);
      clearTimeout(refresh);
      refresh = setTimeout(showCounts, 50);
    });
    addEventListener("beforeunload", (event) => { if (!store.isKept) event.preventDefault(); });
  }
  let refresh;

  words.localise(document.body);

  gallery.start = () => {
    const { meta } = gallery.data;
    document.title = `layoutgen · ${meta.run_id}`;
    by("run").textContent = meta.run_id;
    by("totals").textContent = ["{n} {n|layout|layouts}", "{n} {n|failed row|failed rows}"].map((text, i) => {
      const [shown, n] = [meta.shown[i], meta.totals[i]];
      return i && !n ? null : n > shown ? t("{shown} of {total}", { shown, total: t(text, { n }) }) : t(text, { n });
    }).filter(Boolean).join(t(", "));
    header.start();
    by("advance").checked = header.setting("advance") !== "no";
    fill();
    listen();
    decisions.open(meta.run_id, gallery.data.rows);
    warn();
    const at = fromAddress();
    filter();
    if (at.page) grid.turn(at.page);
    if (at.row) viewer.open(at.row, views());
    document.documentElement.dataset.ready = "yes";
  };
})();
