import { Command } from 'commander'
import pc from 'picocolors'
import { catalogue } from '../../catalogue.ts'
import { withExamples } from '../examples.ts'

/** `penchant methods`: the published methods inside. */
export function methodsCommand(): Command {
  const command = new Command('methods')
    .description('list the published methods that Penchant implements')
    .argument('[words...]', 'only methods whose title, id or room holds all of these')
    .option('--json', 'print [{no, id, title, arxiv, room, exports, experiment}]')
    .action((words: readonly string[], options: { readonly json?: boolean }) => {
      const wanted = words.map((word) => word.toLowerCase())
      const rows = catalogue.filter(({ id, title, room, no, arxiv }) => {
        const text = `${no} ${id} ${title} ${room} ${arxiv ?? ''}`.toLowerCase()
        return wanted.every((word) => text.includes(word))
      })
      if (options.json) {
        process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`)
        return
      }
      const width = (pick: (row: (typeof rows)[number]) => string): number =>
        Math.max(0, ...rows.map((row) => pick(row).length))
      const [ids, rooms] = [width(({ id }) => id), width(({ room }) => room)]
      for (const { no, id, title, room, arxiv } of rows)
        process.stdout.write(
          `${pc.dim(no.padStart(2))}  ${pc.bold(id.padEnd(ids))}  ${pc.cyan(room.padEnd(rooms))}  ${title}${arxiv ? pc.dim(` arXiv:${arxiv}`) : ''}\n`,
        )
      process.stderr.write(
        `${rows.length} method${rows.length === 1 ? '' : 's'}. Show one against its baseline: penchant reproduce ID\n`,
      )
    })
  return withExamples(
    command,
    ['penchant methods', 'penchant methods dpo', 'penchant methods --json'],
    '0 fine, 2 wrong usage',
  )
}
