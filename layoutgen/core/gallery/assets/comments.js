"use strict";
// Comments on places of a layout: a box, what is said of it, and the role of the element that was meant. They are kept
// as a draft while they are written and go with the decision.
gallery.comments = (() => {
  const { make, t } = gallery;

  const of = (row) => gallery.drafts.of(row).comments ?? gallery.decisions.of(row)?.comments ?? [];

  // A decision that there is gets them at once, as it does a note.
  function put(row, comments) {
    if (gallery.decisions.of(row)) {
      gallery.decisions.remark(row, { comments });
      gallery.drafts.put(row, { comments: null });
    } else gallery.drafts.put(row, { comments });
  }

  const add = (row, { box, role, text }) => put(row, [...of(row), { box: box.map((side) => Number(side.toFixed(5))), text: text.trim(), role }]);

  // Numbered pins over a picture.
  function pins(frame, row) {
    frame.querySelectorAll(".pin").forEach((pin) => pin.remove());
    of(row).forEach(({ box, text }, i) => {
      frame.append(gallery.pictures.at(make("i", { class: "pin", title: text }, make("b", {}, String(i + 1))), box));
    });
  }

  // The comments as a list, each of which can be taken back; `onchange` is called after one was.
  function list(row, onchange) {
    return make("ol", { class: "comments", "aria-label": t("comments") }, of(row).map(({ text, role }, i) => make("li", {},
      role ? `${t(role)}: ${text} ` : `${text} `,
      make("button", { type: "button", "aria-label": t("take comment {number} back", { number: i + 1 }), onclick: () => {
        put(row, of(row).filter((_, k) => k !== i));
        onchange();
      } }, "✕"))));
  }

  return { of, add, pins, list };
})();
