// What the comparison of two runs says, in the reader's language.
import { significant, signed } from '../core/format';
import { nameIn, translate, type Key, type Language } from '../i18n/strings';
import type { ComparisonRecord } from '../records';

const OUTCOMES = new Map<string, Key>([
  ['same answers', 'compare_same'],
  ['too few', 'compare_few'],
  ['not distinguishable', 'compare_unproved'],
  ['first better', 'compare_first'],
  ['second better', 'compare_second'],
]);

/** The record's own words in English, and of an outcome that is not known here; else ours, of its figures. */
export function comparedIn(record: ComparisonRecord, language: Language): string {
  const key = OUTCOMES.get(record.outcome);
  const test = record.tests[0];
  const score = record.scores.find((each) => each.metric === test?.about);
  if (language === 'en' || !key || !test || !score) return record.verdict;
  const figures = translate(language, 'compare_figures', {
    metric: nameIn(language, score.metric),
    first: significant(score.first),
    second: significant(score.second),
    difference: signed(score.difference),
    low: signed(score.low),
    high: signed(score.high),
    p: significant(Number(test.p_value.toPrecision(3))),
  });
  return `${translate(language, key)}${figures}`;
}
