import { kernels } from '../../tensor/index.ts'
import { namedLocals } from './named-locals.ts'
import { assertKernelWidth, dotCode, more } from './vector-code.ts'

const { block, branch, branchIf, f32, f32x4, forBelow, get, i32, loop, set, tee } = kernels
type Code = kernels.Code

/** Cells of the table of σ, over [−sigmoidReach, sigmoidReach). */
export const sigmoidCells = 4096
export const sigmoidReach = 8

/** σ(−x) in the middle of each cell: within 0.0005 of what it stands for. */
export function sigmoidTable(): Float32Array {
  return Float32Array.from({ length: sigmoidCells }, (_, cell) => {
    const x = ((cell + 0.5) / sigmoidCells) * 2 * sigmoidReach - sigmoidReach
    return 1 / (1 + Math.exp(x))
  })
}

/** Draws of an item before a sample is given up because the user has seen all of them. */
const draws = 16

/**
 * One round of stochastic gradient ascent on log σ(x_u·(y_i − y_j)) − λ/2·(‖x_u‖² + ‖y_i‖² + ‖y_j‖²). Users and items are
 * in as many groups each; share g works, in round r, on users of group g and items of group (g + r) mod groups, so that
 * no two shares touch the same row and the numbers do not depend on the threads. The positive pairs of the two groups
 * are gone through in the order given; the unseen item is drawn from the item group.
 *
 * Arguments after the bounds of a share, all addresses unless said otherwise: x, y, where a pair of groups' pairs begin,
 * user of each pair, item of each pair, where a group's items begin, items by group, row offsets and columns of what is
 * seen, state of the random numbers (4 words a group), table of σ, two numbers: rate and λ; then round and groups,
 * numbers themselves.
 */
