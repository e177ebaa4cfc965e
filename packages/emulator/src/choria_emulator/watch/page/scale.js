// Where an axis ends and which of its values are labelled.

import { BYTE_UNITS } from "./numbers.js";

const SPANS = [60, 120, 300, 600];
const AGES = { 60: 15, 120: 30, 300: 60, 600: 120 };

function step(top, parts) {
  const raw = top / parts;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
}

function upTo(top, by) {
  const ticks = [];
  for (let n = 0; n * by <= top * 1.0001; n += 1) ticks.push(n * by);
  return ticks;
}

// From zero to a round number not below `largest`.
export function linear(largest, { least = 1, unit = 1, wholes = false } = {}) {
  const wanted = Math.max(largest, least) / unit;
  let by = step(wanted, 4);
  if (wholes) by = Math.max(1, Math.ceil(by));
  const top = Math.ceil((wanted / by) * 0.9999) * by;
  return {
    ticks: upTo(top, by).map((tick) => tick * unit),
    share: (value) => value / (top * unit),
  };
}

export function ofBytes(largest) {
  const least = 2 ** 20;
  const [unit, name] = BYTE_UNITS.find(([size]) => Math.max(largest, least) >= size);
  const label = (tick) => (tick ? `${tick / unit}\u202f${name}` : "0");
  return { ...linear(largest, { least, unit }), label };
}

// Whole decades around the values.
export function logarithmic(smallest, largest) {
  const bottom = Math.floor(Math.log10(smallest) + 1e-9);
  const top = Math.max(bottom + 1, Math.ceil(Math.log10(largest) - 1e-9));
  const ticks = [];
  for (let power = bottom; power <= top; power += 1) ticks.push(10 ** power);
  return { ticks, share: (value) => (Math.log10(value) - bottom) / (top - bottom) };
}

// A window of time that ends now: long enough for all there is, ten minutes at most.
export function ages(lasted) {
  const length = SPANS.find((span) => span >= lasted) ?? SPANS.at(-1);
  const ticks = [];
  for (let age = 0; age <= length; age += AGES[length]) ticks.push(age);
  return { length, ticks };
}
