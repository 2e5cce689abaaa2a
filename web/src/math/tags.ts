// Tagged words: what became of every entity, which sentences a filter leaves, and the scores of every type.
import type { TagRows } from '../records';
import type { Marked } from './stretches';

/** In the order of `glassbert.tasks.tag_outcomes.OUTCOMES`. */
export const FATES = ['right', 'type', 'border', 'both', 'alone'] as const;
export const TAG_FILTERS = ['wrong', 'all', 'missed', 'invented', 'type', 'border'] as const;

export type Fate = (typeof FATES)[number];
export type TagFilter = (typeof TAG_FILTERS)[number];

export interface Entity extends Marked {
  readonly index: number;
  readonly type: number;
  readonly fate: Fate;
  /** The type that the other side gives to the same words; the number of types where it gives none. */
  readonly met: number;
}

/** The entities of every sentence, given ones first. */
export function entitiesOf(tags: TagRows): Entity[][] {
  const found: Entity[][] = tags.text.map(() => []);
  tags.sentence.data.forEach((sentence, index) => {
    found[sentence]!.push({
      index,
      said: tags.predicted.data[index] === 1,
      type: tags.type.data[index]!,
      start: tags.start.data[index]!,
      end: tags.end.data[index]!,
      fate: FATES[tags.outcome.data[index]!]!,
      met: tags.met.data[index]!,
    });
  });
  return found;
}

/** How a filter calls an entity. */
export function filterOf({ said, fate }: Entity): TagFilter | null {
  if (fate === 'alone') return said ? 'invented' : 'missed';
  if (fate === 'border') return 'border';
  return fate === 'right' ? null : 'type';
}

export interface Wanted {
  readonly filter: TagFilter;
  /** A cell of the table of types: of the same words, true and predicted type. */
  readonly truth: number | null;
  readonly predicted: number | null;
  readonly find: string;
}

/** Sentences that hold what is wanted, those with most wrong entities first. */
export function sentencesOf(tags: TagRows, entities: readonly Entity[][], wanted: Wanted): number[] {
  const none = tags.types.length;
  const { truth, predicted } = wanted;
  const inCell = ({ said, type, met }: Entity) =>
    truth === none ? said && met === none && type === predicted : !said && type === truth && met === predicted;
  const holds = (of: readonly Entity[]) => {
    if (truth !== null && predicted !== null) return of.some(inCell);
    if (wanted.filter === 'all') return true;
    return of.some((each) => (wanted.filter === 'wrong' ? each.fate !== 'right' : filterOf(each) === wanted.filter));
  };
  const find = wanted.find.toLowerCase();
  const wrong = entities.map((of) => of.filter(({ fate }) => fate !== 'right').length);
  return entities
    .map((_, i) => i)
    .filter((i) => holds(entities[i]!) && (find === '' || tags.text[i]!.toLowerCase().includes(find)))
    .sort((a, b) => wrong[b]! - wrong[a]! || tags.row.data[a]! - tags.row.data[b]!);
}

export interface OfType {
  readonly number: number;
  readonly actual: number;
  readonly said: number;
  /** hits / said, hits / actual and 2 hits / (said + actual); NaN where nothing is counted. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly fates: readonly number[];
}

/** Every type, the commonest first. */
export function ofTypes({ types, actual, said, hits, fate }: TagRows): OfType[] {
  return types
    .map((_, number) => {
      const [a, s, h] = [actual.data[number]!, said.data[number]!, hits.data[number]!];
      const fates = [...fate.data.slice(number * FATES.length, (number + 1) * FATES.length)];
      return { number, actual: a, said: s, precision: h / s, recall: h / a, f1: (2 * h) / (s + a), fates };
    })
    .sort((a, b) => b.actual - a.actual || a.number - b.number);
}
