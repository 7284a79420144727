import type { Connection, Value } from './connection.ts'

/** The most rows in one statement: few enough for SQLite's 32,766 parameters, many enough to spread its fixed cost. */
const most = 128

/**
 * Inserts rows given as one flat list of values, `columns.length` to a row. Statements come in sizes of powers of two,
 * so that a handful of prepared ones serve every count.
 */
export function writeRows(
  connection: Connection,
  table: string,
  columns: readonly string[],
  values: readonly Value[],
): void {
  const width = columns.length
  const row = `(${columns.map(() => '?').join(', ')})`
  let size = most
  for (let start = 0; start < values.length; start += size * width) {
    while (start + size * width > values.length) size /= 2
    connection.run(
      `insert into ${table} (${columns.join(', ')}) values ${new Array(size).fill(row).join(', ')}`,
      values.slice(start, start + size * width),
    )
  }
}
