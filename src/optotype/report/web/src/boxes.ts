// Boxes over images: what they are at a score threshold, which of them are shown, and what their labels say.

import type { Frames, Rect } from "./types";
import { count } from "./format";
import { Store } from "./store";

export const ROLES = ["truth", "missed", "right", "wrong", "ignored"] as const;
export type Role = (typeof ROLES)[number];

/** What stands in the key; `SHORT` where there is little room. */
export const WORDS: Record<Role, string> = {
  truth: "object, found",
  missed: "object, missed",
  right: "prediction, right",
  wrong: "prediction, wrong",
  ignored: "not counted",
};
export const SHORT: Record<Role, string> = { truth: "found", missed: "missed", right: "right", wrong: "wrong", ignored: "not counted" };

/** The order in which boxes are listed and labels find room; the first lie on top. */
export const URGENCY: Role[] = ["missed", "wrong", "right", "truth", "ignored"];
/** What a card has room for. */
export const BRIEF = URGENCY.slice(0, 3);

const FINENESS = 100_000;

export interface Box {
  /** Place, in pixels of the image. */
  at: Rect;
  name: string;
  /** Null: none, as of objects. */
  score: number | null;
  role: Role;
  note: string;
}

/** Whether two boxes are one, though they were read apart. */
export const same = (a: Box, b: Box) => a.role === b.role && a.score === b.score && a.name === b.name && String(a.at) === String(b.at);

/** What a reader has set for all images of a view. */
export interface Setting {
  least: number;
  hidden: ReadonlySet<Role>;
  /** Whole images, though only a part is in focus. */
  whole: boolean;
}

const settings = new Map<string, Store<Setting>>();

export const threshold = (view: Frames) => view.threshold ?? 0;

export function settingOf(view: Frames): Store<Setting> {
  let store = settings.get(view.id);
  if (!store) settings.set(view.id, (store = new Store<Setting>({ least: threshold(view), hidden: new Set(), whole: false })));
  return store;
}

/** Whether a box is there at a threshold; what has no score always is. */
const stays = (score: number, least: number) => score < 0 || score >= Math.floor(least * FINENESS);

/** How many boxes of each role an image has at a threshold. */
export function tally(view: Frames, i: number, least: number): Record<Role, number> {
  const found: Record<Role, number> = { truth: 0, missed: 0, right: 0, wrong: 0, ignored: 0 };
  const [, , , , , , , , scores, roles] = view.scenes[i]!;
  roles.forEach((code, k) => {
    if (stays(scores[k] ?? -1, least)) found[ROLES[code]!]++;
  });
  return found;
}

/** The boxes that are shown: the large before the small, which lie upon them. */
export function shownBoxes(view: Frames, i: number, { least, hidden }: Setting): Box[] {
  const [, , , x, y, w, h, labels, scores, roles, notes] = view.scenes[i]!;
  const found: Box[] = [];
  roles.forEach((code, k) => {
    const score = scores[k] ?? -1;
    const role = ROLES[code]!;
    if (!stays(score, least) || hidden.has(role)) return;
    found.push({
      at: [x[k]! / 10, y[k]! / 10, w[k]! / 10, h[k]! / 10],
      name: view.names[labels[k]!] ?? "",
      score: score < 0 ? null : score / FINENESS,
      role,
      note: view.notes[notes[k] ?? 0] ?? "",
    });
  });
  return found.sort((a, b) => b.at[2] * b.at[3] - a.at[2] * a.at[3]);
}

/** An object that has changed, which a note says, comes before all else. */
const rank = ({ role, note }: Box) => (role === "missed" && note ? -1 : URGENCY.indexOf(role));

/** The most telling first: what is wrong before what is right, the surest first. */
export const byUrgency = (a: Box, b: Box) => rank(a) - rank(b) || (b.score ?? 0) - (a.score ?? 0);

/** Whether any box has a score. */
export const scored = (view: Frames) => view.scenes.some((scene) => scene[8].some((score) => score >= 0));

/** The roles that the boxes of a view have. */
export const rolesOf = (view: Frames) => new Set(view.scenes.flatMap((scene) => scene[9].map((code) => ROLES[code]!)));

const scoreText = (score: number) => score.toFixed(score < 0.995 && score >= 0.01 ? 2 : 3);

/** What is written beside a box. */
export function labelText({ name, score, note }: Box): string {
  return [name, score === null ? "" : scoreText(score), note].filter(Boolean).join(" ");
}

/** All that is known about a box besides its class. */
export function boxFacts({ at, score, role, note }: Box): string[] {
  return [score === null ? "" : `score ${score.toFixed(3)}`, WORDS[role], note, `${size(at[2])} × ${size(at[3])} px`].filter(Boolean);
}

const size = (value: number) => count(value) === "0" && value > 0 ? value.toFixed(1) : count(value);

/** The counts of some roles in words; of all where these have no box. */
export function summary(found: Record<Role, number>, roles = URGENCY): string {
  const words = (some: Role[]) => some.filter((role) => found[role]).map((role) => `${count(found[role])} ${SHORT[role]}`).join(", ");
  return words(roles) || words(URGENCY) || "no boxes";
}

/** The part of an image that is shown: a rectangle and a little around it, in the shape of its place, inside the image. */
export function cropTo([x, y, w, h]: Rect, [width, height]: [number, number], ratio: number): Rect {
  const margin = Math.max(6, 0.1 * Math.max(w, h));
  let [wide, high] = [w + 2 * margin, h + 2 * margin];
  if (high / wide < ratio) high = wide * ratio;
  else wide = high / ratio;
  [wide, high] = [Math.min(wide, width), Math.min(high, height)];
  const inside = (middle: number, part: number, whole: number) => Math.max(0, Math.min(whole - part, middle - part / 2));
  return [inside(x + w / 2, wide, width), inside(y + h / 2, high, height), wide, high];
}

export const focusOf = (view: Frames, i: number): Rect | null => {
  const focus = view.scenes[i]![2];
  return focus && (focus.map((value) => value / 10) as Rect);
};
