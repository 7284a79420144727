import { describe, expect, it } from 'vitest'
import { seeded } from '../../run/index.ts'
import { constant, type TensorValue, value } from '../../tensor/index.ts'
import { checkNet, distance, expected, fixture, numbersOf, whole } from '../checks.fixture.ts'
import { clipImages, clipLogits, clipLoss, clipTexts, initClip } from './clip.ts'
import { loadClip } from './clip-checkpoint.ts'
import { applyVision, fullVisionConfig, initVision, loadVision, visionHead } from './vision.ts'

const small = { size: 4, patch: 2, channels: 2, width: 6, layers: 1, heads: 2, hidden: 5, labels: 3 }

function normals(seed: string, ...shape: number[]): TensorValue {
  const random = seeded(seed)
  const count = shape.reduce((product, size) => product * size, 1)
  return value(
    Float64Array.from({ length: count }, () => random.normal()),
    shape,
  )
}

const pictures = ({ pixels = [] }: { readonly pixels?: number[] }): TensorValue =>
  value(Float32Array.from(pixels), [2, 3, 12, 12])

describe('vision transformer', () => {
  it('computes the logits of a checkpoint as PyTorch does', async () => {
    const { config, parameters } = await loadVision(fixture('vit'))
    const { logits = [] } = expected('vit')
    const pixels = constant(pictures(expected('vit')))
    const found = await numbersOf(parameters, (p) => visionHead(p, applyVision(p, pixels, config)))
    expect(config.labels).toBe(5)
    expect(distance(found, logits)).toBeLessThan(1e-4)
  })

  it('has the gradients that finite differences give', async () => {
    const parameters = initVision(seeded(1), small, 'float64')
    const check = await checkNet(
      parameters,
      (p, { pixels }) => (pixels ? visionHead(p, applyVision(p, pixels, small)) : []),
      { pixels: normals('pixels', 1, 2, 4, 4) },
    )
    expect(check.error).toBeLessThan(1e-5)
  })

  it('says what does not fit', async () => {
    expect(() => fullVisionConfig({ ...small, patch: 3 })).toThrow('patches of 3 pixels do not divide pictures of 4')
    const parameters = initVision(seeded(1), small)
    await expect(
      numbersOf(parameters, (p) => applyVision(p, constant(value(new Float32Array(24), [1, 2, 4, 3])), small)),
    ).rejects.toThrow('vision: pixels is [1, 2, 4, 3], expected [·, 2, 4, 4]')
  })
})

describe('clip', () => {
  it('computes the vectors and logits of a checkpoint as PyTorch does', async () => {
    const { config, parameters } = await loadClip(fixture('clip'))
    const { ids = [], images = [], texts = [], logits = [] } = expected('clip')
    const [pixels, tokens] = [constant(pictures(expected('clip'))), constant(whole(ids))]
    expect(distance(await numbersOf(parameters, (p) => clipImages(p, pixels, config)), images)).toBeLessThan(1e-4)
    expect(distance(await numbersOf(parameters, (p) => clipTexts(p, tokens, config)), texts)).toBeLessThan(1e-4)
    const found = await numbersOf(parameters, (p) =>
      clipLogits(p, clipImages(p, pixels, config), clipTexts(p, tokens, config)),
    )
    expect(distance(found, logits)).toBeLessThan(1e-4)
  })

  it('loses by hand what two pairs lose', async () => {
    // Of odds 3 1 over 2 4, the diagonal has 3/4 and 4/6 of its rows, 3/5 and 4/5 of its columns.
    const logits = value(Float64Array.from([3, 1, 2, 4].map(Math.log)), [2, 2])
    const [loss] = await numbersOf({}, () => clipLoss(constant(logits)))
    const rows = (Math.log(3 / 4) + Math.log(4 / 6)) / 2
    const columns = (Math.log(3 / 5) + Math.log(4 / 5)) / 2
    expect(loss).toBeCloseTo(-(rows + columns) / 2, 12)
  })

  it('has the gradients that finite differences give', async () => {
    const config = {
      shared: 3,
      text: { vocabulary: 5, positions: 4, width: 4, layers: 1, heads: 2, hidden: 3, end: 4 },
      vision: { size: 4, patch: 2, channels: 1, width: 4, layers: 1, heads: 1, hidden: 3 },
    }
    const parameters = initClip(seeded(2), config, 'float64')
    const tokens = constant(
      whole([
        [1, 4, 0],
        [2, 3, 4],
      ]),
    )
    const pixels = constant(normals('clip', 2, 1, 4, 4))
    const check = await checkNet(parameters, (p) =>
      clipLoss(clipLogits(p, clipImages(p, pixels, config), clipTexts(p, tokens, config))),
    )
    expect(check.error).toBeLessThan(1e-5)
  })
})
