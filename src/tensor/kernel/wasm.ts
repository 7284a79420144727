/**
 * Writes WebAssembly modules: enough of the binary format (WebAssembly core specification 2.0, chapter 5, with the
 * threads proposal's shared memory) for loops over arrays with 128-bit vectors. A module imports one shared memory as
 * `env.memory`; its functions take whole numbers, mostly addresses, and return nothing.
 */

/** Bytes of instructions, nested as they were put together. */
export type Code = number | readonly Code[]

/** The type of a local variable: an address or count, a single number, or four of them. */
export type Local = 'i32' | 'f32' | 'v128'

export interface WasmFunction {
  /** How many i32 parameters come before the locals. */
  readonly parameters: number
  readonly locals: readonly Local[]
  readonly body: Code
}

const localTypes: Readonly<Record<Local, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b }

/** A whole number from 0 to 2³² − 1 in LEB128. */
function unsigned(number: number): number[] {
  const bytes: number[] = []
  let rest = number
  do {
    const byte = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? byte : byte | 0x80)
  } while (rest !== 0)
  return bytes
}

/** A whole number of 32 bits with its sign in LEB128. */
function signed(number: number): number[] {
  const bytes: number[] = []
  let rest = number | 0
  for (;;) {
    const byte = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

function flat(code: Code): number[] {
  const bytes: number[] = []
  const visit = (part: Code): void => {
    if (typeof part === 'number') bytes.push(part)
    else part.forEach(visit)
  }
  visit(code)
  return bytes
}

function floatBytes(number: number): number[] {
  return [...new Uint8Array(Float32Array.of(number).buffer)]
}

/** Memory is read and written at multiples of four bytes. */
const aligned = 2
const vectorOp = (code: number): Code => [0xfd, unsigned(code)]
const memoryOp =
  (code: Code) =>
  (offset = 0): Code => [code, aligned, unsigned(offset)]

// The instructions' codes are those of the specification's index of instructions.
export const get = (local: number): Code => [0x20, unsigned(local)]
export const set = (local: number): Code => [0x21, unsigned(local)]
export const tee = (local: number): Code => [0x22, unsigned(local)]

/** Instructions on addresses and counts. */
export const i32 = {
  constant: (number: number): Code => [0x41, signed(number)],
  load: memoryOp(0x28),
  store: memoryOp(0x36),
  isZero: 0x45,
  equals: 0x46,
  isAtLeast: 0x4f,
  add: 0x6a,
  subtract: 0x6b,
  multiply: 0x6c,
  divide: 0x6e,
  remainder: 0x70,
} as const

/** Instructions on words that threads share. What one thread wrote before a store is seen after a load of it. */
export const atomic = {
  load: memoryOp([0xfe, 0x10]),
  store: memoryOp([0xfe, 0x17]),
  /** Adds the number on the stack to a word, and leaves what the word was. */
  add: memoryOp([0xfe, 0x1e]),
  /** Wakes up to as many threads that wait at a word as the number on the stack says, and leaves how many there were. */
  notify: memoryOp([0xfe, 0x00]),
  /** Sleeps, for at most the time on the stack (i64, nanoseconds; negative: for ever), while a word is as expected. */
  wait: memoryOp([0xfe, 0x01]),
} as const

/** For ever, to {@link atomic.wait}. */
export const forever: Code = [0x42, 0x7f]
export const drop = 0x1a

/** Calls a function of the module by its place among them. */
export const call = (index: number): Code => [0x10, unsigned(index)]
/** Does the body where the number on the stack is not 0. */
export const when = (...body: readonly Code[]): Code => [0x04, 0x40, body, 0x0b]

/** Instructions on single numbers. */
export const f32 = {
  constant: (number: number): Code => [0x43, floatBytes(number)],
  load: memoryOp(0x2a),
  store: memoryOp(0x38),
  add: 0x92,
  multiply: 0x94,
} as const

/** Instructions on four numbers at once. */
export const f32x4 = {
  constant: (number: number): Code => [vectorOp(12), Array.from({ length: 4 }, () => floatBytes(number))],
  load: memoryOp(vectorOp(0)),
  store: memoryOp(vectorOp(11)),
  /** One number from memory, four times. */
  loadSplat: memoryOp(vectorOp(9)),
  negate: vectorOp(0xe1),
  root: vectorOp(0xe3),
  add: vectorOp(0xe4),
  subtract: vectorOp(0xe5),
  multiply: vectorOp(0xe6),
  divide: vectorOp(0xe7),
  absolute: vectorOp(0xe0),
  least: vectorOp(0xe8),
  most: vectorOp(0xe9),
  nearest: vectorOp(0x6a),
  isBelow: vectorOp(0x43),
  /** a · b + c, rounded once where the processor can. */
  multiplyAdd: vectorOp(0x105),
  /** The single number on the stack, four times. */
  splat: vectorOp(19),
  /** One of four numbers. */
  lane: (index: number): Code => [vectorOp(31), index],
} as const

/** Instructions on four whole numbers at once, or on their bits. */
export const i32x4 = {
  constant: (number: number): Code => [
    vectorOp(12),
    Array.from({ length: 4 }, () => [...new Uint8Array(Int32Array.of(number).buffer)]),
  ],
  and: vectorOp(78),
  or: vectorOp(80),
  /** Bits of the first where the third's are 1, of the second elsewhere. */
  choose: vectorOp(82),
  add: vectorOp(174),
  subtract: vectorOp(177),
  shiftLeft: vectorOp(171),
  /** With the sign. */
  shiftRight: vectorOp(172),
  toFloat: vectorOp(250),
  fromFloat: vectorOp(248),
} as const

/** A block that a branch leaves; branches count blocks and loops from the inside, from 0. */
export const block = (...body: readonly Code[]): Code => [0x02, 0x40, body, 0x0b]
/** A loop that a branch starts again; without a branch it ends. */
export const loop = (...body: readonly Code[]): Code => [0x03, 0x40, body, 0x0b]
export const branch = (depth: number): Code => [0x0c, unsigned(depth)]
export const branchIf = (depth: number): Code => [0x0d, unsigned(depth)]

/** For `index` from where it is to below `end`, both locals. Inside, depth 0 continues without adding `step`. */
export const forBelow = (index: number, end: number, step: number, ...body: readonly Code[]): Code =>
  block(
    loop([get(index), get(end), i32.isAtLeast, branchIf(1)], body, [
      get(index),
      i32.constant(step),
      i32.add,
      set(index),
      branch(0),
    ]),
  )

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items]
}

