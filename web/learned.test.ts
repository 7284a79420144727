import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, noBrowser } from './browser.fixture.ts'
import { contrasts, focused, pageContrasts, tabTo } from './legibility.fixture.ts'
import { type StartedServer, startServer } from './server.fixture.ts'

let server: StartedServer
let browser: Browser
/** What pages complained of. */
const complaints: string[] = []
const patience = { timeout: 20_000 }

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, baseURL: server.address, ...options })
  page.setDefaultTimeout(50_000)
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(path)
  return page
}

async function api<Answer>(path: string): Promise<Answer> {
  return (await fetch(`${server.address}${path}`)).json() as Promise<Answer>
}

const mapIsThere = (page: Page): Promise<void> => page.locator('.taste-map circle').first().waitFor()
const dialIsThere = (page: Page): Promise<void> => page.locator('.ranking-by-wish li').first().waitFor()
const summaries = (page: Page): Promise<readonly string[]> =>
  page.locator('.ranking-by-wish .summary').allTextContents()

interface Candidates {
  readonly candidates: readonly { readonly text: string; readonly scores: readonly number[] }[]
  readonly choices: readonly { readonly chosen: number; readonly other: number }[]
}

describe.skipIf(noBrowser !== '')(`what was learned, in a browser${noBrowser}`, () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await launchBrowser()
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  }, 60_000)

  it('ranks candidates by the sliders at once, scored here as on the server, with no leave for the page', async () => {
    const page = await open('/dial')
    await dialIsThere(page)
    const { candidates, choices } = await api<Candidates>('/v1/models/opinion-summaries/candidates')
    const shelf = candidates.slice(0, 12)
    const by = (worth: (scores: readonly number[]) => number): readonly string[] =>
      shelf.toSorted((a, b) => worth(b.scores) - worth(a.scores)).map(({ text }) => text)
    expect(await summaries(page)).toEqual(shelf.map(({ text }) => text))
    await page.getByText(/Scored in this browser: 280 summaries in .* the same as on the server/).waitFor()

    const slider = page.getByRole('slider', { name: 'Language correctness' })
    await slider.scrollIntoViewIfNeeded()
    const box = await slider.boundingBox()
    if (!box) throw new Error('there is no slider')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 3 })
    // The order is there while the pointer is still down.
    await expect.poll(() => summaries(page), patience).toEqual(by((scores) => scores[6] ?? 0))
    await page.mouse.move(box.x + box.width, box.y + box.height / 2)
    await page.mouse.up()
    expect(await slider.inputValue()).toBe('1')
    const right = choices.filter(
      ({ chosen, other }) => (candidates[chosen]?.scores[6] ?? 0) > (candidates[other]?.scores[6] ?? 0),
    ).length
    expect(await page.locator('.agreement strong').textContent()).toBe(`${Math.round((100 * right) / 140)}%`)

    // The other way by keys: End is as far as it goes, Home as far from it.
    await page.getByRole('slider', { name: 'Conciseness' }).focus()
    await page.keyboard.press('Home')
    const opposed = by((scores) => (scores[6] ?? 0) - (scores[3] ?? 0))
    expect(opposed).not.toEqual(by((scores) => scores[6] ?? 0))
    await expect.poll(() => summaries(page), patience).toEqual(opposed)

    await page.getByRole('button', { name: 'Other products' }).click()
    await expect.poll(() => summaries(page), patience).not.toContain(shelf[0]?.text)
    expect(complaints).toEqual([])

    const policy = (await fetch(server.address)).headers.get('content-security-policy')
    expect(policy).toContain("script-src 'self';")
    const script = await page.evaluate(
      () => performance.getEntriesByType('resource').find(({ name }) => name.includes('onnx-scorer'))?.name,
    )
    const ofScorer = (await fetch(script ?? '')).headers.get('content-security-policy')
    expect(ofScorer).toBe("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'")
    await page.close()
  })

  it('leads from a dot of the map to what moves that person, and on to who is near', async () => {
    const page = await open('/people?source=cems')
    await mapIsThere(page)
    const dots = page.locator('.taste-map a')
    expect(await dots.count()).toBe(301)
    const link = dots.nth(150)
    const href = await link.getAttribute('href')
    const id = decodeURIComponent(href?.split('/').at(-1) ?? '')
    await link.click({ force: true })
    await page.locator('.nearest').waitFor()
    const shown = new URL(page.url()).pathname
    const who = decodeURIComponent(shown.split('/').at(-1) ?? '')
    // Where dots lie on each other, the uppermost is the one that is met.
    expect(await page.locator('h1').textContent()).toBe(who)
    expect(id).toMatch(/^cems\/\d+$/)
    const taste = await api<{
      columns: { name: string }[]
      effects: { value: number }[]
      reasons: { text: string }[]
      nearest: { name: string }[]
    }>(`/v1/people/${encodeURIComponent(who)}?source=cems`)
    const rows = page.locator('.tastes tbody tr')
    expect(await rows.locator('th').allTextContents()).toEqual(taste.columns.map(({ name }) => name))
    const first = Math.abs(taste.effects[0]?.value ?? 0).toFixed(2)
    expect(await rows.first().locator('.number').first().textContent()).toContain(first)
    expect(await page.locator('.reasons li').count()).toBe(taste.reasons.length)
    expect(await page.locator('.nearest a').allTextContents()).toEqual(taste.nearest.map(({ name }) => name))
    await page.locator('.nearest a').first().click()
    await expect.poll(() => page.locator('h1').textContent(), patience).toBe(taste.nearest[0]?.name)
    await page.getByRole('link', { name: 'People' }).last().click()
    await mapIsThere(page)
    expect(new URL(page.url()).searchParams.get('show')).toBe(taste.nearest[0]?.name)
    await page.close()
  })

  it('finds people by name and trait, and by keys alone', async () => {
    const page = await open('/people?source=cems')
    await mapIsThere(page)
    await page.getByLabel('Find a person').fill('cems/17')
    await expect.poll(() => page.locator('.everyone a').allTextContents(), patience).toContain('cems/170')
    expect(await page.locator('.everyone a').count()).toBe(11)
    await tabTo(page, 'cems/17')
    expect(await focused(page)).toMatchObject({ visible: true })
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('h1').textContent(), patience).toBe('cems/17')
    await page.goto('/people/cems/nobody')
    await page.getByText('“nobody” is not on this map').waitFor()
    await page.close()
  })

  it('says what is missing where no map can be drawn', async () => {
    const page = await open('/people?source=ice-hockey')
    await page.getByText('No map of tastes can be drawn').waitFor()
    await page.getByText(/needs at least 3 people/).waitFor()
    await page.close()
  })

  const pages = ['/people/cems/cems%2F1', '/people?source=ice-hockey', '/dial']

  it.each(['light', 'dark'] as const)('has text that can be read in the %s theme: WCAG AA', async (colorScheme) => {
    const page = await open('/people?source=cems', { colorScheme })
    await mapIsThere(page)
    const weak = [...(await contrasts(page)), ...(await pageContrasts(page, pages))]
      .filter(({ ratio, needed }) => ratio < needed)
      .map(({ text, ratio }) => `${ratio.toFixed(2)}: ${text}`)
    expect(weak).toEqual([])
    await page.close()
  })

  it('fits a phone of 360 pixels without scrolling sideways', async () => {
    const page = await open('/people?source=cems', {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    })
    await mapIsThere(page)
    const wide: string[] = []
    for (const path of ['/people?source=cems', ...pages]) {
      await page.goto(path)
      await page.waitForLoadState('networkidle')
      if (path === '/dial') await dialIsThere(page)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 360) wide.push(`${path}: ${width}`)
    }
    expect(wide).toEqual([])
    await page.close()
  })
})
