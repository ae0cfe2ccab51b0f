// Lanes of a timeline: what their numbers mean, how they are drawn, and what is said of them.

import type { Scale } from "./scale";
import type { Filter, Timeline } from "./types";
import { count, plural } from "./format";
import { middle } from "./ui";

/** Heights in pixels: of a lane, of its bars, and where their middle lies; marks stand above them. */
export const [HIGH, THICK, MIDDLE] = [26, 11, 17];
const COLOURS = ["r-a", "r-b", "r-c", "r-d", "r-e", "r-f"];

export interface Run {
  first: number;
  last: number;
  /** A place in the lane's names; -1: nobody. */
  by: number;
  note: string;
}

export interface Moment {
  frame: number;
  kind: number;
  note: string;
}

/** What a reader can point at. */
export type Happening = Run | Moment;

export interface Lane {
  title: string;
  group: string;
  length: number;
  runs: Run[];
  names: string[];
  moments: Moment[];
  facts: [string, string][];
  link: [string, Filter] | null;
}

export function laneOf(view: Timeline, i: number): Lane {
  const [title, group, length, packed, names, marks, schema, texts, link] = view.items[i]!;
  const runs: Run[] = [];
  let end = 0;
  for (let k = 0; k < packed.length; k += 4) {
    const first = end + packed[k]! + 1;
    end = first + packed[k + 1]! - 1;
    runs.push({ first, last: end, by: packed[k + 2]!, note: view.notes[packed[k + 3]!] ?? "" });
  }
  const moments: Moment[] = [];
  for (let k = 0; k < marks.length; k += 3) moments.push({ frame: marks[k]!, kind: marks[k + 1]!, note: view.notes[marks[k + 2]!] ?? "" });
  const facts = (view.labels[schema] ?? []).map((label, k): [string, string] => [label, texts[k] ?? ""]);
  return { title, group, length, runs, names, moments, facts, link };
}

/** Runs by the colour that they have: the first identity's, those of the others in turn, that of the missed. */
export function stripes({ runs }: Lane): [string, Run[]][] {
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const role = run.by < 0 ? "r-missed" : COLOURS[run.by % COLOURS.length]!;
    if (!found.has(role)) found.set(role, []);
    found.get(role)!.push(run);
  }
  return [...found];
}

const px = (value: number) => Math.round(value * 10) / 10;

/** A bar, and a thin one where nobody has the object; short ones stay visible, and neighbours apart. */
export function pathOf({ first, last, by }: Run, x: Scale): string {
  const [from, to] = [x(first), x(last + 1)];
  const wide = Math.max(1.2, to - from - (to - from > 4 ? 1 : 0));
  const high = by < 0 ? 3 : THICK;
  return `M${px(from)} ${MIDDLE - high / 2}h${px(wide)}v${high}h${px(-wide)}z`;
}

/** Where a reader is: a line around a run, or beneath a moment. */
export function Marked({ happening, x }: { happening: Happening; x: Scale }) {
  if (!("by" in happening)) return <path class="here" d={`M${px(x(happening.frame + 0.5))} ${MIDDLE - THICK / 2 - 2}v${THICK + 4}`} />;
  const [from, to] = [x(happening.first), x(happening.last + 1)];
  return <path class="here" d={`M${px(from)} ${MIDDLE + THICK / 2 + 2}H${px(Math.max(to, from + 2))}`} />;
}

const SHAPES = ["M-4.2 -4H4.2L0 4z", "M0 -4.4L4.4 0 0 4.4 -4.4 0z", "M-3.4 -3.4H3.4V3.4H-3.4z", "M-4.2 4H4.2L0 -4z"];

/** The mark of a kind of moment; kinds beyond the first four have the last's shape. */
export function MarkShape({ kind, x, y }: { kind: number; x: number; y: number }) {
  const shape = Math.max(0, Math.min(kind, SHAPES.length - 1));
  return <path class={`mark k-${shape}`} d={SHAPES[shape]} transform={`translate(${px(x)} ${y})`} />;
}

/** What can be stepped through, in order of time; a moment comes before the run that begins with it. */
export function stopsOf(lane: Lane): Happening[] {
  const at = (one: Happening) => ("by" in one ? one.first : one.frame - 0.5);
  return [...lane.moments, ...lane.runs].sort((a, b) => at(a) - at(b));
}

/** A happening in words, line by line. */
export function eventsOf(view: Timeline, lane: Lane, one: Happening): string[] {
  if (!("by" in one)) return [`Frame ${count(one.frame)}`, view.kinds[one.kind] ?? "", one.note].filter(Boolean);
  const when = one.first === one.last ? `Frame ${count(one.first)}` : `Frames ${count(one.first)} to ${count(one.last)} (${count(one.last - one.first + 1)})`;
  return [when, one.by < 0 ? "missed" : `held by ${lane.names[one.by] ?? ""}`, one.note].filter(Boolean);
}

/** What somebody hears who cannot see the lane, and where in it they are. */
export function says(view: Timeline, lane: Lane, seen: Happening | null): string {
  if (seen) return eventsOf(view, lane, seen).join(". ");
  const missed = lane.runs.reduce((sum, run) => sum + (run.by < 0 ? run.last - run.first + 1 : 0), 0);
  const facts = [plural(lane.names.length, "identity", "identities"), `missed in ${plural(missed, "frame")}`, plural(lane.moments.length, "event")];
  return `${middle(lane.title, 60)}, ${middle(lane.group, 60)}: ${facts.join(", ")}`;
}
