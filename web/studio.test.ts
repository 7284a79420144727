import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, noBrowser } from './browser.fixture.ts'
import { contrasts, focused, pageContrasts, tabTo } from './legibility.fixture.ts'
import { type StartedServer, startServer } from './server.fixture.ts'
import { samples } from './src/import/guide.tsx'

/**
 * 30 students compare two cities: all 20 who study law prefer London, all 10 who study art prefer Paris. Together
 * London leads by 20 to 10; among art students Paris has every vote.
 */
const students = (london: unknown, paris: unknown) =>
  Array.from({ length: 30 }, (_, number) => ({
    kind: 'comparison',
    id: `choice-${number}`,
    rater: { id: `student-${number}`, kind: 'human', traits: { field: number < 20 ? 'law' : 'art' } },
    context: { id: 'cities', tags: ['where to live'], language: 'en' },
    time: Date.UTC(2024, number % 12, 1),
    source: 'cities',
    a: london,
    b: paris,
    outcome: number < 20 ? 'a' : 'b',
  }))

/** What one student said in a conversation. */
const reply = (answer: unknown) => ({
  kind: 'reply',
  id: 'reply-1',
  rater: { id: 'talker', kind: 'human' },
  context: { id: 'talk', messages: [{ role: 'user', content: 'Where should I study?' }] },
  time: Date.UTC(2024, 5, 1),
  source: 'talks',
  to: answer,
  text: 'Too dear. Somewhere cheaper?',
})

/** 24 good lines, and three broken ones at lines 4, 9 and 20: a winner, a missing side, and a cell too many. */
const votes = [
  'rater,a,b,winner',
  ...Array.from({ length: 27 }, (_, index) => {
    const line = index + 2
    if (line === 4) return `r${line},Ash,Elm,modelA`
    if (line === 9) return `r${line},Ash,,a`
    if (line === 20) return `r${line},Ash,Elm,a,extra`
    return line % 3 === 0 ? `r${line},Elm,Ash,a` : `r${line},Ash,Elm,a`
  }),
].join('\n')

let server: StartedServer
let browser: Browser
let folder: string

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, baseURL: server.address, ...options })
  page.setDefaultTimeout(20_000)
  await page.goto(path)
  return page
}

/** Names down the standings. */
const names = (page: Page): Promise<readonly string[]> => page.locator('.standings tbody th').allTextContents()

/** Waits until the page says that the standings are these. */
async function standings(page: Page, expected: readonly string[]): Promise<void> {
  await expect.poll(() => names(page), { timeout: 20_000 }).toEqual(expected)
}

