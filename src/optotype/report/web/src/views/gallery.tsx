// Images that can be filtered by their facets, in the page and in the drawer; one of them large in the lightbox.

import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Filter, Gallery, Item } from "../types";
import { count } from "../format";
import { Filters, matching, useFilter } from "../filtering";
import { Grid } from "../grid";
import { Figure, Img, middle, Text, ToneMark, useKey } from "../ui";
import { go, place, replace, Store, useStore } from "../store";

/** The galleries of the page, by id. */
export const galleries = new Map<string, Gallery>();

/** Shows what a link leads to: a gallery in the drawer, anything else in its place in the page. */
export function follow(id: string, filter: Filter) {
  go({ id, open: galleries.has(id), filter });
}

const shownImage = new Store<{ view: Gallery; list: number[]; at: number } | null>(null);

function value(view: Gallery, facet: number, item: number): string | null {
  const { values, codes } = view.facets[facet]!;
  return values[codes[item]!] ?? null;
}

/** How many items of the whole evaluation match; null where that was not counted. */
function wholeCount(view: Gallery, filter: Filter): number | null {
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

function CountLine({ view, filter, n }: { view: Gallery; filter: Filter; n: number }) {
  const filtered = Object.keys(filter).length > 0;
  const thinned = view.items.length < view.total;
  if (!thinned)
    return (
      <p class="count" role="status">
        {filtered ? `${count(n)} of ${count(view.total)}` : count(n)} {view.total === 1 ? "image" : "images"}
      </p>
    );
  const whole = wholeCount(view, filter);
  return (
    <p class="count" role="status">
      {whole === null ? count(n) : `${count(n)} of ${count(whole)}`} images shown
      {(whole === null || n < whole) && <span class="muted">; --max-mb raises it</span>}
    </p>
  );
}

/** The facets whose values name an item: truth and prediction where there are such, else those that tell items apart. */
function naming(view: Gallery): { facets: number[]; arrow: boolean } {
  const find = (...names: string[]) => view.facets.findIndex((facet) => facet.shown && names.includes(facet.name));
  const [truth, guess] = [find("truth"), find("prediction", "predicted")];
  if (truth >= 0 && guess >= 0) return { facets: [truth, guess], arrow: true };
  const telling = view.facets.map((_, k) => k).filter((k) => k !== truth && view.facets[k]!.shown && view.facets[k]!.values.length > 1);
  return { facets: (truth >= 0 ? [truth, ...telling] : telling).slice(0, 2), arrow: false };
}

/** The two lines under an image; its title stands in for what says nothing. */
function lines(view: Gallery, i: number, { facets, arrow }: ReturnType<typeof naming>): [string, string, boolean] {
  const title = view.items[i]![0];
  const [first, second] = facets.map((k) => value(view, k, i)).filter((text) => text !== null);
  if (first === undefined) return [title, "", false];
  if (second === undefined || second === first) return [first, title, false];
  return [first, second, arrow];
}

function Tile({ view, list, at, named }: { view: Gallery; list: number[]; at: number; named: ReturnType<typeof naming> }) {
  const i = list[at]!;
  const [title, image, tone] = view.items[i]!;
  const [first, second, arrow] = lines(view, i, named);
  return (
    <button type="button" class={`tile ${tone}`} data-index={at} title={middle(title, 300)} onClick={() => shownImage.set({ view, list, at })}>
      <span class="frame">
        <Img image={image} alt={title} />
      </span>
      <span class="line-1">
        <Text text={first} max={36} />
      </span>
      <span class={arrow ? "line-2" : "line-2 muted"}>
        {arrow && "→ "}
        {(second || arrow) && <Text text={second} max={36} />}
      </span>
    </button>
  );
}

function Body(props: {
  view: Gallery;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  rows: number;
  scroller?: RefObject<HTMLElement | null>;
}) {
  const { view, filter, onFilter, rows, scroller } = props;
  const list = useMemo(() => matching(view, filter), [view, filter]);
  const named = useMemo(() => naming(view), [view]);
  const [columns, setColumns] = useState(1);
  const [all, setAll] = useState(false);
  useEffect(() => setAll(false), [filter]);
  const folded = rows > 0 && list.length > rows * columns;
  return (
    <>
      <div class="bar-line">
        <CountLine view={view} filter={filter} n={list.length} />
        <Filters view={view} filter={filter} onFilter={onFilter} />
      </div>
      {!list.length && <p class="empty">{view.total ? "No image with this filter is here." : "No images."}</p>}
      <Grid count={list.length} minWidth={132} footer={46} rows={all ? 0 : rows} onColumns={setColumns} {...(scroller ? { scroller } : {})}>
        {(at) => <Tile view={view} list={list} at={at} named={named} />}
      </Grid>
      {folded && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${count(list.length)}`}
        </button>
      )}
    </>
  );
}

export function GalleryView({ view }: { view: Gallery }) {
  const [filter, onFilter] = useFilter(view.id);
  return (
    <Figure kind="gallery" title={view.title} caption={view.caption} id={view.id}>
      <Body view={view} filter={filter} onFilter={onFilter} rows={3} />
    </Figure>
  );
}

/** A gallery beside the page, so that one can go on clicking through a matrix or a table. */
export function Drawer() {
  const where = useStore(place);
  const view = where.open ? galleries.get(where.id) : undefined;
  const box = useRef<HTMLDivElement>(null);
  const before = useRef<Element | null>(null);
  const lightbox = useStore(shownImage);
  const close = () => {
    replace({ id: where.id, open: false, filter: {} }, false);
    place.set({ id: "", open: false, filter: {} });
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (!view) return;
    if (!box.current?.contains(document.activeElement)) before.current = document.activeElement;
    box.current?.querySelector("h2")?.focus({ preventScroll: true });
    box.current?.scrollTo(0, 0);
  }, [view, where]);
  useKey("Escape", close, Boolean(view) && !lightbox);
  if (!view) return null;
  return (
    <div class="drawer" ref={box} role="dialog" aria-label={middle(view.title, 80) || "Images"} data-view="drawer">
      <header>
        <h2 tabIndex={-1}>
          <Text text={view.title || "Images"} max={80} />
        </h2>
        <button type="button" class="close" aria-label="Close" title="Close (Esc)" onClick={close}>
          <Cross />
        </button>
      </header>
      <Body view={view} filter={where.filter} onFilter={(filter) => replace({ id: view.id, open: true, filter })} rows={0} scroller={box} />
      <p class="foot">
        <button type="button" class="quiet" onClick={() => go({ id: view.id, open: false, filter: where.filter })}>
          Show in the page
        </button>
      </p>
    </div>
  );
}

const Cross = () => (
  <svg viewBox="0 0 20 20" aria-hidden="true">
    <path d="M5 5l10 10M15 5L5 15" />
  </svg>
);

export function Lightbox() {
  const shown = useStore(shownImage);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (shown && element && !element.open) element.showModal();
  }, [shown]);
  if (!shown) return null;
  const { view, list, at } = shown;
  const i = list[at]!;
  const [title, image, tone, schema, texts]: Item = view.items[i]!;
  const facts: [string, string][] = view.facets.flatMap((facet, k): [string, string][] => {
    const text = value(view, k, i);
    return text === null ? [] : [[facet.name, text]];
  });
  view.labels[schema]?.forEach((label, k) => facts.push([label, texts[k] ?? ""]));
  const stepBy = (by: number) => {
    const next = at + by;
    if (next >= 0 && next < list.length) shownImage.set({ view, list, at: next });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -at, End: list.length - 1 - at };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    stepBy(by);
  };
  return (
    <dialog
      ref={dialog}
      class="lightbox"
      data-view="lightbox"
      aria-label={middle(title, 80)}
      onClose={() => shownImage.set(null)}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="stage">
        <Img key={i} image={image} alt={title} enlarge={2.5} />
      </div>
      <div class="facts">
        <header>
          <p class="muted">
            {count(at + 1)} of {count(list.length)}
          </p>
          <span>
            <button type="button" class="icon" aria-label="Previous" title="Previous (←)" disabled={at === 0} onClick={() => stepBy(-1)}>
              <svg viewBox="0 0 20 20"><path d="M12 4l-6 6 6 6" /></svg>
            </button>
            <button type="button" class="icon" aria-label="Next" title="Next (→)" disabled={at === list.length - 1} onClick={() => stepBy(1)}>
              <svg viewBox="0 0 20 20"><path d="M8 4l6 6-6 6" /></svg>
            </button>
            <button type="button" class="icon" aria-label="Close" title="Close (Esc)" onClick={() => dialog.current?.close()}>
              <Cross />
            </button>
          </span>
        </header>
        <h2>
          {tone !== "neutral" && <ToneMark tone={tone} />}
          <Text text={title} max={200} />
        </h2>
        <dl>
          {facts.map(([label, text]) => (
            <>
              <dt>
                <Text text={label} max={40} />
              </dt>
              <dd>
                <Text text={text} max={400} />
              </dd>
            </>
          ))}
        </dl>
      </div>
    </dialog>
  );
}

