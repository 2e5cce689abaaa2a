// What the rows and columns of a drawn attention map stand for: tokens, or whole words.
import type { Side } from '../core/state';
import type { Attended } from './softmax';

export interface Unit {
  readonly label: string;
  /** Indices of the tokens it is made of. */
  readonly tokens: readonly number[];
  readonly special: boolean;
  /** 0 first text, 1 second text. */
  readonly segment: number;
}

/** Who looks (rows) and who is looked at (columns). */
export interface Axes {
  readonly rows: readonly Unit[];
  readonly columns: readonly Unit[];
}

export interface Choice {
  readonly words: boolean;
  readonly special: boolean;
  readonly side: Side;
}

const CJK = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u;
const SEGMENTS: Record<Side, readonly [number | null, number | null]> = {
  all: [null, null],
  first: [0, 0],
  second: [1, 1],
  across: [0, 1],
  back: [1, 0],
};

export function axesOf(record: Attended, { words, special, side }: Choice): Axes {
  const units = unitsOf(record, words).filter((unit) => special || !unit.special);
  const [from, to] = SEGMENTS[side];
  const of = (segment: number | null) => units.filter((unit) => segment === null || unit.segment === segment);
  return { rows: of(from), columns: of(to) };
}

/** Every token by itself, or the tokens of each word together; special tokens always by themselves. */
export function unitsOf(record: Attended, words: boolean): Unit[] {
  const units: Unit[] = [];
  let previous = -1;
  record.tokens.forEach((token, i) => {
    const word = record.word.data[i]!;
    const segment = record.token_type_ids.data[i]!;
    const special = word < 0;
    const last = units[units.length - 1];
    if (words && !special && last && word === previous && last.segment === segment) {
      units[units.length - 1] = { ...last, label: last.label + bare(token), tokens: [...last.tokens, i] };
    } else {
      units.push({ label: words && !special ? bare(token) : token, tokens: [i], special, segment });
    }
    previous = word;
  });
  return units;
}

/** The unit that holds a token; -1 where none does. */
export function unitOf(units: readonly Unit[], token: number | null): number {
  return token === null ? -1 : units.findIndex((unit) => unit.tokens.includes(token));
}

/** A subword without the mark of its tokenizer: `##ing`, `Ġthe`, `▁the`. */
export function bare(token: string): string {
  return token.replace(/^(##|Ġ|▁)/, '') || token;
}

/** [rows, columns]: the mean over the tokens of a row, the sum over those of a column, so that rows keep their sum. */
export function unitWeights(weights: Float32Array, size: number, { rows, columns }: Axes): Float32Array {
  const merged = new Float32Array(rows.length * columns.length);
  // Column by token: reading the units again for every row takes longer than all the sums.
  const place = new Int32Array(size).fill(-1);
  columns.forEach((to, j) => to.tokens.forEach((token) => (place[token] = j)));
  rows.forEach((from, i) => {
    const start = i * columns.length;
    for (const a of from.tokens) {
      for (let b = 0; b < size; b++) if (place[b]! >= 0) merged[start + place[b]!]! += weights[a * size + b]!;
    }
    for (let j = start; j < start + columns.length; j++) merged[j] = merged[j]! / from.tokens.length;
  });
  return merged;
}

/** Whether most labels are Chinese or Japanese, which reads better from left to right than from top to bottom. */
export function mostlyIdeographs(units: readonly Unit[]): boolean {
  const words = units.filter((unit) => !unit.special);
  return words.filter((unit) => CJK.test(unit.label)).length * 2 > words.length;
}
