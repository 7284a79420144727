import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/** A database was written by a version that knows more than this one. */
export class NewerStoreError extends Error {
  override readonly name = 'NewerStoreError'
}

/** Every step from an empty database to today's tables, in order. A step that was released is never changed. */
export const migrations: { readonly [name: string]: Migration } = {
  '0001-signals': {
    async up(db: Kysely<unknown>) {
      const numbered = (table: string) =>
        db.schema.createTable(table).addColumn('number', 'integer', (column) => column.primaryKey())
      await numbered('raters')
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()
      await numbered('contexts')
        .addColumn('language', 'text')
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()
      await numbered('contents')
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()
      await numbered('sources')
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()
      await numbered('lineups')
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()
      await numbered('signals')
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('kind', 'integer', (column) => column.notNull())
        .addColumn('rater', 'integer', (column) => column.notNull().references('raters.number'))
        .addColumn('context', 'integer', (column) => column.notNull().references('contexts.number'))
        .addColumn('source', 'integer', (column) => column.notNull().references('sources.number'))
        .addColumn('lineup', 'integer', (column) => column.references('lineups.number'))
        .addColumn('time', 'integer', (column) => column.notNull())
        .addColumn('candidates', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .execute()

      const side = (table: string, key: string, type: 'text' | 'integer', to: string, parent?: string) =>
        db.schema
          .createTable(table)
          .addColumn(key, type, (column) => column.notNull())
          .addColumn(to, 'integer', (column) =>
            parent === undefined ? column.notNull() : column.notNull().references(`${parent}.number`),
          )
          .addPrimaryKeyConstraint(`${table}_key`, [key as never, to as never])
          .modifyEnd(sql`without rowid`)
      await side('context_tags', 'tag', 'text', 'context', 'contexts').execute()
      await side('lineup_producers', 'producer', 'text', 'lineup', 'lineups').execute()
      await side('lookup', 'key', 'integer', 'number').execute()
      await side('lookup_recent', 'key', 'integer', 'number').execute()
      await db.schema
        .createTable('rater_traits')
        .addColumn('trait', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('rater', 'integer', (column) => column.notNull().references('raters.number'))
        .addPrimaryKeyConstraint('rater_traits_key', ['trait', 'value', 'rater'])
        .modifyEnd(sql`without rowid`)
        .execute()
      await db.schema
        .createTable('tallies')
        .addColumn('kind', 'integer', (column) => column.notNull())
        .addColumn('source', 'integer', (column) => column.notNull().references('sources.number'))
        .addColumn('signals', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('tallies_key', ['kind', 'source'])
        .modifyEnd(sql`without rowid`)
        .execute()
      await db.schema
        .createTable('documents')
        .addColumn('collection', 'text', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('body', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('documents_key', ['collection', 'id'])
        .modifyEnd(sql`without rowid`)
        .execute()

      const counters = ['erasures', 'unscrubbed', 'recent', 'merged', 'raters', 'candidates']
      const next = ['signal', 'rater', 'context', 'content', 'source', 'lineup'].map((what) => `next_${what}`)
      let state = db.schema
        .createTable('state')
        .addColumn('id', 'integer', (column) => column.primaryKey().check(sql`id = 1`))
        .addColumn('version', 'text', (column) => column.notNull())
      for (const column of counters) state = state.addColumn(column, 'integer', (built) => built.notNull().defaultTo(0))
      for (const column of next) state = state.addColumn(column, 'integer', (built) => built.notNull().defaultTo(1))
      await state.execute()
      await sql`insert into state (id, version) values (1, lower(hex(randomblob(16))))`.execute(db)
    },
  },
  '0002-embeddings': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('encoders')
        .addColumn('number', 'integer', (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .execute()
      // With row numbers, unlike the other keyed tables: vectors of kilobytes would fill the inner pages of a tree by key.
      await db.schema
        .createTable('embeddings')
        .addColumn('address', 'text', (column) => column.notNull())
        .addColumn('encoder', 'integer', (column) => column.notNull().references('encoders.number'))
        .addColumn('vector', 'blob', (column) => column.notNull())
        .addPrimaryKeyConstraint('embeddings_key', ['address', 'encoder'])
        .execute()
    },
  },
}

/**
 * Whether a database has today's tables.
 *
 * @throws {NewerStoreError} when it has steps that this version does not know
 */
export async function isMigrated<Known>(db: Kysely<Known>): Promise<boolean> {
  const steps = Object.keys(migrations)
  const begun = await sql`select 1 from sqlite_master where name = 'kysely_migration'`.execute(db)
  if (begun.rows.length === 0) return false
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  const done = rows.map(({ name }) => name)
  const unknown = done.filter((name) => !steps.includes(name))
  if (unknown.length > 0)
    throw new NewerStoreError(
      `the store was written by a newer version of penchant (it has ${unknown.join(', ')}; this version knows up to ${steps.sort().at(-1)}); update penchant to open it`,
    )
  return steps.every((name) => done.includes(name))
}

/**
 * Brings a database to today's tables. The caller holds the write lock, so that two processes that open a new store at
 * once do not both create it.
 *
 * @throws {NewerStoreError} when the database has steps that this version does not know
 */
export async function migrate<Known>(db: Kysely<Known>): Promise<void> {
  if (await isMigrated(db)) return
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  }).migrateToLatest()
  if (error !== undefined) throw error
}
