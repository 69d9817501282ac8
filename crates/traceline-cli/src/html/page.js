"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { summary, groups, units, trees } = data;
  const STEP = 300;
  const BARS = ["#2f81e0", "#d9730d", "#2a9d6f", "#a855c7", "#c99a06", "#d6457f", "#1aa1b3", "#7d8590"];
  const services = [...new Set(units.map((unit) => unit.service))].sort();
  const $ = (id) => document.getElementById(id);

  // Text from lines is only ever text: no markup is made of it.
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (key === "class") element.className = value;
      else if (key.startsWith("--")) element.style.setProperty(key, value);
      else if (key === "left" || key === "width") element.style[key] = value;
      else if (typeof value === "function") element.addEventListener(key, value);
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== ""));
    return element;
  }

  // What would turn text round or not be seen at all is shown as its escape; line ends stay.
  const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;
  const seen = (text) => text.replace(hidden, (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"));

  function duration(micros) {
    if (micros < 10e6) return (micros / 1e3).toFixed(3) + " ms";
    return (micros / 1e6).toFixed(micros < 100e6 ? 2 : 1) + " s";
  }
  const grouped = (n) => n.toLocaleString("en");
  const count = (n, word) => grouped(n) + " " + word + (n === 1 ? "" : "s");
  const ofOutcome = (outcome) => ({ ok: "good", error: "bad", panic: "bad", cancelled: "warn" })[outcome] ?? "";
  const ofLevel = (level) => ({ error: "bad", warn: "warn" })[level.toLowerCase()] ?? "";
  const percent = (part, whole) => (whole > 0 ? Math.min(100, (part * 100) / whole) : 0) + "%";
  const color = (unit) => BARS[services.indexOf(unit.service) % BARS.length];

  function head() {
    const parts = [summary.shown < summary.selected
      ? `${grouped(summary.shown)} of ${count(summary.selected, "unit")} on this page: the slowest and their transactions; ` +
        `what is left out took ${summary.slowestLeftOut} at most`
      : count(summary.selected, "unit")];
    if (summary.selected < summary.all) parts.push(`filtered from ${grouped(summary.all)}`);
    if (summary.partial) parts.push(count(summary.partial, "partial record"));
    if (summary.duplicates) parts.push(count(summary.duplicates, "duplicate"));
    $("summary").textContent = parts.join(" · ");
  }

  function names() {
    const titles = ["name", "service", "units", "records", "failed", "p50", "p90", "p99", "longest", "total"];
    // The number of records says something only where it is another one than that of units.
    const weighted = groups.some((group) => group[2] !== group[3]);
    const kept = (cells) => cells.filter((_, at) => weighted || at !== 3);
    const header = titles.map((title, at) => make("th", { class: at > 1 ? "number" : "" }, title));
    const rows = groups.map((group) => make("tr", {}, ...kept(group.map((cell, at) => {
      if (at === 0) return make("td", {}, make("button", { click: () => search(group[0]) }, seen(cell)));
      if (at === 1) return make("td", { class: "dim" }, seen(cell));
      const style = at === 4 && cell > 0 ? "number bad" : "number";
      return make("td", { class: style }, at > 4 ? duration(cell) : grouped(cell));
    }))));
    $("names").querySelector("table").append(make("thead", {}, make("tr", {}, ...kept(header))), make("tbody", {}, ...rows));
    $("names").open = groups.length <= 12;
  }

  function rejected() {
    const { bad, other } = summary;
    if (bad.count + other.count === 0) return;
    const texts = [];
    if (bad.count) texts.push(count(bad.count, "line") + " that cannot be read");
    if (other.count) texts.push(count(other.count, "line") + " of other kinds");
    $("rejected").hidden = false;
    $("rejected").querySelector("summary").textContent = texts.join(", ");
    const rows = [...bad.first, ...other.first].map(([place, why, text]) => make("tr", {},
      make("td", { class: "dim mono" }, seen(place)), make("td", { class: "warn" }, why), make("td", { class: "mono value" }, seen(text))));
    $("rejected").querySelector("table").append(make("tbody", {}, ...rows));
  }

  const columns = [
    ["began", (unit) => unit.began],
    ["name", (unit) => unit.name],
    ["service", (unit) => unit.service],
    ["outcome", (unit) => unit.outcome],
    ["took", (unit) => unit.took],
  ];
  const state = { words: [], column: 4, down: true, most: STEP, chosen: -1 };
  const haystacks = units.map((unit) => [
    "msg=" + unit.name, "service=" + unit.service, "level=" + unit.level, "outcome=" + unit.outcome, unit.began,
    ...unit.ids.map((pair) => pair.join("=")), ...unit.fields.map((pair) => pair.join("=")),
    ...unit.timers.map((timer) => timer[0]), ...unit.fragments.map((fragment) => fragment[3]),
  ].join("\n").toLowerCase());

  function tableHead() {
    const cells = columns.map(([title], at) => {
      const on = at === state.column;
      const sort = () => {
        state.down = on ? !state.down : at === 4;
        state.column = at;
        table();
      };
      return make("th", { "aria-sort": on ? (state.down ? "descending" : "ascending") : "none" },
        make("button", { click: sort }, title + (on ? (state.down ? " ↓" : " ↑") : "")));
    });
    $("units").tHead.replaceChildren(make("tr", {}, ...cells));
  }

  function table() {
    tableHead();
    const value = columns[state.column][1];
    const order = (a, b) => {
      const [x, y] = [value(units[a]), value(units[b])];
      return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1) || units[a].n - units[b].n;
    };
    const found = units.map((_, at) => at).filter((at) => state.words.every((word) => haystacks[at].includes(word))).sort(order);
    $("units").tBodies[0].replaceChildren(...found.slice(0, state.most).map(row));
    $("found").textContent = found.length === units.length ? "" : `${grouped(found.length)} of ${grouped(units.length)}`;
    $("more").hidden = found.length <= state.most;
    $("more").textContent = `Show more of the other ${grouped(found.length - state.most)}`;
  }

  function row(at) {
    const unit = units[at];
    const select = () => open(at);
    const key = (event) => {
      const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
      if (event.key === "Enter" || event.key === " ") select();
      else if (next) event.currentTarget[next]?.focus();
      else return;
      event.preventDefault();
    };
    const attributes = { tabindex: "0", "data-unit": at, "aria-selected": String(at === state.chosen), click: select, keydown: key };
    if (!unit.asked) Object.assign(attributes, { class: "also", title: "Not asked for, but part of a transaction that is" });
    return make("tr", attributes,
      make("td", { class: "dim", title: unit.began }, unit.began.slice(11, 23)),
      make("td", { title: seen(unit.name) }, make("bdi", {}, seen(unit.name))),
      make("td", { class: "dim" }, make("bdi", {}, seen(unit.service))),
      make("td", { class: ofOutcome(unit.outcome) }, unit.outcome),
      make("td", {}, duration(unit.took)));
  }

  function scale(took) {
    return make("div", { class: "scale" }, make("span", {}, "0"), make("span", {}, duration(took / 2)), make("span", {}, duration(took)));
  }

  function track(unit, offset, whole) {
    const left = percent(offset, whole);
    // With no time at all, everything is at its beginning.
    const bar = make("div", { class: "bar", left, width: percent(unit.took, whole), "--bar": color(unit) });
    const marks = unit.fragments.map(([at, , level, text]) =>
      make("div", { class: "mark " + ofLevel(level), left: percent(offset + Math.min(at, unit.took), whole), title: `+${duration(at)} ${seen(text)}` }));
    return make("div", { class: "track" }, bar, ...marks);
  }

  function waterfall(tree, chosen) {
    const rows = tree.rows.map(([at, depth, offset, notes]) => {
      const unit = units[at];
      const label = make("span", { class: "label", "--depth": Math.min(depth, 12), title: notes.join("\n") },
        make("bdi", {}, seen(unit.name)), " ", make("bdi", { class: "dim" }, seen(unit.service)), notes.length ? make("span", { class: "warn" }, " ⚠") : "");
      return make("button", { type: "button", "data-row": at, "aria-current": String(at === chosen), click: () => open(at) }, label,
        track(unit, offset, tree.took), make("span", { class: "number " + ofOutcome(unit.outcome) }, duration(unit.took)));
    });
    const chart = make("div", { class: "chart", id: "waterfall" }, scale(tree.took), ...rows);
    const more = tree.left ? [make("p", { class: "dim" }, `and ${count(tree.left, "unit")} that this page has no room for`)] : [];
    return [make("h3", {}, `transaction: ${count(tree.rows.length + tree.left, "unit")}, ${duration(tree.took)}`), chart, ...more];
  }

  function fragments(unit) {
    if (!unit.fragments.length) return [];
    const cells = unit.fragments.flatMap(([at, tag, level, text]) => [
      make("span", { class: "number dim" }, "+" + duration(at)), make("span", { class: "dim mono" }, seen(tag)),
      make("span", { class: "value " + ofLevel(level) }, seen(text))]);
    return [make("h3", {}, "fragments"), make("div", { class: "list fragments" }, ...cells)];
  }

  function timers(unit) {
    if (!unit.timers.length) return [];
    const cells = unit.timers.flatMap(([key, laps, total, longest, wall]) => [
      make("span", {}, seen(key)),
      make("div", { class: "track" }, make("div", { class: "bar", left: "0", width: percent(wall, unit.took) })),
      make("span", { class: "number" }, duration(total)),
      make("span", { class: "number" }, unit.took ? Math.round((wall * 100) / unit.took) + " %" : ""),
      make("span", { class: "dim" }, `${laps} ${laps === "1" ? "lap" : "laps"}, longest ${duration(longest)}`)]);
    return [make("h3", {}, "timers: how much of the unit’s time, wherever in it"), make("div", { class: "list timers" }, ...cells)];
  }

  function fields(unit) {
    if (!unit.fields.length) return [];
    const cells = unit.fields.flatMap(([key, value]) => [make("span", { class: "dim value" }, seen(key)),
      make("span", { class: "value" + (/^(error|panic)/.test(key) ? " bad" : "") }, seen(value))]);
    return [make("h3", {}, "fields"), make("div", { class: "list fields" }, ...cells)];
  }

  function notes(unit, at) {
    const rows = unit.tree === undefined ? [] : trees[unit.tree].rows;
    const all = rows.find((row) => row[0] === at)?.[3] ?? [];
    return all.map((note) => make("p", { class: "warn" }, "⚠ " + note));
  }

  function draw(at) {
    const unit = units[at];
    const tree = trees[unit.tree];
    const facts = [["", unit.service], [ofOutcome(unit.outcome), unit.outcome], ["", duration(unit.took)], [ofLevel(unit.level), unit.level]];
    $("unit").replaceChildren(
      make("h2", {}, make("bdi", {}, seen(unit.name))),
      make("p", { class: "facts" }, ...facts.filter(([, text]) => text).map(([style, text]) => make("span", { class: style }, seen(text)))),
      make("p", { class: "dim mono" }, unit.began),
      ...unit.ids.map(([key, value]) => make("p", { class: "dim mono" }, seen(key) + " " + seen(value))),
      make("p", { class: "dim mono" }, `unit ${unit.n}: ${seen(unit.place)}`),
      ...notes(unit, at),
      ...(tree && tree.rows.length > 1 ? waterfall(tree, at)
        : [make("h3", {}, "timeline"), make("div", { class: "chart", id: "waterfall" }, make("span", { class: "label" }), scale(unit.took),
          make("span", {}), make("span", { class: "label" }), track(unit, 0, unit.took), make("span", {}))]),
      ...fragments(unit), ...timers(unit), ...fields(unit));
  }

  function open(at) {
    state.chosen = at;
    for (const row of $("units").tBodies[0].rows) row.setAttribute("aria-selected", String(Number(row.dataset.unit) === at));
    draw(at);
    history.replaceState(null, "", "#unit=" + units[at].n);
  }

  function search(text) {
    $("search").value = text;
    state.words = text.toLowerCase().split(/\s+/).filter((word) => word);
    state.most = STEP;
    table();
  }

  function fromAddress() {
    const n = Number(new URLSearchParams(location.hash.slice(1)).get("unit"));
    const at = units.findIndex((unit) => unit.n === n);
    if (at >= 0) open(at);
    else if (units.length) draw(0);
    else $("unit").replaceChildren(make("p", { class: "dim" }, "No unit meets the filter."));
  }

  $("search").addEventListener("input", (event) => search(event.target.value));
  $("more").addEventListener("click", () => {
    state.most += STEP;
    table();
  });
  addEventListener("hashchange", fromAddress);
  head();
  names();
  rejected();
  table();
  fromAddress();
})();
