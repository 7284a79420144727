import type { PublishedResult, PublishedRun } from './published-run.ts'

/** What stands before and after the table in its page. */
export const tableBegins = '<!-- Published numbers: written by bench/published.ts -->'
export const tableEnds = '<!-- End of published numbers -->'

const number = (value: number): string => (Number.isFinite(value) ? value.toFixed(4) : '–')

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`
}

/** The runs that were measured, in Markdown: ours beside the published, by data set. */
export function publishedTable(runs: readonly PublishedRun[], results: readonly PublishedResult[]): string {
  const held = new Map(results.map((result) => [result.id, result]))
  const measured = runs.filter(({ id }) => held.has(id))
  const sets = [...new Set(measured.map(({ dataset, split }) => `${dataset}: ${split}`))]
  return sets
    .flatMap((set) => [
      `### ${set}`,
      '',
      '| model | measure | ours | published | ratio | settings | time, peak memory |',
      '|---|---|---|---|---|---|---|',
      ...measured
        .filter(({ dataset, split }) => `${dataset}: ${split}` === set)
        .flatMap((run) => rows(run, held.get(run.id) as PublishedResult)),
      '',
      ...notes(measured.filter(({ dataset, split }) => `${dataset}: ${split}` === set)),
    ])
    .join('\n')
}

function rows(run: PublishedRun, result: PublishedResult): readonly string[] {
  return Object.entries(result.values).map(([name, value], at) => {
    const published = run.published[name]
    return `| ${[
      at === 0 ? run.model : '',
      name,
      number(value),
      published === undefined ? '–' : number(published),
      published === undefined ? '–' : (value / published).toFixed(2),
      at === 0 ? run.settings : '',
      at === 0 ? `${minutes(result.seconds)}, ${result.megabytes.toFixed(0)} MB` : '',
    ].join(' | ')} |`
  })
}

function notes(runs: readonly PublishedRun[]): readonly string[] {
  const sources = new Map<string, string[]>()
  for (const { model, source, published } of runs)
    if (Object.keys(published).length > 0) sources.set(source, [...(sources.get(source) ?? []), model])
  const lines = [...sources].map(([source, models]) => `- Published (${models.join(', ')}): ${source}`)
  for (const { model, note } of runs) if (note) lines.push(`- ${model}: ${note}`)
  return lines.length > 0 ? [...lines, ''] : []
}

/**
 * Puts a table into its page.
 *
 * @throws {Error} when the page has no place for it
 */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(tableBegins), page.indexOf(tableEnds)]
  if (from < 0 || to < from)
    throw new Error(`the page has no place for the table between "${tableBegins}" and "${tableEnds}"`)
  return `${page.slice(0, from + tableBegins.length)}\n\n${table}\n${page.slice(to)}`
}
