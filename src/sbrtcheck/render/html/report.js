"use strict";
(() => {
  const $ = (query) => document.querySelector(query);
  const $$ = (query) => [...document.querySelectorAll(query)];

  // ------------------------------------------------------------------ verdict table

  const table = $("#rows");
  const bodies = $$("#rows > tbody");
  const wanted = new Set();

  function open(body, yes) {
    body.classList.toggle("opened", yes);
    body.querySelector("button.open").setAttribute("aria-expanded", String(yes));
  }

  for (const body of bodies) {
    const head = body.querySelector("tr.head");
    head.addEventListener("click", (event) => {
      const chosen = String(getSelection()).length > 0 && !event.target.closest("button");
      if (!chosen) open(body, !body.classList.contains("opened"));
    });
  }

  function fits(body, text) {
    const filters = body.dataset.filters.split(" ");
    const chosen = wanted.size === 0 || [...wanted].some((key) =>
      key === "attention" ? body.classList.contains("attention") : filters.includes(key));
    return chosen && (text === "" || body.textContent.toLowerCase().includes(text));
  }

  function filter() {
    const text = $("#find").value.trim().toLowerCase();
    const missing = $("#show-missing")?.getAttribute("aria-pressed") === "true";
    const narrowed = wanted.has("none") || wanted.has("review") || text !== "";
    let shown = 0, lacking = 0;
    for (const body of bodies) {
      body.classList.toggle("hidden", !fits(body, text));
      body.classList.toggle("asked", missing || narrowed);
      const visible = fits(body, text) && (missing || narrowed || !body.classList.contains("missing"));
      shown += visible ? 1 : 0;
      lacking += fits(body, text) && !visible ? 1 : 0;
    }
    const rest = lacking ? `; ${lacking} more ask for structures that the plan does not have` : "";
    $("#shown").textContent = shown === bodies.length ? `All ${shown} rows are shown.`
      : `${shown} of ${bodies.length} rows are shown${rest}.`;
  }

  function choose(key) {
    if (key === "") wanted.clear();
    else if (!wanted.delete(key)) wanted.add(key);
    for (const one of $$(".chip")) {
      const on = one.dataset.filter === "" ? wanted.size === 0 : wanted.has(one.dataset.filter);
      one.setAttribute("aria-pressed", String(on));
    }
    filter();
  }
  for (const chip of $$(".chip")) chip.addEventListener("click", () => choose(chip.dataset.filter));

  function show(body) {
    open(body, true);
    body.scrollIntoView({ block: "center" });
    body.querySelector("button.open").focus({ preventScroll: true });
  }

  // a line under the verdict leads to its row, whatever is filtered
  for (const link of $$("a.to-row")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      $("#find").value = "";
      choose("");
      show($(link.getAttribute("href")));
    });
  }

  // many reasons of one kind are one line, until they are asked for or printed
  const folded = $$(".reasons details");
  const fold = (yes) => folded.forEach((one) => { one.open = !yes; });
  fold(true);
  addEventListener("beforeprint", () => fold(false));
  addEventListener("afterprint", () => fold(true));

  function pressed(button, action) {
    button?.addEventListener("click", () => {
      const yes = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(yes));
      action(yes);
    });
  }

  $("#find").addEventListener("input", filter);
  pressed($("#show-missing"), filter);
  pressed($("#open-all"), (yes) => bodies.forEach((body) => open(body, yes)));

  function sortKey(body, column) {
    const cell = body.querySelector("tr.head").cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    if (text === "") return null;
    return "sort" in cell.dataset ? Number(text) : text.toLowerCase();
  }

  function compared(a, b) {
    if (a === b) return 0;
    if (a === null) return 2; // what has no value stands last, whichever way round
    if (b === null) return -2;
    return a < b ? -1 : 1;
  }

  for (const button of $$("button.sort")) {
    button.addEventListener("click", () => {
      const header = button.closest("th");
      const next = { none: "ascending", ascending: "descending", descending: "none" }[header.getAttribute("aria-sort")];
      $$("#rows > thead th").forEach((one) => one.setAttribute("aria-sort", "none"));
      header.setAttribute("aria-sort", next);
      const keys = new Map(bodies.map((body) => [body, sortKey(body, header.cellIndex)]));
      const sign = next === "descending" ? -1 : 1;
      const order = next === "none" ? bodies : [...bodies].sort((a, b) => {
        const found = compared(keys.get(a), keys.get(b));
        return Math.abs(found) === 2 ? found : sign * found;
      });
      table.append(...order);
    });
  }
  filter();

  const data = JSON.parse($("#data").textContent);

  // ------------------------------------------------------------------ notes and sign-off: kept in a file of their own

  const notes = data.notes;
  let unsaved = false;
  const written = (query) => $(query).value.trim();
  const fieldOf = (row, kind) => written(`${kind}[data-row="${row}"]`);

  function newNotes() {
    return notes.rows.map((one, row) => ({
      ...one, note: fieldOf(row, "textarea.note"), initials: fieldOf(row, "input.initials"),
    })).filter((one) => one.note !== "" || one.initials !== "");
  }

  function newSignOffs() {
    const [initials, comment] = [written("#sign-initials"), written("#sign-comment")];
    return initials === "" && comment === "" ? [] : [{ ...notes.sign_off, initials, comment, date: written("#sign-date") }];
  }

  // what YAML forbids in a text is written by its number; half a character is none
  function quoted(text) {
    const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
    return JSON.stringify(whole).replace(/[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
  }

  const listed = (name, keys, entries) => entries.length === 0 ? [`${name}: []`]
    : [`${name}:`, ...entries.flatMap((one) => keys.map((key, n) => `${n ? "    " : "  - "}${key}: ${quoted(one[key])}`))];

  const notesText = () => [
    ...notes.heading, `plan: ${quoted(notes.plan)}`,
    ...listed("sign_offs", notes.sign_off_keys, [...notes.kept_sign_offs, ...newSignOffs()]),
    ...listed("rows", notes.note_keys, [...notes.kept_rows, ...newNotes()]), "",
  ].join("\n");

  // a day of the calendar, or nothing: what else stands there, no check would read
  function isDate(text) {
    const day = new Date(`${text}T00:00:00Z`);
    return text === "" || (/^\d{4}-\d\d-\d\d$/.test(text) && !isNaN(day) && day.toISOString().startsWith(text));
  }

  function save() {
    if (!isDate(written("#sign-date"))) {
      $("#notes-state").textContent = "Not saved: write the date like 2026-01-31, or leave it out.";
      $("#sign-date").focus();
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([notesText()], { type: "application/yaml" }));
    link.download = notes.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    $("#notes-state").textContent = `Saved as ${notes.file}: ${newNotes().length} new notes, `
      + `${newSignOffs().length ? "a sign-off" : "no new sign-off"}.`;
  }

  function noteLine(row) { // of a note that is being written: seen when the row is closed, and printed
    const body = $(`#r-${row}`);
    const text = [fieldOf(row, "textarea.note"), fieldOf(row, "input.initials")].map((part, n) => n && part ? `(${part})` : part);
    body.querySelector("tr.draft")?.remove();
    if (text.every((part) => part === "")) return;
    const line = document.createElement("tr");
    line.className = "noted draft";
    const cell = line.insertCell();
    cell.colSpan = body.querySelector("tr.detail > td").colSpan;
    cell.append(Object.assign(document.createElement("p"), { textContent: `New note: ${text.filter(Boolean).join(" ")}` }));
    body.querySelector("tr.detail").before(line);
  }

  if ($("#save-notes")) {
    const day = new Date();
    $("#sign-date").value = [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
    for (const field of $$(".fill textarea, .fill input")) {
      field.addEventListener("input", () => {
        unsaved = true;
        $("#notes-state").textContent = "Not saved yet.";
        if (field.dataset.row !== undefined) noteLine(field.dataset.row);
      });
    }
    $("#save-notes").addEventListener("click", save);
    addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  }

  // ------------------------------------------------------------------ chart

  const chart = $("#chart");
  if (!chart) return;
  const state = { cc: false, log: false, limits: true, band: true, dose: 0, strong: null, row: null, width: 860 };
  const start = Number($("#dose").value);
  const HEIGHT = 440, LEFT = 54, RIGHT = 16, TOP = 14, BOTTOM = 42, LEAST = 0.01, WEDGE = 26;
  const LEVELS = [0.9, 0.7, 0.5, 0.3, 0.1], SPREAD = 0.16;
  const SHAPES = { PASS: 0, FAIL: 1, VARIATION: 2, RISK: 3, MET: 5, NOT_MET: 6 };
  const NS = "http://www.w3.org/2000/svg";

  const on = () => data.series.map((one, n) => n).filter((n) => data.series[n].on);
  const drawable = (one) => one.cc || !state.cc;
  const scaled = (one, volume) => (state.cc ? volume : 100 * volume / one.volume);
  const steps = Math.round(data.top / data.step + 0.4999);

  function element(parent, name, attributes, text) {
    const made = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function ticks(top) {
    if (!(top > 0)) return [0];
    const power = 10 ** Math.floor(Math.log10(top / 10));
    const step = [1, 2, 5, 10, 20].map((factor) => power * factor).find((one) => top / one <= 10);
    return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, n) => n * step);
  }

  const short = (number) => String(Number(number.toPrecision(6)));

  function axes() {
    const volumes = on().map((n) => data.series[n]).filter((one) => one.cc).map((one) => one.volume);
    const top = state.cc ? Math.max(...volumes, 2 * LEAST) : 100;
    const bottom = state.log ? LEAST : 0; // of a logarithmic scale, in either unit
    const share = (volume) => state.log
      ? Math.log(Math.max(volume, bottom) / bottom) / Math.log(top / bottom) : volume / top;
    return {
      top, bottom,
      x: (dose) => LEFT + dose / data.top * (state.width - LEFT - RIGHT),
      y: (volume) => HEIGHT - BOTTOM - share(volume) * (HEIGHT - TOP - BOTTOM),
      doseAt: (x) => (x - LEFT) / (state.width - LEFT - RIGHT) * data.top,
    };
  }

  function volumeTicks(axis) {
    if (!state.log) return ticks(axis.top);
    const first = Math.round(Math.log10(axis.bottom));
    const last = Math.floor(Math.log10(axis.top) + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, n) => 10 ** (first + n));
  }

  function drawAxes(axis) {
    for (const dose of ticks(data.top).filter((_, n) => state.width > 560 || n % 2 === 0)) {
      const x = axis.x(dose).toFixed(1);
      element(chart, "path", { class: "grid", d: `M${x} ${TOP}V${HEIGHT - BOTTOM}` });
      element(chart, "text", { class: "tick", x, y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, short(dose));
    }
    for (const volume of volumeTicks(axis)) {
      const y = axis.y(volume);
      element(chart, "path", { class: "grid", d: `M${LEFT} ${y.toFixed(1)}H${state.width - RIGHT}` });
      element(chart, "text", { class: "tick", x: LEFT - 6, y: (y + 4).toFixed(1), "text-anchor": "end" }, short(volume));
    }
    const middle = (LEFT + state.width - RIGHT) / 2;
    element(chart, "text", { class: "axis", x: middle, y: HEIGHT - 6, "text-anchor": "middle" }, "Dose, Gy");
    const turned = `translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`;
    element(chart, "text", { class: "axis", transform: turned, "text-anchor": "middle" },
      state.cc ? "Volume, cc" : "Volume, %");
    if (data.rx !== null && data.rx <= data.top) {
      const x = axis.x(data.rx).toFixed(1);
      element(chart, "path", { class: "rx", d: `M${x} ${TOP}V${HEIGHT - BOTTOM}` });
    }
  }

  const spots = (one, volumes, axis) =>
    volumes.concat(volumes.length <= steps ? [0] : []).map((v, n) =>
      `${axis.x(n * data.step).toFixed(1)} ${axis.y(scaled(one, v)).toFixed(1)}`);

  function doseAtShare(one, share) {
    const volume = share * one.volume;
    const after = one.v.findIndex((v) => v < volume);
    if (after < 0) return Math.max(one.v.length - 1, 0) * data.step;
    if (after === 0) return 0;
    return (after - (volume - one.v[after]) / (one.v[after - 1] - one.v[after])) * data.step;
  }

  function drawSeries(n, axis) {
    const one = data.series[n];
    const color = one.colour;
    if (state.band) {
      const around = [...spots(one, one.hi, axis), ...spots(one, one.lo, axis).reverse()];
      element(inside, "path", { class: "band", color, d: `M${around.join("L")}Z` });
    }
    const strong = (one.target ? " target" : "") + (state.strong === n ? " strong" : "");
    element(inside, "path", {
      class: `line${strong}`, color, "stroke-width": one.width, "stroke-dasharray": one.dashes,
      d: `M${spots(one, one.v, axis).join("L")}`, "data-series": n,
    });
    const shift = SPREAD * (n / data.series.length - 0.5);
    for (const level of LEVELS.map((share) => share + shift)) {
      const x = axis.x(doseAtShare(one, level)).toFixed(1), y = axis.y(scaled(one, level * one.volume)).toFixed(1);
      element(inside, "use", { class: "marker", color, href: `#m-${one.marker}`, x, y });
    }
  }

  const volumeOf = (point) => {
    const one = data.series[point.s];
    return scaled(one, point.y / 100 * one.volume);
  };

  function drawPoint(point, axis) {
    const color = data.series[point.s].colour;
    const x = axis.x(point.x), onAxis = point.y === null;
    const y = onAxis ? HEIGHT - BOTTOM : axis.y(volumeOf(point));
    const left = point.upper ? x - WEDGE : x, height = onAxis ? WEDGE / 2 : WEDGE;
    const top = onAxis ? y - height : point.upper ? y : y - WEDGE;
    element(inside, "rect", { class: "wedge", color, x: left, y: top, width: WEDGE, height });
    if (point.row === state.row) drawSide(point, x, y, color);
    const group = element(chart, "g", {
      class: `limit ${point.verdict.toLowerCase()}${point.firm ? "" : " soft"}`, color,
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, "data-row": point.row,
    });
    element(group, "title", {}, point.text);
    const corner = point.upper ? "M0 0V-26M0 0H26" : "M0 0V26M0 0H-26";
    const arrow = point.upper ? "M0 0V-20H-10l3-3m-3 3l3 3" : "M0 0V-20H10l-3-3m3 3l-3 3";
    element(group, "path", { d: onAxis ? arrow : corner });
    element(group, "use", { href: `#m-${SHAPES[point.verdict]}` });
  }

  // all of the allowed side: everything but the quadrant that the arms of the corner enclose
  function drawSide(point, x, y, color) {
    const right = state.width - RIGHT, floor = HEIGHT - BOTTOM;
    const d = point.y === null
      ? `M${x} ${TOP}V${floor}H${point.upper ? LEFT : right}V${TOP}Z`
      : point.upper ? `M${LEFT} ${TOP}H${x}V${y}H${right}V${floor}H${LEFT}Z`
        : `M${LEFT} ${TOP}H${right}V${floor}H${x}V${y}H${LEFT}Z`;
    element(inside, "path", { class: "side", color, d });
  }

  let inside = null; // what lies within the axes

  function draw() {
    const axis = axes();
    chart.replaceChildren();
    chart.setAttribute("viewBox", `0 0 ${state.width} ${HEIGHT}`);
    drawAxes(axis);
    const clip = element(chart, "clipPath", { id: "plot" });
    element(clip, "path", { d: `M${LEFT} ${TOP}H${state.width - RIGHT}V${HEIGHT - BOTTOM}H${LEFT}Z` });
    inside = element(chart, "g", { "clip-path": "url(#plot)" });
    const shown = on().filter((n) => drawable(data.series[n]));
    shown.forEach((n) => drawSeries(n, axis));
    if (state.limits) {
      data.points.filter((point) => shown.includes(point.s)).forEach((point) => drawPoint(point, axis));
    }
    drawCursor(axis, shown);
  }

  // ------------------------------------------------------------------ values at a dose

  const places = (volume) => (volume < 10 ? 3 : volume < 1000 ? 2 : 1);

  function volumeText(one, volume) {
    if (!state.cc) return (100 * volume / one.volume).toFixed(2);
    return volume.toFixed(places(one.volume));
  }

  function reading(one) {
    if (!drawable(one)) return "no absolute volume";
    const at = Math.round(state.dose / data.step);
    const [value, low, high] = [one.v, one.lo, one.hi].map((volumes) => volumeText(one, volumes[at] ?? 0));
    const unit = state.cc ? "cc" : "%";
    return low === value && value === high ? `${value} ${unit}` : `${value} ${unit} [${low}, ${high}]`;
  }

  const doseText = () => `${state.dose.toFixed(data.step < 0.1 ? 2 : data.step < 1 ? 1 : 0)} Gy`;

  function read() {
    $("#at").textContent = doseText();
    $("#dose").setAttribute("aria-valuetext", doseText());
    $("#at-head").textContent = `Volume at ${doseText()} [bounds]`;
    for (const cell of $$(".reading")) cell.textContent = reading(data.series[cell.dataset.series]);
  }

  let cursor = null;

  function drawCursor(axis, shown) {
    cursor?.remove();
    cursor = element(chart, "g", { class: "reader-line" });
    if (state.dose === 0) return;
    const x = axis.x(state.dose), at = Math.round(state.dose / data.step);
    element(cursor, "path", { class: "cursor", d: `M${x.toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` });
    for (const n of shown) {
      const one = data.series[n];
      element(cursor, "circle",
        { class: "dot", color: one.colour, r: 4, cx: x.toFixed(1), cy: axis.y(scaled(one, one.v[at] ?? 0)).toFixed(1) });
    }
  }

  function moveTo(dose) {
    const at = Math.min(Math.max(Math.round(dose / data.step), 0), steps);
    state.dose = Number((at * data.step).toPrecision(12));
    $("#dose").value = state.dose;
    read();
    drawCursor(axes(), on().filter((n) => drawable(data.series[n])));
  }

  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    moveTo(axes().doseAt((event.clientX - box.left) / box.width * state.width));
  });
  $("#dose").addEventListener("input", () => moveTo(Number($("#dose").value)));

  // ------------------------------------------------------------------ switches

  function switched(n, yes) {
    data.series[n].on = yes;
    const box = $(`.switch[data-series="${n}"]`);
    box.checked = yes;
    box.closest("tr").classList.toggle("off", !yes);
  }

  for (const box of $$(".switch")) {
    const n = Number(box.dataset.series);
    box.addEventListener("change", () => { switched(n, box.checked); draw(); });
    const line = box.closest("tr");
    line.addEventListener("pointerenter", () => { state.strong = n; draw(); });
    line.addEventListener("pointerleave", () => { state.strong = null; draw(); });
  }
  const all = (yes) => () => { data.series.forEach((_, n) => switched(n, yes)); draw(); };
  $("#all-on").addEventListener("click", all(true));
  $("#all-off").addEventListener("click", all(false));
  for (const choice of $$("input[name=volume], input[name=scale], #with-limits, #with-band")) {
    choice.addEventListener("change", () => {
      state.cc = $("input[name=volume]:checked").value === "cc";
      state.log = $("input[name=scale]:checked").value === "log";
      state.limits = $("#with-limits").checked;
      state.band = $("#with-band").checked;
      draw();
      read();
    });
  }

  // a row shows its limit in the chart, and a limit its row
  for (const button of $$(".to-chart")) {
    button.addEventListener("click", () => {
      state.row = Number(button.dataset.row);
      const point = data.points.find((one) => one.row === state.row);
      state.strong = point.s;
      switched(point.s, true);
      state.limits = $("#with-limits").checked = true;
      draw();
      moveTo(point.x);
      $("#dvh").scrollIntoView();
      $("#dose").focus({ preventScroll: true });
    });
  }
  chart.addEventListener("click", (event) => {
    const limit = event.target.closest(".limit");
    if (!limit) return;
    show($(`#r-${limit.dataset.row}`));
  });

  // ------------------------------------------------------------------ size: of the window, and of paper

  function fit(width) {
    state.width = Math.round(Math.min(Math.max(width, 320), 1240));
    draw();
  }
  const fitWindow = () => fit(chart.parentElement.clientWidth);
  addEventListener("resize", fitWindow);
  addEventListener("beforeprint", () => { state.row = null; state.strong = null; state.dose = 0; fit(860); });
  addEventListener("afterprint", () => { moveTo(Number($("#dose").value)); fitWindow(); });
  fitWindow();
  moveTo(start);
})();
