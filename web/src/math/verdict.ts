// The verdict as a headline and what follows it, in the reader's language.
import type { RunFacts, ScoreCard } from '../records';
import { score as digits, start } from '../core/format';
import { translate, type Key, type Language } from '../i18n/strings';

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
  return { headline: ours, support: card ? comparison(card, language) : '', original: start(text, LONGEST_TEXT) };
}

function keyOf(facts: RunFacts, card: ScoreCard | null): Key {
  if (card === null || card.contenders.length === 0) return STATUSES.get(facts.status) ?? 'outcome_none';
  const known = OUTCOMES.get(card.outcome);
  if (known) return known;
  if (card.better === null) return 'outcome_none';
  return card.better ? 'outcome_better' : 'outcome_not_better';
}

/** The baseline that the verdict is about. */
function rivalOf(card: ScoreCard | null): Key {
  const names = new Set(card?.contenders.map((contender) => contender.name));
  return (['tfidf_ridge', 'tfidf_sets'] as const).find((name) => names.has(name)) ?? 'tfidf';
}

function comparison(card: ScoreCard, language: Language): string {
  const metric = (['accuracy', 'rmse', 'micro_f1'] as const).find((each) =>
    card.contenders[0]?.scores.some((score) => score.metric === each),
  );
  const [model, ...others] = card.contenders.map((contender) => ({
    name: contender.name,
    score: contender.scores.find((each) => each.metric === metric),
  }));
  const rival = others.find((other) => other.name === rivalOf(card)) ?? others[0];
  if (!metric || !model?.score || !rival?.score) return '';
  const written = [model.score, rival.score].map(({ value, low, high }) =>
    low === null || high === null
      ? digits(value)
      : translate(language, 'score_with_interval', { value: digits(value), low: digits(low), high: digits(high) }),
  );
  return translate(language, 'score_sentence', {
    metric: translate(language, metric),
    model: written[0]!,
    baseline: written[1]!,
    name: translate(language, rivalOf(card)),
  });
}
