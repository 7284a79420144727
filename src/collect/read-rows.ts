import type { Run } from '../run/index.ts'
import type { BrokenRow, ContainerName, Row } from './formats/format.ts'
import { openInput } from './formats/input.ts'
import { lineLimit } from './formats/lines.ts'
import { layoutOf, rowsOf } from './formats/rows.ts'

/** A file's rows as they stand, whatever they mean, and what to call their positions. */
export interface FileRows {
  /** The file's name in messages. */
  readonly name: string
  readonly container: ContainerName
  /** Whether a row's `at` counts lines of text, or rows. */
  readonly unit: 'line' | 'row'
  /** In order, in batches; a row that cannot be read is told as such. Reading to the end, or stopping, closes the file. */
  readonly batches: AsyncIterable<readonly (Row | BrokenRow)[]>
}

/**
 * Reads a file of CSV, JSON, JSON lines or Parquet, gzipped or not, row by row, in bounded memory.
 *
 * @throws {Error} when the file is empty, or neither text nor Parquet
 * @example
 * const { batches } = await readRows('votes.csv', startRun())
 * for await (const rows of batches) for (const row of rows) if ('fields' in row) console.log(row.at, row.fields)
 */
export async function readRows(path: string, run: Run): Promise<FileRows> {
  const input = await openInput(path, run)
  try {
    const layout = await layoutOf(input)
    return {
      name: input.name,
      container: layout.container,
      unit: layout.container === 'jsonl' || layout.container === 'delimited' ? 'line' : 'row',
      batches: (async function* () {
        try {
          yield* rowsOf(input, layout, lineLimit, `reading ${input.name}`, run)
        } finally {
          await input.close()
        }
      })(),
    }
  } catch (error) {
    await input.close()
    throw error
  }
}
