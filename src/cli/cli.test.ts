import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogue } from '../catalogue.ts'
import { formatNames } from '../collect/index.ts'
import { formatChoices } from './format-option.ts'

const command = join(import.meta.dirname, '../../bin/penchant.mjs')
const folder = mkdtempSync(join(tmpdir(), 'penchant-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the real command in the tests' folder. */
function penchant(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', PENCHANT_DATA: join(folder, 'default-data') }
    execFile(process.execPath, [command, ...args], { cwd: folder, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })
}

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return name
}

describe.concurrent('help', () => {
  it.each(['start', 'import', 'export', 'leaderboard', 'learn', 'recommend', 'methods', 'reproduce', 'doctor'])(
    'of %s has an example and says what the exit codes mean',
    async (name) => {
      const { code, out } = await penchant(name, '--help')
      expect(code).toBe(0)
      expect(out).toContain(`$ penchant ${name}`)
      expect(out).toMatch(/Exit codes: 0 .+2 /)
    },
  )
  it('of the whole lists every command', async () => {
    const { code, out } = await penchant('--help')
    expect(code).toBe(0)
    for (const name of [
      'start',
      'import',
      'export',
      'leaderboard',
      'learn',
      'recommend',
      'methods',
      'reproduce',
      'doctor',
    ])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  })
})

describe.concurrent('wrong usage', () => {
  it.each<[readonly string[], string]>([
    [['lederboard'], "unknown command 'lederboard'"],
    [['leaderboard'], "missing required argument 'file'"],
    [['leaderboard', 'nowhere.csv'], 'nowhere.csv: there is no such file'],
    [['leaderboard', '.'], 'is not a file'],
    [['leaderboard', 'x.csv', '--model', 'elo'], "argument 'elo' is invalid"],
    [['start', '--port', 'many'], 'expected a whole number from 0 to 65535'],
    [['start', '--host', '0.0.0.0', '--data', 'unused'], 'the server needs API keys'],
    [['import', 'nowhere.csv'], 'nowhere.csv: there is no such file'],
    [['export', '--data', 'unused'], "required option '--out <file>' not specified"],
    [['reproduce', 'nothing-like-this'], 'there is no method "nothing-like-this"'],
    [['reproduce', 'dpo', '--seeds', '0'], 'expected a whole number from 1 to 1000'],
    [['--no-such-option'], "unknown option '--no-such-option'"],
  ])('%j ends with 2 and one line that says why', async (args, why) => {
    const { code, out, err } = await penchant(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(why)
    expect(err).not.toMatch(/^\s+at /m)
  })
})

describe.concurrent('leaderboard', () => {
  it('rates competitors, better ones higher, within their intervals', async () => {
    const votes = ['x,y,a', 'x,y,a', 'x,y,b', 'y,z,a', 'y,z,a', 'z,y,a', 'x,z,a', 'z,x,b', 'x,z,tie']
    const { code, out } = await penchant(
      'leaderboard',
      file('votes.csv', `a,b,winner\n${votes.join('\n')}\n`),
      '--json',
    )
    const board = JSON.parse(out)
    expect(code).toBe(0)
    expect(board).toMatchObject({ votes: 9, model: 'bradley-terry', features: [], warnings: expect.any(Array) })
    expect(board.competitors.map(({ name }: { name: string }) => name)).toEqual(['x', 'y', 'z'])
    for (const { rating, lower, upper, rank, votes } of board.competitors) {
      expect(lower).toBeLessThan(rating)
      expect(upper).toBeGreaterThan(rating)
      expect(rank).toBeGreaterThanOrEqual(1)
      expect(votes).toBe(6)
    }
  })
  it('gives two competitors the log-odds of their votes', async () => {
    // Three of four votes: θx − θy = ln 3, and 400 rating points are a factor of ten in odds.
    const { out } = await penchant(
      'leaderboard',
      file('odds.csv', 'a,b,winner\nx,y,a\nx,y,a\ny,x,b\nx,y,b\n'),
      '--json',
    )
    const [x, y] = JSON.parse(out).competitors
    expect(x.rating - y.rating).toBeCloseTo((400 * Math.log(3)) / Math.LN10, 3)
    expect((x.rating + y.rating) / 2).toBeCloseTo(1000, 6)
  })
  it('draws a table when JSON is not asked for', async () => {
    const { code, out, err } = await penchant(
      'leaderboard',
      file('table.jsonl', '{"a":"x","b":"y","winner":"a"}\n{"a":"x","b":"y","winner":"b"}\n'),
    )
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n')).toHaveLength(2)
    expect(out).toContain('●')
    expect(err).toContain('2 votes, bradley-terry')
  })
  it('names the line of a vote that is none', async () => {
    const { code, out, err } = await penchant(
      'leaderboard',
      file('bad.csv', 'a,b,winner\nx,y,a\nx,z,modelA\n'),
      '--json',
    )
    expect([code, out]).toEqual([2, ''])
    expect(err.trim().split('\n').at(-1)).toBe(
      'penchant: bad.csv, line 3: winner is "modelA", expected one of "a", "b", "tie", "both-bad", "skipped"',
    )
  })
})

describe.concurrent('methods', () => {
  it('are those of the catalogue', async () => {
    const { code, out } = await penchant('methods', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify(catalogue)))
  })
})

describe.concurrent('doctor', () => {
  it('looks at everything that is needed', async () => {
    const { out } = await penchant('doctor', '--json', '--data', 'doctor-data')
    const { ok, findings } = JSON.parse(out)
    const found = new Map(findings.map((one: { name: string }) => [one.name, one]))
    expect([...found.keys()]).toEqual(['Node.js', 'Processor', 'Memory', 'ONNX Runtime', 'SQLite', 'Disk', 'Chromium'])
    expect(found.get('Node.js')).toMatchObject({ ok: true, found: process.version })
    expect(found.get('ONNX Runtime')).toMatchObject({ ok: true, found: expect.stringContaining('cpu') })
    expect(found.get('SQLite')).toMatchObject({ ok: true, found: expect.stringContaining('doctor-data') })
    expect(existsSync(join(folder, 'doctor-data'))).toBe(false)
    expect(ok).toBe(findings.every((one: { ok: boolean; optional: boolean }) => one.ok || one.optional))
  })
  it('ends with 1 when something needed is missing', async () => {
    file('a-file', '')
    const { code, out } = await penchant('doctor', '--data', 'a-file')
    expect(code).toBe(1)
    expect(out).toMatch(/^✗ SQLite .*cannot write to .*a-file/m)
  })
})

describe('import and export', () => {
  const data = 'round-trip'
  it('bring in what they give out', async () => {
    const votes = file('school.csv', 'a,b,winner\nx,y,a\ny,z,tie\n')
    const first = await penchant('import', votes, '--data', data, '--json')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.out)).toMatchObject({
      format: 'arena',
      source: 'school',
      read: 2,
      inserted: 2,
      duplicates: 0,
      leaderboard: 'school',
    })
    const again = await penchant('import', votes, '--data', data)
    expect(again.out).toContain('2 were there already')
    const out = await penchant('export', '--data', data, '--kind', 'comparison', '--out', 'signals.jsonl')
    expect(out.out).toContain('2 signals')
    const other = await penchant('import', 'signals.jsonl', '--data', 'round-trip-2', '--json')
    expect(JSON.parse(other.out)).toMatchObject({ format: 'signals', inserted: 2 })
    const once = await penchant('export', '--data', 'round-trip-2', '--out', '-')
    expect(once.out).toBe(readFileSync(join(folder, 'signals.jsonl'), 'utf8'))
  })
  it('stop at a broken row and keep nothing, or keep the good ones and name the others', async () => {
    const broken = file('broken.csv', 'a,b,winner\nx,y,a\nx,y,who\nx,y,b\n')
    const strict = await penchant('import', broken, '--data', 'broken')
    expect([strict.code, strict.out]).toEqual([2, ''])
    expect(strict.err).toContain('broken.csv, line 3: ')
    const three = await penchant(
      'import',
      file('three.csv', 'a,b,winner\n,y,a\nx,y,a\nx,y,who\nx,y,a,z\n'),
      '--data',
      'broken',
    )
    expect(three.code).toBe(2)
    expect(three.err.match(/three\.csv, line \d+: /g)).toEqual([2, 4, 5].map((line) => `three.csv, line ${line}: `))
    expect((await penchant('export', '--data', 'broken', '--out', '-')).out).toBe('')
    const lenient = await penchant('import', broken, '--data', 'broken', '--keep-going')
    expect(lenient.code).toBe(0)
    expect(lenient.out).toContain('2 signals from 3 rows')
    expect(lenient.err).toContain('broken.csv, line 3: ')
    expect(lenient.err).toContain('1 row rejected, all of them in ')
  })
  it('refuse a format that does not fit the file', async () => {
    const { code, err } = await penchant('export', '--data', data, '--format', 'ultrafeedback', '--out', 'x.csv')
    expect(code).toBe(2)
    expect(err).toContain('ultrafeedback cannot be written as delimited')
  })
  it('offer the formats that there are', () => expect([...formatChoices]).toEqual([...formatNames]))
})

