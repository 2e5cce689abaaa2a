import { describe, expect, test } from 'vitest';
import type { NdArray } from '../src/core/container';
import { dotOf, layoutOf } from '../src/math/layout';
import { blockOf, heatsOf, inLayer, openFor, openTo, planOf, structureOf, total } from '../src/math/structure';
import type { GraphSketch } from '../src/records';

const ints = (values: number[], ...shape: number[]): NdArray<Int32Array> => ({ data: Int32Array.from(values), shape });
const floats = (values: number[]): NdArray<Float64Array> => ({ data: Float64Array.from(values), shape: [values.length] });

// model [ given, blocks.0 [ linear [ addmm ], view ], blocks.1 [ linear [ addmm ], view ] ]: node numbers from 0
const KIND = [0, 3, 0, 0, 1, 2, 0, 0, 1, 2];
const PARENT = [-1, 0, 0, 2, 3, 2, 0, 6, 7, 6];
const graph: GraphSketch = {
  words: [],
  kind: { data: Uint8Array.from(KIND), shape: [10] },
  parent: ints(PARENT, 10),
  layer: ints([-1, -1, 0, 0, 0, 0, 1, 1, 1, 1], 10),
  path: ints(Array(10).fill(-1), 10), name: ints(Array(10).fill(-1), 10), given: ints(Array(10).fill(-1), 10),
  made: ints(Array(10).fill(-1), 10), dtype: ints(Array(10).fill(-1), 10), parameters: ints(Array(10).fill(-1), 10),
  tied: ints(Array(10).fill(-1), 10),
  num_parameters: floats([1, 0, 0, 6, 0, 0, 0, 6, 0, 0]),
  flops: floats([0, 0, 0, 0, 20, 0, 0, 0, 20, 0]),
  activation_bytes: floats([0, 0, 0, 0, 8, 0, 0, 0, 8, 0]),
  seconds: floats([0, 0, 0, 0, 0.5, 0.25, 0, 0, 1, 0.25]),
  activation: { data: new Float32Array(40).fill(NaN), shape: [10, 4] },
  gradient: { data: new Float32Array(40).fill(NaN), shape: [10, 4] },
  edges: ints([1, 4, 4, 5, 5, 8, 8, 9], 4, 2),
  runs: ints([2, 4, 2], 1, 3),
};
const structure = structureOf(graph);
const numbers = (open: number[], folded: boolean) => planOf(structure, { open: new Set(open), folded });

describe('the plan of a structure', () => {
  test('sums a subtree, and the whole once', () => {
    expect(total(structure, 0, 'parameters')).toBe(13);
    expect(total(structure, 6, 'seconds')).toBe(1.25);
    expect(heatsOf(structure)).toEqual(['none', 'parameters', 'flops', 'bytes', 'seconds']);
  });

  test('draws equal layers once, with an arrow to the next', () => {
    const { items, arrows } = numbers([2], true);
    expect(items.map(({ number, isFrame, times }) => [number, isFrame, times])).toEqual([
      [0, true, 1], [1, false, 1], [2, true, 2], [3, false, 1],
    ]);
    // the view between the layers is passed through
    expect(arrows).toEqual([{ source: 1, target: 3, loop: false }, { source: 3, target: 3, loop: true }]);
  });

  test('unfolds, and closes each layer by itself', () => {
    const { items, arrows } = numbers([2], false);
    expect(items.map(({ number }) => number)).toEqual([0, 1, 2, 3, 6]);
    expect(arrows).toEqual([{ source: 1, target: 3, loop: false }, { source: 3, target: 6, loop: false }]);
    expect(items.at(-1)).toMatchObject({ isFrame: false, openable: true, parent: 0, depth: 1 });
  });

  test('knows layers, and how much to open', () => {
    expect([inLayer(structure, 3, 1), inLayer(structure, 3, null), inLayer(structure, 3, 7), inLayer(structure, 1, 1)]).toEqual([7, 3, 3, 1]);
    expect([blockOf(structure, 1), blockOf(structure, 9), blockOf(structure, null)]).toEqual([6, -1, -1]);
    expect([...openTo(structure, null)]).toEqual([2, 6]);
    expect([...openFor(structure, false, 1)]).toEqual([]);
    expect([...openFor(structure, false, 3)]).toEqual([2, 6]);
  });
});

describe('the layout', () => {
  test('tells Graphviz numbers and sizes, and nothing else', () => {
    const dot = dotOf(numbers([2], true), (n) => ({ width: 10.2 + n, height: 20 }));
    expect(dot.match(/\bn\d+ \[width[^\]]*\]/g)).toEqual(['n1 [width=0.1667 height=0.2778]', 'n3 [width=0.1944 height=0.2778]']);
    expect(dot).toContain('subgraph cluster_2 {');
    expect(dot).toContain('n3 -> n3 [constraint=false class=loop];');
    expect(dot.split('{').length).toBe(dot.split('}').length);
  });

  test('turns the picture upright and gives arrows their heads', () => {
    const drawn = {
      bb: '0,0,100,200',
      objects: [
        { name: 'cluster_2', bb: '10,20,60,120' },
        { name: 'n1', pos: '50,180', width: '0.5', height: '0.25' },
        { name: 'n3', pos: '30,50', width: '0.5', height: '0.25' },
      ],
      edges: [{ tail: 1, head: 2, pos: 'e,30,60 50,170 50,150 30,100 30,70', class: 'loop' }],
    };
    const { places, routes, width, height } = layoutOf(JSON.stringify(drawn));
    expect([width, height]).toEqual([100, 200]);
    expect(places.get(2)).toEqual({ x: 10, y: 80, width: 50, height: 100 });
    expect(places.get(1)).toEqual({ x: 32, y: 11, width: 36, height: 18 });
    expect(routes[0]).toMatchObject({ source: 1, target: 3, loop: true, line: 'M50.0 30.0C50.0 50.0 30.0 100.0 30.0 130.0L30.0 133.0' });
    expect(routes[0]!.head).toMatch(/^M30\.0 140\.0L/);
  });
});
