import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, noBrowser } from './browser.fixture.ts'
import { contrasts, focused, pageContrasts, tabTo } from './legibility.fixture.ts'
import { type StartedServer, startServer } from './server.fixture.ts'

let server: StartedServer
let browser: Browser
/** What pages complained of. */
const complaints: string[] = []
const patience = { timeout: 60_000 }
/** For the methods that a first start fits in the background. */
const fitting = { timeout: 400_000, interval: 500 }

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, baseURL: server.address, ...options })
  page.setDefaultTimeout(60_000)
  page.setDefaultNavigationTimeout(60_000)
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(path)
  return page
}

async function api<Answer>(path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${server.address}/v1${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  return response.json() as Promise<Answer>
}

interface List {
  readonly items: readonly {
    readonly id: string
    readonly title: string
    readonly score: number
    readonly reasons?: readonly { readonly title: string; readonly weight: number }[]
  }[]
}

const recommended = (kind: string, whom: object): Promise<List> =>
  api(`/recommenders/eurovision-songs-${kind}/recommend`, { count: 10, explain: 3, ...whom })

const listOf = (page: Page, kind: string) => page.locator(`.list[data-method="${kind}"]`)
const titles = (page: Page, kind: string): Promise<readonly string[]> =>
  listOf(page, kind).locator('.item-title').allTextContents()
const titlesIn = (list: List): readonly string[] => list.items.map(({ title }) => title)

/** Waits until a method’s list on the page is the one that the server gives. */
async function shows(page: Page, kind: string, whom: object): Promise<void> {
  const expected = titlesIn(await recommended(kind, whom))
  expect(expected).toHaveLength(10)
  await expect.poll(() => titles(page, kind), patience).toEqual(expected)
}

const soldi = '2019 Italy: Soldi – Mahmood'
const euphoria = '2012 Sweden: Euphoria – Loreen'
const own = (...ids: readonly string[]): string =>
  `/recommend?mode=own${ids.map((id) => `&pick=${encodeURIComponent(id)}`).join('')}`

describe.skipIf(noBrowser !== '')(`recommendations in a browser${noBrowser}`, { timeout: 240_000 }, () => {
  beforeAll(async () => {
    server = await startServer()
    browser = await launchBrowser()
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  }, 60_000)

  it('says what it waits for, and follows by itself until every shipped method is there', async () => {
    const page = await open('/recommend')
    const names = page.locator('.methods-shown label')
    await page.locator('.empty, .methods-shown').first().waitFor()
    await expect
      .poll(() => names.allTextContents(), fitting)
      .toEqual([
        'Popularity',
        'Item neighbours',
        'EASE',
        'Alternating least squares',
        'Bayesian personalised ranking',
        'LightGCN',
      ])
    await expect.poll(() => page.locator('.recommended').count(), patience).toBe(4)
    expect(await page.getByText(/^MIRoVision: J\. A\. Burgoyne/).isVisible()).toBe(true)
    expect(complaints).toEqual([])
    await page.close()
    const shopIsThere = async (): Promise<number> => {
      const { recommenders } = await api<{ recommenders: { state: string }[] }>('/recommenders')
      return recommenders.filter(({ state }) => state === 'ready').length
    }
    await expect.poll(shopIsThere, fitting).toBe(12)
  }, 900_000)

  it('shows what methods give somebody, with the reasons that the server has', async () => {
    const user = 'Sweden, televote'
    const page = await open(`/recommend?user=${encodeURIComponent(user)}`)
    await shows(page, 'ease', { user })
    await shows(page, 'popularity', { user })
    const [first] = (await recommended('ease', { user })).items
    const shares = (first?.reasons ?? []).map(({ title, weight }) => {
      const share = Math.round((100 * weight) / (first?.score ?? Number.NaN))
      return `${title}${share}%`
    })
    expect(shares.length).toBeGreaterThan(0)
    expect(
      await listOf(page, 'ease').locator('.recommended > li').first().locator('.why li').allTextContents(),
    ).toEqual(shares)
    // Counted from the table of votes: a Swedish televote has put 28 songs among its best three.
    await page.getByText('chose 28').waitFor()
    await page.getByLabel('Find who chose').fill('norway, j')
    await page.getByRole('button', { name: /^Norway, jury and/ }).click()
    await shows(page, 'light-gcn', { user: 'Norway, jury and televote' })
    expect(complaints).toEqual([])
    await page.close()
  })

  it('follows a history as it is put together, undone and taken from the lists, and keeps it in the address', async () => {
    const page = await open('/recommend?mode=own')
    await shows(page, 'ease', { history: [] })
    const search = page.getByLabel('Find what to take')
    await search.fill('mahmood')
    await page
      .locator('.results')
      .getByRole('button', { name: /^Soldi/ })
      .click()
    await shows(page, 'ease', { history: [soldi] })
    await search.fill('euphoria')
    await expect.poll(() => page.locator('.results button').count(), patience).toBe(1)
    await search.press('Enter')
    await shows(page, 'ease', { history: [soldi, euphoria] })
    expect(await titles(page, 'ease')).not.toContain('Soldi')
    expect(new URL(page.url()).searchParams.getAll('pick')).toEqual([soldi, euphoria])

    const [best] = (await recommended('item-neighbours', { history: [soldi, euphoria] })).items
    await listOf(page, 'item-neighbours')
      .getByRole('button', { name: `Take ${best?.title}` })
      .click()
    await shows(page, 'item-neighbours', { history: [soldi, euphoria, best?.id] })
    await page.getByRole('button', { name: 'Drop Soldi' }).click()
    await shows(page, 'ease', { history: [euphoria, best?.id] })
    const undo = page.getByRole('button', { name: /^Undo/ })
    await undo.click()
    await undo.click()
    await shows(page, 'item-neighbours', { history: [soldi, euphoria] })

    await page.reload()
    await shows(page, 'ease', { history: [soldi, euphoria] })
    expect(await page.locator('.history li > span').allTextContents()).toEqual(['Euphoria', 'Soldi'])
    expect(await undo.isDisabled()).toBe(true)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('makes a history of somebody’s, to be changed', async () => {
    const user = 'Sweden, televote'
    const page = await open(`/recommend?user=${encodeURIComponent(user)}`)
    await page.getByRole('button', { name: 'Change this history' }).click()
    const { history } = await api<{ history: { id: string }[] }>(
      `/recommenders/eurovision-songs-ease/users/${encodeURIComponent(user)}`,
    )
    await shows(page, 'ease', { history: history.map(({ id }) => id) })
    await page.close()
  })

  it('re-ranks by the slider, and marks its place on the measured curve', async () => {
    const user = 'Sweden, televote'
    const page = await open(`/recommend?user=${encodeURIComponent(user)}&method=eurovision-songs-ease`)
    await shows(page, 'ease', { user })
    const slider = page.getByRole('slider', { name: 'Fairness' })
    const ring = page.locator('.trade-curve .here circle')
    await ring.first().waitFor()
    const placeOf = async () => Number(await ring.first().getAttribute('cx'))
    const before = await placeOf()
    await slider.focus()
    await page.keyboard.press('End')
    await shows(page, 'ease', { user, rerank: { fairness: 2, candidates: 10 } })
    expect(titlesIn(await recommended('ease', { user, rerank: { fairness: 2, candidates: 10 } }))).not.toEqual(
      titlesIn(await recommended('ease', { user })),
    )
    // Fairer is further right.
    await expect.poll(placeOf, patience).toBeGreaterThan(before + 20)
    const { points } = await api<{ points: { recall: number; gini: number; coverage: number }[] }>(
      '/recommenders/eurovision-songs-ease/curve?over=fairness&count=10&weights=0,2',
    )
    const [plain, fair] = points
    const row = page.locator('.here-now tbody tr').first()
    const texts = await row.locator('td').allTextContents()
    expect(texts[0]).toBe(`${fair?.recall.toFixed(3)} from ${plain?.recall.toFixed(3)}`)
    expect(texts[1]).toBe(`${(1 - (fair?.gini ?? 0)).toFixed(2)} from ${(1 - (plain?.gini ?? 0)).toFixed(2)}`)
    expect(fair?.coverage).toBeGreaterThan(2 * (plain?.coverage ?? 1))

    await page.getByText('Diversity', { exact: true }).click()
    const diversity = page.getByRole('slider', { name: 'Diversity' })
    await shows(page, 'ease', { user })
    await diversity.focus()
    for (let step = 0; step < 5; step++) await page.keyboard.press('ArrowRight')
    await shows(page, 'ease', { user, rerank: { diversity: 0.5, candidates: 10 } })
    expect(complaints).toEqual([])
    await page.close()
  })

  it('says that the shop is simulated, and shows its goods', async () => {
    const page = await open('/recommend')
    await page.getByLabel('From').selectOption({ label: 'A simulated shop' })
    await page.getByText(/^Simulated: 600 customers who do not exist/).waitFor()
    await page.getByText('Customer 1', { exact: true }).waitFor()
    await expect.poll(() => page.locator('.recommended').count(), patience).toBe(4)
    await page.close()
  })

  it('says what went wrong, what is missing, and which method could not be fitted', async () => {
    const page = await open('/recommend')
    await page.route('**/v1/recommenders', (route) => route.fulfill({ json: { recommenders: [] } }))
    await page.reload()
    await page.getByText('Nothing to recommend from yet').waitFor()
    await page.unroute('**/v1/recommenders')
    // It looks again by itself.
    await expect.poll(() => page.locator('.recommended').count(), patience).toBe(4)
    await page.route('**/v1/recommenders/*/recommend', (route) => route.abort())
    await page.getByRole('button', { name: /^Albania, jury \d/ }).click()
    await page.getByRole('alert').first().waitFor()
    await page.unroute('**/v1/recommenders/*/recommend')
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await expect.poll(() => page.getByRole('alert').count(), patience).toBe(3)
    complaints.length = 0

    await api('/recommenders', {
      name: 'z',
      kind: 'ease',
      title: 'Z',
      data: { from: 'signals', filter: { sources: ['no'] } },
    })
    await page.goto('/recommend?from=z')
    await page.getByText('It could not be fitted: there are no interactions to learn from').waitFor()
    await fetch(`${server.address}/v1/recommenders/z`, { method: 'DELETE' })
    expect(complaints).toEqual([])
    await page.close()
  })

  it('is reached and used by keys alone', async () => {
    const page = await open(own(soldi))
    await shows(page, 'ease', { history: [soldi] })
    await page.getByLabel('Find what to take').focus()
    await tabTo(page, '×')
    expect(await focused(page)).toMatchObject({ visible: true })
    await page.keyboard.press('Enter')
    await shows(page, 'ease', { history: [] })
    await page.close()
  })

  const pages = ['/recommend?from=simulated-shop&aim=diversity&step=4', own(soldi, euphoria)]

  it.each(['light', 'dark'] as const)('has text that can be read in the %s theme: WCAG AA', async (colorScheme) => {
    const page = await open('/recommend?step=4', { colorScheme })
    await page.locator('.trade-curve .here circle').first().waitFor()
    await page.locator('.why').first().waitFor()
    const weak = [...(await contrasts(page)), ...(await pageContrasts(page, pages))]
      .filter(({ ratio, needed }) => ratio < needed)
      .map(({ text, ratio }) => `${ratio.toFixed(2)}: ${text}`)
    expect(weak).toEqual([])
    await page.close()
  })

  it('fits a phone of 360 pixels without scrolling sideways', async () => {
    const page = await open('/recommend', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    const wide: string[] = []
    // Lists that are on their way lie beside each other too.
    await page.route('**/v1/recommenders/*/recommend', () => {})
    await page.goto('/recommend')
    await page.locator('.list .loading').last().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await page.unroute('**/v1/recommenders/*/recommend')
    for (const path of ['/recommend?step=3', ...pages]) {
      await page.goto(path)
      await page.locator('.here-now').waitFor()
      await page.locator('.recommended').first().waitFor()
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 360) wide.push(`${path}: ${width}`)
    }
    expect(wide).toEqual([])
    await page.close()
  })
})
