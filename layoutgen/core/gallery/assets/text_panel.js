"use strict";
// The words, line breaks, alignment, colour and font of the text that is chosen in the editor.
gallery.textPanel = (() => {
  const { make, lettering, t } = gallery;
  const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/;
  const ALIGNMENTS = [["left", "left"], ["center", "middle"], ["right", "right"]];
  const bare = (text) => text.replace(/\s+/gu, "");

  // Lines as one text: a space between them where both sides are of a script that has spaces.
  const joined = (lines) => lines.reduce((text, line) =>
    (text && line ? `${text}${WIDE.test(text.at(-1)) || WIDE.test(line[0]) ? "" : " "}${line}` : text + line), "");

  // Colours and fonts that a text may have: those of the row's brand where it has any, else those of its layout.
  function allowed(details) {
    const isColour = (colour) => /^#[0-9a-f]{6}$/i.test(colour ?? "");
    const own = details.elements.flatMap((one) => [one.colour, one.gradient]);
    const colours = details.palette?.length ? details.palette : [...own, "#ffffff", "#1c1c1e"];
    return {
      colours: [...new Set(colours.filter(isColour).map((colour) => colour.toLowerCase()))].slice(0, 14),
      fonts: [...new Set(details.elements.map((one) => one.font).filter(Boolean))],
      isFree: !details.palette?.length,
    };
  }

  // The panel, and `update`, to be called after each change of `editor`, which `of` gives.
  function open(details, of) {
    const { colours, fonts, isFree } = allowed(details);
    const words = make("textarea", { id: "words", rows: 2, "aria-label": t("text, a line a line") });
    let isTyping = false;
    words.addEventListener("input", () => {
      const lines = words.value.split("\n").map((line) => line.trim()).filter(Boolean);
      if (!lines.length) return;
      const one = current();
      const known = [one.text, details.elements[one.was]?.text ?? ""].find((text) => bare(text) === bare(lines.join("")));
      const again = isTyping;
      isTyping = true;
      of().change({ text: known ?? joined(lines), lines }, again);
    });
    words.addEventListener("blur", () => { isTyping = false; update(); });
    const alignments = ALIGNMENTS.map(([way, label]) => make("button", {
      type: "button", "data-alignment": way, onclick: () => of().change({ alignment: way }),
    }, t(label)));
    const swatch = (colour) => make("button", {
      type: "button", class: "swatch", style: `background: ${colour}`, "data-colour": colour, title: colour, "aria-label": t("colour {colour}", { colour }),
      onclick: () => of().change({ colour }),
    });
    const swatches = colours.map(swatch);
    const free = isFree ? make("input", { type: "color", "aria-label": t("another colour"), onchange: () => of().change({ colour: free.value }) }) : null;
    const font = make("select", { "aria-label": t("font"), onchange: () => of().change({ font: font.value }) }, fonts.map((name) => make("option", {}, name)));
    const node = make("fieldset", { class: "text" }, make("legend", {}, t("text")), words,
      make("div", { class: "row", role: "group", "aria-label": t("alignment of the lines") }, alignments, fonts.length > 1 ? font : null),
      make("div", { class: "row", role: "group", "aria-label": t("colour") }, swatches, free));

    function current() {
      const editor = of();
      return editor.chosen.length === 1 ? editor.placed[editor.chosen[0]] : null;
    }

    function update() {
      const one = current();
      const original = one && details.elements[one.was];
      node.hidden = !one || !lettering.isText(one, original);
      if (node.hidden) return;
      const lines = lettering.linesOf(one, original);
      if (!isTyping || document.activeElement !== words) {
        words.value = lines.join("\n");
        words.rows = Math.min(6, Math.max(2, lines.length));
      }
      const [way, colour] = [lettering.alignmentOf(one, original), lettering.colourOf(one, original).toLowerCase()];
      alignments.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.alignment === way)));
      swatches.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.colour === colour)));
      if (free && /^#[0-9a-f]{6}$/.test(colour)) free.value = colour;
      font.value = lettering.fontOf(one, original);
    }

    return { node, update };
  }

  return { open, joined };
})();
