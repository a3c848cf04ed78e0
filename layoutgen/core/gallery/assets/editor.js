"use strict";
// Editing a layout's boxes by mouse and keyboard, with undo. One editor lives as long as one edit.
gallery.editor = (() => {
  const { make, t, boxes } = gallery;
  const GRIPS = ["left top", "top", "right top", "right", "right bottom", "bottom", "left bottom", "left"];
  const STEP = 8; // px of the canvas that an arrow key moves by; 1 with Alt
  const NEAR = 7; // px of the screen within which boxes snap
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  // Elements of a row, or those of an earlier edit of it, as they are edited: boxes in px.
  function begun(row, details, edited) {
    const from = edited ?? details.elements.map((one, was) => ({ role: one.role, text: one.text, box: one.box, was }));
    return from.filter((one) => one.box).map((one) => ({
      ...one,
      underlay: details.elements[one.was].underlay,
      box: one.box.map((side, i) => side * (i % 2 ? row.height : row.width)),
    }));
  }

  // `frame` is the picture's frame, showing the ground; `onchange` is called with the chosen box's index after each
  // change of a box or of the choice. `edited` are the elements of an edit that was saved, `drafted` of one that was not.
  function open(frame, row, details, edited, onchange, drafted = null) {
    const size = [row.width, row.height];
    const margin = (gallery.data.meta.margin ?? 0) * Math.min(...size);
    const first = begun(row, details, edited);
    const isSame = (a, b) => JSON.stringify(normal(a)) === JSON.stringify(normal(b));
    let elements = drafted ? begun(row, details, drafted) : first;
    let past = drafted ? [first] : [];
    let future = [];
    let chosen = -1;
    let snapping = true;
    const layer = make("div", { class: "handles" });
    frame.append(layer);
    frame.classList.add("editing");

    const normal = (some = elements) => some.map(({ role, text, box, was }) => ({
      role, text: text ?? "", was, box: box.map((side, i) => Number((side / size[i % 2]).toFixed(5))),
    }));

    function draw() {
      frame.querySelector(".live")?.remove();
      layer.before(gallery.pictures.live(row, details, normal()));
      if (layer.children.length !== elements.length) build();
      elements.forEach((one, i) => {
        const node = layer.children[i];
        gallery.pictures.at(node, one.box.map((side, k) => side / size[k % 2]));
        const [left, top, right, bottom] = one.box.map(Math.round);
        node.setAttribute("aria-label", t("{role} {text}, {width} by {height} px at {left}, {top}", {
          role: t(one.role), text: one.text, width: right - left, height: bottom - top, left, top,
        }));
        node.classList.toggle("chosen", i === chosen);
        gallery.pictures.label(node, one.box.map((side, k) => side / size[k % 2]));
      });
      onchange(chosen);
    }

    function build() {
      layer.replaceChildren(...elements.map((one, i) => make("div", {
        class: "handle", tabindex: "0", role: "group", "aria-roledescription": t("movable box"), "data-role": one.role,
        onfocus: () => choose(i), onkeydown: (event) => press(event, i), onpointerdown: (event) => grasp(event, i),
      }, make("b", {}, t(one.role)), GRIPS.map((edges) => make("span", { class: "grip", "data-edges": edges })))));
    }

    // `again` joins the change to the one before it, as the repeats of a held key are.
    function commit(next, again = false) {
      if (JSON.stringify(next) === JSON.stringify(elements)) return;
      if (!again) past.push(elements);
      future = [];
      elements = next;
      draw();
    }

    function choose(i) {
      if (i === chosen) return;
      chosen = i;
      draw();
    }

    function grasp(event, i) {
      if (event.button !== 0) return;
      event.preventDefault();
      const node = layer.children[i];
      node.focus({ preventScroll: true });
      const edges = event.target.dataset.edges ?? "";
      const before = elements;
      const [x, y] = [event.clientX, event.clientY];
      node.setPointerCapture(event.pointerId);
      const drag = (moved) => {
        const perPx = size[0] / frame.getBoundingClientRect().width;
        const by = [Math.round((moved.clientX - x) * perPx), Math.round((moved.clientY - y) * perPx)];
        const change = ([dx, dy]) => (edges
          ? boxes.resize(before, i, edges, dx, dy, size) : boxes.move(before, i, dx, dy, size));
        elements = change(by);
        let guides = [null, null];
        if (snapping && !moved.altKey) {
          const found = boxes.snap(elements, i, edges, NEAR * perPx, size, margin);
          elements = change([by[0] + found.shift[0], by[1] + found.shift[1]]);
          guides = found.guides;
        }
        draw();
        guide(guides);
      };
      const drop = () => {
        node.removeEventListener("pointermove", drag);
        guide([null, null]);
        const after = elements;
        elements = before;
        commit(after);
      };
      node.addEventListener("pointermove", drag);
      node.addEventListener("lostpointercapture", drop, { once: true });
    }

    function guide([x, y]) {
      frame.querySelectorAll(".guide").forEach((line) => line.remove());
      if (x !== null) gallery.pictures.at(frame.appendChild(make("i", { class: "guide" })), [x / size[0], 0, x / size[0], 1]);
      if (y !== null) gallery.pictures.at(frame.appendChild(make("i", { class: "guide" })), [0, y / size[1], 1, y / size[1]]);
    }

    function press(event, i) {
      const way = KEYS[event.key];
      if (way && !event.ctrlKey && !event.metaKey) {
        const step = event.altKey ? 1 : STEP;
        const [dx, dy] = [way[0] * step, way[1] * step];
        commit(event.shiftKey
          ? boxes.resize(elements, i, "right bottom", dx, dy, size) : boxes.move(elements, i, dx, dy, size), event.repeat);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        remove(i);
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    }

    function remove(i) {
      if (elements.length < 2) return;
      chosen = -1;
      commit(elements.filter((_, k) => k !== i));
      layer.children[Math.min(i, elements.length - 1)].focus();
    }

    function step(from, to) {
      if (!from.length) return;
      to.push(elements);
      elements = from.pop();
      chosen = Math.min(chosen, elements.length - 1);
      const hadFocus = layer.contains(document.activeElement);
      draw();
      if (hadFocus && !layer.contains(document.activeElement)) layer.children[Math.max(chosen, 0)].focus();
    }

    draw();
    return {
      undo: () => step(past, future),
      redo: () => step(future, past),
      reset: () => commit(begun(row, details, null)),
      remove: () => { if (chosen >= 0) remove(chosen); },
      set: (box) => { if (chosen >= 0) commit(boxes.set(elements, chosen, box, size)); },
      focus: () => (layer.children[chosen] ?? layer.querySelector(".handle:not([data-role=underlay])") ?? layer.firstElementChild)?.focus(),
      elements: () => normal(),
      get box() { return chosen < 0 ? null : elements[chosen].box; },
      get isChanged() { return !isSame(elements, first); },
      get isMachines() { return isSame(elements, begun(row, details, null)); },
      get canUndo() { return past.length > 0; },
      get canRedo() { return future.length > 0; },
      get snapping() { return snapping; },
      set snapping(on) { snapping = on; },
    };
  }

  return { open };
})();
