import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import pc from 'picocolors'
import type { SignalStore } from '../../collect/index.ts'
import type { ListOptions, OpenRecommender, RecommendedList, RecommenderManifest } from '../../recommend/index.ts'
import type { KeptRecommender, RecommenderRequest } from '../../serve/index.ts'
import { counted } from '../counted.ts'
import { dataFolder, withDataFolder } from '../data-folder.ts'
import { withExamples } from '../examples.ts'
import { blamedOnInput, InputError } from '../failure.ts'
import { jsonObject } from '../json-object.ts'
import { printable } from '../printable.ts'
import { commandRun } from '../progress.ts'
import { wholeNumber } from '../whole-number.ts'

interface FitOptions {
  readonly data?: string
  readonly kind: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly layout?: 'rows' | 'lists' | 'json'
  readonly atLeast?: number
  readonly source?: readonly string[]
  readonly items?: string
  readonly holdOut: number
  readonly holdOutFrom: 'latest' | 'random'
  readonly index: 'auto' | 'exact' | 'hnsw'
  readonly title?: string
  readonly replace?: boolean
  readonly seed: number
  readonly json?: boolean
}

interface ForOptions {
  readonly data?: string
  readonly user?: string
  readonly item?: readonly string[]
  readonly count: number
  readonly explain: number
  readonly exclude?: readonly string[]
  readonly withSeen?: boolean
  readonly diversity?: number
  readonly fairness?: number
  readonly json?: boolean
}

const number =
  (least: number, most: number) =>
  (text: string): number => {
    const found = text.trim() === '' ? Number.NaN : Number(text)
    if (!(found >= least && found <= most))
      throw new InputError(`${JSON.stringify(text)} is not allowed, expected a number from ${least} to ${most}`)
    return found
  }
const several = (text: string, before: readonly string[] = []): readonly string[] => [...before, text]

/** Does something with the store of a data folder. */
async function withStore<Result>(
  options: { readonly data?: string },
  work: (store: SignalStore, folder: string) => Promise<Result>,
): Promise<Result> {
  const { openSqliteStore } = await import('../../collect/index.ts')
  const folder = dataFolder(options)
  const store = await openSqliteStore(folder)
  try {
    return await work(store, folder)
  } finally {
    await store.close()
  }
}

/** What there is to be said of how good a recommender is. */
function qualityLines({ quality }: RecommenderManifest): string[] {
  if (!quality) return [pc.dim('not measured: nothing was held out')]
  const shown = quality.metrics.filter(({ name }) => name.endsWith('@20') || quality.metrics.length <= 4)
  return [
    pc.dim(
      `on ${counted(quality.interactions, 'interaction')} held out of ${counted(quality.users, 'history').replace(/historys$/, 'histories')}`,
    ),
    ...shown.map(
      ({ name, value, lower, upper, popularity }) =>
        `${name.padEnd(10)} ${value.toFixed(4)} ${pc.dim(`(95 %: ${lower.toFixed(4)} to ${upper.toFixed(4)}; what most take: ${popularity.toFixed(4)})`)}`,
    ),
    `${'coverage'.padEnd(10)} ${quality.coverage.toFixed(4)} ${pc.dim('of the items are in some list of 20')}`,
  ]
}

function requestOf(name: string, file: string | undefined, options: FitOptions): unknown {
  const { kind, holdOut, holdOutFrom, index, seed, title, layout, atLeast, source } = options
  const least = atLeast === undefined ? {} : { atLeast }
  return {
    ...{
      name,
      kind,
      options: options.options ?? {},
      holdOut,
      holdOutFrom,
      index,
      seed,
      replace: options.replace ?? false,
    },
    ...(title !== undefined && { title }),
    data:
      file === undefined
        ? { from: 'signals', ...(source && { filter: { sources: source } }), ...least }
        : { from: 'file', file: basename(file).slice(-100), ...(layout && { layout }), ...least },
  }
}

