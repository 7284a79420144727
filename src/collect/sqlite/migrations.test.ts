import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NewerStoreError } from './migrations.ts'
import { openSqliteStore } from './store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penchant-migrations-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('migrate', () => {
  it('refuses a store that a newer version wrote, and changes nothing of it', async () => {
    await (await openSqliteStore(folder)).close()
    const database = new DatabaseSync(join(folder, 'signals.sqlite'))
    database.exec("insert into kysely_migration (name, timestamp) values ('9999-future', '2030-01-01')")
    const steps = () => database.prepare('select name from kysely_migration order by name').all().length
    const before = steps()
    await expect(openSqliteStore(folder)).rejects.toThrow(NewerStoreError)
    await expect(openSqliteStore(folder)).rejects.toThrow(
      'written by a newer version of penchant (it has 9999-future; this version knows up to 0002-embeddings)',
    )
    expect(steps()).toBe(before)
    database.close()
  })

  it('lets several open a new store at once', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => openSqliteStore(folder)))
    const versions = await Promise.all(stores.map((store) => store.version()))
    expect(new Set(versions).size).toBe(1)
    for (const store of stores) await store.close()
  })

  it('keeps the log ahead, flushes it fully, overwrites what is deleted and checks references', async () => {
    const { connect } = await import('./connection.ts')
    const connection = await connect(join(folder, 'signals.sqlite'), 1_000)
    const setting = (name: string) => connection.rows(`pragma ${name}`)[0]?.[0]
    expect(setting('journal_mode')).toBe('wal')
    expect(setting('synchronous')).toBe(2)
    expect(setting('secure_delete')).toBe(1)
    expect(setting('foreign_keys')).toBe(1)
    await connection.close()
  })
})
