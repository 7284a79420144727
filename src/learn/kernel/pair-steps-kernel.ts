import { kernels } from '../../tensor/index.ts'
import { stepScalars } from './pair-slopes.ts'

const {
  atomic,
  block,
  branch,
  branchIf,
  call,
  drop,
  f32,
  f32x4,
  forBelow,
  forever,
  get,
  i32,
  loop,
  namedLocals,
  set,
  tee,
  when,
} = kernels
type Code = kernels.Code

/** Words that the threads share, in bytes from the first; each on a cache line of its own. */
export const controlWords = { next: 0, finished: 64, done: 128, bytes: 192 } as const

/** Where the numbers of a fit lie, and how they are laid out; addresses and sizes in bytes. */
export interface PairStepsPlan {
  /** Pairs of a batch that one thread does at a time, a multiple of 4. */
  readonly part: number
  readonly control: number
  /** Of each example: rows of a and b, target, weight, and the row of its context where there is one. */
  readonly records: number
  readonly recordBytes: number
  readonly rows: { readonly address: number; readonly stride: number }
  readonly contexts?: { readonly address: number; readonly stride: number }
  /** Bytes of a row that are read, a multiple of 32. */
  readonly rowBytes: number
  readonly contextBytes: number
  /** What a thread works in: `stride` for each; the others are distances from its beginning. */
  readonly work: {
    readonly address: number
    readonly stride: number
    readonly differences: number
    readonly differenceStride: number
    readonly contexts: number
    readonly contextStride: number
    readonly places: number
    readonly asked: number
    readonly targets: number
    readonly weights: number
    readonly leads: number
    readonly logits: number
  }
  /** Parameters, padded and end to end; `size` is a multiple of 16. */
  readonly parameters: {
    readonly address: number
    readonly size: number
    /** Distances of the router's weights and biases from the heads'. */
    readonly router: number
    readonly bias: number
  }
  /** As long as the parameters each: sums of Adam, and how much a parameter decays. */
  readonly first: number
  readonly second: number
  readonly decay: number
  /** Gradients of each part, as long as the parameters, and four parts of its loss. */
  readonly gradients: { readonly address: number; readonly stride: number }
  readonly scalars: number
  readonly losses: number
  /** Decay rates of Adam's averages. */
  readonly beta1: number
  readonly beta2: number
}

/** How often a thread looks for the others before it sleeps: some ten microseconds. */
const looks = 4000

/** Functions of the module, in this order. */
export const functionNames = [
  'steps',
  'load',
  'work',
  'update',
  'slopes',
  'leads',
  'leadGradients',
  'logits',
  'logitGradients',
] as const
const place = (name: (typeof functionNames)[number]): number => functionNames.indexOf(name)
const times = (local: number, by: number): Code => [get(local), i32.constant(by), i32.multiply]

/**
 * Takes steps on batches of pairs. Threads take parts of batches one after another; who takes which decides no number,
 * since each part's gradients have a place of their own and are added in order. What of a part needs no parameters, the
 * reading of its rows out of a large table, is done before a thread waits for the step before to end.
 *
 * Arguments after the bounds of a share (one share is one thread): address of the examples' numbers, [steps, padded];
 * numbers of steps, of parts in a batch, and of examples in a batch, a multiple of 4.
 */
export function stepsKernel(plan: PairStepsPlan): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['thread', 'end', 'order', 'steps', 'parts', 'padded'], {
    i32: ['ticket', 'step', 'own', 'count', 'work', 'looks', 'done', 'gradients', 'scalars'],
    f32: [],
    v128: [],
  })
  const control = (word: number): Code => i32.constant(plan.control + word)
  const oneTicket: Code = [
    [get(at.ticket), get(at.parts), i32.divide, tee(at.step), get(at.steps), i32.isAtLeast, branchIf(1)],
    [get(at.ticket), get(at.parts), i32.remainder, i32.constant(plan.part), i32.multiply, set(at.own)],
    // The last part of a batch may be smaller.
    [get(at.padded), get(at.own), i32.subtract, tee(at.count), i32.constant(plan.part), i32.isAtLeast],
    when(i32.constant(plan.part), set(at.count)),
    [get(at.work), get(at.step), get(at.padded), i32.multiply, get(at.own), i32.add, i32.constant(4), i32.multiply],
    [get(at.order), i32.add, get(at.count), call(place('load'))],
    [i32.constant(looks), set(at.looks)],
    block(
      loop(
        [control(controlWords.done), atomic.load(), tee(at.done), get(at.step), i32.isAtLeast, branchIf(1)],
        [get(at.looks), when(get(at.looks), i32.constant(1), i32.subtract, set(at.looks), branch(1))],
        [control(controlWords.done), get(at.done), forever, atomic.wait(), drop, branch(0)],
      ),
    ),
    [times(at.step, stepScalars.bytes), i32.constant(plan.scalars), i32.add, set(at.scalars)],
    [get(at.ticket), get(at.parts), i32.remainder, i32.constant(plan.gradients.stride), i32.multiply],
    [i32.constant(plan.gradients.address), i32.add, set(at.gradients)],
    [get(at.work), get(at.count), get(at.scalars), get(at.gradients), call(place('work'))],
    // Whoever ends the last part ends the step.
    [control(controlWords.finished), i32.constant(1), atomic.add(), i32.constant(1), i32.add],
    [get(at.step), i32.constant(1), i32.add, get(at.parts), i32.multiply, i32.equals],
    when(
      [get(at.scalars), get(at.parts), times(at.step, 4), i32.constant(plan.losses), i32.add, call(place('update'))],
      [control(controlWords.done), get(at.step), i32.constant(1), i32.add, atomic.store()],
      [control(controlWords.done), i32.constant(-1), atomic.notify(), drop],
    ),
  ]
  return {
    ...declared,
    body: [
      [times(at.thread, plan.work.stride), i32.constant(plan.work.address), i32.add, set(at.work)],
      block(loop([control(controlWords.next), i32.constant(1), atomic.add(), set(at.ticket)], oneTicket, branch(0))),
    ],
  }
}

