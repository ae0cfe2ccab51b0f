// The canvas of a scatter, what a reader does to it by pointer, touch and keys, and the point that is being read.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Scatter } from "../types";
import { count, plural } from "../format";
import { Img, middle, Text, useWidth } from "../ui";
import type { Theme } from "../store";
import { type Camera, draw, type Look, nearest, type Placed, placed, type Points, projection, START } from "./cloud-points";

const [REACH, STILL] = [12, 5]; // pixels: how near a point is meant, how far a click may wander
const [TURN, STEP, CLOSER] = [0.14, 44, 1.3]; // of one press of a key
const [LEAST, MOST] = [0.5, 60]; // zoom

interface PlotProps {
  view: Scatter;
  points: Points;
  shown: Uint8Array;
  colours: string[];
  shade: Theme;
  lit: number | null;
}

export function Plot(props: PlotProps) {
  const { view, points, shown, colours, shade, lit } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(box);
  const height = Math.round(Math.min(600, Math.max(300, width * 0.86)));
  const [camera, setCamera] = useState<Camera>(START);
  const [at, setAt] = useState<number | null>(null);
  const [pinned, setPinned] = useState<number | null>(null);
  const to = useMemo(() => projection(view.dimensions, points.reach, camera, width, height), [view, points, camera, width, height]);
  const spots = useMemo(() => placed(points, to), [points, to]);

  useLayoutEffect(() => {
    const context = prepared(canvas.current, width, height);
    if (!context) return;
    draw(context, { view, points, shown, spots, to, zoom: camera.zoom, look: lookOf(canvas.current!, colours), lit, at, pinned }, width, height);
  }, [view, points, shown, spots, colours, shade, lit, at, pinned, width, height]);

  const zoom = (by: number, x = width / 2, y = height / 2) => setCamera((old) => zoomed(old, by, x - width / 2, y - height / 2));
  const hands = useHands({ view, canvas, spots, shown, setCamera, zoom, setAt, setPinned });
  const walk = (by: number, wrongOnly: boolean) => {
    const next = step(points, shown, at ?? pinned, by, wrongOnly);
    setAt(next);
    setPinned((old) => (old === null ? null : next));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !act(event.key)) return;
    event.preventDefault();
  };
  const act = (key: string): boolean => {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (arrow) setCamera((old) => (view.dimensions === 3 ? turned(old, TURN * arrow[0]!, TURN * arrow[1]!) : moved(old, -STEP * arrow[0]!, -STEP * arrow[1]!)));
    else if (key === "+" || key === "=") zoom(CLOSER);
    else if (key === "-") zoom(1 / CLOSER);
    else if (key === "0") setCamera(START);
    else if (key === "n" || key === "p") walk(key === "n" ? 1 : -1, false);
    else if (key === "w" || key === "W") walk(key === "w" ? 1 : -1, true);
    else if (key === "Enter" && at !== null) setPinned(at === pinned ? null : at);
    else if (key === "Escape" && (at !== null || pinned !== null)) {
      setAt(null);
      setPinned(null);
    } else return false;
    return true;
  };
  const visiblePin = pinned !== null && shown[pinned] ? pinned : null;
  const read = at !== null && shown[at] ? at : visiblePin;
  return (
    <div class="board">
      <div class="plot" ref={box} style={{ height: `${width ? height : 0}px` }}>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-roledescription="scatter plot"
          aria-label={summary(view, points)}
          onKeyDown={onKeyDown}
          onBlur={() => setAt(null)}
          {...hands}
        />
        {read !== null && <PointTip {...{ view, points, spots, width, height, colours }} i={read} pinned={read === visiblePin} />}
      </div>
      <Tools view={view} act={act} wrong={points.wrong.includes(1)} />
    </div>
  );
}

/** The canvas in the screen's own pixels. */
function prepared(canvas: HTMLCanvasElement | null, width: number, height: number): CanvasRenderingContext2D | null {
  const context = canvas?.getContext("2d");
  if (!canvas || !context || !width) return null;
  const density = Math.min(2, devicePixelRatio || 1);
  const [across, down] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== across || canvas.height !== down) {
    [canvas.width, canvas.height] = [across, down];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  }
  context.setTransform(density, 0, 0, density, 0, 0);
  return context;
}

