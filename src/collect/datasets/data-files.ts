import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../../run/index.ts'
import { numberCell } from '../formats/cells.ts'
import { ImportError, RowFault, unexpected } from '../formats/fault.ts'
import type { Fields } from '../formats/format.ts'
import { openInput } from '../formats/input.ts'
import { lineLimit } from '../formats/lines.ts'
import { rowsOf } from '../formats/rows.ts'

/** The package's folder of data: beside `src` in the sources, beside `dist` in the compiled package. */
function dataFolder(): string {
  const found = ['../../..', '../../../..']
    .map((up) => join(import.meta.dirname, up, 'data'))
    .find((folder) => existsSync(join(folder, 'README.md')))
  if (!found) throw new Error('the package was installed without its folder "data"')
  return found
}

/** A row of a shipped table: its texts by column, `NA` and empty cells undefined. */
export interface TableRow {
  readonly line: number
  text(column: string): string
  maybeText(column: string): string | undefined
  number(column: string): number
  maybeNumber(column: string): number | undefined
}

function tableRow(line: number, fields: Fields): TableRow {
  const maybeText = (column: string): string | undefined => {
    if (!(column in fields)) throw new RowFault(column, `there is no column ${column}`)
    const cell = fields[column]
    return typeof cell === 'string' && cell !== '' && cell !== 'NA' ? cell : undefined
  }
  const text = (column: string): string => {
    const found = maybeText(column)
    if (found === undefined) throw unexpected(column, undefined, 'a text')
    return found
  }
  return {
    line,
    text,
    maybeText,
    number: (column) => numberCell(column, text(column)) ?? Number.NaN,
    maybeNumber: (column) => numberCell(column, maybeText(column)),
  }
}

/**
 * The rows of a table that comes with the package, by its path within `data`.
 *
 * @throws {ImportError} at a row that is not as it should be, also while the caller works on it
 */
export async function* tableRows<Made>(path: string, run: Run, make: (row: TableRow) => Made): AsyncGenerator<Made> {
  const input = await openInput(join(dataFolder(), path), run)
  try {
    const layout = { container: 'delimited', delimiter: ',', header: true } as const
    for await (const rows of rowsOf(input, layout, lineLimit, `reading ${input.name}`, run))
      for (const row of rows) {
        if ('fault' in row)
          throw new ImportError(input.name, 'line', { line: row.at, path: row.fault.path, message: row.fault.message })
        let made: Made
        try {
          made = make(tableRow(row.at, row.fields))
        } catch (error) {
          if (error instanceof RowFault)
            throw new ImportError(input.name, 'line', { line: row.at, path: error.path, message: error.message })
          throw error
        }
        yield made
      }
  } finally {
    await input.close()
  }
}
