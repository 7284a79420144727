import { candidateId, contentSchema, contextId, contextSchema } from '../collect/index.ts'

type Fields = { readonly [name: string]: unknown }

const single = ['a', 'b', 'candidate', 'before', 'after', 'to']
const several = ['candidates', 'shown']
const namelessContext = contextSchema.omit({ id: true })

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withCandidateId(candidate: unknown): unknown {
  if (!isFields(candidate) || candidate['id'] !== undefined) return candidate
  const content = contentSchema.safeParse(candidate['content'])
  return content.success ? { id: candidateId(content.data), ...candidate } : candidate
}

function withContextId(context: unknown): unknown {
  if (context === undefined) return { id: contextId({}) }
  if (!isFields(context) || context['id'] !== undefined) return context
  const parsed = namelessContext.safeParse(context)
  return parsed.success ? { id: contextId(parsed.data), ...context } : context
}

/**
 * Gives a signal from outside the ids that follow from its own content where it left them out: those of its candidates
 * and of its context. Whatever is not understood is left for the validation to complain about.
 */
export function withDerivedIds(signal: unknown): unknown {
  if (!isFields(signal)) return signal
  const completed: Record<string, unknown> = { ...signal, context: withContextId(signal['context']) }
  for (const name of single) if (name in completed) completed[name] = withCandidateId(completed[name])
  for (const name of several) {
    const candidates = completed[name]
    if (Array.isArray(candidates)) completed[name] = candidates.map(withCandidateId)
  }
  return completed
}
