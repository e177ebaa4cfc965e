// The page: takes what the emulator pushes, keeps ten minutes of it, and shows it.

import { Chart } from "./chart.js";
import { Control } from "./control.js";
import { bytes, count, rate, seconds, short, span } from "./numbers.js";
import { showTables, showTiles, showTotals } from "./panels.js";
import { linear, logarithmic, ofBytes } from "./scale.js";

const LONGEST_SECONDS = 600;
const MOST_MOMENTS = 1200;
const AGAIN_MILLISECONDS = 2000;

const find = (id) => document.getElementById(id);
const many = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const largest = (values) => values.reduce((most, value) => Math.max(most, value), 0);
const smallest = (values) => values.reduce((least, value) => Math.min(least, value), Infinity);

const counts = (values) => linear(largest(values), { least: 4, wholes: true });
const memory = (values) => ofBytes(largest(values));
const latency = (values) =>
  values.length ? logarithmic(smallest(values), largest(values)) : logarithmic(0.001, 1);

const CHARTS = [
  {
    id: "chart-nodes",
    title: "Nodes",
    series: [
      { key: "wanted", name: "wanted", tone: "wanted" },
      { key: "connected", name: "connected", tone: "blue broad" },
      { key: "ready", name: "ready", tone: "green" },
    ],
    scale: counts,
    label: short,
    value: count,
  },
  {
    id: "chart-messages",
    title: "Messages per second",
    series: [
      { key: "requests_per_s", name: "requests", tone: "blue broad" },
      { key: "replies_per_s", name: "replies", tone: "green" },
    ],
    scale: counts,
    label: short,
    value: rate,
  },
  {
    id: "chart-latency",
    title: "Reply latency",
    series: [
      { key: "p50_seconds", name: "p50", tone: "blue" },
      { key: "p99_seconds", name: "p99", tone: "amber" },
    ],
    scale: latency,
    label: seconds,
    value: seconds,
  },
  {
    id: "chart-memory",
    title: "Memory",
    series: [
      { key: "memory_bytes", name: "emulator", tone: "violet" },
      { key: "broker_memory_bytes", name: "brokers", tone: "amber" },
    ],
    scale: memory,
    value: bytes,
  },
];

const charts = CHARTS.map((chart) => new Chart(find("charts"), chart));
const control = new Control(document);
let moments = null; // by column: { time: [...], ready: [...], ... }
let last = null; // the document that came last
let isLost = false;
let isWaiting = false;

function keep({ columns, moments: rows }, isNew) {
  if (isNew || !moments) moments = Object.fromEntries(columns.map((name) => [name, []]));
  for (const row of rows) columns.forEach((name, n) => moments[name].push(row[n]));
  const { time } = moments;
  const fresh = time.findIndex((one) => time.at(-1) - one <= LONGEST_SECONDS);
  const old = Math.max(fresh, time.length - MOST_MOMENTS);
  for (const name of columns) moments[name].splice(0, old);
}

function asObject(columns, row) {
  return row && Object.fromEntries(columns.map((name, n) => [name, row[n]]));
}

function stageOf(look) {
  if (isLost) return ["lost", "no connection to the emulator"];
  if (look.stage === "stopping") return ["stopping", "stopping"];
  if (look.is_ready) return ["ready", "ready"];
  if (look.connected < look.wanted) {
    return ["busy", `${look.stage}: ${count(look.connected)} of ${count(look.wanted)} connected`];
  }
  if (look.ready < look.wanted) {
    return ["busy", `${look.stage}: ${count(look.ready)} of ${count(look.wanted)} ready`];
  }
  return ["busy", `${look.stage}: the brokers are learning of the subscriptions`];
}

function showStage() {
  const [kind, text] = last ? stageOf(last.look) : ["lost", "no connection to the emulator"];
  find("stage").className = `stage ${kind}`;
  if (find("stage").textContent !== text) find("stage").textContent = text;
}

function showHead({ fleet, look }) {
  find("name").textContent = fleet.name || "Emulated fleet";
  document.title = `${count(look.ready)}/${count(look.wanted)} ${fleet.name}`;
  const tls = fleet.is_tls ? " · TLS" : "";
  find("about").textContent =
    `up ${span(look.uptime_seconds)} · ${many(fleet.agents, "agent")} · ` +
    `${many(fleet.collectives, "collective")}${tls} · seed ${fleet.seed}`;
  find("failure").hidden = look.is_ready || !look.last_failure;
  find("failure").textContent = `The last attempt to connect failed: ${look.last_failure}`;
}

function draw() {
  isWaiting = false;
  showStage();
  if (!last) return;
  const { columns, look, replying, permits } = last;
  const now = Object.fromEntries(columns.map((name) => [name, moments[name].at(-1)]));
  showHead(last);
  showTiles(find("tiles"), { now, replying: asObject(columns, replying), look });
  showTotals(find("totals"), look.counts);
  showTables(document, look);
  control.show(permits, look.wanted);
  charts.forEach((chart) => chart.show(moments));
}

function drawSoon() {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(draw);
}

function take(text, isNew) {
  last = JSON.parse(text);
  isLost = false;
  keep(last, isNew);
  drawSoon();
}

// The browser connects again by itself, but for an answer that is none.
function listen() {
  const source = new EventSource("events");
  source.addEventListener("history", (event) => take(event.data, true));
  source.addEventListener("news", (event) => take(event.data, false));
  source.addEventListener("error", () => {
    isLost = true;
    drawSoon();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MILLISECONDS);
  });
}

listen();
