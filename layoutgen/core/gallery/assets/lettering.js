"use strict";
// Texts as an edit has them: how large their letters are, and, where words, lines or font were changed, letters of this
// browser in place of the font's own. Those are approximate; a served gallery has them drawn exactly.
gallery.lettering = (() => {
  const { make } = gallery;
  const LEADING = 1.28;
  const ASCENT = 0.88; // em from the top of the em box, which is centred in its line, to the baseline
  const pen = make("canvas").getContext("2d");

  const linesOf = (one, original) => one.lines ?? (one.text === (original?.text ?? "") && original?.lines?.length ? original.lines : one.text ? [one.text] : []);
  const isText = (one, original) => linesOf(one, original).length > 0;
  const leadingOf = (original) => (original?.font_px && original.line_height_px ? original.line_height_px / original.font_px : LEADING);
  const isSame = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

  // Whether the letters are others than those of the row's own picture.
  function isReset(one, original) {
    if (!isText(one, original)) return false;
    if (!original) return true;
    const lines = linesOf(one, original);
    return one.text !== (original.text ?? "") || !isSame(lines, original.lines) || Boolean(one.font && one.font !== original.font)
      || (lines.length > 1 && Boolean(one.alignment && one.alignment !== original.alignment));
  }

  const colourOf = (one, original) => one.colour ?? original?.colour ?? "#000000";
  const alignmentOf = (one, original) => one.alignment ?? original?.alignment ?? "left";

  function family(name) {
    const kind = /serif/i.test(name) && !/sans/i.test(name) ? "serif" : /mono/i.test(name) ? "monospace" : "sans-serif";
    const own = name.replace(/-.*$/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
    return `"${own.replace(/["\\]/g, "")}", "Noto Sans", "Noto Sans SC", ${kind}`;
  }
  const weight = (name) => (/black|heavy/i.test(name) ? 900 : /bold/i.test(name) ? 700 : /medium/i.test(name) ? 500 : 400);
  const fontOf = (one, original) => one.font ?? original?.font ?? "";

  // The widest of some lines in em.
  function widest(lines, one, original) {
    const name = fontOf(one, original);
    pen.font = `${weight(name)} 100px ${family(name)}`;
    return Math.max(...lines.map((line) => pen.measureText(line).width + line.length * 100 * (original?.tracking ?? 0))) / 100;
  }

  // The font size of a text in px of the canvas: its letters are as large as its box lets them; 0 for what is none.
  // `size` is the canvas's.
  function px(one, original, size) {
    const lines = linesOf(one, original);
    if (!lines.length) return 0;
    const [width, height] = [one.box[2] - one.box[0], one.box[3] - one.box[1]];
    if (!isReset(one, original)) {
      const [l, t, r, b] = original.box.map((side, i) => side * size[i % 2]);
      return (original.font_px ?? 0) * Math.min(width / (r - l), height / (b - t));
    }
    return Math.max(1, Math.min(height / (lines.length * leadingOf(original)), width / Math.max(0.01, widest(lines, one, original))));
  }

  // The size [width, height] of the box that some lines need at a font size.
  function room(lines, fontPx, one, original) {
    return [Math.ceil(widest(lines, one, original) * fontPx), Math.ceil(lines.length * leadingOf(original) * fontPx)];
  }

  // A text in this browser's letters, as svg; its box in px of the canvas.
  function drawn(one, original, size) {
    const lines = linesOf(one, original);
    const [name, fontPx] = [fontOf(one, original), px(one, original, size)];
    const [left, top, right] = one.box;
    const way = alignmentOf(one, original);
    const x = { left, center: (left + right) / 2, right }[way] ?? left;
    const step = leadingOf(original) * fontPx;
    const looks = {
      "font-size": fontPx, "font-family": family(name), "font-weight": weight(name), fill: colourOf(one, original),
      "text-anchor": { left: "start", center: "middle", right: "end" }[way] ?? "start",
      "letter-spacing": original?.tracking ? original.tracking * fontPx : null,
      "text-decoration": original?.strike ? "line-through" : null,
      ...(original?.stroke_px ? { stroke: original.stroke, "stroke-width": 2 * original.stroke_px, "paint-order": "stroke", "stroke-linejoin": "round" } : {}),
    };
    return make("g", { class: "approximate" }, lines.map((line, i) =>
      make("text", { x, y: top + i * step + (step - fontPx) / 2 + ASCENT * fontPx, ...looks }, line)));
  }

  return { linesOf, isText, isReset, colourOf, alignmentOf, fontOf, px, room, drawn };
})();
