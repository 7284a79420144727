import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { value } from './graph/value.ts'
import { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Bytes written by the Python package safetensors 0.8: w float32, h bfloat16, f float16, i int64, b bool. */
const reference =
  'OAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJpIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJ3Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNldHMiOlsxNiwzMl19LCJoIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzMyLDM2XX0sImYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlszNiwzOF19LCJiIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzM4LDQwXX19ICAHAAAAAAAAAP//////////AACAPwAAAEAAAEBAAACQwAA/AMAAPgEA'

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('safetensors', () => {
  it('reads what the reference writer wrote', async () => {
    const tensors = await readSafetensors(file('reference.safetensors', Buffer.from(reference, 'base64')))
    expect(tensors['w']).toEqual(value(Float32Array.from([1, 2, 3, -4.5]), [2, 2]))
    expect(tensors['h']).toEqual(value(Float32Array.from([0.5, -2])))
    // 1.5 in half precision is 0x3e00.
    expect(tensors['f']).toEqual(value(Uint16Array.from([0x3e00])))
    expect(tensors['i']).toEqual(value(BigInt64Array.from([7n, -1n])))
    expect(tensors['b']).toEqual(value(Uint8Array.from([1, 0]), [2], 'bool'))
  })

  it('reads one tensor, some of its rows, and converts on request', async () => {
    const checkpoint = await openSafetensors(file('one.safetensors', Buffer.from(reference, 'base64')))
    expect(checkpoint.names.toSorted()).toEqual(['b', 'f', 'h', 'i', 'w'])
    expect(checkpoint.metadata).toEqual({ format: 'pt' })
    expect(checkpoint.shape('w')).toEqual([2, 2])
    expect(await checkpoint.readRows('w', 1, 2)).toEqual(value(Float32Array.from([3, -4.5]), [1, 2]))
    expect((await checkpoint.read('f', 'float32')).data[0]).toBe(1.5)
    await expect(checkpoint.read('v')).rejects.toThrow('has no tensor "v"; it has i, w, h, f, b')
    await expect(checkpoint.readRows('w', 1, 3)).rejects.toThrow('leave its 2 rows')
  })

  it('gives back what it wrote, aligned, whole or in shards', async () => {
    const tensors = {
      flags: value(Uint8Array.from([1, 0, 1]), [3], 'bool'),
      a: value(Float32Array.from([1, 2, 3, 4]), [2, 2]),
      b: value(Float64Array.from([Math.PI]), []),
      empty: value(new Float32Array(0), [0, 4]),
    }
    const whole = join(folder, 'deep', 'whole.safetensors')
    expect(await writeSafetensors(whole, tensors)).toEqual([whole])
    expect(await readSafetensors(whole)).toEqual(tensors)
    const header = JSON.parse(
      new TextDecoder().decode(readFileSync(whole).subarray(8, 8 + Number(readFileSync(whole).readBigUInt64LE(0)))),
    )
    expect(header.b.data_offsets).toEqual([0, 8])

    const sharded = join(folder, 'sharded', 'model.safetensors')
    const files = await writeSafetensors(sharded, tensors, { shardBytes: 16 })
    expect(files.length).toBe(4)
    expect(existsSync(sharded)).toBe(false)
    expect(await readSafetensors(join(folder, 'sharded'))).toEqual(tensors)
  })

  it('says what is wrong with a file', async () => {
    const bytes = Buffer.from(reference, 'base64')
    await expect(openSafetensors(file('short', bytes.subarray(0, 5)))).rejects.toThrow(
      'has 5 bytes, expected at least 8',
    )
    await expect(openSafetensors(file('cut', bytes.subarray(0, bytes.length - 1)))).rejects.toThrow('"b" ends at byte')
    const lying = Buffer.from(bytes.toString('latin1').replace('"shape":[2,2]', '"shape":[2,3]'), 'latin1')
    await expect(openSafetensors(file('lying', lying))).rejects.toThrow('"w" (F32 [2, 3]) has 16 bytes, expected 24')
    const huge = Buffer.from(bytes)
    huge.writeBigUInt64LE(2n ** 40n)
    await expect(openSafetensors(file('huge', huge))).rejects.toThrow('its header would have')
  })

  it('does not follow an index out of its folder', async () => {
    const index = file('model.safetensors.index.json', Buffer.from('{"weight_map":{"w":"../secret.safetensors"}}'))
    await expect(openSafetensors(index)).rejects.toThrow('is not a file beside the index')
  })
})
