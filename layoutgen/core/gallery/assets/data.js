"use strict";
// The page's data: the index of all rows, and their details in chunks, which are scripts that call back here.
globalThis.gallery = {};

gallery.data = (() => {
  const data = { meta: null, rows: [], details };
  const chunks = new Map(); // number -> { wanted: Promise, arrived: its resolve }

  // data/index.js calls this.
  data.index = ({ fields, rows, ...meta }) => {
    data.meta = meta;
    data.rows = rows.map((values, n) => {
      const row = { n };
      fields.forEach((field, i) => { row[field] = values[i]; });
      row.failed = row.status === "failed";
      row.runId = meta.runs[row.run];
      row.haystack = [row.title, row.row_id, row.category, row.kind, row.text, row.composer]
        .filter(Boolean).join("\n").toLowerCase();
      return row;
    });
    gallery.start();
  };

  // data/rows-….js call this.
  data.chunk = (number, values) => chunks.get(number)?.arrived(values);

  function chunk(number) {
    if (!chunks.has(number)) {
      const entry = {};
      entry.wanted = new Promise((resolve, reject) => {
        entry.arrived = resolve;
        const script = document.createElement("script");
        script.src = `data/rows-${String(number).padStart(5, "0")}.js`;
        script.onload = () => script.remove();
        script.onerror = () => {
          chunks.delete(number); // asked for again when the row is next looked at
          script.remove();
          reject(new Error(gallery.t("{file} can't be loaded", { file: script.src })));
        };
        document.head.append(script);
      });
      chunks.set(number, entry);
    }
    return chunks.get(number).wanted;
  }

  // A row's details; rejects where their file is not there.
  async function details(row) {
    const values = await chunk(Math.floor(row.n / data.meta.chunk));
    return { elements: [], suggestion: [], protected: [], zones: [], notes: [], reasons: [], files: [], ...values[row.n % data.meta.chunk] };
  }

  return data;
})();

// The one way in which this page makes elements: attributes and text, never markup.
gallery.make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "rect", "text", "image", "path", "linearGradient", "stop", "mask"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
};

gallery.by = (id) => document.getElementById(id);
