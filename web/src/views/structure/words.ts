// Titles and amounts of a structure as people read them.
import { integer, significant, start } from '../../core/format';
import { t } from '../../i18n/language.svelte';
import { modelName } from '../../math/names';
import { AMOUNTS, heatOf, isModule, ROOT, total, type Amount, type Heat, type Structure } from '../../math/structure';
import type { NdArray } from '../../core/container';

const LONGEST = 48;
const UNITS = { parameters: '', flops: 'FLOP', bytes: 'B', seconds: 's' } as const;
const PREFIXES = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const;

export function wordOf({ graph }: Structure, places: NdArray<Int32Array>, n: number): string {
  return graph.words[places.data[n]!] ?? '';
}

/** "attention.qkv: Linear", as seen from the frame around it. */
export function titleOf(structure: Structure, n: number): string {
  const { graph } = structure;
  const name = wordOf(structure, graph.name, n);
  if (n === ROOT) return start(modelName(name), LONGEST);
  if (!isModule(graph, n)) return start(name, LONGEST);
  const path = wordOf(structure, graph.path, n);
  const around = `${wordOf(structure, graph.path, graph.parent.data[n]!)}.`;
  const inner = around !== '.' && path.startsWith(around) ? path.slice(around.length) : path;
  return `${start(inner, LONGEST)}: ${start(name, LONGEST)}`;
}

/** "1.23 M FLOP"; nothing is a dash. */
export function amountText(value: number, amount: Amount): string {
  if (!(value > 0)) return '–';
  if (amount === 'seconds') return value < 1 ? `${significant(Number((value * 1e3).toPrecision(3)))} ms` : `${value.toPrecision(3)} s`;
  for (const [size, prefix] of PREFIXES) {
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${prefix}${UNITS[amount]}`;
  }
  return `${integer(value)} ${UNITS[amount]}`.trim();
}

/** What a box says of its heat; empty where there is nothing to say. */
export function heatText(structure: Structure, n: number, heat: Heat): string {
  const value = heatOf(structure, n, heat);
  if (!Number.isFinite(value) || heat === 'none') return '';
  if (heat === 'activation' || heat === 'gradient') return `σ ${significant(Number(value.toPrecision(3)))}`;
  return value > 0 ? amountText(value, heat) : '';
}

/** The sums of a node in one line. */
export function sumsText(structure: Structure, n: number): string {
  const [parameters, flops, bytes, seconds] = AMOUNTS.map((amount) => total(structure, n, amount)) as [number, number, number, number];
  return t('structure_sums', {
    parameters: integer(parameters),
    flops: amountText(flops, 'flops'),
    bytes: amountText(bytes, 'bytes'),
    seconds: amountText(seconds, 'seconds'),
  });
}
