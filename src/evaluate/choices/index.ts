export {
  attributeVectors,
  type CatalogueItem,
  type Choices,
  type ChoicesDefinition,
  type Chooser,
} from './choices.ts'
export { shopChoices } from './shop-choices.ts'
export { chosenFrom, songChoices, songSignals } from './song-choices.ts'
