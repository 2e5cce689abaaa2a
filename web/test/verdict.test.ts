import { describe, expect, test } from 'vitest';
import { headlineOf } from '../src/math/verdict';
import type { RunFacts, ScoreCard } from '../src/records';

describe('headline', () => {
  const facts = { status: 'finished' } as RunFacts;
  const scores = [{ metric: 'accuracy', value: 0.9, low: 0.88, high: 0.92 }];
  const card = {
    contenders: [{ name: 'model', scores }, { name: 'tfidf', scores }],
    better: true,
    outcome: 'better',
    verdict: 'Better than TF-IDF + logistic regression. Accuracy 0.9 against 0.8.',
  } as unknown as ScoreCard;

  test("is the run's own first sentence in its language", () => {
    expect(headlineOf(facts, card, 'en')).toEqual({
      headline: 'Better than TF-IDF + logistic regression.',
      support: 'Accuracy 0.9 against 0.8.',
      original: '',
    });
  });

  test('is ours in Chinese, with the numbers and the original below', () => {
    const { headline, support, original } = headlineOf(facts, card, 'zh');
    expect(headline).toBe('优于 TF-IDF + 逻辑回归。');
    expect(support).toContain('0.900 [0.880, 0.920]');
    expect(original).toBe(card.verdict);
  });

  test('of a run without a score says what the run is doing', () => {
    expect(headlineOf({ ...facts, status: 'running' }, null, 'en').headline).toBe('Training is still running.');
    expect(headlineOf({ ...facts, status: 'stopped' }, null, 'en').headline).toContain('stopped');
    expect(headlineOf(facts, null, 'en').headline).toBe('This run has no verdict.');
  });

  test('never says better without being told so', () => {
    const unsure = { ...card, outcome: null, better: false, verdict: null };
    expect(headlineOf(facts, unsure, 'en').headline).toBe('Not shown to be better than TF-IDF + logistic regression.');
    expect(headlineOf(facts, { ...unsure, outcome: 'toString', better: null }, 'en').headline).toBe('This run has no verdict.');
  });

  test('of an endless sentence is short', () => {
    const long = { ...card, verdict: 'x'.repeat(9000) };
    const { headline, support } = headlineOf(facts, long, 'en');
    expect(headline).toBe('Better than TF-IDF + logistic regression.');
    expect(support.length).toBeLessThan(800);
  });
});
