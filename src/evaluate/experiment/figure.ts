import type * as Plot from '@observablehq/plot'

/** Colours that mean the same in every figure, told apart by colour-blind readers too (Okabe & Ito 2008). */
export const figureColors = {
  baseline: '#d55e00',
  method: '#0072b2',
  truth: '#333333',
  muted: '#8a8f98',
} as const

/** What a figure shows: the options of Observable Plot, and the words around the plot. */
export interface FigureSpec extends Omit<Plot.PlotOptions, 'document' | 'title' | 'subtitle' | 'caption' | 'figure'> {
  /** What the figure shows; wrapped. */
  readonly title: string
  /** How to read it; wrapped. */
  readonly subtitle?: string
  /** Where the data come from; wrapped. */
  readonly caption?: string
  /** Names of the colours used, shown in a row above the plot. */
  readonly legend?: readonly { readonly label: string; readonly color: string }[]
}

const fontFamily = 'system-ui, "Source Sans 3", "DejaVu Sans", Helvetica, sans-serif'
const edge = 16

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`)

/** Breaks a text at spaces so that no line is wider than a width, at an average of some ems per character. */
function wrapped(text: string, width: number, fontSize: number, perCharacter = 0.52): string[] {
  const limit = Math.max(20, Math.floor(width / (fontSize * perCharacter)))
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > limit) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

interface Line {
  readonly text: string
  readonly size: number
  readonly attributes: string
}

const svgLine = ({ text, size, attributes }: Line, baseline: number): string =>
  `<text x="${edge}" y="${baseline}" font-size="${size}" ${attributes}>${escaped(text)}</text>`

/**
 * Draws a figure as one self-contained SVG text: title, legend, plot and caption on a white ground.
 *
 * The plot is described by a function of Observable Plot, which is loaded when the first figure is drawn.
 *
 * @example
 * const svg = await plotSvg(({ dot }) => ({
 *   title: 'Rating and truth',
 *   width: 640,
 *   marks: [dot(models, { x: 'skill', y: 'rating', fill: figureColors.method })],
 * }))
 */
export async function plotSvg(describe: (plot: typeof Plot) => FigureSpec): Promise<string> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
  const { title, subtitle, caption, legend = [], ...options } = describe(plot)
  const width = options.width ?? 640
  const { document } = parseHTML('<html><body></body></html>')
  const drawn = plot.plot({
    ...options,
    width,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
  })
  if (drawn.tagName.toLowerCase() !== 'svg')
    throw new TypeError(`the plot "${title}" is not a single SVG; put colour names into legend instead of color.legend`)

  const head: Line[] = [
    ...wrapped(title, width - 2 * edge, 16, 0.62).map((text) => ({ text, size: 16, attributes: 'font-weight="600"' })),
    ...wrapped(subtitle ?? '', width - 2 * edge, 12).map((text) => ({
      text,
      size: 12,
      attributes: `fill="#555555"`,
    })),
  ]
  let y = edge
  const parts: string[] = []
  for (const line of head) {
    y += Math.round(line.size * 1.1)
    parts.push(svgLine(line, y))
    y += Math.round(line.size * 0.35)
  }
  if (legend.length > 0) {
    y += 18
    let x = edge
    for (const { label, color } of legend) {
      parts.push(`<rect x="${x}" y="${y - 9}" width="10" height="10" rx="2" fill="${escaped(color)}"/>`)
      parts.push(`<text x="${x + 15}" y="${y}" font-size="12">${escaped(label)}</text>`)
      x += 15 + Math.ceil(label.length * 6.6) + 18
    }
    y += 4
  }
  y += 8
  const height = Number(drawn.getAttribute('height'))
  const inner = drawn.outerHTML.replace(/^<svg /, `<svg xmlns="http://www.w3.org/2000/svg" x="0" y="${y}" `)
  parts.push(inner)
  y += height
  for (const text of wrapped(caption ?? '', width - 2 * edge, 11)) {
    y += 15
    parts.push(svgLine({ text, size: 11, attributes: `fill="${figureColors.muted}"` }, y))
  }
  y += edge
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" ` +
    `font-family="${escaped(fontFamily)}" color="#222222" fill="#222222" role="img" aria-label="${escaped(title)}">` +
    `<rect width="${width}" height="${y}" fill="#ffffff"/>${parts.join('')}</svg>\n`
  )
}
