import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import type { SignalStore } from '../../collect/index.ts'
import type { Encoder, LearnReport, ModelKind } from '../../learn/index.ts'
import type { Run } from '../../run/index.ts'
import { counted } from '../counted.ts'
import { dataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { blamedOnInput, InputError, lineOf } from '../failure.ts'
import { formatOption } from '../format-option.ts'
import { jsonObject } from '../json-object.ts'
import { commandRun } from '../progress.ts'
import { wholeNumber } from '../whole-number.ts'

const kinds = ['reward', 'general-preference', 'pal', 'mixture'] as const
const splits = ['context', 'rater', 'component', 'source', 'pair'] as const

interface Options {
  readonly out: string
  readonly data?: string
  readonly format?: string
  readonly kind: (typeof kinds)[number]
  readonly options?: Readonly<Record<string, unknown>>
  readonly encoder: string
  readonly split?: (typeof splits)[number]
  readonly aspect?: string
  readonly epochs: number
  readonly replace?: boolean
  readonly seed: number
  readonly json?: boolean
}

/** The encoder of candidates that a word names. */
async function encoderFor(name: string, store: SignalStore): Promise<Encoder> {
  const { embeddingEndpoint, hashedNgrams, sentenceTransformer } = await import('../../learn/index.ts')
  const { configuredEmbeddingModel } = await import('../../llm/index.ts')
  if (name === 'n-grams') return hashedNgrams() as Encoder
  if (name === 'endpoint') {
    const model = configuredEmbeddingModel()
    if (!model)
      throw new InputError(
        '--encoder endpoint needs PENCHANT_EMBEDDING_MODEL and PENCHANT_EMBEDDING_BASE_URL to be set',
      )
    return (await embeddingEndpoint(model, { cache: store.embeddings })) as Encoder
  }
  if (existsSync(join(name, 'config.json')))
    return (await sentenceTransformer(name, { cache: store.embeddings })) as Encoder
  throw new InputError(
    `--encoder is ${JSON.stringify(name)}, expected n-grams, endpoint, or a folder with a sentence-transformers checkpoint`,
  )
}

/** How the pairs of the test stand to those of the training. */
const apart: Readonly<Record<(typeof splits)[number], string>> = {
  context: 'that share no context with training',
  rater: 'that share no rater with training',
  component: 'that share no candidate with training',
  source: 'that share no source with training',
  pair: 'held out at random, whose candidates and contexts training may know',
}

/** What the report says, for people. */
function told({ pairs, split, test, accuracyInterval, leftOut, temperature }: LearnReport): string[] {
  const [lower, upper] = accuracyInterval.map((share) => `${(100 * share).toFixed(1)}`)
  const left = Object.entries(leftOut).filter(([, count]) => count > 0)
  return [
    `accuracy ${(100 * test.accuracy).toFixed(1)} % ${pc.dim(`(95 %: ${lower} to ${upper}), on ${counted(pairs.test, 'pair')} ${apart[split]}`)}`,
    `log-loss ${test.logLoss.toFixed(4)} ${pc.dim('(knowing nothing: 0.6931)')}, Brier score ${test.brier.toFixed(4)}`,
    `calibration error ${(100 * test.expectedError).toFixed(1)} % ${pc.dim(`(average over bins ${(100 * test.averageError).toFixed(1)} %, largest ${(100 * test.maximumError).toFixed(1)} %; temperature ${temperature.toFixed(2)})`)}`,
    ...(left.length > 0 ? [pc.dim(`left out: ${left.map(([reason, count]) => `${count} ${reason}`).join(', ')}`)] : []),
  ]
}

/** A table of how likely the likelier side was held to be, and how often it was chosen. */
function reliability({ test }: LearnReport): string[] {
  return [
    pc.dim('predicted   chosen     pairs'),
    // Both orders of each pair are counted, so that the lower half is the upper one seen from the other side.
    ...test.bins
      .slice(Math.floor(test.bins.length / 2))
      .map(
        ({ confidence, frequency, count }) =>
          `${confidence.toFixed(3).padStart(9)}  ${frequency.toFixed(3).padStart(7)}  ${String(count).padStart(8)}`,
      ),
  ]
}

/** Training may take hours: what `saveModel` would refuse is refused before. */
function checkPlace({ out: given, replace }: Options): void {
  const out = resolve(given)
  if (!existsSync(out)) return
  if (!statSync(out).isDirectory()) throw new InputError(`${out} is a file, expected a folder or nothing`)
  const there = readdirSync(out)
  if (there.length === 0) return
  if (!there.includes('model.json'))
    throw new InputError(`${out} holds ${there.slice(0, 3).join(', ')} and no model.json; give another folder`)
  if (!replace) throw new InputError(`${out} holds a model already; give another folder, or --replace`)
}

/** Names what is in a file. */
async function fileVersion(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const part of createReadStream(path)) digest.update(part as Uint8Array)
  return digest.digest('hex')
}

