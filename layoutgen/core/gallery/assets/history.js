"use strict";
// What became of what a reviewer decided on earlier nights: their edit, the layout as it was then, and today's, with how
// far each is from the edit.
gallery.history = (() => {
  const { make, by, t, words } = gallery;
  const byRow = new Map(); // n of a row of today -> entries
  const SAME = 0.005; // of distances: less is no difference that one sees

  const earlier = () => gallery.data.others.earlier;
  const isMine = (entry) => gallery.decisions.nameKey(entry.annotator) === gallery.decisions.nameKey(gallery.decisions.annotator);
  const of = (row) => (byRow.get(row.n) ?? []).filter(isMine);

  document.addEventListener("decisions", () => {
    (earlier()?.entries ?? []).forEach((entry) => byRow.set(entry.row, [...(byRow.get(entry.row) ?? []), entry]));
  }, { once: true });

  // "nearer" to an edit than it was, "farther", "alike"; of an adopted or rejected layout, whether it is another now.
  function outcome({ then, now }) {
    if (now == null) return null;
    if (then == null) return now <= SAME ? "alike" : null;
    return now < then - SAME ? "nearer" : now > then + SAME ? "farther" : "alike";
  }

  // What the filter of decisions knows a row by.
  function kinds(row) {
    if (row.failed) return [];
    const mine = of(row);
    return mine.length ? ["mine", ...mine.filter((entry) => entry.decision === "edit").map(outcome).filter(Boolean)] : [];
  }

  const filters = () => (earlier() ? [["mine", undefined, "mine of earlier nights"], ["nearer", undefined, "nearer to my edit"], ["farther", undefined, "farther from my edit"]] : []);

  const distance = (value) => (value == null ? "–" : value.toFixed(2));

  function verdict(entry) {
    if (entry.decision === "edit") {
      const found = outcome(entry);
      const said = { nearer: t("nearer to your edit than then"), farther: t("farther from your edit than then"), alike: t("as far from your edit as then") }[found] ?? "";
      return `${t("distance to your edit: {then} then, {now} today", { then: distance(entry.then), now: distance(entry.now) })}${said ? ` · ${said}` : ""}`;
    }
    if (entry.now == null) return t("the layout of then is not kept any more");
    const isSame = entry.now <= SAME;
    if (entry.decision === "adopt") return isSame ? t("what you adopted is the same today") : t("what you adopted is another today: distance {now}", { now: distance(entry.now) });
    return isSame ? t("what you rejected is the same today") : t("what you rejected is another today: distance {now}", { now: distance(entry.now) });
  }

  function section(row, entry) {
    const was = entry.earlier == null ? null : earlier().rows[entry.earlier];
    const pane = (picture, caption) => make("figure", {}, picture, make("figcaption", {}, caption));
    const edit = entry.decision === "edit" && was ? pane(gallery.pictures.final(was, {}, entry), t("your edit")) : null;
    const date = new Date(entry.time).toLocaleDateString(words.lang === "zh" ? "zh-CN" : "en");
    return make("section", { class: "became", "data-outcome": entry.decision === "edit" ? outcome(entry) : null },
      make("h3", {}, t("what became of it")),
      make("p", { class: "quiet" }, t("{date}: you said {decision}", { date, decision: t(entry.decision) })),
      make("p", { class: "outcome" }, verdict(entry)),
      make("div", { class: "strip" }, edit, was ? pane(gallery.pictures.final(was, {}), t("then")) : null, pane(gallery.pictures.final(row, {}), t("today"))));
  }

  document.addEventListener("viewed", ({ detail }) => {
    const after = detail.aside.querySelector(".facts");
    of(detail.row).forEach((entry) => after.before(section(detail.row, entry)));
  });

  // How many of the reviewer's edits are nearer, farther and as far.
  function tally() {
    const counts = { nearer: 0, farther: 0, alike: 0 };
    for (const entries of byRow.values()) {
      entries.filter((entry) => isMine(entry) && entry.decision === "edit").map(outcome).filter(Boolean).forEach((found) => { counts[found] += 1; });
    }
    return counts;
  }

  // Said above the grid, once there is something to say to who reviews.
  function show() {
    const { nearer, farther, alike } = tally();
    const count = nearer + farther + alike;
    by("became")?.remove();
    if (!count) return;
    by("found").before(make("button", { type: "button", id: "became", title: t("show them"), onclick: filter },
      t("{n} earlier {n|edit|edits} of yours: {nearer} nearer, {farther} farther", { n: count, nearer, farther })));
  }

  function filter() {
    by("decision").value = "mine";
    by("decision").dispatchEvent(new Event("change"));
  }
  document.addEventListener("decisions", show);

  return { of, kinds, filters, tally };
})();
