// Every drawn mark can be read back: `glassbert.probe()` in the page gives, for each view, the data value of each mark,
// the attribute it was drawn with and its box in CSS pixels of the page. Boxes are measured, never remembered.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Mark {
  /** What the mark stands for, in words: "model accuracy", "tick". */
  readonly name: string;
  readonly value: unknown;
  readonly drawn: Readonly<Record<string, unknown>>;
  readonly box: Box;
}

type Prober = () => Mark[];

const probers = new Map<string, Prober>();

/** Announce the marks of a view; the result takes the announcement back. For use in `$effect`. */
export function announce(view: string, prober: Prober): () => void {
  probers.set(view, prober);
  return () => {
    if (probers.get(view) === prober) probers.delete(view);
  };
}

export function probe(view?: string): Record<string, Mark[]> {
  const wanted = [...probers].filter(([name]) => view === undefined || name === view);
  return Object.fromEntries(wanted.map(([name, prober]) => [name, prober()]));
}

export function boxOf(element: Element): Box {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x: x + scrollX, y: y + scrollY, width, height };
}

/** The box of a part of an element, given in the element's own CSS pixels. */
export function boxWithin(element: Element, x: number, y: number, size: { width: number; height: number }): Box {
  const outer = boxOf(element);
  return { x: outer.x + x, y: outer.y + y, ...size };
}
