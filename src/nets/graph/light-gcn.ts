import type { Random } from '../../run/index.ts'
import { add, mul, type Symbolic, type Tensor, type TensorValue } from '../../tensor/index.ts'
import { type FloatType, normalValue } from '../parameters.ts'
import { type Adjacency, propagate } from './adjacency.ts'

export interface LightGcnParameters {
  /** [nodes, width] */
  readonly embedding: TensorValue
}

/** Embeddings of all nodes, normal with standard deviation 0.1 (the authors' code). */
export function initLightGcn(
  random: Random,
  nodes: number,
  width: number,
  dtype: FloatType = 'float32',
): LightGcnParameters {
  return { embedding: normalValue(random, [nodes, width], 0.1, dtype) }
}

export interface LightGcnOptions {
  /** Rounds of propagation. Default 3; 0 is plain matrix factorisation. */
  readonly layers?: number
}

/**
 * LightGCN (He et al. 2020, arXiv 2002.02126): E_l = D^-½ A D^-½ E_{l−1}, without weights or activations; the result is
 * the mean of E_0, …, E_L.
 *
 * @param graph of nodes, symmetrically normalised without self loops in the paper
 * @returns [nodes, width]
 */
export function applyLightGcn(
  { embedding }: Symbolic<LightGcnParameters>,
  graph: Adjacency,
  options: LightGcnOptions = {},
): Tensor {
  const { layers = 3 } = options
  // Σ_l Pˡ E = E + P (E + P (E + …)), which adds in the rounds themselves.
  let total = embedding
  for (let layer = 0; layer < layers; layer++) total = add(embedding, propagate(graph, total))
  return layers === 0 ? embedding : mul(total, 1 / (layers + 1))
}
