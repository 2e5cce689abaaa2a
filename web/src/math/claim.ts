// What a search claims, as a headline and what it rests on, in the reader's language.
import { integer, significant, signed } from '../core/format';
import { nameIn, translate, type Key, type Language } from '../i18n/strings';
import type { Evidence, SearchRecord } from '../records';
import type { Headline } from './verdict';

const REASONS = new Map<string | null, Key>([
  ['proved', 'search_better'],
  ['not proved', 'search_no_better'],
  ['too few rows', 'search_few'],
  ['seeds disagree', 'search_disagree'],
  ['none ahead', 'search_none_ahead'],
  ['one trial', 'search_one_trial'],
]);
const OUTCOMES = new Map<string, Key>([
  ['better', 'search_better'],
  ['no better', 'search_no_better'],
  ['not searched', 'search_none'],
]);

/** Made of the record's facts; of a run that notes no reason, its outcome with its own words after it. */
export function claimOf(record: SearchRecord, language: Language): Headline {
  const { evidence } = record;
  const key = REASONS.get(record.reason);
  if (!key) {
    const headline = translate(language, OUTCOMES.get(record.outcome) ?? 'outcome_none');
    return { headline, support: '', original: record.claim };
  }
  const headline = translate(language, key, { rows: integer(evidence?.rows ?? 0) });
  return { headline, support: evidence ? figures(evidence, language) : '', original: '' };
}

function figures(found: Evidence, language: Language): string {
  const said = translate(language, 'search_figures', {
    metric: nameIn(language, found.metric),
    rows: integer(found.rows),
    defaults: significant(found.defaults),
    tuned: significant(found.tuned),
    difference: signed(found.difference),
    low: signed(found.low),
    high: signed(found.high),
    p: significant(Number(found.p_value.toPrecision(3))),
  });
  if (found.by_seed.length < 2) return said;
  const listed = found.by_seed.map(signed).join(translate(language, 'comma'));
  return said + translate(language, 'search_seeds', { listed });
}
