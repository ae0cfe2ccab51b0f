// Axes: where values lie and which ticks are named.

import type { Axis } from "./types";
import { amount } from "./format";

export interface Scale {
  (value: number): number;
  low: number;
  high: number;
  ticks: number[];
  text: (value: number) => string;
}

const STEPS = [1, 2, 2.5, 5, 10];

function niceStep(width: number, wanted: number, whole: boolean): number {
  const rough = width / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = STEPS.map((step) => step * power).filter((step) => step >= rough * 0.999);
  return (whole && steps.find((step) => Number.isInteger(step))) || (whole ? Math.ceil(steps[0]!) : steps[0]!);
}

/** A scale from the axis' range (else the values', widened to whole ticks) to pixels `from`–`to`. */
export function makeScale(axis: Axis, values: number[], from: number, to: number, wanted: number, zero = false): Scale {
  return axis.scale === "log"
    ? logScale(axis, values, from, to, wanted)
    : linearScale(axis, zero ? [...values, 0] : values, from, to, wanted);
}

function extent(values: number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

function linearScale(axis: Axis, values: number[], from: number, to: number, wanted: number): Scale {
  let [low, high] = extent(values);
  low = axis.low ?? low;
  high = axis.high ?? high;
  if (!(high > low)) {
    const room = Math.abs(low) * 0.1 || 1;
    if (axis.low === null) low -= room;
    high = axis.high !== null && axis.high > low ? axis.high : low + 2 * room;
  }
  const step = niceStep(high - low, wanted, axis.unit === "count" || axis.unit === "pixels");
  if (axis.low === null) low = Math.floor(low / step + 1e-9) * step;
  if (axis.high === null) high = Math.ceil(high / step - 1e-9) * step;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9) + (/[^0.]*25/.test(step.toPrecision(2)) ? 1 : 0));
  const text = (value: number) => {
    if (axis.unit === "ratio" || axis.unit === "nats" || axis.unit === "points") return minus(value.toFixed(digits));
    return amount(Number(value.toPrecision(10)), axis.unit);
  };
  const slope = (to - from) / (high - low);
  return Object.assign((value: number) => from + (value - low) * slope, { low, high, ticks, text });
}

function logScale(axis: Axis, values: number[], from: number, to: number, wanted: number): Scale {
  let [low, high] = extent(values.filter((value) => value > 0));
  if (axis.low !== null && axis.low > 0) low = axis.low;
  else low = 10 ** Math.floor(Math.log10(low || 1e-3) + 1e-9);
  if (axis.high !== null && axis.high > low) high = axis.high;
  else high = 10 ** Math.ceil(Math.log10(Math.max(high, low * 1.0001)) - 1e-9);
  const every = Math.max(1, Math.ceil((Math.log10(high) - Math.log10(low)) / Math.max(1, wanted)));
  const ticks: number[] = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power += every) ticks.push(10 ** power);
  const slope = (to - from) / (Math.log10(high) - Math.log10(low));
  const place = (value: number) => from + (Math.log10(Math.max(value, low)) - Math.log10(low)) * slope;
  const text = (value: number) => (value >= 1e-3 && value < 1e6 ? amount(value, "plain") : minus(value.toExponential(0).replace("+", "")));
  return Object.assign(place, { low, high, ticks, text });
}

const minus = (text: string) => text.replace("-", "−");

let context: CanvasRenderingContext2D | null = null;

/** Width in pixels of a label of the charts. */
export function textWidth(text: string, size = 12): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return text.length * size * 0.56;
  context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}
