import { endianness } from 'node:os'
import type { EmbeddingStore } from '../store.ts'
import type { Connection } from './connection.ts'

/** Addresses asked for in one statement. */
const portion = 512

/** The bytes of four-byte numbers from the order of this machine to that of the store, which is little-endian, or back. */
const inOrder = (bytes: Buffer): Buffer => (endianness() === 'LE' ? bytes : bytes.swap32())

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  inOrder(Buffer.from(new Uint8Array(buffer, byteOffset, byteLength)))

const vectorOf = (bytes: Uint8Array): Float32Array => {
  // A copy of its own, which starts where numbers may.
  const { buffer } = new Uint8Array(bytes)
  inOrder(Buffer.from(buffer))
  return new Float32Array(buffer)
}

/** Keeps vectors in the store's database. */
export function sqliteEmbeddings(connection: Connection): EmbeddingStore {
  const numberOf = (encoder: string): number | undefined =>
    connection.rows('select number from encoders where id = ?', [encoder])[0]?.[0] as number | undefined
  return {
    async get(encoder, addresses) {
      const number = numberOf(encoder)
      if (number === undefined) return addresses.map(() => undefined)
      const found = new Map<string, Float32Array>()
      for (let start = 0; start < addresses.length; start += portion)
        for (const [address, vector] of connection.rows(
          'select address, vector from embeddings where address in (select value from json_each(?)) and encoder = ?',
          [JSON.stringify(addresses.slice(start, start + portion)), number],
        ) as [string, Uint8Array][])
          found.set(address, vectorOf(vector))
      return addresses.map((address) => found.get(address))
    },
    async put(encoder, vectors) {
      if (vectors.size === 0) return
      await connection.writing(() => {
        connection.run('insert into encoders (id) values (?) on conflict do nothing', [encoder])
        const number = numberOf(encoder) as number
        for (const [address, vector] of vectors)
          connection.run(
            'insert into embeddings (address, encoder, vector) values (?, ?, ?) on conflict do update set vector = excluded.vector',
            [address, number, bytesOf(vector)],
          )
      })
    },
    async clear(encoder) {
      await connection.writing(() => {
        const number = numberOf(encoder)
        if (number === undefined) return
        connection.run('delete from embeddings where encoder = ?', [number])
        connection.run('delete from encoders where number = ?', [number])
      })
    },
  }
}

/** Forgets what every encoder made of some contents. Must be called within a transaction. */
export function forgetEmbeddings(connection: Connection, addresses: readonly string[]): void {
  for (let start = 0; start < addresses.length; start += portion)
    connection.run('delete from embeddings where address in (select value from json_each(?))', [
      JSON.stringify(addresses.slice(start, start + portion)),
    ])
}
