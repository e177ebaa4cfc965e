// A line chart: SVG in the colours of the page, with a legend that tells values.

import { clock } from "./numbers.js";
import { ages } from "./scale.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const MARGIN = { top: 10, right: 10, bottom: 24, left: 62 };

function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function html(name, className = "", text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

function ageText(age) {
  if (age === 0) return "now";
  return age % 60 === 0 ? `−${age / 60} min` : `−${age} s`;
}

export class Chart {
  // `series`: [{ key, name, tone }]; `scale(values)`: an axis; `label` and `value` write
  // a tick, where the axis does not, and a value in the legend.
  constructor(host, { id, title, series, scale, label, value }) {
    Object.assign(this, { title, series, scale, label, value });
    this.moments = null;
    this.pointer = null;
    this.card = html("figure", "card chart");
    this.card.id = id;
    this.svg = svg("svg", { role: "img", height: HEIGHT });
    this.card.append(this.caption(), this.svg);
    host.append(this.card);
    this.svg.addEventListener("pointermove", (event) => this.point(event.offsetX));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(this.card);
  }

  caption() {
    const caption = html("figcaption");
    this.when = html("span", "when");
    const legend = html("ul", "legend");
    this.told = this.series.map(({ name, tone }) => {
      const entry = html("li");
      const told = html("b", "", "–");
      entry.append(html("span", `swatch ${tone}`), html("span", "", name), told);
      legend.append(entry);
      return told;
    });
    const head = html("div", "head");
    head.append(html("h2", "", this.title), this.when);
    caption.append(head, legend);
    return caption;
  }

  point(x) {
    this.pointer = x;
    this.draw();
  }

  show(moments) {
    this.moments = moments;
    this.draw();
  }

  draw() {
    const { moments } = this;
    const width = Math.floor(this.svg.getBoundingClientRect().width);
    if (!moments || !moments.time.length || !width) return;
    const last = moments.time.at(-1);
    const area = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: HEIGHT - MARGIN.bottom,
    };
    const window = ages(last - moments.time[0]);
    const axis = this.scale(this.series.flatMap(({ key }) => moments[key].filter((v) => v !== null)));
    const x = (time) => area.right - ((last - time) / window.length) * (area.right - area.left);
    const y = (value) => area.bottom - axis.share(value) * (area.bottom - area.top);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren(
      ...this.levels(axis, y, area),
      ...this.times(window, last, x, area),
      ...this.series.map((one) => this.line(one, moments, x, y)),
    );
    this.read(moments, x, y, area);
  }

  levels(axis, y, area) {
    const label = axis.label ?? this.label;
    return axis.ticks.flatMap((tick) => [
      svg("line", { class: "grid", x1: area.left, x2: area.right, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "tick level", x: area.left - 8, y: y(tick) + 4 }, label(tick)),
    ]);
  }

  times(window, last, x, area) {
    const room = area.right - area.left;
    const every = room < 330 ? 2 : 1; // a phone has no room for each
    return window.ticks.filter((_age, n) => n % every === 0).map((age) =>
      svg(
        "text",
        { class: age ? "tick time" : "tick time now", x: x(last - age), y: area.bottom + 18 },
        ageText(age),
      ),
    );
  }

  // Where nothing is known the line is broken; a value alone is a dot.
  line({ key, tone }, moments, x, y) {
    const pieces = [[]];
    moments[key].forEach((value, n) => {
      if (value === null) pieces.push([]);
      else pieces.at(-1).push(`${x(moments.time[n]).toFixed(1)} ${y(value).toFixed(1)}`);
    });
    const drawn = pieces.filter((points) => points.length);
    const path = drawn.map((points) => `M${points.join("L")}${points.length > 1 ? "" : "h0"}`);
    return svg("path", { class: `line ${tone}`, d: path.join("") });
  }

  // Tell the values under the pointer, or the last ones.
  read(moments, x, y, area) {
    let at = moments.time.length - 1;
    if (this.pointer !== null) {
      while (at > 0 && x(moments.time[at]) > this.pointer) at -= 1;
      const here = x(moments.time[at]);
      this.svg.append(svg("line", { class: "pointer", x1: here, x2: here, y1: area.top, y2: area.bottom }));
      for (const { key, tone } of this.series) {
        const value = moments[key][at];
        if (value === null) continue;
        this.svg.append(svg("circle", { class: `dot ${tone}`, cx: here, cy: y(value), r: 3.5 }));
      }
    }
    const texts = this.series.map(({ key }) => {
      const known = this.pointer === null ? moments[key].filter((one) => one !== null) : [moments[key][at]];
      const value = known.at(-1) ?? null;
      return value === null ? "–" : this.value(value);
    });
    texts.forEach((text, n) => (this.told[n].textContent = text));
    this.when.textContent = this.pointer === null ? "" : clock(moments.time[at]);
    const all = this.series.map(({ name }, n) => `${name} ${texts[n]}`);
    this.svg.setAttribute("aria-label", `${this.title}: ${all.join(", ")}`);
  }
}
