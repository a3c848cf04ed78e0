"use strict";
// What a box snaps to while it is dragged: the canvas's edges, margins and middle, safe zones, other boxes, and equal
// spacing with its neighbours. Boxes are in px of the canvas.
gallery.guides = (() => {
  const { boxes, make } = gallery;
  const AXES = [{ low: 0, high: 2, side: 0 }, { low: 1, high: 3, side: 1 }];

  const holds = (outer, inner) => inner.every((side, i) => (i < 2 ? side >= outer[i] : side <= outer[i]));

  const SAME = 0.5; // px within which places are the same

  // Those of `wanted` that the box comes to by the least shift: each has `shift`, what it would have to move by.
  function nearest(wanted, tolerance) {
    const least = wanted.reduce((best, { shift }) => (Math.abs(shift) < Math.abs(best) ? shift : best), tolerance);
    return Math.abs(least) < tolerance ? wanted.filter(({ shift }) => Math.abs(shift - least) < SAME) : [];
  }

  function lines({ low, high, side }, box, edges, others, { size, margin, zones }) {
    const names = side ? ["top", "bottom"] : ["left", "right"];
    const values = edges ? names.flatMap((name, k) => (edges.includes(name) ? [box[k ? high : low]] : []))
      : [box[low], (box[low] + box[high]) / 2, box[high]];
    const targets = [0, margin, size[side] / 2, size[side] - margin, size[side],
      ...zones.flatMap(({ box: zone }) => [zone[low], zone[high]]),
      ...others.flatMap((other) => [other[low], (other[low] + other[high]) / 2, other[high]])];
    return values.flatMap((value) => targets.map((target) => ({ shift: target - value, line: target })));
  }

  // Places at which a box has the same gap to its neighbours as they have, or as it has on its other side.
  function spaced({ low, high, side }, box, others) {
    const [a, b] = side ? [0, 2] : [1, 3];
    const length = box[high] - box[low];
    const facing = others.filter((other) => other[a] < box[b] && other[b] > box[a]);
    const row = facing.filter((one) => !facing.some((other) => other !== one && holds(other, one))).sort((p, q) => p[low] - q[low]);
    return row.slice(1).flatMap((next, k) => {
      const before = row[k];
      const gap = next[low] - before[high];
      if (gap <= 0) return [];
      const at = (place, gaps) => ({ shift: place - box[low], gaps: gaps.map(([from, to]) => ({ from, to })) });
      const between = (gap - length) / 2;
      return [
        at(next[high] + gap, [[before[high], next[low]], [next[high], next[high] + gap]]),
        at(before[low] - gap - length, [[before[low] - gap, before[low]], [before[high], next[low]]]),
        ...(between > 0 ? [at(before[high] + between, [[before[high], before[high] + between], [next[low] - between, next[low]]])] : []),
      ];
    });
  }

  // The shift [dx, dy] that snaps what is dragged, and for each axis all that it snapped to. `members`
  // are the elements that move, `edges` the sides of the first of them that do, "" for a move.
  function snap(elements, members, edges, tolerance, canvas) {
    const box = edges ? elements[members[0]].box : boxes.union(members.map((k) => elements[k].box));
    const own = edges || members.length < 2 ? [box] : [box, elements[members[0]].box];
    const others = elements.filter((_, k) => !members.includes(k)).map((one) => one.box);
    // Of a panel that all stand on, the edges count as any other's, and it is nobody's neighbour.
    const beside = others.filter((other) => !boxes.overlap(other, box));
    const holding = AXES.map((axis) => nearest([
      ...own.flatMap((one) => lines(axis, one, edges, others, canvas)),
      ...(edges ? [] : spaced(axis, box, beside)),
    ], tolerance));
    return { shift: holding.map(([first]) => first?.shift ?? 0), holding };
  }

  // Draw all that a drag snapped to, by axis; called with [[], []] it clears.
  function draw(frame, holding, box, size) {
    frame.querySelectorAll(".guide, .spacing").forEach((line) => line.remove());
    holding.forEach((guides, axis) => {
      const [across, along] = [size[axis], size[1 - axis]];
      const put = (kind, from, to, place, end) => {
        const sides = axis ? [place, from, end, to].map((side, i) => side / (i % 2 ? across : along))
          : [from, place, to, end].map((side, i) => side / (i % 2 ? along : across));
        gallery.pictures.at(frame.appendChild(make("i", { class: kind, "data-axis": axis ? "y" : "x" })), sides);
      };
      const places = new Set(guides.filter(({ line }) => line != null).map(({ line }) => Math.round(line)));
      places.forEach((line) => put("guide", line, line, 0, along));
      const middle = box && (box[1 - axis] + box[3 - axis]) / 2;
      guides.forEach(({ gaps }) => gaps?.forEach(({ from, to }) => put("spacing", from, to, middle, middle)));
    });
  }

  return { snap, draw };
})();
