// Where the points of a scatter lie on its canvas, which of them is near, and how they are drawn.

import type { Scatter } from "../types";

const SCALE = 10_000; // the payload's whole numbers for 1
const EYE = 4; // the eye's distance from the middle of a ball of radius 1
const LEVELS = 7; // of depth, drawn from back to front
const FAINT = /^train/i; // points that the model has learned from stand back

/** Every point that has a place, cloud after cloud; `place` is its row in its cloud. */
export interface Points {
  n: number;
  x: Float32Array;
  y: Float32Array;
  z: Float32Array;
  cloud: Uint8Array;
  place: Int32Array;
  colour: Int32Array;
  wrong: Uint8Array;
  /** The largest |x| and |y|. */
  reach: [number, number];
}

export function flatten(view: Scatter): Points {
  const size = view.clouds.reduce((sum, cloud) => sum + cloud.x.length, 0);
  const [x, y, z] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  const [cloud, place, colour, wrong] = [new Uint8Array(size), new Int32Array(size), new Int32Array(size), new Uint8Array(size)];
  let n = 0;
  view.clouds.forEach((one, k) => {
    for (let i = 0; i < one.x.length; i++) {
      const [left, up, deep] = [one.x[i] ?? null, one.y[i] ?? null, view.dimensions === 3 ? (one.z?.[i] ?? null) : 0];
      if (left === null || up === null || deep === null) continue;
      x[n] = left / SCALE;
      y[n] = up / SCALE;
      z[n] = deep / SCALE;
      cloud[n] = k;
      place[n] = i;
      colour[n] = one.colour[i]!;
      wrong[n] = one.wrong[i]!;
      n++;
    }
  });
  if (view.dimensions === 3) intoBall(n, x, y, z);
  const reach: [number, number] = [farthest(x), farthest(y)];
  return { n, x, y, z, cloud, place, colour, wrong, reach };
}

const farthest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

/** Scales the points so that they fill the ball of radius 1 however they are turned. */
function intoBall(n: number, ...axes: [Float32Array, Float32Array, Float32Array]) {
  let radius = 0;
  for (let i = 0; i < n; i++) radius = Math.max(radius, Math.hypot(axes[0][i]!, axes[1][i]!, axes[2][i]!));
  for (const axis of axes) for (let i = 0; i < n; i++) axis[i]! /= radius || 1;
}

export interface Camera {
  yaw: number;
  pitch: number;
  zoom: number;
  left: number;
  top: number;
}

export const START: Camera = { yaw: 0.6, pitch: 0.35, zoom: 1, left: 0, top: 0 };

/** Places in CSS pixels; `depth` is 0 at the front and 1 at the back. */
export interface Placed {
  px: Float32Array;
  py: Float32Array;
  depth: Float32Array;
}

type Spot = [number, number, number];

/** From a point's coordinates to its place on a canvas of `width` × `height`; all points fit in at first. */
export function projection(dimensions: 2 | 3, reach: Points["reach"], camera: Camera, width: number, height: number): (x: number, y: number, z: number) => Spot {
  const [midX, midY] = [width / 2 + camera.left, height / 2 + camera.top];
  const half = Math.min(width, height) / 2;
  if (dimensions === 2) {
    const scale = Math.min((width / 2 - 14) / reach[0], (height / 2 - 14) / reach[1]) * camera.zoom;
    return (x, y) => [midX + x * scale, midY - y * scale, 0];
  }
  const scale = (half - 14) * Math.sqrt(1 - 1 / EYE ** 2) * camera.zoom; // the ball's outline touches the edge
  const [cosYaw, sinYaw, cosPitch, sinPitch] = [Math.cos(camera.yaw), Math.sin(camera.yaw), Math.cos(camera.pitch), Math.sin(camera.pitch)];
  return (x, y, z) => {
    const across = x * cosYaw + z * sinYaw;
    const away = z * cosYaw - x * sinYaw;
    const up = y * cosPitch + away * sinPitch;
    const far = away * cosPitch - y * sinPitch;
    const near = EYE / (EYE + far);
    return [midX + across * scale * near, midY - up * scale * near, Math.min(1, Math.max(0, (far + 1) / 2))];
  };
}

export function placed(points: Points, to: ReturnType<typeof projection>): Placed {
  const [px, py, depth] = [new Float32Array(points.n), new Float32Array(points.n), new Float32Array(points.n)];
  for (let i = 0; i < points.n; i++) [px[i], py[i], depth[i]] = to(points.x[i]!, points.y[i]!, points.z[i]!);
  return { px, py, depth };
}

/** The visible point nearest to a place, at most `reach` pixels away, those at the front first; null: none. */
export function nearest(spots: Placed, shown: Uint8Array, x: number, y: number, reach: number): number | null {
  let [best, least] = [null as number | null, reach];
  for (let i = 0; i < shown.length; i++) {
    if (!shown[i]) continue;
    const distance = Math.hypot(spots.px[i]! - x, spots.py[i]! - y);
    if (distance > reach) continue;
    const cost = distance + 6 * spots.depth[i]!;
    if (best !== null && cost >= least) continue;
    [best, least] = [i, cost];
  }
  return best;
}

export interface Look {
  colours: string[];
  other: string;
  ink: string;
  accent: string;
  line: string;
}

export interface Scene {
  view: Scatter;
  points: Points;
  shown: Uint8Array;
  spots: Placed;
  to: ReturnType<typeof projection>;
  zoom: number;
  look: Look;
  /** The only name that is not dimmed; null: none is. */
  lit: number | null;
  at: number | null;
  pinned: number | null;
}

/** How large, how strong and in which shape the points of a cloud are drawn. */
export interface Marker {
  radius: number;
  alpha: number;
  shape: number;
}

