import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { Run } from '../../run/index.ts'
import { numberCell } from '../formats/cells.ts'
import { faultOf, ImportError, RowFault, unexpected } from '../formats/fault.ts'
import type { Fields } from '../formats/format.ts'
import { openInput } from '../formats/input.ts'
import { lineLimit } from '../formats/lines.ts'
import { type Layout, rowsOf } from '../formats/rows.ts'

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

const layouts = {
  table: { container: 'delimited', delimiter: ',', header: true },
  lines: { container: 'jsonl', delimiter: ',', header: true },
} as const satisfies Record<string, Layout>

async function* rowsAt<Made>(
  path: string,
  layout: Layout,
  run: Run,
  make: (line: number, fields: Fields) => Made,
): AsyncGenerator<Made> {
  const input = await openInput(path, run)
  try {
    for await (const rows of rowsOf(input, layout, lineLimit, `reading ${input.name}`, run))
      for (const row of rows) {
        if ('fault' in row)
          throw new ImportError(input.name, 'line', { line: row.at, path: row.fault.path, message: row.fault.message })
        let made: Made
        try {
          made = make(row.at, row.fields)
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

/**
 * The rows of a table that comes with the package, by its path within `data`.
 *
 * @throws {ImportError} at a row that is not as it should be, also while the caller works on it
 */
export function tableRows<Made>(path: string, run: Run, make: (row: TableRow) => Made): AsyncGenerator<Made> {
  return rowsAt(join(dataFolder(), path), layouts.table, run, (line, fields) => make(tableRow(line, fields)))
}

/**
 * The lines of a file of JSON lines that comes with the package, gzipped or not, by its path within `data`.
 *
 * @throws {ImportError} at a line that the schema does not take, or that the caller cannot use
 */
export function jsonRows<Line, Made>(
  path: string,
  schema: z.ZodType<Line>,
  run: Run,
  make: (value: Line, line: number) => Made,
): AsyncGenerator<Made> {
  return jsonRowsAt(join(dataFolder(), path), schema, run, make)
}

/** {@link jsonRows} of a file anywhere. */
export function jsonRowsAt<Line, Made>(
  path: string,
  schema: z.ZodType<Line>,
  run: Run,
  make: (value: Line, line: number) => Made,
): AsyncGenerator<Made> {
  return rowsAt(path, layouts.lines, run, (line, fields) => {
    const parsed = schema.safeParse(fields)
    if (!parsed.success) throw faultOf(parsed.error, fields)
    return make(parsed.data, line)
  })
}
