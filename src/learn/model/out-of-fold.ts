import { type Run, startRun } from '../../run/index.ts'
import type { Matrix } from '../contract.ts'
import { takePairs } from '../pairs/pair-data.ts'
import { kFolds, pairGroups, type SplitBy } from '../split.ts'
import { type FitPreferences, preferenceFitter } from './fit-preferences.ts'
import type { FittedModel } from './model-kind.ts'

import { encodedPairs } from './pair-graph.ts'

export interface OutOfFoldOptions<O, P> extends Omit<FitPreferences<O, P>, 'validation' | 'checkpointEvery'> {
  /** K, at least 2. Default 5. */
  readonly folds?: number
  /** M, each with folds, order and numbers to start from of its own. Default 5. */
  readonly members?: number
  /** Share of the training contexts of each fit to hold out for early stopping. Default none. */
  readonly validation?: number
  /** What no two folds share. Default `context`. */
  readonly by?: SplitBy
  /** Fit each member to a sample of its training pairs drawn with replacement: convex models differ by little else. Default false. */
  readonly bootstrap?: boolean
  /** Called for each model, before it is let go. */
  readonly onModel?: (
    model: FittedModel<O, P>,
    about: { readonly member: number; readonly fold: number },
  ) => void | Promise<void>
}

export interface OutOfFold {
  /** [pairs, members]: log-odds that a is preferred, by models that have not seen the pair. */
  readonly logits: Matrix
  /** [members][pairs]: the fold that each pair was held out in. */
  readonly folds: readonly Int32Array[]
}

/**
 * An ensemble's opinion of every pair, each by models that were not fitted to it: M members, each K models. The step is
 * compiled once for all of them.
 *
 * @throws {RangeError} when there are fewer groups than folds
 * @example
 * const { logits } = await outOfFold({ kind: rewardKind, data, members: 10, bootstrap: true }, startRun({ seed: 1 }))
 */
export async function outOfFold<O, P>(given: OutOfFoldOptions<O, P>, run: Run = startRun()): Promise<OutOfFold> {
  const { folds = 5, members = 5, by = 'context', bootstrap = false, validation, onModel, ...fit } = given
  if (!Number.isInteger(members) || members < 1)
    throw new RangeError(`outOfFold: members is ${members}, expected a whole number of at least 1`)
  const groups = pairGroups(given.data, by)
  const pairs = groups.length
  const data = new Float32Array(pairs * members)
  const assigned: Int32Array[] = []
  const fitter = await preferenceFitter(fit, run)
  try {
    // Encoded once: every fit would do it again.
    const encoded = await encodedPairs(fitter.encoders, given.data)
    for (let member = 0; member < members; member++) {
      const foldOf = kFolds(groups, folds, run.random(`out-of-fold/${member}`))
      assigned.push(foldOf)
      for (let fold = 0; fold < folds; fold++) {
        run.signal.throwIfAborted()
        const within = foldOf.map((of, pair) => (of === fold ? pair : -1)).filter((pair) => pair >= 0)
        const outside = foldOf.map((of, pair) => (of === fold ? -1 : pair)).filter((pair) => pair >= 0)
        const own = memberRun(run, member * folds + fold)
        const random = own.random('bootstrap')
        const seen = bootstrap ? outside.map(() => outside[random.integer(outside.length)] as number) : outside
        const model = await fitter.fit(takePairs(encoded, seen), validation, own)
        const held = takePairs(encoded, within)
        const logits = await model.logits(held)
        within.forEach((pair, at) => {
          data[pair * members + member] = logits[at] as number
        })
        await onModel?.(model, { member, fold })
        await model.dispose()
        run.progress({ label: 'out of fold', done: member * folds + fold + 1, total: members * folds })
      }
    }
  } finally {
    await fitter.dispose()
  }
  return { logits: { rows: pairs, columns: members, data }, folds: assigned }
}

/** The same run with random numbers of its own. */
export function memberRun(run: Run, member: number): Run {
  return {
    ...run,
    // The folder is made on first use.
    get folder() {
      return run.folder
    },
    random: (purpose) => run.random(`member/${member}/${purpose}`),
    progress: () => undefined,
  }
}
