import { kernels } from '../../tensor/index.ts'
import { namedLocals } from './named-locals.ts'
import { more } from './vector-code.ts'

const { block, branch, branchIf, f32, f32x4, forBelow, get, i32, loop, set } = kernels
type Code = kernels.Code

/** Scores that are compared with the threshold at once. */
const together = 16
/** f32x4.gt, v128.or, v128.any_true, f32.gt, i32.store */
const isAbove: Code = [0xfd, 0x44]
const either: Code = [0xfd, 0x50]
const anyTrue: Code = [0xfd, 0x53]
const isAboveSingle = 0x5e
const storeWord = (offset: number): Code => [0x36, 2, offset]

const times4 = (code: Code): Code => [code, i32.constant(4), i32.multiply]

/** What inserting into the lists of the best works with; see {@link insertCode}. */
export type InsertLocal = 'count' | 'held' | 'to' | 'before' | 'places' | 'values' | 'threshold' | 'score' | 'bound'

/** The smallest score held is what none is above yet. */
export function lowestCode(at: Readonly<Record<InsertLocal, number>>): Code {
  return [f32.constant(Number.NEGATIVE_INFINITY), set(at.threshold), newBound(at), i32.constant(0), set(at.held)]
}

function newBound(at: Readonly<Record<InsertLocal, number>>): Code {
  return [get(at.threshold), more.splat, set(at.bound)]
}

/**
 * Puts `score` where it belongs in the lists at `places` and `values`, which hold `held` of at most `count` in falling
 * order, and makes `threshold` and `bound` the smallest one held once they are full.
 *
 * @param place leaves the number on the stack that stands for the score
 */
export function insertCode(at: Readonly<Record<InsertLocal, number>>, place: Code): Code {
  // `to` counts bytes into the lists.
  return [
    [get(at.held), get(at.count), more.isBelow],
    [0x04, 0x40],
    [times4(get(at.held)), set(at.to), get(at.held), i32.constant(1), i32.add, set(at.held)],
    [0x05, times4([get(at.count), i32.constant(1), i32.subtract]), set(at.to), 0x0b],
    block(
      loop(
        [get(at.to), i32.isZero, branchIf(1)],
        [get(at.to), i32.constant(4), i32.subtract, set(at.before)],
        [
          get(at.values),
          get(at.before),
          i32.add,
          f32.load(),
          get(at.score),
          more.isBelowSingle,
          i32.isZero,
          branchIf(1),
        ],
        [get(at.values), get(at.to), i32.add, get(at.values), get(at.before), i32.add, f32.load(), f32.store()],
        [get(at.places), get(at.to), i32.add, get(at.places), get(at.before), i32.add, i32.load(), storeWord(0)],
        [get(at.before), set(at.to), branch(0)],
      ),
    ),
    [get(at.values), get(at.to), i32.add, get(at.score), f32.store()],
    [get(at.places), get(at.to), i32.add, place, storeWord(0)],
    [get(at.held), get(at.count), more.equals],
    [0x04, 0x40],
    [times4([get(at.count), i32.constant(1), i32.subtract]), get(at.values), i32.add, f32.load(), set(at.threshold)],
    newBound(at),
    0x0b,
  ]
}

/** Ends lists that are not full: 2³² − 1 as place, −Infinity as score. */
export function closeListsCode(at: Readonly<Record<InsertLocal, number>>): Code {
  return [
    [times4(get(at.held)), set(at.to), times4(get(at.count)), set(at.before)],
    forBelow(
      at.to,
      at.before,
      4,
      [get(at.places), get(at.to), i32.add, i32.constant(-1), storeWord(0)],
      [get(at.values), get(at.to), i32.add, f32.constant(Number.NEGATIVE_INFINITY), f32.store()],
    ),
  ]
}

/**
 * The `count` largest scores of each row in falling order, equal ones by their place, those of −Infinity or NaN left
 * out. Sixteen scores at a time are compared with the smallest of those held; hardly any is above it once a few hundred
 * were seen.
 *
 * Arguments after the bounds of a share of rows: addresses of scores [rows, items], of the found places [rows, count]
 * (2³² − 1 after the last) and of their scores; then the number of items and the count.
 */
export function selectKernel(): kernels.WasmFunction {
  const { at, parameters, locals } = namedLocals(
    ['row', 'end', 'scores', 'foundPlaces', 'foundScores', 'items', 'count'],
    {
      i32: [
        ...([
          'own',
          'mask',
          'maskEnd',
          'cell',
          'stop',
          'whole',
          'places',
          'values',
          'held',
          'to',
          'before',
          'inner',
          'groupEnd',
        ] as const),
      ],
      f32: ['threshold', 'score'],
      v128: ['bound'],
    },
  )
  const insert = insertCode(at, [get(at.inner), get(at.own), i32.subtract, i32.constant(2), more.shiftRight])
  /** From `inner` to below a local, one by one. */
  const oneByOne = (to: number): Code =>
    forBelow(
      at.inner,
      to,
      4,
      [get(at.inner), f32.load(), set(at.score), get(at.score), get(at.threshold), isAboveSingle],
      [0x04, 0x40, insert, 0x0b],
    )
  const above = (vector: number): Code => [get(at.cell), f32x4.load(16 * vector), get(at.bound), isAbove]
  const oneRow: Code = [
    [times4([get(at.row), get(at.items), i32.multiply]), get(at.scores), i32.add, set(at.own)],
    [get(at.own), times4(get(at.items)), i32.add, set(at.stop)],
    [times4([get(at.row), get(at.count), i32.multiply]), get(at.foundPlaces), i32.add, set(at.places)],
    [times4([get(at.row), get(at.count), i32.multiply]), get(at.foundScores), i32.add, set(at.values)],
    lowestCode(at),
    // Whole groups of sixteen, then what is left.
    [get(at.items), i32.constant(together - 1), more.and, set(at.whole)],
    [get(at.stop), times4(get(at.whole)), i32.subtract, set(at.whole)],
    [get(at.own), set(at.cell)],
    forBelow(
      at.cell,
      at.whole,
      together * 4,
      [above(0), above(1), either, above(2), above(3), either, either, anyTrue],
      [0x04, 0x40],
      [get(at.cell), set(at.inner), get(at.cell), i32.constant(together * 4), i32.add, set(at.groupEnd)],
      oneByOne(at.groupEnd),
      0x0b,
    ),
    [get(at.whole), set(at.inner)],
    oneByOne(at.stop),
    closeListsCode(at),
  ]
  return { parameters, locals, body: forBelow(at.row, at.end, 1, oneRow) }
}
