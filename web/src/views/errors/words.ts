// What a slice, and what is not sliced by, is called.
import { percent, start } from '../../core/format';
import { t } from '../../i18n/language.svelte';
import { contentsOf, plain } from '../../math/slices';
import type { LeftOutRecord, SlicingRecord } from '../../records';

const LONGEST = 60;
const KINDS = { length: 'slice_length', label: 'slice_label', confidence: 'slice_confidence', script: 'slice_script' } as const;
const VERDICTS = { worse: 'slice_worse', better: 'slice_better', same: 'slice_same', 'too-few': 'slice_few' } as const;
const REASONS = {
  'one-value': 'left_one_value',
  'value-per-row': 'left_value_per_row',
  'many-values': 'left_many_values',
  'not-plain': 'left_not_plain',
  'same-name': 'left_same_name',
  'too-many-columns': 'left_too_many',
  'not-recorded': 'left_not_recorded',
} as const;

const own = <T extends object>(table: T, key: string): T[keyof T] | undefined =>
  Object.hasOwn(table, key) ? table[key as keyof T] : undefined;

/** By what the rows were put into bins: one of our words, or the name of a column. */
export function kindName({ kind, name }: { kind: string; name: string }): string {
  const key = own(KINDS, kind);
  return key ? t(key) : start(name, LONGEST);
}

export function binName(slicing: SlicingRecord, bin: number): string {
  const held = contentsOf(slicing, bin);
  if (held === 'empty') return t('slice_empty');
  if ('value' in held) return start(held.value, LONGEST);
  const write = slicing.kind === 'confidence' ? (share: number) => percent(share) : plain;
  const range = held.low === held.high ? write(held.low) : `${write(held.low)} – ${write(held.high)}`;
  return slicing.kind === 'length' ? t('slice_tokens', { range }) : range;
}

export function sliceName(slicing: SlicingRecord, bin: number): string {
  return `${kindName(slicing)}: ${binName(slicing, bin)}`;
}

export function verdictName(verdict: string): string {
  const key = own(VERDICTS, verdict);
  return key ? t(key) : verdict;
}

export function leftOutName(each: LeftOutRecord): string {
  const called = each.kind === 'column' && each.name === '' ? t('left_columns') : kindName(each);
  const key = own(REASONS, each.reason);
  return `${called} (${key ? t(key, { n: each.number }) : each.reason})`;
}

/** −0.0623 -> "−6.2". */
export function points(difference: number): string {
  const text = (100 * Math.abs(difference)).toFixed(1);
  if (Number(text) === 0) return text;
  return `${difference < 0 ? '−' : '+'}${text}`;
}