export function bprKernel(width: number): kernels.WasmFunction {
  assertKernelWidth(width)
  const bytes = width * 4
  const { at, parameters, locals } = namedLocals(
    [
      ...(['group', 'end', 'x', 'y', 'pairStarts', 'pairUsers', 'pairItems', 'itemStarts', 'groupItems'] as const),
      ...(['offsets', 'columns', 'state', 'table', 'settings', 'round', 'groups'] as const),
    ],
    {
      i32: [
        ...(['pair', 'stop', 'other', 'firstItem', 'itemCount', 's0', 's1', 's2', 's3', 'word', 'shifted'] as const),
        ...([
          'user',
          'own',
          'positive',
          'negative',
          'item',
          'low',
          'high',
          'middle',
          'left',
          'rowEnd',
          'random',
        ] as const),
      ],
      f32: ['margin', 'rate', 'lambda'],
      v128: ['v0', 'v1', 'v2', 'v3', 'pull', 'keep', 'a', 'b', 'c'],
    },
  )
  const wordAt = (name: number, index: Code): Code => [
    index,
    i32.constant(4),
    i32.multiply,
    get(name),
    i32.add,
    i32.load(),
  ]
  const stateNames = [at.s0, at.s1, at.s2, at.s3] as const
  const [s0, s1, s2, s3] = stateNames
  const xorInto = (target: number, source: number): Code => [get(target), get(source), more.xor, set(target)]
  // xoshiro128**, as in the room `run`: random = rotl(s1 · 5, 7) · 9, then the state moves on.
  const nextRandom: Code = [
    [
      get(s1),
      i32.constant(5),
      i32.multiply,
      i32.constant(7),
      more.rotateLeft,
      i32.constant(9),
      i32.multiply,
      set(at.random),
    ],
    [get(s1), i32.constant(9), more.shiftLeft, set(at.shifted)],
    [xorInto(s2, s0), xorInto(s3, s1), xorInto(s1, s2), xorInto(s0, s3), xorInto(s2, at.shifted)],
    [get(s3), i32.constant(11), more.rotateLeft, set(s3)],
  ]
  const vectors = Array.from({ length: width / 4 }, (_, vector) => vector * 16)
  const sums = [at.v0, at.v1, at.v2, at.v3]
  const rowOf = (table: number, row: number): Code => [get(row), i32.constant(bytes), i32.multiply, get(table), i32.add]
  /** Leaves `low` at the first entry of the user's row that is not below `item`. */
  const search: Code = block(
    loop(
      [get(at.low), get(at.high), i32.isAtLeast, branchIf(1)],
      [get(at.low), get(at.high), i32.add, i32.constant(1), more.shiftRight, set(at.middle)],
      [wordAt(at.columns, get(at.middle)), get(at.item), more.isBelow],
      [0x04, 0x40, get(at.middle), i32.constant(1), i32.add, set(at.low), 0x05, get(at.middle), set(at.high), 0x0b],
      branch(0),
    ),
  )
  /** Draws until an unseen item is found; branches out of `depth` blocks when none is. */
  const drawItem: Code = block(
    [i32.constant(draws), set(at.left)],
    loop(
      nextRandom,
      [get(at.firstItem), more.upperProduct(get(at.random), get(at.itemCount)), i32.add, set(at.word)],
      [wordAt(at.groupItems, get(at.word)), set(at.item)],
      [wordAt(at.offsets, get(at.user)), set(at.low)],
      [wordAt(at.offsets, [get(at.user), i32.constant(1), i32.add]), tee(at.rowEnd), set(at.high)],
      search,
      // Unseen when the search ran off the row or stopped at another item.
      [get(at.low), get(at.rowEnd), i32.isAtLeast, branchIf(1)],
      [wordAt(at.columns, get(at.low)), get(at.item), more.equals, i32.isZero, branchIf(1)],
      [get(at.left), i32.constant(1), i32.subtract, tee(at.left), branchIf(0)],
      [i32.constant(-1), set(at.item)],
    ),
  )
  const margin: Code = [
    dotCode(width, at.own, at.positive, sums),
    dotCode(width, at.own, at.negative, sums),
    more.subtractSingle,
    set(at.margin),
  ]
  /** σ(−margin) from the table. */
  const slope: Code = [
    get(at.margin),
    [f32.constant(sigmoidReach), f32.add, f32.constant(sigmoidCells / (2 * sigmoidReach)), f32.multiply],
    [f32.constant(sigmoidCells - 1), more.leastSingle, f32.constant(0), more.mostSingle, more.truncate],
    [i32.constant(4), i32.multiply, get(at.table), i32.add, f32.load()],
  ]
  const times = (vector: number, factor: number): Code => [get(vector), get(factor), f32x4.multiply]
  const update: Code = [
    // pull = rate · σ(−margin), keep = 1 − rate · λ
    [slope, get(at.rate), f32.multiply, more.splat, set(at.pull)],
    vectors.map(
      (offset): Code => [
        [get(at.own), f32x4.load(offset), set(at.a), get(at.positive), f32x4.load(offset), set(at.b)],
        [get(at.negative), f32x4.load(offset), set(at.c)],
        [get(at.own), times(at.a, at.keep), get(at.b), get(at.c), f32x4.subtract, get(at.pull), f32x4.multiply],
        [f32x4.add, f32x4.store(offset)],
        [times(at.a, at.pull), set(at.a)],
        [get(at.positive), times(at.b, at.keep), get(at.a), f32x4.add, f32x4.store(offset)],
        [get(at.negative), times(at.c, at.keep), get(at.a), f32x4.subtract, f32x4.store(offset)],
      ],
    ),
  ]
  const oneSample: Code = [
    [wordAt(at.pairUsers, get(at.pair)), set(at.user)],
    drawItem,
    [get(at.item), i32.constant(-1), more.equals, i32.isZero],
    [
      ...[0x04, 0x40],
      [rowOf(at.x, at.user), set(at.own), rowOf(at.y, at.item), set(at.negative)],
      [wordAt(at.pairItems, get(at.pair)), set(at.word), rowOf(at.y, at.word), set(at.positive)],
      margin,
      update,
      0x0b,
    ],
  ]
  const oneGroup: Code = [
    // other = (group + round) mod groups
    [get(at.group), get(at.round), i32.add, set(at.other)],
    [get(at.other), get(at.groups), i32.isAtLeast],
    [0x04, 0x40, get(at.other), get(at.groups), i32.subtract, set(at.other), 0x0b],
    [wordAt(at.itemStarts, get(at.other)), set(at.firstItem)],
    [
      wordAt(at.itemStarts, [get(at.other), i32.constant(1), i32.add]),
      get(at.firstItem),
      i32.subtract,
      set(at.itemCount),
    ],
    [get(at.group), get(at.groups), i32.multiply, get(at.other), i32.add, set(at.word)],
    [wordAt(at.pairStarts, get(at.word)), set(at.pair)],
    [wordAt(at.pairStarts, [get(at.word), i32.constant(1), i32.add]), set(at.stop)],
    stateNames.map((name, word): Code => [stateAddress(at.state, at.group), i32.load(4 * word), set(name)]),
    forBelow(at.pair, at.stop, 1, oneSample),
    stateNames.map((name, word): Code => [stateAddress(at.state, at.group), get(name), storeWord(4 * word)]),
  ]
  const settings: Code = [
    [get(at.settings), f32.load(0), set(at.rate), get(at.settings), f32.load(4), set(at.lambda)],
    [f32.constant(1), get(at.rate), get(at.lambda), f32.multiply, more.subtractSingle, more.splat, set(at.keep)],
  ]
  return { parameters, locals, body: [settings, forBelow(at.group, at.end, 1, oneGroup)] }
}

function stateAddress(state: number, group: number): Code {
  return [get(group), i32.constant(16), i32.multiply, get(state), i32.add]
}

/** i32.store */
const storeWord = (offset: number): Code => [0x36, 2, offset]
