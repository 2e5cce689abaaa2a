// Reads what src/glassbert/lens/container.py writes; the layout is described there.

export type TypedArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** An n-dimensional array, last axis contiguous. */
export interface NdArray<T extends TypedArray = TypedArray> {
  readonly data: T;
  readonly shape: readonly number[];
}

/** A record by the name of its dataclass. */
export interface NamedRecord {
  readonly record: string;
  readonly value: unknown;
}

interface View {
  new (buffer: ArrayBuffer, offset: number, length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

const MAGIC = 'GBRECORD';
const PREFIX = 16;
const ALIGNMENT = 64;
const VIEWS = new Map<string, View>([
  ['float64', Float64Array],
  ['float32', Float32Array],
  ['int32', Int32Array],
  ['uint32', Uint32Array],
  ['int16', Int16Array],
  ['uint16', Uint16Array],
  ['int8', Int8Array],
  ['uint8', Uint8Array],
]);
const SPECIAL = new Map<unknown, number>([
  ['nan', NaN],
  ['inf', Infinity],
  ['-inf', -Infinity],
]);

interface Header {
  format: number;
  record: string;
  value: unknown;
  arrays: { dtype: string; shape: number[] }[];
}

/** The record in `buffer`; arrays are views of it, nothing is copied. Throws when the bytes are not a container. */
export function parseContainer(buffer: ArrayBuffer): NamedRecord {
  const { header, end } = readHeader(buffer);
  const arrays: NdArray[] = [];
  let position = end;
  for (const { dtype, shape } of header.arrays) {
    const view = VIEWS.get(dtype);
    if (!view) throw new Error(`an array has dtype ${dtype}`);
    const start = Math.ceil(position / ALIGNMENT) * ALIGNMENT;
    const count = shape.reduce((product, size) => product * size, 1);
    position = start + count * view.BYTES_PER_ELEMENT;
    if (position > buffer.byteLength) throw new Error('the container ends inside an array');
    arrays.push({ data: new view(buffer, start, count), shape });
  }
  if (position !== buffer.byteLength) throw new Error('bytes follow the last array');
  return { record: header.record, value: revive(header.value, arrays) };
}

function readHeader(buffer: ArrayBuffer): { header: Header; end: number } {
  const bytes = new Uint8Array(buffer);
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < PREFIX) throw new Error('this is not a record');
  const end = PREFIX + Number(new DataView(buffer).getBigUint64(8, true));
  if (end > bytes.length) throw new Error('the container ends inside its header');
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PREFIX, end));
  const header = JSON.parse(text) as Header;
  if (header.format !== 1) throw new Error(`this page reads format 1, not ${header.format}`);
  return { header, end };
}

function revive(tree: unknown, arrays: readonly NdArray[]): unknown {
  if (Array.isArray(tree)) return tree.map((item) => revive(item, arrays));
  if (tree === null || typeof tree !== 'object') return tree;
  const object = tree as Record<string, unknown>;
  if ('$array' in object) return arrays[object['$array'] as number];
  if ('$float' in object) return SPECIAL.get(object['$float']);
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, revive(value, arrays)]));
}
