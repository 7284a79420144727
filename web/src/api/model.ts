import * as z from 'zod/mini'
import { request, send } from './request.ts'

const aspectSchema = z.object({
  name: z.string(),
  more: z.string(),
  correlation: z.number(),
  error: z.number(),
  chosen: z.object({ value: z.number(), lower: z.number(), upper: z.number() }),
})
/** An aspect that a model scores. */
export type ModelAspect = z.infer<typeof aspectSchema>

const modelSchema = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  attribution: z.string(),
  aspects: z.array(aspectSchema),
  learnedFrom: z.number(),
})
/** A model of several aspects. */
export type Model = z.infer<typeof modelSchema>

const listSchema = z.object({ models: z.array(modelSchema), jobs: z.array(z.string()) })
/** The models there are, and the jobs that make others. */
export type ModelList = z.infer<typeof listSchema>

const candidatesSchema = z.object({
  contexts: z.array(z.string()),
  candidates: z.array(
    z.object({
      id: z.string(),
      text: z.string(),
      context: z.number(),
      given: z.array(z.number()),
      scores: z.array(z.number()),
    }),
  ),
  choices: z.array(z.object({ chosen: z.number(), other: z.number() })),
  features: z.string(),
  width: z.number(),
})
/** Candidates to rank by a wish. */
export type ModelCandidates = z.infer<typeof candidatesSchema>

/** Every model there is. */
export function listModels(signal: AbortSignal): Promise<ModelList> {
  return request(listSchema, '/v1/models', { signal })
}

const path = (id: string): string => `/v1/models/${encodeURIComponent(id)}`

/** What a model can be tried on. */
export function readCandidates(id: string, signal: AbortSignal): Promise<ModelCandidates> {
  return request(candidatesSchema, `${path(id)}/candidates`, { signal })
}

/** Where a file of a model is. */
export const modelFile = (id: string, name: string): string => `${path(id)}/files/${encodeURIComponent(name)}`

/** The model itself, as ONNX. */
export async function readModel(id: string, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await send(modelFile(id, 'score.onnx'), { signal, accept: '*/*' })).arrayBuffer()
}
