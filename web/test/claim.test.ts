import { describe, expect, test } from 'vitest';
import { claimOf } from '../src/math/claim';
import type { SearchRecord } from '../src/records';

describe('what a search claims', () => {
  const evidence = {
    metric: 'rmse', rows: 1379, defaults: 0.6512, tuned: 0.633, difference: -0.0182, low: -0.0301, high: -0.00521, p_value: 0.000213, by_seed: [-0.0182],
  };
  const record = (reason: string | null, found: object | null = evidence) =>
    ({ outcome: 'no better', reason, claim: 'The words of the run.', evidence: found }) as unknown as SearchRecord;

  test('is a headline and its figures, each in the language', () => {
    expect(claimOf(record('proved'), 'en')).toEqual({
      headline: 'Better than the defaults.',
      support:
        'Root mean squared error 0.6512 with the defaults and 0.633 tuned, on the same 1,379 rows: −0.0182 (95\u00a0% interval −0.0301 to −0.00521), p = 2.13e−4.',
      original: '',
    });
    expect(claimOf(record('proved'), 'zh')).toEqual({
      headline: '优于默认设置。',
      support: '在同样的 1,379 条样本上，均方根误差为 0.6512（默认设置）与 0.633（调优后）：相差 −0.0182（95\u00a0% 区间 −0.0301 至 −0.00521），p = 2.13e−4。',
      original: '',
    });
  });

  test('names every seed where there are several', () => {
    const several = record('seeds disagree', { ...evidence, by_seed: [-0.0182, 0.004] });
    expect(claimOf(several, 'en').support).toMatch(/ By seed: −0\.0182, \+0\.004\.$/u);
    expect(claimOf(several, 'zh').support).toMatch(/。各随机种子：−0\.0182，\+0\.004。$/u);
  });

  test('says how many rows were too few', () => {
    expect(claimOf(record('too few rows', { ...evidence, rows: 20 }), 'en').headline).toContain('20 evaluation rows');
  });

  test('rests on nothing where nothing was compared', () => {
    for (const language of ['en', 'zh'] as const) {
      for (const reason of ['none ahead', 'one trial']) {
        const { headline, support, original } = claimOf(record(reason, null), language);
        expect([headline.length > 10, support, original]).toEqual([true, '', '']);
      }
    }
  });

  test.each([null, 'toString', 'of a later version'])("of the reason %j is the outcome and the run's own words", (reason) => {
    expect(claimOf(record(reason), 'en')).toEqual({
      headline: 'No better than the defaults.', support: '', original: 'The words of the run.',
    });
    expect(claimOf({ ...record(reason), outcome: 'toString' }, 'en').headline).toBe('This run has no verdict.');
  });
});
