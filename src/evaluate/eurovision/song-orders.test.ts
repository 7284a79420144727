import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startRun } from '../../run/index.ts'
import { songOrders } from './song-orders.ts'

const folder = mkdtempSync(join(tmpdir(), 'penchant-orders-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('sets the rating scale beside Bradley–Terry for every contest since 1975, and they mostly agree', async () => {
  const orders = await songOrders(startRun({ folder }))
  expect(orders.map(({ year }) => year)).toEqual(
    Array.from({ length: 48 }, (_, k) => 1975 + k).filter((year) => year !== 2020),
  )
  for (const { year, songs, ratingScale, bradleyTerry, tau, sharedTopTen } of orders) {
    expect(ratingScale.every(Number.isFinite), `${year}`).toBe(true)
    // Pairs counted one by one.
    let [same, opposed, scaleTies, pairTies] = [0, 0, 0, 0]
    for (let i = 0; i < songs.length; i++)
      for (let j = 0; j < i; j++) {
        const x = Math.sign((ratingScale[i] as number) - (ratingScale[j] as number))
        const y = Math.sign((bradleyTerry[i] as number) - (bradleyTerry[j] as number))
        if (x * y > 0) same++
        else if (x * y < 0) opposed++
        if (x === 0) scaleTies++
        if (y === 0) pairTies++
      }
    const pairs = (songs.length * (songs.length - 1)) / 2
    expect(tau).toBeCloseTo((same - opposed) / Math.sqrt((pairs - scaleTies) * (pairs - pairTies)), 10)
    expect(tau, `${year}`).toBeGreaterThan(0.75)
    expect(sharedTopTen, `${year}`).toBeGreaterThanOrEqual(8)
  }
  // Jury and televote of 2022 both had Ukraine and the United Kingdom among their first; it won by far.
  const last = orders.at(-1)
  const first = (ratings: readonly number[] = []): string => last?.songs[ratings.indexOf(Math.max(...ratings))] ?? ''
  expect(first(last?.ratingScale)).toMatch(/^2022 Ukraine/)
  expect(first(last?.bradleyTerry)).toMatch(/^2022 Ukraine/)
})
