// Lines, bars and dots with intervals, drawn as SVG; values appear under the pointer or the arrow keys.

import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { Axis, Chart, Series } from "../types";
import { amount, between, count, DASH, digitsFor } from "../format";
import { makeScale, type Scale, textWidth } from "../scale";
import { Figure, middle, Text, useWidth } from "../ui";

const MANY = 40;

interface Keyed extends Series {
  /** Tells the series of a group apart; those of the same name in other groups share it. */
  key: string;
}

interface Drawn {
  view: Chart;
  series: Keyed[];
  width: number;
  at: number | null;
  setAt: (at: number | null) => void;
  /** Key of the series that stands out; empty: all do. */
  lit: string;
}

export function ChartView({ view }: { view: Chart }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const [lit, setLit] = useState("");
  const groups = useMemo(() => [...new Set(view.series.map((one) => one.group).filter(Boolean))], [view]);
  const [group, setGroup] = useState(groups[0] ?? "");
  const placed = useMemo(
    () => apart(view.series.filter((one) => !one.group || one.group === group)).map((one) => placeable(one, view)),
    [view, group],
  );
  const series = placed.filter((one) => !hidden.has(one.key));
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
    setAt(null);
  };
  const drawn = { view, series, width, at, setAt, lit };
  return (
    <Figure kind="chart" title={view.title} caption={view.caption} id={view.id}>
      {groups.length > 0 && <Groups groups={groups} group={group} onGroup={(next) => (setGroup(next), setAt(null))} />}
      {placed.length > 1 && (
        <ul class="legend" onPointerLeave={() => setLit("")}>
          {placed.map((one) => (
            <li>
              <button
                type="button"
                class={`r-${one.role}`}
                aria-pressed={!hidden.has(one.key)}
                onClick={() => toggle(one.key)}
                onPointerEnter={(event) => event.pointerType === "mouse" && setLit(one.key)}
                onFocus={(event) => event.currentTarget.matches(":focus-visible") && setLit(one.key)}
                onBlur={() => setLit("")}
              >
                <Swatch kind={view.kind} role={one.role} />
                <Text text={one.name} max={60} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="plot" ref={box}>
        {!values(placed).length && <p class="empty">No values.</p>}
        {width > 0 && values(placed).length > 0 && (inRows(view) ? <Rows {...drawn} /> : <Plane {...drawn} />)}
      </div>
    </Figure>
  );
}

/** Which of the groups of series is shown; its name stands on paper too. */
function Groups({ groups, group, onGroup }: { groups: string[]; group: string; onGroup: (group: string) => void }) {
  return (
    <div class="groups">
      <label>
        Shown
        <select value={String(groups.indexOf(group))} onChange={(event) => onGroup(groups[Number(event.currentTarget.value)]!)}>
          {groups.map((name, k) => (
            <option value={String(k)}>{middle(name, 60)}</option>
          ))}
        </select>
      </label>
      <span class="muted">of {count(groups.length)}</span>
    </div>
  );
}

/** Named places lie one below the other, so that their names can be read; only lines keep them side by side. */
const inRows = (view: Chart) => view.kind !== "line" && view.x.categories.length > 0;

const asLine = (view: Chart, one: Series) => view.kind === "line" || one.role === "ideal";

function Swatch({ kind, role }: { kind: Chart["kind"]; role: string }) {
  return (
    <svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">
      {kind === "bar" && role !== "ideal" ? (
        <rect x="3" y="1" width="12" height="10" rx="2" class="fill" />
      ) : kind === "dots" && role !== "ideal" ? (
        <circle cx="9" cy="6" r="4" class="fill" />
      ) : (
        <path d="M0 6H18" class="line" />
      )}
    </svg>
  );
}

/** Series with their keys; one that would look like an earlier one is dashed in its own way. */
function apart(series: Series[]): Keyed[] {
  return series.map((one, k) => {
    const earlier = series.slice(0, k);
    const again = one.role !== "ideal" && earlier.some((other) => other.role === one.role);
    const key = `${earlier.filter((other) => other.name === one.name).length} ${one.name}`;
    return { ...one, key, role: again ? `${one.role} again` : one.role };
  });
}

/** The points that have a place: a logarithmic axis has none for zero and below. */
function placeable(one: Keyed, view: Chart): Keyed {
  const positive = (value: number | null) => (value !== null && value > 0 ? value : null);
  const clean = (list: (number | null)[]) => (view.y.scale === "log" ? list.map(positive) : list);
  const log = view.x.scale === "log";
  const y = clean(one.y).map((value, i) => (log && !(one.x[i]! > 0) ? null : value));
  return { ...one, y, low: clean(one.low), high: clean(one.high), x: log ? one.x.map((x) => (x > 0 ? x : NaN)) : one.x };
}

function values(series: Series[]): number[] {
  return series.flatMap((one) => [...one.y, ...one.low, ...one.high].filter((value): value is number => value !== null));
}

const interval = (one: Series, i: number): [number, number] | null => {
  const [low, high] = [one.low[i] ?? null, one.high[i] ?? null];
  return low === null || high === null ? null : [low, high];
};

function Tip({ left, top, width, head, children }: { left: number; top: number; width: number; head: string; children: ComponentChildren }) {
  const side = left > width / 2 ? { right: `${width - left + 14}px` } : { left: `${left + 14}px` };
  return (
    <div class="tip" role="status" style={{ top: `${top}px`, ...side }}>
      <b>
        <Text text={head} max={60} />
      </b>
      <dl>{children}</dl>
    </div>
  );
}

function TipRow({ axis, one, i }: { axis: Axis; one: Series; i: number }) {
  const range = interval(one, i);
  const digits = range ? digitsFor(...range) : 3;
  const show = (value: number | null) => amount(value, axis.unit, digits);
  return (
    <>
      <dt class={`r-${one.role}`}>
        <i /> <Text text={one.name} max={28} />
      </dt>
      <dd>
        {show(one.y[i] ?? null)}
        {range && (
          <small>
            {between(show(range[0]), show(range[1]))}
          </small>
        )}
      </dd>
    </>
  );
}

// Places along x, values along y.

function Plane({ view, series, width, at, setAt, lit }: Drawn) {
  const names = view.x.categories;
  const height = Math.round(Math.min(320, Math.max(220, width * 0.52)));
  const named = view.y.label !== "" && view.y.label.toLowerCase() !== view.title.toLowerCase();
  const [top, bottom] = [(view.marks.length ? 30 : 12) + (named ? 14 : 0), height - 44];
  const all = values(series);
  const y = makeScale(view.y, all, bottom, top, 5, view.kind === "bar");
  const left = Math.min(90, 14 + Math.max(...y.ticks.map((tick) => textWidth(y.text(tick)))));
  const xs = [...new Set(series.flatMap((one) => one.x.filter(Number.isFinite)))].sort((a, b) => a - b);
  const gap = Math.min(...xs.slice(1).map((value, i) => value - xs[i]!), Infinity);
  const half = view.kind === "bar" ? (Number.isFinite(gap) ? gap / 2 : 0.5) : 0;
  const domain = xs.length ? [xs[0]! - half, xs.at(-1)! + half] : [];
  const xAxis = tight(view.x, domain);
  const x = makeScale(xAxis, [...domain, ...view.marks.map((mark) => mark.x)], left, width - 14, Math.max(2, Math.floor(width / 90)));
  const bars = series.filter((one) => !asLine(view, one));
  const hovered = at === null ? null : (xs[at] ?? null);
  const nearest = (px: number) => {
    let best = 0;
    xs.forEach((value, i) => Math.abs(x(value) - px) < Math.abs(x(xs[best]!) - px) && (best = i));
    return best;
  };
  const name = (value: number) => names[value] ?? x.text(value);
  return (
    <>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={summary(view, series)}
        tabIndex={0}
        onPointerMove={(event) => xs.length && setAt(nearest(event.clientX - event.currentTarget.getBoundingClientRect().left))}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={(event) => step(event, at, xs.length, setAt, "ArrowLeft", "ArrowRight")}
      >
        <YAxis label={named ? view.y.label : ""} scale={y} left={left} right={width - 14} />
        <g class="axis">
          <line class="base" x1={left} x2={width - 14} y1={bottom} y2={bottom} />
          {(names.length ? thinned(names, x, width) : x.ticks).map((tick) => (
            <text x={x(tick)} y={bottom + 17} text-anchor="middle">
              <SvgName text={name(tick)} room={names.length ? Math.max(40, (width - left) / names.length) : 200} />
            </text>
          ))}
          <text class="label" x={(left + width - 14) / 2} y={height - 6} text-anchor="middle">
            <SvgName text={view.x.label} room={width - left} />
          </text>
        </g>
        {hovered !== null && <line class="cross" x1={x(hovered)} x2={x(hovered)} y1={top} y2={bottom} />}
        {series.map((one) =>
          asLine(view, one) ? (
            <Line one={one} lit={lit} x={x} y={y} points={view.kind === "line" && one.x.length <= 40 && one.role !== "ideal"} />
          ) : view.kind === "bar" ? (
            <Bars one={one} lit={lit} x={x} y={y} base={bottom} width={2 * half} place={bars.indexOf(one)} of={bars.length} />
          ) : (
            <Dots one={one} lit={lit} x={x} y={y} shift={7 * (bars.indexOf(one) - (bars.length - 1) / 2)} />
          ),
        )}
        <Marks marks={view.marks} x={x} top={top} bottom={bottom} right={width - 14} />
        {hovered !== null &&
          series.map((one) => {
            const i = one.x.indexOf(hovered);
            const value = one.y[i] ?? null;
            return value !== null && asLine(view, one) && <circle class={`r-${one.role} fill hot`} cx={x(hovered)} cy={y(value)} r="4.5" />;
          })}
      </svg>
      {hovered !== null && (
        <Tip left={x(hovered)} top={top} width={width} head={names.length ? name(hovered) : `${view.x.label} ${exact(hovered, view.x)}`}>
          {series.map((one) => {
            const i = one.x.indexOf(hovered);
            return i >= 0 && <TipRow axis={view.y} one={one} i={i} />;
          })}
        </Tip>
      )}
    </>
  );
}

const exact = (value: number, axis: Axis) => amount(Number(value.toPrecision(6)), axis.unit === "count" ? "count" : "plain");

/** Along x the data fill the whole width. */
function tight(axis: Axis, domain: number[]): Axis {
  if (axis.scale === "log" || domain.length < 2 || domain[0] === domain[1]) return axis;
  return { ...axis, low: axis.low ?? domain[0]!, high: axis.high ?? domain[1]! };
}

function thinned(names: string[], x: Scale, width: number): number[] {
  const every = Math.max(1, Math.ceil((names.length * 56) / width));
  return names.map((_, i) => i).filter((i) => i % every === 0 && i >= x.low && i <= x.high);
}

function SvgName({ text, room }: { text: string; room: number }) {
  const fitting = fit(text, room);
  return (
    <tspan class="name">
      {fitting}
      {fitting !== text && <title>{text}</title>}
    </tspan>
  );
}

function fit(text: string, room: number): string {
  const flat = middle(text, 80);
  if (textWidth(flat) <= room) return flat;
  let max = Math.max(3, Math.floor((flat.length * room) / textWidth(flat)));
  while (max > 3 && textWidth(middle(flat, max)) > room) max--;
  return middle(flat, max);
}

function YAxis({ label, scale, left, right }: { label: string; scale: Scale; left: number; right: number }) {
  return (
    <g class="axis">
      {scale.ticks.map((tick) => (
        <>
          <line class={tick === 0 ? "base" : undefined} x1={left} x2={right} y1={scale(tick)} y2={scale(tick)} />
          <text x={left - 7} y={scale(tick) + 4} text-anchor="end">
            {scale.text(tick)}
          </text>
        </>
      ))}
      <text class="label" x="0" y="11">
        <SvgName text={label} room={right} />
      </text>
    </g>
  );
}

function Line({ one, lit, x, y, points }: { one: Keyed; lit: string; x: Scale; y: Scale; points: boolean }) {
  const runs: number[][] = [[]];
  one.y.forEach((value, i) => (value === null ? runs.push([]) : runs.at(-1)!.push(i)));
  const path = (run: number[]) => run.map((i, k) => `${k ? "L" : "M"}${px(x(one.x[i]!))} ${px(y(one.y[i]!))}`).join("");
  const band = (run: number[]) => {
    const inside = run.filter((i) => interval(one, i));
    if (inside.length < 2) return "";
    const upper = inside.map((i) => `${px(x(one.x[i]!))} ${px(y(one.high[i]!))}`);
    const lower = inside.map((i) => `${px(x(one.x[i]!))} ${px(y(one.low[i]!))}`).reverse();
    return `M${[...upper, ...lower].join("L")}Z`;
  };
  return (
    <g class={seriesClass(one, lit)}>
      {runs.map((run) => (
        <>
          <path class="band" d={band(run)} />
          <path class="line" d={path(run)} />
        </>
      ))}
      {(points || one.x.length === 1) &&
        one.y.map((value, i) => value !== null && <circle class="fill" cx={px(x(one.x[i]!))} cy={px(y(value))} r="2.2" />)}
    </g>
  );
}

const seriesClass = (one: Keyed, lit: string) => `series r-${one.role}${lit && lit !== one.key ? " dim" : ""}`;

const px = (value: number) => Math.round(value * 10) / 10;

function Bars(props: { one: Keyed; lit: string; x: Scale; y: Scale; base: number; width: number; place: number; of: number }) {
  const { one, lit, x, y, width, place, of } = props;
  const zero = Math.min(props.base, Math.max(y(y.high), y(Math.max(0, y.low))));
  return (
    <g class={seriesClass(one, lit)}>
      {one.y.map((value, i) => {
        if (value === null) return null;
        const room = x(one.x[i]! + width / 2) - x(one.x[i]! - width / 2) - 2;
        const from = x(one.x[i]! - width / 2) + 1 + (room * place) / of;
        const range = interval(one, i);
        const thick = Math.max(1, room / of - (of > 1 ? 1 : 0));
        return (
          <>
            <rect class="fill" x={px(from)} width={px(thick)} y={px(Math.min(y(value), zero))} height={px(Math.abs(y(value) - zero))} rx="1" />
            {range && <Whisker x={[from + thick / 2, from + thick / 2]} y={[y(range[0]), y(range[1])]} />}
          </>
        );
      })}
    </g>
  );
}

/** An interval; over a bar it is edged, so that it can be told from the bar's colour. */
function Whisker({ x: [x1, x2], y: [y1, y2], stem = false }: { x: [number, number]; y: [number, number]; stem?: boolean }) {
  const ends = { x1, x2, y1, y2 };
  if (stem) return <line class="stem" {...ends} />;
  return (
    <>
      <line class="whisker edging" {...ends} />
      <line class="whisker" {...ends} />
    </>
  );
}

/** Series that share their places along x stand a little apart. */
function Dots({ one, lit, x, y, shift }: { one: Keyed; lit: string; x: Scale; y: Scale; shift: number }) {
  return (
    <g class={seriesClass(one, lit)}>
      {one.y.map((value, i) => {
        const range = interval(one, i);
        const at = px(x(one.x[i]!) + shift);
        return (
          value !== null && (
            <>
              {range && <line class="stem" x1={at} x2={at} y1={px(y(range[0]))} y2={px(y(range[1]))} />}
              <circle class="fill" cx={at} cy={px(y(value))} r="4" />
            </>
          )
        );
      })}
    </g>
  );
}

function Marks({ marks, x, top, bottom, right }: { marks: Chart["marks"]; x: Scale; top: number; bottom: number; right: number }) {
  let taken = -Infinity;
  const sorted = [...marks].sort((a, b) => a.x - b.x);
  return (
    <g class="marks">
      {sorted.map((mark) => {
        const text = fit(mark.label, 180);
        const size = textWidth(text);
        const flip = x(mark.x) + size + 8 > right;
        const start = flip ? x(mark.x) - size - 5 : x(mark.x) + 5;
        const row = start > taken ? 0 : 1;
        if (row === 0) taken = start + size + 8;
        return (
          <>
            <line x1={x(mark.x)} x2={x(mark.x)} y1={top - 18} y2={bottom} />
            <text x={start} y={top - 8 + 14 * row}>
              <tspan class="name">{text}</tspan>
            </text>
          </>
        );
      })}
    </g>
  );
}

// Named places from top to bottom, values along x.

function Rows({ view, series, width, at, setAt, lit }: Drawn) {
  const [all, setAll] = useState(view.x.categories.length <= MANY);
  const names = all ? view.x.categories : view.x.categories.slice(0, MANY);
  const bars = series.filter((one) => one.role !== "ideal");
  const thick = view.kind === "bar" ? (bars.length > 2 ? 8 : bars.length > 1 ? 9 : 14) : 11;
  const row = Math.max(22, thick * Math.max(1, bars.length) + (bars.length > 2 ? 14 : 9));
  const left = Math.min(width * 0.36, 190, 12 + Math.max(0, ...names.map((name) => textWidth(middle(name, 40)))));
  const bottom = names.length * row + 6;
  const right = width - (bars.length === 1 ? 56 : 16);
  const scale = makeScale(view.y, values(series), left, right, Math.max(2, Math.floor((right - left) / 80)), view.kind === "bar");
  const middleOf = (value: number) => 6 + (value + 0.5) * row;
  const offset = (one: Keyed) => (bars.indexOf(one) - (bars.length - 1) / 2) * thick;
  const zero = scale(Math.min(scale.high, Math.max(scale.low, 0)));
  const place = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const i = Math.floor((event.clientY - event.currentTarget.getBoundingClientRect().top - 6) / row);
    setAt(i >= 0 && i < names.length ? i : null);
  };
  return (
    <>
      <svg
        width={width}
        height={bottom + 42}
        role="img"
        aria-label={summary(view, series)}
        tabIndex={0}
        onPointerMove={place}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onKeyDown={(event) => step(event, at, names.length, setAt, "ArrowUp", "ArrowDown")}
      >
        {at !== null && <rect class="hot-row" x="0" width={width} y={6 + at * row} height={row} />}
        <g class="axis">
          {scale.ticks.map((tick) => (
            <>
              <line class={tick === 0 ? "base" : undefined} x1={scale(tick)} x2={scale(tick)} y1="2" y2={bottom} />
              <text x={scale(tick)} y={bottom + 16} text-anchor="middle">
                {scale.text(tick)}
              </text>
            </>
          ))}
          <text class="label" x={(left + right) / 2} y={bottom + 36} text-anchor="middle">
            <SvgName text={view.y.label} room={right - left} />
          </text>
          {names.map((name, i) => (
            <text class="category" x={left - 9} y={middleOf(i) + 4} text-anchor="end">
              <SvgName text={name} room={left - 12} />
            </text>
          ))}
        </g>
        {series.map((one) => (
          <g class={seriesClass(one, lit)}>
            {one.y.map((value, i) => {
              const at = one.x[i]!;
              if (value === null || at >= names.length) return null;
              if (one.role === "ideal")
                return <line class="line" x1={scale(value)} x2={scale(value)} y1={middleOf(at) - row / 2} y2={middleOf(at) + row / 2} />;
              const y = middleOf(at) + offset(one);
              const range = interval(one, i);
              const end = Math.max(scale(value), range ? scale(range[1]) : 0);
              return (
                <>
                  {view.kind === "bar" ? (
                    <rect class="fill" x={px(Math.min(zero, scale(value)))} width={px(Math.abs(scale(value) - zero))} y={y - thick / 2 + 0.5} height={thick - 1} rx="1.5" />
                  ) : (
                    <circle class="fill" cx={px(scale(value))} cy={y} r="4.5" />
                  )}
                  {range && <Whisker stem={view.kind !== "bar"} x={[px(scale(range[0])), px(scale(range[1]))]} y={[y, y]} />}
                  {bars.length === 1 && (
                    <text class="end" x={end + 8} y={y + 4}>
                      {amount(value, view.y.unit)}
                    </text>
                  )}
                </>
              );
            })}
          </g>
        ))}
        <g class="marks">
          {view.marks.map((mark) => (
            <>
              <line x1={left} x2={right} y1={middleOf(mark.x)} y2={middleOf(mark.x)} />
              <text x={right} y={middleOf(mark.x) - 4} text-anchor="end">
                <SvgName text={mark.label} room={right - left} />
              </text>
            </>
          ))}
        </g>
      </svg>
      {at !== null && names[at] !== undefined && (
        <Tip left={scale(scale.low) + 40} top={6 + (at + 1) * row} width={width} head={names[at]}>
          {series.map((one) => {
            const i = one.x.indexOf(at);
            return i >= 0 && <TipRow axis={view.y} one={one} i={i} />;
          })}
        </Tip>
      )}
      {!all && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          Show all {count(view.x.categories.length)}
        </button>
      )}
    </>
  );
}

function step(event: KeyboardEvent, at: number | null, n: number, setAt: (at: number) => void, back: string, on: string) {
  if (!n || (event.key !== back && event.key !== on)) return;
  event.preventDefault();
  setAt(at === null ? 0 : Math.min(n - 1, Math.max(0, at + (event.key === on ? 1 : -1))));
}

/** What somebody hears who cannot see the chart. */
function summary(view: Chart, series: Series[]): string {
  const parts = series.slice(0, 6).map((one) => {
    const last = one.y.findLast((value) => value !== null) ?? null;
    return `${middle(one.name, 40)}: ${one.y.length} values, the last ${last === null ? DASH : amount(last, view.y.unit)}`;
  });
  return `${view.title || "Chart"}. ${view.y.label} against ${view.x.label || "names"}. ${parts.join("; ")}`;
}
