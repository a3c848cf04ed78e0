"use strict";
// Editing a layout's elements by mouse and keyboard, with undo. One editor lives as long as one edit.
gallery.editor = (() => {
  const { make, boxes, guides, lettering, t } = gallery;
  const GRIPS = ["left top", "top", "right top", "right", "right bottom", "bottom", "left bottom", "left"];
  const STEP = 8; // px of the canvas that an arrow key moves by; 1 with Ctrl or Alt
  const NEAR = 7; // px of the screen within which boxes snap
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  // What an element may have otherwise than the row's own; it has these names only where they differ.
  const CHANGES = ["lines", "alignment", "colour", "font"];
  const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  // Elements of a row, or those of an earlier edit of it, as they are edited: boxes in px.
  function begun(row, details, edited) {
    const from = edited ?? details.elements.map((one, was) => ({ role: one.role, text: one.text, box: one.box, was }));
    return from.filter((one) => one.box).map((one) => {
      const original = details.elements[one.was];
      const kept = CHANGES.filter((name) => one[name] != null && !isSame(one[name], original?.[name]));
      return {
        role: one.role, text: one.text ?? "", was: original ? one.was : null, underlay: original?.underlay ?? null,
        ...Object.fromEntries(kept.map((name) => [name, one[name]])),
        box: one.box.map((side, i) => side * (i % 2 ? row.height : row.width)),
      };
    });
  }

  // `stage` scrolls, `frame` in it is the picture's frame, showing the ground; `onchange` is called after each change of
  // the elements or of the choice. `edited` are the elements of an edit that was saved, `drafted` of one that was not;
  // `canvas` has size, margin and zones, in px.
  function open({ stage, frame, row, details, canvas, edited, drafted = null, onchange }) {
    const { size } = canvas;
    const machine = begun(row, details, null);
    const first = edited ? begun(row, details, edited) : machine;
    let elements = drafted ? begun(row, details, drafted) : first;
    let past = drafted ? [first] : [];
    let future = [];
    let chosen = []; // indices, the last the one that numbers and texts are of
    let snapping = true;
    const layer = make("div", { class: "handles" });
    frame.append(layer);
    frame.classList.add("editing");
    gallery.selection.open({ stage, frame, layer, size, boxes: () => elements.map((one) => one.box), choose, done: () => { if (chosen.length) focus(chosen.at(-1)); } });

    const original = (one) => details.elements[one.was];
    const normal = (some = elements) => some.map(({ underlay, ...one }) => ({
      ...one, box: one.box.map((side, i) => Number((side / size[i % 2]).toFixed(5))),
      ...(lettering.isReset(one, original(one)) ? { font_px: Math.round(lettering.px(one, original(one), size)) } : {}),
    }));
    const share = (box) => box.map((side, i) => side / size[i % 2]);
    const isEqual = (a, b) => isSame(normal(a), normal(b));

    function draw() {
      frame.querySelector(".live")?.remove();
      frame.firstElementChild.after(gallery.pictures.live(row, details, normal()));
      const kinds = elements.map((one) => `${one.role} ${one.was}`).join();
      if (layer.dataset.kinds !== kinds) build(kinds);
      elements.forEach((one, i) => {
        const node = layer.children[i];
        gallery.pictures.at(node, share(one.box));
        const [left, top, right, bottom] = one.box.map(Math.round);
        node.setAttribute("aria-label", t("{role} {text}, {width} by {height} px at {left}, {top}", {
          role: t(one.role), text: one.text, width: right - left, height: bottom - top, left, top,
        }));
        node.classList.toggle("chosen", chosen.includes(i));
        node.classList.toggle("main", chosen.length === 1 && chosen[0] === i);
        gallery.pictures.label(node, share(one.box));
      });
      onchange();
    }

    function build(kinds) {
      layer.dataset.kinds = kinds;
      layer.replaceChildren(...elements.map((one, i) => make("div", {
        class: "handle", tabindex: "0", role: "group", "aria-roledescription": t("movable box"), "data-role": one.role,
        onfocus: () => { if (!chosen.includes(i)) choose([i]); },
        onkeydown: (event) => press(event, i), onpointerdown: (event) => grasp(event, i),
      }, make("b", {}, t(one.role)), GRIPS.map((edges) => make("span", { class: "grip", "data-edges": edges })))));
    }

    // `again` joins the change to the one before it, as the repeats of a held key are, and what is typed.
    function commit(next, again = false) {
      if (isSame(next, elements)) return;
      if (!again || !past.length) past.push(elements);
      future = [];
      elements = next;
      draw();
    }

    function choose(next) {
      if (isSame(next, chosen)) return;
      chosen = next;
      draw();
    }

    function focus(i) {
      const node = layer.children[i] ?? layer.querySelector(".handle:not([data-role=underlay])") ?? layer.firstElementChild;
      const at = [...layer.children].indexOf(node);
      if (at >= 0 && !chosen.includes(at)) choose([at]);
      node?.focus({ preventScroll: true });
    }

    function grasp(event, i) {
      if (event.button !== 0 || stage.classList.contains("panning")) return;
      event.preventDefault();
      event.stopPropagation();
      const edges = event.target.dataset.edges ?? "";
      if (event.shiftKey && !edges) {
        choose(chosen.includes(i) ? chosen.filter((k) => k !== i) : [...chosen, i]);
        if (chosen.includes(i)) focus(i);
        return;
      }
      const wasChosen = chosen.includes(i);
      if (!wasChosen || edges) choose([i]);
      focus(i);
      const node = layer.children[i];
      const before = elements;
      const [x, y] = [event.clientX, event.clientY];
      let hasMoved = false;
      node.setPointerCapture(event.pointerId);
      const drag = (moved) => {
        hasMoved = true;
        const perPx = size[0] / frame.getBoundingClientRect().width;
        const by = [Math.round((moved.clientX - x) * perPx), Math.round((moved.clientY - y) * perPx)];
        const main = [i, ...chosen.filter((k) => k !== i)];
        const members = edges ? [i] : boxes.group(before, main, moved.altKey);
        const change = ([dx, dy]) => (edges
          ? boxes.resize(before, i, edges, dx, dy, size, moved.shiftKey) : boxes.move(before, members, dx, dy, size));
        elements = change(by);
        let holding = [[], []];
        if (snapping && !moved.ctrlKey && !moved.metaKey && !(edges && moved.shiftKey)) {
          const snapped = guides.snap(elements, members, edges, NEAR * perPx, canvas);
          elements = change(by.map((value, axis) => value + snapped.shift[axis]));
          holding = snapped.holding;
        }
        draw();
        guides.draw(frame, holding, elements[i].box, size);
      };
      const drop = () => {
        node.removeEventListener("pointermove", drag);
        guides.draw(frame, [[], []], null, size);
        const after = elements;
        elements = before;
        if (!hasMoved && wasChosen && !edges) choose([i]);
        commit(after);
      };
      node.addEventListener("pointermove", drag);
      node.addEventListener("lostpointercapture", drop, { once: true });
    }

    function press(event, i) {
      const way = KEYS[event.key];
      const ctrl = event.ctrlKey || event.metaKey;
      if (way) {
        const step = event.altKey || ctrl ? 1 : STEP;
        const [dx, dy] = [way[0] * step, way[1] * step];
        commit(event.shiftKey ? boxes.resize(elements, i, "right bottom", dx, dy, size)
          : boxes.move(elements, boxes.group(elements, chosen, event.altKey), dx, dy, size), event.repeat);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        remove();
      } else if (ctrl && gallery.keyOf(event) === "a") {
        choose(elements.map((_, k) => k));
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    }

    function remove() {
      const left = elements.filter((_, k) => !chosen.includes(k));
      if (!chosen.length) return;
      if (!left.length) {
        gallery.say(t("An edit leaves one element at least; reject the layout instead."));
        return;
      }
      const at = Math.min(...chosen);
      chosen = [];
      commit(left);
      focus(Math.min(at, elements.length - 1));
    }

    function add(one) {
      chosen = [elements.length];
      commit([...elements, one]);
      focus(elements.length - 1);
    }

    function step(from, to) {
      if (!from.length) return;
      to.push(elements);
      elements = from.pop();
      chosen = chosen.filter((k) => k < elements.length);
      const hadFocus = layer.contains(document.activeElement);
      draw();
      if (hadFocus && !layer.contains(document.activeElement)) focus(chosen[0] ?? 0);
    }

    // Another text, other lines, alignment, colour or font for the one that is chosen.
    function change(patch, again = false) {
      if (chosen.length !== 1) return;
      const one = elements[chosen[0]];
      const before = original(one);
      const next = { ...one, ...patch };
      CHANGES.filter((name) => next[name] == null || isSame(next[name], before?.[name])).forEach((name) => delete next[name]);
      commit("text" in patch || "font" in patch ? fitted(chosen[0], next) : elements.map((other, k) => (k === chosen[0] ? next : other)), again);
    }

    // A text with other words keeps its font size: its box, and its own underlay with it, becomes as large as it needs.
    function fitted(i, next) {
      const [one, before] = [elements[i], original(next)];
      const fontPx = lettering.px(one, before, size);
      const lines = lettering.linesOf(next, before);
      if (!fontPx || !lines.length) return elements.map((other, k) => (k === i ? next : other));
      const isMachines = before && !lettering.isReset(next, before);
      const [width, height] = isMachines
        ? [0, 1].map((axis) => ((before.box[axis + 2] - before.box[axis]) * size[axis] * fontPx) / before.font_px)
        : lettering.room(lines, fontPx, next, before);
      const [left, top, right] = one.box;
      const across = Math.min(width, size[0] - 2 * canvas.margin);
      const wanted = { left, center: (left + right - across) / 2, right: right - across }[lettering.alignmentOf(next, before)] ?? left;
      const x = Math.max(0, Math.min(wanted, size[0] - across));
      const box = boxes.inside([x, top, x + across, top + height], size);
      const under = boxes.own(elements, i);
      return elements.map((other, k) => {
        if (k === i) return { ...next, box };
        return k === under ? { ...other, box: boxes.inside(other.box.map((side, s) => side + box[s] - one.box[s]), size) } : other;
      });
    }

    draw();
    return {
      undo: () => step(past, future),
      redo: () => step(future, past),
      reset: () => { chosen = []; commit(machine); },
      // The elements of an edit in the place of these, as one step.
      replace: (edited) => { chosen = []; commit(begun(row, details, edited)); },
      remove, add, change, focus: () => focus(chosen.at(-1)), choose,
      set: (box) => { if (chosen.length === 1) commit(boxes.set(elements, chosen[0], box, size)); },
      align: (way) => commit(boxes.align(elements, chosen, way, size, canvas.margin)),
      distribute: (axis, by) => commit(boxes.distribute(elements, chosen, axis, by, size)),
      elements: () => normal(),
      get placed() { return elements; },
      get machine() { return machine; },
      get chosen() { return chosen; },
      get box() { return chosen.length === 1 ? elements[chosen[0]].box : null; },
      get isChanged() { return !isEqual(elements, first); },
      get isMachines() { return isEqual(elements, machine); },
      get isApproximate() { return elements.some((one) => lettering.isReset(one, original(one))); },
      get canUndo() { return past.length > 0; },
      get canRedo() { return future.length > 0; },
      get snapping() { return snapping; },
      set snapping(on) { snapping = on; },
    };
  }

  return { open };
})();
