// Objects over the frames of their sequences: who has each of them when, and what happens to it.

import { useMemo, useRef, useState } from "preact/hooks";
import { follow } from "../album";
import { Filters, matching, useFilter } from "../filtering";
import { count, plural } from "../format";
import { eventsOf, type Happening, HIGH, type Lane, laneOf, Marked, MarkShape, MIDDLE, pathOf, type Run, says, stopsOf, stripes, THICK } from "../lanes";
import { makeScale, type Scale } from "../scale";
import type { Timeline } from "../types";
import { Figure, middle, Text, useWidth } from "../ui";

const MORE = 200; // lanes that each press of the button adds
const AXIS = { label: "", low: 1, scale: "linear" as const, unit: "count" as const, categories: [] };

/** Whose runs stand out, in all lanes of its sequence. */
interface Lit {
  group: string;
  name: string;
}

export function TimelineView({ view }: { view: Timeline }) {
  const [filter, onFilter] = useFilter(view.id);
  const list = useMemo(() => matching(view, filter), [view, filter]);
  const [more, setMore] = useState(0);
  const shown = list.slice(0, view.rows + more);
  const n = list.length;
  return (
    <Figure kind="timeline" title={view.title} caption={view.caption} id={view.id}>
      <div class="bar-line">
        <p class="count" role="status">
          {shown.length < n ? `${count(shown.length)} of ${plural(n, view.unit)}` : plural(n, view.unit)}
          {view.items.length < view.total && (
            <span class="muted">
              {" "}
              ({count(view.total)} in all; --max-mb raises what this file holds)
            </span>
          )}
        </p>
        <Filters view={view} filter={filter} onFilter={onFilter} />
      </div>
      {n > 0 && <Key view={view} />}
      {n > 0 ? <Lanes view={view} list={shown} /> : <p class="empty">{view.total ? `No ${view.unit} with this filter is here.` : `No ${view.unit}s.`}</p>}
      {shown.length < n && (
        <button type="button" class="more" onClick={() => setMore(more + MORE)}>
          Show {count(Math.min(MORE, n - shown.length))} more
        </button>
      )}
    </Figure>
  );
}

function Key({ view }: { view: Timeline }) {
  const used = useMemo(() => new Set(view.items.flatMap((_, i) => laneOf(view, i).moments.map((moment) => moment.kind))), [view]);
  const swatches: [string, string][] = [
    ["held by its first identity", "r-a"],
    ["by another", "r-b"],
    ["missed", "r-missed"],
  ];
  return (
    <ul class="legend lane-key">
      {swatches.map(([text, role]) => (
        <li>
          <svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">
            <rect class={`${role} run`} x="0" y={role === "r-missed" ? 4.5 : 1} width="18" height={role === "r-missed" ? 3 : 10} />
          </svg>
          {text}
        </li>
      ))}
      {view.kinds.map(
        (text, kind) =>
          used.has(kind) && (
            <li>
              <svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">
                <MarkShape kind={kind} x={9} y={6} />
              </svg>
              <Text text={text} max={40} />
            </li>
          ),
      )}
    </ul>
  );
}

function Lanes({ view, list }: { view: Timeline; list: number[] }) {
  const box = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLDivElement>(null);
  const width = useWidth(ruler);
  const [lit, setLit] = useState<Lit | null>(null);
  const [reached, setReached] = useState(0); // the one lane that the Tab key comes to
  const lanes = useMemo(() => list.map((i) => laneOf(view, i)), [view, list]);
  const longest = Math.max(...lanes.map((lane) => lane.length));
  const several = lanes.some((lane) => lane.group !== lanes[0]!.group);
  const x = makeScale({ ...AXIS, high: longest + 1 }, [], 1, Math.max(2, width - 1), Math.max(2, Math.floor(width / 90)));
  const onKeyDown = (event: KeyboardEvent) => {
    const from = Number((event.target as HTMLElement).closest<HTMLElement>("[data-lane]")?.dataset["lane"] ?? NaN);
    const next = box.current?.querySelector<SVGElement>(`[data-lane="${from + ({ ArrowUp: -1, ArrowDown: 1 }[event.key] ?? NaN)}"]`);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <div class="lanes" ref={box} onKeyDown={onKeyDown}>
      <div class="lane head-lane">
        <span class="muted">{view.unit}</span>
        <div ref={ruler}>
          {width > 0 && (
            <svg class="ruler" width={width} height={20} aria-hidden="true">
              {[1, ...x.ticks.filter((tick) => tick > 1 && x(tick) - x(1) > 60 && tick <= longest)].map((tick) => (
                <>
                  <line x1={x(tick)} x2={x(tick)} y1="15" y2="20" />
                  <text x={x(tick)} y="11" text-anchor={x(tick) < 20 ? "start" : x(tick) > width - 20 ? "end" : "middle"}>
                    {tick === 1 ? "frame 1" : x.text(tick)}
                  </text>
                </>
              ))}
            </svg>
          )}
        </div>
      </div>
      {lanes.map((lane, at) => (
        <LaneRow
          key={list[at]}
          view={view}
          lane={lane}
          at={at}
          x={x}
          width={width}
          several={several}
          tab={at === Math.min(reached, lanes.length - 1)}
          onReach={() => setReached(at)}
          lit={lit?.group === lane.group ? lit.name : null}
          onLit={setLit}
        />
      ))}
    </div>
  );
}

