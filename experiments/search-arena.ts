import { type Comparison, competitorOf, shippedDatasets } from '../src/collect/index.ts'
import {
  type Experiment,
  figureColors,
  type Leaderboard,
  leaderboardFromVotes,
  type Measurement,
  type MetricSummary,
  metricNamed,
  plotSvg,
} from '../src/evaluate/index.ts'
import { kendallTau, mean, softplus } from '../src/measure/index.ts'
import type { Run } from '../src/run/index.ts'
import { type ArenaVote, type ArenaWorld, arenaWorld } from '../src/worlds/index.ts'

/** Natural-log odds of a rating. */
const logit = (rating: number): number => ((rating - 1000) * Math.LN10) / 400

/** A board of simulated votes, plain or with the length of replies beside the ratings. */
function board(world: ArenaWorld, votes: readonly ArenaVote[], controlled: boolean, run: Run): Leaderboard {
  const nameOf = (position: number): string => world.models[position]?.name ?? ''
  const length = {
    name: 'length',
    a: votes.map(({ lengthA }) => lengthA),
    b: votes.map(({ lengthB }) => lengthB),
  }
  return leaderboardFromVotes(
    {
      a: votes.map(({ a }) => nameOf(a)),
      b: votes.map(({ b }) => nameOf(b)),
      winner: votes.map(({ outcome }) => outcome),
      ...(controlled && { features: [length] }),
    },
    { featureScale: 'relative' },
    run,
  )
}

/** True skill and estimate of every model. */
function estimates(world: ArenaWorld, fitted: Leaderboard) {
  return world.models.map(({ name, skill }) => {
    const found = fitted.competitors.find((competitor) => competitor.name === name)
    if (!found) throw new Error(`${name} has no votes`)
    return { name, skill, estimate: logit(found.rating), lower: logit(found.lower), upper: logit(found.upper) }
  })
}

function tau(world: ArenaWorld, fitted: Leaderboard): number {
  const rows = estimates(world, fitted)
  return kendallTau(
    rows.map(({ skill }) => skill),
    rows.map(({ estimate }) => estimate),
  )
}

/** Share of models whose interval holds the true skill. */
function coverage(world: ArenaWorld, fitted: Leaderboard): number {
  const rows = estimates(world, fitted)
  return rows.filter(({ skill, lower, upper }) => lower <= skill && skill <= upper).length / rows.length
}

function skillFigure(world: ArenaWorld, plain: Leaderboard, controlled: Leaderboard): Promise<string> {
  const rows = [
    ...estimates(world, plain).map((row) => ({ ...row, color: figureColors.baseline })),
    ...estimates(world, controlled).map((row) => ({ ...row, color: figureColors.method })),
  ]
  const ends = Math.max(
    ...rows.flatMap(({ lower, upper, skill }) => [Math.abs(lower), Math.abs(upper), Math.abs(skill)]),
  )
  return plotSvg(({ dot, line, ruleX, ruleY }) => ({
    title: 'Controlling for length puts right what votes alone rank backwards',
    subtitle:
      'Each model twice: its rating without and with the length of replies in the model, with 95 % intervals. On the line, rating and truth agree.',
    caption: 'Simulated arena, seed 0: 8 models, 6,000 votes, a fifth of them ties, which shrink ratings towards 0.',
    legend: [
      { label: 'Plain', color: figureColors.baseline },
      { label: 'Controlled for length', color: figureColors.method },
      { label: 'Truth', color: figureColors.truth },
    ],
    width: 640,
    height: 380,
    marginLeft: 52,
    marginBottom: 42,
    style: { fontSize: '12px' },
    x: { label: 'True skill (log-odds)', domain: [-0.8, 0.8] },
    y: { label: 'Rating (log-odds)', domain: [-1.05 * ends, 1.05 * ends], grid: true },
    marks: [
      ruleY([0], { stroke: '#c5c9d0' }),
      line([-0.8, 0.8], {
        x: (value: number) => value,
        y: (value: number) => value,
        stroke: figureColors.truth,
        strokeDasharray: '4 4',
      }),
      ruleX(rows, { x: 'skill', y1: 'lower', y2: 'upper', stroke: 'color', strokeWidth: 2 }),
      dot(rows, { x: 'skill', y: 'estimate', fill: 'color', r: 5, stroke: 'white' }),
    ],
  }))
}

