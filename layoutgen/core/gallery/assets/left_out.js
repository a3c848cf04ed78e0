"use strict";
// Copy that has no element: what the machine left out for want of room, and what was taken out in an edit.
gallery.leftOut = (() => {
  const { boxes, lettering } = gallery;
  const CELLS = 12; // places that are tried along each side

  // What can be put back: elements of the machine's (`was`), and texts of the row's copy that it did not place.
  function of(elements, machine, details) {
    const removed = machine.filter((one) => !elements.some(({ was }) => was === one.was));
    const placed = machine.map(({ text }) => text).concat(elements.map(({ text }) => text));
    const copy = (details.copy ?? []).filter(({ role, text }) => (text ? !placed.includes(text) : ![...elements, ...machine].some((one) => one.role === role && !one.text)));
    return [...removed, ...copy.filter(({ role }) => !isReworded(role))];

    // A text that was changed in an edit is no longer there word for word, and is not left out.
    function isReworded(role) {
      const texts = (details.copy ?? []).filter((one) => one.role === role).map(({ text }) => text);
      return elements.filter((one) => one.role === role && one.was == null && !texts.includes(one.text)).length > 0;
    }
  }

  // A text of the copy as an element, where the composer wanted it or where it is in nobody's way. It looks like a text
  // of its role, or like the row's smallest. `canvas` has size, margin, zones and smallest; `pixels` may be null.
  function placed({ role, text }, elements, details, canvas, pixels) {
    const texts = details.elements.filter((one) => one.lines?.length && one.box);
    const like = texts.find((one) => one.role === role) ?? texts.sort((a, b) => a.font_px - b.font_px)[0] ?? null;
    const look = like ? { alignment: like.alignment, colour: like.colour, font: like.font } : {};
    const one = { role, text, was: null, underlay: null, ...look };
    const { size, margin } = canvas;
    const most = [size[0] - 2 * margin, size[1] - 2 * margin];
    const fontPx = Math.max(1.2 * canvas.smallest, like?.font_px ?? 0);
    const [width, height] = (text ? lettering.room([text], fontPx, one, undefined) : [most[0] / 5, most[1] / 10]).map((side, axis) => Math.min(side, most[axis]));
    const wish = details.suggestion.find((other) => other.role === role && other.text === text)?.box.map((side, i) => side * size[i % 2]);
    const corner = wish ?? [margin, size[1] - margin - height];
    const taken = [...elements.map(({ box }) => box), ...canvas.zones.map(({ box }) => box)];
    const subject = details.protected.map(({ box }) => box.map((side, i) => side * size[i % 2]));
    let best = null;
    for (let n = 0; n < CELLS * CELLS; n += 1) {
      const [x, y] = [n % CELLS, Math.floor(n / CELLS)].map((k, axis) => margin + (k / (CELLS - 1)) * (most[axis] - [width, height][axis]));
      const box = [x, y, x + width, y + height];
      const shared = (others) => others.reduce((sum, other) => sum + boxes.overlap(box, other), 0) / (width * height);
      const far = Math.hypot((x - corner[0]) / size[0], (y - corner[1]) / size[1]);
      const cost = 10 * shared(taken) + 2 * shared(subject) + far;
      if (!best || cost < best.cost) best = { cost, box };
    }
    return { ...one, box: boxes.inside(best.box.map(Math.round), size) };
  }

  return { of, placed };
})();
