// Slices of the evaluation rows: which rows a slice holds, and how the address names it.
import type { SlicingRecord, SliceTable } from '../records';

/** A bin of a slicing, by their places in the record. */
export interface SlicePlace {
  readonly slicing: number;
  readonly bin: number;
}

/** "2.0" is bin 0 of slicing 2; null for what names no slice of the table. */
export function readSlice(text: string, table: SliceTable | null): SlicePlace | null {
  const [, slicing = '', bin = ''] = /^(\d{1,6})\.(\d{1,6})$/.exec(text) ?? [];
  const found = slicing === '' ? undefined : table?.slicings[Number(slicing)];
  return found && Number(bin) < found.value.length ? { slicing: Number(slicing), bin: Number(bin) } : null;
}

export function writeSlice({ slicing, bin }: SlicePlace): string {
  return `${slicing}.${bin}`;
}

/** The numbers in the file of the rows that a slice holds. */
export function rowsOf(table: SliceTable, { slicing, bin }: SlicePlace): Set<number> {
  const bins = table.slicings[slicing]!.bin.data;
  return new Set(table.row.data.filter((_, i) => bins[i] === bin));
}

/** What a bin holds: a value, numbers from low to high, or empty cells. */
export type Contents = { readonly value: string } | { readonly low: number; readonly high: number } | 'empty';

export function contentsOf(slicing: SlicingRecord, bin: number): Contents {
  const [low, high, value] = [slicing.low.data[bin]!, slicing.high.data[bin]!, slicing.value[bin]!];
  if (!Number.isNaN(low)) return { low, high };
  return value === '' ? 'empty' : { value };
}

/** 12 -> "12", 0.25 -> "0.25": as many digits as a number has, up to four that count. */
export function plain(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value).replace('-', '−');
  return String(Number(value.toPrecision(4))).replaceAll('-', '−');
}
