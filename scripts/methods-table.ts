// Writes docs/methods.md from the catalogue: node scripts/methods-table.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CatalogueRow, catalogue } from '../src/catalogue.ts'

/** Where the table is kept. */
export const methodsPage: string = join(import.meta.dirname, '../docs/methods.md')

/** The page of methods, in Markdown. */
export function methodsTable(rows: readonly CatalogueRow[]): string {
  const line = ({ no, id, title, arxiv, room, exports, experiment }: CatalogueRow): string =>
    `| ${[
      no,
      `\`${id}\``,
      arxiv ? `${title} ([arXiv:${arxiv}](https://arxiv.org/abs/${arxiv}))` : title,
      `[\`${room}\`](../src/${room})`,
      exports.map((name) => `\`${name}\``).join(', '),
      `[\`${experiment}\`](../experiments/${experiment}.ts)`,
    ].join(' | ')} |`
  return [
    '# Methods',
    '',
    'Published methods that Penchant implements. Each has an experiment that sets it against the baseline its paper',
    'beats and may say that the claim does not hold: `penchant reproduce ID`.',
    '',
    '<!-- Written by scripts/methods-table.ts from src/catalogue.ts; edit the catalogue instead. -->',
    '',
    '| no | id | method | room | exports | experiment |',
    '|---|---|---|---|---|---|',
    ...rows.map(line),
    '',
  ].join('\n')
}

if (import.meta.main) writeFileSync(methodsPage, methodsTable(catalogue))
