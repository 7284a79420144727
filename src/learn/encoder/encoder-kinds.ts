import { criterionEncoderKind } from '../carm/criterion-encoder.ts'
import { aspectScoresKind } from '../domain-knowledge/aspect-scores.ts'
import { categoricalFeaturesKind } from './categorical-features.ts'
import type { EncoderKind } from './encoder.ts'
import { givenFeaturesKind } from './given-features.ts'
import { hashedNgramsKind } from './hashed-ngrams.ts'
import { joinedEncodersKind } from './join-encoders.ts'
import { numericFeaturesKind } from './numeric-features.ts'
import { plainFeaturesKind } from './plain-features.ts'
import { sentenceTransformerKind } from './sentence-transformer.ts'
import { transformerEncoderKind } from './transformer-encoder.ts'

/**
 * Every kind of encoder that a saved model can be opened with by itself. Another one, such as an embedding endpoint's,
 * which needs its model, can be given to `loadModel`.
 */
export const encoderKinds: readonly EncoderKind[] = [
  aspectScoresKind,
  categoricalFeaturesKind,
  criterionEncoderKind(() => encoderKinds),
  givenFeaturesKind,
  hashedNgramsKind,
  joinedEncodersKind(() => encoderKinds),
  numericFeaturesKind,
  plainFeaturesKind,
  sentenceTransformerKind(),
  transformerEncoderKind,
]
