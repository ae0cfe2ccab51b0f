// Mistakes one by one: the image with what the model looked at, the facts, what is unusual, and what is near to it.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Case, Cases, Reading } from "../types";
import { Filters, matching, useFilter } from "../filtering";
import { count, plural } from "../format";
import { Ramp } from "../heat";
import { Figure, Img, middle, Text, ToneMark } from "../ui";
import { namesOf, Pair } from "./glance";

const FOLDED = 3;
const READINGS = 4;

export function CasesView({ view }: { view: Cases }) {
  const [filter, onFilter] = useFilter(view.id);
  const list = useMemo(() => matching(view, filter), [view, filter]);
  const [all, setAll] = useState(false);
  const [strength, setStrength] = useState(75);
  const shown = all ? list : list.slice(0, FOLDED);
  const filtered = Object.keys(filter).length > 0;
  const heat = view.items.some((item) => item.overlay !== null && item.overlay >= 0);
  return (
    <Figure kind="cases" title={view.title} caption={view.caption} id={view.id}>
      <div class="bar-line">
        <p class="count" role="status">
          {filtered ? `${count(list.length)} of ${plural(view.items.length, "case")}` : plural(list.length, "case")}
        </p>
        {heat && (
          <label class="strength">
            What the model looked at
            <input
              type="range"
              min="0"
              max="100"
              step="5"
              value={strength}
              aria-label="Strength of the heat map"
              onInput={(event) => setStrength(Number(event.currentTarget.value))}
            />
            <Ramp />
          </label>
        )}
        {view.items.length > 0 && <Filters view={view} filter={filter} onFilter={onFilter} />}
      </div>
      {!list.length && <p class="empty">{view.items.length ? "No case with this filter is here." : "No cases."}</p>}
      <ol>
        {shown.map((i, row) => (
          <li key={i}>
            <Later soon={row < FOLDED}>{() => <CaseCard item={view.items[i]!} names={namesOf(view, i)} strength={strength / 100} />}</Later>
          </li>
        ))}
      </ol>
      {list.length > FOLDED && (
        <button type="button" class="more" onClick={() => setAll(!all)}>
          {all ? "Show fewer" : `Show all ${count(list.length)}`}
        </button>
      )}
    </Figure>
  );
}

/** Draws its contents when they come near to what can be seen, and keeps them. */
function Later({ soon, children }: { soon: boolean; children: () => ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(soon);
  useEffect(() => {
    if (near || !box.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setNear(true), { rootMargin: "600px" });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [near]);
  return near ? <>{children()}</> : <div class="later" ref={box} />;
}

function CaseCard({ item, names, strength }: { item: Case; names: [string, string] | null; strength: number }) {
  const said = names ? [`truth ${names[0]}`, `predicted ${names[1]}`] : [];
  const [folded, setFolded] = useState(true);
  const facts = item.facts.filter(([label, text]) => !said.includes(`${label} ${text}`));
  return (
    <article class="case" aria-label={middle(item.title, 160)}>
      <CasePicture item={item} strength={strength} />
      <div class="told">
        <h4>
          {names ? (
            <>
              <Text text={names[0]} max={60} /> called <Text text={names[1]} max={60} />
            </>
          ) : (
            <Text text={item.title} max={160} />
          )}
        </h4>
        {names && (
          <p class="muted small">
            <Text text={item.title} max={160} />
          </p>
        )}
        {item.badges.length > 0 && (
          <ul class="badges">
            {item.badges.map(([text, tone]) => (
              <li class={tone}>
                <ToneMark tone={tone} />
                <Text text={text} max={60} />
              </li>
            ))}
          </ul>
        )}
        <dl>
          {facts.map(([label, text]) => (
            <>
              <dt>
                <Text text={label} max={48} />
              </dt>
              <dd>
                <Text text={text} max={300} />
              </dd>
            </>
          ))}
        </dl>
      </div>
      {item.readings.length > 0 && (
        <div class="readings">
          <h5>Against its class</h5>
          <ul>
            {item.readings.map((reading, i) => (
              <ReadingRow reading={reading} folded={folded && i >= READINGS} />
            ))}
          </ul>
          {item.readings.length > READINGS && (
            <button type="button" class="link" aria-expanded={!folded} onClick={() => setFolded(!folded)}>
              {folded ? `${count(item.readings.length - READINGS)} more` : "Fewer"}
            </button>
          )}
        </div>
      )}
      {item.neighbours.length > 0 && (
        <div class="near">
          <h5>Nearest in the feature space</h5>
          <ul>
            {item.neighbours.map(([image, label]) => (
              <li>
                <span class="frame">
                  <Img image={image} alt={label} />
                </span>
                {label && <Text text={label} max={40} />}
              </li>
            ))}
          </ul>
        </div>
      )}
    </article>
  );
}

/** The image; pressing it shows or hides its heat map. */
function CasePicture({ item, strength }: { item: Case; strength: number }) {
  const [hidden, setHidden] = useState(false);
  const content = <Pair item={item} strength={hidden ? 0 : strength} />;
  if (item.overlay === null || item.overlay < 0) return <div class="shot frame">{content}</div>;
  return (
    <button type="button" class="shot frame" aria-pressed={!hidden} title="Show or hide what the model looked at" onClick={() => setHidden(!hidden)}>
      {content}
    </button>
  );
}

function ReadingRow({ reading, folded }: { reading: Reading; folded: boolean }) {
  const { label, value, share, text } = reading;
  const known = share !== null && share >= 0 && share <= 1;
  const unusual = known && (share <= 0.1 || share >= 0.9);
  return (
    <li class={`${unusual ? "unusual" : ""} ${folded ? "folded" : ""}`}>
      <span>
        <Text text={label} max={48} />
      </span>
      <span class="value">
        <Text text={value} max={32} />
      </span>
      {known && (
        <span class="share" aria-hidden="true">
          <i style={{ left: `${100 * share}%` }} />
        </span>
      )}
      {(text || known) && <span class="muted">{text ? <Text text={text} max={160} /> : `above ${Math.round(100 * share!)} % of its class`}</span>}
    </li>
  );
}
