"use strict";
// One layout, large: suggestion and final placement side by side, what is known of it, the decision and the edit.
gallery.viewer = (() => {
  const { make, by, t } = gallery;
  const dialog = by("viewer");
  let row = null;
  let details = null;
  let views = {};
  let editor = null;

  async function open(wanted, how, edit = false) {
    keepEdit();
    row = wanted;
    views = how;
    editor = null;
    details = null;
    gallery.addressOf(row);
    if (!dialog.open) dialog.showModal();
    try {
      const found = await gallery.data.details(wanted);
      if (row !== wanted) return;
      details = found;
    } catch (error) {
      details = { elements: [], suggestion: [], protected: [], zones: [], notes: [], reasons: [], files: [], message: error.message };
    }
    draw();
    if (edit) startEdit();
  }

  const button = (text, act, attributes = {}) => make("button", { type: "button", onclick: act, ...attributes }, text);

  function draw() {
    const decision = gallery.decisions.of(row);
    const place = gallery.grid.place(row);
    const toggles = [["boxes", t("boxes")], ["map", t("protected")], ["zones", t("safe zones")]].map(([name, label]) =>
      make("label", {}, make("input", { type: "checkbox", checked: views[name], onchange: () => by(name).click() }), ` ${label}`));
    by("sheet").replaceChildren(
      make("div", { class: "bar" },
        button("‹", () => go(-1), { "aria-label": t("layout before"), disabled: place <= 0 }),
        button("›", () => go(1), { "aria-label": t("next layout"), disabled: place >= gallery.grid.rows.length - 1 }),
        make("span", { class: "quiet" }, place < 0 ? "" : t("{n} of {all}", { n: place + 1, all: gallery.grid.rows.length })),
        make("span", { class: "quiet progress" }, gallery.progress()),
        make("h2", {}, row.title || row.row_id || t("(no title)")),
        make("span", { class: "gap" }), row.preview ? toggles : null,
        button("?", () => by("keys").showModal(), { "aria-label": t("keys (?)"), title: t("keys (?)") }),
        button("✕", close, { "aria-label": t("close") })),
      make("div", { class: "look" },
        make("div", { class: "panes" }, row.preview ? panes(decision) : failure()),
        make("aside", {}, row.failed ? null : decide(decision), make("div", { id: "tools" }), facts())),
    );
    dialog.querySelector(".panes").tabIndex = -1;
    dialog.querySelector(".panes").focus({ preventScroll: true });
    markScores(Boolean(decision?.elements));
    dialog.querySelectorAll(".panes .picture").forEach((frame) => gallery.comments.pins(frame, row));
    warn(warning);
    document.dispatchEvent(new CustomEvent("viewed", { detail: { row, details, views, panes: dialog.querySelector(".panes"), aside: dialog.querySelector("aside") } }));
  }

  // What is said above the layout as long as it holds.
  let warning = "";
  function warn(words) {
    warning = words;
    dialog.querySelector(".warning")?.remove();
    if (words && by("sheet").firstChild) by("sheet").firstChild.after(make("p", { class: "warning", role: "alert" }, words));
  }

  function panes(decision) {
    const pane = (picture, words) => make("figure", {}, make("figcaption", {}, words), picture);
    const finished = gallery.pictures.finished(details);
    const words = decision?.styled ? t("final placement, as edited, in the style {style} · approximate", decision)
      : decision?.elements ? t("final placement, as edited")
      : finished ? t("finished picture · {format}", finished) : t("final placement");
    return [
      details.suggestion.length ? pane(gallery.pictures.suggestion(row, views), t("suggestion · {composer}", { composer: row.composer ?? t("no composer") })) : null,
      pane(gallery.pictures.final(row, views, decision, finished?.href), words),
    ];
  }

  const failure = () => make("div", { class: "failure" },
    make("strong", {}, row.kind ?? t("no preview")), make("p", {}, details.message ?? details.fault ?? t("no reason is given")),
    details.answer ? make("pre", {}, details.answer) : null);

  function decide(decision) {
    const draft = gallery.drafts.of(row);
    const note = make("textarea", { id: "note", rows: 2, placeholder: t("why (goes with the decision)"), "aria-label": t("note") });
    note.value = draft.note ?? decision?.note ?? "";
    // Kept while one types; said with the decision that there is as soon as the field is left.
    note.addEventListener("input", () => gallery.drafts.put(row, { note: note.value === (decision?.note ?? "") ? null : note.value }));
    note.addEventListener("change", () => {
      if (!gallery.decisions.of(row)) return;
      gallery.decisions.remark(row, { note: note.value });
      gallery.drafts.put(row, { note: null });
    });
    const name = make("input", { id: "name", maxlength: 80, placeholder: t("your name"), "aria-label": t("your name") });
    name.value = gallery.decisions.annotator;
    name.addEventListener("change", () => { gallery.decisions.annotator = name.value; draw(); });
    const choice = (name, word, act, key, disabled = false) => button(word, act, {
      "data-decision": name, "aria-pressed": String(decision?.decision === name), title: `${t(name)} (${key})`, disabled,
    });
    return make("section", { class: "decide" },
      make("div", { class: "choices" },
        choice("adopt", t("Adopt"), () => said("adopt"), "a"),
        choice("edit", t("Edit"), () => startEdit(), "e", !row.preview || !details.elements.length),
        choice("reject", t("Reject"), () => said("reject"), "r")),
      draft.elements || draft.style != null ? make("p", { class: "draft" }, t("An edit of it is not saved."), " ",
        button(t("Go on with it"), () => startEdit(), { id: "resume" }), " ", button(t("Drop it"), drop, { id: "drop" })) : null,
      reasons(draft.reasons ?? decision?.reasons ?? []),
      gallery.comments.list(row, draw), note, name,
      make("div", { class: "row" },
        button(t("Skip"), skip, { title: t("to the next undecided (n)") }),
        button(draft.unsure ? t("No longer unsure") : t("Unsure"), () => { gallery.mark(row); draw(); }, { title: t("come back to it later (q)"), "aria-pressed": String(Boolean(draft.unsure)) })),
      gallery.people.section(row, draw));
  }

  function reasons(chosen) {
    const chips = (gallery.data.meta.reasons ?? []).map(({ name, label }, i) => button(`${i < 9 ? `${i + 1} ` : ""}${t(label)}`, () => toggle(i), {
      class: "chip", "data-reason": name, "aria-pressed": String(chosen.includes(name)),
    }));
    return chips.length ? make("div", { class: "reasons", role: "group", "aria-label": t("reasons") }, chips) : null;
  }

  function toggle(i) {
    const reason = gallery.data.meta.reasons?.[i];
    if (!reason || row.failed) return;
    const chosen = gallery.toggleReason(row, reason.name);
    dialog.querySelectorAll(".chip").forEach((chip) => chip.setAttribute("aria-pressed", String(chosen.includes(chip.dataset.reason))));
  }

  async function said(decision, edit) {
    if (row.failed) return;
    if (isEdited() && decision !== "edit") {
      gallery.say(t("Save the edit, or drop it, before you decide otherwise."));
      return;
    }
    const [was, place] = [row, gallery.grid.place(row)];
    if (!(await gallery.decide([row], decision, edit))) return;
    editor = null;
    const follower = gallery.advances() ? gallery.grid.undecided(was) ?? gallery.grid.rows[place] : null;
    if (row === was && follower && follower !== was) go(0, follower);
    else if (row === was) draw();
  }

  function skip() {
    const follower = gallery.grid.undecided(row);
    if (follower) go(0, follower);
    else gallery.say(t("Every other layout that is shown is decided."));
  }

  function drop() {
    gallery.drafts.put(row, { elements: null, style: null, styled: null });
    editor = null;
    draw();
  }

  // Whether what the editor has is another than what was decided, in its boxes or its style.
  const isEdited = () => Boolean(editor && (editor.isChanged || gallery.drafts.of(row).style != null));

  // The layout in another house style; a decision that has that one already is gone on with.
  async function dress(style, styled) {
    const loss = t("In another style all is set anew: what you moved and wrote is dropped.");
    if (editor.isChanged && !(await gallery.ask(loss, t("Set anew"), t("Keep the edit")))) {
      keepEdit();
      editor = null;
      return startEdit();
    }
    const decided = gallery.decisions.of(row)?.style ?? details.style;
    gallery.drafts.put(row, { elements: null, ...(style === decided ? { style: null, styled: null } : { style, styled }) });
    editor = null;
    return startEdit();
  }

  // What the editor has is kept when the editor is left, however that comes.
  function keepEdit() {
    if (!editor) return;
    gallery.drafts.put(row, { elements: editor.isChanged ? editor.elements() : null });
    markScores(!editor.isMachines || Boolean(gallery.styling.current(row)?.styled));
  }

  // What was measured of the machine's layout says nothing of another.
  function markScores(isEdited) {
    dialog.querySelectorAll("[data-measured]").forEach((term) => { term.textContent = t(term.dataset.measured) + (isEdited ? ` ${t("(before the edit)")}` : ""); });
  }

  function startEdit() {
    if (editor || row.failed || !row.preview || !details?.elements.length) return;
    if (!gallery.named()) return;
    const edit = gallery.styling.current(row);
    const isRestyled = gallery.drafts.of(row).style != null;
    editor = gallery.editing.open({
      pane: dialog.querySelector(".panes figure:last-child"), shelf: by("tools"), row, details: gallery.styling.dressed(details, edit),
      edited: isRestyled ? null : edit?.elements, drafted: gallery.drafts.of(row).elements, inStyle: edit?.styled ? edit : {},
      styles: gallery.styling.open(row, details, edit?.style, dress), isEdited,
      acts: { save, leave, drop, instruct }, onchange: keepEdit,
    });
    dialog.querySelector(".draft")?.remove();
    editor.focus();
  }

  // An edit that comes to the machine's own layout adopts it.
  async function save() {
    if (!isEdited()) return gallery.say(t("Nothing was changed; adopt the layout as it is, or leave the edit."));
    const { style, styled } = gallery.styling.current(row) ?? {};
    if (!editor.isMachines || styled) return said("edit", { elements: editor.elements(), ...(styled ? { style, styled } : {}) });
    gallery.drafts.put(row, { elements: null, style: null, styled: null });
    editor = null;
    gallery.say(t("This is the machine's own layout: adopted."));
    return said("adopt");
  }

  // Send the layout back with words on what is to change, for `jobs.refine`.
  function instruct(words) {
    if (isEdited()) return gallery.say(t("Save the edit, or drop it, before you decide otherwise."));
    return said("reject", { instruction: words });
  }

  function leave() {
    keepEdit();
    editor = null;
    draw();
  }

  // A file to save: its name says row and format, since its own is a number.
  function download(file) {
    const name = `${(row.row_id ?? "layout").replace(/[^\p{L}\p{N}@._-]+/gu, "_")}.${file.href.split(".").pop()}`;
    const size = file.bytes < 1e6 ? `${Math.ceil(file.bytes / 1000)} kB` : `${(file.bytes / 1e6).toFixed(1)} MB`;
    return make("li", {}, make("a", { href: file.href, download: name, target: "_blank", rel: "noopener" }, file.format.toUpperCase()), ` ${size}`);
  }

  function facts() {
    const measured = ["score", "contrast", "subject covered", "smallest font"];
    const lines = [
      ["row", row.row_id], ["canvas", row.canvas], ["application", row.application], ["category", row.category],
      ["status", t(row.status)], ["reason", row.kind], ["score", row.score], ["contrast", row.contrast],
      ["subject covered", row.covered == null ? null : `${(100 * row.covered).toFixed(1)}%`],
      ["smallest font", row.smallest ? `${row.smallest} px` : null], ["composer", row.composer], ["adapter", details.adapter],
      ["style", details.style], ["ground", details.ground],
      ["image", details.image], ["run", row.runId], ["preview", details.fault],
    ].filter(([, value]) => value != null && value !== "");
    const list = (title, items) => (items.length ? [make("h3", {}, t(title)), make("ul", {}, items.map((item) => make("li", {}, item)))] : []);
    return make("section", { class: "facts" },
      make("dl", {}, lines.flatMap(([name, value]) => [make("dt", { "data-measured": measured.includes(name) ? name : null }, t(name)), make("dd", {}, String(value))])),
      details.files.length ? [make("h3", {}, t("files")), make("ul", { class: "files" }, details.files.map(download))] : [],
      list("notes", [...details.reasons, ...details.notes]),
      list("elements", details.elements.map((one) => `${t(one.role)}${one.text ? ` · ${one.text}` : ""}${one.font_px ? ` · ${one.font_px} px` : ""}`)));
  }

  function go(step, wanted = null) {
    const next = wanted ? gallery.grid.neighbour(wanted, 0) : gallery.grid.neighbour(row, step);
    if (next) open(next, views);
  }

  function close() {
    keepEdit();
    editor = null;
    dialog.close();
    gallery.addressOf(null);
    gallery.grid.renew(row);
    gallery.grid.focus(row);
  }

  function press(event) {
    const inField = event.target.closest("input:not([type=checkbox]), textarea");
    const ctrl = event.ctrlKey || event.metaKey;
    const key = gallery.keyOf(event);
    if (event.isComposing && inField) return;
    if (key === "Escape" && inField) dialog.querySelector(".panes").focus();
    else if (key === "Escape") editor ? leave() : close();
    else if (ctrl && editor && !inField && (key === "z" || key === "y")) {
      key === "y" || event.shiftKey ? editor.redo() : editor.undo();
    } else if (inField || ctrl || event.altKey) return;
    else if (key === "Enter" && editor && !event.target.closest("button")) save();
    else if (/^[1-9]$/.test(key)) toggle(Number(key) - 1);
    else if (editor && editor.press(event, key)) { /* done */ }
    else if (key === "a" || key === "r") said(key === "a" ? "adopt" : "reject");
    else if (editor && key.startsWith("Arrow")) editor.focus();
    else if (key === "n") skip();
    else if (key === "q") { gallery.mark(row); if (!editor) draw(); }
    else if (key === "e") editor ? editor.focus() : startEdit();
    else if (!editor && key === "ArrowLeft") go(-1);
    else if (!editor && key === "ArrowRight") go(1);
    else if (!gallery.press(key)) return;
    event.preventDefault();
    event.stopPropagation();
  }
  // Wherever the focus is: where what had it is gone, keys come to the page's body.
  document.addEventListener("keydown", (event) => {
    if (dialog.open && (dialog.contains(event.target) || event.target === document.body) && !gallery.by("question").open && !gallery.by("keys").open) press(event);
  });
  dialog.addEventListener("cancel", (event) => { if (editor) event.preventDefault(); });
  addEventListener("pagehide", keepEdit);

  return {
    open, warn,
    show: (wanted) => open(wanted, views),
    look: (how) => { views = how; if (dialog.open && details && !editor) draw(); },
    redraw: () => { if (dialog.open && details && !editor) draw(); },
  };
})();
