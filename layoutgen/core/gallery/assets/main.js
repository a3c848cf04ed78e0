"use strict";
// What the header's fields and the keys do; started by the index when it is there.
(() => {
  const { make, by, decisions, filters, grid, viewer } = gallery;
  const VIEWS = { s: "beside", b: "boxes", p: "map", z: "zones" };
  const FIELDS = ["search", "status", "decision", "canvas", "application", "count", "role", "least", "most", "sort"];
  const THEMES = ["", "light", "dark"];

  const views = () => Object.fromEntries(Object.values(VIEWS).map((name) => [name, by(name).checked]));
  const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

  let fading;
  gallery.say = (text) => {
    by("said").textContent = text;
    (document.querySelector("dialog[open]") ?? document.body).append(by("said")); // above a dialog, too
    clearTimeout(fading);
    fading = setTimeout(() => { by("said").textContent = ""; }, 5000);
  };

  // Whether a decision has somebody to be of; asks for the name where not.
  gallery.named = () => {
    if (decisions.annotator) return true;
    gallery.say("Give your name first: a decision says whose it is.");
    (document.querySelector("dialog[open] #name") ?? by("annotator")).focus();
    return false;
  };

  gallery.decide = (row, decision, more) => {
    if (!row || row.failed || !gallery.named()) return false;
    decisions.decide(row, decision, more);
    grid.renew(row);
    gallery.say(`${decision}: ${row.title}`);
    return true;
  };

  function undo() {
    const rowId = decisions.undo();
    if (rowId === null) return gallery.say("There is no decision of this visit to take back.");
    grid.rows.filter((row) => row.row_id === rowId).forEach(grid.renew);
    viewer.redraw();
    return gallery.say(`taken back: ${rowId}`);
  }

  function save() {
    if (!decisions.all().length) return gallery.say("There is no decision to export yet.");
    const href = URL.createObjectURL(new Blob([decisions.exported()], { type: "application/jsonl" }));
    const name = `feedback-${gallery.data.meta.run_id}`.replace(/[^\p{L}\p{N}._-]+/gu, "-");
    make("a", { href, download: `${name}.jsonl` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    return gallery.say(`${count(decisions.all().length, "decision", "decisions")} exported`);
  }

  function filter() {
    const values = Object.fromEntries(FIELDS.map((name) => [name, by(name).value]));
    grid.show(filters.chosen(gallery.data.rows, values, decisions.of), views());
    by("found").textContent = `${grid.rows.length.toLocaleString("en")} of ${count(gallery.data.rows.length, "row", "rows")}`;
  }

  function clear() {
    FIELDS.forEach((name) => {
      if (by(name).tagName === "SELECT") by(name).selectedIndex = 0;
      else by(name).value = "";
    });
    filter();
  }

  function options(name, all, values) {
    by(name).replaceChildren(make("option", { value: "" }, all), ...values.map(([value, n, label]) =>
      make("option", { value }, n === undefined ? value : `${label ?? value} (${n.toLocaleString("en")})`)));
    by(name).closest("label").hidden = values.length === 0;
  }

  function fill() {
    const { rows } = gallery.data;
    const kinds = filters.counted(rows.filter((row) => row.kind), (row) => row.kind);
    options("status", "all", [
      ...filters.counted(rows, (row) => row.status),
      ...kinds.map(([kind, n]) => [`kind:${kind}`, n, `  ${kind}`]),
    ]);
    options("decision", "all", [["undecided"], ["adopt"], ["edit"], ["reject"]]);
    options("canvas", "all", filters.counted(rows, (row) => row.canvas));
    options("application", "all", filters.counted(rows, (row) => row.application));
    const counts = filters.counted(rows.filter((row) => !row.failed), (row) => row.roles.length);
    options("count", "any", counts.sort((a, b) => a[0] - b[0]));
    options("role", "any", filters.counted(rows.flatMap((row) => row.roles), (role) => role));
    by("sort").replaceChildren(...filters.sorts.map((name) => make("option", {}, name)));
  }

  function decided() {
    const [mine, all] = [decisions.count(), decisions.all().length];
    by("decided").textContent = count(mine, "decision", "decisions") + (all > mine ? `, ${all - mine} by others` : "");
    by("undo").disabled = !decisions.canUndo();
    by("export").disabled = all === 0;
    by("warning").hidden = decisions.isKept;
    by("warning").textContent = "This browser keeps nothing here: export the decisions before you leave the page.";
    if (document.activeElement !== by("annotator")) by("annotator").value = decisions.annotator;
  }

  // Keys that mean the same in the grid and in the viewer; returns whether the key was one of them.
  gallery.press = (key) => {
    if (key in VIEWS) by(VIEWS[key]).click();
    else if (key === "u") undo();
    else if (key === "?") by("keys").showModal();
    else return false;
    return true;
  };

  function press(event) {
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const row = grid.current();
    if (event.key === "Enter" && row) viewer.open(row, views());
    else if (event.key === "a" || event.key === "r") gallery.decide(row, event.key === "a" ? "adopt" : "reject");
    else if (event.key === "e" && row) viewer.open(row, views(), true);
    else if (event.key === "/") by("search").focus();
    else if (!gallery.press(event.key) && !grid.press(event.key)) return;
    event.preventDefault();
  }

  function theme(wanted) {
    document.documentElement.dataset.theme = wanted;
    by("theme").title = `light or dark: now ${wanted || "as the system has it"}`;
    try {
      localStorage.setItem("layoutgen.gallery.theme", wanted);
    } catch { /* then it is for this visit */ }
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
      if (row) viewer.open(row, views());
    });
    by("annotator").addEventListener("change", () => {
      decisions.annotator = by("annotator").value;
      grid.look(views());
    });
    by("clear").addEventListener("click", clear);
    by("undo").addEventListener("click", undo);
    by("export").addEventListener("click", save);
    by("help").addEventListener("click", () => by("keys").showModal());
    by("theme").addEventListener("click", () =>
      theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length]));
    document.addEventListener("keydown", press);
    document.addEventListener("decisions", decided);
  }

  gallery.start = () => {
    const { meta } = gallery.data;
    document.title = `layoutgen · ${meta.run_id}`;
    by("run").textContent = meta.run_id;
    by("totals").textContent = [["layout", "layouts"], ["failed row", "failed rows"]].map((names, i) => {
      const [shown, total] = [meta.shown[i], meta.totals[i]];
      return i && !total ? null : (total > shown ? `${shown.toLocaleString("en")} of ` : "") + count(total, ...names);
    }).filter(Boolean).join(", ");
    try {
      theme(localStorage.getItem("layoutgen.gallery.theme") ?? "");
    } catch {
      theme("");
    }
    fill();
    listen();
    decisions.open(meta.run_id);
    filter();
    document.documentElement.dataset.ready = "yes";
  };
})();
