import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fetchedFolder } from '../../collect/index.ts'
import { answerProperties, answerScenarios, queryGroups } from './answer-properties.ts'
import type { JudgeWeights } from './judge-weights.ts'

const lineSchema = z.object({
  model_name: z.string().min(1),
  parameters: z.array(z.number()).length(answerProperties.length),
})

const groups: readonly string[] = [...answerScenarios, ...queryGroups]

/** The scenario a file is named for: `Creative-Writing.jsonl`, or `model_Creative Writing_fitted_paras.jsonl`. */
function scenarioOf(file: string): string | undefined {
  const name = file.replace(/^model_/, '').replace(/(?:_fitted_paras)?\.jsonl$/, '')
  return groups.find((group) => group === name || group.replaceAll(' ', '-') === name)
}

/** Where the published weights are looked for: `judge-weights` in the folder of fetched data. */
export function publishedWeightsFolder(): string {
  return join(fetchedFolder(), 'judge-weights')
}

const whereToGet = (folder: string): string =>
  'the published judge weights (CC BY-NC 4.0, for non-commercial use) do not come with the package: get ' +
  'visualization/data/fitted_paras_comparison of https://github.com/GAIR-NLP/Preference-Dissection and put its files ' +
  `at ${folder}, or set PENCHANT_DATASETS to the folder that has judge-weights`

async function jsonlFiles(folder: string): Promise<readonly string[]> {
  return existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort() : []
}

/**
 * The published weights of 33 judges (people and language models) over the 29 answer properties, in 11 scenarios and 5
 * groups of queries. They are read from where the user put them.
 *
 * @param folder that holds the files, or has them in `by-scenario`; default {@link publishedWeightsFolder}
 * @throws {Error} saying where to get them when they are not there; naming file and line when one is not as expected
 * @see Li et al. (2024), arXiv 2402.11296
 */
export async function publishedJudgeWeights(
  folder: string = publishedWeightsFolder(),
): Promise<readonly JudgeWeights[]> {
  const inside = join(folder, 'by-scenario')
  const [own, nested] = [await jsonlFiles(folder), await jsonlFiles(inside)]
  const [place, files] = nested.length > 0 ? [inside, nested] : [folder, own]
  if (files.length === 0) throw new Error(whereToGet(folder))
  const properties = answerProperties.map(({ name }) => name)
  const found: JudgeWeights[] = []
  for (const file of files) {
    const scenario = scenarioOf(file)
    if (!scenario)
      throw new Error(`${join(place, file)} is named for no scenario, expected one of ${groups.join(', ')}`)
    const lines = (await readFile(join(place, file), 'utf8')).split('\n')
    for (const [at, line] of lines.entries()) {
      if (line.trim() === '') continue
      found.push({ scenario, properties, ...judgeOf(line, `${file}, line ${at + 1}`) })
    }
  }
  return found
}

function judgeOf(line: string, where: string): Pick<JudgeWeights, 'judge' | 'weights'> {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new Error(`${where}: this is not JSON`)
  }
  const parsed = lineSchema.safeParse(json)
  if (!parsed.success)
    throw new Error(
      `${where}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    )
  return { judge: parsed.data.model_name, weights: parsed.data.parameters }
}
