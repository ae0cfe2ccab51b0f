// The page as src/optotype/report/payload.py writes it; the views are those of src/optotype/views.py.

export type Tone = "good" | "bad" | "caution" | "neutral";
export type Unit = "ratio" | "points" | "nats" | "count" | "seconds" | "pixels" | "plain";
export type Kind = "text" | "integer" | "ratio" | "percent" | "points" | "number" | "delta" | "seconds" | "picture" | "colour";
export type Better = "higher" | "lower" | "";
export type Filter = Record<string, string>;

/** An image's place in the page's index; -1: left out to save space, -2: unreadable, null: there is none. */
export type ImageNumber = number | null;

export interface Link {
  gallery: string;
  filter: Filter;
}

export interface Verdict {
  type: "verdict";
  sentences: { text: string; tone: Tone; target: string }[];
}

export interface NumberCard {
  label: string;
  value: number | null;
  low: number | null;
  high: number | null;
  unit: Unit;
  better: Better;
  note: string;
}

export interface Numbers {
  type: "numbers";
  numbers: NumberCard[];
  caption: string;
  title: string;
}

export interface Span {
  value: number | null;
  low: number | null;
  high: number | null;
  better: Better;
}

export type Cell = string | number | null | Span | { picture: ImageNumber };

export interface Column {
  label: string;
  kind: Kind;
  better: Better;
  bar: boolean;
  hint: string;
}

export interface Table {
  type: "table";
  columns: Column[];
  rows: Cell[][];
  links: (Link | null)[];
  title: string;
  caption: string;
  id: string;
}

export interface Matrix {
  type: "matrix";
  names: string[];
  counts: number[][];
  row_label: string;
  column_label: string;
  gallery: string;
  row_facet: string;
  column_facet: string;
  title: string;
  caption: string;
  id: string;
  /** What is counted; empty: nothing to say. */
  unit: string;
  start: "counts" | "rows" | "columns";
}

export interface Axis {
  label: string;
  low: number | null;
  high: number | null;
  scale: "linear" | "log";
  unit: Unit;
  categories: string[];
}

export interface Series {
  name: string;
  x: number[];
  y: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  role: string;
  group: string;
}

export interface Chart {
  type: "chart";
  kind: "line" | "bar" | "dots";
  x: Axis;
  y: Axis;
  series: Series[];
  marks: { x: number; label: string }[];
  title: string;
  caption: string;
  id: string;
}

export interface Facet {
  name: string;
  shown: boolean;
  values: string[];
  codes: number[];
}

/** title, image, tone, place in `labels`, texts of the facts */
export type Item = [string, ImageNumber, Tone, number, string[]];

/** Items that can be filtered, and thinned to save space. */
export interface Items {
  id: string;
  title: string;
  caption: string;
  facets: Facet[];
  labels: string[][];
  items: Item[];
  /** What an item is, in one word. */
  unit: string;
  /** Names of the facets in the order of the codes of `totals`. */
  order: string[];
  total: number;
  totals: [number[], number][];
}

export interface Gallery extends Items {
  type: "gallery";
}

/** x, y, width, height in pixels of the image */
export type Rect = [number, number, number, number];

/** Width, height, focus in tenths of a pixel, then columns, one value a box: places in tenths, label, score in steps of
 * 1/100,000 (-1: none), role, note. An empty column of scores or notes has none. */
export type Scene = [number, number, Rect | null, number[], number[], number[], number[], number[], number[], number[], number[]];

export interface Frames extends Items {
  type: "frames";
  names: string[];
  notes: string[];
  threshold: number | null;
  scenes: Scene[];
}

/** Width, height, places of truth and prediction among the maps, the class it is about (-1: all). */
export type MapScene = [number, number, number, number, number];

/** Images with label maps; a map is width, height and base64 of runs: a byte for the class (255: none), a LEB128 length. */
export interface LabelMaps extends Items {
  type: "maps";
  names: string[];
  colours: [number, number, number][];
  scenes: MapScene[];
  maps: [number, number, string][];
}

export type Album = Gallery | Frames | LabelMaps;

export interface Sheet {
  type: "sheet";
  tiles: [ImageNumber, string][];
  per_row: number;
  title: string;
  caption: string;
}

export interface Note {
  type: "note";
  texts: string[];
  tone: Tone;
  title: string;
}

export interface Code {
  type: "code";
  text: string;
  title: string;
}

/** Columns, one value a point; places are whole numbers from -10,000 to 10,000, null where a point has none. */
export interface Cloud {
  name: string;
  x: (number | null)[];
  y: (number | null)[];
  z?: (number | null)[];
  colour: number[];
  title: string[];
  picture: ImageNumber[];
  wrong: (0 | 1)[];
}

export interface Scatter {
  type: "scatter";
  id: string;
  names: string[];
  clouds: Cloud[];
  dimensions: 2 | 3;
  title: string;
  caption: string;
}

export interface Reading {
  label: string;
  value: string;
  share: number | null;
  text: string;
}

export interface Case {
  title: string;
  picture: ImageNumber;
  overlay: ImageNumber;
  facts: [string, string][];
  badges: [string, Tone][];
  neighbours: [ImageNumber, string][];
  readings: Reading[];
}

export interface Cases {
  type: "cases";
  id: string;
  title: string;
  caption: string;
  facets: Facet[];
  items: Case[];
}

/** Title, sequence, its frames; four numbers a run: frames since the end of the one before, its frames, who (-1: nobody),
 * note; who they are; three numbers a moment: frame, kind, note; place in `labels`, texts of the facts; gallery and
 * filter of its link. */
export type LaneRow = [string, string, number, number[], string[], number[], number, string[], [string, Filter] | null];

export interface Timeline {
  type: "timeline";
  id: string;
  title: string;
  caption: string;
  unit: string;
  /** Lanes shown at first. */
  rows: number;
  kinds: string[];
  notes: string[];
  facets: Facet[];
  labels: string[][];
  items: LaneRow[];
  total: number;
}

export type View = Verdict | Numbers | Table | Matrix | Chart | Album | Sheet | Scatter | Cases | Timeline | Note | Code;

export interface Section {
  id: string;
  title: string;
  lead: string;
  views: View[];
}

export interface Page {
  title: string;
  subtitle: string;
  sections: Section[];
  /** block, offset, bytes, width, height */
  images: [number, number, number, number, number][];
}
