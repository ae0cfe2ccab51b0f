// A few cases beside the verdict, so that a reader sees at once what a mistake looks like.

import { useMemo } from "preact/hooks";
import type { Case, Cases, Page } from "../types";
import { Heat } from "../heat";
import { imageSize } from "../images";
import { Img, Text } from "../ui";
import { follow } from "../album";

const MOST = 4;

interface Example {
  view: Cases;
  item: Case;
  names: [string, string] | null;
}

/** Truth and prediction of a case, where its facets say them. */
export function namesOf(view: Cases, i: number): [string, string] | null {
  const value = (...names: string[]) => {
    const facet = view.facets.find((one) => names.includes(one.name));
    return facet?.values[facet.codes[i]!];
  };
  const [truth, guess] = [value("truth"), value("predicted", "prediction")];
  return truth === undefined || guess === undefined ? null : [truth, guess];
}

/** The first cases with an image, from each view in turn, no image twice. */
function examples(page: Page): Example[] {
  const views = page.sections.flatMap((section) => section.views).filter((view) => view.type === "cases");
  const longest = Math.max(0, ...views.map((view) => view.items.length));
  const [found, seen] = [[] as Example[], new Set<number>()];
  for (let i = 0; i < longest; i++)
    for (const view of views) {
      const item = view.items[i];
      if (!item || item.picture === null || item.picture < 0 || seen.has(item.picture)) continue;
      seen.add(item.picture);
      found.push({ view, item, names: namesOf(view, i) });
      if (found.length === MOST) return found;
    }
  return found;
}

export function Glance({ page }: { page: Page }) {
  const found = useMemo(() => examples(page), [page]);
  if (!found.length) return null;
  return (
    <div class="view glance" data-view="glance">
      <h3>For example</h3>
      <ul>
        {found.map((example) => (
          <li>
            <ExampleTile {...example} />
          </li>
        ))}
      </ul>
      {found.some(({ item }) => item.overlay !== null && item.overlay >= 0) && <p class="muted small">Coloured: what the model looked at.</p>}
    </div>
  );
}

function ExampleTile({ view, item, names }: Example) {
  const facets = names && { truth: names[0], [view.facets.some((facet) => facet.name === "predicted") ? "predicted" : "prediction"]: names[1] };
  const reading = item.readings.find((one) => one.text);
  return (
    <button type="button" class="tile bad" title="See this case" onClick={() => follow(view.id, facets ?? {})}>
      <span class="frame">
        <Pair item={item} strength={0.6} />
      </span>
      {names ? (
        <>
          <span class="line-1">
            <Text text={names[0]} max={36} />
          </span>
          <span class="line-2">
            called <Text text={names[1]} max={36} />
          </span>
        </>
      ) : (
        <span class="line-1">
          <Text text={item.title} max={36} />
        </span>
      )}
      {reading && (
        <span class="muted why">
          <Text text={`${reading.label}: ${reading.text}`} max={120} />
        </span>
      )}
    </button>
  );
}

/** A case's image with its heat map, the one exactly over the other; strength 0: without. */
export function Pair({ item, strength }: { item: Case; strength: number }) {
  const { picture, overlay } = item;
  if (picture === null || picture < 0) return <Img image={picture} alt={item.title} />;
  const [width, height] = imageSize(picture);
  return (
    <span class="fitted" style={{ aspectRatio: `${width} / ${height}`, ...(width >= height ? { width: "100%" } : { height: "100%" }) }}>
      <Img image={picture} alt={item.title} />
      {overlay !== null && overlay >= 0 && strength > 0 && <Heat image={overlay} strength={strength} />}
    </span>
  );
}
