export type { CatalogueItem, Choices } from './choices.ts'
export { type ShippedChoices, shippedChoices } from './shipped.ts'
export { shopChoices } from './shop-choices.ts'
export { chosenFrom, songChoices, songSignals } from './song-choices.ts'
