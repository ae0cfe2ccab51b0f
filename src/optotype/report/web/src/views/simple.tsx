// Verdict, headline numbers, image sheet, note, code.

import { useRef, useState } from "preact/hooks";
import type { Code, Note, NumberCard, Numbers, Sheet, Verdict } from "../types";
import { amount, between, count, digitsFor } from "../format";
import { Figure, Img, Prose, Text, ToneMark } from "../ui";
import { formatPlace, go } from "../store";

/** Ids of the page that a link can lead to. */
export const targets = new Set<string>();

const SENTENCES = 5;

/** Lines that get smaller as on an eye chart; what comes after the first few is folded. */
export function VerdictView({ view }: { view: Verdict }) {
  const more = view.sentences.length - SENTENCES;
  const [folded, setFolded] = useState(more > 1);
  return (
    <ol class="view verdict" data-view="verdict">
      {view.sentences.map(({ text, tone, target }, i) => (
        <li class={folded && i >= SENTENCES ? `${tone} folded` : tone}>
          <ToneMark tone={tone} />
          <p>
            <Prose text={text} />
            {targets.has(target) && (
              <a
                href={formatPlace({ id: target, open: false, filter: {} })}
                onClick={(event) => {
                  event.preventDefault();
                  go({ id: target, open: false, filter: {} });
                }}
              >
                See why
              </a>
            )}
          </p>
        </li>
      ))}
      {folded && (
        <li class="rest">
          <button type="button" class="quiet" onClick={() => setFolded(false)}>
            {count(more)} more findings
          </button>
        </li>
      )}
    </ol>
  );
}

export function NumbersView({ view }: { view: Numbers }) {
  return (
    <Figure kind="numbers" title={view.title} caption={view.caption}>
      <dl class="cards">
        {view.numbers.map((card) => (
          <Card card={card} />
        ))}
      </dl>
    </Figure>
  );
}

function Card({ card }: { card: NumberCard }) {
  const { value, low, high, unit } = card;
  const digits = digitsFor(low, high);
  const inside = unit === "ratio" && value !== null && value >= 0 && value <= 1;
  const interval = low !== null && high !== null;
  return (
    <div class="card">
      <dt>
        <Text text={card.label} max={48} />
      </dt>
      <dd>
        <span class="value">{amount(value, unit, digits)}</span>
        <span class={inside ? "track" : "track blank"} aria-hidden="true">
          {inside && interval && <i class="span" style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />}
          {inside && <i class="point" style={{ left: `${100 * value}%` }} />}
        </span>
        {interval && (
          <span class="sub">
            95 %: {between(amount(low, unit, digits), amount(high, unit, digits))}
          </span>
        )}
        {card.better === "lower" && <span class="sub">lower is better</span>}
        {card.note && (
          <span class="sub">
            <Text text={card.note} max={200} />
          </span>
        )}
      </dd>
    </div>
  );
}

export function SheetView({ view }: { view: Sheet }) {
  const n = view.per_row; // fewer where tiles would get too small to see
  const least = `max(72px, (100% - ${12 * (n - 1)}px) / ${n})`;
  const columns = n > 0 ? { gridTemplateColumns: `repeat(auto-fill, minmax(${least}, 1fr))` } : {};
  return (
    <Figure kind="sheet" title={view.title} caption={view.caption}>
      <ul class="tiles" style={columns}>
        {view.tiles.map(([image, label]) => (
          <li>
            <div class="frame">
              <Img image={image} alt={label} />
            </div>
            {label && <Text text={label} max={40} />}
          </li>
        ))}
      </ul>
    </Figure>
  );
}

export function NoteView({ view }: { view: Note }) {
  return (
    <aside class={`view note ${view.tone}`} data-view="note">
      <ToneMark tone={view.tone} />
      <div>
        {view.title && (
          <h3>
            <Text text={view.title} max={160} />
          </h3>
        )}
        {view.texts.length > 1 ? (
          <ul>
            {view.texts.map((text) => (
              <li>
                <Prose text={text} />
              </li>
            ))}
          </ul>
        ) : (
          view.texts.map((text) => (
            <p>
              <Prose text={text} />
            </p>
          ))
        )}
      </div>
    </aside>
  );
}

const SHORT = 18; // lines

export function CodeView({ view }: { view: Code }) {
  const box = useRef<HTMLPreElement>(null);
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(view.text);
      setDone(true);
      setTimeout(() => setDone(false), 1600);
    } catch {
      getSelection()?.selectAllChildren(box.current!); // not allowed here: leave the text selected
    }
  };
  const lines = view.text.split("\n");
  const [all, setAll] = useState(lines.length <= SHORT + 6);
  const tools = (
    <button type="button" class="quiet" onClick={copy}>
      {done ? "Copied" : "Copy"}
    </button>
  );
  return (
    <Figure kind="code" title={view.title} tools={tools}>
      <pre ref={box} tabIndex={0}>
        <code dir="ltr">{all ? view.text : lines.slice(0, SHORT).join("\n")}</code>
      </pre>
      {!all && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          Show all {count(lines.length)} lines
        </button>
      )}
    </Figure>
  );
}
