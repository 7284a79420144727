import * as Plot from '@observablehq/plot'
import { useEffect, useRef, useState } from 'react'
import { type PeopleMap, type Person, personAddress } from '../api/people.ts'
import { navigate } from '../ui/router.tsx'
import { apart, axisName } from './axes.ts'

/** Colours of clusters, by style: the two sides of a preference first. */
export const clusterColour = (cluster: number): string => `var(--cluster-${(cluster % 6) + 1})`

const margin = { left: 24, right: 14, top: 26, bottom: 40 }
const character = 6.4

interface Extent {
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
}

/** What the map must hold, with a twentieth around it; both axes have one scale. */
function extentOf(people: PeopleMap): Extent {
  const along = (of: 'x' | 'y'): readonly [number, number] => {
    const values = [...people.raters, ...people.groups].map((one) => one[of])
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const beyond = (high - low || 1) * 0.05
    return [low - beyond, high + beyond]
  }
  return { x: along('x'), y: along('y') }
}

export interface TasteMapProps {
  readonly people: PeopleMap
  /** The rater that is ringed. */
  readonly shown?: string | undefined
  /** Only these are bright. */
  readonly bright: (person: Person) => boolean
}

/** Every rater as a dot, alike tastes near each other; a dot leads to the rater's page. */
export default function TasteMap({ people, shown, bright }: TasteMapProps) {
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!host.current) return
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watcher.observe(host.current)
    return () => watcher.disconnect()
  }, [])
  useEffect(() => {
    if (!host.current || width === 0) return
    const extent = extentOf(people)
    const inner = width - margin.left - margin.right
    const perUnit = inner / (extent.x[1] - extent.x[0])
    const drawn = Math.max(180, Math.min(600, (extent.y[1] - extent.y[0]) * perUnit))
    const height = drawn + margin.top + margin.bottom
    const pixel = { x: (x: number) => x * perUnit, y: (y: number) => (-y * drawn) / (extent.y[1] - extent.y[0]) }
    const labels = apart(
      people.groups.map((group) => ({ text: group.name, x: pixel.x(group.x), y: pixel.y(group.y), group })),
      character,
      15,
    )
    const radius = people.raters.length > 400 ? 2.6 : 4
    const figure = Plot.plot({
      width,
      height,
      marginLeft: margin.left,
      marginRight: margin.right,
      marginTop: margin.top,
      marginBottom: margin.bottom,
      ariaLabel: 'Map of tastes',
      style: { background: 'none', color: 'var(--ink-soft)', fontFamily: 'var(--sans)', fontSize: '13px' },
      x: {
        domain: [...extent.x],
        ticks: [],
        label: `${axisName(people.map.axes[0], people.columns)} →`,
        labelAnchor: 'right',
      },
      y: { domain: [...extent.y], ticks: [], label: `↑ ${axisName(people.map.axes[1], people.columns)}` },
      marks: [
        Plot.ruleX([0], { stroke: 'var(--line)' }),
        Plot.ruleY([0], { stroke: 'var(--line)' }),
        Plot.dot(people.raters, {
          x: 'x',
          y: 'y',
          r: radius,
          fill: (person: Person) => clusterColour(person.cluster),
          fillOpacity: (person: Person) => (bright(person) ? 0.75 : 0.12),
          href: (person: Person) => personAddress(people.source, person.id),
          channels: {
            who: { value: (person: Person) => person.name, label: 'Who' },
            choices: { value: (person: Person) => person.choices, label: 'Choices' },
          },
          tip: {
            fill: 'var(--surface)',
            stroke: 'var(--line-strong)',
            format: { x: false, y: false, fill: false, fillOpacity: false, href: false, who: true, choices: true },
          },
        }),
        Plot.text(labels, {
          x: ({ group }) => group.x,
          y: ({ group }) => group.y,
          text: 'text',
          fill: 'var(--ink)',
          stroke: 'var(--page)',
          strokeWidth: 4,
          fontSize: 12,
          fontWeight: 600,
          pointerEvents: 'none',
        }),
        Plot.dot(
          people.raters.filter(({ id }) => id === shown),
          { x: 'x', y: 'y', r: radius + 4, stroke: 'var(--ink)', strokeWidth: 2, pointerEvents: 'none' },
        ),
      ],
    })
    // The list below is the way for keys; hundreds of stops in a picture are none.
    for (const link of figure.querySelectorAll('a')) link.setAttribute('tabindex', '-1')
    host.current.append(figure)
    return () => figure.remove()
  }, [people, width, shown, bright])
  useEffect(() => {
    const element = host.current
    if (!element) return
    const follow = (event: MouseEvent): void => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
      const link = event.target instanceof Element ? event.target.closest('a') : null
      // A press redraws the tip beneath the pointer, so that the click is often the picture's: whom it pointed at counts.
      const pointed = (element.firstElementChild as { readonly value?: Person | null } | null)?.value
      const href = pointed ? personAddress(people.source, pointed.id) : link?.getAttribute('href')
      if (!href) return
      event.preventDefault()
      navigate(href)
    }
    element.addEventListener('click', follow)
    return () => element.removeEventListener('click', follow)
  }, [people])
  return <div ref={host} className="taste-map" aria-hidden="true" />
}
