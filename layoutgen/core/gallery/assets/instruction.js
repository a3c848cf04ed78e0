"use strict";
// What is to change in a few words: a server does it in the layout that is edited; of a page of plain files, and of one
// that is sent back, the words go with the decision.
gallery.instruction = (() => {
  const { make, t } = gallery;

  // The field; `of` gives the editor, `inStyle` the style of the edit, `reject` sends the layout back with the words.
  function open(row, inStyle, of, reject) {
    const isServed = Boolean(gallery.server?.refine);
    const field = make("input", { id: "instruction", maxlength: 500, placeholder: t("bigger price, logo to the top right"), "aria-label": t("instruction"), "aria-describedby": "followed" });
    const outcome = make("small", { id: "followed", class: "quiet", role: "status" }, isServed ? "" : t("a served gallery shows it at once"));
    const act = make("button", { type: "button", id: "follow", disabled: !isServed, onclick: follow }, t("Do it"));
    const back = make("button", { type: "button", id: "send-back", onclick: () => { if (field.value.trim()) reject(field.value.trim()); } }, t("Send back with it"));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.stopPropagation();
      event.preventDefault();
      if (isServed) follow();
    });

    async function follow() {
      const words = field.value.trim();
      if (!words || act.disabled) return;
      const before = JSON.stringify(of().elements());
      act.disabled = true;
      outcome.textContent = t("following it …");
      try {
        const { elements, done, undone } = await gallery.server.refine(row, of().elements(), words, inStyle);
        if (!field.isConnected) return;
        if (before !== JSON.stringify(of().elements())) outcome.textContent = t("The layout was changed meanwhile; do it again.");
        else {
          if (done.length) of().replace(elements);
          outcome.textContent = [done.length ? t("done: {what}", { what: done.join(", ") }) : "", undone.length ? t("not done: {what}", { what: undone.join("; ") }) : ""].filter(Boolean).join(" · ");
        }
      } catch (error) {
        outcome.textContent = error.status ? error.message : t("The server is away.");
      }
      act.disabled = false;
    }

    return { node: make("div", { class: "instruction" }, make("div", { class: "row" }, field, act, back), outcome), update() {} };
  }

  return { open };
})();
