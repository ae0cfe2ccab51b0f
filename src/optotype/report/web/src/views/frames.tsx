// Images with the boxes of objects and detections over them, which a reader can hide by role and by score.

import { useMemo, useRef, useState } from "preact/hooks";
import { AlbumBody, AlbumFigure, facetValue, Lacking, shownImage, type Shown, telling, usualRatio } from "../album";
import { type Box, boxFacts, BRIEF, byUrgency, cropTo, focusOf, type Role, ROLES, rolesOf, same, scored, type Setting, settingOf, SHORT, shownBoxes, summary, tally, threshold, WORDS } from "../boxes";
import { count, plural } from "../format";
import { BoxMark, Scene, Texts } from "../scene";
import { useStore } from "../store";
import type { Frames, Rect } from "../types";
import { Segmented, Text, useSize } from "../ui";

const whole = (view: Frames, i: number): Rect => [0, 0, view.scenes[i]![0], view.scenes[i]![1]];
const sizeOf = (view: Frames, i: number): [number, number] => [view.scenes[i]![0], view.scenes[i]![1]];

export function FramesView({ view }: { view: Frames }) {
  return <AlbumFigure view={view}>{(shown) => <FramesBody view={view} {...shown} />}</AlbumFigure>;
}

export function FramesBody({ view, ...shown }: Shown & { view: Frames }) {
  const setting = useStore(settingOf(view));
  const named = useMemo(() => telling(view), [view]);
  const ratio = useMemo(() => usualRatio(view, 0.56), [view]);
  return (
    <>
      <AlbumBody
        view={view}
        {...shown}
        rows={2}
        minWidth={230}
        footer={named.length ? 68 : 50}
        ratio={ratio}
        tools={(list) => <Tools view={view} list={list} setting={setting} />}
        tile={(list, at, width) => (
          <Card key={list[at]} view={view} list={list} at={at} room={[width, width * ratio]} setting={setting} named={named} />
        )}
      />
      <Lacking view={view} what="boxes" />
    </>
  );
}

