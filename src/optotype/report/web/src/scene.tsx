// One image with its boxes, drawn from data: the boxes of a role are one path, so that many are as quick as few.

import { useMemo } from "preact/hooks";
import type { ImageNumber, Rect } from "./types";
import { type Box, boxFacts, byUrgency, labelText, type Role, same, URGENCY } from "./boxes";
import { arrived, imageSize, imageUrl } from "./images";
import { textWidth } from "./scale";
import { middle, Text } from "./ui";
import { useStore } from "./store";

const LABEL = 15; // pixels that a label is high
const ROOM = 10_000; // square pixels of the picture for each label
const CROWDED = 1600; // a picture with less room for each box has no labels
const SMALL = 440; // pixels; narrower pictures have thinner lines

interface SceneProps {
  image: ImageNumber;
  /** Of the image, in its own pixels; the boxes are in these. */
  size: [number, number];
  boxes: Box[];
  /** The part of the image that is shown. */
  part: Rect;
  /** The room there is for it, in pixels of the page. */
  room: [number, number];
  /** A part to be marked by its corners. */
  mark?: Rect | null;
  lit: Box | null;
  onLit: (box: Box | null) => void;
  /** Its name, where it is not hidden from those who hear the page. */
  says?: string;
}

export function Scene({ image, size, boxes, part, room, mark, lit, onLit, says }: SceneProps) {
  const scale = Math.min(room[0] / part[2], room[1] / part[3]);
  const [wide, high] = [part[2] * scale, part[3] * scale];
  const place = useMemo(() => placing(part, scale), [...part, scale]);
  const seen = useMemo(() => boxes.map((box) => [box, place(box.at)] as const).filter(([, at]) => meets(at, wide, high)), [boxes, place, wide, high]);
  const labels = useMemo(() => labelled(seen, wide, high), [seen, wide, high]);
  const light = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const edge = event.currentTarget.getBoundingClientRect();
    onLit(under(seen, event.clientX - edge.left, event.clientY - edge.top));
  };
  return (
    <span
      class={`scene${lit ? " lit" : ""}${room[0] < SMALL ? " thin" : ""}`}
      style={{ width: `${wide}px`, height: `${high}px` }}
      onPointerMove={light}
      onPointerLeave={() => onLit(null)}
    >
      <svg width={px(wide)} height={px(high)} role="img" aria-label={says && middle(says, 300)}>
        <Backdrop image={image} at={place([0, 0, ...size])} />
        {[...URGENCY].reverse().map((role) => (
          <Boxes role={role} boxes={seen.filter(([box]) => box.role === role).map(([, at]) => at)} />
        ))}
        {mark && <path class="corners" d={corners(place(mark))} />}
        {lit && <path class={`box-hot x-${lit.role}`} d={outline(place(lit.at))} />}
      </svg>
      <Blank image={image} size={size} />
      {labels.map(({ box, text, left, top, width }) => (
        <span class={`box-label x-${box.role}${lit && same(lit, box) ? " own" : ""}`} aria-hidden="true" style={{ left: `${px(left)}px`, top: `${px(top)}px`, maxWidth: `${px(width)}px` }}>
          <bdi class="t">{text}</bdi>
        </span>
      ))}
      {lit && <Told box={lit} below={middleOf(place(lit.at)) < high / 2} />}
    </span>
  );
}

const px = (value: number) => Math.round(value * 10) / 10;

const placing = (part: Rect, scale: number) => (at: Rect): Rect => [
  (at[0] - part[0]) * scale,
  (at[1] - part[1]) * scale,
  at[2] * scale,
  at[3] * scale,
];

const meets = ([x, y, w, h]: Rect, wide: number, high: number) => x < wide && y < high && x + w > 0 && y + h > 0;

const middleOf = ([, y, , h]: Rect) => y + h / 2;

/** The smallest box at a place; a few pixels beside it count as well. */
function under(seen: (readonly [Box, Rect])[], x: number, y: number): Box | null {
  const hit = seen.filter(([, [left, top, w, h]]) => x > left - 3 && x < left + w + 3 && y > top - 3 && y < top + h + 3);
  return hit.at(-1)?.[0] ?? null;
}

const outline = ([x, y, w, h]: Rect) => `M${px(x)} ${px(y)}h${px(Math.max(1.5, w))}v${px(Math.max(1.5, h))}h${px(-Math.max(1.5, w))}z`;

