// Where the columns of the neuron view lie, in CSS pixels from the left edge of its canvas.

/** Of one token. */
export const HEIGHT = 18;
const GAP = 14;
const BAR = 64;
const LABELS = 96;
const WIDEST = 8;

export interface Columns {
  readonly labels: number;
  readonly key: number;
  readonly product: number;
  readonly score: number;
  readonly weight: number;
  /** Length of the longest bar. */
  readonly bar: number;
  /** Width of one element; whole pixels. */
  readonly cell: number;
  readonly width: number;
}

/** As wide as `room` allows for two matrices of `elements` columns; a pixel each at least. */
export function columnsOf(room: number, elements: number): Columns {
  const free = room - LABELS - 3 * GAP - 2 * BAR;
  const cell = Math.min(Math.max(Math.floor(free / (2 * elements)), 1), WIDEST);
  const product = elements * cell + GAP;
  const score = product + elements * cell + GAP;
  const weight = score + BAR + GAP;
  return { labels: LABELS, key: 0, product, score, weight, bar: BAR, cell, width: weight + BAR };
}