/** Which boxes are shown, of all images at once: by role, which is the key as well, and by score. */
function Tools({ view, list, setting }: { view: Frames; list: number[]; setting: Setting }) {
  const store = settingOf(view);
  const any = useMemo(() => scored(view), [view]);
  const counts = useMemo(() => total(view, list, setting.least), [view, list, setting.least]);
  const used = useMemo(() => rolesOf(view), [view]);
  const parts = useMemo(() => view.scenes.some((scene) => scene[2]), [view]);
  const start = threshold(view);
  const moved = setting.least !== start;
  const toggle = (role: Role) => {
    const hidden = new Set(setting.hidden);
    if (!hidden.delete(role)) hidden.add(role);
    store.set({ ...setting, hidden });
  };
  return (
    <div class="box-tools">
      <ul class="legend">
        <li class="muted">Boxes drawn</li>
        {ROLES.filter((role) => used.has(role)).map((role) => (
          <li>
            <button type="button" aria-pressed={!setting.hidden.has(role)} onClick={() => toggle(role)}>
              <BoxMark role={role} />
              <span class="t">{WORDS[role]}</span>
              <span class="muted">{count(counts[role])}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="box-sets">
        {any && (
          <label class="least">
            Score at least
            <input
              type="range"
              min="0"
              max="1"
              step="0.01"
              value={setting.least}
              onInput={(event) => store.set({ ...setting, least: Number(event.currentTarget.value) })}
            />
            <output>{setting.least.toFixed(setting.least === start ? 3 : 2)}</output>
          </label>
        )}
        {any && (
          <button type="button" class="quiet" disabled={!moved} onClick={() => store.set({ ...setting, least: start })}>
            Reset
          </button>
        )}
        {parts && (
          <Segmented
            label="What of an image is shown"
            options={[
              ["part", "Part"],
              ["whole", "Whole image"],
            ]}
            value={setting.whole ? "whole" : "part"}
            onChange={(value) => store.set({ ...setting, whole: value === "whole" })}
          />
        )}
      </div>
      {moved && (used.has("truth") || used.has("missed")) && <p class="muted small">The slider hides detections; objects stay found or missed as they were counted.</p>}
    </div>
  );
}

function total(view: Frames, list: number[], least: number): Record<Role, number> {
  const sum = { truth: 0, missed: 0, right: 0, wrong: 0, ignored: 0 };
  for (const i of list) {
    const found = tally(view, i, least);
    for (const role of ROLES) sum[role] += found[role];
  }
  return sum;
}

interface CardProps {
  view: Frames;
  list: number[];
  at: number;
  room: [number, number];
  setting: Setting;
  named: number[];
}

function Card({ view, list, at, room, setting, named }: CardProps) {
  const i = list[at]!;
  const [title, image, tone] = view.items[i]!;
  const focus = focusOf(view, i);
  const [turned, setTurned] = useState(false); // this one is shown the other way than the rest
  const [lit, setLit] = useState<Box | null>(null);
  const boxes = useMemo(() => shownBoxes(view, i, setting), [view, i, setting]);
  const counts = useMemo(() => tally(view, i, setting.least), [view, i, setting.least]);
  const part = focus && setting.whole === turned ? cropTo(focus, sizeOf(view, i), room[1] / room[0]) : whole(view, i);
  const words = named.map((k) => facetValue(view, k, i)).filter((text): text is string => text !== null && !title.split(": ").includes(text));
  return (
    <div class="card-box">
      <button type="button" class={`tile ${tone}`} data-index={at} onClick={() => shownImage.set({ view, list, at })}>
        <span class="frame" style={{ height: `${room[1]}px` }} aria-hidden="true">
          <Scene image={image} size={sizeOf(view, i)} boxes={boxes} part={part} room={room} lit={lit} onLit={setLit} />
        </span>
        <span class="line-1">
          <Text text={title} max={48} />
        </span>
        <span class="line-2">{summary(counts, BRIEF)}</span>
        <span class="line-2 muted">
          <Texts texts={words} />
        </span>
      </button>
      {focus && <Turn part={setting.whole === turned} onTurn={() => setTurned(!turned)} />}
    </div>
  );
}

/** Turns from the whole image to the part in focus and back. */
function Turn({ part, onTurn }: { part: boolean; onTurn: () => void }) {
  const press = (event: Event) => {
    event.stopPropagation(); // a click on the stage turns as well
    onTurn();
  };
  return (
    <button type="button" class="turn" aria-label="Only the part in focus" title="Part or whole image" aria-pressed={part} onClick={press}>
      <svg viewBox="0 0 20 20" aria-hidden="true">
        {part ? <path d="M3 8V3h5M12 3h5v5M17 12v5h-5M8 17H3v-5" /> : <path d="M8 3v5H3M17 8h-5V3M12 17v-5h5M3 12h5v5" />}
      </svg>
    </button>
  );
}

/** The part that is shown large: of an image shown in part the whole at first, so that one sees where it lies. */
export interface Look {
  i: number;
  part: Rect | null;
  lit: Box | null;
}

export function Stage({ view, i, look, onLook }: { view: Frames; i: number; look: Look; onLook: (look: Look) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, height] = useSize(box);
  const setting = useStore(settingOf(view));
  const boxes = useMemo(() => shownBoxes(view, i, setting), [view, i, setting]);
  const [title, image] = view.items[i]!;
  const focus = focusOf(view, i);
  const target = look.lit?.at ?? focus;
  const press = () => onLook({ ...look, part: look.part ? null : target });
  const part = look.part && height ? cropTo(look.part, sizeOf(view, i), height / width) : whole(view, i);
  return (
    <div class={`stage wide${look.part ? " out" : target ? " in" : ""}`} ref={box} onClick={press}>
      {height > 0 && (
        <Scene
          image={image}
          size={sizeOf(view, i)}
          boxes={boxes}
          part={part}
          room={[width, height]}
          mark={look.part ? null : focus}
          lit={look.lit}
          onLit={(lit) => lit !== look.lit && onLook({ ...look, lit })}
          says={`${title}: ${summary(tally(view, i, setting.least))}`}
        />
      )}
      {focus && <Turn part={look.part !== null} onTurn={press} />}
    </div>
  );
}

/** All boxes of an image in words; pressing one shows it large. */
export function BoxList({ view, i, look, onLook }: { view: Frames; i: number; look: Look; onLook: (look: Look) => void }) {
  const setting = useStore(settingOf(view));
  const boxes = useMemo(() => shownBoxes(view, i, setting).sort(byUrgency), [view, i, setting]);
  const hidden = ROLES.filter((role) => setting.hidden.has(role)).map((role) => SHORT[role]);
  return (
    <div class="box-list">
      <h3>
        {plural(boxes.length, "box", "boxes")}
        <span class="muted">
          {scored(view) && `; detections from score ${setting.least.toFixed(3)}`}
          {hidden.length > 0 && `; hidden: ${hidden.join(", ")}`}
        </span>
      </h3>
      <ul>
        {boxes.map((box) => (
          <li>
            <button
              type="button"
              class={look.lit && same(look.lit, box) ? "lit" : undefined}
              onPointerEnter={() => onLook({ ...look, lit: box })}
              onPointerLeave={() => onLook({ ...look, lit: null })}
              onFocus={() => onLook({ ...look, lit: box })}
              onBlur={() => onLook({ ...look, lit: null })}
              onClick={() => onLook({ ...look, lit: box, part: look.part && String(look.part) === String(box.at) ? null : box.at })}
            >
              <BoxMark role={box.role} />
              <span>
                <Text text={box.name} max={40} />
              </span>
              <span class="muted">
                <Texts texts={boxFacts(box)} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
