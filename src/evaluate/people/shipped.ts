import { shippedDatasets } from '../../collect/index.ts'
import type { PeopleDefinition } from './people.ts'

const definitions: readonly Omit<PeopleDefinition, 'attribution'>[] = [
  {
    source: 'eurovision-jurors',
    title: 'Eurovision jurors, 2016–2022',
    description:
      'Five jurors of each country rank the songs of a show. A taste says what moves a song up in a juror’s order; it is ' +
      'told from that juror’s rankings as far as they go, and else from those of the country’s other jurors.',
    groupBy: 'country',
    columns: 'eurovision',
  },
  {
    source: 'cems',
    title: 'Students choosing a management school',
    description: 'Which of six European management schools each of 303 students would rather go to.',
  },
]

/** People of the data sets that come with the package. */
export function shippedPeople(): readonly PeopleDefinition[] {
  return definitions.map((definition) => {
    const attribution = shippedDatasets().find(({ name }) => name === definition.source)?.attribution
    return { ...definition, ...(attribution !== undefined && { attribution }) }
  })
}
