// A table that sorts by any column; long ones start short and can be searched.

import { useMemo, useState } from "preact/hooks";
import type { Better, Cell, Column, ImageNumber, Span, Table } from "../types";
import { between, cell as format, count, isNumeric } from "../format";
import { Figure, Img, Text } from "../ui";
import { follow } from "../album";

const SHORT = 25;

const isSpan = (cell: Cell): cell is Span => typeof cell === "object" && cell !== null && "value" in cell;
const isPicture = (cell: Cell): cell is { picture: ImageNumber } =>
  typeof cell === "object" && cell !== null && "picture" in cell;

function key(cell: Cell): string | number | null {
  if (isSpan(cell)) return cell.value;
  return isPicture(cell) ? cell.picture : cell;
}

/** Numbers before texts; what does not exist comes last either way. */
function order(a: Cell, b: Cell, down: boolean): number {
  const [x, y] = [key(a), key(b)];
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  const sign = down ? -1 : 1;
  if (typeof x === "number" && typeof y === "number") return sign * (x - y);
  return sign * String(x).localeCompare(String(y), undefined, { numeric: true });
}

export function TableView({ view }: { view: Table }) {
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(view.rows.length <= SHORT + 5);
  const scales = useMemo(() => view.columns.map((column, i) => (column.bar ? largest(view.rows, i) : 0)), [view]);

  const rows = useMemo(() => {
    const wanted = search.trim().toLocaleLowerCase();
    let places = view.rows.map((_, i) => i);
    if (wanted)
      places = places.filter((i) => view.rows[i]!.some((c) => typeof c === "string" && c.toLocaleLowerCase().includes(wanted)));
    if (sort) places.sort((a, b) => order(view.rows[a]![sort.column]!, view.rows[b]![sort.column]!, sort.down));
    return places;
  }, [view, sort, search]);

  const press = (column: number) => {
    const down = isNumeric(view.columns[column]!);
    if (sort?.column !== column) setSort({ column, down });
    else setSort(sort.down === down ? { column, down: !down } : null);
  };
  const few = view.columns.length <= 4 && view.columns.some(isNumeric);
  const many = view.columns.length > 8;
  const shown = all ? rows : rows.slice(0, SHORT);
  const tools = view.rows.length > SHORT + 5 && (
    <input
      type="search"
      placeholder="Find a row"
      aria-label="Find a row"
      value={search}
      onInput={(event) => setSearch(event.currentTarget.value)}
    />
  );
  return (
    <Figure kind="table" title={view.title} caption={view.caption} id={view.id} tools={tools}>
      <div class="scroll" tabIndex={0}>
        <table class={few ? "few" : many ? "many" : undefined}>
          <thead>
            <tr>
              {view.columns.map((column, i) => (
                <th
                  scope="col"
                  class={isNumeric(column) ? "n" : undefined}
                  aria-sort={sort?.column === i ? (sort.down ? "descending" : "ascending") : "none"}
                >
                  <button type="button" title={column.hint || undefined} onClick={() => press(i)}>
                    {column.label && <Text text={column.label} max={40} />}
                    <Arrow state={sort?.column === i ? (sort.down ? "down" : "up") : "none"} />
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={row} view={view} row={row} scales={scales} />
            ))}
          </tbody>
        </table>
      </div>
      {!rows.length && <p class="empty">{view.rows.length ? "No row matches." : "No rows."}</p>}
      {rows.length > shown.length && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          Show all {count(rows.length)} rows
        </button>
      )}
    </Figure>
  );
}

function Arrow({ state }: { state: "up" | "down" | "none" }) {
  return (
    <svg class={`arrow ${state}`} viewBox="0 0 8 12" aria-hidden="true">
      <path class="up" d="M4 1l3 4H1z" />
      <path class="down" d="M4 11L1 7h6z" />
    </svg>
  );
}

function largest(rows: Cell[][], column: number): number {
  let most = 0;
  for (const row of rows) {
    const value = key(row[column] ?? null);
    if (typeof value === "number") most = Math.max(most, Math.abs(value));
  }
  return most;
}

function Row({ view, row, scales }: { view: Table; row: number; scales: number[] }) {
  const link = view.links[row];
  return (
    <tr>
      {view.columns.map((column, i) => {
        const value = view.rows[row]![i] ?? null;
        const content = <Content value={value} column={column} wide={view.columns.length <= 2} />;
        const number = key(value);
        const bar = column.bar && typeof number === "number" ? Math.abs(number) / (barTop(column, scales[i]!) || 1) : null;
        return (
          <td class={isNumeric(column) ? "n" : column.kind}>
            {link && i === 0 ? (
              <button type="button" class="link" onClick={() => follow(link.gallery, link.filter)}>
                {content}
              </button>
            ) : (
              content
            )}
            {bar !== null && (
              <span class="bar" aria-hidden="true">
                <i style={{ width: `${Math.min(100, 100 * bar)}%` }} />
              </span>
            )}
          </td>
        );
      })}
    </tr>
  );
}

/** Ratios fill the cell at 1, other numbers at the largest of their column. */
const barTop = (column: Column, most: number) =>
  (column.kind === "ratio" || column.kind === "percent") && most <= 1 ? 1 : most;

/** `wide`: the table has room for long texts. */
function Content({ value, column, wide }: { value: Cell; column: Column; wide: boolean }) {
  if (isPicture(value))
    return (
      <span class="thumb">
        <Img image={value.picture} alt="" />
      </span>
    );
  if (value === "") return null;
  if (column.kind === "colour" && /^#[0-9a-f]{6}$/i.test(String(value)))
    return <span class="dab" style={{ background: String(value) }} title={String(value)} />;
  if (typeof value === "string") return <Text text={value} max={isNumeric(column) ? 24 : wide ? 1200 : 240} />;
  const span: Span = isSpan(value) ? value : { value, low: null, high: null, better: "" };
  const kind = column.kind === "text" ? "number" : column.kind;
  const interval = span.low !== null && span.high !== null;
  const text = format(span.value, kind, interval);
  const better = span.better || column.better;
  const tone = better && column.kind === "delta" ? deltaTone(span, better) : "";
  return (
    <>
      <span class={`number ${tone}`}>{text}</span>
      {interval && (
        <span class="interval">
          {between(format(span.low, kind, true), format(span.high, kind, true))}
        </span>
      )}
    </>
  );
}

/** A delta is coloured only where it has an interval that leaves zero out. */
function deltaTone({ low, high }: Span, better: Better): string {
  if (low === null || high === null || (low <= 0 && high >= 0)) return "";
  return low > 0 === (better === "higher") ? "good" : "bad";
}
