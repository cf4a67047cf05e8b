/** What a package's index exports, as the compiler sees it: docstring, signature, members, and the types of ours that are named. */
import { join } from 'node:path'
import * as ast from 'typescript/unstable/ast'
import { API, NodeBuilderFlags, type Project, SymbolFlags, type Symbol as TsSymbol } from 'typescript/unstable/sync'

export interface Shown {
  name: string
  doc: string
  /** TypeScript, as it stands in the source, without a body. */
  code: string
  /** Types of ours that it names. */
  uses: Set<TsSymbol>
}
export interface Entry extends Shown {
  kind: 'class' | 'function' | 'value' | 'type'
  /** Path from the root. */
  file: string
  members: Shown[]
  /** Name of the TypeBox schema that a type is derived from. */
  schema: string | null
}

type Member = ast.MethodDeclaration | ast.PropertyDeclaration | ast.GetAccessorDeclaration | ast.ConstructorDeclaration
const isMember = (node: ast.Node): node is Member =>
  ast.isMethodDeclaration(node) ||
  ast.isPropertyDeclaration(node) ||
  ast.isGetAccessorDeclaration(node) ||
  ast.isConstructorDeclaration(node)

const TYPES: ReadonlySet<ast.SyntaxKind> = new Set([
  ast.SyntaxKind.ClassDeclaration,
  ast.SyntaxKind.InterfaceDeclaration,
  ast.SyntaxKind.TypeAliasDeclaration,
])
const RESOLVED =
  NodeBuilderFlags.NoTruncation | NodeBuilderFlags.InTypeAlias | NodeBuilderFlags.UseSingleQuotesForStringLiteralType
/** As a class knows its own. */
const CONSTRUCTOR = '__constructor'
const DERIVED = /^Static<typeof (\w+)>$/
const LINE = 120

const dedented = (code: string): string => {
  const indent = Math.min(...Array.from(code.matchAll(/\n( *)\S/g), ([, spaces = '']) => spaces.length))
  return code.replaceAll(`\n${' '.repeat(Number.isFinite(indent) ? indent : 0)}`, '\n')
}

export class PublicLists {
  /** What has no docstring, or leaves its type to inference. */
  readonly problems: string[] = []
  readonly #root: string
  readonly #api: API
  readonly #project: Project

  /** `config`: tsconfig.json of a package that imports all others that are asked for. */
  constructor(root: string, config: string) {
    this.#root = root
    this.#api = new API({ cwd: root })
    const project = this.#api.updateSnapshot({ openProjects: [join(root, config)] }).getProjects()[0]
    if (project === undefined) throw new Error(`${config} is no project`)
    this.#project = project
  }

  close(): void {
    this.#api.close()
  }

