import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '../run/index.ts'
import {
  add,
  attention,
  compile,
  constant,
  exportOnnx,
  gelu,
  layerNorm,
  linear,
  mul,
  openOnnx,
  reshape,
  rmsNorm,
  rotary,
  rotaryTables,
  saveOnnx,
  silu,
  spec,
  split,
  type Tensor,
  type TensorValue,
  transpose,
  value,
} from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-export-'))
afterAll(() => rmSync(folder, { recursive: true }))

const random = seeded('export')
const normal = (...shape: number[]): TensorValue =>
  value(
    Float32Array.from({ length: shape.reduce((count, size) => count * size, 1) }, () => random.normal() * 0.5),
    shape,
  )
const parameters = {
  qkv: normal(8, 24),
  scale: normal(8),
  up: normal(8, 16),
  bias: normal(16),
  down: normal(16, 8),
}

/** A transformer block: every fused operator an exported model is likely to have. */
function block(
  { x, start }: { readonly x: Tensor; readonly start: Tensor },
  p: { readonly [K in keyof typeof parameters]: Tensor },
): { readonly hidden: Tensor; readonly pooled: Tensor } {
  const tables = rotaryTables(16, 4)
  const heads = split(linear(rmsNorm(x, { scale: p.scale }), p.qkv), 3, -1).map((part) =>
    transpose(reshape(part, ['batch', 5, 2, 4]), [0, 2, 1, 3]),
  )
  const [q, k, v] = heads as [Tensor, Tensor, Tensor]
  const turn = (part: Tensor): Tensor => rotary(part, { cos: constant(tables.cos), sin: constant(tables.sin) }, start)
  const mixed = reshape(transpose(attention(turn(q), turn(k), v, { causal: true }), [0, 2, 1, 3]), ['batch', 5, 8])
  const hidden = add(x, mixed)
  const inner = linear(layerNorm(hidden), p.up, p.bias)
  return { hidden, pooled: linear(mul(gelu(inner), silu(inner)), p.down) }
}

const options = {
  inputs: { x: spec(['batch', 5, 8]), start: spec([1], 'int64') },
  parameters,
  metadata: { title: 'block', licence: 'MIT' },
}
const x = normal(3, 5, 8)
const start = value(BigInt64Array.from([2n]))

const near = (found: ArrayLike<number | bigint>, expected: ArrayLike<number | bigint>, tolerance: number): void => {
  expect(found.length).toBe(expected.length)
  for (let i = 0; i < found.length; i++)
    expect(Math.abs(Number(found[i]) - Number(expected[i]))).toBeLessThan(tolerance)
}

describe('exported models', () => {
  it('keep names, open sizes, metadata and numbers', async () => {
    const reference = await (await compile(block, options))({ x, start })
    const path = join(folder, 'block.onnx')
    saveOnnx(path, block, options)
    const model = await openOnnx(path)
    expect(model.inputs).toEqual({
      x: { dtype: 'float32', shape: ['batch', 5, 8] },
      start: { dtype: 'int64', shape: [1] },
    })
    expect(model.outputs['pooled']).toEqual({ dtype: 'float32', shape: ['batch', 5, 8] })
    expect(model.metadata).toEqual({ title: 'block', licence: 'MIT' })
    const result = await model({ x, start })
    near(result['pooled']?.data ?? [], reference.pooled.data, 1e-5)
    await expect(model({ x: normal(1, 4, 8), start })).rejects.toThrow('declared as [batch, 5, 8]')
    await model.dispose()
  })

  it('use only standard operators when they are to be portable, with the same numbers', async () => {
    const fused = await openOnnx(exportOnnx(block, options))
    const bytes = exportOnnx(block, { ...options, portable: true })
    const names = new TextDecoder('latin1').decode(bytes)
    for (const own of ['FusedMatMul', 'RotaryEmbedding', 'SimplifiedLayerNormalization'])
      expect(names).not.toContain(own)
    const portable = await openOnnx(bytes)
    const [a, b] = [await fused({ x, start }), await portable({ x, start })]
    near(b['pooled']?.data ?? [], a['pooled']?.data ?? [], 1e-5)
    expect(() => exportOnnx(({ y }) => ({ y }), { inputs: { y: spec([1]) } })).toThrow('both an input and an output')
  })
})

const browser = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

describe('in a browser', () => {
  // Needs a real Chromium; set CHROMIUM to its path where it lies elsewhere.
  it.skipIf(!existsSync(browser))('exported models give the same numbers in onnxruntime-web', async () => {
    const expected = await (await compile(block, options))({ x, start })
    const dist = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url))
    const model = exportOnnx(block, options)
    const types: Readonly<Record<string, string>> = {
      '.mjs': 'text/javascript',
      '.js': 'text/javascript',
      '.wasm': 'application/wasm',
    }
    const server: Server = createServer((request, response) => {
      const name = (request.url ?? '/').slice(1)
      response.setHeader('content-type', types[/\.\w+$/.exec(name)?.[0] ?? ''] ?? 'text/html')
      if (name === '') response.end('<!doctype html><title>model</title><script src="/ort.wasm.min.js"></script>')
      else if (name === 'model.onnx') response.end(model)
      else if (/^ort[\w.-]+$/.test(name) && existsSync(dist + name)) response.end(readFileSync(dist + name))
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const chrome = await chromium.launch({ executablePath: browser, args: ['--no-sandbox'] })
    try {
      const page = await chrome.newPage()
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      const found = await page.evaluate(
        async ({ data, shape }) => {
          // The page's own script put the library there.
          const { ort } = globalThis as unknown as { readonly ort: typeof import('onnxruntime-web') }
          ort.env.wasm.numThreads = 1
          const session = await ort.InferenceSession.create('/model.onnx')
          const results = await session.run({
            x: new ort.Tensor('float32', Float32Array.from(data), shape),
            start: new ort.Tensor('int64', BigInt64Array.from([2n]), [1]),
          })
          return { names: session.outputNames, pooled: Array.from(results['pooled']?.data as Float32Array) }
        },
        { data: Array.from(x.data, Number), shape: [...x.shape] },
      )
      expect(found.names.toSorted()).toEqual(['hidden', 'pooled'])
      near(found.pooled, expected.pooled.data, 1e-5)
    } finally {
      await chrome.close()
      server.close()
    }
  })
})