async function fit(name: string, file: string | undefined, options: FitOptions): Promise<void> {
  const { items } = options
  for (const path of [file, items])
    if (path !== undefined && !existsSync(path)) throw new InputError(`${path}: there is no such file`)
  if (file !== undefined && options.source)
    throw new InputError('--source chooses among the signals of the store, and a file was given')
  const { fitAndKeep, recommenderRequestSchema, recommenderShelf } = await import('../../serve/index.ts')
  const { recommenderKind } = await import('../../recommend/index.ts')
  const request: RecommenderRequest = recommenderRequestSchema.parse(requestOf(name, file, options))
  try {
    recommenderKind(request.kind).options.parse(request.options)
  } catch (error) {
    throw blamedOnInput(error, false)
  }
  await withStore(options, async (store, folder) => {
    const shelf = recommenderShelf(store, folder)
    if ((await shelf.get(name))?.fitted && !options.replace)
      throw new InputError(`there is a recommender "${name}" already; give another name, or --replace`)
    const { run, end } = commandRun({ seed: options.seed, folder: join(folder, 'work') })
    try {
      const more = {
        ...(file !== undefined && { file: { id: basename(file), name: file, path: resolve(file) } }),
        ...(items !== undefined && { details: resolve(items) }),
      }
      const { manifest, seconds } = await fitAndKeep(store, folder, request, more, run)
      end()
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ name, ...manifest, seconds }, undefined, 2)}\n`)
        return
      }
      const { kind, users, interactions } = manifest
      process.stdout.write(
        `${[
          `${pc.green('✓')} ${pc.bold(name)}: ${kind}, ${counted(users, 'user')}, ${counted(manifest.items, 'item')}, ${counted(interactions, 'interaction')} ${pc.dim(`(${seconds.toFixed(1)} s)`)}`,
          ...qualityLines(manifest),
        ].join('\n')}\n`,
      )
    } catch (error) {
      throw blamedOnInput(error, run.signal.aborted)
    } finally {
      end()
    }
  })
}

/** One line for a recommender. */
function listLine({ request, fitted }: KeptRecommender, width: number): string {
  const name = pc.bold(request.name.padEnd(width))
  if (!fitted) return `${name}  ${pc.dim('not fitted')}`
  const { kind, users, items, quality } = fitted.manifest
  const ndcg = quality?.metrics.find((one) => one.name === 'ndcg@20')
  return `${name}  ${kind}, ${counted(users, 'user')}, ${counted(items, 'item')}${ndcg ? `, ndcg@20 ${ndcg.value.toFixed(4)}` : ''}`
}

async function list(options: { readonly data?: string; readonly json?: boolean }): Promise<void> {
  const { recommenderShelf } = await import('../../serve/index.ts')
  const kept = await withStore(options, (store, folder) => recommenderShelf(store, folder).list())
  if (options.json) {
    const shown = kept.map(({ request, fitted }) => ({
      name: request.name,
      kind: request.kind,
      ...(fitted && { fitted: { at: fitted.at, seconds: fitted.seconds, ...fitted.manifest } }),
    }))
    process.stdout.write(`${JSON.stringify({ recommenders: shown }, undefined, 2)}\n`)
    return
  }
  const width = Math.max(0, ...kept.map(({ request }) => request.name.length))
  for (const one of kept) process.stdout.write(`${listLine(one, width)}\n`)
  if (kept.length === 0) process.stderr.write('There is no recommender yet: penchant recommend fit --help\n')
}

/** A list as lines of text. */
function listed({ items, unknown, notes }: RecommendedList): string[] {
  const named = ({ id, title }: { readonly id: string; readonly title?: string }): string =>
    printable(title === undefined || title === id ? id : `${title} (${id})`)
  return [
    ...items.map(({ score, reasons, ...item }, at) => {
      const why = (reasons ?? []).map(named).join(', ')
      return `${pc.dim(`${at + 1}`.padStart(3))}  ${named(item)}  ${pc.dim(score.toPrecision(4))}${why ? pc.dim(`  because of ${why}`) : ''}`
    }),
    ...(unknown?.items ? [pc.yellow(`unknown items: ${unknown.items.map(printable).join(', ')}`)] : []),
    ...(notes ?? []).map((note) => pc.yellow(printable(note))),
  ]
}

async function recommendFor(name: string, options: ForOptions): Promise<void> {
  const { user, item, count, explain, exclude = [], withSeen, diversity, fairness } = options
  if (user === undefined && !item)
    throw new InputError('for whom? Give --user, or --item for each thing that was taken')
  const { historyNow, recommenderShelf } = await import('../../serve/index.ts')
  const { openRecommender, recommendByIds } = await import('../../recommend/index.ts')
  const list = await withStore(options, async (store, folder) => {
    const shelf = recommenderShelf(store, folder)
    const kept = await shelf.get(name)
    const path = kept && shelf.pathOfFitted(kept)
    const fitted = kept?.fitted
    if (path === undefined || !fitted) {
      const names = (await shelf.list()).map(({ request }) => request.name)
      throw new InputError(
        `there is no recommender "${name}"${names.length > 0 ? `, expected one of ${names.join(', ')}` : ''}`,
      )
    }
    const open: OpenRecommender = await openRecommender(path)
    try {
      const asked: ListOptions = {
        ...{ count, explain, exclude: { seen: withSeen !== true, items: exclude } },
        ...((diversity !== undefined || fairness !== undefined) && {
          rerank: { ...(diversity !== undefined && { diversity }), ...(fairness !== undefined && { fairness }) },
        }),
        historyNow: (id) => historyNow(store, fitted, open, id),
      }
      const row = { ...(user !== undefined && { user }), ...(item && { history: item }) }
      return (await recommendByIds(open, [row], asked))[0]
    } finally {
      await open.close()
    }
  })
  if (!list) throw new Error('no list was made')
  if (options.json) process.stdout.write(`${JSON.stringify({ recommender: name, ...list }, undefined, 2)}\n`)
  else process.stdout.write(`${listed(list).join('\n')}\n`)
}

async function kinds(options: { readonly json?: boolean }): Promise<void> {
  const { recommenderKinds } = await import('../../recommend/index.ts')
  const { z } = await import('zod')
  const all = Object.entries(recommenderKinds).map(([kind, { title, description, options: schema, explains }]) => {
    const { $schema: _, ...shown } = z.toJSONSchema(schema, { io: 'input' })
    return { kind, title, description, explains, options: shown }
  })
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ kinds: all }, undefined, 2)}\n`)
    return
  }
  for (const { kind, title, description, options: shown } of all) {
    process.stdout.write(`${pc.bold(kind)}  ${title}. ${description}\n`)
    for (const [name, { description: what = '' }] of Object.entries(
      (shown.properties ?? {}) as Record<string, { description?: string }>,
    ))
      process.stdout.write(`    ${name}  ${pc.dim(what)}\n`)
  }
}

