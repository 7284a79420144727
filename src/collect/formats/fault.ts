import type { z } from 'zod'

/** What is wrong with one row of a file: the field, and what would have been right. */
export class RowFault extends Error {
  override readonly name = 'RowFault'
  /** The field, such as `winner` or `a.features.length`; empty when the row as a whole is at fault. */
  readonly path: string
  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

const shownLength = 60

/** A value as an error message shows it: JSON, shortened. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, shownLength + 1)) : (JSON.stringify(value) ?? '')
  return text.length <= shownLength + 2 ? text : `${text.slice(0, shownLength)}…`
}

/** A list of accepted words as an error message shows it: `"a", "b"`. */
export function showWords(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ')
}

/** The fault of a value that is not what its field takes: `winner is "modelA", expected one of "a", "b"`. */
export function unexpected(path: string, value: unknown, expected: string): RowFault {
  const absent = value === undefined || value === null || value === ''
  return new RowFault(path, `${path || 'the row'} is ${absent ? 'missing' : show(value)}, expected ${expected}`)
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) return undefined
    inner = (inner as { readonly [key: PropertyKey]: unknown })[key]
  }
  return inner
}

/** The deepest explanation of an issue: a union's issue hides those of the member that came nearest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const nearest = issue.errors
    .flat()
    .map((inner) => deepest({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue))
    .sort((a, b) => b.path.length - a.path.length)[0]
  return nearest ?? issue
}

/** The first thing a schema found wrong with a value, in the words of {@link unexpected}. */
export function faultOf(error: z.ZodError, value: unknown): RowFault {
  const first = error.issues[0]
  if (!first) return new RowFault('', 'the row is not valid')
  const issue = deepest(first)
  const path = issue.path.map(String).join('.')
  const found = valueAt(value, issue.path)
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    return new RowFault(path ? `${path}.${key}` : key, `unknown field ${JSON.stringify(key)}${path && ` in ${path}`}`)
  }
  if (issue.code === 'invalid_value') return unexpected(path, found, `one of ${issue.values.map(show).join(', ')}`)
  if (issue.code === 'invalid_type') return unexpected(path, found, issue.expected)
  if (issue.code === 'too_big') return unexpected(path, found, `at most ${issue.maximum} (${issue.origin})`)
  if (issue.code === 'too_small') return unexpected(path, found, `at least ${issue.minimum} (${issue.origin})`)
  if (issue.code === 'invalid_union') return new RowFault(path || 'kind', issue.message)
  return new RowFault(path, `${path || 'the row'} is ${show(found)}: ${issue.message}`)
}

/** A row that stopped an import. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly file: string
  /** Physical line, or position in a JSON array or a Parquet file. */
  readonly line: number
  /** The field at fault; empty when it is the row as a whole. */
  readonly path: string
  constructor(file: string, unit: 'line' | 'row', line: number, fault: Pick<RowFault, 'path' | 'message'>) {
    super(`${file}, ${unit} ${line}: ${fault.message}`)
    this.file = file
    this.line = line
    this.path = fault.path
  }
}
