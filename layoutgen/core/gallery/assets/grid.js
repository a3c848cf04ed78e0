"use strict";
// The grid: a page of cards, moved through by keys.
gallery.grid = (() => {
  const { make, by, t } = gallery;
  const SIZE = 60; // cards a page: a few screens full, and few enough to be drawn at once
  let rows = [];
  let page = 0;
  let views = {};
  const selected = new Set();

  const pages = () => Math.max(1, Math.ceil(rows.length / SIZE));
  const cards = () => [...by("grid").querySelectorAll(".card")];
  const rowOf = (card) => (card ? gallery.data.rows[Number(card.dataset.n)] : null);
  const cardOf = (row) => by("grid").querySelector(`.card[data-n="${row.n}"]`);

  // Show rows; where it `stays`, the page and the focus do, too: on the row, or on what stands in its place now.
  function show(matching, wanted, stays = false) {
    const here = cards().indexOf(document.activeElement?.closest?.(".card"));
    const row = rowOf(document.activeElement?.closest?.(".card"));
    rows = gallery.siblings.arranged(matching);
    views = wanted;
    if (!stays) return turn(0);
    const place = rows.indexOf(row);
    return place < 0 ? turn(page, here < 0 ? null : here, false) : turn(Math.floor(place / SIZE), place % SIZE);
  }

  // Turn to a page, and put the focus on one of its cards where that is asked for.
  function turn(wanted, focus = null, scrolls = true) {
    page = Math.min(Math.max(0, wanted), pages() - 1);
    const shown = rows.slice(page * SIZE, (page + 1) * SIZE);
    const pageCards = shown.map(card);
    by("grid").replaceChildren(...(pageCards.length ? gallery.siblings.headed(shown, pageCards) : [make("p", { class: "none" }, t("No row is like that."))]));
    (pageCards[0] ?? by("grid")).tabIndex = 0;
    by("page").value = page + 1;
    by("page").max = pages();
    by("pages").textContent = gallery.words.number(pages());
    by("before").disabled = page === 0;
    by("after").disabled = page === pages() - 1;
    if (focus !== null && pageCards.length) aim(pageCards[Math.min(focus, pageCards.length - 1)]);
    else if (scrolls) scrollTo({ top: 0 });
  }

  // Select a card or let it go, or all up to it from the one before; null lets all go.
  function select(row, upTo = false) {
    if (row === null) {
      const before = [...selected];
      selected.clear();
      before.forEach(renew);
      return;
    }
    const last = [...selected].at(-1);
    const [from, to] = [rows.indexOf(last), rows.indexOf(row)];
    const wanted = upTo && last ? rows.slice(Math.min(from, to), Math.max(from, to) + 1) : [row];
    const adds = upTo || !selected.has(row);
    wanted.filter(({ failed }) => !failed).forEach((chosen) => { if (adds) selected.add(chosen); else selected.delete(chosen); });
    wanted.forEach(renew);
    gallery.say(t("{n} selected", { n: selected.size }));
  }

  // The next row of those shown that is undecided, from a row on and round from the start; null where all are.
  function undecided(row) {
    const from = rows.indexOf(row) + 1;
    return [...rows.slice(from), ...rows.slice(0, Math.max(0, from - 1))].find((candidate) => !candidate.failed && !gallery.decisions.of(candidate)) ?? null;
  }

  // Turn to the next undecided card.
  function next(row) {
    const wanted = undecided(row);
    if (!wanted) return gallery.say(t("Every layout that is shown is decided."));
    const place = rows.indexOf(wanted);
    if (Math.floor(place / SIZE) === page) return aim(cardOf(wanted));
    return turn(Math.floor(place / SIZE), place % SIZE);
  }

  function look(wanted) {
    views = wanted;
    cards().forEach((old) => renew(rowOf(old)));
  }

  const number = (value, digits = 0) => (value == null ? "–" : value.toFixed(digits));

  // A number with its sign, which a screen reader says as a name.
  const figure = (sign, name, value, title) =>
    make("span", { title }, make("span", { "aria-hidden": "true" }, `${sign} `), make("span", { class: "unseen" }, `${name} `), value);

  function card(row) {
    const decision = gallery.decisions.of(row);
    const element = make("article", {
      class: "card", tabindex: "-1", "data-n": row.n, "data-decision": decision?.decision, "data-status": row.status,
      "data-selected": selected.has(row), "data-unsure": Boolean(!row.failed && gallery.drafts.of(row).unsure),
      "aria-label": [row.title, row.canvas, row.status === "ok" ? null : t(row.status), decision && t(decision.decision), selected.has(row) ? t("selected") : null].filter(Boolean).join(", "),
    });
    const pictures = make("div", { class: "pictures" });
    if (row.preview) {
      if (views.beside) pictures.append(gallery.pictures.suggestion(row, views));
      pictures.append(gallery.pictures.final(row, views, decision));
    } else {
      pictures.append(reason(row));
    }
    const scores = row.failed ? [] : [
      figure("★", t("score"), number(row.score), t("score by the row alone, of 100")),
      figure("◑", t("contrast"), number(row.contrast, 1), t("least contrast ratio of a text")),
      row.covered == null ? null : figure("▣", t("subject covered"), `${(100 * row.covered).toFixed(0)}%`, t("share of the subject under text")),
    ];
    const status = row.status === "ok" ? null : make("span", { class: "badge", "data-status": row.status }, t(row.status));
    const badge = decision && make("span", { class: "badge", "data-decision": decision.decision }, t(decision.decision));
    const draft = row.failed ? {} : gallery.drafts.of(row);
    const marks = [draft.unsure && t("unsure"), draft.elements && t("edit not saved"), gallery.carried.of(row) && t("as decided")].filter(Boolean)
      .map((words) => make("span", { class: "badge" }, words));
    const choices = row.failed ? null : make("div", { class: "quick" },
      make("button", { type: "button", tabindex: "-1", "data-choose": "adopt", title: t("adopt (a)") }, t("Adopt")),
      make("button", { type: "button", tabindex: "-1", "data-choose": "reject", title: t("reject (r)") }, t("Reject")));
    element.append(
      pictures, choices ?? "",
      make("h2", { title: row.title }, row.title || row.row_id || t("(no title)")),
      make("p", { class: "line" }, make("span", {}, row.canvas ?? ""), scores,
        row.failed || !row.kind ? null : make("span", { class: "why" }, row.kind), make("span", { class: "gap" }), marks, status, gallery.people.badges(row), badge),
    );
    return element;
  }

  // What stands in the place of a picture.
  function reason(row) {
    const element = make("div", { class: "reason" }, make("strong", {}, row.kind ?? t("no preview")), make("p", {}, "…"));
    gallery.data.details(row).then(
      (details) => { element.lastChild.textContent = details.message ?? details.fault ?? details.reasons.join("; "); },
      (error) => { element.lastChild.textContent = error.message; },
    );
    return element;
  }

  // Draw a row's card again where it is shown.
  function renew(row) {
    const old = row && cardOf(row);
    if (!old) return;
    const [hasFocus, index] = [old === document.activeElement, old.tabIndex];
    const element = card(row);
    old.replaceWith(element);
    element.tabIndex = index;
    if (hasFocus) element.focus({ preventScroll: true });
  }

  // One card takes part in the order of Tab; the arrows move that part.
  function aim(element) {
    cards().forEach((other) => { other.tabIndex = -1; });
    element.tabIndex = 0;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  }

  // How many cards on the nearest one in the line above or below is; as many as there are where there is no such line.
  function line(shown, here, sign) {
    const from = shown[here];
    const beyond = shown.filter((element) => sign * (element.offsetTop - from.offsetTop) > 0);
    if (!beyond.length) return sign * shown.length;
    const top = beyond.at(sign > 0 ? 0 : -1).offsetTop;
    const gap = (element) => Math.abs(element.offsetLeft - from.offsetLeft);
    return shown.indexOf(beyond.filter((element) => element.offsetTop === top).reduce((a, b) => (gap(b) < gap(a) ? b : a))) - here;
  }

  // Move by keys; returns whether the key was one of ours.
  function press(key) {
    const shown = cards();
    const here = shown.indexOf(document.activeElement.closest(".card"));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: here < 0 ? 0 : line(shown, here, -1), ArrowDown: here < 0 ? 0 : line(shown, here, 1) };
    if (key === "PageDown" || key === "PageUp") turn(page + (key === "PageDown" ? 1 : -1), 0);
    else if (key === "Home" && shown.length) aim(shown[0]);
    else if (key === "End" && shown.length) aim(shown.at(-1));
    else if (!(key in steps) || !shown.length) return false;
    else if (here < 0) aim(shown.find((element) => element.tabIndex === 0) ?? shown[0]);
    else if (here + steps[key] < 0) { if (page > 0) turn(page - 1, SIZE); }
    else if (here + steps[key] < shown.length) aim(shown[here + steps[key]]);
    else if (page < pages() - 1) turn(page + 1, 0);
    else aim(shown.at(-1));
    return true;
  }

  // The row before or after another in what is shown; the grid follows.
  function neighbour(row, step) {
    const index = rows.indexOf(row) + step;
    if (index < 0 || index >= rows.length) return null;
    if (Math.floor(index / SIZE) !== page) turn(Math.floor(index / SIZE));
    return rows[index];
  }

  return {
    show, turn, look, renew, press, neighbour, rowOf, select, next, undecided,
    get selected() { return [...selected]; },
    enter: () => aim(cards().find((element) => element.tabIndex === 0) ?? by("grid")),
    reveal(row) {
      const place = rows.indexOf(row);
      if (place < 0) gallery.say(t("The filters leave that layout out."));
      else if (Math.floor(place / SIZE) === page) aim(cardOf(row));
      else turn(Math.floor(place / SIZE), place % SIZE);
    },
    focus: (row) => { const element = row && cardOf(row); if (element) aim(element); },
    current: () => rowOf(document.activeElement?.closest?.(".card")),
    place: (row) => rows.indexOf(row),
    get rows() { return rows; },
    get page() { return page; },
  };
})();
