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
    rival: 'tfidf',
    judged_by: 'accuracy',
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

  test('names the rival and the score that the verdict is about, whatever else was scored', () => {
    const f1 = (value: number) => [...scores, { metric: 'f1', value, low: null, high: null }];
    const tags = {
      ...card,
      contenders: ['model', 'tfidf', 'remembered_entities'].map((name, i) => ({ name, scores: f1(40 - 10 * i) })),
      rival: 'remembered_entities',
      judged_by: 'f1',
    };
    const said = headlineOf(facts, tags, 'zh');
    expect(said.headline).toBe('优于词典匹配（训练数据中的实体）。');
    expect(said.support).toBe('F1 40.000；词典匹配（训练数据中的实体）20.000。');
    const asked = { ...facts, task: 'question-answering' };
    const answers = { ...tags, rival: 'overlap', contenders: tags.contenders.map((each, i) => (i === 2 ? { ...each, name: 'overlap' } : each)) };
    expect(headlineOf(asked, answers, 'zh').support).toBe('F1 40.0\u00a0%；词语重合 20.0\u00a0%。');
    expect(headlineOf(asked, { ...answers, outcome: 'mixed' }, 'zh').headline).toBe('比词语重合更接近正确答案，但完全匹配的更少。');
  });

  test('of a run that does not say its rival names none', () => {
    const old = { ...card, rival: null, judged_by: null };
    expect(headlineOf(facts, old, 'zh')).toMatchObject({ headline: '优于简单基线。', support: '' });
    expect(headlineOf(facts, { ...old, rival: 'toString' }, 'zh').headline).toBe('优于简单基线。');
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
