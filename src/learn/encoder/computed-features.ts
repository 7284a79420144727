import { spec } from '../../tensor/index.ts'
import type { Encoder } from './encoder.ts'

type Frozen = Encoder<Record<string, never>>

/**
 * What encoders without parameters have in common whose rows are numbers by the time they are prepared: one input,
 * `features` [rows, width], which is what they give.
 *
 * @param name the encoder's, for errors
 */
export function computedFeatures(
  name: string,
  width: number,
): Pick<Frozen, 'width' | 'frozen' | 'specs' | 'init' | 'apply'> {
  return {
    width,
    frozen: true,
    specs: { features: spec(['rows', width]) },
    init: () => ({}),
    apply(_, { features }) {
      if (features === undefined) throw new TypeError(`${name}: the input "features" is missing`)
      return features
    },
  }
}
