import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { featurePairs, takePairs } from '../pairs/index.ts'
import { palKind } from '../pal/pal.ts'
import { adaptRaters } from './adapt-raters.ts'
import { fitPreferences } from './fit-preferences.ts'
import { outOfFold } from './out-of-fold.ts'

const random = seeded('seen raters')
const rows = (count: number) => Array.from({ length: count }, () => [random.normal(), random.normal()])
const names = ['ann', 'bob', 'cy', 'dee']
const everybody = featurePairs({
  a: rows(40),
  b: rows(40),
  raters: Array.from({ length: 40 }, (_, pair) => names[pair % 4] as string),
})
const of = (...places: number[]) =>
  takePairs(
    everybody,
    [...everybody.rater.keys()].filter((pair) => places.includes(everybody.rater[pair] as number)),
  )
const asked = (rater: string) => featurePairs({ a: [[1, 0]], b: [[0, 1]], raters: [rater] })
const options = { projector: 'identity' } as const

describe('a rater without a pair', () => {
  it('is unknown to a fitted model, whoever else the data name', async () => {
    const model = await fitPreferences({ kind: palKind, options, data: of(0, 2), epochs: 3 })
    expect(model.raters).toEqual(['ann', 'cy'])
    expect(model.parameters.model.weights.shape).toEqual([2, 2])
    expect(await model.logits(asked('dee'))).toEqual(await model.logits(asked('a stranger')))
  })

  it('leaves those who have one their own numbers', async () => {
    // Bob likes the first column, dee dislikes it; nothing is known of the others.
    const said = of(1, 3)
    const first = (row: number) => (said.rows as { data: Float32Array }).data[2 * row] as number
    const targets = said.targets.map((_, pair) =>
      Number(first(said.a[pair] as number) > first(said.b[pair] as number) === (said.rater[pair] === 1)),
    )
    const model = await fitPreferences({
      kind: palKind,
      options: { ...options, form: 'squared', loss: 'logistic' },
      data: { ...said, targets },
      epochs: 300,
    })
    expect(model.raters).toEqual(['bob', 'dee'])
    expect((await model.logits(asked('bob')))[0]).toBeGreaterThan(0.5)
    expect((await model.logits(asked('dee')))[0]).toBeLessThan(-0.5)
  })

  it('is known where the numbers to start from are given', async () => {
    const { parameters } = await fitPreferences({ kind: palKind, options, data: everybody, epochs: 1 })
    const model = await fitPreferences({ kind: palKind, options, data: of(1, 3), epochs: 1, parameters })
    expect(model.raters).toEqual(names)
  })

  it('is not adapted to, and those who were known stay', async () => {
    const model = await fitPreferences({ kind: palKind, options, data: of(0, 1), epochs: 3 })
    const adapted = await adaptRaters({ model, data: of(2), epochs: 5 })
    expect(adapted.raters).toEqual(['ann', 'bob', 'cy'])
    expect(await adapted.logits(asked('bob'))).toEqual(await model.logits(asked('bob')))
    expect(await adapted.logits(asked('dee'))).toEqual(await adapted.logits(asked('a stranger')))
  })

  it('is judged as an unknown one out of fold', async () => {
    const seen: string[][] = []
    await outOfFold({
      kind: palKind,
      options,
      data: everybody,
      epochs: 1,
      by: 'rater',
      folds: 2,
      members: 1,
      onModel: (model) => {
        seen.push([...model.raters])
      },
    })
    expect(seen.flat().sort()).toEqual(names)
  })
})
