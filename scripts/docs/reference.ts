/** What the pages of docs/reference have: all that packages export, and of the protocol the types that those name. */
import type { Symbol as TsSymbol } from 'typescript/unstable/sync'
import { fieldsOf, type Row, type Schema, typeOf } from './fields.ts'
import { type Entry, PublicLists, type Shown } from './public-list.ts'

export interface Source {
  /** The repository, an absolute path. */
  root: string
  /** tsconfig.json of a package that imports all others. */
  config: string
  /** Indexes of the packages whose exports are all described, by page. */
  whole: Readonly<Record<string, string>>
  /** Index of the package of which only those types are described that the others name. */
  named: string
  /** Its TypeBox schemas, by export. */
  schemas: Readonly<Record<string, unknown>>
}

export interface Described extends Entry {
  /** Of a type that comes from the schema of an object. */
  fields: Row[]
}

/** Two objects are the same type, whatever is said of them where they are used. */
const shapeOf = ({ description: _, default: __, ...schema }: Schema): string => JSON.stringify(schema)

export class Reference {
  /** By page; `protocol` is that of the types that are named. */
  readonly pages: Readonly<Record<string, Described[]>>
  /** What a reader would miss, one sentence each. */
  readonly problems: readonly string[]
  readonly #source: Source
  readonly #lists: PublicLists
  readonly #pageOf = new Map<TsSymbol, string>()
  readonly #nameable: ReadonlySet<TsSymbol>
  /** Types of objects that come from a schema. */
  readonly #byShape: ReadonlyMap<string, TsSymbol>
  readonly #named: TsSymbol[] = []

  constructor(source: Source) {
    this.#source = source
    this.#lists = new PublicLists(source.root, source.config)
    try {
      this.#nameable = new Set(this.#lists.exportsOf(source.named).values())
      this.#byShape = new Map(
        Array.from(this.#nameable).flatMap((symbol) => {
          const schema = this.#schemaOf(this.#lists.schemaNameOf(symbol))
          return schema?.properties ? [[shapeOf(schema), symbol]] : []
        }),
      )
      const whole = Object.entries(source.whole).map(([page, index]) => [page, this.#lists.exportsOf(index)] as const)
      for (const [page, exported] of whole) for (const symbol of exported.values()) this.#pageOf.set(symbol, page)
      const pages = whole.map(
        ([page, exported]) => [page, Array.from(exported, ([name, symbol]) => this.#describe(symbol, name))] as const,
      )
      const protocol: Described[] = []
      for (let symbol = this.#named.shift(); symbol; symbol = this.#named.shift()) protocol.push(this.#describe(symbol))
      protocol.sort((a, b) => a.name.localeCompare(b.name))
      this.pages = { ...Object.fromEntries(pages), protocol }
      this.problems = this.#lists.problems
    } finally {
      this.#lists.close()
    }
  }

  /** Where a type is described. */
  pageOf(symbol: TsSymbol): string | undefined {
    return this.#pageOf.get(symbol)
  }

  #describe(symbol: TsSymbol, name = symbol.name): Described {
    const entry = this.#lists.read(symbol, name)
    for (const shown of [entry, ...entry.members]) this.#follow(shown, symbol)
    if (entry.schema === null) return { ...entry, fields: [] }
    const schema = this.#schemaOf(entry.schema)
    if (schema === null) this.#lists.problems.push(`${entry.name} comes from ${entry.schema}, which is no export`)
    if (!schema?.properties)
      return { ...entry, code: `type ${entry.name} = ${typeOf(schema ?? {}, () => null)}`, fields: [] }
    const uses = new Set(entry.uses)
    const fields = fieldsOf(schema, (part) => {
      const named = this.#namedBy(part, symbol)
      if (named) uses.add(named)
      return named?.name ?? null
    })
    for (const [path, , meaning] of fields)
      if (meaning === '') this.#lists.problems.push(`${entry.name}.${path} has no description in its schema`)
    return { ...entry, uses, fields }
  }

  /** Sees to it that all types that an entry names have a place, those in its docstring included. */
  #follow({ name, doc, uses }: Shown, owner: TsSymbol): void {
    for (const [, mentioned] of doc.matchAll(/`([A-Z][a-z]\w+)`/g)) {
      const type = Array.from(this.#nameable).find((symbol) => symbol.name === mentioned)
      if (type && type !== owner) uses.add(type)
    }
    for (const used of uses) {
      if (this.#pageOf.has(used)) continue
      if (this.#nameable.has(used)) this.#enqueue(used)
      else this.#lists.problems.push(`${name} names ${used.name}, which no index exports`)
    }
  }

  #enqueue(symbol: TsSymbol): void {
    this.#pageOf.set(symbol, 'protocol')
    this.#named.push(symbol)
  }

  #schemaOf(name: string | null): Schema | null {
    return name === null ? null : ((this.#source.schemas[name] as Schema | undefined) ?? null)
  }

  /** The type of an object inside another one's schema, where it has one. */
  #namedBy(part: Schema, outer: TsSymbol): TsSymbol | undefined {
    const symbol = part.properties && this.#byShape.get(shapeOf(part))
    if (symbol === undefined || symbol === outer) return undefined
    if (!this.#pageOf.has(symbol)) this.#enqueue(symbol)
    return symbol
  }
}
