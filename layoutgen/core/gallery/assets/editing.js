"use strict";
// The pane and the tools of an edit: the picture to work on, large; what is wrong with the layout as it is; and the
// buttons for what is chosen.
gallery.editing = (() => {
  const { make, warnings, t } = gallery;
  const REST = 350; // ms without a change after which a server draws the layout
  const button = (text, act, attributes = {}) => make("button", { type: "button", onclick: act, ...attributes }, text);
  const shownLayers = { map: true, zones: true }; // for this visit
  let panned = null; // the view that the space bar pans
  addEventListener("keyup", (event) => { if (event.key === " ") panned?.pan(false); });

  // What an edit is held to, in px of the canvas.
  function canvasOf(row, details) {
    const { meta } = gallery.data;
    const size = [row.width, row.height];
    const short = Math.min(...size);
    const zones = [...(meta.zones[row.canvas] ?? []), ...details.zones];
    return {
      size, margin: (meta.margin ?? 0) * short,
      zones: zones.map(({ name, box }) => ({ name, box: box.map((side, i) => side * size[i % 2]) })),
      smallest: (meta.smallest ?? 0.024) * short, contrast: meta.contrast ?? 4.5,
    };
  }

  // Open the editor in a pane of the viewer, with its tools in `shelf`. `acts` has save(), leave(), drop() and instruct().
  function open({ pane, shelf, row, details, edited, drafted, inStyle, styles, isEdited, acts, onchange }) {
    const canvas = canvasOf(row, details);
    const frame = gallery.pictures.frame(row, "final");
    const caption = make("figcaption", {});
    const stage = make("div", { class: "stage" }, frame);
    frame.append(gallery.pictures.image(row, ".ground.jpg", row.title),
      make("div", { class: "layer", "data-layer": "map" }, gallery.pictures.protectedParts(row, details)),
      make("div", { class: "layer", "data-layer": "zones" }, gallery.pictures.zones(row, details)));
    pane.replaceChildren(caption, stage);
    pane.parentElement.classList.add("with-editor");
    let editor = null;
    let pixels = null;
    let isExact = false;
    let [due, resting] = [0, 0];

    const view = gallery.zoom.open(stage, frame, () => update());
    const measured = faults();
    const parts = tools();
    editor = gallery.editor.open({ stage, frame, row, details, canvas, edited, drafted, onchange: changed });
    gallery.grounds.of(row).then((levels) => {
      pixels = levels;
      changed();
    });

    function changed() {
      if (!editor) return;
      onchange();
      const { row_id, runId: run_id } = row;
      gallery.carried.draft(isChanged() ? { row_id, run_id, decision: "edit", elements: editor.elements(), ...inStyle.styled ? { style: inStyle.style, styled: inStyle.styled } : {} } : null);
      redrawn();
      update();
    }

    function update() {
      if (!editor || !frame.isConnected) return;
      parts.forEach((part) => part.update());
      if (!due) due = requestAnimationFrame(measure);
      caption.textContent = [t("edit"), isChanged() ? exactness() : "", view.scale === 1 ? "" : `${Math.round(100 * view.scale)} %`].filter(Boolean).join(" · ");
      gallery.comments.pins(frame, row);
    }

    // Once a picture of the screen, however often boxes move in between.
    function measure() {
      due = 0;
      if (frame.isConnected) measured.update();
    }

    const isChanged = () => editor.isChanged || Boolean(inStyle.styled);
    const exactness = () => (isExact ? t("exact, drawn by the server") : editor.isApproximate || inStyle.styled ? t("approximate: new letters are this browser's") : t("approximate"));

    // A served gallery draws the layout as the job would, once nothing has changed for a while.
    function redrawn() {
      frame.querySelector(".exact")?.remove();
      frame.classList.remove("redrawn");
      isExact = false;
      clearTimeout(resting);
      if (!gallery.server?.draw || !isChanged()) return;
      resting = setTimeout(async () => {
        const elements = editor.elements();
        try {
          const picture = await gallery.server.draw(row, elements, inStyle);
          if (!frame.isConnected || JSON.stringify(elements) !== JSON.stringify(editor.elements())) return;
          const href = URL.createObjectURL(picture);
          const image = make("img", { class: "exact", src: href, alt: "", draggable: "false" });
          await image.decode();
          URL.revokeObjectURL(href);
          if (!frame.isConnected || JSON.stringify(elements) !== JSON.stringify(editor.elements())) return;
          frame.querySelector(".exact")?.remove();
          frame.querySelector(".live").after(image);
          frame.classList.add("redrawn");
          isExact = true;
          update();
        } catch { /* the server is away: what this browser draws stays */ }
      }, REST);
    }

    function tools() {
      const parts = [ends(), measured, styles, gallery.instruction.open(row, inStyle, () => editor, acts.instruct), numbers(), arranging(), gallery.textPanel.open(details, () => editor), commenting(), steps(), missing()];
      shelf.replaceChildren(...parts.map(({ node }) => node).filter(Boolean));
      return parts.filter((part) => part !== measured);
    }

    function numbers() {
      const places = [
        ["left", (value, [, top, right, bottom], left) => [value, top, value + right - left, bottom]],
        ["top", (value, [left, top, right, bottom]) => [left, value, right, value + bottom - top]],
        ["width", (value, [left, top, , bottom]) => [left, top, left + value, bottom]],
        ["height", (value, [left, top, right]) => [left, top, right, top + value]],
      ];
      const fields = places.map(([side, placed]) => make("input", { type: "number", "data-side": side, onchange: (event) => {
        const value = Number(event.target.value);
        if (editor.box && Number.isFinite(value)) editor.set(placed(value, editor.box, editor.box[0]));
        update();
      } }));
      return {
        node: make("div", { class: "row numbers" }, places.map(([side], i) => make("label", {}, t(side), fields[i]))),
        update() {
          const box = editor.box?.map(Math.round);
          const values = box ? [box[0], box[1], box[2] - box[0], box[3] - box[1]] : ["", "", "", ""];
          fields.forEach((field, i) => {
            field.disabled = !box;
            if (field.value !== String(values[i])) field.value = values[i];
          });
        },
      };
    }

    function arranging() {
      const icon = (text, label, act, name) => button(text, act, { title: label, "aria-label": label, class: "icon", "data-arrange": name });
      const aligned = [
        ["⇤", "align left edges", "left"], ["↔", "align middles across", "center"], ["⇥", "align right edges", "right"],
        ["⤒", "align top edges", "top"], ["↕", "align middles down", "middle"], ["⤓", "align bottom edges", "bottom"],
      ].map(([text, label, way]) => icon(text, t(label), () => editor.align(way), way));
      const spread = [
        ["⋯", "equal spacing across", 0, "gap"], ["⋮", "equal spacing down", 1, "gap"],
        ["∙↔∙", "distribute middles across", 0, "middle"], ["∙↕∙", "distribute middles down", 1, "middle"],
      ].map(([text, label, axis, by]) => icon(text, t(label), () => editor.distribute(axis, by), `${by}-${axis ? "y" : "x"}`));
      return {
        node: make("div", { class: "row", role: "group", "aria-label": t("arrange") }, aligned, spread),
        update() {
          aligned.forEach((one) => { one.disabled = !editor.chosen.length; });
          spread.forEach((one) => { one.disabled = editor.chosen.length < 3; });
        },
      };
    }

    function commenting() {
      const field = make("input", { id: "comment", maxlength: 500, placeholder: t("comment on this box"), "aria-label": t("comment on this box") });
      const list = make("div", {});
      const add = () => {
        const one = editor.placed[editor.chosen.at(-1)];
        if (!field.value.trim() || !one) return;
        gallery.comments.add(row, { box: one.box.map((side, i) => side / canvas.size[i % 2]), role: one.role, text: field.value });
        field.value = "";
        shown = "";
        update();
      };
      const put = button(t("Pin"), add, { id: "pin" });
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.stopPropagation();
        add();
      });
      let shown = null;
      return {
        node: make("div", { class: "commenting" }, make("div", { class: "row" }, field, put), list),
        update() {
          [field, put].forEach((one) => { one.disabled = !editor.chosen.length; });
          const now = JSON.stringify(gallery.comments.of(row));
          if (now !== shown) list.replaceChildren(gallery.comments.list(row, update));
          shown = now;
        },
      };
    }

    function steps() {
      const [undo, redo] = [button(t("Undo"), () => editor.undo()), button(t("Redo"), () => editor.redo())];
      const out = button(t("Leave out"), () => editor.remove());
      const snap = make("input", { type: "checkbox", checked: true, onchange: () => { editor.snapping = snap.checked; } });
      const layers = [["map", "protected"], ["zones", "safe zones"]].map(([name, label]) => make("label", {},
        make("input", { type: "checkbox", "data-shown": name, onchange: () => toggle(name) }), ` ${t(label)}`));
      const scale = [["−", "smaller", 1 / gallery.zoom.STEP], ["+", "larger", gallery.zoom.STEP]].map(([text, label, by]) =>
        button(text, () => view.to(view.scale * by), { "aria-label": t(label), title: t(label), class: "icon" }));
      const fit = button(t("Fit"), () => view.to(1), { title: t("the whole width (0)"), id: "fit" });
      return {
        node: make("div", {}, make("div", { class: "row" }, undo, redo, out, button(t("As it was"), () => editor.reset()), scale, fit),
          make("div", { class: "row" }, make("label", {}, snap, ` ${t("snap")}`), layers)),
        update() {
          [undo.disabled, redo.disabled, out.disabled] = [!editor.canUndo, !editor.canRedo, !editor.chosen.length];
          layers.forEach(({ firstChild: box }) => { box.checked = shownLayers[box.dataset.shown]; });
          frame.querySelectorAll("[data-layer]").forEach((layer) => { layer.hidden = !shownLayers[layer.dataset.layer]; });
        },
      };
    }

    function missing() {
      const node = make("div", { class: "row", id: "restore", role: "group", "aria-label": t("left out") });
      let shown = null;
      return {
        node,
        update() {
          const found = gallery.leftOut.of(editor.placed, editor.machine, details);
          const now = JSON.stringify(found);
          node.hidden = !found.length;
          if (now === shown) return;
          shown = now;
          node.replaceChildren(make("span", { class: "quiet" }, t("left out:")), ...found.map((one) =>
            button(t("Restore {role} {text}", { role: t(one.role), text: one.text }), () =>
              editor.add(one.box ? one : gallery.leftOut.placed(one, editor.placed, details, canvas, pixels)))));
        },
      };
    }

    function faults() {
      const list = make("ul", {});
      const node = make("section", { id: "faults", role: "status", "aria-live": "polite", "aria-label": t("warnings") }, list);
      let shown = null;
      return {
        node,
        update() {
          const of = (elements) => warnings.of(elements, details, canvas, pixels);
          const known = new Set(of(editor.machine).map((fault) => warnings.key(fault, editor.machine)));
          const now = of(editor.placed);
          const lines = now.map((fault) => [warnings.words(fault, editor.placed), known.has(warnings.key(fault, editor.placed)), fault]);
          [...frame.querySelectorAll(".handle")].forEach((handle, i) => handle.classList.toggle("warned", now.some(({ at }) => at.includes(i))));
          const text = JSON.stringify(lines);
          if (text === shown) return;
          shown = text;
          list.replaceChildren(...lines.map(([words, isOld, fault]) => make("li", { "data-kind": fault.kind, class: isOld ? "old" : null },
            button(words, () => { editor.choose(fault.at); editor.focus(); }), isOld ? ` ${t("(before the edit, too)")}` : "")));
          node.dataset.state = lines.length ? "faulty" : "fine";
          if (!lines.length) list.replaceChildren(make("li", {}, t("nothing is wrong that can be measured here")));
        },
      };
    }

    function ends() {
      const drop = button(t("Drop"), acts.drop, { id: "drop" });
      return {
        node: make("div", { class: "row" }, button(t("Save edit"), acts.save, { class: "main", id: "save" }), button(t("Leave"), acts.leave), drop),
        update() { drop.hidden = !isEdited(); },
      };
    }

    function toggle(name) {
      shownLayers[name] = !shownLayers[name];
      update();
    }

    // Keys of the editor wherever the focus is in the viewer; tells whether it was one.
    function press(event, key) {
      if (key === " " && !event.target.closest("button, label")) view.pan(true);
      else if (key === "p" || key === "z") toggle(key === "p" ? "map" : "zones");
      else if (key === "c") gallery.by("comment").focus();
      else return view.press(key);
      return true;
    }
    panned = view;

    update();
    return Object.assign(Object.create(editor), { press });
  }

  return { open, canvasOf };
})();
