import type { DocumentStore } from '../store.ts'
import type { Connection } from './connection.ts'

/** Keeps small JSON documents in the store's database. */
export function sqliteDocuments(connection: Connection): DocumentStore {
  return {
    async get(collection, id) {
      const [row] = connection.rows('select body from documents where collection = ? and id = ?', [collection, id])
      return row === undefined ? undefined : JSON.parse(row[0] as string)
    },
    async put(collection, id, document) {
      const body = JSON.stringify(document)
      if (body === undefined)
        throw new TypeError(`document ${id} of ${collection} is ${typeof document}, which JSON cannot hold`)
      await connection.writing(() =>
        connection.run(
          'insert into documents (collection, id, body) values (?, ?, ?) on conflict do update set body = excluded.body',
          [collection, id, body],
        ),
      )
    },
    async delete(collection, id) {
      return connection.writing(
        () => connection.run('delete from documents where collection = ? and id = ?', [collection, id]) > 0,
      )
    },
    async list(collection) {
      return connection
        .rows('select id, body from documents where collection = ? order by id', [collection])
        .map(([id, body]) => ({ id: id as string, document: JSON.parse(body as string) }))
    },
  }
}
