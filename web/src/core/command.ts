// Commands that a reader can copy, quoted for a shell.

/** One word of a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The directory that a run was written to, from the command that made it; "RUN" where that does not say. */
export function runOf(command: string | null): string {
  const found = /\s(?:'--out=([^']+)'|--out[ =](?:'([^']+)'|([^\s'"]+)))/.exec(command ?? '');
  const fallback = /^glassbert demo\b/.test(command ?? '') ? 'glassbert-demo' : 'RUN';
  return found?.slice(1).find(Boolean) ?? fallback;
}

/** What looks at a text, or at a pair, with a lens; a text that begins with a dash is not an option. */
export function lookCommand(lens: string, run: string, text: string, more: { pair?: string; token?: number } = {}): string {
  const pair = more.pair === undefined ? '' : ` --pair=${quoted(more.pair)}`;
  const token = more.token === undefined ? '' : ` --token=${more.token}`;
  return `glassbert look ${lens} ${quoted(run)} --text=${quoted(text)}${pair}${token} -o ${lens}.html`;
}
