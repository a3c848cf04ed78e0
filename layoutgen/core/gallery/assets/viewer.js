"use strict";
// One layout, large: suggestion and final placement side by side, what is known of it, the decision and the edit.
gallery.viewer = (() => {
  const { make, by } = gallery;
  const dialog = by("viewer");
  let row = null;
  let details = null;
  let views = {};
  let editor = null;

  async function open(wanted, how, edit = false) {
    row = wanted;
    views = how;
    editor = null;
    details = null;
    if (!dialog.open) dialog.showModal();
    try {
      const found = await gallery.data.details(wanted);
      if (row !== wanted) return;
      details = found;
    } catch (error) {
      details = { elements: [], suggestion: [], protected: [], zones: [], notes: [], reasons: [], message: error.message };
    }
    draw();
    if (edit) startEdit();
  }

  const button = (text, act, attributes = {}) => make("button", { type: "button", onclick: act, ...attributes }, text);

  function draw() {
    const decision = gallery.decisions.of(row);
    const place = gallery.grid.place(row);
    const toggles = [["boxes", "boxes"], ["map", "protected"], ["zones", "safe zones"]].map(([name, label]) =>
      make("label", {}, make("input", { type: "checkbox", checked: views[name], onchange: () => by(name).click() }), ` ${label}`));
    by("sheet").replaceChildren(
      make("div", { class: "bar" },
        button("‹", () => go(-1), { "aria-label": "layout before", disabled: place <= 0 }),
        button("›", () => go(1), { "aria-label": "next layout", disabled: place >= gallery.grid.rows.length - 1 }),
        make("span", { class: "quiet" }, `${(place + 1).toLocaleString("en")} of ${gallery.grid.rows.length.toLocaleString("en")}`),
        make("h2", {}, row.title || row.row_id || "(no title)"),
        make("span", { class: "gap" }), row.preview ? toggles : null,
        button("✕", close, { "aria-label": "close" })),
      make("div", { class: "look" },
        make("div", { class: "panes" }, row.preview ? panes(decision) : failure()),
        make("aside", {}, row.failed ? null : decide(decision), make("div", { id: "tools" }), facts())),
    );
    dialog.querySelector(".panes").tabIndex = -1;
    dialog.querySelector(".panes").focus({ preventScroll: true });
  }

  function panes(decision) {
    const pane = (picture, words) => make("figure", {}, make("figcaption", {}, words), picture);
    return [
      details.suggestion.length ? pane(gallery.pictures.suggestion(row, views), `suggestion · ${row.composer ?? "no composer"}`) : null,
      pane(gallery.pictures.final(row, views, decision?.elements), decision?.elements ? "final placement, as edited" : "final placement"),
    ];
  }

  const failure = () => make("div", { class: "failure" },
    make("strong", {}, row.kind ?? "no preview"), make("p", {}, details.message ?? details.fault ?? "no reason is given"),
    details.answer ? make("pre", {}, details.answer) : null);

  function decide(decision) {
    const note = make("textarea", { id: "note", rows: 2, placeholder: "why (goes with the decision)", "aria-label": "note" });
    note.value = decision?.note ?? "";
    note.addEventListener("change", () => gallery.decisions.note(row, note.value));
    const name = make("input", { id: "name", maxlength: 80, placeholder: "your name", "aria-label": "your name" });
    name.value = gallery.decisions.annotator;
    name.addEventListener("change", () => { gallery.decisions.annotator = name.value; draw(); });
    const choice = (word, act, key, disabled = false) => button(word, act, {
      "data-decision": word.toLowerCase(), "aria-pressed": String(decision?.decision === word.toLowerCase()),
      title: `${word.toLowerCase()} (${key})`, disabled,
    });
    return make("section", { class: "decide" },
      make("div", { class: "choices" },
        choice("Adopt", () => said("adopt"), "a"),
        choice("Edit", () => startEdit(), "e", !row.preview || !details.elements.length),
        choice("Reject", () => said("reject"), "r")),
      note, name);
  }

  const words = () => dialog.querySelector("#note")?.value ?? "";

  function said(decision, elements) {
    if (row.failed || !gallery.decide(row, decision, { elements, note: words() })) return;
    editor = null;
    draw();
  }

  function startEdit() {
    if (editor || row.failed || !row.preview || !details?.elements.length) return;
    if (!gallery.named()) return;
    const frame = gallery.pictures.frame(row, "final");
    frame.append(gallery.pictures.image(row, ".ground.jpg", row.title));
    const pane = dialog.querySelector(".panes figure:last-child");
    pane.replaceChildren(make("figcaption", {}, "edit"), frame);
    editor = gallery.editor.open(frame, row, details, gallery.decisions.of(row)?.elements, tools);
    editor.focus();
  }

  // The edit's buttons and the chosen box's numbers; called at each change.
  function tools() {
    if (!editor) return;
    const box = editor.box?.map(Math.round);
    const field = (label, i, value) => make("label", {}, label, make("input", {
      type: "number", value, disabled: !box, "data-side": label,
      onchange: (event) => {
        const [left, top, right, bottom] = editor.box;
        const typed = Number(event.target.value);
        editor.set([
          [typed, top, typed + right - left, bottom], [left, typed, right, typed + bottom - top],
          [left, top, left + typed, bottom], [left, top, right, top + typed],
        ][i]);
      },
    }));
    const values = box ? [box[0], box[1], box[2] - box[0], box[3] - box[1]] : ["", "", "", ""];
    by("tools").replaceChildren(
      make("div", { class: "row" }, ["left", "top", "width", "height"].map((label, i) => field(label, i, values[i]))),
      make("div", { class: "row" },
        button("Undo", editor.undo, { disabled: !editor.canUndo }),
        button("Redo", editor.redo, { disabled: !editor.canRedo }),
        button("Leave out", editor.remove, { disabled: !box }),
        button("As it was", editor.reset),
        make("label", {}, make("input", { type: "checkbox", checked: editor.snapping,
          onchange: (event) => { editor.snapping = event.target.checked; } }), " snap")),
      make("div", { class: "row" },
        button("Save edit", save, { class: "main", id: "save" }), button("Leave", leave)),
    );
  }

  function save() {
    if (!editor.isChanged) gallery.say("Nothing was changed; adopt the layout as it is, or leave the edit.");
    else said("edit", editor.elements());
  }

  function leave() {
    editor = null;
    draw();
  }

  function facts() {
    const lines = [
      ["row", row.row_id], ["canvas", row.canvas], ["application", row.application], ["category", row.category],
      ["status", row.status], ["reason", row.kind], ["score", row.score], ["contrast", row.contrast],
      ["subject covered", row.covered == null ? null : `${(100 * row.covered).toFixed(1)}%`],
      ["smallest font", row.smallest ? `${row.smallest} px` : null], ["composer", row.composer], ["adapter", details.adapter],
      ["image", details.image], ["run", row.runId], ["preview", details.fault],
    ].filter(([, value]) => value != null && value !== "");
    const list = (title, items) => (items.length ? [make("h3", {}, title), make("ul", {}, items.map((item) => make("li", {}, item)))] : []);
    return make("section", { class: "facts" },
      make("dl", {}, lines.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))])),
      list("notes", [...details.reasons, ...details.notes]),
      list("elements", details.elements.map((one) => `${one.role}${one.text ? ` · ${one.text}` : ""}${one.font_px ? ` · ${one.font_px} px` : ""}`)));
  }

  function go(step) {
    const next = gallery.grid.neighbour(row, step);
    if (next) open(next, views);
  }

  function close() {
    dialog.close();
    gallery.grid.renew(row);
    gallery.grid.focus(row);
  }

  function press(event) {
    const inField = event.target.closest("input, textarea");
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === "Escape" && inField) dialog.querySelector(".panes").focus();
    else if (event.key === "Escape") editor ? leave() : close();
    else if (ctrl && editor && !inField && "zy".includes(event.key.toLowerCase())) {
      event.key.toLowerCase() === "y" || event.shiftKey ? editor.redo() : editor.undo();
    } else if (inField || ctrl || event.altKey) return;
    else if (event.key === "Enter" && editor && !event.target.closest("button")) save();
    else if (editor) return;
    else if (event.key === "ArrowLeft") go(-1);
    else if (event.key === "ArrowRight") go(1);
    else if (event.key === "a" || event.key === "r") said(event.key === "a" ? "adopt" : "reject");
    else if (event.key === "e") startEdit();
    else if (!gallery.press(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }
  dialog.addEventListener("keydown", press);
  dialog.addEventListener("cancel", (event) => { if (editor) event.preventDefault(); });

  return {
    open,
    look: (how) => { views = how; if (dialog.open && details && !editor) draw(); },
    redraw: () => { if (dialog.open && details && !editor) draw(); },
  };
})();
