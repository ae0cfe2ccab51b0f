// Images with label maps over them: truth, prediction and errors beside each other or one by one.

import { useMemo, useRef, useState } from "preact/hooks";
import { AlbumBody, AlbumFigure, facetValue, Lacking, shownImage, type Shown, telling, usualRatio } from "../album";
import { count } from "../format";
import { Dab, Panels, type Spot } from "../layers";
import { ERRORS, focusOf, LAYERS, nameOf, NO_CLASS, type Setting, settingOf, shares, WORDS } from "../maps";
import { Texts } from "../scene";
import { useStore } from "../store";
import type { LabelMaps } from "../types";
import { Segmented, Text, useSize } from "../ui";

const TOP = 14; // classes of the key that are shown until more are asked for

export function LabelMapsView({ view }: { view: LabelMaps }) {
  return <AlbumFigure view={view}>{(shown) => <LabelMapsBody view={view} {...shown} />}</AlbumFigure>;
}

export function LabelMapsBody({ view, ...shown }: Shown & { view: LabelMaps }) {
  const setting = useStore(settingOf(view));
  const named = useMemo(() => telling(view), [view]);
  const ratio = useMemo(() => usualRatio(view, 0.4), [view]);
  return (
    <>
      <AlbumBody
        view={view}
        {...shown}
        rows={2}
        minWidth={300}
        footer={68}
        ratio={ratio}
        tools={() => <Tools view={view} setting={setting} />}
        tile={(list, at, width) => (
          <Card key={list[at]} view={view} list={list} at={at} room={[width, width * ratio]} setting={setting} named={named} />
        )}
      />
      <Lacking view={view} what="classes" />
    </>
  );
}

/** What is drawn, of all images at once; the key of the classes chooses the one that errors are drawn for. */
function Tools({ view, setting }: { view: LabelMaps; setting: Setting }) {
  const [all, setAll] = useState(false);
  const store = settingOf(view);
  const classes = useMemo(() => keyed(view), [view]);
  const shown = classes.filter((k, rank) => all || rank < TOP || k === setting.focus);
  const press = (k: number) => store.set({ ...setting, focus: setting.focus === k ? null : k });
  return (
    <div class="map-tools">
      <Layers view={view} />
      <ul class="legend" aria-label="Classes">
        <li>
          <button type="button" aria-pressed={setting.focus === -1} onClick={() => press(-1)}>
            <span class="t">all classes</span>
          </button>
        </li>
        {shown.map((k) => (
          <li>
            <button type="button" aria-pressed={setting.focus === k} onClick={() => press(k)}>
              <Dab view={view} label={k} />
              <Text text={view.names[k]!} max={24} />
            </button>
          </li>
        ))}
        {classes.length > TOP && (
          <li>
            <button type="button" class="muted" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? "fewer" : `${count(classes.length - TOP)} more`}
            </button>
          </li>
        )}
      </ul>
      <ErrorKey view={view} setting={setting} own={`the ${view.unit}’s class`} />
    </div>
  );
}

/** Classes that entries are about first. */
function keyed(view: LabelMaps): number[] {
  const about = new Set(view.scenes.map((scene) => scene[4]));
  return [...view.names.keys()].sort((a, b) => Number(about.has(b)) - Number(about.has(a)) || a - b);
}

function Layers({ view }: { view: LabelMaps }) {
  const store = settingOf(view);
  const setting = useStore(store);
  return (
    <div class="box-sets">
      <Segmented
        label="What is drawn"
        options={[["all", "All four"], ...LAYERS.map((layer): [typeof layer, string] => [layer, WORDS[layer]])]}
        value={setting.layer}
        onChange={(layer) => store.set({ ...setting, layer })}
      />
      <label class="least">
        Opacity
        <input
          type="range"
          min="0"
          max="100"
          step="5"
          value={setting.strength}
          onInput={(event) => store.set({ ...setting, strength: Number(event.currentTarget.value) })}
        />
        <output>{setting.strength} %</output>
      </label>
    </div>
  );
}

