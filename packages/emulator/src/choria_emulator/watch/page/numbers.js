// Numbers as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const GAP = "\u202f"; // a narrow space that does not break

function digits(value, most = 3) {
  const before = Math.max(1, Math.floor(Math.log10(Math.abs(value) || 1)) + 1);
  return value.toFixed(Math.max(0, most - before));
}

function trimmed(value, most) {
  return String(Number(digits(value, most)));
}

export function count(value) {
  return whole.format(value);
}

export function rate(value) {
  return value > 0 && value < 10 ? trimmed(value, 2) : count(value);
}

// Short, for the labels of an axis: 12,500 is 12.5 k.
export function short(value) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (Math.abs(value) >= size) {
      const divisor = unit === "k" ? 1e3 : size;
      return String(Number((value / divisor).toFixed(2))) + GAP + unit;
    }
  }
  return Number.isInteger(value) ? count(value) : trimmed(value, 2);
}

export function seconds(value) {
  if (value >= 1) return trimmed(value, 3) + GAP + "s";
  if (value >= 1e-3) return trimmed(value * 1e3, 3) + GAP + "ms";
  return trimmed(value * 1e6, 3) + GAP + "µs";
}

export const BYTE_UNITS = [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];

export function bytes(value) {
  const [size, unit] = BYTE_UNITS.find(([least]) => Math.abs(value) >= least) ?? [1, "B"];
  return trimmed(value / size, 3) + GAP + unit;
}

// How long something lasts: 42 s, 3 min 20 s, 2 h 5 min.
export function span(value) {
  const total = Math.floor(value);
  if (total < 60) return total + GAP + "s";
  if (total < 3600) return Math.floor(total / 60) + GAP + "min " + (total % 60) + GAP + "s";
  return Math.floor(total / 3600) + GAP + "h " + Math.floor((total % 3600) / 60) + GAP + "min";
}

export function clock(unixSeconds) {
  return new Date(unixSeconds * 1000).toLocaleTimeString([], { hour12: false });
}
