import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export interface Focused {
  readonly text: string
  readonly outlined: boolean
  readonly visible: boolean
}

/** What has the focus, and whether one sees that it has. */
export function focused(page: Page): Promise<Focused> {
  return page.evaluate(() => {
    const element = document.activeElement
    const style = element && getComputedStyle(element)
    const box = element?.getBoundingClientRect()
    return {
      text: element?.textContent?.trim() ?? '',
      outlined: style?.outlineStyle !== 'none' && Number.parseFloat(style?.outlineWidth ?? '0') >= 2,
      visible: box !== undefined && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    }
  })
}

/** Presses Tab until something with this text has the focus; every stop on the way must be seen. */
export async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const now = await focused(page)
    expect(now, `the focus on “${now.text.slice(0, 60)}”`).toMatchObject({ outlined: true })
    if (now.text === text) return
  }
  throw new Error(`no way by keys to “${text}”`)
}

export interface Contrast {
  readonly text: string
  readonly ratio: number
  /** 3 for large text, else 4.5 (WCAG 2.2, 1.4.3). */
  readonly needed: number
}

/** The contrast of every text on the page with what is behind it. */
export function contrasts(page: Page): Promise<readonly Contrast[]> {
  return page.evaluate(() => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no canvas')
    // The canvas knows every way of writing a colour.
    const paint = (colours: readonly string[]): readonly number[] => {
      context.clearRect(0, 0, 1, 1)
      for (const colour of colours) {
        context.fillStyle = colour
        context.fillRect(0, 0, 1, 1)
      }
      return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]
    }
    // Relative luminance (WCAG 2.2).
    const luminance = (rgb: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = rgb.map((byte) => {
        const part = byte / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    // Cells of a picture say their colour as a background too, so that what a text stands on is always the same question.
    const behind = (element: Element): readonly string[] => {
      const layers: string[] = []
      for (let at: Element | null = element; at; at = at.parentElement)
        layers.unshift(getComputedStyle(at).backgroundColor)
      return layers
    }
    const texts = [...document.querySelectorAll('body *')].filter(
      (element) =>
        [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()) &&
        element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
        !element.closest(':disabled, noscript, option'),
    )
    return texts.map((element) => {
      const style = getComputedStyle(element)
      const ground = behind(element)
      const inPicture = element instanceof SVGElement
      const one = luminance(paint(ground))
      const other = luminance(paint([...ground, inPicture ? style.fill : style.color]))
      const size = Number.parseFloat(style.fontSize)
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
      return {
        text: `${element.tagName} ${element.textContent?.trim().slice(0, 40)}`,
        ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05),
        needed: large ? 3 : 4.5,
      }
    })
  })
}

/** The same for several pages. */
export async function pageContrasts(page: Page, paths: readonly string[]): Promise<readonly Contrast[]> {
  const all: Contrast[] = []
  for (const path of paths) {
    await page.goto(path)
    await page.waitForLoadState('networkidle')
    all.push(...(await contrasts(page)))
  }
  return all
}
