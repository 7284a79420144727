import { mkdirSync } from 'node:fs'
import {
  type Entrant,
  type Experiment,
  experimentFolder,
  type Figure,
  type Fold,
  figureColors,
  historyBefore,
  jurorBallots,
  type Lead,
  leadOver,
  type Measurement,
  type MetricSummary,
  nationalBallots,
  nationalEntrants,
  nationalFinalFolds,
  newJurorEntrants,
  newJurorFolds,
  plotSvg,
  returningJurorEntrants,
  returningJurorFolds,
  type Standing,
  songOrders,
  tryEntrant,
} from '../src/evaluate/index.ts'
import { mean } from '../src/measure/index.ts'
import { type Run, startRun, writeWhole } from '../src/run/index.ts'

/** One way to ask: what is predicted, who takes part, and which rule of two lines they have to beat. */
interface Protocol {
  readonly id: string
  readonly title: string
  readonly folds: readonly Fold[]
  readonly entrants: readonly Entrant[]
  /** Id of the bar among the entrants. */
  readonly bar: string
}

let made: Promise<readonly Protocol[]> | undefined

/** Questions are made once; what is computed of them is remembered by the features. */
function protocols(run: Run): Promise<readonly Protocol[]> {
  made ??= (async () => {
    const [jurors, countries] = [await jurorBallots(run), await nationalBallots(run)]
    const historyOf = historyBefore(countries)
    return [
      {
        id: 'new-juror',
        title: 'A new juror of a known jury, 2016–2022',
        folds: newJurorFolds(jurors, historyOf),
        entrants: newJurorEntrants,
        bar: 'consensus-compatriots',
      },
      {
        id: 'returning-juror',
        title: 'A juror in the final whose semi-final is known, 2016–2022',
        folds: returningJurorFolds(jurors, historyOf),
        entrants: returningJurorEntrants,
        bar: 'consensus-compatriots-own',
      },
      {
        id: 'national-vote',
        title: 'A country’s vote in the final, 2009–2022',
        folds: nationalFinalFolds(countries, historyOf),
        entrants: nationalEntrants,
        bar: 'consensus-over-giving-all',
      },
    ]
  })()
  return made
}

/** A standing, and how far it is ahead of the bar. */
interface Placed {
  readonly standing: Standing
  readonly lead: Lead
}

async function place(
  { folds, entrants, bar }: Protocol,
  run: Run,
  only?: readonly string[],
): Promise<readonly Placed[]> {
  const standings: Standing[] = []
  for (const entrant of entrants)
    if (!only || entrant.id === bar || only.includes(entrant.id)) standings.push(await tryEntrant(entrant, folds, run))
  const barred = standings.find(({ entrant }) => entrant.id === bar)
  if (!barred) throw new Error(`no entrant is called ${bar}`)
  return standings.map((standing) => ({ standing, lead: leadOver(standing, barred) }))
}

/** Who stands for what was learned, by protocol: those who see what the bar sees and no more. */
const learners = {
  'new-juror': ['linear-show', 'network-show'],
  'returning-juror': ['linear-own-show'],
  'national-vote': ['consensus-over-giving', 'linear', 'network'],
} as const satisfies Record<string, readonly string[]>

const percent = (share: number, digits = 1): string => (100 * share).toFixed(digits)
const range = ([lower, upper]: readonly [number, number], digits = 1): string =>
  `${percent(lower, digits)} to ${percent(upper, digits)}`

