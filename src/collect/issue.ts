import type { z } from 'zod'

/** One thing wrong with an input: where, and what it is against what it should be. */
export interface Issue {
  /** Path from the input's root, such as `signals[3].outcome`; empty for the root itself. */
  readonly path: string
  readonly message: string
}

/** At most this many issues are told at once; a batch of thousands can be wrong everywhere. */
const toldAtOnce = 100

type ZodIssue = z.core.$ZodIssue

/** A path as one would write it in JavaScript. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, position) => {
      if (typeof part === 'number') return `[${part}]`
      const name = String(part)
      if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `[${JSON.stringify(name)}]`
      return position === 0 ? name : `.${name}`
    })
    .join('')
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined
    value = (value as Record<PropertyKey, unknown>)[part]
  }
  return value
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'bigint') return `${value}`
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const quoted = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ')

function articled(type: string): string {
  if (type === 'int') return 'a whole number'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

/** Of a union's branches, the one the input came closest to: the fewest issues, the deepest first. */
function closest(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | undefined {
  const depth = (issues: readonly ZodIssue[]): number => Math.max(0, ...issues.map((issue) => issue.path.length))
  return branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
}

function described(issue: ZodIssue, path: readonly PropertyKey[], input: unknown): readonly Issue[] {
  const value = at(input, path)
  const told = (message: string): readonly Issue[] => [{ path: pathText(path), message }]
  switch (issue.code) {
    case 'invalid_type':
      return told(`is ${shown(value)}, expected ${articled(issue.expected)}`)
    case 'invalid_value':
      return told(`is ${shown(value)}, expected ${issue.values.length > 1 ? 'one of ' : ''}${quoted(issue.values)}`)
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: pathText([...path, key]), message: 'is not a known name here' }))
    case 'invalid_union': {
      const options = 'options' in issue ? (issue.options as readonly unknown[]) : undefined
      if (options && options.length > 0) return told(`is ${shown(value)}, expected one of ${quoted(options)}`)
      const branch = closest(issue.errors)
      if (!branch) return told(`is ${shown(value)}, which fits none of the allowed forms`)
      return branch.flatMap((inner) => described(inner, [...path, ...inner.path], input))
    }
    case 'custom':
      return told(`is ${shown(value)}: ${issue.message}`)
    default:
      return told(`is ${shown(value)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`)
  }
}

/**
 * What is wrong with an input, said so that a person can mend it.
 *
 * @param error what zod said
 * @param input the input it said it of, from which the offending values are quoted
 */
export function issuesOf(error: z.core.$ZodError, input: unknown): readonly Issue[] {
  const issues: Issue[] = []
  for (const issue of error.issues) {
    if (issues.length >= toldAtOnce) break
    issues.push(...described(issue, issue.path, input))
  }
  return issues.slice(0, toldAtOnce)
}
