import { compile, sparseMatmul, sparseMatrix, spec, value } from '../index.ts'

// Multiplies on several threads in a process of its own, prints the first number, and comes to its end or ends at once.

const matrix = sparseMatrix(2000, 2000, {
  rows: Array.from({ length: 8000 }, (_, at) => at % 2000),
  columns: Array.from({ length: 8000 }, (_, at) => (at * 7) % 2000),
})
const run = await compile(({ x }) => sparseMatmul(matrix, x), {
  inputs: { x: spec([2000, 64]) },
  sparse: 'kernels',
  threads: 3,
})
const { data } = await run({ x: value(new Float32Array(2000 * 64).fill(0.25), [2000, 64]) })
process.stdout.write(`${data[0]}`)
if (process.argv[2] === 'exit') process.exit(0)
