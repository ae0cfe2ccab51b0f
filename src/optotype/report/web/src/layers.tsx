// One image with a layer of its label maps drawn over it.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { arrived, imageUrl } from "./images";
import { colourOf, type Layer, LAYERS, nameOf, painted, saidOf, type Setting, truthOf, WORDS } from "./maps";
import { useStore } from "./store";
import type { LabelMaps } from "./types";
import { middle, Text } from "./ui";

/** A place in an image, each from 0 to 1. */
export type Spot = [number, number];

interface PanelsProps {
  view: LabelMaps;
  i: number;
  /** The room there is, in pixels of the page. */
  room: [number, number];
  setting: Setting;
  spot: Spot | null;
  onSpot: (spot: Spot | null) => void;
  says?: string;
}

const GAP = 2;

/** One layer, or all of them in two rows. */
export function Panels({ view, i, room, setting, spot, onSpot, says }: PanelsProps) {
  const all = setting.layer === "all";
  const [width, height] = [view.scenes[i]![0], view.scenes[i]![1]];
  const share = all ? 2 : 1;
  const scale = Math.min((room[0] - GAP * (share - 1)) / share / width, (room[1] - GAP * (share - 1)) / share / height);
  const size: [number, number] = [Math.floor(scale * width), Math.floor(scale * height)];
  const layers: readonly Layer[] = setting.layer === "all" ? LAYERS : [setting.layer];
  return (
    <span class={all ? "panels all" : "panels"} role="img" aria-label={says && middle(says, 300)} onPointerLeave={() => onSpot(null)}>
      {layers.map((layer) => (
        <Panel key={layer} {...{ view, i, layer, size, setting, spot, onSpot }} named={all} />
      ))}
      {spot && <Told view={view} i={i} spot={spot} />}
    </span>
  );
}

interface PanelProps {
  view: LabelMaps;
  i: number;
  layer: Layer;
  size: [number, number];
  setting: Setting;
  spot: Spot | null;
  onSpot: (spot: Spot) => void;
  named: boolean;
}

function Panel({ view, i, layer, size: [width, height], setting, spot, onSpot, named }: PanelProps) {
  const image = view.items[i]![1];
  useStore(arrived);
  const url = image === null || image < 0 ? null : imageUrl(image);
  const point = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const edge = event.currentTarget.getBoundingClientRect();
    const part = (at: number, size: number) => Math.min(0.9999, Math.max(0, at / size));
    onSpot([part(event.clientX - edge.left, edge.width), part(event.clientY - edge.top, edge.height)]);
  };
  return (
    <span class="panel" data-layer={layer} style={{ width: `${width}px`, height: `${height}px` }} onPointerMove={point} onPointerDown={point}>
      {url && <img src={url} alt="" width={width} height={height} draggable={false} />}
      {!url && layer === "image" && <span class="blank">{image === null ? "no image" : image === -2 ? "unreadable" : "left out"}</span>}
      {layer !== "image" && <Painting {...{ view, i, layer, setting }} over={url !== null} />}
      {named && <span class="tag">{WORDS[layer]}</span>}
      {spot && <i class="spot" style={{ left: `${100 * spot[0]}%`, top: `${100 * spot[1]}%` }} />}
    </span>
  );
}

function Painting({ view, i, layer, setting, over }: { view: LabelMaps; i: number; layer: Layer; setting: Setting; over: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pixels = useMemo(() => painted(view, i, layer, setting), [view, i, layer, setting.focus]);
  useEffect(() => {
    const element = canvas.current!;
    [element.width, element.height] = [pixels.width, pixels.height];
    element.getContext("2d")?.putImageData(pixels, 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} style={{ opacity: over ? setting.strength / 100 : 1 }} />;
}

/** What truth and prediction say at a place. */
function Told({ view, i, spot }: { view: LabelMaps; i: number; spot: Spot }) {
  const at = ({ width, height, labels }: ReturnType<typeof truthOf>) => labels[Math.floor(spot[1] * height) * width + Math.floor(spot[0] * width)]!;
  const [truth, said] = [at(truthOf(view, i)), at(saidOf(view, i))];
  return (
    <span class={spot[1] < 0.5 ? "map-tip below" : "map-tip"} aria-hidden="true">
      <span>
        truth <Dab view={view} label={truth} /> <Text text={nameOf(view, truth)} max={28} />
      </span>
      <span>
        prediction <Dab view={view} label={said} /> <Text text={nameOf(view, said)} max={28} />
      </span>
    </span>
  );
}

/** A class's colour. */
export const Dab = ({ view, label }: { view: LabelMaps; label: number }) => <i class="dab" style={{ background: colourOf(view, label) }} />;
