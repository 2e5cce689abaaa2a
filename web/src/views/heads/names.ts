// The patterns of a head, in words and in a sign small enough for a tile.
import { t } from '../../i18n/language.svelte';
import { PATTERNS, type Measure } from '../../math/patterns';
import type { HeadsRecord } from '../../records';

const SIGNS = ['←', '→', '•', '', '=', 'C', 'S', '.', '○'];

export function signed(offset: number): string {
  return offset > 0 ? `+${offset}` : `−${-offset}`;
}

/** What stands in the tile of a head; empty where nothing is clear. */
export function signOf(record: HeadsRecord, head: number): string {
  const label = record.label.data[head]!;
  if (label < 0) return '';
  return PATTERNS[label] === 'offset' ? signed(record.offset.data[head]!) : SIGNS[label]!;
}

export function signOfPattern(pattern: number): string {
  return PATTERNS[pattern] === 'offset' ? '±k' : SIGNS[pattern]!;
}

/** The name of a pattern; with a head, also by how many tokens its offset is. */
export function nameOf(record: HeadsRecord, pattern: number, head?: number): string {
  if (pattern < 0) return t('heads_nothing');
  const offset = head === undefined ? 'k' : signed(record.offset.data[head]!);
  return t(`heads_${PATTERNS[pattern]!}`, { cls: record.cls, sep: record.sep, offset });
}

/** How strongly a head shows what is asked for, 0 to 1; NaN where no token could. */
export function strength(record: HeadsRecord, measure: Measure, head: number): number {
  if (measure === 'label') return record.label.data[head]! < 0 ? 0 : record.score.data[head]!;
  if (measure === 'broad') return record.broadness.data[head]!;
  const width = record.scores.shape[2]!;
  return record.scores.data[head * width + PATTERNS.indexOf(measure)]!;
}
