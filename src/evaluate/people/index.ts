export { fewestChoices, fitPeople, mostRaters } from './fit-people.ts'
export { type JudgedList, type JudgingRater, judgedLists, orderingKinds, orderingSignals } from './judged-lists.ts'
export type {
  People,
  PeopleCluster,
  PeopleColumn,
  PeopleDefinition,
  PeopleGroup,
  Person,
  PlacedTaste,
  TasteEffect,
} from './people.ts'
export { type Reason, reasonsOf, tasteDistance } from './reasons.ts'
export { shippedPeople } from './shipped.ts'
export { type TasteColumn, tasteColumns } from './taste-columns.ts'