const increase = (local: number, bytes: number): Code => [get(local), i32.constant(bytes), i32.add, set(local)]
const increased = (local: number, bytes: number): Code => [get(local), i32.constant(bytes), i32.add]

/**
 * Reads the rows of some pairs: differences, contexts, targets and weights. Arguments: work, order, count.
 *
 * Rows lie anywhere in a table that no cache holds, and their time is that of waiting for memory. So where all of them
 * are is found out first, two pairs are read side by side, and the beginnings of the next two's rows are asked for before:
 * the processor fetches what follows a beginning by itself, for several rows at a time.
 */
export function loadKernel(plan: PairStepsPlan): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['work', 'order', 'count'], {
    i32: ['end', 'record', 'place', 'a', 'b', 'a2', 'b2', 'to', 'stop', 'difference', 'context', 'asked'],
    f32: [],
    v128: [],
  })
  const { work, rows, contexts } = plan
  const { address, stride } = contexts ?? { address: 0, stride: 0 }
  // Where the rows of a pair are, one pair after another.
  const placeBytes = 16
  const rowOf = (word: number, table: { readonly address: number; readonly stride: number }): Code => [
    [get(at.place), get(at.record), i32.load(4 * word), i32.constant(table.stride), i32.multiply],
    [i32.constant(table.address), i32.add],
  ]
  const placeOf = (word: number): Code => [get(at.place), i32.load(4 * word)]
  /** Two rows side by side, some vectors at a time, the first to `to` and the second `stride` bytes after. */
  const twoRows = (
    bytes: number,
    stride: number,
    vector: (row: number, offset: number) => Code,
    rowsRead: readonly number[],
  ): Code => {
    const step = bytes % 64 === 0 ? 64 : 32
    const offsets = Array.from({ length: step / 16 }, (_, number) => 16 * number)
    return [
      [increased(at.to, bytes), set(at.stop)],
      forBelow(
        at.to,
        at.stop,
        step,
        [0, 1].map((row) =>
          offsets.map((offset) => [get(at.to), vector(row, offset), f32x4.store(offset + row * stride)]),
        ),
        rowsRead.map((row) => increase(row, step)),
      ),
    ]
  }
  const [firsts, seconds] = [
    [at.a, at.a2],
    [at.b, at.b2],
  ] as const
  const rowRead = (rows: readonly [number, number], row: number, offset: number): Code => [
    get(row === 0 ? rows[0] : rows[1]),
    f32x4.load(offset),
  ]
  const words = placeBytes / 4
  return {
    ...declared,
    body: [
      [times(at.count, 4), get(at.order), i32.add, set(at.end)],
      [increased(at.work, work.places), set(at.place), get(at.work), set(at.to)],
      forBelow(
        at.order,
        at.end,
        4,
        [get(at.order), i32.load(), i32.constant(plan.recordBytes), i32.multiply],
        [i32.constant(plan.records), i32.add, set(at.record)],
        [rowOf(0, rows), i32.store(0), rowOf(1, rows), i32.store(4)],
        contexts ? [rowOf(4, { address, stride }), i32.store(8)] : [],
        [get(at.to), get(at.record), i32.load(8), i32.store(work.targets)],
        [get(at.to), get(at.record), i32.load(12), i32.store(work.weights)],
        [increase(at.to, 4), increase(at.place, placeBytes)],
      ),
      // What is next to the last two pairs are themselves.
      [0, 4, 16, 20].map((offset) => [
        get(at.place),
        increased(at.place, -2 * placeBytes),
        i32.load(offset),
        i32.store(offset),
      ]),
      [get(at.place), set(at.end), increased(at.work, work.places), set(at.place)],
      [increased(at.work, work.differences), set(at.difference), increased(at.work, work.contexts), set(at.context)],
      forBelow(
        at.place,
        at.end,
        2 * placeBytes,
        [
          get(at.asked),
          [2, 3].map((pair) => [0, 1].map((word) => [placeOf(pair * words + word), i32.load(), i32.add])),
        ],
        set(at.asked),
        [placeOf(0), set(at.a), placeOf(1), set(at.b), placeOf(words), set(at.a2), placeOf(words + 1), set(at.b2)],
        [get(at.difference), set(at.to)],
        twoRows(
          plan.rowBytes,
          work.differenceStride,
          (row, offset) => [rowRead(firsts, row, offset), rowRead(seconds, row, offset), f32x4.subtract],
          [...firsts, ...seconds],
        ),
        contexts
          ? [
              [placeOf(2), set(at.a), placeOf(words + 2), set(at.a2), get(at.context), set(at.to)],
              twoRows(plan.contextBytes, work.contextStride, (row, offset) => rowRead(firsts, row, offset), firsts),
              increase(at.context, 2 * work.contextStride),
            ]
          : [],
        increase(at.difference, 2 * work.differenceStride),
      ),
      // Kept, so that no compiler takes what was asked for as needless.
      [get(at.work), get(at.asked), i32.store(work.asked)],
    ],
  }
}

