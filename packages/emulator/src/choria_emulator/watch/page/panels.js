// Tiles, totals and tables: the last look in numbers.

import { bytes, count, rate, seconds } from "./numbers.js";

const TOTALS = [
  ["requests", "Requests that reached a node"],
  ["replies", "Replies sent"],
  ["filtered", "Requests for other nodes"],
  ["connects", "Connections made"],
  ["registrations", "Registrations published"],
  ["events", "Lifecycle events published"],
  ["dropped", "Left unanswered, as planned"],
  ["failed", "Failures answered, as planned"],
  ["cuts", "Connections cut, as planned"],
  ["denied", "Replies that denied"],
  ["repeated", "Requests seen before"],
  ["expired", "Requests that came too late", "bad"],
  ["refused", "Requests refused", "bad"],
  ["lost_replies", "Replies lost for want of a connection", "bad"],
  ["large_replies", "Replies larger than the broker takes", "bad"],
  ["failed_connects", "Attempts to connect that failed", "bad"],
  ["losses", "Connections lost", "bad"],
  ["in_bytes", "Bytes of requests", "", bytes],
  ["out_bytes", "Bytes of replies", "", bytes],
];

const BROKER_COLUMNS = [
  ["Name", (broker) => broker.name, "text"],
  ["Connections", (broker) => count(broker.connections)],
  ["Subscriptions", (broker) => count(broker.subscriptions)],
  ["Memory", (broker) => bytes(broker.memory_bytes)],
  ["CPU", (broker) => `${count(broker.cpu_percent)} %`],
  ["Messages in", (broker) => count(broker.in_messages)],
  ["Messages out", (broker) => count(broker.out_messages)],
  ["Slow consumers", (broker) => count(broker.slow_consumers)],
];

const WORKER_COLUMNS = [
  ["Process", (worker) => String(worker.worker)],
  ["PID", (worker) => String(worker.pid)],
  ["Wanted", (worker) => count(worker.wanted)],
  ["Connected", (worker) => count(worker.connected)],
  ["Ready", (worker) => count(worker.ready)],
  ["Memory", (worker) => bytes(worker.memory_bytes)],
  ["A node", (worker) => (worker.connected ? bytes(worker.memory_bytes / worker.connected) : "–")],
];

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function tile(id, name, value, detail, progress) {
  const made = element("div", "card tile", "");
  made.id = `tile-${id}`;
  made.append(element("h2", "", name), element("p", "value", value), element("p", "detail", detail));
  if (progress) {
    const bar = element("progress", "", "");
    bar.max = Math.max(1, progress.of);
    bar.value = progress.done;
    bar.setAttribute("aria-label", name);
    made.append(bar);
  }
  return made;
}

function memoryTile(now) {
  const each = now.connected ? `${bytes(now.memory_bytes / now.connected)} a node, all told` : "all processes";
  return tile("memory", "Emulator memory", bytes(now.memory_bytes), each);
}

function brokerTile(now, look) {
  const many = look.brokers.length === 1 ? "one broker" : `${look.brokers.length} brokers`;
  return tile("broker-memory", "Broker memory", bytes(now.broker_memory_bytes), many);
}

// `now`: the last moment; `replying`: the last in which replies were sent.
export function showTiles(host, { now, replying, look }) {
  const progress = { done: now.ready, of: now.wanted };
  const latency = replying
    ? [seconds(replying.p50_seconds), `p99 ${seconds(replying.p99_seconds)}`]
    : ["–", "no reply yet"];
  const waiting = now.connected - now.ready;
  const rest = waiting > 0 ? ` · ${count(waiting)} on their way` : "";
  host.replaceChildren(
    tile("nodes", "Nodes ready", count(now.ready), `of ${count(now.wanted)}${rest}`, progress),
    tile("requests", "Requests per second", rate(now.requests_per_s), `${count(look.counts.requests)} in all`),
    tile("replies", "Replies per second", rate(now.replies_per_s), `${count(look.counts.replies)} in all`),
    tile("latency", "Reply latency, p50", ...latency),
    memoryTile(now),
    ...(look.brokers.length ? [brokerTile(now, look)] : []),
  );
}

export function showTotals(host, counts) {
  host.replaceChildren(
    ...TOTALS.map(([key, name, kind = "", tell = count]) => {
      const value = counts[key];
      const entry = element("div", value ? kind : "none", "");
      entry.append(element("dt", "", name), element("dd", "", tell(value)));
      entry.dataset.total = key;
      return entry;
    }),
  );
}

function showTable(section, columns, rows) {
  section.hidden = rows.length === 0;
  const head = document.createElement("tr");
  for (const [name, , kind = ""] of columns) {
    const cell = element("th", kind, name);
    cell.scope = "col";
    head.append(cell);
  }
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    for (const [, tell, kind = ""] of columns) line.append(element("td", kind, tell(row)));
    return line;
  });
  const [top, body] = [document.createElement("thead"), document.createElement("tbody")];
  top.append(head);
  body.append(...lines);
  section.querySelector("table").replaceChildren(top, body);
}

export function showTables(page, look) {
  showTable(page.getElementById("brokers"), BROKER_COLUMNS, look.brokers);
  showTable(page.getElementById("workers"), WORKER_COLUMNS, look.workers);
}
