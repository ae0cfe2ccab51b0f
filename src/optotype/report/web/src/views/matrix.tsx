// Counts with truth in rows and prediction in columns: a table while names can be read, a canvas beyond that.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Matrix } from "../types";
import { count, plural } from "../format";
import { Figure, middle, Segmented, Text, useWidth } from "../ui";
import { theme, useStore } from "../store";
import { textWidth } from "../scale";
import { follow } from "../album";

const TABLE_AT_MOST = 33; // the 32 classes of a street, and what has none
const PAIRS = 10;
const MANY = 18; // of more classes the matrix has the whole width

type Mode = "counts" | "rows" | "columns";
type Spot = [number, number];
type Rgb = [number, number, number];

const PALETTE: Record<"light" | "dark", { base: Rgb; same: Rgb; other: Rgb }> = {
  light: { base: [255, 255, 255], same: [20, 84, 160], other: [190, 62, 12] },
  dark: { base: [25, 27, 32], same: [112, 174, 250], other: [255, 150, 92] },
};

interface Sums {
  rows: number[];
  columns: number[];
}

function sums(counts: number[][]): Sums {
  const columns = counts.map(() => 0);
  const rows = counts.map((row) => {
    row.forEach((value, j) => (columns[j]! += value));
    return row.reduce((a, b) => a + b, 0);
  });
  return { rows, columns };
}

function share(view: Matrix, total: Sums, mode: Mode, i: number, j: number): number {
  const value = view.counts[i]![j]!;
  if (mode === "counts") return value;
  return value / ((mode === "rows" ? total.rows[i]! : total.columns[j]!) || 1);
}

/** The largest value on the diagonal and off it: each has its own colour scale. */
function tops(view: Matrix, total: Sums, mode: Mode): [number, number] {
  let [same, other] = [0, 0];
  view.counts.forEach((row, i) =>
    row.forEach((value, j) => {
      if (!value) return;
      const shown = share(view, total, mode, i, j);
      if (i === j) same = Math.max(same, shown);
      else other = Math.max(other, shown);
    }),
  );
  return [same, other];
}

/** Square root, so that a single image is seen beside thousands. */
function mix(base: Rgb, full: Rgb, part: number): Rgb {
  const strength = part > 0 ? 0.06 + 0.94 * Math.sqrt(Math.min(1, part)) : 0;
  return base.map((channel, k) => Math.round(channel + (full[k]! - channel) * strength)) as Rgb;
}

const css = (rgb: Rgb) => `rgb(${rgb.join(" ")})`;

