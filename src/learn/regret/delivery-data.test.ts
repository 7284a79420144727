import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { signalSchema } from '../../collect/index.ts'
import { logisticLoss, logisticRegression, pairAccuracy, sigmoid } from '../../measure/index.ts'
import { valueIteration } from '../tabular/value-iteration.ts'
import {
  type DeliveryCondition,
  deliveryConditions,
  deliveryDataMissing,
  deliverySignals,
  deliveryWorld,
  readDeliveryPreferences,
  readDeliveryTask,
} from './delivery-data.ts'
import { deliveryRewards, gridSegment, segmentDifference } from './delivery-task.ts'
import { readNpy } from './npy.ts'
import { regretDifference } from './regret.ts'
import { segmentOf } from './segment-signal.ts'

const folder = mkdtempSync(join(tmpdir(), 'delivery-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** A NumPy file, by its published layout: magic, version, length of the header, the header, the numbers. */
function npy(kind: '<f8' | '<i8', shape: readonly number[], numbers: readonly number[]): Uint8Array {
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`
  const header = Buffer.from(`${text.padEnd(117)}\n`, 'latin1')
  const body = kind === '<f8' ? Float64Array.from(numbers) : BigInt64Array.from(numbers, BigInt)
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY\x01\x00v\x00', 'latin1'),
    header,
    Buffer.from(body.buffer),
  ])
}

const board = [
  [0, 4],
  [6, 1],
]
// Down into mud and right to the goal; right to a coin and into the board's edge.
const pair = [
  [
    [0, 0],
    [1, 0],
    [0, 1],
  ],
  [
    [0, 0],
    [0, 1],
    [0, 1],
  ],
]

describe('the delivery data', () => {
  it('say where to get them when they are not there', () => {
    const nowhere = join(folder, 'nowhere')
    expect(deliveryDataMissing(nowhere)).toContain(
      `are not in ${nowhere}, and do not come with the package since they have no stated licence: clone https://github.com/Stephanehk/InfluencingHumanPrefs and`,
    )
    expect(() => readDeliveryTask(nowhere)).toThrow('PENCHANT_DATASETS')
    expect(() => readDeliveryPreferences('trained-control', nowhere)).toThrow('clone https://github.com')
  })

  it('are read from the published files and from JSON alike, and make signals', () => {
    write(
      'Learning-OA-From-Prefs/data/input/random_MDPs/2021-07-29_sparseboard2-notrap_board.json',
      JSON.stringify(board),
    )
    const published = 'InfluencingHumanPrefs/data/human_data/Privileged-Control_full_filtered'
    write(`${published}_X.npy`, npy('<f8', [1, 3], [-49, 0, -1.5]))
    write(`${published}_Y.npy`, npy('<f8', [1], [0.5]))
    write(`${published}_segment_pairs.npy`, npy('<i8', [1, 2, 3, 2], pair.flat(2)))
    const read = readDeliveryPreferences('privileged-control', folder)
    expect(read).toEqual({ differences: [[-49, 0, -1.5]], prefersSecond: [0.5], segmentPairs: [pair] })

    const grid = readDeliveryTask(folder)
    expect([...grid.cellOf]).toEqual([0, 1, 2, 3])
    const [signal] = deliverySignals(grid, 'privileged-control', read)
    expect(signalSchema.parse(signal)).toEqual(signal)
    expect(signal).toMatchObject({ outcome: 'tie', source: 'delivery/privileged-control' })
    if (!signal) throw new Error('expected a signal')
    expect(segmentOf(signal.a, deliveryWorld)).toEqual({ states: [0, 2, 3], actions: [1, 3] })
    expect(segmentOf(signal.b, deliveryWorld)).toEqual({ states: [0, 1, 1], actions: [3, 3] })
    const labels = deliverySignals(grid, 'privileged-control', { prefersSecond: [0, 1], segmentPairs: [pair, pair] })
    expect(labels.map(({ outcome }) => outcome)).toEqual(['a', 'b'])

    const { differences: features, ...rest } = read
    write('delivery-board.json', JSON.stringify(board))
    write('human-privileged-control.json.gz', gzipSync(JSON.stringify({ features, ...rest })))
    expect(readDeliveryPreferences('privileged-control', folder)).toEqual(read)
  })

  it('refuse what is something else', () => {
    write('delivery-board.json', JSON.stringify(board))
    const refused = (content: object) => {
      write('human-trained-control.json.gz', gzipSync(JSON.stringify(content)))
      write('human-privileged-control.json.gz', gzipSync('{}'))
      return () => readDeliveryPreferences('trained-control', folder)
    }
    const right = { features: [[1, 2, 3]], prefersSecond: [1], segmentPairs: [pair] }
    expect(refused(right)()).toMatchObject({ prefersSecond: [1] })
    expect(refused({ ...right, prefersSecond: [2] })).toThrow('human-trained-control.json.gz: prefersSecond.0')
    expect(refused({ ...right, prefersSecond: [null] })).toThrow('prefersSecond.0')
    expect(refused({ ...right, features: [[1, 2]] })).toThrow('features.0')
    expect(refused({ ...right, prefersSecond: [1, 0] })).toThrow('differ in length')
  })
})

