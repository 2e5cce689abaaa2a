// The verdict as a headline and what follows it, in the reader's language.
import type { RunFacts, Score, ScoreCard } from '../records';
import { outOfHundred, score as share, start } from '../core/format';
import { isKey, nameIn, translate, type Key, type Language } from '../i18n/strings';
import { isPercent } from './percents';

export interface Headline {
  readonly headline: string;
  /** What supports it, in the reader's language; empty when there is nothing more. */
  readonly support: string;
  /** The sentence of the run itself, where `support` does not already say it. */
  readonly original: string;
}

const OUTCOMES = new Map<string | null, Key>([
  ['better', 'outcome_better'],
  ['mixed', 'outcome_mixed'],
  ['same', 'outcome_same'],
  ['worse', 'outcome_worse'],
  ['collapsed', 'outcome_collapsed'],
  ['too-few', 'outcome_few'],
]);
const STATUSES = new Map<string, Key>([
  ['running', 'outcome_running'],
  ['stopped', 'outcome_stopped'],
]);
const LONGEST_HEADLINE = 180;
const LONGEST_TEXT = 700;

/** What is mixed about it, by the score that the verdict is about. */
const MIXED = new Map<string | null, Key>([
  ['rmse', 'outcome_mixed_rmse'],
  ['f1', 'outcome_mixed_f1'],
]);

/** The run's own words where they are in the reader's language, else ours with the run's words after them. */
export function headlineOf(facts: RunFacts, card: ScoreCard | null, language: Language): Headline {
  const ours = translate(language, keyOf(facts, card), { baseline: translate(language, rivalOf(card)) });
  const text = card?.verdict ?? '';
  if (language === 'en' && text) {
    const [, first = '', rest = ''] = /^(.*?[.!?])(?:\s+(.*))?$/su.exec(text) ?? [text, '', ''];
    if (first && first.length <= LONGEST_HEADLINE) {
      return { headline: first, support: start(rest, LONGEST_TEXT), original: '' };
    }
    return { headline: ours, support: start(text, LONGEST_TEXT), original: '' };
  }
  return { headline: ours, support: card ? comparison(facts, card, language) : '', original: start(text, LONGEST_TEXT) };
}

function keyOf(facts: RunFacts, card: ScoreCard | null): Key {
  if (card === null || card.contenders.length === 0) return STATUSES.get(facts.status) ?? 'outcome_none';
  const known = OUTCOMES.get(card.outcome);
  if (known) return known === 'outcome_mixed' ? (MIXED.get(card.judged_by) ?? known) : known;
  if (card.better === null) return 'outcome_none';
  return card.better ? 'outcome_better' : 'outcome_not_better';
}

/** The baseline that the verdict is about; of a run that does not say, nothing in particular. */
function rivalOf(card: ScoreCard | null): Key {
  return card?.rival && isKey(card.rival) ? card.rival : 'simple_baseline';
}

function comparison(facts: RunFacts, card: ScoreCard, language: Language): string {
  const metric = card.judged_by ?? '';
  const [model, rival] = ['model', card.rival].map((name) =>
    card.contenders.find((each) => each.name === name)?.scores.find((each) => each.metric === metric),
  );
  if (!model || !rival) return '';
  const digits = isPercent(facts.task, metric) ? outOfHundred : share;
  const written = ({ value, low, high }: Score) =>
    low === null || high === null
      ? digits(value)
      : translate(language, 'score_with_interval', { value: digits(value), low: digits(low), high: digits(high) });
  return translate(language, 'score_sentence', {
    metric: nameIn(language, metric),
    model: written(model),
    baseline: written(rival),
    name: translate(language, rivalOf(card)),
  });
}
