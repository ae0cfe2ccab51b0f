// Points in the plane or in space: moved or turned, switched on and off by name and cloud, each shows its image.

import { useMemo, useState } from "preact/hooks";
import type { Scatter } from "../types";
import { count, plural } from "../format";
import { Figure, Text } from "../ui";
import { theme, useStore } from "../store";
import { coloursFor, flatten, markers, type Points } from "./cloud-points";
import { Plot } from "./scatter-plot";

type Hidden = ReadonlySet<number>;

export function ScatterView({ view }: { view: Scatter }) {
  const points = useMemo(() => flatten(view), [view]);
  const shade = useStore(theme);
  const colours = useMemo(() => coloursFor(view.names.length, shade), [view, shade]);
  const [names, setNames] = useState<Hidden>(new Set());
  const [clouds, setClouds] = useState<Hidden>(new Set());
  const [onlyWrong, setOnlyWrong] = useState(false);
  const [lit, setLit] = useState<number | null>(null);
  const shown = useMemo(() => visible(points, names, clouds, onlyWrong), [points, names, clouds, onlyWrong]);
  const left = view.clouds.reduce((sum, cloud) => sum + cloud.picture.filter((image) => image === -1).length, 0);
  const total = view.clouds.reduce((sum, cloud) => sum + cloud.x.length, 0);
  return (
    <Figure kind="scatter" title={view.title} caption={view.caption} id={view.id}>
      {!points.n && <p class="empty">No points.</p>}
      {points.n > 0 && (
        <div class="split">
          <Plot view={view} points={points} shown={shown} colours={colours} shade={shade} lit={lit} />
          <div class="keys">
            <Clouds view={view} points={points} hidden={clouds} setHidden={setClouds} onlyWrong={onlyWrong} setOnlyWrong={setOnlyWrong} />
            <Names view={view} points={points} colours={colours} hidden={names} setHidden={setNames} setLit={setLit} />
          </div>
        </div>
      )}
      {left > 0 && (
        <p class="muted small">
          The images of {count(left)} of {plural(total, "point")} were left out to keep this file small; --max-mb raises the limit.
        </p>
      )}
      {points.n < total && <p class="muted small">{plural(total - points.n, "point")} without a place {total - points.n === 1 ? "is" : "are"} not drawn.</p>}
    </Figure>
  );
}

function visible(points: Points, names: Hidden, clouds: Hidden, onlyWrong: boolean): Uint8Array {
  const shown = new Uint8Array(points.n);
  for (let i = 0; i < points.n; i++)
    shown[i] = Number(!names.has(points.colour[i]!) && !clouds.has(points.cloud[i]!) && (!onlyWrong || points.wrong[i] === 1));
  return shown;
}

function toggled(hidden: Hidden, k: number): Hidden {
  const next = new Set(hidden);
  if (!next.delete(k)) next.add(k);
  return next;
}

function Clouds(props: {
  view: Scatter;
  points: Points;
  hidden: Hidden;
  setHidden: (hidden: Hidden) => void;
  onlyWrong: boolean;
  setOnlyWrong: (only: boolean) => void;
}) {
  const { view, points, hidden, setHidden, onlyWrong, setOnlyWrong } = props;
  const kinds = markers(view);
  const wrong = points.wrong.reduce((sum, flag) => sum + flag, 0);
  return (
    <ul class="legend">
      {view.clouds.map((cloud, k) => (
        <li>
          <button type="button" aria-pressed={!hidden.has(k)} onClick={() => setHidden(toggled(hidden, k))}>
            <svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">
              <Shape shape={kinds[k]!.shape} r={kinds[k]!.radius} />
            </svg>
            <Text text={cloud.name} max={40} />
            <span class="muted">{count(cloud.x.length)}</span>
          </button>
        </li>
      ))}
      {wrong > 0 && (
        <li>
          <button type="button" class="only" aria-pressed={onlyWrong} onClick={() => setOnlyWrong(!onlyWrong)}>
            <svg class="swatch" viewBox="0 0 18 12" aria-hidden="true">
              <circle class="rim" cx="9" cy="6" r="4.6" />
            </svg>
            <span class="t">wrong{onlyWrong ? " only" : ""}</span>
            <span class="muted">{count(wrong)}</span>
          </button>
        </li>
      )}
    </ul>
  );
}

function Shape({ shape, r }: { shape: number; r: number }) {
  if (shape === 1) return <rect class="fill" x={9 - 0.9 * r} y={6 - 0.9 * r} width={1.8 * r} height={1.8 * r} />;
  if (shape === 2) return <path class="fill" d={`M9 ${6 - 1.2 * r}L${9 + 1.1 * r} ${6 + 0.8 * r}H${9 - 1.1 * r}Z`} />;
  return <circle class="fill" cx="9" cy="6" r={r} />;
}

function Names(props: {
  view: Scatter;
  points: Points;
  colours: string[];
  hidden: Hidden;
  setHidden: (hidden: Hidden) => void;
  setLit: (name: number | null) => void;
}) {
  const { view, points, colours, hidden, setHidden, setLit } = props;
  const counts = useMemo(() => {
    const found = view.names.map(() => 0);
    for (let i = 0; i < points.n; i++) if (found[points.colour[i]!] !== undefined) found[points.colour[i]!]!++;
    return found;
  }, [view, points]);
  const every = hidden.size < view.names.length;
  if (view.names.length < 2) return null;
  return (
    <div class="names" onPointerLeave={() => setLit(null)}>
      <ul class="legend">
        {view.names.map((name, k) => (
          <li>
            <button
              type="button"
              aria-pressed={!hidden.has(k)}
              onClick={() => setHidden(toggled(hidden, k))}
              onPointerEnter={(event) => event.pointerType === "mouse" && setLit(k)}
              onFocus={(event) => event.currentTarget.matches(":focus-visible") && setLit(k)}
              onBlur={() => setLit(null)}
            >
              <i class="dot" style={{ background: colours[k]! }} />
              <Text text={name} max={40} />
              <span class="muted">{count(counts[k]!)}</span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={() => setHidden(every ? new Set(view.names.keys()) : new Set())}>
        {every ? "None" : "All"}
      </button>
    </div>
  );
}
