// What opens over the page: a gallery or frames in the drawer, one image large in the lightbox.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { albums, facetValue, shownImage } from "./album";
import { count } from "./format";
import { go, place, replace, useStore } from "./store";
import type { Album, Filter } from "./types";
import { Img, middle, Text, ToneMark, useKey } from "./ui";
import { BoxList, FramesBody, type Look, Stage } from "./views/frames";
import { GalleryBody } from "./views/gallery";
import { LabelMapsBody, MapList, MapStage } from "./views/maps";

/** A gallery or frames beside the page, so that one can go on clicking through a matrix or a table. */
export function Drawer() {
  const where = useStore(place);
  const view = where.open ? albums.get(where.id) : undefined;
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
  const shown = { filter: where.filter, onFilter: (filter: Filter) => replace({ id: view.id, open: true, filter }), scroller: box };
  return (
    <div class={view.type === "gallery" ? "drawer" : "drawer wide"} ref={box} role="dialog" aria-label={middle(view.title, 80) || "Images"} data-view="drawer">
      <header>
        <h2 tabIndex={-1}>
          <Text text={view.title || "Images"} max={80} />
        </h2>
        <button type="button" class="close" aria-label="Close" title="Close (Esc)" onClick={close}>
          <Cross />
        </button>
      </header>
      {view.type === "gallery" && <GalleryBody view={view} {...shown} />}
      {view.type === "frames" && <FramesBody view={view} {...shown} />}
      {view.type === "maps" && <LabelMapsBody view={view} {...shown} />}
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
  const [look, onLook] = useState<Look>({ i: -1, part: null, lit: null });
  useEffect(() => {
    const element = dialog.current;
    if (shown && element && !element.open) {
      element.showModal();
      element.focus(); // not the first thing in it that can be, which is marked then and scrolled to
      element.scrollTo(0, 0);
    }
    if (!shown) onLook({ i: -1, part: null, lit: null });
  }, [shown]);
  if (!shown) return null;
  const { view, list, at } = shown;
  const i = list[at]!;
  const stepTo = (next: number) => next >= 0 && next < list.length && shownImage.set({ view, list, at: next });
  const onKeyDown = (event: KeyboardEvent) => {
    const places: Record<string, number> = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: list.length - 1 };
    const next = places[event.key];
    if (event.target instanceof HTMLInputElement) return; // which the keys move
    const scrolled = event.target instanceof Element && event.target.closest(".box-list"); // which the other keys scroll
    if (next === undefined || (scrolled && !["ArrowLeft", "ArrowRight"].includes(event.key))) return;
    event.preventDefault();
    stepTo(next);
  };
  const boxes = view.type === "frames" && { view, i, look: look.i === i ? look : { i, part: null, lit: null }, onLook };
  const maps = view.type === "maps" && { view, i };
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      class={boxes || maps ? "lightbox wide" : "lightbox"}
      data-view="lightbox"
      aria-label={middle(view.items[i]![0], 80)}
      onClose={() => shownImage.set(null)}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      {boxes ? (
        <Stage {...boxes} />
      ) : maps ? (
        <MapStage {...maps} />
      ) : (
        <div class="stage">
          <Img key={i} image={view.items[i]![1]} alt={view.items[i]![0]} enlarge={2.5} />
        </div>
      )}
      <Facts
        view={view}
        i={i}
        head={
          <>
            <p class="muted">
              {count(at + 1)} of {count(list.length)}
            </p>
            <span>
              <button type="button" class="icon" aria-label="Previous" title="Previous (←)" disabled={at === 0} onClick={() => stepTo(at - 1)}>
                <svg viewBox="0 0 20 20"><path d="M12 4l-6 6 6 6" /></svg>
              </button>
              <button type="button" class="icon" aria-label="Next" title="Next (→)" disabled={at === list.length - 1} onClick={() => stepTo(at + 1)}>
                <svg viewBox="0 0 20 20"><path d="M8 4l6 6-6 6" /></svg>
              </button>
              <button type="button" class="icon" aria-label="Close" title="Close (Esc)" onClick={() => dialog.current?.close()}>
                <Cross />
              </button>
            </span>
          </>
        }
      >
        {boxes && <BoxList {...boxes} />}
        {maps && <MapList {...maps} />}
      </Facts>
    </dialog>
  );
}

function Facts({ view, i, head, children }: { view: Album; i: number; head: ComponentChildren; children: ComponentChildren }) {
  const [title, , tone, schema, texts] = view.items[i]!;
  const facts: [string, string][] = view.facets.flatMap((facet, k): [string, string][] => {
    const text = facetValue(view, k, i);
    return text === null ? [] : [[facet.name, text]];
  });
  const told = new Set(facts.map(([label]) => label)); // what a facet says is not said again
  view.labels[schema]?.forEach((label, k) => !told.has(label) && facts.push([label, texts[k] ?? ""]));
  if (view.type !== "gallery") facts.push([view.type === "maps" ? "image size" : "pixels", `${view.scenes[i]![0]} × ${view.scenes[i]![1]}`]);
  return (
    <div class="facts">
      <header>{head}</header>
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
      {children}
    </div>
  );
}
