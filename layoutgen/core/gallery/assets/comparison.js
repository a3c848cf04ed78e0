"use strict";
// The dialog in which pairs are compared, by keys or buttons, and what comes of it.
gallery.comparison = (() => {
  const { make, by, t, pairs, decisions } = gallery;
  const dialog = by("compare");
  dialog.tabIndex = -1;
  let shown = []; // pairs whose row the filters ask for
  let place = 0;
  let isOver = false;

  const button = (text, act, attributes = {}) => make("button", { type: "button", onclick: act, ...attributes }, text);

  function open() {
    const ids = new Set(gallery.grid.rows.map((row) => row.row_id));
    shown = pairs.all.filter(({ row }) => ids.has(row.row_id));
    if (!shown.length) return gallery.say(t("No pair is among the layouts that are shown."));
    if (!gallery.named()) return false;
    const first = shown.findIndex((pair) => !pairs.of(pair));
    place = first < 0 ? 0 : first;
    isOver = first < 0;
    draw();
    if (!dialog.open) dialog.showModal();
    return dialog.focus();
  }

  const sides = (pair) => (pair.swapped ? ["other", "row"] : ["row", "other"]);
  const decided = () => shown.filter((pair) => pairs.of(pair)).length;

  function picture(pair, side, label) {
    const row = pair[side];
    const frame = gallery.pictures.final(row, {});
    if (!row.preview) frame.classList.add("missing");
    const chosen = pairs.of(pair);
    return make("figure", { "data-chosen": String(chosen === side), "data-side": label },
      frame, button(label, () => choose(side), { class: "main", "aria-pressed": String(chosen === side) }));
  }

  function draw() {
    if (isOver) return ended();
    const pair = shown[place];
    const [left, right] = sides(pair);
    dialog.replaceChildren(
      make("div", { class: "bar" },
        make("h2", {}, t("Which is better?")),
        make("span", { class: "quiet" }, t("{n} of {all}", { n: place + 1, all: shown.length })),
        make("progress", { max: shown.length, value: decided(), "aria-label": t("decided") }),
        make("span", { class: "title" }, [pair.row.title, pair.row.canvas].filter(Boolean).join(" · ")),
        make("span", { class: "gap" }),
        button(t("Result"), () => end()), button("✕", () => dialog.close(), { "aria-label": t("close") })),
      make("div", { class: "sides" }, picture(pair, left, t("← Left")), picture(pair, right, t("Right →"))),
      make("div", { class: "bar choose" },
        button("‹", () => go(-1), { "aria-label": t("pair before"), disabled: place === 0 }),
        button(t("Tie (t)"), () => choose("tie"), { "aria-pressed": String(pairs.of(pair) === "tie") }),
        button(t("Skip (n)"), () => go(1)),
        button(t("Undo (u)"), undo, { disabled: !pairs.canUndo }),
        button("›", () => go(1), { "aria-label": t("next pair"), disabled: place === shown.length - 1 })));
    if (!dialog.contains(document.activeElement)) dialog.focus();
    return true;
  }

  async function choose(wanted) {
    const pair = shown[place];
    const isNew = !pairs.of(pair);
    try {
      await pairs.choose(pair, wanted);
    } catch (error) {
      return gallery.say(error.message); // its details can't be loaded
    }
    if (shown[place] !== pair) return false;
    if (!isNew) return go(1);
    const left = [...shown.slice(place + 1), ...shown.slice(0, place)].find((other) => !pairs.of(other));
    if (left) place = shown.indexOf(left);
    else isOver = true;
    return draw();
  }

  function undo() {
    const pair = pairs.undo();
    if (!pair) return;
    isOver = false;
    place = Math.max(0, shown.indexOf(pair));
    draw();
  }

  // To the next pair, and at the end to the first that was skipped; when none is left, to the result.
  function go(step) {
    const next = place + step;
    if (next >= 0 && next < shown.length) place = next;
    else if (step > 0 && decided() === shown.length) isOver = true;
    else if (step > 0) place = shown.findIndex((pair) => !pairs.of(pair));
    return draw();
  }

  async function end() {
    const left = shown.length - decided();
    const question = t("{n} {n|pair is|pairs are} not compared yet. The result says which side is which.", { n: left });
    if (left && !(await gallery.ask(question, t("Show the result"), t("Go on comparing")))) return;
    isOver = true;
    draw();
  }

  const percent = (share) => `${(100 * share).toFixed(0)} %`;

  function ended() {
    const { wins, ties } = pairs.result(shown);
    const count = wins.reduce((sum, [, n]) => sum + n, 0);
    const line = ([name, n]) => {
      const found = pairs.wilson(n, count);
      return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, String(n)),
        make("td", {}, found ? `${percent(found[0])} (${percent(found[1])} – ${percent(found[2])})` : "–"));
    };
    dialog.replaceChildren(
      make("div", { class: "bar" }, make("h2", {}, t("Result of {name}", { name: decisions.annotator })), make("span", { class: "gap" }),
        button("✕", () => dialog.close(), { "aria-label": t("close") })),
      make("div", { class: "result" },
        make("table", {},
          make("tr", {}, make("th", {}, t("side")), make("th", {}, t("preferred")), make("th", {}, t("share, with its 95 % interval"))),
          wins.sort((a, b) => b[1] - a[1]).map(line)),
        make("p", {}, t("{n} {n|tie|ties}, {left} not compared.", { n: ties, left: shown.length - count - ties })),
        make("div", { class: "row" },
          button(t("Export choices"), save, { class: "main", id: "export-choices", disabled: !pairs.exported() }),
          button(t("Look at the pairs again"), () => { isOver = false; place = 0; draw(); }))));
    dialog.focus();
    return true;
  }

  function save() {
    const href = URL.createObjectURL(new Blob([pairs.exported()], { type: "application/jsonl" }));
    make("a", { href, download: "preferences.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = gallery.keyOf(event);
    const acts = isOver ? { u: undo } : {
      ArrowLeft: () => choose(sides(shown[place])[0]), ArrowRight: () => choose(sides(shown[place])[1]),
      1: () => choose(sides(shown[place])[0]), 2: () => choose(sides(shown[place])[1]),
      t: () => choose("tie"), ArrowDown: () => choose("tie"), n: () => go(1), u: undo, b: () => go(-1),
    };
    if (!acts[key]) return;
    acts[key]();
    event.preventDefault();
  });

  document.addEventListener("decisions", () => {
    if (!pairs.all.length) return;
    by("import").before(button(t("Compare"), open, { id: "comparing", title: t("layouts of the same row, two at a time") }));
  }, { once: true });

  return { open };
})();