const codes = '0 fine, 1 it failed, 2 an unknown name, a bad file or wrong usage'

function fitCommand(): Command {
  const command = withDataFolder(
    new Command('fit')
      .description(
        'fit a recommender to the choices and ratings of the store, or to a file of interactions, measure it and keep it',
      )
      .argument('<name>', 'lower-case letters, digits and hyphens')
      .argument(
        '[file]',
        'one interaction a line (user, item, value, time), or a line of items for each user; gzipped or not',
      ),
  )
    .option('--kind <name>', 'the method; penchant recommend kinds lists them', 'ease')
    .option('--options <json>', 'options of the method, such as \'{"lambda": 200}\'', jsonObject)
    .addOption(
      new Option('--layout <how>', 'how the file is laid out (default: json for .json, else rows)').choices([
        'rows',
        'lists',
        'json',
      ]),
    )
    .option(
      '--at-least <value>',
      'only interactions of at least this value, such as ratings from 4 up',
      number(-1e30, 1e30),
    )
    .option('--source <name>', 'without a file: only signals of this source; may be given several times', several)
    .option('--items <file>', 'titles and attributes: JSON lines of {"id", "title", "attributes"}')
    .option('--hold-out <share>', 'share of each history that it is measured on', number(0, 0.5), 0.2)
    .addOption(
      new Option('--hold-out-from <part>', 'which part of a history that is')
        .choices(['latest', 'random'])
        .default('latest'),
    )
    .addOption(
      new Option('--index <how>', 'how items are searched; auto: hnsw beyond a million')
        .choices(['auto', 'exact', 'hnsw'])
        .default('auto'),
    )
    .option('--title <text>', 'what people read')
    .option('--replace', 'put it in the place of one that is there')
    .option('--seed <number>', 'of everything that is drawn', wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option('--json', 'print what was fitted, with its quality, as JSON')
    .action(fit)
  return withExamples(
    command,
    [
      'penchant recommend fit shop --data ./data',
      'penchant recommend fit films ratings.csv --at-least 4 --kind als --options \'{"width": 64}\'',
      'penchant recommend fit songs plays.txt.gz --layout lists --kind light-gcn --json',
    ],
    codes,
  )
}

function forCommand(): Command {
  const command = withDataFolder(
    new Command('for')
      .description('recommend to a user, or to anybody by what they took')
      .argument('<name>', 'the recommender'),
  )
    .option('--user <id>', 'whom to recommend to')
    .option('--item <id>', 'something that was taken, oldest first; may be given several times', several)
    .option('--count <number>', 'how many', wholeNumber(1, 1_000), 10)
    .option('--explain <number>', 'reasons for each, at most', wholeNumber(0, 20), 0)
    .option('--exclude <id>', 'not this one; may be given several times', several)
    .option('--with-seen', 'also what was taken already')
    .option('--diversity <share>', '0 for relevance alone to 1 for difference alone', number(0, 1))
    .option('--fairness <weight>', 'what exposure weighs against relevance', number(0, 100))
    .option('--json', 'print the list as JSON')
    .action(recommendFor)
  return withExamples(
    command,
    [
      'penchant recommend for films --user 196',
      'penchant recommend for films --item tt0133093 --item tt0088763 --explain 2',
      'penchant recommend for shop --user ann --count 5 --diversity 0.3 --json',
    ],
    codes,
  )
}

/** `penchant recommend`: fitting recommenders, listing them, and asking them. */
export function recommendCommand(): Command {
  const command = new Command('recommend').description('choose from a catalogue by what people took')
  command.addCommand(fitCommand())
  command.addCommand(
    withExamples(
      withDataFolder(new Command('list').description('the recommenders there are'))
        .option('--json', 'print them as JSON')
        .action(list),
      ['penchant recommend list --data ./data'],
      codes,
    ),
  )
  command.addCommand(forCommand())
  command.addCommand(
    withExamples(
      new Command('kinds')
        .description('the methods that can be fitted, and their options')
        .option('--json', 'print them as JSON')
        .action(kinds),
      ['penchant recommend kinds --json'],
      codes,
    ),
  )
  return withExamples(
    command,
    [
      'penchant recommend fit films ratings.csv --at-least 4',
      'penchant recommend list',
      'penchant recommend for films --user 196 --explain 2',
    ],
    codes,
  )
}
