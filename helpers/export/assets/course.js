// The theme button, folds and links on paper, and boxes that the keyboard can scroll. Pages read well without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const KEY = "course-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be switched off
    }
  }

  function store(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // then the choice lasts as long as the page
    }
  }

  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  }

  function addThemeButton() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "theme";
    const name = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store(root.dataset.theme);
      name();
    });
    dark.addEventListener("change", name);
    name();
    document.querySelector("header.top").append(button);
  }

  // Where there is room beside the text, the contents stand open.
  function unfoldContents() {
    const contents = document.querySelector("nav.contents details");
    if (!contents) return;
    const wide = matchMedia("(min-width: 70rem)");
    const set = () => { contents.open = wide.matches; };
    wide.addEventListener("change", set);
    set();
  }

  // What scrolls sideways must be reached by the keyboard; what does not scroll needs no stop.
  function reachBoxes() {
    for (const box of document.querySelectorAll("main pre")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  // On paper every fold is open but those of answers, and a link to another file of this site is plain text.
  let undo = [];
  addEventListener("beforeprint", () => {
    undo = [];
    for (const fold of document.querySelectorAll("main details:not(.answer):not([open])")) {
      fold.open = true;
      undo.push(() => { fold.open = false; });
    }
    for (const fold of document.querySelectorAll("main details.answer[open]")) {
      fold.open = false;
      undo.push(() => { fold.open = true; });
    }
    for (const link of document.querySelectorAll("a[href]")) {
      const href = link.getAttribute("href");
      if (/^(#|https?:|mailto:)/.test(href)) continue;
      link.removeAttribute("href");
      undo.push(() => { link.setAttribute("href", href); });
    }
  });
  addEventListener("afterprint", () => { for (const one of undo) one(); });

  addEventListener("DOMContentLoaded", () => {
    addThemeButton();
    unfoldContents();
    reachBoxes();
    addEventListener("resize", reachBoxes);
    addEventListener("toggle", reachBoxes, true);
  });
})();
