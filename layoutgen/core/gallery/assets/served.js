"use strict";
// A gallery that its job serves: what is decided here goes to the server, which merges it into the feedback file, and
// what others decide comes from it. Null where the page is plain files. All is kept in this browser as well, and sent
// when a server that was away is back.
gallery.server = (() => {
  if (!document.querySelector('meta[name="served"]')) return null;
  const { store, decisions, make, by, t } = gallery;
  const EVERY = 3000; // ms between two looks at what others did
  const REST = 150; // ms in which decisions gather to be sent together
  const MOST = 1000; // records a request
  const KINDS = { decision: "decisions", choice: "choices" };
  const unsent = new Map(); // key of an entry -> { names, entry }
  let version = "";
  let told = ""; // the version that the page has been told of
  let feedback = "";
  let fault = ""; // why the server can't be asked, empty where it can
  let isMerging = false;
  let work = Promise.resolve(); // one request after the other

  async function ask(path, body) {
    const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(path, { cache: "no-store", ...(body === undefined ? {} : post) });
    if (answer.ok) return answer;
    const { error } = await answer.json().catch(() => ({ error: answer.statusText }));
    throw Object.assign(new Error(error), { status: answer.status });
  }

  const timeOf = (record) => new Date(record.time).toISOString();

  // An entry of the store as the record that files have.
  const records = {
    decision: ({ names: [, who, row_id, run_id], entry: { at, value } }) => (value
      ? { row_id, run_id, ...value, time: at } : { row_id, run_id, annotator: who, decision: null, time: at }),
    choice: ({ entry: { at, value } }) => ({ ...value, time: at }),
  };
  const isOfPage = ({ names: [kind, , row_id, run_id], entry }) =>
    (kind === "choice" ? gallery.pairs.isOfPage(entry.value) : Boolean(decisions.rowOf(row_id, run_id)));

  // Take in what the server knows; what is newer here is to be sent.
  async function take(state) {
    const known = new Map(); // key -> time
    for (const record of state.decisions) {
      const names = ["decision", decisions.nameKey(record.annotator), record.row_id, record.run_id];
      known.set(JSON.stringify(names), timeOf(record));
      const row = decisions.rowOf(record.row_id, record.run_id);
      if (!row || (store.get(names)?.at ?? "") >= timeOf(record)) continue;
      const whole = await gallery.imports.withIndices(row, record);
      quietly(() => decisions.merge(whole));
    }
    for (const record of state.withdrawn) {
      const names = ["decision", record.annotator, record.row_id, record.run_id];
      known.set(JSON.stringify(names), timeOf(record));
      const here = store.get(names);
      if (here && here.at < timeOf(record)) quietly(() => store.put(names, null, timeOf(record)));
    }
    for (const record of state.choices) {
      const names = gallery.pairs.namesOf(record);
      known.set(JSON.stringify(names), timeOf(record));
      if ((store.get(names)?.at ?? "") < timeOf(record)) quietly(() => store.put(names, record, timeOf(record)));
    }
    for (const { key, time } of state.withdrawn_choices) {
      const names = gallery.pairs.namesOf({ annotator: key[0], tie: [{ row_id: key[1], run_id: key[2] }, { row_id: key[3], run_id: key[4] }] });
      known.set(JSON.stringify(names), timeOf({ time }));
      const here = store.get(names);
      if (here && here.at < timeOf({ time })) quietly(() => store.put(names, { ...here.value, decision: null }, timeOf({ time })));
    }
    for (const kind of Object.keys(KINDS)) {
      for (const item of store.of(kind).filter(isOfPage)) {
        const key = JSON.stringify(item.names);
        if ((known.get(key) ?? "") < item.entry.at && (item.entry.value || kind === "decision")) unsent.set(key, item);
      }
    }
    version = state.version;
    feedback = state.feedback;
    document.dispatchEvent(new CustomEvent("decisions"));
  }

  function quietly(act) {
    isMerging = true;
    try { act(); } finally { isMerging = false; }
  }

  async function send() {
    while (unsent.size) {
      const batch = [...unsent].slice(0, MOST);
      const body = {};
      for (const [, item] of batch) (body[KINDS[item.names[0]]] ??= []).push(records[item.names[0]](item));
      const answer = await (await ask("api/decisions", body)).json();
      for (const [key, item] of batch) if (unsent.get(key) === item) unsent.delete(key); // else it was decided anew meanwhile
      if (answer.before === version) version = answer.version;
      const refused = Object.values(KINDS).flatMap((name) => answer[name]?.refused ?? []);
      if (refused.length) gallery.say(t("The server did not take {n} {n|decision|decisions}: {why}", { n: refused.length, why: refused[0].message }));
    }
  }

  // Send what is to be sent, and look at what others did; what fails is tried again.
  function sync() {
    work = work.then(async () => {
      try {
        await send();
        const state = await (await ask(`api/state?since=${encodeURIComponent(version)}`)).json();
        if (!state.unchanged) await take(state);
        await send();
        if (version !== told) document.dispatchEvent(new CustomEvent("synced"));
        told = version;
        fault = "";
      } catch (error) {
        fault = error.status === 403 ? "anew" : error.status ? error.message : "away";
      }
      show();
    });
    return work;
  }

  let gathering;
  function gather({ detail }) {
    if (isMerging || !detail || !(detail.names[0] in KINDS) || !isOfPage(detail)) return;
    unsent.set(JSON.stringify(detail.names), detail);
    show();
    clearTimeout(gathering);
    gathering = setTimeout(sync, REST);
  }

  const FAULTS = {
    anew: () => t("The server was started anew: open the address that it printed."),
    away: () => t("The server is away."),
  };

  function show() {
    const waiting = t("{n} {n|decision is|decisions are} kept in this browser and sent when it is back.", { n: unsent.size });
    const file = feedback.split("/").at(-1);
    by("sync").dataset.state = fault ? "away" : unsent.size ? "sending" : "sent";
    by("sync").textContent = fault ? `${FAULTS[fault]?.() ?? fault} ${unsent.size ? waiting : ""}` : unsent.size ? t("saving …") : t("saved in {file}", { file });
    by("sync").title = feedback;
  }

  // Once the page has opened its store, which it says by its first event of decisions.
  document.addEventListener("decisions", open, { once: true });
  async function open() {
    by("export").before(make("output", { id: "sync", class: "quiet", "aria-live": "polite" }));
    document.addEventListener("kept", gather);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) sync(); });
    setInterval(() => { if (!document.hidden || unsent.size) sync(); }, EVERY);
    await sync();
  }

  return {
    sync,
    // A row with these elements as the job would draw it: a PNG; rejects where the server is away or can't draw it.
    draw: async (row, elements, { style, styled } = {}) => (await ask("api/draw", { row_id: row.row_id, elements, ...(styled ? { style, styled } : {}) })).blob(),
    // What an instruction makes of a row with these elements: { elements, done, undone }.
    refine: async (row, elements, instruction, { style, styled } = {}) => (await ask("api/refine", { row_id: row.row_id, elements, instruction, ...(styled ? { style, styled } : {}) })).json(),
    // What becomes of decisions and drafts in all rows, or in one.
    carried: async (body) => (await ask("api/carried", body)).json(),
    // The house styles that a row may have, and its elements in one of them as the job would set them.
    styles: async (row) => (await ask("api/styles", { row_id: row.row_id })).json(),
    styled: async (row, style) => (await (await ask("api/styles", { row_id: row.row_id, style })).json()).elements,
    get isAway() { return Boolean(fault); },
    get unsent() { return unsent.size; },
  };
})();
