import type { TasteColumn } from '../api/people.ts'

/** A column counts as part of an axis from this share of the largest on. */
const counts = 0.4

/** What lies towards the end of an axis: the columns that it is made of, largest first, at most two. */
export function axisName(axis: readonly number[], columns: readonly Pick<TasteColumn, 'name'>[]): string {
  const largest = Math.max(0, ...axis.map(Math.abs))
  if (largest === 0) return ''
  return axis
    .map((weight, k) => ({ weight, name: columns[k]?.name ?? '' }))
    .filter(({ weight }) => Math.abs(weight) >= counts * largest)
    .toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, 2)
    .map(({ weight, name }) => (weight > 0 ? name : `less ${name}`))
    .join(', ')
}

/** How a cluster leans: its columns, in standard deviations of people's numbers, the largest first. */
export function leansOf(
  lean: readonly number[],
  columns: readonly Pick<TasteColumn, 'more' | 'less' | 'spread'>[],
  most = 3,
): readonly { readonly text: string; readonly size: number }[] {
  return lean
    .map((value, k) => {
      const { more = '', less = '', spread = 0 } = columns[k] ?? {}
      return { text: value > 0 ? more : less, size: spread > 0 ? Math.abs(value) / spread : 0 }
    })
    .filter(({ size }) => size >= 0.25)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, most)
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** A label where it would stand, in pixels. */
export interface Label {
  readonly text: string
  readonly x: number
  readonly y: number
}

/** The labels that do not stand on each other, those farthest out first, since the middle is where all are alike. */
export function apart<One extends Label>(labels: readonly One[], character: number, height: number): readonly One[] {
  if (labels.length === 0) return []
  const middle = (of: 'x' | 'y'): number => labels.reduce((sum, label) => sum + label[of], 0) / labels.length
  const [x, y] = [middle('x'), middle('y')]
  const taken: Box[] = []
  return labels
    .toSorted((a, b) => Math.hypot(b.x - x, b.y - y) - Math.hypot(a.x - x, a.y - y))
    .filter((label) => {
      const half = (label.text.length * character) / 2
      const box = {
        left: label.x - half,
        right: label.x + half,
        top: label.y - height / 2,
        bottom: label.y + height / 2,
      }
      const free = taken.every(
        (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
      )
      if (free) taken.push(box)
      return free
    })
}
