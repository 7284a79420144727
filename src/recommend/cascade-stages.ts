import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TensorValue, value, writeSafetensors } from '../tensor/index.ts'
import type { Recommender } from './contract.ts'
import type { Ranker } from './ranker.ts'
import { recommenderFormat } from './recommender.ts'

/** The first stage: finds items in the whole catalogue. */
export interface RetrievalStage {
  readonly by: Recommender
  /** How many items of each row go on to the next stage. */
  readonly keep: number
}

/** A later stage: orders what the stage before it kept. */
export interface RankingStage {
  readonly by: Ranker | Recommender
  /** How many items of each row go on. Default: all; the last stage gives as many as are asked for. */
  readonly keep?: number
}

/** Runs work with a folder of its own, which goes afterwards. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'penchant-cascade-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * Writes the files that the stages save as tensors of bytes of one file.
 *
 * @throws {RangeError} when a stage is a ranker that saves nothing
 */
export async function saveStages(
  path: string,
  stages: readonly [RetrievalStage, ...RankingStage[]],
  items: number,
): Promise<void> {
  await inFolder(async (folder) => {
    const tensors: Record<string, TensorValue> = {}
    for (const [at, { by }] of stages.entries()) {
      if (!('save' in by && by.save))
        throw new RangeError(`stage ${at} (${by.kind}) is a ranker without save, expected stages that can be saved`)
      const file = join(folder, `${at}.safetensors`)
      await by.save(file)
      tensors[`stages/${at}`] = value(new Uint8Array(await readFile(file)))
    }
    await writeSafetensors(
      path,
      // Each stage knows for itself what users were trained on.
      { ...tensors, 'seen/offsets': value(Uint32Array.of(0)), 'seen/columns': value(new Uint32Array(0)) },
      {
        metadata: {
          format: recommenderFormat,
          kind: 'cascade',
          items: String(items),
          // 0 stands for a stage that keeps all.
          ...Object.fromEntries(stages.map(({ keep = 0 }, at) => [`keep/${at}`, String(keep)])),
          stages: String(stages.length),
        },
      },
    )
  })
}

/** The stages of a saved cascade, each read by `load` from a file of its own. */
export async function readStages(
  { bytes, number }: { bytes(name: string): Promise<Uint8Array>; number(name: string): number },
  load: (path: string) => Promise<Recommender>,
): Promise<readonly [RetrievalStage, ...RankingStage[]]> {
  return inFolder(async (folder) => {
    const stage = async (at: number): Promise<RetrievalStage> => {
      const file = join(folder, `${at}.safetensors`)
      await writeFile(file, await bytes(`stages/${at}`))
      return { by: await load(file), keep: number(`keep/${at}`) }
    }
    const first = await stage(0)
    const later: RankingStage[] = []
    for (let at = 1; at < number('stages'); at++) {
      const { by, keep } = await stage(at)
      later.push({ by, ...(keep > 0 && { keep }) })
    }
    return [first, ...later]
  })
}
