// A grid of equal cells that holds only those rows which can be seen.

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useWidth } from "./ui";

const GAP = 12;
const AHEAD = 400; // pixels drawn beyond what can be seen

export interface GridProps {
  count: number;
  minWidth: number;
  /** What a cell needs besides its picture. */
  footer: number;
  /** Height of a picture as a part of its width. */
  ratio: number;
  /** Rows shown at most; 0: all. */
  rows: number;
  /** The element that scrolls; without one the window does. */
  scroller?: RefObject<HTMLElement | null>;
  onColumns?: (columns: number) => void;
  /** Draws an item whose picture has this width. */
  children: (index: number, width: number) => ComponentChildren;
}

export function Grid({ count, minWidth, footer, ratio, rows, scroller, onColumns, children }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const columns = Math.max(1, Math.floor((width + GAP) / (minWidth + GAP)));
  const cell = (width - GAP * (columns - 1)) / columns;
  const height = cell * ratio + footer;
  const needed = Math.ceil(count / columns);
  const lines = rows ? Math.min(rows, needed) : needed;
  const [range, setRange] = useState<[number, number]>([0, 0]);

  const measure = () => {
    const element = box.current;
    if (!element || !width) return;
    if (rows) return setRange([0, lines]); // few enough to draw them all, for paper too
    const frame = scroller?.current?.getBoundingClientRect();
    const [top, bottom] = frame ? [frame.top, frame.bottom] : [0, innerHeight];
    const start = element.getBoundingClientRect().top;
    const line = height + GAP;
    const first = Math.max(0, Math.floor((top - AHEAD - start) / line));
    const last = Math.min(lines, Math.ceil((bottom + AHEAD - start) / line));
    setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
  };
  useLayoutEffect(measure, [count, width, lines]);
  useEffect(() => onColumns?.(columns), [columns]);
  useEffect(() => {
    const target: HTMLElement | Window = scroller?.current ?? window;
    let asked = 0;
    const listen = () => {
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        measure();
      });
    };
    target.addEventListener("scroll", listen, { passive: true });
    addEventListener("resize", listen);
    return () => {
      target.removeEventListener("scroll", listen);
      removeEventListener("resize", listen);
      cancelAnimationFrame(asked);
    };
  });

  const shown: number[] = [];
  for (let i = range[0] * columns; i < Math.min(count, range[1] * columns); i++) shown.push(i);
  const onKeyDown = (event: KeyboardEvent) => {
    const from = Number((event.target as HTMLElement).dataset["index"] ?? NaN);
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const to = from + (steps[event.key] ?? NaN);
    const next = box.current?.querySelector<HTMLElement>(`[data-index="${to}"]`);
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  const total = Math.max(0, lines * (height + GAP) - GAP);
  return (
    <div class="grid" ref={box} style={{ height: `${width ? total : 0}px` }} onKeyDown={onKeyDown}>
      {width > 0 &&
        shown.map((i) => (
          <div
            key={i}
            class="cell"
            style={{
              left: `${(i % columns) * (cell + GAP)}px`,
              top: `${Math.floor(i / columns) * (height + GAP)}px`,
              width: `${cell}px`,
              height: `${height}px`,
            }}
          >
            {children(i, cell)}
          </div>
        ))}
    </div>
  );
}
