import type { DatabaseSync } from 'node:sqlite'
import { type Dialect, SqliteDialect } from 'kysely'

/** Kysely's SQLite dialect over Node's own SQLite. Destroying the Kysely closes the database. */
export function nodeSqliteDialect(database: DatabaseSync): Dialect {
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(sql) {
        const statement = database.prepare(sql)
        const bound = (parameters: readonly unknown[]) => parameters as readonly (string | number | null)[]
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...bound(parameters)),
          run: (parameters) => statement.run(...bound(parameters)),
          iterate: (parameters) => statement.iterate(...bound(parameters)),
        }
      },
    },
  })
}
