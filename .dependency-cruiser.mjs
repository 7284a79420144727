// The direction of imports: a room may import the rooms listed for it, through their doors only.
const rooms = {
  run: [],
  measure: [],
  tensor: [],
  nets: ['tensor'],
  collect: [],
  llm: [],
  learn: ['tensor', 'nets', 'collect', 'llm'],
  align: ['tensor', 'nets', 'collect', 'llm', 'learn'],
  recommend: ['tensor', 'nets', 'collect', 'llm', 'learn'],
  worlds: ['tensor', 'nets', 'collect'],
  ask: ['tensor', 'nets', 'collect', 'llm', 'learn', 'align', 'recommend', 'worlds'],
  evaluate: ['tensor', 'nets', 'collect', 'llm', 'learn', 'align', 'recommend', 'worlds', 'ask'],
  serve: ['tensor', 'nets', 'collect', 'llm', 'learn', 'align', 'recommend', 'worlds', 'ask', 'evaluate'],
  cli: ['tensor', 'nets', 'collect', 'llm', 'learn', 'align', 'recommend', 'worlds', 'ask', 'evaluate', 'serve'],
}
const open = ['run', 'measure']

// Tests may also draw on simulated worlds.
const test = '\\.(test|fixture)\\.ts$'

const direction = Object.entries(rooms).flatMap(([room, allowed]) => {
  const may = [room, ...(room === 'run' ? [] : open), ...allowed].map((name) => `^src/${name}/`)
  const rule = (name, from, pathNot) => ({
    name,
    severity: 'error',
    from: { path: `^src/${room}/`, ...from },
    to: { path: '^src/[^/]+/', pathNot },
  })
  return [
    rule(`${room}-imports-only-what-it-may`, { pathNot: test }, may),
    rule(`tests-of-${room}-import-only-that-and-worlds`, { path: `^src/${room}/.*${test}` }, [...may, '^src/worlds/']),
  ]
})

export default {
  forbidden: [
    ...direction,
    {
      name: 'rooms-are-entered-through-their-door',
      comment: 'Import another room through its index.ts.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'outside-uses-public-exports-only',
      comment: 'Experiments and benches import what users can import.',
      severity: 'error',
      from: { path: '^(experiments|bench)/' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'the-studio-speaks-http',
      comment: 'The studio knows the HTTP interface and nothing of src.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-to-test',
      severity: 'error',
      from: { pathNot: '\\.test\\.tsx?$' },
      to: { path: '\\.test\\.tsx?$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
  },
}
