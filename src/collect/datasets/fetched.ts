import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../../run/index.ts'
import { ImportError } from '../formats/fault.ts'
import { hhRlhf } from '../formats/hh-rlhf.ts'
import { openInput } from '../formats/input.ts'
import { lineLimit } from '../formats/lines.ts'
import { readings } from '../formats/readings.ts'
import { layoutOf } from '../formats/rows.ts'
import type { Signal } from '../signal.ts'
import type { Dataset } from './dataset.ts'

/** A set that does not come with the package: a user puts its file into a folder of theirs. */
export interface FetchedDataset extends Dataset {
  /** Path within the folder. */
  readonly path: string
  /** Where its file can be had. */
  readonly from: string
  /** Whether the file is there. */
  readonly present: boolean
  /** @throws {Error} saying where to get the file, when it is not there */
  load(run: Run): AsyncIterable<Signal>
}

/** The folder in which fetched sets are looked for: `PENCHANT_DATASETS`, or `.cache/data` of the working folder. */
export function fetchedFolder(): string {
  return process.env['PENCHANT_DATASETS'] ?? join(process.cwd(), '.cache', 'data')
}

async function* harmless(path: string, run: Run): AsyncGenerator<Signal> {
  const input = await openInput(path, run)
  try {
    const options = {
      source: 'hh-harmless',
      sourceStated: true,
      columns: {},
      // The day is not in the file; the start of the year of publication stands for it.
      time: Date.UTC(2022, 0, 1),
      timeUnit: 'ms',
      rater: { id: 'hh-harmless/crowd', kind: 'human' },
      raterKind: 'human',
      action: 'interaction',
      header: true,
      note: () => undefined,
    } as const
    const layout = await layoutOf(input)
    for await (const { reads } of readings(input, layout, hhRlhf, options, lineLimit, `reading ${input.name}`, run))
      for (const read of reads) {
        if (read.fault)
          throw new ImportError(input.name, 'line', {
            line: read.line,
            path: read.fault.path,
            message: read.fault.message,
          })
        yield read.signal
      }
  } finally {
    await input.close()
  }
}

const known = [
  {
    name: 'hh-harmless',
    title: 'Harmless replies: pairs of dialogues, test split',
    description:
      'Which of two continuations of a dialogue a crowd worker found less harmful. Offensive throughout: for training and evaluation, never for demonstrations.',
    attribution:
      'Y. Bai et al., “Training a Helpful and Harmless Assistant with Reinforcement Learning from Human Feedback”, arXiv 2204.05862 (2022), Anthropic',
    licence: 'MIT',
    signals: 2312,
    path: 'hh-harmless/test.jsonl.gz',
    from: 'https://github.com/anthropics/hh-rlhf, harmless-base/test.jsonl.gz',
    read: harmless,
  },
] as const

/**
 * Real data too large, too offensive or too restricted to come with the package, read from a folder where they lie.
 *
 * @param folder default {@link fetchedFolder}
 * @example
 * const [harmless] = fetchedDatasets()
 * if (harmless?.present) for await (const signal of harmless.load(run)) …
 */
export function fetchedDatasets(folder: string = fetchedFolder()): readonly FetchedDataset[] {
  return known.map(({ read, ...about }) => {
    const path = join(folder, about.path)
    const there = (): boolean => existsSync(path)
    return {
      ...about,
      get present() {
        return there()
      },
      load(run) {
        if (!there())
          throw new Error(
            `${about.name} does not come with the package: get ${about.from} and put it at ${path}, or set PENCHANT_DATASETS to the folder that has ${about.path}`,
          )
        return read(path, run)
      },
    }
  })
}
