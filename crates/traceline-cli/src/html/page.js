(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { summary, failures, groups, units, trees } = data;
  const STEP = 300;
  const BARS = ["#2f81e0", "#b8860b", "#2a9d6f", "#a855c7", "#5b7fa6", "#1aa1b3", "#8a6d3b", "#7d8590"];
  const services = [...new Set(units.map((unit) => unit.service))].sort();
  const $ = (id) => document.getElementById(id);

  // Text from lines is only ever text: no markup is made of it.
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (value === undefined) continue;
      if (key === "class") element.className = value;
      else if (key.startsWith("--")) element.style.setProperty(key, value);
      else if (["left", "width", "height", "bottom"].includes(key)) element.style[key] = value;
      else if (typeof value === "function") element.addEventListener(key, value);
      else element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== ""));
    return element;
  }

  // What would turn text round or not be seen at all is shown as its escape; line ends stay.
  const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;
  const seen = (text) => text.replace(hidden, (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"));

  // Three significant digits, and one unit for all numbers of a column: that of the longest.
  function scaleOf(longest) {
    const [unit, micros] = longest < 1e3 ? ["µs", 1] : longest < 1e6 ? ["ms", 1e3] : longest < 6e8 ? ["s", 1e6] : longest < 3.6e10 ? ["min", 6e7] : ["h", 3.6e9];
    const number = (value) => {
      if (value === undefined) return "";
      const x = value / micros;
      if (unit === "µs" || x === 0) return String(Math.round(x));
      const text = x.toFixed(x < 0.9995 ? 3 : x < 9.995 ? 2 : x < 99.95 ? 1 : 0);
      return Number(text) === 0 ? "<0.001" : text;
    };
    return { unit, number, text: (value) => (value === undefined ? "–" : `${number(value)} ${unit}`) };
  }
  const duration = (micros) => scaleOf(micros ?? 0).text(micros);
  const grouped = (n) => n.toLocaleString("en");
  const count = (n, word) => grouped(n) + " " + word + (n === 1 ? "" : "s");
  const failed = (unit) => unit.outcome === "error" || unit.outcome === "panic";
  const ofOutcome = (outcome) => ({ ok: "good", error: "bad", panic: "bad", cancelled: "warn" })[outcome] ?? "";
  const ofLevel = (level) => ({ error: "bad", warn: "warn" })[level.toLowerCase()] ?? "";
  const percent = (part, whole) => (whole > 0 ? Math.max(0, Math.min(100, (part * 100) / whole)) : 0) + "%";
  const color = (unit) => (failed(unit) ? undefined : BARS[services.indexOf(unit.service) % BARS.length]);
  // A failure is told by a sign and a word too, never by colour alone.
  const outcome = (unit) => (failed(unit) ? "✗ " : "") + [unit.outcome, unit.status].filter((text) => text).join(" ");
  const clock = (micros) => new Date(micros / 1e3).toISOString().slice(11, 23);

  function head() {
    const left = [];
    if (summary.failedShown < summary.failed) left.push(`${grouped(summary.failed - summary.failedShown)} failures left out`);
    const parts = [summary.shown < summary.selected
      ? `${grouped(summary.shown)} of ${count(summary.selected, "unit")} on this page: failures, the slowest and their transactions` +
        (summary.slowestLeftOut ? `; what is left out took ${summary.slowestLeftOut} at most` : "")
      : count(summary.selected, "unit")];
    parts.push(...left);
    if (summary.failed) parts.push(`${grouped(summary.failed)} failed`);
    if (summary.selected < summary.all) parts.push(`filtered from ${grouped(summary.all)}`);
    if (summary.partial) parts.push(count(summary.partial, "partial record"));
    if (summary.duplicates) parts.push(count(summary.duplicates, "duplicate"));
    $("summary").textContent = parts.join(" · ");
    const files = summary.files.map((name) => seen(name.split("/").pop()));
    const named = files.length > 3 ? `${files.slice(0, 2).join(", ")} and ${files.length - 2} more` : files.join(", ");
    document.querySelector("h1").textContent = `traceline: ${named}`;
    document.title = `${summary.failed ? `${grouped(summary.failed)} failed of ` : ""}${count(summary.selected, "unit")} · ${named} · traceline`;
    $("about").textContent = [seen(summary.filter), `made ${summary.made.slice(0, 19)}Z`].filter((text) => text).join(" · ");
    $("about").title = summary.files.map(seen).join("\n");
  }

  // Units and failures over time. Dragging across it selects a span of time.
  function chart() {
    const { chart } = summary;
    if (!chart) return;
    $("chart").hidden = false;
    const most = Math.max(...chart.units);
    const width = (chart.end - chart.start + 1) / chart.units.length;
    const time = (at) => chart.start + at * width;
    const columns = chart.units.map((n, at) => make("div", { class: "column",
      title: `${clock(time(at))}: ${count(n, "unit")}${chart.failed[at] ? `, ${grouped(chart.failed[at])} failed` : ""}` },
      make("div", { class: "some", height: percent(n, most) }), make("div", { class: "some failed", height: percent(chart.failed[at], most) })));
    const box = $("chart").querySelector(".columns");
    const brush = make("div", { class: "brush", hidden: "" });
    box.append(...columns, brush);
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Units and failures over time; drag to select a span of time, Escape to select all");
    const caption = () => {
      const [from, to] = state.range ?? [chart.start, chart.end];
      const clear = make("button", { type: "button", click: () => select(undefined) }, "all");
      $("chart").querySelector("figcaption").replaceChildren(
        make("span", {}, clock(from)), make("span", {}, state.range ? "selected " : `at most ${grouped(most)} at a time`, state.range ? clear : ""), make("span", {}, clock(to)));
      brush.hidden = !state.range;
      if (!state.range) return;
      brush.style.left = percent(from - chart.start, chart.end - chart.start);
      brush.style.width = percent(to - from, chart.end - chart.start);
    };
    const select = (range) => {
      state.range = range;
      caption();
      table();
    };
    let begun;
    const at = (event) => {
      const { left, width } = box.getBoundingClientRect();
      return chart.start + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (chart.end - chart.start);
    };
    const drag = (event) => select([begun, at(event)].sort((a, b) => a - b));
    box.addEventListener("pointerdown", (event) => {
      begun = at(event);
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => begun !== undefined && drag(event));
    box.addEventListener("pointerup", (event) => {
      if (Math.abs(at(event) - begun) < (chart.end - chart.start) / 200) select(undefined);
      else drag(event);
      begun = undefined;
    });
    box.addEventListener("keydown", (event) => event.key === "Escape" && select(undefined));
    caption();
  }

  function fill(id, titles, rows, numbers) {
    const header = titles.map((title, at) => make("th", { class: numbers(at) ? "number" : "" }, title));
    $(id).querySelector("table").append(make("thead", {}, make("tr", {}, ...header)), make("tbody", {}, ...rows));
  }

  const quote = (text) => `"${text.replace(/[\\"]/g, (char) => "\\" + char)}"`;

  function failureTable() {
    if (!failures.length) return;
    $("failures").hidden = false;
    $("failures").querySelector("summary").textContent = `${grouped(summary.failed)} failed, by name and error`;
    const rows = failures.map(([name, service, error, n, first, last, example]) => {
      const at = units.findIndex((unit) => unit.n === example);
      const text = seen(error) || "no text";
      return make("tr", {}, make("td", { class: "number bad" }, grouped(n)),
        make("td", {}, make("button", { click: () => search(`name=${quote(name)} and outcome~error|panic`) }, make("bdi", {}, seen(name)))),
        make("td", { class: "dim" }, make("bdi", {}, seen(service))),
        make("td", { class: "bad" }, at < 0 ? text : make("button", { title: "open the last one", click: () => open(at) }, make("bdi", {}, text))),
        make("td", { class: "dim number" }, first.slice(11, 23)), make("td", { class: "dim number" }, last.slice(11, 23)));
    });
    fill("failures", ["failed", "name", "service", "error", "first", "last"], rows, (at) => at === 0 || at > 3);
  }

  function names() {
    const scales = [5, 6, 7, 8, 9].map((at) => scaleOf(Math.max(0, ...groups.map((group) => group[at]))));
    const titles = ["name", "service", "units", "records", "failed", ...["p50", "p90", "p99", "longest", "total"].map((title, at) => `${title} ${scales[at].unit}`)];
    // The number of records says something only where it is another one than that of units.
    const weighted = groups.some((group) => group[2] !== group[3]);
    const kept = (cells) => cells.filter((_, at) => weighted || at !== 3);
    const rows = groups.map((group) => make("tr", {}, ...kept(group.map((cell, at) => {
      if (at === 0) return make("td", {}, make("button", { click: () => search(`name=${quote(group[0])}`) }, seen(cell)));
      if (at === 1) return make("td", { class: "dim" }, seen(cell));
      const style = at === 4 && cell > 0 ? "number bad" : "number";
      return make("td", { class: style }, at > 4 ? scales[at - 5].number(cell) : grouped(cell));
    }))));
    fill("names", kept(titles), rows, (at) => at > 1);
    $("names").open = !failures.length && groups.length <= 12;
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
    ["outcome", (unit) => (failed(unit) ? 2 : 0) + (unit.outcome === "panic" ? 1 : 0)],
    ["took", (unit) => unit.took ?? -1],
  ];
  const state = { meets: () => true, range: undefined, column: 3, down: true, most: STEP, chosen: -1, collapsed: new Set(), zoom: undefined };
  for (const unit of units) {
    unit.words = [
      unit.name, unit.service, unit.level, unit.outcome, unit.status, unit.began, ...unit.error,
      ...unit.ids.map((pair) => pair.join("=")), ...unit.fields.map((pair) => pair.join("=")),
      ...unit.timers.map((timer) => timer[0]), ...unit.fragments.map((fragment) => fragment[3]),
    ].join("\n");
    unit.folded = unit.words.toLowerCase();
  }
  const takes = scaleOf(Math.max(0, ...units.map((unit) => unit.took ?? 0)));

  function tableHead() {
    const cells = columns.map(([title], at) => {
      const on = at === state.column;
      const sort = () => {
        state.down = on ? !state.down : at > 2;
        state.column = at;
        table();
      };
      const text = at === 4 ? `${title} ${takes.unit}` : title;
      return make("th", { "aria-sort": on ? (state.down ? "descending" : "ascending") : "none" },
        make("button", { click: sort }, text + (on ? (state.down ? " ↓" : " ↑") : "")));
    });
    $("units").tHead.replaceChildren(make("tr", {}, ...cells));
  }

  function table() {
    tableHead();
    const value = columns[state.column][1];
    const order = (a, b) => {
      const [x, y] = [value(units[a]), value(units[b])];
      const slower = (units[b].took ?? -1) - (units[a].took ?? -1);
      return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1) || slower || units[a].n - units[b].n;
    };
    const within = ({ ended }) => !state.range || (ended !== undefined && ended >= state.range[0] && ended <= state.range[1]);
    const found = units.map((_, at) => at).filter((at) => within(units[at]) && state.meets(units[at])).sort(order);
    $("units").tBodies[0].replaceChildren(...found.slice(0, state.most).map(row));
    $("found").textContent = found.length === units.length ? "" : `${grouped(found.length)} of ${grouped(units.length)}`;
    $("more").hidden = found.length <= state.most;
    $("more").textContent = `Show more of the other ${grouped(found.length - state.most)}`;
  }

  function row(at) {
    const unit = units[at];
    const select = () => {
      open(at);
      // Where the unit stands below the list, it would be opened unseen.
      if (matchMedia("(max-width: 60rem)").matches) $("unit").scrollIntoView();
    };
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
      make("td", { class: ofOutcome(unit.outcome) }, outcome(unit)),
      make("td", {}, takes.number(unit.took)));
  }

  // Times at the ends of the axis and between them, all in one unit.
  function scale([from, to]) {
    const unit = scaleOf(to);
    const ticks = [0, 1, 2, 3, 4].map((n) => make("span", {}, n === 4 ? unit.text(to) : unit.number(from + ((to - from) * n) / 4)));
    return make("div", { class: "scale" }, ...ticks);
  }

  function track(unit, offset, [from, to], own) {
    const whole = to - from;
    const [begin, end] = [offset - from, offset - from + (unit.took ?? 0)];
    const left = percent(begin, whole);
    const width = `calc(${percent(end, whole)} - ${left})`;
    const style = "bar" + (failed(unit) ? " failed" : "") + (own?.critical ? " critical" : "");
    const bars = end < 0 || begin > whole ? [] : [make("div", { class: style, left, width, "--bar": color(unit) })];
    const marks = unit.fragments.filter(([at]) => offset + at >= from && offset + at <= to).map(([at, , level, text]) =>
      make("div", { class: "mark " + ofLevel(level), left: percent(begin + Math.min(at, unit.took ?? 0), whole), title: `+${duration(at)} ${seen(text)}` }));
    return make("div", { class: "track" }, ...bars, ...marks);
  }

  function waterfall(tree, chosen) {
    const rows = Waterfall.rows(tree, units);
    const paths = new Set(rows.filter((row) => !row.caller).flatMap((row) => [...Waterfall.critical(row)]));
    const range = state.zoom ?? [0, tree.took];
    const scaled = scaleOf(tree.took);
    const closed = (row) => row.caller && (state.collapsed.has(row.caller.at) || closed(row.caller));
    const shown = rows.filter((row) => !closed(row)).map((row) => {
      const { at, depth, offset, notes, called } = row;
      const unit = units[at];
      const own = { critical: called.length > 0 || row.caller ? paths.has(at) : false };
      const self = called.length ? `, ${scaled.text(Waterfall.selfTime(row))} of it itself` : "";
      const title = [...notes, `${duration(unit.took)}${self}`, own.critical ? "on the critical path" : ""].filter((text) => text).join("\n");
      const fold = make("span", { class: "fold", click: (event) => {
        event.stopPropagation();
        if (!state.collapsed.delete(at)) state.collapsed.add(at);
        draw(chosen);
      } }, called.length ? (state.collapsed.has(at) ? "▸" : "▾") : "");
      const label = make("span", { class: "label", "--depth": Math.min(depth, 12), title }, fold,
        make("bdi", {}, seen(unit.name)), " ", make("bdi", { class: "dim" }, seen(unit.service)), notes.length ? make("span", { class: "warn" }, " ⚠") : "");
      const key = (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        if (event.key === "ArrowLeft") state.collapsed.add(at);
        else state.collapsed.delete(at);
        draw(chosen);
        document.querySelector(`[data-row="${at}"]`)?.focus();
      };
      const itself = make("span", { class: "number dim self" }, called.length ? `self ${scaled.number(Waterfall.selfTime(row))}` : "");
      return make("button", { type: "button", "data-row": at, "aria-current": String(at === chosen), click: () => open(at), keydown: key },
        label, track(unit, offset, range, own), make("span", { class: "number " + ofOutcome(unit.outcome) }, (failed(unit) ? "✗ " : "") + scaled.text(unit.took)), itself);
    });
    const own = rows.find((row) => row.at === chosen);
    const zoom = (range) => () => {
      state.zoom = range;
      draw(chosen);
    };
    const tools = make("span", { class: "tools" },
      own && own.took > 0 && !state.zoom ? make("button", { type: "button", click: zoom([own.offset, own.end]) }, "zoom to this unit") : "",
      state.zoom ? make("button", { type: "button", click: zoom(undefined) }, "show all") : "");
    const chart = make("div", { class: "chart", id: "waterfall" }, scale(range), ...shown);
    const more = tree.left ? [make("p", { class: "dim" }, `and ${count(tree.left, "unit")} that this page has no room for`)] : [];
    return [make("h3", {}, `transaction: ${count(tree.rows.length + tree.left, "unit")}, ${duration(tree.took)} `, tools), chart, ...more];
  }

  function fragments(unit) {
    if (!unit.fragments.length) return [];
    const scaled = scaleOf(unit.took ?? 0);
    const cells = unit.fragments.flatMap(([at, tag, level, text]) => [
      make("span", { class: "number dim" }, "+" + scaled.text(at)), make("span", { class: "dim mono" }, seen(tag)),
      make("span", { class: "value " + ofLevel(level) }, seen(text))]);
    return [make("h3", {}, "fragments"), make("div", { class: "list fragments" }, ...cells)];
  }

  function timers(unit) {
    if (!unit.timers.length) return [];
    const scaled = scaleOf(Math.max(...unit.timers.map((timer) => timer[2])));
    const cells = unit.timers.flatMap(([key, laps, total, longest, wall]) => [
      make("span", {}, seen(key)),
      make("div", { class: "track" }, make("div", { class: "bar", left: "0", width: percent(wall, unit.took) })),
      make("span", { class: "number" }, scaled.text(total)),
      make("span", { class: "number" }, unit.took ? Math.round((wall * 100) / unit.took) + " %" : ""),
      make("span", { class: "dim" }, `${laps} ${laps === "1" ? "lap" : "laps"}, longest ${scaled.text(longest)}`)]);
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
    const facts = [["", unit.service], [ofOutcome(unit.outcome), outcome(unit)], ["", duration(unit.took)], [ofLevel(unit.level), unit.level]];
    const error = unit.error.filter((text) => text).join(": ");
    $("unit").replaceChildren(
      make("h2", {}, make("bdi", {}, seen(unit.name))),
      make("p", { class: "facts" }, ...facts.filter(([, text]) => text).map(([style, text]) => make("span", { class: style }, seen(text)))),
      error && failed(unit) ? make("p", { class: "error value" }, seen(error)) : "",
      make("p", { class: "dim mono" }, unit.began),
      ...unit.ids.map(([key, value]) => make("p", { class: "dim mono" }, seen(key) + " " + seen(value))),
      make("p", { class: "dim mono" }, `unit ${unit.n}: ${seen(unit.place)}`),
      ...notes(unit, at),
      ...fields(unit),
      ...(tree && tree.rows.length > 1 ? waterfall(tree, at)
        : [make("h3", {}, "timeline"), make("div", { class: "chart", id: "waterfall" }, make("span", { class: "label" }), scale([0, unit.took ?? 0]),
          make("span", {}), make("span", { class: "label" }), track(unit, 0, [0, unit.took ?? 0]), make("span", {}))]),
      ...fragments(unit), ...timers(unit));
  }

  function open(at) {
    if (units[at].tree !== units[state.chosen]?.tree) [state.collapsed, state.zoom] = [new Set(), undefined];
    state.chosen = at;
    for (const row of $("units").tBodies[0].rows) row.setAttribute("aria-selected", String(Number(row.dataset.unit) === at));
    draw(at);
    history.replaceState(null, "", "#unit=" + units[at].n);
  }

  function search(text) {
    $("search").value = text;
    try {
      state.meets = Query.parse(text);
      $("fault").textContent = "";
    } catch (error) {
      $("fault").textContent = error.message;
      return;
    }
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
  chart();
  failureTable();
  names();
  rejected();
  table();
  fromAddress();
})();
