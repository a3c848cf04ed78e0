"use strict";
// The arithmetic of editing: elements in, elements out, nothing drawn. Boxes are [left, top, right, bottom] in px of the
// canvas, and never leave it. Elements are named by their index; `underlay` is the `was` of the one they stand on.
gallery.boxes = (() => {
  const LEAST = 8; // px: a box that can still be seen and grasped
  const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
  const moved = ([left, top, right, bottom], x, y) => [left + x, top + y, right + x, bottom + y];
  const union = (boxes) => [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...boxes.map((box) => box[side])));

  const parent = (elements, i) => (elements[i].underlay == null ? -1
    : elements.findIndex((one, k) => k !== i && one.role === "underlay" && one.was === elements[i].underlay));

  // All that stand on an element, and on those.
  function standing(elements, i, seen = new Set([i])) {
    elements.forEach((_, k) => {
      if (seen.has(k) || parent(elements, k) !== i) return;
      seen.add(k);
      standing(elements, k, seen);
    });
    return seen;
  }

  // The underlay that a text has for itself; -1 where it has none, or shares it.
  function own(elements, i) {
    const under = parent(elements, i);
    return under >= 0 && standing(elements, under).size === 2 ? under : -1;
  }

  // Elements that move as these do: a text takes its own underlay along, an underlay what stands on it; `alone`, none.
  function group(elements, chosen, alone = false) {
    const members = new Set(chosen);
    if (alone) return [...members];
    chosen.forEach((i) => {
      if (elements[i].role === "underlay") standing(elements, i).forEach((k) => members.add(k));
      else if (own(elements, i) >= 0) members.add(own(elements, i));
    });
    return [...members];
  }

  function move(elements, members, dx, dy, [width, height]) {
    if (!members.length) return elements;
    const [left, top, right, bottom] = union(members.map((k) => elements[k].box));
    const [x, y] = [clamp(dx, -left, width - right), clamp(dy, -top, height - bottom)];
    return elements.map((one, k) => (members.includes(k) ? { ...one, box: moved(one.box, x, y) } : one));
  }

  // `edges` names the sides that follow, such as "left top". With `keepsRatio` the other sides follow so that the box
  // keeps its shape.
  function resize(elements, i, edges, dx, dy, size, keepsRatio = false) {
    const [left, top, right, bottom] = elements[i].box;
    const [w, h] = [right - left, bottom - top];
    const [isLeft, isTop] = [edges.includes("left"), edges.includes("top")];
    const [across, down] = [isLeft || edges.includes("right"), isTop || edges.includes("bottom")];
    let width = Math.max(LEAST, w + (isLeft ? -dx : across ? dx : 0));
    let height = Math.max(LEAST, h + (isTop ? -dy : down ? dy : 0));
    if (!keepsRatio) {
      return set(elements, i, [isLeft ? right - width : left, isTop ? bottom - height : top,
        isLeft ? right : left + width, isTop ? bottom : top + height], size);
    }
    const room = (isLow, follows, low, high, side) => (isLow ? high : follows ? side - low : Math.min(low + high, 2 * side - low - high));
    const most = Math.min(room(isLeft, across, left, right, size[0]) / w, room(isTop, down, top, bottom, size[1]) / h);
    const wanted = across && down ? Math.max(width / w, height / h) : across ? width / w : height / h;
    const scale = clamp(wanted, LEAST / Math.min(w, h), most);
    [width, height] = [w * scale, h * scale];
    const x = isLeft ? right - width : across ? left : (left + right - width) / 2;
    const y = isTop ? bottom - height : down ? top : (top + bottom - height) / 2;
    return set(elements, i, [x, y, x + width, y + height], size);
  }

  const inside = ([l, t, r, b], [width, height]) => {
    const [left, top] = [clamp(l, 0, width - LEAST), clamp(t, 0, height - LEAST)];
    return [left, top, clamp(r, left + LEAST, width), clamp(b, top + LEAST, height)];
  };

  const set = (elements, i, box, size) => elements.map((one, k) => (k === i ? { ...one, box: inside(box, size) } : one));

  // What is chosen as things that are moved as wholes: each with its members and the box around them.
  function units(elements, chosen) {
    const whole = [];
    chosen.forEach((i) => {
      const members = new Set(group(elements, [i]));
      for (const unit of whole.filter((other) => [...other].some((k) => members.has(k)))) {
        unit.forEach((k) => members.add(k));
        whole.splice(whole.indexOf(unit), 1);
      }
      whole.push(members);
    });
    return whole.map((members) => ({ members: [...members], box: union([...members].map((k) => elements[k].box)) }));
  }

  const WAYS = { left: [0, 0], center: [0, 0.5], right: [0, 1], top: [1, 0], middle: [1, 0.5], bottom: [1, 1] };

  // Align what is chosen: several things to the box around them all, a single one to the canvas within its margin.
  function align(elements, chosen, way, size, margin) {
    const [axis, share] = WAYS[way];
    const things = units(elements, chosen);
    if (!things.length) return elements;
    const around = things.length > 1 ? union(things.map(({ box }) => box)) : [margin, margin, size[0] - margin, size[1] - margin];
    return things.reduce((now, { members, box }) => {
      const free = around[axis + 2] - around[axis] - (box[axis + 2] - box[axis]);
      const by = Math.round(around[axis] + share * free - box[axis]);
      return move(now, members, axis ? 0 : by, axis ? by : 0, size);
    }, elements);
  }

  // Three things or more, the outer two where they are: their middles at equal distances, or the gaps between them equal.
  function distribute(elements, chosen, axis, by, size) {
    const things = units(elements, chosen).sort((a, b) => a.box[axis] + a.box[axis + 2] - b.box[axis] - b.box[axis + 2]);
    if (things.length < 3) return elements;
    const extent = ({ box }) => box[axis + 2] - box[axis];
    const middle = ({ box }) => (box[axis] + box[axis + 2]) / 2;
    const [first, last] = [things[0], things.at(-1)];
    const gap = (last.box[axis + 2] - first.box[axis] - things.reduce((sum, thing) => sum + extent(thing), 0)) / (things.length - 1);
    let at = first.box[axis];
    return things.reduce((now, thing, n) => {
      const low = by === "gap" ? at : middle(first) + (n * (middle(last) - middle(first))) / (things.length - 1) - extent(thing) / 2;
      at += extent(thing) + gap;
      const shift = n && n < things.length - 1 ? Math.round(low - thing.box[axis]) : 0;
      return move(now, thing.members, axis ? 0 : shift, axis ? shift : 0, size);
    }, elements);
  }

  const overlap = (a, b) => Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));

  return { align, distribute, group, inside, move, overlap, own, parent, resize, set, standing, union };
})();
