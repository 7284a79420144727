import { applyOne, type Emitter, inputAt, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, neg } from './arithmetic.ts'
import { exp, square } from './elementwise.ts'

// Rational approximations of Cody (1969), "Rational Chebyshev approximations for the error function", Mathematics of
// Computation 23, as tabulated in SPECFUN's CALERF: relative error below 1e-16 in each range.
const small = {
  above: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  below: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
}
const middle = {
  above: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  below: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
}

function polynomial(emitter: Emitter, x: string, coefficients: readonly number[]): string {
  const [first = 0, ...rest] = coefficients.map((coefficient) => emitter.scalar(coefficient, 'float64'))
  return rest.reduce<string>(
    (sum, coefficient) => emitter.node('Add', [emitter.node('Mul', [sum, x]), coefficient]),
    first as string,
  )
}

function erfDouble(emitter: Emitter, x: string): string {
  const scalar = (number: number): string => emitter.scalar(number, 'float64')
  const size = emitter.node('Abs', [x])
  const squared = emitter.node('Mul', [x, x])
  const ratio = (at: string, { above, below }: typeof small): string =>
    emitter.node('Div', [polynomial(emitter, at, above), polynomial(emitter, at, below)])
  const near = emitter.node('Mul', [x, ratio(squared, small)])
  // Beyond 4 the complement is below 1.6e-8 and beyond 6 below 2.2e-17: the middle range's form, held at 6, is exact to
  // the last bit of 1 − complement.
  const held = emitter.node('Min', [size, scalar(6)])
  const decay = emitter.node('Exp', [emitter.node('Neg', [emitter.node('Mul', [held, held])])])
  const tail = emitter.node('Mul', [decay, ratio(held, middle)])
  const far = emitter.node('Mul', [emitter.node('Sign', [x]), emitter.node('Sub', [scalar(1), tail])])
  return emitter.node('Where', [emitter.node('LessOrEqual', [size, scalar(0.46875)]), near, far])
}

const erfOp: Op<Record<never, never>> = {
  name: 'erf',
  infer: (inputs) => [inputAt(inputs, 0)].map(({ dtype, shape }) => ({ dtype, shape })),
  emit({ inputs }, emitter) {
    const x = inputAt(inputs, 0)
    // ONNX Runtime's kernel is for float32 only.
    return x.dtype === 'float64' ? erfDouble(emitter, emitter.name(x)) : emitter.node('Erf', [emitter.name(x)])
  },
  vjp({ inputs }, [gradient]) {
    return [gradient && mul(mul(gradient, exp(neg(square(inputAt(inputs, 0))))), 2 / Math.sqrt(Math.PI))]
  },
}

/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: Tensor): Tensor {
  return applyOne(erfOp, [x], {})
}
