"use strict";
// One picture of a layout: the preview or the photo below it, with boxes, protected parts and safe zones on top.
gallery.pictures = (() => {
  const { make, t } = gallery;
  const percent = (value) => `${(100 * value).toFixed(3)}%`;
  const url = (row, part) => `${row.folder ?? "previews"}/${row.name}${part}`;
  const colour = (text) => (/^#[0-9a-f]{6}$/i.test(text ?? "") ? text : "#000000");

  function at(node, [left, top, right, bottom]) {
    node.style.left = percent(left);
    node.style.top = percent(top);
    node.style.width = percent(right - left);
    node.style.height = percent(bottom - top);
    return node;
  }

  const box = (kind, ltrb, label, title) =>
    at(make("i", { class: kind, title }, label ? make("b", {}, label) : null), ltrb);

  const label = (node, [, top]) => node.classList.toggle("inside", top < 0.04);

  function roleBox(one, words) {
    const node = box("box", one.box, one.role === "underlay" ? null : words && one.text ? `${t(one.role)} · ${one.text}` : t(one.role), one.text);
    node.dataset.role = one.role ?? "";
    label(node, one.box);
    return node;
  }

  function zones(row, details) {
    const { margin, zones: common } = gallery.data.meta;
    const drawn = [...(common[row.canvas] ?? []), ...details.zones]
      .map((zone) => box("zone", zone.box, zone.name || null, zone.name || t("safe zone")));
    if (margin) {
      const edge = margin * Math.min(row.width, row.height);
      const [x, y] = [edge / row.width, edge / row.height];
      drawn.unshift(box("safe", [x, y, 1 - x, 1 - y], null, t("safe area")));
    }
    return drawn;
  }

  // The map of what is protected, and the boxes of subject, faces and text.
  function protectedParts(row, details) {
    const boxes = details.protected.map((one) => box(`protected ${one.kind}`, one.box, null, t(one.kind)));
    if (!gallery.data.meta.maps) return boxes;
    const map = make("img", { class: "map", src: url(row, ".map.png"), alt: "", draggable: "false" });
    map.addEventListener("error", () => map.remove(), { once: true });
    return [map, ...boxes];
  }

  // An image that says so where it is not there; a finished picture that is not there gives way to the preview.
  function image(row, part, alt, finished) {
    const node = make("img", { src: finished ?? url(row, part), alt, loading: "lazy", decoding: "async", draggable: "false" });
    node.addEventListener("error", () => {
      if (finished) node.replaceWith(image(row, part, alt));
      else node.parentElement?.classList.add("missing");
      node.parentElement?.setAttribute("data-missing", t("no picture"));
    }, { once: true });
    return node;
  }

  // Of a row's finished files the first that a browser shows.
  const finished = (details) => details.files.find((one) => ["webp", "png", "jpeg", "svg"].includes(one.format));

  // The empty frame of a picture, in the canvas's shape.
  function frame(row, name) {
    const node = make("div", { class: `picture ${name}` });
    node.style.aspectRatio = `${row.width} / ${row.height}`;
    node.style.setProperty("--shape", (row.width / row.height).toFixed(4));
    return node;
  }

  // `views` has beside, boxes, map, zones; `edit` has the elements of one, and those of its style; `source` is a finished
  // picture's address. Overlays come when the details are there.
  function final(row, views, edit, source) {
    const elements = edit?.elements;
    const node = frame(row, "final");
    if (!row.preview) return node;
    if (gallery.carried.of(row)) return carried(node, row, views, () => final(row, views, edit, source));
    node.append(elements ? image(row, ".ground.jpg", row.title) : image(row, ".jpg", row.title, source));
    if (elements || views.boxes || views.map || views.zones) overlay(node, row, views, edit?.elements ? edit : null);
    return node;
  }

  // A row as decisions change it; without a picture of that, what `otherwise` makes.
  function carried(node, row, views, otherwise) {
    const drawn = make("img", { src: gallery.carried.url(row), alt: row.title, class: "carried", loading: "lazy", decoding: "async", draggable: "false" });
    drawn.addEventListener("error", () => {
      gallery.carried.forget(row);
      node.replaceWith(otherwise());
    }, { once: true });
    node.append(drawn);
    if (views.map || views.zones) overlay(node, row, { ...views, boxes: false }, null);
    return node;
  }

  function suggestion(row, views) {
    const node = frame(row, "suggestion");
    if (!row.preview) return node;
    node.append(image(row, ".ground.jpg", t("suggestion for {title}", { title: row.title })));
    overlay(node, row, { ...views, boxes: false }, null, true);
    return node;
  }

  async function overlay(node, row, views, edit, suggested) {
    const elements = edit?.elements;
    let details;
    try {
      details = gallery.styling.dressed(await gallery.data.details(row), edit);
    } catch {
      return;
    }
    if (elements) node.append(live(row, details, elements));
    if (views.map) node.append(...protectedParts(row, details));
    if (views.zones) node.append(...zones(row, details));
    const shown = suggested ? details.suggestion : views.boxes ? (elements ?? details.elements) : [];
    node.append(...shown.filter((one) => one.box).map((one) => roleBox(one, suggested)));
  }

  // Elements where an edit puts them: underlays drawn, logos and texts cut out of the row's picture of both, and texts
  // with other words, lines or font in this browser's letters.
  function live(row, details, elements) {
    const svg = make("svg", { class: "live", viewBox: `0 0 ${row.width} ${row.height}`, "aria-hidden": "true" });
    const z = ({ was }) => details.elements[was]?.z ?? 9; // what was put back lies on top
    svg.append(...[...elements].sort((a, b) => z(a) - z(b)).map((one) => painted(row, one, details.elements[one.was])));
    return svg;
  }

  function painted(row, one, original) {
    const size = [row.width, row.height];
    const px = ([l, t, r, b]) => [l, t, r - l, b - t].map((side, i) => side * size[i % 2]);
    const [x, y, width, height] = px(one.box);
    const { role } = original ?? one;
    if (role === "underlay" && original?.path) return shaped({ ...original, box: one.box, before: original.box }, px);
    if (role === "underlay") {
      const [rx, opacity] = [original?.radius_px ?? 0, original?.opacity ?? 1];
      return make("rect", { x, y, width, height, rx, fill: colour(original?.colour), "fill-opacity": opacity });
    }
    const { lettering } = gallery;
    const isDrawn = lettering.isReset(one, original) || (original?.isStyled && lettering.isText(one, original));
    if (isDrawn) return lettering.drawn({ ...one, box: one.box.map((side, i) => side * size[i % 2]) }, original, size);
    if (!original || original.isStyled) return make("rect", { x, y, width, height, class: "stand-in" });
    // Text keeps its shape and its side of the box, and is as large as the box lets it.
    const side = { center: "xMid", right: "xMax" }[original.lines?.length ? lettering.alignmentOf(one, original) : "center"] ?? "xMin";
    const piece = make("svg", { x, y, width, height, viewBox: px(original.box).join(" "), preserveAspectRatio: `${side}YMid` });
    const ink = make("image", { href: url(row, ".ink.png"), width: row.width, height: row.height });
    piece.append(...(one.colour ? recoloured(ink, one.colour, px(original.box)) : [ink]));
    return piece;
  }

  // The row's letters in another colour.
  function recoloured(ink, wanted, [x, y, width, height]) {
    const id = uniqueId("ink");
    return [make("mask", { id, style: "mask-type: alpha" }, ink),
      make("rect", { x, y, width, height, fill: colour(wanted), mask: `url(#${id})` })];
  }

  const uniqueId = (name) => `${name}-${(uniqueId.count = (uniqueId.count ?? 0) + 1)}`;

  // An underlay in its own shape, stretched as its box is.
  function shaped(one, px) {
    const [x, y, width, height] = px(one.box);
    const piece = make("svg", { x, y, width, height, viewBox: px(one.before).join(" "), preserveAspectRatio: "none", overflow: "visible" });
    const looks = { d: one.path, fill: colour(one.colour), "fill-rule": "evenodd", "fill-opacity": one.opacity ?? 1 };
    if (one.gradient_line) {
      const [x1, y1, x2, y2] = one.gradient_line;
      const id = uniqueId("gradient");
      piece.append(make("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1, y1, x2, y2 },
        make("stop", { offset: 0, "stop-color": colour(one.colour) }),
        make("stop", { offset: 1, "stop-color": colour(one.gradient) })));
      looks.fill = `url(#${id})`;
    }
    const isRule = one.shape === "line" || one.shape === "quote";
    if (one.stroke_px && !isRule) Object.assign(looks, { stroke: colour(one.stroke), "stroke-width": one.stroke_px, "stroke-linejoin": "round" });
    piece.append(make("path", looks));
    return piece;
  }

  return { final, finished, suggestion, frame, image, live, at, label, zones, protectedParts };
})();
