import { join } from 'node:path'
import { type Random, type Run, writeWhole } from '../run/index.ts'
import type { InputSpecs, InputValues } from './compile.ts'
import { arraysOf, type ExampleStream, type Examples } from './examples.ts'
import { fitCheckpoint, type Standing } from './fit-checkpoint.ts'
import { type FitTable, type NamedTable, takeStep } from './fit-tables.ts'
import type { StepLoop, TrainStep } from './train-step.ts'

/** What is known after a step or an epoch. */
export interface FitMetrics {
  readonly kind: 'step' | 'epoch'
  /** From 1. */
  readonly epoch: number
  /** Updates made so far. */
  readonly updates: number
  /** Of the step, or the mean over the epoch's examples. */
  readonly loss: number
  /** What `validate` returned, after an epoch. */
  readonly validation?: Readonly<Record<string, number>>
  /** Scalars that the step reported beside its loss, by name; absent where several steps are taken in one go. */
  readonly reported?: Readonly<Record<string, number>>
}

export interface EarlyStopping {
  /** A name that `validate` returns, or `loss` for the epoch's own. */
  readonly metric: string
  /** Whether less or more is better. Default min. */
  readonly goal?: 'min' | 'max'
  /** Stop after this many epochs without improvement. */
  readonly patience: number
  /** What counts as improvement. Default 0. */
  readonly minimumChange?: number
}

export interface FitOptions<Inputs, Rows extends keyof Inputs = never> {
  /** A stream is trained on in its own order, and held a piece at a time. */
  readonly examples: Examples<Omit<Inputs, Rows>> | ExampleStream<Omit<Inputs, Rows>>
  /** Tables trained with the parameters, by the names they have in the checkpoint. Default none. */
  readonly tables?: Readonly<Record<string, FitTable<Inputs, Rows>>>
  readonly batchSize: number
  readonly epochs: number
  /** Names the checkpoint and the metrics file; two fits of one run need two names. Default `fit`. */
  readonly name?: string
  /** Names the run's stream that batches are drawn from, where several fits should draw the same ones. Default the name. */
  readonly order?: string
  /** Leave out a last batch smaller than the others. Default false. */
  readonly dropLast?: boolean
  /** Measured after each epoch. */
  readonly validate?: () => Promise<Readonly<Record<string, number>>> | Readonly<Record<string, number>>
  /** Stop early, and end with the parameters of the best epoch. */
  readonly earlyStopping?: EarlyStopping
  /**
   * Most steps to take in one go, before their metrics are told and the run's signal is looked at. Only a small step on
   * examples held as arrays (see `examplesOf`) takes several; the numbers are the same. Default: what fits into a
   * fiftieth of a second.
   */
  readonly stepsAtOnce?: number
  /** Steps between checkpoints; 0 for none, and metrics written once at the end. Default: one at the end of each epoch. */
  readonly checkpointEvery?: number
  /** Every step's and epoch's metrics as they come. */
  readonly onMetrics?: (metrics: FitMetrics) => void
}

export interface FitResult {
  readonly epochs: number
  readonly updates: number
  readonly stopped: 'finished' | 'early'
  /** With early stopping: the best epoch and its metric. */
  readonly best?: { readonly epoch: number; readonly value: number }
  /** One entry per epoch. */
  readonly history: readonly FitMetrics[]
}

/** Examples, and many steps on them in one run where the step can. */
interface Opened<Inputs> {
  readonly some: Examples<Inputs>
  readonly loop: StepLoop | undefined
}

/** How long the steps of one go may take, in milliseconds. */
const goMs = 20

/**
 * Trains: batches in an order shuffled by the run's seed, validation after each epoch, early stopping, checkpoints.
 *
 * A run that was stopped or killed goes on from its last checkpoint when `fit` is called again with the same run folder,
 * and ends with exactly the numbers of a run that was never stopped; so does one that was finished and is asked for more
 * epochs, early stopping or not. Epoch metrics are also written to `<name>.metrics.jsonl` in the run's folder. With
 * early stopping the best epoch's parameters, averages and tables are held as well: as much memory again.
 *
 * @throws {RangeError} when the loss stops being a number (a step compiled with `debug` says which operation did it)
 * @throws the signal's reason, after saving a checkpoint, when the run is aborted
 * @example
 * const result = await fit(step, { examples: examplesOf({ x, y }), batchSize: 32, epochs: 10 }, startRun({ seed: 1 }))
 */
export async function fit<I extends InputSpecs, P, R, Rows extends keyof I = never>(
  step: TrainStep<I, P, R>,
  options: FitOptions<InputValues<I>, Rows>,
  run: Run,
): Promise<FitResult> {
  const metrics = fitting(step, options, run)
  try {
    for (;;) {
      const next = await metrics.next()
      if (next.done) return next.value
      options.onMetrics?.(next.value)
    }
  } finally {
    await metrics.return(undefined as never)
  }
}