/** Mean log-loss of held-out games under a board's strengths, draws counting as half a win for each. */
function heldOutLoss(fitted: Leaderboard, games: readonly Comparison[]): number {
  const strength = new Map(fitted.competitors.map(({ name, rating }) => [name, logit(rating)]))
  const atHome = fitted.features[0]?.coefficient ?? 0
  const losses = games.flatMap(({ a, b, outcome }) => {
    const [left, right] = [strength.get(competitorOf(a)), strength.get(competitorOf(b))]
    if (left === undefined || right === undefined) return []
    const ahead = left - right + atHome * (Number(a.features?.['home']) - Number(b.features?.['home']))
    const won = outcome === 'a' ? 1 : outcome === 'b' ? 0 : 0.5
    return [won * softplus(-ahead) + (1 - won) * softplus(ahead)]
  })
  return mean(losses)
}

/** Ice hockey by fivefold cross-validation: every game is predicted from four fifths of the others. */
async function hockey(run: Run): Promise<Measurement> {
  const dataset = shippedDatasets().find(({ name }) => name === 'ice-hockey')
  if (!dataset) throw new Error('the ice-hockey games are missing')
  const games: Comparison[] = []
  for await (const signal of dataset.load(run)) if (signal.kind === 'comparison') games.push(signal)
  const shuffled = run.random('split').shuffle(games)
  const folds = 5
  const rate = (seen: readonly Comparison[], home: boolean): Leaderboard =>
    leaderboardFromVotes(
      {
        a: seen.map(({ a }) => competitorOf(a)),
        b: seen.map(({ b }) => competitorOf(b)),
        winner: seen.map(({ outcome }) => outcome),
        ...(home && {
          features: [
            {
              name: 'home',
              a: seen.map(({ a }) => Number(a.features?.['home'])),
              b: seen.map(({ b }) => Number(b.features?.['home'])),
            },
          ],
        }),
      },
      {},
      run,
    )
  const losses = Array.from({ length: folds }, (_, fold) => {
    const [seen, held] = [
      shuffled.filter((_, position) => position % folds !== fold),
      shuffled.filter((_, position) => position % folds === fold),
    ]
    return { plain: heldOutLoss(rate(seen, false), held), home: heldOutLoss(rate(seen, true), held) }
  })
  return {
    name: hockeyLoss,
    baseline: mean(losses.map(({ plain }) => plain)),
    method: mean(losses.map(({ home }) => home)),
    better: 'lower',
  }
}

const order = 'Kendall τ to true skill'
const lengthCoefficient = 'Length coefficient (truth 1)'
const coverageWithoutTies = '95 % intervals holding the true skill, without ties'
const hockeyLoss = 'Held-out log-loss of ice-hockey games'

export const experiment: Experiment = {
  id: 'search-arena',
  claim:
    'Controlling for reply length recovers the true order of models that votes alone rank backwards, and controlling ' +
    'for home ice predicts games better.',
  baseline: 'Bradley–Terry on the votes alone',
  data:
    'Simulated arena: 8 models, the weaker the wordier, voters who like long replies, 20 % ties. Real games: college ' +
    'ice hockey 2009–10, by fivefold cross-validation.',
  seeds: 10,
  async trial(run, { full }) {
    const world = arenaWorld({ votes: full ? 24_000 : 6_000 }, run.random('arena'))
    const plain = board(world, world.votes, false, run)
    const controlled = board(world, world.votes, true, run)
    const decisive = world.votes.filter(({ outcome }) => outcome !== 'tie')
    const [plainDecisive, controlledDecisive] = [board(world, decisive, false, run), board(world, decisive, true, run)]
    const coefficient = (fitted: Leaderboard): number => fitted.features[0]?.coefficient ?? Number.NaN
    const better = 'higher'
    return {
      measurements: [
        { name: order, baseline: tau(world, plain), method: tau(world, controlled), better },
        { name: lengthCoefficient, baseline: 0, method: coefficient(controlled), better },
        { name: 'Length coefficient without ties', baseline: 0, method: coefficient(controlledDecisive), better },
        {
          name: '95 % intervals holding the true skill, ties as halves',
          baseline: coverage(world, plain),
          method: coverage(world, controlled),
          better,
        },
        {
          name: coverageWithoutTies,
          baseline: coverage(world, plainDecisive),
          method: coverage(world, controlledDecisive),
          better,
        },
        await hockey(run),
      ],
      figures: run.seed === 0 ? [{ name: 'ratings', svg: await skillFigure(world, plain, controlled) }] : [],
    }
  },
  /** The order is right nearly always, the effect is found, intervals are honest, and real games are told better. */
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    const [ranked, effect] = [of(order), of(lengthCoefficient)]
    return (
      ranked.baseline < 0 &&
      ranked.method >= 0.95 &&
      ranked.interval[0] > 0 &&
      effect.method > 0.6 &&
      effect.method < 1.1 &&
      of(coverageWithoutTies).method >= 0.8 &&
      of(hockeyLoss).interval[1] < 0
    )
  },
}