function lookOf(element: HTMLElement, colours: string[]): Look {
  const style = getComputedStyle(element);
  const named = (name: string) => style.getPropertyValue(name).trim();
  return { colours, other: named("--muted"), ink: named("--ink"), accent: named("--accent"), line: named("--line") };
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

const turned = (old: Camera, yaw: number, pitch: number): Camera => ({ ...old, yaw: old.yaw + yaw, pitch: clamp(old.pitch + pitch, -1.55, 1.55) });

const moved = (old: Camera, left: number, top: number): Camera => ({ ...old, left: old.left + left, top: old.top + top });

/** What lies at (x, y) from the middle stays there. */
function zoomed(old: Camera, by: number, x: number, y: number): Camera {
  const zoom = clamp(old.zoom * by, LEAST, MOST);
  const grown = zoom / old.zoom;
  return { ...old, zoom, left: x - (x - old.left) * grown, top: y - (y - old.top) * grown };
}

/** The next visible point in the order of the clouds, round and round. */
function step(points: Points, shown: Uint8Array, from: number | null, by: number, wrongOnly: boolean): number | null {
  let i = from ?? (by > 0 ? -1 : points.n);
  for (let tries = 0; tries < points.n; tries++) {
    i = (i + by + points.n) % points.n;
    if (shown[i] && (!wrongOnly || points.wrong[i])) return i;
  }
  return null;
}

interface Hands {
  view: Scatter;
  canvas: { current: HTMLCanvasElement | null };
  spots: Placed;
  shown: Uint8Array;
  setCamera: (change: (old: Camera) => Camera) => void;
  zoom: (by: number, x?: number, y?: number) => void;
  setAt: (i: number | null) => void;
  setPinned: (change: (old: number | null) => number | null) => void;
}

/** Pointers: hovering reads, a click pins, dragging moves or turns, two fingers or Ctrl and the wheel zoom. */
function useHands({ view, canvas, spots, shown, setCamera, zoom, setAt, setPinned }: Hands) {
  const down = useRef(new Map<number, [number, number]>());
  const far = useRef(0);
  const latest = useRef(zoom);
  latest.current = zoom;
  const spot = (event: { clientX: number; clientY: number }): [number, number] => {
    const frame = canvas.current!.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  useEffect(() => {
    const element = canvas.current!;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      latest.current(Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.004)), ...spot(event));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);
  const find = (event: PointerEvent) => nearest(spots, shown, ...spot(event), event.pointerType === "touch" ? 2 * REACH : REACH);
  const release = (event: PointerEvent) => {
    down.current.delete(event.pointerId);
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      if (!down.current.size) far.current = 0;
      canvas.current!.setPointerCapture(event.pointerId);
      down.current.set(event.pointerId, spot(event));
    },
    onPointerMove: (event: PointerEvent) => {
      const before = down.current.get(event.pointerId);
      if (!before) return void (event.pointerType === "mouse" && setAt(find(event)));
      const now = spot(event);
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      far.current += Math.hypot(dx, dy);
      const others = [...down.current].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      down.current.set(event.pointerId, now);
      if (far.current < STILL) return;
      const other = others[0];
      if (other) zoom(apart(now, other) / apart(before, other), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      else if (view.dimensions === 3 && !event.shiftKey) setCamera((old) => turned(old, dx * 0.008, dy * 0.008));
      else setCamera((old) => moved(old, dx, dy));
    },
    onPointerUp: (event: PointerEvent) => {
      const clicked = down.current.has(event.pointerId) && down.current.size === 1 && far.current < STILL;
      release(event);
      if (!clicked) return;
      const found = find(event);
      setAt(found);
      setPinned((old) => (found === old ? null : found));
    },
    onPointerCancel: release,
    onPointerLeave: (event: PointerEvent) => void (event.pointerType === "mouse" && setAt(null)),
  };
}

const apart = (a: [number, number], b: [number, number]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));

function PointTip(props: { view: Scatter; points: Points; spots: Placed; i: number; width: number; height: number; colours: string[]; pinned: boolean }) {
  const { view, points, spots, i, width, height, colours, pinned } = props;
  const cloud = view.clouds[points.cloud[i]!]!;
  const [place, name] = [points.place[i]!, view.names[points.colour[i]!]];
  const picture = cloud.picture[place] ?? null;
  const [x, y] = [clamp(spots.px[i]!, 0, width), clamp(spots.py[i]!, 0, height)];
  const style = {
    ...(x < width / 2 ? { left: `${x + 14}px` } : { right: `${width - x + 14}px` }),
    ...(y < height / 2 ? { top: `${y + 8}px` } : { bottom: `${height - y + 8}px` }),
  };
  return (
    <div class={pinned ? "tip point pinned" : "tip point"} role="status" style={style}>
      {picture !== null && picture !== -1 && (
        <span class="frame">
          <Img image={picture} alt="" />
        </span>
      )}
      <p>
        <b>
          <Text text={cloud.title[place] ?? ""} max={120} />
        </b>
        {name !== undefined && (
          <span>
            <i class="dot" style={{ background: colours[points.colour[i]!]! }} />
            <Text text={name} max={40} />
          </span>
        )}
        <span class="muted">
          <Text text={cloud.name} max={40} />
          {points.wrong[i] === 1 && <b class="number bad"> wrong</b>}
          {pinned && " · pinned"}
        </span>
      </p>
    </div>
  );
}

function Tools({ view, act, wrong }: { view: Scatter; act: (key: string) => boolean; wrong: boolean }) {
  const tool = (key: string, label: string, text: string) => (
    <button type="button" class="quiet" aria-label={label} title={label} onClick={() => act(key)}>
      {text}
    </button>
  );
  return (
    <div class="plot-tools">
      {tool("-", "Zoom out", "−")}
      {tool("+", "Zoom in", "+")}
      {tool("0", "Back to the first look", "Reset")}
      {wrong && tool("W", "Previous wrong point", "‹ wrong")}
      {wrong && tool("w", "Next wrong point", "wrong ›")}
      <span class="muted small">
        {view.dimensions === 3 ? "Drag or use the arrow keys to turn" : "Drag to move"}; Ctrl and wheel, or two fingers, to zoom; click a point to pin it.
      </span>
    </div>
  );
}

/** What somebody hears who cannot see the picture. */
function summary(view: Scatter, points: Points): string {
  const wrong = points.wrong.reduce((sum, flag) => sum + flag, 0);
  const clouds = view.clouds.map((cloud) => `${middle(cloud.name, 40)} ${plural(cloud.x.length, "point")}`).join(", ");
  const move = view.dimensions === 3 ? "turn" : "move";
  return (
    `${middle(view.title, 80) || "Scatter"}: ${clouds}, of ${plural(view.names.length, "name")}, ${count(wrong)} wrong. ` +
    `Arrow keys ${move}, plus and minus zoom, N and P go from point to point, W to the next wrong one, Enter pins.`
  );
}
