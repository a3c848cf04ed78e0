"use strict";
// What is wrong with a layout as it is being edited, measured on its boxes and on the pixels behind them.
gallery.warnings = (() => {
  const { boxes, lettering, t } = gallery;
  const SLACK = 0.5; // px of the canvas
  const SUBJECT = 0.02; // share of the subject that an element may cover
  const SUBJECT_BOX = 0.1; // the same of the subject's box, where there is no map
  const OPEN = ["line", "quote"]; // underlays beside their text
  const LABELS = {
    outside: "outside the margin", zone: "in a safe zone", overlap: "overlaps", off_underlay: "not wholly on its underlay",
    subject: "on the subject", face: "on a face", small: "text too small", contrast: "too little contrast",
  };

  const linear = Float64Array.from({ length: 256 }, (_, level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = (r, g, b) => 0.2126 * linear[r] + 0.7152 * linear[g] + 0.0722 * linear[b];
  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  // The cells of pixels that a box in px of the canvas covers: [first column, first row, end, end].
  function cells([left, top, right, bottom], { width, height }, size) {
    const [x, y] = [width / size[0], height / size[1]];
    const first = [Math.max(0, Math.min(width - 1, Math.floor(left * x))), Math.max(0, Math.min(height - 1, Math.floor(top * y)))];
    return [...first, Math.min(width, Math.max(first[0] + 1, Math.ceil(right * x))), Math.min(height, Math.max(first[1] + 1, Math.ceil(bottom * y)))];
  }

  // The colour of an underlay at a pixel of the canvas; gradients run as the underlay's own did, stretched with its box.
  function fill(one, original, size) {
    const from = rgb(original.colour ?? "#000000");
    if (!original.gradient || !original.gradient_line) return () => from;
    const to = rgb(original.gradient);
    const was = original.box.map((side, i) => side * size[i % 2]);
    const placed = original.gradient_line.map((value, i) => {
      const axis = i % 2;
      return one.box[axis] + ((value - was[axis]) / (was[axis + 2] - was[axis])) * (one.box[axis + 2] - one.box[axis]);
    });
    const [dx, dy] = [placed[2] - placed[0], placed[3] - placed[1]];
    const length = Math.max(1e-6, dx * dx + dy * dy);
    return (x, y) => {
      const share = Math.min(1, Math.max(0, ((x - placed[0]) * dx + (y - placed[1]) * dy) / length));
      return from.map((level, i) => Math.round(level + (to[i] - level) * share));
    };
  }

  // The WCAG contrast ratio of a text with the pixels behind it, underlays blended in: the 5th percentile.
  function contrast(elements, i, originals, ground, size) {
    const z = (k) => originals[k]?.z ?? 9; // what was put back lies on top
    const below = elements.flatMap((one, k) => (one.role === "underlay" && z(k) < z(i) && !OPEN.includes(originals[k]?.shape) ? [k] : []))
      .sort((a, b) => z(a) - z(b))
      .map((k) => ({ box: elements[k].box, opacity: originals[k]?.opacity ?? 1, at: fill(elements[k], originals[k] ?? {}, size) }));
    const ink = luminance(...rgb(lettering.colourOf(elements[i], originals[i])));
    const [left, top, right, bottom] = cells(elements[i].box, ground, size);
    const ratios = [];
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        const [x, y] = [((column + 0.5) * size[0]) / ground.width, ((row + 0.5) * size[1]) / ground.height];
        const at = 4 * (row * ground.width + column);
        let under = [ground.data[at], ground.data[at + 1], ground.data[at + 2]];
        for (const { box, opacity, at: colourAt } of below) {
          if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
          const over = colourAt(x, y);
          under = under.map((level, c) => Math.round(level * (1 - opacity) + over[c] * opacity));
        }
        const behind = luminance(...under);
        ratios.push((Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05));
      }
    }
    ratios.sort((a, b) => a - b);
    const place = 0.05 * (ratios.length - 1);
    const low = Math.floor(place);
    return ratios[low] + (ratios[Math.min(low + 1, ratios.length - 1)] - ratios[low]) * (place - low);
  }

  // The share of the subject's map that lies in a box; null without a map, or where nothing is in it.
  function covered(box, map, size) {
    if (!map) return null;
    const [left, top, right, bottom] = cells(box, map, size);
    map.sum ??= map.data.reduce((sum, value, at) => (at % 4 === 3 ? sum + value : sum), 0);
    let sum = 0;
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) sum += map.data[4 * (row * map.width + column) + 3];
    }
    return map.sum ? sum / map.sum : null;
  }

  const holds = (outer, inner) => inner.every((side, i) => (i < 2 ? side >= outer[i] - SLACK : side <= outer[i] + SLACK));
  const meets = (a, b) => Math.min(a[2], b[2]) - Math.max(a[0], b[0]) > SLACK && Math.min(a[3], b[3]) - Math.max(a[1], b[1]) > SLACK;

  // What is wrong, worst kinds of things first as `LABELS` has them: `kind`, `at` (indices of elements) and `value`, as
  // it is said. `canvas` has size, margin, zones, smallest (px), contrast; `pixels` is what `grounds` gives, or null.
  function of(elements, details, canvas, pixels) {
    const { size, margin } = canvas;
    const originals = elements.map((one) => details.elements[one.was]);
    const faults = [];
    const fault = (kind, at, value = "") => faults.push({ kind, at, value });
    const isOpen = (k) => OPEN.includes(originals[k]?.shape);
    const above = (i, k) => boxes.standing(elements, i).has(k);
    const onUnderlay = (i) => {
      const under = boxes.parent(elements, i);
      return under >= 0 && !isOpen(under) && holds(elements[under].box, elements[i].box);
    };
    const held = (a, b) => elements[a].role === "underlay" && holds(elements[a].box, elements[b].box);
    const overlaps = (a, b) => !(a === b || isOpen(a) || isOpen(b) || above(a, b) || above(b, a) || held(a, b) || held(b, a))
      && meets(elements[a].box, elements[b].box);
    const marked = details.protected.map((one) => ({ ...one, box: one.box.map((side, i) => side * size[i % 2]) }));
    const safe = [margin, margin, size[0] - margin, size[1] - margin];
    elements.forEach((one, i) => {
      const isUnderlay = one.role === "underlay";
      const under = boxes.parent(elements, i);
      if (!isUnderlay && !holds(safe, one.box)) fault("outside", [i]);
      canvas.zones.filter((zone) => !isUnderlay && meets(one.box, zone.box)).forEach((zone) => fault("zone", [i], zone.name));
      for (let k = i + 1; k < elements.length; k += 1) {
        // Where a text's underlay is in the way, that says it.
        const isSaid = [[i, k], [k, i]].some(([a, b]) => onUnderlay(a) && overlaps(boxes.parent(elements, a), b));
        if (overlaps(i, k) && !isSaid) fault("overlap", [i, k]);
      }
      if (under >= 0 && !isOpen(under) && meets(one.box, elements[under].box) && !holds(elements[under].box, one.box)) fault("off_underlay", [i]);
      if (!isOpen(i) && !onUnderlay(i)) subject(one, i);
      if (isUnderlay) return;
      const px = lettering.px(one, originals[i], size);
      if (px && Math.round(px) < canvas.smallest) fault("small", [i], t("{px} px, least {least}", { px: Math.round(px), least: Math.ceil(canvas.smallest) }));
      if (!pixels?.ground || !px) return;
      const ratio = contrast(elements, i, originals, pixels.ground, size);
      if (ratio < canvas.contrast) fault("contrast", [i], t("{ratio} to 1, least {least}", { ratio: ratio.toFixed(1), least: canvas.contrast }));
    });

    function subject(one, i) {
      const share = covered(one.box, pixels?.subject, size);
      const of = (box) => boxes.overlap(one.box, box) / Math.max(1, (box[2] - box[0]) * (box[3] - box[1]));
      const boxed = Math.max(0, ...marked.filter(({ kind }) => kind === "subject").map(({ box }) => of(box)));
      const [value, most] = share === null ? [boxed, SUBJECT_BOX] : [share, SUBJECT];
      if (value > most) fault("subject", [i], t("{share} % of it", { share: Math.round(100 * value) }));
      if (marked.some(({ kind, box }) => kind === "face" && meets(one.box, box))) fault("face", [i]);
    }

    const order = Object.keys(LABELS);
    return faults.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  }

  // A fault's name, the same before and after an edit.
  const key = (fault, elements) => `${fault.kind} ${fault.at.map((i) => elements[i].was ?? elements[i].text)}`;

  const words = (fault, elements) => {
    // An underlay is known by the first text that stands on it.
    const names = fault.at.map((i) => {
      const { text } = elements[[...boxes.standing(elements, i)].find((k) => elements[k].text) ?? i];
      return text ? `${t(elements[i].role)} “${text.slice(0, 24)}”` : t(elements[i].role);
    });
    return `${names.join(" × ")}: ${t(LABELS[fault.kind])}${fault.value ? ` (${fault.value})` : ""}`;
  };

  return { of, key, words, contrast, LABELS };
})();
