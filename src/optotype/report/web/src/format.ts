// Numbers as text: true minus signs, thousands apart, a dash for what does not exist.

import type { Column, Kind, Unit } from "./types";

export const DASH = "–";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const fourDigits = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/** Four significant digits; two and a power of ten under 0.0001. */
const significant = {
  format: (value: number) =>
    value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(1) : fourDigits.format(value),
};

/** Four significant digits, at most four decimals, zeros kept, so that a number and the ends of its interval look alike. */
const padded = (value: number) =>
  Number.isInteger(value) || Math.abs(value) < 1e-3 || Math.abs(value) >= 1e4
    ? significant.format(value)
    : value.toFixed(Math.min(4, 3 - Math.floor(Math.log10(Math.abs(value)))));

const three = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

const signed = (text: string) => text.replaceAll("-", "−");

export const count = (value: number) => signed(grouped.format(value));

export function seconds(value: number): string {
  const size = Math.abs(value);
  if (size < 1e-3) return `${signed((value * 1e6).toFixed(0))} µs`;
  if (size < 1) return `${signed(three.format(value * 1e3))} ms`;
  if (size < 60) return `${signed(value.toFixed(1))} s`;
  const whole = Math.round(size);
  const two = (part: number) => String(part).padStart(2, "0");
  const sign = value < 0 ? "−" : "";
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${sign}${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** `digits` are the decimals of a ratio, which grow when an interval is very narrow. */
export function amount(value: number | null, unit: Unit, digits = 3): string {
  if (value === null) return DASH;
  switch (unit) {
    case "ratio":
    case "nats":
      return signed(value.toFixed(digits));
    case "points":
      return signed(value.toFixed(2));
    case "count":
      return Number.isInteger(value) ? count(value) : signed(significant.format(value));
    case "seconds":
      return seconds(value);
    case "pixels":
      return `${signed(significant.format(value))} px`;
    case "plain":
      return signed(significant.format(value));
  }
}

export function cell(value: number | null, kind: Kind, pad = false): string {
  if (value === null) return DASH;
  switch (kind) {
    case "integer":
      return count(value);
    case "ratio":
      return signed(value.toFixed(3));
    case "percent":
      return `${signed((100 * value).toFixed(1))} %`;
    case "points":
      return signed(value.toFixed(2));
    case "delta":
      return (value > 0 ? "+" : "") + (value !== 0 && Number.isInteger(value) ? count(value) : signed(value.toFixed(3)));
    case "seconds":
      return seconds(value);
    default:
      if (Number.isInteger(value) && Math.abs(value) < 1e15) return count(value);
      return signed(pad ? padded(value) : significant.format(value));
  }
}

export const isNumeric = (column: Column) => !["text", "picture", "colour"].includes(column.kind);

/** Decimals that keep the ends of an interval apart. */
export function digitsFor(low: number | null, high: number | null): number {
  if (low === null || high === null || high <= low) return 3;
  return Math.min(6, Math.max(3, Math.ceil(1 - Math.log10(high - low))));
}

/** An interval; a dash between its ends would look like a minus sign. */
export const between = (low: string, high: string) => `[${low}, ${high}]`;

export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
