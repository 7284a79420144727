import {
  type Experiment,
  learningCurveSvg,
  type Measurement,
  type MetricSummary,
  metricNamed,
} from '../src/evaluate/index.ts'
import {
  adaptRaters,
  evaluateModel,
  featurePairs,
  fitPreferences,
  hashedNgrams,
  type PairData,
  pairsOf,
  palKind,
} from '../src/learn/index.ts'
import type { Run } from '../src/run/index.ts'
import { adam } from '../src/tensor/index.ts'
import { type IdealPointWorld, idealPointWorld, opposedStatements, personaRaters } from '../src/worlds/index.ts'

const seenRaters = 60
const newcomers = 60
const seenPairs = 30

/** Pairs of some raters, the nth to the mth of each. */
function part(world: IdealPointWorld, raters: readonly [number, number], pairs: readonly [number, number]): PairData {
  const each = world.a.length / world.groups.length
  const kept = Array.from(world.a, (_, pair) => pair).filter((pair) => {
    const [rater, nth] = [Math.floor(pair / each), pair % each]
    return rater >= raters[0] && rater < raters[1] && nth >= pairs[0] && nth < pairs[1]
  })
  const { dimensions: d, items } = world
  const rows = (places: Int32Array): number[][] =>
    kept.map((pair) => [...items.subarray((places[pair] as number) * d, ((places[pair] as number) + 1) * d)])
  return featurePairs({
    a: rows(world.a),
    b: rows(world.b),
    targets: kept.map((pair) => world.targets[pair] as number),
    raters: kept.map((pair) => `rater ${world.rater[pair]}`),
  })
}

function fitSquared(data: PairData, prototypes: number, run: Run) {
  const options = { prototypes, projector: 'identity', form: 'squared', loss: 'logistic' }
  return fitPreferences(
    { kind: palKind, options, data, batchSize: 4096, epochs: 600, optimizer: adam({ learningRate: 0.05 }) },
    run,
  )
}

const labelled = [0, 2, 5, 10, 20] as const

async function simulated(run: Run) {
  const world = idealPointWorld({ raters: seenRaters + newcomers, pairsPerRater: 60 }, run.random('world'))
  const seen = part(world, [0, seenRaters], [0, seenPairs])
  const held = part(world, [0, seenRaters], [seenPairs, 60])
  const [one, three] = [await fitSquared(seen, 1, run), await fitSquared(seen, 3, run)]
  const strangers = part(world, [seenRaters, seenRaters + newcomers], [20, 60])
  const curve: { pairs: number; accuracy: number }[] = []
  for (const pairs of labelled) {
    const few = part(world, [seenRaters, seenRaters + newcomers], [0, Math.max(1, pairs)])
    const adapted = pairs === 0 ? three : await adaptRaters({ model: three, data: few }, run)
    curve.push({ pairs, accuracy: (await evaluateModel(adapted, strangers)).accuracy })
    if (adapted !== three) await adapted.dispose()
  }
  const [baseline, method] = [await evaluateModel(one, held), await evaluateModel(three, held)]
  const everybody = (await evaluateModel(one, strangers)).accuracy
  await Promise.all([one.dispose(), three.dispose()])
  return { baseline, method, curve, everybody }
}

/** Real statements, judged by simulated raters of two opposed personas; statements of the test are never trained on. */
async function statements(run: Run): Promise<Measurement> {
  const statements = await opposedStatements(run)
  // The same people, by name: other statements, other streams of choices.
  const judged = (test: boolean) =>
    personaRaters(
      test ? statements.held : statements.seen,
      { ratersPerPersona: 30, pairsPerRater: test ? 20 : 80 },
      run.random(test ? 'test' : 'train'),
    )
  const [train, test] = [await pairsOf(judged(false)), await pairsOf(judged(true))]
  const accuracy = async (prototypes: number): Promise<number> => {
    const model = await fitPreferences(
      {
        kind: palKind,
        options: { prototypes, dimensions: 16, projector: 'linear', form: 'squared', loss: 'logistic' },
        data: train,
        encoder: hashedNgrams({ of: 'candidate', projection: 16, buckets: 4096 }),
        epochs: 12,
        batchSize: 256,
        checkpointEvery: 0,
        optimizer: adam({ learningRate: 0.01 }),
      },
      run,
    )
    const { accuracy } = await evaluateModel(model, test)
    await model.dispose()
    return accuracy
  }
  return { name: personas, baseline: await accuracy(1), method: await accuracy(2), better: 'higher' }
}

const seenAccuracy = 'Held-out accuracy, raters it was fitted to'
const newAccuracy = 'Accuracy on newcomers after 20 pairs of each'
const growth = 'What 20 pairs of a newcomer add to accuracy'
const personas = 'Accuracy on unseen statements, opposed personas'

function curveFigure(curve: readonly { pairs: number; accuracy: number }[], everybody: number): Promise<string> {
  return learningCurveSvg({
    title: 'A few comparisons tell whose taste a newcomer shares',
    subtitle: 'Accuracy on 40 held-out pairs of each of 60 newcomers, by how many of their pairs were seen.',
    caption: 'Simulated population of three tastes, seed 0; 60 other raters taught the prototypes.',
    seen: 'Pairs seen of a newcomer',
    method: 'PAL, three prototypes',
    points: curve.map(({ pairs, accuracy }) => ({ seen: pairs, value: accuracy })),
    domain: [0.5, 1],
    levels: [{ label: 'One taste for everybody', value: everybody, of: 'baseline' }],
  })
}

export const experiment: Experiment = {
  id: 'pal',
  claim:
    'Ideal points mixed from shared prototypes tell choices of people with opposed tastes at least 10 points better ' +
    'than one taste for everybody, and a newcomer’s from a few pairs.',
  baseline: 'The same model with one prototype: one taste for everybody',
  data:
    'Simulated population of three tastes: 60 raters, 30 pairs each, and 60 newcomers. Real statements of the ' +
    'risk-averse and risk-seeking personas, judged by 60 simulated raters; statements held out.',
  seeds: 5,
  async trial(run) {
    const { baseline, method, curve, everybody } = await simulated(run)
    const [first, last] = [curve[0]?.accuracy ?? Number.NaN, curve.at(-1)?.accuracy ?? Number.NaN]
    const better = 'higher'
    return {
      measurements: [
        { name: seenAccuracy, baseline: baseline.accuracy, method: method.accuracy, better },
        { name: 'Held-out log-loss', baseline: baseline.logLoss, method: method.logLoss, better: 'lower' },
        {
          name: 'Expected calibration error',
          baseline: baseline.expectedError,
          method: method.expectedError,
          better: 'lower',
        },
        { name: newAccuracy, baseline: everybody, method: last, better },
        { name: growth, baseline: first, method: last, better },
        await statements(run),
      ],
      figures: run.seed === 0 ? [{ name: 'newcomers', svg: await curveFigure(curve, everybody) }] : [],
    }
  },
  holds(metrics) {
    const of = (name: string): MetricSummary => metricNamed(metrics, name)
    return (
      of(seenAccuracy).difference >= 0.1 &&
      [seenAccuracy, newAccuracy, growth, personas].every((name) => of(name).interval[0] > 0)
    )
  },
}
