import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseContainer } from '../src/core/container';
import { fromBase64 } from '../src/core/packed';
import type { AttentionRecord } from '../src/records';

function planted(): ArrayBuffer {
  const file = readFileSync(new URL('./fixtures/planted.gbr', import.meta.url));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
}

function made(header: unknown, body = new Uint8Array()): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((16 + text.length) / 64) * 64;
  const bytes = new Uint8Array(body.length ? start + body.length : 16 + text.length);
  bytes.set(new TextEncoder().encode('GBRECORD'));
  new DataView(bytes.buffer).setBigUint64(8, BigInt(text.length), true);
  bytes.set(text, 16);
  if (body.length) bytes.set(body, start);
  return bytes.buffer;
}

describe('parseContainer', () => {
  test('reads what Python wrote', () => {
    const { record, value } = parseContainer(planted());
    const attention = value as AttentionRecord;
    expect(record).toBe('AttentionRecord');
    expect(attention.model).toBe('planted 模型');
    expect(attention.tokens).toEqual(['[CLS]', 'un', '##usual', '晴', '[SEP]', 'yes', '[SEP]']);
    expect(attention.query.shape).toEqual([2, 3, 7, 5]);
    expect(attention.query.data).toBeInstanceOf(Float32Array);
    expect(attention.query.data[3]).toBeCloseTo(3 * Math.sin(3 * 1.7), 6);
    expect([...attention.word.data]).toEqual([-1, 0, 0, 1, -1, 0, -1]);
  });

  test('does not copy the arrays', () => {
    const buffer = planted();
    const attention = parseContainer(buffer).value as AttentionRecord;
    expect(attention.key.data.buffer).toBe(buffer);
  });

  test('gives back what JSON cannot say', () => {
    const header = { format: 1, record: 'X', value: { a: { $float: 'nan' }, b: { $float: '-inf' } }, arrays: [] };
    expect(parseContainer(made(header)).value).toEqual({ a: NaN, b: -Infinity });
  });

  test.each([
    ['not a record', new ArrayBuffer(32)],
    ['too short', new ArrayBuffer(3)],
    ['cut in the header', planted().slice(0, 40)],
    ['cut in an array', planted().slice(0, -4)],
    ['too long', new Uint8Array([...new Uint8Array(planted()), 0]).buffer],
    ['another format', made({ format: 2, record: 'X', value: null, arrays: [] })],
    ['an unknown dtype', made({ format: 1, record: 'X', value: null, arrays: [{ dtype: 'int64', shape: [0] }] })],
  ])('refuses bytes that are %s', (_, buffer) => {
    expect(() => parseContainer(buffer as ArrayBuffer)).toThrow();
  });
});

test('fromBase64 gives the bytes back', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = Buffer.from(bytes).toString('base64');
  expect([...new Uint8Array(fromBase64(`\n${text}\n`))]).toEqual([...bytes]);
});
