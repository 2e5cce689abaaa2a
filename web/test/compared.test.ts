import { describe, expect, test } from 'vitest';
import { comparedIn } from '../src/math/compared';
import type { ComparisonRecord } from '../src/records';

describe('what a comparison says', () => {
  const score = { metric: 'accuracy', first: 0.75, second: 0.875, difference: 0.125, low: 0.0625, high: 0.1875 };
  const record = {
    outcome: 'second better',
    verdict: 'runs/two is better. Accuracy 0.75 and 0.875.',
    scores: [{ ...score, metric: 'mcc', first: 0.5 }, score],
    tests: [{ name: "McNemar's exact test", about: 'accuracy', p_value: 0.0078125 }],
  } as unknown as ComparisonRecord;

  test('is its own sentence in English', () => {
    expect(comparedIn(record, 'en')).toBe(record.verdict);
  });

  test('has the figures of the score that the test is about in Chinese', () => {
    expect(comparedIn(record, 'zh')).toBe(
      'B 更好。准确率 0.75 与 0.875：+0.125（95\u00a0% 区间 +0.0625 至 +0.1875），p = 0.00781。',
    );
  });

  test('is kept as it is where the outcome or its score is unknown', () => {
    expect(comparedIn({ ...record, outcome: 'toString' }, 'zh')).toBe(record.verdict);
    expect(comparedIn({ ...record, scores: [] }, 'zh')).toBe(record.verdict);
    expect(comparedIn({ ...record, tests: [] }, 'zh')).toBe(record.verdict);
  });
});
