// Values that live outside of components, and the few that the page has.

import { useEffect, useState } from "preact/hooks";
import type { Filter } from "./types";

export class Store<T> {
  #listeners = new Set<() => void>();
  constructor(private value: T) {}
  get = () => this.value;
  set = (value: T) => {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.#listeners]) listener();
  };
  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState<unknown>(null);
  const drawn = store.get();
  useEffect(() => {
    if (store.get() !== drawn) redraw({}); // it changed between drawing and listening
    return store.subscribe(() => redraw({}));
  }, [store]);
  return drawn;
}

// Theme: the system's, unless the reader chose one; print is light.

export type Theme = "light" | "dark";

const KEY = "optotype-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // storage is blocked: the choice lasts as long as the page
  }
}

export const theme = new Store<Theme>(chosen() ?? (dark.matches ? "dark" : "light"));

function apply() {
  document.documentElement.dataset.theme = theme.get();
}

export function toggleTheme() {
  const next = theme.get() === "dark" ? "light" : "dark";
  theme.set(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // as above
  }
}

export function startTheme() {
  apply();
  theme.subscribe(apply);
  dark.addEventListener("change", () => chosen() ?? theme.set(dark.matches ? "dark" : "light"));
  let before = theme.get();
  addEventListener("beforeprint", () => {
    before = theme.get();
    theme.set("light");
  });
  addEventListener("afterprint", () => theme.set(before));
}

// Where the reader is: `#section`, `#gallery?facet=value`, or `#open/gallery?facet=value` for the drawer.

export interface Place {
  id: string;
  open: boolean;
  filter: Filter;
}

const OPEN = "open/";

export function parsePlace(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const open = path.startsWith(OPEN);
  let id = open ? path.slice(OPEN.length) : path;
  try {
    id = decodeURIComponent(id);
  } catch {
    // a hash that somebody mistyped names nothing
  }
  return { id, open, filter: Object.fromEntries(new URLSearchParams(query)) };
}

export function formatPlace(place: Place): string {
  const query = new URLSearchParams(place.filter).toString();
  return `#${place.open ? OPEN : ""}${encodeURIComponent(place.id)}${query && `?${query}`}`;
}

export const place = new Store<Place>(parsePlace(location.hash));

export function startPlace() {
  addEventListener("hashchange", () => place.set(parsePlace(location.hash)));
}

/** A step that the Back button undoes. */
export function go(next: Place) {
  const hash = formatPlace(next);
  if (location.hash === hash) place.set(next);
  else location.hash = hash;
}

/** A step that it does not. */
export function replace(next: Place, tell = true) {
  try {
    history.replaceState(history.state, "", formatPlace(next));
  } catch {
    // too many steps in a short time: the address lags behind
  }
  if (tell) place.set(next);
}
