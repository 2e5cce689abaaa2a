import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { lookCommand, quoted, runOf } from '../src/core/command';

describe('a command to copy', () => {
  test.each(['plain', "it's", '$HOME `id` "x"', 'a\nb', '-o x', '', '晴 $(touch /tmp/x)', "'; rm -rf ~; '"])(
    'gives a shell %j as one word',
    (text) => {
      const heard = execFileSync('sh', ['-c', `printf '%s' ${quoted(text)}`], { encoding: 'utf8' });
      expect(heard).toBe(text);
    },
  );
  test('takes the run from the command that made it', () => {
    expect(runOf('glassbert finetune a.csv --out runs/one --seed 3')).toBe('runs/one');
    expect(runOf("glassbert finetune a.csv '--out=my run' --seed 3")).toBe('my run');
    expect(runOf("glassbert finetune a.csv --out 'my run'")).toBe('my run');
    expect(runOf("glassbert finetune 'my data.csv' --out=one --text-column 'a b'")).toBe('one');
    expect(runOf('glassbert demo')).toBe('glassbert-demo');
    expect(runOf(null)).toBe('RUN');
  });
  test('names lens, run, text and file', () => {
    expect(lookCommand('attention', 'run', "it's")).toBe(
      `glassbert look attention run --text='it'"'"'s' -o attention.html`,
    );
  });
});
