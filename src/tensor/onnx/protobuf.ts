import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/**
 * A protobuf message under construction: pieces of bytes and their total length. Nested messages share their pieces,
 * so weights are copied once, when the whole is joined; a plain `BinaryWriter` copies them once per level of nesting.
 * Only the dozen ONNX messages this project writes are laid out (in `model.ts`); the npm package with all of them
 * generated weighs 35 MB.
 */
export interface Message {
  readonly length: number
  readonly pieces: readonly Uint8Array[]
}

/** One field: number, then its encoded value. */
export type Field = Message

const piece = (bytes: Uint8Array): Message => ({ length: bytes.length, pieces: [bytes] })

/** A varint field; bigint for int64 beyond 2⁵³. */
export function integerField(number: number, value: number | bigint): Field {
  return piece(new BinaryWriter().tag(number, WireType.Varint).int64(BigInt(value)).finish())
}

export function floatField(number: number, value: number): Field {
  return piece(new BinaryWriter().tag(number, WireType.Bit32).float(value).finish())
}

export function bytesField(number: number, value: Uint8Array): Field {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(value.length).finish()
  return { length: head.length + value.length, pieces: [head, value] }
}

const encoder = new TextEncoder()

export function textField(number: number, value: string): Field {
  return bytesField(number, encoder.encode(value))
}

/** Repeated int64, packed. */
export function integersField(number: number, values: readonly (number | bigint)[]): Field {
  const writer = new BinaryWriter()
  for (const value of values) writer.int64(BigInt(value))
  return bytesField(number, writer.finish())
}

export function messageField(number: number, message: Message): Field {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(message.length).finish()
  return { length: head.length + message.length, pieces: [head, ...message.pieces] }
}

export function message(...fields: readonly (Field | readonly Field[])[]): Message {
  const flat = fields.flat()
  return {
    length: flat.reduce((sum, field) => sum + field.length, 0),
    pieces: flat.flatMap((field) => field.pieces),
  }
}

/** The bytes of a message. */
export function encode({ length, pieces }: Message): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of pieces) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
