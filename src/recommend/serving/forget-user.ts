import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { openSafetensors, type TensorValue, value, writeSafetensors } from '../../tensor/index.ts'
import { idsOf } from '../interactions/id-map.ts'
import { filterPairs } from '../interactions/interaction-set.ts'
import { loadInteractions, saveInteractions } from '../interactions/save.ts'
import { folderFiles } from './manifest.ts'

/** Names of tensors that have a row for each user. */
const rowsOfUsers = /(^|\/)users$/

/** Tensors that say where each user's items begin, and those of the items. */
const listsOfUsers = [
  ['seen/offsets', 'seen/columns'],
  ['sequences/offsets', 'sequences/items'],
] as const

/**
 * Takes someone out of a recommender's folder: their id, what they took, and the numbers that were learned for them
 * alone. What the others' numbers owe to them stays until the recommender is fitted again. Whoever has the folder open
 * goes on with what was read before.
 *
 * @returns whether they were there
 */
export async function forgetUser(folder: string, id: string): Promise<boolean> {
  const [setPath, modelPath] = [join(folder, folderFiles.interactions), join(folder, folderFiles.model)]
  const set = await loadInteractions(setPath)
  const user = set.userIds.find(id)
  if (user === undefined) return false
  const { userIds, users } = set
  const renamed = idsOf(
    Array.from({ length: users }, (_, number) => (number === user ? `forgotten ${randomUUID()}` : userIds.id(number))),
  )
  const file = await openSafetensors(modelPath)
  const tensors: Record<string, TensorValue> = {}
  for (const name of file.names) tensors[name] = await file.read(name)
  for (const [name, tensor] of Object.entries(tensors))
    if (rowsOfUsers.test(name) && tensor.shape[0] === users) {
      const width = tensor.data.length / users
      tensor.data.fill(0 as never, user * width, (user + 1) * width)
    }
  for (const [starts, held] of listsOfUsers) {
    const [offsets, items] = [tensors[starts]?.data, tensors[held]?.data]
    if (!(offsets instanceof Uint32Array && items instanceof Uint32Array)) continue
    const [from, to] = [offsets[user] ?? 0, offsets[user + 1] ?? 0]
    tensors[starts] = value(offsets.map((offset, row) => (row > user ? offset - (to - from) : offset)))
    const rest = new Uint32Array(items.length - (to - from))
    rest.set(items.subarray(0, from))
    rest.set(items.subarray(to), from)
    tensors[held] = value(rest)
  }
  await writeSafetensors(modelPath, tensors, { metadata: file.metadata })
  await saveInteractions(setPath, { ...filterPairs(set, (_, row) => row !== user), userIds: renamed })
  return true
}
