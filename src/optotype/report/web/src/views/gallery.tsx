// Images that can be filtered by their facets, with the two words that name each.

import { useMemo } from "preact/hooks";
import { AlbumBody, AlbumFigure, facetValue, shownImage, type Shown, telling } from "../album";
import type { Gallery } from "../types";
import { Img, middle, Text } from "../ui";

/** The facets whose values name an item: truth and prediction where there are such, else those that tell items apart. */
function naming(view: Gallery): { facets: number[]; arrow: boolean } {
  const find = (...names: string[]) => view.facets.findIndex((facet) => facet.shown && names.includes(facet.name));
  const [truth, guess] = [find("truth"), find("prediction", "predicted")];
  if (truth >= 0 && guess >= 0) return { facets: [truth, guess], arrow: true };
  const rest = telling(view).filter((k) => k !== truth);
  return { facets: (truth >= 0 ? [truth, ...rest] : rest).slice(0, 2), arrow: false };
}

/** The two lines under an image; its title stands in for what says nothing. */
function lines(view: Gallery, i: number, { facets, arrow }: ReturnType<typeof naming>): [string, string, boolean] {
  const title = view.items[i]![0];
  const [first, second] = facets.map((k) => facetValue(view, k, i)).filter((text) => text !== null);
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

export function GalleryBody({ view, ...shown }: Shown & { view: Gallery }) {
  const named = useMemo(() => naming(view), [view]);
  return (
    <AlbumBody
      view={view}
      {...shown}
      rows={3}
      minWidth={132}
      footer={46}
      tile={(list, at) => <Tile view={view} list={list} at={at} named={named} />}
    />
  );
}

export function GalleryView({ view }: { view: Gallery }) {
  return <AlbumFigure view={view}>{(shown) => <GalleryBody view={view} {...shown} />}</AlbumFigure>;
}