describe.skipIf(noBrowser !== '')(`the studio in a browser${noBrowser}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penchant-files-'))
    server = await startServer()
    browser = await launchBrowser()
    const item = (name: string) => call('POST', '/v1/candidates', { content: { modality: 'item', item: name } })
    const text = (words: string) => call('POST', '/v1/candidates', { content: { modality: 'text', text: words } })
    const signals = [...students(await item('London'), await item('Paris')), reply(await text('In London.'))]
    await call('POST', '/v1/signals', { signals })
    await call('PUT', '/v1/leaderboards/cities', {
      name: 'cities',
      title: 'Cities to study in',
      filter: { sources: ['cities'] },
      attribution: 'Made up for a test',
    })
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  it('shows a board, and the filters for rater groups change it', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'Cities to study in' }).click()
    await standings(page, ['London', 'Paris'])
    expect(await page.getByText('Made up for a test').isVisible()).toBe(true)
    // 20 of 30 votes: ln 2 on the logit scale, 400·log10 2 = 120.4 rating points apart around 1000.
    expect(await page.locator('.standings tbody tr').first().locator('.number').first().textContent()).toBe('1,060')
    await page.getByLabel('Rater group').selectOption('field:art')
    await standings(page, ['Paris', 'London'])
    expect(new URL(page.url()).search).toBe('?trait=field%3Aart')
    await page.getByRole('button', { name: 'Remove field:art' }).click()
    await standings(page, ['London', 'Paris'])
    await page.goBack()
    await standings(page, ['Paris', 'London'])
    await page.close()
  })

  it('opens a filtered address, says what no vote matches, and what the server does not take', async () => {
    const page = await open('/leaderboards/cities?trait=field:art')
    await standings(page, ['Paris', 'London'])
    await page.goto('/leaderboards/cities?tag=nothing')
    await page.getByText('No votes match').waitFor()
    await page.goto('/leaderboards/cities?from=soon')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('"soon"')
    await page.goto('/leaderboards/nowhere')
    await page.getByText('There is no leaderboard called “nowhere”').waitFor()
    await page.close()
  })

  it('tells the cells of the win matrix to pointers and to keys', async () => {
    const page = await open('/leaderboards/cities')
    const told = page.locator('.win-matrix .readout')
    await page.locator('.win-matrix svg').focus()
    expect(await told.textContent()).toBe('London won 20 of 30 decisive votes against Paris (67%).')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowLeft')
    expect(await told.textContent()).toBe('Paris won 10 of 30 decisive votes against London (33%).')
    await page.getByText('The same as a table').first().click()
    expect(await page.getByRole('row', { name: 'London' }).last().locator('td').allTextContents()).toEqual(['', '20'])
    await page.close()
  })

  it('takes a dropped file, and shows its leaderboard and every line that could not be read', async () => {
    const file = join(folder, 'trees.csv')
    writeFileSync(file, votes)
    const page = await open('/import')
    await drop(page, file)
    await page.getByText('trees.csv').first().waitFor()
    expect(await page.getByLabel('Keep going past broken lines').isChecked()).toBe(true)
    await page.getByRole('button', { name: 'Import trees.csv' }).click()
    await page.getByRole('heading', { name: 'Imported' }).waitFor()
    const figures = await page.locator('.figures div').allTextContents()
    expect(figures.slice(0, 4)).toEqual(['Rows read27', 'Signals added24', 'There before0', 'Not taken3'])
    const lines = page.locator('.rejects tbody tr')
    expect(await lines.locator('td:first-child').allTextContents()).toEqual(['4', '9', '20'])
    expect(await lines.nth(0).textContent()).toContain('"modelA"')
    // Lines 3, 6, 12, … 27 (8 of them, 9 being broken) prefer Elm, the other 16 good ones Ash.
    await expect
      .poll(() => page.locator('.preview tbody th').allTextContents(), { timeout: 20_000 })
      .toEqual(['Ash', 'Elm'])
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download all rejected lines' }).click()
    expect((await download).suggestedFilename()).toMatch(/^rejected-.*\.jsonl$/)
    await page.getByRole('link', { name: 'Open the leaderboard' }).click()
    await standings(page, ['Ash', 'Elm'])
    expect(await page.locator('.standings tbody tr').first().textContent()).toContain('16 – 8 – 0')
    await page.close()
  })

  it('reads the files that it shows as examples', async () => {
    const read: { readonly [title: string]: unknown } = {}
    for (const { title, file } of samples) {
      const started = await fetch(
        `${server.address}/v1/imports?filename=sample.csv&source=${encodeURIComponent(title)}`,
        {
          method: 'POST',
          body: file,
        },
      )
      const { job } = (await started.json()) as { job: { id: string } }
      await expect.poll(async () => (await jobOf(job.id)).state, { timeout: 20_000 }).not.toBe('running')
      const { state, error, result } = await jobOf(job.id)
      Object.assign(read, { [title]: error ?? [state, result?.inserted, result?.rejectedCount] })
    }
    // One signal per vote, per rater and context, and per rated item.
    expect(read).toEqual({
      'Votes between two': ['done', 3, 0],
      Rankings: ['done', 2, 0],
      Ratings: ['done', 2, 0],
    })
  })

  it('refuses the whole file at its first broken line when told not to keep going', async () => {
    const file = join(folder, 'shrubs.csv')
    writeFileSync(file, votes.replaceAll('Ash', 'Box'))
    const page = await open('/import')
    await page.setInputFiles('input[type=file]', file)
    await page.getByLabel('Keep going past broken lines').uncheck()
    await page.getByRole('button', { name: 'Import shrubs.csv' }).click()
    await page.getByRole('heading', { name: 'Not imported' }).waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('line 4')
    const counts = (await call('GET', '/v1/counts')) as { sources: { [name: string]: number } }
    expect(Object.keys(counts.sources)).not.toContain('shrubs')
    await page.close()
  })

  it('reads a signal in full, and erases its rater once that is confirmed', async () => {
    const page = await open('/signals?kind=reply')
    await page.getByRole('button', { name: /Too dear/ }).click()
    const detail = page.locator('#signal-detail')
    await detail.locator('.candidate').getByText('In London.').waitFor()
    expect(await detail.locator('.bubble.user').allTextContents()).toEqual([
      'userToo dear. Somewhere cheaper?',
      'userWhere should I study?',
    ])
    await detail.getByRole('button', { name: 'Erase this rater' }).click()
    await page.getByRole('button', { name: 'Keep' }).click()
    expect(await call('GET', '/v1/signals/reply-1')).toMatchObject({ id: 'reply-1' })
    await detail.getByRole('button', { name: 'Erase this rater' }).click()
    await page.getByRole('button', { name: 'Erase for good' }).click()
    await page.getByText('1 signal of talker erased.').waitFor()
    expect((await fetch(`${server.address}/v1/signals/reply-1`)).status).toBe(404)
    await page.close()
  })

  it('pages through signals, each once', async () => {
    const page = await open('/signals?source=cities')
    await page.locator('.list li').first().waitFor()
    expect(await page.locator('.list li').count()).toBe(30)
    await page.route('**/v1/signals?*', (route) => route.continue({ url: route.request().url().replace('=50', '=20') }))
    await page.reload()
    await page.getByText('20 of 30 signals').waitFor()
    await page.getByRole('button', { name: /more/ }).last().click()
    await page.getByText('30 of 30 signals').waitFor()
    const ids = await page.locator('.list li button').evaluateAll((all) => all.map(({ id }) => id))
    expect(new Set(ids).size).toBe(30)
    await page.close()
  })

  it('goes from the skip link to a sorted board by keys alone, with the focus always to be seen', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'Cities to study in' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await focused(page)).toMatchObject({ text: 'Skip to the content', outlined: true, visible: true })
    await page.keyboard.press('Enter')
    await tabTo(page, 'Cities to study in')
    await page.keyboard.press('Enter')
    await standings(page, ['London', 'Paris'])
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    await tabTo(page, 'Rating↓')
    await page.keyboard.press('Enter')
    await standings(page, ['Paris', 'London'])
    expect(await page.getByRole('columnheader', { name: 'Rating' }).getAttribute('aria-sort')).toBe('ascending')
    await page.close()
  })

  it.each(['light', 'dark'] as const)('has text that can be read in the %s theme: WCAG AA', async (colorScheme) => {
    const page = await open('/leaderboards/cities?trait=field:art', { colorScheme })
    await standings(page, ['Paris', 'London'])
    const others = ['/', '/leaderboards/management-schools', '/leaderboards/college-ice-hockey', '/import', '/signals']
    const weak = [...(await contrasts(page)), ...(await pageContrasts(page, [...others, '/methods']))]
      .filter(({ ratio, needed }) => ratio < needed)
      .map(({ text, ratio }) => `${ratio.toFixed(2)}: ${text}`)
    expect(weak).toEqual([])
    await page.close()
  })

  it('keeps the theme that was chosen', async () => {
    const page = await open('/', { colorScheme: 'light' })
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await ground()
    await page.getByLabel('Theme').selectOption('dark')
    const dark = await ground()
    expect(dark).not.toBe(light)
    await page.reload()
    expect(await ground()).toBe(dark)
    await page.close()
  })

  it.each(['light', 'dark'] as const)(
    'fits a phone of 360 pixels without scrolling sideways (%s)',
    async (colorScheme) => {
      const page = await open('/', {
        viewport: { width: 360, height: 740 },
        colorScheme,
        hasTouch: true,
        isMobile: true,
      })
      const wide: string[] = []
      for (const path of ['/', '/leaderboards/cities', '/signals?id=choice-3', '/import', '/methods', '/nowhere']) {
        await page.goto(path)
        await page.waitForLoadState('networkidle')
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        if (width > 360) wide.push(`${path}: ${width}`)
      }
      expect(wide).toEqual([])
      await page.close()
    },
  )

  it('asks for a key when the server wants one, and goes on with it', async () => {
    const page = await browser.newPage({ baseURL: server.address })
    await page.route('**/v1/**', (route) =>
      route.request().headers()['authorization'] === 'Bearer open-sesame'
        ? route.continue()
        : route.fulfill({ status: 401, json: { error: { code: 'unauthorised', message: 'A key is needed.' } } }),
    )
    await page.goto('/leaderboards/cities')
    await page.getByLabel('API key').fill('wrong')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('not one of this server’s').waitFor()
    await page.getByLabel('API key').fill('open-sesame')
    await page.getByRole('button', { name: 'Go on' }).click()
    await standings(page, ['London', 'Paris'])
    await page.close()
  })
})

/** Calls the API. */
async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${server.address}${path}`, {
    method,
    ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

interface EndedJob {
  readonly state: string
  readonly error?: string
  readonly result?: { readonly inserted: number; readonly rejectedCount: number }
}

const jobOf = async (id: string): Promise<EndedJob> => (await call('GET', `/v1/jobs/${id}`)) as EndedJob

/** Drags a file from outside onto the drop zone and lets it go, as the browser itself would tell it. */
async function drop(page: Page, file: string): Promise<void> {
  const box = await page.locator('.drop-zone').boundingBox()
  if (!box) throw new Error('there is no drop zone')
  const devtools = await page.context().newCDPSession(page)
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const data = { items: [], files: [file], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, ...at, data })
}
