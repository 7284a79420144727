/**
 * Numbers between −1 and 1 that NumPy makes alike, [rows, width]: each is a hash of its place, the top 24 bits of a
 * multiplied and shifted 32-bit word (the finaliser of MurmurHash3).
 */
export function factorTable(rows: number, width: number, seed: number): Float32Array {
  return Float32Array.from({ length: rows * width }, (_, place) => {
    let word = (place + Math.imul(seed, 0x9e3779b9)) | 0
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return ((word ^ (word >>> 16)) >>> 8) / 2 ** 23 - 1
  })
}
