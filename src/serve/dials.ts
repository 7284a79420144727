import { existsSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { DocumentStore } from '../collect/index.ts'
import { type Dial, opinionDialVersion } from '../evaluate/index.ts'
import type { Run } from '../run/index.ts'
import type { Job, Jobs } from './jobs.ts'
import { missing } from './problem.ts'

/** Models of several aspects with candidates to rank by a wish. */
export interface Dials {
  /** Names of those there are. */
  readonly ids: readonly string[]
  /** A dial, or the job that makes it. */
  read(id: string): Promise<{ readonly dial: Dial } | { readonly job: Job }>
  /** The folder of its model. */
  folderOf(id: string): string
}

const collection = 'dials'
const opinionSummaries = 'opinion-summaries'

export interface DialsOptions {
  readonly documents: DocumentStore
  readonly jobs: Jobs
  /** Where models are kept, a folder each. */
  readonly folder: string
  readonly make: (modelFolder: string, run: Run) => Promise<Dial>
}

/** Dials of what comes with the package, made once for each version of it. */
export function openDials({ documents, jobs, folder, make }: DialsOptions): Dials {
  const key = `${packageJson.version} ${opinionDialVersion}`
  const modelFolder = join(folder, opinionSummaries)
  let known: Dial | undefined
  let making: string | undefined
  return {
    ids: [opinionSummaries],
    folderOf: (id) => join(folder, id),
    async read(id) {
      if (id !== opinionSummaries) throw missing('model', id)
      if (known) return { dial: known }
      const kept = (await documents.get(collection, id)) as { readonly key: string; readonly dial: Dial } | undefined
      if (kept?.key === key && existsSync(join(modelFolder, 'model.json'))) {
        known = kept.dial
        return { dial: kept.dial }
      }
      const running = jobs.list().find((job) => job.id === making)
      if (running) return { job: running }
      const job = jobs.start('dial', async (run) => {
        const dial = await make(modelFolder, run)
        await documents.put(collection, id, { key, dial })
        known = dial
        return { model: id, candidates: dial.candidates.length }
      })
      making = job.id
      return { job }
    },
  }
}
