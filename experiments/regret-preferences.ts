import type { Comparison, SignalSource } from '../src/collect/index.ts'
import { type Experiment, figureColors, type Measurement, type MetricSummary, plotSvg } from '../src/evaluate/index.ts'
import {
  type DeliveryCondition,
  deliveryCells,
  deliveryConditions,
  deliveryDataMissing,
  deliveryRewards,
  deliverySignals,
  deliveryTask,
  deliveryWorld,
  type FittedSegmentReward,
  type Grid,
  gridMdp,
  gridSegment,
  type Mdp,
  readDeliveryPreferences,
  readDeliveryTask,
  regretDifference,
  regretPreferences,
  type Segment,
  type SegmentModel,
  scaledReturn,
  segmentComparison,
  segmentRegret,
  valueIteration,
} from '../src/learn/index.ts'
import { logisticLoss, logisticRegression, mean, pairAccuracy, sigmoid } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { deliveryBoard, gridWorld, randomWalk } from '../src/worlds/index.ts'

const models = ['partial-return', 'regret'] as const

/** Comparisons in memory. */
const source = (signals: readonly Comparison[]): SignalSource => ({
  async *read() {
    yield* signals
  },
  count: async () => signals.length,
})

/** A simulated place to walk in: the process, its true reward, and where walks start. */
interface Place {
  readonly name: string
  readonly board: readonly (readonly number[])[]
  readonly grid: Grid
  readonly truth: readonly number[]
  readonly discount: number
  canStart(code: number): boolean
}

function hazardPlace(run: Run): Place {
  const { board, rules, rewards, discount } = gridWorld({}, run.random('hazard board'))
  const canStart = (code: number): boolean => !rules.terminal(code)
  return { name: 'simulated-hazards', board, grid: gridMdp(board, rules), truth: rewards, discount, canStart }
}

function deliveryPlace(run: Run): Place {
  const board = deliveryBoard({}, run.random('delivery board'))
  const closed = new Set<number>([deliveryCells.goal, deliveryCells.sheep, deliveryCells.house])
  return {
    name: 'simulated-delivery',
    board,
    grid: deliveryTask(board),
    truth: deliveryRewards,
    discount: 0.999,
    canStart: (code) => !closed.has(code),
  }
}

/** Simulated people who follow regret compare random walks of three moves, each choice drawn from its probability. */
function simulatedPeople(
  { name, board, grid, truth, discount, canStart }: Place,
  count: number,
  run: Run,
): Comparison[] {
  const optimal = valueIteration(grid.mdp, truth, { discount })
  const [walks, choices] = [run.random(`walks of ${name}`), run.random(`choices of ${name}`)]
  const walk = (): Segment => gridSegment(grid, randomWalk(board, 3, canStart, walks))
  return Array.from({ length: count }, (_, k) => {
    const [first, second] = [walk(), walk()]
    const ahead = segmentRegret(grid.mdp, second, optimal) - segmentRegret(grid.mdp, first, optimal)
    return segmentComparison({
      id: `${name}/${k + 1}`,
      world: name,
      rater: { id: name, kind: 'simulated' },
      source: name,
      time: Date.UTC(2026, 0, 1) + k,
      first,
      second,
      firstPreferred: Number(choices.chance(sigmoid(ahead))),
    })
  })
}

interface Learned {
  readonly model: FittedSegmentReward
  /** Of the policy that is optimal for the learned reward, under the true one. */
  readonly scaled: number
}

async function learn(
  signals: readonly Comparison[],
  about: { mdp: Mdp; world: string; discount: number; truth: readonly number[]; model: SegmentModel },
  run: Run,
): Promise<Learned> {
  const { truth, discount, ...options } = about
  const model = await regretPreferences(source(signals), { ...options, discount }, run)
  return { model, scaled: scaledReturn(about.mdp, model.policy, truth, { discount }) }
}

