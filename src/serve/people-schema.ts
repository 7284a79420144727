import { z } from '@hono/zod-openapi'
import { named } from './openapi.ts'

const count = z.number().int().min(0)
const scalar = z.union([z.string(), z.number(), z.boolean()])

const effect = z.object({ value: z.number(), lower: z.number(), upper: z.number() })

const column = named(
  'TasteColumn',
  z.object({
    name: z.string(),
    /** What it means that somebody's number is above 0, and below. */
    more: z.string(),
    less: z.string(),
    /** `deviation`: numbers are log-odds per standard deviation; `yes`: of having it against not having it. */
    unit: z.enum(['deviation', 'yes']),
    /** What all have in common, with its 95 % interval. */
    common: effect,
    /** Standard deviation of people's own numbers. */
    spread: z.number(),
  }),
)

const place = { x: z.number(), y: z.number(), cluster: count }
const person = named(
  'Person',
  z.object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['human', 'model', 'simulated']),
    traits: z.record(z.string(), scalar),
    group: z.string().exactOptional(),
    ...place,
    /** Candidates that were preferred to another. */
    choices: count,
  }),
)

const source = named(
  'PeopleSource',
  z.object({
    source: z.string(),
    title: z.string(),
    description: z.string().exactOptional(),
    attribution: z.string().exactOptional(),
  }),
)

/** A page of people on the map, and what the map is. */
export const peopleSchema = named(
  'People',
  z.object({
    /** Every source whose raters put candidates in an order. */
    sources: z.array(source).readonly(),
    /** Absent until they were found. */
    people: z
      .object({
        source: z.string(),
        title: z.string(),
        description: z.string().exactOptional(),
        attribution: z.string().exactOptional(),
        /** The trait whose values are the groups. */
        groupBy: z.string().exactOptional(),
        columns: z.array(column).readonly(),
        raters: z.array(person).readonly(),
        groups: z
          .array(z.object({ name: z.string(), raters: count, ...place, effects: z.array(effect).readonly() }))
          .readonly(),
        /** `lean`: mean of the members' numbers less what is common, by column. */
        clusters: z.array(z.object({ size: count, lean: z.array(z.number()).readonly() })).readonly(),
        silhouette: z.number(),
        map: z.object({
          shares: z.tuple([z.number(), z.number()]).readonly(),
          axes: z.tuple([z.array(z.number()).readonly(), z.array(z.number()).readonly()]).readonly(),
        }),
        /** Share of what sets people apart that is known from what they said. */
        reliability: z.number(),
        leftOut: z.record(z.string(), count),
        warnings: z.array(z.string()).readonly(),
        dataVersion: z.string(),
      })
      .exactOptional(),
    /** On all pages. */
    total: count,
    /** Give it as `after` to read on. */
    next: z.string().exactOptional(),
    /** The job that finds tastes anew, where there are newer signals or none were found. */
    job: z.string().exactOptional(),
  }),
)

/** One person: their taste, and what can be said of it. */
export const personSchema = named(
  'PersonTaste',
  z.object({
    source: z.string(),
    title: z.string(),
    person,
    columns: z.array(column).readonly(),
    /** By column, with 95 % intervals. */
    effects: z.array(effect).readonly(),
    /** Of the person's group, by column. */
    group: z.object({ name: z.string(), raters: count, effects: z.array(effect).readonly() }).exactOptional(),
    /** What moves them, most telling first; `odds` are those of being preferred, per unit of the column. */
    reasons: z.array(z.object({ column: z.string(), text: z.string(), odds: z.number() })).readonly(),
    /** Those whose taste is nearest; `distance` in standard deviations of people's numbers. */
    nearest: z.array(z.object({ id: z.string(), name: z.string(), cluster: count, distance: z.number() })).readonly(),
    /** Signals by kind. */
    signals: z.record(z.string(), count),
    dataVersion: z.string(),
  }),
)
