// Which of the rows that changed from one run to another are shown.
import type { ChangedRow } from '../records';

/** The rows of a kind in which every word that is looked for stands, in their order. */
export function picked(rows: readonly ChangedRow[], kind: 'all' | 'better' | 'worse', find: string): ChangedRow[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (kind !== 'all' && row.better !== (kind === 'better')) return false;
    const text = `${row.row} ${row.text} ${row.label} ${row.first} ${row.second}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
