// A greyscale map drawn over an image: nothing where it is dark, purple to yellow where it is light.

import { useEffect, useRef } from "preact/hooks";
import { arrived, imageBlob } from "./images";
import { useStore } from "./store";

type Rgb = [number, number, number];
const STOPS: Rgb[] = [[58, 12, 120], [158, 24, 128], [226, 74, 86], [250, 158, 40], [252, 246, 90]];

/** Colour of a value from 0 to 1. */
function colour(value: number): Rgb {
  const place = Math.min(STOPS.length - 1.001, value * (STOPS.length - 1));
  const [low, high, part] = [STOPS[Math.floor(place)]!, STOPS[Math.floor(place) + 1]!, place % 1];
  return low.map((channel, k) => Math.round(channel + (high[k]! - channel) * part)) as Rgb;
}

/** The map with its values as colours; the lower, the more transparent. Null: it cannot be read. */
async function coloured(image: number): Promise<ImageData | null> {
  const blob = imageBlob(image);
  if (!blob) return null;
  const map = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [map.width, map.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(map, 0, 0);
  map.close();
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const value = pixels.data[i]! / 255;
    pixels.data.set([...colour(value), Math.round(255 * Math.min(1, 1.4 * value))], i);
  }
  return pixels;
}

export function Heat({ image, strength }: { image: number; strength: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ready = useStore(arrived);
  useEffect(() => {
    let gone = false;
    coloured(image).then(
      (pixels) => {
        const element = canvas.current;
        if (gone || !pixels || !element) return;
        [element.width, element.height] = [pixels.width, pixels.height];
        element.getContext("2d")?.putImageData(pixels, 0, 0);
      },
      () => undefined, // a map that cannot be decoded leaves the image as it is
    );
    return () => {
      gone = true;
    };
  }, [image, ready]);
  return <canvas ref={canvas} class="heat" style={{ opacity: strength }} aria-hidden="true" />;
}

/** What the colours mean. */
export function Ramp() {
  const stops = STOPS.map(([r, g, b], k) => `rgb(${r} ${g} ${b} / ${Math.min(1, (1.4 * k) / (STOPS.length - 1))})`);
  return (
    <span class="heat-ramp muted">
      little <i style={{ background: `linear-gradient(to right, ${stops.join(", ")})` }} /> much
    </span>
  );
}
