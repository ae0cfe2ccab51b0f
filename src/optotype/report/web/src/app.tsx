// The page: side navigation, head, sections, and what opens over them.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Page, Section, View } from "./types";
import { Drawer, Lightbox } from "./over";
import { domId, Guard, Logo, Prose, Ring, Text, ToneMark } from "./ui";
import { formatPlace, go, type Place, place, replace, theme, toggleTheme, useStore } from "./store";
import { CodeView, NoteView, NumbersView, SheetView, VerdictView } from "./views/simple";
import { CasesView } from "./views/cases";
import { ChartView } from "./views/chart";
import { FramesView } from "./views/frames";
import { GalleryView } from "./views/gallery";
import { Glance } from "./views/glance";
import { LabelMapsView } from "./views/maps";
import { MatrixView } from "./views/matrix";
import { ScatterView } from "./views/scatter";
import { TableView } from "./views/table";
import { TimelineView } from "./views/timeline";

function Draw({ view }: { view: View }) {
  switch (view.type) {
    case "verdict":
      return <VerdictView view={view} />;
    case "numbers":
      return <NumbersView view={view} />;
    case "table":
      return <TableView view={view} />;
    case "matrix":
      return <MatrixView view={view} />;
    case "chart":
      return <ChartView view={view} />;
    case "gallery":
      return <GalleryView view={view} />;
    case "frames":
      return <FramesView view={view} />;
    case "maps":
      return <LabelMapsView view={view} />;
    case "sheet":
      return <SheetView view={view} />;
    case "scatter":
      return <ScatterView view={view} />;
    case "cases":
      return <CasesView view={view} />;
    case "timeline":
      return <TimelineView view={view} />;
    case "note":
      return <NoteView view={view} />;
    case "code":
      return <CodeView view={view} />;
  }
}

export function App({ page }: { page: Page }) {
  const current = useSpy(page.sections);
  useJumps();
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the contents
      </a>
      <Side sections={page.sections} current={current} />
      <main id="main" tabIndex={-1}>
        <header class="title">
          <h1>
            <Text text={page.title || "Report"} max={140} />
          </h1>
          {page.subtitle && (
            <p>
              <Text text={page.subtitle} max={300} />
            </p>
          )}
        </header>
        {page.sections.map((section, i) => (
          <SectionView key={section.id} section={section} after={i === 0 ? <Glance page={page} /> : null} />
        ))}
        {!page.sections.length && <p class="empty">This report is empty.</p>}
        <Lost page={page} />
      </main>
      <Drawer />
      <Lightbox />
    </>
  );
}

/** `after` stands beneath the verdict. */
function SectionView({ section, after }: { section: Section; after: ComponentChildren }) {
  return (
    <section id={domId(section.id)}>
      <h2>
        <Text text={section.title} max={120} />
      </h2>
      {section.lead && (
        <p class="lead">
          <Prose text={section.lead} />
        </p>
      )}
      {grouped(section.views).map((views) => {
        const drawn: ComponentChildren = views.map((view) => (
          <Guard>
            <Draw view={"title" in view && view.title === section.title ? { ...view, title: "" } : view} />
            {view.type === "verdict" && after}
          </Guard>
        ));
        return views.length > 1 ? <div class="beside">{drawn}</div> : drawn;
      })}
    </section>
  );
}

/** Charts that follow one another stand side by side. */
function grouped(views: View[]): View[][] {
  const groups: View[][] = [];
  for (const view of views) {
    const last = groups.at(-1);
    if (view.type === "chart" && last?.[0]?.type === "chart") last.push(view);
    else groups.push([view]);
  }
  return groups;
}

/** What the file does not hold, said once at the end. */
function Lost({ page }: { page: Page }) {
  const { unreadable, leftOut } = lost(page);
  const texts: string[] = [];
  if (leftOut) texts.push(`${leftOut.toLocaleString("en-US")} images were left out to keep this file small; --max-mb raises the limit.`);
  if (unreadable) texts.push(`${unreadable.toLocaleString("en-US")} images could not be read and are shown as placeholders.`);
  if (!texts.length) return null;
  return (
    <aside class="view note neutral" data-view="lost">
      <ToneMark tone="neutral" />
      <div>
        {texts.map((text) => (
          <p>{text}</p>
        ))}
      </div>
    </aside>
  );
}

