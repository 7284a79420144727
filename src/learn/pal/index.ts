export { hardenMixtures, mixPrototypes, prototypeDisagreement, raterMixtures } from './mixtures.ts'
export { type PalOptions, type PalParameters, palKind, palOptionsSchema } from './pal.ts'
