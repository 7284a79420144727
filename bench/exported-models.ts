/**
 * Exported models in Python's onnxruntime: the same numbers as here, fused and portable. Prints the largest difference
 * of each model and exits with 1 when one exceeds the tolerance.
 *
 * `npm run bench -- exported-models [--json]`
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { applyDecoder, applyMlp, initDecoder, initMlp } from '../src/nets/index.ts'
import { seeded } from '../src/run/index.ts'
import {
  compile,
  conv2d,
  exportOnnx,
  type InputSpecs,
  maxPool,
  openOnnx,
  relu,
  resizeBilinear,
  type SymbolicInputs,
  sort,
  spec,
  type Tensor,
  type TensorValue,
  value,
} from '../src/tensor/index.ts'

const { values: args } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const version = '1.32.0'
const tolerance = 1e-4
const cache = join(import.meta.dirname, '../.cache')
const environment = join(cache, `bench-venv-onnxruntime-${version}`)
const python = join(environment, 'bin/python')

if (!existsSync(join(environment, 'ready'))) {
  process.stderr.write(`Installing onnxruntime ${version} into ${environment} (once) …\n`)
  mkdirSync(cache, { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', `onnxruntime==${version}`, 'numpy'], { stdio: 'inherit' })
  writeFileSync(join(environment, 'ready'), '')
}

const script = `
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
inputs = {
    name: numpy.array(item["data"], dtype=item["dtype"]).reshape(item["shape"]) for name, item in json.load(sys.stdin).items()
}
results = session.run(None, inputs)
names = [output.name for output in session.get_outputs()]
metadata = session.get_modelmeta().custom_metadata_map
print(json.dumps({"metadata": metadata, "results": {n: r.astype(float).flatten().tolist() for n, r in zip(names, results)}}))
`

const random = seeded('exported models')
const normal = (...shape: readonly number[]): TensorValue =>
  value(
    Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal()),
    shape,
  )

interface Model {
  readonly name: string
  readonly inputs: InputSpecs
  readonly values: Readonly<Record<string, TensorValue>>
  readonly parameters: unknown
  apply(inputs: SymbolicInputs<InputSpecs>, parameters: never): Readonly<Record<string, Tensor>>
}
const input = (inputs: SymbolicInputs<InputSpecs>, name: string): Tensor => inputs[name] as Tensor

const config = { vocabulary: 96, width: 32, layers: 2, heads: 4, keyHeads: 2, hidden: 48 }
const models: readonly Model[] = [
  {
    name: 'MLP 16 → 32 → 4',
    inputs: { x: spec(['batch', 16]) },
    values: { x: normal(5, 16) },
    parameters: initMlp(random, [16, 32, 4]),
    apply: (inputs, parameters) => ({ y: applyMlp(parameters, input(inputs, 'x'), { activation: 'gelu' }) }),
  },
  {
    name: 'decoder, 2 layers',
    inputs: { ids: spec(['batch', 'sequence'], 'int64') },
    values: {
      ids: value(
        BigInt64Array.from({ length: 14 }, () => BigInt(random.integer(96))),
        [2, 7],
      ),
    },
    parameters: initDecoder(random, config),
    apply: (inputs, parameters) => ({ logits: applyDecoder(parameters, input(inputs, 'ids'), config) }),
  },
  {
    name: 'convolution, pooling, resizing, sorting',
    inputs: { x: spec(['batch', 3, 12, 10]) },
    values: { x: normal(2, 3, 12, 10) },
    parameters: { kernel: normal(4, 3, 3, 3) },
    apply(inputs, parameters: never) {
      const { kernel } = parameters as { readonly kernel: Tensor }
      const y = maxPool(relu(conv2d(input(inputs, 'x'), kernel, { padding: 1 })), 2)
      return { y, larger: resizeBilinear(y, 9, 7), sorted: sort(y) }
    },
  },
]

const folder = mkdtempSync(join(tmpdir(), 'penchant-exported-'))
const rows: { model: string; operators: string; outputs: number; largestDifference: number }[] = []
try {
  for (const model of models) {
    const options = { inputs: model.inputs, parameters: model.parameters as never }
    const reference = await compile(model.apply, options)
    const expected: Readonly<Record<string, TensorValue>> = await reference(model.values)
    for (const portable of [false, true]) {
      const path = join(folder, 'model.onnx')
      const metadata = { title: model.name }
      const bytes = exportOnnx(model.apply, { ...options, portable, metadata })
      writeFileSync(path, bytes)
      const { inputs } = await openOnnx(bytes)
      const fed = Object.fromEntries(
        Object.keys(inputs).map((name) => {
          const { dtype, shape, data } = model.values[name] as TensorValue
          return [name, { dtype, shape, data: Array.from(data, Number) }]
        }),
      )
      const output = execFileSync(python, ['-c', script, path], { input: JSON.stringify(fed), encoding: 'utf8' })
      const found: {
        readonly metadata: Readonly<Record<string, string>>
        readonly results: Readonly<Record<string, readonly number[]>>
      } = JSON.parse(output)
      if (found.metadata['title'] !== model.name) throw new Error(`${model.name}: the metadata did not arrive`)
      let largest = 0
      for (const [name, { data }] of Object.entries(expected))
        data.forEach((number: number | bigint, index: number) => {
          const difference = Math.abs(Number(number) - (found.results[name]?.[index] ?? Number.NaN))
          if (!(difference <= largest)) largest = difference
        })
      rows.push({
        model: model.name,
        operators: portable ? 'standard' : 'fused',
        outputs: Object.keys(expected).length,
        largestDifference: largest,
      })
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
if (args.json) console.log(JSON.stringify({ onnxruntime: version, tolerance, rows }))
else
  for (const row of rows)
    console.log(`${row.model} (${row.operators}): largest difference ${row.largestDifference.toExponential(1)}`)
if (rows.some(({ largestDifference }) => !(largestDifference <= tolerance))) process.exit(1)
