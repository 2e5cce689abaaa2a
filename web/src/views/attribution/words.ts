// What the lie detector found, in a sentence of the reader's language; in English the very sentence of the record.
import { score, start } from '../../core/format';
import { language, name, t } from '../../i18n/language.svelte';
import { isKey, type Key } from '../../i18n/strings';
import { bandOf, comprehensiveness } from '../../math/aopc';
import type { AttributionRecord, MethodScores } from '../../records';

const LONGEST = 60;
/** Told apart by their shapes, not by colour alone. */
const SIGNS = new Map([
  ['better', '✓'],
  ['mixed', '◐'],
  ['unsure', '?'],
  ['no-better', '≈'],
  ['worse', '✗'],
  ['few', '…'],
  ['flat', '–'],
  ['empty', '∅'],
]);

export function signOf(outcome: string): string {
  return SIGNS.get(outcome) ?? '·';
}

/** Whether the outcome is a warning. */
export function isDoubtful(outcome: string): boolean {
  return outcome === 'no-better' || outcome === 'worse';
}

export function methodName(method: string): string {
  return worded('method', method) ?? start(name(method), LONGEST);
}

export function methodSays(method: string): string {
  return worded('says', method) ?? '';
}

export function shortOutcome(outcome: string): string {
  return worded('short', outcome) ?? start(outcome, LONGEST);
}

/** How many tokens can be taken away. */
export function numContent(record: AttributionRecord): number {
  return record.counts.data[record.counts.data.length - 1] ?? 0;
}

export function headline(record: AttributionRecord, { outcome }: MethodScores): string {
  return worded('attributed', outcome, { count: numContent(record) }) ?? start(outcome, LONGEST);
}

/** The figures behind the headline; empty where there are none. */
export function details(record: AttributionRecord, method: MethodScores): string {
  const [comma, stop] = language() === 'zh' ? ['；', '。'] : ['; ', '.'];
  const unit = t(record.unit === 'value' ? 'unit_value' : 'unit_probability');
  const label = start(record.target, LONGEST);
  if (method.outcome === 'empty') return '';
  if (method.outcome === 'flat') return t('attributed_flat_detail', { unit, label }) + stop;
  const numbers = t('attributed_numbers', {
    unit,
    label,
    drop: score(method.comprehensiveness),
    usual: score(comprehensiveness(bandOf(record.random_deletion).mean)),
  });
  if (method.outcome === 'few') return numbers + stop;
  return numbers + comma + beats(record, method) + stop;
}

export function warningsOf({ warnings, randomised, residual }: MethodScores): string[] {
  const said = new Map([
    ['untaught', t('attributed_untaught', { value: (randomised ?? NaN).toFixed(2).replace('-', '−') })],
    ['inexact', t('attributed_inexact', { value: score(residual ?? NaN) })],
  ]);
  return warnings.flatMap((warning) => said.get(warning) ?? []);
}

function beats(record: AttributionRecord, method: MethodScores): string {
  const count = record.random_deletion.shape[0] ?? 0;
  return t('attributed_beats', {
    count,
    masking: (method.beaten_by_deletion * count).toFixed(0),
    back: (method.beaten_by_insertion * count).toFixed(0),
  });
}

function worded(kind: string, text: string, values?: Record<string, string | number>): string | null {
  const key = `${kind}_${text.replace('-', '_')}`;
  return isKey(key) ? t(key as Key, values) : null;
}
