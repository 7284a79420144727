import { expect, it } from 'vitest'
import { learningCurveSvg } from './learning-curve.ts'

it('draws a dot for every point and a dashed line for every level', async () => {
  const svg = await learningCurveSvg({
    title: 'A title',
    subtitle: 'below',
    caption: 'beneath',
    seen: 'Labels',
    method: 'ours',
    points: [0, 2, 5].map((seen) => ({ seen, value: 0.5 + seen / 20 })),
    domain: [0.4, 1],
    levels: [
      { label: 'theirs', value: 0.6, of: 'baseline' },
      { label: 'the best', value: 0.9, of: 'truth' },
    ],
  })
  expect(svg.match(/<circle/g)).toHaveLength(3)
  expect(svg.match(/stroke-dasharray="4 4"/g)).toHaveLength(2)
  for (const word of ['A title', 'Labels', 'Accuracy', 'ours', 'theirs', 'the best']) expect(svg).toContain(word)
})
