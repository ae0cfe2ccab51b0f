// Thumbnails lie packed in base64 blocks after the script; a block is decoded when its first image is wanted.

import type { Page } from "./types";
import { Store } from "./store";

const KEPT_URLS = 4000;

let index: Page["images"] = [];
const blocks = new Map<number, Uint8Array<ArrayBuffer>>();
const urls = new Map<number, string>();

/** True once the whole file has arrived. */
export const arrived = new Store(document.readyState !== "loading");
document.addEventListener("DOMContentLoaded", () => arrived.set(true));

export function startImages(page: Page) {
  index = page.images;
}

export function imageSize(number: number): [number, number] {
  const entry = index[number];
  return entry ? [entry[3], entry[4]] : [1, 1];
}

/** A URL of the image, or null while its block is still on the way. */
export function imageUrl(number: number): string | null {
  const known = urls.get(number);
  if (known) return known;
  const blob = imageBlob(number);
  if (!blob) return null;
  const url = URL.createObjectURL(blob);
  urls.set(number, url);
  if (urls.size > KEPT_URLS) forgetOldest();
  return url;
}

/** The encoded image, or null while its block is still on the way. */
export function imageBlob(number: number): Blob | null {
  const entry = index[number];
  const bytes = entry && block(entry[0]);
  return bytes ? new Blob([bytes.subarray(entry[1], entry[1] + entry[2])], { type: "image/webp" }) : null;
}

function forgetOldest() {
  const [number, url] = urls.entries().next().value!;
  urls.delete(number);
  URL.revokeObjectURL(url);
}

function block(number: number): Uint8Array<ArrayBuffer> | null {
  const known = blocks.get(number);
  if (known) return known;
  const element = document.getElementById(`block-${number}`);
  if (!element || !(arrived.get() || element.nextElementSibling)) return null;
  const bytes = fromBase64(element.textContent ?? "");
  blocks.set(number, bytes);
  return bytes;
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (native) return native(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