/** A protocol's standings as lines of a table. */
function table({ title, bar }: Protocol, placed: readonly Placed[]): string {
  const head =
    'entrant | sees | right, % (95 %) | ahead of the bar, points (95 %) | log-loss | calibration error, % (95 %)'
  const rows = placed.map(({ standing, lead }) => {
    const { entrant, accuracy, logLoss, calibrationError } = standing
    const ahead =
      entrant.id === bar ? 'the bar' : `${percent(lead.accuracy.value, 2)} (${range(lead.accuracy.interval, 2)})`
    return [
      entrant.title,
      entrant.sees,
      `${percent(accuracy.value, 2)} (${range(accuracy.interval)})`,
      ahead,
      `${logLoss.value.toFixed(4)} (${logLoss.interval.map((end) => end.toFixed(4)).join(' to ')})`,
      `${percent(calibrationError.value)} (${range(calibrationError.interval)})`,
    ].join(' | ')
  })
  const [first] = placed
  return [
    `## ${title}: ${first?.standing.pairs} pairs of ${first?.standing.shows.length} shows`,
    '',
    `| ${head} |`,
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

async function leadsFigure(protocol: Protocol, placed: readonly Placed[]): Promise<Figure> {
  const rows = placed
    .map(({ standing, lead }) => ({
      entrant: `${standing.entrant.title} (${standing.entrant.sees})`,
      ahead: 100 * lead.accuracy.value,
      lower: 100 * lead.accuracy.interval[0],
      upper: 100 * lead.accuracy.interval[1],
      color: standing.entrant.id === protocol.bar ? figureColors.baseline : figureColors.method,
    }))
    .filter(({ ahead }) => ahead > -3)
  const longest = Math.max(...rows.map(({ entrant }) => entrant.length))
  const svg = await plotSvg(({ dot, ruleX, ruleY }) => ({
    title: protocol.title,
    subtitle: 'Points of accuracy on held-out pairs ahead of the bar, with 95 % intervals over shows.',
    caption: 'MIRoVision data. Entrants more than three points behind are left out.',
    legend: [
      { label: 'The bar', color: figureColors.baseline },
      { label: 'Entrants', color: figureColors.method },
    ],
    width: 360 + 7 * longest,
    height: 60 + 28 * rows.length,
    marginLeft: 20 + 7 * longest,
    marginRight: 20,
    marginBottom: 44,
    style: { fontSize: '12px' },
    x: { label: 'Points ahead', grid: true },
    y: { label: null, domain: rows.map(({ entrant }) => entrant) },
    marks: [
      ruleX([0], { stroke: figureColors.muted }),
      ruleY(rows, { y: 'entrant', x1: 'lower', x2: 'upper', stroke: 'color', strokeWidth: 2 }),
      dot(rows, { y: 'entrant', x: 'ahead', fill: 'color', r: 4 }),
    ],
  }))
  return { name: `leads-${protocol.id}`, svg }
}

async function reliabilityFigure(protocol: Protocol, placed: readonly Placed[]): Promise<Figure> {
  const shown = placed.filter(
    ({ standing }) => standing.entrant.id === protocol.bar || standing === placed.at(-1)?.standing,
  )
  const points = shown.flatMap(({ standing }) =>
    Array.from({ length: 10 }, (_, b) => {
      const bins = standing.shows.flatMap(({ bins }) => bins[b] ?? [])
      const sum = (of: (bin: (typeof bins)[number]) => number): number =>
        bins.reduce((total, bin) => total + of(bin), 0)
      const count = sum((bin) => bin.count)
      return {
        confidence: sum((bin) => bin.confidence) / count,
        right: sum((bin) => bin.right) / count,
        count,
        color: standing.entrant.id === protocol.bar ? figureColors.baseline : figureColors.method,
      }
    }).filter(({ count }) => count > 100),
  )
  const svg = await plotSvg(({ dot, line }) => ({
    title: `How often predictions come true: ${protocol.title}`,
    subtitle: 'On the line, of the pairs that were given 80 %, 80 % came out so.',
    legend: shown.map(({ standing }) => ({
      label: standing.entrant.title,
      color: standing.entrant.id === protocol.bar ? figureColors.baseline : figureColors.method,
    })),
    width: 460,
    height: 360,
    marginLeft: 48,
    marginBottom: 42,
    style: { fontSize: '12px' },
    x: { label: 'Probability given', domain: [0.5, 1] },
    y: { label: 'Share right', domain: [0.5, 1], grid: true },
    marks: [
      line([0.5, 1], {
        x: (at: number) => at,
        y: (at: number) => at,
        stroke: figureColors.truth,
        strokeDasharray: '4 4',
      }),
      line(points, { x: 'confidence', y: 'right', z: 'color', stroke: 'color' }),
      dot(points, { x: 'confidence', y: 'right', fill: 'color', r: 3.5 }),
    ],
  }))
  return { name: `reliability-${protocol.id}`, svg }
}

const lowest = (title: string): string => `${title}: lower end of the lead over the bar, in points`

export const experiment: Experiment = {
  id: 'eurovision',
  claim:
    'Models learned from other years tell the order in which Eurovision’s jurors and countries put two songs more often ' +
    'than the consensus plus the compatriots’ mean rank, and than the consensus plus what a country over-gave before.',
  baseline: 'Two lines of arithmetic with the same information; the national one in its strongest form',
  data: 'Eurovision (MIRoVision): 527,854 pairs of 2,404 jurors’ rankings, 116,464 untied pairs of national votes in finals',
  seeds: 3,
  async trial(run, { full }) {
    const measurements: Measurement[] = []
    const all: { readonly protocol: Protocol; readonly placed: readonly Placed[] }[] = []
    for (const protocol of await protocols(run)) {
      const only = learners[protocol.id as keyof typeof learners]
      const placed = await place(protocol, run, full ? undefined : only)
      all.push({ protocol, placed })
      const of = (id: string | undefined): Placed => {
        const found = placed.find(({ standing }) => standing.entrant.id === id)
        if (!found) throw new Error(`${id} took no part`)
        return found
      }
      const [bar, best] = [of(protocol.bar), of(only.at(-1))]
      const linear = of(only.find((id) => id.startsWith('linear')))
      for (const [name, learned] of [
        ['linear', linear],
        ...(best === linear ? [] : [['network', best] as const]),
      ] as const)
        measurements.push(
          {
            name: `${protocol.title}: pairs right, ${name}`,
            baseline: bar.standing.accuracy.value,
            method: learned.standing.accuracy.value,
            better: 'higher',
          },
          {
            name: `${protocol.title}: log-loss, ${name}`,
            baseline: bar.standing.logLoss.value,
            method: learned.standing.logLoss.value,
            better: 'lower',
          },
        )
      measurements.push({
        name: lowest(protocol.title),
        baseline: 0,
        method: 100 * Math.min(linear.lead.accuracy.interval[0], best.lead.accuracy.interval[0]),
        better: 'higher',
      })
    }
    const figures: Figure[] = []
    if (run.seed === 0) {
      for (const { protocol, placed } of all)
        figures.push(await leadsFigure(protocol, placed), await reliabilityFigure(protocol, placed))
      const orders = await songOrders(run)
      const [tau, shared] = [mean(orders.map((order) => order.tau)), mean(orders.map((order) => order.sharedTopTen))]
      const lines = [
        ...all.map(({ protocol, placed }) => table(protocol, placed)),
        '## Songs by the published rating scale and by Bradley–Terry, 1975–2022',
        `Mean over ${orders.length} years: Kendall’s τ ${tau.toFixed(3)} (lowest ${Math.min(...orders.map((order) => order.tau)).toFixed(3)}), ${shared.toFixed(2)} of the ten best in common.`,
      ]
      writeWhole(`${run.folder}/standings.md`, `${lines.join('\n\n')}\n`)
    }
    return { measurements, figures }
  },
  /** Whatever pairs were learned from, every lead is beyond chance over shows, and the log-loss is lower. */
  holds(metrics: readonly MetricSummary[]) {
    const leads = metrics.filter(({ name }) => name.includes('lower end of the lead'))
    const losses = metrics.filter(({ better }) => better === 'lower')
    return (
      leads.length === 3 && leads.every(({ method }) => method > 0) && losses.every(({ difference }) => difference < 0)
    )
  },
}

// As a program: all entrants, one seed, the tables on the screen.
if (import.meta.main) {
  const folder = `${experimentFolder(experiment.id)}/standings`
  mkdirSync(folder, { recursive: true })
  const run = startRun({ folder, onProgress: ({ label }) => process.stderr.write(`\r\x1b[K${label}`) })
  for (const protocol of await protocols(run)) {
    const placed = await place(protocol, run)
    process.stderr.write('\r\x1b[K')
    process.stdout.write(`${table(protocol, placed)}\n\n`)
  }
  const orders = await songOrders(run)
  process.stdout.write(
    `Songs by rating scale and by Bradley–Terry: τ ${mean(orders.map(({ tau }) => tau)).toFixed(3)}, ${mean(orders.map(({ sharedTopTen }) => sharedTopTen)).toFixed(2)} of the ten best in common.\n`,
  )
}