function sized(code: Code): Code {
  const bytes = flat(code)
  return [unsigned(bytes.length), bytes]
}

const section = (id: number, items: readonly Code[]): Code => [id, sized(vector(items))]
const text = (word: string): Code => vector([...Buffer.from(word)])

/** Locals of one type after another are written as one entry. */
function localEntries(locals: readonly Local[]): readonly Code[] {
  const runs: { type: Local; count: number }[] = []
  for (const type of locals) {
    const last = runs.at(-1)
    if (last?.type === type) last.count++
    else runs.push({ type, count: 1 })
  }
  return runs.map(({ type, count }) => [unsigned(count), localTypes[type]])
}

/** The largest memory of 32-bit addresses, in pages of 64 KiB. */
export const mostPages = 65_536

/**
 * The bytes of a module whose functions are exported by their names.
 *
 * @param pages the most that the imported memory may have
 */
export function wasmModule(
  functions: Readonly<Record<string, WasmFunction>>,
  pages = mostPages,
): Uint8Array<ArrayBuffer> {
  const listed = Object.entries(functions)
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(
        1,
        listed.map(([, { parameters }]) => [
          0x60,
          vector(Array.from({ length: parameters }, () => localTypes.i32)),
          vector([]),
        ]),
      ),
      section(2, [[text('env'), text('memory'), 2, 3, unsigned(1), unsigned(pages)]]),
      section(
        3,
        listed.map((_, index) => unsigned(index)),
      ),
      section(
        7,
        listed.map(([name], index) => [text(name), 0, unsigned(index)]),
      ),
      section(
        10,
        listed.map(([, { locals, body }]) => sized([vector(localEntries(locals)), body, 0x0b])),
      ),
    ]),
  )
}
