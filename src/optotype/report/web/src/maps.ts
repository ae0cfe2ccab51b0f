// Label maps: their pixels, what a layer shows of them, and what a reader has set for all images of a view.

import type { LabelMaps } from "./types";
import { fromBase64 } from "./images";
import { Store } from "./store";

export const NO_CLASS = 255;
const KEPT = 48; // decoded maps, of at most some hundred thousand pixels each

export interface Pixels {
  width: number;
  height: number;
  /** A class for each, row by row. */
  labels: Uint8Array;
}

const decoded = new Map<string, Pixels>();

/** One of the maps of a view. */
function pixelsOf(view: LabelMaps, place: number): Pixels {
  const key = `${view.id}/${place}`;
  const known = decoded.get(key);
  if (known) return known;
  const [width, height, text] = view.maps[place]!;
  const pixels = { width, height, labels: unpacked(fromBase64(text), width * height) };
  decoded.set(key, pixels);
  if (decoded.size > KEPT) decoded.delete(decoded.keys().next().value!);
  return pixels;
}

function unpacked(bytes: Uint8Array, size: number): Uint8Array {
  const labels = new Uint8Array(size);
  for (let at = 0, i = 0; i < bytes.length; ) {
    const label = bytes[i++]!;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[i++]!;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    labels.fill(label, at, (at += length));
  }
  return labels;
}

export const truthOf = (view: LabelMaps, i: number) => pixelsOf(view, view.scenes[i]![2]);
export const saidOf = (view: LabelMaps, i: number) => pixelsOf(view, view.scenes[i]![3]);

export const LAYERS = ["image", "truth", "said", "errors"] as const;
export type Layer = (typeof LAYERS)[number];
export const WORDS: Record<Layer, string> = { image: "Image", truth: "Truth", said: "Prediction", errors: "Errors" };

export interface Setting {
  layer: Layer | "all";
  /** Of what is drawn over the image, in percent. */
  strength: number;
  /** The class that errors are drawn for; null: of each entry its own, -1: all classes. */
  focus: number | null;
}

const settings = new Map<string, Store<Setting>>();

export function settingOf(view: LabelMaps): Store<Setting> {
  let store = settings.get(view.id);
  if (!store) settings.set(view.id, (store = new Store<Setting>({ layer: "all", strength: 70, focus: null })));
  return store;
}

export const focusOf = (view: LabelMaps, i: number, setting: Setting) => setting.focus ?? view.scenes[i]![4];

type Rgba = [number, number, number, number];

/** Colours of errors, which differ in lightness too. */
export const ERRORS = { right: [38, 128, 96], missed: [255, 122, 60], extra: [122, 200, 255], blank: [20, 22, 28] } as const;
const CLEAR: Rgba = [0, 0, 0, 0];
const FAINT = 70; // of 255: other classes beside the one that was pressed

/** A layer's colours, four bytes a pixel. */
export function painted(view: LabelMaps, i: number, layer: Layer, setting: Setting): ImageData {
  const [truth, said] = [truthOf(view, i), saidOf(view, i)];
  const image = new ImageData(truth.width, truth.height);
  const colour = layer === "errors" ? errorColour(focusOf(view, i, setting)) : classColour(view, setting);
  const shown = layer === "said" ? said : truth;
  for (let p = 0; p < truth.labels.length; p++) image.data.set(colour(shown.labels[p]!, said.labels[p]!), 4 * p);
  return image;
}

function classColour(view: LabelMaps, { focus }: Setting): (label: number) => Rgba {
  const table = view.colours.map(([r, g, b], k): Rgba => [r, g, b, focus === null || focus < 0 || focus === k ? 255 : FAINT]);
  return (label) => table[label] ?? CLEAR;
}

/** Of one class what was found, missed and wrongly called so; of all classes what is wrong. */
function errorColour(focus: number): (truth: number, said: number) => Rgba {
  const solid = (kind: keyof typeof ERRORS): Rgba => [...ERRORS[kind], 255];
  const [right, missed, extra, blank] = [solid("right"), solid("missed"), solid("extra"), solid("blank")];
  return (truth, said) => {
    if (truth === NO_CLASS) return blank;
    if (focus < 0) return truth === said ? CLEAR : missed;
    if (truth === focus) return said === focus ? right : missed;
    return said === focus ? extra : CLEAR;
  };
}

/** Classes that are in an image with their parts of the map on either side, the largest first. */
export function shares(view: LabelMaps, i: number): { label: number; truth: number; said: number }[] {
  const [truth, said] = [truthOf(view, i), saidOf(view, i)].map(({ labels }) => {
    const parts = new Float64Array(256);
    for (const label of labels) parts[label]! += 1 / labels.length;
    return parts;
  });
  return [...view.names.keys(), NO_CLASS]
    .map((label) => ({ label, truth: truth![label]!, said: said![label]! }))
    .filter((one) => one.truth + one.said > 0)
    .sort((a, b) => b.truth + b.said - a.truth - a.said);
}

export const nameOf = (view: LabelMaps, label: number) => view.names[label] ?? "no class";

export function colourOf(view: LabelMaps, label: number): string {
  const rgb = view.colours[label];
  return rgb ? `rgb(${rgb.join(" ")})` : "transparent";
}
