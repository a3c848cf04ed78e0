"use strict";
// Messages to the reviewer, and questions before something is lost.
(() => {
  const { make, by, t, decisions } = gallery;
  let fading;
  gallery.say = (text) => {
    by("message").textContent = text;
    (document.querySelector("dialog[open]") ?? document.body).append(by("message")); // above a dialog, too
    clearTimeout(fading);
    fading = setTimeout(() => { by("message").textContent = ""; }, 5000);
  };

  // Whether a decision has somebody to be of; asks for the name where not.
  gallery.named = () => {
    if (decisions.annotator) return true;
    gallery.say(t("Give your name first: a decision says whose it is."));
    (document.querySelector("dialog[open] #name") ?? by("annotator")).focus();
    return false;
  };

  // Ask before something is lost; resolves to whether to go on.
  gallery.ask = (question, go, stay) => new Promise((resolve) => {
    const dialog = by("question");
    const end = (answer) => { dialog.onclose = null; dialog.close(); resolve(answer); };
    dialog.onclose = () => resolve(false);
    dialog.replaceChildren(
      make("p", {}, question),
      make("div", { class: "choices two" },
        make("button", { type: "button", id: "stay", onclick: () => end(false) }, stay),
        make("button", { type: "button", id: "go", class: "main", onclick: () => end(true) }, go)),
    );
    dialog.showModal();
    by("stay").focus();
  });
})();
