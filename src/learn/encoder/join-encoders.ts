import { z } from 'zod'
import type { Json } from '../../run/index.ts'
import { concat, type InputSpecs, spec } from '../../tensor/index.ts'
import type { Encoder, EncoderKind } from './encoder.ts'
import { encoderId } from './encoder-id.ts'

const kind = 'joined'

/** Parameters of each joined encoder, in order; nothing when all are frozen. */
export type JoinedParameters = readonly unknown[] | Record<string, never>

const partName = (at: number): string => `part${at}`

/** Inputs under a name of their own, their sizes too, except the number of rows, which all share. */
function renamed(specs: InputSpecs, at: number): InputSpecs {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => [
      `${partName(at)}/${name}`,
      spec(
        shape.map((dim) =>
          typeof dim === 'number'
            ? dim
            : dim.replaceAll(/[A-Za-z_]\w*/g, (size) => (size === 'rows' ? size : `${partName(at)}_${size}`)),
        ),
        dtype,
      ),
    ]),
  )
}

/**
 * Several encoders side by side: the columns of the first, then those of the second, and so on. Frozen when all are; a
 * frozen one among others has no parameters.
 *
 * @throws {RangeError} when there are none
 * @example
 * const encoder = joinEncoders([hashedNgrams(), fitNumericFeatures(judgements, { of: 'candidate' })])
 */
export function joinEncoders(encoders: readonly Encoder[]): Encoder<JoinedParameters> {
  const [first] = encoders
  if (first === undefined) throw new RangeError('joinEncoders: there are no encoders to join')
  const frozen = encoders.every((encoder) => encoder.frozen)
  const description = {
    kind,
    options: { encoders: encoders.map(({ description: { kind: part, options } }) => ({ kind: part, options })) },
  }
  return {
    id: encoderId({ kind, options: encoders.map(({ id }) => id) }),
    description,
    width: encoders.reduce((sum, { width }) => sum + width, 0),
    frozen,
    specs: Object.assign({}, ...encoders.map(({ specs }, at) => renamed(specs, at))) as InputSpecs,
    async prepare(batch) {
      const prepared = await Promise.all(encoders.map((encoder) => encoder.prepare(batch)))
      return Object.fromEntries(
        prepared.flatMap((inputs, at) =>
          Object.entries(inputs).map(([name, input]) => [`${partName(at)}/${name}`, input] as const),
        ),
      )
    },
    init: (random) => (frozen ? {} : encoders.map((encoder, at) => encoder.init(random.fork(at)))),
    apply(parameters, inputs) {
      const parts = Array.isArray(parameters) ? (parameters as readonly unknown[]) : []
      const columns = encoders.map((encoder, at) => {
        const start = `${partName(at)}/`
        const own = Object.entries(inputs).flatMap(([name, input]) =>
          name.startsWith(start) ? [[name.slice(start.length), input] as const] : [],
        )
        return encoder.apply((parts[at] ?? {}) as never, Object.fromEntries(own))
      })
      return concat(columns, 1)
    },
  }
}

const describedSchema = z.strictObject({
  encoders: z.array(z.strictObject({ kind: z.string(), options: z.unknown() })).min(1),
})

/**
 * Opens saved joined encoders, each part by its own kind.
 *
 * @param kinds gives the kinds that parts may have
 */
export function joinedEncodersKind(kinds: () => readonly EncoderKind[]): EncoderKind {
  return {
    kind,
    async open(described) {
      const { encoders } = describedSchema.parse(described)
      const parts = encoders.map(async ({ kind: wanted, options }) => {
        const opener = kinds().find((known) => known.kind === wanted)
        if (opener === undefined)
          throw new RangeError(
            `joined encoders: "${wanted}" is not known; known are ${kinds()
              .map((known) => known.kind)
              .join(', ')}`,
          )
        return opener.open(options as Json)
      })
      return joinEncoders(await Promise.all(parts))
    },
  }
}
