"use strict";
// The arithmetic of editing: elements in, elements out, nothing drawn. Boxes are [left, top, right, bottom] in px of the
// canvas, and never leave it.
gallery.boxes = (() => {
  const LEAST = 8; // px: a box that can still be seen and grasped
  const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

  // An element, and all that stand on it where it is an underlay: they move together.
  function group(elements, i) {
    const { was, role } = elements[i];
    return elements.flatMap((one, k) => (k === i || (role === "underlay" && one.underlay === was) ? [k] : []));
  }

  function move(elements, i, dx, dy, [width, height]) {
    const members = group(elements, i);
    const boxes = members.map((k) => elements[k].box);
    const [x, y] = [
      clamp(dx, -Math.min(...boxes.map((b) => b[0])), width - Math.max(...boxes.map((b) => b[2]))),
      clamp(dy, -Math.min(...boxes.map((b) => b[1])), height - Math.max(...boxes.map((b) => b[3]))),
    ];
    return elements.map((one, k) => {
      if (!members.includes(k)) return one;
      const [left, top, right, bottom] = one.box;
      return { ...one, box: [left + x, top + y, right + x, bottom + y] };
    });
  }

  // `edges` names the sides that follow, such as "left top".
  function resize(elements, i, edges, dx, dy, size) {
    const [left, top, right, bottom] = elements[i].box;
    return set(elements, i, [
      edges.includes("left") ? Math.min(left + dx, right - LEAST) : left,
      edges.includes("top") ? Math.min(top + dy, bottom - LEAST) : top,
      edges.includes("right") ? Math.max(right + dx, left + LEAST) : right,
      edges.includes("bottom") ? Math.max(bottom + dy, top + LEAST) : bottom,
    ], size);
  }

  function set(elements, i, [l, t, r, b], [width, height]) {
    const left = clamp(l, 0, width - LEAST);
    const top = clamp(t, 0, height - LEAST);
    const box = [left, top, clamp(r, left + LEAST, width), clamp(b, top + LEAST, height)];
    return elements.map((one, k) => (k === i ? { ...one, box } : one));
  }

  // How far to shift `values` (places on one axis) so that one of them lies on a target, and on which: [shift, target].
  function nearest(values, targets, tolerance) {
    let best = [0, null, tolerance];
    for (const value of values) {
      for (const target of targets) {
        const gap = Math.abs(target - value);
        if (gap < best[2]) best = [target - value, target, gap];
      }
    }
    return best;
  }

  // Snap what is being dragged to the canvas's edges, margins and middle and to other boxes. Returns the shift [dx, dy]
  // and the guides [x, y] (null where nothing is near). `edges` is "" for a move.
  function snap(elements, i, edges, tolerance, [width, height], margin) {
    const mine = new Set(group(elements, i));
    const others = elements.filter((_, k) => !mine.has(k)).map((one) => one.box);
    const [left, top, right, bottom] = elements[i].box;
    const axis = (low, high, side, lowName, highName, a, b) => nearest(
      edges ? [...(edges.includes(lowName) ? [low] : []), ...(edges.includes(highName) ? [high] : [])]
        : [low, (low + high) / 2, high],
      [0, margin, side / 2, side - margin, side, ...others.flatMap((box) => [box[a], (box[a] + box[b]) / 2, box[b]])],
      tolerance,
    );
    const [dx, x] = axis(left, right, width, "left", "right", 0, 2);
    const [dy, y] = axis(top, bottom, height, "top", "bottom", 1, 3);
    return { shift: [dx, dy], guides: [x, y] };
  }

  return { move, resize, set, snap };
})();