interface RowProps {
  view: Timeline;
  lane: Lane;
  at: number;
  x: Scale;
  width: number;
  several: boolean;
  tab: boolean;
  onReach: () => void;
  lit: string | null;
  onLit: (lit: Lit | null) => void;
}

function LaneRow({ view, lane, at, x, width, several, tab, onReach, lit, onLit }: RowProps) {
  const [seen, setSeen] = useState<Happening | null>(null);
  const stops = useMemo(() => stopsOf(lane), [lane]);
  const marks = useMemo(() => [...lane.moments].sort((a, b) => b.kind - a.kind), [lane]); // the first kind lies on top
  const look = (next: Happening | null) => {
    setSeen(next);
    const run = next && "by" in next ? next : null;
    const name = run && run.by >= 0 ? lane.names[run.by] : undefined;
    onLit(name === undefined ? null : { group: lane.group, name });
  };
  const press = (event: KeyboardEvent) => {
    const places: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const step = places[event.key];
    if (event.key === "Enter" && lane.link) return follow(...lane.link);
    if (event.key === "Escape" && seen) {
      event.preventDefault();
      return look(null);
    }
    if (step === undefined || !stops.length) return;
    event.preventDefault();
    const from = seen ? stops.indexOf(seen) : step > 0 ? -1 : stops.length;
    look(stops[Math.max(0, Math.min(stops.length - 1, from + step))]!);
  };
  const brief = lane.facts.filter(([, text]) => text !== "0").map(([label, text]) => `${label} ${text}`);
  const name = (
    <>
      <Text text={lane.title} max={28} />
      {several && (
        <span class="muted">
          <Text text={lane.group} max={20} />
        </span>
      )}
    </>
  );
  return (
    <div class="lane">
      <div class="lane-name">
        {lane.link ? (
          <button type="button" class="link" title="See its events" onClick={() => follow(...lane.link!)}>
            {name}
          </button>
        ) : (
          <span>{name}</span>
        )}
        <span class="muted small">
          <Text text={brief.join(", ") || "–"} max={60} />
        </span>
      </div>
      <div class="lane-plot">
        {width > 0 && (
          <svg
            class="lane-bars"
            width={width}
            height={HIGH}
            data-lane={at}
            role="img"
            tabIndex={tab ? 0 : -1}
            aria-label={says(view, lane, seen)}
            onFocus={onReach}
            onBlur={() => look(null)}
            onKeyDown={press}
            onPointerMove={(event) => look(under(lane, x, event.clientX - event.currentTarget.getBoundingClientRect().left))}
            onPointerLeave={() => look(null)}
          >
            <Bars lane={lane} x={x} lit={lit} />
            {marks.map((moment) => (
              <MarkShape kind={moment.kind} x={x(moment.frame + 0.5)} y={5} />
            ))}
            {seen && <Marked happening={seen} x={x} />}
          </svg>
        )}
        {seen && <Tip view={view} lane={lane} seen={seen} x={x} width={width} />}
      </div>
    </div>
  );
}

function Bars({ lane, x, lit }: { lane: Lane; x: Scale; lit: string | null }) {
  const base = `M${x(1)} ${MIDDLE}H${x(lane.length + 1)}`;
  const same = lit === null ? [] : lane.runs.filter((run) => run.by >= 0 && lane.names[run.by] === lit);
  return (
    <>
      <path class="ground" d={base} />
      {stripes(lane).map(([role, runs]) => (
        <path class={`${role} run`} d={runs.map((run) => pathOf(run, x)).join("")} />
      ))}
      {same.length > 0 && <path class="same" d={same.map((run) => pathOf(run, x)).join("")} />}
    </>
  );
}

/** The moment within a few pixels of a place, else the run there. */
function under(lane: Lane, x: Scale, place: number): Happening | null {
  const near = (frame: number) => Math.abs(x(frame + 0.5) - place);
  const moment = lane.moments.reduce<(typeof lane.moments)[number] | null>((best, one) => (near(one.frame) < 6 && (!best || near(one.frame) < near(best.frame)) ? one : best), null);
  return moment ?? lane.runs.find((run: Run) => x(run.first) - 1 <= place && place <= x(run.last + 1) + 1) ?? null;
}

function Tip({ view, lane, seen, x, width }: { view: Timeline; lane: Lane; seen: Happening; x: Scale; width: number }) {
  const [head, ...lines] = eventsOf(view, lane, seen);
  const middleOf = x("by" in seen ? (seen.first + seen.last + 1) / 2 : seen.frame + 0.5);
  const side = middleOf > width / 2 ? { right: `${Math.max(0, width - middleOf - 40)}px` } : { left: `${Math.max(0, middleOf - 40)}px` };
  return (
    <div class="tip" role="status" style={{ top: `${HIGH + THICK / 2}px`, ...side }}>
      <b>
        <Text text={head!} max={60} />
      </b>
      {lines.map((line) => (
        <p>
          <Text text={middle(line, 240)} max={240} />
        </p>
      ))}
    </div>
  );
}
