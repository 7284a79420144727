import { openSafetensors, type Safetensors, type TensorValue, value, writeSafetensors } from '../../tensor/index.ts'
import { type IdMap, idTable, positionIds, unpackIds } from './id-map.ts'
import type { InteractionSet } from './interaction-set.ts'

const format = 'penchant-interactions'

function savedIds(name: string, map: IdMap): Record<string, TensorValue> {
  const table = idTable()
  for (let number = 0; number < map.size; number++) table.addText(map.id(number))
  const { bytes, ends } = table.packed()
  return { [`${name}/bytes`]: value(bytes), [`${name}/ends`]: value(ends) }
}

/** First number of a map of positions, or undefined for other maps. */
function firstPosition(map: IdMap): number | undefined {
  if (map.size === 0) return 0
  const first = map.id(0) === '1' ? 1 : 0
  for (let number = 0; number < map.size; number++) if (map.id(number) !== String(first + number)) return undefined
  return first
}

/** The tensors of a set, for a file that holds more beside them. */
export function interactionTensors(set: InteractionSet): {
  readonly tensors: Readonly<Record<string, TensorValue>>
  readonly metadata: Readonly<Record<string, string>>
} {
  const [firstUser, firstItem] = [firstPosition(set.userIds), firstPosition(set.itemIds)]
  return {
    tensors: {
      offsets: value(set.offsets),
      columns: value(set.columns),
      places: value(set.places),
      ...(set.values && { values: value(set.values) }),
      ...(set.times && { times: value(set.times) }),
      ...(firstUser === undefined && savedIds('userIds', set.userIds)),
      ...(firstItem === undefined && savedIds('itemIds', set.itemIds)),
    },
    metadata: {
      users: String(set.users),
      items: String(set.items),
      ...(firstUser !== undefined && { firstUser: String(firstUser) }),
      ...(firstItem !== undefined && { firstItem: String(firstItem) }),
    },
  }
}

/** Reads what {@link interactionTensors} gave. @throws {RangeError} when it does not fit together */
export async function readInteractionTensors(file: Safetensors, path: string): Promise<InteractionSet> {
  const wrong = (why: string): RangeError => new RangeError(`${path} holds no interactions: ${why}`)
  const [users, items] = [Number(file.metadata['users']), Number(file.metadata['items'])]
  const read = async <A>(name: string, kind: abstract new (...args: never[]) => A): Promise<A> => {
    if (!file.names.includes(name)) throw wrong(`there is no "${name}"`)
    const { data } = await file.read(name)
    if (!(data instanceof kind)) throw wrong(`"${name}" is of another type`)
    return data
  }
  const [offsets, columns, places] = [
    await read('offsets', Uint32Array),
    await read('columns', Uint32Array),
    await read('places', Uint32Array),
  ]
  if (offsets.length !== users + 1 || offsets.at(-1) !== columns.length || places.length !== columns.length)
    throw wrong(`${offsets.length} offsets, ${columns.length} columns and ${places.length} places do not fit together`)
  for (let user = 0; user < users; user++)
    if ((offsets[user] ?? 0) > (offsets[user + 1] ?? 0)) throw wrong(`the offsets fall at user ${user}`)
  for (const column of columns) if (column >= items) throw wrong(`there is an item ${column} among ${items}`)
  const ids = async (name: 'userIds' | 'itemIds', size: number, first: string | undefined): Promise<IdMap> => {
    if (first !== undefined) return positionIds(size, Number(first))
    const map = unpackIds(await read(`${name}/bytes`, Uint8Array), await read(`${name}/ends`, Uint32Array))
    if (map.size !== size) throw wrong(`there are ${map.size} ${name}, expected ${size}`)
    return map
  }
  return {
    users,
    items,
    offsets,
    columns,
    places,
    ...(file.names.includes('values') && { values: await read('values', Float32Array) }),
    ...(file.names.includes('times') && { times: await read('times', Float64Array) }),
    userIds: await ids('userIds', users, file.metadata['firstUser']),
    itemIds: await ids('itemIds', items, file.metadata['firstItem']),
  }
}

/** Writes a set to a `.safetensors` file, whole or not at all; it is read back without parsing. */
export async function saveInteractions(path: string, set: InteractionSet): Promise<void> {
  const { tensors, metadata } = interactionTensors(set)
  await writeSafetensors(path, tensors, { metadata: { ...metadata, format } })
}

/** Reads a saved set, straight into its own memory. @throws {RangeError} when the file holds something else */
export async function loadInteractions(path: string): Promise<InteractionSet> {
  const file = await openSafetensors(path)
  if (file.metadata['format'] !== format)
    throw new RangeError(`${path} holds no interactions: its format is ${JSON.stringify(file.metadata['format'])}`)
  return readInteractionTensors(file, path)
}

/** Rows of a saved set that are read from the file when asked for. */
export interface InteractionRows {
  readonly users: number
  readonly items: number
  /** Items of users `from` (inclusive) to `to` (exclusive), ascending, with offsets from 0. @throws {RangeError} outside */
  read(from: number, to: number): Promise<{ readonly offsets: Uint32Array; readonly columns: Uint32Array }>
}

/** Opens a saved set that need not fit in memory: only its offsets are read. */
export async function mapInteractions(path: string): Promise<InteractionRows> {
  const file = await openSafetensors(path)
  if (file.metadata['format'] !== format)
    throw new RangeError(`${path} holds no interactions: its format is ${JSON.stringify(file.metadata['format'])}`)
  const offsets = Uint32Array.from((await file.read('offsets')).data as Uint32Array)
  const users = offsets.length - 1
  return {
    users,
    items: Number(file.metadata['items']),
    async read(from, to) {
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= users))
        throw new RangeError(`users ${from} to ${to} leave the ${users} users of ${path}`)
      const base = offsets[from] ?? 0
      const { data } = await file.readRows('columns', base, offsets[to] ?? 0)
      return { offsets: offsets.slice(from, to + 1).map((offset) => offset - base), columns: data as Uint32Array }
    },
  }
}