/**
 * The same as a stream of metrics: training goes on as they are taken. Leaving the loop saves a checkpoint.
 *
 * @returns every step's and epoch's metrics, and in the end the result
 * @example
 * for await (const { kind, loss } of fitting(step, { examples, batchSize: 32, epochs: 10 }, run))
 *   if (kind === 'epoch') console.log(loss)
 */
export async function* fitting<I extends InputSpecs, P, R, Rows extends keyof I = never>(
  step: TrainStep<I, P, R>,
  options: FitOptions<InputValues<I>, Rows>,
  run: Run,
): AsyncGenerator<FitMetrics, FitResult, undefined> {
  const { examples, batchSize, epochs, earlyStopping, name = 'fit', checkpointEvery: every } = options
  const { stepsAtOnce = Number.POSITIVE_INFINITY, order: orderName = name } = options
  for (const [what, number] of [
    ['batchSize', batchSize],
    ['epochs', epochs],
    ['stepsAtOnce', stepsAtOnce],
  ] as const)
    if (!(Number.isInteger(number) || number === Number.POSITIVE_INFINITY) || number < 1)
      throw new RangeError(`fit: ${what} is ${number}, expected a whole number of at least 1`)
  const batchesOf = (count: number): number => Math[options.dropLast ? 'floor' : 'ceil'](count / batchSize)
  const streamed = 'pieces' in examples
  // Of a stream they are known once an epoch is over.
  let batches = streamed ? undefined : batchesOf(examples.count)
  if (batches === 0 && !streamed) throw new RangeError(`fit: ${examples.count} examples make no batch of ${batchSize}`)

  const tables: readonly NamedTable<InputValues<I>, Rows>[] = Object.entries(options.tables ?? {})
  const checkpoint = fitCheckpoint(
    join(run.folder, 'checkpoints', `${name}.safetensors`),
    step,
    Object.fromEntries(tables.map(([key, { table }]) => [key, table])),
  )
  const standing: Standing = (await checkpoint.load()) ?? {
    epoch: 1,
    batch: 0,
    updates: 0,
    lossSum: 0,
    seen: 0,
    history: [],
  }
  if (standing.updates > 0)
    run.log({
      level: 'info',
      message: `${name}: going on after ${standing.updates} updates`,
      fields: { epoch: standing.epoch },
    })
  const metricsPath = join(run.folder, `${name}.metrics.jsonl`)
  const end = (stopped: 'finished' | 'early'): FitResult => {
    for (const [, { table }] of tables) table.settle()
    if (earlyStopping) checkpoint.restoreBest()
    return {
      epochs: standing.history.length,
      updates: standing.updates,
      stopped,
      ...(standing.best && { best: standing.best }),
      history: standing.history,
    }
  }
  const progress = (what: string): void =>
    run.progress({
      label: `${name}: ${what}epoch ${standing.epoch} of ${epochs}`,
      done: batches === undefined ? standing.updates : (standing.epoch - 1) * batches + standing.batch,
      ...(batches !== undefined && { total: epochs * batches }),
    })
  // A fit that was finished goes on when it is asked for more epochs.
  if (standing.finished === 'finished' && standing.epoch <= epochs) delete standing.finished
  if (standing.finished || standing.epoch > epochs) return end(standing.finished ?? 'finished')

  // Where a resumed fit starts, so that time is told by what is done from here on.
  progress('')
  const open = async (some: Examples<Omit<InputValues<I>, Rows>>): Promise<Opened<Omit<InputValues<I>, Rows>>> => {
    const held = tables.length === 0 && stepsAtOnce > 1 ? arraysOf(some) : undefined
    return { some, loop: held && (await step.loop?.(held)) }
  }
  const all = streamed ? undefined : await open(examples)
  // How many steps are taken at once decides no number, so the clock may.
  let stepMs = goMs
  let waiting = false
  /** Takes the next steps of a piece, and returns the loss of each, how many examples it saw, and what it reported. */
  const advance = async (
    { some, loop }: Opened<Omit<InputValues<I>, Rows>>,
    order: Uint32Array,
    batch: number,
  ): Promise<readonly (readonly [loss: number, size: number, reported?: FitMetrics['reported']])[]> => {
    const from = batch * batchSize
    const toCheckpoint = every ? every - (standing.updates % every) : Number.POSITIVE_INFINITY
    const whole = Math.floor(order.length / batchSize) - batch
    const most = Math.min(stepsAtOnce, toCheckpoint, whole, Math.max(1, Math.floor(goMs / stepMs)))
    const indices = order.subarray(from, from + Math.max(1, most) * batchSize)
    if (!loop) {
      const { loss, reported, updateTables } = await takeStep(step, tables, await some.batch(indices))
      if (Number.isFinite(loss)) updateTables()
      return [[loss, indices.length, reported]]
    }
    const size = Math.min(batchSize, indices.length)
    const start = performance.now()
    const losses = await loop(indices, size)
    stepMs = (performance.now() - start) / losses.length
    return losses.map((loss) => [loss, size])
  }
  /** What is trained on in an epoch, piece by piece, and the batches before it; without what was seen already. */
  async function* piecesOf(random: Random) {
    if (all) yield { opened: all, order: random.shuffle(upTo(all.some.count)), before: 0 }
    else if ('pieces' in examples) {
      let before = 0
      for await (const piece of examples.pieces(random, batchSize)) {
        if (!Number.isInteger(before))
          throw new RangeError(`${name}: a piece that is not the last has no whole number of batches of ${batchSize}`)
        if (standing.batch < before + batchesOf(piece.count))
          yield { opened: await open(await piece.open()), order: upTo(piece.count), before }
        before += piece.count / batchSize
      }
    }
  }
  try {
    for (;;) {
      const random = run.random(`${orderName}/order/${standing.epoch}`)
      for await (const { opened, order, before: earlier } of piecesOf(random)) {
        const last = earlier + batchesOf(order.length)
        while (standing.batch < last) {
          if (run.signal.aborted) {
            if (every !== 0) await checkpoint.save(standing)
            throw run.signal.reason
          }
          const taken = await advance(opened, order, standing.batch - earlier)
          const before = standing.updates
          for (const [at, [loss, size]] of taken.entries()) {
            if (!Number.isFinite(loss))
              throw new RangeError(
                `${name}: the loss is ${loss} at update ${before + at + 1} (epoch ${standing.epoch}); compile the step with debug: true to learn which operation gave it`,
              )
            standing.lossSum += loss * size
            standing.seen += size
          }
          standing.updates = step.updates
          standing.batch += taken.length
          progress('')
          // Within an epoch only: at its end the checkpoint waits for validation.
          if (every !== undefined && every > 0 && standing.updates % every === 0 && standing.batch !== batches)
            await checkpoint.save(standing)
          waiting = true
          for (const [at, [loss, , reported]] of taken.entries())
            yield { kind: 'step', epoch: standing.epoch, updates: before + at + 1, loss, ...(reported && { reported }) }
          waiting = false
        }
      }
      if (standing.batch === 0) throw new RangeError(`${name}: the stream has no batch of ${batchSize} examples`)
      batches ??= standing.batch

      if (options.validate) progress('validation of ')
      const validation = await options.validate?.()
      const metrics: FitMetrics = {
        kind: 'epoch',
        epoch: standing.epoch,
        updates: standing.updates,
        loss: standing.lossSum / standing.seen,
        ...(validation && { validation }),
      }
      standing.history.push(metrics)
      const stop = earlyStopping ? judge(earlyStopping, metrics, standing) : undefined
      if (stop === 'better') checkpoint.keepBest()
      standing.epoch++
      standing.batch = 0
      standing.lossSum = 0
      standing.seen = 0
      if (stop === 'stop') standing.finished = 'early'
      else if (standing.epoch > epochs) standing.finished = 'finished'
      // Without checkpoints there is nothing to go on from, so the file waits for the end.
      if (every !== 0 || standing.finished)
        writeWhole(metricsPath, `${standing.history.map((line) => JSON.stringify(line)).join('\n')}\n`)
      if (every !== 0) await checkpoint.save(standing)
      if (stop === 'stop') {
        const done = metrics.epoch * batches
        run.progress({ label: `${name}: stopped early after epoch ${metrics.epoch}`, done, total: done })
      }
      yield metrics
      if (standing.finished) return end(standing.finished)
    }
  } finally {
    if (waiting && every !== 0) await checkpoint.save(standing)
  }
}

function upTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count)
  for (let index = 0; index < count; index++) numbers[index] = index
  return numbers
}

/** Whether an epoch was the best so far, and whether to stop. */
function judge(rule: EarlyStopping, metrics: FitMetrics, standing: Standing): 'better' | 'stop' | undefined {
  const found = rule.metric === 'loss' ? metrics.loss : metrics.validation?.[rule.metric]
  if (found === undefined)
    throw new RangeError(
      `early stopping on "${rule.metric}", but validate returned ${Object.keys(metrics.validation ?? {}).join(', ') || 'nothing'}`,
    )
  const sign = rule.goal === 'max' ? -1 : 1
  const { best } = standing
  // What is no number is never better, and never stays the best.
  const better =
    best === undefined ||
    (Number.isNaN(best.value) && !Number.isNaN(found)) ||
    sign * found < sign * best.value - (rule.minimumChange ?? 0)
  if (better) {
    standing.best = { epoch: metrics.epoch, value: found }
    return 'better'
  }
  return metrics.epoch - best.epoch >= rule.patience ? 'stop' : undefined
}
