"use strict";
// The composer's suggestion and the final layout over each other, with a slider between them; the suggestion's texts are
// drawn as they would be there: by the server where there is one, else out of the final layout's letters.
gallery.slider = (() => {
  const { make, by, t } = gallery;
  let viewed = null; // { row, details, panes }

  const isThere = () => Boolean(viewed && viewed.row.preview && viewed.details.suggestion.length && viewed.details.elements.length);
  const shown = () => document.querySelector("#viewer .slider");

  async function open() {
    const { row, details, panes } = viewed;
    const { elements } = await gallery.imports.withIndices(row, { elements: details.suggestion });
    const here = elements.filter((one) => details.elements[one.was]?.role === one.role);
    if (viewed.panes !== panes) return;
    const frame = gallery.pictures.frame(row, "final slider");
    const edit = gallery.decisions.of(row);
    const after = edit?.elements ? [gallery.pictures.image(row, ".ground.jpg", row.title), gallery.pictures.live(row, gallery.styling.dressed(details, edit), edit.elements)]
      : [gallery.pictures.image(row, ".jpg", row.title, gallery.pictures.finished(details)?.href)];
    const before = make("div", { class: "before" }, gallery.pictures.image(row, ".ground.jpg", t("suggestion")), gallery.pictures.live(row, details, here));
    const cut = make("input", { type: "range", min: 0, max: 100, value: 50, class: "cut", "aria-label": t("suggestion on the left of it, final layout on the right") });
    const move = () => frame.style.setProperty("--cut", `${cut.value}%`);
    cut.addEventListener("input", move);
    frame.append(...after, before, make("i", { class: "edge" }), cut);
    move();
    panes.replaceChildren(make("figure", {}, make("figcaption", {}, t("suggestion · final layout")), frame));
    cut.focus({ preventScroll: true });
    if (gallery.server) exactly(row, here, before);
  }

  async function exactly(row, elements, before) {
    try {
      const href = URL.createObjectURL(await gallery.server.draw(row, elements));
      const picture = make("img", { src: href, alt: t("suggestion"), draggable: "false" });
      await picture.decode();
      before.replaceChildren(picture);
      URL.revokeObjectURL(href);
    } catch { /* the server is away: what is drawn here stays */ }
  }

  const toggle = () => (shown() ? gallery.viewer.redraw() : open());

  document.addEventListener("viewed", ({ detail }) => {
    viewed = detail;
    if (isThere()) detail.aside.querySelector(".facts").before(make("button", { type: "button", id: "before-after", onclick: toggle, title: t("under a slider (c)") }, t("Before and after")));
  });

  addEventListener("keydown", (event) => {
    if (!by("viewer").open || event.ctrlKey || event.metaKey || event.altKey || gallery.keyOf(event) !== "c") return;
    if (event.target.closest?.("input:not([type=checkbox], [type=range]), select, textarea") || document.querySelector("#viewer .handles") || !isThere()) return;
    toggle();
    event.preventDefault();
    event.stopPropagation();
  }, true);

  return { toggle };
})();
