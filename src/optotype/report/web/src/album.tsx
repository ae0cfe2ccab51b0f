// What galleries and frames share: a grid of images that can be filtered by their facets.

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Album, Filter, Frames, LabelMaps } from "./types";
import { count, plural } from "./format";
import { Filters, matching, useFilter } from "./filtering";
import { Grid } from "./grid";
import { go, Store } from "./store";
import { Figure } from "./ui";

/** The galleries and frames of the page, by id. */
export const albums = new Map<string, Album>();

/** Shows what a link leads to: a gallery or frames in the drawer, anything else in its place in the page. */
export function follow(id: string, filter: Filter) {
  go({ id, open: albums.has(id), filter });
}

/** The image that is shown large, by its place in a list of places. */
export const shownImage = new Store<{ view: Album; list: number[]; at: number } | null>(null);

export function facetValue(view: Album, facet: number, item: number): string | null {
  const { values, codes } = view.facets[facet]!;
  return values[codes[item]!] ?? null;
}

/** The facets whose values tell items apart, among those that can be filtered by. */
export const telling = (view: Album): number[] => view.facets.map((_, k) => k).filter((k) => view.facets[k]!.shown && view.facets[k]!.values.length > 1);

/** The shape that suits most of the images, at least as high as ``least`` of the width. */
export function usualRatio(view: Frames | LabelMaps, least: number): number {
  const ratios = view.scenes.map(([width, height]) => height / width).sort((a, b) => a - b);
  return Math.min(1.2, Math.max(least, ratios[ratios.length >> 1] ?? 0.75));
}

/** Says that pictures were left out, and that their boxes or classes, ``what``, are drawn all the same. */
export function Lacking({ view, what }: { view: Album; what: string }) {
  const left = view.items.filter(([, image]) => image === -1).length;
  if (!left) return null;
  return (
    <p class="muted small">
      The pictures of {count(left)} of {plural(view.items.length, view.unit)} were left out to keep this file small, so that their {what}{" "}
      stand on a blank canvas; --max-mb raises the limit.
    </p>
  );
}

/** An album in its place in the page, with a filter of its own. */
export function AlbumFigure({ view, children }: { view: Album; children: (shown: Shown) => ComponentChildren }) {
  const [filter, onFilter] = useFilter(view.id);
  return (
    <Figure kind={view.type} title={view.title} caption={view.caption} id={view.id}>
      {children({ filter, onFilter })}
    </Figure>
  );
}

/** How many items of the whole evaluation match; null where that was not counted. */
function wholeCount(view: Album, filter: Filter): number | null {
  const wanted = Object.entries(filter);
  if (!wanted.length) return view.total;
  if (!view.totals.length) return null;
  const tests = wanted.map(([name, text]) => {
    const column = view.order.indexOf(name);
    const facet = view.facets.find((one) => one.name === name);
    return [column, facet ? facet.values.indexOf(text) : -2] as const;
  });
  return view.totals.reduce((sum, [codes, n]) => sum + (tests.every(([column, code]) => codes[column] === code) ? n : 0), 0);
}

function CountLine({ view, filter, n }: { view: Album; filter: Filter; n: number }) {
  const filtered = Object.keys(filter).length > 0;
  const thinned = view.items.length < view.total;
  if (!thinned)
    return (
      <p class="count" role="status">
        {filtered && `${count(n)} of `}
        {plural(view.total, view.unit)}
      </p>
    );
  const whole = wholeCount(view, filter);
  return (
    <p class="count" role="status">
      {whole === null ? plural(n, view.unit) : `${count(n)} of ${plural(whole, view.unit)}`} shown
      {(whole === null || n < whole) && <span class="muted">; --max-mb raises it</span>}
    </p>
  );
}

/** Where and how an album is drawn: in the page some rows first, in the drawer all. */
export interface Shown {
  filter: Filter;
  onFilter: (filter: Filter) => void;
  scroller?: RefObject<HTMLElement | null>;
}

export function AlbumBody(
  props: Shown & {
    view: Album;
    /** Rows of the page before the rest is asked for. */
    rows: number;
    minWidth: number;
    footer: number;
    ratio?: number;
    /** What stands above the images, given those that match. */
    tools?: (list: number[]) => ComponentChildren;
    tile: (list: number[], at: number, width: number) => ComponentChildren;
  },
) {
  const { view, filter, onFilter, scroller, minWidth, footer, ratio = 1, tools, tile } = props;
  const rows = scroller ? 0 : props.rows;
  const list = useMemo(() => matching(view, filter), [view, filter]);
  const [columns, setColumns] = useState(1);
  const [all, setAll] = useState(false);
  useEffect(() => setAll(false), [filter]);
  return (
    <>
      <div class="bar-line">
        <CountLine view={view} filter={filter} n={list.length} />
        <Filters view={view} filter={filter} onFilter={onFilter} />
      </div>
      {tools?.(list)}
      {!list.length && <p class="empty">{view.total ? `No ${view.unit} with this filter is here.` : `No ${view.unit}s.`}</p>}
      <Grid
        count={list.length}
        minWidth={minWidth}
        footer={footer}
        ratio={ratio}
        rows={all ? 0 : rows}
        onColumns={setColumns}
        {...(scroller ? { scroller } : {})}
      >
        {(at, width) => tile(list, at, width)}
      </Grid>
      {rows > 0 && list.length > rows * columns && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${count(list.length)}`}
        </button>
      )}
    </>
  );
}