/** Black or white, whichever stands out more (at least 4.5 : 1 on any colour). */
function ink([r, g, b]: Rgb): string {
  const linear = (channel: number) => ((channel / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.179 ? "#000" : "#fff";
}

export function MatrixView({ view }: { view: Matrix }) {
  const [mode, setMode] = useState<Mode>(view.start);
  const [spot, setSpot] = useState<Spot | null>(null);
  const total = useMemo(() => sums(view.counts), [view]);
  const top = useMemo(() => tops(view, total, mode), [view, mode]);
  const palette = PALETTE[useStore(theme)];
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const colour = (i: number, j: number) =>
    mix(palette.base, i === j ? palette.same : palette.other, share(view, total, mode, i, j) / (top[i === j ? 0 : 1] || 1));
  const open = ([i, j]: Spot) => {
    if (!view.gallery || !view.counts[i]?.[j]) return;
    follow(view.gallery, { [view.row_facet]: view.names[i]!, [view.column_facet]: view.names[j]! });
  };
  if (!view.names.length)
    return (
      <Figure kind="matrix" title={view.title} caption={view.caption} id={view.id}>
        <p class="empty">No classes.</p>
      </Figure>
    );
  const parts = { view, mode, total, colour, spot, setSpot, open, width };
  const tools = (
    <Segmented<Mode>
      label="Show"
      value={mode}
      onChange={setMode}
      options={[
        ["counts", "Counts"],
        ["rows", `By ${view.row_label}`],
        ["columns", `By ${view.column_label}`],
      ]}
    />
  );
  return (
    <Figure kind="matrix" title={view.title} caption={view.caption} id={view.id} tools={tools}>
      <Readout view={view} total={total} spot={spot} />
      <div class={view.names.length > MANY ? "split many" : "split"}>
        <div class="board" ref={box}>
          {width > 0 && (view.names.length <= TABLE_AT_MOST ? <Small {...parts} /> : <Large {...parts} />)}
          <Ramps view={view} top={top} mode={mode} palette={palette} />
        </div>
        <Pairs {...parts} />
      </div>
    </Figure>
  );
}

interface Parts {
  view: Matrix;
  mode: Mode;
  total: Sums;
  colour: (i: number, j: number) => Rgb;
  spot: Spot | null;
  setSpot: (spot: Spot | null) => void;
  open: (spot: Spot) => void;
  width: number;
}

const percent = (part: number, whole: number) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "–");

function Readout({ view, total, spot }: { view: Matrix; total: Sums; spot: Spot | null }) {
  if (!spot)
    return <p class="readout idle">{view.gallery ? "Point at a cell to read it; press it to see its images." : "Point at a cell to read it."}</p>;
  const [i, j] = spot;
  const value = view.counts[i]![j]!;
  return (
    <p class="readout" role="status">
      <b class="big">{view.unit ? plural(value, view.unit) : count(value)}</b>
      <span>
        {view.row_label} <b><Text text={view.names[i]!} max={40} /></b>, {view.column_label} <b><Text text={view.names[j]!} max={40} /></b>
      </span>
      <span>
        {percent(value, total.rows[i]!)} of this {view.row_label}
      </span>
      <span>
        {percent(value, total.columns[j]!)} of this {view.column_label}
      </span>
    </p>
  );
}

/** A large number in at most three characters. */
function brief(value: number): string {
  const units: [number, string][] = [[1e3, "k"], [1e6, "M"], [1e9, "G"]];
  const [size, name] = units.find(([unit]) => value < 99.5 * unit) ?? units[2]!;
  const part = value / size;
  return `${part < 0.95 ? part.toFixed(1).slice(1) : part.toFixed(0)}${name}`;
}

function label(view: Matrix, total: Sums, mode: Mode, i: number, j: number, cell: number): string {
  const value = view.counts[i]![j]!;
  if (!value) return i === j && mode === "counts" ? "0" : "";
  if (mode === "counts") return value >= 10_000 || (value >= 1000 && cell < 26) ? brief(value) : cell < 34 ? String(value) : count(value);
  const part = 100 * share(view, total, mode, i, j);
  return part < 0.5 ? "<1" : part.toFixed(0);
}

function move(event: KeyboardEvent, spot: Spot, n: number): Spot | null {
  const [i, j] = spot;
  const last = n - 1;
  const steps: Record<string, Spot> = {
    ArrowUp: [Math.max(0, i - 1), j],
    ArrowDown: [Math.min(last, i + 1), j],
    ArrowLeft: [i, Math.max(0, j - 1)],
    ArrowRight: [i, Math.min(last, j + 1)],
    Home: [i, 0],
    End: [i, last],
  };
  const next = steps[event.key] ?? null;
  if (next) event.preventDefault();
  return next;
}

/** A table of buttons: one tab stop, arrow keys inside. */
function Small({ view, mode, total, colour, spot, setSpot, open, width }: Parts) {
  const n = view.names.length;
  const table = useRef<HTMLTableElement>(null);
  const names = Math.min(190, width * 0.32, 12 + Math.max(0, ...view.names.map((name) => textWidth(middle(name, 30)))));
  const cell = Math.max(20, Math.min(54, Math.floor((width - names - 26) / Math.max(1, n))));
  const flat = view.names.every((name) => textWidth(middle(name, 30)) <= cell + 4);
  const focus: Spot = spot ?? [0, 0];
  const onKeyDown = (event: KeyboardEvent) => {
    const [i = 0, j = 0] = ((event.target as HTMLElement).dataset["at"] ?? "0,0").split(",").map(Number);
    const next = move(event, [i, j], n);
    if (!next) return;
    setSpot(next);
    table.current?.querySelector<HTMLElement>(`[data-at="${next[0]},${next[1]}"]`)?.focus();
  };
  return (
    <div class="scroll">
      <table ref={table} class="cells" role="grid" onKeyDown={onKeyDown} onPointerLeave={() => setSpot(null)} style={{ fontSize: cell < 30 ? "10px" : "12px" }}>
        <thead>
          <tr>
            <td />
            <th class="axis-name" colSpan={n}>
              <Text text={view.column_label} max={30} /> →
            </th>
          </tr>
          <tr>
            <th class="axis-name corner">
              <Text text={view.row_label} max={30} /> ↓
            </th>
            {view.names.map((name, j) => (
              <th scope="col" class={`${flat ? "flat" : "turned"}${spot?.[1] === j ? " hot" : ""}`} style={{ width: `${cell}px` }}>
                <Text text={name} max={30} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.names.map((name, i) => (
            <tr>
              <th scope="row" class={spot?.[0] === i ? "hot" : undefined} style={{ maxWidth: `${names}px` }}>
                <Text text={name} max={30} />
              </th>
              {view.names.map((other, j) => {
                const rgb = colour(i, j);
                const value = view.counts[i]![j]!;
                return (
                  <td style={{ height: `${cell}px` }}>
                    <button
                      type="button"
                      data-at={`${i},${j}`}
                      tabIndex={focus[0] === i && focus[1] === j ? 0 : -1}
                      class={view.gallery && value ? "opens" : undefined}
                      style={{ background: css(rgb), color: ink(rgb) }}
                      aria-label={`${view.row_label} ${middle(name, 60)}, ${view.column_label} ${middle(other, 60)}: ${count(value)}`}
                      onPointerEnter={() => setSpot([i, j])}
                      onFocus={() => setSpot([i, j])}
                      onClick={() => open([i, j])}
                    >
                      {label(view, total, mode, i, j, cell)}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Hundreds of classes: cells shrink to two pixels at least, and the line above says what is under the pointer. */
function Large({ view, mode, colour, spot, setSpot, open, width }: Parts) {
  const n = view.names.length;
  const canvas = useRef<HTMLCanvasElement>(null);
  const cell = Math.max(2, Math.min(16, Math.floor((Math.min(width, 820) - 24) / n)));
  const side = n * cell;
  const current = useStore(theme);
  useEffect(() => {
    const scale = Math.min(devicePixelRatio || 1, 8192 / side);
    const element = canvas.current!;
    element.width = element.height = Math.round(side * scale);
    const context = element.getContext("2d")!;
    context.scale(scale, scale);
    context.fillStyle = css(PALETTE[current].base);
    context.fillRect(0, 0, side, side);
    const gap = cell >= 6 ? 1 : 0;
    view.counts.forEach((row, i) =>
      row.forEach((value, j) => {
        if (!value) return;
        context.fillStyle = css(colour(i, j));
        context.fillRect(j * cell, i * cell, cell - gap, cell - gap);
      }),
    );
  }, [view, mode, current, side]);
  const at = (event: PointerEvent | MouseEvent): Spot => {
    const box = canvas.current!.getBoundingClientRect();
    const place = (offset: number) => Math.min(n - 1, Math.max(0, Math.floor(offset / cell)));
    return [place(event.clientY - box.top), place(event.clientX - box.left)];
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && spot) open(spot);
    const next = move(event, spot ?? [0, 0], n);
    if (next) setSpot(next);
  };
  return (
    <div class="large">
      <span class="axis-name">
        <Text text={view.column_label} max={30} /> →
      </span>
      <span class="axis-name down">
        <Text text={view.row_label} max={30} /> ↓
      </span>
      <div class="scroll">
        <div class="canvas" style={{ width: `${side}px`, height: `${side}px` }}>
          <canvas
            ref={canvas}
            style={{ width: `${side}px`, height: `${side}px` }}
            tabIndex={0}
            role="application"
            aria-label={`${view.title || "Matrix"} of ${n} classes; arrow keys move, Enter opens the images`}
            onPointerMove={(event) => setSpot(at(event))}
            onPointerLeave={() => setSpot(null)}
            onFocus={() => spot ?? setSpot([0, 0])}
            onKeyDown={onKeyDown}
            onClick={(event) => open(at(event))}
          />
          {spot && (
            <>
              <i class="hair" style={{ top: `${spot[0] * cell}px`, height: `${cell}px`, left: 0, right: 0 }} />
              <i class="hair" style={{ left: `${spot[1] * cell}px`, width: `${cell}px`, top: 0, bottom: 0 }} />
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function Ramps({ view, top, mode, palette }: { view: Matrix; top: [number, number]; mode: Mode; palette: (typeof PALETTE)["light"] }) {
  const truth = view.row_label === "truth" && view.column_label === "prediction";
  const end = (value: number) => (mode === "counts" ? count(value) : `${(100 * value).toFixed(0)} %`);
  const steps = [0.02, 0.1, 0.25, 0.5, 0.75, 1];
  return (
    <div class="ramps">
      {([["same", truth ? "right" : "the same", top[0]], ["other", truth ? "wrong" : "different", top[1]]] as const).map(([kind, name, most]) => (
        <span>
          {name} <span class="muted">0</span>
          <span class="ramp">
            {steps.map((part) => (
              <i style={{ background: css(mix(palette.base, palette[kind], part)) }} />
            ))}
          </span>
          <span class="muted">{end(most)}</span>
        </span>
      ))}
      {mode !== "counts" && <span class="muted">cells in percent</span>}
    </div>
  );
}

/** The largest cells off the diagonal, in words. */
function Pairs({ view, mode, total, setSpot, open }: Parts) {
  const pairs = useMemo(() => {
    const found: { spot: Spot; value: number; shown: number }[] = [];
    view.counts.forEach((row, i) =>
      row.forEach((value, j) => {
        if (value && i !== j) found.push({ spot: [i, j], value, shown: share(view, total, mode, i, j) });
      }),
    );
    return found.sort((a, b) => b.shown - a.shown || b.value - a.value).slice(0, PAIRS);
  }, [view, mode]);
  if (view.names.length < 3) return null;
  const most = pairs[0]?.shown ?? 1;
  return (
    <div class="pairs">
      <h4>Largest off the diagonal</h4>
      {!pairs.length && <p class="empty">None: all lie on the diagonal.</p>}
      <ol>
        {pairs.map(({ spot, value, shown }) => (
          <li>
            <button type="button" disabled={!view.gallery} onClick={() => open(spot)} onPointerEnter={() => setSpot(spot)} onPointerLeave={() => setSpot(null)}>
              <span class="names">
                <Text text={view.names[spot[0]]!} max={26} />
                <span class="muted"> → </span>
                <Text text={view.names[spot[1]]!} max={26} />
              </span>
              <span class="n">{mode === "counts" ? count(value) : `${(100 * shown).toFixed(0)} %`}</span>
              <span class="bar">
                <i style={{ width: `${(100 * shown) / most}%` }} />
              </span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
