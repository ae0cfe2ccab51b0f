// The small parts that all views share.

import { Component, type ComponentChildren, type RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ImageNumber, Tone } from "./types";
import { arrived, imageSize, imageUrl } from "./images";
import { useStore } from "./store";

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const TOWER = /(\p{M}{4})\p{M}+/gu; // no script needs more marks on one character, and some fonts set them side by side

/** Text cut in its middle, between whole characters, to at most about `max` of them. */
export function middle(whole: string, max: number): string {
  const text = whole.replace(TOWER, "$1");
  if (text.length <= max) return text;
  const head = [...segments.segment(text.slice(0, max * 4))].map((part) => part.segment);
  const tail = [...segments.segment(text.slice(-max * 4))].map((part) => part.segment);
  if (head.length <= max && text.length <= max * 4) return text;
  const half = Math.floor((max - 1) / 2);
  return `${head.slice(0, half).join("").slice(0, max * 4)}…${tail.slice(-half).join("").slice(-max * 4)}`;
}

/** Any text from outside: its direction stays its own, its length is bounded, the whole stands in the tooltip. */
export function Text({ text, max = 80 }: { text: string; max?: number }) {
  if (!text) return <span class="muted">(empty)</span>;
  const shown = middle(text, max);
  return (
    <bdi class="t" title={shown === text ? undefined : text}>
      {shown}
    </bdi>
  );
}

/** Sentences: kept whole up to a length that no sentence has. */
export const Prose = ({ text }: { text: string }) => <Text text={text} max={1200} />;

/** `enlarge`: as large as its place, but no more than so many times its own size, where it would blur. */
export function Img({ image, alt, enlarge }: { image: ImageNumber; alt: string; enlarge?: number }) {
  const ready = useStore(arrived);
  if (image === null) return <span class="hole">no image</span>;
  if (image === -1) return <span class="hole">left out</span>;
  if (image < 0) return <span class="hole bad">unreadable</span>;
  const url = imageUrl(image);
  if (!url) return <span class="hole" data-ready={ready} />;
  const [width, height] = imageSize(image);
  const tiny = Math.max(width, height) <= 64;
  return (
    <img
      class={tiny ? "tiny" : undefined}
      src={url}
      width={width}
      height={height}
      alt={middle(alt, 120)}
      draggable={false}
      style={enlarge && !tiny ? { maxWidth: `${enlarge * width}px`, maxHeight: `${enlarge * height}px` } : {}}
    />
  );
}

/** The element's width and height, kept up to date. */
export function useSize(ref: RefObject<HTMLElement | null>): [number, number] {
  const [size, setSize] = useState<[number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => {
      const [width, height] = [Math.floor(element.clientWidth), Math.floor(element.clientHeight)];
      setSize((old) => (old[0] === width && old[1] === height ? old : [width, height]));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}

export const useWidth = (ref: RefObject<HTMLElement | null>): number => useSize(ref)[0];

/** The DOM id of a view's or section's id; the prefix keeps them apart from the page's own. */
export const domId = (id: string) => (id ? `at-${id}` : undefined);

export function Figure(props: {
  kind: string;
  title: string;
  caption?: string;
  id?: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <figure class={`view ${props.kind}`} data-view={props.kind} id={domId(props.id ?? "")}>
      {(props.title || props.tools) && (
        <div class="head">
          {props.title && (
            <h3>
              <Text text={props.title} max={160} />
            </h3>
          )}
          {props.tools}
        </div>
      )}
      {props.children}
      {props.caption && (
        <figcaption>
          <Prose text={props.caption} />
        </figcaption>
      )}
    </figure>
  );
}

export function Segmented<T extends string>(props: {
  label: string;
  options: [T, string][];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <div class="segmented" role="radiogroup" aria-label={props.label}>
      {props.options.map(([value, text]) => (
        <button type="button" role="radio" aria-checked={value === props.value} onClick={() => props.onChange(value)}>
          <Text text={text} max={24} />
        </button>
      ))}
    </div>
  );
}

const TONES: Record<Tone, [string, string]> = {
  good: ["M4 10.5l4 4 8-9", "good"],
  bad: ["M5 5l10 10M15 5L5 15", "bad"],
  caution: ["M10 4v8M10 15v1.5", "caution"],
  neutral: ["M5 10h10", ""],
};

export function ToneMark({ tone }: { tone: Tone }) {
  const [path, label] = TONES[tone];
  return (
    <svg class={`tone ${tone}`} viewBox="0 0 20 20" role="img" aria-label={label} aria-hidden={!label}>
      <path d={path} />
    </svg>
  );
}

/** A Landolt ring, its gap to the right, turned by eighths. */
export function Ring({ turn = 0 }: { turn?: number }) {
  return (
    <svg class="ring" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M17.3 8A8 8 0 1 0 17.3 12L13 12A4 4 0 1 1 13 8Z" transform={`rotate(${45 * turn} 10 10)`} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="4" />
      <path d="M5 5h10v2H7v2h8v2H7v2h8v2H5z" />
    </svg>
  );
}

/** A view that fails does not take the page with it. */
export class Guard extends Component<{ children: ComponentChildren }, { failed: string }> {
  override state = { failed: "" };
  override componentDidCatch(error: unknown) {
    console.error(error);
    this.setState({ failed: String(error) });
  }
  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="view note bad" data-view="failed">
        <p>This part could not be drawn: {middle(this.state.failed, 300)}</p>
      </div>
    );
  }
}

export function useKey(key: string, act: () => void, active = true) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!active) return;
    const listen = (event: KeyboardEvent) => event.key === key && !event.defaultPrevented && latest.current();
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [key, active]);
}