  /** By the name that is exported. */
  exportsOf(index: string): Map<string, TsSymbol> {
    const { checker, program } = this.#project
    const file = program.getSourceFile(join(this.#root, index))
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`${index} exports nothing`)
    return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, this.#target(symbol)]))
  }

  /** Of a type that is `Static<typeof …>` of a TypeBox schema. */
  schemaNameOf(symbol: TsSymbol): string | null {
    const node = this.#declaration(symbol)
    const [, name = null] = ast.isTypeAliasDeclaration(node) ? (DERIVED.exec(node.type.getText()) ?? []) : []
    return name
  }

  read(symbol: TsSymbol, name: string): Entry {
    const node = this.#declaration(symbol)
    const file = node.getSourceFile().fileName.slice(this.#root.length + 1)
    const base = {
      name,
      doc: this.#docOf(symbol, name),
      file,
      members: [],
      schema: null,
      uses: new Set<TsSymbol>(),
    }
    if (ast.isClassDeclaration(node)) return { ...base, ...this.#classOf(node, symbol) }
    if (ast.isTypeAliasDeclaration(node)) return { ...base, ...this.#aliasOf(node, symbol) }
    if (ast.isInterfaceDeclaration(node)) return { ...base, ...this.#interfaceOf(node, symbol) }
    const value = ast.isVariableDeclaration(node) ? node.initializer : node
    if (value && (ast.isArrowFunction(value) || ast.isFunctionDeclaration(value)))
      return { ...base, kind: 'function', ...this.#callOf(value, name) }
    const type = this.#project.checker.getTypeAtLocation(node)
    if (type === undefined) throw new Error(`${name} (${file}) has no type`)
    const code = `const ${name}: ${this.#project.checker.typeToString(type, undefined, RESOLVED)}`
    return { ...base, kind: 'value', code }
  }

  #classOf(node: ast.ClassDeclaration, owner: TsSymbol): Pick<Entry, 'kind' | 'code' | 'members' | 'uses'> {
    const heritage = node.heritageClauses ?? []
    const code = ['class', owner.name, ...heritage.map((clause) => clause.getText())].join(' ')
    const members = node.members.filter(isMember).flatMap((member) => this.#memberOf(member, owner) ?? [])
    return { kind: 'class', code, members, uses: this.#usesOf(...heritage) }
  }

  /** Null for what is private, what a base class says already, and what `@internal` keeps for us. */
  #memberOf(member: Member, owner: TsSymbol): Shown | null {
    const key = ast.isConstructorDeclaration(member) ? CONSTRUCTOR : member.name.getText()
    const symbol = owner.getMembers().get(key as TsSymbol['escapedName'])
    const inherited = member.modifiers?.some(({ kind }) => kind === ast.SyntaxKind.OverrideKeyword)
    if (symbol === undefined || inherited) return null
    if (symbol.getJsDocTags(this.#project.checker).some(({ name }) => name === 'internal')) return null
    const name = key === CONSTRUCTOR ? `new ${owner.name}` : `${owner.name}.${key}`
    const doc = this.#docOf(symbol, name)
    if (ast.isMethodDeclaration(member)) return { name, doc, ...this.#callOf(member, key) }
    if (ast.isConstructorDeclaration(member)) return { name, doc, ...this.#callOf(member, name) }
    if (member.type === undefined) this.problems.push(`${name} has no type of its own`)
    return { name, doc, code: `readonly ${key}: ${member.type?.getText()}`, uses: this.#usesOf(member.type) }
  }

  #callOf(
    node: ast.MethodDeclaration | ast.ConstructorDeclaration | ast.ArrowFunction | ast.FunctionDeclaration,
    name: string,
  ): Pick<Shown, 'code' | 'uses'> {
    if (node.type === undefined && !ast.isConstructorDeclaration(node))
      this.problems.push(`${name} has no return type of its own`)
    const end = ast.isArrowFunction(node) ? node.equalsGreaterThanToken.getStart() : (node.body?.pos ?? node.end)
    const text = node
      .getText()
      .slice(0, end - node.getStart())
      .trim()
    const code = `${name}${dedented(text.slice(text.search(/[<(]/)))}`
    return { code, uses: this.#usesOf(...node.parameters, node.type) }
  }

  #aliasOf(node: ast.TypeAliasDeclaration, symbol: TsSymbol): Pick<Entry, 'kind' | 'code' | 'schema' | 'uses'> {
    const { checker } = this.#project
    const schema = this.schemaNameOf(symbol)
    if (schema !== null) return { kind: 'type', code: '', schema, uses: new Set() }
    if (!/\btypeof\b/.test(node.type.getText()))
      return { kind: 'type', code: node.getText().replace(/^export /, ''), schema, uses: this.#usesOf(node.type) }
    const resolved = checker.typeToString(checker.getDeclaredTypeOfSymbol(symbol), undefined, RESOLVED)
    const long = resolved.length > LINE ? `\n  | ${resolved.replaceAll(' | ', '\n  | ')}` : ` ${resolved}`
    return { kind: 'type', code: `type ${symbol.name} =${long}`, schema, uses: new Set() }
  }

  #interfaceOf(node: ast.InterfaceDeclaration, symbol: TsSymbol): Pick<Entry, 'kind' | 'code' | 'uses'> {
    for (const member of symbol.getMembers().values()) this.#docOf(member, `${symbol.name}.${member.name}`)
    return { kind: 'type', code: node.getText().replace(/^export /, ''), uses: this.#usesOf(node) }
  }

  #docOf(symbol: TsSymbol, title: string): string {
    const doc = symbol.getDocumentationComment(this.#project.checker).trim()
    if (doc === '') this.problems.push(`${title} has no docstring`)
    return doc
  }

  #usesOf(...nodes: readonly (ast.Node | undefined)[]): Set<TsSymbol> {
    const found = new Set<TsSymbol>()
    const visit = (part: ast.Node): void => {
      const name = ast.isTypeReferenceNode(part)
        ? part.typeName
        : ast.isExpressionWithTypeArguments(part)
          ? part.expression
          : null
      const symbol = name && this.#project.checker.getSymbolAtLocation(name)
      const target = symbol && this.#target(symbol)
      const at = target?.declarations[0]
      if (target && at && TYPES.has(at.kind) && at.path.startsWith(`${this.#root}/packages/`)) found.add(target)
      part.forEachChild(visit)
    }
    for (const node of nodes) if (node) visit(node)
    return found
  }

  #target(symbol: TsSymbol): TsSymbol {
    return symbol.flags & SymbolFlags.Alias ? this.#project.checker.getAliasedSymbol(symbol) : symbol
  }

  #declaration(symbol: TsSymbol): ast.Node {
    const node = symbol.declarations[0]?.resolve()
    if (node === undefined) throw new Error(`${symbol.name} is declared nowhere`)
    return node
  }
}
