// What is drawn of a structure: which modules are frames, which are boxes, and the arrows between boxes. The same rules
// as src/glassbert/lens/structuring/drawing.py, for any choice of open modules; a test compares the two.
import type { GraphSketch } from '../records';

export const ROOT = 0;
export const HEATS = ['none', 'parameters', 'flops', 'bytes', 'seconds', 'activation', 'gradient'] as const;
export type Heat = (typeof HEATS)[number];
const [MODULE, , VIEW, INPUT] = [0, 1, 2, 3];
// How the standard deviation stands in a row of statistics: mean, deviation, lowest, highest.
const DEVIATION = 1;
const NUMBERS = { parameters: 'num_parameters', flops: 'flops', bytes: 'activation_bytes', seconds: 'seconds' } as const;
export type Amount = keyof typeof NUMBERS;
export const AMOUNTS = Object.keys(NUMBERS) as Amount[];

/** A graph with what is looked up in it again and again. */
export interface Structure {
  readonly graph: GraphSketch;
  readonly size: number;
  /** For every node, the number that follows its subtree. */
  readonly ends: Int32Array;
  readonly depth: Int32Array;
  /** Whether a module calls modules, so that it can be opened. */
  readonly callers: Uint8Array;
  /** Sums of all nodes before a node. */
  readonly sums: Record<Amount, Float64Array>;
  /** How many nodes before a node are worth a box. */
  readonly solid: Int32Array;
}

export function structureOf(graph: GraphSketch): Structure {
  const size = graph.kind.data.length;
  const [ends, depth, callers, solid] = [new Int32Array(size), new Int32Array(size), new Uint8Array(size), new Int32Array(size + 1)];
  for (let n = 0; n < size; n++) {
    const parent = graph.parent.data[n]!;
    ends[n] = n + 1;
    if (parent >= 0) depth[n] = depth[parent]! + 1;
    if (parent >= 0 && isModule(graph, n)) callers[parent] = 1;
    const kind = graph.kind.data[n]!;
    solid[n + 1] = solid[n]! + (graph.num_parameters.data[n]! > 0 || (kind !== MODULE && kind !== VIEW) ? 1 : 0);
  }
  for (let n = size - 1; n > ROOT; n--) {
    const parent = graph.parent.data[n]!;
    ends[parent] = Math.max(ends[parent]!, ends[n]!);
  }
  const sums = Object.fromEntries(AMOUNTS.map((amount) => [amount, summed(graph[NUMBERS[amount]].data)]));
  return { graph, size, ends, depth, callers, solid, sums: sums as Record<Amount, Float64Array> };
}

function summed(own: Float64Array): Float64Array {
  const sums = new Float64Array(own.length + 1);
  own.forEach((value, n) => (sums[n + 1] = sums[n]! + value));
  return sums;
}

export function isModule(graph: GraphSketch, n: number): boolean {
  return graph.kind.data[n] === MODULE;
}

export function isInput(graph: GraphSketch, n: number): boolean {
  return graph.kind.data[n] === INPUT;
}

/** The sum over a node and all that lies in it. */
export function total({ sums, ends }: Structure, n: number, amount: Amount): number {
  return sums[amount][ends[n]!]! - sums[amount][n]!;
}

/** What colours a node; NaN where that was not recorded. */
export function heatOf(structure: Structure, n: number, heat: Heat): number {
  if (heat === 'none') return NaN;
  if (heat === 'activation' || heat === 'gradient') return structure.graph[heat].data[4 * n + DEVIATION]!;
  return total(structure, n, heat);
}

/** The heats that were recorded. */
export function heatsOf(structure: Structure): Heat[] {
  return HEATS.filter((heat) => heat === 'none' || heatOf(structure, ROOT, heat) > 0 || spread(structure, heat));
}

function spread({ graph }: Structure, heat: Heat): boolean {
  return (heat === 'activation' || heat === 'gradient') && graph[heat].data.some(Number.isFinite);
}

export interface Look {
  /** Modules whose inside is drawn; of equal layers the first one's numbers count when they are folded. */
  readonly open: ReadonlySet<number>;
  readonly folded: boolean;
}

export interface Arrow {
  readonly source: number;
  readonly target: number;
  /** From a layer to the next of the same form. */
  readonly loop: boolean;
}

/** A frame (an open module) or a box, in the order of the pass; `times` layers of this form follow one another. */
export interface Item {
  readonly number: number;
  readonly isFrame: boolean;
  readonly openable: boolean;
  /** The item around it; -1 for the model. */
  readonly parent: number;
  readonly depth: number;
  readonly times: number;
}

export interface Plan {
  readonly items: readonly Item[];
  readonly arrows: readonly Arrow[];
  /** For every node the frame or box in which it is seen. */
  readonly seenAs: Int32Array;
  /** The run of equal layers that a node stands for, by its first node; -1 where it stands for itself. */
  readonly run: Int32Array;
}

export function planOf(structure: Structure, look: Look): Plan {
  const { graph, size } = structure;
  const folds = foldsOf(structure, look.folded);
  const box = boxesOf(structure, look, folds);
  const items = itemsOf(structure, look, folds, box);
  const seenAs = new Int32Array(size).map((_, n) => folds.alias[box[n]!]!);
  const made = makersOf(structure, box);
  const arrows = new Map<string, Arrow>();
  const edges = graph.edges.data;
  for (let e = 0; e < edges.length; e += 2) {
    const target = edges[e + 1]!;
    if (!isSeen(graph, box, target)) continue;
    for (const maker of made(edges[e]!)) {
      const [one, two] = [box[maker]!, box[target]!];
      if (one === two) continue;
      const loop = folds.run[one] === folds.run[two] && folds.layer[one] !== folds.layer[two];
      const arrow = { source: folds.alias[one]!, target: folds.alias[two]!, loop };
      arrows.set(`${arrow.source} ${arrow.target} ${loop}`, arrow);
    }
  }
  return { items, arrows: [...arrows.values()], seenAs, run: folds.run };
}