/** Loss and gradients of what was loaded. Arguments: work, count, the step's scalars, the part's gradients. */
export function workKernel(plan: PairStepsPlan): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['work', 'count', 'scalars', 'gradients'], { i32: [], f32: [], v128: [] })
  const { work, parameters, contexts } = plan
  const [differences, contextRows] = [increased(at.work, work.differences), increased(at.work, work.contexts)]
  const [leads, logits] = [increased(at.work, work.leads), increased(at.work, work.logits)]
  const weights = (distance: number): Code => i32.constant(parameters.address + distance)
  const none = i32.constant(0)
  const count = get(at.count)
  return {
    ...declared,
    body: [
      [differences, weights(0), none, leads, count, call(place('leads'))],
      contexts
        ? [contextRows, weights(parameters.router), weights(parameters.bias), logits, count, call(place('logits'))]
        : [],
      [get(at.work), count, get(at.scalars), increased(at.gradients, parameters.size), call(place('slopes'))],
      [differences, leads, get(at.gradients), none, count, call(place('leadGradients'))],
      contexts
        ? [
            [contextRows, logits, increased(at.gradients, parameters.router)],
            [increased(at.gradients, parameters.bias), count, call(place('logitGradients'))],
          ]
        : [],
    ],
  }
}

/**
 * Adds the parts' gradients and losses, and takes a step of Adam with decay:
 *
 *     m ← β₁ m + g,   v ← β₂ v + g²,   p ← p − rate (factor m/(√v + offset) + decay p)
 *
 * Arguments: the step's scalars, the number of parts, the address of its loss.
 */
export function updateKernel(plan: PairStepsPlan): kernels.WasmFunction {
  const { at, ...declared } = namedLocals(['scalars', 'parts', 'loss'], {
    i32: ['end', 'part', 'stop', 'to'],
    f32: [],
    v128: ['g', 'm', 'v', 'p', 'factor', 'offset', 'rate'],
  })
  const { gradients, parameters } = plan
  const scalar = (name: 'factor' | 'offset' | 'rate'): Code => [
    [get(at.scalars), f32x4.loadSplat(stepScalars[name]), set(at[name])],
  ]
  /** Σ over the parts of what lies at a distance, to `g`. */
  const addParts = (distance: Code): Code => [
    [f32x4.constant(0), set(at.g), distance, i32.constant(gradients.address), i32.add, set(at.part)],
    [times(at.parts, gradients.stride), get(at.part), i32.add, set(at.stop)],
    forBelow(at.part, at.stop, gradients.stride, [get(at.g), get(at.part), f32x4.load(), f32x4.add, set(at.g)]),
  ]
  const grown = (local: number, from: number, decay: number, by: Code): Code => [
    [get(at.to), i32.constant(from), i32.add, f32x4.load(), f32x4.constant(decay), f32x4.multiply],
    [by, f32x4.add, set(local)],
    [get(at.to), i32.constant(from), i32.add, get(local), f32x4.store()],
  ]
  const held = (from: number): Code => [get(at.to), i32.constant(from), i32.add, f32x4.load()]
  return {
    ...declared,
    body: [
      [scalar('factor'), scalar('offset'), scalar('rate')],
      [i32.constant(0), set(at.to), i32.constant(parameters.size), set(at.end)],
      forBelow(
        at.to,
        at.end,
        16,
        addParts(get(at.to)),
        grown(at.m, plan.first, plan.beta1, get(at.g)),
        grown(at.v, plan.second, plan.beta2, [get(at.g), get(at.g), f32x4.multiply]),
        [held(parameters.address), set(at.p)],
        [get(at.m), get(at.v), f32x4.root, get(at.offset), f32x4.add, f32x4.divide, get(at.factor), f32x4.multiply],
        [get(at.p), held(plan.decay), f32x4.multiply, f32x4.add, get(at.rate), f32x4.multiply, set(at.g)],
        [get(at.to), i32.constant(parameters.address), i32.add],
        [get(at.p), get(at.g), f32x4.subtract, f32x4.store()],
      ),
      addParts(i32.constant(parameters.size)),
      [get(at.loss), [0, 1, 2, 3].map((lane) => [get(at.g), f32x4.lane(lane), lane === 0 ? [] : f32.add]), f32.store()],
    ],
  }
}
