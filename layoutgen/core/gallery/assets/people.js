"use strict";
// What several people decided: each one's word on a layout, shown or not, how far they agree, and a final decision that
// settles a layout.
gallery.people = (() => {
  const { make, by, t, decisions, words } = gallery;

  // Whether others' decisions are shown. Without that everybody decides blind, which is what agreement is measured on.
  const isShown = () => by("others").checked;

  // Cohen's kappa of pairs of decisions, as `layoutgen.core.metrics.agreement` has it; null where chance would do as well.
  function kappa(common) {
    const [first, second] = [new Map(), new Map()];
    const add = (counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1);
    common.forEach(([a, b]) => { add(first, a); add(second, b); });
    const byChance = [...first].reduce((sum, [name, n]) => sum + n * (second.get(name) ?? 0), 0);
    const rows = common.length;
    if (!rows || byChance === rows * rows) return null;
    return (common.filter(([a, b]) => a === b).length * rows - byChance) / (rows * rows - byChance);
  }

  // Every two people with layouts in common: their names, how many, the share decided alike, kappa. A final decision is
  // given knowing the others', and is nobody's own.
  function pairs() {
    const people = [...decisions.byPerson()].map(([who, rows]) =>
      ({ who, own: new Map([...rows].filter(([, record]) => !record.final)), name: [...rows.values()][0]?.annotator.trim() }))
      .filter(({ own }) => own.size).sort((a, b) => (a.who < b.who ? -1 : 1));
    return people.flatMap((a, i) => people.slice(i + 1).flatMap((b) => {
      const common = [...a.own].filter(([id]) => b.own.has(id)).map(([id, record]) => [record.decision, b.own.get(id).decision]);
      const alike = common.filter(([x, y]) => x === y).length / common.length;
      return common.length ? [{ names: [a.name, b.name], rows: common.length, alike, kappa: kappa(common) }] : [];
    }));
  }

  // The table of pairs, in a dialog.
  function open() {
    const agreed = pairs();
    const line = (tag, cells) => make("tr", {}, cells.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));
    const head = [t("pair"), t("layouts in common"), t("decided alike"), t("Cohen's kappa")];
    by("agreement").replaceChildren(
      make("h2", {}, t("Agreement")),
      agreed.length ? make("table", {}, make("thead", {}, line("th", head)), make("tbody", {}, agreed.map(({ names, rows, alike, kappa: value }) =>
        line("td", [names.join(" · "), words.number(rows), `${(100 * alike).toFixed(0)}%`, value === null ? "–" : value.toFixed(2)]))))
        : make("p", {}, t("No two people have decided on the same layout. Import what others exported.")),
      make("p", { class: "quiet" }, t("Kappa takes off what chance would reach: 1 is always alike, 0 as by chance. Final decisions are left out.")),
      make("form", { method: "dialog" }, make("button", { class: "main", autofocus: true }, t("Close"))),
    );
    by("agreement").showModal();
  }

  // One decision in words.
  function sentence({ annotator, decision, reasons = [], note, final }) {
    const labels = new Map((gallery.data.meta.reasons ?? []).map(({ name, label }) => [name, t(label)]));
    const why = [...reasons.map((name) => labels.get(name) ?? name), note].filter(Boolean).join(" · ");
    return `${annotator}: ${t(decision)}${final ? ` (${t("final")})` : ""}${why ? ` · ${why}` : ""}`;
  }

  // What the viewer says of a row's other reviewers, and the button that settles it; null where there is nothing to say.
  function section(row, redraw) {
    const others = decisions.others(row);
    const mine = decisions.of(row);
    if (!others.length) return null;
    const settle = make("button", {
      type: "button", id: "final", disabled: !mine, "aria-pressed": String(Boolean(mine?.final)),
      title: t("your decision settles this layout: it counts, whatever others decided"),
      onclick: () => { decisions.remark(row, { final: !mine.final }); redraw(); },
    }, t("Final decision"));
    const known = isShown() ? make("ul", { class: "others" }, others.map((record) => make("li", {}, sentence(record))))
      : make("p", { class: "quiet" }, others.length === 1 ? t("decided by another") : t("decided by {n} others", { n: others.length }));
    return make("section", { class: "people", "aria-label": t("others") }, known, settle);
  }

  // What a card says of others: nothing where one decides blind.
  function badges(row) {
    if (row.failed || !isShown()) return [];
    return decisions.others(row).map((record) =>
      make("span", { class: "badge", "data-decision": record.decision, title: sentence(record) }, `${record.annotator.slice(0, 12)}: ${t(record.decision)}`));
  }

  by("people").addEventListener("click", open);
  return { pairs, kappa, section, badges };
})();
