// A plane of the record on paper, and whose names are written on it.
import type { LandscapeRecord } from '../../records';
import { shareOf, spanOf } from '../../math/landscape';

export interface Paper {
  readonly width: number;
  readonly height: number;
  x(value: number): number;
  y(value: number): number;
}

const TALLEST = 1.1;

/** As wide as there is room, or as much narrower as its height must be bounded. */
export function paperOf(record: LandscapeRecord, room: number): Paper {
  const aspect = spanOf(record, 1) / spanOf(record, 0);
  const width = Math.round(aspect > TALLEST ? (room * TALLEST) / aspect : room);
  const height = Math.max(Math.round(width * aspect), 1);
  return {
    width,
    height,
    x: (value) => shareOf(record, value, 0) * width,
    y: (value) => (1 - shareOf(record, value, 1)) * height,
  };
}

export interface Label {
  readonly index: number;
  readonly left: boolean;
}

/** Which models get their names written: the first and the last, then whoever does not touch another. */
export function labelled(places: readonly { x: number; y: number }[], width: number): Label[] {
  const last = places.length - 1;
  const order = [last, 0, ...places.keys()];
  const kept: Label[] = [];
  for (const index of order) {
    const { x, y } = places[index]!;
    if (!Number.isFinite(y)) continue;
    const free = kept.every((label) => {
      const other = places[label.index]!;
      return Math.abs(other.y - y) >= 15 || Math.abs(other.x - x) >= 84;
    });
    if (free && !kept.some((label) => label.index === index)) kept.push({ index, left: x > width * 0.72 });
  }
  return kept;
}