function lost(page: Page): { unreadable: number; leftOut: number } {
  let [unreadable, leftOut] = [0, 0];
  const see = (image: number | null) => {
    if (image === -1) leftOut++;
    if (image === -2) unreadable++;
  };
  for (const view of page.sections.flatMap((section) => section.views)) {
    if (view.type === "sheet") view.tiles.forEach(([image]) => see(image));
    if (view.type === "gallery" || view.type === "frames" || view.type === "maps") {
      view.items.forEach((item) => see(item[1]));
      leftOut += view.total - view.items.length;
    }
    if (view.type === "cases")
      for (const { picture, overlay, neighbours } of view.items) [picture, overlay, ...neighbours.map(([image]) => image)].forEach(see);
    // what a scatter lacks to save space is said beneath it
    if (view.type === "scatter") for (const cloud of view.clouds) cloud.picture.forEach((image) => image !== -1 && see(image));
    if (view.type === "table")
      for (const row of view.rows) for (const cell of row) if (typeof cell === "object" && cell && "picture" in cell) see(cell.picture);
  }
  return { unreadable, leftOut };
}

function Side({ sections, current }: { sections: Section[]; current: string }) {
  const list = useRef<HTMLOListElement>(null);
  const shade = useStore(theme);
  useEffect(() => {
    const item = list.current?.querySelector<HTMLElement>("[aria-current]");
    const box = list.current;
    if (item && box && box.scrollWidth > box.clientWidth) box.scrollTo({ left: item.offsetLeft - box.clientWidth / 2 + item.clientWidth / 2 });
  }, [current]);
  return (
    <nav class="side" aria-label="Sections">
      <p class="brand">
        <Logo />
        <span>Optotype</span>
      </p>
      <ol ref={list}>
        {sections.map((section, i) => (
          <li>
            <a
              href={formatPlace({ id: section.id, open: false, filter: {} })}
              aria-current={section.id === current ? "true" : undefined}
              onClick={(event) => {
                event.preventDefault();
                go({ id: section.id, open: false, filter: {} });
              }}
            >
              <Ring turn={(2 * i) % 8} />
              <Text text={section.title} max={40} />
            </a>
          </li>
        ))}
      </ol>
      <button type="button" class="theme" onClick={toggleTheme} aria-label={`Switch to ${shade === "dark" ? "light" : "dark"}`} title={`Switch to ${shade === "dark" ? "light" : "dark"}`}>
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <circle cx="10" cy="10" r="7" class="rim" />
          <path d="M10 3a7 7 0 0 1 0 14z" />
        </svg>
        <span>{shade === "dark" ? "Light" : "Dark"}</span>
      </button>
    </nav>
  );
}

/** The section that the reader is in; the address follows. */
function useSpy(sections: Section[]): string {
  const [current, setCurrent] = useState(sections[0]?.id ?? "");
  useEffect(() => {
    let timer = 0;
    const look = () => setCurrent(sectionHere(sections));
    const onScroll = () => {
      look();
      clearTimeout(timer);
      timer = window.setTimeout(() => follow(sectionHere(sections)), 300);
    };
    look();
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", look);
    return () => {
      clearTimeout(timer);
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", look);
    };
  }, [sections]);
  return current;
}

function sectionHere(sections: Section[]): string {
  const page = document.documentElement;
  if (scrollY > 0 && innerHeight + scrollY >= page.scrollHeight - 2) return sections.at(-1)?.id ?? "";
  const edge = Math.min(160, innerHeight / 3);
  const passed = sections.filter(({ id }) => {
    const element = document.getElementById(domId(id) ?? "");
    return element && element.getBoundingClientRect().top <= edge;
  });
  return (passed.at(-1) ?? sections[0])?.id ?? "";
}

/** A filter or an open drawer stays in the address until another link is followed. */
function follow(id: string) {
  const here = place.get();
  if (id === here.id || here.open || location.hash.includes("?")) return;
  replace({ id, open: false, filter: {} }, false);
}

/** Goes where the address says: on opening, and whenever it changes by a link or the Back button. */
function useJumps() {
  useEffect(() => {
    const jump = (to: Place) => {
      if (to.id && !to.open) document.getElementById(domId(to.id)!)?.scrollIntoView();
    };
    jump(place.get());
    return place.subscribe(() => jump(place.get()));
  }, []);
}
