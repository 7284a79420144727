import { z } from 'zod'
import { type Context, contextId, contextSchema, type Rater } from '../signal.ts'
import { cellOf, idCell, isAbsent, mayBeJson, numberCell, raterCell, textCell, timeCell } from './cells.ts'
import { RowFault, unexpected } from './fault.ts'
import { anonymous, type Fields, type ReadOptions, type SignalField } from './format.ts'

/** Which columns say what is common to all signals; of several, the first that says something counts. */
export interface CommonColumns {
  readonly id: readonly string[]
  readonly rater: readonly string[]
  /** In the unit the reader was told (`timeUnit`), or ISO texts. `time`, which all formats have, is in milliseconds. */
  readonly time: readonly string[]
  /** The format's own columns. */
  readonly own: readonly string[]
}

/** What every signal says beside its own matter, as a row has it. */
export interface About {
  /** Members ready to be spread into a draft. */
  readonly base: {
    readonly id?: string
    readonly rater: Rater
    readonly time: number
    readonly weight?: number
    readonly rationale?: string
    readonly metadata?: { [key: string]: z.core.util.JSONType }
  }
  /** The row's context, its id derived from its content unless the row names one. */
  context(more?: Omit<Partial<Context>, 'id'>): Context
}

/** What {@link writeAbout} and {@link writeContext} keep of a signal, with what its candidates' columns say of them. */
export const keptAbout: readonly SignalField[] = [
  'id',
  'time',
  'weight',
  'rationale',
  'metadata',
  'rater',
  'rater.kind',
  'rater.traits',
  'context.id',
  'context.messages',
  'context.history',
  'context.tags',
  'context.language',
  'context.features',
  'producer',
  'features',
]

const partialContext = z.union([z.string().min(1), z.int().transform(String), contextSchema.partial()])
const jsonObject = z.record(z.string(), z.unknown())

/** The columns every format reads besides its own. */
const shared = ['time', 'context', 'weight', 'rationale', 'metadata']

const plainNumber = (cell: unknown): unknown =>
  typeof cell === 'string' && String(Number(cell)) === cell && Number.isFinite(Number(cell)) ? Number(cell) : cell

function scalarCell(path: string, cell: unknown): string | number | boolean {
  const value = plainNumber(cell)
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  throw unexpected(path, cell, 'a text, a number or a boolean')
}

/** Sorts what a row's columns say about the rater, the context and the rest. */
export function aboutReader(
  columns: CommonColumns,
  options: ReadOptions,
): (fields: Fields, metadata?: { readonly [key: string]: unknown }) => About {
  const known = new Set([...columns.id, ...columns.rater, ...columns.time, ...columns.own, ...shared])
  const said = (fields: Fields, names: readonly string[]): string | undefined =>
    names.find((name) => !isAbsent(fields[name]))

  return (fields, given) => {
    const idColumn = said(fields, columns.id)
    const raterColumn = said(fields, columns.rater)
    const timeColumn = said(fields, columns.time)
    const features: Record<string, string | number | boolean> = {}
    const traits: Record<string, string | number | boolean> = {}
    const tags: string[] = []
    const metadata: Record<string, unknown> = {
      ...cellOf(jsonObject, 'metadata', fields['metadata']),
      ...given,
    }
    for (const [column, cell] of Object.entries(fields)) {
      const use = options.columns[column] ?? (known.has(column) ? undefined : 'metadata')
      if (use === undefined || isAbsent(cell) || typeof use === 'object') continue
      if (use === 'feature') features[column] = featureCell(column, cell)
      else if (use === 'category') features[column] = String(scalarCell(column, cell))
      else if (use === 'trait') traits[column] = scalarCell(column, cell)
      else if (use === 'tag') tags.push(String(scalarCell(column, cell)))
      else if (use === 'metadata') metadata[column] = cell
    }

    const named = raterColumn && raterCell(raterColumn, fields[raterColumn], options.raterKind)
    if (!named && options.rater === anonymous)
      options.note(`Some rows name no rater; they count as judged by one "${anonymous.id}" (${anonymous.kind}).`)
    const rater = named || options.rater
    const inMs = timeCell('time', fields['time'], 'ms')
    const time =
      inMs ?? (timeColumn === undefined ? undefined : timeCell(timeColumn, fields[timeColumn], options.timeUnit))
    if (time === undefined)
      options.note(`Some rows say no time; they count as of ${new Date(options.time).toISOString()}.`)
    const id = idColumn === undefined ? undefined : idCell(idColumn, fields[idColumn])
    const weight = numberCell('weight', fields['weight'])
    const rationale = textCell('rationale', fields['rationale'])
    const contextCell = cellOf(partialContext, 'context', fields['context'])

    return {
      base: {
        ...(id !== undefined && { id }),
        rater: Object.keys(traits).length > 0 ? { ...rater, traits: { ...rater.traits, ...traits } } : rater,
        time: time ?? options.time,
        ...(weight !== undefined && { weight }),
        ...(rationale !== undefined && { rationale }),
        ...(Object.keys(metadata).length > 0 && {
          // The finished signal is validated; until then the metadata are what the row holds.
          metadata: metadata as { [key: string]: z.core.util.JSONType },
        }),
      },
      context(more = {}) {
        const { id: contextName, ...inCell } =
          typeof contextCell === 'string' ? { id: contextCell } : (contextCell ?? {})
        const allTags = [...(inCell.tags ?? []), ...(more.tags ?? []), ...tags]
        const allFeatures = { ...inCell.features, ...more.features, ...features }
        const content = withoutUndefined({
          ...inCell,
          ...more,
          tags: allTags.length > 0 || inCell.tags ? allTags : undefined,
          features: Object.keys(allFeatures).length > 0 || inCell.features ? allFeatures : undefined,
        })
        const derived = Object.keys(content).length > 0 ? contextId(content) : options.source
        return { id: contextName ?? derived, ...content }
      },
    }
  }
}

function featureCell(column: string, cell: unknown): string | number | boolean {
  if (typeof cell === 'boolean') return cell
  const number = plainNumber(cell) === cell && typeof cell === 'string' ? Number.NaN : numberCell(column, cell)
  if (number === undefined || Number.isNaN(number))
    throw new RowFault(column, `${unexpected(column, cell, 'a number').message}; for words give the use "category"`)
  return number
}

/** A copy without the members that are undefined. */
export function withoutUndefined<Members extends object>(
  members: Members,
): { [Key in keyof Members]: Exclude<Members[Key], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Members]: Exclude<Members[Key], undefined>
  }
}

/**
 * What of a context stands in a row's `context` cell when some of it stands elsewhere; undefined when nothing. The id is
 * left to be derived again where it was derived from the content.
 */
export function writeContext(context: Context, elsewhere: readonly (keyof Context)[]): unknown {
  const { id, ...content } = context
  const rest = Object.fromEntries(Object.entries(content).filter(([key]) => !elsewhere.includes(key as keyof Context)))
  const derived = Object.keys(content).length > 0 && id === contextId(content)
  if (Object.keys(rest).length === 0) return derived ? undefined : mayBeJson(id) ? { id } : id
  return derived ? rest : { id, ...rest }
}

/** What stands in the common columns of a row. */
export function writeAbout(signal: {
  readonly weight?: number | undefined
  readonly rationale?: string | undefined
  readonly metadata?: object | undefined
}): { readonly weight?: number; readonly rationale?: string; readonly metadata?: object } {
  const { weight, rationale, metadata } = signal
  return withoutUndefined({ weight, rationale, metadata }) as ReturnType<typeof writeAbout>
}
