"use strict";
// The header's own settings: language, light or dark, folded or not. They are kept in this browser.
gallery.header = (() => {
  const { by, t, words } = gallery;
  const THEMES = ["", "light", "dark"];
  const header = document.querySelector("header");
  const LOW = "(max-height: 620px), (max-width: 1000px)"; // where an open header would leave little room for layouts

  // A setting of this browser, or of this visit where nothing is kept; "" where it was never set.
  function setting(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(`layoutgen.gallery.${name}`) ?? "";
      localStorage.setItem(`layoutgen.gallery.${name}`, value);
    } catch { /* then it is for this visit */ }
    return value ?? "";
  }

  function theme(wanted) {
    document.documentElement.dataset.theme = wanted;
    by("theme").title = t("light or dark: now {theme}", { theme: wanted ? t(wanted) : t("as the system has it") });
    setting("theme", wanted);
  }

  // Hide or show filters and views; what they ask for holds all the same.
  function fold(isFolded) {
    header.classList.toggle("folded", isFolded);
    by("fold").setAttribute("aria-expanded", String(!isFolded));
  }

  // How many filters narrow what is shown: said on the button that folds them.
  const count = (n) => { by("fold").textContent = n ? t("Filters ({n})", { n }) : t("Filters"); };

  function start() {
    theme(setting("theme"));
    fold(setting("folded") ? setting("folded") === "yes" : matchMedia(LOW).matches);
    count(0);
    by("lang").value = words.lang;
    by("lang").addEventListener("change", () => words.change(by("lang").value));
    by("theme").addEventListener("click", () =>
      theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length]));
    by("fold").addEventListener("click", () => {
      fold(!header.classList.contains("folded"));
      setting("folded", header.classList.contains("folded") ? "yes" : "no");
    });
    by("skip").addEventListener("click", (event) => {
      event.preventDefault(); // the address has other things after its #
      gallery.grid.enter();
    });
    // What has the focus is scrolled to below the header, however tall the header is by now.
    new ResizeObserver(() => {
      const isSticky = getComputedStyle(header).position === "sticky";
      document.documentElement.style.setProperty("--header", `${isSticky ? header.offsetHeight : 0}px`);
    }).observe(header);
  }

  return { start, setting, count, open: () => fold(false) };
})();