const nearOptimal = ({ scaled }: Learned): number => Number(scaled >= 0.9)
/** A policy that never ends is as far below chance as the discount allows; −1 stands for all that is so bad. */
const floored = ({ scaled }: Learned): number => Math.max(-1, scaled)

/** Mean cross-entropy and accuracy of held-out real comparisons. */
async function judged(model: FittedSegmentReward, held: readonly Comparison[]) {
  const said = await model.prefer(held)
  const labels = held.map(({ outcome }) => (outcome === 'a' ? 1 : outcome === 'b' ? 0 : 0.5))
  const losses = labels.map((label, k) => {
    // A probability is held in single precision; beyond that it is not told from certainty.
    const p = Math.min(1 - 1e-7, Math.max(1e-7, said[k] ?? Number.NaN))
    return logisticLoss(Math.log(p / (1 - p)), label)
  })
  return { loss: mean(losses), accuracy: pairAccuracy(said, labels).decided }
}

/** Held-out loss by ten folds of one statistic of the reward that people were told, with one temperature. */
function toldLoss(statistic: readonly number[], prefersSecond: readonly number[], order: readonly number[]): number {
  const folds = Array.from({ length: 10 }, (_, fold) => {
    const inside = order.filter((_, at) => at % 10 === fold)
    const outside = order.filter((_, at) => at % 10 !== fold)
    const { coefficients } = logisticRegression({
      design: Float64Array.from(outside, (at) => statistic[at] ?? Number.NaN),
      columns: 1,
      outcomes: outside.map((at) => prefersSecond[at] ?? Number.NaN),
    })
    return inside.map((at) => logisticLoss((coefficients[0] ?? 0) * (statistic[at] ?? 0), prefersSecond[at] ?? 0))
  })
  return mean(folds.flat())
}

/** Both statistics of a condition, second − first. */
function statistics(condition: DeliveryCondition) {
  const { differences, prefersSecond, segmentPairs } = readDeliveryPreferences(condition)
  return {
    partial: differences.map(([partialReturn = 0]) => partialReturn),
    regret: differences.map(([partialReturn = 0, start = 0, end = 0]) => regretDifference(partialReturn, start, end)),
    prefersSecond,
    segmentPairs,
  }
}

const toldName = 'Real people: held-out loss under the reward they were told'
const learnedName = 'Real people: held-out loss of the learned reward'
const accuracyName = 'Real people: held-out accuracy of the learned reward'
const returnName = 'Real people: scaled return of the learned policy (at least −1)'

/** Real people: half of them to learn a reward from, the others to judge it by. */
async function realPeople(condition: DeliveryCondition, suffix: string, run: Run): Promise<Measurement[]> {
  const grid = readDeliveryTask()
  const { partial, regret, ...answers } = statistics(condition)
  const order = run.random(`order of ${condition}`).shuffle([...partial.keys()])
  const signals = deliverySignals(grid, condition, answers)
  const part = (half: number): Comparison[] =>
    order.filter((_, at) => at % 2 === half).flatMap((at) => signals[at] ?? [])
  const about = { mdp: grid.mdp, world: deliveryWorld, discount: 0.999, truth: deliveryRewards }
  const results = []
  for (const model of models) {
    const learned = await learn(part(0), { ...about, model }, run)
    results.push({ ...(await judged(learned.model, part(1))), scaled: floored(learned) })
  }
  const [byReturn, byRegret] = results
  if (!byReturn || !byRegret) throw new Error('nothing was learned')
  const of = (name: string, key: keyof typeof byReturn, better: 'higher' | 'lower'): Measurement => ({
    name: name + suffix,
    baseline: byReturn[key],
    method: byRegret[key],
    better,
  })
  return [
    {
      name: toldName + suffix,
      baseline: toldLoss(partial, answers.prefersSecond, order),
      method: toldLoss(regret, answers.prefersSecond, order),
      better: 'lower',
    },
    of(learnedName, 'loss', 'lower'),
    of(accuracyName, 'accuracy', 'higher'),
    of(returnName, 'scaled', 'higher'),
  ]
}

