// A region that screen readers read out when its words change, and the names and states that ipywidgets leaves out
// of the controls beside it. Only attributes are set: no control is made, moved or replaced.

const set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
};

const idOf = (element) => (element.id ||= `course-${Math.random().toString(36).slice(2)}`);

const words = (element) => element?.innerText.replace(/\s+/g, " ").trim();

const each = (box, selector, act) => box.querySelectorAll(selector).forEach(act);

function name(box) {
  each(box, ".control", (row) => {
    const label = words(row.querySelector(".widget-label"));
    const help = row.querySelector(".help .widget-html-content");
    const described = { "aria-label": label, "aria-describedby": help && idOf(help) };
    each(row, ".noUi-handle, input, select", (field) => set(field, described));
    const field = row.querySelector("input, select");
    if (field) set(row.querySelector(".widget-label"), { for: idOf(field) });  // a click on the name goes there
  });
  each(box, ".noUi-target", (slider) => {
    const off = slider.hasAttribute("disabled");
    each(slider, ".noUi-handle", (handle) => set(handle, { "aria-disabled": `${off}`, tabindex: off ? "-1" : "0" }));
  });
  each(box, ".widget-radio-box", (group) => {
    const asked = group.closest(".asked")?.querySelector(".ask");
    set(group, { role: "radiogroup", "aria-label": words(asked) || group.title || group.parentElement.title });
    each(group, "input", (option) => set(option, { name: idOf(group) }));  // arrow keys move within a name
  });
  // JupyterLab's own keys would take the arrows that move among options and tabs. It looks at the focused element only.
  each(box, ".widget-radio-box input, .lm-TabBar-tab", (one) => set(one, { "data-lm-suppress-shortcuts": "true" }));
  each(box, ".asked", (question) => {
    const asked = question.querySelector(".ask");
    if (asked) set(question, { role: "group", "aria-labelledby": idOf(asked) });
  });
  each(box, ".widget-toggle-buttons", (group) => {
    set(group, { role: "group", "aria-label": words(group.querySelector(".widget-label")) });
    each(group, "button", (button) => set(button, { "aria-pressed": `${button.classList.contains("mod-active")}` }));
  });
  each(box, ".unfold", (button) => {
    set(button, { "aria-expanded": `${button.classList.contains("mod-active")}` });
  });
  each(box, ".widget-tab", (tabs) => {
    const names = tabs.querySelectorAll(":scope > .lm-TabBar .lm-TabBar-tab");
    each(tabs, ":scope > .widget-tab-contents > .lm-Widget", (page, place) => {
      if (names[place]) set(page, { role: "tabpanel", "aria-labelledby": idOf(names[place]) });
      if (names[place]) set(names[place], { "aria-controls": idOf(page) });
    });
  });
  each(box, "img[title]", (picture) => set(picture, { alt: picture.title }));
}

export default {
  render({ model, el }) {
    set(el, { role: "status", "aria-live": "polite", "aria-atomic": "true" });
    const heard = ({ say }) => {
      if (say === undefined) return;
      el.textContent = "";
      setTimeout(() => { el.textContent = say; }, 50);  // the same words twice are two messages
    };
    model.on("msg:custom", heard);
    let box = null;
    let asked = 0;
    const later = () => { asked ||= requestAnimationFrame(() => { asked = 0; name(box); }); };
    const changes = new MutationObserver(later);
    const shown = new ResizeObserver(() => {
      if (box || !el.isConnected) return;
      box = el.closest(".course");
      if (!box) return;
      const attributeFilter = ["class", "disabled", "title"];
      changes.observe(box, { subtree: true, childList: true, attributes: true, attributeFilter });
      later();
    });
    shown.observe(el);
    return () => {
      model.off("msg:custom", heard);
      shown.disconnect();
      changes.disconnect();
    };
  },
};
