import { zeros } from '../graph/value.ts'
import { add, mul } from '../ops/arithmetic.ts'
import { greater, where } from '../ops/compare.ts'
import { entry, type Slots, slot, type Transform } from './transform.ts'

/**
 * Lets an optimiser act on the mean gradient of several steps, every `every`-th step; between, parameters and its state
 * stay as they are. Schedules inside count its own updates.
 *
 * @throws {RangeError} unless `every` is a whole number of at least 1
 */
export function accumulateGradients(every: number, inner: Transform): Transform {
  if (!Number.isInteger(every) || every < 1)
    throw new RangeError(`accumulateGradients: every is ${every}, expected a whole number of at least 1`)
  if (every === 1) return inner
  const innerName = (name: string): string => `inner.${name}`
  return {
    ...(inner.packs && { packs: inner.packs.bind(inner) }),
    init: (parameters) => ({
      gradients: parameters.map(({ shape, dtype }) => zeros(shape, dtype)),
      ...Object.fromEntries(Object.entries(inner.init(parameters)).map(([name, values]) => [innerName(name), values])),
    }),
    update(context) {
      const acts = greater(
        context.scalar((step) => Number(step % every === 0)),
        0.5,
      )
      const sums = context.updates.map((update, index) => add(entry(slot(context.state, 'gradients'), index), update))
      const own: Slots<(typeof sums)[number]> = Object.fromEntries(
        Object.entries(context.state)
          .filter(([name]) => name.startsWith(innerName('')))
          .map(([name, values]) => [name.slice(innerName('').length), values]),
      )
      const made = inner.update({
        ...context,
        updates: sums.map((sum) => mul(sum, 1 / every)),
        state: own,
        scalar: (valueAt) => context.scalar((step) => valueAt(Math.ceil(step / every))),
      })
      const kept = Object.entries(made.state).map(([name, values]) => [
        innerName(name),
        values.map((after, index) => {
          const before = own[name]?.[index]
          return after && before && where(acts, after, before)
        }),
      ])
      return {
        updates: made.updates.map((update) => where(acts, update, 0)),
        state: { gradients: sums.map((sum) => where(acts, 0, sum)), ...Object.fromEntries(kept) },
      }
    },
  }
}
