import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWhole } from '../run/index.ts'

/** Keeps models' answers by a hash of everything that decides them. */
export interface ResponseCache {
  /** JSON, or undefined. */
  get(key: string): Promise<unknown>
  put(key: string, answer: unknown): Promise<void>
}

/** What is needed of a store of documents, such as that beside the signals. */
export interface Documents {
  get(collection: string, id: string): Promise<unknown>
  put(collection: string, id: string, document: unknown): Promise<void>
}

/** Keeps answers in a store of documents. Answers may hold what people said: erasing a rater does not find them. */
export function documentCache(documents: Documents, collection = 'llm-answers'): ResponseCache {
  return {
    get: (key) => documents.get(collection, key),
    put: (key, answer) => documents.put(collection, key, answer),
  }
}

/** Keeps answers in a folder, one small JSON file each. A file that cannot be read as JSON counts as none. */
export function folderCache(folder: string): ResponseCache {
  const pathOf = (key: string): string => join(folder, key.slice(0, 2), `${key}.json`)
  return {
    async get(key) {
      try {
        return JSON.parse(await readFile(pathOf(key), 'utf8'))
      } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async put(key, answer) {
      writeWhole(pathOf(key), JSON.stringify(answer))
    },
  }
}
