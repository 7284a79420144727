import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder } from '../../src/collect/index.ts'
import type { Run } from '../../src/run/index.ts'

/** A model on a real data set, to be set beside what was published for the same split and measure. */
export interface PublishedRun {
  /** Data set and model, such as `gowalla/light-gcn`. */
  readonly id: string
  readonly dataset: string
  /** What is trained on and what is tested, in a few words. */
  readonly split: string
  readonly model: string
  /** What the model was told: what differs from its defaults, and how that was chosen. */
  readonly settings: string
  /** Published values by the names that `measure` uses; only these are in the table beside ours, others stand alone. */
  readonly published: Readonly<Record<string, number>>
  /** Who published them. */
  readonly source: string
  /** Why ours is lower, where it is, or what else a reader must know. */
  readonly note?: string
  /**
   * Trains and tests; long ones go on from the run's checkpoints.
   *
   * @returns test values by name, as `recall@20`
   */
  measure(run: Run): Promise<Readonly<Record<string, number>>>
}

/** What a run gave, as it is kept in `results/published`. */
export interface PublishedResult {
  readonly id: string
  readonly values: Readonly<Record<string, number>>
  /** Of the process that ended it, seconds; a run that was stopped counts from its last start. */
  readonly seconds: number
  /** Peak resident memory of that process, megabytes. */
  readonly megabytes: number
}

/**
 * Path of a file of a data set that does not ship.
 *
 * @throws {Error} when it is not there, naming where it was looked for
 */
export function realData(folder: string, file: string): string {
  const path = join(fetchedFolder(), folder, file)
  if (!existsSync(path))
    throw new Error(
      `${path} is missing: this data set does not come with the package; set PENCHANT_DATASETS to the folder that has ${folder}`,
    )
  return path
}

/** The means of a report under plain names. */
export function meansOf(
  means: Readonly<Record<string, number>>,
  names: readonly string[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, means[name] ?? Number.NaN]))
}
