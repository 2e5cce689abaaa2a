// Which component draws which record: a new view is one line here, its section in core/state.ts, and its words.
import type { Component } from 'svelte';
import type { Section } from '../core/state';
import type { Report, Roots } from '../records';
import Attention from './attention/Attention.svelte';
import Attribution from './attribution/Attribution.svelte';
import Calibration from './calibration/Calibration.svelte';
import Comparison from './diff/Comparison.svelte';
import Diff from './diff/Diff.svelte';
import Embeddings from './embeddings/Embeddings.svelte';
import Errors from './errors/Errors.svelte';
import Facts from './facts/Facts.svelte';
import Heads from './heads/Heads.svelte';
import Landscape from './landscape/Landscape.svelte';
import Lens from './lens/Lens.svelte';
import Guesses from './pretraining/Guesses.svelte';
import Score from './score/Score.svelte';
import Search from './search/Search.svelte';
import Structure from './structure/Structure.svelte';
import Training from './training/Training.svelte';

/** A section of the page: drawn by `component` from records of one kind. */
export interface View {
  readonly record: string;
  readonly section: Section;
  readonly component: Component<Record<string, unknown>>;
  props(record: unknown): Record<string, unknown>;
}

export const VIEWS: readonly View[] = [
  part('score', Score, ({ facts, score }) => ({ facts, score })),
  part('training', Training, ({ curves, facts }) => ({ curves, task: facts.task })),
  part('errors', Errors, ({ confusion, numbers, sets, tags, answers, slices, suspects, score }) => ({
    confusion, numbers, sets, tags, answers, slices, suspects, scored: score !== null,
  })),
  part('calibration', Calibration, ({ score }) => ({ calibration: score?.calibration ?? null })),
  part('facts', Facts, ({ facts, score }) => ({ facts, score })),
  view('PretrainingReport', 'score', Guesses),
  part('training', Training, ({ curves }) => ({ curves, judged: 'series_held_out' as const }), 'PretrainingReport'),
  part('facts', Facts, ({ facts, score, text }) => ({ facts, score, text }), 'PretrainingReport'),
  view('AttentionRecord', 'attention', Attention),
  view('AttentionSketch', 'attention', Attention),
  view('AttributionRecord', 'attribution', Attribution),
  view('EmbeddingsSketch', 'embeddings', Embeddings),
  view('HeadsRecord', 'heads', Heads),
  view('ComparisonRecord', 'diff', Comparison),
  view('DiffRecord', 'diff', Diff),
  view('MaskedRecord', 'lens', Lens),
  view('LandscapeRecord', 'landscape', Landscape),
  view('SearchRecord', 'search', Search),
  view('StructureSketch', 'structure', Structure),
];

/** A view of its own: the component takes the record as `record`. */
function view<K extends keyof Roots>(record: K, section: Section, component: Component<{ record: Roots[K] }>): View {
  return { record, section, component: component as never, props: (given) => ({ record: given }) };
}

/** A part of a report: the component takes what `props` picks. */
function part<P extends object, K extends 'Report' | 'PretrainingReport' = 'Report'>(
  section: Section,
  component: Component<P>,
  props: (report: Roots[K]) => P,
  record?: K,
): View {
  return { record: record ?? 'Report', section, component: component as never, props: props as never };
}

/** What names the model or run that a record is about; of two, the second. */
export function modelOf(record: unknown): string {
  const { model, model_b, second, facts } = record as Partial<Record<string, unknown>>;
  const run = (facts as Report['facts'] | undefined)?.run_id;
  return [model, model_b, second, run].find((each) => typeof each === 'string') as string | undefined ?? '';
}
