import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { figureColors, plotSvg } from './figure.ts'

const svg = await plotSvg(({ dot }) => ({
  title: 'Skill & <rating>',
  subtitle:
    'A sentence that is long enough that it has to go on in a second line below the title of this small figure.',
  caption: 'Three numbers.',
  legend: [{ label: 'Method', color: figureColors.method }],
  width: 400,
  height: 200,
  marks: [
    dot(
      [
        [0, 0],
        [1, 1],
        [2, 4],
      ],
      { fill: figureColors.method },
    ),
  ],
}))

describe('plotSvg', () => {
  it('draws a self-contained picture with a dot per row, a title, a legend and a caption', () => {
    expect(svg.match(/<circle/g)).toHaveLength(3)
    expect(svg).toContain('Skill &#38; &#60;rating&#62;')
    expect(svg).toContain(`fill="${figureColors.method}"`)
    expect(svg).toContain('>Method<')
    expect(svg).toContain('Three numbers.')
    expect(svg).not.toMatch(/(href|src)=/)
  })

  it('is as high as its parts, and an image program can read it', async () => {
    const [, height] = /viewBox="0 0 400 (\d+)"/.exec(svg) ?? []
    expect(Number(height)).toBeGreaterThan(260)
    const { width, height: rendered, channels } = await sharp(Buffer.from(svg)).metadata()
    expect([width, rendered, channels]).toEqual([400, Number(height), 4])
    // The dots are there: their colour is, beyond that of the legend's 100 pixels.
    const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    let blue = 0
    for (let at = 0; at < data.length; at += 3)
      if (data[at] === 0 && data[at + 1] === 0x72 && data[at + 2] === 0xb2) blue++
    expect(blue).toBeGreaterThan(130)
  })

  it('draws the same text every time', async () => {
    const again = await plotSvg(({ dot }) => ({ title: 't', marks: [dot([[1, 2]])] }))
    expect(again).toBe(await plotSvg(({ dot }) => ({ title: 't', marks: [dot([[1, 2]])] })))
  })

  it('asks for a legend of its own where Plot would wrap the picture in HTML', async () => {
    const wrapped = plotSvg(({ dot }) => ({
      title: 'colours',
      color: { legend: true },
      marks: [dot([{ x: 1, y: 1, kind: 'a' }], { x: 'x', y: 'y', fill: 'kind' })],
    }))
    await expect(wrapped).rejects.toThrow('the plot "colours" is not a single SVG')
  })
})