/** A small triangle in the upper right corner, so that colour is not all that tells wrong from right. */
const notch = ([x, y, w, h]: Rect) => (Math.min(w, h) < 13 ? "" : `M${px(x + w)} ${px(y)}v8l-8 -8z`);

function corners([x, y, w, h]: Rect): string {
  const arm = px(Math.min(14, w / 3, h / 3));
  return [
    `M${px(x)} ${px(y + arm)}v${-arm}h${arm}`,
    `M${px(x + w - arm)} ${px(y)}h${arm}v${arm}`,
    `M${px(x + w)} ${px(y + h - arm)}v${arm}h${-arm}`,
    `M${px(x + arm)} ${px(y + h)}h${-arm}v${-arm}`,
  ].join("");
}

function Boxes({ role, boxes }: { role: Role; boxes: Rect[] }) {
  if (!boxes.length) return null;
  const path = boxes.map(outline).join("");
  return (
    <g class={`boxes x-${role}`} data-boxes={boxes.length}>
      <path class="case" d={path} />
      <path class="edge" d={path} />
      {role === "wrong" && <path class="notch" d={boxes.map(notch).join("")} />}
    </g>
  );
}

function Backdrop({ image, at: [x, y, w, h] }: { image: ImageNumber; at: Rect }) {
  useStore(arrived);
  const url = image === null || image < 0 ? null : imageUrl(image);
  if (!url) return null;
  const tiny = Math.max(...imageSize(image!)) <= 64;
  return <image class={tiny ? "tiny" : undefined} href={url} x={px(x)} y={px(y)} width={px(w)} height={px(h)} preserveAspectRatio="none" />;
}

/** In place of a picture, the size of the image. */
function Blank({ image, size: [width, height] }: { image: ImageNumber; size: [number, number] }) {
  if (image !== null && image >= 0) return null;
  const why = image === null ? "" : image === -1 ? "left out" : "unreadable";
  return (
    <span class="blank">
      {width} × {height}
      {why && <i>{why}</i>}
    </span>
  );
}

interface Label {
  box: Box;
  text: string;
  left: number;
  top: number;
  width: number;
}

/** Labels for as many boxes as there is room for, above each, inside it or below, at its left or right, none upon another. */
function labelled(seen: (readonly [Box, Rect])[], wide: number, high: number): Label[] {
  const most = Math.floor((wide * high) / ROOM);
  const found: Label[] = [];
  if (seen.length * CROWDED > wide * high) return found;
  for (const [box, at] of [...seen].sort(([a], [b]) => byUrgency(a, b))) {
    if (found.length >= most) break;
    const text = middle(labelText(box), 30);
    const width = Math.min(textWidth(text, 11) + 9, wide);
    if (!text || Math.max(at[2], at[3]) < 10) continue;
    const [upper, lower] = [Math.max(0, at[1]), Math.min(high, at[1] + at[3])];
    const lefts = [at[0], at[0] + at[2] - width].map((x) => Math.max(0, Math.min(wide - width, x)));
    const tops = [upper - LABEL, upper, lower - LABEL, lower].filter((y) => y >= 0 && y + LABEL <= high);
    const label = tops
      .flatMap((top) => lefts.map((left): Label => ({ box, text, left, top, width })))
      .find(({ left, top }) => !found.some((one) => top < one.top + LABEL && top + LABEL > one.top && left < one.left + one.width && left + width > one.left));
    if (label) found.push(label);
  }
  return found;
}

/** What is known about the box under the pointer; the list of boxes says it too. */
function Told({ box, below }: { box: Box; below: boolean }) {
  return (
    <span class={below ? "box-tip below" : "box-tip"} aria-hidden="true">
      <b>
        <BoxMark role={box.role} />
        <Text text={box.name} max={40} />
      </b>
      <span>
        <Texts texts={boxFacts(box)} />
      </span>
    </span>
  );
}

/** Short texts in a line; each keeps its direction. */
export const Texts = ({ texts }: { texts: string[] }) => (
  <>
    {texts.map((text, k) => (
      <>
        {k > 0 && " · "}
        <Text text={text} max={60} />
      </>
    ))}
  </>
);

/** A box as the key shows it. */
export function BoxMark({ role }: { role: Role }) {
  const at: Rect = [3, 3, 18, 12];
  return (
    <svg class="box-mark thin" viewBox="0 0 24 18" aria-hidden="true">
      <g class={`boxes x-${role}`}>
        <path class="edge" d={outline(at)} />
        {role === "wrong" && <path class="notch" d="M21 3v8l-8 -8z" />}
      </g>
    </svg>
  );
}
