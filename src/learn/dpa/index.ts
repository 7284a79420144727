export { expectedMaximum, type SelectionGain, selectionGain } from './best-of-n.ts'
export { bestInDirection, type DirectedModelOptions, directedModel, directionalUtilities } from './directed-model.ts'
export { angleBetween, type Direction, directionAt, shiftDirection, turnDirection, unitDirection } from './direction.ts'
export { type DirectionControl, directionControl, readDirectionPrompt } from './direction-prompt.ts'
