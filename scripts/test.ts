// `npm test`: the static checks, then every Vitest suite; the last line counts both.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0
}

const filters = process.argv.slice(2)
const checks: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['--noEmit']],
  ['types of the studio', bin('tsc'), ['--noEmit', '-p', 'web']],
  [
    'import direction',
    bin('depcruise'),
    ['--config', '.dependency-cruiser.mjs', 'src', 'experiments', 'bench', 'web/src'],
  ],
]

let passed = 0
let failed = 0
if (filters.length === 0) {
  for (const [name, command, args] of checks) {
    const ok = run(command, args)
    console.log(`${ok ? 'ok' : 'FAILED'}: ${name}`)
    if (ok) passed++
    else failed++
  }
}

const folder = mkdtempSync(join(tmpdir(), 'penchant-test-'))
const report = join(folder, 'vitest.json')
const finished = run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...filters,
])
let skipped = 0
try {
  const totals = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number
    numFailedTests: number
    numPendingTests: number
    numTodoTests: number
    numFailedTestSuites: number
  }
  passed += totals.numPassedTests
  failed += totals.numFailedTests
  skipped = totals.numPendingTests + totals.numTodoTests
  if (!finished && totals.numFailedTests === 0) failed++
} catch {
  failed++
}
rmSync(folder, { recursive: true, force: true })
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed === 0 ? 0 : 1)
