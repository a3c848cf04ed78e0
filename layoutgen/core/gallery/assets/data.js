"use strict";
// The page's data: the index of all rows, and their details in chunks, which are scripts that call back here.
globalThis.gallery = {};

gallery.data = (() => {
  const data = { meta: null, rows: [], others: {}, details };
  const chunks = new Map(); // file -> { wanted: Promise, arrived: its resolve }
  const file = (kind, number) => `data/${kind}-${String(number).padStart(5, "0")}.js`;

  // data/index.js calls this.
  data.index = ({ fields, rows, ...meta }) => {
    data.meta = meta;
    data.rows = rows.map((values, n) => read(fields, values, n, meta.runs));
    const others = meta.others ?? [];
    if (!others.length) return gallery.start();
    // A table whose file is gone is done without.
    return Promise.allSettled(others.map((kind) => load(`data/${kind}.js`))).then(gallery.start);
  };

  // data/against.js and data/earlier.js, rows of other tables, call this; their pictures lie in a folder of that name.
  data.other = (kind, { fields, rows, runs, ...meta }) => {
    data.others[kind] = { ...meta, rows: rows.map((values, n) => ({ ...read(fields, values, n, runs), folder: kind })) };
  };

  function read(fields, values, n, runs) {
    const row = { n };
    fields.forEach((field, i) => { row[field] = values[i]; });
    row.failed = row.status === "failed";
    row.runId = runs[row.run];
    row.haystack = [row.title, row.row_id, row.category, row.kind, row.text, row.composer]
      .filter(Boolean).join("\n").toLowerCase();
    return row;
  }

  // data/rows-….js call this, and those of other tables.
  data.chunk = (number, values, kind = "rows") => chunks.get(file(kind, number))?.arrived(values);

  // Run a script; rejects where it is not there.
  const load = (src) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = () => { script.remove(); resolve(); };
    script.onerror = () => { script.remove(); reject(new Error(gallery.t("{file} can't be loaded", { file: script.src }))); };
    document.head.append(script);
  });

  function chunk(src) {
    if (!chunks.has(src)) {
      const entry = {};
      entry.wanted = new Promise((resolve, reject) => {
        entry.arrived = resolve;
        load(src).catch((error) => {
          chunks.delete(src); // asked for again when the row is next looked at
          reject(error);
        });
      });
      chunks.set(src, entry);
    }
    return chunks.get(src).wanted;
  }

  // A row's details; rejects where their file is not there.
  async function details(row) {
    const values = await chunk(file(row.folder ?? "rows", Math.floor(row.n / data.meta.chunk)));
    return { elements: [], suggestion: [], protected: [], zones: [], notes: [], reasons: [], files: [], ...values[row.n % data.meta.chunk] };
  }

  return data;
})();

// The one way in which this page makes elements: attributes and text, never markup.
gallery.make = (tag, attributes = {}, ...children) => {
  const svg = ["svg", "g", "rect", "text", "image", "path", "linearGradient", "stop", "mask"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
};

// A record as a line of JSON, without line separators that JSON allows and some readers of lines split at.
gallery.jsonLine = (record) => `${JSON.stringify(record).replace(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;

gallery.by = (id) => document.getElementById(id);