describe('NumPy files', () => {
  it('are read in both kinds of numbers', () => {
    expect(readNpy(npy('<i8', [2, 2], [1, -2, 3, 4]), 'x')).toEqual({
      shape: [2, 2],
      data: Float64Array.of(1, -2, 3, 4),
    })
    expect(readNpy(npy('<f8', [3], [0.5, Number.NaN, 2]), 'x').data).toEqual(Float64Array.of(0.5, Number.NaN, 2))
  })

  it('are refused when they are none, of other numbers, or cut short', () => {
    expect(() => readNpy(Buffer.from('hello, this is text'), 'x.npy')).toThrow('x.npy is no NumPy array file')
    expect(() => readNpy(npy('<f8', [3], [1, 2]), 'x.npy')).toThrow('x.npy ends after 16 bytes of numbers, expected 24')
    const narrow = Buffer.from(npy('<f8', [1], [1]))
    narrow.write('<f4', narrow.indexOf('<f8'), 'latin1')
    expect(() => readNpy(narrow, 'x.npy')).toThrow('x.npy holds <f4')
  })
})

/** Mean loss of evidence with one inverse temperature, fitted to all pairs, and to nine tenths of them ten times. */
function likelihood(evidence: readonly number[], prefersSecond: readonly number[]): { all: number; held: number } {
  const fit = (design: readonly number[], outcomes: readonly number[]) =>
    logisticRegression({ design: Float64Array.from(design), columns: 1, outcomes })
  const all = fit(evidence, prefersSecond).cost / evidence.length
  let held = 0
  for (let fold = 0; fold < 10; fold++) {
    const of = (values: readonly number[], inside: boolean): number[] =>
      values.filter((_, at) => (at % 10 === fold) === inside)
    const [scale] = fit(of(evidence, false), of(prefersSecond, false)).coefficients
    of(evidence, true).forEach((value, at) => {
      held += logisticLoss((scale as number) * value, of(prefersSecond, true)[at] as number)
    })
  }
  return { all, held: held / evidence.length }
}

const missing = deliveryDataMissing()

// The data have no licence and do not come along: set PENCHANT_DATASETS; the message of `deliveryDataMissing` says how.
describe.skipIf(missing !== undefined)(
  'real people on the delivery task, where PENCHANT_DATASETS has trajectories',
  () => {
    const prepared = (condition: DeliveryCondition) => {
      const grid = readDeliveryTask()
      return { grid, ...readDeliveryPreferences(condition) }
    }
    const sizes = [1793, 473, 442, 2532, 497, 437, 2531, 491, 434]

    it.each(deliveryConditions.map((condition, k) => [condition, sizes[k] as number] as const))(
      '%s: replaying all %i pairs gives the published differences to the last bit',
      (condition, size) => {
        const { grid, differences, segmentPairs } = prepared(condition)
        const { values } = valueIteration(grid.mdp, deliveryRewards, { discount: 1 })
        expect(segmentPairs.length).toBe(size)
        const replayed = segmentPairs.map(([first = [], second = []]) => {
          const [one, other] = [gridSegment(grid, first), gridSegment(grid, second)]
          const { partialReturn, startValue, endValue } = segmentDifference(grid, one, other, deliveryRewards, values)
          // Zeros have no sign in what is published.
          return [partialReturn, startValue, endValue].map((value) => value + 0)
        })
        expect(replayed).toEqual(differences.map((row) => row.map((value) => value + 0)))
      },
    )

    // Loss of partial return and of regret with one temperature each, the same by ten folds, in 10⁻⁴ nats; accuracy in ‰ on
    // pairs that people decide and that differ in the statistic.
    const published: readonly (readonly [DeliveryCondition, readonly [number, number][]])[] = [
      [
        'privileged-control',
        [
          [6195, 5727],
          [6198, 5732],
          [622, 762],
        ],
      ],
      [
        'trained-control',
        [
          [5251, 4340],
          [5256, 4360],
          [786, 872],
        ],
      ],
      [
        'question-control',
        [
          [5285, 4810],
          [5319, 4834],
          [797, 832],
        ],
      ],
    ]
    it.each(published)(
      '%s: regret explains people better than partial return, by the published numbers',
      (condition, expected) => {
        const { differences, prefersSecond } = prepared(condition)
        const statistics = [
          differences.map(([partialReturn = 0]) => partialReturn),
          differences.map(([partialReturn = 0, start = 0, end = 0]) => regretDifference(partialReturn, start, end)),
        ]
        const [losses, held, right] = expected
        statistics.forEach((statistic, k) => {
          const found = likelihood(statistic, prefersSecond)
          expect(Math.round(1e4 * found.all)).toBe(losses?.[k])
          // Which pair is in which fold is not published.
          expect(Math.abs(1e4 * found.held - (held?.[k] ?? Number.NaN))).toBeLessThan(20)
          const telling = [...statistic.keys()].filter((at) => statistic[at] !== 0)
          const { decided } = pairAccuracy(
            telling.map((at) => sigmoid(statistic[at] as number)),
            telling.map((at) => prefersSecond[at] as number),
          )
          expect(Math.abs(1e3 * decided - (right?.[k] ?? Number.NaN))).toBeLessThan(0.6)
        })
      },
    )
  },
)
