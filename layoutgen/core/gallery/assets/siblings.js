"use strict";
// Layouts of one product side by side: its canvases and variants as groups of the grid, a strip of them in the viewer,
// keys to go along them, and a decision carried to all of them as one step.
gallery.siblings = (() => {
  const { make, by, t } = gallery;
  const SETTING = "layoutgen.gallery.grouped";
  const MOST = 24; // pictures of the strip
  const keyOf = (row) => row.product ?? row.row_id;
  let groups = null; // product -> its rows, in the table's order
  let viewed = null; // the row that the viewer shows

  function of(row) {
    if (!groups) {
      groups = new Map();
      gallery.data.rows.forEach((each) => groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]));
    }
    return groups.get(keyOf(row)) ?? [row];
  }

  const isGrouped = () => by("grouped").checked;

  // Rows with those of a product together, products in the order of their first row.
  function arranged(rows) {
    if (!isGrouped()) return rows;
    const together = new Map();
    rows.forEach((row) => together.set(keyOf(row), [...(together.get(keyOf(row)) ?? []), row]));
    return [...together.values()].flat();
  }

  // Cards with a heading before each product's.
  function headed(rows, cards) {
    if (!isGrouped()) return cards;
    return cards.flatMap((card, i) => {
      if (i && keyOf(rows[i]) === keyOf(rows[i - 1])) return [card];
      return [heading(rows[i]), card];
    });
  }

  function heading(row) {
    const all = of(row);
    const open = undecided(row);
    return make("div", { class: "group", "data-product": keyOf(row) },
      make("h3", {}, row.title || keyOf(row)),
      make("span", { class: "quiet" }, t("{n} {n|layout|layouts}, {left} undecided", { n: all.length, left: open.length })),
      open.length > 1 ? make("button", { type: "button", onclick: () => carry(row, "adopt") }, t("Adopt these {n}", { n: open.length })) : null);
  }

  const undecided = (row) => of(row).filter((each) => !each.failed && !gallery.decisions.of(each));

  // Decide the same on all of a product's layouts that are undecided, and on this one; one undo takes it back.
  async function carry(row, decision) {
    const rows = [...new Set([...(viewed === row ? [row] : []), ...undecided(row)])].filter((each) => !each.failed);
    if (!rows.length) return gallery.say(t("All layouts of this product are decided."));
    const decided = of(row).filter((each) => !each.failed).length - rows.length;
    if (!(await gallery.decide(rows, decision))) return false;
    document.querySelectorAll(".group").forEach((old) => { if (old.dataset.product === keyOf(row)) old.replaceWith(heading(row)); });
    gallery.viewer.redraw();
    if (decided) gallery.say(t("{n} decided, {decided} that {decided|was|were} decided before {decided|stays|stay}", { n: rows.length, decided }));
    return true;
  }

  // The row before or after another of its product; null at the end.
  function neighbour(row, step) {
    const all = of(row);
    return all[all.indexOf(row) + step] ?? null;
  }

  function strip(row) {
    const all = of(row);
    if (all.length < 2) return null;
    const picture = (each) => make("button", {
      type: "button", class: "sibling", "data-decision": gallery.decisions.of(each)?.decision ?? null,
      "aria-current": each === row ? "true" : null, onclick: () => gallery.viewer.show(each),
      title: [each.canvas, variantOf(each), gallery.decisions.of(each) ? t(gallery.decisions.of(each).decision) : null].filter(Boolean).join(" · "),
    }, each.preview ? gallery.pictures.image(each, ".jpg", "", gallery.carried.of(each) ? gallery.carried.url(each) : undefined) : make("span", {}, "✕"), make("small", {}, [each.canvas, variantOf(each)].filter(Boolean).join(" · ")));
    const open = undecided(row).length;
    const first = Math.max(0, Math.min(all.indexOf(row) - MOST / 2, all.length - MOST));
    const near = all.slice(first, first + MOST);
    return make("section", { class: "siblings", "aria-label": t("layouts of this product") },
      make("h3", {}, t("layouts of this product")),
      make("div", { class: "strip" }, near.map(picture)),
      near.length < all.length ? make("p", { class: "quiet" }, t("{n} of {all}", { n: near.length, all: all.length })) : null,
      row.failed || !open ? null : make("div", { class: "row" },
        make("button", { type: "button", id: "adopt-all", title: t("this and all undecided ones of the product (Shift A)"), onclick: () => carry(row, "adopt") }, t("Adopt all")),
        make("button", { type: "button", id: "reject-all", title: t("this and all undecided ones of the product (Shift R)"), onclick: () => carry(row, "reject") }, t("Reject all"))));
  }

  const variantOf = (row) => /@v[0-9]+$/.exec(row.row_id ?? "")?.[0].slice(1) ?? null;

  document.addEventListener("viewed", ({ detail }) => {
    viewed = detail.row;
    const made = strip(detail.row);
    if (made) detail.aside.querySelector(".decide, .facts").after(made);
  });
  // The strip with what an edit or an instruction comes to on the other canvases.
  document.addEventListener("carried", ({ detail }) => {
    const old = document.querySelector("#viewer .siblings");
    if (!viewed || !detail.rows.some((each) => of(viewed).includes(each))) return;
    const isEdited = Boolean(document.querySelector("#viewer .handles"));
    if (!isEdited && detail.rows.includes(viewed)) gallery.viewer.redraw();
    else old?.replaceWith(strip(viewed));
  });
  by("viewer").addEventListener("close", () => { viewed = null; });

  // Before the page's own keys: with Shift, a decision is for all of the product.
  addEventListener("keydown", (event) => {
    const isOpen = by("viewer").open;
    const others = document.querySelector("dialog[open]:not(#viewer)");
    if (others || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input:not([type=checkbox], [type=range]), select, textarea")) return;
    if (isOpen && document.querySelector("#viewer .handles")) return; // an edit has keys of its own
    const row = isOpen ? viewed : gallery.grid.current();
    if (!row) return;
    const key = gallery.keyOf(event);
    const step = { "[": -1, "]": 1 }[key] ?? { BracketLeft: -1, BracketRight: 1 }[event.shiftKey ? "" : event.code];
    const whole = event.shiftKey && { a: "adopt", r: "reject" }[key.toLowerCase()];
    if (step) {
      const next = neighbour(row, step);
      if (!next) gallery.say(t("This is the product's last layout."));
      else if (isOpen) gallery.viewer.show(next);
      else gallery.grid.reveal(next);
    } else if (whole) carry(row, whole);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // Whether the grid is grouped stays as it was left.
  document.addEventListener("decisions", () => {
    try { by("grouped").checked = localStorage.getItem(SETTING) === "yes"; } catch { /* then it is for this visit */ }
    by("grouped").addEventListener("change", () => {
      try { localStorage.setItem(SETTING, by("grouped").checked ? "yes" : ""); } catch { /* likewise */ }
      by("sort").dispatchEvent(new Event("change")); // shown anew, in this order
    });
  }, { once: true });

  return { of, arranged, headed, carry };
})();