export function markers(view: Scatter): Marker[] {
  let shapes = 0;
  return view.clouds.map((cloud) =>
    FAINT.test(cloud.name) && view.clouds.length > 1 ? { radius: 2, alpha: 0.45, shape: 0 } : { radius: 3.6, alpha: 0.92, shape: shapes++ % 3 },
  );
}

/** Circle, square or triangle. */
function trace(context: CanvasRenderingContext2D, x: number, y: number, r: number, shape: number) {
  if (shape === 1) context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  else if (shape === 2) {
    context.moveTo(x, y - 1.2 * r);
    context.lineTo(x + 1.1 * r, y + 0.8 * r);
    context.lineTo(x - 1.1 * r, y + 0.8 * r);
    context.closePath();
  } else {
    context.moveTo(x + r, y);
    context.arc(x, y, r, 0, 2 * Math.PI);
  }
}

export function draw(context: CanvasRenderingContext2D, scene: Scene, width: number, height: number) {
  context.clearRect(0, 0, width, height);
  context.globalAlpha = 1;
  if (scene.view.dimensions === 3) box(context, scene);
  const kinds = markers(scene.view);
  for (const batch of batches(scene, width, height)) {
    const { cloud, colour, level } = batch;
    const { radius, alpha, shape } = kinds[cloud]!;
    const near = 1 - level / LEVELS;
    const dimmed = scene.lit !== null && scene.lit !== colour;
    context.globalAlpha = dimmed ? 0.1 : alpha * (0.3 + 0.7 * near);
    context.fillStyle = scene.look.colours[colour] ?? scene.look.other;
    const r = radius * growth(scene.zoom) * (0.62 + 0.38 * near);
    context.beginPath();
    for (const i of batch.members) trace(context, scene.spots.px[i]!, scene.spots.py[i]!, r, shape);
    context.fill();
    rings(context, scene, batch.members, r + 1.6);
  }
  context.globalAlpha = 1;
  for (const i of new Set([scene.pinned, scene.at])) if (i !== null) ring(context, scene, i, i === scene.pinned ? 9 : 7);
}

/** Points grow a little as the reader comes nearer. */
const growth = (zoom: number) => Math.min(1.8, Math.max(0.8, Math.sqrt(zoom)));

interface Batch {
  cloud: number;
  colour: number;
  level: number;
  members: number[];
}

/** Points that look alike and can be drawn in one path, from back to front. */
function batches({ points, shown, spots }: Scene, width: number, height: number): Batch[] {
  const found = new Map<number, Batch>();
  for (let i = 0; i < points.n; i++) {
    const [x, y] = [spots.px[i]!, spots.py[i]!];
    if (!shown[i] || x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
    const level = Math.min(LEVELS - 1, Math.floor(spots.depth[i]! * LEVELS));
    const [cloud, colour] = [points.cloud[i]!, points.colour[i]!];
    const key = ((LEVELS - level) * 256 + cloud) * 65_536 + colour + 1;
    const batch = found.get(key);
    if (batch) batch.members.push(i);
    else found.set(key, { cloud, colour, level, members: [i] });
  }
  return [...found].sort(([a], [b]) => a - b).map(([, batch]) => batch);
}

function rings(context: CanvasRenderingContext2D, { points, spots, look }: Scene, members: number[], r: number) {
  context.beginPath();
  for (const i of members) if (points.wrong[i]) trace(context, spots.px[i]!, spots.py[i]!, r, 0);
  context.strokeStyle = look.ink;
  context.lineWidth = r < 4 ? 0.8 : 1.3;
  context.stroke();
}

function ring(context: CanvasRenderingContext2D, { spots, look, shown }: Scene, i: number, r: number) {
  if (!shown[i]) return;
  context.beginPath();
  trace(context, spots.px[i]!, spots.py[i]!, r, 0);
  context.strokeStyle = look.accent;
  context.lineWidth = 2.5;
  context.stroke();
}

/** The edges of a box around the points, so that the eye sees how they are turned. */
function box(context: CanvasRenderingContext2D, { points, to, look }: Scene) {
  const [x, y, z] = [points.x, points.y, points.z].map(extent) as [Ends, Ends, Ends];
  context.strokeStyle = look.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const u of [0, 1] as const)
    for (const v of [0, 1] as const)
      for (const [from, end] of [
        [to(x[0], y[u], z[v]), to(x[1], y[u], z[v])],
        [to(x[u], y[0], z[v]), to(x[u], y[1], z[v])],
        [to(x[u], y[v], z[0]), to(x[u], y[v], z[1])],
      ] as const) {
        context.moveTo(from[0], from[1]);
        context.lineTo(end[0], end[1]);
      }
  context.stroke();
}

type Ends = [number, number];

const extent = (values: Float32Array): Ends => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)] as Ends, [0, 0] as Ends);

const TEN = {
  light: ["#1454a0", "#d9580d", "#0d8a66", "#9b3fb5", "#b08900", "#c2255c", "#0e93b5", "#7a5230", "#6a8f00", "#6b7280"],
  dark: ["#70aefa", "#ff965c", "#4fcaa4", "#d58cf0", "#e6c34a", "#ff7da6", "#4fd0ee", "#c99b70", "#a8cf45", "#a3abb8"],
};

/** A colour for each name: ten that were chosen, or hues a golden angle apart. */
export function coloursFor(names: number, shade: "light" | "dark"): string[] {
  if (names <= TEN.light.length) return TEN[shade].slice(0, names);
  const lightness = shade === "light" ? [0.5, 0.62, 0.42] : [0.74, 0.84, 0.64];
  return Array.from({ length: names }, (_, i) => `oklch(${lightness[i % 3]} ${shade === "light" ? 0.15 : 0.13} ${((i * 137.508) % 360).toFixed(1)})`);
}
