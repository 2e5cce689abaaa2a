// Words of the page of two compared runs.
export const COMPARISON = {
  compare_note: {
    en: 'Two runs judged on the same rows. Right and wrong rows are counted in pairs, so that rows hard for both cancel out; intervals are a paired bootstrap, 95\u00a0%.',
    zh: '在同一批样本上评判的两次训练。逐行成对比较，对两者都难的样本相互抵消；区间为成对自助法的 95\u00a0% 区间。',
  },
  compare_rows: { en: '{n} rows in both', zh: '共有 {n} 行' },
  compare_left: { en: '{first} rows only in A and {second} only in B are left out', zh: '仅 A 有的 {first} 行和仅 B 有的 {second} 行未计入' },
  compare_score: { en: 'Score', zh: '得分' },
  compare_interval: { en: '95\u00a0% interval', zh: '95\u00a0% 区间' },
  compare_test: { en: '{test} ({metric}): p = {p}', zh: '{test}（{metric}）：p = {p}' },
  compare_show: { en: 'Which rows', zh: '显示哪些行' },
  compare_all: { en: 'All that changed, {n}', zh: '全部变化 {n}' },
  compare_better: { en: 'B better, {n}', zh: 'B 更好 {n}' },
  compare_worse: { en: 'B worse, {n}', zh: 'B 更差 {n}' },
  compare_label: { en: 'Right', zh: '正确答案' },
  compare_listed: { en: '{shown} of {held} rows are listed.', zh: '列出 {held} 行中的 {shown} 行。' },
  compare_cut: { en: 'The page holds the {held} largest changes of {total}.', zh: '本页只存 {total} 处变化中最大的 {held} 处。' },
  compare_none: { en: 'No row fits.', zh: '没有符合的行。' },
  f1: { en: 'F1', zh: 'F1' },
  precision: { en: 'Precision', zh: '精确率' },
  recall: { en: 'Recall', zh: '召回率' },
  exact_match: { en: 'Exact match', zh: '完全匹配' },
} as const;
