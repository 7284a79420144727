import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startRun } from '../run/index.ts'
import { readVotes, type VoteFileOptions } from './vote-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-votes-'))
afterAll(() => rmSync(folder, { recursive: true }))

function votes(name: string, content: string, options: VoteFileOptions = {}) {
  const path = join(folder, name)
  writeFileSync(path, content)
  return readVotes(path, options, startRun({ folder }))
}

it('finds the customary columns, and remembers lines', async () => {
  expect(await votes('v.csv', 'model_b,model_a,winner\ny,x,model_a\n\nz,x,\n')).toEqual({
    a: ['x', 'x'],
    b: ['y', 'z'],
    winner: ['model_a', null],
    lines: [2, 4],
    source: 'v.csv',
  })
  expect(await votes('v.json', '[{"a":"x","b":7,"winner":0.5},{"a":"x","b":"y","winner":null}]')).toMatchObject({
    b: ['7', 'y'],
    winner: ['0.5', null],
  })
})

it('takes columns by their names', async () =>
  expect(await votes('v.csv', 'home,away,result\nx,y,1\n', { a: 'home', b: 'away', winner: 'result' })).toMatchObject({
    a: ['x'],
    b: ['y'],
    winner: ['1'],
  }))

it('takes features as differences or as two sides, words for truth among them', async () => {
  const file = 'a,b,winner,length_a,length_b,home\nx,y,a,10,2.5,TRUE\nx,y,b,1,2,false\n'
  expect((await votes('v.csv', file, { features: ['length', 'home'] })).features).toEqual([
    { name: 'length', a: [10, 1], b: [2.5, 2] },
    { name: 'home', differences: [1, 0] },
  ])
})

it.each<[string, string, VoteFileOptions]>([
  [
    'v.csv has no column "a" or "model_a"; its columns are "left", "b", "winner". Say which it is with --a COLUMN.',
    'left,b,winner\nx,y,a\n',
    {},
  ],
  ['v.csv has no column "who"', 'a,b,winner\nx,y,a\n', { winner: 'who' }],
  ['v.csv, line 3: b is missing, expected a name', 'a,b,winner\nx,y,a\nx,,a\n', {}],
  ['v.csv, line 2: length is "long", expected a number', 'a,b,winner,length\nx,y,a,long\n', { features: ['length'] }],
  ['v.csv, line 2: length is missing, expected a number', 'a,b,winner,length\nx,y,a,\n', { features: ['length'] }],
  ['v.csv has neither a column "size" nor "size_a", "size_b"', 'a,b,winner\nx,y,a\n', { features: ['size'] }],
  ['v.csv has no rows', 'a,b,winner\n', {}],
])('says %j', async (message, content, options) => expect(votes('v.csv', content, options)).rejects.toThrow(message))