const arrows = ['↑', '↓', '←', '→']
const looks: Readonly<Record<number, { readonly fill: string; readonly label: string }>> = {
  [deliveryCells.blank]: { fill: '#f3f4f6', label: '' },
  [deliveryCells.goal]: { fill: '#8fd3b6', label: 'goal' },
  [deliveryCells.house]: { fill: '#8a8f98', label: 'house' },
  [deliveryCells.sheep]: { fill: '#e9a3c9', label: 'sheep' },
  [deliveryCells.coin]: { fill: '#f6e58d', label: 'coin' },
  [deliveryCells.roadblock]: { fill: '#f0b98d', label: 'block' },
  [deliveryCells.mud]: { fill: '#d2c2a8', label: 'mud' },
}

/** What each learned policy does on a simulated board. */
function policyFigure({ board, grid }: Place, learned: readonly Learned[]): Promise<string> {
  const names = ['Partial return', 'Regret']
  const panels = learned.flatMap(({ model }, panel) =>
    board.flatMap((row, r) =>
      row.map((code, c) => {
        const state = grid.stateOf[r * grid.columns + c] ?? -1
        const stays = state < 0 || grid.mdp.terminal[state] === 1
        const acts = arrows.filter((_, action) => (model.policy[state * arrows.length + action] ?? 0) > 0)
        const look = looks[code] ?? { fill: 'white', label: '' }
        return { model: names[panel], x: c, y: r, ...look, acts: stays ? '' : acts.join('') }
      }),
    ),
  )
  const [partial, regret] = learned
  return plotSvg(({ cell, text }) => ({
    title: 'What is best to do under each learned reward',
    subtitle: 'Arrows are the moves of the policy that is optimal for the reward learned. Goal and sheep end the ride.',
    caption:
      'Simulated delivery board, seed 0: 300 preferences of simulated people who follow regret. Scaled return (1 is ' +
      `optimal, 0 random): partial return ${partial?.scaled.toFixed(2)}, regret ${regret?.scaled.toFixed(2)}.`,
    width: 640,
    height: 330,
    marginLeft: 8,
    marginRight: 8,
    style: { fontSize: '12px' },
    padding: 0.04,
    x: { axis: null },
    y: { axis: null },
    fx: { label: null, domain: names, axis: 'bottom', padding: 0.06 },
    marks: [
      cell(panels, { x: 'x', y: 'y', fx: 'model', fill: 'fill' }),
      text(panels, { x: 'x', y: 'y', fx: 'model', text: 'label', dy: -11, fontSize: 9, fill: '#444444' }),
      text(panels, { x: 'x', y: 'y', fx: 'model', text: 'acts', dy: 4, fontSize: 14 }),
    ],
  }))
}

/** Loss of every condition under the reward people were told. */
function conditionFigure(run: Run): Promise<string> {
  const rows = deliveryConditions.map((condition) => {
    const { partial, regret, prefersSecond } = statistics(condition)
    const order = run.random(`order of ${condition}`).shuffle([...partial.keys()])
    return {
      condition: `${condition} (${partial.length})`,
      partial: toldLoss(partial, prefersSecond, order),
      regret: toldLoss(regret, prefersSecond, order),
    }
  })
  return plotSvg(({ dot, ruleX, ruleY }) => ({
    title: 'Whom regret explains better, and whom partial return',
    subtitle: 'Held-out loss by ten folds, one temperature per model; dashed: chance. Left is better.',
    caption:
      'Human preferences in the delivery task, by condition (pairs): controls, and people who were led to compare by partial return (pr-) or by regret.',
    legend: [
      { label: 'Partial return', color: figureColors.baseline },
      { label: 'Regret', color: figureColors.method },
    ],
    width: 640,
    height: 330,
    marginLeft: 170,
    marginBottom: 42,
    style: { fontSize: '12px' },
    x: { label: 'Loss (nats)', grid: true, domain: [0.35, 0.7] },
    y: { label: null, domain: rows.map(({ condition }) => condition) },
    marks: [
      ruleX([Math.LN2], { stroke: figureColors.muted, strokeDasharray: '4 4' }),
      ruleY(rows, { y: 'condition', x1: 'partial', x2: 'regret', stroke: '#c5c9d0', strokeWidth: 2 }),
      dot(rows, { y: 'condition', x: 'partial', fill: figureColors.baseline, r: 5 }),
      dot(rows, { y: 'condition', x: 'regret', fill: figureColors.method, r: 5 }),
    ],
  }))
}

