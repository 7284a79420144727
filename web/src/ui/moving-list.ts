import { type RefObject, useLayoutEffect, useRef } from 'react'

const moveMs = 320

/**
 * A list whose rows go to their new places before one’s eyes when their order changes. Rows are told by `data-id`.
 *
 * @param order changes when the order does
 */
export function useMovingList(order: string): RefObject<HTMLOListElement | null> {
  const list = useRef<HTMLOListElement>(null)
  const places = useRef(new Map<string, number>())
  useLayoutEffect(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const next = new Map<string, number>()
    for (const row of list.current?.children ?? []) {
      if (!(row instanceof HTMLElement)) continue
      const { id = '' } = row.dataset
      next.set(id, row.offsetTop)
      const before = places.current.get(id)
      if (still || before === undefined || before === row.offsetTop) continue
      row.animate([{ transform: `translateY(${before - row.offsetTop}px)` }, { transform: 'none' }], {
        duration: moveMs,
        easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)',
      })
    }
    places.current = next
  }, [order])
  return list
}