describe.concurrent('learn', () => {
  const pairs = Array.from({ length: 60 }, (_, nth) =>
    JSON.stringify({
      prompt: `question ${nth % 30}`,
      chosen: `a kind answer ${nth}`,
      rejected: `a rude answer ${nth}`,
    }),
  ).join('\n')
  it('learns from a file, reports on unseen prompts, and saves the model', async () => {
    const name = file('learnable.jsonl', pairs)
    const { code, out, err } = await penchant('learn', name, '--out', 'learned', '--json')
    expect(err).not.toContain('penchant:')
    expect(code).toBe(0)
    const report = JSON.parse(out) as { pairs: { test: number }; split: string; test: { accuracy: number } }
    expect(report).toMatchObject({ split: 'context', pairs: { train: 42, validation: 6, test: 12 } })
    expect(report.test.accuracy).toBe(1)
    for (const part of ['model.json', 'model.safetensors', 'score.onnx'])
      expect(existsSync(join(folder, 'learned', part))).toBe(true)
    // Equal answers say nothing: left out and counted. One file, one seed: the same files.
    const equal = JSON.stringify({ prompt: 'equal', chosen: 'the same', rejected: 'the same' })
    const second = await penchant('learn', file('learnable.jsonl', `${pairs}\n${equal}`), '--out', 'second', '--json')
    expect(JSON.parse(second.out)).toMatchObject({ leftOut: { 'duplicate candidates': 1 } })
    const third = await penchant('learn', name, '--out', 'third')
    expect(third.out).toContain('that share no context with training')
    for (const part of ['model.json', 'model.safetensors', 'score.onnx'])
      expect(readFileSync(join(folder, 'third', part))).toEqual(readFileSync(join(folder, 'second', part)))
    const again = await penchant('learn', name, '--out', 'learned')
    expect(again.code).toBe(2)
    expect(again.err).toContain('--replace')
  })
  it('learns a criterion of ratings that have several', async () => {
    const rows = Array.from({ length: 40 }, (_, nth) =>
      JSON.stringify({
        instruction: `question ${nth}`,
        completions: [1, 5].map((rating) => ({
          response: `an answer of ${rating} to ${nth}`,
          annotations: { helpfulness: { Rating: `${rating}` }, honesty: { Rating: `${6 - rating}` } },
        })),
      }),
    ).join('\n')
    const name = file('aspects.jsonl', rows)
    const learned = await penchant('learn', name, '--out', 'honest', '--aspect', 'honesty', '--json')
    expect(JSON.parse(learned.out)).toMatchObject({ split: 'context', pairs: { train: 28, validation: 4, test: 8 } })
    const whole = await penchant('learn', name, '--out', 'never')
    expect(whole.code).toBe(2)
    expect(whole.err).toContain('no overall rating')
    expect(whole.err).toContain('rated are helpfulness, honesty')
    const unknown = await penchant('learn', name, '--out', 'never', '--aspect', 'length')
    expect(unknown.err).toContain('no signal has the aspect "length"; there are helpfulness, honesty')
  })
  it('says what is wrong with what it was given', async () => {
    const one = file('one-pair.jsonl', pairs.split('\n')[0] ?? '')
    const few = await penchant('learn', one, '--out', 'never')
    expect(few.code).toBe(2)
    expect(few.err).toContain('the one pair to learn from is of 1 pair;')
    const unknown = await penchant('learn', one, '--out', 'never', '--options', '{"hidden": "x", "nope": 1}')
    expect(unknown.code).toBe(2)
    expect(unknown.err).toMatch(/^penchant: --options for reward: hidden: .*"nope"\n$/)
    writeFileSync(join(folder, 'precious.txt'), '')
    const precious = await penchant('learn', one, '--out', '', '--replace')
    expect(precious.code).toBe(2)
    expect(precious.err).toContain('no model.json; give another folder')
    const taken = await penchant('learn', one, '--out', 'precious.txt')
    expect(taken.err).toContain('precious.txt is a file, expected a folder')
    const options = await penchant('learn', one, '--out', 'never', '--options', '[1]')
    expect(options.code).toBe(2)
    expect(options.err).toContain('expected a JSON object')
    const encoder = await penchant('learn', one, '--out', 'never', '--encoder', 'nowhere')
    expect(encoder.err).toContain('sentence-transformers checkpoint')
    expect(existsSync(join(folder, 'never'))).toBe(false)
  })
})
