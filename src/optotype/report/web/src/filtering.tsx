// Things with facets: which of them match a filter, and the filters that a reader sets.

import { useEffect, useState } from "preact/hooks";
import type { Facet, Filter } from "./types";
import { count } from "./format";
import { place, replace, useStore } from "./store";
import { middle, Text } from "./ui";

export interface Filterable {
  facets: Facet[];
  items: unknown[];
}

/** Places of the items that match; a value that no item has matches none. */
export function matching(view: Filterable, filter: Filter): number[] {
  const tests = Object.entries(filter).map(([name, wanted]) => {
    const facet = view.facets.find((one) => one.name === name);
    return facet ? { codes: facet.codes, code: facet.values.indexOf(wanted) } : { codes: [], code: -1 };
  });
  const found: number[] = [];
  for (let i = 0; i < view.items.length; i++)
    if (tests.every(({ codes, code }) => code >= 0 && codes[i] === code)) found.push(i);
  return found;
}

/** The filter of a view in the page: the address sets it, and follows it. */
export function useFilter(id: string): [Filter, (filter: Filter) => void] {
  const where = useStore(place);
  const [filter, setFilter] = useState<Filter>(where.id === id && !where.open ? where.filter : {});
  useEffect(() => {
    if (where.id === id && !where.open) setFilter(where.filter);
  }, [where]);
  const onFilter = (next: Filter) => {
    setFilter(next);
    replace({ id, open: false, filter: next }, false);
  };
  return [filter, onFilter];
}

export function Filters({ view, filter, onFilter }: { view: Filterable; filter: Filter; onFilter: (filter: Filter) => void }) {
  const set = (name: string, text: string | null) => {
    const next = { ...filter };
    if (text === null) delete next[name];
    else next[name] = text;
    onFilter(next);
  };
  const facets = view.facets.filter((facet) => facet.shown || Object.hasOwn(filter, facet.name));
  return (
    <div class="filters">
      {facets.map((facet) => {
        const rest = { ...filter };
        delete rest[facet.name];
        const counts = new Map<number, number>();
        for (const i of matching(view, rest)) counts.set(facet.codes[i]!, (counts.get(facet.codes[i]!) ?? 0) + 1);
        const chosen = Object.hasOwn(filter, facet.name) ? filter[facet.name] : undefined;
        const known = chosen === undefined ? -1 : facet.values.indexOf(chosen);
        return (
          <label class={chosen === undefined ? undefined : "on"}>
            <Text text={facet.name} max={24} />
            <select
              value={chosen === undefined ? "" : String(known)}
              onChange={(event) => set(facet.name, event.currentTarget.value === "" ? null : facet.values[Number(event.currentTarget.value)]!)}
            >
              <option value="">all</option>
              {chosen !== undefined && known < 0 && <option value="-1">{middle(chosen, 32)} (0)</option>}
              {facet.values.map((text, code) => (
                <option value={String(code)} disabled={!counts.get(code) && code !== known}>
                  {middle(text, 32)} ({count(counts.get(code) ?? 0)})
                </option>
              ))}
            </select>
          </label>
        );
      })}
      {Object.keys(filter).length > 0 && (
        <button type="button" class="quiet" onClick={() => onFilter({})}>
          Clear
        </button>
      )}
    </div>
  );
}
