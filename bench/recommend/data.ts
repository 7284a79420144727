import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchedFolder } from '../../src/collect/index.ts'
import {
  type InteractionSet,
  interactionLog,
  interactionSet,
  pairUsers,
  randomSplit,
  readInteractions,
} from '../../src/recommend/index.ts'
import { seeded } from '../../src/run/index.ts'
import { type ShopWorldOptions, shopWorld } from '../../src/worlds/index.ts'

/** `gowalla` is the published split where it is there, else a simulated shop of its size; `films` is always simulated. */
export type DataName = 'gowalla' | 'films'

export interface TrainAndTest {
  readonly train: InteractionSet
  readonly test: InteractionSet
}

const [users, items] = [29_858, 40_981]
const shops: Readonly<Record<DataName, ShopWorldOptions>> = {
  gowalla: { users, items, circles: 100, inside: 0.04, outside: 0.0004, fame: 0.7 },
  films: { users: 20_000, items: 6_000, circles: 20, inside: 0.1, outside: 0.012, fame: 0.8 },
}
const parts = ['train', 'test'] as const
const kinds = ['offsets', 'columns'] as const

/** Where both sides read the same numbers from: `about.json`, and offsets and columns of each part in uint32. */
export function dataFolder(name: DataName): string {
  return join(import.meta.dirname, '../../.cache/bench-recommend', name)
}

async function made(name: DataName): Promise<TrainAndTest & { readonly source: string }> {
  const folder = join(fetchedFolder(), 'gowalla')
  if (name === 'gowalla' && parts.every((part) => existsSync(join(folder, `${part}.txt.gz`)))) {
    const layout = { layout: 'lists', numberedFrom: 0, users, items } as const
    const part = async (of: string): Promise<InteractionSet> =>
      interactionSet(await readInteractions(join(folder, `${of}.txt.gz`), layout))
    return { source: 'Gowalla', train: await part('train'), test: await part('test') }
  }
  const world = shopWorld(shops[name], seeded(`recommend bench ${name}`))
  const { train, test } = randomSplit(interactionSet(interactionLog(world)), seeded('recommend bench split'))
  return { source: 'simulated', train, test }
}

/** Writes a data set where it is not there yet, or was simulated and can now be had. @returns where it is from */
export async function writeData(name: DataName): Promise<string> {
  const folder = dataFolder(name)
  const ready = join(folder, 'about.json')
  const wanted = JSON.stringify([shops[name], name === 'gowalla' && existsSync(join(fetchedFolder(), 'gowalla'))])
  if (existsSync(ready)) {
    const about = JSON.parse(readFileSync(ready, 'utf8')) as { readonly wanted: string; readonly source: string }
    if (about.wanted === wanted) return about.source
  }
  mkdirSync(folder, { recursive: true })
  const { source, ...sets } = await made(name)
  for (const part of parts)
    for (const kind of kinds) writeFileSync(join(folder, `${part}-${kind}.bin`), Uint32Array.from(sets[part][kind]))
  const { users: rows, items: columns } = sets.train
  writeFileSync(ready, JSON.stringify({ wanted, source, users: rows, items: columns }))
  return source
}

/** What was written. */
export function readData(name: DataName): TrainAndTest {
  const folder = dataFolder(name)
  const about = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as {
    readonly users: number
    readonly items: number
  }
  const words = (file: string): Uint32Array =>
    new Uint32Array(new Uint8Array(readFileSync(join(folder, `${file}.bin`))).buffer)
  const part = (of: (typeof parts)[number]): InteractionSet => {
    const rows = { offsets: words(`${of}-offsets`), columns: words(`${of}-columns`) }
    const counts = { userCount: about.users, itemCount: about.items }
    return interactionSet(interactionLog({ users: pairUsers(rows), items: rows.columns, ...counts }))
  }
  return { train: part('train'), test: part('test') }
}

/** Every fifth user's held-out items: what recall is measured on between rounds. */
export function fifthOf({ test }: TrainAndTest): InteractionSet {
  const kept = { users: [] as number[], items: [] as number[] }
  for (const [entry, user] of pairUsers(test).entries()) {
    if (user % 5 !== 0) continue
    kept.users.push(user)
    kept.items.push(test.columns[entry] ?? 0)
  }
  return interactionSet(interactionLog({ ...kept, userCount: test.users, itemCount: test.items }))
}
