// The records of the page, in the order of the file: each in an element of its own, and read when a view wants it.
import { parseContainer } from './container';
import { fromBase64 } from './packed';

/** What can be asked of a record before it is read. */
export interface Item {
  /** The name of its dataclass. */
  readonly kind: string;
  /** The evaluation row it is about, by its number in the file; null when it is about none. */
  readonly row: number | null;
  /** What to call it among its like. */
  readonly title: string;
  /** The record; read once, when first asked for. Throws when it is damaged. */
  open(): unknown;
}

/** Under this name every view finds all records of the page in its context. */
export const SHELF = Symbol('shelf');

export function readShelf(root: ParentNode): Item[] {
  return [...root.querySelectorAll<HTMLElement>('script[data-record]')].map(itemOf);
}

function itemOf(element: HTMLElement): Item {
  const { record: kind = '', row, title = '' } = element.dataset;
  let opened: { value: unknown } | undefined;
  const open = () => (opened ??= { value: read(element, kind) }).value;
  return { kind, row: row === undefined ? null : Number(row), title, open };
}

function read(element: HTMLElement, kind: string): unknown {
  const { record, value } = parseContainer(fromBase64(element.textContent ?? ''));
  if (record !== kind) throw new Error(`a ${record} stands where a ${kind} should`);
  return value;
}
