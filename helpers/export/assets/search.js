// The search: every word that was typed must begin a word of the entry; titles count most, then headings, then text.
(() => {
  "use strict";
  const { pages, entries } = window.COURSE_INDEX;
  const LIMIT = 50;
  const field = document.getElementById("words");
  const list = document.getElementById("results");
  const status = document.getElementById("found");

  const words = (text) => text.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  const line = (text) => ` ${words(text).join(" ")} `;
  const lines = entries.map(([page, , heading, text]) => [line(pages[page][1]), line(heading), line(text)]);

  function score([title, heading, text], asked) {
    let sum = 0;
    for (const word of asked) {
      const start = ` ${word}`;
      let best = 0;
      if (text.includes(start)) best = text.includes(`${start} `) ? 2 : 1;
      if (heading.includes(start)) best = heading.includes(`${start} `) ? 12 : 8;
      if (title.includes(start)) best += 4;
      if (!best) return 0;
      sum += best;
    }
    const phrase = ` ${asked.join(" ")} `;
    const own = heading.replace(/^ \d+ /, " "); // a station's number is no word of its heading
    if (own === phrase) sum += 40;
    else if (own.startsWith(phrase)) sum += 20;
    else if (asked.length > 1 && heading.includes(phrase)) sum += 10;
    else if (asked.length > 1 && text.includes(phrase)) sum += 3;
    return sum;
  }

  function find(asked) {
    const found = [];
    for (let number = 0; number < entries.length; number += 1) {
      // A word in the page's title alone would give every part of that page.
      const [title, heading, text] = lines[number];
      const isPage = entries[number][1] === "";
      const points = score([isPage ? title : "", heading, text], asked);
      if (points) found.push([points + (isPage ? 2 : 0), number]);
    }
    return found.sort((one, other) => other[0] - one[0] || one[1] - other[1]);
  }

  function marked(text, asked) {
    const starts = asked.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
    const here = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${starts})`, "giu");
    const pieces = document.createDocumentFragment();
    let end = 0;
    for (const hit of text.matchAll(here)) {
      const mark = document.createElement("mark");
      mark.textContent = hit[0];
      pieces.append(text.slice(end, hit.index), mark);
      end = hit.index + hit[0].length;
    }
    pieces.append(text.slice(end));
    return pieces;
  }

  function excerpt(text, asked) {
    const low = text.toLowerCase();
    const places = asked.map((word) => low.indexOf(word)).filter((place) => place >= 0);
    let from = Math.max(0, Math.min(...(places.length ? places : [0])) - 60);
    if (from > 0) from = text.indexOf(" ", from) + 1;
    const piece = text.slice(from, from + 180);
    return `${from > 0 ? "… " : ""}${piece}${from + 180 < text.length ? " …" : ""}`;
  }

  function show(query) {
    const asked = words(query);
    const found = asked.length ? find(asked) : [];
    list.replaceChildren(...found.slice(0, LIMIT).map(([, number]) => {
      const [page, anchor, heading, text, station] = entries[number];
      const [name, title] = pages[page];
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `${encodeURIComponent(name)}.html${anchor && `#${encodeURIComponent(anchor)}`}`;
      link.append(marked(heading, asked));
      item.append(link);
      if (title !== heading) {
        const where = document.createElement("span");
        where.className = "quiet";
        where.textContent = station ? ` ${title}, ${station}` : ` ${title}`;
        item.append(where);
      }
      const words = document.createElement("p");
      words.append(marked(excerpt(text, asked), asked));
      item.append(words);
      return item;
    }));
    if (!asked.length) status.textContent = "";
    else if (!found.length) status.textContent = `Nothing found for “${query.trim()}”.`;
    else if (found.length === 1) status.textContent = "1 place found.";
    else if (found.length > LIMIT) status.textContent = `${found.length} places found; here are the best ${LIMIT}.`;
    else status.textContent = `${found.length} places found.`;
  }

  function remember(query) {
    const address = new URL(location.href);
    address.search = query ? new URLSearchParams({ q: query }).toString() : "";
    try {
      history.replaceState(null, "", address);
    } catch {
      // a browser may refuse this for a file; the search works without
    }
  }

  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer); // so that a screen reader hears one number, not one for each letter
    timer = setTimeout(() => { show(field.value); remember(field.value); }, 200);
  });
  document.getElementById("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    show(field.value);
    remember(field.value);
    list.querySelector("a")?.focus();
  });

  field.value = new URLSearchParams(location.search).get("q") ?? "";
  show(field.value);
  if (!field.value) field.focus();
})();
