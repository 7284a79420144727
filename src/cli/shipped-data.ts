import pc from 'picocolors'
import type { LeaderboardDefinition } from '../evaluate/index.ts'
import type { Service } from '../serve/index.ts'
import { boardTable } from './board-table.ts'
import { progressTeller } from './progress.ts'

const shownTop = 3

const secondsSince = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`

/** Writes a line to stdout. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/**
 * Loads what comes with the package, defines its leaderboards, and shows the top of one of each set. What an earlier
 * start has loaded and fitted is used as it is.
 */
export async function loadAndShow(service: Service, tell: (detail: string) => void, stop: AbortSignal): Promise<void> {
  const { beginLearning, defineShippedBoards } = await import('../serve/index.ts')
  const fresh = await loadData(service, tell, stop)
  const definitions = await defineShippedBoards(service)
  const shown = firstOfEachSet(definitions)
  const started = performance.now()
  for (const { name } of shown) {
    stop.throwIfAborted()
    tell(`fitting ${name}`)
    const board = await service.boards.read(name)
    if (fresh) showTop(board)
  }
  if (fresh) say()
  const others = definitions.length - shown.length
  const more = others > 0 ? ` ${others} more when they are asked for.` : ''
  say(`${pc.green('✓')} ${shown.length} leaderboards fitted ${pc.dim(`${secondsSince(started)}.${more}`)}`)
  if (await beginLearning(service))
    say(
      `${pc.green('…')} A preference dial, tastes of jurors and students, recommenders of songs ${pc.dim('in the background, half a minute')}`,
    )
}

/** Whether any set was loaded that had not been there. */
async function loadData(service: Service, tell: (detail: string) => void, signal: AbortSignal): Promise<boolean> {
  const { loadShippedData } = await import('../serve/index.ts')
  const teller = progressTeller()
  const onProgress: typeof teller.tell = (progress) => {
    tell(`loading ${progress.label}`)
    teller.tell(progress)
  }
  const started = performance.now()
  let [sets, fresh] = [0, 0]
  try {
    for await (const loaded of loadShippedData(service, { onProgress, signal })) {
      const { dataset, inserted, already, conflict, seconds } = loaded
      sets++
      if (already) continue
      fresh++
      teller.end()
      if (conflict !== undefined) say(`${pc.yellow('–')} ${dataset.title} ${pc.dim(`left out: ${conflict}`)}`)
      else say(`${pc.green('✓')} ${dataset.title} ${pc.dim(`${inserted} signals, ${seconds.toFixed(1)} s`)}`)
    }
  } finally {
    teller.end()
  }
  if (fresh > 0) return true
  const { total } = await service.store.counts()
  say(
    `${pc.green('✓')} ${total} signals, loaded by an earlier start ${pc.dim(`${sets} shipped sets, ${secondsSince(started)}`)}`,
  )
  return false
}

/** The first board over each set of data, in the package's order. */
function firstOfEachSet(definitions: readonly LeaderboardDefinition[]): readonly LeaderboardDefinition[] {
  const sets = new Set<string>()
  return definitions.filter(({ filter, name }) => {
    const set = filter.sources?.join() ?? name
    const first = !sets.has(set)
    sets.add(set)
    return first
  })
}

function showTop({ title, votes, competitors }: Awaited<ReturnType<Service['boards']['read']>>): void {
  const columns = Math.min(100, process.stdout.columns ?? 100) - 2
  say()
  say(`${pc.bold(title)} ${pc.dim(`${votes} votes, ${competitors.length} ranked`)}`)
  for (const line of boardTable({ competitors }, { columns, top: shownTop })) say(`  ${line}`)
}