/** What the colours of errors mean; `own` is said of each entry's own class. */
function ErrorKey({ view, setting, own }: { view: LabelMaps; setting: Setting; own: string }) {
  if (!["all", "errors"].includes(setting.layer)) return null;
  const whole = setting.focus === -1;
  const kinds: [keyof typeof ERRORS, string][] = [
    ...(whole ? [] : [["right", "found"] as const]),
    ["missed", whole ? "wrong" : "missed"],
    ...(whole ? [] : [["extra", "wrongly called so"] as const]),
    ["blank", "no class in the truth"],
  ].map(([kind, words]) => [kind as keyof typeof ERRORS, words!]);
  return (
    <ul class="legend error-key">
      <li class="muted">
        Errors of <Text text={setting.focus === null ? own : whole ? "all classes" : nameOf(view, setting.focus)} max={28} />
      </li>
      {kinds.map(([kind, words]) => (
        <li>
          <i class="dab" style={{ background: `rgb(${ERRORS[kind].join(" ")})` }} /> {words}
        </li>
      ))}
    </ul>
  );
}

interface CardProps {
  view: LabelMaps;
  list: number[];
  at: number;
  room: [number, number];
  setting: Setting;
  named: number[];
}

function Card({ view, list, at, room, setting, named }: CardProps) {
  const i = list[at]!;
  const [title, , tone, schema, texts] = view.items[i]!;
  const [spot, onSpot] = useState<Spot | null>(null);
  const first = view.labels[schema]?.[0];
  const words = named
    .map((k) => [view.facets[k]!.name, facetValue(view, k, i)] as const)
    .filter(([, text]) => text !== null && !title.split(": ").includes(text))
    .map(([name, text]) => `${name} ${text}`);
  return (
    <div class="card-box">
      <button type="button" class={`tile ${tone}`} data-index={at} onClick={() => shownImage.set({ view, list, at })}>
        <span class="frame" style={{ height: `${room[1]}px` }} aria-hidden="true">
          <Panels {...{ view, i, room, setting, spot, onSpot }} />
        </span>
        <span class="line-1">
          <Text text={title} max={60} />
        </span>
        <span class="line-2">{first && <Texts texts={[`${first} ${texts[0]}`]} />}</span>
        <span class="line-2 muted">
          <Texts texts={words} />
        </span>
      </button>
    </div>
  );
}

/** An entry, large. */
export function MapStage({ view, i }: { view: LabelMaps; i: number }) {
  const box = useRef<HTMLDivElement>(null);
  const room = useSize(box);
  const setting = useStore(settingOf(view));
  const [spot, onSpot] = useState<Spot | null>(null);
  const focus = view.scenes[i]![4];
  return (
    <div class="stage wide maps-stage">
      <div class="room" ref={box}>
        {room[1] > 0 && <Panels key={i} {...{ view, i, room, setting, spot, onSpot }} says={view.items[i]![0]} />}
      </div>
      <div class="foot">
        <Layers view={view} />
        <ErrorKey view={view} setting={setting} own={focus < 0 ? "all classes" : nameOf(view, focus)} />
      </div>
    </div>
  );
}

/** The classes of an image with their parts of it; pressing one shows its errors. */
export function MapList({ view, i }: { view: LabelMaps; i: number }) {
  const store = settingOf(view);
  const setting = useStore(store);
  const rows = useMemo(() => shares(view, i), [view, i]);
  const focus = focusOf(view, i, setting);
  return (
    <table class="map-list">
      <thead>
        <tr>
          <th scope="col">Of the image</th>
          <th scope="col" class="n">
            truth
          </th>
          <th scope="col" class="n">
            prediction
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, truth, said }) => (
          <tr class={label === focus ? "lit" : undefined}>
            <th scope="row">
              <button
                type="button"
                disabled={label === NO_CLASS}
                aria-pressed={label === focus}
                onClick={() => store.set({ ...setting, focus: setting.focus === label ? null : label })}
              >
                <Dab view={view} label={label} />
                <Text text={nameOf(view, label)} max={32} />
              </button>
            </th>
            <td class="n">{part(truth)}</td>
            <td class="n">{part(said)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const part = (share: number) => (share === 0 ? "–" : share < 0.0005 ? "<0.1 %" : `${(100 * share).toFixed(1)} %`);
