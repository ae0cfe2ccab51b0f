import { render } from "preact";
import "./style.css";
import type { Page } from "./types";
import { albums } from "./album";
import { App } from "./app";
import { startImages } from "./images";
import { startPlace, startTheme } from "./store";
import { targets } from "./views/simple";

const page = JSON.parse(document.getElementById("page")!.textContent!) as Page;
for (const section of page.sections) {
  targets.add(section.id);
  for (const view of section.views) {
    if ("id" in view && view.id) targets.add(view.id);
    if (view.type === "gallery" || view.type === "frames" || view.type === "maps") albums.set(view.id, view);
  }
}
startTheme();
startPlace();
startImages(page);
render(<App page={page} />, document.getElementById("app")!);
