import { rename, rm, stat } from 'node:fs/promises'
import type { DuckDBInstance, DuckDBValueConverter } from '@duckdb/node-api'
import { RowFault } from './fault.ts'
import type { Fields, Row } from './format.ts'

// Loaded when first needed: the library is native and large, and most processes never touch Parquet.
const duckDb = () => import('@duckdb/node-api')

/** DuckDB with a memory limit, spilling to a folder, and kept from fetching anything over the network. */
async function openDuckDb(spillFolder: string): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await duckDb()
  return DuckDBInstance.create(':memory:', {
    memory_limit: '512MB',
    temp_directory: spillFolder,
    threads: '1',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** A path to read from: DuckDB takes some characters for patterns, unless they stand in brackets. */
const pathLiteral = (path: string): string => literal(path.replace(/[*?[]/g, (character) => `[${character}]`))
const identifier = (text: string): string => `"${text.replaceAll('"', '""')}"`

/**
 * Values as JSON has them: whole numbers as numbers where those are exact and as decimal texts elsewhere, times as ISO
 * texts in UTC, maps as objects, JSON columns parsed. Bytes stay bytes; no signal can hold them.
 */
async function jsonConverter(): Promise<DuckDBValueConverter<unknown>> {
  const { DuckDBTypeId, JSDuckDBValueConverter } = await duckDb()
  return (value, type, converter) => {
    if (value === null) return null
    if (type.typeId === DuckDBTypeId.VARCHAR) return type.alias === 'JSON' ? JSON.parse(value as string) : value
    const converted: unknown = JSDuckDBValueConverter(value, type, converter as never)
    if (typeof converted === 'bigint') {
      const number = Number(converted)
      return Number.isSafeInteger(number) ? number : String(converted)
    }
    if (type.typeId === DuckDBTypeId.MAP) {
      const entries = converted as readonly { readonly key: unknown; readonly value: unknown }[]
      return Object.fromEntries(entries.map((entry) => [String(entry.key), entry.value]))
    }
    return converted instanceof Date ? converted.toISOString() : converted
  }
}

/**
 * Rows of a Parquet file in order, numbered from 1, in chunks of DuckDB's vector size (2,048).
 *
 * @throws {RowFault} when the file is not Parquet
 */
export async function* parquetRows(
  path: string,
  spillFolder: string,
  onRows?: (done: number, total: number) => void,
): AsyncGenerator<readonly Row[]> {
  const instance = await openDuckDb(spillFolder)
  const toJson = await jsonConverter()
  const connection = await instance.connect()
  try {
    const counted = await connection
      .runAndReadAll(`SELECT count(*)::DOUBLE FROM read_parquet(${pathLiteral(path)})`)
      .catch((error: Error) => {
        throw new RowFault('', `not a readable Parquet file: ${error.message}`)
      })
    const total = Number(counted.getRows()[0]?.[0] ?? 0)
    const result = await connection.stream(`SELECT * FROM read_parquet(${pathLiteral(path)})`)
    const names = result.columnNames()
    const types = result.columnTypes()
    if (names.includes('__proto__')) throw new RowFault('__proto__', 'a field cannot be named __proto__')
    let at = 1
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      const rows: Row[] = []
      for (let r = 0; r < chunk.rowCount; r++) {
        const fields: Record<string, unknown> = {}
        for (let c = 0; c < names.length; c++) {
          const type = types[c]
          const value = chunk.getColumnVector(c).getItem(r)
          if (type) fields[names[c] as string] = toJson(value, type, toJson)
        }
        rows.push({ at: at++, fields: fields as Fields })
      }
      onRows?.(at - 1, total)
      yield rows
    }
  } finally {
    connection.disconnectSync()
    instance.closeSync()
  }
}

/** What a file's bytes begin with when it is Parquet. */
export const parquetMagic = 'PAR1'

/** DuckDB's own default. */
const smallestObjectLimit = 16 << 20

/**
 * Turns lines of JSON into a Parquet file. Columns take the given types (DuckDB's notation); members of the rows that
 * are not among them are lost.
 *
 * @param longestLine bytes of the longest line, which DuckDB makes room for twice over
 */
export async function jsonLinesToParquet(
  linesPath: string,
  parquetPath: string,
  columns: { readonly [column: string]: string },
  longestLine: number,
  spillFolder: string,
): Promise<void> {
  const instance = await openDuckDb(spillFolder)
  const connection = await instance.connect()
  const partial = `${parquetPath}.writing`
  try {
    const spec = Object.entries(columns)
      .map(([column, type]) => `${literal(column)}: ${literal(type)}`)
      .join(', ')
    const { size } = await stat(linesPath)
    const rows =
      size === 0
        ? `SELECT ${Object.entries(columns)
            .map(([column, type]) => `NULL::${type} AS ${identifier(column)}`)
            .join(', ')} WHERE false`
        : `SELECT * FROM read_json(${pathLiteral(linesPath)}, format = 'newline_delimited', columns = {${spec}},
             maximum_object_size = ${Math.max(smallestObjectLimit, longestLine + 1)})`
    await connection.run(`COPY (${rows}) TO ${literal(partial)} (FORMAT parquet, COMPRESSION zstd)`)
    await rename(partial, parquetPath)
  } finally {
    connection.disconnectSync()
    instance.closeSync()
    await rm(partial, { force: true })
  }
}