const shareOf = (place: string, count: number): string =>
  `Simulated ${place}: near-optimal policies from ${count} preferences`
const scaledOf = (place: string, count: number): string =>
  `Simulated ${place}: scaled return from ${count} (at least −1)`

export const experiment: Experiment = {
  id: 'regret-preferences',
  claim:
    'On boards of the delivery task, rewards learned from preferences by the regret model lead to near-optimal policies ' +
    'at least 0.15 more often than rewards learned by partial return, and regret predicts what real people prefer better.',
  baseline: 'The partial-return model, by the same optimiser with as many updates',
  data:
    'Simulated people who follow regret, on simulated delivery boards of 6 × 6 cells and on boards of 5 × 5 with a goal ' +
    'and five hazards. Real people on the delivery task (1,793 pairs), measured only where PENCHANT_DATASETS has them: ' +
    'they do not come with the package.',
  seeds: 24,
  async trial(run, { full }) {
    const measurements: Measurement[] = []
    const figures: { name: string; svg: string }[] = []
    const counts = full ? [300, 100, 30] : [300, 30]
    for (const [label, place] of [
      ['delivery boards', deliveryPlace(run)],
      ['hazard boards', hazardPlace(run)],
    ] as const) {
      const people = simulatedPeople(place, Math.max(...counts), run)
      const { discount, truth, name } = place
      for (const count of counts) {
        const about = { mdp: place.grid.mdp, world: name, discount, truth }
        const learned: Learned[] = []
        for (const model of models) learned.push(await learn(people.slice(0, count), { ...about, model }, run))
        const [partial, regret] = learned
        if (!partial || !regret) throw new Error('nothing was learned')
        const better = 'higher'
        measurements.push(
          { name: shareOf(label, count), baseline: nearOptimal(partial), method: nearOptimal(regret), better },
          { name: scaledOf(label, count), baseline: floored(partial), method: floored(regret), better },
        )
        if (run.seed === 0 && count === 300 && label === 'delivery boards')
          figures.push({ name: 'policies', svg: await policyFigure(place, learned) })
      }
    }
    const missing = deliveryDataMissing()
    if (missing !== undefined) run.log({ level: 'warn', message: missing })
    else {
      measurements.push(...(await realPeople('privileged-control', '', run)))
      if (full)
        for (const condition of ['trained-control', 'question-control'] as const)
          measurements.push(...(await realPeople(condition, ` (${condition})`, run)))
      if (run.seed === 0) figures.push({ name: 'conditions', svg: await conditionFigure(run) })
    }
    return { measurements, figures }
  },
  /** The share is higher by 0.15 and more, and real people's losses, where they were measured, are lower for certain. */
  holds(metrics) {
    const of = (name: string): MetricSummary | undefined => metrics.find((metric) => metric.name === name)
    const share = of(shareOf('delivery boards', 300))
    const real = [of(toldName), of(learnedName)].filter((metric) => metric !== undefined)
    return (
      share !== undefined &&
      share.difference >= 0.15 &&
      share.interval[0] > 0 &&
      real.every(({ interval }) => interval[1] < 0)
    )
  },
}
