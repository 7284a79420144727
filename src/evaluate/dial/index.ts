export type { Dial, DialAspect, DialCandidate } from './dial.ts'
export { fitOpinionDial, opinionDialVersion } from './opinion-dial.ts'
