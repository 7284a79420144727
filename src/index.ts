/**
 * Penchant's rooms, each under its name; `penchant/learn` and so on are the same rooms one by one.
 *
 * @example
 * import { learn } from 'penchant'
 * learn.rateCompetitors(learn.tallyVotes({ names: ['x', 'y'], a: [0, 0, 0], b: [1, 1, 1], outcomes: [1, 1, 0] }))
 */
export * as align from './align/index.ts'
export { catalogue } from './catalogue.ts'
export * as collect from './collect/index.ts'
export * as evaluate from './evaluate/index.ts'
export * as learn from './learn/index.ts'
export * as llm from './llm/index.ts'
export * as measure from './measure/index.ts'
export * as nets from './nets/index.ts'
export * as recommend from './recommend/index.ts'
export * as run from './run/index.ts'
export * as serve from './serve/index.ts'
export * as tensor from './tensor/index.ts'
export * as worlds from './worlds/index.ts'
