// What a point is called, and the number by which it is picked: its row where it is a text, else its own.
import { start } from '../../core/format';
import type { State } from '../../core/state';
import { readRanges, writeRanges } from '../../math/ranges';
import type { EmbeddingsSketch } from '../../records';

export const countOf = (record: EmbeddingsSketch): number => record.maps[0]?.trustworthiness.data.length ?? 0;

/** The text of a point, by index; -1 where it has none. */
export const textIndex = (record: EmbeddingsSketch, point: number): number =>
  record.text_of ? record.text_of.data[point]! : point;

export function rowOf(record: EmbeddingsSketch, point: number): number | null {
  const text = textIndex(record, point);
  return text < 0 ? null : (record.rows?.data[text] ?? record.first_row + text);
}

/** A text is chosen by the row that is selected in every view, a token or word by its own number. */
export function chosenPoint(record: EmbeddingsSketch, { row, point }: Pick<State, 'row' | 'point'>): number | null {
  if (record.kind !== 'texts') return point !== null && point < countOf(record) ? point : null;
  if (row === null) return null;
  const text = record.rows ? record.rows.data.indexOf(row) : row - record.first_row;
  return text >= 0 && text < record.texts.length ? text : null;
}

export function tokenOf(record: EmbeddingsSketch, point: number): string | null {
  const token = record.token_of?.data[point] ?? -1;
  return token < 0 ? null : record.tokens[token]!;
}

/** The text as far as the file holds it; an ellipsis says that there is more. */
export function textOf(record: EmbeddingsSketch, point: number, most: number): string {
  const text = textIndex(record, point);
  if (text < 0) return '';
  const held = record.texts[text]!;
  const shown = start(held, most);
  return held.length < record.lengths.data[text]! && !shown.endsWith('…') ? `${shown}…` : shown;
}

const idOf = (record: EmbeddingsSketch, point: number): number =>
  record.kind === 'texts' ? rowOf(record, point)! : point + 1;

export function writePoints(record: EmbeddingsSketch, points: Iterable<number>): string {
  return writeRanges(Array.from(points, (point) => idOf(record, point)));
}

/** The points that the state's ranges pick, in order. */
export function readPoints(record: EmbeddingsSketch, ranges: string): number[] {
  if (ranges === '') return [];
  const all = Array.from({ length: countOf(record) }, (_, point) => point);
  const largest = all.reduce((most, point) => Math.max(most, idOf(record, point)), 0);
  const ids = readRanges(ranges, largest);
  return all.filter((point) => ids.has(idOf(record, point)));
}

/** The points whose text or token holds the words, whatever their case. */
export function find(record: EmbeddingsSketch, words: string): number[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return [];
  const texts = record.texts.map((text) => text.toLowerCase().includes(wanted));
  const tokens = record.tokens.map((token) => token.toLowerCase().includes(wanted));
  return Array.from({ length: countOf(record) }, (_, point) => point).filter((point) => {
    const token = record.token_of?.data[point] ?? -1;
    return token >= 0 ? tokens[token] : texts[textIndex(record, point)];
  });
}
