/** What a TypeScript source imports, re-exports and uses by name, read from its syntax tree. */
import ts from 'typescript';

export interface Import {
  /** The module as written; null where it is computed. */
  readonly module: string | null;
  readonly line: number;
  /** `export * from` */
  readonly isStar: boolean;
}

export interface Source {
  readonly imports: readonly Import[];
  /** Uses of names that belong to the engine and not to the file: `console.log`, `Math.round`, bare `Math`. */
  readonly globals: readonly { readonly name: string; readonly line: number }[];
  readonly lines: number;
}

/** Reads one source; `watched` are the globals to look for. */
export function readSource(path: string, text: string, watched: readonly string[]): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  const globals: { name: string; line: number }[] = [];
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;

  const visit = (node: ts.Node): void => {
    const module = moduleOf(node);
    if (module !== undefined) {
      const isStar = ts.isExportDeclaration(node) && !isNamed(node);
      imports.push({ module, line: lineOf(node), isStar });
    }
    if (ts.isIdentifier(node) && watched.includes(node.text) && isGlobal(node)) {
      globals.push({ name: usedAs(node), line: lineOf(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { imports, globals, lines: text.replace(/\n$/, '').split('\n').length };
}

/** The module that a node imports: a string, null when it is computed, undefined when the node imports nothing. */
function moduleOf(node: ts.Node): string | null | undefined {
  if (ts.isImportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier && literal(node.moduleSpecifier);
  if (ts.isExternalModuleReference(node)) return literal(node.expression);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal);
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isImport || isRequire ? literal(node.arguments[0]) : undefined;
}

const literal = (node: ts.Node | undefined): string | null =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : null;

const isNamed = (node: ts.ExportDeclaration): boolean =>
  node.exportClause !== undefined && ts.isNamedExports(node.exportClause);

/** A name that is not a member, a key or a declaration of that name. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node || isOfGlobalThis(parent);
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name !== node;
  return true;
}

const isOfGlobalThis = ({ expression }: ts.PropertyAccessExpression): boolean =>
  ts.isIdentifier(expression) && expression.text === 'globalThis';

/** `Math.round` where a member is named, `Math` where the object itself is passed on or indexed. */
function usedAs(node: ts.Identifier): string {
  const whole =
    ts.isPropertyAccessExpression(node.parent) && isOfGlobalThis(node.parent) ? node.parent : node;
  const { parent } = whole;
  return ts.isPropertyAccessExpression(parent) && parent.expression === whole
    ? `${node.text}.${parent.name.text}`
    : node.text;
}
