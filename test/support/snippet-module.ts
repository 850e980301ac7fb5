/** Snippets as modules: blocks that belong together in one, at the line numbers of their document. */
import ts from 'typescript';
import type { Snippet } from './snippets.js';

export interface SnippetModule {
  readonly document: string;
  readonly line: number;
  readonly language: 'ts' | 'js';
  /** What the type checker reads. */
  readonly source: string;
}

export interface SnippetScript {
  readonly document: string;
  readonly line: number;
  readonly language: 'sh';
  readonly source: string;
}

export type Step = SnippetModule | SnippetScript;

/**
 * The steps of one Markdown document, in its order. A block of code that begins with an import starts a module; one without goes on
 * where the module before it ended, as its reader does. Shell blocks stand alone.
 */
export function stepsOf(snippets: readonly Snippet[]): Step[] {
  const steps: Step[] = [];
  for (const { document, line, language, text, notRun } of snippets) {
    if (notRun !== null) continue;
    if (language === 'sh') steps.push({ document, line, language, source: text });
    if (language !== 'ts' && language !== 'js') continue;
    const last = steps.at(-1);
    if (last !== undefined && last.language === language && !/^\s*import\b/m.test(text)) {
      steps[steps.length - 1] = { ...last, source: placed(last.source, line, text) };
    } else steps.push({ document, line, language, source: placed('', line, text) });
  }
  return steps;
}

/** `text` behind `source`, so that its first line has the number `line`. */
function placed(source: string, line: number, text: string): string {
  return source + '\n'.repeat(line - source.split('\n').length) + text;
}

/**
 * The module of one docstring example. Names that it uses without declaring them are imported: from the entry that exports
 * them, or else from the scene.
 */
export function exampleModule(
  { document, line, text }: Snippet,
  specifierOf: ReadonlyMap<string, string>,
): SnippetModule {
  const imports = new Map<string, string[]>();
  for (const name of freeNames(text)) {
    const specifier = specifierOf.get(name);
    if (specifier === undefined) continue;
    const names = imports.get(specifier);
    if (names === undefined) imports.set(specifier, [name]);
    else names.push(name);
  }
  const header = [...imports].map(
    ([specifier, names]) => `import { ${names.join(', ')} } from '${specifier}';`,
  );
  return { document, line, language: 'ts', source: `${header.join(' ')}${placed('', line, text)}` };
}

/** Identifiers that are neither members nor keys nor declared at the top of the text. */
function freeNames(text: string): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    const { parent } = node;
    if (ts.isIdentifier(node)) {
      const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
      const isKey = ts.isPropertyAssignment(parent) && parent.name === node;
      const isSource = ts.isBindingElement(parent) && parent.propertyName === node;
      const isDeclared =
        (ts.isVariableDeclaration(parent) ||
          ts.isBindingElement(parent) ||
          ts.isImportSpecifier(parent) ||
          ts.isFunctionDeclaration(parent)) &&
        parent.name === node;
      if (isDeclared) declared.add(node.text);
      else if (!isMember && !isKey && !isSource) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('example.ts', text, ts.ScriptTarget.ES2022, true));
  return new Set([...used].filter((name) => !declared.has(name)));
}

/**
 * The module with every checked statement replaced: `f(x); // 3` becomes a call of the global `said(line, f(x), '3')`, and so does
 * `console.log(f(x)); // 3`. Only statements at the top of the module; lines keep their numbers.
 */
export function withChecks(source: string): string {
  const file = ts.createSourceFile('module.ts', source, ts.ScriptTarget.ES2022, true);
  let result = source;
  for (const statement of [...file.statements].reverse()) {
    if (!ts.isExpressionStatement(statement)) continue;
    const [comment] = ts.getTrailingCommentRanges(source, statement.end) ?? [];
    if (comment?.kind !== ts.SyntaxKind.SingleLineCommentTrivia) continue;
    const text = source.slice(comment.pos + 2, comment.end).trim();
    const line = file.getLineAndCharacterOfPosition(comment.pos).line + 1;
    const value = printedBy(statement.expression) ?? statement.expression;
    const call = `said(${line}, (${value.getText(file)}), ${JSON.stringify(text)});`;
    result = result.slice(0, statement.getStart(file)) + call + result.slice(statement.end);
  }
  return result;
}

/** The argument of a `console.log` of one value. */
function printedBy(expression: ts.Expression): ts.Expression | null {
  const isLog = ts.isCallExpression(expression) && expression.expression.getText() === 'console.log';
  return isLog && expression.arguments.length === 1 ? expression.arguments[0] : null;
}
