// Scores that are given in percent, not as shares: those of answers, as SQuAD has them.
const ANSWERS = new Set(['exact_match', 'f1', 'has_answer_f1', 'no_answer_f1']);

export function isPercent(task: string | null, metric: string): boolean {
  return task === 'question-answering' && ANSWERS.has(metric);
}