/** `penchant learn`: signals into a preference model that is calibrated, judged on unseen pairs, and saved. */
export function learnCommand(): Command {
  const command = new Command('learn')
    .description('learn a preference model from a file of preference data, or from the store, and save it')
    .argument('[file]', 'preference data in any format that import reads; without it, the signals of the store')
    .requiredOption('--out <folder>', 'where the model goes: model.json, model.safetensors, score.onnx')
    .option('--data <folder>', 'without a file: the folder that holds the signals')
    .addOption(formatOption('how to read the rows of the file (default: told from it)'))
    .addOption(new Option('--kind <name>', 'what sort of model').choices(kinds).default('reward'))
    .option('--options <json>', 'options of the kind, such as \'{"heads": 4}\'', jsonObject)
    .option('--encoder <name>', 'n-grams, endpoint, or a folder with a sentence-transformers checkpoint', 'n-grams')
    .addOption(
      new Option(
        '--split <what>',
        'what training and test may not share; component is candidates, however long the chain (default: the first of context, component and pair of which there are enough)',
      ).choices(splits),
    )
    .option('--aspect <name>', 'learn this criterion of the judgements (default: the whole judgement, or overall)')
    .option('--epochs <number>', 'at most; it ends when held-out pairs get no better', wholeNumber(1, 1_000_000), 30)
    .option('--replace', 'put the model in the place of one that is there')
    .option('--seed <number>', 'of the split, the start and the order', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--json', 'print the report as JSON')
    .action(async (file: string | undefined, options: Options) => {
      const path = file === undefined ? undefined : resolve(file)
      if (path !== undefined && !existsSync(path)) throw new InputError(`${file}: there is no such file`)
      checkPlace(options)
      const scratch = path === undefined ? undefined : await mkdtemp(join(tmpdir(), 'penchant-learn-'))
      const { run, end } = commandRun({ seed: options.seed, ...(scratch !== undefined && { folder: scratch }) })
      const { importFile, isFormatName, openSqliteStore } = await import('../../collect/index.ts')
      const store = await openSqliteStore(scratch ?? dataFolder(options))
      try {
        const { format } = options
        if (path !== undefined)
          await importFile(path, { store, ...(format !== undefined && isFormatName(format) && { format }) }, run)
        const report = await learn(store, path === undefined ? undefined : await fileVersion(path), options, run)
        end()
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ model: resolve(options.out), ...report }, undefined, 2)}\n`)
          return
        }
        process.stdout.write(`${[...told(report), '', ...reliability(report)].join('\n')}\n`)
        process.stderr.write(
          `${pc.green('✓')} the model is in ${options.out} ${pc.dim(`(${options.kind}, ${counted(report.pairs.train, 'training pair')}, ${counted(report.epochs, 'epoch')})`)}\n`,
        )
      } catch (error) {
        throw error instanceof RangeError && !run.signal.aborted
          ? new InputError(error.message, { cause: error })
          : blamedOnInput(error, run.signal.aborted)
      } finally {
        end()
        await store.close()
        if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
      }
    })
  return withExamples(
    command,
    [
      'penchant learn pairs.jsonl --out models/helpful',
      'penchant learn --data ./data --kind pal --options \'{"prototypes": 3}\' --split pair --out models/tastes',
      'penchant learn pairs.parquet --encoder models/all-MiniLM-L6-v2 --out models/helpful --json',
    ],
    '0 fine, 1 it failed, 2 broken data, nothing to learn from, or wrong usage',
  )
}

/** @param version names the data; without it, the store does */
async function learn(
  store: SignalStore,
  version: string | undefined,
  options: Options,
  run: Run,
): Promise<LearnReport> {
  const { hashedNgrams, learnPreferences, modelKinds, saveModel } = await import('../../learn/index.ts')
  const kind = modelKinds.find(({ name }) => name === options.kind) as ModelKind
  const checked = kind.options.safeParse(options.options ?? {})
  if (!checked.success) throw new InputError(`--options for ${options.kind}: ${lineOf(checked.error)}`)
  const readsContexts =
    options.kind === 'mixture' || options.options?.['variant'] === 'B' || options.options?.['contextScales'] === true
  const snapshot = await store.snapshot()
  try {
    const { model, report } = await learnPreferences(
      snapshot,
      {
        kind,
        encoder: await encoderFor(options.encoder, store),
        ...(options.options && { options: options.options }),
        ...(readsContexts && { contextEncoder: hashedNgrams({ of: 'context', projection: 16 }) as Encoder }),
        ...(options.split && { split: options.split }),
        // Equal answers say nothing, and are counted; they are common in published data.
        pairs: { duplicates: 'drop', ...(options.aspect !== undefined && { aspect: options.aspect }) },
        epochs: options.epochs,
        patience: 3,
        checkpointEvery: 0,
        dataVersion: version ?? snapshot.version,
      },
      run,
    )
    await saveModel(model, resolve(options.out), { replace: options.replace === true })
    await model.dispose()
    return report
  } finally {
    await snapshot.close()
  }
}
