"use strict";
// The house style of an edit: which ones its row may have, and the row's elements in them, which a server sets as the job
// would. A page of plain files says why it can't.
gallery.styling = (() => {
  const { make, t } = gallery;
  const offers = new Map(); // row_id -> { styles, style, reason }, of this visit

  // What is drafted of a row where its style was changed, else what was decided; null where neither is an edit.
  function current(row) {
    const draft = gallery.drafts.of(row);
    return draft.style != null ? draft : gallery.decisions.of(row);
  }

  // A row's details as an edit has them, whose `styled` are its elements in another style. There are no pictures of their
  // letters, so that this browser draws them in its own.
  const dressed = (details, edit) => (edit?.styled?.length
    ? { ...details, style: edit.style, elements: edit.styled.map((element) => ({ ...element, isStyled: true })) } : details);

  async function offered(row) {
    if (!offers.has(row.row_id)) offers.set(row.row_id, await gallery.server.styles(row));
    return offers.get(row.row_id);
  }

  // The choice of a style; `onchange` is called with `style` and `styled`, null for the row's own.
  function open(row, details, style, onchange) {
    if (!details.style) return { node: null, update() {} };
    const shown = style ?? details.style;
    const select = make("select", { id: "style", disabled: true, "aria-describedby": "style-reason" }, make("option", { value: shown }, shown));
    const reason = make("small", { id: "style-reason", class: "quiet" }, gallery.server?.styles ? "" : t("a served gallery can change it"));
    select.addEventListener("change", async () => {
      const wanted = select.value;
      select.disabled = true;
      reason.textContent = t("setting the layout anew …");
      try {
        onchange(wanted, wanted === details.style ? null : await gallery.server.styled(row, wanted));
      } catch (error) {
        select.value = shown;
        select.disabled = false;
        reason.textContent = error.status ? error.message : t("The server is away.");
      }
    });
    if (gallery.server?.styles) {
      offered(row).then((offer) => {
        select.replaceChildren(...[...new Set([shown, ...offer.styles])].map((name) => make("option", { value: name, selected: name === shown }, name)));
        select.disabled = offer.styles.length < 2;
        reason.textContent = offer.reason ?? "";
      }, () => { reason.textContent = t("The server is away."); });
    }
    return { node: make("div", { class: "row" }, make("label", {}, t("house style"), " ", select), reason), update() {} };
  }

  return { current, dressed, open };
})();
