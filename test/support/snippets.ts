/** The pieces of code that documents and docstrings show. */
import ts from 'typescript';

export interface Snippet {
  /** Path of the document or source, relative to the repository. */
  readonly document: string;
  /** Line of its first line there, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The reason given for not running it, or null. */
  readonly notRun: string | null;
}

/** What a fenced block must say before itself when it cannot run: `<!-- not run: needs a browser -->`. */
const NOT_RUN = /^\s*<!-- not run: (.+) -->\s*$/;

/** Every fenced block of a Markdown document. */
export function markdownSnippets(document: string, markdown: string): Snippet[] {
  const lines = markdown.split('\n');
  const snippets: Snippet[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [fence, indent, marks, language] = /^(\s*)(```+)\s*([\w-]*)/.exec(lines[i]) ?? [];
    if (fence === undefined) continue;
    const begin = i + 1;
    do i++;
    while (i < lines.length && !(lines[i].trimStart().startsWith(marks) && lines[i].trim() === marks));
    const body = lines
      .slice(begin, i)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const before = lines
      .slice(0, begin - 1)
      .filter((line) => line.trim() !== '')
      .at(-1);
    const notRun = NOT_RUN.exec(before ?? '')?.[1] ?? null;
    snippets.push({ document, line: begin + 1, language, text: body.join('\n'), notRun });
  }
  return snippets;
}

/** Every `@example` of a comment that begins at `firstLine` of `document`. */
export function docstringSnippets(document: string, comment: string, firstLine: number): Snippet[] {
  const lines = comment
    .replace(/\s*\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(\/\*\*|\*) ?/, ''));
  return lines.flatMap((line, i) => {
    const inline = /^@example\b\s*(.*)/.exec(line);
    if (inline === null) return [];
    const next = lines.findIndex((other, k) => k > i && /^@\w+/.test(other));
    const body = [inline[1], ...lines.slice(i + 1, next < 0 ? undefined : next)];
    const text = body.map((bodyLine) => (bodyLine.startsWith('```') ? '' : bodyLine)).join('\n');
    return [{ document, line: firstLine + i, language: 'ts', text, notRun: null }];
  });
}

/** The public names with the entry that exports each first, and the `@example`s of all of them, members included. */
export interface Public {
  readonly entryOf: ReadonlyMap<string, string>;
  readonly examples: readonly Snippet[];
}

/** `entries` are absolute paths, documents are named relative to `root`. */
export function readPublic(program: ts.Program, entries: readonly string[], root: string): Public {
  const checker = program.getTypeChecker();
  const entryOf = new Map<string, string>();
  const examples = new Map<string, Snippet>();
  const visit = (node: ts.Node): void => {
    const { fileName, text } = node.getSourceFile();
    for (const comment of ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)) {
      const line = text.slice(0, comment.pos).split('\n').length;
      const found = docstringSnippets(
        fileName.slice(root.length),
        text.slice(comment.pos, comment.end),
        line,
      );
      for (const snippet of found) examples.set(`${snippet.document}:${snippet.line}`, snippet);
    }
    ts.forEachChild(node, visit);
  };
  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) {
      if (!entryOf.has(symbol.name)) entryOf.set(symbol.name, entry);
      const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
      (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations?.forEach(visit);
    }
  }
  return { entryOf, examples: [...examples.values()] };
}