interface Folds {
  readonly alias: Int32Array;
  readonly run: Int32Array;
  readonly layer: Int32Array;
  readonly count: ReadonlyMap<number, number>;
}

function foldsOf({ graph, size }: Structure, folded: boolean): Folds {
  const alias = new Int32Array(size).map((_, n) => n);
  const [run, layer, count] = [new Int32Array(size).fill(-1), new Int32Array(size), new Map<number, number>()];
  for (const [first, nodes, layers] of folded ? runsOf(graph) : []) {
    count.set(first, layers);
    for (let n = first; n < first + nodes * layers; n++) {
      layer[n] = Math.floor((n - first) / nodes);
      alias[n] = n - layer[n]! * nodes;
      run[n] = first;
    }
  }
  return { alias, run, layer, count };
}

/** Runs of equal layers: the first node, nodes of a layer, layers. */
export function runsOf(graph: GraphSketch): [number, number, number][] {
  const { data, shape } = graph.runs;
  return Array.from({ length: shape[0]! }, (_, i) => [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!]);
}

function isClosed({ graph, callers }: Structure, open: ReadonlySet<number>, alias: Int32Array, n: number): boolean {
  return n !== ROOT && isModule(graph, n) && !(callers[n] && open.has(alias[n]!));
}

/** For every node the outermost closed module round it, or itself. */
function boxesOf(structure: Structure, { open }: Look, { alias }: Folds): Int32Array {
  const box = new Int32Array(structure.size);
  for (let n = 1; n < structure.size; n++) {
    const outside = box[structure.graph.parent.data[n]!]!;
    box[n] = isClosed(structure, open, alias, outside) ? outside : n;
  }
  return box;
}

function itemsOf(structure: Structure, { open }: Look, { alias, count }: Folds, box: Int32Array): Item[] {
  const { graph, ends, solid, callers } = structure;
  const isBox = (n: number) =>
    box[n] === n && alias[n] === n && solid[ends[n]!]! > solid[n]! && (!isModule(graph, n) || isClosed(structure, open, alias, n));
  const kinds = new Map<number, boolean>();
  for (let n = 1; n < structure.size; n++) {
    if (!isBox(n)) continue;
    kinds.set(n, false);
    for (let around = graph.parent.data[n]!; around >= 0 && !kinds.has(around); around = graph.parent.data[around]!) {
      kinds.set(around, true);
    }
  }
  kinds.set(ROOT, true);
  return [...kinds]
    .sort(([one], [two]) => one - two)
    .map(([number, isFrame]) => ({
      number,
      isFrame,
      openable: number !== ROOT && callers[number] === 1,
      parent: graph.parent.data[number]!,
      depth: structure.depth[number]!,
      times: count.get(number) ?? 1,
    }));
}

function isSeen(graph: GraphSketch, box: Int32Array, n: number): boolean {
  return box[n] !== n || graph.kind.data[n] !== VIEW;
}

/** Where the result of a node is seen to come from: views pass on what they were given. */
function makersOf({ graph, size }: Structure, box: Int32Array): (n: number) => Iterable<number> {
  const passed = new Map<number, Set<number>>();
  for (let n = 0; n < size; n++) if (!isSeen(graph, box, n)) passed.set(n, new Set());
  const edges = graph.edges.data; // sorted by source: every view is complete in time
  for (let e = 0; e < edges.length; e += 2) {
    const into = passed.get(edges[e + 1]!);
    if (into) for (const maker of passed.get(edges[e]!) ?? [edges[e]!]) into.add(maker);
  }
  return (n) => passed.get(n) ?? [n];
}

/** All modules that can be opened, down to a depth as the command line counts it; null is all. */
export function openTo({ callers, depth, size }: Structure, most: number | null): Set<number> {
  const open = new Set<number>();
  for (let n = 1; n < size; n++) if (callers[n] && (most === null || depth[n]! < most)) open.add(n);
  return open;
}

/** As much open as leaves at most `most` boxes, layer by layer of the nesting. */
export function openFor(structure: Structure, folded: boolean, most: number): Set<number> {
  const deepest = Math.max(...structure.depth);
  let open = openTo(structure, 1);
  for (let depth = 2; depth <= deepest; depth++) {
    const wider = openTo(structure, depth);
    const boxes = planOf(structure, { open: wider, folded }).items.filter((item) => !item.isFrame).length;
    if (boxes > most) break;
    open = wider;
  }
  return open;
}

/** The node that stands for `n` in a layer of the attention view, where `n` is one of several equal layers. */
export function inLayer({ graph }: Structure, n: number, layer: number | null): number {
  for (const [first, nodes, layers] of layer === null ? [] : runsOf(graph)) {
    const base = graph.layer.data[first]!;
    const away = (layer ?? 0) - base;
    if (n >= first && n < first + nodes && base >= 0 && away >= 0 && away < layers) return n + away * nodes;
  }
  return n;
}

/** The node of a layer's outermost module; -1 where no module is that layer. */
export function blockOf({ graph, size }: Structure, layer: number | null): number {
  if (layer === null) return -1;
  for (let n = 0; n < size; n++) if (graph.layer.data[n] === layer && isModule(graph, n)) return n;
  return -1;
}
